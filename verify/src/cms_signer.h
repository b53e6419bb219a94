/* One SignerInfo (docs/format.md sections 3 and 4). Internal. */
#ifndef EVSEAL_SRC_CMS_SIGNER_H
#define EVSEAL_SRC_CMS_SIGNER_H

#include "cms.h"

/* Reads a SignerInfo against the envelope's certificates and their SHA-256 hashes. */
evseal_status evseal_cms_read_signer(cms_signer* out, evseal_span der,
                                     const evseal_certificate* certificates,
                                     unsigned num_certificates,
                                     const uint8_t (*hashes)[EVSEAL_SHA256_LEN]);

#endif
