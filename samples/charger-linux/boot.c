/* What happens around the boot: tries of an update, confirmations, and the way back. */
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "charger.h"
#include "progress.h"
#include "say.h"
#include "state.h"

static int save(charger* device) {
  evseal_status status = slots_save(&device->slots, device->root, &CHARGER_CRYPTO);
  return status == EVSEAL_OK ? 0 : say_io("slots");
}

static const char* phase_name(uint32_t phase) {
  return phase == SLOTS_TRIAL ? "trial" : (phase == SLOTS_COMMITTING ? "committing" : "idle");
}

static void say_components(const charger* device) {
  say_open("components");
  for (unsigned i = 0; i < device->slots.count; i++) {
    const slots_entry* entry = &device->slots.entries[i];
    unsigned slot = slots_booting(&device->slots, entry);
    say_item();
    say_text("id", entry->id);
    say_text("boots", slots_folder(slot));
    say_flag("valid_a", entry->valid[0] != 0);
    say_flag("valid_b", entry->valid[1] != 0);
    say_flag("updated", entry->updated != 0);
    say_flag("confirmed", entry->confirmed != 0);
  }
  say_close();
}

/* The old slots again. The floors were never raised, so the old firmware is as good as before. */
static int roll_back(charger* device, const char* why) {
  slots_roll_back(&device->slots);
  int code = save(device);
  if (code == 0 && !state_forget_update(device->root)) {
    code = say_io("after-boot.evt");
  }
  if (code == 0) {
    say_begin("rolled-back");
    say_text("why", why);
    say_text("ocpp", "InstallationFailed");
    say_end();
  }
  return code;
}

int boot_settle(charger* device) {
  /* The download is complete: the power may have gone before its progress did. */
  if (device->slots.phase != SLOTS_IDLE && !progress_forget(device->root)) {
    return say_io("download.progress");
  }
  if (device->slots.phase != SLOTS_COMMITTING) {
    return 0;
  }
  evseal_status status = state_commit(device->root, device->profile);
  if (status != EVSEAL_OK) {
    return status == EVSEAL_ABORTED ? say_io("state") : say_failure("state", status);
  }
  slots_finish_commit(&device->slots);
  int code = save(device);
  if (code == 0 && !state_forget_update(device->root)) {
    code = say_io("after-boot.evt");
  }
  if (code == 0) {
    say_begin("installed");
    say_hex("package", device->slots.package, sizeof device->slots.package);
    say_text("ocpp", "Installed");
    say_end();
  }
  return code;
}

int boot_boot(charger* device) {
  int code = 0;
  if (device->slots.phase == SLOTS_TRIAL && device->slots.attempts >= device->max_boots) {
    code = roll_back(device, "the update was booted as often as it may be");
  } else if (device->slots.phase == SLOTS_TRIAL) {
    device->slots.attempts++; /* counted before it runs: it may never come back */
    code = save(device);
  }
  if (code == 0) {
    say_begin("boot");
    say_text("phase", phase_name(device->slots.phase));
    say_number("attempt", device->slots.attempts);
    say_components(device);
    say_end();
  }
  return code;
}

/* The component of a trial that has booted; or null, and `*out_code` says why. */
static slots_entry* tried(charger* device, const char* id, int* out_code) {
  evseal_span name = {(const uint8_t*)id, strlen(id)};
  slots_entry* entry = slots_find(&device->slots, name);
  bool booted = device->slots.phase == SLOTS_TRIAL && device->slots.attempts > 0;
  *out_code = 0;
  if (entry == NULL || !entry->updated || !booted) {
    *out_code = say_error(EVSEAL_CLASS_CONFIGURATION, id, "is no component on trial",
                          "`charger-update status` says what is");
    return NULL;
  }
  return entry;
}

int boot_confirm(charger* device, const char* id) {
  int code = 0;
  slots_entry* entry = tried(device, id, &code);
  if (entry == NULL) {
    return code;
  }
  entry->confirmed = 1;
  if (slots_all_confirmed(&device->slots)) {
    /* Decided with this write. The floors follow, after a power cut too: never before it. */
    device->slots.phase = SLOTS_COMMITTING;
  }
  code = save(device);
  if (code == 0) {
    say_begin("confirmed");
    say_text("component", id);
    say_end();
  }
  return code != 0 ? code : boot_settle(device);
}

int boot_fail(charger* device, const char* id) {
  int code = 0;
  return tried(device, id, &code) == NULL ? code : roll_back(device, "a component failed");
}

int boot_status(charger* device) {
  say_begin("status");
  say_text("phase", phase_name(device->slots.phase));
  say_number("attempt", device->slots.attempts);
  say_components(device);
  say_end();
  return 0;
}

static int need_image(const charger* device, const slots_entry* entry) {
  char name[SLOT_ID_MAX + 5];
  slots_file(name, entry);
  int folder = openat(device->root, slots_folder(0), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  int fd = folder < 0 ? -1 : openat(folder, name, O_RDONLY | O_CLOEXEC);
  if (folder >= 0) {
    (void)close(folder);
  }
  if (fd < 0) {
    return say_io(entry->id);
  }
  (void)close(fd);
  return 0;
}

int boot_init(charger* device) {
  static uint8_t blob[512];
  evseal_profile profile;
  evseal_slot slot;
  evseal_span now;
  size_t len = 0;
  if (slots_load(&device->slots, device->root, &CHARGER_CRYPTO) != EVSEAL_STATE_MISSING) {
    return say_error(EVSEAL_CLASS_CONFIGURATION, "slots", "there is a record already", NULL);
  }
  /* A state is written once, at the factory. One that is missing later is not begun anew. */
  if (state_load(&now, device->root) != EVSEAL_STATE_MISSING) {
    return say_error(EVSEAL_CLASS_CONFIGURATION, "state", "there is a state already", NULL);
  }
  evseal_status status = evseal_profile_open(&profile, &CHARGER_CRYPTO, device->profile);
  memset(&device->slots, 0, sizeof device->slots);
  device->slots.phase = SLOTS_IDLE;
  for (unsigned i = 0; status == EVSEAL_OK && evseal_profile_slot(&slot, &profile, i); i++) {
    slots_entry* entry = &device->slots.entries[device->slots.count++];
    memcpy(entry->id, slot.id.data, slot.id.len);
    entry->valid[0] = 1;
    int code = need_image(device, entry);
    if (code != 0) {
      return code;
    }
  }
  if (status == EVSEAL_OK) {
    status = evseal_state_write_initial(blob, sizeof blob, &len, &CHARGER_CRYPTO, &profile);
  }
  evseal_span first = {blob, len};
  status = status == EVSEAL_OK ? state_save(device->root, first) : status;
  return status == EVSEAL_OK ? save(device) : say_failure("state", status);
}
