/* The two parts of evseal_crl_check_issuer(): what a CRL says of itself, and its signature.
 * Internal.
 */
#ifndef EVSEAL_SRC_CRL_CLAIMS_H
#define EVSEAL_SRC_CRL_CLAIMS_H

#include "evseal/crl.h"

/* The first part of evseal_crl_check_issuer(), which costs nothing: EVSEAL_OK, EVSEAL_CRL_ISSUER,
 * EVSEAL_CERT_PKCS1 or the CRL's own status. */
evseal_status evseal_crl_check_claims(const evseal_crl* crl, evseal_span issuer_name,
                                      const evseal_certificate* issuer,
                                      const evseal_chain_rules* rules);

/* The second part, which costs one of `budget->operations` (there must be one): the status as
 * evseal_signature_verify() gives it. */
evseal_status evseal_crl_check_signature(const evseal_crl* crl, evseal_budget* budget,
                                         const evseal_crypto* crypto, const evseal_public_key* key,
                                         const evseal_chain_rules* rules);

#endif
