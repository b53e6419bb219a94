// Several signers and roles, in one call or one after the other.
#include <catch2/catch.hpp>

#include "test_package.hpp"

using namespace evseal;
using namespace evseal::test;

namespace {

sign::WorkOptions replacing() {
  sign::WorkOptions options;
  options.mode = OutputFile::Mode::overwrite;
  options.threads = 1;
  return options;
}

// A manufacturer and an operator who both must sign.
struct TwoParties {
  World world{"p256"};
  Authority operator_root = world.authority("operator root");
  sign::Identity operator_leaf =
      world.leaf(operator_root, sign::CertificateKind::firmware, "operator");

  TwoParties() {
    world.set_component("rootfs", pattern(9000));
    world.add_role("operator", operator_root);
  }
  std::filesystem::path path(const char* name) { return world.folder.path() / name; }
};

}  // namespace

TEST_CASE("parties: two sign in one call") {
  TwoParties two;
  two.world.more_signers = {&two.operator_leaf};
  const Bytes file = two.world.package();
  const sign::Verdict verdict = judge(two.world.folder, file, two.world.device());
  REQUIRE(verdict.accepted());
  REQUIRE(verdict.signers.size() == 2);
  std::vector<std::string> roles = {verdict.signers[0].role, verdict.signers[1].role};
  std::sort(roles.begin(), roles.end());
  CHECK(roles == std::vector<std::string>{"firmware", "operator"});
}

TEST_CASE("parties: one alone is refused, and written only where that is asked for") {
  TwoParties two;
  sign::Signing signing = two.world.signing();
  const auto refused = sign::sign_recipe(two.world.recipe, kSigningTime - 60, signing,
                                         two.path("a.evs"), replacing());
  CHECK(refused.error().status == "threshold_not_met");
  CHECK_FALSE(std::filesystem::exists(two.path("a.evs")));
  signing.partial = true;
  const auto made = must(sign::sign_recipe(two.world.recipe, kSigningTime - 60, signing,
                                           two.path("a.evs"), replacing()));
  CHECK(made.partial());
  CHECK(judge(two.world.folder, must(read_small_file(two.path("a.evs"))), two.world.device())
            .status == EVSEAL_THRESHOLD_NOT_MET);

  // The operator adds a signature to the same manifest.
  sign::Signing operators = two.world.signing();
  operators.identities = {&two.operator_leaf};
  const auto both =
      must(sign::add_signers(two.path("a.evs"), operators, two.path("b.evs"), replacing()));
  CHECK_FALSE(both.partial());
  CHECK(both.identity == made.identity);
  CHECK(judge(two.world.folder, must(read_small_file(two.path("b.evs"))), two.world.device())
            .accepted());
  CHECK(sign::add_signers(two.path("b.evs"), operators, two.path("c.evs"), replacing())
            .error()
            .status == "signer_repeated");
}

TEST_CASE("parties: what lacks more than signers is not written as partial either") {
  TwoParties two;
  sign::Signing signing = two.world.signing();
  signing.partial = true;
  auto state = must(manifest::decode_state(signing.devices[0].state));
  state.slots = {{"rootfs", 5}};
  signing.devices[0].state = must(manifest::encode_state(state));
  const auto refused = sign::sign_recipe(two.world.recipe, kSigningTime - 60, signing,
                                         two.path("a.evs"), replacing());
  CHECK_FALSE(refused.ok());
  CHECK_FALSE(std::filesystem::exists(two.path("a.evs")));
}

TEST_CASE("parties: nothing is added to a package that was changed") {
  TwoParties two;
  sign::Signing signing = two.world.signing();
  signing.partial = true;
  (void)must(sign::sign_recipe(two.world.recipe, kSigningTime - 60, signing, two.path("a.evs"),
                               replacing()));
  Bytes file = must(read_small_file(two.path("a.evs")));
  file.back() ^= 1;  // the payload
  must(write_file(two.path("bad.evs"), file, OutputFile::Mode::overwrite));
  sign::Signing operators = two.world.signing();
  operators.identities = {&two.operator_leaf};
  const auto refused =
      sign::add_signers(two.path("bad.evs"), operators, two.path("c.evs"), replacing());
  REQUIRE_FALSE(refused.ok());
  CHECK_FALSE(std::filesystem::exists(two.path("c.evs")));
}

TEST_CASE("parties: a bankrupt operator's signature is worth nothing after a trust-update") {
  TwoParties two;
  World& world = two.world;
  sign::Identity officer =
      world.leaf(world.root_authority(), sign::CertificateKind::trust_update, "officer");
  world.add_officers(world.root_authority(), {&officer}, 1);
  world.more_signers = {&two.operator_leaf};
  const Bytes with_operator = world.package();
  manifest::TrustStore next = world.profile.trust;
  next.roles.erase(next.roles.begin() + 1);
  next.firmware = {"firmware"};
  const sign::Device device = world.device();
  const Bytes update = world.trust_update(1, next, {&officer}, device);
  const sign::Verdict taken = judge(world.folder, update, device);
  REQUIRE(taken.accepted());
  const sign::Device updated = after(device, taken);
  // The old package is still fine: the manufacturer signed it too. One by the manufacturer alone
  // is enough now, one by the operator alone is nobody's.
  CHECK(judge(world.folder, with_operator, updated).accepted());
  sign::Signing signing = world.signing();
  signing.identities = {&world.identity};
  signing.devices = {updated};
  (void)must(sign::sign_recipe(world.recipe, kSigningTime - 60, signing, two.path("alone.evs"),
                               replacing()));
  signing.identities = {&two.operator_leaf};
  CHECK(sign::sign_recipe(world.recipe, kSigningTime - 60, signing, two.path("op.evs"), replacing())
            .error()
            .status == "chain_no_anchor");
}
