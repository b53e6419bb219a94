/* Object identifiers as the content octets of their DER encoding. Internal. */
#ifndef EVSEAL_SRC_OIDS_H
#define EVSEAL_SRC_OIDS_H

#include "evseal/types.h"

extern const evseal_span evseal_oid_signed_data;  /* id-signedData, RFC 5652 */
extern const evseal_span evseal_oid_content_type; /* RFC 5652 section 11.1 */
extern const evseal_span evseal_oid_message_digest;
extern const evseal_span evseal_oid_signing_time;
extern const evseal_span evseal_oid_signing_certificate_v2; /* RFC 5035 */
extern const evseal_span evseal_oid_ec_public_key;          /* RFC 5480 */
extern const evseal_span evseal_oid_secp256r1;
extern const evseal_span evseal_oid_secp384r1;
extern const evseal_span evseal_oid_rsa_encryption; /* RFC 8017 */
extern const evseal_span evseal_oid_rsassa_pss;     /* RFC 4055 */
extern const evseal_span evseal_oid_mgf1;
extern const evseal_span evseal_oid_sha256_with_rsa;
extern const evseal_span evseal_oid_sha384_with_rsa;
extern const evseal_span evseal_oid_sha512_with_rsa;
extern const evseal_span evseal_oid_ecdsa_with_sha256; /* RFC 5758 */
extern const evseal_span evseal_oid_ecdsa_with_sha384;
extern const evseal_span evseal_oid_ecdsa_with_sha512;
extern const evseal_span evseal_oid_ed25519; /* RFC 8410 */
extern const evseal_span evseal_oid_sha256;  /* RFC 5754 */
extern const evseal_span evseal_oid_sha384;
extern const evseal_span evseal_oid_sha512;
extern const evseal_span evseal_oid_subject_key_id; /* RFC 5280 section 4.2 */
extern const evseal_span evseal_oid_key_usage;
extern const evseal_span evseal_oid_subject_alt_name;
extern const evseal_span evseal_oid_issuer_alt_name;
extern const evseal_span evseal_oid_basic_constraints;
extern const evseal_span evseal_oid_name_constraints;
extern const evseal_span evseal_oid_certificate_policies;
extern const evseal_span evseal_oid_authority_key_id;
extern const evseal_span evseal_oid_policy_mappings;
extern const evseal_span evseal_oid_policy_constraints;
extern const evseal_span evseal_oid_inhibit_any_policy;
extern const evseal_span evseal_oid_ext_key_usage;
extern const evseal_span evseal_oid_crl_number; /* RFC 5280 section 5.2 */
extern const evseal_span evseal_oid_delta_crl_indicator;
extern const evseal_span evseal_oid_issuing_distribution_point;
extern const evseal_span evseal_oid_certificate_issuer; /* section 5.3 */
extern const evseal_span evseal_oid_reason_code;
extern const evseal_span evseal_oid_any_policy;
extern const evseal_span evseal_oid_any_purpose;
extern const evseal_span evseal_oid_code_signing;
extern const evseal_span evseal_oid_update_package_signing; /* RFC 9809 */
extern const evseal_span evseal_oid_evseal_manifest;        /* docs/format.md section 1 */
extern const evseal_span
    evseal_oid_evseal_policies; /* the arc: one more octet, 1 to 5, names the policy */

#endif
