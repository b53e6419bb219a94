// The envelope of a package: CMS SignedData in the one canonical form of docs/format.md §3 and §4.
#pragma once

#include <cstdint>
#include <vector>

#include "evseal/base/bytes.hpp"
#include "evseal/base/result.hpp"
#include "evseal/hsm/signer.hpp"

namespace evseal::sign {

/// A key with the certificates that go into the envelope: the leaf first, then the intermediates,
/// without the root.
struct Identity {
  std::unique_ptr<hsm::Signer> signer;
  std::vector<Bytes> certificates;  ///< DER
};

/// An envelope without certificates and signers, which every verifier refuses as `unsigned`.
[[nodiscard]] Result<Bytes> unsigned_envelope(ByteView manifest);

/// An envelope with one signer. The signed attributes are built here and nowhere else; nothing that
/// comes from outside is signed but through them. `signing_time` in seconds since 1970. Errors:
/// those of Signer::sign(); malformed when the certificate cannot be read.
[[nodiscard]] Result<Bytes> signed_envelope(ByteView manifest, Identity& identity,
                                            std::int64_t signing_time);

/// About how long signed_envelope() will be, for a manifest of this length.
[[nodiscard]] std::size_t estimate_envelope(std::size_t manifest_bytes,
                                            const std::vector<Bytes>& certificates);

/// The manifest in an envelope that nobody has checked, and how many signers it claims.
struct UnverifiedEnvelope {
  Bytes unverified_manifest;
  std::vector<Bytes> unverified_certificates;  ///< DER, in the order of the file
  std::size_t num_signers = 0;
};

/// Opens an envelope without checking a signature: for `inspect`, and to sign what `build` made.
/// Errors: malformed, status `der_encoding` or `cms_content_type`.
[[nodiscard]] Result<UnverifiedEnvelope> open_unverified_envelope(ByteView envelope);

}  // namespace evseal::sign
