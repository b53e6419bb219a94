// What all ways to a finished package share: whose CRLs they are, the envelope, the payload's
// place, the gate before the final name.
#pragma once

#include <map>
#include <vector>

#include "evseal/manifest/model.hpp"
#include "evseal/manifest/package_file.hpp"
#include "evseal/sign/crl.hpp"
#include "evseal/sign/package.hpp"

namespace evseal::sign {

/// The CRLs of an envelope, the newest of each issuer key.
using CrlSet = std::map<Sha256, Crl>;

/// What is needed to say whose CRLs are whose.
struct Issuers {
  std::vector<Certificate> certificates;
  std::vector<manifest::TrustStore> stores;
};
/// Errors: malformed for a certificate that no device takes.
[[nodiscard]] Result<Issuers> issuers_of(const std::vector<Bytes>& certificates,
                                         const std::vector<Device>& devices);

/// A package that was signed before, opened.
struct OpenedPackage {
  manifest::UnverifiedPackageFile file;
  UnverifiedEnvelope envelope;
  manifest::Manifest manifest;
};
/// Every signature on it holds; nothing is said about who signed. Errors: usage with the hint
/// `for_slice` for a slice.
[[nodiscard]] Result<OpenedPackage> open_signed(const std::filesystem::path& path,
                                                const char* for_slice);

enum class WhenOlder { ignore, refuse };
/// Adds CRLs; an older one than the set has is left out or refused. Errors: as find_crl_issuer().
[[nodiscard]] Result<void> add_crls(CrlSet& set, const std::vector<Bytes>& crls,
                                    const Issuers& issuers, WhenOlder older);

/// The DER of all.
[[nodiscard]] std::vector<Bytes> encodings(const CrlSet& set);
/// For a manifest: "the least cRLNumber", at most 2^53 - 1.
[[nodiscard]] std::vector<manifest::CrlEntry> entries(const CrlSet& set);

/// What was said of the package before it is written.
struct Draft {
  const manifest::Manifest* manifest = nullptr;
  EnvelopeParts parts;
  std::uint64_t package_offset = 0;  ///< where the package begins: behind its steps
  std::uint64_t payload_offset = 0;  ///< where its payload lies now
  bool check_images = false;         ///< inflate and hash each image: the payload is not ours
};

/// Writes header and envelope before the payload, moving it where its place was guessed wrong.
/// Returns the file's size.
[[nodiscard]] Result<std::uint64_t> place_envelope(OutputFile& out, ByteView envelope,
                                                   const Draft& draft);

/// Writes header and envelope before the payload, asks each device's verifier, gives the file its
/// name.
[[nodiscard]] Result<SignedResult> release(OutputFile& out, const Draft& draft,
                                           const Signing& signing, const WorkOptions& options);

/// Copies octets [from, end) of a file to `to`; within one file system the kernel may share the
/// blocks.
[[nodiscard]] Result<void> copy_octets(const manifest::UnverifiedPackageFile& file,
                                       std::uint64_t from, std::uint64_t end, OutputFile& out,
                                       std::uint64_t to, const WorkOptions& options);

[[nodiscard]] Result<void> need_devices(const std::vector<Device>& devices);
/// What can be known before gigabytes are hashed: key and certificate belong together, and the
/// certificate is valid and for packages of this kind and stage.
[[nodiscard]] Result<void> check_identities(const Signing& signing,
                                            const manifest::Manifest& manifest);
/// The manifest's bytes; the device's own reader has judged them.
[[nodiscard]] Result<Bytes> manifest_bytes(const manifest::Manifest& manifest);
/// Signs with every identity; fills certificates and signers.
[[nodiscard]] Result<void> add_signatures(EnvelopeParts& parts, const Signing& signing);
[[nodiscard]] std::vector<Bytes> all_certificates(const Signing& signing);

}  // namespace evseal::sign
