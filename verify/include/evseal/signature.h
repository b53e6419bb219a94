/* Public keys (SubjectPublicKeyInfo) and bare signatures. */
#ifndef EVSEAL_SIGNATURE_H
#define EVSEAL_SIGNATURE_H

#include "evseal/crypto.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef enum evseal_key_type {
  EVSEAL_KEY_UNKNOWN = 0, /* well-formed, but of a type that this library does not know */
  EVSEAL_KEY_P256,
  EVSEAL_KEY_P384,
  EVSEAL_KEY_RSA,
  EVSEAL_KEY_ED25519
} evseal_key_type;

typedef enum evseal_scheme {
  EVSEAL_SCHEME_UNKNOWN = 0,
  EVSEAL_SCHEME_ECDSA,
  EVSEAL_SCHEME_RSA_PSS,
  EVSEAL_SCHEME_RSA_PKCS1,
  EVSEAL_SCHEME_ED25519
} evseal_scheme;

/* A signature algorithm with its parameters. */
typedef struct evseal_algorithm {
  evseal_scheme scheme;
  evseal_hash hash;
  evseal_hash mgf_hash; /* RSASSA-PSS */
  size_t salt_len;      /* RSASSA-PSS, octets */
} evseal_algorithm;

typedef struct evseal_public_key {
  evseal_key_type type;
  evseal_span spki;   /* the whole SubjectPublicKeyInfo */
  evseal_span raw;    /* P-256, P-384: 04 || X || Y; Ed25519: 32 octets */
  evseal_rsa_key rsa; /* RSA */
  evseal_algorithm
      pss;     /* id-RSASSA-PSS keys with parameters (RFC 4055): the only algorithm they allow */
  bool is_pss; /* id-RSASSA-PSS key */
} evseal_public_key;

/*
 * Parses a DER SubjectPublicKeyInfo (RFC 5280 section 4.1.2.7; RFC 5480, 4055, 8410), which stays
 * the caller's.
 *
 * RSA: 2048 to 4096 bits, odd modulus, odd exponent from 3. Ed25519: canonical and not of small
 * order (RFC 8032 section 5.1.3). EC: uncompressed, coordinates below p; a type that is not known
 * gives EVSEAL_OK and EVSEAL_KEY_UNKNOWN. Otherwise EVSEAL_CERT_KEY. Stack: under 300 bytes.
 */
evseal_status evseal_public_key_parse(evseal_public_key* out, evseal_span spki);

/*
 * Parses a DER AlgorithmIdentifier of a signature. EVSEAL_CERT_ALGORITHM for one that is unknown,
 * weak (SHA-1, MD5) or malformed.
 */
evseal_status evseal_algorithm_parse(evseal_algorithm* out, evseal_span algorithm_identifier);

/* How the form of a signature is judged. */
#define EVSEAL_SIGNATURE_LOW_S 1u /* ECDSA: s must be at most n/2 */
#define EVSEAL_SIGNATURE_P1363                                       \
  2u /* ECDSA: r || s of fixed length instead of DER ECDSA-Sig-Value \
      */

/*
 * Checks one signature over a whole message.
 *
 * EVSEAL_OK; EVSEAL_CERT_ALGORITHM when the algorithm does not fit the key; EVSEAL_CRYPTO_MISSING
 * when the backend lacks it; EVSEAL_SIGNATURE_ENCODING, _RANGE, _HIGH_S, _INVALID.
 */
evseal_status evseal_signature_verify(const evseal_crypto* crypto, const evseal_public_key* key,
                                      const evseal_algorithm* algorithm, evseal_span message,
                                      evseal_span signature, unsigned flags);

#ifdef __cplusplus
}
#endif

#endif
