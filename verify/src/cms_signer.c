#include "cms_signer.h"

#include "oids.h"
#include "x509_fields.h"

#define NUM_ATTRIBUTES 4u
#define MAX_LISTED 5u /* the leaf and four intermediates */

/* The AlgorithmIdentifiers of docs/format.md section 3: these bytes and no others. */
static const uint8_t identifier_sha256[] = {0x30, 0x0B, 0x06, 0x09, 0x60, 0x86, 0x48,
                                            0x01, 0x65, 0x03, 0x04, 0x02, 0x01};
static const uint8_t identifier_sha384[] = {0x30, 0x0B, 0x06, 0x09, 0x60, 0x86, 0x48,
                                            0x01, 0x65, 0x03, 0x04, 0x02, 0x02};
static const uint8_t identifier_sha512[] = {0x30, 0x0B, 0x06, 0x09, 0x60, 0x86, 0x48,
                                            0x01, 0x65, 0x03, 0x04, 0x02, 0x03};
static const uint8_t identifier_ecdsa_sha256[] = {0x30, 0x0A, 0x06, 0x08, 0x2A, 0x86,
                                                  0x48, 0xCE, 0x3D, 0x04, 0x03, 0x02};
static const uint8_t identifier_ecdsa_sha384[] = {0x30, 0x0A, 0x06, 0x08, 0x2A, 0x86,
                                                  0x48, 0xCE, 0x3D, 0x04, 0x03, 0x03};
static const uint8_t identifier_pss_sha256[] = {
    0x30, 0x41, 0x06, 0x09, 0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 0x01, 0x01, 0x0A, 0x30,
    0x34, 0xA0, 0x0F, 0x30, 0x0D, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04,
    0x02, 0x01, 0x05, 0x00, 0xA1, 0x1C, 0x30, 0x1A, 0x06, 0x09, 0x2A, 0x86, 0x48, 0x86,
    0xF7, 0x0D, 0x01, 0x01, 0x08, 0x30, 0x0D, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65,
    0x03, 0x04, 0x02, 0x01, 0x05, 0x00, 0xA2, 0x03, 0x02, 0x01, 0x20};
static const uint8_t identifier_ed25519[] = {0x30, 0x05, 0x06, 0x03, 0x2B, 0x65, 0x70};

#define SPAN(array) \
  { array, sizeof array }

typedef struct key_algorithms {
  evseal_span digest;
  evseal_span signature;
  evseal_hash hash;
  evseal_algorithm algorithm;
} key_algorithms;

static const key_algorithms algorithms_p256 = {
    SPAN(identifier_sha256),
    SPAN(identifier_ecdsa_sha256),
    EVSEAL_HASH_SHA256,
    {EVSEAL_SCHEME_ECDSA, EVSEAL_HASH_SHA256, EVSEAL_HASH_NONE, 0}};
static const key_algorithms algorithms_p384 = {
    SPAN(identifier_sha384),
    SPAN(identifier_ecdsa_sha384),
    EVSEAL_HASH_SHA384,
    {EVSEAL_SCHEME_ECDSA, EVSEAL_HASH_SHA384, EVSEAL_HASH_NONE, 0}};
static const key_algorithms algorithms_rsa = {
    SPAN(identifier_sha256),
    SPAN(identifier_pss_sha256),
    EVSEAL_HASH_SHA256,
    {EVSEAL_SCHEME_RSA_PSS, EVSEAL_HASH_SHA256, EVSEAL_HASH_SHA256, 32}};
static const key_algorithms algorithms_ed25519 = {
    SPAN(identifier_sha512),
    SPAN(identifier_ed25519),
    EVSEAL_HASH_SHA512,
    {EVSEAL_SCHEME_ED25519, EVSEAL_HASH_NONE, EVSEAL_HASH_NONE, 0}};

/* What a configuration leaves out, the compiler does. */
static const key_algorithms* algorithms_of(evseal_key_type type) {
  if (EVSEAL_WITH_P256 && type == EVSEAL_KEY_P256) {
    return &algorithms_p256;
  }
  if (EVSEAL_WITH_P384 && type == EVSEAL_KEY_P384) {
    return &algorithms_p384;
  }
  if (EVSEAL_WITH_RSA && type == EVSEAL_KEY_RSA) {
    return &algorithms_rsa;
  }
  return EVSEAL_WITH_ED25519 && type == EVSEAL_KEY_ED25519 ? &algorithms_ed25519 : NULL;
}

bool evseal_cms_algorithm_of_key(evseal_algorithm* out, evseal_hash* out_digest,
                                 evseal_key_type type) {
  const key_algorithms* known = algorithms_of(type);
  if (known == NULL) {
    return false;
  }
  *out = known->algorithm;
  *out_digest = known->hash;
  return true;
}

/* sid: the one certificate of the envelope with this issuer and serial number, byte for byte. */
static evseal_status find_leaf(cms_signer* out, der_reader* signer,
                               const evseal_certificate* certificates, unsigned num_certificates) {
  der_reader sid;
  evseal_span issuer;
  evseal_span serial;
  if (!evseal_der_enter(signer, DER_SEQUENCE, &sid)) {
    return EVSEAL_CMS_SIGNER_ID;
  }
  if (!evseal_der_read_whole(&sid, DER_SEQUENCE, &issuer) ||
      !evseal_der_read_integer(&sid, &serial) || !der_done(&sid)) {
    return EVSEAL_DER_ENCODING;
  }
  unsigned matches = 0;
  for (unsigned i = 0; i < num_certificates; i++) {
    if (evseal_span_equal(certificates[i].issuer, issuer) &&
        evseal_span_equal(certificates[i].serial, serial)) {
      out->leaf = (uint8_t)i;
      matches++;
    }
  }
  return matches == 1 ? EVSEAL_OK : EVSEAL_CMS_SIGNER_ID;
}

static evseal_status read_content_type(der_reader value) {
  evseal_span type;
  bool fine = evseal_der_read(&value, DER_OID, &type) && der_done(&value) &&
              evseal_span_equal(type, evseal_oid_evseal_manifest);
  return fine ? EVSEAL_OK : EVSEAL_CMS_ATTRIBUTE_VALUE;
}

static evseal_status read_message_digest(cms_signer* out, der_reader value,
                                         const key_algorithms* known) {
  bool fine = evseal_der_read(&value, DER_OCTET_STRING, &out->message_digest) && der_done(&value);
  return fine && (known == NULL || out->message_digest.len == (size_t)known->hash)
             ? EVSEAL_OK
             : EVSEAL_CMS_ATTRIBUTE_VALUE;
}

/* RFC 5652 section 11.3; before 1970 nothing of ours was signed. */
static evseal_status read_signing_time(cms_signer* out, der_reader value) {
  bool fine = evseal_der_read_time(&value, &out->signing_time) && der_done(&value) &&
              out->signing_time >= 0;
  return fine ? EVSEAL_OK : EVSEAL_CMS_ATTRIBUTE_VALUE;
}

/* The certificate with this hash; num_certificates when there is none. */
static unsigned find_by_hash(evseal_span hash, const uint8_t (*hashes)[EVSEAL_SHA256_LEN],
                             unsigned num_certificates) {
  for (unsigned i = 0; i < num_certificates; i++) {
    if (memcmp(hash.data, hashes[i], EVSEAL_SHA256_LEN) == 0) {
      return i;
    }
  }
  return num_certificates;
}

/* SigningCertificateV2 (RFC 5035 section 3): SEQUENCE { SEQUENCE OF SEQUENCE { OCTET STRING } },
 * the leaf first. */
static evseal_status read_signing_certificate(cms_signer* out, der_reader value,
                                              unsigned num_certificates,
                                              const uint8_t (*hashes)[EVSEAL_SHA256_LEN]) {
  der_reader fields;
  der_reader ids;
  if (!evseal_der_enter(&value, DER_SEQUENCE, &fields) || !der_done(&value) ||
      !evseal_der_enter(&fields, DER_SEQUENCE, &ids) || !der_done(&fields) || der_done(&ids)) {
    return EVSEAL_CMS_ATTRIBUTE_VALUE;
  }
  for (unsigned count = 0; !der_done(&ids); count++) {
    der_reader id;
    evseal_span hash;
    if (!evseal_der_enter(&ids, DER_SEQUENCE, &id) ||
        !evseal_der_read(&id, DER_OCTET_STRING, &hash) || !der_done(&id) ||
        hash.len != EVSEAL_SHA256_LEN) {
      return EVSEAL_CMS_ATTRIBUTE_VALUE;
    }
    unsigned index = find_by_hash(hash, hashes, num_certificates);
    bool first_is_leaf = count > 0 || index == out->leaf;
    if (count == MAX_LISTED || index == num_certificates || !first_is_leaf ||
        (out->listed >> index & 1u) != 0) {
      return EVSEAL_CMS_SIGNING_CERTIFICATE;
    }
    out->listed |= 1u << index;
  }
  return EVSEAL_OK;
}

typedef enum attribute {
  ATTRIBUTE_CONTENT_TYPE = 1,
  ATTRIBUTE_MESSAGE_DIGEST = 2,
  ATTRIBUTE_SIGNING_TIME = 4,
  ATTRIBUTE_SIGNING_CERTIFICATE = 8,
  ATTRIBUTE_UNKNOWN = 0
} attribute;

static attribute attribute_of(evseal_span oid) {
  if (evseal_span_equal(oid, evseal_oid_content_type)) {
    return ATTRIBUTE_CONTENT_TYPE;
  }
  if (evseal_span_equal(oid, evseal_oid_message_digest)) {
    return ATTRIBUTE_MESSAGE_DIGEST;
  }
  if (evseal_span_equal(oid, evseal_oid_signing_time)) {
    return ATTRIBUTE_SIGNING_TIME;
  }
  return evseal_span_equal(oid, evseal_oid_signing_certificate_v2) ? ATTRIBUTE_SIGNING_CERTIFICATE
                                                                   : ATTRIBUTE_UNKNOWN;
}

/* Attribute ::= SEQUENCE { attrType OBJECT IDENTIFIER, attrValues SET OF one value }. */
static bool read_attribute(der_reader* set, evseal_span* out_oid, der_reader* out_value) {
  der_reader fields;
  der_reader values;
  return evseal_der_enter(set, DER_SEQUENCE, &fields) &&
         evseal_der_read(&fields, DER_OID, out_oid) &&
         evseal_der_enter(&fields, DER_SET, out_value) && der_done(&fields) &&
         (values = *out_value, evseal_der_read_any(&values, NULL, NULL, NULL)) && der_done(&values);
}

/* First pass: exactly the four, one value each, in DER order, so that there is one way to write
 * them. */
static evseal_status check_attribute_set(der_reader set) {
  evseal_span previous = {NULL, 0};
  unsigned seen = 0;
  for (unsigned count = 0; count < NUM_ATTRIBUTES; count++) {
    evseal_span whole;
    evseal_span oid;
    der_reader value;
    if (!evseal_der_read_whole(&set, DER_SEQUENCE, &whole) ||
        (previous.len > 0 && !evseal_der_in_set_order(previous, whole))) {
      return EVSEAL_CMS_ATTRIBUTES;
    }
    previous = whole;
    der_reader copy = der_open(whole);
    if (!read_attribute(&copy, &oid, &value)) {
      return EVSEAL_CMS_ATTRIBUTES;
    }
    seen |= (unsigned)attribute_of(oid);
  }
  return der_done(&set) && seen == 15u ? EVSEAL_OK : EVSEAL_CMS_ATTRIBUTES;
}

static evseal_status read_attributes(cms_signer* out, der_reader set, const key_algorithms* known,
                                     unsigned num_certificates,
                                     const uint8_t (*hashes)[EVSEAL_SHA256_LEN]) {
  evseal_status status = check_attribute_set(set);
  while (status == EVSEAL_OK && !der_done(&set)) {
    der_reader value;
    evseal_span oid;
    if (!read_attribute(&set, &oid, &value)) {
      return EVSEAL_CMS_ATTRIBUTES;
    }
    switch (attribute_of(oid)) {
      case ATTRIBUTE_CONTENT_TYPE:
        status = read_content_type(value);
        break;
      case ATTRIBUTE_MESSAGE_DIGEST:
        status = read_message_digest(out, value, known);
        break;
      case ATTRIBUTE_SIGNING_TIME:
        status = read_signing_time(out, value);
        break;
      case ATTRIBUTE_SIGNING_CERTIFICATE:
        status = read_signing_certificate(out, value, num_certificates, hashes);
        break;
      case ATTRIBUTE_UNKNOWN:
        status = EVSEAL_CMS_ATTRIBUTES;
        break;
    }
  }
  return status;
}

/* signatureAlgorithm and signature, and nothing after them. */
static evseal_status read_signature(cms_signer* out, der_reader* signer,
                                    const key_algorithms* known) {
  evseal_span algorithm;
  if (!evseal_der_read_whole(signer, DER_SEQUENCE, &algorithm)) {
    return EVSEAL_DER_ENCODING;
  }
  if (known != NULL && !evseal_span_equal(algorithm, known->signature)) {
    return EVSEAL_CMS_ALGORITHM;
  }
  if (!evseal_der_read(signer, DER_OCTET_STRING, &out->signature)) {
    return EVSEAL_DER_ENCODING;
  }
  if (der_done(signer)) {
    return EVSEAL_OK;
  }
  return der_next_is(signer, DER_CONTEXT(1)) ? EVSEAL_CMS_UNSIGNED_ATTRIBUTES : EVSEAL_DER_ENCODING;
}

/* From digestAlgorithm on, when the leaf is known. */
static evseal_status read_rest(cms_signer* out, der_reader* signer, const evseal_certificate* leaf,
                               unsigned num_certificates,
                               const uint8_t (*hashes)[EVSEAL_SHA256_LEN]) {
  /* Whatever else is wrong with the certificate, a key that cannot be one is not an unknown one. */
  evseal_public_key key;
  if (evseal_public_key_parse(&key, leaf->key.spki) != EVSEAL_OK ||
      !evseal_x509_key_acceptable(&key)) {
    return EVSEAL_CERT_KEY;
  }
  const key_algorithms* known = algorithms_of(leaf->key.type);
  out->known = known != NULL;
  if (!evseal_der_read_whole(signer, DER_SEQUENCE, &out->digest_algorithm)) {
    return EVSEAL_DER_ENCODING;
  }
  if (known != NULL && !evseal_span_equal(out->digest_algorithm, known->digest)) {
    return EVSEAL_CMS_ALGORITHM;
  }
  der_reader set;
  der_reader copy = *signer;
  if (!der_next_is(signer, DER_CONTEXT(0))) {
    return EVSEAL_CMS_ATTRIBUTES;
  }
  if (!evseal_der_read_whole(signer, DER_CONTEXT(0), &out->attributes) ||
      !evseal_der_enter(&copy, DER_CONTEXT(0), &set)) {
    return EVSEAL_DER_ENCODING;
  }
  evseal_status status = read_signature(out, signer, known);
  return status == EVSEAL_OK ? read_attributes(out, set, known, num_certificates, hashes) : status;
}

evseal_status evseal_cms_read_signer(cms_signer* out, evseal_span der,
                                     const evseal_certificate* certificates,
                                     unsigned num_certificates,
                                     const uint8_t (*hashes)[EVSEAL_SHA256_LEN]) {
  der_reader outer = der_open(der);
  der_reader signer;
  bool is_v1 = false;
  if (!evseal_der_enter(&outer, DER_SEQUENCE, &signer) ||
      !evseal_der_read_constant(&signer, 1, &is_v1)) {
    return EVSEAL_DER_ENCODING;
  }
  if (!is_v1) {
    return EVSEAL_CMS_SIGNER_VERSION;
  }
  evseal_status status = find_leaf(out, &signer, certificates, num_certificates);
  if (status != EVSEAL_OK) {
    return status;
  }
  return read_rest(out, &signer, &certificates[out->leaf], num_certificates, hashes);
}
