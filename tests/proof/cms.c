/*
 * An envelope of one signer, two certificates and two CRLs, any content: evseal_cms_read().
 *
 * The parsers of certificates and CRLs are models that answer anything and set only what promised.h
 * says: one proof of three parsers in a row would join what was read with what was not. What the
 * models leave is not initialized, so that a look at it is an alarm.
 */
#include "cms.h"

#include "harness.h"
#include "promised.h"

static uint8_t bytes[sizeof cms_frame];

static bool any_bit(void) {
  return Frama_C_interval(0, 1) != 0;
}

static evseal_status any_between(unsigned low, unsigned high) {
  return (evseal_status)Frama_C_unsigned_int_interval(low, high);
}

/* Model of x509.c. */
evseal_status evseal_certificate_parse(evseal_certificate* out, evseal_span der) {
  certificate_fields fields;
  if (any_bit() || !find_fields(&fields, der)) {
    return EVSEAL_CERT_ENCODING;
  }
  //@ check reached: \false;
  out->der = der;
  out->serial = fields.serial;
  out->issuer = fields.issuer;
  out->key.spki = fields.spki;
  out->key.type = (evseal_key_type)Frama_C_interval(EVSEAL_KEY_UNKNOWN, EVSEAL_KEY_ED25519);
  return any_between(EVSEAL_CERT_ENCODING + 1u, EVSEAL_OK);
}

/* Model of crl.c. */
evseal_status evseal_crl_parse(evseal_crl* out, evseal_span der) {
  out->number = (uint64_t)Frama_C_unsigned_long_interval(0, INT64_MAX);
  if (any_bit() || !find_crl_issuer(&out->issuer, der)) {
    return any_between(0, EVSEAL_OK - 1u);
  }
  //@ check reached: \false;
  return EVSEAL_OK;
}

int main(void) {
  evseal_certificate certificates[EVSEAL_MAX_CERTIFICATES];
  evseal_crl_record crls[EVSEAL_MAX_CRLS];
  cms_envelope envelope;
  evseal_span span = {bytes, sizeof bytes};
  fill_frame(bytes, FRAME_OF(cms));
  if (evseal_cms_read(&envelope, certificates, crls, &any_crypto, span, sizeof bytes) ==
      EVSEAL_OK) {
    //@ check reached: \false;
    return 0;
  }
  return 0;
}
