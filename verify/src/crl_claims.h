/* What a CRL says of itself against an issuer, without its signature. Internal. */
#ifndef EVSEAL_SRC_CRL_CLAIMS_H
#define EVSEAL_SRC_CRL_CLAIMS_H

#include "evseal/crl.h"

/* The part of evseal_crl_check_issuer() that costs nothing: EVSEAL_OK, EVSEAL_CRL_ISSUER,
 * EVSEAL_CERT_PKCS1 or the CRL's own status. */
evseal_status evseal_crl_check_claims(const evseal_crl* crl, evseal_span issuer_name,
                                      const evseal_certificate* issuer,
                                      const evseal_chain_rules* rules);

#endif
