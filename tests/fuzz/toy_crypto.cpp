#include "toy_crypto.hpp"

#include <algorithm>

#include "fuzz.hpp"

namespace evseal::fuzz {
namespace {

using Hash = evseal_status (*)(std::uint8_t*, const evseal_span*, std::size_t);

Hash function_of(evseal_hash hash) {
  return hash == EVSEAL_HASH_SHA256 ? evseal_crypto_openssl.sha256
                                    : (hash == EVSEAL_HASH_SHA384 ? evseal_crypto_openssl.sha384
                                                                  : evseal_crypto_openssl.sha512);
}

Bytes digest_of(evseal_hash hash, ByteView message) {
  Bytes out(static_cast<std::size_t>(hash));
  const evseal_span piece = span_of(message);
  FUZZ_REQUIRE(function_of(hash)(out.data(), &piece, 1) == EVSEAL_OK);
  return out;
}

/// `size` octets that follow from `seed`.
Bytes stretch(ByteView seed, std::size_t size) {
  Bytes out;
  Bytes block(seed.begin(), seed.end());
  while (out.size() < size) {
    block = digest_of(EVSEAL_HASH_SHA256, block);
    out.insert(out.end(), block.begin(), block.end());
  }
  out.resize(size);
  return out;
}

/// r || s: first octets that keep r in 1..n-1, s in 1..n/2, and their DER lengths fixed.
Bytes toy_rs(ByteView digest, std::size_t octets) {
  Bytes rs = stretch(digest, 2 * octets);
  rs[0] = (rs[0] & 0x3FU) | 0x40U;
  rs[octets] = (rs[octets] & 0x1FU) | 0x40U;
  return rs;
}

/// Below a modulus whose highest bit is set.
Bytes toy_rsa(ByteView digest, std::size_t octets) {
  Bytes out = stretch(digest, octets);
  if (!out.empty()) {
    out[0] &= 0x7FU;
  }
  return out;
}

/// R below 2^254, S below 2^252: canonical, and S below the group's order.
Bytes toy_ed25519(ByteView message) {
  Bytes out = stretch(digest_of(EVSEAL_HASH_SHA512, message), 64);
  out[31] &= 0x3FU;
  out[63] &= 0x0FU;
  return out;
}

evseal_status compare(const Bytes& expected, const std::uint8_t* signature) {
  return std::equal(expected.begin(), expected.end(), signature) ? EVSEAL_OK
                                                                 : EVSEAL_SIGNATURE_INVALID;
}

evseal_status ecdsa_p256(const std::uint8_t* point, const std::uint8_t* rs, evseal_span digest) {
  FUZZ_REQUIRE(point[0] == 4);
  return compare(toy_rs(view_of(digest), 32), rs);
}

evseal_status ecdsa_p384(const std::uint8_t* point, const std::uint8_t* rs, evseal_span digest) {
  FUZZ_REQUIRE(point[0] == 4);
  return compare(toy_rs(view_of(digest), 48), rs);
}

evseal_status rsa(const evseal_rsa_key* key, evseal_span digest, evseal_span signature) {
  // What the port's header promises a backend.
  FUZZ_REQUIRE(key->n.len >= 256 && key->n.len <= 512 && signature.len == key->n.len);
  FUZZ_REQUIRE((key->n.data[key->n.len - 1] & 1) == 1 && (key->e.data[key->e.len - 1] & 1) == 1);
  return compare(toy_rsa(view_of(digest), signature.len), signature.data);
}

evseal_status rsa_pss(const evseal_rsa_key* key, evseal_hash hash, evseal_hash, std::size_t,
                      evseal_span digest, evseal_span signature) {
  FUZZ_REQUIRE(digest.len == static_cast<std::size_t>(hash));
  return rsa(key, digest, signature);
}

evseal_status rsa_pkcs1(const evseal_rsa_key* key, evseal_hash hash, evseal_span digest,
                        evseal_span signature) {
  FUZZ_REQUIRE(digest.len == static_cast<std::size_t>(hash));
  return rsa(key, digest, signature);
}

evseal_status ed25519(const std::uint8_t*, const std::uint8_t* signature, evseal_span message) {
  return compare(toy_ed25519(view_of(message)), signature);
}

evseal_status hash256(std::uint8_t* out, const evseal_span* pieces, std::size_t count) {
  return evseal_crypto_openssl.sha256(out, pieces, count);
}
evseal_status hash384(std::uint8_t* out, const evseal_span* pieces, std::size_t count) {
  return evseal_crypto_openssl.sha384(out, pieces, count);
}
evseal_status hash512(std::uint8_t* out, const evseal_span* pieces, std::size_t count) {
  return evseal_crypto_openssl.sha512(out, pieces, count);
}

/// A non-negative INTEGER whose first octet has no high bit.
void put_integer(Bytes& out, ByteView number) {
  out.push_back(0x02);
  out.push_back(static_cast<std::uint8_t>(number.size()));
  out.insert(out.end(), number.begin(), number.end());
}

}  // namespace

const evseal_crypto kToyCrypto = {"toy",      hash256, hash384,   hash512, ecdsa_p256,
                                  ecdsa_p384, rsa_pss, rsa_pkcs1, ed25519};

Bytes toy_sign(ToyForm form, ByteView message, evseal_hash hash, std::size_t octets) {
  if (form == ToyForm::ed25519) {
    return toy_ed25519(message);
  }
  const Bytes digest = digest_of(hash, message);
  if (form == ToyForm::rsa) {
    return toy_rsa(digest, octets);
  }
  const std::size_t size = form == ToyForm::p256 ? 32 : 48;
  const Bytes rs = toy_rs(digest, size);
  Bytes out = {0x30, static_cast<std::uint8_t>(2 * size + 4)};
  put_integer(out, ByteView(rs).first(size));
  put_integer(out, ByteView(rs).last(size));
  return out;
}

}  // namespace evseal::fuzz
