/*
 * The verifier: package bytes in, in any split; verified bytes and one verdict out.
 *
 *   evseal_verify_init(&ctx, &config);
 *   while (bytes arrive) { evseal_verify_push(&ctx, bytes, len); }
 *   evseal_verify_finish(&ctx, &report);        // EVSEAL_OK, and nothing else, permits activation
 *
 * Authenticate, then parse; check, then release: callbacks see the manifest only after a signature
 * over it held, and octets of a component only after their chunk's hash held. The context and the
 * workspace are the caller's; nothing is allocated, nothing is global, errors are sticky. A context
 * is used by one thread at a time.
 *
 * Not checked here: revocation, several signers and trust-updates are refused until they are
 * implemented; gzip is not inflated; `sha256` of an image is not needed (the hash tree alone
 * decides). The verdict is about the octets that went through the callbacks, not about what a path
 * holds later.
 */
#ifndef EVSEAL_VERIFY_H
#define EVSEAL_VERIFY_H

#include "evseal/device.h"
#include "evseal/manifest.h"

#ifdef __cplusplus
extern "C" {
#endif

/* What a callback answers. Any other value counts as EVSEAL_STOP. */
typedef enum evseal_answer {
  EVSEAL_TAKE = 0x5A, /* go on */
  EVSEAL_SKIP = 0xC3, /* on_component only: this component is not wanted */
  EVSEAL_STOP = 0x0F  /* end with EVSEAL_ABORTED */
} evseal_answer;

/* A chunk to be hashed: SHA-256 over `bytes` (which starts with the octet 00 of RFC 9162) into
 * `digest`. */
typedef struct evseal_hash_job {
  evseal_span bytes;
  uint8_t* digest;
} evseal_hash_job;

/* Every callback may be null. They run inside push or commit and must not call back into the
 * context. */
typedef struct evseal_callbacks {
  void* user;
  /* The manifest holds and is for this device (rules 1 to 9). The spans live as long as the
   * workspace. */
  evseal_answer (*on_manifest)(void* user, const evseal_manifest* manifest);
  /* Before the first octet of a component that is for this unit. Without this callback every
   * component is taken. */
  evseal_answer (*on_component)(void* user, const evseal_component* component);
  /* Verified octets, in order; `offset` counts stored octets from 0. The span is valid during the
   * call only. */
  evseal_answer (*on_chunk)(void* user, const evseal_component* component, uint64_t offset,
                            evseal_span bytes);
  /* The last chunk of a component has been released. It does not permit activation. */
  evseal_answer (*on_component_end)(void* user, const evseal_component* component);
  /* Before each public-key operation and each batch of hashes: feed the watchdog. */
  void (*on_yield)(void* user);
  /* Hashes several chunks at once, for hosts with more than one core. EVSEAL_OK or
   * EVSEAL_CRYPTO_FAILED. */
  evseal_status (*hash_chunks)(void* user, const evseal_hash_job* jobs, size_t num_jobs);
} evseal_callbacks;

/* What is known about this one unit; the profile is the same for all units of a model. */
typedef struct evseal_unit {
  bool hardware_known;
  uint32_t hardware;  /* revision */
  evseal_span serial; /* empty: not known */
} evseal_unit;

/* Octets of workspace per chunk buffer, beside the chunk itself. */
#define EVSEAL_SLOT_OVERHEAD 96u

/* Chunk buffers that are used at most, with hash_chunks; without it one is enough. */
#ifndef EVSEAL_MAX_BATCH
#define EVSEAL_MAX_BATCH 32u
#endif

/* Octets of workspace for an envelope limit and `buffers` (at least 1) chunk buffers. */
#define EVSEAL_WORKSPACE_SIZE(envelope_bytes, chunk_bytes, buffers) \
  ((size_t)(envelope_bytes) + (size_t)(buffers) * ((size_t)(chunk_bytes) + EVSEAL_SLOT_OVERHEAD))

typedef struct evseal_verify_config {
  const evseal_crypto* crypto;
  evseal_span profile; /* blob; must outlive the context */
  evseal_span state;   /* blob; empty is EVSEAL_STATE_MISSING; must outlive the context */
  evseal_unit unit;
  bool now_known; /* needed where the profile trusts the clock, ignored elsewhere */
  int64_t now;    /* seconds since 1970 */
  evseal_callbacks callbacks;
  uint8_t* workspace; /* 8-byte aligned */
  size_t workspace_len;
} evseal_verify_config;

/* Signer `i` of a package, in the order of the file. */
typedef struct evseal_signer_report {
  evseal_status status; /* EVSEAL_OK: counted */
  int64_t signing_time;
  uint8_t key_hash[EVSEAL_SHA256_LEN]; /* SHA-256 of the leaf's SubjectPublicKeyInfo */
  evseal_span subject;                 /* the leaf's Name; points into the workspace */
  evseal_span role;                    /* points into the profile */
  int64_t path_not_after;              /* the earliest notAfter of the path */
} evseal_signer_report;

typedef struct evseal_report {
  evseal_status status;
  bool authenticated; /* rules 1 to 7 held: the manifest is what a trusted signer signed */
  uint8_t package_id[EVSEAL_SHA256_LEN]; /* SHA-256 of the manifest; zero unless authenticated */
  evseal_manifest manifest;              /* points into the workspace; zero unless authenticated */
  unsigned num_signers;
  evseal_signer_report signers[EVSEAL_MAX_SIGNERS];
  uint32_t present;          /* masks over the manifest's components: in the file */
  uint32_t applicable;       /* ... for this hardware revision */
  uint32_t needed;           /* ... that this device needs */
  uint32_t taken;            /* ... that on_component took */
  uint32_t complete;         /* ... whose last chunk has been released */
  unsigned failed_component; /* index, where a status is about one; else EVSEAL_MAX_COMPONENTS */
  bool raises_floors;        /* the package is of the device's highest stage */
  int64_t
      time_floor; /* to remember after the update has booted; the old one unless raises_floors */
  unsigned operations; /* public-key operations used */
} evseal_report;

/* The context. Its members are private to the library. */
typedef struct evseal_verify_ctx {
  evseal_verify_config config;
  evseal_profile profile;
  evseal_state state;
  evseal_status status;
  uint32_t phase;
  uint32_t mask;
  uint64_t remaining; /* octets of the present phase still to come */
  uint8_t small[64];  /* header, a tree node, padding */
  size_t filled;      /* octets of the present target */
  size_t envelope_len;
  unsigned next_component;
  evseal_component component;
  uint64_t offset; /* stored octets of the component seen */
  uint32_t leaf;   /* next leaf */
  unsigned depth;  /* entries of the tree stack */
  uint8_t tree_hash[EVSEAL_MAX_LEVELS + 1][EVSEAL_SHA256_LEN];
  uint32_t tree_leaves[EVSEAL_MAX_LEVELS + 1];
  unsigned num_buffers;
  unsigned num_full;
  evseal_budget budget;
  evseal_certificate certificates[EVSEAL_MAX_CERTIFICATES];
  evseal_path path;
  evseal_report report;
} evseal_verify_ctx;

/* The published size of the context on 64-bit and 32-bit targets; checked when the library is
 * compiled. */
#define EVSEAL_VERIFY_CTX_MAX (sizeof(void*) == 8 ? 6656u : 4736u)

/*
 * Starts a verification. EVSEAL_PENDING, or the status that makes a verdict impossible:
 * EVSEAL_MISUSE, EVSEAL_WORKSPACE_TOO_SMALL, EVSEAL_PROFILE_*, EVSEAL_STATE_*,
 * EVSEAL_CLOCK_MISSING, EVSEAL_CRYPTO_MISSING.
 */
evseal_status evseal_verify_init(evseal_verify_ctx* ctx, const evseal_verify_config* config);

/*
 * Takes the next octets, however they are split. EVSEAL_PENDING while all is well; a refusal
 * otherwise, which every later call repeats. Octets are copied into the workspace before they are
 * looked at.
 */
evseal_status evseal_verify_push(evseal_verify_ctx* ctx, const uint8_t* bytes, size_t len);

/*
 * The same without a copy: where the next octets go, and how many at most (0 when no octet may
 * follow, or after a refusal), and then how many were written there.
 */
size_t evseal_verify_buffer(evseal_verify_ctx* ctx, uint8_t** out_buffer);
evseal_status evseal_verify_commit(evseal_verify_ctx* ctx, size_t len);

/*
 * Octets that need not be fed because nobody takes them (a skipped component), and the call that
 * says that `len` of them were left out. More than that is EVSEAL_MISUSE.
 */
uint64_t evseal_verify_skippable(const evseal_verify_ctx* ctx);
evseal_status evseal_verify_skip(evseal_verify_ctx* ctx, uint64_t len);

/*
 * The verdict: EVSEAL_OK when every rule held and the last octet was seen. `out_report` is zeroed
 * first and always filled; it points into workspace and profile.
 */
evseal_status evseal_verify_finish(evseal_verify_ctx* ctx, evseal_report* out_report);

/*
 * What the device should remember for component `index` after it has booted the update: the higher
 * of the slot's floor and the component's security version (the old floor where the package raises
 * none). After EVSEAL_OK only; else EVSEAL_MISUSE.
 */
evseal_status evseal_verify_security_version_floor(const evseal_verify_ctx* ctx, unsigned index,
                                                   uint32_t* out_floor);

#ifdef __cplusplus
}
#endif

#endif
