/* The crypto that a board's build has: BearSSL, and libsodium's Ed25519 where it was asked for. */
#ifndef DEVICE_CRYPTO_OF_BOARD_H
#define DEVICE_CRYPTO_OF_BOARD_H

#include <evseal/crypto.h>

static inline const evseal_crypto* crypto_of_board(void) {
  static evseal_crypto crypto;
  crypto = evseal_crypto_bearssl;
#ifdef EVSEAL_HAS_SODIUM
  crypto.ed25519 = evseal_crypto_sodium.ed25519;
#endif
  return &crypto;
}

#endif
