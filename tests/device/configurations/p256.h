/* A controller that knows ECDSA P-256 alone: one signer, a leaf and an intermediate certificate,
 * lists of both issuers, trust-updates never. Small before fast. */
#define EVSEAL_WITH_P384 0
#define EVSEAL_WITH_RSA 0
#define EVSEAL_WITH_ED25519 0
#define EVSEAL_WITH_TRUST_UPDATE 0
#define EVSEAL_MAX_SIGNERS 1u
#define EVSEAL_MAX_CERTIFICATES 2u
#define EVSEAL_MAX_CRLS 2u
#define EVSEAL_MAX_LEVELS 10u
#define EVSEAL_SMALL_P256 1
