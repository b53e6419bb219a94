#include "public_key.hpp"

#include "signature.hpp"
#include "softhsm.hpp"

namespace evseal::hsm {
namespace {

using test::must;

// The generator of P-256 (SEC 2 §2.4.2) as a public key.
Bytes p256_point() {
  return *from_hex(
      "046b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296"
      "4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5");
}

Bytes concat(Bytes head, ByteView tail) {
  head.insert(head.end(), tail.begin(), tail.end());
  return head;
}

TEST_CASE("public key: a point is read wrapped and unwrapped") {
  const PublicKey bare = must(public_key_from_point(KeyType::p256, p256_point(), "key"));
  CHECK(bare.bits == 256);
  CHECK(bare.spki.size() == 91);
  const Bytes wrapped = concat({0x04, 0x41}, p256_point());
  CHECK(must(public_key_from_point(KeyType::p256, wrapped, "key")).spki == bare.spki);
}

TEST_CASE("public key: an Ed25519 key is read bare, in an OCTET STRING and in a BIT STRING") {
  // RFC 8032 §7.1, test 1.
  const Bytes raw = *from_hex("d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a");
  const PublicKey bare = must(public_key_from_point(KeyType::ed25519, raw, "key"));
  CHECK(bare.spki == concat(*from_hex("302a300506032b6570032100"), raw));
  CHECK(must(public_key_from_point(KeyType::ed25519, concat({0x04, 0x20}, raw), "key")).spki ==
        bare.spki);
  CHECK(
      must(public_key_from_point(KeyType::ed25519, concat({0x03, 0x21, 0x00}, raw), "key")).spki ==
      bare.spki);
}

TEST_CASE("public key: a point that is not on its curve or has another form is malformed") {
  Bytes off = p256_point();
  off.back() ^= 1;
  Bytes hybrid = p256_point();
  hybrid.front() = 0x07;
  Bytes compressed = p256_point();
  compressed.resize(33);
  compressed.front() = 0x03;
  Bytes shorter = p256_point();
  shorter.pop_back();
  for (const Bytes& point : {Bytes(), off, hybrid, compressed, shorter, Bytes{0x04, 0x41},
                             concat(p256_point(), Bytes{0}), Bytes(65, 0)}) {
    CHECK(public_key_from_point(KeyType::p256, point, "key").error().code == ErrorCode::malformed);
  }
  CHECK(public_key_from_point(KeyType::p384, p256_point(), "key").error().code ==
        ErrorCode::malformed);
}

TEST_CASE("public key: RSA numbers that make no key are malformed") {
  CHECK(public_key_from_rsa({}, Bytes{1, 0, 1}, "key").error().code == ErrorCode::malformed);
  CHECK(public_key_from_rsa(Bytes(256, 0xFF), {}, "key").error().code == ErrorCode::malformed);
  CHECK(public_key_from_rsa(Bytes(3000, 0xFF), Bytes{3}, "key").error().code ==
        ErrorCode::malformed);
}

TEST_CASE("public key: leading zeros of an RSA modulus do not count") {
  const Bytes modulus(256, 0xFF);
  const PublicKey key = must(public_key_from_rsa(modulus, Bytes{1, 0, 1}, "key"));
  CHECK(key.bits == 2048);
  CHECK(must(public_key_from_rsa(concat({0, 0}, modulus), Bytes{0, 1, 0, 1}, "key")).spki ==
        key.spki);
}

TEST_CASE("public key: only RSA of 2048 to 4096 bits can sign packages") {
  for (const auto& [bits, good] : {std::pair<unsigned, bool>{1024, false},
                                   {2047, false},
                                   {2048, true},
                                   {3072, true},
                                   {4096, true},
                                   {4097, false}}) {
    CHECK(check_size({KeyType::rsa, bits, {}}, "key").ok() == good);
  }
  CHECK(check_size({KeyType::p256, 256, {}}, "key").ok());
}

// n of P-256.
const char* const kOrder = "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551";

Bytes raw_signature(const std::string& r, const std::string& s) {
  const auto pad = [](const std::string& hex) { return std::string(64 - hex.size(), '0') + hex; };
  return *from_hex(pad(r) + pad(s));
}

TEST_CASE("signature: r and s become DER with the smaller s") {
  CHECK(must(ecdsa_from_raw(KeyType::p256, raw_signature("01", "02"), "key")) ==
        *from_hex("3006020101020102"));
  CHECK(must(ecdsa_from_raw(KeyType::p256, raw_signature("80", "ff"), "key")) ==
        *from_hex("300802020080020200ff"));
  // s = n - 2 is turned into 2.
  CHECK(must(ecdsa_from_raw(
            KeyType::p256,
            raw_signature("01", "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc63254f"),
            "key")) == *from_hex("3006020101020102"));
}

TEST_CASE("signature: s of exactly half the order stays, one more is turned") {
  const std::string half = "7fffffff800000007fffffffffffffffde737d56d38bcf4279dce5617e3192a8";
  const std::string above = "7fffffff800000007fffffffffffffffde737d56d38bcf4279dce5617e3192a9";
  const Bytes low = must(ecdsa_from_raw(KeyType::p256, raw_signature("01", half), "key"));
  CHECK(to_hex(low) ==
        "3025020101"
        "0220" +
            half);
  CHECK(must(ecdsa_from_raw(KeyType::p256, raw_signature("01", above), "key")) == low);
}

TEST_CASE("signature: r or s out of range is refused") {
  for (const auto& [r, s] : {std::pair<std::string, std::string>{"00", "01"},
                             {"01", "00"},
                             {kOrder, "01"},
                             {"01", kOrder},
                             {std::string(64, 'f'), "01"}}) {
    CHECK(ecdsa_from_raw(KeyType::p256, raw_signature(r, s), "key").error().code ==
          ErrorCode::internal);
  }
}

TEST_CASE("signature: r and s of another length are refused") {
  for (const std::size_t size : {0u, 1u, 63u, 65u, 96u, 128u}) {
    CHECK(ecdsa_from_raw(KeyType::p256, Bytes(size, 1), "key").error().code == ErrorCode::internal);
  }
  CHECK(ecdsa_from_raw(KeyType::p384, Bytes(64, 1), "key").error().code == ErrorCode::internal);
  CHECK(ecdsa_from_raw(KeyType::p384, Bytes(96, 1), "key").ok());
}

}  // namespace
}  // namespace evseal::hsm
