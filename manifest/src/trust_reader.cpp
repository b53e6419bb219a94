#include "trust_reader.hpp"

#include <algorithm>

#include "certificate.hpp"
#include "device_format.hpp"

namespace evseal::manifest {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

constexpr std::size_t kMaxKeyDer = 1024;  // an RSA key of 4096 bits takes 550

const KnownNames kRoleMembers = {"anchors", "threshold",         "crl",   "policies", "purpose",
                                 "pkcs1",   "max_intermediates", "allow", "signers"};

// A word that is one of two; the first is the default.
Result<bool> second_word(const ObjectReader& reader, std::string_view key, std::string_view first,
                         std::string_view second) {
  if (!reader.has(key)) {
    return false;
  }
  EVSEAL_TRY(const std::size_t word, reader.word(key, {first, second}));
  return word == 1;
}

Result<std::uint32_t> bits_of(const ObjectReader& reader, std::string_view key, KnownNames words) {
  const nlohmann::json& value = reader.raw().at(std::string(key));
  if (value == "*") {
    return (1U << words.size()) - 1;
  }
  EVSEAL_TRY(const auto texts, reader.texts(key, 1, words.size(), 64));
  std::uint32_t bits = 0;
  for (std::size_t i = 0; i < texts.size(); ++i) {
    const std::string at = std::string(key) + "[" + std::to_string(i) + "]";
    const auto* found = std::find(words.begin(), words.end(), texts[i]);
    if (found == words.end()) {
      Error error = reader.fail(at, "\"" + printable(texts[i]) + "\" is not known");
      const std::span<const std::string_view> names(words.begin(), words.size());
      if (const auto near = nearest_name(texts[i], names)) {
        error.hint = "did you mean \"" + std::string(*near) + "\"?";
      }
      return error;
    }
    const std::uint32_t bit = 1U << static_cast<unsigned>(found - words.begin());
    if ((bits & bit) != 0) {
      return reader.fail(at, "stands there twice");
    }
    bits |= bit;
  }
  return bits;
}

const KnownNames kStageWords = {"dev", "pilot", "prod"};
const KnownNames kKindWords = {"firmware", "trust-update"};

// Names, or "*" (alone or in an array) for all, which the blob writes as an empty list. An empty
// array is refused: it reads like "none".
Result<std::vector<std::string>> names_or_all(const ObjectReader& reader, std::string_view key,
                                              std::size_t max) {
  std::vector<std::string> names;
  if (!reader.has(key) || reader.raw().at(std::string(key)) == "*") {
    return names;
  }
  EVSEAL_TRY(names, reader.texts(key, 1, max, 64));
  if (names.size() == 1 && names[0] == "*") {
    names.clear();
  }
  for (const std::string& name : names) {
    if (!is_name(name)) {
      return reader.fail(key, "\"" + printable(name) + "\" is not a name");
    }
  }
  return names;
}

std::string element_path(std::string_view array, std::size_t index) {
  return std::string(array) + "[" + std::to_string(index) + "]";
}

// A certificate that is named by its file; errors say where the name stands.
Result<CertificateParts> read_named(const ObjectReader& reader, const std::string& at,
                                    const fs::path& file) {
  auto parts = read_certificate(file);
  if (!parts) {
    Error error = std::move(parts).error();
    const Error place = reader.fail(at, "");
    error.hint = "it is named in " + place.what + (error.hint.empty() ? "" : "; " + error.hint);
    return error;
  }
  return parts;
}

class TrustReader {
 public:
  TrustReader(const ObjectReader& root, fs::path folder, std::uint32_t stages)
      : root_(root), folder_(std::move(folder)), stages_(stages) {}
  Result<TrustStore> read();

 private:
  Result<void> read_require();
  Result<void> read_roles();
  Result<Role> read_role(const ObjectReader& reader, const std::string& name) const;
  Result<std::uint32_t> read_flags(const ObjectReader& reader) const;
  Result<Scope> read_scope(const ObjectReader& reader, const std::string& role) const;
  Result<Anchor> read_anchor(const ObjectReader& reader, const json& element,
                             const std::string& at) const;

  const ObjectReader& root_;
  fs::path folder_;
  std::uint32_t stages_;
  TrustStore trust_;
};

Result<void> TrustReader::read_require() {
  EVSEAL_TRY(const ObjectReader reader, root_.object("require"));
  EVSEAL_CHECK(reader.only({"firmware", "trust-update"}));
  EVSEAL_TRY(trust_.firmware, reader.texts("firmware", 1, kMaxRoles, 64));
  if (reader.has("trust-update")) {
    EVSEAL_TRY(trust_.trust_update, reader.texts("trust-update", 0, kMaxRoles, 64));
  }
  return {};
}

// A file, or the octets themselves as trust_store_to_json() shows them.
Result<Anchor> TrustReader::read_anchor(const ObjectReader& reader, const json& element,
                                        const std::string& at) const {
  if (element.is_string()) {
    EVSEAL_TRY(CertificateParts parts,
               read_named(reader, at, folder_ / element.get<std::string>()));
    return Anchor{std::move(parts.subject), std::move(parts.key)};
  }
  EVSEAL_TRY(const ObjectReader object, reader.element(element, at));
  EVSEAL_CHECK(object.only({"subject", "key", "key_hash"}));
  Anchor anchor;
  EVSEAL_TRY(anchor.subject, object.hex("subject", 1, kMaxNameDer));
  EVSEAL_TRY(anchor.key, object.hex("key", 1, kMaxKeyDer));
  if (object.has("key_hash")) {
    EVSEAL_TRY(const Sha256 hash, object.digest("key_hash"));
    if (hash != anchor.key_hash()) {
      return object.fail("key_hash", "is not that of the key");
    }
  }
  return anchor;
}

Result<std::uint32_t> TrustReader::read_flags(const ObjectReader& reader) const {
  std::uint32_t flags = 0;
  EVSEAL_TRY(const bool crl_required, second_word(reader, "crl", "optional", "required"));
  EVSEAL_TRY(const bool policies_waived, second_word(reader, "policies", "required", "waived"));
  EVSEAL_TRY(const bool purpose_waived, second_word(reader, "purpose", "required", "waived"));
  flags |= crl_required ? kRoleCrlRequired : 0U;
  flags |= policies_waived ? kRolePoliciesWaived : 0U;
  flags |= purpose_waived ? kRolePurposeWaived : 0U;
  if (reader.has("pkcs1")) {
    EVSEAL_TRY(const bool pkcs1, reader.boolean("pkcs1"));
    flags |= pkcs1 ? kRolePkcs1 : 0U;
  }
  return flags;
}

Result<Scope> TrustReader::read_scope(const ObjectReader& reader, const std::string& role) const {
  const auto required = [&role](const std::vector<std::string>& names) {
    return std::find(names.begin(), names.end(), role) != names.end();
  };
  Scope scope;
  scope.stages = stages_;
  // What a role is required for it may sign, and nothing else unless `allow` says so.
  const bool updates = required(trust_.trust_update);
  scope.kinds = updates ? kKindTrustUpdate : 0U;
  if (required(trust_.firmware) || !updates) {
    scope.kinds |= kKindFirmware;
  }
  if (!reader.has("allow")) {
    return scope;
  }
  EVSEAL_TRY(const ObjectReader allow, reader.object("allow"));
  EVSEAL_CHECK(allow.only({"models", "stages", "kinds", "components"}));
  EVSEAL_TRY(scope.models, names_or_all(allow, "models", kMaxScopeModels));
  EVSEAL_TRY(scope.components, names_or_all(allow, "components", kMaxComponents));
  if (allow.has("stages")) {
    EVSEAL_TRY(scope.stages, bits_of(allow, "stages", kStageWords));
  }
  if (allow.has("kinds")) {
    EVSEAL_TRY(scope.kinds, bits_of(allow, "kinds", kKindWords));
  }
  return scope;
}

Result<Role> TrustReader::read_role(const ObjectReader& reader, const std::string& name) const {
  EVSEAL_CHECK(reader.only(kRoleMembers));
  Role role;
  role.name = name;
  EVSEAL_TRY(const json* const anchors, reader.array("anchors", 1, kMaxAnchors));
  for (std::size_t i = 0; i < anchors->size(); ++i) {
    EVSEAL_TRY(Anchor anchor, read_anchor(reader, (*anchors)[i], element_path("anchors", i)));
    role.anchors.push_back(std::move(anchor));
  }
  if (reader.has("threshold")) {
    EVSEAL_TRY(const std::uint64_t threshold, reader.integer("threshold", 1, kMaxSignatures));
    role.threshold = static_cast<std::uint32_t>(threshold);
  }
  EVSEAL_TRY(role.flags, read_flags(reader));
  if (reader.has("max_intermediates")) {
    EVSEAL_TRY(const std::uint64_t most, reader.integer("max_intermediates", 0, kMaxIntermediates));
    role.max_intermediates = static_cast<std::uint32_t>(most);
  }
  EVSEAL_TRY(role.scope, read_scope(reader, name));
  if (reader.has("signers")) {
    EVSEAL_TRY(const json* const signers, reader.array("signers", 0, kMaxRoleSigners));
    for (std::size_t i = 0; i < signers->size(); ++i) {
      EVSEAL_TRY(const Sha256 hash,
                 key_hash_from_json(reader, (*signers)[i], element_path("signers", i), folder_));
      role.signers.push_back(hash);
    }
  }
  if (role.threshold > 1 && role.signers.size() < role.threshold) {
    Error error = reader.fail("threshold", "above one needs at least as many \"signers\"");
    error.hint =
        "name the certificates of the people or CAs that may sign: otherwise one stolen CA "
        "could make all signatures";
    return error;
  }
  return role;
}

Result<void> TrustReader::read_roles() {
  EVSEAL_TRY(const ObjectReader roles, root_.object("roles"));
  std::vector<std::string_view> names;
  for (const auto& [name, value] : roles.raw().items()) {
    if (!is_name(name)) {
      return roles.fail(name, "is not a name for a role");
    }
    names.push_back(name);
    EVSEAL_TRY(const ObjectReader reader, roles.object(name));
    EVSEAL_TRY(Role role, read_role(reader, name));
    trust_.roles.push_back(std::move(role));
  }
  for (const auto& [key, required] : {std::pair("require.firmware", &trust_.firmware),
                                      std::pair("require.trust-update", &trust_.trust_update)}) {
    for (const std::string& name : *required) {
      const auto role = std::find_if(trust_.roles.begin(), trust_.roles.end(),
                                     [&](const Role& r) { return r.name == name; });
      if (role == trust_.roles.end()) {
        Error error = root_.fail(key, "there is no role \"" + printable(name) + "\"");
        if (const auto near = nearest_name(name, names)) {
          error.hint = "did you mean \"" + std::string(*near) + "\"?";
        }
        return error;
      }
    }
  }
  return {};
}

Result<TrustStore> TrustReader::read() {
  EVSEAL_CHECK(read_require());  // before the roles: their scope depends on it
  EVSEAL_CHECK(read_roles());
  if (auto fault = fault_of(trust_)) {
    return root_.fail("", *std::move(fault));
  }
  return std::move(trust_);
}

constexpr std::size_t kMaxResetIssuers = 16;
constexpr std::size_t kMaxResetSlots = 32;

// `crls` holds certificates' files or key hashes, `security_versions` is as in a state's JSON.
Result<Resets> read_resets(const ObjectReader& root, const fs::path& folder) {
  EVSEAL_TRY(const ObjectReader reader, root.object("resets"));
  EVSEAL_CHECK(reader.only({"crls", "security_versions", "time_floor"}));
  Resets resets;
  if (reader.has("crls")) {
    EVSEAL_TRY(const json* const crls, reader.array("crls", 1, kMaxResetIssuers));
    for (std::size_t i = 0; i < crls->size(); ++i) {
      EVSEAL_TRY(const Sha256 key,
                 key_hash_from_json(reader, (*crls)[i], element_path("crls", i), folder));
      resets.crls.push_back(key);
    }
    std::sort(resets.crls.begin(), resets.crls.end());
    if (std::adjacent_find(resets.crls.begin(), resets.crls.end()) != resets.crls.end()) {
      return reader.fail("crls", "has an issuer twice");
    }
  }
  if (reader.has("security_versions")) {
    EVSEAL_TRY(const ObjectReader versions, reader.object("security_versions"));
    for (const auto& [id, value] : versions.raw().items()) {
      if (!is_component_id(id)) {
        return versions.fail(id, "is not a component id");
      }
      EVSEAL_TRY(const std::uint32_t floor, versions.integer31(id));
      resets.security_versions.push_back({id, floor});  // an object's members come in order
    }
    if (resets.security_versions.empty() || resets.security_versions.size() > kMaxResetSlots) {
      return reader.fail("security_versions", "must have 1 to 32 members");
    }
  }
  if (reader.has("time_floor")) {
    EVSEAL_TRY(resets.time_floor, reader.time("time_floor", true));
  }
  return resets;
}

}  // namespace

Result<std::uint32_t> stages_from_json(const ObjectReader& reader, std::string_view key) {
  EVSEAL_CHECK(reader.array(key, 1, kStageWords.size()));
  return bits_of(reader, key, kStageWords);
}

Result<Sha256> key_hash_from_json(const ObjectReader& reader, const json& element,
                                  const std::string& at, const fs::path& folder) {
  if (!element.is_string()) {
    return reader.fail(at, "must be a certificate's file or a key hash");
  }
  const std::string text = element.get<std::string>();
  const auto octets = from_hex(text);
  if (octets && octets->size() == std::tuple_size_v<Sha256>) {
    Sha256 hash{};
    std::copy(octets->begin(), octets->end(), hash.begin());
    return hash;
  }
  EVSEAL_TRY(const CertificateParts parts, read_named(reader, at, folder / text));
  return sha256(parts.key);
}

Result<TrustUpdate> trust_update_from_json(const ObjectReader& root, const fs::path& folder,
                                           Stage stage) {
  TrustUpdate update;
  EVSEAL_TRY(const std::uint64_t epoch, root.integer("epoch", 1, kMax31Bit));
  update.epoch = static_cast<std::uint32_t>(epoch);
  std::uint32_t stages = 1U << static_cast<unsigned>(stage);
  if (root.has("stages")) {
    EVSEAL_TRY(stages, stages_from_json(root, "stages"));
  }
  EVSEAL_TRY(const TrustStore trust, trust_store_from_json(root, folder, stages));
  // A device never takes a store that would take no further one: it could not be changed again.
  if (trust.trust_update.empty()) {
    return root.fail("require", "names no role for \"trust-update\": no device would take it");
  }
  update.trust = write_trust_store(trust);
  if (update.trust.size() > kMaxTrustStoreBytes) {
    return root.fail("roles", "make a trust store of more than 16384 octets");
  }
  if (root.has("resets")) {
    EVSEAL_TRY(update.resets, read_resets(root, folder));
  }
  if (root.has("recovery")) {
    EVSEAL_TRY(update.recovery, root.digest("recovery"));
  }
  return update;
}

Result<TrustStore> trust_store_from_json(const ObjectReader& root, const fs::path& folder,
                                         std::uint32_t stages) {
  return TrustReader(root, folder, stages).read();
}

}  // namespace evseal::manifest
