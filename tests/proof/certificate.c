/* Certificates of three key types, any content; then a chain with any answers of the backend. */
#include "evseal/chain.h"
#include "frames.h"
#include "harness.h"

static uint8_t ed25519[sizeof certificate_frame];
static uint8_t p256[sizeof certificate_p256_frame];
static uint8_t rsa[sizeof certificate_rsa_frame];

static void judge(const uint8_t* der, size_t len) {
  evseal_certificate certificate;
  evseal_anchor anchor;
  evseal_span span = {der, len};
  (void)evseal_certificate_parse(&certificate, span);
  if (evseal_anchor_from_certificate(&anchor, span) == EVSEAL_OK &&
      certificate.status == EVSEAL_OK) {
    //@ check reached: \false;
    return;
  }
}

int main(void) {
  fill_frame(ed25519, certificate_frame, certificate_holes, sizeof ed25519);
  judge(ed25519, sizeof ed25519);
  fill_frame(p256, certificate_p256_frame, certificate_p256_holes, sizeof p256);
  judge(p256, sizeof p256);
  fill_frame(rsa, certificate_rsa_frame, certificate_rsa_holes, sizeof rsa);
  judge(rsa, sizeof rsa);
  return 0;
}
