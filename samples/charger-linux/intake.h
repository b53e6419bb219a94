/* One package on its way into the slots: the verifier's context, and what the verifier calls. */
#ifndef CHARGER_INTAKE_H
#define CHARGER_INTAKE_H

#include "charger.h"
#include "progress.h"

typedef struct update {
  charger* device;
  evseal_verify_ctx context;
  int image;         /* the slot's file of the present component, or -1 */
  uint64_t unsynced; /* octets written since the last checkpoint */
  bool updated[EVSEAL_MAX_COMPONENTS];
  const char* failed; /* what made a callback stop, and why; null: errno says it */
  const char* why;
  int saved_errno;
  bool is_package; /* the octets now fed are those of the package, and not of a step */
  bool head_complete;
  progress_head head;
} update;

/* A context for the next package, with the state as it is now. 0 or an exit code. */
int intake_begin(update* u);

/* What is on the medium now need not be fetched again. False with errno. */
bool intake_checkpoint(update* u);

/* For evseal_verify_resume(). */
bool intake_read_back(void* user, const evseal_component* component, uint64_t offset, uint8_t* out,
                      size_t len);

/* Octets of header, envelope and padding (docs/format.md section 2). */
uint64_t intake_head_len(const uint8_t header[EVSEAL_HEADER_LEN]);

#endif
