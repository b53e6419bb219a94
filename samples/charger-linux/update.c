/* From a stream of octets to images in the other slots: install, offset. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "charger.h"
#include "files.h"
#include "progress.h"
#include "say.h"
#include "state.h"
#include "stream.h"

/* One package on its way. */
typedef struct update {
  charger* device;
  int image;         /* the slot's file of the present component, or -1 */
  uint64_t unsynced; /* octets written since the last checkpoint */
  bool updated[EVSEAL_MAX_COMPONENTS];
  const char* failed; /* what made a callback stop, and why; null: errno says it */
  const char* why;
  int saved_errno;
  bool keep_head; /* the octets now fed are those of the firmware package */
  bool head_complete;
  progress_head head;
} update;

/* All memory there is: nothing is allocated while a package is judged. */
static update the_update;
static evseal_verify_ctx the_context;
static uint8_t the_workspace[EVSEAL_WORKSPACE_SIZE(EVSEAL_MAX_ENVELOPE, EVSEAL_MAX_CHUNK, 1)];

/* --- What the verifier calls ----------------------------------------------------------------- */

static evseal_answer stop(update* u, const char* what, const char* why) {
  u->saved_errno = errno;
  u->failed = what;
  u->why = why;
  return EVSEAL_STOP;
}

static uint32_t get_u32(const uint8_t* at) {
  return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

/* Header, envelope and padding (docs/format.md section 2). */
static size_t head_len_of(const uint8_t header[EVSEAL_HEADER_LEN]) {
  size_t end = EVSEAL_HEADER_LEN + (size_t)get_u32(header + 8);
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
    handover_plan(&device->slices[i], manifest, get_u32(u->head.octets + 12),
                  head_len_of(u->head.octets));
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

/* What is on the medium now need not be fetched again. */
static bool checkpoint(update* u) {
  if (u->image >= 0 && fdatasync(u->image) != 0) {
    return false;
  }
  for (unsigned i = 0; i < u->device->num_slices; i++) {
    if (!handover_sync(&u->device->slices[i])) {
      return false;
    }
  }
  u->unsynced = 0;
  return progress_save(u->device->root, &the_context);
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
  if ((last || u->unsynced >= u->device->sync_bytes) && !checkpoint(u)) {
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

static bool read_back(void* user, const evseal_component* component, uint64_t offset, uint8_t* out,
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

/* --- One package ----------------------------------------------------------------------------- */

/* A context for the next package, with the state as it is now. 0 or an exit code. */
static int begin(update* u) {
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
    status = evseal_verify_init(&the_context, &config);
  }
  if (u->image >= 0) {
    (void)close(u->image);
    u->image = -1;
  }
  memset(u->updated, 0, sizeof u->updated);
  u->unsynced = 0;
  return status == EVSEAL_PENDING ? 0 : say_failure("state", status);
}

/* The payload comes next: from here on a break costs little. */
static bool begin_payload(update* u) {
  u->head_complete = true;
  u->head.len = head_len_of(u->head.octets);
  for (unsigned i = 0; i < u->device->num_slices; i++) {
    if (!handover_begin(&u->device->slices[i], u->head.octets)) {
      return false;
    }
  }
  return progress_save_head(u->device->root, &u->head);
}

/* Octets that came, before the verifier sees them: they lie where nobody else writes. */
static bool pass_on(update* u, const uint8_t* octets, size_t len) {
  uint64_t at = evseal_verify_offset(&the_context);
  if (u->keep_head && !u->head_complete && at + len <= sizeof u->head.octets) {
    memcpy(u->head.octets + at, octets, len);
  }
  for (unsigned i = 0; i < u->device->num_slices; i++) {
    if (!handover_take(&u->device->slices[i], at, octets, len)) {
      return false;
    }
  }
  return true;
}

/*
 * Feeds at most `limit` octets, straight into the verifier's workspace, until it refuses or the
 * stream ends. 0 or an exit code; `*out_fed` counts.
 */
static int feed(update* u, stream* in, uint64_t limit, uint64_t* out_fed) {
  *out_fed = 0;
  while (*out_fed < limit) {
    uint8_t extra = 0;
    uint8_t* buffer = NULL;
    size_t room = evseal_verify_buffer(&the_context, &buffer);
    bool at_end = room == 0;
    if (at_end && evseal_verify_push(&the_context, NULL, 0) != EVSEAL_PENDING) {
      return 0; /* refused */
    }
    uint64_t left = limit - *out_fed;
    size_t want = at_end ? 1 : (room < left ? room : (size_t)left);
    ssize_t got = stream_read(in, at_end ? &extra : buffer, want);
    if (got <= 0) {
      return got == 0 ? 0 : say_io("download");
    }
    *out_fed += (uint64_t)got;
    if (at_end) {
      (void)evseal_verify_push(&the_context, &extra, 1); /* trailing data */
      continue;
    }
    if (!pass_on(u, buffer, (size_t)got)) {
      return say_io("slice");
    }
    (void)evseal_verify_commit(&the_context, (size_t)got);
    bool payload = u->keep_head && !u->head_complete && evseal_verify_at_payload(&the_context);
    if (payload && !begin_payload(u)) {
      return say_io("download.head");
    }
  }
  return 0;
}

static void say_verdict(const evseal_report* report, uint64_t offset) {
  evseal_component component;
  say_begin("verdict");
  say_status(report->status);
  say_number("offset", offset);
  if (report->authenticated) {
    say_hex("package", report->package_id, sizeof report->package_id);
    say_span("version", report->manifest.version);
  }
  if (report->failed_component < report->manifest.num_components &&
      evseal_manifest_component(&component, &report->manifest, report->failed_component) ==
          EVSEAL_OK) {
    say_span("component", component.id);
  }
  say_end();
}

/*
 * Trust-updates in front of the package (docs/format.md section 2): each is judged and stored at
 * once, or left out. One that is the last in its file is the package itself: it stays to be
 * concluded, and `*out_judged` says so. 0 or an exit code.
 */
static int take_steps(update* u, stream* in, bool* out_judged) {
  *out_judged = false;
  for (unsigned steps = 0; steps < EVSEAL_MAX_STEPS; steps++) {
    if (!stream_peek(in, EVSEAL_HEADER_LEN)) {
      return say_io("download");
    }
    uint64_t size = in->num_ahead == EVSEAL_HEADER_LEN ? evseal_step_size(in->ahead) : 0;
    if (size == 0) {
      return 0;
    }
    uint64_t fed = 0;
    int code = begin(u);
    code = code != 0 ? code : feed(u, in, size, &fed);
    if (code != 0) {
      return code;
    }
    if (!stream_discard(in, size - fed) || !stream_peek(in, 1)) {
      return say_io("download");
    }
    if (in->num_ahead == 0) {
      *out_judged = true;
      return 0;
    }
    evseal_report report;
    evseal_status status = evseal_verify_finish(&the_context, &report);
    evseal_status stored = state_remember(&the_context, &report, u->device->root);
    if (stored != EVSEAL_OK) {
      return say_failure("state", stored);
    }
    say_begin("step");
    say_text("status", evseal_status_name(status));
    say_end();
  }
  return 0;
}

/* --- Going on after a break ------------------------------------------------------------------ */

/* Header and envelope once more: judged as if they had never been seen. */
static bool push_head(update* u) {
  (void)evseal_verify_push(&the_context, u->head.octets, u->head.len);
  return evseal_verify_at_payload(&the_context);
}

/*
 * Puts the verifier where the download goes on; without a usable break, `*out_offset` is 0 and
 * there is no context. `dry`: only asked for. 0 or an exit code.
 */
static int go_on(update* u, bool dry, uint64_t* out_offset) {
  uint8_t octets[EVSEAL_PROGRESS_MAX];
  *out_offset = 0;
  if (!progress_load_head(&u->head, u->device->root) ||
      u->head.len != head_len_of(u->head.octets) || evseal_step_size(u->head.octets) != 0) {
    return 0;
  }
  int code = begin(u);
  if (code != 0 || !push_head(u)) {
    return code;
  }
  u->head_complete = true;
  evseal_span progress = {octets, progress_load(octets, u->device->root)};
  if (progress.len > 0) {
    evseal_status status = evseal_verify_resume(&the_context, progress, read_back, u);
    if (status != EVSEAL_PENDING && status != EVSEAL_PROGRESS_MISMATCH) {
      return 0;
    }
  }
  bool together = true; /* the slices go on where the images do, or everything begins anew */
  for (unsigned i = 0; i < u->device->num_slices; i++) {
    together = handover_continue(&u->device->slices[i], u->head.octets,
                                 evseal_verify_offset(&the_context), dry) &&
               together;
  }
  if (!together) {
    code = begin(u);
    if (code != 0 || !push_head(u)) {
      return code;
    }
    for (unsigned i = 0; !dry && i < u->device->num_slices; i++) {
      if (!handover_begin(&u->device->slices[i], u->head.octets)) {
        return say_io("slice");
      }
    }
  }
  *out_offset = u->head.base + evseal_verify_offset(&the_context);
  return 0;
}

/* The input begins at `offset`: leaves out what is there already. 0 or an exit code. */
static int catch_up(update* u, stream* in) {
  uint64_t wanted = 0;
  int code = go_on(u, false, &wanted);
  if (code != 0) {
    return code;
  }
  if (wanted == 0 || wanted < in->at) {
    say_begin("error");
    say_number("code", EVSEAL_CLASS_CONFIGURATION);
    say_text("what", "--offset");
    say_text("why", "octets before it are wanted");
    say_number("offset", wanted);
    say_end();
    return EVSEAL_CLASS_CONFIGURATION;
  }
  say_begin("resumed");
  say_number("offset", wanted);
  say_text("ocpp", "Downloading");
  say_end();
  return stream_discard(in, wanted - in->at) ? 0 : say_io("download");
}

/* From the first octet on: what an earlier download left is void. */
static int start_over(update* u, stream* in, bool* out_judged) {
  if (!progress_forget(u->device->root)) {
    return say_io("download.progress");
  }
  say_begin("downloading");
  say_text("ocpp", "Downloading");
  say_end();
  int code = take_steps(u, in, out_judged);
  if (code != 0 || *out_judged) {
    return code;
  }
  u->keep_head = true;
  u->head.base = in->at;
  return begin(u);
}

/* --- The verdict ----------------------------------------------------------------------------- */

static int accept_firmware(update* u, const evseal_report* report) {
  charger* device = u->device;
  for (unsigned i = 0; i < device->num_slices; i++) {
    if (!handover_finish(&device->slices[i])) {
      return say_io(device->slices[i].path);
    }
  }
  /* Images, slices, and what is to be remembered are on the medium: now the slots may boot. */
  slots_begin_trial(&device->slots, u->updated, report->package_id);
  if (slots_save(&device->slots, device->root, &CHARGER_CRYPTO) != EVSEAL_OK) {
    return say_io("slots");
  }
  if (!progress_forget(device->root)) {
    return say_io("download.progress");
  }
  say_begin("ready");
  say_text("ocpp", "InstallRebooting");
  say_end();
  return 0;
}

/* The download broke off, and nothing was wrong with it so far. Says where to go on, as offset. */
static int pause_download(update* u, evseal_status status) {
  uint64_t offset = 0;
  for (unsigned i = 0; i < u->device->num_slices; i++) {
    handover_close(&u->device->slices[i]);
  }
  int code = go_on(u, true, &offset);
  if (code != 0) {
    return code;
  }
  say_begin("paused");
  say_text("status", evseal_status_name(status));
  say_number("code", (uint64_t)evseal_status_class(status));
  say_text("ocpp", "DownloadPaused");
  say_flag("retryable", true);
  say_number("offset", offset);
  say_end();
  return (int)evseal_status_class(status);
}

static int refuse(update* u) {
  for (unsigned i = 0; i < u->device->num_slices; i++) {
    handover_discard(&u->device->slices[i]);
  }
  return progress_forget(u->device->root) ? 0 : say_io("download.progress");
}

/* A callback stopped: the medium, mostly. What is there already is kept. */
static int own_failure(const update* u) {
  if (u->why != NULL) {
    return say_error(EVSEAL_CLASS_CONFIGURATION, u->failed, u->why, NULL);
  }
  errno = u->saved_errno;
  return say_io(u->failed);
}

static int conclude(update* u) {
  evseal_report report;
  if (u->head_complete && evseal_verify_at_payload(&the_context) && !checkpoint(u)) {
    return say_io("slot");
  }
  evseal_status status = evseal_verify_finish(&the_context, &report);
  if (status == EVSEAL_ABORTED) {
    return own_failure(u);
  }
  evseal_status stored = state_remember(&the_context, &report, u->device->root);
  if (stored != EVSEAL_OK) {
    return stored == EVSEAL_ABORTED ? say_io("state") : say_failure("state", stored);
  }
  if (status == EVSEAL_TRUNCATED) {
    return pause_download(u, status);
  }
  say_verdict(&report, u->head.base + evseal_verify_offset(&the_context));
  if (status != EVSEAL_OK) {
    int code = refuse(u);
    return code != 0 ? code : (int)evseal_status_class(status);
  }
  return report.manifest.kind == EVSEAL_KIND_FIRMWARE ? accept_firmware(u, &report) : 0;
}

/* --- The commands ---------------------------------------------------------------------------- */

/* Nothing is taken while an update waits for its boot: states of two epochs cannot be joined, and
 * the slots are in use (docs/format.md section 9.3). */
static int need_idle(const charger* device) {
  return device->slots.phase == SLOTS_IDLE
             ? 0
             : say_error(EVSEAL_CLASS_CONFIGURATION, "slots",
                         "an update waits until it has booted and each component is confirmed",
                         "boot, then confirm or fail its components");
}

static update* start(charger* device) {
  memset(&the_update, 0, sizeof the_update);
  the_update.device = device;
  the_update.image = -1;
  return &the_update;
}

int update_install(charger* device, int input, uint64_t offset) {
  update* u = start(device);
  stream in = {input, offset, {0}, 0};
  uint64_t fed = 0;
  bool judged = false;
  int code = need_idle(device);
  if (code == 0) {
    code = offset == 0 ? start_over(u, &in, &judged) : catch_up(u, &in);
  }
  if (code == 0 && !judged) {
    code = feed(u, &in, UINT64_MAX, &fed);
  }
  return code != 0 ? code : conclude(u);
}

int update_offset(charger* device) {
  uint64_t offset = 0;
  int code = need_idle(device);
  code = code != 0 ? code : go_on(start(device), true, &offset);
  if (code == 0) {
    say_begin("offset");
    say_number("offset", offset);
    say_end();
  }
  return code;
}
