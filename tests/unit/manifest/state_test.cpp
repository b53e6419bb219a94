#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "certificates.hpp"
#include "evseal/manifest/device.hpp"
#include "fixtures.hpp"
#include "verifier.hpp"

namespace {

using namespace evseal;
using namespace evseal::manifest;
using namespace evseal::manifest::testing;
using nlohmann::json;

json sample_state() {
  return json::parse(
      R"({"state":1,"vendor":"acme","model":"ac22","time_floor":"2026-01-01T00:00:00Z",
    "trust_epoch":2,"security_versions":{"safety":3,"rootfs":7},"counter":4294967295})");
}

Result<State> load(const json& value) {
  const TemporaryFolder folder;
  return load_state(folder.write("state.json", value.dump()));
}

Profile sample() {
  return load_profile(certificates().write("device.json", sample_profile().dump())).value();
}

TEST_CASE("state: JSON becomes these bytes and comes back") {
  const auto state = load(sample_state());
  REQUIRE(state.ok());
  const auto blob = encode_state(*state);
  REQUIRE(blob.ok());
  CHECK(to_hex(ByteView(*blob).first(blob->size() - 32)) ==
        "89455654310d0a1a0000003f"
        "303d020101020500ffffffff0c0461636d650c046163323202046955b900020102"
        "301a300b0c06726f6f746673020107300b0c067361666574790201033000");
  CHECK(*decode_state(*blob) == *state);
  CHECK(verifier_on_state(*blob).value_or("ok") == "ok");
  CHECK(state_to_json(*state) == sample_state());
}

TEST_CASE("state: what breaks the rules is refused") {
  for (const auto& [pointer, value] :
       std::vector<std::pair<const char*, json>>{{"/state", 2},
                                                 {"/vendor", "A"},
                                                 {"/time_floor", "1969-01-01T00:00:00Z"},
                                                 {"/trust_epoch", 2147483648U},
                                                 {"/counter", 4294967296U},
                                                 {"/counter", -1},
                                                 {"/security_versions", json::array()},
                                                 {"/security_versions/safety", 2147483648U},
                                                 {"/security_versions/Bad", 1},
                                                 {"/crls", 5},
                                                 {"/trust", json::object()},
                                                 {"/security_version", 1}}) {
    CAPTURE(pointer);
    json changed = sample_state();
    changed[json::json_pointer(pointer)] = value;
    const auto state = load(changed);
    REQUIRE_FALSE(state.ok());
    CHECK(state.error().code == ErrorCode::usage);
  }
  json changed = sample_state();
  changed["security_version"] = 1;
  CHECK(load(changed).error().hint == "did you mean \"security_versions\"?");
  changed = sample_state();
  for (int i = 0; i < 31; ++i) {
    changed["security_versions"]["c" + std::to_string(i)] = 1;
  }
  CHECK_FALSE(load(changed).ok());  // 33 slots
}

TEST_CASE("state: the optional members have the values of a new device") {
  const auto state = load(json{{"state", 1}, {"vendor", "v"}, {"model", "m"}});
  REQUIRE(state.ok());
  CHECK(state->counter == 0);
  CHECK(state->time_floor == 0);
  CHECK(state->trust_epoch == 0);
  CHECK(state->slots.empty());
}

TEST_CASE("state: a new device's follows from its profile") {
  const Profile profile = sample();
  const auto blob = initial_state(encode_profile(profile).value());
  REQUIRE(blob.ok());
  const State state = decode_state(*blob).value();
  CHECK(state.vendor == "acme");
  CHECK(state.model == "ac22");
  CHECK(state.time_floor == 0);  // it has learnt nothing: the profile's own floors hold
  CHECK(state.trust_epoch == 0);
  CHECK(state.counter == 0);
  CHECK(state.slots.empty());
  CHECK(verifier_on_state(*blob).value_or("ok") == "ok");
  CHECK(initial_state(Bytes(100)).error().status == "profile_damaged");
}

TEST_CASE("state: what devices have learnt is kept and shown") {
  State state = load(sample_state()).value();
  KnownIssuer first;
  first.issuer_key.fill(0x11);
  first.number = INT64_MAX;
  first.complete = false;
  KnownIssuer second;
  second.issuer_key.fill(0x22);
  second.revoked = {Bytes{0x7F}, Bytes{0x00, 0x80}, Bytes(20, 0x5E)};
  state.crls = {first, second};
  state.trust = sample().trust;
  const auto blob = encode_state(state);
  REQUIRE(blob.ok());
  CHECK(*decode_state(*blob) == state);
  CHECK(verifier_on_state(*blob).value_or("ok") == "ok");
  const json shown = state_to_json(state);
  CHECK(shown["crls"][0]["number"] == INT64_MAX);
  CHECK(shown["crls"][1]["revoked"][2] == to_hex(Bytes(20, 0x5E)));
  CHECK(shown["trust"]["roles"].size() == 3);
  CHECK(*load(shown) == state);
}

TEST_CASE("state: lists of revocations have one form") {
  const State good = [] {
    State state = load(sample_state()).value();
    state.crls.resize(2);
    state.crls[1].issuer_key.fill(0x22);
    state.crls[1].revoked = {Bytes{1}, Bytes{2}};
    return state;
  }();
  REQUIRE(encode_state(good).ok());
  const auto refuses = [&](auto change) {
    State bad = good;
    change(bad.crls);
    return encode_state(bad).error().status == "state_damaged";
  };
  using Issuers = std::vector<KnownIssuer>;
  CHECK(refuses([](Issuers& crls) { std::swap(crls[0], crls[1]); }));
  CHECK(refuses([](Issuers& crls) { crls[0] = crls[1]; }));
  CHECK(refuses([](Issuers& crls) { crls[1].complete = false; }));
  CHECK(refuses([](Issuers& crls) { crls[1].number = std::uint64_t{1} << 63U; }));
  CHECK(refuses([](Issuers& crls) { crls[1].revoked = {Bytes{2}, Bytes{1}}; }));
  CHECK(refuses([](Issuers& crls) { crls[1].revoked = {Bytes{1}, Bytes{1}}; }));
  CHECK(refuses([](Issuers& crls) { crls[1].revoked = {Bytes{1, 2}, Bytes{3}}; }));
  CHECK(refuses([](Issuers& crls) { crls[1].revoked = {Bytes{0, 1}}; }));
  CHECK(refuses([](Issuers& crls) { crls[1].revoked = {Bytes{}}; }));
  CHECK(refuses([](Issuers& crls) { crls[1].revoked = {Bytes(22, 1)}; }));
  const auto many = [](unsigned count, unsigned above) {
    std::vector<Bytes> serials;
    for (unsigned i = 0; i < count; ++i) {
      const unsigned value = 256 + above + i;  // two octets each, in ascending order
      serials.push_back(
          Bytes{static_cast<std::uint8_t>(value >> 8U), static_cast<std::uint8_t>(value)});
    }
    return serials;
  };
  State full = good;
  full.crls[0].revoked = many(100, 0);
  full.crls[1].revoked = many(156, 0);
  CHECK(encode_state(full).ok());
  full.crls[1].revoked = many(157, 0);
  CHECK_FALSE(encode_state(full).ok());
  full.crls.assign(17, KnownIssuer{});
  for (std::size_t i = 0; i < full.crls.size(); ++i) {
    full.crls[i].issuer_key.fill(static_cast<std::uint8_t>(i));
  }
  CHECK_FALSE(encode_state(full).ok());
  full.crls.pop_back();
  CHECK(encode_state(full).ok());
}

TEST_CASE("state: damage is found, by the checksum or under a good one") {
  State state = load(sample_state()).value();
  const Bytes blob = encode_state(state).value();
  for (std::size_t i = 0; i < blob.size(); ++i) {
    CHECK_FALSE(decode_state(ByteView(blob).first(i)).ok());
    Bytes flipped = blob;
    flipped[i] ^= static_cast<std::uint8_t>(1U << (i % 8));
    CHECK(decode_state(flipped).error().status == "state_damaged");
  }
  for (std::size_t i = 12; i < blob.size() - 32; ++i) {
    for (unsigned change = 1; change < 256; ++change) {
      Bytes changed(blob.begin(), blob.end() - 32);
      changed[i] = static_cast<std::uint8_t>(changed[i] ^ change);
      const Sha256 checksum = sha256(changed);
      changed.insert(changed.end(), checksum.begin(), checksum.end());
      const auto decoded = decode_state(changed);
      if (decoded) {
        CHECK(encode_state(*decoded).value() == changed);
      }
      const std::string status = decoded ? "ok" : "state_damaged";
      CHECK(verifier_on_state(changed).value_or(status) == status);
    }
  }
}

// The blob of DER that is given as hexadecimal text, with spaces.
Bytes framed(std::string der_hex) {
  std::erase(der_hex, ' ');
  const Bytes der = from_hex(der_hex).value();
  Bytes blob = from_hex("89455654310d0a1a000000").value();
  blob.push_back(static_cast<std::uint8_t>(der.size()));
  blob.insert(blob.end(), der.begin(), der.end());
  const Sha256 checksum = sha256(blob);
  blob.insert(blob.end(), checksum.begin(), checksum.end());
  return blob;
}

TEST_CASE("state: DER has one way to write each value") {
  const auto verdict = [](const std::string& der_hex) {
    const Bytes blob = framed(der_hex);
    const auto state = decode_state(blob);
    const std::string status = state ? "ok" : state.error().status;
    CHECK(verifier_on_state(blob).value_or(status) == status);
    return status;
  };
  CHECK(verdict("3016 020101 020100 0c0176 0c016d 020100 020100 3000 3000") == "ok");
  for (const char* bad : {
           // the length in two octets, in three, indefinite
           "308116 020101 020100 0c0176 0c016d 020100 020100 3000 3000",
           "30820016 020101 020100 0c0176 0c016d 020100 020100 3000 3000",
           "3080 020101 020100 0c0176 0c016d 020100 020100 3000 3000 0000",
           // the length of a text in two octets
           "3017 020101 020100 0c810176 0c016d 020100 020100 3000 3000",
           // an INTEGER with padding, negative, without octets, of 2^64
           "3017 02020001 020100 0c0176 0c016d 020100 020100 3000 3000",
           "3016 020101 020180 0c0176 0c016d 020100 020100 3000 3000",
           "3015 020101 0200 0c0176 0c016d 020100 020100 3000 3000",
           "301e 020101 0209010000000000000000 0c0176 0c016d 020100 020100 3000 3000",
           // a PrintableString, version 2
           "3016 020101 020100 130176 0c016d 020100 020100 3000 3000",
           "3016 020102 020100 0c0176 0c016d 020100 020100 3000 3000",
           // an element too many, inside and behind; one too few
           "3018 020101 020100 0c0176 0c016d 020100 020100 3000 3000 0500",
           "3016 020101 020100 0c0176 0c016d 020100 020100 3000 3000 0500",
           "3014 020101 020100 0c0176 0c016d 020100 020100 3000",
       }) {
    CAPTURE(bad);
    CHECK(verdict(bad) == "state_damaged");
  }
}

TEST_CASE("state: files of either form become the blob") {
  const TemporaryFolder folder;
  const Bytes blob = encode_state(load(sample_state()).value()).value();
  CHECK(load_state_blob(folder.write("s.json", sample_state().dump())).value() == blob);
  CHECK(load_state_blob(folder.write("s.evt", blob)).value() == blob);
  Bytes damaged = blob;
  damaged.back() ^= 1;
  const auto refused = load_state_blob(folder.write("d.evt", damaged));
  CHECK(refused.error().status == "state_damaged");
  CHECK(refused.error().what.find("d.evt") != std::string::npos);
}

}  // namespace
