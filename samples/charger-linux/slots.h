/*
 * Which image of each component boots: slot a or slot b. All of it is one record, replaced whole,
 * so that the components change over together or not at all.
 *
 *   idle        the slots that are not current are free: not valid, whatever they hold
 *   trial       an update is complete: the updated components boot from their other slots, at most
 *               so many times, until each of them is confirmed or one fails
 *   committing  all are confirmed: the other slots are the current ones once the floors are raised
 */
#ifndef CHARGER_SLOTS_H
#define CHARGER_SLOTS_H

#include <evseal/verify.h>

#define SLOT_ID_MAX 32u

typedef enum slots_phase {
  SLOTS_IDLE = 0x11,
  SLOTS_TRIAL = 0x22,
  SLOTS_COMMITTING = 0x44
} slots_phase;

typedef struct slots_entry {
  char id[SLOT_ID_MAX + 1];
  uint8_t current;   /* 0: a, 1: b */
  uint8_t valid[2];  /* an image that may boot */
  uint8_t updated;   /* the update has an image for it, in the other slot */
  uint8_t confirmed; /* ... and it works */
} slots_entry;

typedef struct slots {
  uint32_t phase;
  uint32_t attempts; /* boots of the update so far */
  uint8_t package[EVSEAL_SHA256_LEN];
  uint32_t count;
  slots_entry entries[EVSEAL_MAX_COMPONENTS];
} slots;

/* The record of `root`. EVSEAL_STATE_MISSING, EVSEAL_STATE_DAMAGED, EVSEAL_ABORTED (errno). */
evseal_status slots_load(slots* out, int root, const evseal_crypto* crypto);
/* EVSEAL_OK: it is on the medium. EVSEAL_ABORTED: errno. */
evseal_status slots_save(const slots* record, int root, const evseal_crypto* crypto);

/* The entry of a component, or null. */
slots_entry* slots_find(slots* record, evseal_span id);

/* The slot that a component boots from now. */
unsigned slots_booting(const slots* record, const slots_entry* entry);
/* "slot-a" or "slot-b", and the file of a component there. */
const char* slots_folder(unsigned slot);
void slots_file(char out[SLOT_ID_MAX + 5], const slots_entry* entry);

/* Changes of the record; slots_save() makes them hold. */

/* No slot but the current ones may boot. True where that was not so already. */
bool slots_begin_update(slots* record);
/* The update is complete; `updated` says for which entries it has images. */
void slots_begin_trial(slots* record, const bool updated[EVSEAL_MAX_COMPONENTS],
                       const uint8_t package[EVSEAL_SHA256_LEN]);
bool slots_all_confirmed(const slots* record);
/* The update's slots become the current ones. */
void slots_finish_commit(slots* record);
/* Back to the current slots: the update's are free again. */
void slots_roll_back(slots* record);

#endif
