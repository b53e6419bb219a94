/*
 * The slice for another controller, cut out of the stream as it comes: the steps in front, header
 * with a mask, the envelope, and that one component with the nodes of its hash tree. The controller
 * verifies it for itself; nothing of what this program found is passed on.
 *
 * Into a file it grows beside its name and gets the name at the verdict; it goes on after a break.
 * Into a pipe or a device it goes as it comes, once somebody reads there.
 */
#ifndef CHARGER_HANDOVER_H
#define CHARGER_HANDOVER_H

#include <evseal/verify.h>
#include <limits.h>

#include "progress.h"

typedef struct handover {
  const char* id;
  const char* path;
  char part[PATH_MAX]; /* empty: a pipe or device */
  int fd;              /* -1: this package has no such component, or it is not open */
  uint64_t begin;      /* of the component in the package, 0 where there is none */
  uint64_t end;
  uint64_t front; /* octets of the slice before the component */
  uint32_t mask;
} handover;

/* Looks at the path. False with errno. */
bool handover_prepare(handover* slice, const char* id, const char* path);

/* Where the component lies: once the manifest holds. `present`: the header's mask. */
void handover_plan(handover* slice, const evseal_manifest* manifest, uint32_t present,
                   uint64_t head_len);

/* What stands before the payload: a new slice begins with it, and its mask. */
bool handover_begin(handover* slice, const progress_head* head);
/* Goes on where the stream goes on at `offset`; `dry`: would it? False: it has to begin anew. */
bool handover_continue(handover* slice, const progress_head* head, uint64_t offset, bool dry);

/* Octets of the package from `offset` on. */
bool handover_take(handover* slice, uint64_t offset, const uint8_t* bytes, size_t len);
bool handover_sync(const handover* slice);
/* After the final verdict: the slice gets its name. */
bool handover_finish(handover* slice);
/* A break: what is there is kept. */
void handover_close(handover* slice);
/* After a refusal: there is no slice. */
void handover_discard(handover* slice);

#endif
