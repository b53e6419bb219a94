/* An envelope of one signer, two certificates and two CRLs, any content: evseal_cms_read(). */
#include "cms.h"

#include "frames.h"
#include "harness.h"

static uint8_t bytes[sizeof cms_frame];
static evseal_certificate certificates[EVSEAL_MAX_CERTIFICATES];
static evseal_crl_record crls[EVSEAL_MAX_CRLS];

int main(void) {
  cms_envelope envelope;
  evseal_span span = {bytes, sizeof bytes};
  fill_frame(bytes, cms_frame, cms_holes, sizeof bytes);
  if (evseal_cms_read(&envelope, certificates, crls, &any_crypto, span, sizeof bytes) ==
      EVSEAL_OK) {
    //@ check reached: \false;
    return 0;
  }
  return 0;
}
