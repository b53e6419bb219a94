/*
 * The crypto port over BearSSL 0.6: everything but Ed25519, which BearSSL lacks.
 *
 * BearSSL has no RSASSA-PSS, and its PKCS #1 verifier also takes a DigestInfo without NULL; so only
 * its bare RSA operation is used, and the encodings are checked by src/emsa.c. Its ECDSA and its
 * hashes are used as they are: muladd() refuses points that are not on the curve.
 */
#include "evseal/bearssl.h"

#include <bearssl.h>
#include <string.h>

#include "emsa.h"
#include "evseal/config.h"

/* Which of BearSSL's implementations: they give the same answers, and differ in size and speed
 * only. What counts is not to link two kinds of big integers. */
#if EVSEAL_NARROW_MULTIPLIER
#define PRIME_CURVES br_ec_prime_i15
#define FAST_P256 br_ec_p256_m15
#define ECDSA_VERIFY br_ecdsa_i15_vrfy_raw
#define RSA_PUBLIC br_rsa_i15_public
#else
#define PRIME_CURVES br_ec_prime_i31
#define FAST_P256 br_ec_p256_m31
#define ECDSA_VERIFY br_ecdsa_i31_vrfy_raw
#define RSA_PUBLIC br_rsa_i31_public
#endif

#define MAX_MODULUS (EVSEAL_MAX_RSA_BITS / 8u)
_Static_assert(MAX_MODULUS * 8u == EVSEAL_MAX_RSA_BITS, "a modulus of the greatest size fits");
/* BearSSL's own limit, BR_MAX_RSA_SIZE, is not in its public headers. It answers 0 above it. */
_Static_assert(EVSEAL_MAX_RSA_BITS <= 4096u, "BearSSL is compiled for 4096 bits");
_Static_assert(EVSEAL_MAX_DIGEST >= br_sha512_SIZE, "a digest fits");
_Static_assert(EVSEAL_SHA256_LEN == br_sha256_SIZE && EVSEAL_HASH_SHA384 == br_sha384_SIZE,
               "hashes are named by their length");

evseal_status evseal_bearssl_sha256(uint8_t* out, const evseal_span* pieces, size_t num_pieces) {
  br_sha256_context context;
  br_sha256_init(&context);
  for (size_t i = 0; i < num_pieces; i++) {
    br_sha256_update(&context, pieces[i].data, pieces[i].len);
  }
  br_sha256_out(&context, out);
  return EVSEAL_OK;
}

evseal_status evseal_bearssl_sha384(uint8_t* out, const evseal_span* pieces, size_t num_pieces) {
  br_sha384_context context;
  br_sha384_init(&context);
  for (size_t i = 0; i < num_pieces; i++) {
    br_sha384_update(&context, pieces[i].data, pieces[i].len);
  }
  br_sha384_out(&context, out);
  return EVSEAL_OK;
}

evseal_status evseal_bearssl_sha512(uint8_t* out, const evseal_span* pieces, size_t num_pieces) {
  br_sha512_context context;
  br_sha512_init(&context);
  for (size_t i = 0; i < num_pieces; i++) {
    br_sha512_update(&context, pieces[i].data, pieces[i].len);
  }
  br_sha512_out(&context, out);
  return EVSEAL_OK;
}

/* BearSSL's key structures hold pointers without const, and BearSSL only reads through them. */
static unsigned char* readable(const uint8_t* octets) {
  union {
    const uint8_t* constant;
    unsigned char* plain;
  } pointer = {octets};
  return pointer.plain;
}

static evseal_status ecdsa(const br_ec_impl* implementation, int curve, size_t octets,
                           const uint8_t* point, const uint8_t* rs, evseal_span digest) {
  br_ec_public_key key = {curve, readable(point), 1 + 2 * octets};
  uint32_t holds = ECDSA_VERIFY(implementation, digest.data, digest.len, &key, rs, 2 * octets);
  return holds == 1 ? EVSEAL_OK : EVSEAL_SIGNATURE_INVALID;
}

evseal_status evseal_bearssl_ecdsa_p256(const uint8_t* point, const uint8_t* rs,
                                        evseal_span digest) {
  return ecdsa(EVSEAL_SMALL_P256 ? &PRIME_CURVES : &FAST_P256, BR_EC_secp256r1, 32, point, rs,
               digest);
}

evseal_status evseal_bearssl_ecdsa_p384(const uint8_t* point, const uint8_t* rs,
                                        evseal_span digest) {
  return ecdsa(&PRIME_CURVES, BR_EC_secp384r1, 48, point, rs, digest);
}

/* RSAVP1 (RFC 8017 section 5.2.2) of the signature, into as many octets as the modulus has. False
 * when the signature is not below the modulus, or the key is none. */
static bool rsavp1(uint8_t* out, const evseal_rsa_key* key, evseal_span signature) {
  if (key->n.len == 0 || key->n.len > MAX_MODULUS || signature.len != key->n.len) {
    return false;
  }
  br_rsa_public_key public_key = {readable(key->n.data), key->n.len, readable(key->e.data),
                                  key->e.len};
  memcpy(out, signature.data, signature.len);
  return RSA_PUBLIC(out, signature.len, &public_key) == 1;
}

evseal_status evseal_bearssl_rsa_pss(const evseal_rsa_key* key, evseal_hash hash,
                                     evseal_hash mgf_hash, size_t salt_len, evseal_span digest,
                                     evseal_span signature) {
  /* The hashes alone: a pointer to the whole table would link the whole table. */
  static const evseal_crypto hashes = {
      .sha256 = evseal_bearssl_sha256,
      .sha384 = evseal_bearssl_sha384,
      .sha512 = evseal_bearssl_sha512,
  };
  evseal_algorithm algorithm = {EVSEAL_SCHEME_RSA_PSS, hash, mgf_hash, salt_len};
  uint8_t representative[MAX_MODULUS];
  return rsavp1(representative, key, signature)
             ? evseal_emsa_pss_check(&hashes, &algorithm, digest, key->n, representative)
             : EVSEAL_SIGNATURE_INVALID;
}

evseal_status evseal_bearssl_rsa_pkcs1(const evseal_rsa_key* key, evseal_hash hash,
                                       evseal_span digest, evseal_span signature) {
  uint8_t representative[MAX_MODULUS];
  evseal_span octets = {representative, key->n.len};
  return rsavp1(representative, key, signature) ? evseal_emsa_pkcs1_check(hash, digest, octets)
                                                : EVSEAL_SIGNATURE_INVALID;
}

const evseal_crypto evseal_crypto_bearssl = {
    .name = "bearssl",
    .sha256 = evseal_bearssl_sha256,
    .sha384 = evseal_bearssl_sha384,
    .sha512 = evseal_bearssl_sha512,
    .ecdsa_p256 = evseal_bearssl_ecdsa_p256,
    .ecdsa_p384 = evseal_bearssl_ecdsa_p384,
    .rsa_pss = evseal_bearssl_rsa_pss,
    .rsa_pkcs1 = evseal_bearssl_rsa_pkcs1,
};
