#include "certificate.hpp"

#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include <algorithm>
#include <climits>
#include <memory>
#include <optional>
#include <string_view>

#include "evseal/base/file.hpp"
#include "evseal/manifest/der_reader.hpp"
#include "evseal/manifest/der_writer.hpp"

namespace evseal::manifest {
namespace {

constexpr std::uint64_t kMaxCertificateFile = 256U << 10U;

// docs/format.md §3: an id-RSASSA-PSS key has no parameters, or exactly the signature algorithm's.
constexpr std::string_view kPssWithoutParameters = "300b06092a864886f70d01010a";
constexpr std::string_view kPssWithParameters =
    "304106092a864886f70d01010a3034a00f300d06096086480165030402010500a11c301a06092a864886f70d010108"
    "30"
    "0d06096086480165030402010500a203020120";

struct Free {
  void operator()(BIO* bio) const { BIO_free(bio); }
  void operator()(X509* certificate) const { X509_free(certificate); }
  void operator()(BIGNUM* number) const { BN_free(number); }
};

Error bad_certificate(const std::filesystem::path& path, std::string why) {
  ERR_clear_error();
  return Error{ErrorCode::malformed, path.string(), std::move(why),
               "name a file with one certificate in PEM form"};
}

// The next certificate of a PEM text; nothing at its end.
std::optional<Bytes> next_pem(BIO* bio) {
  unsigned char* data = nullptr;
  long length = 0;
  if (PEM_bytes_read_bio(&data, &length, nullptr, PEM_STRING_X509, bio, nullptr, nullptr) != 1) {
    ERR_clear_error();
    return std::nullopt;
  }
  Bytes der(data, data + length);
  OPENSSL_free(data);
  return der;
}

Result<Bytes> read_der(const std::filesystem::path& path) {
  EVSEAL_TRY(Bytes octets, read_small_file(path, kMaxCertificateFile));
  if (!octets.empty() && octets.front() == der::kSequence) {
    return octets;
  }
  const std::unique_ptr<BIO, Free> bio(
      BIO_new_mem_buf(octets.data(), static_cast<int>(octets.size())));
  auto first = next_pem(bio.get());
  if (!first) {
    return bad_certificate(path, "has no certificate in PEM form");
  }
  // In a chain file it would be chance which of the certificates is trusted.
  if (next_pem(bio.get())) {
    return bad_certificate(path, "has more than one certificate");
  }
  return *std::move(first);
}

// Cuts both out of TBSCertificate (RFC 5280 §4.1).
std::optional<CertificateParts> cut(ByteView der) {
  DerReader outer(der);
  DerReader certificate = outer.sequence();
  outer.end();
  DerReader tbs = certificate.sequence();
  constexpr std::uint8_t version_tag = 0xA0;
  if (tbs.next_is(version_tag)) {
    (void)tbs.content(version_tag);
  }
  (void)tbs.content(der::kInteger);   // serialNumber
  (void)tbs.content(der::kSequence);  // signature
  (void)tbs.content(der::kSequence);  // issuer
  (void)tbs.content(der::kSequence);  // validity
  const ByteView subject = tbs.element(der::kSequence);
  const ByteView key = tbs.element(der::kSequence);
  if (!outer.ok()) {
    return std::nullopt;
  }
  return CertificateParts{Bytes(subject.begin(), subject.end()), Bytes(key.begin(), key.end())};
}

// OpenSSL must see the same two: a difference would mean that the file is not the DER it looks
// like.
bool same_as_openssl(X509* certificate, const CertificateParts& parts) {
  unsigned char* data = nullptr;
  int length = i2d_X509_NAME(X509_get_subject_name(certificate), &data);
  const bool same_subject =
      length >= 0 && std::equal(data, data + length, parts.subject.begin(), parts.subject.end());
  OPENSSL_free(data);
  data = nullptr;
  length = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(certificate), &data);
  const bool same_key =
      length >= 0 && std::equal(data, data + length, parts.key.begin(), parts.key.end());
  OPENSSL_free(data);
  return same_subject && same_key;
}

bool good_rsa(EVP_PKEY* key) {
  BIGNUM* raw = nullptr;
  if (EVP_PKEY_get_bn_param(key, OSSL_PKEY_PARAM_RSA_E, &raw) != 1) {
    return false;
  }
  const std::unique_ptr<BIGNUM, Free> exponent(raw);
  const int bits = EVP_PKEY_get_bits(key);
  return bits >= 2048 && bits <= 4096 && BN_is_odd(exponent.get()) == 1 &&
         BN_num_bits(exponent.get()) >= 17 && BN_num_bits(exponent.get()) <= 32;
}

bool good_pss_parameters(const Bytes& key) {
  DerReader outer(key);
  const std::string algorithm = to_hex(outer.sequence().element(der::kSequence));
  return algorithm == kPssWithoutParameters || algorithm == kPssWithParameters;
}

// The keys of docs/format.md §5.1.
bool usable_key(EVP_PKEY* key, const Bytes& spki) {
  constexpr std::size_t p256_uncompressed = 91;
  constexpr std::size_t p384_uncompressed = 120;
  switch (EVP_PKEY_get_base_id(key)) {
    case EVP_PKEY_EC:
      return (EVP_PKEY_get_bits(key) == 256 && spki.size() == p256_uncompressed) ||
             (EVP_PKEY_get_bits(key) == 384 && spki.size() == p384_uncompressed);
    case EVP_PKEY_RSA:
      return good_rsa(key);
    case EVP_PKEY_RSA_PSS:
      return good_rsa(key) && good_pss_parameters(spki);
    case EVP_PKEY_ED25519:
      return true;
    default:
      return false;
  }
}

}  // namespace

Result<CertificateParts> read_certificate(const std::filesystem::path& path) {
  EVSEAL_TRY(const Bytes der, read_der(path));
  const unsigned char* at = der.data();
  const std::unique_ptr<X509, Free> certificate(
      d2i_X509(nullptr, &at, static_cast<long>(der.size())));
  auto parts = cut(der);
  if (!certificate || at != der.data() + der.size() || !parts ||
      !same_as_openssl(certificate.get(), *parts)) {
    return bad_certificate(path, "is not a certificate in DER");
  }
  EVP_PKEY* key = X509_get0_pubkey(certificate.get());
  if (key == nullptr || !usable_key(key, parts->key)) {
    Error error = bad_certificate(path, "has a key that devices do not know");
    error.hint = "use P-256, P-384, RSA of 2048 to 4096 bits or Ed25519";
    return error;
  }
  return *std::move(parts);
}

}  // namespace evseal::manifest
