#include "options.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "hints.h"
#include "report.h"

static const char help_text[] =
    "evseal-verify --device D.evd --state S.evt fw.evs     is this package for this device, whole "
    "and authentic?\n"
    "evseal-verify --device D.evd --state S.evt --write rootfs=/dev/mmcblk0p3.img - < fw.evs\n"
    "\n"
    "Judges an evseal package by the rules of docs/format.md, as the charger does, in one pass.\n"
    "\n"
    "  --device FILE     compiled device profile (evseal device build)\n"
    "  --state FILE      device state; or\n"
    "  --factory-new     judge as a device that has learnt nothing yet\n"
    "  --next-state FILE write the state that the device should store next\n"
    "  --remember WHAT   all (default): what follows from the verdict too, to be stored once the "
    "firmware has booted, a\n"
    "                    trust-update's at once; revocations: what is stored at once whatever the "
    "verdict\n"
    "  --recovery HEX    challenge of this unit, whose state is lost; in the place of --state\n"
    "  --hardware N      hardware revision of this unit\n"
    "  --serial TEXT     serial number of this unit\n"
    "  --now TIME        the trusted clock, as 2026-11-20T12:00:00Z (default: the system's, where "
    "the profile trusts it)\n"
    "  --write ID=FILE   write the verified image of a component; FILE appears only with the final "
    "verdict\n"
    "  --force           replace existing files\n"
    "  --json            one JSON object on standard output\n"
    "  --quiet           no text, the exit code alone\n"
    "  FILE or -         the package, or standard input\n"
    "\n"
    "Trust-updates in front of the package are taken on the way, each by a verdict of its own; a "
    "refused one is left out.\n"
    "\n"
    "Exit codes: 0 accepted, 2 usage or configuration, 3 not authentic, 4 authentic but refused, 5 "
    "malformed or over a\n"
    "limit, 6 file input/output, 130 interrupted (SIGINT, SIGTERM, SIGHUP).\n"
    "\n"
    "Without --write the answer is about the bytes that were read now: it is no licence to install "
    "from the same path\n"
    "later, when it may hold others.\n";

/* Usage errors are answered in the form that the whole command line asks for, wherever --json
 * stands in it. */
static bool wants_json;

static options_result wrong(const char* what, const char* why, const char* hint) {
  options given = {.json = wants_json};
  report_error(&given, EVSEAL_CLASS_CONFIGURATION, "usage", false, what, why, hint);
  return OPTIONS_WRONG;
}

static bool read_u32(const char* text, uint32_t* out) {
  char* end = NULL;
  errno = 0;
  unsigned long value = strtoul(text, &end, 10);
  if (errno != 0 || end == text || *end != '\0' || text[0] == '-' || value > 0x7FFFFFFFUL) {
    return false;
  }
  *out = (uint32_t)value;
  return true;
}

static int hex_digit(char c) {
  return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static bool read_challenge(const char* text, uint8_t out[CHALLENGE_LEN]) {
  for (size_t i = 0; i < CHALLENGE_LEN; i++) {
    int high = hex_digit(text[2 * i]);
    int low = high < 0 ? -1 : hex_digit(text[2 * i + 1]);
    if (low < 0) {
      return false;
    }
    out[i] = (uint8_t)(high * 16 + low);
  }
  return text[(size_t)2 * CHALLENGE_LEN] == '\0';
}

static bool read_time(const char* text, int64_t* out) {
  struct tm time;
  memset(&time, 0, sizeof time);
  const char* end = strptime(text, "%Y-%m-%dT%H:%M:%SZ", &time);
  if (end == NULL || *end != '\0') {
    return false;
  }
  /* A day that does not exist would be carried into the next month. */
  int day = time.tm_mday;
  *out = (int64_t)timegm(&time);
  return time.tm_mday == day;
}

/* NULL, or what is wrong with a --write. */
static const char* read_write(options* out, const char* value) {
  const char* equals = strchr(value, '=');
  if (equals == NULL || equals == value || equals[1] == '\0') {
    return "needs a component and a file: ID=FILE";
  }
  if (out->num_writes == MAX_WRITES) {
    return "is given more often than a package can have components";
  }
  unsigned id_len = (unsigned)(equals - value);
  for (unsigned i = 0; i < out->num_writes; i++) {
    const write_option* other = &out->writes[i];
    if (strcmp(other->path, equals + 1) == 0) {
      return "names a file twice: two images cannot be one file";
    }
    if (other->id_len == id_len && memcmp(other->id, value, id_len) == 0) {
      return "names a component twice: its image is written once";
    }
  }
  write_option* write = &out->writes[out->num_writes++];
  write->id = value;
  write->id_len = id_len;
  write->path = equals + 1;
  return NULL;
}

static bool read_flag(options* out, const char* name) {
  if (strcmp(name, "--factory-new") == 0) {
    out->factory_new = true;
  } else if (strcmp(name, "--json") == 0) {
    out->json = true;
  } else if (strcmp(name, "--quiet") == 0) {
    out->quiet = true;
  } else if (strcmp(name, "--force") == 0) {
    out->force = true;
  } else {
    return false;
  }
  return true;
}

static const char* const valued_names[] = {"--device",     "--state",    "--hardware",
                                           "--serial",     "--now",      "--write",
                                           "--next-state", "--remember", "--recovery"};
static const char* const all_names[] = {"--device",   "--state",       "--hardware",   "--serial",
                                        "--now",      "--write",       "--next-state", "--remember",
                                        "--recovery", "--factory-new", "--json",       "--quiet",
                                        "--force",    "--help",        "--version"};
#define COUNT(array) (sizeof(array) / sizeof(array)[0])

static bool has_value(const char* name) {
  for (size_t i = 0; i < COUNT(valued_names); i++) {
    if (strcmp(name, valued_names[i]) == 0) {
      return true;
    }
  }
  return false;
}

/* An option with a value; NULL, or what is wrong with the value. */
static const char* read_valued(options* out, const char* name, const char* value) {
  if (strcmp(name, "--device") == 0) {
    out->device = value;
  } else if (strcmp(name, "--state") == 0) {
    out->state = value;
  } else if (strcmp(name, "--next-state") == 0) {
    out->next_state = value;
  } else if (strcmp(name, "--remember") == 0) {
    out->remember_revocations = strcmp(value, "revocations") == 0;
    bool known = out->remember_revocations || strcmp(value, "all") == 0;
    return known ? NULL : "is `revocations` or `all`";
  } else if (strcmp(name, "--recovery") == 0) {
    out->recovery_known = read_challenge(value, out->recovery);
    return out->recovery_known ? NULL : "needs 64 hexadecimal digits";
  } else if (strcmp(name, "--serial") == 0) {
    out->serial = value;
  } else if (strcmp(name, "--hardware") == 0) {
    out->hardware_known = read_u32(value, &out->hardware);
    return out->hardware_known ? NULL : "needs a number from 0 to 2147483647";
  } else if (strcmp(name, "--now") == 0) {
    out->now_known = read_time(value, &out->now);
    return out->now_known ? NULL : "needs a time such as 2026-11-20T12:00:00Z";
  } else {
    return read_write(out, value);
  }
  return NULL;
}

static options_result unknown_option(const char* word) {
  static char hint[96];
  const char* near = hint_nearest(word, all_names, COUNT(all_names));
  (void)snprintf(hint, sizeof hint, "%s%s%s`evseal-verify --help` lists the options",
                 near == NULL ? "" : "did you mean ", near == NULL ? "" : near,
                 near == NULL ? "" : "? ");
  return wrong(word, "is no option", hint);
}

static options_result read_option(options* out, const char* word, const char* value) {
  if (!has_value(word)) {
    return unknown_option(word);
  }
  const char* problem = value == NULL ? "needs a value" : read_valued(out, word, value);
  return problem == NULL ? OPTIONS_RUN : wrong(word, problem, "see `evseal-verify --help`");
}

static options_result check(const options* out) {
  if (out->device == NULL) {
    return wrong("--device", "is missing",
                 "name a compiled device profile; `evseal device build` makes one");
  }
  if (out->recovery_known && (out->state != NULL || out->factory_new)) {
    return wrong("--recovery", "stands in the place of --state and --factory-new",
                 "a device that asks for recovery has no state");
  }
  if (!out->recovery_known && (out->state == NULL) == !out->factory_new) {
    return wrong("--state", "give either --state FILE or --factory-new",
                 "without its state a device cannot know a rollback; --factory-new says that there "
                 "is none yet");
  }
  for (unsigned i = 0; i < out->num_writes; i++) {
    if (out->next_state != NULL && strcmp(out->next_state, out->writes[i].path) == 0) {
      return wrong("--next-state", "names a file that --write names too",
                   "the state and an image cannot be one file");
    }
  }
  if (out->package == NULL) {
    return wrong("package", "is missing", "name a .evs file, or - for standard input");
  }
  return OPTIONS_RUN;
}

options_result options_read(options* out, int argc, char** argv) {
  memset(out, 0, sizeof *out);
  for (int i = 1; i < argc; i++) {
    wants_json = wants_json || strcmp(argv[i], "--json") == 0;
  }
  for (int i = 1; i < argc; i++) {
    const char* word = argv[i];
    if (strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0) {
      (void)fputs(help_text, stdout);
      return OPTIONS_DONE;
    }
    if (strcmp(word, "--version") == 0) {
      (void)fputs("evseal-verify " EVSEAL_VERSION "\n", stdout);
      return OPTIONS_DONE;
    }
    if (word[0] != '-' || word[1] == '\0') {
      if (out->package != NULL) {
        return wrong(word, "is a second package", "one call judges one package");
      }
      out->package = word;
    } else if (!read_flag(out, word)) {
      if (read_option(out, word, argv[i + 1]) != OPTIONS_RUN) {
        return OPTIONS_WRONG;
      }
      i++;
    }
  }
  return check(out);
}
