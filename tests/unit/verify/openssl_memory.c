/*
 * The OpenSSL port where there is no memory: the n-th allocation fails, for each n. A wrong
 * signature is never taken for a good one then, a good one is never refused for another reason than
 * the two that the port has, and nothing is leaked or used after it was freed (the preset asan sees
 * that).
 *
 * A program of its own: OpenSSL takes its allocator before its first use only.
 */
#include <openssl/crypto.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "evseal/crypto.h"

static long calls;
static long failing; /* 0: none */

static bool refused(void) {
  return ++calls == failing;
}

static void* allocate(size_t len, const char* file, int line) {
  (void)file;
  (void)line;
  return refused() ? NULL : malloc(len);
}

static void* reallocate(void* old, size_t len, const char* file, int line) {
  (void)file;
  (void)line;
  return refused() ? NULL : realloc(old, len);
}

static void release(void* old, const char* file, int line) {
  (void)file;
  (void)line;
  free(old);
}

/* A key, a message's digest and a signature, in the form in which the port takes them. */
typedef struct example {
  const char* name;
  uint8_t key[512];
  size_t key_len;
  uint8_t signature[512];
  size_t signature_len;
} example;

static const uint8_t digest[48] = {1, 2, 3};
static const uint8_t exponent[3] = {1, 0, 1};

static evseal_status check(const example* e) {
  const evseal_crypto* crypto = &evseal_crypto_openssl;
  evseal_span signature = {e->signature, e->signature_len};
  evseal_span short_digest = {digest, 32};
  evseal_span long_digest = {digest, 48};
  evseal_rsa_key rsa = {{e->key, e->key_len}, {exponent, sizeof exponent}};
  if (strcmp(e->name, "p256") == 0) {
    return crypto->ecdsa_p256(e->key, e->signature, short_digest);
  }
  if (strcmp(e->name, "p384") == 0) {
    return crypto->ecdsa_p384(e->key, e->signature, long_digest);
  }
  if (strcmp(e->name, "ed25519") == 0) {
    return crypto->ed25519(e->key, e->signature, short_digest);
  }
  return strcmp(e->name, "pss") == 0
             ? crypto->rsa_pss(&rsa, EVSEAL_HASH_SHA256, EVSEAL_HASH_SHA256, 32, short_digest,
                               signature)
             : crypto->rsa_pkcs1(&rsa, EVSEAL_HASH_SHA256, short_digest, signature);
}

static void require(bool holds, const char* what) {
  if (!holds) {
    (void)fprintf(stderr, "cannot make an example: %s\n", what);
    exit(2);
  }
}

/* An ECDSA signature in DER as r || s. */
static void from_der(example* e, const unsigned char* der, size_t len, size_t octets) {
  const unsigned char* at = der;
  ECDSA_SIG* value = d2i_ECDSA_SIG(NULL, &at, (long)len);
  require(value != NULL, e->name);
  (void)BN_bn2binpad(ECDSA_SIG_get0_r(value), e->signature, (int)octets);
  (void)BN_bn2binpad(ECDSA_SIG_get0_s(value), e->signature + octets, (int)octets);
  ECDSA_SIG_free(value);
  e->signature_len = 2 * octets;
}

static void make_ecdsa(example* e, const char* curve, size_t octets) {
  unsigned char der[256];
  size_t len = sizeof der;
  EVP_PKEY* key = EVP_EC_gen(curve);
  EVP_PKEY_CTX* context = EVP_PKEY_CTX_new(key, NULL);
  require(EVP_PKEY_get_octet_string_param(key, "pub", e->key, sizeof e->key, &e->key_len) == 1 &&
              EVP_PKEY_sign_init(context) == 1 &&
              EVP_PKEY_sign(context, der, &len, digest, octets) == 1,
          e->name);
  from_der(e, der, len, octets);
  EVP_PKEY_CTX_free(context);
  EVP_PKEY_free(key);
}

static void make_rsa(example* e, int padding) {
  EVP_PKEY* key = EVP_RSA_gen(2048);
  EVP_PKEY_CTX* context = EVP_PKEY_CTX_new(key, NULL);
  BIGNUM* n = NULL;
  e->signature_len = sizeof e->signature;
  require(EVP_PKEY_get_bn_param(key, "n", &n) == 1 && EVP_PKEY_sign_init(context) == 1 &&
              EVP_PKEY_CTX_set_rsa_padding(context, padding) == 1 &&
              EVP_PKEY_CTX_set_signature_md(context, EVP_sha256()) == 1 &&
              (padding != RSA_PKCS1_PSS_PADDING ||
               EVP_PKEY_CTX_set_rsa_pss_saltlen(context, 32) == 1) &&
              EVP_PKEY_sign(context, e->signature, &e->signature_len, digest, 32) == 1,
          e->name);
  e->key_len = (size_t)BN_bn2bin(n, e->key);
  BN_free(n);
  EVP_PKEY_CTX_free(context);
  EVP_PKEY_free(key);
}

static void make_ed25519(example* e) {
  EVP_PKEY* key = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
  EVP_MD_CTX* context = EVP_MD_CTX_new();
  e->key_len = 32;
  e->signature_len = 64;
  require(EVP_PKEY_get_raw_public_key(key, e->key, &e->key_len) == 1 &&
              EVP_DigestSignInit(context, NULL, NULL, NULL, key) == 1 &&
              EVP_DigestSign(context, e->signature, &e->signature_len, digest, 32) == 1,
          e->name);
  EVP_MD_CTX_free(context);
  EVP_PKEY_free(key);
}

/* Every allocation in turn; how many refusals they led to, or -1 when something is wrong. */
static long try_all(const example* e, bool good) {
  long refusals = 0;
  failing = 0;
  evseal_status undisturbed = check(e);
  if (undisturbed != (good ? EVSEAL_OK : EVSEAL_SIGNATURE_INVALID)) {
    (void)printf("%s: %s\n", e->name, evseal_status_name(undisturbed));
    return -1;
  }
  for (long n = 1;; n++) {
    calls = 0;
    failing = n;
    evseal_status status = check(e);
    bool reached = calls >= n;
    failing = 0;
    bool known =
        status == EVSEAL_OK || status == EVSEAL_SIGNATURE_INVALID || status == EVSEAL_CRYPTO_FAILED;
    if (!known || (status == EVSEAL_OK && !good)) {
      (void)printf("%s: allocation %ld failed, and the status is %s\n", e->name, n,
                   evseal_status_name(status));
      return -1;
    }
    if (!reached) {
      return refusals;
    }
    refusals += status == EVSEAL_OK ? 0 : 1;
  }
}

int main(void) {
  static example examples[] = {
      {.name = "p256"}, {.name = "p384"}, {.name = "pss"}, {.name = "pkcs1"}, {.name = "ed25519"}};
  if (CRYPTO_set_mem_functions(allocate, reallocate, release) != 1) {
    (void)puts("OpenSSL has been used already");
    return 2;
  }
  make_ecdsa(&examples[0], "P-256", 32);
  make_ecdsa(&examples[1], "P-384", 48);
  make_rsa(&examples[2], RSA_PKCS1_PSS_PADDING);
  make_rsa(&examples[3], RSA_PKCS1_PADDING);
  make_ed25519(&examples[4]);
  int failures = 0;
  for (size_t i = 0; i < sizeof examples / sizeof examples[0]; i++) {
    long with_good = try_all(&examples[i], true);
    examples[i].signature[examples[i].signature_len - 5] ^= 1;
    long with_bad = try_all(&examples[i], false);
    (void)printf("%s: %ld refusals for want of memory\n", examples[i].name, with_good);
    failures += with_good <= 0 || with_bad < 0 ? 1 : 0;
  }
  return failures == 0 ? 0 : 1;
}
