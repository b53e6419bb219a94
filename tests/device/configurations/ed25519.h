/* A controller that knows Ed25519 alone, by libsodium; else as p256.h. */
#define EVSEAL_WITH_P256 0
#define EVSEAL_WITH_P384 0
#define EVSEAL_WITH_RSA 0
#define EVSEAL_WITH_TRUST_UPDATE 0
#define EVSEAL_MAX_SIGNERS 1u
#define EVSEAL_MAX_CERTIFICATES 2u
#define EVSEAL_MAX_CRLS 2u
#define EVSEAL_MAX_LEVELS 10u
