/* p256.h without revocation lists. */
#include "p256.h"
#define EVSEAL_WITH_CRL 0
#undef EVSEAL_MAX_CRLS
#define EVSEAL_MAX_CRLS 1u
