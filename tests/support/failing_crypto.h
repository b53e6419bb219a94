/* A crypto port that fails when it is told to, over OpenSSL's: what a broken accelerator, or one
 * without memory, does to the verifier. For one thread. */
#ifndef EVSEAL_TESTS_FAILING_CRYPTO_H
#define EVSEAL_TESTS_FAILING_CRYPTO_H

#include <evseal/crypto.h>

#ifdef __cplusplus
extern "C" {
#endif

extern const evseal_crypto evseal_crypto_failing;

/* Counts calls anew, from 1. Calls number `first` and `second` fail; 0 is none. */
void evseal_crypto_fail_at(unsigned first, unsigned second);

/* The same, but every call from number `first` on fails. */
void evseal_crypto_fail_from(unsigned first);

/* Calls since then. */
unsigned evseal_crypto_calls(void);

#ifdef __cplusplus
}
#endif

#endif
