// The life of a signed package: new signatures, newer CRLs.
#include <catch2/catch.hpp>

#include "test_package.hpp"

using namespace evseal;
using namespace evseal::test;

namespace {

constexpr std::int64_t kDay = 86400;

sign::WorkOptions replacing() {
  sign::WorkOptions options;
  options.mode = OutputFile::Mode::overwrite;
  options.threads = 1;
  return options;
}

std::vector<Bytes> crls_in(const std::filesystem::path& path) {
  const auto file = must(manifest::UnverifiedPackageFile::open(path));
  return must(sign::open_unverified_envelope(file.unverified_envelope())).unverified_crls;
}

}  // namespace

TEST_CASE("resign: a new signature takes the place of the old one, over the same manifest") {
  World world("p256");
  world.set_component("rootfs", pattern(9000));
  const Bytes old = world.package();
  const auto path = world.folder.path() / "package.evs";
  const auto renewed = world.folder.path() / "renewed.evs";
  sign::Identity next =
      world.leaf(world.intermediate_authority(), sign::CertificateKind::firmware, "next");
  sign::Signing signing = world.signing();
  signing.identities = {&next};
  signing.time += kDay;
  const auto made = must(sign::resign(path, signing, false, renewed, replacing()));
  const sign::Verdict before = judge(world.folder, old, world.device());
  const sign::Verdict verdict = judge(world.folder, must(read_small_file(renewed)), world.device());
  REQUIRE(verdict.accepted());
  CHECK(verdict.package_id == before.package_id);
  CHECK(made.identity == before.package_id);
  REQUIRE(verdict.signers.size() == 1);
  CHECK(verdict.signers[0].key_hash == World::key_hash(next));
}

TEST_CASE("resign: other roles' signatures stay") {
  World world("ed25519");
  world.set_component("rootfs", pattern(9000));
  const Authority operator_root = world.authority("operator root");
  sign::Identity operator_leaf =
      world.leaf(operator_root, sign::CertificateKind::firmware, "operator");
  world.add_role("operator", operator_root);
  world.more_signers = {&operator_leaf};
  (void)world.package();
  sign::Identity next =
      world.leaf(world.intermediate_authority(), sign::CertificateKind::firmware, "next");
  sign::Signing signing = world.signing();
  signing.identities = {&next};
  const auto renewed = world.folder.path() / "renewed.evs";
  (void)must(
      sign::resign(world.folder.path() / "package.evs", signing, false, renewed, replacing()));
  const sign::Verdict verdict = judge(world.folder, must(read_small_file(renewed)), world.device());
  REQUIRE(verdict.accepted());
  REQUIRE(verdict.signers.size() == 2);
  for (const sign::SignerVerdict& signer : verdict.signers) {
    CHECK(signer.key_hash == World::key_hash(signer.role == "operator" ? operator_leaf : next));
  }
}

TEST_CASE("resign: an expired certificate only where that is said, and nothing else but it") {
  World world("p256");
  world.set_component("rootfs", pattern(9000));
  const Authority ca = world.intermediate_authority();
  world.identity = world.leaf(ca, sign::CertificateKind::firmware, "short-lived", 10);
  (void)world.package();
  const auto path = world.folder.path() / "package.evs";
  const auto renewed = world.folder.path() / "renewed.evs";
  sign::Device device = world.device();
  auto state = must(manifest::decode_state(device.state));
  state.time_floor = kSigningTime + 20 * kDay;
  device.state = must(manifest::encode_state(state));
  CHECK(judge(world.folder, must(read_small_file(path)), device).status == EVSEAL_EXPIRED_FLOOR);
  sign::Identity next = world.leaf(ca, sign::CertificateKind::firmware, "next");
  sign::Signing signing = world.signing();
  signing.identities = {&next};
  signing.devices = {device};
  signing.time += 21 * kDay;
  const auto refused = sign::resign(path, signing, false, renewed, replacing());
  CHECK(refused.error().status == "expired_floor");
  CHECK_FALSE(refused.error().hint.find("--accept-old") == std::string::npos);
  const auto made = must(sign::resign(path, signing, true, renewed, replacing()));
  CHECK(made.signing_time == signing.time);
  CHECK(judge(world.folder, must(read_small_file(renewed)), device).accepted());
  // Everything else must hold.
  state.slots = {{"rootfs", 5}};
  signing.devices[0].state = must(manifest::encode_state(state));
  CHECK(sign::resign(path, signing, true, renewed, replacing()).error().status == "rollback");
  Bytes changed = must(read_small_file(path));
  changed.back() ^= 1;
  must(write_file(path, changed, OutputFile::Mode::overwrite));
  signing.devices[0].state = device.state;
  CHECK(sign::resign(path, signing, true, renewed, replacing()).error().status == "chunk_digest");
}

TEST_CASE("crl refresh: newer lists replace older ones, without any key") {
  World world("p256");
  world.set_component("rootfs", pattern(9000));
  const Authority ca = world.intermediate_authority();
  const Bytes first = ca.crl();
  const Bytes second = ca.crl({Bytes{5}}, first);
  world.crls = {world.root_authority().crl(), first};
  const Bytes old = world.package();
  const auto path = world.folder.path() / "package.evs";
  const auto out = world.folder.path() / "new.evs";
  const std::vector<sign::Device> devices = {world.device()};
  const auto made = must(sign::refresh_crls(path, {second}, devices, out, replacing()));
  CHECK(made.identity == judge(world.folder, old, devices[0]).package_id);
  CHECK(crls_in(out).size() == 2);
  const sign::Verdict verdict = judge(world.folder, must(read_small_file(out)), devices[0]);
  CHECK(verdict.accepted());
  const auto state = must(manifest::decode_state(verdict.state_at_once));
  bool found = false;
  for (const manifest::KnownIssuer& issuer : state.crls) {
    found = found || issuer.revoked == std::vector<Bytes>{Bytes{5}};
  }
  CHECK(found);
  // Back to the older one: refused, also by the device, whose manifest names the newer.
  CHECK(sign::refresh_crls(out, {first}, devices, path, replacing()).error().status ==
        "crl_stripped");
  CHECK(sign::refresh_crls(path, {world.authority("stranger").crl()}, devices, out, replacing())
            .error()
            .status == "crl_issuer");
  const Bytes revoking = ca.crl({World::serial(world.identity)}, second);
  CHECK(sign::refresh_crls(path, {revoking}, devices, out, replacing()).error().status ==
        "revoked");
}

TEST_CASE("crl refresh: what the manifest names cannot be taken out") {
  World world("ed25519");
  world.set_component("rootfs", pattern(900));
  world.crls = {world.intermediate_authority().crl()};
  (void)world.package();
  const auto path = world.folder.path() / "package.evs";
  const auto file = must(manifest::UnverifiedPackageFile::open(path));
  const auto envelope = must(sign::open_unverified_envelope(file.unverified_envelope()));
  sign::EnvelopeParts parts;
  parts.manifest = envelope.unverified_manifest;
  parts.certificates = envelope.unverified_certificates;
  parts.signers = {envelope.unverified_signers[0].der};
  Bytes stripped = must(manifest::encode_head(must(sign::encode_envelope(parts))));
  const Bytes whole = must(read_small_file(path));
  stripped.insert(stripped.end(),
                  whole.begin() + static_cast<std::ptrdiff_t>(file.payload_offset()), whole.end());
  const sign::Verdict fresh = judge(world.folder, whole, world.device());
  CHECK(judge(world.folder, stripped, world.device()).status == EVSEAL_CRL_STRIPPED);
  // A device that has seen the list does not need it again.
  CHECK(judge(world.folder, stripped, after(world.device(), fresh)).accepted());
}
