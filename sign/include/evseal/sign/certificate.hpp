// Certificates: reading them from files, and issuing them with a key in a token.
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
#include "evseal/manifest/model.hpp"

namespace evseal::sign {

/// What the tools read from a certificate. The device's own parser judged it first.
class Certificate {
 public:
  /// Errors: malformed, with the verifier's status (`cert_encoding`, `cert_key`, ...), for what a
  /// device would refuse.
  [[nodiscard]] static Result<Certificate> parse(Bytes der);

  [[nodiscard]] const Bytes& der() const { return der_; }
  [[nodiscard]] const Bytes& issuer() const { return issuer_; }    ///< DER Name
  [[nodiscard]] const Bytes& subject() const { return subject_; }  ///< DER Name
  [[nodiscard]] const Bytes& serial() const { return serial_; }  ///< content octets of the INTEGER
  [[nodiscard]] const Bytes& spki() const { return spki_; }
  [[nodiscard]] const Bytes& subject_key_id() const { return subject_key_id_; }
  [[nodiscard]] std::int64_t not_before() const { return not_before_; }
  [[nodiscard]] std::int64_t not_after() const { return not_after_; }
  [[nodiscard]] std::uint32_t policies() const { return policies_; }  ///< EVSEAL_POLICY_*
  [[nodiscard]] bool is_ca() const { return is_ca_; }
  [[nodiscard]] bool self_issued() const { return issuer_ == subject_; }
  [[nodiscard]] Sha256 key_hash() const { return sha256(spki_); }
  /// `CN=..., O=...` for people (RFC 2253 order and escapes, safe to print).
  [[nodiscard]] std::string subject_text() const;
  [[nodiscard]] std::string issuer_text() const;

 private:
  Certificate() = default;
  Bytes der_, issuer_, subject_, serial_, spki_, subject_key_id_;
  std::int64_t not_before_ = 0;
  std::int64_t not_after_ = 0;
  std::uint32_t policies_ = 0;
  bool is_ca_ = false;
};

/// A DER Name for people: `CN=..., O=...`, safe to print.
[[nodiscard]] std::string name_text(ByteView der_name);

/// All certificates of a PEM file, or the one of a DER file. Errors: io; malformed when there is
/// none.
[[nodiscard]] Result<std::vector<Bytes>> load_certificates(const std::filesystem::path& path);
/// PEM blocks in text.
[[nodiscard]] std::vector<Bytes> certificates_from_pem(std::string_view text);
[[nodiscard]] std::string to_pem(ByteView der);

/// The AlgorithmIdentifier that a key of this type signs with, on packages and certificates.
[[nodiscard]] Result<Bytes> signature_algorithm(hsm::KeyType type);

/// A subject from text: `CN=evseal root,O=Acme,C=DE`; values end at an unescaped comma, `\,` is a
/// comma. Errors: usage for an unknown attribute or an empty value.
[[nodiscard]] Result<Bytes> parse_subject(std::string_view text);

/// What a certificate is for.
enum class CertificateKind {
  root,          ///< self-signed, CA, no policies
  intermediate,  ///< CA, carries the policies of what may be signed below
  firmware,      ///< leaf that signs packages of exactly one stage
  trust_update,  ///< leaf of a trust officer: signs trust-updates and nothing else
};

struct CertificatePlan {
  CertificateKind kind = CertificateKind::firmware;
  Bytes subject;                             ///< DER Name
  Bytes spki;                                ///< the subject's key
  std::vector<manifest::Stage> stages = {};  ///< policies; one for a firmware leaf, none for a root
  bool trust_update = false;                 ///< an intermediate: officers may stand below it
  std::int64_t not_before = 0;
  std::int64_t not_after = 0;
  std::optional<unsigned> path_length = {};  ///< for a CA
};

/// Issues a certificate with a CSPRNG serial of 16 octets, AKI and SKI, signed by `issuer` (for a
/// root: its own key). The result has passed the device's certificate parser, and under its issuer
/// the device's chain check. Errors: usage for a plan that cannot hold (leaf without exactly one
/// stage, validity beyond the issuer's); those of Signer::sign().
[[nodiscard]] Result<Bytes> issue_certificate(const CertificatePlan& plan, hsm::Signer& issuer,
                                              const std::optional<Certificate>& issuer_certificate);

}  // namespace evseal::sign
