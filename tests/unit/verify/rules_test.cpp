// What the device is, what it has learnt, and what it should remember.
#include <catch2/catch.hpp>

#include "verifier.hpp"

using namespace evseal;
using namespace evseal::test;

namespace {

manifest::State state_of(const World& world) {
  manifest::State state;
  state.vendor = world.profile.vendor;
  state.model = world.profile.model;
  return state;
}

evseal_status judge_with_state(World& world, const manifest::State& state, const Bytes& file) {
  sign::Device device = world.device();
  device.state = must(manifest::encode_state(state));
  Verifier verifier(device);
  return verifier.judge(file);
}

}  // namespace

TEST_CASE(
    "state: none, a damaged one and another model's are each their own status, never floor zero") {
  World world("ed25519");
  world.set_component("rootfs", pattern(100));
  const Bytes file = world.package();
  sign::Device device = world.device();

  Verifier without(device);
  without.config().state = {nullptr, 0};
  CHECK(without.start() == EVSEAL_STATE_MISSING);
  CHECK(without.push(file) == EVSEAL_STATE_MISSING);

  for (std::size_t i = 0; i < device.state.size(); ++i) {
    sign::Device damaged = device;
    damaged.state[i] ^= 1;
    Verifier verifier(damaged);
    REQUIRE(verifier.start() == EVSEAL_STATE_DAMAGED);
  }
  for (std::size_t length = 1; length < device.state.size(); ++length) {
    sign::Device cut = device;
    cut.state.resize(length);
    Verifier verifier(cut);
    REQUIRE(verifier.start() == EVSEAL_STATE_DAMAGED);
  }
  manifest::State other = state_of(world);
  other.model = "ac23";
  CHECK(judge_with_state(world, other, file) == EVSEAL_STATE_MISMATCH);
}

TEST_CASE("profile: every flipped bit and every truncation is found") {
  World world("p256");
  world.set_component("rootfs", pattern(100));
  const sign::Device device = world.device();
  for (std::size_t bit = 0; bit < device.profile.size() * 8; ++bit) {
    sign::Device damaged = device;
    damaged.profile[bit / 8] ^= static_cast<std::uint8_t>(1U << (bit % 8));
    Verifier verifier(damaged);
    REQUIRE(verifier.start() == EVSEAL_PROFILE_DAMAGED);
  }
  for (std::size_t length = 0; length < device.profile.size(); ++length) {
    sign::Device cut = device;
    cut.profile.resize(length);
    Verifier verifier(cut);
    REQUIRE(verifier.start() == EVSEAL_PROFILE_DAMAGED);
  }
}

TEST_CASE("rollback: below the floor is refused, at it and above it are not") {
  World world("ed25519");
  world.set_component("rootfs", pattern(100), 0x7FFFFFFE);
  world.profile.limits.security_version_jump = 0x7FFFFFFF;
  const Bytes file = world.package();
  manifest::State state = state_of(world);
  state.slots = {{"rootfs", 0x7FFFFFFE}};
  CHECK(judge_with_state(world, state, file) == EVSEAL_OK);
  state.slots = {{"rootfs", 0x7FFFFFFF}};
  CHECK(judge_with_state(world, state, file) == EVSEAL_ROLLBACK);
  state.slots = {};
  world.profile.components[0].security_version = 0x7FFFFFFF;
  CHECK(judge_with_state(world, state, file) == EVSEAL_ROLLBACK);
  world.profile.components[0].security_version = 0;
  world.profile.limits.security_version_jump = 1000;
  CHECK(judge_with_state(world, state, file) == EVSEAL_VERSION_JUMP);
}

TEST_CASE("floors: only an accepted package of the highest stage raises them") {
  World world("ed25519");
  world.set_component("rootfs", pattern(100), 7);
  const Bytes file = world.package();
  std::uint32_t floor = 0;
  SECTION("highest stage") {
    Verifier verifier(world.device());
    CHECK(evseal_verify_security_version_floor(&verifier.context(), 0, &floor) == EVSEAL_MISUSE);
    REQUIRE(verifier.judge(file) == EVSEAL_OK);
    CHECK(verifier.report.raises_floors);
    REQUIRE(evseal_verify_security_version_floor(&verifier.context(), 0, &floor) == EVSEAL_OK);
    CHECK(floor == 7);
    CHECK(evseal_verify_security_version_floor(&verifier.context(), 1, &floor) == EVSEAL_MISUSE);
  }
  SECTION("a lower stage") {
    world.profile.stages =
        manifest::kStageDev | GENERATE(manifest::kStagePilot, manifest::kStageProd);
    Verifier verifier(world.device());
    REQUIRE(verifier.judge(file) == EVSEAL_OK);
    CHECK_FALSE(verifier.report.raises_floors);
    REQUIRE(evseal_verify_security_version_floor(&verifier.context(), 0, &floor) == EVSEAL_OK);
    CHECK(floor == 0);
    CHECK(verifier.report.time_floor == 0);
  }
  SECTION("a refused package") {
    Verifier verifier(world.device());
    Bytes damaged = file;
    damaged.back() ^= 1;
    REQUIRE(verifier.judge(damaged) == EVSEAL_CHUNK_DIGEST);
    CHECK(evseal_verify_security_version_floor(&verifier.context(), 0, &floor) == EVSEAL_MISUSE);
  }
}

TEST_CASE("time floor: it follows the signing time by at most 400 days and never falls") {
  World world("ed25519");
  world.set_component("rootfs", pattern(100));
  const Bytes file = world.package();
  const auto floor_from = [&](std::int64_t old) {
    manifest::State state = state_of(world);
    state.time_floor = old;
    sign::Device device = world.device();
    device.state = must(manifest::encode_state(state));
    Verifier verifier(device);
    REQUIRE(verifier.judge(file) == EVSEAL_OK);
    return verifier.report.time_floor;
  };
  CHECK(floor_from(0) == 400 * 86400);
  CHECK(floor_from(kSigningTime - 400 * 86400 - 1) == kSigningTime - 1);
  CHECK(floor_from(kSigningTime - 400 * 86400) == kSigningTime);
  CHECK(floor_from(kSigningTime - 5) == kSigningTime);
  CHECK(floor_from(kSigningTime + 5) == kSigningTime + 5);
}

TEST_CASE("init: what cannot lead to a verdict is said at once") {
  World world("ed25519");
  world.set_component("rootfs", pattern(100));
  Verifier verifier(world.device());
  verifier.config().workspace_len = EVSEAL_WORKSPACE_SIZE(16384, 65536, 1) - 1;
  CHECK(verifier.start() == EVSEAL_WORKSPACE_TOO_SMALL);
  verifier.config().workspace_len += 1;
  CHECK(verifier.start() == EVSEAL_PENDING);
  verifier.config().crypto = nullptr;
  CHECK(verifier.start() == EVSEAL_MISUSE);
  CHECK(evseal_verify_init(nullptr, &verifier.config()) == EVSEAL_MISUSE);
  CHECK(evseal_verify_init(&verifier.context(), nullptr) == EVSEAL_MISUSE);

  world.profile.trusted_clock = true;
  Verifier clock(world.device());
  CHECK(clock.start() == EVSEAL_CLOCK_MISSING);
  clock.config().now_known = true;
  CHECK(clock.start() == EVSEAL_PENDING);
}

TEST_CASE("backends: libsodium judges Ed25519 packages as OpenSSL does") {
  World world("ed25519");
  world.set_component("rootfs", pattern(9000));
  const Bytes file = world.package();
  Verifier verifier(world.device());
  verifier.config().crypto = &evseal_crypto_sodium;
  CHECK(verifier.judge(file) == EVSEAL_OK);
  Bytes damaged = file;
  damaged[envelope_end(file) - 3] ^= 1;
  const evseal_status sodium = verifier.judge(damaged);
  verifier.config().crypto = &evseal_crypto_openssl;
  CHECK(verifier.judge(damaged) == sodium);

  World other("p256");
  other.set_component("rootfs", pattern(100));
  Verifier missing(other.device());
  missing.config().crypto = &evseal_crypto_sodium;
  CHECK(missing.judge(other.package()) == EVSEAL_CRYPTO_MISSING);
}

TEST_CASE("device: what stands in a structure that was overwritten is not walked over") {
  static const std::uint8_t junk[] = {0x30, 0x05, 0x02, 0x01};
  const evseal_span damaged = {junk, sizeof junk};
  evseal_profile profile{};
  evseal_state state{};
  evseal_role role{};
  evseal_slot slot{};
  evseal_anchor anchor{};
  evseal_known_issuer issuer{};
  const std::uint8_t key[32] = {};
  profile.components = damaged;
  profile.trust.roles = damaged;
  state.slots = damaged;
  state.crls = damaged;
  role.anchors = damaged;
  issuer.revoked = damaged;
  CHECK_FALSE(evseal_profile_slot(&slot, &profile, 0));
  CHECK_FALSE(evseal_profile_find_slot(&slot, &profile, damaged));
  CHECK_FALSE(evseal_device_slot(&slot, &profile, &state, damaged));
  CHECK_FALSE(evseal_trust_role(&role, &profile.trust, 0));
  CHECK_FALSE(evseal_state_issuer(&issuer, &state, 0));
  CHECK_FALSE(evseal_state_find_issuer(&issuer, &state, key));
  role.anchors = damaged;
  CHECK_FALSE(evseal_role_anchor(&anchor, &role, 0));
  issuer.revoked = damaged;
  CHECK_FALSE(evseal_known_issuer_lists(&issuer, damaged));
  // The profile's own floor stays where the state's slots are gone.
  World world("ed25519");
  world.set_component("rootfs", pattern(10));
  world.profile.components[0].security_version = 7;
  const sign::Device device = world.device();
  REQUIRE(evseal_profile_open(&profile, &evseal_crypto_openssl,
                              {device.profile.data(), device.profile.size()}) == EVSEAL_OK);
  const std::string id = "rootfs";
  REQUIRE(evseal_device_slot(&slot, &profile, &state,
                             {reinterpret_cast<const std::uint8_t*>(id.data()), id.size()}));
  CHECK(slot.security_version == 7);
}

TEST_CASE("thresholds: of a role that lists keys, whoever else signs and in whatever order") {
  World world("ed25519");
  world.set_component("rootfs", pattern(100));
  // The shorter an issuer's name, the further in front its signer stands.
  const Authority other = world.authority(GENERATE("o", "an operator with a very long name"));
  sign::Identity of_other = world.leaf(other, sign::CertificateKind::firmware, "operator");
  sign::Identity second =
      world.leaf(world.intermediate_authority(), sign::CertificateKind::firmware, "second");
  world.add_role("operator", other);
  manifest::Role& role = world.profile.trust.roles[0];
  role.signers = {World::key_hash(world.identity), World::key_hash(second)};
  std::sort(role.signers.begin(), role.signers.end());
  role.threshold = 2;
  world.more_signers = {&of_other, &second};
  const Bytes file = world.package();
  Verifier verifier(world.device());
  CHECK(verifier.judge(file) == EVSEAL_OK);
  CHECK(verifier.judge(resealed(file, {&world.identity, &of_other}, kSigningTime)) ==
        EVSEAL_THRESHOLD_NOT_MET);
  CHECK(verifier.judge(resealed(file, {&world.identity, &second}, kSigningTime)) ==
        EVSEAL_THRESHOLD_NOT_MET);
}

TEST_CASE("hardware: where a unit's revision is not known, a component for some is no guess") {
  World world("ed25519");
  world.set_component("bootloader", pattern(100));
  world.set_component("rootfs", pattern(100));
  world.recipe.components[1].hardware = manifest::HardwareRange{2, 3};
  const Bytes file = world.package();
  Verifier verifier(world.device());
  CHECK(verifier.judge(file) == EVSEAL_WRONG_HARDWARE);
  CHECK(verifier.report.failed_component == 1);
  verifier.config().unit.hardware_known = true;
  for (const std::uint32_t revision : {0U, 1U, 2U, 3U, 4U}) {
    INFO(revision);
    verifier.config().unit.hardware = revision;
    CHECK(verifier.judge(file) == EVSEAL_OK);
    CHECK(verifier.report.applicable == (revision == 2 || revision == 3 ? 3U : 1U));
    CHECK(verifier.report.needed == verifier.report.applicable);
  }
}

TEST_CASE("limits: an envelope as long as the profile allows, and one octet longer") {
  World world("ed25519");
  world.set_component("rootfs", pattern(100));
  const Bytes file = world.package();
  const auto length = static_cast<std::uint32_t>(envelope_end(file) - 16);
  world.profile.limits.envelope_bytes = length;
  CHECK(Verifier(world.device()).judge(file) == EVSEAL_OK);
  world.profile.limits.envelope_bytes = length - 1;
  CHECK(Verifier(world.device()).judge(file) == EVSEAL_ENVELOPE_LENGTH);
}
