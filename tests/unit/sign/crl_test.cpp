// Revocation lists: issuing, reading, and what a stolen certificate is worth afterwards.
#include "evseal/sign/crl.hpp"

#include <catch2/catch.hpp>

#include "test_package.hpp"

using namespace evseal;
using namespace evseal::test;

TEST_CASE("crl: one is issued, read again and grows") {
  const std::string algorithm = GENERATE("p256", "p384", "rsa2048", "ed25519");
  CAPTURE(algorithm);
  World world(algorithm);
  const Authority ca = world.intermediate_authority();
  const auto first = must(sign::Crl::parse(ca.crl()));
  CHECK(first.number() == 1);
  CHECK(first.serials().empty());
  CHECK(first.this_update() == kSigningTime);
  const Bytes serial = World::serial(world.identity);
  const auto second = must(sign::Crl::parse(ca.crl({serial}, first.der())));
  CHECK(second.number() == 2);
  CHECK(second.serials() == std::vector<Bytes>{serial});
  CHECK(second.lists(serial));
  // A superset: what is named again stands there once, and nothing goes.
  const auto third = must(sign::Crl::parse(ca.crl({serial, Bytes{5}}, second.der())));
  CHECK(third.number() == 3);
  CHECK(third.serials() == std::vector<Bytes>{serial, Bytes{5}});
  CHECK(sign::crls_from_pem(sign::crl_to_pem(third.der())) == std::vector<Bytes>{third.der()});
}

TEST_CASE("crl: another issuer's is not gone on from, and is recognised") {
  World world("ed25519");
  const Authority ca = world.intermediate_authority();
  const Authority root = world.root_authority();
  const Bytes foreign = root.crl();
  sign::CrlPlan plan;
  plan.this_update = kSigningTime;
  plan.next_update = kSigningTime + 1;
  plan.last = must(sign::Crl::parse(foreign));
  const auto certificate = must(sign::Certificate::parse(ca.certificate));
  CHECK(sign::issue_crl(plan, *ca.key, certificate).error().status == "crl_issuer");
  plan.last.reset();
  CHECK(sign::issue_crl(plan, *root.key, certificate).error().code == ErrorCode::usage);
  plan.next_update = plan.this_update;
  CHECK(sign::issue_crl(plan, *ca.key, certificate).error().code == ErrorCode::usage);

  // Of two issuers with one name the key decides.
  const Authority twin = world.authority("root");
  const auto crl = must(sign::Crl::parse(foreign));
  manifest::TrustStore store;
  store.roles.resize(1);
  store.roles[0].anchors = {twin.anchor()};
  CHECK(sign::find_crl_issuer(crl, {}, {store}).error().status == "crl_issuer");
  store.roles[0].anchors = {twin.anchor(), root.anchor()};
  CHECK(must(sign::find_crl_issuer(crl, {}, {store})) == root.anchor().key);
}

TEST_CASE("crl: what is no CRL is refused with the device's status") {
  World world("ed25519");
  const Bytes good = world.root_authority().crl();
  for (const std::size_t length : {0U, 1U, 50U}) {
    const auto parsed = sign::Crl::parse(Bytes(good.data(), good.data() + length));
    REQUIRE_FALSE(parsed.ok());
    CHECK(parsed.error().status == "crl_encoding");
  }
}

TEST_CASE("crl: a package carries lists, and its manifest names them") {
  World world("p256");
  world.set_component("rootfs", pattern(5000));
  const Bytes old = world.intermediate_authority().crl();
  const Bytes newer = world.intermediate_authority().crl({}, old);
  world.crls = {world.root_authority().crl(), old, newer};
  const Bytes file = world.package();
  const auto path = world.folder.path() / "package.evs";
  const auto opened = must(manifest::UnverifiedPackageFile::open(path));
  const auto envelope = must(sign::open_unverified_envelope(opened.unverified_envelope()));
  CHECK(envelope.unverified_crls.size() == 2);  // the newest of each issuer
  const auto manifest = must(manifest::parse_unverified(envelope.unverified_manifest));
  REQUIRE(manifest.unverified().crls.size() == 2);
  const Sha256 ca_key = sha256(world.intermediate_key->public_key().spki);
  for (const manifest::CrlEntry& entry : manifest.unverified().crls) {
    CHECK(entry.number == (entry.issuer_key == ca_key ? 2U : 1U));
  }
  const sign::Verdict verdict = judge(world.folder, file, world.device());
  CHECK(verdict.accepted());
  CHECK(verdict.learnt);
  CHECK(verdict.crls.size() == 2);
  const auto state = must(manifest::decode_state(verdict.state_after_boot));
  CHECK(state.crls.size() == 2);
  CHECK_FALSE(judge(world.folder, file, after(world.device(), verdict)).learnt);
}

TEST_CASE("crl: a list of nobody in the package is not taken along") {
  World world("ed25519");
  world.set_component("rootfs", pattern(500));
  world.crls = {world.authority("stranger").crl()};
  const auto made = sign::sign_recipe(world.recipe, kSigningTime - 60, world.signing(),
                                      world.folder.path() / "x.evs");
  CHECK(made.error().status == "crl_issuer");
}

TEST_CASE("drill: a stolen certificate is shut out by the next package, a year later too") {
  World world("p256");
  world.set_component("rootfs", pattern(5000));
  const Authority ca = world.intermediate_authority();
  const Bytes first = ca.crl();
  world.crls = {first};
  const Bytes by_thief_before = world.package();  // what the thief can still sign
  sign::Identity honest = world.leaf(ca, sign::CertificateKind::firmware, "new firmware");
  const Bytes stolen = World::serial(world.identity);
  std::swap(world.identity, honest);  // `honest` is now the stolen one
  world.crls = {ca.crl({stolen}, first)};
  world.signing_time += 86400 * 300;  // the device was offline
  const Bytes next = world.package();
  const sign::Device fresh = world.device();
  const sign::Verdict taken = judge(world.folder, next, fresh);
  REQUIRE(taken.accepted());
  const sign::Device device = after(fresh, taken);
  CHECK(judge(world.folder, by_thief_before, fresh).accepted());
  CHECK(judge(world.folder, by_thief_before, device).status == EVSEAL_REVOKED);

  // Also a device that refuses the package for another reason learns from it.
  sign::Device other = fresh;
  auto state = must(manifest::decode_state(other.state));
  state.slots = {{"rootfs", 9}};
  other.state = must(manifest::encode_state(state));
  const sign::Verdict refused = judge(world.folder, next, other);
  CHECK(refused.status == EVSEAL_ROLLBACK);
  REQUIRE(refused.learnt);
  other.state = refused.state_at_once;
  CHECK(judge(world.folder, by_thief_before, other).status == EVSEAL_REVOKED);

  // The signing side does not even try to release what the thief's certificate signs.
  std::swap(world.identity, honest);
  CHECK(sign::sign_recipe(world.recipe, kSigningTime - 60, world.signing(),
                          world.folder.path() / "thief.evs")
            .error()
            .status == "revoked");
}
