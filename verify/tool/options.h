/* The command line of evseal-verify. */
#ifndef EVSEAL_TOOL_OPTIONS_H
#define EVSEAL_TOOL_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

#include "evseal/types.h"

#define MAX_WRITES 32
#define CHALLENGE_LEN 32

/* One --write ID=FILE; both point into argv. */
typedef struct write_option {
  const char* id;
  unsigned id_len;
  const char* path;
} write_option;

typedef struct options {
  const char* device;
  const char* state;
  bool factory_new;
  bool hardware_known;
  uint32_t hardware;
  const char* serial;
  const char* next_state;
  bool remember_revocations; /* --remember revocations: not what follows from the verdict */
  bool recovery_known;
  uint8_t recovery[CHALLENGE_LEN];
  bool now_known;
  int64_t now;
  bool json;
  bool quiet;
  bool force;
  write_option writes[MAX_WRITES];
  unsigned num_writes;
  const char* package;
} options;

typedef enum options_result { OPTIONS_RUN, OPTIONS_DONE, OPTIONS_WRONG } options_result;

/* Reads argv; prints help or what is wrong itself. */
options_result options_read(options* out, int argc, char** argv);

#endif
