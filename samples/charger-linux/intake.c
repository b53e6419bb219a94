#include "intake.h"

#include <errno.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "files.h"
#include "say.h"
#include "state.h"

/* Nothing is allocated while a package is judged. */
static uint8_t the_workspace[EVSEAL_WORKSPACE_SIZE(EVSEAL_MAX_ENVELOPE, EVSEAL_MAX_CHUNK, 1)];

static evseal_answer stop(update* u, const char* what, const char* why) {
  u->saved_errno = errno;
  u->failed = what;
  u->why = why;
  return EVSEAL_STOP;
}

static uint32_t get_u32(const uint8_t* at) {
  return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

uint64_t intake_head_len(const uint8_t header[EVSEAL_HEADER_LEN]) {
  uint64_t end = EVSEAL_HEADER_LEN + (uint64_t)get_u32(header + 8);
  return (end + 4095u) / 4096u * 4096u;
}

/* The package is for this device. Before an octet of it is written, no other slot may boot. */
static evseal_answer on_manifest(void* user, const evseal_manifest* manifest) {
  update* u = user;
  charger* device = u->device;
  evseal_component component;
  if (manifest->kind != EVSEAL_KIND_FIRMWARE) {
    return EVSEAL_TAKE;
  }
  for (unsigned i = 0; i < manifest->num_components; i++) {
    if (evseal_manifest_component(&component, manifest, i) != EVSEAL_OK ||
        component.encoding != EVSEAL_ENCODING_NONE) {
      return stop(u, "package", "a component is compressed, and this program does not inflate");
    }
  }
  for (unsigned i = 0; i < device->num_slices; i++) {
    handover_plan(&device->slices[i], manifest, get_u32(progress_header(&u->head) + 12),
                  intake_head_len(progress_header(&u->head)));
  }
  if (slots_begin_update(&device->slots) &&
      slots_save(&device->slots, device->root, &CHARGER_CRYPTO) != EVSEAL_OK) {
    return stop(u, "slots", NULL);
  }
  return EVSEAL_TAKE;
}

static evseal_answer on_component(void* user, const evseal_component* component) {
  update* u = user;
  char name[SLOT_ID_MAX + 5];
  slots_entry* entry = slots_find(&u->device->slots, component->id);
  if (entry == NULL) {
    return stop(u, "slots", "has no slot for a component that the profile lists");
  }
  slots_file(name, entry);
  u->image = file_open_in_place(u->device->root, slots_folder(1u - entry->current), name);
  u->updated[entry - u->device->slots.entries] = true;
  return u->image < 0 ? stop(u, entry->id, NULL) : EVSEAL_TAKE;
}

bool intake_checkpoint(update* u) {
  if (u->image >= 0 && fdatasync(u->image) != 0) {
    return false;
  }
  for (unsigned i = 0; i < u->device->num_slices; i++) {
    if (!handover_sync(&u->device->slices[i])) {
      return false;
    }
  }
  u->unsynced = 0;
  return progress_save(u->device->root, &u->context);
}

/* The octets that were hashed are those that are written: they lie in the verifier's workspace. */
static evseal_answer on_chunk(void* user, const evseal_component* component, uint64_t offset,
                              evseal_span bytes) {
  update* u = user;
  if (!file_write_at(u->image, bytes.data, bytes.len, offset)) {
    return stop(u, "slot", NULL);
  }
  u->unsynced += bytes.len;
  bool last = offset + bytes.len == component->stored_size;
  if ((last || u->unsynced >= u->device->sync_bytes) && !intake_checkpoint(u)) {
    return stop(u, "slot", NULL);
  }
  return EVSEAL_TAKE;
}

/* An older image in the slot may have been longer. */
static evseal_answer on_component_end(void* user, const evseal_component* component) {
  update* u = user;
  bool fine = ftruncate(u->image, (off_t)component->stored_size) == 0 && fsync(u->image) == 0;
  if (!fine) {
    return stop(u, "slot", NULL);
  }
  (void)close(u->image);
  u->image = -1;
  return EVSEAL_TAKE;
}

/* Before each public-key operation and each chunk: a charger feeds its watchdog here. */
static void on_yield(void* user) {
  (void)user;
}

bool intake_read_back(void* user, const evseal_component* component, uint64_t offset, uint8_t* out,
                      size_t len) {
  const update* u = user;
  (void)component;
  while (len > 0) {
    ssize_t got = pread(u->image, out, len, (off_t)offset);
    if (got < 0 && errno == EINTR) {
      continue;
    }
    if (got <= 0) {
      return false;
    }
    out += got;
    offset += (uint64_t)got;
    len -= (size_t)got;
  }
  return true;
}

int intake_begin(update* u) {
  evseal_verify_config config;
  memset(&config, 0, sizeof config);
  config.crypto = &CHARGER_CRYPTO;
  config.profile = u->device->profile;
  config.unit = u->device->unit;
  config.now_known = true; /* looked at only where the profile trusts this clock */
  config.now = (int64_t)time(NULL);
  config.callbacks.user = u;
  config.callbacks.on_manifest = on_manifest;
  config.callbacks.on_component = on_component;
  config.callbacks.on_chunk = on_chunk;
  config.callbacks.on_component_end = on_component_end;
  config.callbacks.on_yield = on_yield;
  config.workspace = the_workspace;
  config.workspace_len = sizeof the_workspace;
  evseal_status status = state_load(&config.state, u->device->root);
  if (status == EVSEAL_OK) {
    status = evseal_verify_init(&u->context, &config);
  }
  if (u->image >= 0) {
    (void)close(u->image);
    u->image = -1;
  }
  memset(u->updated, 0, sizeof u->updated);
  u->unsynced = 0;
  return status == EVSEAL_PENDING ? 0 : say_failure("state", status);
}
