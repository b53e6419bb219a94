/* The crypto of a configuration that is measured: what it names, and no more, so that the linker
 * leaves out the rest. */
#ifndef DEVICE_MEASURED_CRYPTO_H
#define DEVICE_MEASURED_CRYPTO_H

#include <evseal/bearssl.h>
#include <evseal/config.h>

static inline const evseal_crypto* measured_crypto(void) {
  static const evseal_crypto crypto = {
    .name = "measured",
    .sha256 = evseal_bearssl_sha256,
#if EVSEAL_WITH_P256
    .ecdsa_p256 = evseal_bearssl_ecdsa_p256,
#endif
#if EVSEAL_WITH_P384
    .sha384 = evseal_bearssl_sha384,
    .ecdsa_p384 = evseal_bearssl_ecdsa_p384,
#endif
#if EVSEAL_WITH_RSA
    .rsa_pss = evseal_bearssl_rsa_pss,
    .rsa_pkcs1 = evseal_bearssl_rsa_pkcs1,
#endif
#if EVSEAL_WITH_ED25519
    .sha512 = evseal_bearssl_sha512,
#endif
  };
#if EVSEAL_WITH_ED25519
  static evseal_crypto all;
  all = crypto;
  all.ed25519 = evseal_crypto_sodium.ed25519;
  return &all;
#else
  return &crypto;
#endif
}

#endif
