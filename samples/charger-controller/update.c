#include "update.h"

#include <evseal/store.h>
#include <string.h>

#include "boot.h"
#include "flash.h"

#define PIECE 48u /* of the link: what a UART's buffer holds */
#define STATE_CAPACITY FLASH_SECTOR

static evseal_span profile_blob; /* in flash */
static uint8_t state_blob[STATE_CAPACITY];
static size_t state_len;
static uint8_t scratch[STATE_CAPACITY];
static uint8_t workspace[EVSEAL_WORKSPACE_SIZE(UPDATE_ENVELOPE, UPDATE_CHUNK, 1)];
static evseal_verify_ctx context;
static uint64_t fetched;

/* The update that is under way. */
static struct {
  const evseal_crypto* crypto;
  boot_record record;
  unsigned slot;
  boot_slot image; /* of the component that was taken */
  bool failed;     /* the flash did */
} now;

uint64_t update_octets_fetched(void) {
  return fetched;
}

/* Both copies of the state are sectors of their own. */
static bool read_state(void* user, unsigned copy, size_t offset, uint8_t* out, size_t len) {
  (void)user;
  const uint8_t* octets = flash_at((FLASH_STATE + copy) * FLASH_SECTOR + (uint32_t)offset, len);
  if (octets != NULL) {
    memcpy(out, octets, len);
  }
  return octets != NULL;
}
static bool write_state(void* user, unsigned copy, const uint8_t* bytes, size_t len) {
  (void)user;
  return flash_replace(FLASH_STATE + copy, bytes, len);
}
static const evseal_store store = {NULL, STATE_CAPACITY, read_state, write_state};

static bool save_state(evseal_span blob, const evseal_crypto* crypto) {
  return evseal_store_save(&store, crypto, blob, scratch) == EVSEAL_OK;
}

/* A blob at the start of a sector: 8 octets magic, 4 octets length, and a checksum behind it all.
 */
static evseal_span blob_in(uint32_t sector) {
  const uint8_t* octets = flash_at(sector * FLASH_SECTOR, FLASH_SECTOR);
  evseal_span out = {octets, (size_t)octets[10] << 8 | (size_t)octets[11]};
  bool fits = octets[8] == 0 && octets[9] == 0 && out.len <= FLASH_SECTOR - 12u - 32u;
  out.len = fits ? 12u + out.len + 32u : 0;
  return out;
}

/* Profile and state, from flash. A product has the profile in its own image, under secure boot. */
static evseal_status load_device(const evseal_crypto* crypto) {
  bool needs_repair = false;
  profile_blob = blob_in(FLASH_PROFILE);
  evseal_status status = evseal_store_load(state_blob, &state_len, &needs_repair, &store, crypto);
  if (status == EVSEAL_OK && needs_repair) {
    evseal_span blob = {state_blob, state_len};
    (void)save_state(blob, crypto); /* one whole copy is enough to go on */
  }
  return status;
}

bool update_provision(const uint8_t* profile, size_t len, const evseal_crypto* crypto) {
  evseal_profile opened;
  evseal_span blob = {profile, len};
  if (len > FLASH_SECTOR || evseal_profile_open(&opened, crypto, blob) != EVSEAL_OK ||
      opened.envelope_bytes > UPDATE_ENVELOPE || opened.chunk_bytes > UPDATE_CHUNK ||
      evseal_state_write_initial(state_blob, sizeof state_blob, &state_len, crypto, &opened) !=
          EVSEAL_OK) {
    return false;
  }
  evseal_span state = {state_blob, state_len};
  return flash_replace(FLASH_PROFILE, profile, len) && save_state(state, crypto);
}

/* Not valid before the first octet changes. */
static bool invalidate_slot(void) {
  boot_slot* slot = &now.record.slots[now.slot];
  if (slot->size == 0) {
    return true;
  }
  memset(slot, 0, sizeof *slot);
  return boot_save(&now.record, now.crypto);
}

static evseal_answer on_component(void* user, const evseal_component* component) {
  (void)user;
  /* This controller has one image; it neither inflates nor holds more than its slot. */
  if (component->encoding != EVSEAL_ENCODING_NONE || component->size > FLASH_SLOT_BYTES ||
      now.image.size != 0) {
    return EVSEAL_STOP;
  }
  now.image.size = (uint32_t)component->size;
  memcpy(now.image.sha256, component->sha256, sizeof now.image.sha256);
  return EVSEAL_TAKE;
}

/* In flash: one octet for the length in 4 octets, and the progress. Needs no checksum: what does
 * not fit is found when it is used. */
static bool save_progress(void) {
  uint8_t saved[1 + EVSEAL_PROGRESS_MAX];
  size_t len = evseal_verify_save_progress(&context, saved + 1);
  saved[0] = (uint8_t)(len / 4u);
  return len == 0 || flash_replace(FLASH_PROGRESS, saved, 1 + len);
}

static evseal_span saved_progress(void) {
  const uint8_t* octets = flash_at(FLASH_PROGRESS * FLASH_SECTOR, 1 + EVSEAL_PROGRESS_MAX);
  evseal_span out = {octets + 1, octets[0] * 4u};
  out.len = out.len < EVSEAL_PROGRESS_MAX ? out.len : EVSEAL_PROGRESS_MAX;
  return out;
}
_Static_assert(EVSEAL_PROGRESS_MAX / 4u <= 255u && EVSEAL_PROGRESS_MAX % 4u == 0,
               "the length fits one octet");

/* The chunk's hash held, in this private copy; what is written is read back and compared. */
static evseal_answer on_chunk(void* user, const evseal_component* component, uint64_t offset,
                              evseal_span bytes) {
  (void)user;
  (void)component;
  uint32_t sector = FLASH_SLOTS + now.slot * FLASH_SLOT_SIZE + (uint32_t)(offset / FLASH_SECTOR);
  bool done = invalidate_slot();
  for (size_t at = 0; done && at < bytes.len; at += FLASH_SECTOR) {
    size_t part = bytes.len - at < FLASH_SECTOR ? bytes.len - at : FLASH_SECTOR;
    done = flash_replace(sector++, bytes.data + at, part);
  }
  now.failed = !done || !save_progress();
  return now.failed ? EVSEAL_STOP : EVSEAL_TAKE;
}

static bool read_back(void* user, const evseal_component* component, uint64_t offset, uint8_t* out,
                      size_t len) {
  (void)user;
  (void)component;
  if (offset > FLASH_SLOT_BYTES || len > FLASH_SLOT_BYTES - offset) {
    return false;
  }
  uint32_t slot = (FLASH_SLOTS + now.slot * FLASH_SLOT_SIZE) * FLASH_SECTOR;
  memcpy(out, flash_at(slot + (uint32_t)offset, len), len);
  return true;
}

/* Envelope first, then, where an earlier download was cut off, what is in the slot already. `base`
 * is where it begins in what the link delivers; `is_last`: nothing may follow it. */
static void feed(update_source source, uint64_t base, bool is_last) {
  bool resumed = false;
  evseal_status status = EVSEAL_PENDING;
  while (status == EVSEAL_PENDING) {
    if (!resumed && evseal_verify_at_payload(&context)) {
      resumed = true;
      (void)evseal_verify_resume(&context, saved_progress(), read_back, NULL);
    }
    uint64_t unwanted = evseal_verify_skippable(&context);
    if (unwanted > 0) {
      status = evseal_verify_skip(&context, unwanted);
      continue;
    }
    /* Straight to where they are judged; and never past the start of the payload in one piece,
     * where the question above comes too late. */
    uint8_t* place = NULL;
    size_t room = evseal_verify_buffer(&context, &place);
    uint8_t extra;
    uint64_t offset = base + evseal_verify_offset(&context);
    if (room == 0) {
      /* The package is over. What the link still has is said to the verifier, and refused. */
      if (is_last && source(offset, &extra, 1) > 0) {
        (void)evseal_verify_push(&context, &extra, 1);
      }
      return;
    }
    size_t len = source(offset, place, room < PIECE ? room : PIECE);
    if (len == 0) {
      return;
    }
    fetched += len;
    status = evseal_verify_commit(&context, len);
  }
}

/* The state that follows from the update, until it has proved itself. */
static bool keep_pending(void) {
  size_t len = 0;
  return evseal_verify_next_state(&context, EVSEAL_REMEMBER_ALL, scratch, sizeof scratch, &len) ==
             EVSEAL_OK &&
         flash_replace(FLASH_PENDING, scratch, len);
}

/* What counts at once: revocations whatever the verdict was, all of an accepted trust-update. */
static bool keep_at_once(evseal_remember what) {
  static uint8_t next[STATE_CAPACITY];
  size_t len = 0;
  if (evseal_verify_next_state(&context, what, next, sizeof next, &len) != EVSEAL_OK) {
    return false;
  }
  evseal_span blob = {next, len};
  return save_state(blob, now.crypto);
}

/* All octets are there and judged: the slot becomes the one to try. The pending state comes first,
 * so that an image that boots always has one. */
static bool activate(const evseal_crypto* crypto) {
  now.record.slots[now.slot] = now.image;
  if (!boot_slot_holds(&now.record, now.slot, crypto) || !keep_pending()) {
    return false;
  }
  now.record.active = now.slot;
  now.record.tries_left = BOOT_TRIES + 1u;
  now.record.pending = 1;
  return boot_save(&now.record, crypto);
}

/* One package or trust-update with the state of now, and what is stored of it whatever comes next.
 */
static evseal_status judge(evseal_report* report, update_source source, uint64_t base,
                           bool is_last) {
  evseal_verify_config config;
  memset(report, 0, sizeof *report);
  evseal_status status = load_device(now.crypto);
  if (status != EVSEAL_OK) {
    return status;
  }
  memset(&config, 0, sizeof config);
  config.crypto = now.crypto;
  config.profile = profile_blob;
  config.state.data = state_blob;
  config.state.len = state_len;
  config.unit.hardware_known = true;
  config.unit.hardware = 3; /* what the board's straps say */
  config.workspace = workspace;
  config.workspace_len = sizeof workspace;
  config.callbacks.on_component = on_component;
  config.callbacks.on_chunk = on_chunk;
  status = evseal_verify_init(&context, &config);
  if (status != EVSEAL_PENDING) {
    return status;
  }
  feed(source, base, is_last);
  status = evseal_verify_finish(&context, report);
  bool taken = status == EVSEAL_OK && report->manifest.kind == EVSEAL_KIND_TRUST_UPDATE;
  if ((taken || report->learnt) &&
      !keep_at_once(taken ? EVSEAL_REMEMBER_ALL : EVSEAL_REMEMBER_REVOCATIONS)) {
    return EVSEAL_ABORTED;
  }
  return status;
}

/* Octets of the trust-update at `base`; 0 where something else stands there, or nothing behind it:
 * then it is not in front of a package. */
static uint64_t step_at(update_source source, uint64_t base) {
  uint8_t header[EVSEAL_HEADER_LEN];
  uint8_t next;
  size_t have = 0;
  while (have < sizeof header) {
    size_t len = source(base + have, header + have, sizeof header - have);
    if (len == 0) {
      return 0;
    }
    have += len;
  }
  uint64_t size = evseal_step_size(header);
  return size != 0 && source(base + size, &next, 1) > 0 ? size : 0;
}

evseal_status update_run(evseal_report* report, update_source source, const evseal_crypto* crypto) {
  uint64_t base = 0;
  memset(report, 0, sizeof *report);
  memset(&now, 0, sizeof now);
  now.crypto = crypto;
  boot_load(&now.record, crypto);
  /* The other slot is the way back while an image is on trial; and what the last update has taught
   * comes before the next one. */
  if (now.record.tries_left != 0 || !update_settle(crypto)) {
    return EVSEAL_ABORTED;
  }
  boot_load(&now.record, crypto);
  now.slot = now.record.active ^ 1u;
  for (unsigned i = 0; i < EVSEAL_MAX_STEPS; i++) {
    uint64_t size = step_at(source, base);
    if (size == 0) {
      break;
    }
    /* One that is refused is left out: this controller has taken it before, or never will. */
    (void)judge(report, source, base, false);
    base += size;
  }
  evseal_status status = judge(report, source, base, true);
  bool installs = status == EVSEAL_OK && report->manifest.kind == EVSEAL_KIND_FIRMWARE;
  return installs && !activate(crypto) ? EVSEAL_ABORTED : status;
}

/* The pending state joins what the device has learnt since; done twice it changes nothing more. */
static bool commit_pending(boot_record* record, const evseal_crypto* crypto) {
  static uint8_t joined[STATE_CAPACITY];
  evseal_profile profile;
  evseal_state state;
  evseal_state pending;
  size_t len = 0;
  if (load_device(crypto) != EVSEAL_OK) {
    return false;
  }
  evseal_span state_span = {state_blob, state_len};
  if (evseal_profile_open(&profile, crypto, profile_blob) != EVSEAL_OK ||
      evseal_state_open(&state, crypto, state_span) != EVSEAL_OK ||
      evseal_state_open(&pending, crypto, blob_in(FLASH_PENDING)) != EVSEAL_OK ||
      evseal_state_join(joined, sizeof joined, &len, crypto, &profile, &state, &pending) !=
          EVSEAL_OK) {
    return false;
  }
  evseal_span joined_span = {joined, len};
  if (!save_state(joined_span, crypto)) {
    return false;
  }
  record->pending = 0;
  return boot_save(record, crypto);
}

bool update_confirm(const evseal_crypto* crypto) {
  boot_record record;
  boot_load(&record, crypto);
  if (record.tries_left != 0) {
    record.tries_left = 0;
    if (!boot_save(&record, crypto)) {
      return false;
    }
  }
  return record.pending == 0 || commit_pending(&record, crypto);
}

bool update_settle(const evseal_crypto* crypto) {
  boot_record record;
  boot_load(&record, crypto);
  return record.tries_left != 0 || record.pending == 0 || commit_pending(&record, crypto);
}
