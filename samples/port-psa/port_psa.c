#include "port_psa.h"

#include <psa/crypto.h>
#include <string.h>

/*
 * A port answers EVSEAL_OK, EVSEAL_SIGNATURE_INVALID or EVSEAL_CRYPTO_FAILED, nothing else. The
 * last is for what says nothing about the signature: no memory, no driver, an argument that this
 * implementation does not take. Whatever the PSA implementation answers that is not listed here is
 * a failure, too.
 */
static evseal_status answer_of(psa_status_t status) {
  if (status == PSA_SUCCESS) {
    return EVSEAL_OK;
  }
  return status == PSA_ERROR_INVALID_SIGNATURE ? EVSEAL_SIGNATURE_INVALID : EVSEAL_CRYPTO_FAILED;
}

static evseal_status hash_with(psa_algorithm_t algorithm, uint8_t* out, const evseal_span* pieces,
                               size_t num_pieces) {
  psa_hash_operation_t operation = PSA_HASH_OPERATION_INIT;
  psa_status_t status = psa_hash_setup(&operation, algorithm);
  for (size_t i = 0; status == PSA_SUCCESS && i < num_pieces; i++) {
    /* Null with a length of 0 is a span like any other, but not for every implementation. */
    if (pieces[i].len > 0) {
      status = psa_hash_update(&operation, pieces[i].data, pieces[i].len);
    }
  }
  size_t len = 0;
  if (status == PSA_SUCCESS) {
    status = psa_hash_finish(&operation, out, PSA_HASH_LENGTH(algorithm), &len);
  }
  (void)psa_hash_abort(&operation);
  return status == PSA_SUCCESS && len == PSA_HASH_LENGTH(algorithm) ? EVSEAL_OK
                                                                    : EVSEAL_CRYPTO_FAILED;
}

static evseal_status sha256(uint8_t* out, const evseal_span* pieces, size_t num_pieces) {
  return hash_with(PSA_ALG_SHA_256, out, pieces, num_pieces);
}
static evseal_status sha384(uint8_t* out, const evseal_span* pieces, size_t num_pieces) {
  return hash_with(PSA_ALG_SHA_384, out, pieces, num_pieces);
}
static evseal_status sha512(uint8_t* out, const evseal_span* pieces, size_t num_pieces) {
  return hash_with(PSA_ALG_SHA_512, out, pieces, num_pieces);
}

/* Verifies with a public key that exists for this one call. */
static evseal_status verify_with(psa_key_type_t type, const uint8_t* key, size_t key_len,
                                 psa_algorithm_t algorithm, evseal_span digest,
                                 evseal_span signature, evseal_status when_no_key) {
  psa_key_attributes_t attributes = PSA_KEY_ATTRIBUTES_INIT;
  psa_key_id_t id = 0;
  psa_set_key_usage_flags(&attributes, PSA_KEY_USAGE_VERIFY_HASH);
  psa_set_key_algorithm(&attributes, algorithm);
  psa_set_key_type(&attributes, type);
  psa_status_t status = psa_import_key(&attributes, key, key_len, &id);
  if (status != PSA_SUCCESS) {
    /* A point that is not on the curve is refused here. */
    return status == PSA_ERROR_INVALID_ARGUMENT ? when_no_key : EVSEAL_CRYPTO_FAILED;
  }
  status = psa_verify_hash(id, algorithm, digest.data, digest.len, signature.data, signature.len);
  psa_status_t destroyed = psa_destroy_key(id);
  return destroyed == PSA_SUCCESS ? answer_of(status) : EVSEAL_CRYPTO_FAILED;
}

static evseal_status ecdsa(size_t octets, const uint8_t* point, const uint8_t* rs,
                           evseal_span digest) {
  evseal_span signature = {rs, 2 * octets};
  return verify_with(PSA_KEY_TYPE_ECC_PUBLIC_KEY(PSA_ECC_FAMILY_SECP_R1), point, 1 + 2 * octets,
                     PSA_ALG_ECDSA_ANY, digest, signature, EVSEAL_SIGNATURE_INVALID);
}

static evseal_status ecdsa_p256(const uint8_t* point, const uint8_t* rs, evseal_span digest) {
  return ecdsa(32, point, rs, digest);
}
static evseal_status ecdsa_p384(const uint8_t* point, const uint8_t* rs, evseal_span digest) {
  return ecdsa(48, point, rs, digest);
}

static psa_algorithm_t hash_algorithm(evseal_hash hash) {
  switch (hash) {
    case EVSEAL_HASH_SHA256:
      return PSA_ALG_SHA_256;
    case EVSEAL_HASH_SHA384:
      return PSA_ALG_SHA_384;
    case EVSEAL_HASH_SHA512:
      return PSA_ALG_SHA_512;
    case EVSEAL_HASH_NONE:
      break;
  }
  return PSA_ALG_NONE;
}

/* RSAPublicKey (RFC 8017 appendix A.1.1), which is how PSA imports an RSA key. Each part is written
 * from the end to the start of the buffer, so that lengths are known when their turn comes. */
#define MAX_RSA_KEY (4u + 2u * (4u + 1u + EVSEAL_MAX_RSA_BITS / 8u))

static uint8_t* put_head(uint8_t* at, uint8_t tag, size_t len) {
  if (len >= 256) {
    *--at = (uint8_t)len;
    *--at = (uint8_t)(len >> 8);
    *--at = 0x82;
  } else {
    *--at = (uint8_t)len;
    if (len >= 128) {
      *--at = 0x81;
    }
  }
  *--at = tag;
  return at;
}

static uint8_t* put_positive(uint8_t* at, evseal_span number) {
  size_t zero = (number.data[0] & 0x80u) != 0 ? 1 : 0;
  at -= number.len;
  memcpy(at, number.data, number.len);
  if (zero != 0) {
    *--at = 0;
  }
  return put_head(at, 0x02, number.len + zero);
}

static evseal_status rsa(const evseal_rsa_key* key, psa_algorithm_t algorithm, evseal_span digest,
                         evseal_span signature) {
  uint8_t der[MAX_RSA_KEY];
  uint8_t* end = der + sizeof der;
  if (key->n.len == 0 || key->e.len == 0 || key->n.len > EVSEAL_MAX_RSA_BITS / 8u ||
      key->e.len > EVSEAL_MAX_RSA_BITS / 8u) {
    return EVSEAL_SIGNATURE_INVALID;
  }
  uint8_t* at = put_positive(put_positive(end, key->e), key->n);
  at = put_head(at, 0x30, (size_t)(end - at));
  return verify_with(PSA_KEY_TYPE_RSA_PUBLIC_KEY, at, (size_t)(end - at), algorithm, digest,
                     signature, EVSEAL_CRYPTO_FAILED);
}

static evseal_status rsa_pss(const evseal_rsa_key* key, evseal_hash hash, evseal_hash mgf_hash,
                             size_t salt_len, evseal_span digest, evseal_span signature) {
  if (mgf_hash != hash || salt_len != (size_t)hash) {
    return EVSEAL_CRYPTO_FAILED;
  }
  return rsa(key, PSA_ALG_RSA_PSS(hash_algorithm(hash)), digest, signature);
}

static evseal_status rsa_pkcs1(const evseal_rsa_key* key, evseal_hash hash, evseal_span digest,
                               evseal_span signature) {
  return rsa(key, PSA_ALG_RSA_PKCS1V15_SIGN(hash_algorithm(hash)), digest, signature);
}

const evseal_crypto evseal_crypto_psa = {
    .name = "psa",
    .sha256 = sha256,
    .sha384 = sha384,
    .sha512 = sha512,
    .ecdsa_p256 = ecdsa_p256,
    .ecdsa_p384 = ecdsa_p384,
    .rsa_pss = rsa_pss,
    .rsa_pkcs1 = rsa_pkcs1,
};
