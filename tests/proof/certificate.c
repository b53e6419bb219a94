/* Certificates of three key types, and those of an envelope, any content: what the parser promises
 * to the reader of envelopes is so (promised.h). */
#include "evseal/chain.h"
#include "harness.h"
#include "promised.h"

static uint8_t ed25519[sizeof certificate_frame];
static uint8_t p256[sizeof certificate_p256_frame];
static uint8_t rsa[sizeof certificate_rsa_frame];
static uint8_t envelope[sizeof cms_frame];

static void judge(evseal_span der) {
  evseal_certificate certificate;
  certificate_fields fields;
  evseal_anchor anchor;
  if (evseal_certificate_parse(&certificate, der) != EVSEAL_CERT_ENCODING &&
      find_fields(&fields, der)) {
    //@ check reached: \false;
    //@ assert der: certificate.der.data == der.data && certificate.der.len == der.len;
    //@ assert serial: certificate.serial.data == fields.serial.data;
    //@ assert serial_len: certificate.serial.len == fields.serial.len;
    //@ assert issuer: certificate.issuer.data == fields.issuer.data;
    //@ assert issuer_len: certificate.issuer.len == fields.issuer.len;
    //@ assert spki: certificate.key.spki.data == fields.spki.data;
    //@ assert spki_len: certificate.key.spki.len == fields.spki.len;
    //@ assert type: EVSEAL_KEY_UNKNOWN <= certificate.key.type <= EVSEAL_KEY_ED25519;
  }
  if (evseal_anchor_from_certificate(&anchor, der) == EVSEAL_OK &&
      certificate.status == EVSEAL_OK) {
    //@ check reached: \false;
    return;
  }
}

static void judge_envelope(void) {
  evseal_span set;
  evseal_span der;
  fill_frame(envelope, FRAME_OF(cms));
  if (!find_set(&set, evseal_span_of(envelope, sizeof envelope), DER_CONTEXT(0))) {
    return;
  }
  der_reader certificates = der_open(set);
  while (evseal_der_read_whole(&certificates, DER_SEQUENCE, &der)) {
    judge(der);
  }
  //@ check reached: \false;
}

int main(void) {
  fill_frame(ed25519, FRAME_OF(certificate));
  judge(evseal_span_of(ed25519, sizeof ed25519));
  fill_frame(p256, FRAME_OF(certificate_p256));
  judge(evseal_span_of(p256, sizeof p256));
  fill_frame(rsa, FRAME_OF(certificate_rsa));
  judge(evseal_span_of(rsa, sizeof rsa));
  judge_envelope();
  return 0;
}
