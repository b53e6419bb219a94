/* evseal-verify: the verify library as a program for the charger itself. No heap of its own, one
 * pass. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "hints.h"
#include "options.h"
#include "output.h"
#include "report.h"

#define MAX_BLOB 65536u
#define EXIT_INTERRUPTED 130 /* for SIGINT, SIGTERM and SIGHUP alike, as evseal */

typedef struct run {
  options given;
  output outputs[MAX_WRITES];
  bool opened[MAX_WRITES];
  output state_output; /* of --next-state */
  int current;         /* index of the output of the present component, or -1 */
  int saved_errno;
  const char* failed_path;
  bool inflate_failed;
  step_note steps[EVSEAL_MAX_STEPS];
  unsigned num_steps;
} run;

/* The octets of the file; what was looked at ahead comes first. */
typedef struct input {
  int fd;
  uint8_t ahead[EVSEAL_HEADER_LEN];
  size_t num_ahead;
} input;

static run the_run;
static evseal_verify_ctx the_context;
static uint8_t the_profile[MAX_BLOB];
static uint8_t the_state[MAX_BLOB];
static uint8_t the_next_state[EVSEAL_STATE_SIZE_MAX(EVSEAL_MAX_COMPONENTS, EVSEAL_MAX_CHUNK)];
static uint8_t the_workspace[EVSEAL_WORKSPACE_SIZE(EVSEAL_MAX_ENVELOPE, EVSEAL_MAX_CHUNK, 1)];

static void discard_outputs(void) {
  for (unsigned i = 0; i < the_run.given.num_writes; i++) {
    if (the_run.opened[i]) {
      output_discard(&the_run.outputs[i]);
      the_run.opened[i] = false;
    }
  }
}

/* Outputs mostly have no name; those that do are unlinked here, which is safe in a handler. */
static void on_signal(int number) {
  (void)number;
  for (unsigned i = 0; i < the_run.given.num_writes; i++) {
    if (the_run.opened[i] && the_run.outputs[i].temporary[0] != '\0') {
      (void)unlink(the_run.outputs[i].temporary);
    }
  }
  if (the_run.state_output.temporary[0] != '\0') {
    (void)unlink(the_run.state_output.temporary);
  }
  _exit(EXIT_INTERRUPTED);
}

static evseal_answer on_component(void* user, const evseal_component* component) {
  run* r = user;
  r->current = -1;
  for (unsigned i = 0; i < r->given.num_writes; i++) {
    const write_option* option = &r->given.writes[i];
    if (option->id_len != component->id.len ||
        memcmp(option->id, component->id.data, option->id_len) != 0) {
      continue;
    }
    r->current = (int)i;
    r->opened[i] = true;
    if (!output_open(&r->outputs[i], option->path, component)) {
      r->saved_errno = errno;
      r->failed_path = option->path;
      return EVSEAL_STOP;
    }
    break;
  }
  return EVSEAL_TAKE;
}

static evseal_answer note_failure(run* r, const output_error* error) {
  r->saved_errno = errno;
  r->failed_path = r->given.writes[r->current].path;
  r->inflate_failed = error->inflate;
  return EVSEAL_STOP;
}

static evseal_answer on_chunk(void* user, const evseal_component* component, uint64_t offset,
                              evseal_span bytes) {
  run* r = user;
  output_error error = {false};
  (void)component;
  (void)offset;
  bool fine = r->current < 0 || output_write(&r->outputs[r->current], bytes, &error);
  return fine ? EVSEAL_TAKE : note_failure(r, &error);
}

static evseal_answer on_component_end(void* user, const evseal_component* component) {
  run* r = user;
  output_error error = {false};
  (void)component;
  bool fine = r->current < 0 || output_end(&r->outputs[r->current], &error);
  return fine ? EVSEAL_TAKE : note_failure(r, &error);
}

static int io_failure(const char* path, int number) {
  report_error(&the_run.given, EVSEAL_CLASS_IO, "io", number == ENOSPC || number == EDQUOT, path,
               strerror(number),
               number == ENOSPC ? "free some space and run the same command again"
                                : "check the path and its permissions");
  return EVSEAL_CLASS_IO;
}

/* Reads a small file whole; 0 and *out_len, or an exit code. */
static int read_blob(const char* path, uint8_t* buffer, size_t* out_len) {
  int fd = open(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0) {
    return io_failure(path, errno);
  }
  size_t len = 0;
  ssize_t got = 0;
  while (len < MAX_BLOB && (got = read(fd, buffer + len, MAX_BLOB - len)) > 0) {
    len += (size_t)got;
  }
  int number = errno;
  (void)close(fd);
  if (got < 0) {
    return io_failure(path, number);
  }
  *out_len = len;
  return 0;
}

/* What people write and evseal reads, but no device. */
static bool is_json(evseal_span blob) {
  size_t at = 0;
  while (at < blob.len && (blob.data[at] == ' ' || blob.data[at] == '\t' || blob.data[at] == '\r' ||
                           blob.data[at] == '\n')) {
    at++;
  }
  return at < blob.len && blob.data[at] == '{';
}

/* A profile or state that permits no verdict: names the file that is to blame. */
static int configuration_failure(evseal_status status, const evseal_verify_config* config) {
  bool about_state = status == EVSEAL_STATE_MISSING || status == EVSEAL_STATE_DAMAGED ||
                     status == EVSEAL_STATE_MISMATCH;
  const char* what =
      about_state && the_run.given.state != NULL ? the_run.given.state : the_run.given.device;
  const char* why = evseal_status_text(status);
  const char* hint = hint_for(status);
  if (status == EVSEAL_PROFILE_DAMAGED && is_json(config->profile)) {
    why = "this is a JSON profile, and a device reads compiled ones";
    hint = "compile it with `evseal device build PROFILE.json -o PROFILE.evd`";
  } else if (status == EVSEAL_STATE_DAMAGED && is_json(config->state)) {
    why = "this is a JSON state, and a device reads compiled ones";
    hint = "write one with `evseal device build PROFILE.json --initial-state STATE.evt`";
  }
  report_error(&the_run.given, evseal_status_class(status), evseal_status_name(status), false, what,
               why, hint);
  return (int)evseal_status_class(status);
}

/* Fills config.state from the file or for a factory-new device; 0 or an exit code. */
static int load_state(evseal_verify_config* config) {
  size_t len = 0;
  if (the_run.given.recovery_known) {
    config->recovery.data = the_run.given.recovery;
    config->recovery.len = sizeof the_run.given.recovery;
    return 0;
  }
  if (!the_run.given.factory_new) {
    int code = read_blob(the_run.given.state, the_state, &len);
    config->state.data = the_state;
    config->state.len = len;
    return code;
  }
  evseal_profile profile;
  evseal_status status = evseal_profile_open(&profile, config->crypto, config->profile);
  if (status == EVSEAL_OK) {
    status =
        evseal_state_write_initial(the_state, sizeof the_state, &len, config->crypto, &profile);
  }
  config->state.data = the_state;
  config->state.len = len;
  return status == EVSEAL_OK ? 0 : configuration_failure(status, config);
}

static int configure(evseal_verify_config* config) {
  const options* given = &the_run.given;
  size_t len = 0;
  memset(config, 0, sizeof *config);
  config->crypto = &evseal_crypto_openssl;
  int code = read_blob(given->device, the_profile, &len);
  if (code != 0) {
    return code;
  }
  config->profile.data = the_profile;
  config->profile.len = len;
  code = load_state(config);
  if (code != 0) {
    return code;
  }
  config->unit.hardware_known = given->hardware_known;
  config->unit.hardware = given->hardware;
  if (given->serial != NULL) {
    config->unit.serial.data = (const uint8_t*)given->serial;
    config->unit.serial.len = strlen(given->serial);
  }
  config->now_known = true;
  config->now = given->now_known ? given->now : (int64_t)time(NULL);
  config->callbacks.user = &the_run;
  config->callbacks.on_component = on_component;
  config->callbacks.on_chunk = on_chunk;
  config->callbacks.on_component_end = on_component_end;
  config->workspace = the_workspace;
  config->workspace_len = sizeof the_workspace;
  return 0;
}

/* Octets that were looked at ahead, then the file's. As read(2), without EINTR. */
static ssize_t input_read(input* in, uint8_t* out, size_t len) {
  if (in->num_ahead > 0) {
    size_t count = len < in->num_ahead ? len : in->num_ahead;
    memcpy(out, in->ahead, count);
    memmove(in->ahead, in->ahead + count, in->num_ahead - count);
    in->num_ahead -= count;
    return (ssize_t)count;
  }
  ssize_t got = read(in->fd, out, len);
  while (got < 0 && errno == EINTR) {
    got = read(in->fd, out, len);
  }
  return got;
}

/* Looks ahead at up to `want` octets; fewer are there at the end only. */
static bool input_peek(input* in, size_t want) {
  while (in->num_ahead < want) {
    ssize_t got = read(in->fd, in->ahead + in->num_ahead, want - in->num_ahead);
    if (got < 0 && errno == EINTR) {
      continue;
    }
    if (got <= 0) {
      return got == 0;
    }
    in->num_ahead += (size_t)got;
  }
  return true;
}

/*
 * Feeds at most `limit` octets to the verifier, straight into its workspace; what it does not want
 * after a refusal stays in the file. 0 or an exit code; `*out_fed` counts.
 */
static int feed(input* in, uint64_t limit, uint64_t* out_fed) {
  *out_fed = 0;
  while (*out_fed < limit) {
    uint8_t extra = 0;
    uint8_t* buffer = NULL;
    size_t room = evseal_verify_buffer(&the_context, &buffer);
    bool at_end = room == 0;
    if (at_end && evseal_verify_push(&the_context, NULL, 0) != EVSEAL_PENDING) {
      return 0; /* refused */
    }
    size_t want = at_end ? 1 : room;
    if (want > limit - *out_fed) {
      want = (size_t)(limit - *out_fed);
    }
    ssize_t got = input_read(in, at_end ? &extra : buffer, want);
    if (got < 0) {
      return io_failure(the_run.given.package, errno);
    }
    if (got == 0) {
      return 0;
    }
    *out_fed += (uint64_t)got;
    if (at_end) {
      (void)evseal_verify_push(&the_context, &extra, 1);
    } else {
      (void)evseal_verify_commit(&the_context, (size_t)got);
    }
  }
  return 0;
}

/* Reads on to where the next package begins. 0 or an exit code. */
static int leave_out(input* in, uint64_t len) {
  uint8_t octets[512];
  while (len > 0) {
    size_t want = len < sizeof octets ? (size_t)len : sizeof octets;
    ssize_t got = input_read(in, octets, want);
    if (got < 0) {
      return io_failure(the_run.given.package, errno);
    }
    if (got == 0) {
      return 0;
    }
    len -= (uint64_t)got;
  }
  return 0;
}

static int begin(const evseal_verify_config* config) {
  evseal_status status = evseal_verify_init(&the_context, config);
  return status == EVSEAL_PENDING ? 0 : configuration_failure(status, config);
}

/* The next state in the_next_state; its length, 0 where there is none. */
static size_t make_next_state(evseal_remember what) {
  size_t len = 0;
  return evseal_verify_next_state(&the_context, what, the_next_state, sizeof the_next_state,
                                  &len) == EVSEAL_OK
             ? len
             : 0;
}

/* The device goes on with what it learnt from a step. The context is not used any more: its spans
 * point into the state that is replaced. */
static void remember(evseal_verify_config* config, evseal_remember what) {
  size_t len = make_next_state(what);
  if (len > 0 && len <= sizeof the_state) {
    memcpy(the_state, the_next_state, len);
    config->state.data = the_state;
    config->state.len = len;
  }
}

/*
 * Trust-updates in front of the package. One that is the last in its file is the package itself: it
 * has then been judged, and `*out_judged` says so. 0 or an exit code.
 */
static int take_steps(input* in, evseal_verify_config* config, bool* out_judged) {
  *out_judged = false;
  while (the_run.num_steps < EVSEAL_MAX_STEPS) {
    if (!input_peek(in, EVSEAL_HEADER_LEN)) {
      return io_failure(the_run.given.package, errno);
    }
    uint64_t size = in->num_ahead == EVSEAL_HEADER_LEN ? evseal_step_size(in->ahead) : 0;
    if (size == 0) {
      return 0;
    }
    uint64_t fed = 0;
    int code = begin(config);
    code = code != 0 ? code : feed(in, size, &fed);
    code = code != 0 ? code : leave_out(in, size - fed);
    if (code != 0) {
      return code;
    }
    if (!input_peek(in, 1)) {
      return io_failure(the_run.given.package, errno);
    }
    if (in->num_ahead == 0) {
      *out_judged = true;
      return 0;
    }
    evseal_report report;
    evseal_status status = evseal_verify_finish(&the_context, &report);
    step_note* note = &the_run.steps[the_run.num_steps++];
    note->status = status;
    note->epoch = report.authenticated ? report.manifest.epoch : 0;
    if (status == EVSEAL_OK) {
      remember(config, EVSEAL_REMEMBER_ALL);
      config->recovery.len = 0; /* the challenge has served its purpose */
    } else if (report.learnt) {
      remember(config, EVSEAL_REMEMBER_REVOCATIONS);
    }
  }
  return 0;
}

/* Removes the names that were given before one failed: without --force they were free before. */
static void take_back(unsigned count) {
  for (unsigned i = 0; !the_run.given.force && i < count; i++) {
    (void)unlink(the_run.given.writes[i].path);
  }
}

static int commit_failure(const char* path, int number) {
  if (number != EEXIST) {
    return io_failure(path, number);
  }
  report_error(&the_run.given, EVSEAL_CLASS_CONFIGURATION, "exists", false, path, "exists already",
               the_run.given.force ? "it is not a regular file, so it is not replaced"
                                   : "choose another name, or pass --force");
  return EVSEAL_CLASS_CONFIGURATION;
}

/* Every image gets its name, or none that has not yet. */
static int commit_outputs(void) {
  for (unsigned i = 0; i < the_run.given.num_writes; i++) {
    const write_option* option = &the_run.given.writes[i];
    if (!the_run.opened[i]) {
      report_error(&the_run.given, EVSEAL_CLASS_CONFIGURATION, "component_missing", false,
                   option->id, "is no component of this file for this unit",
                   "`evseal inspect` lists the components");
      return EVSEAL_CLASS_CONFIGURATION;
    }
  }
  for (unsigned i = 0; i < the_run.given.num_writes; i++) {
    if (!output_prepare(&the_run.outputs[i])) {
      return io_failure(the_run.given.writes[i].path, errno);
    }
  }
  for (unsigned i = 0; i < the_run.given.num_writes; i++) {
    if (!output_commit(&the_run.outputs[i], the_run.given.force)) {
      int number = errno;
      take_back(i);
      return commit_failure(the_run.given.writes[i].path, number);
    }
    the_run.opened[i] = false;
  }
  return 0;
}

/* --next-state: 0 or an exit code. Where nothing was learnt it is the state as it was. */
static int write_next_state(const evseal_verify_config* config, const evseal_report* report) {
  const options* given = &the_run.given;
  if (given->next_state == NULL) {
    return 0;
  }
  bool all = report->status == EVSEAL_OK &&
             (!given->remember_revocations || report->manifest.kind == EVSEAL_KIND_TRUST_UPDATE);
  evseal_span state = config->state;
  if (all || report->learnt) {
    state.len = make_next_state(all ? EVSEAL_REMEMBER_ALL : EVSEAL_REMEMBER_REVOCATIONS);
    state.data = the_next_state;
  }
  if (state.len == 0) {
    return 0; /* a recovery that failed: there is still no state */
  }
  output* file = &the_run.state_output;
  evseal_component plain;
  output_error error = {false};
  memset(&plain, 0, sizeof plain);
  plain.encoding = EVSEAL_ENCODING_NONE;
  plain.size = state.len;
  bool fine = output_open(file, given->next_state, &plain) && output_write(file, state, &error) &&
              output_prepare(file) && output_commit(file, given->force);
  int number = errno;
  if (!fine) {
    output_discard(file);
  }
  return fine ? 0 : commit_failure(given->next_state, number);
}

static int conclude(const evseal_verify_config* config) {
  evseal_report report;
  evseal_status status = evseal_verify_finish(&the_context, &report);
  if (status == EVSEAL_ABORTED && the_run.inflate_failed) {
    status = EVSEAL_INFLATE;
    report.status = status;
  } else if (status == EVSEAL_ABORTED) {
    return io_failure(the_run.failed_path, the_run.saved_errno);
  }
  int code = status == EVSEAL_OK ? commit_outputs() : 0;
  code = code != 0 ? code : write_next_state(config, &report);
  if (code != 0) {
    return code;
  }
  report_print(&the_run.given, &the_context, &report, the_run.steps, the_run.num_steps);
  return (int)evseal_status_class(status);
}

static int check_outputs(void) {
  for (unsigned i = 0; i < the_run.given.num_writes; i++) {
    const char* path = the_run.given.writes[i].path;
    if (!output_possible(path, the_run.given.force)) {
      return commit_failure(path, errno);
    }
  }
  const char* next_state = the_run.given.next_state;
  return next_state == NULL || output_possible(next_state, the_run.given.force)
             ? 0
             : commit_failure(next_state, errno);
}

/* Somebody who tries out another time must not take the answer for one about that time. */
static void warn_of_ignored_clock(const evseal_verify_config* config) {
  evseal_profile profile;
  if (the_run.given.now_known &&
      evseal_profile_open(&profile, config->crypto, config->profile) == EVSEAL_OK &&
      !profile.clock_trusted) {
    report_warn(&the_run.given,
                "--now is ignored: the clock of this device is untrusted (its profile says so)");
  }
}

static int judge(void) {
  evseal_verify_config config;
  int code = configure(&config);
  if (code == 0) {
    code = check_outputs();
  }
  if (code != 0) {
    return code;
  }
  code = begin(&config); /* what is wrong with profile and state is said before the file is read */
  if (code != 0) {
    return code;
  }
  warn_of_ignored_clock(&config);
  bool from_input = strcmp(the_run.given.package, "-") == 0;
  input in = {
      from_input ? STDIN_FILENO : open(the_run.given.package, O_RDONLY | O_CLOEXEC), {0}, 0};
  if (in.fd < 0) {
    return io_failure(the_run.given.package, errno);
  }
  bool judged = false;
  code = take_steps(&in, &config, &judged);
  if (code == 0 && !judged) {
    uint64_t fed = 0;
    code = begin(&config);
    code = code != 0 ? code : feed(&in, UINT64_MAX, &fed);
  }
  if (!from_input) {
    (void)close(in.fd);
  }
  return code != 0 ? code : conclude(&config);
}

int main(int argc, char** argv) {
  switch (options_read(&the_run.given, argc, argv)) {
    case OPTIONS_DONE:
      return fflush(stdout) == 0 ? 0 : EVSEAL_CLASS_IO;
    case OPTIONS_WRONG:
      return EVSEAL_CLASS_CONFIGURATION;
    case OPTIONS_RUN:
      break;
  }
  (void)signal(SIGINT, on_signal);
  (void)signal(SIGTERM, on_signal);
  (void)signal(SIGHUP, on_signal);
  (void)signal(SIGPIPE, SIG_IGN);
  int code = judge();
  discard_outputs();
  return fflush(stdout) == 0 ? code : EVSEAL_CLASS_IO;
}
