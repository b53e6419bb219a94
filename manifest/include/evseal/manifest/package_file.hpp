// The package file of docs/format.md §2 from the outside. Nothing here checks a signature or a
// hash.
#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <vector>

#include "evseal/base/bytes.hpp"
#include "evseal/base/file.hpp"
#include "evseal/base/result.hpp"
#include "evseal/manifest/model.hpp"

namespace evseal::manifest {

inline constexpr std::size_t kHeaderBytes = 16;
inline constexpr std::uint32_t kMaxEnvelopeBytes = 65536;
inline constexpr std::array<std::uint8_t, 8> kPackageMagic = {0x89, 0x45, 0x56, 0x53,
                                                              0x31, 0x0D, 0x0A, 0x1A};

/// A trust-update's: 'U' as octet 3.
inline constexpr std::array<std::uint8_t, 8> kTrustUpdateMagic = {0x89, 0x45, 0x56, 0x55,
                                                                  0x31, 0x0D, 0x0A, 0x1A};
/// Trust-updates in front of a package.
inline constexpr std::size_t kMaxSteps = 8;

/// Where the payload begins behind an envelope of this length.
[[nodiscard]] std::uint64_t payload_offset_for(std::uint64_t envelope_bytes);

/// Header, envelope and padding up to the payload: what precedes it in the file.
/// Errors: malformed, status `envelope_length`, for an envelope of 0 or more than 65,536 octets.
[[nodiscard]] Result<Bytes> encode_head(ByteView envelope, std::uint32_t component_mask = 0,
                                        Kind kind = Kind::firmware);
/// Writes encode_head() at `offset`, the file's start unless steps stand in front.
[[nodiscard]] Result<void> write_header(OutputFile& out, ByteView envelope,
                                        std::uint32_t component_mask = 0, std::uint64_t offset = 0);

/// The kind that the first octets of a package say; nothing where they are no package's.
[[nodiscard]] std::optional<Kind> kind_of_header(ByteView head);

/// A component's place in a package file.
struct UnverifiedExtent {
  std::size_t component = 0;  ///< index in the manifest
  std::uint64_t offset = 0;   ///< of its first octet in the file
  std::uint64_t length = 0;   ///< octets in the file, tree nodes included
};

/// The indices of the components that a mask leaves, in order.
/// Errors: malformed, status `component_mask`, where the mask is not in its one form.
[[nodiscard]] Result<std::vector<std::size_t>> components_present(std::size_t component_count,
                                                                  std::uint32_t mask);

/// Where the components lie if the manifest is to be believed.
/// Errors: malformed with status `component_mask` or `manifest_schema`; sums are checked for
/// overflow.
[[nodiscard]] Result<std::vector<UnverifiedExtent>> unverified_layout(const Manifest& manifest,
                                                                      std::uint32_t mask,
                                                                      std::uint64_t payload_offset);

/// Octets of the payload: the sum of the present components' lengths.
/// Errors: as unverified_layout().
[[nodiscard]] Result<std::uint64_t> payload_length(const Manifest& manifest,
                                                   std::uint32_t mask = 0);

/// A trust-update in front of a package.
struct UnverifiedStep {
  std::uint64_t offset = 0;  ///< in the file
  std::uint64_t size = 0;    ///< header, envelope and padding
  Bytes unverified_envelope;
};

/// A package file that was opened and not checked. Trust-updates stand in front of the package as
/// steps; one that is the last in its file is the package itself.
class UnverifiedPackageFile {
 public:
  /// Reads headers, envelopes and padding.
  /// Errors: io; malformed with status `file_magic`, `file_version`, `envelope_length`, `truncated`
  /// or `padding`.
  [[nodiscard]] static Result<UnverifiedPackageFile> open(
      const std::filesystem::path& path, std::uint32_t envelope_limit = kMaxEnvelopeBytes);

  [[nodiscard]] const std::filesystem::path& path() const { return path_; }
  [[nodiscard]] const FileDescriptor& descriptor() const { return file_; }
  [[nodiscard]] std::uint64_t size() const { return size_; }
  [[nodiscard]] const std::vector<UnverifiedStep>& steps() const { return steps_; }
  /// Where the package itself begins: behind the steps.
  [[nodiscard]] std::uint64_t package_offset() const { return package_offset_; }
  /// What the package's header says; the manifest must agree.
  [[nodiscard]] Kind unverified_kind() const { return kind_; }
  [[nodiscard]] std::uint32_t component_mask() const { return mask_; }
  [[nodiscard]] const Bytes& unverified_envelope() const { return envelope_; }
  /// In the file.
  [[nodiscard]] std::uint64_t payload_offset() const {
    return package_offset_ + payload_offset_for(envelope_.size());
  }
  /// unverified_layout() of this file.
  /// Errors: as there; malformed with status `truncated` or `trailing_data` where the file has
  /// another size.
  [[nodiscard]] Result<std::vector<UnverifiedExtent>> unverified_layout(
      const Manifest& manifest) const;

 private:
  UnverifiedPackageFile() = default;
  [[nodiscard]] Result<void> read_package(std::uint64_t offset, std::uint32_t envelope_limit);

  std::filesystem::path path_;
  FileDescriptor file_;
  std::uint64_t size_ = 0;
  std::vector<UnverifiedStep> steps_;
  std::uint64_t package_offset_ = 0;
  Kind kind_ = Kind::firmware;
  std::uint32_t mask_ = 0;
  Bytes envelope_;
};

}  // namespace evseal::manifest
