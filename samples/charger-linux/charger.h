/* What every part of the program works with. */
#ifndef CHARGER_H
#define CHARGER_H

#include <evseal/verify.h>

#include "handover.h"
#include "slots.h"

/* The crypto backend, chosen when this is built (CMakeLists.txt). */
#ifndef CHARGER_CRYPTO
#define CHARGER_CRYPTO evseal_crypto_openssl
#endif

#define CHARGER_MAX_SLICES 4u

typedef struct charger {
  int root; /* folder of everything that the updater writes */
  evseal_span profile;
  evseal_unit unit;
  unsigned max_boots;
  uint64_t sync_bytes; /* progress is saved at least this often */
  handover slices[CHARGER_MAX_SLICES];
  unsigned num_slices;
  slots slots;
} charger;

/* install and offset: exit codes. `offset` is where in the file the input begins. */
int update_install(charger* device, int input, uint64_t offset);
int update_offset(charger* device);

/* The parts of a trial: exit codes. */
int boot_boot(charger* device);
int boot_confirm(charger* device, const char* id);
int boot_fail(charger* device, const char* id);
int boot_status(charger* device);
/* Completes what was decided before a power cut: every command begins with it. */
int boot_settle(charger* device);

/* At the factory, once: slot a holds what was programmed, the state is that of a new device. */
int boot_init(charger* device);

#endif
