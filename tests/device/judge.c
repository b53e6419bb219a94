/*
 * Judges packages on a board, as many as a file of jobs holds, and prints a line for each: its name
 * and status. jobs.py writes the file.
 *
 * A job is a sequence of fields: a letter, 4 octets length (little-endian), octets. The letters are
 * in take_field(). R, the last one, judges the package, in pieces as a UART would deliver it.
 */
#include <evseal/verify.h>
#include <string.h>

#include "crypto_of_board.h"
#include "semihosting.h"

#define PIECE 48u
#define MEMORY_SIZE (3u << 20)

/* All octets of one job, and the workspace behind them. */
static uint8_t memory[MEMORY_SIZE] __attribute__((section(".storage")));
static size_t used;

static evseal_verify_ctx context;
static evseal_report report;

typedef struct job {
  evseal_span name;
  evseal_span profile;
  evseal_span state;
  evseal_span recovery;
  evseal_span package;
  evseal_span skip;
  evseal_span abort_at;
  evseal_unit unit;
  evseal_crypto crypto;
  int64_t now;
  uint32_t workspace_len; /* 0: as much as the profile asks for */
  bool now_known;
} job;

static _Noreturn void stop(const char* why) {
  host_print(why);
  host_print("\n");
  host_exit(2);
}

static uint8_t* take_memory(size_t len) {
  if (len > sizeof memory - used) {
    stop("judge: out of memory");
  }
  uint8_t* out = memory + used;
  used += (len + 7u) & ~(size_t)7u;
  return out;
}

static uint64_t number_of(evseal_span span) {
  uint64_t out = 0;
  for (size_t i = span.len; i-- > 0;) {
    out = out << 8 | span.data[i];
  }
  return out;
}

static bool is(evseal_span span, const char* text) {
  return span.len == strlen(text) && memcmp(span.data, text, span.len) == 0;
}

static evseal_answer answer_at(const job* j, const char* place) {
  return is(j->abort_at, place) ? EVSEAL_STOP : EVSEAL_TAKE;
}

static evseal_answer on_manifest(void* user, const evseal_manifest* manifest) {
  (void)manifest;
  return answer_at(user, "manifest");
}

static evseal_answer on_component(void* user, const evseal_component* component) {
  const job* j = user;
  bool unwanted = component->id.len == j->skip.len &&
                  memcmp(component->id.data, j->skip.data, j->skip.len) == 0;
  return unwanted ? EVSEAL_SKIP : answer_at(j, "component");
}

static evseal_answer on_chunk(void* user, const evseal_component* component, uint64_t offset,
                              evseal_span bytes) {
  (void)component;
  (void)offset;
  (void)bytes;
  return answer_at(user, "chunk");
}

static evseal_answer on_end(void* user, const evseal_component* component) {
  (void)component;
  return answer_at(user, "component-end");
}

static evseal_status judge_one(job* j, const uint8_t* bytes, size_t len) {
  evseal_profile profile;
  evseal_verify_config config;
  memset(&config, 0, sizeof config);
  memset(&report, 0, sizeof report);
  size_t memory_before = used;
  if (j->workspace_len != 0) {
    config.workspace_len = j->workspace_len;
  } else if (evseal_profile_open(&profile, &j->crypto, j->profile) == EVSEAL_OK) {
    config.workspace_len = EVSEAL_WORKSPACE_SIZE(profile.envelope_bytes, profile.chunk_bytes, 1);
  } else {
    config.workspace_len = 4096;
  }
  config.crypto = &j->crypto;
  config.profile = j->profile;
  config.state = j->state;
  config.recovery = j->recovery;
  config.unit = j->unit;
  config.now_known = j->now_known;
  config.now = j->now;
  config.workspace = take_memory(config.workspace_len);
  config.callbacks.user = j;
  config.callbacks.on_manifest = on_manifest;
  config.callbacks.on_component = on_component;
  config.callbacks.on_chunk = on_chunk;
  config.callbacks.on_component_end = on_end;
  evseal_status status = evseal_verify_init(&context, &config);
  if (status == EVSEAL_PENDING) {
    for (size_t at = 0; at < len; at += PIECE) {
      (void)evseal_verify_push(&context, bytes + at, len - at < PIECE ? len - at : PIECE);
    }
    status = evseal_verify_finish(&context, &report);
  }
  used = memory_before;
  return status;
}

/* Takes what a step has taught. The report points into the workspace, which is still as it was. */
static void remember(job* j, evseal_remember what) {
  size_t before = used;
  size_t capacity = EVSEAL_STATE_SIZE_MAX(EVSEAL_MAX_COMPONENTS, 16384);
  /* Behind the workspace, then to its place: the next state names what stands in the old one. */
  used += context.config.workspace_len + 8u;
  uint8_t* out = take_memory(capacity);
  size_t len = 0;
  (void)evseal_verify_next_state(&context, what, out, capacity, &len);
  used = before;
  uint8_t* kept = take_memory(len);
  memmove(kept, out, len);
  j->state.data = kept;
  j->state.len = len;
}

static evseal_status judge(job* j) {
  const uint8_t* at = j->package.data;
  size_t left = j->package.len;
  for (unsigned step = 0; step < EVSEAL_MAX_STEPS; step++) {
    uint64_t size = left < EVSEAL_HEADER_LEN ? 0 : evseal_step_size(at);
    if (size == 0 || size >= left) {
      break;
    }
    if (judge_one(j, at, (size_t)size) == EVSEAL_OK) {
      remember(j, EVSEAL_REMEMBER_ALL);
      j->recovery.len = 0;
    } else if (report.learnt) {
      remember(j, EVSEAL_REMEMBER_REVOCATIONS);
    }
    at += size;
    left -= (size_t)size;
  }
  return judge_one(j, at, left);
}

static void make_initial_state(job* j) {
  evseal_profile profile;
  size_t len = 0;
  uint8_t* out = take_memory(256);
  if (evseal_profile_open(&profile, &j->crypto, j->profile) == EVSEAL_OK) {
    (void)evseal_state_write_initial(out, 256, &len, &j->crypto, &profile);
  }
  j->state.data = out;
  j->state.len = len;
}

static void take_field(job* j, char letter, evseal_span octets) {
  switch (letter) {
    case 'n':
      j->name = octets;
      break;
    case 'd':
      j->profile = octets;
      break;
    case 's':
      j->state = octets;
      break;
    case 'i': /* factory-new; behind the profile */
      make_initial_state(j);
      break;
    case 'c':
      j->recovery = octets;
      break;
    case 'p':
      j->package = octets;
      break;
    case 'h':
      j->unit.hardware_known = true;
      j->unit.hardware = (uint32_t)number_of(octets);
      break;
    case 'u':
      j->unit.serial = octets;
      break;
    case 't':
      j->now_known = true;
      j->now = (int64_t)number_of(octets);
      break;
    case 'k':
      j->skip = octets;
      break;
    case 'a':
      j->abort_at = octets;
      break;
    case 'w':
      j->workspace_len = (uint32_t)number_of(octets);
      break;
    case '-':
      j->crypto.ed25519 = NULL;
      break;
    default:
      stop("judge: unknown field");
  }
}

static void print_verdict(const job* j, evseal_status status) {
  char name[80];
  size_t len = j->name.len < sizeof name - 1 ? j->name.len : sizeof name - 1;
  memcpy(name, j->name.data, len);
  name[len] = '\0';
  host_print(name);
  host_print(" ");
  host_print(evseal_status_name(status));
  host_print("\n");
}

int main(void) {
  char path[256];
  if (!host_command_line(path, sizeof path)) {
    stop("judge: no command line");
  }
  int file = host_open(path, HOST_READ);
  if (file < 0) {
    stop("judge: the file of jobs cannot be opened");
  }
  uint8_t head[5];
  job j;
  memset(&j, 0, sizeof j);
  j.crypto = *crypto_of_board();
  while (host_read(file, head, sizeof head) == sizeof head) {
    evseal_span octets = {head + 1, 4};
    size_t len = (size_t)number_of(octets);
    if (head[0] == 'R') {
      print_verdict(&j, judge(&j));
      memset(&j, 0, sizeof j);
      j.crypto = *crypto_of_board();
      used = 0;
      continue;
    }
    uint8_t* place = take_memory(len);
    if (host_read(file, place, len) != len) {
      stop("judge: the file of jobs ends too early");
    }
    octets.data = place;
    octets.len = len;
    take_field(&j, (char)head[0], octets);
  }
  return 0;
}
