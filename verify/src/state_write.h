/* The state that a device should have next, from what it had and what it has just seen. Internal.
 */
#ifndef EVSEAL_SRC_STATE_WRITE_H
#define EVSEAL_SRC_STATE_WRITE_H

#include "evseal/verify.h"

#define MAX_STATE_SOURCES 2u

/* What goes into a new state. Floors and revocations are joined from all sources. */
typedef struct state_sources {
  const evseal_profile* profile; /* only its slots are written */
  evseal_span vendor;
  evseal_span model;
  uint32_t counter;
  int64_t time_floor;
  uint32_t trust_epoch;
  evseal_span trust_der; /* whole TrustStore, or empty */
  const evseal_state* states[MAX_STATE_SOURCES];
  unsigned num_states;
  /* CRLs whose signature held. */
  const evseal_crl_record* crls;
  unsigned num_crls;
  /* An accepted package: its components in `installed` raise floors, its `resets` replace them. */
  const evseal_manifest* manifest;
  uint32_t installed;
} state_sources;

/* Writes the blob. EVSEAL_OK; EVSEAL_WORKSPACE_TOO_SMALL; EVSEAL_CRL_TOO_MANY when the states alone
 * know too many issuers; EVSEAL_CRYPTO_*. */
evseal_status evseal_state_write(uint8_t* out, size_t capacity, size_t* out_len,
                                 const evseal_crypto* crypto, const state_sources* sources);

/* Issuers that the states and CRLs know together, those that `manifest` resets not counted. */
unsigned evseal_state_count_issuers(const state_sources* sources);

#endif
