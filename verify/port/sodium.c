/* The crypto port over libsodium: SHA-256, SHA-512, Ed25519. It needs no sodium_init() for these.
 */
#include <sodium.h>

#include "evseal/crypto.h"

static evseal_status sha256(uint8_t* out, const evseal_span* pieces, size_t num_pieces) {
  crypto_hash_sha256_state state;
  crypto_hash_sha256_init(&state);
  for (size_t i = 0; i < num_pieces; i++) {
    crypto_hash_sha256_update(&state, pieces[i].data, pieces[i].len);
  }
  crypto_hash_sha256_final(&state, out);
  return EVSEAL_OK;
}

static evseal_status sha512(uint8_t* out, const evseal_span* pieces, size_t num_pieces) {
  crypto_hash_sha512_state state;
  crypto_hash_sha512_init(&state);
  for (size_t i = 0; i < num_pieces; i++) {
    crypto_hash_sha512_update(&state, pieces[i].data, pieces[i].len);
  }
  crypto_hash_sha512_final(&state, out);
  return EVSEAL_OK;
}

static evseal_status ed25519(const uint8_t* key, const uint8_t* signature, evseal_span message) {
  return crypto_sign_ed25519_verify_detached(signature, message.data, message.len, key) == 0
             ? EVSEAL_OK
             : EVSEAL_SIGNATURE_INVALID;
}

const evseal_crypto evseal_crypto_sodium = {
    .name = "sodium",
    .sha256 = sha256,
    .sha512 = sha512,
    .ed25519 = ed25519,
};
