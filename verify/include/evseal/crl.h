/*
 * Certificate revocation lists (RFC 5280 section 5; docs/format.md section 6).
 *
 * Not checked here: delta, indirect and partitioned CRLs are refused; a CRL is signed with the key
 * that signed the certificates, never with another one of the same name.
 */
#ifndef EVSEAL_CRL_H
#define EVSEAL_CRL_H

#include "evseal/chain.h"

#ifdef __cplusplus
extern "C" {
#endif

/* A parsed CRL. All spans point into `der`, which stays the caller's. */
typedef struct evseal_crl {
  evseal_status status; /* EVSEAL_OK, or why it can be used for nothing */
  evseal_span der;
  evseal_span tbs;
  evseal_span issuer; /* whole Name */
  evseal_span algorithm_der;
  evseal_algorithm algorithm;
  evseal_span signature;
  int64_t this_update; /* seconds since 1970 */
  int64_t next_update;
  uint64_t number;     /* CRLNumber, below 2^63 */
  evseal_span entries; /* content of revokedCertificates, or empty */
  evseal_span authority_key_id;
} evseal_crl;

/* A CRL of an envelope, and whose it has turned out to be. Private to the library. */
typedef struct evseal_crl_record {
  evseal_span der;
  uint64_t number;
  evseal_span issuer_spki; /* the key that its signature held with; empty before */
  uint8_t issuer_key[EVSEAL_SHA256_LEN];
} evseal_crl_record;

/*
 * Parses one DER CertificateList into `out` and returns `out->status`: EVSEAL_OK,
 * EVSEAL_CRL_ENCODING, _ALGORITHM, _NUMBER or _UNSUPPORTED. Stack: under 400 bytes.
 */
evseal_status evseal_crl_parse(evseal_crl* out, evseal_span der);

/* Walks over the serial numbers (content octets): `*rest` starts as `crl->entries`; false at the
 * end. */
bool evseal_crl_next_serial(evseal_span* rest, evseal_span* out_serial);

/* True when the CRL has an entry for this serial number (content octets), whatever date and reason
 * it gives. */
bool evseal_crl_lists(const evseal_crl* crl, evseal_span serial);

/*
 * Is this CRL this issuer's? `issuer` is the certificate, or null for an anchor; `key` its key;
 * `flags` those of evseal_chain_rules. EVSEAL_OK; EVSEAL_CRL_ISSUER (other name, key identifier or
 * signature, no cRLSign); EVSEAL_CERT_PKCS1; EVSEAL_CHAIN_BUDGET; EVSEAL_CRYPTO_*; the CRL's own
 * status. Costs one public-key operation at most.
 */
evseal_status evseal_crl_check_issuer(const evseal_crl* crl, evseal_budget* budget,
                                      const evseal_crypto* crypto, evseal_span issuer_name,
                                      const evseal_certificate* issuer,
                                      const evseal_public_key* key,
                                      const evseal_chain_rules* rules);

/*
 * Revocation of every certificate of a path, where each must have a usable CRL (RFC 5280 section
 * 6.3): EVSEAL_OK; EVSEAL_REVOKED; EVSEAL_CRL_MISSING, or why the last CRL of that issuer could not
 * be used. With EVSEAL_CHAIN_CHECK_TIME a CRL must be current at `rules->time`. `path->failed`
 * names the certificate.
 */
evseal_status evseal_crl_check_path(evseal_path* path, evseal_budget* budget,
                                    const evseal_crypto* crypto,
                                    const evseal_certificate* certificates,
                                    const evseal_anchor* anchors, const evseal_crl* crls,
                                    size_t num_crls, const evseal_chain_rules* rules);

#ifdef __cplusplus
}
#endif

#endif
