/* A controller that knows RSASSA-PSS alone; else as p256.h. */
#include "p256.h"
#define EVSEAL_WITH_P256 0
#undef EVSEAL_WITH_RSA
