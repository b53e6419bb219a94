#include "slots.h"

#include <stdio.h>
#include <string.h>

#include "files.h"

#define RECORD_NAME "slots"

/* The record as it lies on the medium of this one machine: its own byte order will do. */
typedef struct stored {
  uint8_t magic[8];
  slots record;
  uint8_t checksum[EVSEAL_SHA256_LEN]; /* finds decay; the folder is the updater's alone */
} stored;

static const uint8_t the_magic[8] = {'s', 'l', 'o', 't', 's', ' ', '1', '\n'};

static evseal_status checksum_of(uint8_t out[EVSEAL_SHA256_LEN], const stored* file,
                                 const evseal_crypto* crypto) {
  evseal_span octets = {(const uint8_t*)file, offsetof(stored, checksum)};
  return crypto->sha256(out, &octets, 1);
}

static bool entry_fits(const slots_entry* entry) {
  return entry->current < 2 && entry->id[SLOT_ID_MAX] == '\0' && entry->valid[entry->current] == 1;
}

evseal_status slots_load(slots* out, int root, const evseal_crypto* crypto) {
  stored file;
  uint8_t checksum[EVSEAL_SHA256_LEN];
  size_t len = 0;
  memset(&file, 0, sizeof file);
  if (!file_load(root, RECORD_NAME, (uint8_t*)&file, sizeof file, &len)) {
    return EVSEAL_ABORTED;
  }
  if (len == 0) {
    return EVSEAL_STATE_MISSING;
  }
  if (len != sizeof file || memcmp(file.magic, the_magic, sizeof the_magic) != 0 ||
      checksum_of(checksum, &file, crypto) != EVSEAL_OK ||
      memcmp(checksum, file.checksum, sizeof checksum) != 0 ||
      file.record.count > EVSEAL_MAX_COMPONENTS) {
    return EVSEAL_STATE_DAMAGED;
  }
  for (unsigned i = 0; i < file.record.count; i++) {
    if (!entry_fits(&file.record.entries[i])) {
      return EVSEAL_STATE_DAMAGED;
    }
  }
  *out = file.record;
  return EVSEAL_OK;
}

evseal_status slots_save(const slots* record, int root, const evseal_crypto* crypto) {
  stored file;
  memset(&file, 0, sizeof file);
  memcpy(file.magic, the_magic, sizeof the_magic);
  file.record = *record;
  evseal_status status = checksum_of(file.checksum, &file, crypto);
  if (status != EVSEAL_OK) {
    return status;
  }
  return file_replace(root, RECORD_NAME, (const uint8_t*)&file, sizeof file) ? EVSEAL_OK
                                                                             : EVSEAL_ABORTED;
}

slots_entry* slots_find(slots* record, evseal_span id) {
  for (unsigned i = 0; i < record->count; i++) {
    slots_entry* entry = &record->entries[i];
    if (strlen(entry->id) == id.len && memcmp(entry->id, id.data, id.len) == 0) {
      return entry;
    }
  }
  return NULL;
}

unsigned slots_booting(const slots* record, const slots_entry* entry) {
  return record->phase != SLOTS_IDLE && entry->updated ? 1u - entry->current : entry->current;
}

const char* slots_folder(unsigned slot) {
  return slot == 0 ? "slot-a" : "slot-b";
}

void slots_file(char out[SLOT_ID_MAX + 5], const slots_entry* entry) {
  (void)snprintf(out, SLOT_ID_MAX + 5, "%s.img", entry->id);
}

bool slots_begin_update(slots* record) {
  bool changed = false;
  for (unsigned i = 0; i < record->count; i++) {
    slots_entry* entry = &record->entries[i];
    changed = changed || entry->valid[1 - entry->current] != 0;
    entry->valid[1 - entry->current] = 0;
  }
  return changed;
}

void slots_begin_trial(slots* record, const bool updated[EVSEAL_MAX_COMPONENTS],
                       const uint8_t package[EVSEAL_SHA256_LEN]) {
  for (unsigned i = 0; i < record->count; i++) {
    slots_entry* entry = &record->entries[i];
    entry->updated = updated[i] ? 1 : 0;
    entry->valid[1 - entry->current] = entry->updated;
    entry->confirmed = 0;
  }
  record->phase = SLOTS_TRIAL;
  record->attempts = 0;
  memcpy(record->package, package, EVSEAL_SHA256_LEN);
}

bool slots_all_confirmed(const slots* record) {
  for (unsigned i = 0; i < record->count; i++) {
    if (record->entries[i].updated && !record->entries[i].confirmed) {
      return false;
    }
  }
  return true;
}

static void end_trial(slots* record) {
  for (unsigned i = 0; i < record->count; i++) {
    record->entries[i].updated = 0;
    record->entries[i].confirmed = 0;
  }
  record->phase = SLOTS_IDLE;
  record->attempts = 0;
}

void slots_finish_commit(slots* record) {
  for (unsigned i = 0; i < record->count; i++) {
    slots_entry* entry = &record->entries[i];
    if (entry->updated) {
      entry->current = 1 - entry->current;
      /* What it replaced is below the floors now, or may be: it boots no more. */
      entry->valid[1 - entry->current] = 0;
    }
  }
  end_trial(record);
}

void slots_roll_back(slots* record) {
  (void)slots_begin_update(record);
  end_trial(record);
}
