/*
 * How far a download has come, so that it goes on after a power cut: the package's header and
 * envelope, which are pushed again, and what evseal_verify_save_progress() gave. Both are hints:
 * the envelope is judged anew, and the chunks stored are hashed anew.
 */
#ifndef CHARGER_PROGRESS_H
#define CHARGER_PROGRESS_H

#include <evseal/verify.h>

/* Of one package. */
#define PROGRESS_MAX_HEAD (EVSEAL_HEADER_LEN + EVSEAL_MAX_ENVELOPE + 4096u)

/* What stands before the payload: steps, then header, envelope and padding of the package. */
typedef struct progress_head {
  uint64_t base;    /* of the package in the file */
  size_t steps_len; /* of the steps, which a controller gets as well */
  size_t len;       /* of all */
  uint8_t octets[(EVSEAL_MAX_STEPS + 1u) * PROGRESS_MAX_HEAD];
} progress_head;

/* The package's own header. */
static inline const uint8_t* progress_header(const progress_head* head) {
  return head->octets + head->steps_len;
}

bool progress_save_head(int root, const progress_head* head);
/* False without one that could be used. */
bool progress_load_head(progress_head* out, int root);

/* After a chunk and everything before it is on the medium. */
bool progress_save(int root, const evseal_verify_ctx* context);
/* Its length; 0 without one. */
size_t progress_load(uint8_t out[EVSEAL_PROGRESS_MAX], int root);

/* Nothing goes on from here. */
bool progress_forget(int root);

#endif
