#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>

#include "device_format.hpp"

namespace evseal::manifest {
namespace {

using nlohmann::json;

Bytes texts(const std::vector<std::string>& values) {
  return sequence_of(values, [](const std::string& text) { return der::utf8_string(text); });
}

Bytes encode_role(const Role& role) {
  return der::sequence(
      {der::utf8_string(role.name),
       sequence_of(role.anchors,
                   [](const Anchor& anchor) {
                     return der::sequence({anchor.subject, anchor.key});
                   }),
       der::integer(role.threshold), der::integer(role.flags), der::integer(role.max_intermediates),
       der::sequence({der::integer(role.scope.stages), der::integer(role.scope.kinds),
                      texts(role.scope.models), texts(role.scope.components)}),
       sequence_of(role.signers, [](const Sha256& hash) { return der::octet_string(hash); })});
}

// Numbers of elements are checked by fault_of(), once for what is read and for what is written. The
// octets of a blob bound what is gathered until then.
std::vector<std::string> decode_texts(DerReader reader) {
  std::vector<std::string> all;
  while (reader.ok() && !reader.at_end()) {
    all.push_back(reader.text());
  }
  return all;
}

std::vector<Anchor> decode_anchors(DerReader reader) {
  std::vector<Anchor> all;
  while (reader.ok() && !reader.at_end()) {
    DerReader anchor = reader.sequence();
    const ByteView subject = anchor.element(der::kSequence);
    const ByteView key = anchor.element(der::kSequence);
    anchor.end();
    all.push_back({Bytes(subject.begin(), subject.end()), Bytes(key.begin(), key.end())});
  }
  return all;
}

Role decode_role(DerReader reader) {
  Role role;
  role.name = reader.text();
  role.anchors = decode_anchors(reader.sequence());
  role.threshold = reader.integer32(1, kMaxSignatures);
  role.flags = reader.integer32(0, 15);
  role.max_intermediates = reader.integer32(0, kMaxIntermediates);
  DerReader scope = reader.sequence();
  role.scope.stages = scope.integer32(1, 7);
  role.scope.kinds = scope.integer32(1, 3);
  role.scope.models = decode_texts(scope.sequence());
  role.scope.components = decode_texts(scope.sequence());
  scope.end();
  DerReader signers = reader.sequence();
  while (signers.ok() && !signers.at_end()) {
    role.signers.push_back(signers.digest());
  }
  reader.end();
  return role;
}

template <typename T>
bool has_doubles(std::vector<T> values) {
  std::sort(values.begin(), values.end());
  return std::adjacent_find(values.begin(), values.end()) != values.end();
}

bool all_names(const std::vector<std::string>& texts) {
  return std::all_of(texts.begin(), texts.end(), is_name);
}

bool all_component_ids(const std::vector<std::string>& texts) {
  return std::all_of(texts.begin(), texts.end(), is_component_id);
}

// One SEQUENCE and nothing behind it.
bool is_sequence(const Bytes& encoding) {
  DerReader reader(encoding);
  (void)reader.element(der::kSequence);
  reader.end();
  return reader.ok();
}

std::optional<std::string> fault_of_scope(const Scope& scope) {
  if (scope.stages < 1 || scope.stages > 7 || scope.kinds < 1 || scope.kinds > 3) {
    return "allows no stage or no kind";
  }
  if (scope.models.size() > kMaxScopeModels || !all_names(scope.models) ||
      has_doubles(scope.models)) {
    return "allows more than 8 models, one twice, or one that is no name";
  }
  if (scope.components.size() > kMaxComponents || !all_component_ids(scope.components) ||
      has_doubles(scope.components)) {
    return "allows more than 32 components, one twice, or one that is no component id";
  }
  return std::nullopt;
}

std::optional<std::string> fault_of_role(const Role& role) {
  if (!is_name(role.name)) {
    return "has a name that is none";
  }
  if (role.anchors.empty() || role.anchors.size() > kMaxAnchors) {
    return "has not 1 to 8 anchors";
  }
  for (const Anchor& anchor : role.anchors) {
    // An empty Name (30 00) could never be the issuer of a certificate that §5.1 lets pass.
    if (anchor.subject.size() <= 2 || anchor.subject.size() > kMaxNameDer ||
        !is_sequence(anchor.subject) || !is_sequence(anchor.key)) {
      return "has an anchor that is not a Name and a SubjectPublicKeyInfo";
    }
  }
  if (role.threshold < 1 || role.threshold > kMaxSignatures) {
    return "has a threshold that is not 1 to 4";
  }
  // "A threshold above one needs signers": otherwise one stolen CA is as many signers as it likes.
  // Fewer of them than the threshold could never meet it.
  if (role.threshold > 1 && role.signers.size() < role.threshold) {
    return "has a threshold above one, but fewer signers than that";
  }
  if (role.flags > 15 || role.max_intermediates > kMaxIntermediates) {
    return "has flags or a number of intermediates out of range";
  }
  if (role.signers.size() > kMaxRoleSigners || has_doubles(role.signers)) {
    return "has more than 8 signers, or one twice";
  }
  return fault_of_scope(role.scope);
}

// "each role … exists, none twice, and has that kind in its scope; the thresholds of each list add
// up to at most 4": a store that could not meet its own requirements would shut the device.
std::optional<std::string> fault_of_requirement(const TrustStore& trust,
                                                const std::vector<std::string>& required,
                                                KindBits kind) {
  const std::string word = kind == kKindFirmware ? "firmware" : "trust-update";
  if (required.size() > kMaxRoles || has_doubles(required)) {
    return "more than 8 roles are required for " + word + ", or one twice";
  }
  std::uint32_t signatures = 0;
  for (const std::string& name : required) {
    const auto role = std::find_if(trust.roles.begin(), trust.roles.end(),
                                   [&](const Role& r) { return r.name == name; });
    if (role == trust.roles.end()) {
      return "role \"" + printable(name) + "\" is required for " + word + ", but not defined";
    }
    if ((role->scope.kinds & kind) == 0) {
      return "role \"" + name + "\" is required for " + word + ", but may not sign it";
    }
    signatures += role->threshold;
  }
  // Each key counts once over all roles, and a package has at most 4 signatures.
  if (signatures > kMaxSignatures) {
    return word + " needs " + std::to_string(signatures) +
           " signatures, more than the 4 that a package can have";
  }
  return std::nullopt;
}

json role_to_json(const Role& role) {
  const auto list = [](const std::vector<std::string>& texts) {
    return texts.empty() ? json::array({"*"}) : json(texts);
  };
  json kinds = json::array();
  if ((role.scope.kinds & kKindFirmware) != 0) {
    kinds.push_back("firmware");
  }
  if ((role.scope.kinds & kKindTrustUpdate) != 0) {
    kinds.push_back("trust-update");
  }
  json out = {{"threshold", role.threshold},
              {"crl", (role.flags & kRoleCrlRequired) != 0 ? "required" : "optional"},
              {"policies", (role.flags & kRolePoliciesWaived) != 0 ? "waived" : "required"},
              {"purpose", (role.flags & kRolePurposeWaived) != 0 ? "waived" : "required"},
              {"pkcs1", (role.flags & kRolePkcs1) != 0},
              {"max_intermediates", role.max_intermediates},
              {"allow",
               {{"models", list(role.scope.models)},
                {"components", list(role.scope.components)},
                {"stages", stage_names(role.scope.stages)},
                {"kinds", std::move(kinds)}}}};
  json anchors = json::array();
  for (const Anchor& anchor : role.anchors) {
    anchors.push_back({{"subject", to_hex(anchor.subject)},
                       {"key", to_hex(anchor.key)},
                       {"key_hash", to_hex(anchor.key_hash())}});
  }
  out["anchors"] = std::move(anchors);
  json signers = json::array();
  for (const Sha256& hash : role.signers) {
    signers.push_back(to_hex(hash));
  }
  out["signers"] = std::move(signers);
  return out;
}

}  // namespace

json stage_names(std::uint32_t stages) {
  json names = json::array();
  for (const Stage stage : {Stage::dev, Stage::pilot, Stage::prod}) {
    if ((stages >> static_cast<unsigned>(stage) & 1U) != 0) {
      names.push_back(to_string(stage));
    }
  }
  return names;
}

Bytes write_trust_store(const TrustStore& trust) {
  return der::sequence(
      {sequence_of(trust.roles, encode_role), texts(trust.firmware), texts(trust.trust_update)});
}

TrustStore read_trust_store(DerReader reader) {
  TrustStore trust;
  DerReader roles = reader.sequence();
  while (roles.ok() && !roles.at_end()) {
    trust.roles.push_back(decode_role(roles.sequence()));
  }
  trust.firmware = decode_texts(reader.sequence());
  trust.trust_update = decode_texts(reader.sequence());
  reader.end();
  return trust;
}

std::optional<std::string> fault_of(const TrustStore& trust) {
  if (trust.roles.empty() || trust.roles.size() > kMaxRoles) {
    return "there must be 1 to 8 roles";
  }
  std::set<std::string> names;
  for (const Role& role : trust.roles) {
    if (auto fault = fault_of_role(role)) {
      return "role \"" + printable(role.name) + "\" " + *fault;
    }
    if (!names.insert(role.name).second) {
      return "role \"" + role.name + "\" stands there twice";
    }
  }
  if (trust.firmware.empty()) {
    return "no role is required for firmware";
  }
  for (const auto& [required, kind] : {std::pair(&trust.firmware, kKindFirmware),
                                       std::pair(&trust.trust_update, kKindTrustUpdate)}) {
    if (auto fault = fault_of_requirement(trust, *required, kind)) {
      return fault;
    }
  }
  return std::nullopt;
}

Result<Bytes> encode_trust_store(const TrustStore& trust) {
  if (auto fault = fault_of(trust)) {
    return Error{ErrorCode::usage, "trust store", *std::move(fault), {}, "trust_store"};
  }
  return write_trust_store(trust);
}

Result<TrustStore> decode_trust_store(ByteView der) {
  DerReader outer(der);
  TrustStore trust = read_trust_store(outer.sequence());
  outer.end();
  if (!outer.ok()) {
    return Error{ErrorCode::malformed, "trust store", "is not the DER of one", {}, "trust_store"};
  }
  if (auto fault = fault_of(trust)) {
    return Error{ErrorCode::malformed, "trust store", *std::move(fault), {}, "trust_store"};
  }
  return trust;
}

json trust_store_to_json(const TrustStore& trust) {
  json roles = json::object();
  for (const Role& role : trust.roles) {
    roles[role.name] = role_to_json(role);
  }
  return {{"roles", std::move(roles)},
          {"require", {{"firmware", trust.firmware}, {"trust-update", trust.trust_update}}}};
}

}  // namespace evseal::manifest
