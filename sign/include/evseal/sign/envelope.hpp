// The envelope of a package: CMS SignedData in the one canonical form of docs/format.md §3 and §4.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "evseal/base/bytes.hpp"
#include "evseal/base/digest.hpp"
#include "evseal/base/result.hpp"
#include "evseal/hsm/signer.hpp"

namespace evseal::sign {

inline constexpr std::size_t kMaxSigners = 4;
inline constexpr std::size_t kMaxEnvelopeCertificates = 8;
inline constexpr std::size_t kMaxEnvelopeCrls = 8;

/// A key with the certificates that go into the envelope: the leaf first, then the intermediates,
/// without the root.
struct Identity {
  std::unique_ptr<hsm::Signer> signer;
  std::vector<Bytes> certificates;  ///< DER
};

/// What an envelope consists of. The order does not matter: it is written in DER order, and what
/// stands there twice is written once.
struct EnvelopeParts {
  Bytes manifest;
  std::vector<Bytes> certificates;  ///< DER
  std::vector<Bytes> crls;          ///< DER
  std::vector<Bytes> signers;       ///< DER SignerInfo
};

/// Errors: malformed for a signer that cannot be read, and for more signers, certificates or CRLs
/// than an envelope holds, with the verifier's status.
[[nodiscard]] Result<Bytes> encode_envelope(const EnvelopeParts& parts);

/// One SignerInfo over a manifest. The signed attributes are built here and nowhere else; nothing
/// that comes from outside is signed but through them. `signing_time` in seconds since 1970.
/// Errors: those of Signer::sign(); malformed when the certificate cannot be read.
[[nodiscard]] Result<Bytes> sign_manifest(ByteView manifest, Identity& identity,
                                          std::int64_t signing_time);

/// An envelope without certificates and signers, which every verifier refuses as `unsigned`.
[[nodiscard]] Result<Bytes> unsigned_envelope(ByteView manifest);

/// About how long an envelope will be: `certificates` of all signers, `crls` and the number of
/// signers.
[[nodiscard]] std::size_t estimate_envelope(std::size_t manifest_bytes,
                                            const std::vector<Bytes>& certificates,
                                            const std::vector<Bytes>& crls = {},
                                            std::size_t signers = 1);

/// A signer that nobody has checked.
struct UnverifiedSigner {
  Bytes der;                  ///< SignerInfo
  Bytes issuer;               ///< DER Name of the sid
  Bytes serial;               ///< content octets
  Bytes digest_algorithm;     ///< DER
  Bytes attributes;           ///< the SET OF as it is signed
  Bytes signature_algorithm;  ///< DER
  Bytes signature;
  std::vector<Sha256> certificate_hashes;  ///< signingCertificateV2: the leaf's first
  std::optional<std::int64_t> signing_time;
};

/// An envelope in its parts, which nobody has checked.
struct UnverifiedEnvelope {
  Bytes unverified_manifest;
  std::vector<Bytes> unverified_certificates;  ///< DER, in the order of the file
  std::vector<Bytes> unverified_crls;
  std::vector<UnverifiedSigner> unverified_signers;

  /// The certificate that a signer names by its sid; null where there is none.
  [[nodiscard]] const Bytes* leaf_of(const UnverifiedSigner& signer) const;
};

/// Opens an envelope without checking a signature: for `inspect`, and to add to what it holds.
/// Errors: malformed, status `der_encoding`, `cms_content_type`, `cms_attributes` or
/// `cms_attribute_value`.
[[nodiscard]] Result<UnverifiedEnvelope> open_unverified_envelope(ByteView envelope);

/// The signature of every signer over the manifest, and nothing else about it: chains, roles and
/// times are for a device to judge. A key that is not known cannot be checked and is refused.
/// Errors: not_authentic, with the verifier's status.
[[nodiscard]] Result<void> check_signatures(const UnverifiedEnvelope& envelope);

}  // namespace evseal::sign
