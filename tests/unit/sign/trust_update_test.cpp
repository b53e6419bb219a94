// Trust-updates: officers, rotation of roots, steps in front of a package.
#include <catch2/catch.hpp>

#include "test_package.hpp"

using namespace evseal;
using namespace evseal::test;

namespace {

// Three officers, two of whom must sign.
struct Officers {
  World world{"ed25519"};
  Authority root = world.root_authority();
  sign::Identity a = world.leaf(root, sign::CertificateKind::trust_update, "officer a");
  sign::Identity b = world.leaf(root, sign::CertificateKind::trust_update, "officer b");
  sign::Identity c = world.leaf(root, sign::CertificateKind::trust_update, "officer c");

  Officers() {
    world.set_component("rootfs", pattern(9000));
    world.add_officers(root, {&a, &b, &c}, 2);
  }
  sign::Device take(const sign::Device& device, const Bytes& update) {
    const sign::Verdict verdict = judge(world.folder, update, device);
    CHECK(std::string(evseal_status_name(verdict.status)) == "ok");
    return after(device, verdict);
  }
};

Bytes joined(std::initializer_list<Bytes> parts) {
  Bytes out;
  for (const Bytes& part : parts) {
    out.insert(out.end(), part.begin(), part.end());
  }
  return out;
}

}  // namespace

TEST_CASE("trust-update: two of three officers change what a device trusts") {
  Officers three;
  World& world = three.world;
  const sign::Device device = world.device();
  manifest::TrustStore next = world.profile.trust;
  next.roles[0].max_intermediates = 2;
  const Bytes update = world.trust_update(1, next, {&three.a, &three.c}, device);
  const sign::Verdict verdict = judge(world.folder, update, device);
  REQUIRE(verdict.accepted());
  CHECK(verdict.epoch == 1);
  CHECK(verdict.state_after_boot.empty());  // all of it at once
  const auto state = must(manifest::decode_state(verdict.state_at_once));
  CHECK(state.trust_epoch == 1);
  CHECK(state.trust == next);
  const sign::Device updated = after(device, verdict);
  CHECK(judge(world.folder, update, updated).status == EVSEAL_TRUST_EPOCH);
  // One officer alone is not enough, twice the same neither.
  const Bytes one = world.trust_update(1, next, {&three.b}, device, {}, true);
  CHECK(judge(world.folder, one, device).status == EVSEAL_THRESHOLD_NOT_MET);
}

TEST_CASE("drill: an officer's token is lost, the other two go on and replace it") {
  Officers three;
  World& world = three.world;
  const sign::Device device = world.device();
  sign::Identity d = world.leaf(three.root, sign::CertificateKind::trust_update, "officer d");
  manifest::TrustStore next = world.profile.trust;
  next.roles[1].signers = {World::key_hash(three.a), World::key_hash(three.b), World::key_hash(d)};
  // Both stores must agree: c is gone from the new one.
  const sign::Device updated =
      three.take(device, world.trust_update(1, next, {&three.a, &three.b}, device));
  const Bytes by_c = world.trust_update(2, next, {&three.c, &three.a}, updated, {}, true);
  const sign::Verdict refused = judge(world.folder, by_c, updated);
  CHECK(refused.status == EVSEAL_THRESHOLD_NOT_MET);
  (void)three.take(updated, world.trust_update(2, next, {&d, &three.a}, updated));
}

TEST_CASE("drill: a root is rotated in two steps, and a unit from the shelf gets there at once") {
  Officers three;
  World& world = three.world;
  const sign::Device shelf = world.device();
  // First both roots, then the new one alone.
  const Authority next_root = world.authority("next root");
  sign::Identity next_firmware =
      world.leaf(next_root, sign::CertificateKind::firmware, "next firmware");
  sign::Identity na = world.leaf(next_root, sign::CertificateKind::trust_update, "next a");
  sign::Identity nb = world.leaf(next_root, sign::CertificateKind::trust_update, "next b");
  manifest::TrustStore both = world.profile.trust;
  both.roles[0].anchors.push_back(next_root.anchor());
  both.roles[1].anchors.push_back(next_root.anchor());
  both.roles[1].signers.push_back(World::key_hash(na));
  both.roles[1].signers.push_back(World::key_hash(nb));
  manifest::TrustStore only = both;
  only.roles[0].anchors.erase(only.roles[0].anchors.begin());
  only.roles[1].anchors.erase(only.roles[1].anchors.begin());
  only.roles[1].signers = {World::key_hash(na), World::key_hash(nb)};
  const Bytes first = world.trust_update(1, both, {&three.a, &three.b}, shelf);
  const sign::Device middle = three.take(shelf, first);
  const Bytes second = world.trust_update(2, only, {&na, &nb}, middle);
  const sign::Device done = three.take(middle, second);

  const Bytes by_old = world.package();
  std::swap(world.identity, next_firmware);
  sign::Signing signing = world.signing();
  signing.devices = {done};
  const auto path = world.folder.path() / "fw.evs";
  (void)must(sign::sign_recipe(world.recipe, kSigningTime - 60, signing, path));
  const Bytes by_new = must(read_small_file(path));
  CHECK(judge(world.folder, by_old, shelf).accepted());
  CHECK(judge(world.folder, by_old, done).status == EVSEAL_CHAIN_NO_ANCHOR);
  CHECK(judge(world.folder, by_new, shelf).status == EVSEAL_CHAIN_NO_ANCHOR);

  // With its steps in front the package is for everybody, wherever on the way.
  for (const sign::Device& device : {shelf, middle, done}) {
    const sign::Verdict verdict = judge(world.folder, joined({first, second, by_new}), device);
    CHECK(verdict.accepted());
    REQUIRE(verdict.steps.size() == 2);
    const auto state = must(manifest::decode_state(verdict.state_after_boot));
    CHECK(state.trust_epoch == 2);
    CHECK(state.trust == only);
  }
  const sign::Verdict from_middle = judge(world.folder, joined({first, second, by_new}), middle);
  CHECK(from_middle.steps[0].status == EVSEAL_TRUST_EPOCH);  // it has it already
  CHECK(from_middle.steps[1].status == EVSEAL_OK);
  // In the wrong order the second is left out, and without the first there is no way.
  const sign::Verdict disordered = judge(world.folder, joined({second, first, by_new}), shelf);
  CHECK(disordered.steps[0].status == EVSEAL_CHAIN_NO_ANCHOR);
  CHECK(disordered.steps[1].status == EVSEAL_OK);
  CHECK(must(manifest::decode_state(disordered.state_at_once)).trust == both);
  CHECK(judge(world.folder, joined({second, by_new}), shelf).status == EVSEAL_CHAIN_NO_ANCHOR);

  // The files of the steps, put in front by the tool.
  const auto step_1 = world.folder.path() / "step-1.evs";
  const auto step_2 = world.folder.path() / "step-2.evs";
  must(write_file(step_1, first, OutputFile::Mode::keep_existing));
  must(write_file(step_2, second, OutputFile::Mode::keep_existing));
  const auto with_steps = world.folder.path() / "with-steps.evs";
  (void)must(sign::put_steps_in_front(path, {step_1, step_2}, {shelf, middle, done}, with_steps));
  CHECK(must(read_small_file(with_steps)) == joined({first, second, by_new}));
  CHECK_FALSE(
      sign::put_steps_in_front(path, {step_2}, {shelf}, world.folder.path() / "no.evs").ok());
  CHECK(must(sign::after_steps(shelf, {step_1, step_2})).state == done.state);
  CHECK(sign::after_steps(shelf, {step_2}).error().status == "chain_no_anchor");
}

TEST_CASE("trust-update: floors are reset by officers only") {
  Officers three;
  World& world = three.world;
  sign::Device device = world.device();
  auto state = must(manifest::decode_state(device.state));
  state.slots = {{"rootfs", 9}};
  state.time_floor = kSigningTime + 86400 * 3000;  // pushed beyond every certificate
  device.state = must(manifest::encode_state(state));
  const Bytes firmware = world.package();
  CHECK_FALSE(judge(world.folder, firmware, device).accepted());
  manifest::Resets resets;
  resets.security_versions = {{"rootfs", 1}};
  resets.time_floor = kSigningTime - 86400;
  const Bytes update =
      world.trust_update(1, world.profile.trust, {&three.a, &three.b}, device, resets);
  const sign::Device reset = three.take(device, update);
  CHECK(judge(world.folder, firmware, reset).accepted());
}

TEST_CASE("trust-update: a store that shuts the officers out is not signed") {
  Officers three;
  World& world = three.world;
  manifest::TrustStore next = world.profile.trust;
  sign::Identity d = world.leaf(three.root, sign::CertificateKind::trust_update, "officer d");
  sign::Identity e = world.leaf(three.root, sign::CertificateKind::trust_update, "officer e");
  next.roles[1].signers = {World::key_hash(d), World::key_hash(e)};
  CHECK_THROWS(world.trust_update(1, next, {&three.a, &three.b}, world.device()));
  next.trust_update.clear();
  CHECK_THROWS(world.trust_update(1, next, {&three.a, &three.b}, world.device()));
}

TEST_CASE("trust-update: a firmware certificate does not sign one, and an officer no firmware") {
  Officers three;
  World& world = three.world;
  CHECK_THROWS(world.trust_update(1, world.profile.trust, {&world.identity}, world.device()));
  sign::Signing signing = world.signing();
  signing.identities = {&three.a};
  CHECK(sign::sign_recipe(world.recipe, kSigningTime - 60, signing, world.folder.path() / "x.evs")
            .error()
            .status == "stage_mismatch");
}
