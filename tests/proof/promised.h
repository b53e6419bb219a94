/* What evseal_certificate_parse() and evseal_crl_parse() promise to the reader of the envelope:
 * where the fields stand that it looks at. `certificate` and `crl` show that the real ones keep to
 * it, whatever the fields contain; `cms` believes it. */
#ifndef EVSEAL_PROOF_PROMISED_H
#define EVSEAL_PROOF_PROMISED_H

#include "der.h"
#include "evseal/crl.h"

typedef struct certificate_fields {
  evseal_span serial;
  evseal_span issuer;
  evseal_span spki;
} certificate_fields;

/* True for every frame: its tags and lengths are those of a certificate. */
static bool find_fields(certificate_fields* out, evseal_span der) {
  der_reader outer = der_open(der);
  der_reader fields;
  der_reader tbs;
  evseal_span skipped;
  return evseal_der_enter(&outer, DER_SEQUENCE, &fields) &&
         evseal_der_enter(&fields, DER_SEQUENCE, &tbs) &&
         evseal_der_read(&tbs, DER_CONTEXT(0), &skipped) &&
         evseal_der_read(&tbs, DER_INTEGER, &out->serial) &&
         evseal_der_read(&tbs, DER_SEQUENCE, &skipped) &&
         evseal_der_read_whole(&tbs, DER_SEQUENCE, &out->issuer) &&
         evseal_der_read(&tbs, DER_SEQUENCE, &skipped) &&
         evseal_der_read(&tbs, DER_SEQUENCE, &skipped) &&
         evseal_der_read_whole(&tbs, DER_SEQUENCE, &out->spki);
}

static bool find_crl_issuer(evseal_span* out, evseal_span der) {
  der_reader outer = der_open(der);
  der_reader fields;
  der_reader tbs;
  evseal_span skipped;
  return evseal_der_enter(&outer, DER_SEQUENCE, &fields) &&
         evseal_der_enter(&fields, DER_SEQUENCE, &tbs) &&
         evseal_der_read(&tbs, DER_INTEGER, &skipped) &&
         evseal_der_read(&tbs, DER_SEQUENCE, &skipped) &&
         evseal_der_read_whole(&tbs, DER_SEQUENCE, out);
}

/* The content of the set of an envelope with this tag: certificates [0] or CRLs [1]. */
static bool find_set(evseal_span* out, evseal_span envelope, unsigned tag) {
  der_reader outer = der_open(envelope);
  der_reader info;
  der_reader tagged;
  der_reader signed_data;
  unsigned found = 0;
  bool fine = evseal_der_enter(&outer, DER_SEQUENCE, &info) &&
              evseal_der_read(&info, DER_OID, out) &&
              evseal_der_enter(&info, DER_CONTEXT(0), &tagged) &&
              evseal_der_enter(&tagged, DER_SEQUENCE, &signed_data);
  while (fine && found != tag) {
    fine = evseal_der_read_any(&signed_data, &found, out, NULL);
  }
  return fine;
}

#endif
