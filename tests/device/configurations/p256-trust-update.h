/* p256.h with trust-updates. */
#include "p256.h"
#undef EVSEAL_WITH_TRUST_UPDATE
