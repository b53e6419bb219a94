// SubjectPublicKeyInfo: each bound of each type of key at its edge.
#include <evseal/signature.h>

#include <catch2/catch.hpp>
#include <cstdint>
#include <vector>

namespace {

using Octets = std::vector<std::uint8_t>;

Octets operator+(Octets a, const Octets& b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}

Octets tlv(std::uint8_t tag, const Octets& content) {
  Octets out = {tag};
  const std::size_t len = content.size();
  if (len >= 256) {
    out = out + Octets{0x82, static_cast<std::uint8_t>(len >> 8)};
  } else if (len >= 128) {
    out.push_back(0x81);
  }
  out.push_back(static_cast<std::uint8_t>(len & 0xFFU));
  return out + content;
}

Octets integer(const Octets& magnitude) {
  return tlv(0x02, (magnitude.front() & 0x80U) != 0 ? Octets{0} + magnitude : magnitude);
}

const Octets kNull = {0x05, 0x00};
const Octets kEc = {0x06, 0x07, 0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x02, 0x01};
const Octets kP256 = {0x06, 0x08, 0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x03, 0x01, 0x07};
const Octets kP521 = {0x06, 0x05, 0x2B, 0x81, 0x04, 0x00, 0x23};
const Octets kRsa = {0x06, 0x09, 0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 0x01, 0x01, 0x01};
const Octets kPss = {0x06, 0x09, 0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 0x01, 0x01, 0x0A};
const Octets kEd25519 = {0x06, 0x03, 0x2B, 0x65, 0x70};

// 2^256 - 2^224 + 2^192 + 2^96 - 1.
const Octets kPrime = {0xFF, 0xFF, 0xFF, 0xFF, 0,    0,    0,    1,    0,    0,    0,
                       0,    0,    0,    0,    0,    0,    0,    0,    0,    0xFF, 0xFF,
                       0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF};

// What a key's octets say: its type, or -1 where they are none.
int type_of(const Octets& spki) {
  evseal_public_key key{};
  const evseal_status status = evseal_public_key_parse(&key, {spki.data(), spki.size()});
  CHECK((status == EVSEAL_OK || status == EVSEAL_CERT_KEY));
  return status == EVSEAL_OK ? static_cast<int>(key.type) : -1;
}

int type_of(const Octets& algorithm, const Octets& bits) {
  return type_of(tlv(0x30, tlv(0x30, algorithm) + tlv(0x03, Octets{0} + bits)));
}

Octets number(std::size_t octets, std::uint8_t first, std::uint8_t last) {
  Octets out(octets, 0x55);
  out.front() = first;
  out.back() = last;
  return out;
}

Octets rsa(const Octets& modulus, const Octets& exponent, const Octets& behind = {}) {
  return tlv(0x30, integer(modulus) + integer(exponent) + behind);
}

constexpr int kRefused = -1;

}  // namespace

TEST_CASE("keys: points of P-256 have coordinates below the prime") {
  const auto point = [](const Octets& x, const Octets& y, std::uint8_t form = 4) {
    return type_of(kEc + kP256, Octets{form} + x + y);
  };
  Octets below = kPrime;
  below.back() -= 1;
  CHECK(point(below, below) == EVSEAL_KEY_P256);
  CHECK(point(kPrime, below) == kRefused);
  CHECK(point(below, kPrime) == kRefused);
  CHECK(point(below, below, 2) == kRefused);
  CHECK(point(below, {}, 2) == kRefused);
  CHECK(point(below, below + Octets{0}) == kRefused);
  CHECK(type_of(kEc, Octets{4} + below + below) == kRefused);
  CHECK(type_of(kEc + kP256 + kNull, Octets{4} + below + below) == kRefused);
  CHECK(type_of(kEc + kP521, Octets{4}) == EVSEAL_KEY_UNKNOWN);
}

TEST_CASE("keys: RSA moduli of 2,048 to 4,096 bits and odd exponents from 3") {
  const auto judge = [](const Octets& modulus, const Octets& exponent) {
    return type_of(kRsa + kNull, rsa(modulus, exponent));
  };
  const Octets modulus = number(256, 0x80, 1);
  CHECK(judge(modulus, {3}) == EVSEAL_KEY_RSA);
  CHECK(judge(number(256, 0x7F, 1), {3}) == kRefused);
  CHECK(judge(number(512, 0xFF, 1), {3}) == EVSEAL_KEY_RSA);
  CHECK(judge(number(513, 0x01, 1), {3}) == kRefused);
  CHECK(judge(number(256, 0x80, 2), {3}) == kRefused);
  CHECK(judge(modulus, {1}) == kRefused);
  CHECK(judge(modulus, {2}) == kRefused);
  CHECK(judge(modulus, {4}) == kRefused);
  CHECK(judge(modulus, {1, 0, 1}) == EVSEAL_KEY_RSA);
  CHECK(judge(modulus, number(255, 0x7F, 1)) == EVSEAL_KEY_RSA);
  CHECK(judge(modulus, number(256, 0x7F, 1)) == kRefused);
  const Octets good = rsa(modulus, {3});
  CHECK(type_of(kRsa, good) == kRefused);
  CHECK(type_of(kRsa + Octets{0x05, 0x01, 0x00}, good) == kRefused);
  CHECK(type_of(kRsa + kNull + kNull, good) == kRefused);
  CHECK(type_of(kRsa + kNull, good + kNull) == kRefused);
  CHECK(type_of(kRsa + kNull, rsa(modulus, {3}, kNull)) == kRefused);
  CHECK(type_of(kRsa + kNull, integer(modulus) + integer({3})) == kRefused);
}

TEST_CASE("keys: an id-RSASSA-PSS key has parameters that can be read, or none") {
  const Octets key = rsa(number(256, 0x80, 1), {3});
  CHECK(type_of(kPss, key) == EVSEAL_KEY_RSA);
  CHECK(type_of(kPss + kNull, key) == kRefused);
  CHECK(type_of(kPss, kNull) == kRefused);
}

TEST_CASE("keys: Ed25519 has no parameters and 32 octets") {
  // The first key of RFC 8032 section 7.1.
  const Octets key = {0xD7, 0x5A, 0x98, 0x01, 0x82, 0xB1, 0x0A, 0xB7, 0xD5, 0x4B, 0xFE,
                      0xD3, 0xC9, 0x64, 0x07, 0x3A, 0x0E, 0xE1, 0x72, 0xF3, 0xDA, 0xA6,
                      0x23, 0x25, 0xAF, 0x02, 0x1A, 0x68, 0xF7, 0x07, 0x51, 0x1A};
  CHECK(type_of(kEd25519, key) == EVSEAL_KEY_ED25519);
  CHECK(type_of(kEd25519 + kNull, key) == kRefused);
  CHECK(type_of(kEd25519, key + Octets{0}) == kRefused);
  CHECK(type_of(kEd25519, {key.begin(), key.end() - 1}) == kRefused);
  CHECK(type_of(kEd25519, Octets(32, 0)) == kRefused);
}

TEST_CASE("keys: what stands around a key") {
  const Octets bits = tlv(0x03, {0, 1});
  const Octets unknown = tlv(0x30, {0x06, 0x01, 0x2A});
  CHECK(type_of(tlv(0x30, unknown + bits)) == EVSEAL_KEY_UNKNOWN);
  CHECK(type_of(tlv(0x30, unknown + bits + kNull)) == kRefused);
  CHECK(type_of(tlv(0x30, unknown + bits) + kNull) == kRefused);
  CHECK(type_of(tlv(0x31, unknown + bits)) == kRefused);
  CHECK(type_of(tlv(0x30, unknown)) == kRefused);
  CHECK(type_of(tlv(0x30, tlv(0x30, kNull) + bits)) == kRefused);
  CHECK(type_of(tlv(0x30, unknown + tlv(0x03, {1, 2}))) == kRefused);
}

TEST_CASE("keys: an RSA signature that is not below the modulus is not asked about") {
  const Octets modulus = number(256, 0x80, 1);
  const Octets spki = tlv(0x30, tlv(0x30, kRsa + kNull) + tlv(0x03, Octets{0} + rsa(modulus, {3})));
  evseal_public_key key{};
  REQUIRE(evseal_public_key_parse(&key, {spki.data(), spki.size()}) == EVSEAL_OK);
  evseal_crypto crypto{};
  crypto.sha256 = [](std::uint8_t*, const evseal_span*, std::size_t) { return EVSEAL_OK; };
  crypto.rsa_pss = [](const evseal_rsa_key*, evseal_hash, evseal_hash, std::size_t, evseal_span,
                      evseal_span) { return EVSEAL_OK; };
  const evseal_algorithm pss = {EVSEAL_SCHEME_RSA_PSS, EVSEAL_HASH_SHA256, EVSEAL_HASH_SHA256, 32};
  const auto judge = [&](const Octets& signature) {
    return evseal_signature_verify(&crypto, &key, &pss, {signature.data(), signature.size()},
                                   {signature.data(), signature.size()}, 0);
  };
  CHECK(judge(number(256, 0x80, 0)) == EVSEAL_OK);
  CHECK(judge(modulus) == EVSEAL_SIGNATURE_RANGE);
  CHECK(judge(number(256, 0x80, 2)) == EVSEAL_SIGNATURE_RANGE);
  CHECK(judge(number(255, 0x7F, 0)) == EVSEAL_SIGNATURE_ENCODING);
}
