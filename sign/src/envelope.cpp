#include "evseal/sign/envelope.hpp"

#include <algorithm>

#include "evseal/base/digest.hpp"
#include "evseal/manifest/der_reader.hpp"
#include "evseal/manifest/der_writer.hpp"
#include "evseal/sign/certificate.hpp"
#include "evseal/sign/oids.hpp"
#include "signed_attributes.hpp"

namespace evseal::sign {
namespace {

namespace der = manifest::der;
using hsm::KeyType;

// What docs/format.md §3 fixes for a type of key.
struct Algorithms {
  int digest_bits;
  Bytes digest;
  Bytes signature;
};

Result<Bytes> identifier(std::string_view dotted) {
  EVSEAL_TRY(Bytes oid, der::oid(dotted));
  return der::sequence({oid});
}

Result<Algorithms> algorithms_for(KeyType type) {
  const int bits = type == KeyType::p384 ? 384 : type == KeyType::ed25519 ? 512 : 256;
  EVSEAL_TRY(Bytes digest, identifier(bits == 384   ? oids::kSha384
                                      : bits == 512 ? oids::kSha512
                                                    : oids::kSha256));
  EVSEAL_TRY(Bytes signature, signature_algorithm(type));
  return Algorithms{bits, std::move(digest), std::move(signature)};
}

Result<Bytes> attribute(std::string_view type, Bytes value) {
  EVSEAL_TRY(Bytes oid, der::oid(type));
  return der::sequence({oid, der::set_of({std::move(value)})});
}

// SigningCertificateV2 (RFC 5035) with SHA-256 by default and nothing optional.
Bytes signing_certificates(const std::vector<Sha256>& hashes) {
  std::vector<Bytes> ids;
  ids.reserve(hashes.size());
  for (const Sha256& hash : hashes) {
    ids.push_back(der::sequence({der::octet_string(hash)}));
  }
  return der::sequence({der::sequence(ids)});
}

// The digestAlgorithm field of a SignerInfo.
Result<Bytes> digest_algorithm_of(const Bytes& signer_info) {
  manifest::DerReader outer(signer_info);
  manifest::DerReader reader = outer.sequence();
  (void)reader.element(der::kInteger);
  (void)reader.element(der::kSequence);
  const ByteView algorithm = reader.element(der::kSequence);
  if (!outer.ok()) {
    return Error{ErrorCode::malformed, "envelope", "a signer cannot be read", {}, "der_encoding"};
  }
  return Bytes(algorithm.begin(), algorithm.end());
}

std::vector<Bytes> without_doubles(std::vector<Bytes> elements) {
  der::sort_set_of(elements);
  elements.erase(std::unique(elements.begin(), elements.end()), elements.end());
  return elements;
}

Result<void> check_counts(const EnvelopeParts& parts) {
  const auto too_many = [](const std::string& what, std::size_t most, const char* status) {
    return Error{ErrorCode::malformed, "envelope",
                 "has more than the " + std::to_string(most) + " " + what + " that it can hold",
                 "docs/format.md section 11 has the limits", status};
  };
  if (parts.signers.size() > kMaxSigners) {
    return too_many("signers", kMaxSigners, "cms_signers");
  }
  if (parts.certificates.size() > kMaxEnvelopeCertificates) {
    return too_many("certificates", kMaxEnvelopeCertificates, "cms_certificates");
  }
  if (parts.crls.size() > kMaxEnvelopeCrls) {
    return too_many("CRLs", kMaxEnvelopeCrls, "cms_crls");
  }
  return {};
}

}  // namespace

Result<Bytes> signature_algorithm(KeyType type) {
  if (type == KeyType::rsa) {
    // RSASSA-PSS with SHA-256, MGF1 with SHA-256, salt 32 (RFC 4055 §3.1; docs/format.md §3).
    EVSEAL_TRY(Bytes pss, der::oid(oids::kRsassaPss));
    EVSEAL_TRY(Bytes mgf1, der::oid(oids::kMgf1));
    EVSEAL_TRY(Bytes sha256_oid, der::oid(oids::kSha256));
    const Bytes hash = der::sequence({sha256_oid, der::null()});
    return der::sequence(
        {pss, der::sequence({der::explicit_tag(0, hash),
                             der::explicit_tag(1, der::sequence({mgf1, hash})),
                             der::explicit_tag(2, der::integer(std::uint64_t{32}))})});
  }
  return identifier(type == KeyType::p256   ? oids::kEcdsaSha256
                    : type == KeyType::p384 ? oids::kEcdsaSha384
                                            : oids::kEd25519);
}

// The SET OF attributes as it is signed, with its universal tag.
Result<Bytes> signed_attributes(ByteView manifest, KeyType type, const std::vector<Sha256>& hashes,
                                std::int64_t signing_time) {
  EVSEAL_TRY(const Algorithms algorithms, algorithms_for(type));
  EVSEAL_TRY(Bytes content_type, der::oid(oids::kManifest));
  EVSEAL_TRY(Bytes time, der::time(signing_time));
  EVSEAL_TRY(Bytes type_attribute, attribute(oids::kContentType, std::move(content_type)));
  EVSEAL_TRY(
      Bytes digest_attribute,
      attribute(oids::kMessageDigest, der::octet_string(sha2(algorithms.digest_bits, manifest))));
  EVSEAL_TRY(Bytes time_attribute, attribute(oids::kSigningTime, std::move(time)));
  EVSEAL_TRY(Bytes certificate_attribute,
             attribute(oids::kSigningCertificateV2, signing_certificates(hashes)));
  return der::set_of({std::move(type_attribute), std::move(digest_attribute),
                      std::move(time_attribute), std::move(certificate_attribute)});
}

Result<Bytes> sign_manifest(ByteView manifest, Identity& identity, std::int64_t signing_time) {
  const KeyType type = identity.signer->public_key().type;
  EVSEAL_TRY(const Algorithms algorithms, algorithms_for(type));
  EVSEAL_TRY(const Certificate leaf, Certificate::parse(identity.certificates.front()));
  std::vector<Sha256> hashes;
  for (const Bytes& certificate : identity.certificates) {
    hashes.push_back(sha256(certificate));
  }
  EVSEAL_TRY(Bytes attributes, signed_attributes(manifest, type, hashes, signing_time));
  EVSEAL_TRY(const Bytes signature, identity.signer->sign(attributes));
  const Bytes sid = der::sequence({leaf.issuer(), der::tlv(der::kInteger, leaf.serial())});
  return der::sequence({der::integer(std::uint64_t{1}), sid, algorithms.digest,
                        der::retag(0xA0, std::move(attributes)), algorithms.signature,
                        der::octet_string(signature)});
}

Result<Bytes> encode_envelope(const EnvelopeParts& given) {
  EnvelopeParts parts = given;
  parts.certificates = without_doubles(std::move(parts.certificates));
  parts.crls = without_doubles(std::move(parts.crls));
  parts.signers = without_doubles(std::move(parts.signers));
  EVSEAL_CHECK(check_counts(parts));
  std::vector<Bytes> digests;
  for (const Bytes& signer : parts.signers) {
    EVSEAL_TRY(Bytes digest, digest_algorithm_of(signer));
    digests.push_back(std::move(digest));
  }
  EVSEAL_TRY(Bytes content_type, der::oid(oids::kManifest));
  EVSEAL_TRY(Bytes outer_type, der::oid(oids::kSignedData));
  std::vector<Bytes> fields;
  fields.push_back(der::integer(std::uint64_t{3}));
  fields.push_back(der::set_of(without_doubles(std::move(digests))));
  fields.push_back(
      der::sequence({content_type, der::explicit_tag(0, der::octet_string(parts.manifest))}));
  if (!parts.certificates.empty()) {
    fields.push_back(der::implicit_set_of(0, std::move(parts.certificates)));
  }
  if (!parts.crls.empty()) {
    fields.push_back(der::implicit_set_of(1, std::move(parts.crls)));
  }
  fields.push_back(der::set_of(std::move(parts.signers)));
  return der::sequence({outer_type, der::explicit_tag(0, der::sequence(fields))});
}

Result<Bytes> unsigned_envelope(ByteView manifest) {
  return encode_envelope({Bytes(manifest.begin(), manifest.end()), {}, {}, {}});
}

std::size_t estimate_envelope(std::size_t manifest_bytes, const std::vector<Bytes>& certificates,
                              const std::vector<Bytes>& crls, std::size_t signers) {
  std::size_t total = manifest_bytes + 100 + signers * 800;  // attributes, the largest signature
  for (const Bytes& certificate : certificates) {
    total += certificate.size() + 40;
  }
  for (const Bytes& crl : crls) {
    total += crl.size();
  }
  return total;
}

}  // namespace evseal::sign
