#include "options.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

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

static bool read_write(options* out, const char* value) {
  const char* equals = strchr(value, '=');
  if (equals == NULL || equals == value || equals[1] == '\0' || out->num_writes == MAX_WRITES) {
    return false;
  }
  for (unsigned i = 0; i < out->num_writes; i++) {
    if (strcmp(out->writes[i].path, equals + 1) == 0) {
      return false; /* two images cannot be one file */
    }
  }
  write_option* write = &out->writes[out->num_writes++];
  write->id = value;
  write->id_len = (unsigned)(equals - value);
  write->path = equals + 1;
  return true;
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

/* An option with a value; false when the name is none or the value is wrong. */
static bool read_valued(options* out, const char* name, const char* value) {
  if (strcmp(name, "--device") == 0) {
    out->device = value;
    return true;
  }
  if (strcmp(name, "--state") == 0) {
    out->state = value;
    return true;
  }
  if (strcmp(name, "--serial") == 0) {
    out->serial = value;
    return true;
  }
  if (strcmp(name, "--hardware") == 0) {
    out->hardware_known = read_u32(value, &out->hardware);
    return out->hardware_known;
  }
  if (strcmp(name, "--now") == 0) {
    out->now_known = read_time(value, &out->now);
    return out->now_known;
  }
  return strcmp(name, "--write") == 0 && read_write(out, value);
}

static options_result check(const options* out) {
  if (out->device == NULL) {
    return wrong("--device", "is missing",
                 "name a compiled device profile; `evseal device build` makes one");
  }
  if ((out->state == NULL) == !out->factory_new) {
    return wrong("--state", "give either --state FILE or --factory-new",
                 "without its state a device cannot know a rollback; --factory-new says that there "
                 "is none yet");
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
    if (strncmp(word, "--", 2) != 0 || word[2] == '\0') {
      if (out->package != NULL) {
        return wrong(word, "is a second package", "one call judges one package");
      }
      out->package = word;
    } else if (!read_flag(out, word)) {
      if (i + 1 == argc || !read_valued(out, word, argv[i + 1])) {
        return wrong(word, "is no option, or its value is missing or wrong",
                     "see evseal-verify --help");
      }
      i++;
    }
  }
  return check(out);
}
