/*
 * What one skipped or misdirected instruction in the verifier can do: nothing, it should turn out.
 *
 *   glitch LENGTHS PROFILE STATE PACKAGE HARDWARE SERIAL PER_PC
 *
 * The package must be one that is refused. Each instruction of the verify library is a breakpoint;
 * whenever the verification reaches one the program forks, and the child goes on without that
 * instruction (or, at a conditional jump, on each of the two sides). A child that ends with an
 * acceptance is a hit. LENGTHS says for each instruction of the library its offset, its length, and
 * for a conditional jump where it leads; glitch.py makes it from the disassembly.
 *
 * STATE, HARDWARE and SERIAL may be `-`: a factory-new device, not known. PER_PC is how often one
 * instruction is tried: a first run counts how often it is reached, and the tries are spread evenly
 * over that, the last time always among them: it is nearest to the refusal. What is reached more
 * than MAX_COUNT times is tried within the first MAX_COUNT, and then runs at full speed. The last
 * line is "STATUS trials N endless N hits N": how the package is refused, and how many children had
 * to be stopped. x86-64 Linux only. The crypto backend is outside: it has its own makers.
 */
#define _GNU_SOURCE
#include <evseal/verify.h>
#include <fcntl.h>
#include <link.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <ucontext.h>
#include <unistd.h>

#define TRAP_FLAG 0x100
#define BREAKPOINT 0xCC
#define MAX_CODE (1u << 20)
#define MAX_COUNT 64u
#define ACCEPTED 77
/* Of processor time; a whole verification takes about 1,000. */
#define CHILD_MICROSECONDS 20000

typedef struct instruction {
  unsigned char length;
  unsigned char first; /* its first octet, where the breakpoint is */
  unsigned count;      /* how often it is reached, MAX_COUNT at most */
  unsigned reached;    /* in the present run */
  int target;          /* of a conditional jump; 0 for another instruction */
} instruction;

/* The library: where it was loaded, and its segment of code in memory and in its file. */
static uintptr_t the_base;
static void* the_text;
static size_t the_text_len;
static off_t the_text_offset;
static int the_file = -1;

static instruction the_code[MAX_CODE];
static unsigned the_per_pc;
static bool the_counting;
static uintptr_t the_step_from; /* the breakpoint that was left by a single step; 0 for none */
static pid_t the_parent;
static unsigned long the_trials;
static unsigned long the_endless;
static unsigned long the_hits;

static evseal_verify_ctx the_ctx;
static _Alignas(8) uint8_t the_workspace[EVSEAL_WORKSPACE_SIZE(65536, 1048576, 1)];

static evseal_span read_file(const char* path) {
  evseal_span none = {NULL, 0};
  FILE* file = fopen(path, "rb");
  if (file == NULL) {
    return none;
  }
  uint8_t* bytes = malloc(1u << 24);
  size_t len = fread(bytes, 1, 1u << 24, file);
  (void)fclose(file);
  evseal_span span = {bytes, len};
  return span;
}

/* The verify library is the one object loaded whose name says so. */
static int find_library(struct dl_phdr_info* info, size_t size, void* user) {
  (void)size;
  (void)user;
  if (strstr(info->dlpi_name, "evseal_verify_glitch") == NULL) {
    return 0;
  }
  for (unsigned i = 0; i < info->dlpi_phnum; i++) {
    const ElfW(Phdr)* segment = &info->dlpi_phdr[i];
    if (segment->p_type == PT_LOAD && (segment->p_flags & PF_X) != 0) {
      the_base = info->dlpi_addr;
      the_text = (void*)(the_base + segment->p_vaddr);
      the_text_len = segment->p_memsz;
      the_text_offset = (off_t)segment->p_offset;
      the_file = open(info->dlpi_name, O_RDONLY | O_CLOEXEC);
    }
  }
  return 1;
}

static bool read_lengths(const char* path) {
  FILE* file = fopen(path, "r");
  unsigned long offset = 0;
  unsigned length = 0;
  int target = 0;
  if (file == NULL) {
    return false;
  }
  while (fscanf(file, "%lx %u %x", &offset, &length, (unsigned*)&target) == 3) {
    if (offset < MAX_CODE) {
      the_code[offset].length = (unsigned char)length;
      the_code[offset].target = target;
    }
  }
  (void)fclose(file);
  return true;
}

static uint8_t* code_at(size_t offset) {
  return (uint8_t*)(the_base + offset);
}

/* Makes a breakpoint of each instruction. */
static bool set_breakpoints(void) {
  if (mprotect(the_text, the_text_len, PROT_READ | PROT_WRITE | PROT_EXEC) != 0) {
    return false;
  }
  for (size_t i = 0; i < MAX_CODE; i++) {
    if (the_code[i].length > 0) {
      the_code[i].first = *code_at(i);
      the_code[i].reached = 0;
      *code_at(i) = BREAKPOINT;
    }
  }
  return true;
}

/* The library as it is in its file: no breakpoints. */
static void restore_library(void) {
  if (mmap(the_text, the_text_len, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_FIXED, the_file,
           the_text_offset) != the_text) {
    _exit(3);
  }
}

/* How a child ended. */
static void count_end(int state, size_t fault, size_t led_to) {
  if (WIFEXITED(state) && WEXITSTATUS(state) == 3) {
    (void)fprintf(stderr, "glitch: mmap failed\n");
    _exit(2);
  }
  the_endless += WIFSIGNALED(state) && WTERMSIG(state) == SIGPROF ? 1 : 0;
  if (WIFEXITED(state) && WEXITSTATUS(state) == ACCEPTED) {
    the_hits++;
    (void)printf("hit at %zx -> %zx\n", fault, led_to);
    (void)fflush(stdout);
  }
}

/* Forks; the child goes on at `led_to`. True in the parent. */
static bool try_at(greg_t* registers, size_t fault, size_t led_to) {
  the_trials++;
  pid_t child = fork();
  if (child == 0) {
    /* A skipped instruction may make an endless loop of a loop: SIGPROF ends it. */
    struct itimerval limit = {{0, 0}, {0, CHILD_MICROSECONDS}};
    (void)setitimer(ITIMER_PROF, &limit, NULL);
    restore_library();
    registers[REG_RIP] = (greg_t)(the_base + led_to);
    return false;
  }
  int state = 0;
  if (child < 0 || waitpid(child, &state, 0) != child) {
    (void)fprintf(stderr, "glitch: fork failed\n");
    _exit(2);
  }
  count_end(state, fault, led_to);
  return true;
}

/* Whether to try an instruction the n-th time it is reached, n from 1 on. */
static bool is_chosen(const instruction* here, unsigned n) {
  uint64_t before = (uint64_t)(n - 1) * the_per_pc / here->count;
  return (uint64_t)n * the_per_pc / here->count != before;
}

/* Tries what may go wrong here. True in the parent. */
static bool try_instruction(greg_t* registers, const instruction* here, size_t offset) {
  return try_at(registers, offset, offset + here->length) &&
         (here->target == 0 || try_at(registers, offset, (size_t)here->target));
}

static void on_breakpoint(greg_t* registers) {
  size_t offset = (uintptr_t)registers[REG_RIP] - 1u - the_base;
  if (getpid() != the_parent || offset >= MAX_CODE || the_code[offset].length == 0) {
    _exit(4); /* a fault led into what is no instruction */
  }
  instruction* here = &the_code[offset];
  here->reached++;
  if (the_counting) {
    here->count = here->reached;
  } else if (is_chosen(here, here->reached) && !try_instruction(registers, here, offset)) {
    return;
  }
  registers[REG_RIP] = (greg_t)(the_base + offset);
  *code_at(offset) = here->first;
  if (here->reached < (the_counting ? MAX_COUNT : here->count)) {
    the_step_from = offset;
    registers[REG_EFL] |= TRAP_FLAG;
  }
}

static void on_trap(int number, siginfo_t* info, void* user) {
  (void)number;
  (void)info;
  greg_t* registers = ((ucontext_t*)user)->uc_mcontext.gregs;
  if (the_step_from != 0) {
    *code_at(the_step_from) = BREAKPOINT;
    the_step_from = 0;
    registers[REG_EFL] &= ~(greg_t)TRAP_FLAG;
    return;
  }
  on_breakpoint(registers);
}

/* What P-256 answered in the undisturbed run; the same question again is answered from here. */
typedef struct answer {
  uint8_t point[65];
  uint8_t rs[64];
  uint8_t digest[EVSEAL_SHA256_LEN];
  evseal_status status;
} answer;

static answer the_answers[EVSEAL_MAX_OPERATIONS];
static unsigned the_num_answers;

static evseal_status remembered_p256(const uint8_t* point, const uint8_t* rs, evseal_span digest) {
  answer asked;
  if (digest.len != sizeof asked.digest) {
    return evseal_crypto_openssl.ecdsa_p256(point, rs, digest);
  }
  memcpy(asked.point, point, sizeof asked.point);
  memcpy(asked.rs, rs, sizeof asked.rs);
  memcpy(asked.digest, digest.data, sizeof asked.digest);
  for (unsigned i = 0; i < the_num_answers; i++) {
    if (memcmp(&the_answers[i], &asked, offsetof(answer, status)) == 0) {
      return the_answers[i].status;
    }
  }
  asked.status = evseal_crypto_openssl.ecdsa_p256(point, rs, digest);
  if (the_num_answers < EVSEAL_MAX_OPERATIONS) {
    the_answers[the_num_answers++] = asked;
  }
  return asked.status;
}

static bool is_given(const char* argument) {
  return strcmp(argument, "-") != 0;
}

static evseal_span factory_new(evseal_span profile_blob) {
  static uint8_t state[256];
  evseal_profile profile;
  size_t len = 0;
  if (evseal_profile_open(&profile, &evseal_crypto_openssl, profile_blob) == EVSEAL_OK) {
    (void)evseal_state_write_initial(state, sizeof state, &len, &evseal_crypto_openssl, &profile);
  }
  evseal_span span = {state, len};
  return span;
}

static evseal_status judge(const evseal_verify_config* config, evseal_span package) {
  evseal_report report;
  (void)evseal_verify_init(&the_ctx, config);
  (void)evseal_verify_push(&the_ctx, package.data, package.len);
  evseal_status status = evseal_verify_finish(&the_ctx, &report);
  /* As a careful caller does: both must say so, and what it wants must be complete. */
  uint32_t all = (uint32_t)((1ull << report.manifest.num_components) - 1u);
  bool accepted =
      status == EVSEAL_OK && report.status == EVSEAL_OK && (report.complete & all) == all;
  return accepted ? EVSEAL_OK : EVSEAL_PENDING;
}

int main(int argc, char** argv) {
  evseal_verify_config config;
  if (argc != 8) {
    (void)fprintf(stderr, "usage: glitch LENGTHS PROFILE STATE PACKAGE HARDWARE SERIAL PER_PC\n");
    return 2;
  }
  memset(&config, 0, sizeof config);
  (void)dl_iterate_phdr(find_library, NULL);
  evseal_crypto crypto = evseal_crypto_openssl;
  crypto.ecdsa_p256 = remembered_p256;
  config.crypto = &crypto;
  config.profile = read_file(argv[2]);
  config.state = is_given(argv[3]) ? read_file(argv[3]) : factory_new(config.profile);
  evseal_span package = read_file(argv[4]);
  config.workspace = the_workspace;
  config.workspace_len = sizeof the_workspace;
  config.unit.hardware_known = is_given(argv[5]);
  config.unit.hardware = config.unit.hardware_known ? (uint32_t)strtoul(argv[5], NULL, 10) : 0;
  if (is_given(argv[6])) {
    config.unit.serial.data = (const uint8_t*)argv[6];
    config.unit.serial.len = strlen(argv[6]);
  }
  the_per_pc = (unsigned)strtoul(argv[7], NULL, 10);
  if (the_file < 0 || !read_lengths(argv[1]) || package.data == NULL) {
    (void)fprintf(stderr, "glitch: the library, LENGTHS or PACKAGE is missing\n");
    return 2;
  }
  if (judge(&config, package) == EVSEAL_OK) {
    (void)fprintf(stderr, "glitch: this package is accepted: it proves nothing\n");
    return 2;
  }
  const char* name = evseal_status_name(the_ctx.status);
  struct sigaction action;
  memset(&action, 0, sizeof action);
  action.sa_sigaction = on_trap;
  action.sa_flags = SA_SIGINFO;
  (void)sigaction(SIGTRAP, &action, NULL);
  const pid_t parent = getpid();
  the_parent = parent;
  the_counting = true;
  bool fine = set_breakpoints() && judge(&config, package) != EVSEAL_OK;
  restore_library();
  the_counting = false;
  if (!fine || !set_breakpoints()) {
    (void)fprintf(stderr, "glitch: mprotect failed\n");
    return 2;
  }
  evseal_status status = judge(&config, package);
  /* A variable may have been overwritten. */
  if (getpid() != parent) {
    _exit(status == EVSEAL_OK ? ACCEPTED : 0);
  }
  restore_library();
  (void)printf("%s trials %lu endless %lu hits %lu\n", name, the_trials, the_endless, the_hits);
  return the_hits == 0 ? 0 : 1;
}
