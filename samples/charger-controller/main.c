/*
 * A safety controller without an operating system: `PROGRAM COMMAND FLASH [...]` over semihosting.
 * One start of the board carries out one command; the flash is a file of the host.
 *
 *   provision FLASH PROFILE     the factory: profile and initial state
 *   boot FLASH                  what the bootloader does at each start; says which slot it boots
 *   update FLASH PACKAGE        takes a slice, in pieces of 48 octets, as a UART would deliver it
 *   confirm FLASH               the image that was booted works
 *
 * A last word cut=N lets the power fail in the middle of the N-th change of the flash. Each answer
 * is one line; the exit code is 0 where all went well, 1 where something was refused, 2 for a wrong
 * call and 42 for a power cut.
 */
#include <string.h>

#include "boot.h"
#include "controller_crypto.h"
#include "flash.h"
#include "semihosting.h"
#include "update.h"

#define MAX_WORDS 5u

static char line[256];
static char* words[MAX_WORDS];
static unsigned num_words;
static int package = -1;

static void split_line(void) {
  for (char* at = line; *at != '\0' && num_words < MAX_WORDS; num_words++) {
    words[num_words] = at;
    at += strcspn(at, " ");
    if (*at != '\0') {
      *at++ = '\0';
    }
  }
}

/* The last word, where it is cut=N. */
static uint32_t take_cut(void) {
  uint32_t out = 0;
  if (num_words > 0 && strncmp(words[num_words - 1], "cut=", 4) == 0) {
    for (const char* digit = words[--num_words] + 4; *digit >= '0' && *digit <= '9'; digit++) {
      out = out * 10u + (uint32_t)(*digit - '0');
    }
  }
  return out;
}

static bool is_command(const char* name, unsigned num) {
  return num_words == num && strcmp(words[0], name) == 0;
}

static void say_number(const char* name, uint64_t number) {
  host_print(name);
  host_print_number(number);
}

static int provision(const char* path) {
  static uint8_t profile[FLASH_SECTOR];
  int file = host_open(path, HOST_READ);
  size_t len = file < 0 ? 0 : host_read(file, profile, sizeof profile);
  bool done = len > 0 && update_provision(profile, len, controller_crypto());
  host_print(done ? "provisioned\n" : "not provisioned\n");
  return done ? 0 : 1;
}

static int boot(void) {
  boot_record record;
  bool fell_back = false;
  bool settled = update_settle(controller_crypto());
  bool bootable = boot_choose(&record, &fell_back, controller_crypto());
  if (!bootable) {
    host_print("nothing to boot\n");
    return 1;
  }
  say_number("boot slot ", record.active);
  host_print(record.tries_left != 0 ? " on trial" : " confirmed");
  host_print(fell_back ? " after a failed update" : "");
  host_print(settled ? "\n" : ", state not stored\n");
  return settled ? 0 : 1;
}

static size_t read_package(uint64_t offset, uint8_t* out, size_t len) {
  return host_seek(package, (size_t)offset) ? host_read(package, out, len) : 0;
}

static int update(const char* path) {
  static evseal_report report;
  package = host_open(path, HOST_READ);
  if (package < 0) {
    host_print("no package\n");
    return 2;
  }
  evseal_status status = update_run(&report, read_package, controller_crypto());
  host_print(evseal_status_name(status));
  say_number(" fetched ", update_octets_fetched());
  say_number(" operations ", report.operations);
  say_number(" changes ", flash_changes());
  host_print("\n");
  return status == EVSEAL_OK ? 0 : 1;
}

int main(void) {
  if (host_command_line(line, sizeof line)) {
    split_line();
  }
  uint32_t cut = take_cut();
  if (num_words < 2 || !flash_open(words[1], cut)) {
    host_print(
        "usage: provision FLASH PROFILE | boot FLASH | update FLASH PACKAGE | confirm FLASH\n");
    return 2;
  }
  if (is_command("provision", 3)) {
    return provision(words[2]);
  }
  if (is_command("boot", 2)) {
    return boot();
  }
  if (is_command("update", 3)) {
    return update(words[2]);
  }
  if (is_command("confirm", 2)) {
    bool done = update_confirm(controller_crypto());
    host_print(done ? "confirmed\n" : "not confirmed\n");
    return done ? 0 : 1;
  }
  host_print("unknown command\n");
  return 2;
}
