// Bare signatures: their forms, and what is asked before the backend is.
#include <evseal/signature.h>

#include <catch2/catch.hpp>

#include "backends.hpp"
#include "openssl_key.hpp"

extern "C" {
#include "emsa.h"
}

using namespace evseal;
using namespace evseal::test;

namespace {

evseal_span span_of(const Bytes& bytes) {
  return {bytes.data(), bytes.size()};
}

const Bytes kMessage = {'e', 'v', 's', 'e', 'a', 'l'};

// ECDSA-Sig-Value of numbers that are written as they are given.
Bytes sig_value(Bytes r, Bytes s) {
  Bytes out = {0x30, static_cast<std::uint8_t>(4 + r.size() + s.size())};
  for (const Bytes& number : {r, s}) {
    out.push_back(0x02);
    out.push_back(static_cast<std::uint8_t>(number.size()));
    out.insert(out.end(), number.begin(), number.end());
  }
  return out;
}

// An EC key as the library has parsed it, and one good signature over kMessage.
struct Ecdsa {
  OpensslKey made;
  Bytes point;
  Bytes rs;
  evseal_public_key key{};
  evseal_algorithm algorithm = {EVSEAL_SCHEME_ECDSA, EVSEAL_HASH_SHA256, EVSEAL_HASH_NONE, 0};

  explicit Ecdsa(bool is_p256)
      : made(OpensslKey::ec(is_p256 ? "P-256" : "P-384")), point(made.point()) {
    algorithm.hash = is_p256 ? EVSEAL_HASH_SHA256 : EVSEAL_HASH_SHA384;
    key.type = is_p256 ? EVSEAL_KEY_P256 : EVSEAL_KEY_P384;
    key.raw = span_of(point);
    rs = made.sign_ecdsa(openssl_digest(algorithm.hash, kMessage));
  }
  evseal_status verify(const Bytes& signature, unsigned flags,
                       const evseal_crypto& crypto = evseal_crypto_openssl) const {
    return evseal_signature_verify(&crypto, &key, &algorithm, span_of(kMessage), span_of(signature),
                                   flags);
  }
};

}  // namespace

TEST_CASE("signature: ECDSA as r || s has exactly that length") {
  for (const bool is_p256 : {true, false}) {
    const Ecdsa ecdsa(is_p256);
    CHECK(ecdsa.verify(ecdsa.rs, EVSEAL_SIGNATURE_P1363) == EVSEAL_OK);
    for (const std::size_t length : {std::size_t{0}, ecdsa.rs.size() - 1, ecdsa.rs.size() + 1}) {
      Bytes other = ecdsa.rs;
      other.resize(length);
      CHECK(ecdsa.verify(other, EVSEAL_SIGNATURE_P1363) == EVSEAL_SIGNATURE_ENCODING);
    }
    Bytes wrong = ecdsa.rs;
    wrong[5] ^= 1;
    CHECK(ecdsa.verify(wrong, EVSEAL_SIGNATURE_P1363) == EVSEAL_SIGNATURE_INVALID);
    const std::size_t half = wrong.size() / 2;
    for (const std::size_t at : {std::size_t{0}, half}) {
      Bytes zero = ecdsa.rs;
      std::fill_n(zero.begin() + static_cast<std::ptrdiff_t>(at), half, std::uint8_t{0});
      CHECK(ecdsa.verify(zero, EVSEAL_SIGNATURE_P1363) == EVSEAL_SIGNATURE_RANGE);
      std::fill_n(zero.begin() + static_cast<std::ptrdiff_t>(at), half, std::uint8_t{0xFF});
      CHECK(ecdsa.verify(zero, EVSEAL_SIGNATURE_P1363) == EVSEAL_SIGNATURE_RANGE);
    }
    CHECK(ecdsa.verify(ecdsa.rs, 0) == EVSEAL_SIGNATURE_ENCODING);
  }
}

TEST_CASE("signature: ECDSA-Sig-Value is one SEQUENCE of two positive numbers that fit") {
  const Ecdsa ecdsa(true);
  const Bytes good = {0x01};
  const Bytes longest(33, 0x01);
  CHECK(ecdsa.verify(sig_value(good, good), 0) == EVSEAL_SIGNATURE_INVALID);
  CHECK(ecdsa.verify(sig_value(longest, good), 0) == EVSEAL_SIGNATURE_RANGE);
  CHECK(ecdsa.verify(sig_value(good, longest), 0) == EVSEAL_SIGNATURE_RANGE);
  CHECK(ecdsa.verify(sig_value({0x81}, good), 0) == EVSEAL_SIGNATURE_ENCODING);
  CHECK(ecdsa.verify(sig_value(good, {0x81}), 0) == EVSEAL_SIGNATURE_ENCODING);
  CHECK(ecdsa.verify(sig_value({0x00, 0x01}, good), 0) == EVSEAL_SIGNATURE_ENCODING);
  Bytes behind = sig_value(good, good);
  behind.push_back(0);
  CHECK(ecdsa.verify(behind, 0) == EVSEAL_SIGNATURE_ENCODING);
  Bytes within = behind;
  within[1]++;
  CHECK(ecdsa.verify(within, 0) == EVSEAL_SIGNATURE_ENCODING);
  CHECK(ecdsa.verify({}, 0) == EVSEAL_SIGNATURE_ENCODING);
}

TEST_CASE(
    "signature: an algorithm goes with its own kind of key only, and an unknown one with none") {
  const Ecdsa ecdsa(true);
  evseal_public_key key = ecdsa.key;
  const Bytes octets(64, 1);
  const auto says = [&](evseal_key_type type, evseal_scheme scheme, evseal_hash hash) {
    key.type = type;
    const evseal_algorithm algorithm = {scheme, hash, hash, 32};
    return evseal_signature_verify(&evseal_crypto_openssl, &key, &algorithm, span_of(kMessage),
                                   span_of(octets), 0);
  };
  const evseal_scheme schemes[] = {EVSEAL_SCHEME_ECDSA,     EVSEAL_SCHEME_RSA_PSS,
                                   EVSEAL_SCHEME_RSA_PKCS1, EVSEAL_SCHEME_ED25519,
                                   EVSEAL_SCHEME_UNKNOWN,   static_cast<evseal_scheme>(7)};
  for (const evseal_scheme scheme : schemes) {
    CHECK(says(EVSEAL_KEY_UNKNOWN, scheme, EVSEAL_HASH_SHA256) == EVSEAL_CERT_ALGORITHM);
    CHECK((says(EVSEAL_KEY_P256, scheme, EVSEAL_HASH_SHA256) == EVSEAL_CERT_ALGORITHM) ==
          (scheme != EVSEAL_SCHEME_ECDSA));
    CHECK((says(EVSEAL_KEY_ED25519, scheme, EVSEAL_HASH_SHA256) == EVSEAL_CERT_ALGORITHM) ==
          (scheme != EVSEAL_SCHEME_ED25519));
  }
  // No hash is none of the hashes.
  CHECK(says(EVSEAL_KEY_P256, EVSEAL_SCHEME_ECDSA, EVSEAL_HASH_NONE) == EVSEAL_CERT_ALGORITHM);
  CHECK(says(EVSEAL_KEY_P256, EVSEAL_SCHEME_ECDSA, static_cast<evseal_hash>(1)) ==
        EVSEAL_CRYPTO_MISSING);
}

TEST_CASE("signature: an id-RSASSA-PSS key holds its signers to its parameters") {
  const OpensslKey& made = OpensslKey::rsa(2048);
  evseal_public_key key{};
  key.type = EVSEAL_KEY_RSA;
  key.rsa = made.rsa_key();
  key.is_pss = true;
  const Bytes digest = openssl_digest(EVSEAL_HASH_SHA256, kMessage);
  const Bytes signature = made.sign_pss(EVSEAL_HASH_SHA256, EVSEAL_HASH_SHA256, 32, digest);
  const auto verify = [&](const evseal_algorithm& algorithm) {
    return evseal_signature_verify(&evseal_crypto_openssl, &key, &algorithm, span_of(kMessage),
                                   span_of(signature), 0);
  };
  const evseal_algorithm pss = {EVSEAL_SCHEME_RSA_PSS, EVSEAL_HASH_SHA256, EVSEAL_HASH_SHA256, 32};
  const evseal_algorithm pkcs1 = {EVSEAL_SCHEME_RSA_PKCS1, EVSEAL_HASH_SHA256, EVSEAL_HASH_NONE, 0};
  CHECK(verify(pss) == EVSEAL_OK);
  CHECK(verify(pkcs1) == EVSEAL_CERT_ALGORITHM);
  key.pss = pss;
  CHECK(verify(pss) == EVSEAL_OK);
  key.pss.hash = EVSEAL_HASH_SHA384;
  CHECK(verify(pss) == EVSEAL_CERT_ALGORITHM);
  key.pss = pss;
  key.pss.mgf_hash = EVSEAL_HASH_SHA384;
  CHECK(verify(pss) == EVSEAL_CERT_ALGORITHM);
  key.pss = pss;
  key.pss.salt_len = 20;
  CHECK(verify(pss) == EVSEAL_CERT_ALGORITHM);
  key.pss = {};
  key.is_pss = false;
  CHECK(verify(pkcs1) == EVSEAL_SIGNATURE_INVALID);
}

TEST_CASE("signature: what a backend lacks is missing, not wrong") {
  const OpensslKey& made = OpensslKey::rsa(2048);
  evseal_public_key rsa{};
  rsa.type = EVSEAL_KEY_RSA;
  rsa.rsa = made.rsa_key();
  const Bytes signature(256, 0);
  evseal_crypto none = evseal_crypto_openssl;
  none.rsa_pss = nullptr;
  none.rsa_pkcs1 = nullptr;
  none.ecdsa_p256 = nullptr;
  none.sha512 = nullptr;
  const auto verify = [&](evseal_scheme scheme, evseal_hash hash) {
    const evseal_algorithm algorithm = {scheme, hash, hash, 32};
    return evseal_signature_verify(&none, &rsa, &algorithm, span_of(kMessage), span_of(signature),
                                   0);
  };
  CHECK(verify(EVSEAL_SCHEME_RSA_PSS, EVSEAL_HASH_SHA256) == EVSEAL_CRYPTO_MISSING);
  CHECK(verify(EVSEAL_SCHEME_RSA_PKCS1, EVSEAL_HASH_SHA384) == EVSEAL_CRYPTO_MISSING);
  CHECK(verify(EVSEAL_SCHEME_RSA_PKCS1, EVSEAL_HASH_SHA512) == EVSEAL_CRYPTO_MISSING);
  none.sha256 = nullptr;
  none.sha384 = nullptr;
  CHECK(verify(EVSEAL_SCHEME_RSA_PSS, EVSEAL_HASH_SHA256) == EVSEAL_CRYPTO_MISSING);
  CHECK(verify(EVSEAL_SCHEME_RSA_PSS, EVSEAL_HASH_SHA384) == EVSEAL_CRYPTO_MISSING);
  none.sha256 = evseal_crypto_openssl.sha256;
  const Ecdsa ecdsa(true);
  CHECK(ecdsa.verify(ecdsa.rs, EVSEAL_SIGNATURE_P1363, none) == EVSEAL_CRYPTO_MISSING);
}

TEST_CASE("emsa: a digest of another length than its hash's is none, nor one of no hash") {
  const OpensslKey& made = OpensslKey::rsa(2048);
  const Bytes digest = openssl_digest(EVSEAL_HASH_SHA256, kMessage);
  const Bytes em =
      made.rsa_public(made.sign_pss(EVSEAL_HASH_SHA256, EVSEAL_HASH_SHA256, 32, digest));
  const auto pss = [&](evseal_hash hash, evseal_hash mgf_hash, std::size_t len,
                       const evseal_crypto& hashes) {
    const evseal_algorithm algorithm = {EVSEAL_SCHEME_RSA_PSS, hash, mgf_hash, 32};
    Bytes copy = em;
    return evseal_emsa_pss_check(&hashes, &algorithm, {digest.data(), len}, made.rsa_key().n,
                                 copy.data());
  };
  const evseal_hash sha256 = EVSEAL_HASH_SHA256;
  CHECK(pss(sha256, sha256, 32, evseal_crypto_openssl) == EVSEAL_OK);
  CHECK(pss(sha256, sha256, 31, evseal_crypto_openssl) == EVSEAL_SIGNATURE_INVALID);
  CHECK(pss(EVSEAL_HASH_NONE, sha256, 0, evseal_crypto_openssl) == EVSEAL_SIGNATURE_INVALID);
  CHECK(pss(sha256, static_cast<evseal_hash>(1), 32, evseal_crypto_openssl) ==
        EVSEAL_CRYPTO_FAILED);
  // Seven hashes make the mask of 223 octets; the eighth is of what was signed.
  static unsigned calls;
  static unsigned failing_call;
  evseal_crypto failing = evseal_crypto_openssl;
  failing.sha256 = [](uint8_t* out, const evseal_span* pieces, size_t count) {
    return ++calls == failing_call ? EVSEAL_CRYPTO_FAILED
                                   : evseal_crypto_openssl.sha256(out, pieces, count);
  };
  for (failing_call = 1; failing_call <= 8; ++failing_call) {
    calls = 0;
    CHECK(pss(sha256, sha256, 32, failing) == EVSEAL_CRYPTO_FAILED);
    CHECK(calls == failing_call);
  }
  const Bytes pkcs1 = made.rsa_public(made.sign_pkcs1(sha256, digest));
  const auto check = [&](evseal_hash hash, std::size_t len, std::size_t em_len) {
    return evseal_emsa_pkcs1_check(hash, {digest.data(), len}, {pkcs1.data(), em_len});
  };
  CHECK(check(sha256, 32, pkcs1.size()) == EVSEAL_OK);
  CHECK(check(sha256, 31, pkcs1.size()) == EVSEAL_SIGNATURE_INVALID);
  CHECK(check(EVSEAL_HASH_NONE, 0, pkcs1.size()) == EVSEAL_SIGNATURE_INVALID);
  CHECK(check(sha256, 32, 19 + 32 + 10) == EVSEAL_SIGNATURE_INVALID);
}

#ifdef EVSEAL_HAS_BEARSSL
TEST_CASE(
    "bearssl: an RSA key that is none, or a signature of another length, is not computed with") {
  const OpensslKey& made = OpensslKey::rsa(2048);
  const Bytes digest = openssl_digest(EVSEAL_HASH_SHA256, kMessage);
  const Bytes pss = made.sign_pss(EVSEAL_HASH_SHA256, EVSEAL_HASH_SHA256, 32, digest);
  const Bytes pkcs1 = made.sign_pkcs1(EVSEAL_HASH_SHA256, digest);
  const auto both = [&](const evseal_rsa_key& key, std::size_t cut) {
    const evseal_span a = {pss.data(), pss.size() - cut};
    const evseal_span b = {pkcs1.data(), pkcs1.size() - cut};
    const evseal_crypto& port = evseal_crypto_bearssl;
    const evseal_status one =
        port.rsa_pss(&key, EVSEAL_HASH_SHA256, EVSEAL_HASH_SHA256, 32, span_of(digest), a);
    const evseal_status other = port.rsa_pkcs1(&key, EVSEAL_HASH_SHA256, span_of(digest), b);
    CHECK(one == other);
    return one;
  };
  const evseal_rsa_key good = made.rsa_key();
  CHECK(both(good, 0) == EVSEAL_OK);
  CHECK(both(good, 1) == EVSEAL_SIGNATURE_INVALID);
  evseal_rsa_key key = good;
  key.n.len = 0;
  CHECK(both(key, 0) == EVSEAL_SIGNATURE_INVALID);
  const Bytes huge(EVSEAL_MAX_RSA_BITS / 8 + 1, 0xFF);
  key.n = span_of(huge);
  CHECK(both(key, 0) == EVSEAL_SIGNATURE_INVALID);
  // An even modulus is none that BearSSL computes with.
  Bytes even(good.n.data, good.n.data + good.n.len);
  even.back() &= 0xFE;
  key.n = span_of(even);
  CHECK(both(key, 0) == EVSEAL_SIGNATURE_INVALID);
}
#endif
