#include "state.h"

#include <errno.h>
#include <evseal/store.h>
#include <stdio.h>
#include <string.h>

#include "charger.h"
#include "files.h"

#define AFTER_BOOT "after-boot.evt"

/* Pages that are never touched cost nothing, and a state is mostly a few hundred octets. */
static uint8_t the_state[STATE_CAPACITY];
static uint8_t the_next[STATE_CAPACITY];
static uint8_t the_waiting[STATE_CAPACITY];
static uint8_t the_scratch[STATE_CAPACITY];

static const char* copy_name(unsigned copy) {
  return copy == 0 ? "state-0.evt" : "state-1.evt";
}

static bool read_copy(void* user, unsigned copy, size_t offset, uint8_t* out, size_t len) {
  size_t have = 0;
  memset(out, 0, len);
  if (!file_load(*(int*)user, copy_name(copy), the_scratch, sizeof the_scratch, &have)) {
    return false;
  }
  if (offset < have) {
    memcpy(out, the_scratch + offset, len < have - offset ? len : have - offset);
  }
  return true;
}

static bool write_copy(void* user, unsigned copy, const uint8_t* bytes, size_t len) {
  return file_replace(*(int*)user, copy_name(copy), bytes, len);
}

static evseal_store store_of(int* root) {
  evseal_store store = {root, STATE_CAPACITY, read_copy, write_copy};
  return store;
}

evseal_status state_load(evseal_span* out, int root) {
  evseal_store store = store_of(&root);
  bool needs_repair = false;
  size_t len = 0;
  evseal_status status = evseal_store_load(the_state, &len, &needs_repair, &store, &CHARGER_CRYPTO);
  out->data = the_state;
  out->len = len;
  /* A copy that is behind, or damaged: both hold the same again. */
  return status == EVSEAL_OK && needs_repair ? state_save(root, *out) : status;
}

evseal_status state_save(int root, evseal_span state) {
  static uint8_t compared[STATE_CAPACITY];
  evseal_store store = store_of(&root);
  return evseal_store_save(&store, &CHARGER_CRYPTO, state, compared);
}

static evseal_status next_state(evseal_span* out, const evseal_verify_ctx* context,
                                evseal_remember what) {
  size_t len = 0;
  evseal_status status = evseal_verify_next_state(context, what, the_next, sizeof the_next, &len);
  out->data = the_next;
  out->len = len;
  return status;
}

evseal_status state_remember(const evseal_verify_ctx* context, const evseal_report* report,
                             int root) {
  bool accepted = report->status == EVSEAL_OK;
  bool at_once = accepted && report->manifest.kind == EVSEAL_KIND_TRUST_UPDATE;
  evseal_span next;
  if (at_once || report->learnt) {
    evseal_status status =
        next_state(&next, context, at_once ? EVSEAL_REMEMBER_ALL : EVSEAL_REMEMBER_REVOCATIONS);
    status = status == EVSEAL_OK ? state_save(root, next) : status;
    if (status != EVSEAL_OK) {
      return status;
    }
  }
  if (accepted && !at_once) {
    evseal_status status = next_state(&next, context, EVSEAL_REMEMBER_ALL);
    if (status == EVSEAL_OK && !file_replace(root, AFTER_BOOT, next.data, next.len)) {
      status = EVSEAL_ABORTED;
    }
    return status;
  }
  return EVSEAL_OK;
}

evseal_status state_commit(int root, evseal_span profile_blob) {
  evseal_span now;
  evseal_state state;
  evseal_state waiting;
  evseal_profile profile;
  size_t len = 0;
  evseal_status status = state_load(&now, root);
  if (status == EVSEAL_OK && !file_load(root, AFTER_BOOT, the_waiting, sizeof the_waiting, &len)) {
    status = EVSEAL_ABORTED;
  }
  evseal_span blob = {the_waiting, len};
  if (status == EVSEAL_OK) {
    status = evseal_profile_open(&profile, &CHARGER_CRYPTO, profile_blob);
  }
  if (status == EVSEAL_OK) {
    status = evseal_state_open(&state, &CHARGER_CRYPTO, now);
  }
  if (status == EVSEAL_OK) {
    status = evseal_state_open(&waiting, &CHARGER_CRYPTO, blob);
  }
  if (status == EVSEAL_OK) {
    status = evseal_state_join(the_next, sizeof the_next, &len, &CHARGER_CRYPTO, &profile, &state,
                               &waiting);
  }
  evseal_span joined = {the_next, len};
  return status == EVSEAL_OK ? state_save(root, joined) : status;
}

bool state_forget_update(int root) {
  return file_remove(root, AFTER_BOOT);
}
