/* The crypto that this controller needs, and no more: the linker leaves out the rest of BearSSL. */
#ifndef CONTROLLER_CRYPTO_H
#define CONTROLLER_CRYPTO_H

#include <evseal/bearssl.h>

static inline const evseal_crypto* controller_crypto(void) {
  static const evseal_crypto crypto = {
      .name = "p256", .sha256 = evseal_bearssl_sha256, .ecdsa_p256 = evseal_bearssl_ecdsa_p256};
  return &crypto;
}

#endif
