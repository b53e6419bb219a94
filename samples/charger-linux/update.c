/* From a stream of octets to images in the other slots: install, offset. */
#include <errno.h>
#include <string.h>

#include "charger.h"
#include "intake.h"
#include "progress.h"
#include "say.h"
#include "state.h"
#include "stream.h"

static update the_update;

/* --- The stream ------------------------------------------------------------------------------ */

/* The payload comes next: from here on a break costs little. */
static bool begin_payload(update* u) {
  u->head_complete = true;
  u->head.len = u->head.steps_len + (size_t)intake_head_len(progress_header(&u->head));
  for (unsigned i = 0; i < u->device->num_slices; i++) {
    if (!handover_begin(&u->device->slices[i], &u->head)) {
      return false;
    }
  }
  return progress_save_head(u->device->root, &u->head);
}

/* Octets that came, before the verifier sees them: they lie where nobody else writes. */
static bool pass_on(update* u, const uint8_t* octets, size_t len) {
  uint64_t at = evseal_verify_offset(&u->context);
  if (!u->head_complete && at + len <= PROGRESS_MAX_HEAD) {
    memcpy(u->head.octets + u->head.steps_len + at, octets, len);
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
    size_t room = evseal_verify_buffer(&u->context, &buffer);
    bool at_end = room == 0;
    if (at_end && evseal_verify_push(&u->context, NULL, 0) != EVSEAL_PENDING) {
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
      (void)evseal_verify_push(&u->context, &extra, 1); /* trailing data */
      continue;
    }
    if (!pass_on(u, buffer, (size_t)got)) {
      return say_io("slice");
    }
    (void)evseal_verify_commit(&u->context, (size_t)got);
    bool payload = u->is_package && !u->head_complete && evseal_verify_at_payload(&u->context);
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

/* What the verifier did not want of a step: a controller may want it. One that is too long for any
 * device is left out. */
static bool keep_step(update* u, stream* in, uint64_t size, uint64_t fed) {
  if (size > PROGRESS_MAX_HEAD) {
    return stream_discard(in, size - fed);
  }
  uint8_t* rest = u->head.octets + u->head.steps_len;
  while (fed < size) {
    ssize_t got = stream_read(in, rest + fed, (size_t)(size - fed));
    if (got <= 0) {
      return got == 0;
    }
    fed += (uint64_t)got;
  }
  u->head.steps_len += (size_t)size;
  return true;
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
    int code = intake_begin(u);
    code = code != 0 ? code : feed(u, in, size, &fed);
    if (code != 0) {
      return code;
    }
    if (!keep_step(u, in, size, fed) || !stream_peek(in, 1)) {
      return say_io("download");
    }
    if (in->num_ahead == 0) {
      *out_judged = true;
      return 0;
    }
    evseal_report report;
    evseal_status status = evseal_verify_finish(&u->context, &report);
    evseal_status stored = state_remember(&u->context, &report, u->device->root);
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
  (void)evseal_verify_push(&u->context, progress_header(&u->head), u->head.len - u->head.steps_len);
  return evseal_verify_at_payload(&u->context);
}

/*
 * Puts the verifier where the download goes on; without a usable break, `*out_offset` is 0 and
 * there is no context. `dry`: only asked for. 0 or an exit code.
 */
static int go_on(update* u, bool dry, uint64_t* out_offset) {
  uint8_t octets[EVSEAL_PROGRESS_MAX];
  *out_offset = 0;
  if (!progress_load_head(&u->head, u->device->root) ||
      u->head.len - u->head.steps_len != intake_head_len(progress_header(&u->head)) ||
      evseal_step_size(progress_header(&u->head)) != 0) {
    return 0;
  }
  int code = intake_begin(u);
  if (code != 0 || !push_head(u)) {
    return code;
  }
  u->head_complete = true;
  evseal_span progress = {octets, progress_load(octets, u->device->root)};
  if (progress.len > 0) {
    evseal_status status = evseal_verify_resume(&u->context, progress, intake_read_back, u);
    if (status != EVSEAL_PENDING && status != EVSEAL_PROGRESS_MISMATCH) {
      return 0;
    }
  }
  bool together = true; /* the slices go on where the images do, or everything begins anew */
  for (unsigned i = 0; i < u->device->num_slices; i++) {
    together = handover_continue(&u->device->slices[i], &u->head, evseal_verify_offset(&u->context),
                                 dry) &&
               together;
  }
  if (!together) {
    code = intake_begin(u);
    if (code != 0 || !push_head(u)) {
      return code;
    }
    for (unsigned i = 0; !dry && i < u->device->num_slices; i++) {
      if (!handover_begin(&u->device->slices[i], &u->head)) {
        return say_io("slice");
      }
    }
  }
  *out_offset = u->head.base + evseal_verify_offset(&u->context);
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
  u->is_package = true;
  u->head.base = in->at;
  return intake_begin(u);
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
  if (u->head_complete && evseal_verify_at_payload(&u->context) && !intake_checkpoint(u)) {
    return say_io("slot");
  }
  evseal_status status = evseal_verify_finish(&u->context, &report);
  if (status == EVSEAL_ABORTED) {
    return own_failure(u);
  }
  evseal_status stored = state_remember(&u->context, &report, u->device->root);
  if (stored != EVSEAL_OK) {
    return stored == EVSEAL_ABORTED ? say_io("state") : say_failure("state", stored);
  }
  if (status == EVSEAL_TRUNCATED) {
    return pause_download(u, status);
  }
  say_verdict(&report, u->head.base + evseal_verify_offset(&u->context));
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
