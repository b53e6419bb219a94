// What profile and state blobs share: the frame around them, the trust store inside them, and their
// rules.
#pragma once

#include <array>
#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "evseal/base/result.hpp"
#include "evseal/manifest/der_reader.hpp"
#include "evseal/manifest/der_writer.hpp"
#include "evseal/manifest/device.hpp"

namespace evseal::manifest {

using BlobMagic = std::array<std::uint8_t, 8>;
inline constexpr BlobMagic kProfileMagic = {0x89, 0x45, 0x56, 0x44, 0x31, 0x0D, 0x0A, 0x1A};
inline constexpr BlobMagic kStateMagic = {0x89, 0x45, 0x56, 0x54, 0x31, 0x0D, 0x0A, 0x1A};

inline constexpr std::size_t kMaxRoles = 8;
inline constexpr std::size_t kMaxAnchors = 8;
inline constexpr std::size_t kMaxRoleSigners = 8;
inline constexpr std::size_t kMaxScopeModels = 8;
inline constexpr std::size_t kMaxSignatures = 4;  ///< of a package, hence of a threshold
inline constexpr std::size_t kMaxNameDer = 512;   ///< a certificate's subject
inline constexpr std::uint32_t kMaxIntermediates = 4;

/// Magic, length, DER, SHA-256 over all before.
[[nodiscard]] Bytes frame_blob(const BlobMagic& magic, ByteView der);
/// The DER in a blob; nothing where magic, length or checksum is wrong.
[[nodiscard]] std::optional<ByteView> unframe_blob(const BlobMagic& magic, ByteView blob);
/// True for octets that begin like the blob.
[[nodiscard]] bool is_blob(const BlobMagic& magic, ByteView octets);

/// SEQUENCE OF, from what `encode` makes of each value.
template <typename T, typename Encode>
[[nodiscard]] Bytes sequence_of(const std::vector<T>& values, Encode encode) {
  std::vector<Bytes> parts;
  parts.reserve(values.size());
  for (const T& value : values) {
    parts.push_back(encode(value));
  }
  return der::sequence(parts);
}

/// Why a profile, trust store or state breaks docs/format.md §9; nothing when it does not.
[[nodiscard]] std::optional<std::string> fault_of(const TrustStore& trust);
[[nodiscard]] std::optional<std::string> fault_of(const Profile& profile);
[[nodiscard]] std::optional<std::string> fault_of(const State& state);

/// The DER, unchecked: fault_of() is asked by whoever writes the whole.
[[nodiscard]] Bytes write_trust_store(const TrustStore& trust);
/// The fields; fault_of() must be asked afterwards.
[[nodiscard]] TrustStore read_trust_store(DerReader reader);
[[nodiscard]] nlohmann::json stage_names(std::uint32_t stages);

}  // namespace evseal::manifest
