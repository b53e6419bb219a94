#include <algorithm>
#include <set>

#include "device_format.hpp"
#include "evseal/base/file.hpp"
#include "evseal/base/time.hpp"
#include "evseal/manifest/der_writer.hpp"
#include "json_object.hpp"
#include "trust_reader.hpp"

namespace evseal::manifest {
namespace {

using nlohmann::json;

constexpr std::size_t kMaxKnownIssuers = 16;
constexpr std::size_t kMaxRevoked = 256;
constexpr std::size_t kMaxSerialOctets = 21;  // of an entry of a CRL (docs/format.md §6.1)
constexpr std::uint64_t kMaxCrlNumber = INT64_MAX;
constexpr std::uint8_t kTrustTag = 0xA0;  // [0] EXPLICIT

Error damaged(std::string why) {
  return Error{ErrorCode::usage, "device state", std::move(why), {}, "state_damaged"};
}

Bytes encode_slot(const Slot& slot) {
  return der::sequence({der::utf8_string(slot.id), der::integer(slot.security_version)});
}

Bytes encode_issuer(const KnownIssuer& issuer) {
  return der::sequence({der::octet_string(issuer.issuer_key), der::integer(issuer.number),
                        der::boolean(issuer.complete),
                        sequence_of(issuer.revoked, [](const Bytes& serial) {
                          return der::tlv(der::kInteger, serial);
                        })});
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

std::vector<KnownIssuer> decode_issuers(DerReader reader) {
  std::vector<KnownIssuer> all;
  while (reader.ok() && !reader.at_end()) {
    DerReader entry = reader.sequence();
    KnownIssuer issuer;
    issuer.issuer_key = entry.digest();
    issuer.number = entry.integer(0, kMaxCrlNumber);
    issuer.complete = entry.boolean();
    DerReader revoked = entry.sequence();
    while (revoked.ok() && !revoked.at_end()) {
      issuer.revoked.push_back(revoked.serial(kMaxSerialOctets));
    }
    entry.end();
    all.push_back(std::move(issuer));
  }
  return all;
}

// By length, then by octets.
bool serial_less(const Bytes& a, const Bytes& b) {
  return a.size() != b.size() ? a.size() < b.size() : a < b;
}

Result<KnownIssuer> read_issuer(const ObjectReader& reader) {
  EVSEAL_CHECK(reader.only({"issuer_key", "number", "complete", "revoked"}));
  KnownIssuer issuer;
  EVSEAL_TRY(issuer.issuer_key, reader.digest("issuer_key"));
  EVSEAL_TRY(issuer.number, reader.integer("number", 0, kMaxCrlNumber));
  if (reader.has("complete")) {
    EVSEAL_TRY(issuer.complete, reader.boolean("complete"));
  }
  if (reader.has("revoked")) {
    EVSEAL_TRY(const auto texts, reader.texts("revoked", 0, kMaxRevoked, 2 * kMaxSerialOctets));
    for (const std::string& text : texts) {
      const auto serial = from_hex(text);
      if (!serial) {
        return reader.fail("revoked", "must hold serial numbers in hexadecimal");
      }
      issuer.revoked.push_back(*serial);
    }
  }
  return issuer;
}

std::optional<std::string> fault_of_issuers(const std::vector<KnownIssuer>& issuers) {
  std::size_t revoked = 0;
  for (std::size_t i = 0; i < issuers.size(); ++i) {
    const KnownIssuer& issuer = issuers[i];
    if (i > 0 && issuer.issuer_key <= issuers[i - 1].issuer_key) {
      return "issuers of CRLs are not strictly ascending";
    }
    if (issuer.number > kMaxCrlNumber) {
      return "a CRL's number is not below 2^63";
    }
    if (!issuer.complete && !issuer.revoked.empty()) {
      return "an incomplete list of revocations is not empty";
    }
    for (std::size_t k = 0; k < issuer.revoked.size(); ++k) {
      const Bytes encoded = der::tlv(der::kInteger, issuer.revoked[k]);
      DerReader check(encoded);
      (void)check.serial(kMaxSerialOctets);
      if (!check.ok() || (k > 0 && !serial_less(issuer.revoked[k - 1], issuer.revoked[k]))) {
        return "serial numbers are malformed, or not strictly ascending by length and octets";
      }
    }
    revoked += issuer.revoked.size();
  }
  if (issuers.size() > kMaxKnownIssuers || revoked > kMaxRevoked) {
    return "there are more than 16 issuers of CRLs, or more than 256 revoked certificates";
  }
  return std::nullopt;
}

Result<void> read_learnt(const ObjectReader& root, State& state) {
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
  if (root.has("crls")) {
    EVSEAL_TRY(const auto readers, root.objects("crls", 0, kMaxKnownIssuers));
    for (const ObjectReader& reader : readers) {
      EVSEAL_TRY(KnownIssuer issuer, read_issuer(reader));
      state.crls.push_back(std::move(issuer));
    }
  }
  return {};
}

Result<State> read_state(const ObjectReader& root, const std::filesystem::path& folder) {
  EVSEAL_CHECK(root.only({"state", "vendor", "model", "time_floor", "trust_epoch",
                          "security_versions", "counter", "crls", "trust"}));
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
  EVSEAL_CHECK(read_learnt(root, state));
  if (root.has("trust")) {
    EVSEAL_TRY(const ObjectReader trust, root.object("trust"));
    EVSEAL_CHECK(trust.only({"roles", "require"}));
    constexpr std::uint32_t every_stage = kStageDev | kStagePilot | kStageProd;
    EVSEAL_TRY(state.trust, trust_store_from_json(trust, folder, every_stage));
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
  if (auto fault = fault_of_issuers(state.crls)) {
    return fault;
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
                              sequence_of(state.crls, encode_issuer)};
  if (state.trust) {
    parts.push_back(der::explicit_tag(0, write_trust_store(*state.trust)));
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
  state.crls = decode_issuers(reader.sequence());
  if (reader.next_is(kTrustTag)) {
    DerReader tagged = reader.enter(kTrustTag);
    state.trust = read_trust_store(tagged.sequence());
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
  for (const KnownIssuer& issuer : state.crls) {
    json revoked = json::array();
    for (const Bytes& serial : issuer.revoked) {
      revoked.push_back(to_hex(serial));
    }
    out["crls"].push_back({{"issuer_key", to_hex(issuer.issuer_key)},
                           {"number", issuer.number},
                           {"complete", issuer.complete},
                           {"revoked", std::move(revoked)}});
  }
  if (state.trust) {
    out["trust"] = trust_store_to_json(*state.trust);
  }
  return out;
}

Result<State> load_state(const std::filesystem::path& path) {
  try {
    EVSEAL_TRY(const JsonDocument document, load_json_file(path));
    const SchemaContext context{&document, ErrorCode::usage, {}};
    EVSEAL_TRY(const ObjectReader root, ObjectReader::open(context, document.value, ""));
    return read_state(root, path.parent_path());
  } catch (const std::exception& problem) {
    return Error{ErrorCode::internal, path.string(), problem.what()};
  }
}

namespace {

constexpr const char* kNoStateHint =
    "a unit whose state is lost takes a trust-update with `recovery` (docs/format.md section 9.4); "
    "a new unit has the state of `evseal state init`";

bool begins_as_json(const Bytes& octets) {
  const auto first = std::find_if(octets.begin(), octets.end(), [](std::uint8_t octet) {
    return octet != ' ' && octet != '\t' && octet != '\r' && octet != '\n';
  });
  return first != octets.end() && *first == '{';
}

}  // namespace

Result<Bytes> load_state_blob(const std::filesystem::path& path) {
  EVSEAL_TRY(Bytes octets, read_small_file(path));
  if (octets.empty()) {
    return Error{ErrorCode::usage, path.string(),
                 "is empty: a device would say that it has no state", kNoStateHint,
                 "state_missing"};
  }
  // What is no JSON is judged as a device would: it reads what its flash holds.
  if (is_blob(kStateMagic, octets) || !begins_as_json(octets)) {
    auto state = decode_state(octets);
    if (!state) {
      Error error = std::move(state).error();
      error.what = path.string();
      error.hint = kNoStateHint;
      return error;
    }
    return octets;
  }
  EVSEAL_TRY(const State state, load_state(path));
  return encode_state(state);
}

Result<State> load_any_state(const std::filesystem::path& path) {
  EVSEAL_TRY(const Bytes blob, load_state_blob(path));
  return decode_state(blob);
}

Result<Bytes> initial_state(ByteView profile_blob) {
  EVSEAL_TRY(const Profile profile, decode_profile(profile_blob));
  State state;
  state.vendor = profile.vendor;
  state.model = profile.model;
  return encode_state(state);
}

}  // namespace evseal::manifest
