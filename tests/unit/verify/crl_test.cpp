// Revocation on a path outside an envelope, as the chain suites ask for it:
// evseal_crl_check_path().
#include <evseal/crl.h>

#include <array>
#include <catch2/catch.hpp>

#include "verifier.hpp"

using namespace evseal;
using namespace evseal::test;

namespace {

evseal_span span_of(const Bytes& bytes) {
  return {bytes.data(), bytes.size()};
}

// Leaf, intermediate, root; a list of each issuer. Members are there to be changed by a test.
struct Chain {
  World world{"ed25519"};
  Bytes of_intermediate = world.intermediate_authority().crl();
  Bytes of_root = world.root_authority().crl();
  manifest::Anchor root = world.root_authority().anchor();
  std::array<evseal_certificate, 2> certificates{};
  evseal_certificate root_certificate{};
  evseal_anchor anchor{};
  evseal_chain_rules rules{};
  evseal_budget budget{};
  evseal_path path{};
  evseal_crypto crypto = evseal_crypto_openssl;
  unsigned yields = 0;

  Chain() {
    for (std::size_t i = 0; i < certificates.size(); ++i) {
      REQUIRE(evseal_certificate_parse(&certificates.at(i),
                                       span_of(world.identity.certificates.at(i))) == EVSEAL_OK);
    }
    REQUIRE(evseal_certificate_parse(&root_certificate, span_of(world.root)) == EVSEAL_OK);
    anchor = {span_of(root.subject), span_of(root.key), nullptr};
    path.num_certificates = 2;
    path.certificates[1] = 1;
    budget.operations = EVSEAL_MAX_OPERATIONS;
    rules.user = this;
    rules.on_yield = [](void* user) { static_cast<Chain*>(user)->yields++; };
  }
  Chain(const Chain&) = delete;
  Chain& operator=(const Chain&) = delete;

  static evseal_crl parsed(const Bytes& der) {
    evseal_crl crl{};
    REQUIRE(evseal_crl_parse(&crl, span_of(der)) == EVSEAL_OK);
    return crl;
  }
  evseal_status check(const std::vector<evseal_crl>& crls) {
    path.failed = 0xFF;
    return evseal_crl_check_path(&path, &budget, &crypto, certificates.data(), &anchor, crls.data(),
                                 crls.size(), &rules);
  }
  evseal_status check() { return check({parsed(of_intermediate), parsed(of_root)}); }
};

}  // namespace

TEST_CASE("crl: every certificate of a path needs a list of its issuer") {
  Chain chain;
  CHECK(chain.check() == EVSEAL_OK);
  CHECK(chain.check({Chain::parsed(chain.of_root)}) == EVSEAL_CRL_MISSING);
  CHECK(chain.path.failed == 0);
  CHECK(chain.check({Chain::parsed(chain.of_intermediate)}) == EVSEAL_CRL_MISSING);
  CHECK(chain.path.failed == 1);
  CHECK(chain.check({}) == EVSEAL_CRL_MISSING);
}

TEST_CASE("crl: what a list names is revoked, the leaf and a certificate above it") {
  Chain chain;
  const Bytes leaf = World::serial(chain.world.identity);
  const Bytes above(chain.certificates[1].serial.data,
                    chain.certificates[1].serial.data + chain.certificates[1].serial.len);
  SECTION("the leaf, also by the older of two lists") {
    const Bytes revoking = chain.world.intermediate_authority().crl({Bytes{5}, leaf});
    for (const bool first : {true, false}) {
      CHECK(chain.check({Chain::parsed(first ? revoking : chain.of_intermediate),
                         Chain::parsed(first ? chain.of_intermediate : revoking),
                         Chain::parsed(chain.of_root)}) == EVSEAL_REVOKED);
      CHECK(chain.path.failed == 0);
    }
  }
  SECTION("the intermediate") {
    chain.of_root = chain.world.root_authority().crl({above});
    CHECK(chain.check() == EVSEAL_REVOKED);
    CHECK(chain.path.failed == 1);
  }
  SECTION("a serial number means nothing in another issuer's list") {
    chain.of_root = chain.world.root_authority().crl({leaf});
    CHECK(chain.check() == EVSEAL_OK);
  }
}

TEST_CASE("crl: a list counts from thisUpdate to nextUpdate where the time is asked") {
  Chain chain;
  const evseal_crl crl = Chain::parsed(chain.of_root);
  const auto at = [&](std::int64_t time) {
    chain.rules.time = time;
    return chain.check();
  };
  CHECK(at(crl.this_update - 1) == EVSEAL_OK);
  CHECK(at(crl.next_update + 1) == EVSEAL_OK);
  chain.rules.flags = EVSEAL_CHAIN_CHECK_TIME;
  CHECK(at(crl.this_update - 1) == EVSEAL_CRL_STALE);
  CHECK(at(crl.this_update) == EVSEAL_OK);
  CHECK(at(crl.next_update) == EVSEAL_OK);
  CHECK(at(crl.next_update + 1) == EVSEAL_CRL_STALE);
}

TEST_CASE("crl: each list costs one operation, and feeds the watchdog before it") {
  Chain chain;
  chain.budget.operations = 2;
  CHECK(chain.check() == EVSEAL_OK);
  CHECK(chain.budget.operations == 0);
  CHECK(chain.yields == 2);
  CHECK(chain.check() == EVSEAL_CHAIN_BUDGET);
  CHECK(chain.path.failed == 0);
  chain.budget.operations = 1;
  CHECK(chain.check() == EVSEAL_CHAIN_BUDGET);
  CHECK(chain.path.failed == 1);
  CHECK(chain.yields == 3);
  chain.rules.on_yield = nullptr;
  chain.budget.operations = 2;
  CHECK(chain.check() == EVSEAL_OK);
}

TEST_CASE("crl: a list that its issuer did not sign, or may not sign, is none") {
  Chain chain;
  SECTION("a changed list; a good one beside it still counts") {
    Bytes changed = chain.of_intermediate;
    changed.back() ^= 1;
    const evseal_crl bad = Chain::parsed(changed);
    const evseal_crl good = Chain::parsed(chain.of_intermediate);
    const evseal_crl above = Chain::parsed(chain.of_root);
    CHECK(chain.check({bad, above}) == EVSEAL_CRL_ISSUER);
    CHECK(chain.check({bad, good, above}) == EVSEAL_OK);
    CHECK(chain.check({good, bad, above}) == EVSEAL_OK);
  }
  SECTION("a list that cannot be used") {
    evseal_crl crl = Chain::parsed(chain.of_intermediate);
    crl.status = EVSEAL_CRL_UNSUPPORTED;
    CHECK(chain.check({crl, Chain::parsed(chain.of_root)}) == EVSEAL_CRL_UNSUPPORTED);
  }
  SECTION("keyUsage without cRLSign, where there is a keyUsage") {
    chain.certificates[1].key_usage &= ~EVSEAL_KU_CRL_SIGN;
    CHECK(chain.check() == EVSEAL_CRL_ISSUER);
    CHECK(chain.path.failed == 0);
    chain.certificates[1].flags &= ~EVSEAL_CERT_HAS_KEY_USAGE;
    CHECK(chain.check() == EVSEAL_OK);
  }
  SECTION("the same of an anchor whose certificate is known") {
    chain.anchor.certificate = &chain.root_certificate;
    CHECK(chain.check() == EVSEAL_OK);
    chain.root_certificate.key_usage = EVSEAL_KU_KEY_CERT_SIGN;
    CHECK(chain.check() == EVSEAL_CRL_ISSUER);
    CHECK(chain.path.failed == 1);
  }
  SECTION("another key identifier, where the issuer has one") {
    chain.certificates[1].subject_key_id.len -= 1;
    CHECK(chain.check() == EVSEAL_CRL_ISSUER);
    chain.certificates[1].subject_key_id.len = 0;
    CHECK(chain.check() == EVSEAL_OK);
  }
}

TEST_CASE("crl: RSA PKCS#1 v1.5 only where it is allowed") {
  Chain chain;
  evseal_crl crl = Chain::parsed(chain.of_intermediate);
  crl.algorithm.scheme = EVSEAL_SCHEME_RSA_PKCS1;
  CHECK(chain.check({crl}) == EVSEAL_CERT_PKCS1);
  chain.rules.flags = EVSEAL_CHAIN_ALLOW_PKCS1;
  CHECK(chain.check({crl}) == EVSEAL_CRL_ISSUER);
}

TEST_CASE("crl: a backend that lacks the algorithm, or fails, ends the search") {
  Chain chain;
  chain.crypto.ed25519 = nullptr;
  CHECK(chain.check() == EVSEAL_CRYPTO_MISSING);
  chain.crypto.ed25519 = [](const std::uint8_t*, const std::uint8_t*, evseal_span) {
    return EVSEAL_CRYPTO_FAILED;
  };
  CHECK(chain.check() == EVSEAL_CRYPTO_FAILED);
  CHECK(chain.yields == 2);
  // Though another list of the same issuer would do.
  static unsigned calls;
  calls = 0;
  chain.crypto.ed25519 = [](const std::uint8_t* key, const std::uint8_t* signature,
                            evseal_span message) {
    return ++calls == 1 ? EVSEAL_CRYPTO_FAILED
                        : evseal_crypto_openssl.ed25519(key, signature, message);
  };
  const evseal_crl of_intermediate = Chain::parsed(chain.of_intermediate);
  CHECK(chain.check({of_intermediate, of_intermediate, Chain::parsed(chain.of_root)}) ==
        EVSEAL_CRYPTO_FAILED);
  CHECK(chain.check() == EVSEAL_OK);
}

namespace {

// A device that remembers of the intermediate's lists what `known` says.
sign::Device device_that_knows(const World& world, manifest::KnownIssuer known) {
  known.issuer_key = sha256(world.intermediate_key->public_key().spki);
  manifest::State state;
  state.vendor = world.profile.vendor;
  state.model = world.profile.model;
  state.crls = {known};
  sign::Device device = world.device();
  device.state = must(manifest::encode_state(state));
  return device;
}

}  // namespace

TEST_CASE("crl: in an envelope each list costs one operation, though all is judged twice") {
  World world("ed25519");
  world.set_component("rootfs", pattern(100));
  const unsigned lists = GENERATE(0U, 1U, 2U);
  if (lists > 0) {
    world.crls.push_back(world.intermediate_authority().crl());
  }
  if (lists > 1) {
    world.crls.push_back(world.root_authority().crl());
  }
  Verifier verifier(world.device());
  REQUIRE(verifier.judge(world.package()) == EVSEAL_OK);
  // Beside them the signer's signature and two certificates'.
  CHECK(verifier.report.operations == 3 + lists);
}

TEST_CASE("crl: the number that a manifest names is seen in the envelope or before") {
  World world("ed25519");
  world.set_component("rootfs", pattern(100));
  const Authority ca = world.intermediate_authority();
  world.crls = {ca.crl({}, ca.crl())};  // number 2
  const Bytes file = world.package();
  for (const std::uint64_t number : {1U, 2U, 3U}) {
    CAPTURE(number);
    Verifier verifier(device_that_knows(world, {{}, number, true, {}}));
    CHECK(verifier.judge(file) == EVSEAL_OK);
    CHECK(verifier.report.learnt == (number < 2));
  }
}

TEST_CASE("crl: where the state's list is not complete, one that is no older must be there") {
  World world("ed25519");
  world.set_component("rootfs", pattern(100));
  const Authority ca = world.intermediate_authority();
  const Bytes second = ca.crl({}, ca.crl());
  const auto judge_with = [&](const std::vector<Bytes>& lists, std::uint64_t number) {
    world.crls = lists;
    Verifier verifier(device_that_knows(world, {{}, number, false, {}}));
    const evseal_status status = verifier.judge(world.package());
    CHECK(verifier.report.num_crls == lists.size());
    return status;
  };
  CHECK(judge_with({second}, 2) == EVSEAL_OK);
  CHECK(judge_with({second}, 3) == EVSEAL_CRL_MISSING);
  CHECK(judge_with({ca.crl()}, 2) == EVSEAL_CRL_MISSING);
}

TEST_CASE("crl: what a list says beyond the state is learnt, under a known number too") {
  World world("ed25519");
  world.set_component("rootfs", pattern(100));
  world.crls = {world.intermediate_authority().crl({Bytes{5}, Bytes{7}})};  // number 1
  const Bytes file = world.package();
  const auto learns = [&](const manifest::KnownIssuer& known) {
    Verifier verifier(device_that_knows(world, known));
    CHECK(verifier.judge(file) != EVSEAL_PENDING);
    return verifier.report.learnt;
  };
  CHECK(learns({{}, 0, true, {{5}, {7}}}));
  CHECK(learns({{}, 1, true, {}}));
  CHECK(learns({{}, 1, true, {{5}}}));
  CHECK(learns({{}, 2, true, {{4}, {7}}}));
  CHECK_FALSE(learns({{}, 1, true, {{5}, {7}}}));
  CHECK_FALSE(learns({{}, 2, true, {{5}, {6}, {7}}}));
  // Where the state keeps no serial numbers, the list must be shown each time anyway.
  CHECK_FALSE(learns({{}, 1, false, {}}));
}

TEST_CASE("crl: the list of an issuer whose serial numbers the state does not keep is no news") {
  World world("ed25519");
  world.set_component("rootfs", pattern(100));
  world.crls = {world.intermediate_authority().crl({Bytes{5}}),
                world.root_authority().crl({Bytes{5}})};
  const Bytes file = world.package();
  // Each of them in turn, so that the other one's is in front of it once.
  for (const bool root_complete : {true, false}) {
    manifest::KnownIssuer of_ca{{}, 1, !root_complete, {}};
    manifest::KnownIssuer of_root{{}, 1, root_complete, {}};
    (root_complete ? of_root : of_ca).revoked = {Bytes{5}};
    of_ca.issuer_key = sha256(world.intermediate_key->public_key().spki);
    of_root.issuer_key = sha256(world.root_key->public_key().spki);
    manifest::State state;
    state.vendor = world.profile.vendor;
    state.model = world.profile.model;
    state.crls = {of_ca, of_root};
    std::sort(state.crls.begin(), state.crls.end(),
              [](const auto& a, const auto& b) { return a.issuer_key < b.issuer_key; });
    sign::Device device = world.device();
    device.state = must(manifest::encode_state(state));
    Verifier verifier(device);
    CHECK(verifier.judge(file) == EVSEAL_OK);
    CHECK(verifier.report.num_crls == 2);
    CHECK_FALSE(verifier.report.learnt);
  }
}

TEST_CASE("crl: of several failures on a path the first is told") {
  World world("ed25519");
  world.set_component("rootfs", pattern(100));
  const Bytes file = world.package();
  const Authority ca = world.intermediate_authority();
  Bytes forged_root = world.root_authority().crl();
  forged_root.back() ^= 1;
  const auto judge_with = [&](const std::vector<Bytes>& lists) {
    Verifier verifier(world.device());
    verifier.config().now_known = true;
    verifier.config().now = kSigningTime + 40 * 86400;  // when the lists have run out
    return verifier.judge(resealed(file, {&world.identity}, kSigningTime, lists));
  };
  SECTION("of two certificates") {
    const Bytes revoking = ca.crl({World::serial(world.identity)});
    CHECK(judge_with({revoking, forged_root}) == EVSEAL_REVOKED);
    CHECK(judge_with({ca.crl(), forged_root}) == EVSEAL_CRL_ISSUER);
  }
  SECTION("of two lists of one issuer, as they stand: the shorter one first") {
    world.profile.trusted_clock = true;
    Bytes forged = ca.crl();
    forged.back() ^= 1;
    const Bytes stale = ca.crl({Bytes{5}, Bytes{6}});
    CHECK(judge_with({stale}) == EVSEAL_CRL_STALE);
    CHECK(judge_with({forged, stale}) == EVSEAL_CRL_ISSUER);
    CHECK(judge_with({ca.crl(), forged_root}) == EVSEAL_CRL_STALE);
  }
}

TEST_CASE("crl: a list of a stranger's issuer says nothing, and its number is nobody's") {
  World world("ed25519");
  world.set_component("rootfs", pattern(100));
  const Authority other = world.authority("other");
  sign::Identity stranger = world.leaf(other, sign::CertificateKind::firmware, "stranger");
  world.crls = {world.intermediate_authority().crl()};
  const Bytes file = world.package();
  Verifier verifier(world.device());
  REQUIRE(verifier.judge(resealed(file, {&world.identity, &stranger}, kSigningTime,
                                  {world.crls[0], other.crl()})) == EVSEAL_OK);
  REQUIRE(verifier.report.num_crls == 1);
  const Sha256 key = sha256(world.intermediate_key->public_key().spki);
  CHECK(std::equal(key.begin(), key.end(), std::begin(verifier.report.crls[0].issuer_key)));
  // Without the list that the manifest names, the stranger's does not stand for it.
  CHECK(verifier.judge(resealed(file, {&world.identity, &stranger}, kSigningTime, {other.crl()})) ==
        EVSEAL_CRL_STRIPPED);
}
