/* Signature algorithms and bare signatures. */
#include "evseal/signature.h"

#include "curves.h"
#include "der.h"
#include "hash.h"
#include "oids.h"

#define MAX_COORDINATE 48u
#define WITH_ECDSA (EVSEAL_WITH_P256 || EVSEAL_WITH_P384)
#define WITH_DIGEST (WITH_ECDSA || EVSEAL_WITH_RSA) /* what signs a digest, not a message */

static evseal_hash hash_of_oid(evseal_span oid) {
  if (evseal_span_equal(oid, evseal_oid_sha256)) {
    return EVSEAL_HASH_SHA256;
  }
  if (evseal_span_equal(oid, evseal_oid_sha384)) {
    return EVSEAL_HASH_SHA384;
  }
  if (evseal_span_equal(oid, evseal_oid_sha512)) {
    return EVSEAL_HASH_SHA512;
  }
  return EVSEAL_HASH_NONE;
}

/* RFC 4055 section 2.1: NULL and absent parameters of a hash are equivalent. */
static bool null_or_absent(der_reader* parameters) {
  evseal_span null;
  return der_done(parameters) ||
         (evseal_der_read(parameters, DER_NULL, &null) && null.len == 0 && der_done(parameters));
}

/* A hash AlgorithmIdentifier. */
static evseal_hash read_hash(der_reader* reader) {
  der_reader fields;
  evseal_span oid;
  if (!evseal_der_enter(reader, DER_SEQUENCE, &fields) ||
      !evseal_der_read(&fields, DER_OID, &oid) || !null_or_absent(&fields)) {
    return EVSEAL_HASH_NONE;
  }
  return hash_of_oid(oid);
}

/* hashAlgorithm [0] of RSASSA-PSS-params. */
static evseal_hash read_pss_hash(der_reader* reader) {
  der_reader tagged;
  if (!evseal_der_enter(reader, DER_CONTEXT(0), &tagged)) {
    return EVSEAL_HASH_NONE;
  }
  evseal_hash hash = read_hash(&tagged);
  return der_done(&tagged) ? hash : EVSEAL_HASH_NONE;
}

/* maskGenAlgorithm [1] of RSASSA-PSS-params: MGF1 and its hash. */
static evseal_hash read_pss_mgf(der_reader* reader) {
  der_reader tagged;
  der_reader mgf;
  evseal_span oid;
  if (!evseal_der_enter(reader, DER_CONTEXT(1), &tagged) ||
      !evseal_der_enter(&tagged, DER_SEQUENCE, &mgf) || !der_done(&tagged) ||
      !evseal_der_read(&mgf, DER_OID, &oid) || !evseal_span_equal(oid, evseal_oid_mgf1)) {
    return EVSEAL_HASH_NONE;
  }
  evseal_hash hash = read_hash(&mgf);
  return der_done(&mgf) ? hash : EVSEAL_HASH_NONE;
}

/* RSASSA-PSS-params (RFC 4055 section 3.1). The defaults are SHA-1 and therefore refused. */
static evseal_status parse_pss(evseal_algorithm* out, der_reader* parameters) {
  der_reader fields;
  if (!evseal_der_enter(parameters, DER_SEQUENCE, &fields) || !der_done(parameters)) {
    return EVSEAL_CERT_ALGORITHM;
  }
  out->scheme = EVSEAL_SCHEME_RSA_PSS;
  out->hash = read_pss_hash(&fields);
  out->mgf_hash = read_pss_mgf(&fields);
  uint64_t salt_len = 20; /* the DEFAULT */
  if (der_next_is(&fields, DER_CONTEXT(2))) {
    der_reader tagged;
    if (!evseal_der_enter(&fields, DER_CONTEXT(2), &tagged) ||
        !evseal_der_read_unsigned(&tagged, 512, &salt_len) || !der_done(&tagged) ||
        salt_len == 20) {
      return EVSEAL_CERT_ALGORITHM;
    }
  }
  out->salt_len = (size_t)salt_len;
  bool known =
      out->hash != EVSEAL_HASH_NONE && out->mgf_hash != EVSEAL_HASH_NONE && der_done(&fields);
  return known ? EVSEAL_OK : EVSEAL_CERT_ALGORITHM;
}

typedef struct simple_algorithm {
  const evseal_span* oid;
  evseal_scheme scheme;
  evseal_hash hash;
} simple_algorithm;

static const simple_algorithm simple_algorithms[] = {
#if WITH_ECDSA
    {&evseal_oid_ecdsa_with_sha256, EVSEAL_SCHEME_ECDSA, EVSEAL_HASH_SHA256},
    {&evseal_oid_ecdsa_with_sha384, EVSEAL_SCHEME_ECDSA, EVSEAL_HASH_SHA384},
    {&evseal_oid_ecdsa_with_sha512, EVSEAL_SCHEME_ECDSA, EVSEAL_HASH_SHA512},
#endif
#if EVSEAL_WITH_RSA
    {&evseal_oid_sha256_with_rsa, EVSEAL_SCHEME_RSA_PKCS1, EVSEAL_HASH_SHA256},
    {&evseal_oid_sha384_with_rsa, EVSEAL_SCHEME_RSA_PKCS1, EVSEAL_HASH_SHA384},
    {&evseal_oid_sha512_with_rsa, EVSEAL_SCHEME_RSA_PKCS1, EVSEAL_HASH_SHA512},
#endif
#if EVSEAL_WITH_ED25519
    {&evseal_oid_ed25519, EVSEAL_SCHEME_ED25519, EVSEAL_HASH_NONE},
#endif
};

evseal_status evseal_algorithm_parse(evseal_algorithm* out, evseal_span algorithm_identifier) {
  memset(out, 0, sizeof *out);
  der_reader outer = der_open(algorithm_identifier);
  der_reader fields;
  evseal_span oid;
  if (!evseal_der_enter(&outer, DER_SEQUENCE, &fields) || !der_done(&outer) ||
      !evseal_der_read(&fields, DER_OID, &oid)) {
    return EVSEAL_CERT_ALGORITHM;
  }
  if (EVSEAL_WITH_RSA && evseal_span_equal(oid, evseal_oid_rsassa_pss)) {
    return parse_pss(out, &fields);
  }
  for (size_t i = 0; i < sizeof simple_algorithms / sizeof simple_algorithms[0]; i++) {
    const simple_algorithm* known = &simple_algorithms[i];
    if (!evseal_span_equal(oid, *known->oid)) {
      continue;
    }
    bool rsa = known->scheme == EVSEAL_SCHEME_RSA_PKCS1;
    if (rsa ? !null_or_absent(&fields) : !der_done(&fields)) {
      return EVSEAL_CERT_ALGORITHM; /* RFC 5758 section 3.2, RFC 8410 section 3: parameters MUST be
                                       absent */
    }
    out->scheme = known->scheme;
    out->hash = known->hash;
    return EVSEAL_OK;
  }
  return EVSEAL_CERT_ALGORITHM;
}

/* Right-aligns a number in `size` octets; false when it does not fit. */
static bool place_number(uint8_t* out, size_t size, evseal_span number) {
  if (number.len > size) {
    return false;
  }
  memset(out, 0, size);
  memcpy(out + (size - number.len), number.data, number.len);
  return true;
}

/* ECDSA-Sig-Value (RFC 3279 section 2.2.3) as r || s of fixed length. */
static evseal_status read_ecdsa_der(uint8_t* rs, evseal_span signature, size_t octets) {
  der_reader outer = der_open(signature);
  der_reader fields;
  evseal_span r;
  evseal_span s;
  if (!evseal_der_enter(&outer, DER_SEQUENCE, &fields) || !der_done(&outer) ||
      !evseal_der_read_positive(&fields, &r) || !evseal_der_read_positive(&fields, &s) ||
      !der_done(&fields)) {
    return EVSEAL_SIGNATURE_ENCODING;
  }
  bool fits = place_number(rs, octets, r) && place_number(rs + octets, octets, s);
  return fits ? EVSEAL_OK : EVSEAL_SIGNATURE_RANGE;
}

/* FIPS 186-5 section 6.4.2 step 1: 1 <= r, s <= n - 1. */
static bool in_range(const uint8_t* number, const curve* c) {
  uint8_t any = 0;
  for (size_t i = 0; i < c->octets; i++) {
    any |= number[i];
  }
  return any != 0 && evseal_curve_compare(number, c->order, c->octets) < 0;
}

static evseal_status verify_ecdsa(const evseal_crypto* crypto, const evseal_public_key* key,
                                  evseal_span digest, evseal_span signature, unsigned flags) {
  bool is_p256 = !EVSEAL_WITH_P384 || (EVSEAL_WITH_P256 && key->type == EVSEAL_KEY_P256);
  const curve* c = is_p256 ? &evseal_curve_p256 : &evseal_curve_p384;
  uint8_t rs[2 * MAX_COORDINATE];
  if ((flags & EVSEAL_SIGNATURE_P1363) != 0) {
    if (signature.len != 2 * c->octets) {
      return EVSEAL_SIGNATURE_ENCODING;
    }
    memcpy(rs, signature.data, signature.len);
  } else {
    evseal_status form = read_ecdsa_der(rs, signature, c->octets);
    if (form != EVSEAL_OK) {
      return form == EVSEAL_SIGNATURE_RANGE ? EVSEAL_SIGNATURE_RANGE : EVSEAL_SIGNATURE_ENCODING;
    }
  }
  if (!in_range(rs, c) || !in_range(rs + c->octets, c)) {
    return EVSEAL_SIGNATURE_RANGE;
  }
  if ((flags & EVSEAL_SIGNATURE_LOW_S) != 0 &&
      evseal_curve_compare(rs + c->octets, c->half_order, c->octets) > 0) {
    return EVSEAL_SIGNATURE_HIGH_S;
  }
  evseal_status (*verify)(const uint8_t*, const uint8_t*, evseal_span) =
      is_p256 ? crypto->ecdsa_p256 : crypto->ecdsa_p384;
  return verify == NULL ? EVSEAL_CRYPTO_MISSING : verify(key->raw.data, rs, digest);
}

static evseal_status verify_rsa(const evseal_crypto* crypto, const evseal_public_key* key,
                                const evseal_algorithm* algorithm, evseal_span digest,
                                evseal_span signature) {
  if (signature.len != key->rsa.n.len) {
    return EVSEAL_SIGNATURE_ENCODING;
  }
  /* RFC 8017 section 5.2.2: the signature representative is below n. */
  if (memcmp(signature.data, key->rsa.n.data, signature.len) >= 0) {
    return EVSEAL_SIGNATURE_RANGE;
  }
  if (algorithm->scheme == EVSEAL_SCHEME_RSA_PSS) {
    return crypto->rsa_pss == NULL
               ? EVSEAL_CRYPTO_MISSING
               : crypto->rsa_pss(&key->rsa, algorithm->hash, algorithm->mgf_hash,
                                 algorithm->salt_len, digest, signature);
  }
  return crypto->rsa_pkcs1 == NULL
             ? EVSEAL_CRYPTO_MISSING
             : crypto->rsa_pkcs1(&key->rsa, algorithm->hash, digest, signature);
}

static evseal_status verify_ed25519(const evseal_crypto* crypto, const evseal_public_key* key,
                                    evseal_span message, evseal_span signature) {
  if (signature.len != 64) {
    return EVSEAL_SIGNATURE_ENCODING;
  }
  if (!evseal_ed25519_scalar_acceptable(signature.data + 32) ||
      !evseal_ed25519_point_acceptable(signature.data)) {
    return EVSEAL_SIGNATURE_RANGE;
  }
  return crypto->ed25519 == NULL ? EVSEAL_CRYPTO_MISSING
                                 : crypto->ed25519(key->raw.data, signature.data, message);
}

/* The algorithm is one that this key can have made. */
static bool algorithm_fits(const evseal_public_key* key, const evseal_algorithm* algorithm) {
  switch (algorithm->scheme) {
    case EVSEAL_SCHEME_ECDSA:
      return (EVSEAL_WITH_P256 && key->type == EVSEAL_KEY_P256) ||
             (EVSEAL_WITH_P384 && key->type == EVSEAL_KEY_P384);
    case EVSEAL_SCHEME_RSA_PKCS1:
      return EVSEAL_WITH_RSA && key->type == EVSEAL_KEY_RSA && !key->is_pss;
    case EVSEAL_SCHEME_RSA_PSS:
      return EVSEAL_WITH_RSA && key->type == EVSEAL_KEY_RSA &&
             (key->pss.scheme == EVSEAL_SCHEME_UNKNOWN ||
              (key->pss.hash == algorithm->hash && key->pss.mgf_hash == algorithm->mgf_hash &&
               key->pss.salt_len == algorithm->salt_len));
    case EVSEAL_SCHEME_ED25519:
      return EVSEAL_WITH_ED25519 && key->type == EVSEAL_KEY_ED25519;
    case EVSEAL_SCHEME_UNKNOWN:
      break;
  }
  return false;
}

/*
 * The answer is kept for both judgements of an envelope. So it may only be the backend's answer
 * about the signature: a status of an earlier step, which is EVSEAL_OK there, is never handed on.
 */
evseal_status evseal_signature_verify(const evseal_crypto* crypto, const evseal_public_key* key,
                                      const evseal_algorithm* algorithm, evseal_span message,
                                      evseal_span signature, unsigned flags) {
  if (!algorithm_fits(key, algorithm)) {
    return EVSEAL_CERT_ALGORITHM;
  }
  /* From here on the scheme is one that this library has. */
  if (EVSEAL_WITH_ED25519 && algorithm->scheme == EVSEAL_SCHEME_ED25519) {
    return verify_ed25519(crypto, key, message, signature);
  }
  if (!WITH_DIGEST || algorithm->hash == EVSEAL_HASH_NONE) {
    return EVSEAL_CERT_ALGORITHM;
  }
  hash_function hash = evseal_hash_of(crypto, algorithm->hash);
  if (hash == NULL) {
    return EVSEAL_CRYPTO_MISSING;
  }
  uint8_t digest[EVSEAL_MAX_DIGEST];
  if (hash(digest, &message, 1) != EVSEAL_OK) {
    return EVSEAL_CRYPTO_FAILED;
  }
  evseal_span digest_span = evseal_span_of(digest, (size_t)algorithm->hash);
  return WITH_ECDSA && (!EVSEAL_WITH_RSA || algorithm->scheme == EVSEAL_SCHEME_ECDSA)
             ? verify_ecdsa(crypto, key, digest_span, signature, flags)
             : verify_rsa(crypto, key, algorithm, digest_span, signature);
}
