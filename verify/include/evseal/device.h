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

/* One role. Spans point into the blob that it was read from. */
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
  evseal_span signers;    /* content of SEQUENCE OF OCTET STRING: key hashes; empty: any */
} evseal_role;

/* Whom a device trusts for what. */
typedef struct evseal_trust_store {
  evseal_span roles;                /* content of SEQUENCE OF Role */
  evseal_span require_firmware;     /* content of SEQUENCE OF UTF8String: role names */
  evseal_span require_trust_update; /* likewise; empty: the device takes no trust-updates */
} evseal_trust_store;

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
  evseal_trust_store trust;
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
  evseal_span crls;  /* content of SEQUENCE OF known issuer */
  bool has_trust;
  evseal_trust_store trust; /* in the place of the profile's, where has_trust */
  evseal_span trust_der;    /* whole TrustStore, or empty */
} evseal_state;

/* What a state remembers of an issuer's CRLs. */
typedef struct evseal_known_issuer {
  uint8_t issuer_key[32]; /* key hash */
  uint64_t number;        /* the highest CRLNumber seen */
  bool complete;          /* `revoked` has all serial numbers seen */
  evseal_span revoked;    /* content of SEQUENCE OF INTEGER, strictly ascending */
} evseal_known_issuer;

/*
 * Opens a profile blob (.evd): magic, length, checksum, every field. EVSEAL_OK or
 * EVSEAL_PROFILE_DAMAGED. The blob stays the caller's and must outlive `out`.
 */
evseal_status evseal_profile_open(evseal_profile* out, const evseal_crypto* crypto,
                                  evseal_span blob);

/* Opens a state blob (.evt). EVSEAL_OK, EVSEAL_STATE_MISSING (no octets) or EVSEAL_STATE_DAMAGED.
 */
evseal_status evseal_state_open(evseal_state* out, const evseal_crypto* crypto, evseal_span blob);

/* Opens a TrustStore in DER; EVSEAL_OK, or EVSEAL_TRUST_STORE when it is malformed or could not
 * meet its own requirements. */
evseal_status evseal_trust_store_open(evseal_trust_store* out, evseal_span der);

/* Slot `index` of the profile; false when there are no more. */
bool evseal_profile_slot(evseal_slot* out, const evseal_profile* profile, unsigned index);

/* The profile's slot of that id; false when there is none. */
bool evseal_profile_find_slot(evseal_slot* out, const evseal_profile* profile, evseal_span id);

/* The profile's slot of that id with the higher of the profile's and the state's floor; false when
 * there is none. */
bool evseal_device_slot(evseal_slot* out, const evseal_profile* profile, const evseal_state* state,
                        evseal_span id);

/* The trust store that holds: the state's where it has one, else the profile's. */
const evseal_trust_store* evseal_device_trust(const evseal_profile* profile,
                                              const evseal_state* state);

/* Role `index` of a trust store; false when there are no more. */
bool evseal_trust_role(evseal_role* out, const evseal_trust_store* store, unsigned index);

/* The index of a role by its name; EVSEAL_MAX_ROLES when there is none. */
unsigned evseal_trust_role_index(const evseal_trust_store* store, evseal_span name);

/* Anchor `index` of a role; false when there are no more. */
bool evseal_role_anchor(evseal_anchor* out, const evseal_role* role, unsigned index);

/* Issuer `index` of a state's CRLs; false when there are no more. */
bool evseal_state_issuer(evseal_known_issuer* out, const evseal_state* state, unsigned index);

/* What the state remembers of an issuer, by its key hash; false when it has seen none of its CRLs.
 */
bool evseal_state_find_issuer(evseal_known_issuer* out, const evseal_state* state,
                              const uint8_t issuer_key[32]);

/* True when the list of a known issuer has this serial number (content octets). */
bool evseal_known_issuer_lists(const evseal_known_issuer* issuer, evseal_span serial);

/* Octets that a state of a device needs at most. `components`: as many as the profile lists, which
 * its limit of components in one package may be below; `chunk_bytes`: its limit (a trust store fits
 * a chunk). */
#define EVSEAL_STATE_SIZE_MAX(components, chunk_bytes)                                \
  ((size_t)256u + (size_t)(components)*44u + (size_t)EVSEAL_MAX_KNOWN_ISSUERS * 56u + \
   (size_t)EVSEAL_MAX_REVOKED * 23u + (size_t)(chunk_bytes))

/*
 * Writes the state blob of a factory-new device of this profile: nothing learnt, so the profile's
 * own floors hold. EVSEAL_OK, or EVSEAL_WORKSPACE_TOO_SMALL (256 octets are enough). A device does
 * this once, at the factory: a state that is missing later is an error and not a new beginning.
 */
evseal_status evseal_state_write_initial(uint8_t* out, size_t capacity, size_t* out_len,
                                         const evseal_crypto* crypto,
                                         const evseal_profile* profile);

/*
 * Joins two states of one device into `out` (docs/format.md section 9.3): the higher floors, the
 * union of CRLs and revocations; the counter is one above the newer one's. `out` must overlap
 * neither. EVSEAL_OK, EVSEAL_STATE_MISMATCH (another device, or another trust epoch),
 * EVSEAL_CRL_TOO_MANY, EVSEAL_WORKSPACE_TOO_SMALL.
 */
evseal_status evseal_state_join(uint8_t* out, size_t capacity, size_t* out_len,
                                const evseal_crypto* crypto, const evseal_profile* profile,
                                const evseal_state* a, const evseal_state* b);

/* True when a state with counter `a` was written after one with counter `b` (modulo 2^32). */
bool evseal_state_newer(uint32_t a, uint32_t b);

#ifdef __cplusplus
}
#endif

#endif
