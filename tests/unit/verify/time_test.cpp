// Time on devices that may have no clock (docs/format.md section 9.3, rule 9).
#include "evseal/base/time.hpp"

#include <catch2/catch.hpp>
#include <limits>

#include "verifier.hpp"

using namespace evseal;
using namespace evseal::test;

namespace {

constexpr std::int64_t kDay = 86400;
constexpr std::int64_t kNotBefore = kSigningTime - kDay;  // of every certificate of a World
constexpr std::int64_t kNotAfter = kSigningTime + 365 * kDay;
constexpr std::int64_t kFirst = std::numeric_limits<std::int64_t>::min();
constexpr std::int64_t kLast = std::numeric_limits<std::int64_t>::max();

sign::Device with_floor(const World& world, std::int64_t floor) {
  sign::Device device = world.device();
  auto state = must(manifest::decode_state(device.state));
  state.time_floor = floor;
  device.state = must(manifest::encode_state(state));
  return device;
}

evseal_status judge_at(const sign::Device& device, const Bytes& file, std::int64_t now) {
  Verifier verifier(device);
  verifier.config().now_known = true;
  verifier.config().now = now;
  return verifier.judge(file);
}

evseal_status judge_by(const sign::Device& device, const Bytes& file) {
  return Verifier(device).judge(file);
}

std::int64_t floor_after(const sign::Device& device, const Bytes& file) {
  Verifier verifier(device);
  REQUIRE(verifier.judge(file) == EVSEAL_OK);
  return verifier.report.time_floor;
}

// A world with two officers, either of whom may sign a trust-update that sets the floor.
struct Officers {
  World world{"ed25519"};
  sign::Identity officer =
      world.leaf(world.root_authority(), sign::CertificateKind::trust_update, "officer");

  Officers() {
    world.set_component("rootfs", pattern(100));
    world.add_officers(world.root_authority(), {&officer}, 1);
  }
  Bytes update(std::int64_t floor, const sign::Device& device) {
    manifest::Resets resets;
    resets.time_floor = floor;
    return world.trust_update(1, world.profile.trust, {&officer}, device, resets);
  }
};

}  // namespace

TEST_CASE("time: without a trusted clock it means nothing what time the caller says") {
  World world("ed25519");
  world.set_component("rootfs", pattern(100));
  const Bytes file = world.package();
  for (const std::int64_t now : {kFirst, std::int64_t{0}, kSigningTime, kNotAfter + 1, kLast}) {
    INFO(now);
    CHECK(judge_at(world.device(), file, now) == EVSEAL_OK);
  }
}

TEST_CASE("time: a trusted clock in 1970 or far ahead is refused, and at the edges it is not") {
  World world("ed25519");
  world.set_component("rootfs", pattern(100));
  const Bytes file = world.package();
  world.profile.trusted_clock = true;
  const std::pair<std::int64_t, evseal_status> cases[] = {{kFirst, EVSEAL_CLOCK_BEFORE},
                                                          {0, EVSEAL_CLOCK_BEFORE},
                                                          {kNotBefore - 1, EVSEAL_CLOCK_BEFORE},
                                                          {kNotBefore, EVSEAL_OK},
                                                          {kNotAfter, EVSEAL_OK},
                                                          {kNotAfter + 1, EVSEAL_CLOCK_AFTER},
                                                          {kLast, EVSEAL_CLOCK_AFTER}};
  for (const auto& [now, expected] : cases) {
    INFO(now);
    CHECK(judge_at(world.device(), file, now) == expected);
  }
}

TEST_CASE("time: a certificate counts only where it was valid when it signed") {
  World world("ed25519");
  world.set_component("rootfs", pattern(100));
  const Bytes file = world.package();
  const std::pair<std::int64_t, evseal_status> cases[] = {
      {0, EVSEAL_NOT_YET_VALID},       {kNotBefore - 1, EVSEAL_NOT_YET_VALID},
      {kNotBefore, EVSEAL_OK},         {kNotAfter, EVSEAL_OK},
      {kNotAfter + 1, EVSEAL_EXPIRED}, {manifest::kMaxTime, EVSEAL_EXPIRED}};
  for (const auto& [time, expected] : cases) {
    INFO(time);
    const Bytes made = resealed(file, {&world.identity}, time);
    CHECK(judge_by(world.device(), made) == expected);
    // A time far ahead that is refused moves no floor.
    Verifier verifier(world.device());
    (void)verifier.judge(made);
    CHECK(verifier.report.time_floor <= EVSEAL_TIME_FLOOR_STEP);
  }
}

TEST_CASE("time: a signer whose certificate had run out is left out, the others still count") {
  World world("ed25519");
  world.set_component("rootfs", pattern(100));
  world.profile.time_floor = kSigningTime;
  sign::Identity brief =
      world.leaf(world.intermediate_authority(), sign::CertificateKind::firmware, "brief", 10);
  const Bytes file = world.package();
  Verifier verifier(world.device());
  REQUIRE(verifier.judge(resealed(file, {&world.identity, &brief}, kSigningTime + 5 * kDay)) ==
          EVSEAL_OK);
  CHECK(verifier.report.signers[0].status == EVSEAL_OK);
  CHECK(verifier.report.signers[1].status == EVSEAL_OK);
  CHECK(verifier.report.time_floor == kSigningTime + 5 * kDay);
  REQUIRE(verifier.judge(resealed(file, {&world.identity, &brief}, kSigningTime + 20 * kDay)) ==
          EVSEAL_OK);
  CHECK((verifier.report.signers[0].status == EVSEAL_EXPIRED) !=
        (verifier.report.signers[1].status == EVSEAL_EXPIRED));
  CHECK(verifier.report.time_floor == kSigningTime + 20 * kDay);
  CHECK(verifier.judge(resealed(file, {&brief}, kSigningTime + 20 * kDay)) == EVSEAL_EXPIRED);
  CHECK(verifier.report.time_floor == kSigningTime);
}

TEST_CASE(
    "time: a floor behind the end of a certificate shuts it out, the profile's as the state's") {
  World world("ed25519");
  world.set_component("rootfs", pattern(100));
  const Bytes file = world.package();
  CHECK(judge_by(with_floor(world, kNotAfter), file) == EVSEAL_OK);
  CHECK(judge_by(with_floor(world, kNotAfter + 1), file) == EVSEAL_EXPIRED_FLOOR);
  CHECK(judge_by(with_floor(world, manifest::kMaxTime), file) == EVSEAL_EXPIRED_FLOOR);
  world.profile.time_floor = kNotAfter;
  CHECK(judge_by(world.device(), file) == EVSEAL_OK);
  world.profile.time_floor = kNotAfter + 1;
  CHECK(judge_by(world.device(), file) == EVSEAL_EXPIRED_FLOOR);
}

TEST_CASE("time: last month's package again is accepted, and takes no floor back") {
  World world("ed25519");
  world.set_component("rootfs", pattern(100));
  world.profile.time_floor = kSigningTime - 2 * kDay;
  sign::Identity brief =
      world.leaf(world.intermediate_authority(), sign::CertificateKind::firmware, "brief", 10);
  const Bytes old = world.package();
  const Bytes by_brief = resealed(old, {&brief}, kSigningTime);
  world.signing_time += 30 * kDay;
  const Bytes newer = world.package();
  const sign::Verdict taken = judge(world.folder, newer, world.device());
  REQUIRE(taken.accepted());
  const sign::Device device = after(world.device(), taken);
  CHECK(must(manifest::decode_state(device.state)).time_floor == kSigningTime + 30 * kDay);
  CHECK(floor_after(device, old) == kSigningTime + 30 * kDay);
  // What was signed with a certificate that has run out since then is not.
  CHECK(judge_by(world.device(), by_brief) == EVSEAL_OK);
  CHECK(judge_by(device, by_brief) == EVSEAL_EXPIRED_FLOOR);
}

TEST_CASE(
    "time: what a trust-update sets the floor to holds, down or up, but not below the profile's") {
  Officers some;
  World& world = some.world;
  const Bytes firmware = world.package();
  const sign::Device pushed = with_floor(world, manifest::kMaxTime);
  CHECK(judge_by(pushed, firmware) == EVSEAL_EXPIRED_FLOOR);
  CHECK(floor_after(pushed, some.update(5, pushed)) == 5);
  CHECK(floor_after(pushed, some.update(kNotAfter, pushed)) == kNotAfter);
  CHECK(floor_after(world.device(), some.update(kNotAfter, world.device())) == kNotAfter);

  world.profile.time_floor = kSigningTime;
  const sign::Device later = with_floor(world, manifest::kMaxTime);
  CHECK(floor_after(later, some.update(5, later)) == kSigningTime);
  // The floor holds for the officers themselves: none can set one that shuts out everybody.
  world.profile.time_floor = 0;
  const Bytes fine = some.update(kNotAfter, world.device());
  std::string text(as_text(manifest_of(fine)));
  const std::string floor = to_rfc3339(kNotAfter);
  REQUIRE(text.find(floor) != std::string::npos);
  text.replace(text.find(floor), floor.size(), to_rfc3339(kNotAfter + 1));
  const Bytes too_far(text.begin(), text.end());
  CHECK(judge_by(world.device(), resealed(fine, {&some.officer}, kSigningTime, {}, too_far)) ==
        EVSEAL_EXPIRED_FLOOR);
}
