#include "boot.h"

#include <string.h>

#include "flash.h"

/* On flash: magic, the record as it lies in memory, SHA-256 of both. */
#define MAGIC 0x31425645u /* EVB1 */
typedef struct stored_record {
  uint32_t magic;
  boot_record record;
  uint8_t check[EVSEAL_SHA256_LEN];
} stored_record;

static bool check_of(uint8_t* out, const stored_record* stored, const evseal_crypto* crypto) {
  evseal_span covered = {(const uint8_t*)stored, offsetof(stored_record, check)};
  return crypto->sha256(out, &covered, 1) == EVSEAL_OK;
}

static bool load_copy(boot_record* out, unsigned copy, const evseal_crypto* crypto) {
  stored_record stored;
  uint8_t check[EVSEAL_SHA256_LEN];
  memcpy(&stored, flash_at((FLASH_BOOT + copy) * FLASH_SECTOR, sizeof stored), sizeof stored);
  if (stored.magic != MAGIC || !check_of(check, &stored, crypto) ||
      memcmp(check, stored.check, sizeof check) != 0) {
    return false;
  }
  *out = stored.record;
  return stored.record.active < 2;
}

/* The copy that was loaded; 1 where there is none, so that 0 is written first. */
static unsigned load_newest(boot_record* out, const evseal_crypto* crypto) {
  boot_record second;
  bool has_first = load_copy(out, 0, crypto);
  bool has_second = load_copy(&second, 1, crypto);
  if (has_second && (!has_first || second.counter > out->counter)) {
    *out = second;
    return 1;
  }
  if (!has_first) {
    memset(out, 0, sizeof *out);
    return 1;
  }
  return 0;
}

void boot_load(boot_record* out, const evseal_crypto* crypto) {
  (void)load_newest(out, crypto);
}

bool boot_save(boot_record* record, const evseal_crypto* crypto) {
  boot_record newest;
  unsigned copy = load_newest(&newest, crypto);
  stored_record stored;
  memset(&stored, 0, sizeof stored);
  record->counter = newest.counter + 1u;
  stored.magic = MAGIC;
  stored.record = *record;
  return check_of(stored.check, &stored, crypto) &&
         flash_replace(FLASH_BOOT + (copy ^ 1u), &stored, sizeof stored);
}

bool boot_slot_holds(const boot_record* record, unsigned slot, const evseal_crypto* crypto) {
  const boot_slot* expected = &record->slots[slot];
  uint8_t digest[EVSEAL_SHA256_LEN];
  evseal_span image = {NULL, expected->size};
  if (expected->size == 0 || expected->size > FLASH_SLOT_BYTES) {
    return false;
  }
  image.data = flash_at((FLASH_SLOTS + slot * FLASH_SLOT_SIZE) * FLASH_SECTOR, expected->size);
  return image.data != NULL && crypto->sha256(digest, &image, 1) == EVSEAL_OK &&
         memcmp(digest, expected->sha256, sizeof digest) == 0;
}

bool boot_choose(boot_record* record, bool* out_fell_back, const evseal_crypto* crypto) {
  *out_fell_back = false;
  boot_load(record, crypto);
  bool good = boot_slot_holds(record, record->active, crypto);
  if (good && record->tries_left == 0) {
    return true;
  }
  if (good && record->tries_left > 1) {
    record->tries_left--;
    return boot_save(record, crypto);
  }
  /* Damaged, or its last try is over: it is none any more. */
  record->slots[record->active].size = 0;
  record->active ^= 1u;
  record->tries_left = 0;
  record->pending = 0;
  *out_fell_back = true;
  return boot_slot_holds(record, record->active, crypto) && boot_save(record, crypto);
}
