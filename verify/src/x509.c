/* One certificate (RFC 5280 section 4.1). */
#include "der.h"
#include "evseal/chain.h"
#include "oids.h"
#include "x509_extensions.h"
#include "x509_fields.h"

#define DER_VERSION_V3 2u

/* Version [0] EXPLICIT INTEGER (section 4.1.2.1). v1 is the DEFAULT, and so must be absent. */
static evseal_status read_version(der_reader* tbs) {
  if (!der_next_is(tbs, DER_CONTEXT(0))) {
    return EVSEAL_CERT_VERSION;
  }
  der_reader tagged;
  uint64_t version = 0;
  if (!evseal_der_enter(tbs, DER_CONTEXT(0), &tagged) ||
      !evseal_der_read_unsigned(&tagged, 255, &version) || !der_done(&tagged)) {
    return EVSEAL_CERT_ENCODING;
  }
  return version == DER_VERSION_V3 ? EVSEAL_OK : EVSEAL_CERT_VERSION;
}

static evseal_status read_validity(evseal_certificate* out, der_reader* tbs) {
  der_reader validity;
  if (!evseal_der_enter(tbs, DER_SEQUENCE, &validity)) {
    return EVSEAL_CERT_ENCODING;
  }
  bool fine = evseal_der_read_time(&validity, &out->not_before) &&
              evseal_der_read_time(&validity, &out->not_after) && der_done(&validity);
  return fine ? EVSEAL_OK : EVSEAL_CERT_VALIDITY;
}

/* RFC 5280 section 4.1.2.2: "MUST be a positive integer", and at most 20 octets. */
static evseal_status check_serial(evseal_span serial) {
  bool positive = (serial.data[0] & 0x80u) == 0 && (serial.len > 1 || serial.data[0] != 0);
  return positive && serial.len <= 20 ? EVSEAL_OK : EVSEAL_CERT_SERIAL;
}

/* Keeps the first failure, so that the reading can go on and fill what a report needs. */
static void note(evseal_certificate* out, evseal_status status) {
  if (out->status == EVSEAL_OK) {
    out->status = status;
  }
}

/* Fields from signature to subjectPublicKeyInfo. False when the structure itself breaks. */
static bool read_middle(evseal_certificate* out, der_reader* tbs) {
  evseal_span inner;
  evseal_span spki;
  if (!evseal_der_read_whole(tbs, DER_SEQUENCE, &inner) ||
      !evseal_der_read_whole(tbs, DER_SEQUENCE, &out->issuer)) {
    return false;
  }
  note(out, evseal_x509_algorithm(&out->algorithm, inner, out->algorithm_der)
                ? EVSEAL_OK
                : EVSEAL_CERT_ALGORITHM);
  evseal_status validity = read_validity(out, tbs);
  if (validity == EVSEAL_CERT_ENCODING ||
      !evseal_der_read_whole(tbs, DER_SEQUENCE, &out->subject) ||
      !evseal_der_read_whole(tbs, DER_SEQUENCE, &spki)) {
    return false;
  }
  /* An empty Name is a SEQUENCE of two octets. RFC 5280 section 4.1.2.4: the issuer MUST NOT be
   * empty. */
  bool names_fine = evseal_x509_name_well_formed(out->issuer) && out->issuer.len > 2 &&
                    evseal_x509_name_well_formed(out->subject);
  note(out, names_fine ? EVSEAL_OK : EVSEAL_CERT_NAME);
  note(out, validity);
  evseal_status key = evseal_public_key_parse(&out->key, spki);
  note(out,
       key == EVSEAL_OK && evseal_x509_key_acceptable(&out->key) ? EVSEAL_OK : EVSEAL_CERT_KEY);
  return true;
}

/* TBSCertificate (section 4.1). False when the structure itself breaks. */
static bool read_tbs(evseal_certificate* out) {
  der_reader outer = der_open(out->tbs);
  der_reader tbs;
  if (!evseal_der_enter(&outer, DER_SEQUENCE, &tbs)) {
    return false;
  }
  evseal_status version = read_version(&tbs);
  if (version == EVSEAL_CERT_ENCODING || !evseal_der_read_integer(&tbs, &out->serial)) {
    return false;
  }
  note(out, version);
  note(out, check_serial(out->serial));
  if (!read_middle(out, &tbs)) {
    return false;
  }
  if (der_done(&tbs)) {
    note(out, evseal_x509_check_together(out));
    return true;
  }
  der_reader tagged;
  der_reader extensions;
  /* issuerUniqueID [1] and subjectUniqueID [2] are refused with whatever else is not extensions
   * [3]. */
  if (!evseal_der_enter(&tbs, DER_CONTEXT(3), &tagged) || !der_done(&tbs) ||
      !evseal_der_enter(&tagged, DER_SEQUENCE, &extensions) || !der_done(&tagged)) {
    return false;
  }
  note(out, evseal_x509_read_extensions(out, &extensions));
  note(out, evseal_x509_check_together(out));
  return true;
}

evseal_status evseal_certificate_parse(evseal_certificate* out, evseal_span der) {
  memset(out, 0, sizeof *out);
  out->status = EVSEAL_OK;
  out->der = der;
  der_reader outer = der_open(der);
  der_reader fields;
  if (!evseal_der_enter(&outer, DER_SEQUENCE, &fields) || !der_done(&outer) ||
      !evseal_der_read_whole(&fields, DER_SEQUENCE, &out->tbs) ||
      !evseal_der_read_whole(&fields, DER_SEQUENCE, &out->algorithm_der) ||
      !evseal_der_read_octet_bits(&fields, &out->signature) || !der_done(&fields) ||
      !read_tbs(out)) {
    out->status = EVSEAL_CERT_ENCODING;
  }
  return out->status;
}

evseal_status evseal_anchor_from_certificate(evseal_anchor* out, evseal_span der) {
  memset(out, 0, sizeof *out);
  der_reader outer = der_open(der);
  der_reader fields;
  der_reader tbs;
  evseal_span skipped;
  if (!evseal_der_enter(&outer, DER_SEQUENCE, &fields) ||
      !evseal_der_enter(&fields, DER_SEQUENCE, &tbs)) {
    return EVSEAL_CERT_ENCODING;
  }
  if (der_next_is(&tbs, DER_CONTEXT(0)) && !evseal_der_read_whole(&tbs, DER_CONTEXT(0), &skipped)) {
    return EVSEAL_CERT_ENCODING;
  }
  bool fine = evseal_der_read_integer(&tbs, &skipped) &&
              evseal_der_read_whole(&tbs, DER_SEQUENCE, &skipped) &&
              evseal_der_read_whole(&tbs, DER_SEQUENCE, &skipped) &&
              evseal_der_read_whole(&tbs, DER_SEQUENCE, &skipped) &&
              evseal_der_read_whole(&tbs, DER_SEQUENCE, &out->subject) &&
              evseal_der_read_whole(&tbs, DER_SEQUENCE, &out->spki);
  return fine ? EVSEAL_OK : EVSEAL_CERT_ENCODING;
}
