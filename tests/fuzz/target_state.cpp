// evseal_state_open() and what writes states: the C++ decoder must agree, and what is written must
// be what a model, made here of the C++ types, says of the same sources.
#include <evseal/device.h>

#include <cstring>
#include <map>
#include <memory>
#include <set>

#include "anchors.hpp"
#include "blob.hpp"
#include "evseal/manifest/device.hpp"
#include "toy_crypto.hpp"

extern "C" {
#include "device_fields.h"
#include "state_write.h"
}

namespace {

using namespace evseal;
using namespace evseal::fuzz;

/// By length, then octets.
struct SerialOrder {
  bool operator()(const Bytes& a, const Bytes& b) const {
    return a.size() != b.size() ? a.size() < b.size() : a < b;
  }
};
using Serials = std::set<Bytes, SerialOrder>;

/// A CRL whose signature held.
struct Learnt {
  Sha256 issuer_key{};
  std::uint64_t number = 0;
  Serials serials;
};

Bytes tlv(unsigned tag, ByteView content) {
  Bytes out = {static_cast<std::uint8_t>(tag)};
  if (content.size() >= 256) {
    out.insert(out.end(), {0x82, static_cast<std::uint8_t>(content.size() >> 8U)});
  } else if (content.size() >= 128) {
    out.push_back(0x81);
  }
  out.push_back(static_cast<std::uint8_t>(content.size()));
  out.insert(out.end(), content.begin(), content.end());
  return out;
}

Bytes joined(std::initializer_list<Bytes> parts) {
  Bytes out;
  for (const Bytes& part : parts) {
    out.insert(out.end(), part.begin(), part.end());
  }
  return out;
}

const Bytes kEd25519 = tlv(0x30, tlv(0x06, Bytes{0x2B, 0x65, 0x70}));
const Bytes kName =
    tlv(0x30, tlv(0x31, tlv(0x30, joined({tlv(0x06, Bytes{0x55, 4, 3}), tlv(0x0C, Bytes{'x'})}))));

/// A list that evseal_crl_parse() takes; its signature is nobody's.
Bytes crl_der(const Serials& serials) {
  const Bytes time = tlv(0x17, as_bytes("270115080000Z"));
  const Bytes key_id =
      tlv(0x30,
          joined({tlv(0x06, Bytes{0x55, 0x1D, 0x23}), tlv(0x04, tlv(0x30, tlv(0x80, Bytes{1})))}));
  const Bytes number =
      tlv(0x30, joined({tlv(0x06, Bytes{0x55, 0x1D, 0x14}), tlv(0x04, tlv(0x02, Bytes{1}))}));
  Bytes entries;
  for (const Bytes& serial : serials) {
    entries = joined({entries, tlv(0x30, joined({tlv(0x02, serial), time}))});
  }
  const Bytes tbs = tlv(0x30, joined({tlv(0x02, Bytes{1}), kEd25519, kName, time, time,
                                      entries.empty() ? Bytes{} : tlv(0x30, entries),
                                      tlv(0xA0, tlv(0x30, joined({key_id, number})))}));
  return tlv(0x30, joined({tbs, kEd25519, tlv(0x03, Bytes(65))}));
}

/// What a state is written from, in both forms.
struct Sources {
  std::vector<manifest::State> states;
  std::vector<Learnt> crls;
  std::set<std::string> slots;  ///< that the profile has
};

/// docs/format.md sections 6.2 and 9.2: what is known of issuers, with the CRLs or without.
std::map<Sha256, manifest::KnownIssuer> sum_up(const Sources& sources, bool with_crls) {
  std::map<Sha256, manifest::KnownIssuer> out;
  std::map<Sha256, Serials> serials;
  const auto add = [&](const Sha256& key, std::uint64_t number, bool complete,
                       const auto& revoked) {
    manifest::KnownIssuer& known = out[key];
    known.issuer_key = key;
    known.number = std::max(known.number, number);
    known.complete = known.complete && complete;
    serials[key].insert(revoked.begin(), revoked.end());
  };
  for (const manifest::State& state : sources.states) {
    for (const manifest::KnownIssuer& one : state.crls) {
      add(one.issuer_key, one.number, one.complete, one.revoked);
    }
  }
  for (std::size_t i = 0; with_crls && i < sources.crls.size(); ++i) {
    add(sources.crls[i].issuer_key, sources.crls[i].number, true, sources.crls[i].serials);
  }
  std::size_t room = EVSEAL_MAX_REVOKED;
  for (auto one = out.rbegin(); one != out.rend(); ++one) {
    const Serials& all = serials[one->first];
    one->second.complete = one->second.complete && all.size() <= room;
    if (one->second.complete) {
      one->second.revoked.assign(all.begin(), all.end());
      room -= all.size();
    }
  }
  return out;
}

/// Floors and lists of the new state; the rest of `out` is the caller's. False for too many
/// issuers.
bool write_model(manifest::State& out, const Sources& sources) {
  std::map<std::string, std::uint32_t> floors;
  for (const manifest::State& state : sources.states) {
    for (const manifest::Slot& slot : state.slots) {
      floors[slot.id] = std::max(floors[slot.id], slot.security_version);
    }
  }
  out.slots.clear();
  out.crls.clear();
  for (const auto& [id, floor] : floors) {
    if (floor > 0 && sources.slots.count(id) > 0) {
      out.slots.push_back({id, floor});
    }
  }
  auto issuers = sum_up(sources, false);
  if (issuers.size() > EVSEAL_MAX_KNOWN_ISSUERS) {
    return false;
  }
  if (auto all = sum_up(sources, true); all.size() <= EVSEAL_MAX_KNOWN_ISSUERS) {
    issuers = all;
  }
  for (const auto& [key, known] : issuers) {
    out.crls.push_back(known);
  }
  return true;
}

/// Another state of the same device, and of the same epoch most of the time.
manifest::State vary(manifest::State state, Dice& dice) {
  state.counter += static_cast<std::uint32_t>(dice.below(5)) - 2U + (dice.next() & 0x80000000U);
  state.time_floor = static_cast<std::int64_t>(dice.next());
  state.trust_epoch ^= dice.one_in(8) ? 1U : 0U;
  for (manifest::Slot& slot : state.slots) {
    slot.security_version = dice.one_in(2) ? slot.security_version : dice.next() % 3;
  }
  if (state.slots.size() < 32) {
    state.slots.insert(state.slots.begin(), {"other", 1});
  }
  std::map<Sha256, manifest::KnownIssuer> issuers;
  for (manifest::KnownIssuer& one : state.crls) {
    if (dice.one_in(4)) {
      one.issuer_key[dice.below(32)] = 1;
    }
    one.number = dice.one_in(2) ? one.number : dice.next();
    one.complete = one.complete && !dice.one_in(4);
    if (!one.complete || dice.one_in(4)) {
      one.revoked.clear();
    } else if (!one.revoked.empty()) {
      one.revoked.erase(one.revoked.begin() +
                        static_cast<std::ptrdiff_t>(dice.below(one.revoked.size())));
    }
    issuers[one.issuer_key] = one;
  }
  state.crls.clear();
  for (const auto& [key, one] : issuers) {
    state.crls.push_back(one);
  }
  return state;
}

/// Lists of issuers that the states know, or of others; now and then more than there is room for.
std::vector<Learnt> make_crls(const Sources& sources, Dice& dice) {
  std::vector<Learnt> out(dice.below(EVSEAL_MAX_CRLS + 1));
  for (Learnt& crl : out) {
    const auto& known = sources.states[0].crls;
    crl.issuer_key.fill(static_cast<std::uint8_t>(dice.next()));
    if (!known.empty() && !dice.one_in(3)) {
      crl.issuer_key = known[dice.below(known.size())].issuer_key;
    }
    crl.number = dice.next();
    for (std::size_t i = dice.below(dice.one_in(100) ? 260 : 5); i > 0; --i) {
      crl.serials.insert(
          {static_cast<std::uint8_t>(1 + dice.below(90)), static_cast<std::uint8_t>(dice.next())});
    }
  }
  return out;
}

/// A profile that has all the slots but one in four, and one of its own.
manifest::Profile profile_for(const manifest::State& state, Dice& dice) {
  manifest::Profile profile;
  profile.vendor = state.vendor;
  profile.model = state.model;
  profile.stages = manifest::kStageDev;
  profile.components = {{"other", true, 2}};
  for (const manifest::Slot& slot : state.slots) {
    if (slot.id != "other" && profile.components.size() < 32 && !dice.one_in(4)) {
      profile.components.push_back({slot.id, true, 1});
    }
  }
  Bytes point(33, 0x22);
  point[0] = 0;  // no unused bits
  manifest::Role role;
  role.name = "firmware";
  role.anchors = {{kName, tlv(0x30, joined({kEd25519, tlv(0x03, point)}))}};
  role.scope.stages = manifest::kStageDev;
  profile.trust.roles = {role};
  profile.trust.firmware = {"firmware"};
  return profile;
}

evseal_state open_good(const Bytes& blob) {
  evseal_state state{};
  FUZZ_REQUIRE(evseal_state_open(&state, &kToyCrypto, span_of(blob)) == EVSEAL_OK);
  return state;
}

/// Runs a writer with a buffer of exactly `capacity` octets.
template <typename Write>
std::pair<evseal_status, Bytes> write_into(std::size_t capacity, Write write) {
  const auto exact = std::make_unique<std::uint8_t[]>(capacity);
  std::size_t len = 99;
  const evseal_status status = write(exact.get(), capacity, &len);
  FUZZ_REQUIRE(len <= capacity && (status == EVSEAL_OK) == (len > 0));
  return {status, Bytes(exact.get(), exact.get() + len)};
}

/// The writer gives this state where there is as much memory as the library asks for, and with less
/// the same or none. It may need more than it gives only where it tries a list that finds no room.
template <typename Write>
void check_written(const manifest::State& expected, std::size_t most, Write write) {
  const auto blob = manifest::encode_state(expected);
  FUZZ_REQUIRE(blob && blob->size() <= most);
  FUZZ_REQUIRE(write_into(most, write) == std::pair(EVSEAL_OK, *blob));
  const auto [status, exact] = write_into(blob->size(), write);
  const bool all_complete = std::all_of(expected.crls.begin(), expected.crls.end(),
                                        [](const auto& one) { return one.complete; });
  FUZZ_REQUIRE(status == EVSEAL_OK ? exact == *blob
                                   : status == EVSEAL_WORKSPACE_TOO_SMALL && !all_complete);
  FUZZ_REQUIRE(write_into(blob->size() - 1, write).first == EVSEAL_WORKSPACE_TOO_SMALL);
  const auto again = manifest::decode_state(*blob);
  FUZZ_REQUIRE(again && *again == expected);
}

/// What a verifier writes: from one state and the CRLs that it has seen.
void check_next(const Sources& all, const evseal_profile& profile, const evseal_state& state,
                std::size_t most) {
  Sources sources = all;
  sources.states.resize(1);
  manifest::State expected = sources.states[0];
  FUZZ_REQUIRE(write_model(expected, sources));
  std::vector<Bytes> ders;
  std::vector<evseal_crl_record> records;
  for (const Learnt& crl : sources.crls) {
    ders.push_back(crl_der(crl.serials));
  }
  for (std::size_t i = 0; i < ders.size(); ++i) {
    evseal_crl_record record = {span_of(ders[i]), sources.crls[i].number, state.vendor, {}};
    std::copy(sources.crls[i].issuer_key.begin(), sources.crls[i].issuer_key.end(),
              record.issuer_key);
    records.push_back(record);
  }
  // One whose signature did not hold: nothing is learnt from it.
  records.push_back({{}, 0x7FFFFFFF, {}, {0xFF}});
  state_sources from{};
  from.profile = &profile;
  from.vendor = state.vendor;
  from.model = state.model;
  from.counter = state.counter;
  from.time_floor = state.time_floor;
  from.trust_epoch = state.trust_epoch;
  from.trust_der = state.trust_der;
  from.states[0] = &state;
  from.num_states = 1;
  from.crls = records.data();
  from.num_crls = static_cast<unsigned>(records.size());
  check_written(expected, most, [&](std::uint8_t* out, std::size_t capacity, std::size_t* len) {
    return evseal_state_write(out, capacity, len, &kToyCrypto, &from);
  });
}

/// Two states of one device become one.
void check_join(const Sources& sources, const evseal_profile& profile, const evseal_state& a,
                const evseal_state& b, std::size_t most) {
  const auto join = [&](std::uint8_t* out, std::size_t capacity, std::size_t* len) {
    return evseal_state_join(out, capacity, len, &kToyCrypto, &profile, &a, &b);
  };
  if (a.trust_epoch != b.trust_epoch) {
    FUZZ_REQUIRE(write_into(most, join).first == EVSEAL_STATE_MISMATCH);
    return;
  }
  manifest::State expected = sources.states[0];
  Sources states = sources;
  states.crls.clear();
  if (!write_model(expected, states)) {
    FUZZ_REQUIRE(write_into(most, join).first == EVSEAL_CRL_TOO_MANY);
    return;
  }
  const std::uint32_t ahead = b.counter - a.counter;
  expected.counter = (ahead >= 1 && ahead < 0x80000000U ? b.counter : a.counter) + 1U;
  expected.time_floor = std::max(a.time_floor, b.time_floor);
  check_written(expected, most, join);
}

void check_writers(const manifest::State& model, const evseal_state& state, Dice& dice) {
  const manifest::Profile as_model = profile_for(model, dice);
  const auto profile_blob = manifest::encode_profile(as_model);
  evseal_profile profile{};
  FUZZ_REQUIRE(profile_blob &&
               evseal_profile_open(&profile, &kToyCrypto, span_of(*profile_blob)) == EVSEAL_OK);
  Sources sources;
  for (const manifest::DeviceComponent& component : as_model.components) {
    sources.slots.insert(component.id);
  }
  sources.states = {model, vary(model, dice)};
  sources.crls = make_crls(sources, dice);
  const std::size_t most = EVSEAL_STATE_SIZE_MAX(as_model.components.size(), state.trust_der.len);
  manifest::State fresh;
  fresh.vendor = model.vendor;
  fresh.model = model.model;
  check_written(fresh, most, [&](std::uint8_t* out, std::size_t capacity, std::size_t* len) {
    return evseal_state_write_initial(out, capacity, len, &kToyCrypto, &profile);
  });
  check_next(sources, profile, state, most);
  // A made-up state that its own encoder refuses is none.
  if (const auto blob = manifest::encode_state(sources.states[1]); blob) {
    const evseal_state other = open_good(*blob);
    check_join(sources, profile, state, other, most);
    sources.states[1] = model;
    check_join(sources, profile, state, state, most);
  }
}

/// What the library finds in the state is what the decoder found.
void check_lookups(const manifest::State& model, const evseal_state& state) {
  evseal_known_issuer found{};
  for (const manifest::KnownIssuer& one : model.crls) {
    FUZZ_REQUIRE(evseal_state_find_issuer(&found, &state, one.issuer_key.data()));
    FUZZ_REQUIRE(found.number == one.number && found.complete == one.complete);
    for (const Bytes& serial : one.revoked) {
      Bytes other = serial;
      other.push_back(0);
      FUZZ_REQUIRE(evseal_known_issuer_lists(&found, span_of(serial)));
      FUZZ_REQUIRE(evseal_known_issuer_lists(&found, span_of(other)) ==
                   (std::count(one.revoked.begin(), one.revoked.end(), other) > 0));
    }
  }
  FUZZ_REQUIRE(!evseal_state_issuer(&found, &state, static_cast<unsigned>(model.crls.size())));
  evseal_slot slot{};
  for (unsigned i = 0; i < model.slots.size(); ++i) {
    FUZZ_REQUIRE(evseal_state_slot(&slot, &state, i));
    FUZZ_REQUIRE(same_octets(view_of(slot.id), as_bytes(model.slots[i].id)) &&
                 slot.security_version == model.slots[i].security_version);
  }
  FUZZ_REQUIRE(state.has_trust == model.trust.has_value());
  evseal_role role{};
  for (unsigned i = 0; state.has_trust && i < model.trust->roles.size(); ++i) {
    FUZZ_REQUIRE(evseal_trust_role(&role, &state.trust, i));
    FUZZ_REQUIRE(same_octets(view_of(role.name), as_bytes(model.trust->roles[i].name)));
  }
}

void check_good(const manifest::State& model, const evseal_state& state, const Bytes& blob) {
  FUZZ_REQUIRE(state.counter == model.counter && state.time_floor == model.time_floor &&
               state.trust_epoch == model.trust_epoch);
  const auto written = manifest::encode_state(model);
  FUZZ_REQUIRE(written && *written == blob);
  check_lookups(model, state);
  Dice dice(blob.back() + blob.size() * 256);
  check_writers(model, state, dice);
  // One bit of the blob, chosen by the input: the checksum finds it.
  Bytes damaged = blob;
  damaged[state.counter % damaged.size()] ^= static_cast<std::uint8_t>(1U << dice.below(8));
  evseal_state other{};
  FUZZ_REQUIRE(evseal_state_open(&other, &kToyCrypto, span_of(damaged)) == EVSEAL_STATE_DAMAGED);
  FUZZ_REQUIRE(other.vendor.len == 0);
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size > 32768) {
    return 0;
  }
  const Bytes blob = blob_of_input('T', {data, size});
  evseal_state state;
  std::memset(&state, 0xA5, sizeof state);
  const evseal_status status = evseal_state_open(&state, &kToyCrypto, span_of(blob));
  FUZZ_REQUIRE(status == EVSEAL_OK || status == EVSEAL_STATE_DAMAGED);
  FUZZ_REQUIRE(within(state.vendor, blob) && within(state.model, blob) &&
               within(state.slots, blob) && within(state.crls, blob) &&
               within(state.trust_der, blob));
  const auto model = manifest::decode_state(blob);
  // Of a trust store the decoder, unlike docs/format.md section 9.1, also refuses a list that has a
  // name twice.
  FUZZ_REQUIRE(status != EVSEAL_OK || model || state.has_trust);
  FUZZ_REQUIRE(status != EVSEAL_STATE_DAMAGED || !model ||
               (model->trust && has_bad_anchor(*model->trust)));
  if (status == EVSEAL_OK && model) {
    check_good(*model, state, blob);
  }
  return 0;
}
