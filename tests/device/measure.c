/*
 * What one verification takes on this core: `PROFILE STATE PACKAGE` on the command line. Prints one
 * line of names and numbers; report.py reads it.
 *
 * Time is counted in ticks of a timer that QEMU drives by instructions (-icount shift=0), stack by
 * painting it.
 */
#include <evseal/verify.h>
#include <string.h>

#include "crypto_of_board.h"
#include "measured_crypto.h"
#include "semihosting.h"

#define PAINT 0xA5u
#define MAX_ENVELOPE 8192u
#define MAX_CHUNK 4096u

static uint8_t profile[4096];
static uint8_t state[4096];
static uint8_t workspace[EVSEAL_WORKSPACE_SIZE(MAX_ENVELOPE, MAX_CHUNK, 1)];
static uint8_t package[3u << 20] __attribute__((section(".storage")));
static evseal_verify_ctx context;
static evseal_report report;
extern uint8_t board_stack_bottom[];

#if defined(__riscv)
static uint64_t instructions(void) {
  uint32_t low;
  uint32_t high;
  __asm__ volatile(
      ".option push\n.option arch, +zicsr\ncsrr %0, minstret\ncsrr %1, minstreth\n.option pop"
      : "=r"(low), "=r"(high));
  return (uint64_t)high << 32 | low;
}
static void start_counting(void) {}
#else
/* SysTick: 24 bits, counting down; one tick is INSTRUCTIONS_PER_TICK instructions. */
#define SYSTICK ((volatile uint32_t*)0xE000E010u)
static volatile uint32_t wraps;
void board_tick(void);
void board_tick(void) {
  wraps++;
}
static void start_counting(void) {
  SYSTICK[1] = 0xFFFFFFu;
  SYSTICK[2] = 0;
  SYSTICK[0] = 7; /* enabled, with its interrupt, the processor's clock */
}
static uint64_t instructions(void) {
  uint32_t before = 0;
  uint32_t value = 0;
  do {
    before = wraps;
    value = SYSTICK[2];
  } while (before != wraps);
  return ((uint64_t)before * 0x1000000u + (0xFFFFFFu - value)) * INSTRUCTIONS_PER_TICK;
}
#endif

static uint8_t* here(void) {
  return __builtin_frame_address(0);
}

/* Noinline, so that what it paints lies below its caller. */
__attribute__((noinline)) static void paint(void) {
  uint8_t* top = here() - 128;
  for (uint8_t* at = board_stack_bottom; at < top; at++) {
    *(volatile uint8_t*)at = PAINT;
  }
}

static size_t touched_below(const uint8_t* top) {
  const uint8_t* at = board_stack_bottom;
  while (at < top && *at == PAINT) {
    at++;
  }
  return (size_t)(top - at);
}

static size_t read_file(const char* path, uint8_t* out, size_t size) {
  int file = host_open(path, HOST_READ);
  size_t len = file < 0 ? 0 : host_read(file, out, size);
  if (len == 0) {
    host_print("measure: a file cannot be read\n");
    host_exit(2);
  }
  host_close(file);
  return len;
}

static void say(const char* name, uint64_t number) {
  host_print(" ");
  host_print(name);
  host_print("=");
  host_print_number(number);
}

/* As verify.c does it and no more: what the payload's octets cost when they are only hashed. */
static uint64_t bare_hash(const evseal_crypto* crypto, const uint8_t* bytes, size_t len) {
  uint8_t digest[EVSEAL_SHA256_LEN];
  uint64_t start = instructions();
  for (size_t at = 0; at < len; at += MAX_CHUNK) {
    evseal_span piece = {bytes + at, len - at < MAX_CHUNK ? len - at : MAX_CHUNK};
    (void)crypto->sha256(digest, &piece, 1);
  }
  return instructions() - start;
}

/* Gives the package from `at` on, to the start of the payload or to the end; where it stopped. */
static size_t feed(size_t at, size_t len, bool to_payload) {
  uint8_t* place = NULL;
  size_t room = evseal_verify_buffer(&context, &place);
  while (at < len && room > 0 && !(to_payload && evseal_verify_at_payload(&context))) {
    size_t now = len - at < room ? len - at : room;
    memcpy(place, package + at, now);
    (void)evseal_verify_commit(&context, now);
    at += now;
    room = evseal_verify_buffer(&context, &place);
  }
  return at;
}

int main(void) {
  char line[256];
  if (!host_command_line(line, sizeof line)) {
    return 2;
  }
  char* second = strchr(line, ' ');
  char* third = second == NULL ? NULL : strchr(second + 1, ' ');
  if (third == NULL) {
    return 2;
  }
  *second++ = '\0';
  *third++ = '\0';
  evseal_verify_config config;
  memset(&config, 0, sizeof config);
  config.crypto = measured_crypto();
  config.profile.data = profile;
  config.profile.len = read_file(line, profile, sizeof profile);
  config.state.data = state;
  config.state.len = read_file(second, state, sizeof state);
  size_t len = read_file(third, package, sizeof package);
  config.unit.hardware_known = true;
  config.unit.hardware = 3;
  config.workspace = workspace;
  config.workspace_len = sizeof workspace;
  start_counting();
  paint();
  const uint8_t* top = here();
  uint64_t start = instructions();
  (void)evseal_verify_init(&context, &config);
  size_t payload_at = feed(0, len, true);
  uint64_t payload = instructions();
  (void)feed(payload_at, len, false);
  uint64_t end = instructions();
  evseal_status status = evseal_verify_finish(&context, &report);
  host_print(status == EVSEAL_OK ? "ok" : "refused");
  say("context", sizeof context);
  say("stack", touched_below(top));
  say("envelope_instructions", payload - start);
  say("payload_instructions", end - payload);
  say("payload_octets", len - payload_at);
  say("hash_instructions", bare_hash(config.crypto, package + payload_at, len - payload_at));
  say("operations", report.operations);
  host_print("\n");
  return status == EVSEAL_OK ? 0 : 1;
}
