#include "state_write.h"

#include "der.h"
#include "der_write.h"
#include "device_fields.h"

/* True when a trust-update makes the device forget this issuer. */
static bool is_forgotten(const state_sources* sources, const uint8_t* issuer_key) {
  uint8_t key[EVSEAL_SHA256_LEN];
  if (sources->manifest == NULL) {
    return false;
  }
  for (unsigned i = 0; evseal_manifest_reset_crl(key, sources->manifest, i); i++) {
    if (memcmp(key, issuer_key, sizeof key) == 0) {
      return true;
    }
  }
  return false;
}

/* What all sources say of one issuer, but for the serial numbers. */
typedef struct issuer_sum {
  uint8_t issuer_key[EVSEAL_SHA256_LEN];
  uint64_t number;
  bool complete;
} issuer_sum;

/* `candidate` comes before `*best` on the way down from `below` (null: from the top). */
static bool is_next_down(const uint8_t* candidate, const uint8_t* below, const uint8_t* best) {
  return (below == NULL || memcmp(candidate, below, EVSEAL_SHA256_LEN) < 0) &&
         (best == NULL || memcmp(candidate, best, EVSEAL_SHA256_LEN) > 0);
}

/* The issuer with the greatest key below `below`; false when there is none. CRLs are looked at
 * where `with_crls`. */
static bool next_issuer_down(const state_sources* sources, const uint8_t* below, bool with_crls,
                             uint8_t out_key[EVSEAL_SHA256_LEN]) {
  uint8_t best[EVSEAL_SHA256_LEN];
  bool found = false;
  for (unsigned s = 0; s < sources->num_states; s++) {
    evseal_known_issuer known;
    for (unsigned i = 0; evseal_state_issuer(&known, sources->states[s], i); i++) {
      if (is_next_down(known.issuer_key, below, found ? best : NULL) &&
          !is_forgotten(sources, known.issuer_key)) {
        memcpy(best, known.issuer_key, sizeof best);
        found = true;
      }
    }
  }
  for (unsigned i = 0; with_crls && i < sources->num_crls; i++) {
    const evseal_crl_record* record = &sources->crls[i];
    if (record->issuer_spki.len > 0 &&
        is_next_down(record->issuer_key, below, found ? best : NULL)) {
      memcpy(best, record->issuer_key, sizeof best);
      found = true;
    }
  }
  if (found) {
    memcpy(out_key, best, sizeof best);
  }
  return found;
}

static unsigned count_issuers(const state_sources* sources, bool with_crls) {
  uint8_t key[EVSEAL_SHA256_LEN];
  unsigned count = 0;
  while (next_issuer_down(sources, count == 0 ? NULL : key, with_crls, key)) {
    count++;
  }
  return count;
}

unsigned evseal_state_count_issuers(const state_sources* sources) {
  return count_issuers(sources, true);
}

static void sum_up(issuer_sum* sum, const state_sources* sources, bool with_crls) {
  sum->number = 0;
  sum->complete = true;
  for (unsigned s = 0; s < sources->num_states; s++) {
    evseal_known_issuer known;
    if (evseal_state_find_issuer(&known, sources->states[s], sum->issuer_key) &&
        !is_forgotten(sources, sum->issuer_key)) {
      sum->number = known.number > sum->number ? known.number : sum->number;
      sum->complete = sum->complete && known.complete;
    }
  }
  for (unsigned i = 0; with_crls && i < sources->num_crls; i++) {
    const evseal_crl_record* record = &sources->crls[i];
    if (record->issuer_spki.len > 0 &&
        memcmp(record->issuer_key, sum->issuer_key, EVSEAL_SHA256_LEN) == 0) {
      sum->number = record->number > sum->number ? record->number : sum->number;
    }
  }
}

/* Keeps in `best` the greatest serial number below `below`. */
static void consider_serial(evseal_span candidate, evseal_span below, evseal_span* best) {
  if ((below.len == 0 || evseal_serial_compare(candidate, below) < 0) &&
      (best->len == 0 || evseal_serial_compare(candidate, *best) > 0)) {
    *best = candidate;
  }
}

/* The greatest serial number of an issuer below `below` (empty: the greatest); empty when there is
 * none. */
static evseal_span next_serial_down(const state_sources* sources, bool with_crls,
                                    const uint8_t* issuer_key, evseal_span below) {
  evseal_span best = {NULL, 0};
  evseal_span serial;
  for (unsigned s = 0; s < sources->num_states; s++) {
    evseal_known_issuer known;
    if (evseal_state_find_issuer(&known, sources->states[s], issuer_key) &&
        !is_forgotten(sources, issuer_key)) {
      der_reader serials = der_open(known.revoked);
      while (evseal_der_read_integer(&serials, &serial)) {
        consider_serial(serial, below, &best);
      }
    }
  }
  for (unsigned i = 0; with_crls && i < sources->num_crls; i++) {
    const evseal_crl_record* record = &sources->crls[i];
    evseal_crl crl;
    if (record->issuer_spki.len == 0 ||
        memcmp(record->issuer_key, issuer_key, EVSEAL_SHA256_LEN) != 0 ||
        evseal_crl_parse(&crl, record->der) != EVSEAL_OK) {
      continue;
    }
    evseal_span rest = crl.entries;
    while (evseal_crl_next_serial(&rest, &serial)) {
      consider_serial(serial, below, &best);
    }
  }
  return best;
}

/*
 * The serial numbers of one issuer, as many as there is room for: all or none. A device that knows
 * only the number asks for the CRL itself from then on.
 */
static void put_serials(der_writer* writer, const state_sources* sources, bool with_crls,
                        issuer_sum* sum, unsigned* room) {
  uint8_t* end = writer->at;
  unsigned count = 0;
  evseal_span serial = {NULL, 0};
  while (sum->complete) {
    serial = next_serial_down(sources, with_crls, sum->issuer_key, serial);
    if (serial.len == 0) {
      break;
    }
    if (count == *room) {
      sum->complete = false;
      break;
    }
    evseal_der_put_element(writer, DER_INTEGER, serial);
    count++;
  }
  if (!sum->complete) {
    writer->at = end;
    count = 0;
  }
  *room -= count;
}

/* crls: from the greatest key down, since the writer goes backwards; room is given in that order.
 */
static void put_issuers(der_writer* writer, const state_sources* sources, bool with_crls) {
  const uint8_t* list_end = writer->at;
  unsigned room = EVSEAL_MAX_REVOKED;
  issuer_sum sum;
  bool first = true;
  while (next_issuer_down(sources, first ? NULL : sum.issuer_key, with_crls, sum.issuer_key)) {
    const uint8_t* end = writer->at;
    sum_up(&sum, sources, with_crls);
    put_serials(writer, sources, with_crls, &sum, &room);
    evseal_der_put_header(writer, DER_SEQUENCE, end);
    evseal_der_put_boolean(writer, sum.complete);
    evseal_der_put_unsigned(writer, sum.number);
    evseal_der_put_element(writer, DER_OCTET_STRING,
                           evseal_span_of(sum.issuer_key, sizeof sum.issuer_key));
    evseal_der_put_header(writer, DER_SEQUENCE, end);
    first = false;
  }
  evseal_der_put_header(writer, DER_SEQUENCE, list_end);
}

/* Keeps in `best` the greatest id below `below`. */
static void consider_id(evseal_span candidate, evseal_span below, evseal_span* best) {
  if ((below.len == 0 || evseal_span_compare(candidate, below) < 0) &&
      (best->len == 0 || evseal_span_compare(candidate, *best) > 0)) {
    *best = candidate;
  }
}

static bool is_installed(const state_sources* sources, unsigned index, evseal_component* out) {
  return sources->manifest != NULL && index < sources->manifest->num_components &&
         (sources->installed >> index & 1u) != 0 &&
         evseal_manifest_component(out, sources->manifest, index) == EVSEAL_OK;
}

static evseal_span next_id_down(const state_sources* sources, evseal_span below) {
  evseal_span best = {NULL, 0};
  evseal_slot slot;
  evseal_component component;
  evseal_span id;
  uint32_t version = 0;
  for (unsigned s = 0; s < sources->num_states; s++) {
    for (unsigned i = 0; evseal_state_slot(&slot, sources->states[s], i); i++) {
      consider_id(slot.id, below, &best);
    }
  }
  for (unsigned i = 0; i < EVSEAL_MAX_COMPONENTS; i++) {
    if (is_installed(sources, i, &component)) {
      consider_id(component.id, below, &best);
    }
  }
  for (unsigned i = 0;
       sources->manifest != NULL && evseal_manifest_reset_slot(&id, &version, sources->manifest, i);
       i++) {
    consider_id(id, below, &best);
  }
  return best;
}

/* The floor of one slot in the new state. */
static uint32_t floor_of(const state_sources* sources, evseal_span id) {
  uint32_t floor = 0;
  evseal_slot slot;
  evseal_component component;
  evseal_span reset_id;
  uint32_t reset = 0;
  for (unsigned s = 0; s < sources->num_states; s++) {
    for (unsigned i = 0; evseal_state_slot(&slot, sources->states[s], i); i++) {
      bool higher = evseal_span_equal(slot.id, id) && slot.security_version > floor;
      floor = higher ? slot.security_version : floor;
    }
  }
  for (unsigned i = 0; sources->manifest != NULL &&
                       evseal_manifest_reset_slot(&reset_id, &reset, sources->manifest, i);
       i++) {
    floor = evseal_span_equal(reset_id, id) ? reset : floor;
  }
  for (unsigned i = 0; i < EVSEAL_MAX_COMPONENTS; i++) {
    if (is_installed(sources, i, &component) && evseal_span_equal(component.id, id) &&
        component.security_version > floor) {
      floor = component.security_version;
    }
  }
  return floor;
}

/* slots: ascending by id; a floor of zero says nothing and is left out, and so is a slot that the
 * profile no longer has. */
static void put_slots(der_writer* writer, const state_sources* sources) {
  const uint8_t* list_end = writer->at;
  evseal_span id = next_id_down(sources, evseal_span_of(NULL, 0));
  for (; id.len > 0; id = next_id_down(sources, id)) {
    evseal_slot slot;
    uint32_t floor = floor_of(sources, id);
    if (floor > 0 && evseal_profile_find_slot(&slot, sources->profile, id)) {
      const uint8_t* end = writer->at;
      evseal_der_put_unsigned(writer, floor);
      evseal_der_put_element(writer, DER_UTF8_STRING, id);
      evseal_der_put_header(writer, DER_SEQUENCE, end);
    }
  }
  evseal_der_put_header(writer, DER_SEQUENCE, list_end);
}

static void put_state(der_writer* writer, const state_sources* sources, bool with_crls) {
  const uint8_t* end = writer->at;
  if (sources->trust_der.len > 0) {
    evseal_der_put_element(writer, DER_CONTEXT(0), sources->trust_der);
  }
  put_issuers(writer, sources, with_crls);
  put_slots(writer, sources);
  evseal_der_put_unsigned(writer, sources->trust_epoch);
  evseal_der_put_unsigned(writer, (uint64_t)sources->time_floor);
  evseal_der_put_element(writer, DER_UTF8_STRING, sources->model);
  evseal_der_put_element(writer, DER_UTF8_STRING, sources->vendor);
  evseal_der_put_unsigned(writer, sources->counter);
  evseal_der_put_unsigned(writer, 1);
  evseal_der_put_header(writer, DER_SEQUENCE, end);
}

evseal_status evseal_state_write(uint8_t* out, size_t capacity, size_t* out_len,
                                 const evseal_crypto* crypto, const state_sources* sources) {
  *out_len = 0;
  if (count_issuers(sources, false) > EVSEAL_MAX_KNOWN_ISSUERS) {
    return EVSEAL_CRL_TOO_MANY;
  }
  if (out == NULL || capacity < BLOB_HEADER + EVSEAL_SHA256_LEN) {
    return EVSEAL_WORKSPACE_TOO_SMALL;
  }
  /* A package that brought too many issuers was refused for it: nothing is learnt from it. */
  bool with_crls = count_issuers(sources, true) <= EVSEAL_MAX_KNOWN_ISSUERS;
  der_writer writer =
      evseal_der_writer(out + BLOB_HEADER, capacity - BLOB_HEADER - EVSEAL_SHA256_LEN);
  put_state(&writer, sources, with_crls);
  size_t len = (size_t)(writer.end - writer.at);
  if (writer.full || len > UINT32_MAX) {
    return EVSEAL_WORKSPACE_TOO_SMALL;
  }
  memmove(out + BLOB_HEADER, writer.at, len);
  memcpy(out, evseal_state_magic, sizeof evseal_state_magic);
  for (unsigned i = 0; i < 4; i++) {
    out[8 + i] = (uint8_t)(len >> (24u - 8u * i) & 0xFFu);
  }
  evseal_span covered = evseal_span_of(out, BLOB_HEADER + len);
  evseal_status status = crypto->sha256(out + covered.len, &covered, 1);
  if (status != EVSEAL_OK) {
    return status;
  }
  /* A device must never store what it could not load. */
  evseal_state written;
  size_t whole = covered.len + EVSEAL_SHA256_LEN;
  status = evseal_state_open(&written, crypto, evseal_span_of(out, whole));
  *out_len = status == EVSEAL_OK ? whole : 0;
  return status;
}

evseal_status evseal_state_write_initial(uint8_t* out, size_t capacity, size_t* out_len,
                                         const evseal_crypto* crypto,
                                         const evseal_profile* profile) {
  state_sources sources;
  memset(&sources, 0, sizeof sources);
  sources.profile = profile;
  sources.vendor = profile->vendor;
  sources.model = profile->model;
  return evseal_state_write(out, capacity, out_len, crypto, &sources);
}

evseal_status evseal_state_join(uint8_t* out, size_t capacity, size_t* out_len,
                                const evseal_crypto* crypto, const evseal_profile* profile,
                                const evseal_state* a, const evseal_state* b) {
  state_sources sources;
  *out_len = 0;
  if (!evseal_span_equal(a->vendor, b->vendor) || !evseal_span_equal(a->model, b->model) ||
      a->trust_epoch != b->trust_epoch) {
    return EVSEAL_STATE_MISMATCH;
  }
  const evseal_state* newer = evseal_state_newer(b->counter, a->counter) ? b : a;
  memset(&sources, 0, sizeof sources);
  sources.profile = profile;
  sources.vendor = a->vendor;
  sources.model = a->model;
  sources.counter = newer->counter + 1u;
  sources.time_floor = a->time_floor > b->time_floor ? a->time_floor : b->time_floor;
  sources.trust_epoch = a->trust_epoch;
  sources.trust_der = a->trust_der;
  sources.states[0] = a;
  sources.states[1] = b;
  sources.num_states = 2;
  return evseal_state_write(out, capacity, out_len, crypto, &sources);
}
