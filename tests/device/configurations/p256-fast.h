/* p256.h with BearSSL's fast P-256. */
#include "p256.h"
#undef EVSEAL_SMALL_P256
