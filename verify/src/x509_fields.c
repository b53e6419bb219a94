#include "x509_fields.h"

/* AttributeTypeAndValue: an OID and one value of any type. */
static bool attribute_well_formed(evseal_span whole) {
  der_reader outer = der_open(whole);
  der_reader fields;
  evseal_span oid;
  return evseal_der_enter(&outer, DER_SEQUENCE, &fields) &&
         evseal_der_read(&fields, DER_OID, &oid) && oid.len > 0 &&
         evseal_der_read_any(&fields, NULL, NULL, NULL) && der_done(&fields);
}

bool evseal_x509_name_well_formed(evseal_span name) {
  der_reader outer = der_open(name);
  der_reader rdns;
  if (name.len > EVSEAL_MAX_NAME || !evseal_der_enter(&outer, DER_SEQUENCE, &rdns) ||
      !der_done(&outer)) {
    return false;
  }
  while (!der_done(&rdns)) {
    der_reader rdn;
    if (!evseal_der_enter(&rdns, DER_SET, &rdn) || der_done(&rdn)) {
      return false;
    }
    evseal_span previous = {NULL, 0};
    while (!der_done(&rdn)) {
      evseal_span whole;
      if (!evseal_der_read_whole(&rdn, DER_SEQUENCE, &whole) ||
          (previous.len > 0 && !evseal_der_in_set_order(previous, whole)) ||
          !attribute_well_formed(whole)) {
        return false;
      }
      previous = whole;
    }
  }
  return true;
}

bool evseal_x509_algorithm(evseal_algorithm* out, evseal_span inner, evseal_span outer) {
  /* RFC 5280 sections 4.1.1.2 and 5.1.1.2: "MUST contain the same algorithm identifier" */
  if (!evseal_span_equal(inner, outer) || evseal_algorithm_parse(out, outer) != EVSEAL_OK) {
    return false;
  }
  return !EVSEAL_WITH_RSA || out->scheme != EVSEAL_SCHEME_RSA_PSS ||
         (out->mgf_hash == out->hash && out->salt_len == (size_t)out->hash);
}

bool evseal_x509_key_acceptable(const evseal_public_key* key) {
  if (!EVSEAL_WITH_RSA || key->type != EVSEAL_KEY_RSA) {
    return true;
  }
  /* 65,537 <= e < 2^32: three octets that are not 00 00 to 01 00 00, or four. */
  const evseal_span e = key->rsa.e;
  bool exponent_fine =
      e.len == 4 || (e.len == 3 && (e.data[0] > 1 || e.data[1] > 0 || e.data[2] > 0));
  bool pss_fine = !key->is_pss || key->pss.scheme == EVSEAL_SCHEME_UNKNOWN ||
                  (key->pss.hash == EVSEAL_HASH_SHA256 && key->pss.mgf_hash == EVSEAL_HASH_SHA256 &&
                   key->pss.salt_len == EVSEAL_SHA256_LEN);
  /* A modulus of whole octets, as every sane generator makes. */
  bool whole_octets = (key->rsa.n.data[0] & 0x80u) != 0;
  return exponent_fine && whole_octets && pss_fine;
}

bool evseal_x509_read_extension(der_reader* extensions, x509_extension* out) {
  der_reader fields;
  out->critical = false;
  if (!evseal_der_enter(extensions, DER_SEQUENCE, &fields) ||
      !evseal_der_read(&fields, DER_OID, &out->oid) || out->oid.len == 0) {
    return false;
  }
  if (der_next_is(&fields, DER_BOOLEAN) &&
      (!evseal_der_read_boolean(&fields, &out->critical) || !out->critical)) {
    return false;
  }
  return evseal_der_read(&fields, DER_OCTET_STRING, &out->value) && der_done(&fields);
}

bool evseal_x509_unique_from(der_reader rest, evseal_span oid) {
  while (!der_done(&rest)) {
    x509_extension other;
    if (!evseal_x509_read_extension(&rest, &other) || evseal_span_equal(other.oid, oid)) {
      return false;
    }
  }
  return true;
}

/* authorityCertIssuer: GeneralNames of which one directoryName [4] is compared, other forms not. */
static bool read_authority_issuer(der_reader* fields, evseal_span* out) {
  der_reader names;
  der_reader directory;
  if (!evseal_der_enter(fields, DER_CONTEXT(1), &names)) {
    return false;
  }
  return !der_next_is(&names, DER_CONTEXT(4)) ||
         (evseal_der_enter(&names, DER_CONTEXT(4), &directory) &&
          evseal_der_read_whole(&directory, DER_SEQUENCE, out) && der_done(&directory));
}

bool evseal_x509_read_authority(x509_authority* out, der_reader value) {
  der_reader fields;
  memset(out, 0, sizeof *out);
  if (!evseal_der_enter(&value, DER_SEQUENCE, &fields) || !der_done(&value)) {
    return false;
  }
  if (der_next_is(&fields, DER_CONTEXT_PRIMITIVE(0)) &&
      (!evseal_der_read(&fields, DER_CONTEXT_PRIMITIVE(0), &out->key_id) || out->key_id.len == 0)) {
    return false;
  }
  bool issuer = der_next_is(&fields, DER_CONTEXT(1));
  if (issuer && !read_authority_issuer(&fields, &out->issuer)) {
    return false;
  }
  bool serial = der_next_is(&fields, DER_CONTEXT_PRIMITIVE(2));
  if (serial &&
      (!evseal_der_read(&fields, DER_CONTEXT_PRIMITIVE(2), &out->serial) || out->serial.len == 0)) {
    return false;
  }
  /* authorityCertIssuer and authorityCertSerialNumber come both or not at all. */
  return der_done(&fields) && issuer == serial;
}
