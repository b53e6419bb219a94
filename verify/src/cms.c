#include "cms.h"

#include "cms_signer.h"
#include "oids.h"

/* The top of the structure; the two SETs and the signers are opened later. */
typedef struct skeleton {
  evseal_span certificates;
  evseal_span crls;
  evseal_span signers;
  bool has_certificates;
  bool has_crls;
} skeleton;

/* encapContentInfo: id-evseal-ct-manifest and a primitive OCTET STRING. */
static evseal_status read_content(cms_envelope* out, der_reader* signed_data) {
  der_reader fields;
  der_reader tagged;
  evseal_span type;
  if (!evseal_der_enter(signed_data, DER_SEQUENCE, &fields) ||
      !evseal_der_read(&fields, DER_OID, &type)) {
    return EVSEAL_DER_ENCODING;
  }
  if (!evseal_span_equal(type, evseal_oid_evseal_manifest)) {
    return EVSEAL_CMS_CONTENT_TYPE;
  }
  if (der_done(&fields)) {
    return EVSEAL_CMS_CONTENT;
  }
  if (!evseal_der_enter(&fields, DER_CONTEXT(0), &tagged) || !der_done(&fields)) {
    return EVSEAL_DER_ENCODING;
  }
  unsigned tag = 0;
  if (der_done(&tagged)) {
    return EVSEAL_CMS_CONTENT;
  }
  if (!evseal_der_read_any(&tagged, &tag, &out->manifest, NULL) || !der_done(&tagged)) {
    return EVSEAL_DER_ENCODING;
  }
  /* Primitive: a constructed OCTET STRING would have tag 24. */
  if (tag != DER_OCTET_STRING || out->manifest.len == 0) {
    return EVSEAL_CMS_CONTENT;
  }
  return EVSEAL_OK;
}

/* An optional [n] IMPLICIT SET. */
static bool read_optional_set(der_reader* reader, unsigned tag, evseal_span* out,
                              bool* out_present) {
  *out_present = der_next_is(reader, tag);
  return !*out_present || evseal_der_read(reader, tag, out);
}

static evseal_status read_signed_data(cms_envelope* out, skeleton* parts, der_reader* signed_data) {
  bool is_v3 = false;
  if (!evseal_der_read_constant(signed_data, 3, &is_v3)) {
    return EVSEAL_DER_ENCODING;
  }
  if (!is_v3) {
    return EVSEAL_CMS_VERSION;
  }
  if (!evseal_der_read(signed_data, DER_SET, &out->digest_algorithms)) {
    return EVSEAL_DER_ENCODING;
  }
  evseal_status status = read_content(out, signed_data);
  if (status != EVSEAL_OK) {
    return status;
  }
  bool fine = read_optional_set(signed_data, DER_CONTEXT(0), &parts->certificates,
                                &parts->has_certificates) &&
              read_optional_set(signed_data, DER_CONTEXT(1), &parts->crls, &parts->has_crls) &&
              evseal_der_read(signed_data, DER_SET, &parts->signers) && der_done(signed_data);
  return fine ? EVSEAL_OK : EVSEAL_DER_ENCODING;
}

static evseal_status read_skeleton(cms_envelope* out, skeleton* parts, evseal_span envelope) {
  der_reader outer = der_open(envelope);
  der_reader info;
  der_reader tagged;
  der_reader signed_data;
  evseal_span type;
  if (!evseal_der_enter(&outer, DER_SEQUENCE, &info) || !der_done(&outer) ||
      !evseal_der_read(&info, DER_OID, &type)) {
    return EVSEAL_DER_ENCODING;
  }
  if (!evseal_span_equal(type, evseal_oid_signed_data)) {
    return EVSEAL_CMS_CONTENT_TYPE;
  }
  if (!evseal_der_enter(&info, DER_CONTEXT(0), &tagged) || !der_done(&info) ||
      !evseal_der_enter(&tagged, DER_SEQUENCE, &signed_data) || !der_done(&tagged)) {
    return EVSEAL_DER_ENCODING;
  }
  return read_signed_data(out, parts, &signed_data);
}

/*
 * Reads the next element of a SET OF SEQUENCEs. EVSEAL_DER_ENCODING for what is no DER, `misplaced`
 * for another type, and for one that does not come after the one before.
 */
static evseal_status next_in_order(der_reader* set, evseal_span* previous, evseal_status misplaced,
                                   evseal_span* out_whole) {
  evseal_span before = *previous;
  unsigned tag = 0;
  if (!evseal_der_read_any(set, &tag, NULL, out_whole)) {
    return EVSEAL_DER_ENCODING;
  }
  *previous = *out_whole;
  bool placed = before.len == 0 || evseal_der_in_set_order(before, *out_whole);
  return tag == DER_SEQUENCE && placed ? EVSEAL_OK : misplaced;
}

static evseal_status read_certificates(cms_envelope* out, evseal_certificate* certificates,
                                       const skeleton* parts) {
  der_reader set = der_open(parts->certificates);
  evseal_span previous = {NULL, 0};
  if (!parts->has_certificates || der_done(&set)) {
    return EVSEAL_CMS_CERTIFICATES;
  }
  while (!der_done(&set)) {
    evseal_span der;
    evseal_status status = next_in_order(&set, &previous, EVSEAL_CMS_CERTIFICATES, &der);
    if (status != EVSEAL_OK) {
      return status;
    }
    if (out->num_certificates == EVSEAL_MAX_CERTIFICATES) {
      return EVSEAL_CMS_CERTIFICATES;
    }
    /* What cannot be read at all is refused here; what else is wrong with it matters in a path. */
    if (evseal_certificate_parse(&certificates[out->num_certificates], der) ==
        EVSEAL_CERT_ENCODING) {
      return EVSEAL_CERT_ENCODING;
    }
    out->num_certificates++;
  }
  return EVSEAL_OK;
}

/* The form of the field: count, order, size. */
static evseal_status read_crl_set(cms_envelope* out, evseal_crl_record* crls, const skeleton* parts,
                                  size_t max_crl_bytes) {
  if (!parts->has_crls) {
    return EVSEAL_OK;
  }
  der_reader set = der_open(parts->crls);
  evseal_span previous = {NULL, 0};
  if (der_done(&set) || parts->crls.len > max_crl_bytes) {
    return EVSEAL_CMS_CRLS;
  }
  while (!der_done(&set)) {
    evseal_span der;
    evseal_status status = next_in_order(&set, &previous, EVSEAL_CMS_CRLS, &der);
    if (status != EVSEAL_OK || out->num_crls == EVSEAL_MAX_CRLS) {
      return status == EVSEAL_OK ? EVSEAL_CMS_CRLS : status;
    }
    memset(&crls[out->num_crls], 0, sizeof crls[0]);
    crls[out->num_crls++].der = der;
  }
  return EVSEAL_OK;
}

static bool issued_a_certificate(const cms_envelope* envelope,
                                 const evseal_certificate* certificates, evseal_span name) {
  for (unsigned i = 0; i < envelope->num_certificates; i++) {
    if (evseal_span_equal(certificates[i].issuer, name)) {
      return true;
    }
  }
  return false;
}

/* Each CRL for itself; then, that each is about the issuer of a certificate that is here. */
static evseal_status read_crls(cms_envelope* out, evseal_crl_record* crls,
                               const evseal_certificate* certificates, const skeleton* parts,
                               size_t max_crl_bytes) {
  evseal_status status = read_crl_set(out, crls, parts, max_crl_bytes);
  bool all_placed = true;
  for (unsigned i = 0; status == EVSEAL_OK && i < out->num_crls; i++) {
    evseal_crl crl;
    status = evseal_crl_parse(&crl, crls[i].der);
    crls[i].number = crl.number;
    /* Of a CRL that cannot be read, nothing is looked at. */
    all_placed =
        status == EVSEAL_OK && all_placed && issued_a_certificate(out, certificates, crl.issuer);
  }
  return status == EVSEAL_OK && !all_placed ? EVSEAL_CMS_CRLS : status;
}

static evseal_status read_signers(cms_envelope* out, const evseal_certificate* certificates,
                                  const skeleton* parts,
                                  const uint8_t (*hashes)[EVSEAL_SHA256_LEN]) {
  der_reader set = der_open(parts->signers);
  evseal_span previous = {NULL, 0};
  while (!der_done(&set)) {
    evseal_span der;
    evseal_status status = next_in_order(&set, &previous, EVSEAL_CMS_SIGNERS, &der);
    if (status != EVSEAL_OK || out->num_signers == EVSEAL_MAX_SIGNERS) {
      return status == EVSEAL_OK ? EVSEAL_CMS_SIGNERS : status;
    }
    status = evseal_cms_read_signer(&out->signers[out->num_signers], der, certificates,
                                    out->num_certificates, hashes);
    if (status != EVSEAL_OK) {
      return status;
    }
    out->num_signers++;
  }
  return EVSEAL_OK;
}

/* digestAlgorithms: exactly those of the signers, in DER order, none twice. */
static evseal_status check_digest_algorithms(const cms_envelope* envelope) {
  der_reader set = der_open(envelope->digest_algorithms);
  evseal_span previous = {NULL, 0};
  uint32_t seen = 0;
  while (!der_done(&set)) {
    evseal_span algorithm;
    bool used = false;
    evseal_status status = next_in_order(&set, &previous, EVSEAL_CMS_DIGEST_ALGORITHMS, &algorithm);
    if (status != EVSEAL_OK) {
      return status;
    }
    for (unsigned i = 0; i < envelope->num_signers; i++) {
      if (evseal_span_equal(envelope->signers[i].digest_algorithm, algorithm)) {
        seen |= 1u << i;
        used = true;
      }
    }
    if (!used) {
      return EVSEAL_CMS_DIGEST_ALGORITHMS;
    }
  }
  return seen == (1u << envelope->num_signers) - 1u ? EVSEAL_OK : EVSEAL_CMS_DIGEST_ALGORITHMS;
}

static evseal_status check_all_listed(const cms_envelope* envelope) {
  uint32_t listed = 0;
  for (unsigned i = 0; i < envelope->num_signers; i++) {
    listed |= envelope->signers[i].listed;
  }
  return listed == (1u << envelope->num_certificates) - 1u ? EVSEAL_OK
                                                           : EVSEAL_CMS_UNLISTED_CERTIFICATE;
}

/* SHA-256 of each certificate, for signingCertificateV2. */
static evseal_status hash_certificates(uint8_t (*hashes)[EVSEAL_SHA256_LEN],
                                       const evseal_crypto* crypto,
                                       const evseal_certificate* certificates, unsigned count) {
  for (unsigned i = 0; i < count; i++) {
    evseal_status status = crypto->sha256(hashes[i], &certificates[i].der, 1);
    if (status != EVSEAL_OK) {
      return status;
    }
  }
  return EVSEAL_OK;
}

evseal_status evseal_cms_read(cms_envelope* out, evseal_certificate* certificates,
                              evseal_crl_record* crls, const evseal_crypto* crypto,
                              evseal_span envelope, size_t max_crl_bytes) {
  skeleton parts;
  uint8_t hashes[EVSEAL_MAX_CERTIFICATES][EVSEAL_SHA256_LEN];
  memset(out, 0, sizeof *out);
  memset(&parts, 0, sizeof parts);
  evseal_status status = read_skeleton(out, &parts, envelope);
  if (status != EVSEAL_OK) {
    return status;
  }
  if (parts.signers.len == 0) {
    return EVSEAL_UNSIGNED;
  }
  status = read_certificates(out, certificates, &parts);
  if (EVSEAL_WITH_CRL && status == EVSEAL_OK) {
    status = read_crls(out, crls, certificates, &parts, max_crl_bytes);
  }
  if (status == EVSEAL_OK) {
    status = hash_certificates(hashes, crypto, certificates, out->num_certificates);
  }
  if (status == EVSEAL_OK) {
    status = read_signers(out, certificates, &parts, (const uint8_t(*)[EVSEAL_SHA256_LEN])hashes);
  }
  if (status == EVSEAL_OK) {
    status = check_digest_algorithms(out);
  }
  return status == EVSEAL_OK ? check_all_listed(out) : status;
}
