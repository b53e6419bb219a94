#include <set>

#include "device_format.hpp"
#include "evseal/base/file.hpp"
#include "evseal/base/time.hpp"
#include "evseal/manifest/der_writer.hpp"
#include "json_object.hpp"

namespace evseal::manifest {
namespace {

using nlohmann::json;

constexpr std::size_t kMaxStateCrls = 8;
constexpr std::size_t kMaxRevoked = 256;
constexpr std::size_t kMaxSerialOctets = 20;
constexpr std::uint64_t kMaxCrlNumber = INT64_MAX;
constexpr std::uint8_t kTrustTag = 0xA0;  // [0] EXPLICIT

Error damaged(std::string why) {
  return Error{ErrorCode::usage, "device state", std::move(why), {}, "state_damaged"};
}

Bytes encode_slot(const Slot& slot) {
  return der::sequence({der::utf8_string(slot.id), der::integer(slot.security_version)});
}

Bytes encode_crl(const CrlEntry& crl) {
  return der::sequence({der::octet_string(crl.issuer_key), der::integer(crl.number)});
}

Bytes encode_revoked(const RevokedCertificate& entry) {
  return der::sequence({der::octet_string(entry.issuer_key), der::integer(ByteView(entry.serial))});
}

std::vector<Slot> decode_slots(DerReader reader) {
  std::vector<Slot> all;
  while (reader.ok() && !reader.at_end()) {
    DerReader entry = reader.sequence();
    Slot slot;
    slot.id = entry.text();
    slot.security_version = entry.integer32(0, kMax31Bit);
    entry.end();
    all.push_back(std::move(slot));
  }
  return all;
}

std::vector<CrlEntry> decode_crls(DerReader reader) {
  std::vector<CrlEntry> all;
  while (reader.ok() && !reader.at_end()) {
    DerReader entry = reader.sequence();
    CrlEntry crl;
    crl.issuer_key = entry.digest();
    crl.number = entry.integer(0, kMaxCrlNumber);
    entry.end();
    all.push_back(crl);
  }
  return all;
}

std::vector<RevokedCertificate> decode_revoked(DerReader reader) {
  std::vector<RevokedCertificate> all;
  while (reader.ok() && !reader.at_end()) {
    DerReader entry = reader.sequence();
    RevokedCertificate revoked;
    revoked.issuer_key = entry.digest();
    revoked.serial = entry.magnitude(kMaxSerialOctets);
    entry.end();
    all.push_back(std::move(revoked));
  }
  return all;
}

Result<State> read_state(const ObjectReader& root) {
  EVSEAL_CHECK(root.only(
      {"state", "vendor", "model", "time_floor", "trust_epoch", "security_versions", "counter"}));
  EVSEAL_TRY(const std::uint64_t version, root.integer("state", 0, SIZE_MAX));
  if (version != 1) {
    return root.fail("state", "only version 1 is known");
  }
  State state;
  EVSEAL_TRY(state.vendor, root.name("vendor"));
  EVSEAL_TRY(state.model, root.name("model"));
  if (root.has("time_floor")) {
    EVSEAL_TRY(state.time_floor, root.time("time_floor", true));
  }
  if (root.has("trust_epoch")) {
    EVSEAL_TRY(state.trust_epoch, root.integer31("trust_epoch"));
  }
  if (root.has("counter")) {
    EVSEAL_TRY(const std::uint64_t counter, root.integer("counter", 0, UINT32_MAX));
    state.counter = static_cast<std::uint32_t>(counter);
  }
  if (root.has("security_versions")) {
    EVSEAL_TRY(const ObjectReader versions, root.object("security_versions"));
    for (const auto& [id, value] : versions.raw().items()) {
      if (!is_component_id(id)) {
        return versions.fail(id, "is not a component id");
      }
      EVSEAL_TRY(const std::uint32_t floor, versions.integer31(id));
      state.slots.push_back({id, floor});
    }
  }
  if (auto fault = fault_of(state)) {
    return root.fail("", *std::move(fault));
  }
  return state;
}

}  // namespace

std::optional<std::string> fault_of(const State& state) {
  if (!is_name(state.vendor) || !is_name(state.model)) {
    return "vendor or model is not a name";
  }
  if (state.time_floor < 0 || state.time_floor > kMaxTime) {
    return "time_floor lies outside the years 1970 to 9999";
  }
  if (state.trust_epoch > kMax31Bit || state.slots.size() > kMaxComponents) {
    return "trust_epoch is above 2147483647, or there are more than 32 slots";
  }
  std::set<std::string> ids;
  for (const Slot& slot : state.slots) {
    if (!is_component_id(slot.id) || slot.security_version > kMax31Bit ||
        !ids.insert(slot.id).second) {
      return "slot \"" + printable(slot.id) +
             "\" has a bad id or security version, or is there twice";
    }
  }
  if (state.crls.size() > kMaxStateCrls || state.revoked.size() > kMaxRevoked) {
    return "there are more than 8 CRLs or 256 revoked certificates";
  }
  return state.trust ? fault_of(*state.trust) : std::nullopt;
}

Result<Bytes> encode_state(const State& state) {
  if (auto fault = fault_of(state)) {
    return damaged(*std::move(fault));
  }
  std::vector<Bytes> parts = {der::integer(1),
                              der::integer(state.counter),
                              der::utf8_string(state.vendor),
                              der::utf8_string(state.model),
                              der::integer(static_cast<std::uint64_t>(state.time_floor)),
                              der::integer(state.trust_epoch),
                              sequence_of(state.slots, encode_slot),
                              sequence_of(state.crls, encode_crl),
                              sequence_of(state.revoked, encode_revoked)};
  if (state.trust) {
    parts.push_back(der::explicit_tag(0, encode_trust_store(*state.trust)));
  }
  return frame_blob(kStateMagic, der::sequence(parts));
}

Result<State> decode_state(ByteView blob) {
  const auto der = unframe_blob(kStateMagic, blob);
  if (!der) {
    return damaged("magic, length or checksum is wrong");
  }
  DerReader outer(*der);
  DerReader reader = outer.sequence();
  outer.end();
  State state;
  (void)reader.integer(1, 1);
  state.counter = reader.integer32(0, UINT32_MAX);
  state.vendor = reader.text();
  state.model = reader.text();
  state.time_floor =
      static_cast<std::int64_t>(reader.integer(0, static_cast<std::uint64_t>(kMaxTime)));
  state.trust_epoch = reader.integer32(0, kMax31Bit);
  state.slots = decode_slots(reader.sequence());
  state.crls = decode_crls(reader.sequence());
  state.revoked = decode_revoked(reader.sequence());
  if (reader.next_is(kTrustTag)) {
    DerReader tagged = reader.enter(kTrustTag);
    state.trust = decode_trust_store(tagged.sequence());
    tagged.end();
  }
  reader.end();
  if (!outer.ok()) {
    return damaged("it is not the DER of a device state");
  }
  if (auto fault = fault_of(state)) {
    return damaged(*std::move(fault));
  }
  return state;
}

json state_to_json(const State& state) {
  json versions = json::object();
  for (const Slot& slot : state.slots) {
    versions[slot.id] = slot.security_version;
  }
  json out = {{"state", 1},
              {"vendor", state.vendor},
              {"model", state.model},
              {"time_floor", to_rfc3339(state.time_floor)},
              {"trust_epoch", state.trust_epoch},
              {"security_versions", std::move(versions)},
              {"counter", state.counter}};
  for (const CrlEntry& crl : state.crls) {
    out["crls"].push_back({{"issuer_key", to_hex(crl.issuer_key)}, {"number", crl.number}});
  }
  for (const RevokedCertificate& entry : state.revoked) {
    out["revoked"].push_back(
        {{"issuer_key", to_hex(entry.issuer_key)}, {"serial", to_hex(entry.serial)}});
  }
  if (state.trust) {
    add_trust_store(out["trust"], *state.trust);
  }
  return out;
}

Result<State> load_state(const std::filesystem::path& path) {
  try {
    EVSEAL_TRY(const JsonDocument document, load_json_file(path));
    const SchemaContext context{&document, ErrorCode::usage, {}};
    EVSEAL_TRY(const ObjectReader root, ObjectReader::open(context, document.value, ""));
    return read_state(root);
  } catch (const std::exception& problem) {
    return Error{ErrorCode::internal, path.string(), problem.what()};
  }
}

Result<Bytes> load_state_blob(const std::filesystem::path& path) {
  EVSEAL_TRY(Bytes octets, read_small_file(path));
  if (is_blob(kStateMagic, octets)) {
    auto state = decode_state(octets);
    if (!state) {
      Error error = std::move(state).error();
      error.what = path.string();
      return error;
    }
    return octets;
  }
  EVSEAL_TRY(const State state, load_state(path));
  return encode_state(state);
}

Result<Bytes> initial_state(ByteView profile_blob) {
  EVSEAL_TRY(const Profile profile, decode_profile(profile_blob));
  State state;
  state.vendor = profile.vendor;
  state.model = profile.model;
  state.time_floor = profile.time_floor;
  for (const DeviceComponent& component : profile.components) {
    state.slots.push_back({component.id, component.security_version});
  }
  return encode_state(state);
}

}  // namespace evseal::manifest
