#include "oids.h"

/* Each array is the content of an OBJECT IDENTIFIER (X.690 section 8.19); the dotted form stands
 * above it. */

/* 1.2.840.113549.1.7.2 */
static const uint8_t octets_signed_data[] = {0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 0x01, 0x07, 0x02};
const evseal_span evseal_oid_signed_data = {octets_signed_data, sizeof octets_signed_data};

/* 1.2.840.113549.1.9.3 */
static const uint8_t octets_content_type[] = {0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 0x01, 0x09, 0x03};
const evseal_span evseal_oid_content_type = {octets_content_type, sizeof octets_content_type};

/* 1.2.840.113549.1.9.4 */
static const uint8_t octets_message_digest[] = {0x2A, 0x86, 0x48, 0x86, 0xF7,
                                                0x0D, 0x01, 0x09, 0x04};
const evseal_span evseal_oid_message_digest = {octets_message_digest, sizeof octets_message_digest};

/* 1.2.840.113549.1.9.5 */
static const uint8_t octets_signing_time[] = {0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 0x01, 0x09, 0x05};
const evseal_span evseal_oid_signing_time = {octets_signing_time, sizeof octets_signing_time};

/* 1.2.840.113549.1.9.16.2.47 */
static const uint8_t octets_signing_certificate_v2[] = {0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D,
                                                        0x01, 0x09, 0x10, 0x02, 0x2F};
const evseal_span evseal_oid_signing_certificate_v2 = {octets_signing_certificate_v2,
                                                       sizeof octets_signing_certificate_v2};

/* 1.2.840.10045.2.1 */
static const uint8_t octets_ec_public_key[] = {0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x02, 0x01};
const evseal_span evseal_oid_ec_public_key = {octets_ec_public_key, sizeof octets_ec_public_key};

/* 1.2.840.10045.3.1.7 */
static const uint8_t octets_secp256r1[] = {0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x03, 0x01, 0x07};
const evseal_span evseal_oid_secp256r1 = {octets_secp256r1, sizeof octets_secp256r1};

/* 1.3.132.0.34 */
static const uint8_t octets_secp384r1[] = {0x2B, 0x81, 0x04, 0x00, 0x22};
const evseal_span evseal_oid_secp384r1 = {octets_secp384r1, sizeof octets_secp384r1};

/* 1.2.840.113549.1.1.1 */
static const uint8_t octets_rsa_encryption[] = {0x2A, 0x86, 0x48, 0x86, 0xF7,
                                                0x0D, 0x01, 0x01, 0x01};
const evseal_span evseal_oid_rsa_encryption = {octets_rsa_encryption, sizeof octets_rsa_encryption};

/* 1.2.840.113549.1.1.10 */
static const uint8_t octets_rsassa_pss[] = {0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 0x01, 0x01, 0x0A};
const evseal_span evseal_oid_rsassa_pss = {octets_rsassa_pss, sizeof octets_rsassa_pss};

/* 1.2.840.113549.1.1.8 */
static const uint8_t octets_mgf1[] = {0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 0x01, 0x01, 0x08};
const evseal_span evseal_oid_mgf1 = {octets_mgf1, sizeof octets_mgf1};

/* 1.2.840.113549.1.1.11 */
static const uint8_t octets_sha256_with_rsa[] = {0x2A, 0x86, 0x48, 0x86, 0xF7,
                                                 0x0D, 0x01, 0x01, 0x0B};
const evseal_span evseal_oid_sha256_with_rsa = {octets_sha256_with_rsa,
                                                sizeof octets_sha256_with_rsa};

/* 1.2.840.113549.1.1.12 */
static const uint8_t octets_sha384_with_rsa[] = {0x2A, 0x86, 0x48, 0x86, 0xF7,
                                                 0x0D, 0x01, 0x01, 0x0C};
const evseal_span evseal_oid_sha384_with_rsa = {octets_sha384_with_rsa,
                                                sizeof octets_sha384_with_rsa};

/* 1.2.840.113549.1.1.13 */
static const uint8_t octets_sha512_with_rsa[] = {0x2A, 0x86, 0x48, 0x86, 0xF7,
                                                 0x0D, 0x01, 0x01, 0x0D};
const evseal_span evseal_oid_sha512_with_rsa = {octets_sha512_with_rsa,
                                                sizeof octets_sha512_with_rsa};

/* 1.2.840.10045.4.3.2 */
static const uint8_t octets_ecdsa_with_sha256[] = {0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x04, 0x03, 0x02};
const evseal_span evseal_oid_ecdsa_with_sha256 = {octets_ecdsa_with_sha256,
                                                  sizeof octets_ecdsa_with_sha256};

/* 1.2.840.10045.4.3.3 */
static const uint8_t octets_ecdsa_with_sha384[] = {0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x04, 0x03, 0x03};
const evseal_span evseal_oid_ecdsa_with_sha384 = {octets_ecdsa_with_sha384,
                                                  sizeof octets_ecdsa_with_sha384};

/* 1.2.840.10045.4.3.4 */
static const uint8_t octets_ecdsa_with_sha512[] = {0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x04, 0x03, 0x04};
const evseal_span evseal_oid_ecdsa_with_sha512 = {octets_ecdsa_with_sha512,
                                                  sizeof octets_ecdsa_with_sha512};

/* 1.3.101.112 */
static const uint8_t octets_ed25519[] = {0x2B, 0x65, 0x70};
const evseal_span evseal_oid_ed25519 = {octets_ed25519, sizeof octets_ed25519};

/* 2.16.840.1.101.3.4.2.1 */
static const uint8_t octets_sha256[] = {0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01};
const evseal_span evseal_oid_sha256 = {octets_sha256, sizeof octets_sha256};

/* 2.16.840.1.101.3.4.2.2 */
static const uint8_t octets_sha384[] = {0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x02};
const evseal_span evseal_oid_sha384 = {octets_sha384, sizeof octets_sha384};

/* 2.16.840.1.101.3.4.2.3 */
static const uint8_t octets_sha512[] = {0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x03};
const evseal_span evseal_oid_sha512 = {octets_sha512, sizeof octets_sha512};

/* 2.5.29.14 */
static const uint8_t octets_subject_key_id[] = {0x55, 0x1D, 0x0E};
const evseal_span evseal_oid_subject_key_id = {octets_subject_key_id, sizeof octets_subject_key_id};

/* 2.5.29.15 */
static const uint8_t octets_key_usage[] = {0x55, 0x1D, 0x0F};
const evseal_span evseal_oid_key_usage = {octets_key_usage, sizeof octets_key_usage};

/* 2.5.29.17 */
static const uint8_t octets_subject_alt_name[] = {0x55, 0x1D, 0x11};
const evseal_span evseal_oid_subject_alt_name = {octets_subject_alt_name,
                                                 sizeof octets_subject_alt_name};

/* 2.5.29.18 */
static const uint8_t octets_issuer_alt_name[] = {0x55, 0x1D, 0x12};
const evseal_span evseal_oid_issuer_alt_name = {octets_issuer_alt_name,
                                                sizeof octets_issuer_alt_name};

/* 2.5.29.19 */
static const uint8_t octets_basic_constraints[] = {0x55, 0x1D, 0x13};
const evseal_span evseal_oid_basic_constraints = {octets_basic_constraints,
                                                  sizeof octets_basic_constraints};

/* 2.5.29.30 */
static const uint8_t octets_name_constraints[] = {0x55, 0x1D, 0x1E};
const evseal_span evseal_oid_name_constraints = {octets_name_constraints,
                                                 sizeof octets_name_constraints};

/* 2.5.29.32 */
static const uint8_t octets_certificate_policies[] = {0x55, 0x1D, 0x20};
const evseal_span evseal_oid_certificate_policies = {octets_certificate_policies,
                                                     sizeof octets_certificate_policies};

/* 2.5.29.35 */
static const uint8_t octets_authority_key_id[] = {0x55, 0x1D, 0x23};
const evseal_span evseal_oid_authority_key_id = {octets_authority_key_id,
                                                 sizeof octets_authority_key_id};

/* 2.5.29.37 */
static const uint8_t octets_ext_key_usage[] = {0x55, 0x1D, 0x25};
const evseal_span evseal_oid_ext_key_usage = {octets_ext_key_usage, sizeof octets_ext_key_usage};

/* 2.5.29.32.0 */
static const uint8_t octets_any_policy[] = {0x55, 0x1D, 0x20, 0x00};
const evseal_span evseal_oid_any_policy = {octets_any_policy, sizeof octets_any_policy};

/* 2.5.29.37.0 */
static const uint8_t octets_any_purpose[] = {0x55, 0x1D, 0x25, 0x00};
const evseal_span evseal_oid_any_purpose = {octets_any_purpose, sizeof octets_any_purpose};

/* 1.3.6.1.5.5.7.3.3 */
static const uint8_t octets_code_signing[] = {0x2B, 0x06, 0x01, 0x05, 0x05, 0x07, 0x03, 0x03};
const evseal_span evseal_oid_code_signing = {octets_code_signing, sizeof octets_code_signing};

/* 1.3.6.1.5.5.7.3.43 */
static const uint8_t octets_update_package_signing[] = {0x2B, 0x06, 0x01, 0x05,
                                                        0x05, 0x07, 0x03, 0x2B};
const evseal_span evseal_oid_update_package_signing = {octets_update_package_signing,
                                                       sizeof octets_update_package_signing};

/* 2.25.16969548012417228313490157624141281090.1.1 */
static const uint8_t octets_evseal_manifest[] = {0x69, 0x99, 0xC4, 0x9B, 0xD4, 0x83, 0x9A,
                                                 0xDA, 0xAF, 0xA7, 0x8A, 0xDB, 0x8B, 0xDB,
                                                 0xE2, 0xFD, 0x9F, 0xEE, 0x42, 0x01, 0x01};
const evseal_span evseal_oid_evseal_manifest = {octets_evseal_manifest,
                                                sizeof octets_evseal_manifest};

/* 2.25.16969548012417228313490157624141281090.2 */
static const uint8_t octets_evseal_policies[] = {0x69, 0x99, 0xC4, 0x9B, 0xD4, 0x83, 0x9A,
                                                 0xDA, 0xAF, 0xA7, 0x8A, 0xDB, 0x8B, 0xDB,
                                                 0xE2, 0xFD, 0x9F, 0xEE, 0x42, 0x02};
const evseal_span evseal_oid_evseal_policies = {octets_evseal_policies,
                                                sizeof octets_evseal_policies};

/* 2.5.29.33 */
static const uint8_t octets_policy_mappings[] = {0x55, 0x1D, 0x21};
const evseal_span evseal_oid_policy_mappings = {octets_policy_mappings,
                                                sizeof octets_policy_mappings};

/* 2.5.29.36 */
static const uint8_t octets_policy_constraints[] = {0x55, 0x1D, 0x24};
const evseal_span evseal_oid_policy_constraints = {octets_policy_constraints,
                                                   sizeof octets_policy_constraints};

/* 2.5.29.54 */
static const uint8_t octets_inhibit_any_policy[] = {0x55, 0x1D, 0x36};
const evseal_span evseal_oid_inhibit_any_policy = {octets_inhibit_any_policy,
                                                   sizeof octets_inhibit_any_policy};

/* 2.5.29.20 */
static const uint8_t octets_crl_number[] = {0x55, 0x1D, 0x14};
const evseal_span evseal_oid_crl_number = {octets_crl_number, sizeof octets_crl_number};

/* 2.5.29.21 */
static const uint8_t octets_reason_code[] = {0x55, 0x1D, 0x15};
const evseal_span evseal_oid_reason_code = {octets_reason_code, sizeof octets_reason_code};

/* 2.5.29.27 */
static const uint8_t octets_delta_crl_indicator[] = {0x55, 0x1D, 0x1B};
const evseal_span evseal_oid_delta_crl_indicator = {octets_delta_crl_indicator,
                                                    sizeof octets_delta_crl_indicator};

/* 2.5.29.28 */
static const uint8_t octets_issuing_distribution_point[] = {0x55, 0x1D, 0x1C};
const evseal_span evseal_oid_issuing_distribution_point = {
    octets_issuing_distribution_point, sizeof octets_issuing_distribution_point};

/* 2.5.29.29 */
static const uint8_t octets_certificate_issuer[] = {0x55, 0x1D, 0x1D};
const evseal_span evseal_oid_certificate_issuer = {octets_certificate_issuer,
                                                   sizeof octets_certificate_issuer};
