#include <openssl/err.h>
#include <openssl/x509.h>

#include <algorithm>

#include "key_objects.hpp"
#include "public_key.hpp"

namespace evseal::hsm {
namespace {

using Certificate = std::unique_ptr<X509, OpenSslDeleter<X509_free>>;

// The fields of a certificate that PKCS#11 wants as attributes of their own, as DER.
struct Fields {
  Bytes subject;
  Bytes issuer;
  Bytes serial;
  std::optional<Bytes> spki;  // nothing for keys that packages are not signed with
};

template <typename Encode>
Bytes encode(Encode&& i2d) {
  const int size = i2d(nullptr);
  if (size <= 0) {
    return {};
  }
  Bytes der(static_cast<std::size_t>(size));
  unsigned char* next = der.data();
  (void)i2d(&next);
  return der;
}

Result<Fields> read_fields(ByteView der) {
  const unsigned char* next = der.data();
  const Certificate certificate(d2i_X509(nullptr, &next, static_cast<long>(der.size())));
  if (certificate == nullptr || next != der.data() + der.size()) {
    ERR_clear_error();
    return Error{ErrorCode::malformed, "certificate", "it is not one X.509 certificate in DER",
                 "convert PEM to DER, and import the certificates of a chain one by one"};
  }
  const X509* x = certificate.get();
  Fields fields;
  fields.subject =
      encode([x](unsigned char** out) { return i2d_X509_NAME(X509_get_subject_name(x), out); });
  fields.issuer =
      encode([x](unsigned char** out) { return i2d_X509_NAME(X509_get_issuer_name(x), out); });
  fields.serial = encode([x](unsigned char** out) {
    return i2d_ASN1_INTEGER(const_cast<ASN1_INTEGER*>(X509_get0_serialNumber(x)), out);
  });
  if (const EVP_PKEY* key = X509_get0_pubkey(x)) {
    if (Result<PublicKey> read = public_key_of(*key, "certificate")) {
      fields.spki = std::move(read->spki);
    }
  }
  ERR_clear_error();
  return fields;
}

// A certificate of another key under this id would make every signature fail later.
Result<void> check_key(Session& session, const Fields& fields, ByteView id) {
  EVSEAL_TRY(const Objects keys,
             find_objects(session, Template().number(CKA_CLASS, CKO_PUBLIC_KEY).bytes(CKA_ID, id)));
  if (keys.empty()) {
    return {};
  }
  EVSEAL_TRY(const PublicKey key, read_public_key(session, id));
  if (!fields.spki || *fields.spki != key.spki) {
    return Error{ErrorCode::usage, "certificate",
                 "it belongs to another key than the one with the id " + to_hex(id),
                 "name the id of the certificate's own key; evseal key list shows the keys"};
  }
  return {};
}

Template certificate_query(const std::optional<Bytes>& id) {
  Template query;
  query.number(CKA_CLASS, CKO_CERTIFICATE).number(CKA_CERTIFICATE_TYPE, CKC_X_509);
  if (id) {
    query.bytes(CKA_ID, *id);
  }
  return query;
}

}  // namespace

Result<void> import_certificate(Session& session, ByteView der, ByteView id,
                                const std::string& label) {
  if (id.empty() || label.empty() || printable(label) != label) {
    return Error{ErrorCode::usage, "certificate", "it needs an id and a printable label"};
  }
  EVSEAL_TRY(const Fields fields, read_fields(der));
  EVSEAL_CHECK(check_key(session, fields, id));
  EVSEAL_TRY(const auto present, find_certificates(session, Bytes(id.begin(), id.end())));
  const bool there = std::any_of(present.begin(), present.end(), [&](const CertificateInfo& old) {
    return std::equal(old.der.begin(), old.der.end(), der.begin(), der.end());
  });
  if (there) {
    return {};
  }
  Template object = certificate_query(Bytes(id.begin(), id.end()));
  object.flag(CKA_TOKEN, true)
      .flag(CKA_PRIVATE, false)
      .text(CKA_LABEL, label)
      .bytes(CKA_SUBJECT, fields.subject)
      .bytes(CKA_ISSUER, fields.issuer)
      .bytes(CKA_SERIAL_NUMBER, fields.serial)
      .bytes(CKA_VALUE, der);
  EVSEAL_CHECK(create_object(session, std::move(object)));
  return {};
}

Result<std::vector<CertificateInfo>> find_certificates(Session& session,
                                                       const std::optional<Bytes>& id) {
  EVSEAL_TRY(const Objects objects, find_objects(session, certificate_query(id)));
  std::vector<CertificateInfo> certificates;
  for (const CK_OBJECT_HANDLE object : objects) {
    CertificateInfo info;
    EVSEAL_TRY(info.label, get_text(session, object, CKA_LABEL));
    EVSEAL_TRY(const auto object_id, get_bytes(session, object, CKA_ID));
    EVSEAL_TRY(const auto value, get_bytes(session, object, CKA_VALUE));
    info.id = object_id.value_or(Bytes());
    info.der = value.value_or(Bytes());
    if (!info.der.empty()) {  // a certificate kept elsewhere (CKA_URL) is of no use here
      certificates.push_back(std::move(info));
    }
  }
  return certificates;
}

}  // namespace evseal::hsm
