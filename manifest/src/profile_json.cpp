// The profile as people write it, in JSON. The rules of the blob itself are in profile.cpp.
#include <algorithm>

#include "certificate.hpp"
#include "device_format.hpp"
#include "evseal/base/file.hpp"
#include "json_object.hpp"

namespace evseal::manifest {
namespace {

namespace fs = std::filesystem;

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

class ProfileReader {
 public:
  explicit ProfileReader(fs::path folder) : folder_(std::move(folder)) {}
  Result<Profile> read(const ObjectReader& root);

 private:
  Result<void> read_device(const ObjectReader& root);
  Result<void> read_limits(const ObjectReader& root);
  Result<void> read_components(const ObjectReader& root);
  Result<void> read_require(const ObjectReader& root);
  Result<void> read_roles(const ObjectReader& root);
  Result<Role> read_role(const ObjectReader& reader, const std::string& name) const;
  Result<std::uint32_t> read_flags(const ObjectReader& reader) const;
  Result<Scope> read_scope(const ObjectReader& reader, const std::string& role) const;
  Result<std::vector<CertificateParts>> read_certificates(const ObjectReader& reader,
                                                          std::string_view key,
                                                          std::size_t max) const;

  fs::path folder_;
  Profile profile_;
};

Result<void> ProfileReader::read_device(const ObjectReader& root) {
  EVSEAL_TRY(const std::uint64_t version, root.integer("device", 0, SIZE_MAX));
  if (version != 1) {
    return root.fail("device", "only version 1 is known");
  }
  EVSEAL_TRY(profile_.vendor, root.name("vendor"));
  EVSEAL_TRY(profile_.model, root.name("model"));
  EVSEAL_CHECK(root.array("stages", 1, kStageWords.size()));
  EVSEAL_TRY(profile_.stages, bits_of(root, "stages", kStageWords));
  EVSEAL_TRY(const std::size_t clock, root.word("clock", {"untrusted", "trusted"}));
  profile_.trusted_clock = clock == 1;
  if (root.has("time_floor")) {
    EVSEAL_TRY(profile_.time_floor, root.time("time_floor", true));
  }
  return {};
}

Result<void> ProfileReader::read_limits(const ObjectReader& root) {
  profile_.limits = kFullDevice;
  if (!root.has("limits")) {
    return {};
  }
  EVSEAL_TRY(const ObjectReader reader, root.object("limits"));
  EVSEAL_CHECK(reader.only(
      {"size", "envelope_bytes", "chunk_bytes", "components", "security_version_jump"}));
  if (reader.has("size")) {
    EVSEAL_TRY(const std::size_t size, reader.word("size", {"small", "full"}));
    profile_.limits = size == 0 ? kSmallDevice : kFullDevice;
  }
  const auto replace = [&](std::string_view key, std::uint32_t& field, std::uint32_t min,
                           std::uint32_t max) -> Result<void> {
    if (reader.has(key)) {
      EVSEAL_TRY(const std::uint64_t value, reader.integer(key, min, max));
      field = static_cast<std::uint32_t>(value);
    }
    return {};
  };
  DeviceLimits& limits = profile_.limits;
  EVSEAL_CHECK(replace("envelope_bytes", limits.envelope_bytes, 1024, 65536));
  EVSEAL_CHECK(replace("chunk_bytes", limits.chunk_bytes, kMinChunkBytes, kMaxChunkBytes));
  EVSEAL_CHECK(replace("components", limits.components, 1, kMaxComponents));
  EVSEAL_CHECK(replace("security_version_jump", limits.security_version_jump, 1, kMax31Bit));
  if (!is_chunk_size(limits.chunk_bytes)) {
    return reader.fail("chunk_bytes", "must be a power of two from 4096 to 1048576");
  }
  return {};
}

Result<void> ProfileReader::read_components(const ObjectReader& root) {
  EVSEAL_TRY(const nlohmann::json* const array, root.array("components", 1, kMaxComponents));
  for (std::size_t i = 0; i < array->size(); ++i) {
    const nlohmann::json& element = (*array)[i];
    const std::string at = "components[" + std::to_string(i) + "]";
    DeviceComponent component;
    if (element.is_string()) {
      component.id = element.get<std::string>();
    } else {
      EVSEAL_TRY(const ObjectReader reader, root.element(element, at));
      EVSEAL_CHECK(reader.only({"id", "needed", "security_version"}));
      EVSEAL_TRY(component.id, reader.component_id("id"));
      if (reader.has("needed")) {
        EVSEAL_TRY(component.needed, reader.boolean("needed"));
      }
      if (reader.has("security_version")) {
        EVSEAL_TRY(component.security_version, reader.integer31("security_version"));
      }
    }
    if (!is_component_id(component.id)) {
      return root.fail(at, "must be a component id or an object");
    }
    for (const DeviceComponent& other : profile_.components) {
      if (other.id == component.id) {
        return root.fail(at, "\"" + component.id + "\" stands there twice");
      }
    }
    profile_.components.push_back(std::move(component));
  }
  return {};
}

Result<void> ProfileReader::read_require(const ObjectReader& root) {
  EVSEAL_TRY(const ObjectReader reader, root.object("require"));
  EVSEAL_CHECK(reader.only({"firmware", "trust-update"}));
  EVSEAL_TRY(profile_.trust.firmware, reader.texts("firmware", 1, kMaxRoles, 64));
  if (reader.has("trust-update")) {
    EVSEAL_TRY(profile_.trust.trust_update, reader.texts("trust-update", 0, kMaxRoles, 64));
  }
  return {};
}

Result<std::vector<CertificateParts>> ProfileReader::read_certificates(const ObjectReader& reader,
                                                                       std::string_view key,
                                                                       std::size_t max) const {
  EVSEAL_TRY(const auto files, reader.texts(key, 1, max, 4096));
  std::vector<CertificateParts> all;
  for (std::size_t i = 0; i < files.size(); ++i) {
    auto parts = read_certificate(folder_ / files[i]);
    if (!parts) {
      Error error = std::move(parts).error();
      const Error place = reader.fail(std::string(key) + "[" + std::to_string(i) + "]", "");
      error.hint = "it is named in " + place.what + (error.hint.empty() ? "" : "; " + error.hint);
      return error;
    }
    all.push_back(*std::move(parts));
  }
  return all;
}

Result<std::uint32_t> ProfileReader::read_flags(const ObjectReader& reader) const {
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

Result<Scope> ProfileReader::read_scope(const ObjectReader& reader, const std::string& role) const {
  const std::vector<std::string>& updaters = profile_.trust.trust_update;
  Scope scope;
  scope.stages = profile_.stages;
  scope.kinds = kKindFirmware;
  if (std::find(updaters.begin(), updaters.end(), role) != updaters.end()) {
    scope.kinds |= kKindTrustUpdate;
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

Result<Role> ProfileReader::read_role(const ObjectReader& reader, const std::string& name) const {
  EVSEAL_CHECK(reader.only(kRoleMembers));
  Role role;
  role.name = name;
  EVSEAL_TRY(const auto anchors, read_certificates(reader, "anchors", kMaxAnchors));
  for (const CertificateParts& parts : anchors) {
    role.anchors.push_back({parts.subject, parts.key});
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
    EVSEAL_TRY(const auto signers, read_certificates(reader, "signers", kMaxRoleSigners));
    for (const CertificateParts& parts : signers) {
      role.signers.push_back(sha256(parts.key));
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

Result<void> ProfileReader::read_roles(const ObjectReader& root) {
  EVSEAL_TRY(const ObjectReader roles, root.object("roles"));
  std::vector<std::string_view> names;
  for (const auto& [name, value] : roles.raw().items()) {
    if (!is_name(name)) {
      return roles.fail(name, "is not a name for a role");
    }
    names.push_back(name);
    EVSEAL_TRY(const ObjectReader reader, roles.object(name));
    EVSEAL_TRY(Role role, read_role(reader, name));
    profile_.trust.roles.push_back(std::move(role));
  }
  for (const auto& [key, required] :
       {std::pair("require.firmware", &profile_.trust.firmware),
        std::pair("require.trust-update", &profile_.trust.trust_update)}) {
    std::uint32_t signatures = 0;
    for (const std::string& name : *required) {
      const auto role = std::find_if(profile_.trust.roles.begin(), profile_.trust.roles.end(),
                                     [&](const Role& r) { return r.name == name; });
      if (role == profile_.trust.roles.end()) {
        Error error = root.fail(key, "there is no role \"" + printable(name) + "\"");
        if (const auto near = nearest_name(name, names)) {
          error.hint = "did you mean \"" + std::string(*near) + "\"?";
        }
        return error;
      }
      signatures += role->threshold;
    }
    // Each key counts once over all roles, and a package has at most 4 signatures.
    if (signatures > kMaxSignatures) {
      return root.fail(key, "needs " + std::to_string(signatures) +
                                " signatures, more than the 4 that a package can have");
    }
  }
  return {};
}

Result<Profile> ProfileReader::read(const ObjectReader& root) {
  EVSEAL_CHECK(root.only({"device", "vendor", "model", "stages", "clock", "time_floor", "limits",
                          "components", "roles", "require"}));
  EVSEAL_CHECK(read_device(root));
  EVSEAL_CHECK(read_limits(root));
  EVSEAL_CHECK(read_components(root));
  EVSEAL_CHECK(read_require(root));  // before the roles: their scope depends on it
  EVSEAL_CHECK(read_roles(root));
  if (auto fault = fault_of(profile_)) {
    return root.fail("", *std::move(fault));
  }
  return std::move(profile_);
}

}  // namespace

Result<Profile> load_profile(const fs::path& path) {
  try {
    EVSEAL_TRY(const JsonDocument document, load_json_file(path));
    const SchemaContext context{&document, ErrorCode::usage, {}};
    EVSEAL_TRY(const ObjectReader root, ObjectReader::open(context, document.value, ""));
    return ProfileReader(path.parent_path()).read(root);
  } catch (const std::exception& problem) {
    return Error{ErrorCode::internal, path.string(), problem.what()};
  }
}

}  // namespace evseal::manifest
