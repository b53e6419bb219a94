/* The verifier and nothing else: what this program has in flash, but for this file, is what a
 * verifier costs. It is linked, not run. */
#include <evseal/verify.h>

#include "crypto_of_board.h"
#include "measured_crypto.h"

extern const uint8_t* volatile next_octets;
extern volatile size_t next_len;
extern evseal_verify_config config;
const uint8_t* volatile next_octets;
volatile size_t next_len;
evseal_verify_config config;

static evseal_verify_ctx context;
static evseal_report report;

_Noreturn void board_reset(void);
_Noreturn void board_reset(void) {
  for (;;) {
    config.crypto = measured_crypto();
    (void)evseal_verify_init(&context, &config);
    while (next_len > 0 && evseal_verify_push(&context, next_octets, next_len) == EVSEAL_PENDING) {
    }
    next_len = evseal_verify_finish(&context, &report) == EVSEAL_OK;
  }
}
