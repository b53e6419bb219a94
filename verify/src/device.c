/* Device profile and device state: blobs with magic, length, DER and checksum (docs/format.md
 * section 9). */
#include "evseal/device.h"

#include "der.h"
#include "manifest_fields.h"

#define BLOB_HEADER 12u
#define MAX_BLOB 65536u
#define MAX_TIME INT64_C(253402300799) /* 9999-12-31T23:59:59Z */
#define MAX_SLOTS 32u
#define MAX_REVOKED 256u
#define MAX_KNOWN_CRLS 8u

static const uint8_t profile_magic[8] = {0x89, 'E', 'V', 'D', '1', 0x0D, 0x0A, 0x1A};
static const uint8_t state_magic[8] = {0x89, 'E', 'V', 'T', '1', 0x0D, 0x0A, 0x1A};

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
        anchor.subject.len > EVSEAL_MAX_NAME ||
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

/* Every role that is required exists. */
static bool requirements_known(const evseal_profile* profile, evseal_span names) {
  der_reader reader = der_open(names);
  evseal_span name;
  evseal_role role;
  while (evseal_der_read(&reader, DER_UTF8_STRING, &name)) {
    if (!evseal_profile_role(&role, profile, name)) {
      return false;
    }
  }
  return true;
}

static bool read_trust_store(der_reader* reader, evseal_profile* out) {
  der_reader fields;
  return evseal_der_enter(reader, DER_SEQUENCE, &fields) && read_roles(&fields, &out->roles) &&
         read_names(&fields, 1, EVSEAL_MAX_ROLES, NAME_MAX_OCTETS, &out->require_firmware) &&
         read_names(&fields, 0, EVSEAL_MAX_ROLES, NAME_MAX_OCTETS, &out->require_trust_update) &&
         der_done(&fields) && requirements_known(out, out->require_firmware) &&
         requirements_known(out, out->require_trust_update);
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
              read_slots(fields, true, &out->components) && read_trust_store(fields, out) &&
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

/* `crls` and `revoked`: their form only. True in `*out_any` when there is an entry. */
static bool read_known_revocations(der_reader* fields, unsigned max, bool* out_any) {
  der_reader list;
  unsigned count = 0;
  if (!evseal_der_enter(fields, DER_SEQUENCE, &list)) {
    return false;
  }
  for (; !der_done(&list); count++) {
    der_reader entry;
    evseal_span key;
    evseal_span number;
    if (!evseal_der_enter(&list, DER_SEQUENCE, &entry) ||
        !evseal_der_read(&entry, DER_OCTET_STRING, &key) || key.len != EVSEAL_SHA256_LEN ||
        !evseal_der_read_integer(&entry, &number) || !der_done(&entry)) {
      return false;
    }
  }
  *out_any = *out_any || count > 0;
  return count <= max;
}

static bool read_state(der_reader* fields, evseal_state* out, bool* out_more) {
  uint64_t version = 0;
  bool fine = evseal_der_read_unsigned(fields, 1, &version) && version == 1 &&
              read_u32(fields, 0, UINT32_MAX, &out->counter) &&
              read_name(fields, NAME_MAX_OCTETS, &out->vendor) &&
              read_name(fields, NAME_MAX_OCTETS, &out->model) &&
              read_time(fields, &out->time_floor) &&
              read_u32(fields, 0, (uint32_t)BELOW_2_31, &out->trust_epoch) &&
              read_slots(fields, false, &out->slots) &&
              read_known_revocations(fields, MAX_KNOWN_CRLS, out_more) &&
              read_known_revocations(fields, MAX_REVOKED, out_more);
  if (fine && !der_done(fields)) {
    evseal_span trust;
    fine = evseal_der_read(fields, DER_CONTEXT(0), &trust) && der_done(fields);
    *out_more = true;
  }
  return fine;
}

evseal_status evseal_state_open(evseal_state* out, const evseal_crypto* crypto, evseal_span blob) {
  der_reader fields;
  bool more = false;
  memset(out, 0, sizeof *out);
  if (blob.len == 0) {
    return EVSEAL_STATE_MISSING;
  }
  bool fine = open_blob(&fields, crypto, blob, state_magic) && read_state(&fields, out, &more);
  if (fine && !more) {
    return EVSEAL_OK;
  }
  memset(out, 0, sizeof *out);
  return fine ? EVSEAL_STATE_UNSUPPORTED : EVSEAL_STATE_DAMAGED;
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

bool evseal_device_slot(evseal_slot* out, const evseal_profile* profile, const evseal_state* state,
                        evseal_span id) {
  bool found = false;
  for (unsigned i = 0; !found && evseal_profile_slot(out, profile, i); i++) {
    found = evseal_span_equal(out->id, id);
  }
  if (!found) {
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

bool evseal_profile_role(evseal_role* out, const evseal_profile* profile, evseal_span name) {
  der_reader roles = der_open(profile->roles);
  while (!der_done(&roles) && read_role(&roles, out)) {
    if (evseal_span_equal(out->name, name)) {
      return true;
    }
  }
  return false;
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
