// Taking an envelope apart. The verifier in the device does this with code of its own, and
// strictly; this is for showing what is in a package and for adding to it.
#include <evseal/chain.h>

#include <algorithm>

#include "evseal/base/time.hpp"
#include "evseal/manifest/der_reader.hpp"
#include "evseal/manifest/der_writer.hpp"
#include "evseal/sign/envelope.hpp"
#include "evseal/sign/oids.hpp"
#include "signed_attributes.hpp"

namespace evseal::sign {
namespace {

namespace der = manifest::der;
using hsm::KeyType;
using manifest::DerReader;

constexpr std::uint8_t kContext0 = 0xA0;
constexpr std::uint8_t kContext1 = 0xA1;

Error malformed(std::string why, std::string status) {
  return Error{ErrorCode::malformed, "envelope", std::move(why),
               "the file is damaged or was not made by evseal", std::move(status)};
}

Bytes copy(ByteView octets) {
  return Bytes(octets.begin(), octets.end());
}

evseal_span span_of(const Bytes& bytes) {
  return {bytes.data(), bytes.size()};
}

// The elements of a SET OF SEQUENCE, from its content.
std::vector<Bytes> sequences(DerReader reader) {
  std::vector<Bytes> out;
  while (reader.ok() && !reader.at_end()) {
    out.push_back(copy(reader.element(der::kSequence)));
  }
  return out;
}

// `YYMMDDHHMMSSZ` (1950 to 2049) or `YYYYMMDDHHMMSSZ`.
std::optional<std::int64_t> time_of(std::string text, bool two_digits) {
  if (text.size() != (two_digits ? 13U : 15U) || text.back() != 'Z') {
    return std::nullopt;
  }
  if (two_digits) {
    text = (text[0] >= '5' ? "19" : "20") + text;
  }
  const auto part = [&](std::size_t at, std::size_t count) { return text.substr(at, count); };
  return from_rfc3339(part(0, 4) + "-" + part(4, 2) + "-" + part(6, 2) + "T" + part(8, 2) + ":" +
                      part(10, 2) + ":" + part(12, 2) + "Z");
}

void read_signing_time(DerReader& values, UnverifiedSigner& out) {
  const bool utc = values.next_is(der::kUtcTime);
  const ByteView text = values.content(utc ? der::kUtcTime : der::kGeneralizedTime);
  out.signing_time = time_of(std::string(as_text(text)), utc);
}

void read_signing_certificates(DerReader& values, UnverifiedSigner& out) {
  DerReader ids = values.sequence().sequence();
  while (ids.ok() && !ids.at_end()) {
    out.certificate_hashes.push_back(ids.sequence().digest());
  }
}

Result<void> read_attributes(ByteView content, UnverifiedSigner& out) {
  EVSEAL_TRY(const Bytes time_oid, der::oid(oids::kSigningTime));
  EVSEAL_TRY(const Bytes certificate_oid, der::oid(oids::kSigningCertificateV2));
  DerReader attributes(content);
  while (attributes.ok() && !attributes.at_end()) {
    DerReader attribute = attributes.sequence();
    const Bytes type = copy(attribute.element(der::kOid));
    DerReader values = attribute.enter(der::kSet);
    if (type == time_oid) {
      read_signing_time(values, out);
    } else if (type == certificate_oid) {
      read_signing_certificates(values, out);
    }
  }
  if (!attributes.ok()) {
    return malformed("a signer's attributes cannot be read", "cms_attributes");
  }
  return {};
}

Result<UnverifiedSigner> read_signer(const Bytes& encoded) {
  UnverifiedSigner out;
  out.der = encoded;
  DerReader outer(encoded);
  DerReader reader = outer.sequence();
  (void)reader.element(der::kInteger);
  DerReader sid = reader.sequence();
  out.issuer = copy(sid.element(der::kSequence));
  out.serial = copy(sid.content(der::kInteger));
  out.digest_algorithm = copy(reader.element(der::kSequence));
  const ByteView attributes = reader.element(kContext0);
  out.signature_algorithm = copy(reader.element(der::kSequence));
  out.signature = copy(reader.content(der::kOctetString));
  if (!outer.ok()) {
    return malformed("a signer cannot be read", "der_encoding");
  }
  out.attributes = der::retag(der::kSet, copy(attributes));
  DerReader set(attributes);
  EVSEAL_CHECK(read_attributes(set.content(kContext0), out));
  return out;
}

std::optional<KeyType> key_type(evseal_key_type type) {
  switch (type) {
    case EVSEAL_KEY_P256:
      return KeyType::p256;
    case EVSEAL_KEY_P384:
      return KeyType::p384;
    case EVSEAL_KEY_RSA:
      return KeyType::rsa;
    case EVSEAL_KEY_ED25519:
      return KeyType::ed25519;
    case EVSEAL_KEY_UNKNOWN:
      break;
  }
  return std::nullopt;
}

evseal_status signature_status(const UnverifiedEnvelope& envelope, const UnverifiedSigner& signer) {
  const Bytes* const leaf = envelope.leaf_of(signer);
  evseal_certificate certificate;
  if (leaf == nullptr) {
    return EVSEAL_CMS_SIGNER_ID;
  }
  const evseal_status parsed = evseal_certificate_parse(&certificate, span_of(*leaf));
  const auto type = key_type(certificate.key.type);
  if (parsed != EVSEAL_OK || !type) {
    return parsed != EVSEAL_OK ? parsed : EVSEAL_ALGORITHM_UNKNOWN;
  }
  // What evseal would have signed at that moment with these certificates: the digest, the content
  // type and the form of every attribute are compared at once.
  const auto expected =
      signed_attributes(envelope.unverified_manifest, *type, signer.certificate_hashes,
                        signer.signing_time.value_or(0));
  if (!expected || *expected != signer.attributes) {
    return EVSEAL_DIGEST_MISMATCH;
  }
  evseal_algorithm algorithm;
  const evseal_status known =
      evseal_algorithm_parse(&algorithm, span_of(signer.signature_algorithm));
  return known != EVSEAL_OK
             ? known
             : evseal_signature_verify(&evseal_crypto_openssl, &certificate.key, &algorithm,
                                       span_of(signer.attributes), span_of(signer.signature),
                                       EVSEAL_SIGNATURE_LOW_S);
}

}  // namespace

const Bytes* UnverifiedEnvelope::leaf_of(const UnverifiedSigner& signer) const {
  for (const Bytes& der : unverified_certificates) {
    evseal_certificate parsed;
    (void)evseal_certificate_parse(&parsed, span_of(der));
    const auto same = [](evseal_span span, const Bytes& octets) {
      return span.len == octets.size() && std::equal(octets.begin(), octets.end(), span.data);
    };
    if (same(parsed.issuer, signer.issuer) && same(parsed.serial, signer.serial)) {
      return &der;
    }
  }
  return nullptr;
}

Result<UnverifiedEnvelope> open_unverified_envelope(ByteView envelope) {
  DerReader outer(envelope);
  DerReader info = outer.sequence();
  outer.end();
  EVSEAL_TRY(const Bytes signed_data, der::oid(oids::kSignedData));
  EVSEAL_TRY(const Bytes manifest_type, der::oid(oids::kManifest));
  const bool is_cms = copy(info.element(der::kOid)) == signed_data;
  DerReader data = info.enter(kContext0).sequence();
  (void)data.element(der::kInteger);
  (void)data.element(der::kSet);
  DerReader content = data.sequence();
  const bool is_manifest = copy(content.element(der::kOid)) == manifest_type;
  UnverifiedEnvelope out;
  out.unverified_manifest = copy(content.enter(kContext0).content(der::kOctetString));
  if (data.next_is(kContext0)) {
    out.unverified_certificates = sequences(data.enter(kContext0));
  }
  if (data.next_is(kContext1)) {
    out.unverified_crls = sequences(data.enter(kContext1));
  }
  const std::vector<Bytes> signers = sequences(data.enter(der::kSet));
  data.end();
  if (!outer.ok()) {
    return malformed("is not a CMS SignedData in the one form of a package", "der_encoding");
  }
  if (!is_cms || !is_manifest) {
    return malformed("is not a CMS SignedData over a manifest", "cms_content_type");
  }
  for (const Bytes& encoded : signers) {
    EVSEAL_TRY(UnverifiedSigner signer, read_signer(encoded));
    out.unverified_signers.push_back(std::move(signer));
  }
  return out;
}

Result<void> check_signatures(const UnverifiedEnvelope& envelope) {
  if (envelope.unverified_signers.empty()) {
    return Error{ErrorCode::not_authentic, "package", evseal_status_text(EVSEAL_UNSIGNED),
                 "sign it first", evseal_status_name(EVSEAL_UNSIGNED)};
  }
  for (const UnverifiedSigner& signer : envelope.unverified_signers) {
    const evseal_status status = signature_status(envelope, signer);
    if (status != EVSEAL_OK) {
      return Error{ErrorCode::not_authentic, "package",
                   std::string("a signer that it has already: ") + evseal_status_text(status),
                   "fetch the package again from who signed it", evseal_status_name(status)};
    }
  }
  return {};
}

}  // namespace evseal::sign
