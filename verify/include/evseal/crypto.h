/*
 * The crypto port: the one header between this library and a crypto implementation.
 *
 * A backend is a constant table of functions. A null function means that the algorithm is not
 * there. Firmware may mix backends in a table of its own, such as BearSSL with the Ed25519 of
 * libsodium, and put in the hash of its hardware:
 *
 *   evseal_crypto crypto = evseal_crypto_bearssl;
 *   crypto.ed25519 = evseal_crypto_sodium.ed25519;
 *   crypto.sha256 = sha256_of_this_chip;
 *
 * The table must outlive the contexts that use it. Functions return EVSEAL_OK,
 * EVSEAL_SIGNATURE_INVALID, or EVSEAL_CRYPTO_FAILED, nothing else. Callers have already checked
 * every length, range and form; a backend still refuses points that are not on the curve.
 */
#ifndef EVSEAL_CRYPTO_H
#define EVSEAL_CRYPTO_H

#include "evseal/status.h"
#include "evseal/types.h"

#ifdef __cplusplus
extern "C" {
#endif

#define EVSEAL_SHA256_LEN 32u
#define EVSEAL_MAX_DIGEST 64u
#define EVSEAL_MAX_RSA_BITS 4096u /* of a modulus */

typedef enum evseal_hash {
  EVSEAL_HASH_NONE = 0,
  EVSEAL_HASH_SHA256 = 32,
  EVSEAL_HASH_SHA384 = 48,
  EVSEAL_HASH_SHA512 = 64
} evseal_hash; /* the value is the digest's length in octets */

/* An RSA public key: modulus and exponent, big-endian, without leading zeros. */
typedef struct evseal_rsa_key {
  evseal_span n;
  evseal_span e;
} evseal_rsa_key;

typedef struct evseal_crypto {
  const char* name;

  /* The digest of the pieces one after the other (FIPS 180-4); `out` has 32, 48 or 64 octets. */
  evseal_status (*sha256)(uint8_t* out, const evseal_span* pieces, size_t num_pieces);
  evseal_status (*sha384)(uint8_t* out, const evseal_span* pieces, size_t num_pieces);
  evseal_status (*sha512)(uint8_t* out, const evseal_span* pieces, size_t num_pieces);

  /*
   * ECDSA (FIPS 186-5 section 6.4). `point` is 04 || X || Y (65 or 97 octets); `rs` is r || s, each
   * as long as the curve's order (64 or 96 octets) and within 1..n-1; the digest is truncated to
   * the order's length by the backend.
   */
  evseal_status (*ecdsa_p256)(const uint8_t* point, const uint8_t* rs, evseal_span digest);
  evseal_status (*ecdsa_p384)(const uint8_t* point, const uint8_t* rs, evseal_span digest);

  /* RSASSA-PSS with MGF1 (RFC 8017 section 8.1.2); the signature is as long as the modulus. */
  evseal_status (*rsa_pss)(const evseal_rsa_key* key, evseal_hash hash, evseal_hash mgf_hash,
                           size_t salt_len, evseal_span digest, evseal_span signature);

  /* RSASSA-PKCS1-v1_5 (RFC 8017 section 8.2.2), DigestInfo with NULL parameters. */
  evseal_status (*rsa_pkcs1)(const evseal_rsa_key* key, evseal_hash hash, evseal_span digest,
                             evseal_span signature);

  /* Ed25519 (RFC 8032 section 5.1.7), the message whole. `key` has 32, `signature` 64 octets. */
  evseal_status (*ed25519)(const uint8_t* key, const uint8_t* signature, evseal_span message);
} evseal_crypto;

/* OpenSSL 3: every algorithm. */
extern const evseal_crypto evseal_crypto_openssl;

/* libsodium: SHA-256, SHA-512 and Ed25519. */
extern const evseal_crypto evseal_crypto_sodium;

/* BearSSL: everything but Ed25519. Its functions one by one are in evseal/bearssl.h. */
extern const evseal_crypto evseal_crypto_bearssl;

#ifdef __cplusplus
}
#endif

#endif
