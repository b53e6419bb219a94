// What a device remembers: the next state after a verdict, and two states joined.
#include <catch2/catch.hpp>

#include "verifier.hpp"

using namespace evseal;
using namespace evseal::test;

namespace {

Sha256 key_of(std::uint8_t octet) {
  Sha256 key{};
  key.fill(octet);
  return key;
}

// `count` serial numbers, ascending.
std::vector<Bytes> serials(std::size_t count, std::uint8_t first = 1) {
  std::vector<Bytes> out;
  for (std::size_t i = 0; i < count; ++i) {
    out.push_back({first, static_cast<std::uint8_t>(i / 256), static_cast<std::uint8_t>(i % 256)});
  }
  return out;
}

struct Next {
  evseal_status status = EVSEAL_PENDING;
  Bytes blob;
};

Next next_state(Verifier& verifier, evseal_remember what, std::size_t capacity = 65536) {
  Next out;
  out.blob.resize(capacity + 1, 0xEE);
  std::size_t len = 1;
  out.status = evseal_verify_next_state(&verifier.context(), what, out.blob.data(), capacity, &len);
  CHECK(out.blob.back() == 0xEE);
  CHECK((out.status == EVSEAL_OK) == (len != 0));
  out.blob.resize(len);
  return out;
}

// Two states of one device, as the library reads them.
struct Pair {
  World world{"ed25519"};
  manifest::State a;
  manifest::State b;
  evseal_status status = EVSEAL_PENDING;

  Pair() {
    world.set_component("bootloader", pattern(10));
    world.set_component("rootfs", pattern(10));
    a.vendor = b.vendor = world.profile.vendor;
    a.model = b.model = world.profile.model;
  }
  Bytes joined(std::size_t capacity = 65536) {
    const sign::Device device = world.device();
    const Bytes first = must(manifest::encode_state(a));
    const Bytes second = must(manifest::encode_state(b));
    const evseal_crypto* crypto = &evseal_crypto_openssl;
    evseal_profile profile{};
    evseal_state x{};
    evseal_state y{};
    const evseal_span profile_span = {device.profile.data(), device.profile.size()};
    REQUIRE(evseal_profile_open(&profile, crypto, profile_span) == EVSEAL_OK);
    REQUIRE(evseal_state_open(&x, crypto, {first.data(), first.size()}) == EVSEAL_OK);
    REQUIRE(evseal_state_open(&y, crypto, {second.data(), second.size()}) == EVSEAL_OK);
    Bytes out(capacity + 1, 0xEE);
    std::size_t len = 1;
    status = evseal_state_join(out.data(), capacity, &len, crypto, &profile, &x, &y);
    CHECK(out.back() == 0xEE);
    CHECK((status == EVSEAL_OK) == (len != 0));
    out.resize(len);
    return out;
  }
  manifest::State join() {
    const Bytes blob = joined();
    REQUIRE(status == EVSEAL_OK);
    return must(manifest::decode_state(blob));
  }
};

}  // namespace

TEST_CASE("next state: only after a verdict, and everything only after acceptance") {
  World world("ed25519");
  world.set_component("rootfs", pattern(100));
  const Bytes file = world.package();
  Bytes damaged = file;
  damaged.back() ^= 1;
  Verifier verifier(world.device());
  const auto status_of = [&](evseal_remember what) { return next_state(verifier, what).status; };

  CHECK(status_of(EVSEAL_REMEMBER_REVOCATIONS) == EVSEAL_MISUSE);  // no init yet
  verifier.config().crypto = nullptr;
  CHECK(verifier.judge(file) == EVSEAL_MISUSE);
  CHECK(status_of(EVSEAL_REMEMBER_REVOCATIONS) == EVSEAL_MISUSE);  // init failed
  verifier.config().crypto = &evseal_crypto_openssl;
  REQUIRE(verifier.start() == EVSEAL_PENDING);
  CHECK(status_of(EVSEAL_REMEMBER_ALL) == EVSEAL_MISUSE);
  REQUIRE(verifier.judge(damaged) == EVSEAL_CHUNK_DIGEST);
  CHECK(status_of(EVSEAL_REMEMBER_ALL) == EVSEAL_MISUSE);
  CHECK(status_of(EVSEAL_REMEMBER_REVOCATIONS) == EVSEAL_OK);
  REQUIRE(verifier.judge(file) == EVSEAL_OK);
  CHECK(status_of(EVSEAL_REMEMBER_ALL) == EVSEAL_OK);
  CHECK(status_of(static_cast<evseal_remember>(0)) == EVSEAL_MISUSE);
  CHECK(status_of(static_cast<evseal_remember>(EVSEAL_REMEMBER_ALL ^ 1)) == EVSEAL_MISUSE);
}

TEST_CASE("next state: each capacity that is too small is said, and nothing is written behind it") {
  World world("ed25519");
  world.set_component("rootfs", pattern(100), 3);
  world.crls = {world.root_authority().crl({Bytes{5}}), world.intermediate_authority().crl()};
  const Bytes file = world.package();
  Verifier verifier(world.device());
  REQUIRE(verifier.judge(file) == EVSEAL_OK);
  const Next whole = next_state(verifier, EVSEAL_REMEMBER_ALL);
  REQUIRE(whole.status == EVSEAL_OK);
  for (std::size_t capacity = 0; capacity < whole.blob.size(); ++capacity) {
    const Next cut = next_state(verifier, EVSEAL_REMEMBER_ALL, capacity);
    REQUIRE(cut.status == EVSEAL_WORKSPACE_TOO_SMALL);
  }
  CHECK(next_state(verifier, EVSEAL_REMEMBER_ALL, whole.blob.size()).blob == whole.blob);
  std::size_t len = 1;
  CHECK(evseal_verify_next_state(&verifier.context(), EVSEAL_REMEMBER_ALL, nullptr, 65536, &len) ==
        EVSEAL_WORKSPACE_TOO_SMALL);
  CHECK(len == 0);
}

TEST_CASE("next state: a skipped component moves no floor, and an unknown slot is dropped") {
  World world("ed25519");
  world.set_component("bootloader", pattern(100), 4);
  world.set_component("rootfs", pattern(100), 5);
  world.profile.components[0].needed = false;
  world.profile.components[1].needed = false;
  const Bytes file = world.package();
  sign::Device device = world.device();
  auto state = must(manifest::decode_state(device.state));
  state.slots = {{"former", 9}, {"rootfs", 2}};
  device.state = must(manifest::encode_state(state));
  Verifier verifier(device);
  REQUIRE(verifier.judge(file) == EVSEAL_OK);
  const auto all = must(manifest::decode_state(next_state(verifier, EVSEAL_REMEMBER_ALL).blob));
  CHECK(all.slots == std::vector<manifest::Slot>{{"bootloader", 4}, {"rootfs", 5}});
  verifier.component_answer = EVSEAL_SKIP;
  REQUIRE(verifier.judge(file) == EVSEAL_OK);
  const auto none = must(manifest::decode_state(next_state(verifier, EVSEAL_REMEMBER_ALL).blob));
  CHECK(none.slots == std::vector<manifest::Slot>{{"rootfs", 2}});
}

TEST_CASE("join: states of two devices, or of two epochs, are not one") {
  Pair pair;
  pair.b.vendor = "other";
  (void)pair.joined();
  CHECK(pair.status == EVSEAL_STATE_MISMATCH);
  pair.b.vendor = pair.a.vendor;
  pair.b.model = "ac23";
  (void)pair.joined();
  CHECK(pair.status == EVSEAL_STATE_MISMATCH);
  pair.b.model = pair.a.model;
  pair.b.trust_epoch = 1;
  (void)pair.joined();
  CHECK(pair.status == EVSEAL_STATE_MISMATCH);
  pair.a.trust_epoch = 1;
  (void)pair.joined();
  CHECK(pair.status == EVSEAL_OK);
}

TEST_CASE("join: the counter goes on from the newer one, over the end of 32 bits too") {
  Pair pair;
  pair.a.counter = 7;
  pair.b.counter = 9;
  CHECK(pair.join().counter == 10);
  std::swap(pair.a, pair.b);
  CHECK(pair.join().counter == 10);
  pair.a.counter = 0xFFFFFFFF;
  pair.b.counter = 0;
  CHECK(pair.join().counter == 1);
  pair.b.counter = 0xFFFFFFFE;
  CHECK(pair.join().counter == 0);
}

TEST_CASE("join: every floor is the higher one, in whichever state it stands") {
  Pair pair;
  pair.a.time_floor = 5;
  pair.b.time_floor = 6;
  pair.a.slots = {{"bootloader", 3}, {"former", 8}, {"rootfs", 1}};
  pair.b.slots = {{"rootfs", 2}};
  const auto expected = std::vector<manifest::Slot>{{"bootloader", 3}, {"rootfs", 2}};
  CHECK(pair.join().time_floor == 6);
  CHECK(pair.join().slots == expected);
  std::swap(pair.a, pair.b);
  CHECK(pair.join().time_floor == 6);
  CHECK(pair.join().slots == expected);
}

TEST_CASE("join: revocations are put together, and what one state does not know stays unknown") {
  Pair pair;
  pair.a.crls = {{key_of(1), 5, true, {Bytes{1}, Bytes{3}, Bytes{1, 1}}},
                 {key_of(2), 9, false, {}},
                 {key_of(3), 1, true, {Bytes{7}}}};
  pair.b.crls = {{key_of(1), 4, true, {Bytes{2}, Bytes{3}}}, {key_of(2), 8, true, {Bytes{4}}}};
  const std::vector<manifest::KnownIssuer> expected = {
      {key_of(1), 5, true, {Bytes{1}, Bytes{2}, Bytes{3}, Bytes{1, 1}}},
      {key_of(2), 9, false, {}},
      {key_of(3), 1, true, {Bytes{7}}}};
  CHECK(pair.join().crls == expected);
  std::swap(pair.a, pair.b);
  CHECK(pair.join().crls == expected);
}

TEST_CASE("join: as many issuers as there is room for, and one more") {
  Pair pair;
  for (std::uint8_t i = 0; i < 16; ++i) {
    (i % 2 == 0 ? pair.a : pair.b).crls.push_back({key_of(i), i, true, {}});
  }
  CHECK(pair.join().crls.size() == 16);
  pair.a.crls.push_back({key_of(200), 1, true, {}});
  CHECK(pair.joined().empty());
  CHECK(pair.status == EVSEAL_CRL_TOO_MANY);
}

TEST_CASE(
    "join: as many serial numbers as there is room for; one more, and an issuer must be shown") {
  Pair pair;
  pair.a.crls = {{key_of(1), 5, true, serials(128, 1)}};
  pair.b.crls = {{key_of(2), 6, true, serials(128, 1)}};
  CHECK(pair.join().crls ==
        std::vector<manifest::KnownIssuer>{{key_of(1), 5, true, serials(128, 1)},
                                           {key_of(2), 6, true, serials(128, 1)}});
  pair.a.crls[0].revoked = serials(129, 1);
  // Room is given from the greatest key down: the other one keeps its list.
  CHECK(pair.join().crls == std::vector<manifest::KnownIssuer>{
                                {key_of(1), 5, false, {}}, {key_of(2), 6, true, serials(128, 1)}});
}

TEST_CASE("join: each capacity that is too small is said") {
  Pair pair;
  pair.a.slots = {{"rootfs", 2}};
  const Bytes whole = pair.joined();
  for (std::size_t capacity = 0; capacity < whole.size(); ++capacity) {
    CHECK(pair.joined(capacity).empty());
    REQUIRE(pair.status == EVSEAL_WORKSPACE_TOO_SMALL);
  }
  CHECK(pair.joined(whole.size()) == whole);
}

TEST_CASE("learnt: a list says something new by its number or by an entry, or nothing") {
  World world("ed25519");
  world.set_component("rootfs", pattern(100));
  const Bytes file = world.package();
  const Bytes list = world.intermediate_authority().crl({Bytes{9}});
  const Bytes with_list = resealed(file, {&world.identity}, kSigningTime, {list});
  const Sha256 key = sha256(world.intermediate_key->public_key().spki);
  const auto learns = [&](const std::vector<manifest::KnownIssuer>& known, evseal_status expected) {
    sign::Device device = world.device();
    auto state = must(manifest::decode_state(device.state));
    state.crls = known;
    device.state = must(manifest::encode_state(state));
    Verifier verifier(device);
    CHECK(verifier.judge(with_list) == expected);
    return verifier.report.learnt;
  };
  CHECK(learns({}, EVSEAL_OK));
  CHECK(learns({{key, 0, true, {}}}, EVSEAL_OK));
  CHECK(learns({{key, 1, true, {}}}, EVSEAL_OK));
  CHECK_FALSE(learns({{key, 1, true, {Bytes{9}}}}, EVSEAL_OK));
  CHECK_FALSE(learns({{key, 5, true, {Bytes{8}, Bytes{9}}}}, EVSEAL_OK));
  CHECK(learns({{key, 5, true, {Bytes{8}}}}, EVSEAL_OK));
  CHECK_FALSE(learns({{key, 1, false, {}}}, EVSEAL_OK));
  CHECK_FALSE(learns({{key, 5, false, {}}}, EVSEAL_CRL_MISSING));
}

TEST_CASE("crl: an older list than the device has seen still meets what the manifest names") {
  World world("ed25519");
  world.set_component("rootfs", pattern(100));
  world.crls = {world.intermediate_authority().crl()};
  const Bytes file = world.package();
  sign::Device device = world.device();
  auto state = must(manifest::decode_state(device.state));
  state.crls = {{sha256(world.intermediate_key->public_key().spki), 5, true, {}}};
  device.state = must(manifest::encode_state(state));
  CHECK(Verifier(device).judge(file) == EVSEAL_OK);
  CHECK(Verifier(device).judge(resealed(file, {&world.identity}, kSigningTime)) == EVSEAL_OK);
}
