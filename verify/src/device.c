/* Device profile and device state: blobs with magic, length, DER and checksum (docs/format.md
 * section 9). */
#include "evseal/device.h"

#include "der.h"
#include "device_fields.h"
#include "manifest_fields.h"
#include "x509_fields.h"

#define MAX_BLOB 65536u
#define MAX_TIME INT64_C(253402300799) /* 9999-12-31T23:59:59Z */
#define MAX_SLOTS 32u
#define MAX_REVOKED_SERIAL 21u /* octets of an INTEGER's content */

const uint8_t evseal_state_magic[8] = {0x89, 'E', 'V', 'T', '1', 0x0D, 0x0A, 0x1A};
static const uint8_t profile_magic[8] = {0x89, 'E', 'V', 'D', '1', 0x0D, 0x0A, 0x1A};

/* Magic, length and checksum; the DER between them as a reader over the fields of its SEQUENCE. */
static bool open_blob(der_reader* out_fields, const evseal_crypto* crypto, evseal_span blob,
                      const uint8_t* magic) {
  if (blob.len < BLOB_HEADER + EVSEAL_SHA256_LEN || blob.len > MAX_BLOB ||
      memcmp(blob.data, magic, 8) != 0) {
    return false;
  }
  size_t len = (size_t)blob.data[8] << 24 | (size_t)blob.data[9] << 16 |
               (size_t)blob.data[10] << 8 | blob.data[11];
  if (len != blob.len - BLOB_HEADER - EVSEAL_SHA256_LEN) {
    return false;
  }
  uint8_t digest[EVSEAL_SHA256_LEN];
  evseal_span covered = evseal_span_of(blob.data, BLOB_HEADER + len);
  if (crypto->sha256(digest, &covered, 1) != EVSEAL_OK ||
      memcmp(digest, blob.data + BLOB_HEADER + len, sizeof digest) != 0) {
    return false;
  }
  der_reader outer = der_open(evseal_span_of(blob.data + BLOB_HEADER, len));
  return evseal_der_enter(&outer, DER_SEQUENCE, out_fields) && der_done(&outer);
}

static bool read_name(der_reader* reader, size_t max, evseal_span* out) {
  return evseal_der_read(reader, DER_UTF8_STRING, out) && evseal_is_name(*out, max);
}

static bool read_u32(der_reader* reader, uint32_t min, uint32_t max, uint32_t* out) {
  uint64_t value = 0;
  if (!evseal_der_read_unsigned(reader, max, &value) || value < min) {
    return false;
  }
  *out = (uint32_t)value;
  return true;
}

static bool read_time(der_reader* reader, int64_t* out) {
  uint64_t value = 0;
  if (!evseal_der_read_unsigned(reader, (uint64_t)MAX_TIME, &value)) {
    return false;
  }
  *out = (int64_t)value;
  return true;
}

/* A SEQUENCE OF `min` to `max` names; the content for later. */
static bool read_names(der_reader* reader, unsigned min, unsigned max, size_t max_len,
                       evseal_span* out) {
  unsigned count = 0;
  if (!evseal_der_read(reader, DER_SEQUENCE, out)) {
    return false;
  }
  der_reader names = der_open(*out);
  for (; !der_done(&names); count++) {
    evseal_span name;
    if (!read_name(&names, max_len, &name)) {
      return false;
    }
  }
  return count >= min && count <= max;
}

static bool read_slot(der_reader* slots, bool has_needed, evseal_slot* out) {
  der_reader fields;
  out->needed = false;
  return evseal_der_enter(slots, DER_SEQUENCE, &fields) &&
         read_name(&fields, COMPONENT_ID_MAX_OCTETS, &out->id) &&
         (!has_needed || evseal_der_read_boolean(&fields, &out->needed)) &&
         read_u32(&fields, 0, (uint32_t)BELOW_2_31, &out->security_version) && der_done(&fields);
}

/* A SEQUENCE OF slots, no two of one id. */
static bool read_slots(der_reader* reader, bool in_profile, evseal_span* out) {
  unsigned count = 0;
  if (!evseal_der_read(reader, DER_SEQUENCE, out)) {
    return false;
  }
  der_reader slots = der_open(*out);
  for (; !der_done(&slots); count++) {
    evseal_slot slot;
    if (!read_slot(&slots, in_profile, &slot)) {
      return false;
    }
    der_reader others = slots;
    while (!der_done(&others)) {
      evseal_slot other;
      if (!read_slot(&others, in_profile, &other) || evseal_span_equal(other.id, slot.id)) {
        return false;
      }
    }
  }
  return count <= MAX_SLOTS && (count > 0 || !in_profile);
}

static bool read_anchor(der_reader* anchors, evseal_anchor* out) {
  der_reader fields;
  out->certificate = NULL;
  return evseal_der_enter(anchors, DER_SEQUENCE, &fields) &&
         evseal_der_read_whole(&fields, DER_SEQUENCE, &out->subject) &&
         evseal_der_read_whole(&fields, DER_SEQUENCE, &out->spki) && der_done(&fields);
}

static bool read_anchors(der_reader* reader, evseal_span* out) {
  unsigned count = 0;
  if (!evseal_der_read(reader, DER_SEQUENCE, out)) {
    return false;
  }
  der_reader anchors = der_open(*out);
  for (; !der_done(&anchors); count++) {
    evseal_anchor anchor;
    evseal_public_key key;
    if (!read_anchor(&anchors, &anchor) || anchor.subject.len <= 2 ||
        !evseal_x509_name_well_formed(anchor.subject) ||
        evseal_public_key_parse(&key, anchor.spki) != EVSEAL_OK) {
      return false;
    }
  }
  return count >= 1 && count <= EVSEAL_MAX_ANCHORS;
}

static bool read_signers(der_reader* reader, evseal_span* out, unsigned* out_count) {
  unsigned count = 0;
  if (!evseal_der_read(reader, DER_SEQUENCE, out)) {
    return false;
  }
  der_reader signers = der_open(*out);
  for (; !der_done(&signers); count++) {
    evseal_span hash;
    if (!evseal_der_read(&signers, DER_OCTET_STRING, &hash) || hash.len != EVSEAL_SHA256_LEN) {
      return false;
    }
    der_reader others = signers;
    while (!der_done(&others)) {
      evseal_span other;
      if (!evseal_der_read(&others, DER_OCTET_STRING, &other) || evseal_span_equal(other, hash)) {
        return false;
      }
    }
  }
  *out_count = count;
  return count <= EVSEAL_MAX_ANCHORS;
}

static bool read_role(der_reader* roles, evseal_role* out) {
  der_reader fields;
  der_reader scope;
  unsigned num_signers = 0;
  return evseal_der_enter(roles, DER_SEQUENCE, &fields) &&
         read_name(&fields, NAME_MAX_OCTETS, &out->name) && read_anchors(&fields, &out->anchors) &&
         read_u32(&fields, 1, EVSEAL_MAX_SIGNERS, &out->threshold) &&
         read_u32(&fields, 0, 15, &out->flags) &&
         read_u32(&fields, 0, EVSEAL_MAX_INTERMEDIATES, &out->max_intermediates) &&
         evseal_der_enter(&fields, DER_SEQUENCE, &scope) && read_u32(&scope, 1, 7, &out->stages) &&
         read_u32(&scope, 1, 3, &out->kinds) &&
         read_names(&scope, 0, 8, NAME_MAX_OCTETS, &out->models) &&
         read_names(&scope, 0, MAX_SLOTS, COMPONENT_ID_MAX_OCTETS, &out->components) &&
         der_done(&scope) && read_signers(&fields, &out->signers, &num_signers) &&
         der_done(&fields) && (out->threshold == 1 || num_signers >= out->threshold);
}

/* Roles, no two of one name. */
static bool read_roles(der_reader* reader, evseal_span* out) {
  unsigned count = 0;
  if (!evseal_der_read(reader, DER_SEQUENCE, out)) {
    return false;
  }
  der_reader roles = der_open(*out);
  for (; !der_done(&roles); count++) {
    evseal_role role;
    if (!read_role(&roles, &role)) {
      return false;
    }
    der_reader others = roles;
    while (!der_done(&others)) {
      evseal_role other;
      if (!read_role(&others, &other) || evseal_span_equal(other.name, role.name)) {
        return false;
      }
    }
  }
  return count >= 1 && count <= EVSEAL_MAX_ROLES;
}

/* A list of required roles can be met: each is there, none twice, fit for the kind, and all
 * together need no more signers than a package may have. */
static bool requirements_fine(const evseal_trust_store* store, evseal_span names, uint32_t kind) {
  der_reader reader = der_open(names);
  uint32_t seen = 0;
  uint32_t signers = 0;
  evseal_span name;
  while (evseal_der_read(&reader, DER_UTF8_STRING, &name)) {
    evseal_role role;
    unsigned index = evseal_trust_role_index(store, name);
    if (!evseal_trust_role(&role, store, index) || (seen >> index & 1u) != 0 ||
        (role.kinds & kind) == 0) {
      return false;
    }
    seen |= 1u << index;
    signers += role.threshold;
  }
  return signers <= EVSEAL_MAX_SIGNERS;
}

static bool read_trust_store(der_reader* reader, evseal_trust_store* out) {
  der_reader fields;
  return evseal_der_enter(reader, DER_SEQUENCE, &fields) && read_roles(&fields, &out->roles) &&
         read_names(&fields, 1, EVSEAL_MAX_ROLES, NAME_MAX_OCTETS, &out->require_firmware) &&
         read_names(&fields, 0, EVSEAL_MAX_ROLES, NAME_MAX_OCTETS, &out->require_trust_update) &&
         der_done(&fields) && requirements_fine(out, out->require_firmware, EVSEAL_KIND_FIRMWARE) &&
         requirements_fine(out, out->require_trust_update, EVSEAL_KIND_TRUST_UPDATE);
}

evseal_status evseal_trust_store_open(evseal_trust_store* out, evseal_span der) {
  der_reader reader = der_open(der);
  memset(out, 0, sizeof *out);
  if (!read_trust_store(&reader, out) || !der_done(&reader)) {
    memset(out, 0, sizeof *out);
    return EVSEAL_TRUST_STORE;
  }
  return EVSEAL_OK;
}

static bool read_limits(der_reader* reader, evseal_profile* out) {
  der_reader limits;
  return evseal_der_enter(reader, DER_SEQUENCE, &limits) &&
         read_u32(&limits, 1024, EVSEAL_MAX_ENVELOPE, &out->envelope_bytes) &&
         read_u32(&limits, EVSEAL_MIN_CHUNK, EVSEAL_MAX_CHUNK, &out->chunk_bytes) &&
         (out->chunk_bytes & (out->chunk_bytes - 1)) == 0 &&
         read_u32(&limits, 1, EVSEAL_MAX_COMPONENTS, &out->max_components) &&
         read_u32(&limits, 1, (uint32_t)BELOW_2_31, &out->security_version_jump) &&
         der_done(&limits);
}

static bool read_profile(der_reader* fields, evseal_profile* out) {
  uint64_t version = 0;
  uint64_t clock = 0;
  bool fine = evseal_der_read_unsigned(fields, 1, &version) && version == 1 &&
              read_name(fields, NAME_MAX_OCTETS, &out->vendor) &&
              read_name(fields, NAME_MAX_OCTETS, &out->model) &&
              read_u32(fields, 1, 7, &out->stages) && evseal_der_read_unsigned(fields, 1, &clock) &&
              read_time(fields, &out->time_floor) && read_limits(fields, out) &&
              read_slots(fields, true, &out->components) && read_trust_store(fields, &out->trust) &&
              der_done(fields);
  out->clock_trusted = clock == 1;
  return fine;
}

evseal_status evseal_profile_open(evseal_profile* out, const evseal_crypto* crypto,
                                  evseal_span blob) {
  der_reader fields;
  memset(out, 0, sizeof *out);
  if (!open_blob(&fields, crypto, blob, profile_magic) || !read_profile(&fields, out)) {
    memset(out, 0, sizeof *out);
    return EVSEAL_PROFILE_DAMAGED;
  }
  return EVSEAL_OK;
}

/* Serial numbers, strictly ascending; `*total` counts them over all issuers. */
static bool read_serials(evseal_span content, unsigned* total) {
  der_reader serials = der_open(content);
  evseal_span previous = {NULL, 0};
  while (!der_done(&serials)) {
    evseal_span serial;
    if (!evseal_der_read_integer(&serials, &serial) || serial.len > MAX_REVOKED_SERIAL ||
        *total == EVSEAL_MAX_REVOKED || evseal_serial_compare(previous, serial) >= 0) {
      return false;
    }
    previous = serial;
    ++*total;
  }
  return true;
}

static bool read_known_issuer(der_reader* issuers, evseal_known_issuer* out) {
  der_reader fields;
  evseal_span key;
  if (!evseal_der_enter(issuers, DER_SEQUENCE, &fields) ||
      !evseal_der_read(&fields, DER_OCTET_STRING, &key) || key.len != EVSEAL_SHA256_LEN ||
      !evseal_der_read_unsigned(&fields, (uint64_t)INT64_MAX, &out->number) ||
      !evseal_der_read_boolean(&fields, &out->complete) ||
      !evseal_der_read(&fields, DER_SEQUENCE, &out->revoked) || !der_done(&fields)) {
    return false;
  }
  memcpy(out->issuer_key, key.data, EVSEAL_SHA256_LEN);
  return out->complete || out->revoked.len == 0;
}

/* What is known of CRLs: issuers strictly ascending. */
static bool read_known_issuers(der_reader* reader, evseal_span* out) {
  uint8_t previous[EVSEAL_SHA256_LEN];
  unsigned count = 0;
  unsigned total = 0;
  if (!evseal_der_read(reader, DER_SEQUENCE, out)) {
    return false;
  }
  der_reader issuers = der_open(*out);
  for (; !der_done(&issuers); count++) {
    evseal_known_issuer issuer;
    if (count == EVSEAL_MAX_KNOWN_ISSUERS || !read_known_issuer(&issuers, &issuer) ||
        (count > 0 && memcmp(previous, issuer.issuer_key, sizeof previous) >= 0) ||
        !read_serials(issuer.revoked, &total)) {
      return false;
    }
    memcpy(previous, issuer.issuer_key, sizeof previous);
  }
  return true;
}

/* trust [0] EXPLICIT TrustStore OPTIONAL */
static bool read_state_trust(der_reader* fields, evseal_state* out) {
  if (der_done(fields)) {
    return true;
  }
  out->has_trust = true;
  return evseal_der_read(fields, DER_CONTEXT(0), &out->trust_der) &&
         evseal_trust_store_open(&out->trust, out->trust_der) == EVSEAL_OK;
}

static bool read_state(der_reader* fields, evseal_state* out) {
  uint64_t version = 0;
  return evseal_der_read_unsigned(fields, 1, &version) && version == 1 &&
         read_u32(fields, 0, UINT32_MAX, &out->counter) &&
         read_name(fields, NAME_MAX_OCTETS, &out->vendor) &&
         read_name(fields, NAME_MAX_OCTETS, &out->model) && read_time(fields, &out->time_floor) &&
         read_u32(fields, 0, (uint32_t)BELOW_2_31, &out->trust_epoch) &&
         read_slots(fields, false, &out->slots) && read_known_issuers(fields, &out->crls) &&
         read_state_trust(fields, out) && der_done(fields);
}

evseal_status evseal_state_open(evseal_state* out, const evseal_crypto* crypto, evseal_span blob) {
  der_reader fields;
  memset(out, 0, sizeof *out);
  if (blob.len == 0) {
    return EVSEAL_STATE_MISSING;
  }
  if (!open_blob(&fields, crypto, blob, evseal_state_magic) || !read_state(&fields, out)) {
    memset(out, 0, sizeof *out);
    return EVSEAL_STATE_DAMAGED;
  }
  return EVSEAL_OK;
}

bool evseal_profile_slot(evseal_slot* out, const evseal_profile* profile, unsigned index) {
  der_reader slots = der_open(profile->components);
  for (unsigned i = 0; !der_done(&slots) && read_slot(&slots, true, out); i++) {
    if (i == index) {
      return true;
    }
  }
  return false;
}

bool evseal_profile_find_slot(evseal_slot* out, const evseal_profile* profile, evseal_span id) {
  for (unsigned i = 0; evseal_profile_slot(out, profile, i); i++) {
    if (evseal_span_equal(out->id, id)) {
      return true;
    }
  }
  return false;
}

bool evseal_device_slot(evseal_slot* out, const evseal_profile* profile, const evseal_state* state,
                        evseal_span id) {
  if (!evseal_profile_find_slot(out, profile, id)) {
    return false;
  }
  der_reader slots = der_open(state->slots);
  evseal_slot learnt;
  while (!der_done(&slots) && read_slot(&slots, false, &learnt)) {
    if (evseal_span_equal(learnt.id, id) && learnt.security_version > out->security_version) {
      out->security_version = learnt.security_version;
    }
  }
  return true;
}

bool evseal_state_slot(evseal_slot* out, const evseal_state* state, unsigned index) {
  der_reader slots = der_open(state->slots);
  for (unsigned i = 0; !der_done(&slots) && read_slot(&slots, false, out); i++) {
    if (i == index) {
      return true;
    }
  }
  return false;
}

const evseal_trust_store* evseal_device_trust(const evseal_profile* profile,
                                              const evseal_state* state) {
  return state->has_trust ? &state->trust : &profile->trust;
}

bool evseal_trust_role(evseal_role* out, const evseal_trust_store* store, unsigned index) {
  der_reader roles = der_open(store->roles);
  for (unsigned i = 0; !der_done(&roles) && read_role(&roles, out); i++) {
    if (i == index) {
      return true;
    }
  }
  return false;
}

unsigned evseal_trust_role_index(const evseal_trust_store* store, evseal_span name) {
  evseal_role role;
  for (unsigned i = 0; evseal_trust_role(&role, store, i); i++) {
    if (evseal_span_equal(role.name, name)) {
      return i;
    }
  }
  return EVSEAL_MAX_ROLES;
}

bool evseal_role_anchor(evseal_anchor* out, const evseal_role* role, unsigned index) {
  der_reader anchors = der_open(role->anchors);
  for (unsigned i = 0; !der_done(&anchors) && read_anchor(&anchors, out); i++) {
    if (i == index) {
      return true;
    }
  }
  return false;
}

bool evseal_state_issuer(evseal_known_issuer* out, const evseal_state* state, unsigned index) {
  der_reader issuers = der_open(state->crls);
  for (unsigned i = 0; !der_done(&issuers) && read_known_issuer(&issuers, out); i++) {
    if (i == index) {
      return true;
    }
  }
  return false;
}

bool evseal_state_find_issuer(evseal_known_issuer* out, const evseal_state* state,
                              const uint8_t issuer_key[32]) {
  for (unsigned i = 0; evseal_state_issuer(out, state, i); i++) {
    if (memcmp(out->issuer_key, issuer_key, EVSEAL_SHA256_LEN) == 0) {
      return true;
    }
  }
  return false;
}

int evseal_serial_compare(evseal_span a, evseal_span b) {
  if (a.len != b.len) {
    return a.len < b.len ? -1 : 1;
  }
  return evseal_span_compare(a, b);
}

bool evseal_known_issuer_lists(const evseal_known_issuer* issuer, evseal_span serial) {
  der_reader serials = der_open(issuer->revoked);
  evseal_span listed;
  while (evseal_der_read_integer(&serials, &listed)) {
    if (evseal_span_equal(listed, serial)) {
      return true;
    }
  }
  return false;
}

bool evseal_state_newer(uint32_t a, uint32_t b) {
  uint32_t ahead = a - b;
  return ahead >= 1 && ahead <= INT32_MAX;
}
