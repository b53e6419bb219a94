/*
 * The manifest: canonical JSON in a strict subset (docs/format.md section 7).
 *
 * Parsing says nothing about trust. In a package the verifier parses a manifest only after a
 * signature over it held; everybody else who calls this holds an unverified manifest.
 */
#ifndef EVSEAL_MANIFEST_H
#define EVSEAL_MANIFEST_H

#include "evseal/crypto.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef enum evseal_encoding { EVSEAL_ENCODING_NONE = 1, EVSEAL_ENCODING_GZIP = 2 } evseal_encoding;

/* An inclusive range of hardware revisions. */
typedef struct evseal_hardware_range {
  bool present;
  uint32_t min;
  uint32_t max;
} evseal_hardware_range;

typedef struct evseal_preserve {
  uint64_t offset; /* octets from the start of the image */
  uint64_t size;
} evseal_preserve;

/* One component. Texts are raw JSON string contents: `\"` and `\\` are the only escapes that can
 * occur. */
typedef struct evseal_component {
  unsigned index; /* in the manifest */
  evseal_span id;
  evseal_span version;
  uint32_t security_version;
  uint64_t size;        /* octets of the image */
  uint64_t stored_size; /* octets in the file, without tree nodes */
  uint64_t file_size;   /* octets in the file, with tree nodes */
  uint32_t chunk_size;
  uint32_t num_chunks;
  evseal_encoding encoding;
  uint8_t sha256[EVSEAL_SHA256_LEN];
  uint8_t tree_root[EVSEAL_SHA256_LEN];
  evseal_hardware_range hardware;
  bool has_load_address;
  uint64_t load_address;
  bool metrology;
  evseal_span requires_json; /* array, or empty */
  unsigned num_preserve;
  evseal_preserve preserve[EVSEAL_MAX_PRESERVE];
} evseal_component;

typedef struct evseal_manifest {
  evseal_span text;
  evseal_span id;
  evseal_span vendor;
  evseal_span version;
  evseal_kind kind;
  evseal_stage stage;
  int64_t created;             /* seconds since 1970 */
  unsigned num_components;     /* 0 for a trust-update */
  evseal_span compatible_json; /* arrays, or empty */
  evseal_span components_json;
  evseal_span crls_json;
  uint32_t epoch;        /* trust-update, as the rest */
  evseal_span trust_hex; /* hexadecimal digits of the new TrustStore's DER */
  bool has_recovery;
  uint8_t recovery[EVSEAL_SHA256_LEN];
  bool resets_time_floor;
  int64_t time_floor;           /* seconds since 1970 */
  evseal_span reset_slots_json; /* arrays, or empty */
  evseal_span reset_crls_json;
} evseal_manifest;

/*
 * Parses and checks a whole manifest, every member of the schema included.
 *
 * EVSEAL_OK, EVSEAL_MANIFEST_SYNTAX, _SCHEMA, _VERSION, _KIND, _STAGE, _ENCODING, _CRITICAL. `text`
 * stays the caller's. Stack: under 700 bytes.
 */
evseal_status evseal_manifest_parse(evseal_manifest* out, evseal_span text);

/* Component `index` < num_components of a parsed manifest. */
evseal_status evseal_manifest_component(evseal_component* out, const evseal_manifest* manifest,
                                        unsigned index);

/* Entry `index` of `crls`; false when there are no more. */
bool evseal_manifest_crl(uint8_t out_issuer_key[EVSEAL_SHA256_LEN], uint64_t* out_number,
                         const evseal_manifest* manifest, unsigned index);

/* Entry `index` of `resets.security_versions` and of `resets.crls`; false when there are no more.
 */
bool evseal_manifest_reset_slot(evseal_span* out_id, uint32_t* out_security_version,
                                const evseal_manifest* manifest, unsigned index);
bool evseal_manifest_reset_crl(uint8_t out_issuer_key[EVSEAL_SHA256_LEN],
                               const evseal_manifest* manifest, unsigned index);

/* Requirement `index` of a component; false when there are no more. */
bool evseal_component_requirement(evseal_span* out_id, uint32_t* out_min_security_version,
                                  const evseal_component* component, unsigned index);

#ifdef __cplusplus
}
#endif

#endif
