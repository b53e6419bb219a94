#include "x509_extensions.h"

#include "oids.h"
#include "x509_fields.h"

/*
 * Section 4.2.1.9; pathLen only where cA is TRUE. An explicit cA FALSE, which DER forbids, is
 * tolerated: certificates in use have it.
 */
static evseal_status read_basic_constraints(evseal_certificate* out, der_reader value,
                                            bool critical) {
  (void)critical;
  der_reader fields;
  bool ca = false;
  if (!evseal_der_enter(&value, DER_SEQUENCE, &fields) || !der_done(&value)) {
    return EVSEAL_CERT_EXTENSION;
  }
  out->flags |= EVSEAL_CERT_HAS_CONSTRAINTS;
  if (der_next_is(&fields, DER_BOOLEAN) && !evseal_der_read_boolean(&fields, &ca)) {
    return EVSEAL_CERT_EXTENSION;
  }
  out->flags |= ca ? EVSEAL_CERT_IS_CA : 0u;
  if (!der_done(&fields)) {
    uint64_t length = 0;
    if (!ca || !evseal_der_read_unsigned(&fields, UINT32_MAX, &length) || !der_done(&fields)) {
      return EVSEAL_CERT_EXTENSION;
    }
    out->flags |= EVSEAL_CERT_HAS_PATH_LENGTH;
    out->path_length = (uint32_t)length;
  }
  return EVSEAL_OK;
}

/* Section 4.2.1.3: at least one bit must be set. */
static evseal_status read_key_usage(evseal_certificate* out, der_reader value, bool critical) {
  (void)critical;
  out->flags |= EVSEAL_CERT_HAS_KEY_USAGE;
  bool fine = evseal_der_read_named_bits(&value, &out->key_usage) && der_done(&value) &&
              out->key_usage != 0;
  return fine ? EVSEAL_OK : EVSEAL_CERT_EXTENSION;
}

/* Section 4.2.1.12. */
static evseal_status read_purposes(evseal_certificate* out, der_reader value, bool critical) {
  (void)critical;
  if (!evseal_der_read(&value, DER_SEQUENCE, &out->purposes) || !der_done(&value) ||
      out->purposes.len == 0) {
    return EVSEAL_CERT_EXTENSION;
  }
  out->flags |= EVSEAL_CERT_HAS_PURPOSES;
  der_reader oids = der_open(out->purposes);
  while (!der_done(&oids)) {
    evseal_span oid;
    if (!evseal_der_read(&oids, DER_OID, &oid) || oid.len == 0) {
      return EVSEAL_CERT_EXTENSION;
    }
  }
  return EVSEAL_OK;
}

static uint32_t policy_bit(evseal_span oid) {
  if (evseal_span_equal(oid, evseal_oid_any_policy)) {
    return EVSEAL_POLICY_ANY;
  }
  size_t arc = evseal_oid_evseal_policies.len;
  if (oid.len != arc + 1 || memcmp(oid.data, evseal_oid_evseal_policies.data, arc) != 0) {
    return 0;
  }
  uint8_t last = oid.data[arc];
  return last >= 1 && last <= 5 ? 1u << (last - 1u) : 0;
}

#define MAX_POLICIES 16u

/* PolicyInformation. A critical extension with qualifiers, which are not interpreted, is refused.
 */
static bool read_policy(der_reader* policies, bool critical, evseal_span* out_oid) {
  der_reader information;
  evseal_span qualifiers = {NULL, 0};
  return evseal_der_enter(policies, DER_SEQUENCE, &information) &&
         evseal_der_read(&information, DER_OID, out_oid) && out_oid->len > 0 &&
         (der_done(&information) || evseal_der_read(&information, DER_SEQUENCE, &qualifiers)) &&
         der_done(&information) && !(critical && qualifiers.len > 0);
}

/* Section 4.2.1.4: "A certificate policy OID MUST NOT appear more than once". */
static evseal_status read_policies(evseal_certificate* out, der_reader value, bool critical) {
  der_reader policies;
  if (!evseal_der_enter(&value, DER_SEQUENCE, &policies) || !der_done(&value) ||
      der_done(&policies)) {
    return EVSEAL_CERT_EXTENSION;
  }
  for (unsigned count = 0; !der_done(&policies); count++) {
    evseal_span oid;
    if (count == MAX_POLICIES || !read_policy(&policies, critical, &oid)) {
      return EVSEAL_CERT_EXTENSION;
    }
    der_reader others = policies;
    while (!der_done(&others)) {
      evseal_span other;
      if (!read_policy(&others, critical, &other) || evseal_span_equal(other, oid)) {
        return EVSEAL_CERT_EXTENSION;
      }
    }
    out->policies |= policy_bit(oid);
  }
  return EVSEAL_OK;
}

/* Section 4.2.1.2. */
static evseal_status read_subject_key_id(evseal_certificate* out, der_reader value, bool critical) {
  (void)critical;
  bool fine = evseal_der_read(&value, DER_OCTET_STRING, &out->subject_key_id) && der_done(&value) &&
              out->subject_key_id.len > 0;
  return fine ? EVSEAL_OK : EVSEAL_CERT_EXTENSION;
}

/* Section 4.2.1.1. */
static evseal_status read_authority_key_id(evseal_certificate* out, der_reader value,
                                           bool critical) {
  (void)critical;
  x509_authority authority;
  if (!evseal_x509_read_authority(&authority, value)) {
    return EVSEAL_CERT_EXTENSION;
  }
  out->authority_key_id = authority.key_id;
  out->authority_issuer = authority.issuer;
  out->authority_serial = authority.serial;
  return EVSEAL_OK;
}

/* GeneralNames are not interpreted. */
static evseal_status read_alternative_name(evseal_certificate* out, der_reader value,
                                           bool critical) {
  (void)out;
  (void)critical;
  der_reader names;
  bool fine =
      evseal_der_enter(&value, DER_SEQUENCE, &names) && der_done(&value) && !der_done(&names);
  return fine ? EVSEAL_OK : EVSEAL_CERT_EXTENSION;
}

/* Section 4.2.1.6: with an empty subject subjectAltName MUST be there and critical. */
static evseal_status read_subject_alt_name(evseal_certificate* out, der_reader value,
                                           bool critical) {
  out->flags |= critical ? EVSEAL_CERT_CRITICAL_ALT_NAME : 0u;
  return read_alternative_name(out, value, critical);
}

/* Extensions that change what a path means and that this verifier does not implement. */
static evseal_status refuse_name_constraints(evseal_certificate* out, der_reader value,
                                             bool critical) {
  (void)out;
  (void)value;
  (void)critical;
  return EVSEAL_CERT_NAME_CONSTRAINTS;
}

static evseal_status refuse_policy_processing(evseal_certificate* out, der_reader value,
                                              bool critical) {
  (void)out;
  (void)value;
  (void)critical;
  return EVSEAL_CERT_EXTENSION;
}

typedef struct known_extension {
  const evseal_span* oid;
  bool never_critical;
  evseal_status (*read)(evseal_certificate* out, der_reader value, bool critical);
} known_extension;

static const known_extension known_extensions[] = {
    {&evseal_oid_basic_constraints, false, read_basic_constraints},
    {&evseal_oid_key_usage, false, read_key_usage},
    {&evseal_oid_ext_key_usage, false, read_purposes},
    {&evseal_oid_certificate_policies, false, read_policies},
    {&evseal_oid_subject_key_id, true, read_subject_key_id},
    {&evseal_oid_authority_key_id, true, read_authority_key_id},
    {&evseal_oid_subject_alt_name, false, read_subject_alt_name},
    {&evseal_oid_issuer_alt_name, false, read_alternative_name},
    {&evseal_oid_name_constraints, false, refuse_name_constraints},
    {&evseal_oid_policy_mappings, false, refuse_policy_processing},
    {&evseal_oid_policy_constraints, false, refuse_policy_processing},
    {&evseal_oid_inhibit_any_policy, false, refuse_policy_processing},
};

static evseal_status read_one(evseal_certificate* out, const x509_extension* extension) {
  bool critical = extension->critical;
  for (size_t i = 0; i < sizeof known_extensions / sizeof known_extensions[0]; i++) {
    const known_extension* known = &known_extensions[i];
    if (!evseal_span_equal(extension->oid, *known->oid)) {
      continue;
    }
    /* Sections 4.2.1.1 and 4.2.1.2: "Conforming CAs MUST mark this extension as non-critical." */
    return critical && known->never_critical
               ? EVSEAL_CERT_CRITICAL_EXTENSION
               : known->read(out, der_open(extension->value), critical);
  }
  /* Section 4.2: "MUST reject the certificate if it encounters a critical extension it does not
   * recognize" */
  return critical ? EVSEAL_CERT_CRITICAL_EXTENSION : EVSEAL_OK;
}

evseal_status evseal_x509_check_together(const evseal_certificate* out) {
  /* Section 4.2.1.9: "If the cA boolean is not asserted, then the keyCertSign bit [...] MUST NOT be
   * asserted." */
  if ((out->key_usage & EVSEAL_KU_KEY_CERT_SIGN) != 0 && (out->flags & EVSEAL_CERT_IS_CA) == 0) {
    return EVSEAL_CERT_EXTENSION;
  }
  bool named = out->subject.len > 2 || (out->flags & EVSEAL_CERT_CRITICAL_ALT_NAME) != 0;
  return named ? EVSEAL_OK : EVSEAL_CERT_NAME;
}

evseal_status evseal_x509_read_extensions(evseal_certificate* out, der_reader* extensions) {
  evseal_status first = der_done(extensions) ? EVSEAL_CERT_EXTENSION : EVSEAL_OK;
  for (unsigned count = 0; !der_done(extensions); count++) {
    x509_extension extension;
    if (count >= EVSEAL_MAX_EXTENSIONS || !evseal_x509_read_extension(extensions, &extension) ||
        !evseal_x509_unique_from(*extensions, extension.oid)) {
      return EVSEAL_CERT_EXTENSION;
    }
    /* The rest is still read after a failure: a report on a refused certificate needs its flags. */
    evseal_status status = read_one(out, &extension);
    if (first == EVSEAL_OK) {
      first = status;
    }
  }
  return first;
}
