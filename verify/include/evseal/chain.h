/*
 * X.509 certificates (RFC 5280) and chains from a trust anchor down to a leaf.
 *
 * Not checked here: revocation (evseal/crl.h),
 * name constraints (certificates that have them are refused), policy mappings, subjectAltName.
 */
#ifndef EVSEAL_CHAIN_H
#define EVSEAL_CHAIN_H

#include "evseal/signature.h"

#ifdef __cplusplus
extern "C" {
#endif

#define EVSEAL_MAX_CHAIN_CERTIFICATES 16u /* certificates that a search looks at, leaf included */

/* evseal_certificate.flags */
#define EVSEAL_CERT_HAS_CONSTRAINTS 1u
#define EVSEAL_CERT_IS_CA 2u
#define EVSEAL_CERT_HAS_PATH_LENGTH 4u
#define EVSEAL_CERT_HAS_KEY_USAGE 8u
#define EVSEAL_CERT_HAS_PURPOSES 16u
#define EVSEAL_CERT_CRITICAL_ALT_NAME 32u

/* evseal_certificate.key_usage: bit i is KeyUsage's named bit i */
#define EVSEAL_KU_DIGITAL_SIGNATURE (1u << 0)
#define EVSEAL_KU_KEY_CERT_SIGN (1u << 5)
#define EVSEAL_KU_CRL_SIGN (1u << 6)

/* evseal_certificate.policies */
#define EVSEAL_POLICY_DEV 1u /* the first three equal the stages' bits */
#define EVSEAL_POLICY_PILOT 2u
#define EVSEAL_POLICY_PROD 4u
#define EVSEAL_POLICY_TRUST_UPDATE 8u
#define EVSEAL_POLICY_OCPP 16u
#define EVSEAL_POLICY_ANY 32u

/* A parsed certificate. All spans point into `der`, which stays the caller's. */
typedef struct evseal_certificate {
  evseal_status
      status; /* EVSEAL_OK, or why it can be in no chain; what was read before is still set */
  evseal_span der;
  evseal_span tbs;
  evseal_span serial; /* content of the INTEGER */
  evseal_span issuer; /* whole Name */
  evseal_span subject;
  evseal_span algorithm_der;
  evseal_algorithm algorithm;
  evseal_span signature;
  evseal_public_key key;
  int64_t not_before; /* seconds since 1970 */
  int64_t not_after;
  uint32_t flags;
  uint32_t key_usage;
  uint32_t path_length;
  uint32_t policies;
  evseal_span purposes; /* content of extKeyUsage's SEQUENCE OF OID */
  evseal_span subject_key_id;
  evseal_span authority_key_id;
  evseal_span authority_issuer; /* whole Name of the one directoryName, or empty */
  evseal_span authority_serial;
} evseal_certificate;

/* Parses one DER certificate into `out` and returns `out->status`. Stack: under 600 bytes. */
evseal_status evseal_certificate_parse(evseal_certificate* out, evseal_span der);

/*
 * A trust anchor: a name and a key. Where `certificate` is set, what that certificate claims is
 * checked too (RFC 5937): validity, basicConstraints, keyUsage, pathLenConstraint, extKeyUsage, key
 * identifiers; its own signature is not. Devices leave it null.
 */
typedef struct evseal_anchor {
  evseal_span subject; /* whole DER Name */
  evseal_span spki;    /* whole DER SubjectPublicKeyInfo */
  const evseal_certificate* certificate;
} evseal_anchor;

#define EVSEAL_CHAIN_ALLOW_PKCS1 1u    /* RSA PKCS#1 v1.5 on certificates */
#define EVSEAL_CHAIN_NEED_KEY_USAGE 2u /* CA certificates without keyUsage are refused */
#define EVSEAL_CHAIN_NEED_PURPOSE 16u  /* a leaf without extKeyUsage is refused */
#define EVSEAL_CHAIN_CHECK_TIME 4u     /* every certificate of the path must be valid at `time` */
#define EVSEAL_CHAIN_PREFER_TIME \
  8u /* such a path is preferred; without one, the first otherwise good path */

typedef struct evseal_chain_rules {
  const evseal_span*
      purposes; /* OIDs (content octets): leaf and CAs must allow one of them; none: any purpose */
  size_t num_purposes;
  unsigned max_intermediates;
  uint32_t flags;
  int64_t time;
  void (*on_yield)(void* user); /* called before each public-key operation; may be null */
  void* user;
} evseal_chain_rules;

/* A certificate's signature that has been checked with an issuer's key, and how that ended. */
typedef struct evseal_checked_signature {
  evseal_span issuer_spki;
  uint8_t certificate;  /* index; CRLs follow from 0x80 on */
  evseal_status status; /* as the crypto backend gave it */
} evseal_checked_signature;

/*
 * What all searches over one set of certificates may still cost, and what they have found out:
 * each signature is checked once with each key.
 */
typedef struct evseal_budget {
  unsigned operations; /* public-key operations */
  unsigned name_steps;
  unsigned num_checked; /* 0 at first */
  evseal_checked_signature checked[EVSEAL_MAX_OPERATIONS];
} evseal_budget;

typedef struct evseal_path {
  uint8_t certificates[EVSEAL_MAX_CHAIN_CERTIFICATES]; /* indices, leaf first */
  uint8_t num_certificates;
  uint8_t anchor; /* index */
  uint8_t failed; /* on failure: index of the certificate that broke the rule, or 0xFF */
} evseal_path;

/*
 * Finds a path from one of the anchors to `certificates[leaf]` (RFC 5280 section 6.1).
 *
 * `usable` has bit i set where certificates[i] may be part of the path. Names and key identifiers
 * decide which paths are possible; then signatures are checked from the anchor down, each at most
 * once, and at most `budget->operations` of them. Purposes: `purposes` must be allowed by the leaf
 * (anyExtendedKeyUsage does not count there) and by each intermediate with an extKeyUsage. On
 * failure `out_path->failed` names the certificate, and the status is that of the path that came
 * furthest down. At most EVSEAL_MAX_CHAIN_CERTIFICATES certificates and EVSEAL_MAX_ANCHORS anchors
 * are looked at: more is EVSEAL_CHAIN_BUDGET. Stack: under 500 bytes.
 */
evseal_status evseal_chain_find(evseal_path* out_path, evseal_budget* budget,
                                const evseal_crypto* crypto, const evseal_certificate* certificates,
                                size_t num_certificates, size_t leaf, uint32_t usable,
                                const evseal_anchor* anchors, size_t num_anchors,
                                const evseal_chain_rules* rules);

/* The subject and key of a root certificate as an anchor. EVSEAL_CERT_ENCODING when it cannot be
 * read. */
evseal_status evseal_anchor_from_certificate(evseal_anchor* out, evseal_span der);

#ifdef __cplusplus
}
#endif

#endif
