#include "evseal/sign/envelope.hpp"

#include <evseal/chain.h>
#include <openssl/cms.h>

#include "evseal/base/digest.hpp"
#include "evseal/manifest/der_writer.hpp"
#include "evseal/sign/certificate.hpp"
#include "evseal/sign/oids.hpp"

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
Bytes signing_certificates(const std::vector<Bytes>& certificates) {
  std::vector<Bytes> ids;
  ids.reserve(certificates.size());
  for (const Bytes& certificate : certificates) {
    ids.push_back(der::sequence({der::octet_string(sha256(certificate))}));
  }
  return der::sequence({der::sequence(ids)});
}

// The SET OF attributes as it is signed, with its universal tag.
Result<Bytes> signed_attributes(ByteView manifest, const Algorithms& algorithms,
                                const std::vector<Bytes>& certificates, std::int64_t signing_time) {
  EVSEAL_TRY(Bytes content_type, der::oid(oids::kManifest));
  EVSEAL_TRY(Bytes time, der::time(signing_time));
  EVSEAL_TRY(Bytes type_attribute, attribute(oids::kContentType, std::move(content_type)));
  EVSEAL_TRY(
      Bytes digest_attribute,
      attribute(oids::kMessageDigest, der::octet_string(sha2(algorithms.digest_bits, manifest))));
  EVSEAL_TRY(Bytes time_attribute, attribute(oids::kSigningTime, std::move(time)));
  EVSEAL_TRY(Bytes certificate_attribute,
             attribute(oids::kSigningCertificateV2, signing_certificates(certificates)));
  return der::set_of({std::move(type_attribute), std::move(digest_attribute),
                      std::move(time_attribute), std::move(certificate_attribute)});
}

Result<Bytes> signer_info(ByteView manifest, Identity& identity, const Algorithms& algorithms,
                          std::int64_t signing_time) {
  EVSEAL_TRY(const Certificate leaf, Certificate::parse(identity.certificates.front()));
  EVSEAL_TRY(Bytes attributes,
             signed_attributes(manifest, algorithms, identity.certificates, signing_time));
  EVSEAL_TRY(const Bytes signature, identity.signer->sign(attributes));
  const Bytes sid = der::sequence({leaf.issuer(), der::tlv(der::kInteger, leaf.serial())});
  return der::sequence({der::integer(std::uint64_t{1}), sid, algorithms.digest,
                        der::retag(0xA0, std::move(attributes)), algorithms.signature,
                        der::octet_string(signature)});
}

Result<Bytes> signed_data(ByteView manifest, std::vector<Bytes> digests,
                          std::vector<Bytes> certificates, std::vector<Bytes> signers) {
  EVSEAL_TRY(Bytes content_type, der::oid(oids::kManifest));
  EVSEAL_TRY(Bytes outer_type, der::oid(oids::kSignedData));
  std::vector<Bytes> fields;
  fields.push_back(der::integer(std::uint64_t{3}));
  fields.push_back(der::set_of(std::move(digests)));
  fields.push_back(
      der::sequence({content_type, der::explicit_tag(0, der::octet_string(manifest))}));
  if (!certificates.empty()) {
    fields.push_back(der::implicit_set_of(0, std::move(certificates)));
  }
  fields.push_back(der::set_of(std::move(signers)));
  return der::sequence({outer_type, der::explicit_tag(0, der::sequence(fields))});
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

Result<Bytes> unsigned_envelope(ByteView manifest) {
  return signed_data(manifest, {}, {}, {});
}

Result<Bytes> signed_envelope(ByteView manifest, Identity& identity, std::int64_t signing_time) {
  EVSEAL_TRY(Algorithms algorithms, algorithms_for(identity.signer->public_key().type));
  EVSEAL_TRY(Bytes signer, signer_info(manifest, identity, algorithms, signing_time));
  return signed_data(manifest, {algorithms.digest}, identity.certificates, {std::move(signer)});
}

std::size_t estimate_envelope(std::size_t manifest_bytes, const std::vector<Bytes>& certificates) {
  std::size_t total = manifest_bytes + 900;  // structure, attributes and the largest signature
  for (const Bytes& certificate : certificates) {
    total += certificate.size() + 40;
  }
  return total;
}

Result<UnverifiedEnvelope> open_unverified_envelope(ByteView envelope) {
  const auto malformed = [](std::string why) {
    return Error{ErrorCode::malformed, "envelope", std::move(why),
                 "the file is damaged or was not made by evseal", "der_encoding"};
  };
  const unsigned char* at = envelope.data();
  const std::unique_ptr<CMS_ContentInfo, decltype(&CMS_ContentInfo_free)> cms(
      d2i_CMS_ContentInfo(nullptr, &at, static_cast<long>(envelope.size())), &CMS_ContentInfo_free);
  if (!cms || at != envelope.data() + envelope.size() ||
      OBJ_obj2nid(CMS_get0_type(cms.get())) != NID_pkcs7_signed) {
    return malformed("is not a CMS SignedData");
  }
  ASN1_OCTET_STRING** content = CMS_get0_content(cms.get());
  if (content == nullptr || *content == nullptr) {
    return malformed("has no content");
  }
  UnverifiedEnvelope out;
  const unsigned char* data = ASN1_STRING_get0_data(*content);
  out.unverified_manifest.assign(data, data + ASN1_STRING_length(*content));
  out.num_signers =
      static_cast<std::size_t>(std::max(0, sk_CMS_SignerInfo_num(CMS_get0_SignerInfos(cms.get()))));
  STACK_OF(X509)* certificates = CMS_get1_certs(cms.get());
  for (int i = 0; certificates != nullptr && i < sk_X509_num(certificates); ++i) {
    unsigned char* encoded = nullptr;
    const int length = i2d_X509(sk_X509_value(certificates, i), &encoded);
    if (length > 0) {
      out.unverified_certificates.emplace_back(encoded, encoded + length);
    }
    OPENSSL_free(encoded);
  }
  sk_X509_pop_free(certificates, X509_free);
  return out;
}

}  // namespace evseal::sign
