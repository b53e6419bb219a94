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
 * What a device must remember it gets as a new state blob (evseal_verify_next_state); nothing is
 * written here. A file may begin with steps (trust-updates): each is a package of its own, see
 * evseal_step_size().
 *
 * Not checked here: gzip is not inflated; `sha256` of an image is not needed (the hash tree alone
 * decides). The verdict is about the octets that went through the callbacks, not about what a path
 * holds later.
 */
#ifndef EVSEAL_VERIFY_H
#define EVSEAL_VERIFY_H

#include "evseal/crl.h"
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
  /* Recovery of a lost state (docs/format.md section 9.4): the challenge of 32 octets that this
   * device made for it; else empty. `state` is then not read. */
  evseal_span recovery;
  evseal_callbacks callbacks;
  uint8_t* workspace; /* 8-byte aligned */
  size_t workspace_len;
} evseal_verify_config;

/* Signer `i` of a package, in the order of the file. */
typedef struct evseal_signer_report {
  evseal_status status;     /* EVSEAL_OK: it counts */
  evseal_status new_status; /* trust-update: the same in the new trust store, once that was asked;
                               else EVSEAL_PENDING */
  int64_t signing_time;
  uint8_t key_hash[EVSEAL_SHA256_LEN]; /* SHA-256 of the leaf's SubjectPublicKeyInfo */
  evseal_span subject;                 /* the leaf's Name; points into the workspace */
  evseal_span role;                    /* name; points into profile or state; empty without one */
  int64_t path_not_after;              /* the earliest notAfter of the path; 0 without one */
} evseal_signer_report;

/* A CRL of the envelope whose signature held. */
typedef struct evseal_crl_report {
  uint8_t issuer_key[EVSEAL_SHA256_LEN]; /* key hash */
  uint64_t number;
} evseal_crl_report;

typedef struct evseal_report {
  evseal_status status;
  bool authenticated; /* a signer counts (rules 1 to 7): the manifest is what it signed */
  uint8_t package_id[EVSEAL_SHA256_LEN]; /* SHA-256 of the manifest; zero unless authenticated */
  evseal_manifest manifest;              /* points into the workspace; zero unless authenticated */
  unsigned num_signers;
  evseal_signer_report signers[EVSEAL_MAX_SIGNERS];
  unsigned num_crls;
  evseal_crl_report crls[EVSEAL_MAX_CRLS];
  bool learnt; /* CRLs that the state did not know: store EVSEAL_REMEMBER_REVOCATIONS, also after a
                  refusal */
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

/* Private to the library: how far a signer came with one trust store. */
typedef struct evseal_signer_verdict {
  evseal_status status;
  uint32_t role; /* index in the trust store */
  evseal_path path;
  uint8_t key_hash[EVSEAL_SHA256_LEN];  /* of the leaf's key */
  uint8_t counts_as[EVSEAL_SHA256_LEN]; /* the listed key by which it counts, else key_hash */
} evseal_signer_verdict;

/* The context. Its members are private to the library. */
typedef struct evseal_verify_ctx {
  evseal_verify_config config;
  evseal_profile profile;
  evseal_state state;
  evseal_status status;
  uint32_t kind; /* that the header says */
  uint32_t phase;
  uint32_t mask;
  uint64_t remaining; /* octets of the present phase still to come */
  uint8_t header[16];
  uint8_t small[64]; /* a tree node, padding */
  size_t filled;     /* octets of the present target */
  size_t envelope_len;
  unsigned next_component;
  evseal_component component;
  uint64_t offset;      /* stored octets of the component seen */
  uint64_t file_offset; /* octets of the file taken or skipped */
  uint64_t offered;     /* octets that the caller gave or skipped */
  uint64_t file_size;   /* octets that the file must have, by header and manifest */
  uint64_t checked;     /* stored octets of the component whose hash held */
  uint32_t leaf;        /* next leaf */
  unsigned depth;       /* entries of the tree stack */
  uint8_t tree_hash[EVSEAL_MAX_LEVELS + 1][EVSEAL_SHA256_LEN];
  uint32_t tree_leaves[EVSEAL_MAX_LEVELS + 1];
  unsigned num_buffers;
  unsigned num_full;
  evseal_budget budget;
  unsigned num_certificates;
  evseal_certificate certificates[EVSEAL_MAX_CERTIFICATES];
  evseal_signer_verdict verdicts[EVSEAL_MAX_SIGNERS];
  evseal_status signature_status[EVSEAL_MAX_SIGNERS]; /* 0: not checked yet */
  unsigned num_crls;
  evseal_crl_record crls[EVSEAL_MAX_CRLS];
  evseal_span new_trust_der; /* trust-update: in the workspace */
  uint32_t proof;            /* of the envelope's judgements that held */
  uint32_t doubt;            /* not zero once anything of the payload did not match */
  evseal_report report;
} evseal_verify_ctx;

/* The published size of the context on 64-bit and 32-bit targets; checked when the library is
 * compiled. */
#define EVSEAL_VERIFY_CTX_MAX (sizeof(void*) == 8 ? 8448u : 6144u)

/* Octets of a file's header, which evseal_step_size() looks at. */
#define EVSEAL_HEADER_LEN 16u

/*
 * The whole size, padding included, of a trust-update with this header; 0 when the header is of
 * something else. A file may begin with up to EVSEAL_MAX_STEPS of them: give each to a context of
 * its own; after EVSEAL_OK store the next state and use it from there on, after a refusal go on
 * with the octets behind it.
 */
uint64_t evseal_step_size(const uint8_t header[EVSEAL_HEADER_LEN]);

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

/* What evseal_verify_next_state() puts into the new state. */
typedef enum evseal_remember {
  EVSEAL_REMEMBER_REVOCATIONS = 0x35, /* only CRLs: at once, whatever the verdict was */
  EVSEAL_REMEMBER_ALL = 0xCA          /* also floors and trust store; needs EVSEAL_OK */
} evseal_remember;

/*
 * The state that the device should store next (docs/format.md section 9.3), as a blob: for
 * EVSEAL_REMEMBER_REVOCATIONS at once; for EVSEAL_REMEMBER_ALL of a firmware package once it has
 * booted (make it now, store it apart, join it with the state of then), of a trust-update at once.
 * The workspace must still hold what it held at the verdict. `out` must not overlap it. After the
 * verdict only.
 *
 * EVSEAL_OK; EVSEAL_MISUSE (no verdict yet, or EVSEAL_REMEMBER_ALL without EVSEAL_OK, or nothing to
 * remember from); EVSEAL_WORKSPACE_TOO_SMALL when `capacity` is below what EVSEAL_STATE_SIZE_MAX
 * says.
 */
evseal_status evseal_verify_next_state(const evseal_verify_ctx* ctx, evseal_remember what,
                                       uint8_t* out, size_t capacity, size_t* out_len);

/* Octets that saved progress has at most. */
#define EVSEAL_PROGRESS_MAX (8u + 32u + 4u + 4u + 4u + (EVSEAL_MAX_LEVELS + 1u) * 32u)

/* Offset in the file of the next octet that is wanted: where an HTTP Range goes on. */
uint64_t evseal_verify_offset(const evseal_verify_ctx* ctx);

/* True once header, envelope and padding are complete and the payload comes next. */
bool evseal_verify_at_payload(const evseal_verify_ctx* ctx);

/*
 * Saves how far the payload has come: after a chunk was released, from within on_chunk too. Returns
 * the length; 0 where nothing can be saved here (before the payload, or amid a batch of chunks). It
 * is a hint and no secret: it is checked again when it is used.
 */
size_t evseal_verify_save_progress(const evseal_verify_ctx* ctx, uint8_t out[EVSEAL_PROGRESS_MAX]);

/* Reads octets of a component that were released before, from where the caller stored them. */
typedef bool (*evseal_read_back)(void* user, const evseal_component* component, uint64_t offset,
                                 uint8_t* out, size_t len);

/*
 * Goes on where saved progress says: call it when evseal_verify_at_payload() has become true and
 * before any octet of the payload. Every stored chunk is read back and hashed, and the root that
 * follows from chunks and progress must be the signed one; what holds is taken as released
 * (on_component and on_component_end are called for it, on_chunk is not).
 *
 * EVSEAL_PENDING: go on at evseal_verify_offset(). EVSEAL_PROGRESS_MISMATCH: it did not fit from
 * some place on; go on at evseal_verify_offset(), which is then the start of a component. Neither
 * is sticky. EVSEAL_MISUSE at another time; other statuses as for a push.
 */
evseal_status evseal_verify_resume(evseal_verify_ctx* ctx, evseal_span progress,
                                   evseal_read_back read_back, void* user);

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
