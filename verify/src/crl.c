/* Certificate revocation lists (RFC 5280 section 5). */
#include "evseal/crl.h"

#include "crl_claims.h"
#include "oids.h"
#include "x509_fields.h"

#define CRL_VERSION_V2 1u
#define MAX_ENTRY_EXTENSIONS 4u
#define MAX_SERIAL 21u /* octets of content: 20 and a sign octet */

/*
 * One extension of an entry. Only reasonCode (section 5.3.1) is understood, and no reason makes a
 * difference; certificateIssuer makes the CRL an indirect one.
 */
static evseal_status judge_entry_extension(void* user, const x509_extension* extension) {
  (void)user;
  if (evseal_span_equal(extension->oid, evseal_oid_certificate_issuer)) {
    return EVSEAL_CRL_UNSUPPORTED;
  }
  bool known = evseal_span_equal(extension->oid, evseal_oid_reason_code);
  return extension->critical && !known ? EVSEAL_CRL_UNSUPPORTED : EVSEAL_OK;
}

/* SEQUENCE OF Extension, not empty, none twice; `judge` says what each one means. */
static evseal_status read_extensions(der_reader extensions, unsigned max,
                                     evseal_status (*judge)(void* user,
                                                            const x509_extension* extension),
                                     void* user) {
  evseal_status first = der_done(&extensions) ? EVSEAL_CRL_ENCODING : EVSEAL_OK;
  for (unsigned count = 0; !der_done(&extensions); count++) {
    x509_extension extension;
    if (count == max || !evseal_x509_read_extension(&extensions, &extension) ||
        !evseal_x509_unique_from(extensions, extension.oid)) {
      return EVSEAL_CRL_ENCODING;
    }
    evseal_status status = judge(user, &extension);
    first = first == EVSEAL_OK || status == EVSEAL_CRL_ENCODING ? status : first;
  }
  return first;
}

/* An entry of revokedCertificates: its serial number. */
static evseal_status read_entry(der_reader* entries, evseal_span* out_serial) {
  der_reader entry;
  int64_t date = 0;
  if (!evseal_der_enter(entries, DER_SEQUENCE, &entry) ||
      !evseal_der_read_integer(&entry, out_serial) || out_serial->len > MAX_SERIAL ||
      !evseal_der_read_time(&entry, &date)) {
    return EVSEAL_CRL_ENCODING;
  }
  if (der_done(&entry)) {
    return EVSEAL_OK;
  }
  der_reader extensions;
  if (!evseal_der_enter(&entry, DER_SEQUENCE, &extensions) || !der_done(&entry)) {
    return EVSEAL_CRL_ENCODING;
  }
  return read_extensions(extensions, MAX_ENTRY_EXTENSIONS, judge_entry_extension, NULL);
}

bool evseal_crl_next_serial(evseal_span* rest, evseal_span* out_serial) {
  der_reader entries = der_open(*rest);
  evseal_span serial;
  if (der_done(&entries) || read_entry(&entries, &serial) != EVSEAL_OK) {
    return false;
  }
  *rest = evseal_span_of(entries.at, entries.left);
  *out_serial = serial;
  return true;
}

bool evseal_crl_lists(const evseal_crl* crl, evseal_span serial) {
  evseal_span rest = crl->entries;
  evseal_span listed;
  while (evseal_crl_next_serial(&rest, &listed)) {
    if (evseal_span_equal(listed, serial)) {
      return true;
    }
  }
  return false;
}

typedef struct crl_extensions {
  evseal_crl* crl;
  bool has_number;
} crl_extensions;

/* Section 5.2.3, and below 2^63 so that every language can count it. */
static evseal_status read_number(crl_extensions* found, const x509_extension* extension) {
  der_reader value = der_open(extension->value);
  der_reader copy = value;
  evseal_span number;
  if (!evseal_der_read_integer(&copy, &number) || !der_done(&copy)) {
    return EVSEAL_CRL_ENCODING;
  }
  bool fine = !extension->critical &&
              evseal_der_read_unsigned(&value, (uint64_t)INT64_MAX, &found->crl->number);
  found->has_number = fine;
  return fine ? EVSEAL_OK : EVSEAL_CRL_NUMBER;
}

/* One extension of the CRL (section 5.2). */
static evseal_status judge_crl_extension(void* user, const x509_extension* extension) {
  crl_extensions* found = user;
  if (evseal_span_equal(extension->oid, evseal_oid_crl_number)) {
    return read_number(found, extension);
  }
  if (evseal_span_equal(extension->oid, evseal_oid_authority_key_id)) {
    x509_authority authority;
    if (!evseal_x509_read_authority(&authority, der_open(extension->value)) ||
        authority.key_id.len == 0) {
      return EVSEAL_CRL_ENCODING;
    }
    found->crl->authority_key_id = authority.key_id;
    return extension->critical ? EVSEAL_CRL_UNSUPPORTED : EVSEAL_OK;
  }
  /* Critical or not: what they say changes which certificates the list is about. */
  bool partial = evseal_span_equal(extension->oid, evseal_oid_delta_crl_indicator) ||
                 evseal_span_equal(extension->oid, evseal_oid_issuing_distribution_point) ||
                 evseal_span_equal(extension->oid, evseal_oid_certificate_issuer);
  /* Section 5.2: "If a CRL contains a critical extension that the application cannot process, then
   * the application MUST NOT use that CRL". */
  return partial || extension->critical ? EVSEAL_CRL_UNSUPPORTED : EVSEAL_OK;
}

/* Keeps the first failure; the reading goes on, so that the structure is judged whole. */
static void note(evseal_crl* out, evseal_status status) {
  if (out->status == EVSEAL_OK) {
    out->status = status;
  }
}

/* From signature to nextUpdate. RFC 5280 section 5.1.2.5: "Conforming CRL issuers MUST include the
 * nextUpdate field in all CRLs." False when the structure breaks. */
static bool read_head(evseal_crl* out, der_reader* tbs) {
  uint64_t version = 0;
  evseal_span inner;
  if (!evseal_der_read_unsigned(tbs, CRL_VERSION_V2, &version) || version != CRL_VERSION_V2 ||
      !evseal_der_read_whole(tbs, DER_SEQUENCE, &inner) ||
      !evseal_der_read_whole(tbs, DER_SEQUENCE, &out->issuer) ||
      !evseal_x509_name_well_formed(out->issuer) || out->issuer.len <= 2 ||
      !evseal_der_read_time(tbs, &out->this_update) ||
      !evseal_der_read_time(tbs, &out->next_update)) {
    return false;
  }
  note(out, evseal_x509_algorithm(&out->algorithm, inner, out->algorithm_der)
                ? EVSEAL_OK
                : EVSEAL_CRL_ALGORITHM);
  return true;
}

/* revokedCertificates: absent when there are none (section 5.1.2.6). */
static evseal_status read_entries(evseal_crl* out, der_reader* tbs) {
  if (!der_next_is(tbs, DER_SEQUENCE)) {
    return EVSEAL_OK;
  }
  if (!evseal_der_read(tbs, DER_SEQUENCE, &out->entries) || out->entries.len == 0) {
    return EVSEAL_CRL_ENCODING;
  }
  der_reader entries = der_open(out->entries);
  evseal_status first = EVSEAL_OK;
  while (!der_done(&entries)) {
    evseal_span serial;
    evseal_status status = read_entry(&entries, &serial);
    if (status == EVSEAL_CRL_ENCODING) {
      return status;
    }
    first = first == EVSEAL_OK ? status : first;
  }
  return first;
}

/* TBSCertList (section 5.1.2). */
static evseal_status read_tbs(evseal_crl* out) {
  der_reader outer = der_open(out->tbs);
  der_reader tbs;
  der_reader tagged;
  der_reader extensions;
  crl_extensions found = {out, false};
  if (!evseal_der_enter(&outer, DER_SEQUENCE, &tbs) || !read_head(out, &tbs)) {
    return EVSEAL_CRL_ENCODING;
  }
  evseal_status entries = read_entries(out, &tbs);
  if (entries == EVSEAL_CRL_ENCODING || !evseal_der_enter(&tbs, DER_CONTEXT(0), &tagged) ||
      !der_done(&tbs) || !evseal_der_enter(&tagged, DER_SEQUENCE, &extensions) ||
      !der_done(&tagged)) {
    return EVSEAL_CRL_ENCODING;
  }
  evseal_status status =
      read_extensions(extensions, EVSEAL_MAX_EXTENSIONS, judge_crl_extension, &found);
  /* Section 5.2.1: "Conforming CRL issuers MUST [...] include this extension in all CRLs issued."
   */
  if (status == EVSEAL_CRL_ENCODING || out->authority_key_id.len == 0) {
    return EVSEAL_CRL_ENCODING;
  }
  if (!found.has_number) {
    note(out, EVSEAL_CRL_NUMBER);
  }
  note(out, entries);
  note(out, status);
  return out->status;
}

evseal_status evseal_crl_parse(evseal_crl* out, evseal_span der) {
  memset(out, 0, sizeof *out);
  out->status = EVSEAL_OK;
  out->der = der;
  der_reader outer = der_open(der);
  der_reader fields;
  if (!evseal_der_enter(&outer, DER_SEQUENCE, &fields) || !der_done(&outer) ||
      !evseal_der_read_whole(&fields, DER_SEQUENCE, &out->tbs) ||
      !evseal_der_read_whole(&fields, DER_SEQUENCE, &out->algorithm_der) ||
      !evseal_der_read_octet_bits(&fields, &out->signature) || !der_done(&fields)) {
    out->status = EVSEAL_CRL_ENCODING;
    return out->status;
  }
  out->status = read_tbs(out);
  return out->status;
}

evseal_status evseal_crl_check_claims(const evseal_crl* crl, evseal_span issuer_name,
                                      const evseal_certificate* issuer,
                                      const evseal_chain_rules* rules) {
  if (crl->status != EVSEAL_OK) {
    return crl->status;
  }
  /* Section 6.3.3 (f): "If a key usage extension is present in the CRL issuer's certificate, verify
   * that the cRLSign bit is set." */
  bool may_sign = issuer == NULL || (issuer->flags & EVSEAL_CERT_HAS_KEY_USAGE) == 0 ||
                  (issuer->key_usage & EVSEAL_KU_CRL_SIGN) != 0;
  bool same_key = issuer == NULL || issuer->subject_key_id.len == 0 ||
                  evseal_span_equal(issuer->subject_key_id, crl->authority_key_id);
  if (!evseal_span_equal(crl->issuer, issuer_name) || !may_sign || !same_key) {
    return EVSEAL_CRL_ISSUER;
  }
  bool forbidden = crl->algorithm.scheme == EVSEAL_SCHEME_RSA_PKCS1 &&
                   (rules->flags & EVSEAL_CHAIN_ALLOW_PKCS1) == 0;
  return forbidden ? EVSEAL_CERT_PKCS1 : EVSEAL_OK;
}

evseal_status evseal_crl_check_issuer(const evseal_crl* crl, evseal_budget* budget,
                                      const evseal_crypto* crypto, evseal_span issuer_name,
                                      const evseal_certificate* issuer,
                                      const evseal_public_key* key,
                                      const evseal_chain_rules* rules) {
  evseal_status status = evseal_crl_check_claims(crl, issuer_name, issuer, rules);
  if (status != EVSEAL_OK) {
    return status;
  }
  if (budget->operations == 0) {
    return EVSEAL_CHAIN_BUDGET;
  }
  budget->operations--;
  if (rules->on_yield != NULL) {
    rules->on_yield(rules->user);
  }
  status = evseal_signature_verify(crypto, key, &crl->algorithm, crl->tbs, crl->signature, 0);
  bool failed = status == EVSEAL_CRYPTO_MISSING || status == EVSEAL_CRYPTO_FAILED;
  return status == EVSEAL_OK || failed ? status : EVSEAL_CRL_ISSUER;
}

/* Revocation of one certificate by the lists of one issuer. */
static evseal_status check_certificate(const evseal_certificate* certificate,
                                       const evseal_certificate* issuer, evseal_span issuer_name,
                                       const evseal_public_key* key, evseal_budget* budget,
                                       const evseal_crypto* crypto, const evseal_crl* crls,
                                       size_t num_crls, const evseal_chain_rules* rules) {
  evseal_status missing = EVSEAL_CRL_MISSING;
  bool usable = false;
  for (size_t i = 0; i < num_crls; i++) {
    if (!evseal_span_equal(crls[i].issuer, issuer_name)) {
      continue;
    }
    evseal_status status =
        evseal_crl_check_issuer(&crls[i], budget, crypto, issuer_name, issuer, key, rules);
    bool current = (rules->flags & EVSEAL_CHAIN_CHECK_TIME) == 0 ||
                   (crls[i].this_update <= rules->time && rules->time <= crls[i].next_update);
    status = status == EVSEAL_OK && !current ? EVSEAL_CRL_STALE : status;
    if (status == EVSEAL_CHAIN_BUDGET || status == EVSEAL_CRYPTO_MISSING ||
        status == EVSEAL_CRYPTO_FAILED) {
      return status;
    }
    if (status != EVSEAL_OK) {
      missing = status;
      continue;
    }
    if (evseal_crl_lists(&crls[i], certificate->serial)) {
      return EVSEAL_REVOKED;
    }
    usable = true;
  }
  return usable ? EVSEAL_OK : missing;
}

evseal_status evseal_crl_check_path(evseal_path* path, evseal_budget* budget,
                                    const evseal_crypto* crypto,
                                    const evseal_certificate* certificates,
                                    const evseal_anchor* anchors, const evseal_crl* crls,
                                    size_t num_crls, const evseal_chain_rules* rules) {
  for (unsigned i = 0; i < path->num_certificates; i++) {
    const evseal_certificate* certificate = &certificates[path->certificates[i]];
    bool top = i + 1u == path->num_certificates;
    const evseal_certificate* issuer =
        top ? anchors[path->anchor].certificate : &certificates[path->certificates[i + 1u]];
    evseal_span name = top ? anchors[path->anchor].subject : issuer->subject;
    evseal_public_key key;
    evseal_status status =
        evseal_public_key_parse(&key, top ? anchors[path->anchor].spki : issuer->key.spki);
    if (status == EVSEAL_OK) {
      status =
          check_certificate(certificate, issuer, name, &key, budget, crypto, crls, num_crls, rules);
    }
    if (status != EVSEAL_OK) {
      path->failed = path->certificates[i];
      return status;
    }
  }
  return EVSEAL_OK;
}
