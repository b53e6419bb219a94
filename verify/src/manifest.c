/* The manifest's schema (docs/format.md section 7). */
#include "evseal/manifest.h"

#include "manifest_fields.h"

#define MAX_COMPATIBLE 32u
#define MAX_SERIALS 64u
#define MAX_SERIAL_OCTETS 32u
#define MAX_SOURCE_OCTETS 256u
#define MAX_SBOM 8u
#define MAX_SBOM_NAME 128u
#define MAX_CRITICAL 32u

/* Every member name that this verifier knows, for `critical`. */
static const char* const known_names[] = {
    "build",
    "chunk_size",
    "commit",
    "compatible",
    "components",
    "created",
    "critical",
    "crls",
    "encoding",
    "epoch",
    "format",
    "format_version",
    "hardware",
    "id",
    "issuer_key",
    "kind",
    "load_address",
    "max",
    "metrology",
    "min",
    "min_security_version",
    "model",
    "name",
    "number",
    "offset",
    "package",
    "preserve",
    "recovery",
    "repository",
    "requires",
    "resets",
    "sbom",
    "security_version",
    "security_versions",
    "serials",
    "sha256",
    "size",
    "source",
    "stage",
    "stored_size",
    "time_floor",
    "tree_root",
    "trust",
    "vendor",
    "version",
};

static bool is_known_name(evseal_span name) {
  for (size_t i = 0; i < sizeof known_names / sizeof known_names[0]; i++) {
    if (evseal_span_is(name, known_names[i])) {
      return true;
    }
  }
  return false;
}

static evseal_status read_critical(evseal_span text) {
  evseal_span value;
  if (!evseal_json_member(text, "critical", &value)) {
    return EVSEAL_OK;
  }
  evseal_span rest = value;
  evseal_span item;
  evseal_span previous = {NULL, 0};
  evseal_status status = EVSEAL_OK;
  unsigned count = 0; /* 0 for what is no array, too */
  for (; evseal_json_next_item(&rest, &item); count++) {
    evseal_span name;
    size_t len = 0;
    if (count == MAX_CRITICAL || !evseal_json_string(item, &name, &len) || len == 0 ||
        len > JSON_MAX_NAME || evseal_span_compare(previous, name) >= 0) {
      return EVSEAL_MANIFEST_SCHEMA;
    }
    for (size_t i = 0; i < name.len; i++) {
      uint8_t c = name.data[i];
      if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_')) {
        return EVSEAL_MANIFEST_SCHEMA;
      }
    }
    previous = name;
    if (!is_known_name(name)) {
      status = EVSEAL_MANIFEST_CRITICAL;
    }
  }
  return count == 0 ? EVSEAL_MANIFEST_SCHEMA : status;
}

static evseal_status read_package(evseal_manifest* out) {
  evseal_span package;
  evseal_span kind;
  evseal_span stage;
  if (!evseal_json_member(out->text, "package", &package) || !evseal_json_is_object(package) ||
      !evseal_field_name(package, "id", NAME_MAX_OCTETS, &out->id) ||
      !evseal_field_name(package, "vendor", NAME_MAX_OCTETS, &out->vendor) ||
      !evseal_field_text(package, "version", NAME_MAX_OCTETS, &out->version) ||
      !evseal_field_word(package, "kind", &kind) || !evseal_field_word(package, "stage", &stage)) {
    return EVSEAL_MANIFEST_SCHEMA;
  }
  if (evseal_span_is(kind, "firmware")) {
    out->kind = EVSEAL_KIND_FIRMWARE;
  } else if (evseal_span_is(kind, "trust-update")) {
    out->kind = EVSEAL_KIND_TRUST_UPDATE;
  } else {
    return EVSEAL_MANIFEST_KIND;
  }
  if (evseal_span_is(stage, "dev")) {
    out->stage = EVSEAL_STAGE_DEV;
  } else if (evseal_span_is(stage, "pilot")) {
    out->stage = EVSEAL_STAGE_PILOT;
  } else if (evseal_span_is(stage, "prod")) {
    out->stage = EVSEAL_STAGE_PROD;
  } else {
    return EVSEAL_MANIFEST_STAGE;
  }
  return EVSEAL_OK;
}

/* A serial number: 1 to 32 printable ASCII characters other than space, `"` and `\`, so that it is
 * written as it is. */
static bool is_serial(evseal_span text) {
  if (text.len == 0 || text.len > MAX_SERIAL_OCTETS) {
    return false;
  }
  for (size_t i = 0; i < text.len; i++) {
    uint8_t c = text.data[i];
    if (c <= ' ' || c > '~' || c == '\\') {
      return false;
    }
  }
  return true;
}

/* `serials`: 1 to 64 serial numbers, strictly ascending. */
static bool serials_fine(evseal_span entry) {
  evseal_span value;
  if (!evseal_json_member(entry, "serials", &value)) {
    return true;
  }
  evseal_span rest = value;
  evseal_span item;
  evseal_span previous = {NULL, 0};
  unsigned count = 0; /* 0 for what is no array, too */
  for (; evseal_json_next_item(&rest, &item); count++) {
    evseal_span text;
    size_t len = 0;
    if (count == MAX_SERIALS || !evseal_json_string(item, &text, &len) || !is_serial(text) ||
        evseal_span_compare(previous, text) >= 0) {
      return false;
    }
    previous = text;
  }
  return count > 0;
}

static bool read_compatible(evseal_manifest* out) {
  unsigned count = 0;
  if (!evseal_json_member(out->text, "compatible", &out->compatible_json) ||
      !evseal_array_of_objects(out->compatible_json, 1, MAX_COMPATIBLE, &count)) {
    return false;
  }
  evseal_span rest = out->compatible_json;
  evseal_span item;
  while (evseal_json_next_item(&rest, &item)) {
    evseal_span name;
    evseal_hardware_range range;
    if (!evseal_field_name(item, "vendor", NAME_MAX_OCTETS, &name) ||
        !evseal_field_name(item, "model", NAME_MAX_OCTETS, &name) ||
        !evseal_field_hardware(item, &range) || !serials_fine(item)) {
      return false;
    }
  }
  return true;
}

/* `source`: an optional object of optional texts of at most 256 octets. */
static bool source_fine(evseal_span text) {
  static const char* const names[] = {"repository", "commit", "build"};
  evseal_span source;
  if (!evseal_json_member(text, "source", &source)) {
    return true;
  }
  if (!evseal_json_is_object(source)) {
    return false;
  }
  for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
    evseal_span value;
    evseal_span content;
    size_t len = 0;
    if (evseal_json_member(source, names[i], &value) &&
        (!evseal_json_string(value, &content, &len) || len > MAX_SOURCE_OCTETS)) {
      return false;
    }
  }
  return true;
}

static bool sbom_fine(evseal_span text) {
  evseal_span value;
  unsigned count = 0;
  if (!evseal_json_member(text, "sbom", &value)) {
    return true;
  }
  if (!evseal_array_of_objects(value, 1, MAX_SBOM, &count)) {
    return false;
  }
  evseal_span rest = value;
  evseal_span item;
  while (evseal_json_next_item(&rest, &item)) {
    evseal_span text_value;
    uint8_t digest[EVSEAL_SHA256_LEN];
    if (!evseal_field_text(item, "name", MAX_SBOM_NAME, &text_value) ||
        !evseal_field_name(item, "format", NAME_MAX_OCTETS, &text_value) ||
        !evseal_json_member(item, "sha256", &text_value) ||
        !evseal_json_hex(text_value, digest, sizeof digest)) {
      return false;
    }
  }
  return true;
}

/* `crls`: 1 to 8 {issuer_key, number}, ascending by issuer_key. */
static bool read_crls(evseal_manifest* out) {
  unsigned count = 0;
  if (!evseal_json_member(out->text, "crls", &out->crls_json)) {
    return true;
  }
  if (!evseal_array_of_objects(out->crls_json, 1, EVSEAL_MAX_NAMED_CRLS, &count)) {
    return false;
  }
  evseal_span rest = out->crls_json;
  evseal_span item;
  evseal_span previous = {NULL, 0};
  while (evseal_json_next_item(&rest, &item)) {
    evseal_span key;
    uint8_t digest[EVSEAL_SHA256_LEN];
    uint64_t number = 0;
    if (!evseal_json_member(item, "issuer_key", &key) ||
        !evseal_json_hex(key, digest, sizeof digest) || evseal_span_compare(previous, key) >= 0 ||
        !evseal_field_integer(item, "number", 0, JSON_MAX_INTEGER, &number)) {
      return false;
    }
    previous = key;
  }
  return true;
}

/* Every component by itself, and no two of one id. */
static evseal_status read_components(evseal_manifest* out) {
  if (!evseal_json_member(out->text, "components", &out->components_json) ||
      !evseal_array_of_objects(out->components_json, 1, EVSEAL_MAX_COMPONENTS,
                               &out->num_components)) {
    return EVSEAL_MANIFEST_SCHEMA;
  }
  evseal_span rest = out->components_json;
  evseal_span item;
  while (evseal_json_next_item(&rest, &item)) {
    evseal_component component;
    evseal_status status = evseal_manifest_read_component(&component, item);
    if (status != EVSEAL_OK) {
      return status;
    }
    evseal_span others = rest;
    evseal_span other;
    while (evseal_json_next_item(&others, &other)) {
      evseal_span id;
      if (!evseal_field_name(other, "id", COMPONENT_ID_MAX_OCTETS, &id) ||
          evseal_span_equal(id, component.id)) {
        return EVSEAL_MANIFEST_SCHEMA;
      }
    }
  }
  return EVSEAL_OK;
}

static evseal_status read_head(evseal_manifest* out) {
  evseal_span format;
  uint64_t version = 0;
  if (!evseal_field_text(out->text, "format", NAME_MAX_OCTETS, &format) ||
      !evseal_span_is(format, "evseal-manifest") ||
      !evseal_field_integer(out->text, "format_version", 0, JSON_MAX_INTEGER, &version)) {
    return EVSEAL_MANIFEST_SCHEMA;
  }
  if (version != 1) {
    return EVSEAL_MANIFEST_VERSION;
  }
  evseal_status status = read_critical(out->text);
  return status == EVSEAL_OK ? read_package(out) : status;
}

static evseal_status read_manifest(evseal_manifest* out) {
  if (!evseal_json_validate(out->text)) {
    return EVSEAL_MANIFEST_SYNTAX;
  }
  evseal_status status = read_head(out);
  if (status != EVSEAL_OK) {
    return status;
  }
  if (!evseal_field_time(out->text, "created", &out->created) || !source_fine(out->text) ||
      !read_compatible(out) || !sbom_fine(out->text) || !read_crls(out)) {
    return EVSEAL_MANIFEST_SCHEMA;
  }
  if (out->kind == EVSEAL_KIND_FIRMWARE) {
    return read_components(out);
  }
  return EVSEAL_WITH_TRUST_UPDATE ? evseal_manifest_read_trust_update(out)
                                  : EVSEAL_KIND_UNSUPPORTED;
}

evseal_status evseal_manifest_parse(evseal_manifest* out, evseal_span text) {
  memset(out, 0, sizeof *out);
  out->text = text;
  evseal_status status = read_manifest(out);
  if (status != EVSEAL_OK) {
    memset(out, 0, sizeof *out);
  }
  return status;
}

evseal_status evseal_manifest_component(evseal_component* out, const evseal_manifest* manifest,
                                        unsigned index) {
  evseal_span rest = manifest->components_json;
  evseal_span item;
  for (unsigned i = 0; evseal_json_next_item(&rest, &item); i++) {
    if (i == index) {
      evseal_status status = evseal_manifest_read_component(out, item);
      out->index = index;
      return status;
    }
  }
  memset(out, 0, sizeof *out);
  return EVSEAL_MISUSE;
}
