#include <catch2/catch.hpp>

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
        "89455654310d0a1a00000041"
        "303f020101020500ffffffff0c0461636d650c046163323202046955b900020102"
        "301a300b0c06726f6f746673020107300b0c0673616665747902010330003000");
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
                                                 {"/crls", json::array()},
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
  CHECK(state.time_floor == profile.time_floor);
  CHECK(state.trust_epoch == 0);
  CHECK(state.counter == 0);
  CHECK(state.slots == std::vector<Slot>{{"rootfs", 0}, {"safety", 3}});
  CHECK(verifier_on_state(*blob).value_or("ok") == "ok");
  CHECK(initial_state(Bytes(100)).error().status == "profile_damaged");
}

TEST_CASE("state: what devices have learnt is kept and shown") {
  State state = load(sample_state()).value();
  CrlEntry crl;
  crl.issuer_key.fill(0x11);
  crl.number = INT64_MAX;
  state.crls.push_back(crl);
  RevokedCertificate revoked;
  revoked.issuer_key.fill(0x22);
  revoked.serial = Bytes(20, 0xEE);
  state.revoked.push_back(revoked);
  state.trust = sample().trust;
  const auto blob = encode_state(state);
  REQUIRE(blob.ok());
  CHECK(*decode_state(*blob) == state);
  const json shown = state_to_json(state);
  CHECK(shown["crls"][0]["number"] == INT64_MAX);
  CHECK(shown["revoked"][0]["serial"] == to_hex(Bytes(20, 0xEE)));
  CHECK(shown["trust"]["roles"].size() == 3);
  state.revoked.assign(257, revoked);
  CHECK(encode_state(state).error().status == "state_damaged");
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
  CHECK(verdict("3018 020101 020100 0c0176 0c016d 020100 020100 3000 3000 3000") == "ok");
  for (const char* bad : {
           // the length in two octets, in three, indefinite
           "308118 020101 020100 0c0176 0c016d 020100 020100 3000 3000 3000",
           "30820018 020101 020100 0c0176 0c016d 020100 020100 3000 3000 3000",
           "3080 020101 020100 0c0176 0c016d 020100 020100 3000 3000 3000 0000",
           // the length of a text in two octets
           "3019 020101 020100 0c810176 0c016d 020100 020100 3000 3000 3000",
           // an INTEGER with padding, negative, without octets, of 2^64
           "3019 02020001 020100 0c0176 0c016d 020100 020100 3000 3000 3000",
           "3018 020101 020180 0c0176 0c016d 020100 020100 3000 3000 3000",
           "3017 020101 0200 0c0176 0c016d 020100 020100 3000 3000 3000",
           "3020 020101 0209010000000000000000 0c0176 0c016d 020100 020100 3000 3000 3000",
           // a PrintableString, version 2
           "3018 020101 020100 130176 0c016d 020100 020100 3000 3000 3000",
           "3018 020102 020100 0c0176 0c016d 020100 020100 3000 3000 3000",
           // an element too many, inside and behind; one too few
           "301a 020101 020100 0c0176 0c016d 020100 020100 3000 3000 3000 0500",
           "3018 020101 020100 0c0176 0c016d 020100 020100 3000 3000 3000 0500",
           "3016 020101 020100 0c0176 0c016d 020100 020100 3000 3000",
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
