/* A crypto port over the PSA Crypto API, as Mbed TLS, TF-M and many chips' SDKs have it: SHA-2,
 * ECDSA on P-256 and P-384, RSA. A template for ports of one's own. */
#ifndef PORT_PSA_H
#define PORT_PSA_H

#include <evseal/crypto.h>

/*
 * Everything but Ed25519. psa_crypto_init() must have succeeded. RSASSA-PSS with the message's hash
 * in MGF1 and a salt as long as it, which is what certificates and packages may have; others are
 * EVSEAL_CRYPTO_FAILED.
 */
extern const evseal_crypto evseal_crypto_psa;

#endif
