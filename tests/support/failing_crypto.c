#include "failing_crypto.h"

static struct {
  unsigned calls;
  unsigned first;
  unsigned second;
  bool all_from_first;
} plan;

void evseal_crypto_fail_at(unsigned first, unsigned second) {
  plan.calls = 0;
  plan.first = first;
  plan.second = second;
  plan.all_from_first = false;
}

void evseal_crypto_fail_from(unsigned first) {
  evseal_crypto_fail_at(first, 0);
  plan.all_from_first = true;
}

unsigned evseal_crypto_calls(void) {
  return plan.calls;
}

/* This call's turn: false when it is to fail. */
static bool works(void) {
  plan.calls++;
  bool late = plan.all_from_first && plan.calls >= plan.first;
  return !late && plan.calls != plan.first && plan.calls != plan.second;
}

/* A hash that fails has written the right digest all the same: who does not look at the status goes
 * on with it, and nothing else tells. */
static evseal_status judged(evseal_status status) {
  return works() ? status : EVSEAL_CRYPTO_FAILED;
}

static evseal_status sha256(uint8_t* out, const evseal_span* pieces, size_t num_pieces) {
  return judged(evseal_crypto_openssl.sha256(out, pieces, num_pieces));
}

static evseal_status sha384(uint8_t* out, const evseal_span* pieces, size_t num_pieces) {
  return judged(evseal_crypto_openssl.sha384(out, pieces, num_pieces));
}

static evseal_status sha512(uint8_t* out, const evseal_span* pieces, size_t num_pieces) {
  return judged(evseal_crypto_openssl.sha512(out, pieces, num_pieces));
}

static evseal_status ecdsa_p256(const uint8_t* point, const uint8_t* rs, evseal_span digest) {
  return works() ? evseal_crypto_openssl.ecdsa_p256(point, rs, digest) : EVSEAL_CRYPTO_FAILED;
}

static evseal_status ecdsa_p384(const uint8_t* point, const uint8_t* rs, evseal_span digest) {
  return works() ? evseal_crypto_openssl.ecdsa_p384(point, rs, digest) : EVSEAL_CRYPTO_FAILED;
}

static evseal_status rsa_pss(const evseal_rsa_key* key, evseal_hash hash, evseal_hash mgf_hash,
                             size_t salt_len, evseal_span digest, evseal_span signature) {
  return works() ? evseal_crypto_openssl.rsa_pss(key, hash, mgf_hash, salt_len, digest, signature)
                 : EVSEAL_CRYPTO_FAILED;
}

static evseal_status rsa_pkcs1(const evseal_rsa_key* key, evseal_hash hash, evseal_span digest,
                               evseal_span signature) {
  return works() ? evseal_crypto_openssl.rsa_pkcs1(key, hash, digest, signature)
                 : EVSEAL_CRYPTO_FAILED;
}

static evseal_status ed25519(const uint8_t* key, const uint8_t* signature, evseal_span message) {
  return works() ? evseal_crypto_openssl.ed25519(key, signature, message) : EVSEAL_CRYPTO_FAILED;
}

const evseal_crypto evseal_crypto_failing = {
    .name = "failing",
    .sha256 = sha256,
    .sha384 = sha384,
    .sha512 = sha512,
    .ecdsa_p256 = ecdsa_p256,
    .ecdsa_p384 = ecdsa_p384,
    .rsa_pss = rsa_pss,
    .rsa_pkcs1 = rsa_pkcs1,
    .ed25519 = ed25519,
};
