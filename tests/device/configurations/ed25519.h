/* A controller that knows Ed25519 alone, by libsodium; else as p256.h. */
#include "p256.h"
#define EVSEAL_WITH_P256 0
#undef EVSEAL_WITH_ED25519
