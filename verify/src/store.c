/* The two copies of a state (docs/format.md section 9.2). */
#include "evseal/store.h"

#include "device_fields.h"

#define NUM_COPIES 2u

/* One copy: whether it looks like a state, is one, its counter, and its checksum, which tells two
 * states of one counter apart. */
typedef struct copy_view {
  bool begun;
  bool whole;
  uint32_t counter;
  size_t len;
  uint8_t checksum[EVSEAL_SHA256_LEN];
} copy_view;

/* Reads one copy into `buffer`. False when the medium fails. */
static bool look_at(copy_view* out, uint8_t* buffer, const evseal_store* store,
                    const evseal_crypto* crypto, unsigned copy) {
  memset(out, 0, sizeof *out);
  if (store->capacity < BLOB_HEADER || !store->read(store->user, copy, 0, buffer, BLOB_HEADER)) {
    return false;
  }
  out->begun = memcmp(buffer, evseal_state_magic, sizeof evseal_state_magic) == 0;
  size_t len =
      (size_t)buffer[8] << 24 | (size_t)buffer[9] << 16 | (size_t)buffer[10] << 8 | buffer[11];
  size_t around = BLOB_HEADER + EVSEAL_SHA256_LEN;
  if (!out->begun || store->capacity < around || len > store->capacity - around) {
    return true;
  }
  out->len = around + len;
  if (!store->read(store->user, copy, BLOB_HEADER, buffer + BLOB_HEADER, out->len - BLOB_HEADER)) {
    return false;
  }
  evseal_state state;
  out->whole = evseal_state_open(&state, crypto, evseal_span_of(buffer, out->len)) == EVSEAL_OK;
  out->counter = state.counter;
  memcpy(out->checksum, buffer + out->len - EVSEAL_SHA256_LEN, EVSEAL_SHA256_LEN);
  return true;
}

/* The copy that counts; NUM_COPIES when none is whole. */
static unsigned newest(const copy_view views[NUM_COPIES]) {
  if (views[0].whole && views[1].whole) {
    return evseal_state_newer(views[1].counter, views[0].counter) ? 1u : 0u;
  }
  return views[0].whole ? 0u : (views[1].whole ? 1u : NUM_COPIES);
}

evseal_status evseal_store_load(uint8_t* buffer, size_t* out_len, bool* out_needs_repair,
                                const evseal_store* store, const evseal_crypto* crypto) {
  copy_view views[NUM_COPIES];
  bool readable = true;
  *out_len = 0;
  if (out_needs_repair != NULL) {
    *out_needs_repair = false;
  }
  for (unsigned i = 0; i < NUM_COPIES; i++) {
    readable = look_at(&views[i], buffer, store, crypto, i) && readable;
  }
  unsigned best = newest(views);
  if (best == NUM_COPIES) {
    bool any = views[0].begun || views[1].begun;
    return readable && !any ? EVSEAL_STATE_MISSING : EVSEAL_STATE_DAMAGED;
  }
  /* The second look may differ from the first on a failing medium: what counts is what it finds. */
  copy_view again;
  if (!look_at(&again, buffer, store, crypto, best) || !again.whole) {
    return EVSEAL_STATE_DAMAGED;
  }
  bool alike = views[0].whole && views[1].whole &&
               memcmp(views[0].checksum, views[1].checksum, EVSEAL_SHA256_LEN) == 0;
  if (out_needs_repair != NULL) {
    *out_needs_repair = !alike;
  }
  *out_len = again.len;
  return EVSEAL_OK;
}

/* Writes one copy and reads it back. */
static bool write_copy(const evseal_store* store, unsigned copy, evseal_span blob,
                       uint8_t* scratch) {
  return store->write(store->user, copy, blob.data, blob.len) &&
         store->read(store->user, copy, 0, scratch, blob.len) &&
         memcmp(scratch, blob.data, blob.len) == 0;
}

evseal_status evseal_store_save(const evseal_store* store, const evseal_crypto* crypto,
                                evseal_span blob, uint8_t* scratch) {
  evseal_state state;
  copy_view views[NUM_COPIES];
  if (blob.len > store->capacity) {
    return EVSEAL_WORKSPACE_TOO_SMALL;
  }
  if (evseal_state_open(&state, crypto, blob) != EVSEAL_OK) {
    return EVSEAL_STATE_DAMAGED;
  }
  for (unsigned i = 0; i < NUM_COPIES; i++) {
    (void)look_at(&views[i], scratch, store, crypto, i); /* one that cannot be read is not whole */
  }
  /* First the copy that does not count: the one that does stays whole until its twin is. */
  unsigned first = newest(views) == 0 ? 1u : 0u;
  return write_copy(store, first, blob, scratch) && write_copy(store, 1u - first, blob, scratch)
             ? EVSEAL_OK
             : EVSEAL_STATE_DAMAGED;
}
