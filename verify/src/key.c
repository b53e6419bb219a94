/* SubjectPublicKeyInfo (RFC 5280 section 4.1.2.7). */
#include "curves.h"
#include "der.h"
#include "evseal/signature.h"
#include "oids.h"

#define MIN_RSA_BITS 2048u

/* RFC 5480 section 2.2, uncompressed form only: 04 || X || Y with coordinates below p. */
static evseal_status parse_point(evseal_public_key* out, evseal_span bits, const curve* c,
                                 evseal_key_type type) {
  if (bits.len != 1 + 2 * c->octets || bits.data[0] != 0x04u ||
      evseal_curve_compare(bits.data + 1, c->prime, c->octets) >= 0 ||
      evseal_curve_compare(bits.data + 1 + c->octets, c->prime, c->octets) >= 0) {
    return EVSEAL_CERT_KEY;
  }
  out->type = type;
  out->raw = bits;
  return EVSEAL_OK;
}

/* RFC 5480 section 2.1.1: a named curve ("implicitCurve and specifiedCurve MUST NOT be used");
 * other curves are types that this library does not know. */
static evseal_status parse_ec(evseal_public_key* out, der_reader* parameters, evseal_span bits) {
  evseal_span curve_oid;
  if (!evseal_der_read(parameters, DER_OID, &curve_oid) || !der_done(parameters)) {
    return EVSEAL_CERT_KEY;
  }
  if (EVSEAL_WITH_P256 && evseal_span_equal(curve_oid, evseal_oid_secp256r1)) {
    return parse_point(out, bits, &evseal_curve_p256, EVSEAL_KEY_P256);
  }
  if (EVSEAL_WITH_P384 && evseal_span_equal(curve_oid, evseal_oid_secp384r1)) {
    return parse_point(out, bits, &evseal_curve_p384, EVSEAL_KEY_P384);
  }
  return EVSEAL_OK;
}

/* RFC 8017 appendix A.1.1. */
static evseal_status parse_rsa(evseal_public_key* out, evseal_span bits) {
  der_reader outer = der_open(bits);
  der_reader inner;
  evseal_span n;
  evseal_span e;
  if (!evseal_der_enter(&outer, DER_SEQUENCE, &inner) || !der_done(&outer) ||
      !evseal_der_read_positive(&inner, &n) || !evseal_der_read_positive(&inner, &e) ||
      !der_done(&inner)) {
    return EVSEAL_CERT_KEY;
  }
  size_t n_bits = evseal_span_bits(n);
  bool modulus_ok =
      n_bits >= MIN_RSA_BITS && n_bits <= EVSEAL_MAX_RSA_BITS && (n.data[n.len - 1] & 1u) == 1u;
  bool exponent_ok =
      (e.data[e.len - 1] & 1u) == 1u && !(e.len == 1 && e.data[0] < 3) && e.len < n.len;
  if (!modulus_ok || !exponent_ok) {
    return EVSEAL_CERT_KEY;
  }
  out->type = EVSEAL_KEY_RSA;
  out->rsa.n = n;
  out->rsa.e = e;
  return EVSEAL_OK;
}

static evseal_status parse_rsa_any(evseal_public_key* out, evseal_span algorithm,
                                   der_reader* parameters, evseal_span bits, bool pss) {
  if (pss) {
    out->is_pss = true;
    /* RFC 4055 section 3.1: absent parameters leave the choice open, present ones fix it. */
    if (!der_done(parameters) && evseal_algorithm_parse(&out->pss, algorithm) != EVSEAL_OK) {
      return EVSEAL_CERT_KEY;
    }
    return parse_rsa(out, bits);
  }
  evseal_span null;
  if (!evseal_der_read(parameters, DER_NULL, &null) || null.len != 0 || !der_done(parameters)) {
    return EVSEAL_CERT_KEY; /* RFC 4055 section 1.2: parameters MUST be NULL */
  }
  return parse_rsa(out, bits);
}

static evseal_status parse_ed25519(evseal_public_key* out, const der_reader* parameters,
                                   evseal_span bits) {
  if (!der_done(parameters) || bits.len != 32 || !evseal_ed25519_point_acceptable(bits.data)) {
    return EVSEAL_CERT_KEY;
  }
  out->type = EVSEAL_KEY_ED25519;
  out->raw = bits;
  return EVSEAL_OK;
}

evseal_status evseal_public_key_parse(evseal_public_key* out, evseal_span spki) {
  memset(out, 0, sizeof *out);
  out->spki = spki;
  der_reader outer = der_open(spki);
  der_reader fields;
  evseal_span algorithm;
  evseal_span oid;
  evseal_span bits;
  if (!evseal_der_enter(&outer, DER_SEQUENCE, &fields) || !der_done(&outer) ||
      !evseal_der_read_whole(&fields, DER_SEQUENCE, &algorithm) ||
      !evseal_der_read_octet_bits(&fields, &bits) || !der_done(&fields)) {
    return EVSEAL_CERT_KEY;
  }
  der_reader whole = der_open(algorithm);
  der_reader parameters;
  if (!evseal_der_enter(&whole, DER_SEQUENCE, &parameters) ||
      !evseal_der_read(&parameters, DER_OID, &oid)) {
    return EVSEAL_CERT_KEY;
  }
  if (evseal_span_equal(oid, evseal_oid_ec_public_key)) {
    return parse_ec(out, &parameters, bits);
  }
  if (EVSEAL_WITH_RSA && evseal_span_equal(oid, evseal_oid_rsa_encryption)) {
    return parse_rsa_any(out, algorithm, &parameters, bits, false);
  }
  if (EVSEAL_WITH_RSA && evseal_span_equal(oid, evseal_oid_rsassa_pss)) {
    return parse_rsa_any(out, algorithm, &parameters, bits, true);
  }
  if (EVSEAL_WITH_ED25519 && evseal_span_equal(oid, evseal_oid_ed25519)) {
    return parse_ed25519(out, &parameters, bits);
  }
  return EVSEAL_OK;
}
