#include "evseal/sign/certificate.hpp"

#include <evseal/chain.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include <memory>

#include "evseal/base/file.hpp"
#include "pem.hpp"

namespace evseal::sign {
namespace {

Bytes copy(evseal_span span) {
  return span.len == 0 ? Bytes{} : Bytes(span.data, span.data + span.len);
}

}  // namespace

std::string name_text(ByteView der) {
  const unsigned char* at = der.data();
  const std::unique_ptr<X509_NAME, decltype(&X509_NAME_free)> name(
      d2i_X509_NAME(nullptr, &at, static_cast<long>(der.size())), &X509_NAME_free);
  const std::unique_ptr<BIO, decltype(&BIO_free)> bio(BIO_new(BIO_s_mem()), &BIO_free);
  if (!name || !bio ||
      X509_NAME_print_ex(bio.get(), name.get(), 0,
                         (XN_FLAG_ONELINE & ~ASN1_STRFLGS_ESC_MSB & ~XN_FLAG_SPC_EQ) |
                             ASN1_STRFLGS_UTF8_CONVERT) < 0) {
    return "(unreadable name)";
  }
  char* data = nullptr;
  const long length = BIO_get_mem_data(bio.get(), &data);
  return printable(std::string_view(data, static_cast<std::size_t>(length)));
}

Result<Certificate> Certificate::parse(Bytes der) {
  Certificate out;
  out.der_ = std::move(der);
  evseal_certificate parsed;
  const evseal_status status =
      evseal_certificate_parse(&parsed, evseal_span{out.der_.data(), out.der_.size()});
  if (status != EVSEAL_OK) {
    return Error{ErrorCode::malformed, "certificate", evseal_status_text(status),
                 "docs/format.md section 5.1 lists what devices accept",
                 evseal_status_name(status)};
  }
  out.issuer_ = copy(parsed.issuer);
  out.subject_ = copy(parsed.subject);
  out.serial_ = copy(parsed.serial);
  out.spki_ = copy(parsed.key.spki);
  out.subject_key_id_ = copy(parsed.subject_key_id);
  out.not_before_ = parsed.not_before;
  out.not_after_ = parsed.not_after;
  out.policies_ = parsed.policies;
  out.is_ca_ = (parsed.flags & EVSEAL_CERT_IS_CA) != 0;
  return out;
}

std::string Certificate::subject_text() const {
  return name_text(subject_);
}
std::string Certificate::issuer_text() const {
  return name_text(issuer_);
}

std::vector<Bytes> certificates_from_pem(std::string_view text) {
  return blocks_from_pem(text, "CERTIFICATE");
}

Result<std::vector<Bytes>> load_certificates(const std::filesystem::path& path) {
  EVSEAL_TRY(Bytes bytes, read_small_file(path, 1U << 20U));
  std::vector<Bytes> certificates = certificates_from_pem(as_text(bytes));
  if (certificates.empty() && !bytes.empty() && bytes[0] == 0x30) {
    certificates.push_back(std::move(bytes));
  }
  if (certificates.empty()) {
    return Error{ErrorCode::malformed, path.string(), "holds no certificate",
                 "a PEM file with -----BEGIN CERTIFICATE----- or a DER file is expected"};
  }
  return certificates;
}

std::string to_pem(ByteView der) {
  return block_to_pem(der, "CERTIFICATE");
}

}  // namespace evseal::sign
