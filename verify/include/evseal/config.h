/*
 * What the library contains. Every setting has a default that contains everything; firmware sets
 * its own on the compiler's command line (-DEVSEAL_WITH_RSA=0), or in a header of its own that
 * EVSEAL_CONFIG_FILE names (-DEVSEAL_CONFIG_FILE='"charger_config.h"'). All files that include this
 * library must see the same settings: they change the size of evseal_verify_ctx.
 */
#ifndef EVSEAL_CONFIG_H
#define EVSEAL_CONFIG_H

#ifdef EVSEAL_CONFIG_FILE
#include EVSEAL_CONFIG_FILE
#endif

/*
 * Algorithms. What is left out is an algorithm that this verifier does not know: a signer or issuer
 * with such a key never counts, and another signer of the package may.
 */
#ifndef EVSEAL_WITH_P256
#define EVSEAL_WITH_P256 1
#endif
#ifndef EVSEAL_WITH_P384
#define EVSEAL_WITH_P384 1
#endif
#ifndef EVSEAL_WITH_RSA
#define EVSEAL_WITH_RSA 1
#endif
#ifndef EVSEAL_WITH_ED25519
#define EVSEAL_WITH_ED25519 1
#endif

/*
 * Revocation lists. Without them a stolen certificate is not shut out before it expires: the lists
 * of an envelope are not read, and what a manifest says of them is not asked. A role that requires
 * lists is then never satisfied (EVSEAL_CRL_MISSING).
 */
#ifndef EVSEAL_WITH_CRL
#define EVSEAL_WITH_CRL 1
#endif

/* Trust-updates. Without them the trust store of the profile is for ever, and a device that has
 * lost its state cannot be recovered; such packages are EVSEAL_KIND_UNSUPPORTED. */
#ifndef EVSEAL_WITH_TRUST_UPDATE
#define EVSEAL_WITH_TRUST_UPDATE 1
#endif

/*
 * Room in evseal_verify_ctx, which a device may make smaller than the format's limits; what does
 * not fit is refused as what is over these limits is.
 */
#ifndef EVSEAL_MAX_CERTIFICATES
#define EVSEAL_MAX_CERTIFICATES 8u /* of one envelope; two for each signer at least */
#endif
#ifndef EVSEAL_MAX_SIGNERS
#define EVSEAL_MAX_SIGNERS 4u
#endif
#ifndef EVSEAL_MAX_CRLS
#define EVSEAL_MAX_CRLS 8u /* of one envelope; one for each issuer */
#endif
#ifndef EVSEAL_MAX_LEVELS
#define EVSEAL_MAX_LEVELS \
  20u /* 2^20 chunks of a component that is taken; more: EVSEAL_LIMIT_CHUNK */
#endif

/*
 * The BearSSL port. 1 where the core has no multiplication of 32 x 32 to 64 bits (Armv6-M), so that
 * big integers of 15 bits are the faster and smaller ones.
 */
#ifndef EVSEAL_NARROW_MULTIPLIER
#if defined(__ARM_ARCH_6M__)
#define EVSEAL_NARROW_MULTIPLIER 1
#else
#define EVSEAL_NARROW_MULTIPLIER 0
#endif
#endif

/* The BearSSL port. 1: P-256 by the code that P-384 needs too: less flash, half as fast. */
#ifndef EVSEAL_SMALL_P256
#define EVSEAL_SMALL_P256 0
#endif

#endif
