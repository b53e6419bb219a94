/* One component of a manifest (docs/format.md section 7.2). */
#include "chunks.h"
#include "manifest_fields.h"

static bool is_power_of_two(uint64_t value) {
  return value != 0 && (value & (value - 1)) == 0;
}

static evseal_status read_encoding(evseal_component* out, evseal_span object) {
  evseal_span encoding;
  if (!evseal_field_word(object, "encoding", &encoding)) {
    return EVSEAL_MANIFEST_SCHEMA;
  }
  if (evseal_span_is(encoding, "none")) {
    out->encoding = EVSEAL_ENCODING_NONE;
    return EVSEAL_OK;
  }
  if (evseal_span_is(encoding, "gzip")) {
    out->encoding = EVSEAL_ENCODING_GZIP;
    return EVSEAL_OK;
  }
  return EVSEAL_MANIFEST_ENCODING;
}

/* chunk_size, and what follows from it; every product is bounded before it is made. */
static evseal_status read_chunks(evseal_component* out, evseal_span object) {
  uint64_t chunk = 0;
  if (!evseal_field_integer(object, "chunk_size", EVSEAL_MIN_CHUNK, EVSEAL_MAX_CHUNK, &chunk) ||
      !is_power_of_two(chunk)) {
    return EVSEAL_MANIFEST_SCHEMA;
  }
  uint64_t chunks = evseal_chunks_of(out->stored_size, (uint32_t)chunk);
  if (chunks > EVSEAL_MAX_LEAVES ||
      (out->encoding == EVSEAL_ENCODING_NONE && out->size != out->stored_size)) {
    return EVSEAL_MANIFEST_SCHEMA;
  }
  out->chunk_size = (uint32_t)chunk;
  out->num_chunks = (uint32_t)chunks;
  out->file_size = out->stored_size + 64u * (chunks - 1u);
  return EVSEAL_OK;
}

/* `requires`: 1 to 8 {id, min_security_version}, ascending by id. */
static bool read_requires(evseal_component* out, evseal_span object) {
  evseal_span value;
  unsigned count = 0;
  if (!evseal_json_member(object, "requires", &value)) {
    return true;
  }
  if (!evseal_array_of_objects(value, 1, EVSEAL_MAX_REQUIRES, &count)) {
    return false;
  }
  evseal_span rest = value;
  evseal_span item;
  evseal_span previous = {NULL, 0};
  while (evseal_json_next_item(&rest, &item)) {
    evseal_span id;
    uint64_t version = 0;
    if (!evseal_field_name(item, "id", COMPONENT_ID_MAX_OCTETS, &id) ||
        evseal_span_compare(previous, id) >= 0 ||
        !evseal_field_integer(item, "min_security_version", 0, BELOW_2_31, &version)) {
      return false;
    }
    previous = id;
  }
  out->requires_json = value;
  return true;
}

/* `preserve`: 1 to 4 {offset, size}, ascending, disjoint, within the image. */
static bool read_preserve(evseal_component* out, evseal_span object) {
  evseal_span value;
  unsigned count = 0;
  if (!evseal_json_member(object, "preserve", &value)) {
    return true;
  }
  if (!evseal_array_of_objects(value, 1, EVSEAL_MAX_PRESERVE, &count)) {
    return false;
  }
  evseal_span rest = value;
  evseal_span item;
  uint64_t end = 0;
  while (evseal_json_next_item(&rest, &item)) {
    evseal_preserve range;
    if (!evseal_field_integer(item, "offset", end, out->size, &range.offset) ||
        !evseal_field_integer(item, "size", 1, out->size - range.offset, &range.size)) {
      return false;
    }
    out->preserve[out->num_preserve++] = range;
    end = range.offset + range.size;
  }
  return true;
}

static bool read_optional(evseal_component* out, evseal_span object) {
  evseal_span value;
  if (evseal_json_member(object, "load_address", &value)) {
    out->has_load_address = true;
    if (!evseal_json_integer(value, JSON_MAX_INTEGER, &out->load_address)) {
      return false;
    }
  }
  if (evseal_json_member(object, "metrology", &value) &&
      !evseal_json_boolean(value, &out->metrology)) {
    return false;
  }
  return evseal_field_hardware(object, &out->hardware) && read_requires(out, object) &&
         read_preserve(out, object);
}

static bool read_hash(evseal_span object, const char* name, uint8_t* out) {
  evseal_span value;
  return evseal_json_member(object, name, &value) && evseal_json_hex(value, out, EVSEAL_SHA256_LEN);
}

/* The members in the order of the table: the first that is wrong gives the status. */
evseal_status evseal_manifest_read_component(evseal_component* out, evseal_span object) {
  memset(out, 0, sizeof *out);
  uint64_t version = 0;
  if (!evseal_field_name(object, "id", COMPONENT_ID_MAX_OCTETS, &out->id) ||
      !evseal_field_text(object, "version", NAME_MAX_OCTETS, &out->version) ||
      !evseal_field_integer(object, "security_version", 0, BELOW_2_31, &version) ||
      !evseal_field_integer(object, "size", 1, JSON_MAX_INTEGER, &out->size) ||
      !read_hash(object, "sha256", out->sha256) ||
      !evseal_field_integer(object, "stored_size", 1, JSON_MAX_INTEGER, &out->stored_size)) {
    return EVSEAL_MANIFEST_SCHEMA;
  }
  out->security_version = (uint32_t)version;
  evseal_status status = read_encoding(out, object);
  if (status == EVSEAL_OK) {
    status = read_chunks(out, object);
  }
  if (status != EVSEAL_OK) {
    return status;
  }
  bool fine = read_hash(object, "tree_root", out->tree_root) && read_optional(out, object);
  return fine ? EVSEAL_OK : EVSEAL_MANIFEST_SCHEMA;
}

bool evseal_component_requirement(evseal_span* out_id, uint32_t* out_min_security_version,
                                  const evseal_component* component, unsigned index) {
  evseal_span rest = component->requires_json;
  evseal_span item;
  for (unsigned i = 0; evseal_json_next_item(&rest, &item); i++) {
    uint64_t version = 0;
    if (i == index) {
      if (!evseal_field_name(item, "id", COMPONENT_ID_MAX_OCTETS, out_id) ||
          !evseal_field_integer(item, "min_security_version", 0, BELOW_2_31, &version)) {
        return false;
      }
      *out_min_security_version = (uint32_t)version;
      return true;
    }
  }
  return false;
}
