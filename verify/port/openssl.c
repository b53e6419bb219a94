/*
 * The crypto port over OpenSSL 3: every algorithm.
 *
 * SHA-2 uses the low-level functions: they keep their state on the stack and cost nothing per call,
 * where EVP fetches and allocates for each digest, which for chunks of 4 KiB costs as much as the
 * hash.
 */
#define OPENSSL_SUPPRESS_DEPRECATED

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <openssl/rsa.h>
#include <openssl/sha.h>
#include <string.h>

#include "evseal/crypto.h"

static evseal_status sha256(uint8_t* out, const evseal_span* pieces, size_t num_pieces) {
  SHA256_CTX context;
  bool fine = SHA256_Init(&context) == 1;
  for (size_t i = 0; i < num_pieces; i++) {
    fine = fine && SHA256_Update(&context, pieces[i].data, pieces[i].len) == 1;
  }
  return fine && SHA256_Final(out, &context) == 1 ? EVSEAL_OK : EVSEAL_CRYPTO_FAILED;
}

static evseal_status sha384(uint8_t* out, const evseal_span* pieces, size_t num_pieces) {
  SHA512_CTX context;
  bool fine = SHA384_Init(&context) == 1;
  for (size_t i = 0; i < num_pieces; i++) {
    fine = fine && SHA384_Update(&context, pieces[i].data, pieces[i].len) == 1;
  }
  return fine && SHA384_Final(out, &context) == 1 ? EVSEAL_OK : EVSEAL_CRYPTO_FAILED;
}

static evseal_status sha512(uint8_t* out, const evseal_span* pieces, size_t num_pieces) {
  SHA512_CTX context;
  bool fine = SHA512_Init(&context) == 1;
  for (size_t i = 0; i < num_pieces; i++) {
    fine = fine && SHA512_Update(&context, pieces[i].data, pieces[i].len) == 1;
  }
  return fine && SHA512_Final(out, &context) == 1 ? EVSEAL_OK : EVSEAL_CRYPTO_FAILED;
}

/* A public key from named parameters; null on failure. */
static EVP_PKEY* key_from_params(const char* type, OSSL_PARAM* params) {
  EVP_PKEY* key = NULL;
  EVP_PKEY_CTX* context = EVP_PKEY_CTX_new_from_name(NULL, type, NULL);
  if (context == NULL || EVP_PKEY_fromdata_init(context) != 1 ||
      EVP_PKEY_fromdata(context, &key, EVP_PKEY_PUBLIC_KEY, params) != 1) {
    key = NULL;
  }
  EVP_PKEY_CTX_free(context);
  return key;
}

/* ECDSA-Sig-Value of r || s, which evseal has already taken apart and checked. */
static int encode_ecdsa(const uint8_t* rs, size_t octets, unsigned char** out) {
  ECDSA_SIG* value = ECDSA_SIG_new();
  BIGNUM* r = BN_bin2bn(rs, (int)octets, NULL);
  BIGNUM* s = BN_bin2bn(rs + octets, (int)octets, NULL);
  int len = -1;
  if (value != NULL && r != NULL && s != NULL && ECDSA_SIG_set0(value, r, s) == 1) {
    r = NULL;
    s = NULL;
    len = i2d_ECDSA_SIG(value, out);
  }
  BN_free(r);
  BN_free(s);
  ECDSA_SIG_free(value);
  return len;
}

static evseal_status verify_with(EVP_PKEY_CTX* context, const uint8_t* signature,
                                 size_t signature_len, evseal_span digest) {
  return EVP_PKEY_verify(context, signature, signature_len, digest.data, digest.len) == 1
             ? EVSEAL_OK
             : EVSEAL_SIGNATURE_INVALID;
}

static evseal_status ecdsa(char* group, size_t octets, const uint8_t* point, const uint8_t* rs,
                           evseal_span digest) {
  uint8_t point_copy[97];
  memcpy(point_copy, point, 1 + 2 * octets);
  OSSL_PARAM params[] = {
      OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, group, 0),
      OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_PUB_KEY, point_copy, 1 + 2 * octets),
      OSSL_PARAM_construct_end(),
  };
  EVP_PKEY* key = key_from_params("EC", params);
  if (key == NULL) {
    return EVSEAL_SIGNATURE_INVALID; /* not a point of the curve */
  }
  unsigned char* der = NULL;
  int der_len = encode_ecdsa(rs, octets, &der);
  EVP_PKEY_CTX* context = EVP_PKEY_CTX_new_from_pkey(NULL, key, NULL);
  evseal_status status = EVSEAL_CRYPTO_FAILED;
  if (der_len > 0 && context != NULL && EVP_PKEY_verify_init(context) == 1) {
    status = verify_with(context, der, (size_t)der_len, digest);
  }
  EVP_PKEY_CTX_free(context);
  EVP_PKEY_free(key);
  OPENSSL_free(der);
  return status;
}

static evseal_status ecdsa_p256(const uint8_t* point, const uint8_t* rs, evseal_span digest) {
  char group[] = "P-256";
  return ecdsa(group, 32, point, rs, digest);
}

static evseal_status ecdsa_p384(const uint8_t* point, const uint8_t* rs, evseal_span digest) {
  char group[] = "P-384";
  return ecdsa(group, 48, point, rs, digest);
}

static const EVP_MD* md_of(evseal_hash hash) {
  return hash == EVSEAL_HASH_SHA256 ? EVP_sha256()
                                    : (hash == EVSEAL_HASH_SHA384 ? EVP_sha384() : EVP_sha512());
}

static EVP_PKEY* rsa_key(const evseal_rsa_key* rsa) {
  EVP_PKEY* key = NULL;
  BIGNUM* n = BN_bin2bn(rsa->n.data, (int)rsa->n.len, NULL);
  BIGNUM* e = BN_bin2bn(rsa->e.data, (int)rsa->e.len, NULL);
  OSSL_PARAM_BLD* builder = OSSL_PARAM_BLD_new();
  if (n != NULL && e != NULL && builder != NULL &&
      OSSL_PARAM_BLD_push_BN(builder, OSSL_PKEY_PARAM_RSA_N, n) == 1 &&
      OSSL_PARAM_BLD_push_BN(builder, OSSL_PKEY_PARAM_RSA_E, e) == 1) {
    OSSL_PARAM* params = OSSL_PARAM_BLD_to_param(builder);
    key = params == NULL ? NULL : key_from_params("RSA", params);
    OSSL_PARAM_free(params);
  }
  OSSL_PARAM_BLD_free(builder);
  BN_free(n);
  BN_free(e);
  return key;
}

static evseal_status rsa_verify(const evseal_rsa_key* rsa, int padding, evseal_hash hash,
                                evseal_hash mgf_hash, size_t salt_len, evseal_span digest,
                                evseal_span signature) {
  EVP_PKEY* key = rsa_key(rsa);
  EVP_PKEY_CTX* context = key == NULL ? NULL : EVP_PKEY_CTX_new_from_pkey(NULL, key, NULL);
  evseal_status status = EVSEAL_CRYPTO_FAILED;
  bool ready = context != NULL && EVP_PKEY_verify_init(context) == 1 &&
               EVP_PKEY_CTX_set_rsa_padding(context, padding) == 1 &&
               EVP_PKEY_CTX_set_signature_md(context, md_of(hash)) == 1;
  if (ready && padding == RSA_PKCS1_PSS_PADDING) {
    ready = EVP_PKEY_CTX_set_rsa_mgf1_md(context, md_of(mgf_hash)) == 1 &&
            EVP_PKEY_CTX_set_rsa_pss_saltlen(context, (int)salt_len) == 1;
  }
  if (ready) {
    status = verify_with(context, signature.data, signature.len, digest);
  }
  EVP_PKEY_CTX_free(context);
  EVP_PKEY_free(key);
  return status;
}

static evseal_status rsa_pss(const evseal_rsa_key* key, evseal_hash hash, evseal_hash mgf_hash,
                             size_t salt_len, evseal_span digest, evseal_span signature) {
  return rsa_verify(key, RSA_PKCS1_PSS_PADDING, hash, mgf_hash, salt_len, digest, signature);
}

static evseal_status rsa_pkcs1(const evseal_rsa_key* key, evseal_hash hash, evseal_span digest,
                               evseal_span signature) {
  return rsa_verify(key, RSA_PKCS1_PADDING, hash, EVSEAL_HASH_NONE, 0, digest, signature);
}

static evseal_status ed25519(const uint8_t* key_octets, const uint8_t* signature,
                             evseal_span message) {
  EVP_PKEY* key = EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, NULL, key_octets, 32);
  EVP_MD_CTX* context = EVP_MD_CTX_new();
  evseal_status status = EVSEAL_CRYPTO_FAILED;
  if (key != NULL && context != NULL && EVP_DigestVerifyInit(context, NULL, NULL, NULL, key) == 1) {
    status = EVP_DigestVerify(context, signature, 64, message.data, message.len) == 1
                 ? EVSEAL_OK
                 : EVSEAL_SIGNATURE_INVALID;
  }
  EVP_MD_CTX_free(context);
  EVP_PKEY_free(key);
  return status;
}

const evseal_crypto evseal_crypto_openssl = {
    .name = "openssl",
    .sha256 = sha256,
    .sha384 = sha384,
    .sha512 = sha512,
    .ecdsa_p256 = ecdsa_p256,
    .ecdsa_p384 = ecdsa_p384,
    .rsa_pss = rsa_pss,
    .rsa_pkcs1 = rsa_pkcs1,
    .ed25519 = ed25519,
};
