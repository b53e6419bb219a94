// Counters at their end and lists that are full: never an acceptance that should not be, and always
// a way on for the device.
#include <catch2/catch.hpp>
#include <limits>

#include "verifier.hpp"

using namespace evseal;
using namespace evseal::test;

namespace {

constexpr std::uint32_t kLastVersion = 0x7FFFFFFF;
constexpr std::uint64_t kLastNumber = std::numeric_limits<std::int64_t>::max();

// A device whose firmware role has a CRL-issuing intermediate, and an officer below the root.
struct Scenario {
  World world{"ed25519"};
  Authority root = world.root_authority();
  Authority ca = world.intermediate_authority();
  sign::Identity officer = world.leaf(root, sign::CertificateKind::trust_update, "officer");
  Sha256 ca_key = sha256(world.intermediate_key->public_key().spki);
  Bytes file;

  explicit Scenario(std::uint32_t version = 1) {
    world.set_component("rootfs", pattern(100), version);
    world.profile.limits.security_version_jump = kLastVersion;
    world.add_officers(root, {&officer}, 1);
    file = world.package();
  }
  [[nodiscard]] sign::Device with(const std::function<void(manifest::State&)>& change) const {
    sign::Device device = world.device();
    auto state = must(manifest::decode_state(device.state));
    change(state);
    device.state = must(manifest::encode_state(state));
    return device;
  }
  /// A trust-update that changes nothing but what `resets` says.
  Bytes update(const sign::Device& device, const std::optional<manifest::Resets>& resets,
               std::uint32_t epoch = 1) {
    return world.trust_update(epoch, world.profile.trust, {&officer}, device, resets);
  }
  sign::Device take(const sign::Device& device, const Bytes& package) {
    const sign::Verdict verdict = judge(world.folder, package, device);
    REQUIRE(std::string(evseal_status_name(verdict.status)) == "ok");
    return after(device, verdict);
  }
  [[nodiscard]] evseal_status says(const sign::Device& device, const Bytes& package) const {
    return judge(world.folder, package, device).status;
  }
};

manifest::State state_of(const sign::Device& device) {
  return must(manifest::decode_state(device.state));
}

Sha256 key_of(std::uint8_t octet) {
  Sha256 key{};
  key.fill(octet);
  return key;
}

// As many issuers as a state holds, none of whom is in any package.
std::vector<manifest::KnownIssuer> strangers(std::size_t count) {
  std::vector<manifest::KnownIssuer> out;
  for (std::size_t i = 0; i < count; ++i) {
    Sha256 key{};
    key[31] = static_cast<std::uint8_t>(i);  // below any hash
    out.push_back({key, 1, true, {}});
  }
  return out;
}

std::vector<Bytes> serials(std::size_t count) {
  std::vector<Bytes> out;
  for (std::size_t i = 0; i < count; ++i) {
    out.push_back({1, static_cast<std::uint8_t>(i / 256), static_cast<std::uint8_t>(i % 256)});
  }
  return out;
}

}  // namespace

TEST_CASE(
    "exhaustion: the last security version is a floor like any other, and officers lower it") {
  Scenario at_end(kLastVersion);
  const sign::Device device = at_end.take(at_end.world.device(), at_end.file);
  CHECK(state_of(device).slots == std::vector<manifest::Slot>{{"rootfs", kLastVersion}});
  CHECK(at_end.says(device, at_end.file) == EVSEAL_OK);

  Scenario low;
  const sign::Device stuck = low.with([](auto& s) { s.slots = {{"rootfs", kLastVersion}}; });
  CHECK(low.says(stuck, low.file) == EVSEAL_ROLLBACK);
  manifest::Resets resets;
  resets.security_versions = {{"rootfs", 1}};
  const sign::Device freed = low.take(stuck, low.update(stuck, resets));
  CHECK(low.says(freed, low.file) == EVSEAL_OK);
}

TEST_CASE("exhaustion: a jump is refused one above the limit and taken at it") {
  Scenario scenario(1001);
  scenario.world.profile.limits.security_version_jump = 1000;
  CHECK(scenario.says(scenario.world.device(), scenario.file) == EVSEAL_VERSION_JUMP);
  scenario.world.profile.limits.security_version_jump = 1001;
  CHECK(scenario.says(scenario.world.device(), scenario.file) == EVSEAL_OK);
  scenario.world.profile.limits.security_version_jump = kLastVersion;
  CHECK(scenario.says(scenario.world.device(), scenario.file) == EVSEAL_OK);
}

TEST_CASE("exhaustion: a CRLNumber at its limit stops no complete list, and officers forget it") {
  Scenario scenario;
  const Bytes with_list =
      resealed(scenario.file, {&scenario.world.identity}, kSigningTime, {scenario.ca.crl()});
  const auto knowing = [&](bool complete) {
    return scenario.with([&](auto& s) { s.crls = {{scenario.ca_key, kLastNumber, complete, {}}}; });
  };
  CHECK(scenario.says(knowing(true), scenario.file) == EVSEAL_OK);
  CHECK(scenario.says(knowing(true), with_list) == EVSEAL_OK);
  CHECK(state_of(scenario.take(knowing(true), with_list)).crls[0].number == kLastNumber);
  // Who knows the number alone asks for a list that nobody but its issuer can make: list 1 is old.
  const sign::Device stuck = knowing(false);
  CHECK(scenario.says(stuck, scenario.file) == EVSEAL_CRL_MISSING);
  CHECK(scenario.says(stuck, with_list) == EVSEAL_CRL_MISSING);
  manifest::Resets resets;
  resets.crls = {scenario.ca_key};
  const sign::Device freed = scenario.take(stuck, scenario.update(stuck, resets));
  CHECK(state_of(freed).crls.empty());
  CHECK(scenario.says(freed, scenario.file) == EVSEAL_OK);
  CHECK(scenario.says(freed, with_list) == EVSEAL_OK);
}

TEST_CASE(
    "exhaustion: a time floor pushed years ahead shuts firmware out until officers lower it") {
  Scenario scenario;
  const sign::Device stuck =
      scenario.with([](auto& s) { s.time_floor = kSigningTime + 86400 * 3650; });
  CHECK(scenario.says(stuck, scenario.file) == EVSEAL_EXPIRED_FLOOR);
  CHECK(scenario.says(stuck, resealed(scenario.file, {&scenario.world.identity},
                                      kSigningTime + 86400 * 3650)) == EVSEAL_EXPIRED);
  manifest::Resets resets;
  resets.time_floor = kSigningTime;
  const sign::Device freed = scenario.take(stuck, scenario.update(stuck, resets));
  CHECK(scenario.says(freed, scenario.file) == EVSEAL_OK);
}

TEST_CASE("exhaustion: at the last trust epoch firmware goes on, and a recovery begins anew") {
  Scenario scenario;
  const sign::Device before = scenario.with([](auto& s) { s.trust_epoch = kLastVersion - 1; });
  const Bytes last = scenario.update(before, {}, kLastVersion);
  const sign::Device device = scenario.take(before, last);
  CHECK(state_of(device).trust_epoch == kLastVersion);
  CHECK(scenario.says(device, scenario.file) == EVSEAL_OK);
  for (const std::uint32_t epoch : {1U, kLastVersion - 1, kLastVersion}) {
    const sign::Device taker = scenario.with([&](auto& s) { s.trust_epoch = epoch - 1; });
    CHECK(scenario.says(device, scenario.update(taker, {}, epoch)) == EVSEAL_TRUST_EPOCH);
  }

  sign::Device lost = scenario.world.device();
  lost.recovery = pattern(32);
  manifest::Resets resets;
  resets.security_versions = {{"rootfs", 1}};
  resets.time_floor = kSigningTime;
  manifest::Recipe recipe = scenario.world.recipe;
  recipe.components.clear();
  recipe.package.kind = manifest::Kind::trust_update;
  Sha256 challenge{};
  std::copy(lost.recovery.begin(), lost.recovery.end(), challenge.begin());
  recipe.compatible[0].serials = {"CP-1"};
  lost.serial = "CP-1";
  recipe.trust_update = manifest::TrustUpdate{
      1, must(manifest::encode_trust_store(scenario.world.profile.trust)), resets, challenge};
  sign::Signing signing;
  signing.identities = {&scenario.officer};
  signing.devices = {lost};
  signing.time = kSigningTime;
  const auto path = scenario.world.folder.path() / "recovery.evs";
  (void)must(sign::sign_recipe(recipe, kSigningTime - 60, signing, path));
  const Bytes recovery = must(read_small_file(path));
  sign::Device recovered = scenario.take(lost, recovery);
  CHECK(state_of(recovered).trust_epoch == 1);
  recovered.recovery.clear();
  CHECK(scenario.says(recovered, scenario.file) == EVSEAL_OK);
  CHECK(scenario.says(recovered, recovery) == EVSEAL_RECOVERY_REFUSED);

  // No refused recovery gives a state, not even of revocations: it would have no floors.
  Verifier verifier(lost);
  verifier.config().recovery = {lost.recovery.data(), lost.recovery.size()};
  REQUIRE(verifier.judge(scenario.file) != EVSEAL_OK);
  Bytes out(65536);
  std::size_t len = 1;
  for (const auto what : {EVSEAL_REMEMBER_ALL, EVSEAL_REMEMBER_REVOCATIONS}) {
    CHECK(evseal_verify_next_state(&verifier.context(), what, out.data(), out.size(), &len) ==
          EVSEAL_MISUSE);
    CHECK(len == 0);
  }
}

TEST_CASE("exhaustion: with all issuers known, a package with another one's list is refused") {
  Scenario scenario;
  const Bytes with_list = resealed(scenario.file, {&scenario.world.identity}, kSigningTime,
                                   {scenario.ca.crl({Bytes{9}})});
  const sign::Device room = scenario.with([](auto& s) { s.crls = strangers(15); });
  CHECK(state_of(scenario.take(room, with_list)).crls.size() == 16);
  const sign::Device full = scenario.with([](auto& s) { s.crls = strangers(16); });
  const sign::Verdict refused = judge(scenario.world.folder, with_list, full);
  CHECK(refused.status == EVSEAL_CRL_TOO_MANY);
  // Nothing is learnt from it, nothing is forgotten for it, and the next package is taken.
  if (!refused.state_at_once.empty()) {
    CHECK(must(manifest::decode_state(refused.state_at_once)).crls == strangers(16));
  }
  CHECK(scenario.says(full, scenario.file) == EVSEAL_OK);
  manifest::Resets resets;
  resets.crls = {strangers(1)[0].issuer_key};
  const sign::Device freed = scenario.take(full, scenario.update(full, resets));
  CHECK(state_of(freed).crls.size() == 15);
  CHECK(scenario.says(freed, with_list) == EVSEAL_OK);
}

TEST_CASE("exhaustion: a list for which there is no room must be shown from then on") {
  Scenario scenario;
  const Bytes list = scenario.ca.crl({Bytes{9}});
  const Bytes with_list = resealed(scenario.file, {&scenario.world.identity}, kSigningTime, {list});
  // An issuer of a greater key has taken all room.
  const sign::Device full = scenario.with([&](auto& s) {
    s.crls = {{key_of(0xFF), 1, true, serials(256)}};
  });
  const sign::Device device = scenario.take(full, with_list);
  const auto known = state_of(device).crls;
  REQUIRE(known.size() == 2);
  CHECK(known[0] == manifest::KnownIssuer{scenario.ca_key, 1, false, {}});
  CHECK(known[1].revoked.size() == 256);
  CHECK(scenario.says(device, scenario.file) == EVSEAL_CRL_MISSING);
  CHECK(scenario.says(device, with_list) == EVSEAL_OK);
  const Bytes next = scenario.ca.crl({World::serial(scenario.world.identity)}, list);
  CHECK(scenario.says(device, resealed(scenario.file, {&scenario.world.identity}, kSigningTime,
                                       {next})) == EVSEAL_REVOKED);
  // Of two, the one with the smaller key gives way.
  const sign::Device other = scenario.with([&](auto& s) {
    s.crls = {{key_of(0), 1, true, serials(256)}};
  });
  const auto kept = state_of(scenario.take(other, with_list)).crls;
  CHECK(kept[0] == manifest::KnownIssuer{key_of(0), 1, false, {}});
  CHECK(kept[1] == manifest::KnownIssuer{scenario.ca_key, 1, true, {Bytes{9}}});
}
