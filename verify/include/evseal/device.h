/* Device profile and device state: what a device is and trusts at birth, and what it has learnt
 * (docs/format.md §9). */
#ifndef EVSEAL_DEVICE_H
#define EVSEAL_DEVICE_H

#include "evseal/chain.h"

#ifdef __cplusplus
extern "C" {
#endif

/* evseal_role.flags */
#define EVSEAL_ROLE_CRL_REQUIRED 1u
#define EVSEAL_ROLE_POLICIES_WAIVED 2u
#define EVSEAL_ROLE_PURPOSE_WAIVED 4u
#define EVSEAL_ROLE_ALLOW_PKCS1 8u

/* One role. Spans point into the profile blob. */
typedef struct evseal_role {
  evseal_span name;
  evseal_span anchors; /* content of SEQUENCE OF anchor */
  uint32_t threshold;
  uint32_t flags;
  uint32_t max_intermediates;
  uint32_t stages;
  uint32_t kinds;
  evseal_span models;     /* content of SEQUENCE OF UTF8String; empty: all */
  evseal_span components; /* likewise */
  evseal_span signers;    /* content of SEQUENCE OF OCTET STRING */
} evseal_role;

typedef struct evseal_profile {
  evseal_span vendor;
  evseal_span model;
  uint32_t stages;
  bool clock_trusted;
  int64_t time_floor;
  uint32_t envelope_bytes;
  uint32_t chunk_bytes;
  uint32_t max_components;
  uint32_t security_version_jump;
  evseal_span components; /* content of SEQUENCE OF component */
  evseal_span roles;      /* content of SEQUENCE OF Role */
  evseal_span require_firmware;
  evseal_span require_trust_update;
} evseal_profile;

/* A component that the profile names. */
typedef struct evseal_slot {
  evseal_span id;
  bool needed;
  uint32_t security_version; /* floor */
} evseal_slot;

typedef struct evseal_state {
  uint32_t counter;
  evseal_span vendor;
  evseal_span model;
  int64_t time_floor;
  uint32_t trust_epoch;
  evseal_span slots; /* content of SEQUENCE OF slot */
} evseal_state;

/*
 * Opens a profile blob (.evd): magic, length, checksum, every field. EVSEAL_OK or
 * EVSEAL_PROFILE_DAMAGED. The blob stays the caller's and must outlive `out`.
 */
evseal_status evseal_profile_open(evseal_profile* out, const evseal_crypto* crypto,
                                  evseal_span blob);

/* Opens a state blob (.evt). EVSEAL_OK, EVSEAL_STATE_MISSING (no octets), EVSEAL_STATE_DAMAGED,
 * _UNSUPPORTED. */
evseal_status evseal_state_open(evseal_state* out, const evseal_crypto* crypto, evseal_span blob);

/* Octets that evseal_state_write_initial() needs at most. */
#define EVSEAL_INITIAL_STATE_MAX 256u

/*
 * Writes the state blob of a factory-new device of this profile: nothing learnt, so the profile's
 * own floors hold. EVSEAL_OK, or EVSEAL_MISUSE when `capacity` is below EVSEAL_INITIAL_STATE_MAX. A
 * device does this once, at the factory: a state that is missing later is an error and not a new
 * beginning.
 */
evseal_status evseal_state_write_initial(uint8_t* out, size_t capacity, size_t* out_len,
                                         const evseal_crypto* crypto,
                                         const evseal_profile* profile);

/* Slot `index` of the profile; false when there are no more. */
bool evseal_profile_slot(evseal_slot* out, const evseal_profile* profile, unsigned index);

/* The profile's slot of that id with the higher of the profile's and the state's floor; false when
 * there is none. */
bool evseal_device_slot(evseal_slot* out, const evseal_profile* profile, const evseal_state* state,
                        evseal_span id);

/* Role by name; false when there is none. */
bool evseal_profile_role(evseal_role* out, const evseal_profile* profile, evseal_span name);

/* Anchor `index` of a role; false when there are no more. */
bool evseal_role_anchor(evseal_anchor* out, const evseal_role* role, unsigned index);

#ifdef __cplusplus
}
#endif

#endif
