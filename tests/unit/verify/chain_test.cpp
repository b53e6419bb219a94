// Chains and revocation by themselves, as the tools ask for them: with anchors that are
// certificates, with a time that must hold, with budgets that end.
#include <evseal/chain.h>
#include <evseal/crl.h>

#include <catch2/catch.hpp>

#include "failing_crypto.h"
#include "test_package.hpp"

extern "C" {
#include "x509_fields.h"
}

using namespace evseal;
using namespace evseal::test;

namespace {

constexpr std::int64_t kDay = 86400;

evseal_span span_of(const Bytes& octets) {
  return {octets.data(), octets.size()};
}

// Leaf, intermediate and root of a World, and a question about them that has a good answer.
struct Question {
  World world;
  evseal_certificate certificates[EVSEAL_MAX_CHAIN_CERTIFICATES + 1]{};  // most for a test to fill
  evseal_certificate root{};
  evseal_anchor anchor{};
  evseal_chain_rules rules{};
  evseal_budget budget = {EVSEAL_MAX_OPERATIONS, EVSEAL_MAX_NAME_STEPS, 0, {}};
  const evseal_crypto* crypto = &evseal_crypto_openssl;
  evseal_path path{};
  std::uint32_t usable = 3;
  std::size_t leaf = 0;
  std::size_t num_certificates = 2;
  std::size_t num_anchors = 1;
  Bytes root_list = world.root_authority().crl();
  Bytes list = world.intermediate_authority().crl();
  evseal_crl crls[2]{};

  explicit Question(const std::string& algorithm = "ed25519") : world(algorithm) {
    for (std::size_t i = 0; i < 2; ++i) {
      REQUIRE(evseal_certificate_parse(&certificates[i], span_of(world.identity.certificates[i])) ==
              EVSEAL_OK);
    }
    REQUIRE(evseal_certificate_parse(&root, span_of(world.root)) == EVSEAL_OK);
    REQUIRE(evseal_anchor_from_certificate(&anchor, span_of(world.root)) == EVSEAL_OK);
    anchor.certificate = &root;
    rules.max_intermediates = 1;
    rules.flags = EVSEAL_CHAIN_CHECK_TIME;
    rules.time = kSigningTime;
    read_lists();
  }
  Question(const Question&) = delete;
  Question& operator=(const Question&) = delete;

  void read_lists() {
    REQUIRE(evseal_crl_parse(&crls[0], span_of(root_list)) == EVSEAL_OK);
    REQUIRE(evseal_crl_parse(&crls[1], span_of(list)) == EVSEAL_OK);
  }
  evseal_status find() {
    return evseal_chain_find(&path, &budget, crypto, certificates, num_certificates, leaf, usable,
                             &anchor, num_anchors, &rules);
  }
  // A list's signature is checked each time: the budget is for one question.
  evseal_status check_lists(std::size_t count = 2, unsigned operations = EVSEAL_MAX_OPERATIONS) {
    budget.operations = operations;
    return evseal_crl_check_path(&path, &budget, crypto, certificates, &anchor, crls, count,
                                 &rules);
  }
};

std::string name(evseal_status status) {
  return evseal_status_name(status);
}

}  // namespace

TEST_CASE("chain: from an anchor with its certificate or without") {
  Question q;
  CHECK(name(q.find()) == "ok");
  CHECK(q.path.num_certificates == 2);
  CHECK(q.path.failed == 0xFF);
  q.anchor.certificate = nullptr;
  CHECK(name(q.find()) == "ok");
  CHECK(q.budget.num_checked == 2);  // each signature once
}

TEST_CASE("chain: what is asked must make sense") {
  Question q;
  SECTION("a leaf that is none of them") {
    q.leaf = 2;
    CHECK(q.find() == EVSEAL_MISUSE);
  }
  SECTION("more certificates than are looked at") {
    q.num_certificates = EVSEAL_MAX_CHAIN_CERTIFICATES + 1;
    CHECK(q.find() == EVSEAL_CHAIN_BUDGET);
  }
  SECTION("more anchors than are looked at") {
    q.num_anchors = EVSEAL_MAX_ANCHORS + 1;
    CHECK(q.find() == EVSEAL_CHAIN_BUDGET);
  }
  SECTION("as many of both as are looked at") {
    q.num_certificates = EVSEAL_MAX_CHAIN_CERTIFICATES;
    CHECK(q.find() == EVSEAL_OK);
    std::vector<evseal_anchor> anchors(EVSEAL_MAX_ANCHORS, q.anchor);
    CHECK(evseal_chain_find(&q.path, &q.budget, q.crypto, q.certificates, q.num_certificates,
                            q.leaf, q.usable, anchors.data(), anchors.size(),
                            &q.rules) == EVSEAL_OK);
  }
  SECTION("what stands behind the last certificate, anchor or purpose is not looked at") {
    q.num_anchors = 0;
    CHECK(q.find() == EVSEAL_CHAIN_NO_ANCHOR);
    q.num_anchors = 1;
    q.num_certificates = 1;
    CHECK(q.find() == EVSEAL_CHAIN_NO_ANCHOR);
    q.num_certificates = 2;
    const Bytes other = {0x2A, 0x03};
    const Bytes code_signing = {0x2B, 0x06, 0x01, 0x05, 0x05, 0x07, 0x03, 0x03};
    const evseal_span purposes[] = {span_of(other), span_of(code_signing)};
    q.rules.purposes = purposes;
    q.rules.num_purposes = 1;
    CHECK(q.find() == EVSEAL_LEAF_PURPOSE);
  }
  SECTION("a leaf that could not be read") {
    (void)evseal_certificate_parse(&q.certificates[0], {q.world.root.data(), 5});
    CHECK(q.find() == EVSEAL_CERT_ENCODING);
    CHECK(q.path.failed == 0);
  }
}

TEST_CASE("chain: no more operations and steps than the budget has") {
  Question q;
  for (unsigned operations = 0; operations < 2; ++operations) {
    q.budget = {operations, EVSEAL_MAX_NAME_STEPS, 0, {}};
    CHECK(q.find() == EVSEAL_CHAIN_BUDGET);
    CHECK(q.budget.operations == 0);
  }
  q.budget = {2, 1, 0, {}};
  CHECK(q.find() == EVSEAL_OK);
  q.budget = {2, 0, 0, {}};
  CHECK(q.find() == EVSEAL_CHAIN_BUDGET);
  // Room to remember the answers, in a caller's own budget of more operations.
  q.budget = {100, EVSEAL_MAX_NAME_STEPS, EVSEAL_MAX_OPERATIONS, {}};
  CHECK(q.find() == EVSEAL_CHAIN_BUDGET);
  CHECK(q.budget.num_checked == EVSEAL_MAX_OPERATIONS);
  CHECK(q.budget.operations == 100);
}

TEST_CASE("chain: the watchdog is fed before each public-key operation, of lists too") {
  Question q;
  unsigned yields = 0;
  q.rules.user = &yields;
  q.rules.on_yield = [](void* user) { ++*static_cast<unsigned*>(user); };
  REQUIRE(q.find() == EVSEAL_OK);
  CHECK(yields == 2);
  REQUIRE(q.check_lists() == EVSEAL_OK);
  CHECK(yields == 4);
}

TEST_CASE("chain: crypto that fails or is missing is no verdict about a certificate") {
  Question q;
  q.crypto = &evseal_crypto_failing;
  for (unsigned n = 1; n <= 2; ++n) {
    q.budget = {EVSEAL_MAX_OPERATIONS, EVSEAL_MAX_NAME_STEPS, 0, {}};
    evseal_crypto_fail_at(n, 0);
    CHECK(q.find() == EVSEAL_CRYPTO_FAILED);
    CHECK(q.budget.num_checked == n - 1);
  }
  evseal_crypto_fail_at(0, 0);
  REQUIRE(q.find() == EVSEAL_OK);
  for (unsigned n = 1; n <= 2; ++n) {
    evseal_crypto_fail_at(n, 0);
    CHECK(q.check_lists() == EVSEAL_CRYPTO_FAILED);
  }
  evseal_crypto without = evseal_crypto_openssl;
  without.ed25519 = nullptr;
  q.crypto = &without;
  CHECK(q.check_lists() == EVSEAL_CRYPTO_MISSING);
  q.budget.num_checked = 0;
  CHECK(q.find() == EVSEAL_CRYPTO_MISSING);
}

TEST_CASE(
    "chain: every certificate must be valid at the time, the anchor's too, where it is asked") {
  Question q;
  const std::int64_t begin = kSigningTime - kDay;
  const std::int64_t end = kSigningTime + 365 * kDay;
  for (evseal_certificate* one : {&q.certificates[0], &q.certificates[1], &q.root}) {
    const evseal_certificate before = *one;
    one->not_before = kSigningTime;
    q.rules.time = kSigningTime;
    CHECK(q.find() == EVSEAL_OK);
    q.rules.time = kSigningTime - 1;
    CHECK(q.find() == EVSEAL_NOT_YET_VALID);
    *one = before;
    one->not_after = kSigningTime;
    q.rules.time = kSigningTime;
    CHECK(q.find() == EVSEAL_OK);
    q.rules.time = kSigningTime + 1;
    CHECK(q.find() == EVSEAL_EXPIRED);
    *one = before;
  }
  for (const std::int64_t time : {begin - 1, end + 1}) {
    q.rules.time = time;
    q.rules.flags = EVSEAL_CHAIN_CHECK_TIME;
    CHECK(q.find() != EVSEAL_OK);
    // Preferred is not demanded, and unasked is not looked at.
    q.rules.flags = EVSEAL_CHAIN_PREFER_TIME;
    CHECK(q.find() == EVSEAL_OK);
    q.rules.flags = 0;
    CHECK(q.find() == EVSEAL_OK);
  }
}

TEST_CASE("chain: what an anchor's certificate says is true of it, but for its signature and key") {
  Question q;
  for (const evseal_status status : {EVSEAL_CERT_NAME_CONSTRAINTS, EVSEAL_CERT_CRITICAL_EXTENSION,
                                     EVSEAL_CERT_EXTENSION, EVSEAL_CERT_ENCODING}) {
    q.root.status = status;
    CHECK(q.find() == status);
  }
  q.root.status = EVSEAL_CERT_ALGORITHM;  // of a signature that nobody checks
  CHECK(q.find() == EVSEAL_OK);
  q.root.status = EVSEAL_OK;
  const evseal_certificate whole = q.root;
  q.root.flags &= ~EVSEAL_CERT_IS_CA;
  CHECK(q.find() == EVSEAL_CHAIN_NOT_CA);
  q.root = whole;
  q.root.key_usage &= ~EVSEAL_KU_KEY_CERT_SIGN;
  CHECK(q.find() == EVSEAL_CHAIN_KEY_USAGE);
  q.root = whole;
  q.root.flags |= EVSEAL_CERT_HAS_PATH_LENGTH;
  q.root.path_length = 0;
  CHECK(q.find() == EVSEAL_CHAIN_PATH_LENGTH);
  q.root.path_length = 1;
  CHECK(q.find() == EVSEAL_OK);
  q.root = whole;
  q.root.subject_key_id = span_of(q.list);
  CHECK(q.find() == EVSEAL_CHAIN_KEY_IDENTIFIER);
  q.root.subject_key_id = {};
  CHECK(q.find() == EVSEAL_OK);
  q.root = whole;
  // keyUsage may be absent unless it is asked for.
  q.root.flags &= ~EVSEAL_CERT_HAS_KEY_USAGE;
  CHECK(q.find() == EVSEAL_OK);
  q.rules.flags |= EVSEAL_CHAIN_NEED_KEY_USAGE;
  CHECK(q.find() == EVSEAL_CHAIN_KEY_USAGE);
}

TEST_CASE("chain: an anchor's key that cannot be read, or of a type that is not known, is none") {
  Question q;
  q.anchor.spki.len -= 1;
  CHECK(q.find() == EVSEAL_CERT_KEY);
  // Ed448: well formed, and unknown here.
  Bytes other(q.anchor.spki.data, q.anchor.spki.data + q.anchor.spki.len + 1);
  REQUIRE(other[8] == 0x70);
  other[8] = 0x71;
  q.anchor.spki = span_of(other);
  CHECK(q.find() == EVSEAL_CERT_KEY);
}

TEST_CASE("chain: identifiers of an issuer's own name and number must fit where they are there") {
  Question q;
  evseal_certificate& leaf = q.certificates[0];
  leaf.authority_issuer = q.certificates[1].issuer;
  leaf.authority_serial = q.certificates[1].serial;
  CHECK(q.find() == EVSEAL_OK);
  leaf.authority_issuer = leaf.subject;
  CHECK(q.find() == EVSEAL_CHAIN_KEY_IDENTIFIER);
  leaf.authority_issuer = {};
  leaf.authority_serial = leaf.serial;
  CHECK(q.find() == EVSEAL_CHAIN_KEY_IDENTIFIER);
  leaf.authority_serial = {};
  const evseal_span key_id = leaf.authority_key_id;
  leaf.authority_key_id = {};
  CHECK(q.find() == EVSEAL_CERT_EXTENSION);
  leaf.authority_key_id = key_id;
  // A CA without its own identifier contradicts nobody, and is refused for that alone.
  q.certificates[1].subject_key_id = {};
  CHECK(q.find() == EVSEAL_CERT_EXTENSION);
}

TEST_CASE("chain: purposes, of which one must hold all the way down") {
  Question q;
  const Bytes code_signing = {0x2B, 0x06, 0x01, 0x05, 0x05, 0x07, 0x03, 0x03};
  const Bytes other = {0x2A, 0x03};
  std::vector<evseal_span> purposes(40, span_of(other));
  q.rules.purposes = purposes.data();
  q.rules.num_purposes = purposes.size();
  CHECK(q.find() == EVSEAL_LEAF_PURPOSE);
  purposes[31] = span_of(code_signing);
  CHECK(q.find() == EVSEAL_OK);
  // More than 32 are not looked at: fewer hold, never more.
  purposes[31] = span_of(other);
  purposes[32] = span_of(code_signing);
  CHECK(q.find() == EVSEAL_LEAF_PURPOSE);
  // Without an extKeyUsage a leaf is for everything, unless one is asked for.
  q.certificates[0].flags &= ~EVSEAL_CERT_HAS_PURPOSES;
  CHECK(q.find() == EVSEAL_OK);
  q.rules.flags |= EVSEAL_CHAIN_NEED_PURPOSE;
  CHECK(q.find() == EVSEAL_LEAF_PURPOSE);
}

TEST_CASE("chain: no way from the leaf to an anchor") {
  Question q;
  SECTION("the intermediate may not be used") {
    q.usable = 1;
    CHECK(q.find() == EVSEAL_CHAIN_NO_ANCHOR);
  }
  SECTION("no intermediates are allowed") {
    q.rules.max_intermediates = 0;
    CHECK(q.find() == EVSEAL_CHAIN_TOO_LONG);
  }
  SECTION("the intermediate has no name") {
    q.certificates[1].subject = {};
    CHECK(q.find() == EVSEAL_CHAIN_NO_ANCHOR);
  }
  SECTION("PKCS #1 signatures are asked for first") {
    Question rsa("rsa2048");
    rsa.certificates[0].algorithm.scheme = EVSEAL_SCHEME_RSA_PKCS1;
    CHECK(rsa.find() == EVSEAL_CERT_PKCS1);
    rsa.crls[0].algorithm.scheme = EVSEAL_SCHEME_RSA_PKCS1;
    rsa.path.certificates[0] = 0;
    rsa.path.certificates[1] = 1;
    rsa.path.num_certificates = 2;
    CHECK(rsa.check_lists() == EVSEAL_CERT_PKCS1);
  }
}

TEST_CASE("chain: of several ways the one that came furthest is told, of equals the first") {
  Question q;
  q.certificates[2] = q.certificates[1];
  q.num_certificates = 3;
  q.usable = 7;
  evseal_certificate& first = q.certificates[1];
  evseal_certificate& second = q.certificates[2];
  const evseal_certificate good = first;
  // The first way ends at its intermediate, the second at the leaf; and the other way round.
  q.certificates[0].algorithm.scheme = EVSEAL_SCHEME_RSA_PKCS1;
  for (evseal_certificate* bad : {&first, &second}) {
    bad->flags &= ~EVSEAL_CERT_IS_CA;
    CHECK(q.find() == EVSEAL_CERT_PKCS1);
    CHECK(q.path.failed == 0);
    CHECK(q.path.certificates[1] == (bad == &first ? 2 : 1));
    *bad = good;
  }
  first.flags &= ~EVSEAL_CERT_IS_CA;
  second.key_usage = 0;
  CHECK(q.find() == EVSEAL_CHAIN_NOT_CA);
  CHECK(q.path.failed == 1);
}

TEST_CASE("crl: each certificate of a path needs a list of its issuer") {
  Question q;
  REQUIRE(q.find() == EVSEAL_OK);
  CHECK(name(q.check_lists()) == "ok");
  CHECK(q.check_lists(1) == EVSEAL_CRL_MISSING);  // the root's alone
  CHECK(q.path.failed == 0);
  std::swap(q.crls[0], q.crls[1]);
  CHECK(q.check_lists(1) == EVSEAL_CRL_MISSING);
  CHECK(q.path.failed == 1);
  q.anchor.certificate = nullptr;
  CHECK(q.check_lists(2) == EVSEAL_OK);
  // Names are compared, whatever they are: that none is empty is asked elsewhere.
  q.anchor.subject = {};
  CHECK(q.check_lists(2) == EVSEAL_CRL_MISSING);
  q.crls[0].issuer = {};
  q.crls[1].issuer = {};
  q.certificates[1].subject = {};
  CHECK(q.check_lists(2) == EVSEAL_OK);
}

TEST_CASE("crl: a revoked certificate is found wherever it stands in the path") {
  Question q;
  REQUIRE(q.find() == EVSEAL_OK);
  q.list = q.world.intermediate_authority().crl({World::serial(q.world.identity)});
  q.read_lists();
  CHECK(q.check_lists() == EVSEAL_REVOKED);
  CHECK(q.path.failed == 0);
  q.list = q.world.intermediate_authority().crl();
  const Bytes of_intermediate(q.certificates[1].serial.data,
                              q.certificates[1].serial.data + q.certificates[1].serial.len);
  q.root_list = q.world.root_authority().crl({of_intermediate});
  q.read_lists();
  CHECK(q.check_lists() == EVSEAL_REVOKED);
  CHECK(q.path.failed == 1);
}

TEST_CASE("crl: a list that is not current, broken or another's says why, and stands for none") {
  Question q;
  REQUIRE(q.find() == EVSEAL_OK);
  q.rules.time = kSigningTime - 1;
  CHECK(q.check_lists() == EVSEAL_CRL_STALE);
  q.rules.time = kSigningTime + 30 * kDay + 1;
  CHECK(q.check_lists() == EVSEAL_CRL_STALE);
  q.rules.flags = 0;
  CHECK(q.check_lists() == EVSEAL_OK);

  q.crls[1].status = EVSEAL_CRL_UNSUPPORTED;
  CHECK(q.check_lists() == EVSEAL_CRL_UNSUPPORTED);
  q.crls[1].status = EVSEAL_OK;
  Bytes forged = q.list;
  forged.back() ^= 1;
  REQUIRE(evseal_crl_parse(&q.crls[1], span_of(forged)) == EVSEAL_OK);
  CHECK(q.check_lists() == EVSEAL_CRL_ISSUER);
  q.read_lists();

  const evseal_certificate intermediate = q.certificates[1];
  q.certificates[1].key_usage &= ~EVSEAL_KU_CRL_SIGN;
  CHECK(q.check_lists() == EVSEAL_CRL_ISSUER);
  q.certificates[1].flags &= ~EVSEAL_CERT_HAS_KEY_USAGE;  // no keyUsage: every use
  CHECK(q.check_lists() == EVSEAL_OK);
  q.certificates[1] = intermediate;
  q.certificates[1].subject_key_id = span_of(q.root_list);
  CHECK(q.check_lists() == EVSEAL_CRL_ISSUER);
  q.certificates[1].subject_key_id = {};
  CHECK(q.check_lists() == EVSEAL_OK);
  q.certificates[1] = intermediate;

  CHECK(q.check_lists(2, 1) == EVSEAL_CHAIN_BUDGET);
  CHECK(q.check_lists(2, 2) == EVSEAL_OK);
  q.anchor.spki.len -= 1;
  CHECK(q.check_lists() == EVSEAL_CERT_KEY);
  CHECK(q.path.failed == 1);
  // Asked for one issuer by name: a list of another is not his.
  evseal_public_key key{};
  REQUIRE(evseal_public_key_parse(&key, q.certificates[1].key.spki) == EVSEAL_OK);
  CHECK(evseal_crl_check_issuer(&q.crls[0], &q.budget, q.crypto, q.certificates[1].subject,
                                &q.certificates[1], &key, &q.rules) == EVSEAL_CRL_ISSUER);
}

TEST_CASE("crl: the entries of a list that could not be read are not walked over") {
  const Bytes junk = {0x30, 0x03, 0x02, 0x01};
  evseal_span rest = span_of(junk);
  evseal_span serial{};
  CHECK_FALSE(evseal_crl_next_serial(&rest, &serial));
  evseal_crl crl{};
  crl.entries = span_of(junk);
  CHECK_FALSE(evseal_crl_lists(&crl, span_of(junk)));
}

TEST_CASE("chain: a self-issued certificate needs no identifier of its issuer") {
  Question q;
  q.certificates[1].authority_key_id = {};
  CHECK(q.find() == EVSEAL_CERT_EXTENSION);
  q.certificates[1].issuer = q.certificates[1].subject;
  q.anchor.subject = q.certificates[1].subject;
  CHECK(q.find() == EVSEAL_OK);
}

TEST_CASE(
    "keys: of certificates, with exponents from 65,537 to four octets and moduli of whole ones") {
  evseal_public_key key{};
  const Bytes modulus(256, 0x80);
  const Bytes short_modulus(256, 0x7F);
  key.type = EVSEAL_KEY_RSA;
  key.rsa.n = span_of(modulus);
  const auto takes = [&](const Bytes& exponent) {
    key.rsa.e = span_of(exponent);
    return evseal_x509_key_acceptable(&key);
  };
  CHECK(takes({1, 0, 1}));
  CHECK(takes({1, 1, 0}));
  CHECK(takes({2, 0, 0}));
  CHECK(takes({1, 0, 0, 0}));
  CHECK_FALSE(takes({1, 0, 0}));
  CHECK_FALSE(takes({3}));
  CHECK_FALSE(takes({1, 0, 0, 0, 1}));
  const Bytes exponent = {1, 0, 1};
  key.rsa.n = span_of(short_modulus);
  CHECK_FALSE(takes(exponent));
  key.rsa.n = span_of(modulus);
  key.is_pss = true;
  CHECK(takes(exponent));
  const evseal_algorithm pss = {EVSEAL_SCHEME_RSA_PSS, EVSEAL_HASH_SHA256, EVSEAL_HASH_SHA256, 32};
  key.pss = pss;
  CHECK(takes(exponent));
  key.pss.hash = EVSEAL_HASH_SHA384;
  CHECK_FALSE(takes(exponent));
  key.pss = pss;
  key.pss.mgf_hash = EVSEAL_HASH_SHA384;
  CHECK_FALSE(takes(exponent));
  key.pss = pss;
  key.pss.salt_len = 20;
  CHECK_FALSE(takes(exponent));
}
