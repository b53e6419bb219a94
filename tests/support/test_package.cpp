#include "test_package.hpp"

#include <openssl/evp.h>
#include <openssl/pem.h>

#include <catch2/catch.hpp>
#include <cstdlib>

#include "evseal/hsm/open_signer.hpp"

namespace evseal::test {
namespace {

namespace fs = std::filesystem;

EVP_PKEY* generate(const std::string& algorithm) {
  // The macros of OpenSSL's headers cast away const, which clang says of whoever uses them.
  if (algorithm == "p256" || algorithm == "p384") {
    return EVP_PKEY_Q_keygen(nullptr, nullptr, "EC", algorithm == "p256" ? "P-256" : "P-384");
  }
  if (algorithm == "ed25519") {
    return EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519");
  }
  return EVP_PKEY_Q_keygen(nullptr, nullptr, "RSA",
                           std::size_t{algorithm == "rsa3072" ? 3072U : 2048U});
}

sign::CertificatePlan plan_for(sign::CertificateKind kind, const std::string& name,
                               const hsm::Signer& key) {
  sign::CertificatePlan plan;
  plan.kind = kind;
  plan.subject = must(sign::parse_subject("CN=" + name + ",O=acme"));
  plan.spki = key.public_key().spki;
  if (kind == sign::CertificateKind::firmware || kind == sign::CertificateKind::intermediate) {
    plan.stages = {manifest::Stage::dev};
  }
  plan.not_before = kSigningTime - 86400;
  plan.not_after = kSigningTime + 86400 * 365;
  return plan;
}

}  // namespace

TemporaryFolder::TemporaryFolder() {
  std::string name = (fs::temp_directory_path() / "evseal-test-XXXXXX").string();
  if (::mkdtemp(name.data()) == nullptr) {
    throw std::runtime_error("mkdtemp failed");
  }
  path_ = name;
}

TemporaryFolder::~TemporaryFolder() {
  std::error_code ignored;
  fs::remove_all(path_, ignored);
}

void fail_with(const Error& error) {
  throw std::runtime_error(error.what + ": " + error.why + " (" + error.status + ")");
}

void must(Result<void> result) {
  if (!result) {
    fail_with(result.error());
  }
}

std::unique_ptr<hsm::Signer> make_key(const fs::path& folder, const std::string& algorithm) {
  static int counter = 0;
  const fs::path path = folder / ("key-" + std::to_string(counter++) + ".pem");
  EVP_PKEY* key = generate(algorithm);
  std::FILE* file = std::fopen(path.c_str(), "w");
  const bool written = key != nullptr && file != nullptr &&
                       PEM_write_PrivateKey(file, key, nullptr, nullptr, 0, nullptr, nullptr) == 1;
  if (file != nullptr) {
    (void)std::fclose(file);
  }
  EVP_PKEY_free(key);
  if (!written) {
    throw std::runtime_error("cannot make a key of type " + algorithm);
  }
  return must(hsm::open_signer("file:" + path.string()));
}

World::World(const std::string& algorithm_name) : algorithm(algorithm_name) {
  using sign::CertificateKind;
  root_key = make_key(folder.path(), algorithm);
  intermediate_key = make_key(folder.path(), algorithm);
  identity.signer = make_key(folder.path(), algorithm);
  root = must(sign::issue_certificate(plan_for(CertificateKind::root, "root", *root_key), *root_key,
                                      std::nullopt));
  const auto root_certificate = must(sign::Certificate::parse(root));
  const Bytes intermediate = must(sign::issue_certificate(
      plan_for(CertificateKind::intermediate, "intermediate", *intermediate_key), *root_key,
      root_certificate));
  const auto intermediate_certificate = must(sign::Certificate::parse(intermediate));
  const Bytes leaf = must(
      sign::issue_certificate(plan_for(CertificateKind::firmware, "firmware", *identity.signer),
                              *intermediate_key, intermediate_certificate));
  identity.certificates = {leaf, intermediate};

  profile.vendor = "acme";
  profile.model = "ac22";
  profile.stages = manifest::kStageDev;
  manifest::Role role;
  role.name = "firmware";
  role.anchors = {{root_certificate.subject(), root_certificate.spki()}};
  role.scope.stages = manifest::kStageDev;
  profile.trust.roles = {role};
  profile.trust.firmware = {"firmware"};

  recipe.name = "test recipe";
  recipe.package = {"acme-ac22", "acme", "1.0", manifest::Kind::firmware, manifest::Stage::dev};
  recipe.compatible = {{"acme", "ac22", std::nullopt, {}}};
}

void World::set_component(const std::string& id, const Bytes& image,
                          std::uint32_t security_version) {
  const fs::path path = folder.path() / (id + ".bin");
  must(write_file(path, image, OutputFile::Mode::overwrite));
  manifest::RecipeComponent component;
  component.id = id;
  component.file = path;
  component.version = "1";
  component.security_version = security_version;
  recipe.components.push_back(component);
  profile.components.push_back({id, true, 0});
}

sign::Device World::device() const {
  sign::Device device;
  device.name = "test profile";
  device.profile = must(manifest::encode_profile(profile));
  device.state = must(manifest::initial_state(device.profile));
  device.factory_new = true;
  return device;
}

sign::Signing World::signing() const {
  sign::Signing out;
  out.identities.push_back(const_cast<sign::Identity*>(&identity));
  out.identities.insert(out.identities.end(), more_signers.begin(), more_signers.end());
  out.crls = crls;
  out.devices = {device()};
  out.time = signing_time;
  return out;
}

Bytes World::package() {
  const fs::path path = folder.path() / "package.evs";
  sign::WorkOptions options;
  options.mode = OutputFile::Mode::overwrite;
  options.threads = 1;
  (void)must(sign::sign_recipe(recipe, signing_time - 60, signing(), path, options));
  return must(read_small_file(path));
}

manifest::Anchor Authority::anchor() const {
  const auto parsed = must(sign::Certificate::parse(certificate));
  return {parsed.subject(), parsed.spki()};
}

Bytes Authority::crl(const std::vector<Bytes>& revoked_serials, const Bytes& last) const {
  sign::CrlPlan plan;
  plan.this_update = kSigningTime;
  plan.next_update = kSigningTime + 86400 * 30;
  plan.revoked = revoked_serials;
  if (!last.empty()) {
    plan.last = must(sign::Crl::parse(last));
  }
  return must(sign::issue_crl(plan, *key, must(sign::Certificate::parse(certificate))));
}

namespace {

// The same key once more: its file stays where it is.
std::unique_ptr<hsm::Signer> again(const hsm::Signer& key) {
  return must(hsm::open_signer(key.description()));
}

}  // namespace

Authority World::root_authority() const {
  return {again(*root_key), root};
}

Authority World::intermediate_authority() const {
  return {again(*intermediate_key), identity.certificates[1]};
}

Authority World::authority(const std::string& name) const {
  Authority out;
  out.key = make_key(folder.path(), algorithm);
  out.certificate = must(sign::issue_certificate(
      plan_for(sign::CertificateKind::root, name, *out.key), *out.key, std::nullopt));
  return out;
}

sign::Identity World::leaf(const Authority& issuer, sign::CertificateKind kind,
                           const std::string& name, int days) const {
  sign::Identity out;
  out.signer = make_key(folder.path(), algorithm);
  const auto certificate = must(sign::Certificate::parse(issuer.certificate));
  sign::CertificatePlan plan = plan_for(kind, name, *out.signer);
  plan.not_after = kSigningTime + 86400 * days;
  out.certificates = {must(sign::issue_certificate(plan, *issuer.key, certificate))};
  if (!certificate.self_issued()) {
    out.certificates.push_back(issuer.certificate);
  }
  return out;
}

Bytes World::serial(const sign::Identity& identity) {
  return must(sign::Certificate::parse(identity.certificates.front())).serial();
}

Sha256 World::key_hash(const sign::Identity& identity) {
  return sha256(identity.signer->public_key().spki);
}

manifest::Role& World::add_role(const std::string& name, const Authority& authority) {
  manifest::Role role;
  role.name = name;
  role.anchors = {authority.anchor()};
  role.scope.stages = manifest::kStageDev;
  profile.trust.roles.push_back(role);
  profile.trust.firmware.push_back(name);
  return profile.trust.roles.back();
}

manifest::Role& World::add_officers(const Authority& authority,
                                    const std::vector<const sign::Identity*>& officers,
                                    std::uint32_t threshold) {
  manifest::Role role;
  role.name = "trust";
  role.anchors = {authority.anchor()};
  role.threshold = threshold;
  role.scope.stages = manifest::kStageDev;
  role.scope.kinds = manifest::kKindTrustUpdate;
  for (const sign::Identity* officer : officers) {
    role.signers.push_back(key_hash(*officer));
  }
  profile.trust.roles.push_back(role);
  profile.trust.trust_update = {"trust"};
  return profile.trust.roles.back();
}

Bytes World::trust_update(std::uint32_t epoch, const manifest::TrustStore& store,
                          const std::vector<sign::Identity*>& signers, const sign::Device& before,
                          const std::optional<manifest::Resets>& resets, bool partial) {
  manifest::Recipe made = recipe;
  made.components.clear();
  made.package.id = "acme-trust";
  made.package.kind = manifest::Kind::trust_update;
  made.trust_update =
      manifest::TrustUpdate{epoch, must(manifest::encode_trust_store(store)), resets, std::nullopt};
  sign::Signing signing;
  signing.identities = signers;
  signing.crls = crls;
  signing.devices = {before};
  signing.time = signing_time;
  signing.partial = partial;
  const fs::path path = folder.path() / "trust.evs";
  sign::WorkOptions options;
  options.mode = OutputFile::Mode::overwrite;
  options.threads = 1;
  (void)must(sign::sign_recipe(made, signing_time - 60, signing, path, options));
  return must(read_small_file(path));
}

sign::Verdict judge(const TemporaryFolder& folder, const Bytes& file, const sign::Device& device) {
  const fs::path path = folder.path() / "judged.evs";
  must(write_file(path, file, OutputFile::Mode::overwrite));
  sign::CheckOptions options;
  options.threads = 1;
  return must(sign::check_package(must(open_for_reading(path)), path, device, options));
}

sign::Device after(sign::Device device, const sign::Verdict& verdict) {
  const Bytes& next =
      verdict.state_after_boot.empty() ? verdict.state_at_once : verdict.state_after_boot;
  if (!next.empty()) {
    device.state = next;
    device.factory_new = false;
  }
  return device;
}

namespace {

// The header of a package (docs/format.md section 2).
constexpr std::size_t kHeader = 16;
constexpr std::size_t kLengthAt = 8;
constexpr std::size_t kMaskAt = 12;
constexpr std::size_t kAlignment = 4096;

std::size_t aligned(std::size_t size) {
  return (size + kAlignment - 1) / kAlignment * kAlignment;
}

ByteView envelope_of(const Bytes& file) {
  std::size_t length = 0;
  for (std::size_t i = kLengthAt; i < kMaskAt; ++i) {
    length = length << 8U | file[i];
  }
  return ByteView(file).subspan(kHeader, length);
}

}  // namespace

Bytes manifest_of(const Bytes& file) {
  return must(sign::open_unverified_envelope(envelope_of(file))).unverified_manifest;
}

Bytes resealed(const Bytes& file, const std::vector<sign::Identity*>& signers, std::int64_t time,
               const std::vector<Bytes>& crls, const Bytes& manifest) {
  sign::EnvelopeParts parts;
  parts.manifest = manifest.empty() ? manifest_of(file) : manifest;
  parts.crls = crls;
  for (sign::Identity* signer : signers) {
    parts.signers.push_back(must(sign::sign_manifest(parts.manifest, *signer, time)));
    parts.certificates.insert(parts.certificates.end(), signer->certificates.begin(),
                              signer->certificates.end());
  }
  const Bytes envelope = must(sign::encode_envelope(parts));
  Bytes out(file.begin(), file.begin() + kLengthAt);
  for (unsigned shift = 32; shift > 0; shift -= 8) {
    out.push_back(static_cast<std::uint8_t>(envelope.size() >> (shift - 8)));
  }
  out.insert(out.end(), file.begin() + kMaskAt, file.begin() + kHeader);
  out.insert(out.end(), envelope.begin(), envelope.end());
  out.resize(aligned(out.size()));
  out.insert(
      out.end(),
      file.begin() + static_cast<std::ptrdiff_t>(aligned(kHeader + envelope_of(file).size())),
      file.end());
  return out;
}

Bytes pattern(std::size_t size, unsigned seed) {
  Bytes out(size);
  std::uint32_t x = seed * 2654435761U + 1;
  for (std::uint8_t& octet : out) {
    x ^= x << 13U;
    x ^= x >> 17U;
    x ^= x << 5U;
    octet = static_cast<std::uint8_t>(x);
  }
  return out;
}

}  // namespace evseal::test
