/* CRLs of any content: evseal_crl_parse() and what it promises (promised.h), the walk over the
 * entries, and revocation on a path of one certificate, with any answers of the backend. */
#include "evseal/crl.h"

#include "harness.h"
#include "promised.h"

static uint8_t listing[sizeof crl_frame];
static uint8_t with_extension[sizeof crl_entries_frame];
static uint8_t key[sizeof spki_frame];
static uint8_t name[128];

static evseal_chain_rules any_rules(void) {
  evseal_chain_rules rules;
  memset(&rules, 0, sizeof rules);
  rules.flags = (unsigned)Frama_C_interval(0, 7);
  rules.time = (int64_t)Frama_C_interval(0, INT32_MAX);
  return rules;
}

static bool judge(evseal_crl* crl, const uint8_t* der, size_t len) {
  uint8_t octet = any_octet(); /* as long as the frame's serial numbers */
  evseal_span serial = {&octet, 1};
  evseal_span span = {der, len};
  evseal_span issuer;
  if (evseal_crl_parse(crl, span) != EVSEAL_OK || !find_crl_issuer(&issuer, span)) {
    return false;
  }
  //@ check reached: \false;
  //@ assert issuer: crl->issuer.data == issuer.data;
  //@ assert issuer_len: crl->issuer.len == issuer.len;
  //@ assert number: crl->number <= 0x7FFFFFFFFFFFFFFF;
  (void)evseal_crl_lists(crl, serial);
  return true;
}

/* A certificate whose issuer is an anchor: of which only name and key are known, or which has a
 * certificate too. */
static void judge_path(const evseal_crl* crl) {
  uint8_t octet = any_octet(); /* as long as the frame's serial numbers */
  evseal_certificate certificate;
  evseal_anchor anchor;
  evseal_path path;
  evseal_budget budget;
  evseal_chain_rules rules = any_rules();
  memset(&certificate, 0, sizeof certificate);
  certificate.serial.data = &octet;
  certificate.serial.len = 1;
  certificate.key_usage = (uint32_t)Frama_C_interval(0, 511);
  certificate.flags = EVSEAL_CERT_HAS_KEY_USAGE;
  memset(&budget, 0, sizeof budget);
  budget.operations = (unsigned)Frama_C_interval(0, 2);
  memset(&path, 0, sizeof path);
  path.num_certificates = 1;
  anchor.subject.data = name;
  anchor.subject.len = crl->issuer.len;
  anchor.spki.data = key;
  anchor.spki.len = sizeof key;
  anchor.certificate = Frama_C_interval(0, 1) != 0 ? &certificate : NULL;
  if (evseal_crl_check_path(&path, &budget, &any_crypto, &certificate, &anchor, crl, 1, &rules) ==
      EVSEAL_REVOKED) {
    //@ check reached: \false;
    return;
  }
}

int main(void) {
  evseal_crl crl;
  fill_frame(with_extension, FRAME_OF(crl_entries));
  (void)judge(&crl, with_extension, sizeof with_extension);
  fill_frame(listing, FRAME_OF(crl));
  fill_frame(key, FRAME_OF(spki));
  fill_any(name, sizeof name);
  if (judge(&crl, listing, sizeof listing)) {
    judge_path(&crl);
  }
  return 0;
}
