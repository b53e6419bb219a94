/*
 * Where a device keeps its state: two copies, written one after the other, so that a power cut at
 * any moment leaves one that is whole (docs/format.md section 9.2).
 *
 * The medium is the caller's: two flash sectors, two EEPROM pages or two files. It may lose a write
 * halfway; what it must not do is change one copy while it writes the other.
 */
#ifndef EVSEAL_STORE_H
#define EVSEAL_STORE_H

#include "evseal/device.h"

#ifdef __cplusplus
extern "C" {
#endif

/* The medium. Functions return true on success. `copy` is 0 or 1. */
typedef struct evseal_store {
  void* user;
  size_t capacity; /* octets of one copy */
  /* Reads `len` octets from `offset`. Octets never written may have any value. */
  bool (*read)(void* user, unsigned copy, size_t offset, uint8_t* out, size_t len);
  /* Replaces the whole copy (erase and program, or write a file and sync). */
  bool (*write)(void* user, unsigned copy, const uint8_t* bytes, size_t len);
} evseal_store;

/*
 * Loads the newest whole copy into `buffer` (store->capacity octets) and gives its length.
 *
 * EVSEAL_OK; EVSEAL_STATE_MISSING when neither copy begins like a state; EVSEAL_STATE_DAMAGED when
 * one does and none is whole, or the medium cannot be read. Where the copies differ or one is not
 * whole, `*out_needs_repair` (may be null) is set: save the loaded state again.
 */
evseal_status evseal_store_load(uint8_t* buffer, size_t* out_len, bool* out_needs_repair,
                                const evseal_store* store, const evseal_crypto* crypto);

/*
 * Saves a state blob in both copies, the older or damaged one first, and reads each back. `scratch`
 * has store->capacity octets and must not overlap `blob`.
 *
 * EVSEAL_OK: both copies hold it. EVSEAL_STATE_DAMAGED: the blob is none, or a copy could not be
 * written; what was stored before or the new state can still be loaded. EVSEAL_WORKSPACE_TOO_SMALL:
 * longer than the capacity.
 */
evseal_status evseal_store_save(const evseal_store* store, const evseal_crypto* crypto,
                                evseal_span blob, uint8_t* scratch);

#ifdef __cplusplus
}
#endif

#endif
