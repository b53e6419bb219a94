/*
 * Statuses: every outcome of this library, one value each, never reordered or reused.
 *
 * docs/format.md section 10 lists the same names; a test keeps the two in step.
 */
#ifndef EVSEAL_STATUS_H
#define EVSEAL_STATUS_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* What a caller does about a status; the values are the exit codes of the command-line programs. */
typedef enum evseal_class {
  EVSEAL_CLASS_OK = 0,
  EVSEAL_CLASS_CONFIGURATION =
      2, /* profile, state or use of the library: the package was not judged */
  EVSEAL_CLASS_NOT_AUTHENTIC = 3, /* no valid signature from whom the device trusts */
  EVSEAL_CLASS_REFUSED = 4,       /* authentic, but not for this device now */
  EVSEAL_CLASS_MALFORMED = 5,     /* not a package in the one canonical form, or over a limit */
  EVSEAL_CLASS_IO = 6             /* the caller's own callback asked to stop */
} evseal_class;

/*
 * The OCPP firmware status and security event that belong to an outcome (OCPP 2.0.1 part 2, L01;
 * the 1.6 security extension has the same values).
 */
typedef enum evseal_ocpp {
  EVSEAL_OCPP_NONE = 0,            /* not judged: no message */
  EVSEAL_OCPP_SIGNATURE_VERIFIED,  /* SignatureVerified */
  EVSEAL_OCPP_INVALID_SIGNATURE,   /* InvalidSignature, event InvalidFirmwareSignature */
  EVSEAL_OCPP_INVALID_CERTIFICATE, /* InvalidSignature, event InvalidFirmwareSigningCertificate */
  EVSEAL_OCPP_INSTALL_VERIFICATION /* InstallVerificationFailed */
} evseal_ocpp;

/*
 * The list: name, the same in lower case, value, class, OCPP outcome, sentence.
 *
 * EVSEAL_OK is far from zero and from every other value, so that a skipped instruction or a cleared
 * register does not read as success. EVSEAL_PENDING says "no verdict yet".
 */
/* clang-format off */
#define EVSEAL_STATUS_LIST(X) \
  X(OK,                      "ok", 0x3CA5965Au, OK,            SIGNATURE_VERIFIED,   "accepted") \
  X(PENDING,                 "pending", 0x5A3C69A5u, CONFIGURATION, NONE,                 "no verdict yet: more input is needed") \
  X(MISUSE,                  "misuse", 0x0101u, CONFIGURATION, NONE,                 "the library was called in the wrong order or with a null argument") \
  X(WORKSPACE_TOO_SMALL,     "workspace_too_small", 0x0102u, CONFIGURATION, NONE,                 "the workspace is smaller than the profile's limits need") \
  X(PROFILE_DAMAGED,         "profile_damaged", 0x0103u, CONFIGURATION, NONE,                 "the device profile is damaged or breaks its format") \
  X(STATE_MISSING,           "state_missing", 0x0105u, CONFIGURATION, NONE,                 "there is no device state") \
  X(STATE_DAMAGED,           "state_damaged", 0x0106u, CONFIGURATION, NONE,                 "the device state is damaged or breaks its format") \
  X(STATE_MISMATCH,          "state_mismatch", 0x0107u, CONFIGURATION, NONE,                 "the device state belongs to another vendor or model") \
  X(CLOCK_MISSING,           "clock_missing", 0x0109u, CONFIGURATION, NONE,                 "the profile trusts the clock, but no time was given") \
  X(ABORTED,                 "aborted", 0x010Au, IO,            NONE,                 "a callback of the caller asked to stop") \
  X(CRYPTO_MISSING,          "crypto_missing", 0x010Bu, CONFIGURATION, NONE,                 "the crypto backend lacks a needed algorithm") \
  X(CRYPTO_FAILED,           "crypto_failed", 0x010Cu, CONFIGURATION, NONE,                 "the crypto backend failed") \
  X(PROGRESS_MISMATCH,       "progress_mismatch", 0x010Du, CONFIGURATION, NONE,                 "the saved progress does not fit the package or what is stored") \
  X(FILE_MAGIC,              "file_magic", 0x0201u, MALFORMED,     INVALID_SIGNATURE,    "this is not an evseal package") \
  X(FILE_VERSION,            "file_version", 0x0202u, MALFORMED,     INVALID_SIGNATURE,    "the package has a file version that this verifier does not know") \
  X(ENVELOPE_LENGTH,         "envelope_length", 0x0203u, MALFORMED,     INVALID_SIGNATURE,    "the envelope is empty or larger than this device allows") \
  X(TRUNCATED,               "truncated", 0x0204u, MALFORMED,     INVALID_SIGNATURE,    "the file ends too early") \
  X(DER_ENCODING,            "der_encoding", 0x0301u, MALFORMED,     INVALID_SIGNATURE,    "the envelope is not strict DER in the one canonical form") \
  X(CMS_CONTENT_TYPE,        "cms_content_type", 0x0302u, MALFORMED,     INVALID_SIGNATURE,    "the envelope is not a CMS SignedData over an evseal manifest") \
  X(CMS_VERSION,             "cms_version", 0x0303u, MALFORMED,     INVALID_SIGNATURE,    "the CMS version is not 3") \
  X(CMS_DIGEST_ALGORITHMS,   "cms_digest_algorithms", 0x0304u, MALFORMED,     INVALID_SIGNATURE,    "digestAlgorithms are not exactly those of the signers") \
  X(CMS_CONTENT,             "cms_content", 0x0305u, MALFORMED,     INVALID_SIGNATURE,    "the manifest is missing or empty") \
  X(CMS_CERTIFICATES,        "cms_certificates", 0x0306u, MALFORMED,     INVALID_SIGNATURE,    "the certificates are none, too many, out of order or double") \
  X(CMS_CRLS,                "cms_crls", 0x0307u, MALFORMED,     INVALID_SIGNATURE,    "the CRLs are too many, too large, out of order or double") \
  X(UNSIGNED,                "unsigned", 0x0308u, NOT_AUTHENTIC, INVALID_SIGNATURE,    "the package has no signature") \
  X(CMS_SIGNERS,             "cms_signers", 0x0309u, MALFORMED,     INVALID_SIGNATURE,    "the signers are too many, out of order or double") \
  X(CMS_SIGNER_VERSION,      "cms_signer_version", 0x030Au, MALFORMED,     INVALID_SIGNATURE,    "a SignerInfo's version is not 1") \
  X(CMS_SIGNER_ID,           "cms_signer_id", 0x030Bu, MALFORMED,     INVALID_SIGNATURE,    "a signer's certificate is not in the envelope") \
  X(CMS_ALGORITHM,           "cms_algorithm", 0x030Cu, MALFORMED,     INVALID_SIGNATURE,    "a signer's algorithms are not the ones for its key") \
  X(CMS_ATTRIBUTES,          "cms_attributes", 0x030Du, MALFORMED,     INVALID_SIGNATURE,    "the signed attributes are not exactly the four in DER order") \
  X(CMS_ATTRIBUTE_VALUE,     "cms_attribute_value", 0x030Eu, MALFORMED,     INVALID_SIGNATURE,    "a signed attribute has a value of the wrong form") \
  X(CMS_UNSIGNED_ATTRIBUTES, "cms_unsigned_attributes", 0x030Fu, MALFORMED,     INVALID_SIGNATURE,    "a signer has unsigned attributes") \
  X(CMS_SIGNING_CERTIFICATE, "cms_signing_certificate", 0x0310u, MALFORMED,     INVALID_SIGNATURE,    "signingCertificateV2 does not list certificates of the envelope, the signer's first") \
  X(CMS_UNLISTED_CERTIFICATE,"cms_unlisted_certificate", 0x0311u, MALFORMED,     INVALID_SIGNATURE,    "a certificate of the envelope is listed by no signer") \
  X(CERT_ENCODING,           "cert_encoding", 0x0401u, MALFORMED,     INVALID_CERTIFICATE,  "a certificate is not strict DER") \
  X(CERT_VERSION,            "cert_version", 0x0402u, NOT_AUTHENTIC, INVALID_CERTIFICATE,  "a certificate is not X.509 v3") \
  X(CERT_SERIAL,             "cert_serial", 0x0403u, NOT_AUTHENTIC, INVALID_CERTIFICATE,  "a serial number is negative or longer than 20 octets") \
  X(CERT_ALGORITHM,          "cert_algorithm", 0x0404u, NOT_AUTHENTIC, INVALID_CERTIFICATE,  "a certificate's signature algorithm is unknown, too weak, or differs inside and outside") \
  X(CERT_PKCS1,              "cert_pkcs1", 0x0405u, NOT_AUTHENTIC, INVALID_CERTIFICATE,  "RSA PKCS#1 v1.5 is not allowed on certificates by this role") \
  X(CERT_NAME,               "cert_name", 0x0406u, NOT_AUTHENTIC, INVALID_CERTIFICATE,  "a certificate's issuer or subject is malformed, too long or empty") \
  X(CERT_VALIDITY,           "cert_validity", 0x0407u, NOT_AUTHENTIC, INVALID_CERTIFICATE,  "a certificate's validity is not in the form of RFC 5280") \
  X(CERT_KEY,                "cert_key", 0x0408u, NOT_AUTHENTIC, INVALID_CERTIFICATE,  "a public key is of an unknown type, too weak or malformed") \
  X(CERT_EXTENSION,          "cert_extension", 0x0409u, NOT_AUTHENTIC, INVALID_CERTIFICATE,  "a certificate extension is malformed or double") \
  X(CERT_CRITICAL_EXTENSION, "cert_critical_extension", 0x040Au, NOT_AUTHENTIC, INVALID_CERTIFICATE,  "a certificate has a critical extension that this verifier does not know") \
  X(CERT_NAME_CONSTRAINTS,   "cert_name_constraints", 0x040Bu, NOT_AUTHENTIC, INVALID_CERTIFICATE,  "a certificate has name constraints, which this verifier refuses") \
  X(CHAIN_NO_ANCHOR,         "chain_no_anchor", 0x0410u, NOT_AUTHENTIC, INVALID_CERTIFICATE,  "no chain leads to a trust anchor of this device") \
  X(CHAIN_SIGNATURE,         "chain_signature", 0x0411u, NOT_AUTHENTIC, INVALID_CERTIFICATE,  "a certificate's signature does not verify") \
  X(CHAIN_NOT_CA,            "chain_not_ca", 0x0412u, NOT_AUTHENTIC, INVALID_CERTIFICATE,  "an issuer is not a CA (basicConstraints)") \
  X(CHAIN_KEY_USAGE,         "chain_key_usage", 0x0413u, NOT_AUTHENTIC, INVALID_CERTIFICATE,  "an issuer may not sign certificates (keyUsage)") \
  X(CHAIN_PATH_LENGTH,       "chain_path_length", 0x0414u, NOT_AUTHENTIC, INVALID_CERTIFICATE,  "more intermediates follow than an issuer's pathLenConstraint allows") \
  X(CHAIN_KEY_IDENTIFIER,    "chain_key_identifier", 0x0415u, NOT_AUTHENTIC, INVALID_CERTIFICATE,  "authorityKeyIdentifier does not match the issuer") \
  X(CHAIN_PURPOSE,           "chain_purpose", 0x0416u, NOT_AUTHENTIC, INVALID_CERTIFICATE,  "an issuer's extKeyUsage does not contain the purpose") \
  X(CHAIN_TOO_LONG,          "chain_too_long", 0x0417u, NOT_AUTHENTIC, INVALID_CERTIFICATE,  "the chain has more intermediates than allowed") \
  X(CHAIN_BUDGET,            "chain_budget", 0x0418u, NOT_AUTHENTIC, INVALID_CERTIFICATE,  "judging the chain costs more work than allowed") \
  X(LEAF_IS_CA,              "leaf_is_ca", 0x0501u, NOT_AUTHENTIC, INVALID_CERTIFICATE,  "the signer's certificate is a CA") \
  X(LEAF_KEY_USAGE,          "leaf_key_usage", 0x0502u, NOT_AUTHENTIC, INVALID_CERTIFICATE,  "the signer's certificate lacks digitalSignature") \
  X(LEAF_PURPOSE,            "leaf_purpose", 0x0503u, NOT_AUTHENTIC, INVALID_CERTIFICATE,  "the signer's certificate is not for code or update signing (extKeyUsage)") \
  X(LEAF_OCPP,               "leaf_ocpp", 0x0504u, NOT_AUTHENTIC, INVALID_CERTIFICATE,  "the signer's certificate is for OCPP announcements only") \
  X(LEAF_POLICY,             "leaf_policy", 0x0505u, NOT_AUTHENTIC, INVALID_CERTIFICATE,  "the signer's certificate has not exactly one evseal policy") \
  X(CHAIN_POLICY,            "chain_policy", 0x0506u, NOT_AUTHENTIC, INVALID_CERTIFICATE,  "an intermediate lacks the signer's policy, or anyPolicy is used") \
  X(ANCHOR_SCOPE,            "anchor_scope", 0x0507u, NOT_AUTHENTIC, INVALID_CERTIFICATE,  "the signer's policy is outside what its anchor may allow") \
  X(CRL_UNSUPPORTED,         "crl_unsupported", 0x0601u, MALFORMED,     INVALID_CERTIFICATE,  "a CRL is of a kind that is refused: delta, indirect, partitioned, or with an unknown critical extension") \
  X(CRL_ENCODING,            "crl_encoding", 0x0602u, MALFORMED,     INVALID_CERTIFICATE,  "a CRL is malformed") \
  X(CRL_ISSUER,              "crl_issuer", 0x0603u, NOT_AUTHENTIC, INVALID_CERTIFICATE,  "a CRL is not signed by the key of its issuer, or the issuer may not sign CRLs") \
  X(CRL_NUMBER,              "crl_number", 0x0604u, MALFORMED,     INVALID_CERTIFICATE,  "a CRLNumber is missing, critical or out of range") \
  X(CRL_MISSING,             "crl_missing", 0x0605u, REFUSED,       INVALID_CERTIFICATE,  "a CRL that the role requires is missing") \
  X(CRL_STALE,               "crl_stale", 0x0606u, REFUSED,       INVALID_CERTIFICATE,  "a CRL is not current by the trusted clock") \
  X(CRL_STRIPPED,            "crl_stripped", 0x0607u, REFUSED,       INVALID_CERTIFICATE,  "a CRL that the manifest names is missing or too old") \
  X(REVOKED,                 "revoked", 0x0608u, REFUSED,       INVALID_CERTIFICATE,  "a certificate is revoked") \
  X(CRL_ALGORITHM,           "crl_algorithm", 0x0609u, NOT_AUTHENTIC, INVALID_CERTIFICATE,  "a CRL's signature algorithm is unknown, too weak, or differs inside and outside") \
  X(CRL_TOO_MANY,            "crl_too_many", 0x060Au, REFUSED,       INVALID_CERTIFICATE,  "the device can remember no further issuer of CRLs") \
  X(DIGEST_MISMATCH,         "digest_mismatch", 0x0701u, NOT_AUTHENTIC, INVALID_SIGNATURE,    "the manifest is not the one that was signed") \
  X(SIGNATURE_ENCODING,      "signature_encoding", 0x0702u, NOT_AUTHENTIC, INVALID_SIGNATURE,    "a signature has the wrong form or length") \
  X(SIGNATURE_RANGE,         "signature_range", 0x0703u, NOT_AUTHENTIC, INVALID_SIGNATURE,    "a signature's numbers are out of range") \
  X(SIGNATURE_HIGH_S,        "signature_high_s", 0x0704u, NOT_AUTHENTIC, INVALID_SIGNATURE,    "an ECDSA signature is not normalised (s above n/2)") \
  X(SIGNATURE_INVALID,       "signature_invalid", 0x0705u, NOT_AUTHENTIC, INVALID_SIGNATURE,    "a signature does not verify") \
  X(ROLE_CONFLICT,           "role_conflict", 0x0801u, NOT_AUTHENTIC, INVALID_CERTIFICATE,  "a signer's chain reaches anchors of different roles") \
  X(ALGORITHM_UNKNOWN,       "algorithm_unknown", 0x0803u, NOT_AUTHENTIC, INVALID_SIGNATURE,    "the package is signed with an unknown algorithm only") \
  X(SIGNER_NOT_LISTED,       "signer_not_listed", 0x0804u, NOT_AUTHENTIC, INVALID_CERTIFICATE,  "the signer's key is not among those that the role names") \
  X(THRESHOLD_NOT_MET,       "threshold_not_met", 0x0805u, REFUSED,       INVALID_SIGNATURE,    "too few of the required parties signed") \
  X(SIGNER_REPEATED,         "signer_repeated", 0x0806u, REFUSED,       INVALID_SIGNATURE,    "a signer's key has already been counted") \
  X(MANIFEST_SYNTAX,         "manifest_syntax", 0x0901u, MALFORMED,     INSTALL_VERIFICATION, "the manifest is not canonical JSON in the strict subset") \
  X(MANIFEST_SCHEMA,         "manifest_schema", 0x0902u, MALFORMED,     INSTALL_VERIFICATION, "a manifest member is missing, of the wrong type or out of range") \
  X(MANIFEST_VERSION,        "manifest_version", 0x0903u, MALFORMED,     INSTALL_VERIFICATION, "the manifest has a format version that this verifier does not know") \
  X(MANIFEST_KIND,           "manifest_kind", 0x0904u, MALFORMED,     INSTALL_VERIFICATION, "the package is of an unknown kind") \
  X(MANIFEST_STAGE,          "manifest_stage", 0x0905u, MALFORMED,     INSTALL_VERIFICATION, "the package is of an unknown stage") \
  X(MANIFEST_ENCODING,       "manifest_encoding", 0x0906u, MALFORMED,     INSTALL_VERIFICATION, "a component has an unknown encoding") \
  X(MANIFEST_CRITICAL,       "manifest_critical", 0x0907u, REFUSED,       INSTALL_VERIFICATION, "the manifest needs a member that this verifier does not implement") \
  X(KIND_UNSUPPORTED,        "kind_unsupported", 0x0908u, REFUSED,       INSTALL_VERIFICATION, "this verifier or device takes no packages of this kind") \
  X(STAGE_REFUSED,           "stage_refused", 0x0909u, REFUSED,       INSTALL_VERIFICATION, "this device takes no packages of this stage") \
  X(STAGE_MISMATCH,          "stage_mismatch", 0x090Au, REFUSED,       INSTALL_VERIFICATION, "the signer's certificate is for another stage or kind") \
  X(WRONG_DEVICE,            "wrong_device", 0x090Bu, REFUSED,       INSTALL_VERIFICATION, "the package is for other vendors or models") \
  X(WRONG_HARDWARE,          "wrong_hardware", 0x090Cu, REFUSED,       INSTALL_VERIFICATION, "the package is not for this hardware revision, or the revision is not known") \
  X(WRONG_SERIAL,            "wrong_serial", 0x090Du, REFUSED,       INSTALL_VERIFICATION, "the package is not for this serial number, or the number is not known") \
  X(LIMIT_COMPONENTS,        "limit_components", 0x090Eu, MALFORMED,     INSTALL_VERIFICATION, "the package has more components than this device can hold") \
  X(LIMIT_CHUNK,             "limit_chunk", 0x090Fu, MALFORMED,     INSTALL_VERIFICATION, "a component's chunks are larger than this device can hold") \
  X(SCOPE_MODEL,             "scope_model", 0x0910u, REFUSED,       INSTALL_VERIFICATION, "the signer may not sign for this model, stage or kind") \
  X(SCOPE_COMPONENT,         "scope_component", 0x0911u, REFUSED,       INSTALL_VERIFICATION, "the signer may not sign this component") \
  X(COMPONENT_UNKNOWN,       "component_unknown", 0x0912u, REFUSED,       INSTALL_VERIFICATION, "this device has no slot for a component") \
  X(ROLLBACK,                "rollback", 0x0913u, REFUSED,       INSTALL_VERIFICATION, "a component's security version is below the device's floor") \
  X(VERSION_JUMP,            "version_jump", 0x0914u, REFUSED,       INSTALL_VERIFICATION, "a component's security version is further ahead than the device allows") \
  X(REQUIREMENT_UNMET,       "requirement_unmet", 0x0915u, REFUSED,       INSTALL_VERIFICATION, "a component requires another one that is missing or too old") \
  X(COMPONENT_MASK,          "component_mask", 0x0916u, MALFORMED,     INSTALL_VERIFICATION, "the component mask names unknown components or is not in its one form") \
  X(COMPONENT_ABSENT,        "component_absent", 0x0917u, REFUSED,       INSTALL_VERIFICATION, "the file lacks a component that this device needs") \
  X(TRUST_EPOCH,             "trust_epoch", 0x0918u, REFUSED,       INSTALL_VERIFICATION, "the trust-update is not the next one for this device") \
  X(TRUST_STORE,             "trust_store", 0x0919u, REFUSED,       INSTALL_VERIFICATION, "the trust-update's result could not meet its own requirements") \
  X(KIND_MISMATCH,           "kind_mismatch", 0x091Au, MALFORMED,     INSTALL_VERIFICATION, "the file's header and the manifest name different kinds of package") \
  X(RECOVERY_REFUSED,        "recovery_refused", 0x091Bu, REFUSED,       INSTALL_VERIFICATION, "the package is for the recovery of a lost state and this device did not ask for it, or the reverse") \
  X(NOT_YET_VALID,           "not_yet_valid", 0x0A01u, REFUSED,       INVALID_CERTIFICATE,  "a certificate was not yet valid at the signing time") \
  X(EXPIRED,                 "expired", 0x0A02u, REFUSED,       INVALID_CERTIFICATE,  "a certificate had expired at the signing time") \
  X(EXPIRED_FLOOR,           "expired_floor", 0x0A03u, REFUSED,       INVALID_CERTIFICATE,  "a certificate expired before the time that this device knows has passed") \
  X(CLOCK_BEFORE,            "clock_before", 0x0A04u, REFUSED,       INVALID_CERTIFICATE,  "a certificate is not yet valid by the device's trusted clock") \
  X(CLOCK_AFTER,             "clock_after", 0x0A05u, REFUSED,       INVALID_CERTIFICATE,  "a certificate has expired by the device's trusted clock") \
  X(PADDING,                 "padding", 0x0B01u, MALFORMED,     INSTALL_VERIFICATION, "the padding is not zero") \
  X(TREE_NODE,               "tree_node", 0x0B02u, NOT_AUTHENTIC, INSTALL_VERIFICATION, "a node of the hash tree does not match") \
  X(CHUNK_DIGEST,            "chunk_digest", 0x0B03u, NOT_AUTHENTIC, INSTALL_VERIFICATION, "a chunk of an image does not match its hash") \
  X(TRAILING_DATA,           "trailing_data", 0x0B04u, MALFORMED,     INSTALL_VERIFICATION, "there is data after the end of the package") \
  X(COMPONENT_SKIPPED,       "component_skipped", 0x0B05u, REFUSED,       INSTALL_VERIFICATION, "a component that this device needs was skipped: no verdict over the whole") \
  X(INFLATE,                 "inflate", 0x0B06u, MALFORMED,     INSTALL_VERIFICATION, "a compressed image does not inflate to what the manifest says")
/* clang-format on */

typedef enum evseal_status {
#define EVSEAL_STATUS_ENUM(name, lower, value, class_, ocpp, text) EVSEAL_##name = (int)(value),
  EVSEAL_STATUS_LIST(EVSEAL_STATUS_ENUM)
#undef EVSEAL_STATUS_ENUM
} evseal_status;

/* The status's name in lower case, as in docs/format.md ("rollback"); "unknown" for a value that is
 * none. */
const char* evseal_status_name(evseal_status status);

/* One sentence without a full stop, in English. */
const char* evseal_status_text(evseal_status status);

/* The class, which is also the exit code. EVSEAL_CLASS_CONFIGURATION for a value that is none. */
evseal_class evseal_status_class(evseal_status status);

/* The OCPP outcome. */
evseal_ocpp evseal_status_ocpp(evseal_status status);

/* FirmwareStatusEnumType text ("InvalidSignature"), or "" where no message belongs to the outcome.
 */
const char* evseal_ocpp_firmware_status(evseal_ocpp outcome);

/* SecurityEventNotification type ("InvalidFirmwareSignature"), or "" where there is none. */
const char* evseal_ocpp_security_event(evseal_ocpp outcome);

#ifdef __cplusplus
}
#endif

#endif
