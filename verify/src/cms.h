/* The envelope: CMS SignedData in the one canonical form of docs/format.md sections 3 and 4.
 * Internal. */
#ifndef EVSEAL_SRC_CMS_H
#define EVSEAL_SRC_CMS_H

#include "der.h"
#include "evseal/crl.h"

typedef struct cms_signer {
  evseal_span attributes; /* the whole [0] element */
  evseal_span signature;
  evseal_span message_digest;
  evseal_span digest_algorithm;
  int64_t signing_time;
  uint8_t leaf;    /* index of its certificate */
  uint32_t listed; /* certificates that signingCertificateV2 lists */
  bool known;      /* its key is of a known type */
} cms_signer;

typedef struct cms_envelope {
  evseal_span manifest;
  evseal_span digest_algorithms; /* content of the SET */
  unsigned num_certificates;
  unsigned num_signers;
  unsigned num_crls;
  cms_signer signers[EVSEAL_MAX_SIGNERS];
} cms_envelope;

/*
 * Reads an envelope, its certificates (`certificates` has room for EVSEAL_MAX_CERTIFICATES) and its
 * CRLs (`crls` for EVSEAL_MAX_CRLS; their place and number only). EVSEAL_OK or the status of the
 * rule that it breaks. A certificate that cannot be used is not an error here, unless it is a
 * signer's own and its key cannot be read. `max_crl_bytes`: the CRLs' budget.
 */
evseal_status evseal_cms_read(cms_envelope* out, evseal_certificate* certificates,
                              evseal_crl_record* crls, const evseal_crypto* crypto,
                              evseal_span envelope, size_t max_crl_bytes);

/* The algorithm that a key of this type signs packages with; false for an unknown type. */
bool evseal_cms_algorithm_of_key(evseal_algorithm* out, evseal_hash* out_digest,
                                 evseal_key_type type);

#endif
