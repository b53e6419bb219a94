/* charger-update: how a charger's Linux takes a package. A sample to be copied; README.md says
 * what every part is for. */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "charger.h"
#include "files.h"
#include "say.h"

#define MAX_PROFILE 65536u

static const char the_usage[] =
    "charger-update --root DIR --device PROFILE.evd COMMAND [OPTIONS]\n"
    "\n"
    "  install [FILE]    takes a package from FILE or standard input into the other slots\n"
    "  offset            says where in the file a download that broke off goes on\n"
    "  boot              says what boots now; counts the boots of an update\n"
    "  confirm ID        a component of the update works; with the last one the floors are raised\n"
    "  fail ID           it does not: back to the old slots, all of them\n"
    "  status            says what is in which slot\n"
    "  init              at the factory, once: slot-a/ID.img is what was programmed\n"
    "\n"
    "  --offset N        install: the input begins at octet N of the file\n"
    "  --slice ID=PATH   install, offset: hands this component's controller its slice\n"
    "  --hardware N      hardware revision of this unit\n"
    "  --serial S        its serial number\n"
    "  --boots N         boot: how often an update may be tried (default 3)\n"
    "  --sync-bytes N    install: save progress at least this often (default 1048576)\n"
    "\n"
    "One JSON object a line. Exit codes are those of evseal-verify: 0 done, 2 configuration,\n"
    "3 not authentic, 4 refused, 5 malformed or cut off, 6 files.\n";

static charger the_charger;
static uint8_t the_profile[MAX_PROFILE];

typedef struct options {
  const char* root;
  const char* profile;
  const char* command;
  const char* operand;
  uint64_t offset;
} options;

static int wrong(const char* what, const char* why) {
  (void)say_error(EVSEAL_CLASS_CONFIGURATION, what, why, "see --help");
  return EVSEAL_CLASS_CONFIGURATION;
}

static bool read_number(uint64_t* out, const char* text, uint64_t most) {
  char* end = NULL;
  errno = 0;
  unsigned long long value = strtoull(text, &end, 10);
  *out = value;
  return errno == 0 && text[0] >= '0' && text[0] <= '9' && *end == '\0' && value <= most;
}

/* ID=PATH; the text is cut in two. */
static int add_slice(char* text) {
  char* equals = strchr(text, '=');
  if (equals == NULL || the_charger.num_slices == CHARGER_MAX_SLICES) {
    return wrong("--slice", equals == NULL ? "is not ID=PATH" : "there are too many");
  }
  *equals = '\0';
  handover* slice = &the_charger.slices[the_charger.num_slices++];
  return handover_prepare(slice, text, equals + 1) ? 0 : say_io(equals + 1);
}

static int read_option(options* given, int option) {
  uint64_t number = 0;
  switch (option) {
    case 'r':
      given->root = optarg;
      return 0;
    case 'd':
      given->profile = optarg;
      return 0;
    case 'o':
      return read_number(&given->offset, optarg, INT64_MAX)
                 ? 0
                 : wrong("--offset", "is not a number of octets");
    case 's':
      return add_slice(optarg);
    case 'w':
      the_charger.unit.hardware_known = read_number(&number, optarg, INT32_MAX);
      the_charger.unit.hardware = (uint32_t)number;
      return the_charger.unit.hardware_known ? 0 : wrong("--hardware", "is not a revision");
    case 'n':
      the_charger.unit.serial.data = (const uint8_t*)optarg;
      the_charger.unit.serial.len = strlen(optarg);
      return 0;
    case 'b':
      if (!read_number(&number, optarg, 1000) || number == 0) {
        return wrong("--boots", "is not a number from 1 to 1000");
      }
      the_charger.max_boots = (unsigned)number;
      return 0;
    case 'y':
      return read_number(&the_charger.sync_bytes, optarg, INT64_MAX)
                 ? 0
                 : wrong("--sync-bytes", "is not a number of octets");
    default:
      return wrong("options", "there is no such option, or its value is missing");
  }
}

/* 0, or an exit code; -1 after --help. */
static int read_options(options* given, int argc, char** argv) {
  static const struct option known[] = {
      {"root", required_argument, NULL, 'r'},     {"device", required_argument, NULL, 'd'},
      {"offset", required_argument, NULL, 'o'},   {"slice", required_argument, NULL, 's'},
      {"hardware", required_argument, NULL, 'w'}, {"serial", required_argument, NULL, 'n'},
      {"boots", required_argument, NULL, 'b'},    {"sync-bytes", required_argument, NULL, 'y'},
      {"help", no_argument, NULL, 'h'},           {NULL, 0, NULL, 0}};
  int option = 0;
  opterr = 0;
  while ((option = getopt_long(argc, argv, "h", known, NULL)) != -1) {
    if (option == 'h') {
      (void)fputs(the_usage, stdout);
      return -1;
    }
    int code = read_option(given, option);
    if (code != 0) {
      return code;
    }
  }
  given->command = optind < argc ? argv[optind++] : NULL;
  given->operand = optind < argc ? argv[optind++] : NULL;
  if (given->command == NULL || given->root == NULL || given->profile == NULL || optind < argc) {
    return wrong("command line", "needs --root, --device and one command");
  }
  return 0;
}

/* One process at a time: a second one would write into the same slot. */
static int lock_root(const char* path) {
  the_charger.root = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  int lock = the_charger.root < 0
                 ? -1
                 : openat(the_charger.root, "lock", O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (lock < 0) {
    return say_io(path);
  }
  if (flock(lock, LOCK_EX | LOCK_NB) != 0) { /* held until the process ends */
    return say_error(EVSEAL_CLASS_IO, path, "another charger-update works here",
                     "wait until it has ended");
  }
  return 0;
}

/* A device has it compiled in, where verified boot covers it: evseal device build --c-header. */
static int load_profile(const char* path) {
  size_t len = 0;
  if (!file_load(AT_FDCWD, path, the_profile, sizeof the_profile, &len)) {
    return say_io(path);
  }
  the_charger.profile.data = the_profile;
  the_charger.profile.len = len;
  return 0;
}

static int install(const options* given) {
  int input = STDIN_FILENO;
  if (given->operand != NULL && strcmp(given->operand, "-") != 0) {
    input = open(given->operand, O_RDONLY | O_CLOEXEC);
    if (input < 0 || lseek(input, (off_t)given->offset, SEEK_SET) < 0) {
      return say_io(given->operand);
    }
  }
  return update_install(&the_charger, input, given->offset);
}

static int run_command(const options* given) {
  const char* command = given->command;
  bool about_component = strcmp(command, "confirm") == 0 || strcmp(command, "fail") == 0;
  if (about_component != (given->operand != NULL) && strcmp(command, "install") != 0) {
    return wrong(command, about_component ? "needs a component" : "takes no operand");
  }
  if (strcmp(command, "init") == 0) {
    return boot_init(&the_charger);
  }
  evseal_status status = slots_load(&the_charger.slots, the_charger.root, &CHARGER_CRYPTO);
  if (status != EVSEAL_OK) {
    return status == EVSEAL_ABORTED ? say_io("slots") : say_failure("slots", status);
  }
  int code = boot_settle(&the_charger);
  if (strcmp(command, "boot") == 0) {
    return boot_boot(&the_charger); /* a charger boots, whatever else is wrong */
  }
  if (code != 0) {
    return code;
  }
  if (strcmp(command, "install") == 0) {
    return install(given);
  }
  if (about_component) {
    return strcmp(command, "confirm") == 0 ? boot_confirm(&the_charger, given->operand)
                                           : boot_fail(&the_charger, given->operand);
  }
  if (strcmp(command, "offset") == 0) {
    return update_offset(&the_charger);
  }
  return strcmp(command, "status") == 0 ? boot_status(&the_charger)
                                        : wrong(command, "is no command");
}

int main(int argc, char** argv) {
  options given;
  memset(&given, 0, sizeof given);
  the_charger.max_boots = 3;
  the_charger.sync_bytes = 1u << 20;
  (void)signal(SIGPIPE, SIG_IGN);
  int code = read_options(&given, argc, argv);
  if (code == 0) {
    code = lock_root(given.root);
  }
  if (code == 0) {
    code = load_profile(given.profile);
  }
  if (code == 0) {
    code = run_command(&given);
  }
  return fflush(stdout) == 0 ? (code < 0 ? 0 : code) : EVSEAL_CLASS_IO;
}
