/*
 * What one skipped or misdirected instruction in the verifier can do: nothing, it should turn out.
 *
 *   glitch LENGTHS PROFILE STATE PACKAGE HARDWARE SERIAL PER_PC
 *
 * The package must be one that is refused. The program steps through the verification instruction
 * by instruction; before each one that belongs to the verify library it forks, and the child goes
 * on without that instruction (or, at a conditional jump, on each of the two sides). A child that
 * ends with an acceptance is a hit. LENGTHS says for each instruction of the library its offset,
 * its length, and for a conditional jump where it leads; glitch.py makes it from the disassembly.
 *
 * STATE, HARDWARE and SERIAL may be `-`: a factory-new device, not known. PER_PC limits how often
 * one instruction is tried (0: each time it is reached). The last line is "trials N hits N". x86-64
 * Linux only. The crypto backend is outside: it has its own makers.
 */
#define _GNU_SOURCE
#include <evseal/verify.h>
#include <link.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <ucontext.h>
#include <unistd.h>

#define TRAP_FLAG 0x100
#define MAX_CODE (1u << 20)
#define ACCEPTED 77
#define CHILD_MICROSECONDS 200000

typedef struct instruction {
  unsigned char length;
  int target; /* of a conditional jump; 0 for another instruction */
} instruction;

static instruction the_code[MAX_CODE];
static unsigned the_tries[MAX_CODE];
static uintptr_t the_base;
static unsigned the_per_pc;
static volatile sig_atomic_t the_child;
static volatile sig_atomic_t the_stepping;
static unsigned long the_trials;
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
  if (strstr(info->dlpi_name, "evseal_verify_glitch") != NULL) {
    the_base = info->dlpi_addr;
  }
  return 0;
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

/* Forks; the child goes on at `pc` without stepping. True in the parent. */
static bool try_at(ucontext_t* context, uintptr_t pc, uintptr_t fault) {
  the_trials++;
  pid_t child = fork();
  if (child == 0) {
    /* A skipped instruction may make an endless loop of a loop: SIGPROF ends it. */
    struct itimerval limit = {{0, 0}, {0, CHILD_MICROSECONDS}};
    (void)setitimer(ITIMER_PROF, &limit, NULL);
    the_child = 1;
    context->uc_mcontext.gregs[REG_RIP] = (greg_t)pc;
    context->uc_mcontext.gregs[REG_EFL] &= ~(greg_t)TRAP_FLAG;
    return false;
  }
  int state = 0;
  if (child < 0 || waitpid(child, &state, 0) != child) {
    (void)fprintf(stderr, "glitch: fork failed\n");
    _exit(2);
  }
  if (WIFEXITED(state) && WEXITSTATUS(state) == ACCEPTED) {
    the_hits++;
    (void)printf("hit at %lx -> %lx\n", (unsigned long)(fault - the_base),
                 (unsigned long)(pc - the_base));
    (void)fflush(stdout);
  }
  return true;
}

static void on_step(int number, siginfo_t* info, void* user) {
  (void)number;
  (void)info;
  ucontext_t* context = user;
  uintptr_t pc = (uintptr_t)context->uc_mcontext.gregs[REG_RIP];
  if (the_child != 0 || pc < the_base || pc - the_base >= MAX_CODE) {
    return;
  }
  const instruction* here = &the_code[pc - the_base];
  if (here->length == 0 || (the_per_pc != 0 && the_tries[pc - the_base] >= the_per_pc)) {
    return;
  }
  the_tries[pc - the_base]++;
  if (try_at(context, pc + here->length, pc) && here->target != 0) {
    (void)try_at(context, the_base + (uintptr_t)here->target, pc);
  }
}

static void step(bool on) {
  if (on) {
    __asm__ volatile("pushfq; orq $0x100, (%%rsp); popfq" ::: "cc", "memory");
  } else {
    __asm__ volatile("pushfq; andq $~0x100, (%%rsp); popfq" ::: "cc", "memory");
  }
}

/*
 * The backend is not under test, and stepping through it would take most of the time: it runs at
 * full speed.
 */
#define AT_FULL_SPEED(call)                    \
  do {                                         \
    step(false);                               \
    evseal_status status_ = (call);            \
    step(the_stepping != 0 && the_child == 0); \
    return status_;                            \
  } while (0)

static evseal_status fast_sha256(uint8_t* out, const evseal_span* pieces, size_t num_pieces) {
  AT_FULL_SPEED(evseal_crypto_openssl.sha256(out, pieces, num_pieces));
}
static evseal_status fast_sha384(uint8_t* out, const evseal_span* pieces, size_t num_pieces) {
  AT_FULL_SPEED(evseal_crypto_openssl.sha384(out, pieces, num_pieces));
}
static evseal_status fast_sha512(uint8_t* out, const evseal_span* pieces, size_t num_pieces) {
  AT_FULL_SPEED(evseal_crypto_openssl.sha512(out, pieces, num_pieces));
}
static evseal_status fast_p256(const uint8_t* point, const uint8_t* rs, evseal_span digest) {
  AT_FULL_SPEED(evseal_crypto_openssl.ecdsa_p256(point, rs, digest));
}
static evseal_status fast_p384(const uint8_t* point, const uint8_t* rs, evseal_span digest) {
  AT_FULL_SPEED(evseal_crypto_openssl.ecdsa_p384(point, rs, digest));
}
static evseal_status fast_pss(const evseal_rsa_key* key, evseal_hash hash, evseal_hash mgf_hash,
                              size_t salt_len, evseal_span digest, evseal_span signature) {
  AT_FULL_SPEED(evseal_crypto_openssl.rsa_pss(key, hash, mgf_hash, salt_len, digest, signature));
}
static evseal_status fast_ed25519(const uint8_t* key, const uint8_t* signature,
                                  evseal_span message) {
  AT_FULL_SPEED(evseal_crypto_openssl.ed25519(key, signature, message));
}
static const evseal_crypto the_crypto = {"glitch",    fast_sha256, fast_sha384,
                                         fast_sha512, fast_p256,   fast_p384,
                                         fast_pss,    NULL,        fast_ed25519};

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
  config.crypto = &the_crypto;
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
  if (the_base == 0 || !read_lengths(argv[1]) || package.data == NULL) {
    (void)fprintf(stderr, "glitch: the library, LENGTHS or PACKAGE is missing\n");
    return 2;
  }
  if (judge(&config, package) == EVSEAL_OK) {
    (void)fprintf(stderr, "glitch: this package is accepted: it proves nothing\n");
    return 2;
  }
  struct sigaction action;
  memset(&action, 0, sizeof action);
  action.sa_sigaction = on_step;
  action.sa_flags = SA_SIGINFO;
  (void)sigaction(SIGTRAP, &action, NULL);
  the_stepping = 1;
  step(true);
  evseal_status status = judge(&config, package);
  step(false);
  the_stepping = 0;
  if (the_child != 0) {
    _exit(status == EVSEAL_OK ? ACCEPTED : 0);
  }
  (void)printf("trials %lu hits %lu\n", the_trials, the_hits);
  return the_hits == 0 ? 0 : 1;
}
