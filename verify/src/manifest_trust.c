/* What a trust-update's manifest has instead of components (docs/format.md section 7.3), and the
 * list of CRLs. */
#include "manifest_fields.h"

#define MAX_TRUST_DIGITS 32768u
#define MAX_RESET_SLOTS 32u

static bool is_lower_hex(uint8_t c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
}

/* `trust`: the DER of the new TrustStore in hexadecimal digits; what it says is judged later. */
static bool read_trust(evseal_manifest* out) {
  evseal_span value;
  size_t len = 0;
  if (!evseal_json_member(out->text, "trust", &value) ||
      !evseal_json_string(value, &out->trust_hex, &len) || len < 2 || len > MAX_TRUST_DIGITS ||
      len % 2 != 0 || len != out->trust_hex.len) {
    return false;
  }
  for (size_t i = 0; i < len; i++) {
    if (!is_lower_hex(out->trust_hex.data[i])) {
      return false;
    }
  }
  return true;
}

/* `resets.security_versions`: 1 to 32 slots, strictly ascending by id. */
static bool read_reset_slots(evseal_manifest* out, evseal_span resets) {
  unsigned count = 0;
  if (!evseal_json_member(resets, "security_versions", &out->reset_slots_json)) {
    return true;
  }
  if (!evseal_array_of_objects(out->reset_slots_json, 1, MAX_RESET_SLOTS, &count)) {
    return false;
  }
  evseal_span previous = {NULL, 0};
  for (unsigned i = 0; i < count; i++) {
    evseal_span id;
    uint32_t version = 0;
    if (!evseal_manifest_reset_slot(&id, &version, out, i) ||
        evseal_span_compare(previous, id) >= 0) {
      return false;
    }
    previous = id;
  }
  return true;
}

/* `resets.crls`: 1 to 16 key hashes, strictly ascending. */
static bool read_reset_crls(evseal_manifest* out, evseal_span resets) {
  if (!evseal_json_member(resets, "crls", &out->reset_crls_json)) {
    return true;
  }
  evseal_span rest = out->reset_crls_json;
  evseal_span item;
  evseal_span previous = {NULL, 0};
  unsigned count = 0; /* 0 for what is no array, too */
  for (; evseal_json_next_item(&rest, &item); count++) {
    uint8_t key[EVSEAL_SHA256_LEN];
    if (count == EVSEAL_MAX_KNOWN_ISSUERS || !evseal_json_hex(item, key, sizeof key) ||
        evseal_span_compare(previous, item) >= 0) {
      return false;
    }
    previous = item;
  }
  return count > 0;
}

static bool read_resets(evseal_manifest* out) {
  evseal_span resets;
  evseal_span time;
  if (!evseal_json_member(out->text, "resets", &resets)) {
    return true;
  }
  if (!evseal_json_is_object(resets) || !read_reset_crls(out, resets) ||
      !read_reset_slots(out, resets)) {
    return false;
  }
  out->resets_time_floor = evseal_json_member(resets, "time_floor", &time);
  return !out->resets_time_floor ||
         (evseal_field_time(resets, "time_floor", &out->time_floor) && out->time_floor >= 0);
}

evseal_status evseal_manifest_read_trust_update(evseal_manifest* out) {
  evseal_span value;
  uint64_t epoch = 0;
  if (evseal_json_member(out->text, "components", &value) ||
      !evseal_field_integer(out->text, "epoch", 1, BELOW_2_31, &epoch) || !read_trust(out) ||
      !read_resets(out)) {
    return EVSEAL_MANIFEST_SCHEMA;
  }
  out->epoch = (uint32_t)epoch;
  out->has_recovery = evseal_json_member(out->text, "recovery", &value);
  bool fine = !out->has_recovery || evseal_json_hex(value, out->recovery, sizeof out->recovery);
  return fine ? EVSEAL_OK : EVSEAL_MANIFEST_SCHEMA;
}

/* Item `index` of an array. */
static bool item_at(evseal_span array, unsigned index, evseal_span* out) {
  evseal_span rest = array;
  unsigned i = 0;
  while (evseal_json_next_item(&rest, out)) {
    if (i == index) {
      return true;
    }
    i++;
  }
  return false;
}

bool evseal_manifest_crl(uint8_t out_issuer_key[EVSEAL_SHA256_LEN], uint64_t* out_number,
                         const evseal_manifest* manifest, unsigned index) {
  evseal_span item;
  evseal_span key;
  return item_at(manifest->crls_json, index, &item) &&
         evseal_json_member(item, "issuer_key", &key) &&
         evseal_json_hex(key, out_issuer_key, EVSEAL_SHA256_LEN) &&
         evseal_field_integer(item, "number", 0, JSON_MAX_INTEGER, out_number);
}

bool evseal_manifest_reset_slot(evseal_span* out_id, uint32_t* out_security_version,
                                const evseal_manifest* manifest, unsigned index) {
  evseal_span item;
  uint64_t version = 0;
  if (!item_at(manifest->reset_slots_json, index, &item) ||
      !evseal_field_name(item, "id", COMPONENT_ID_MAX_OCTETS, out_id) ||
      !evseal_field_integer(item, "security_version", 0, BELOW_2_31, &version)) {
    return false;
  }
  *out_security_version = (uint32_t)version;
  return true;
}

bool evseal_manifest_reset_crl(uint8_t out_issuer_key[EVSEAL_SHA256_LEN],
                               const evseal_manifest* manifest, unsigned index) {
  evseal_span item;
  return item_at(manifest->reset_crls_json, index, &item) &&
         evseal_json_hex(item, out_issuer_key, EVSEAL_SHA256_LEN);
}
