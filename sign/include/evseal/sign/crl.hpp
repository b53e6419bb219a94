// Revocation lists: reading them, whose they are, and issuing them with a key in a token.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "evseal/base/bytes.hpp"
#include "evseal/base/digest.hpp"
#include "evseal/base/result.hpp"
#include "evseal/hsm/signer.hpp"
#include "evseal/manifest/trust_store.hpp"
#include "evseal/sign/certificate.hpp"

namespace evseal::sign {

/// A CRL that the device's own parser has read. Nothing says that its signature holds.
class Crl {
 public:
  /// Errors: malformed, with the verifier's status (`crl_encoding`, `crl_unsupported`, ...).
  [[nodiscard]] static Result<Crl> parse(Bytes der);

  [[nodiscard]] const Bytes& der() const { return der_; }
  [[nodiscard]] const Bytes& issuer() const { return issuer_; }  ///< DER Name
  [[nodiscard]] const Bytes& authority_key_id() const { return authority_key_id_; }
  [[nodiscard]] std::uint64_t number() const { return number_; }
  [[nodiscard]] std::int64_t this_update() const { return this_update_; }
  [[nodiscard]] std::int64_t next_update() const { return next_update_; }
  /// Content octets of the serial numbers, in the order of the list.
  [[nodiscard]] const std::vector<Bytes>& serials() const { return serials_; }
  [[nodiscard]] bool lists(const Bytes& serial) const;
  /// Content of revokedCertificates, as it stands.
  [[nodiscard]] const Bytes& entries() const { return entries_; }
  [[nodiscard]] std::string issuer_text() const { return name_text(issuer_); }

  /// Is it the CRL of this issuer, signed with this key? `certificate`: none for an anchor. By the
  /// device's own check. Errors: refused, with the verifier's status (`crl_issuer`, ...).
  [[nodiscard]] Result<void> check_issuer(const Bytes& name, const Bytes& spki,
                                          const std::optional<Certificate>& certificate) const;

 private:
  Crl() = default;
  Bytes der_, issuer_, authority_key_id_, entries_;
  std::vector<Bytes> serials_;
  std::uint64_t number_ = 0;
  std::int64_t this_update_ = 0;
  std::int64_t next_update_ = 0;
};

/// All CRLs of a PEM file, or the one of a DER file. Errors: io; malformed when there is none.
[[nodiscard]] Result<std::vector<Bytes>> load_crls(const std::filesystem::path& path);
[[nodiscard]] std::vector<Bytes> crls_from_pem(std::string_view text);
[[nodiscard]] std::string crl_to_pem(ByteView der);

/// The SubjectPublicKeyInfo that a CRL's signature holds with, looked for among CA certificates and
/// the anchors of trust stores. Errors: refused, status `crl_issuer`, where none of them is its
/// issuer.
[[nodiscard]] Result<Bytes> find_crl_issuer(const Crl& crl,
                                            const std::vector<Certificate>& certificates,
                                            const std::vector<manifest::TrustStore>& stores);

/// What a new CRL says.
struct CrlPlan {
  std::int64_t this_update = 0;
  std::int64_t next_update = 0;
  std::optional<Crl> last = {};     ///< its entries stay, and the number is one more
  std::vector<Bytes> revoked = {};  ///< content octets of serial numbers to be added
};

/// Issues a CRL: a superset of the last one, with the next number (1 without a last one), signed
/// with the issuer's key and checked by the device's code. Errors: usage for a plan that cannot
/// hold (the last one is another issuer's or newer, key and certificate differ); those of
/// Signer::sign().
[[nodiscard]] Result<Bytes> issue_crl(const CrlPlan& plan, hsm::Signer& issuer,
                                      const Certificate& issuer_certificate);

}  // namespace evseal::sign
