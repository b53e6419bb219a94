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
