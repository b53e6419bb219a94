// Device profiles and device states (docs/format.md §9): what people write as JSON, and the blobs
// that devices read.
#pragma once

#include <cstdint>
#include <filesystem>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "evseal/base/bytes.hpp"
#include "evseal/base/digest.hpp"
#include "evseal/base/result.hpp"
#include "evseal/manifest/model.hpp"
#include "evseal/manifest/trust_store.hpp"

namespace evseal::manifest {

/// The latest time that a profile or state can hold: 9999-12-31T23:59:59Z.
inline constexpr std::int64_t kMaxTime = 253402300799;

struct DeviceLimits {
  std::uint32_t envelope_bytes = 16384;
  std::uint32_t chunk_bytes = 65536;
  std::uint32_t components = 32;
  std::uint32_t security_version_jump = 1000;
  friend bool operator==(const DeviceLimits&, const DeviceLimits&) = default;
};

/// The two published sizes.
inline constexpr DeviceLimits kSmallDevice = {8192, 4096, 8, 1000};
inline constexpr DeviceLimits kFullDevice = {16384, 65536, 32, 1000};

/// A slot of the device.
struct DeviceComponent {
  std::string id;
  bool needed = true;
  std::uint32_t security_version = 0;  ///< floor of a factory-new device
  friend bool operator==(const DeviceComponent&, const DeviceComponent&) = default;
};

struct Profile {
  std::string vendor;
  std::string model;
  std::uint32_t stages = 0;  ///< StageBits
  bool trusted_clock = false;
  std::int64_t time_floor = 0;
  DeviceLimits limits;
  std::vector<DeviceComponent> components;
  TrustStore trust;
  friend bool operator==(const Profile&, const Profile&) = default;
};

/// Reads a profile's JSON; certificates are read relative to its folder.
/// Errors: usage, with `what` = `FILE:LINE:COL: MEMBER` and the nearest known name as hint; io;
/// malformed for files that are not what they should be.
[[nodiscard]] Result<Profile> load_profile(const std::filesystem::path& path);
/// The blob of docs/format.md §9.1. Errors: usage, status `profile_damaged`, for a profile that
/// breaks the format.
[[nodiscard]] Result<Bytes> encode_profile(const Profile& profile);
/// Errors: usage, status `profile_damaged`.
[[nodiscard]] Result<Profile> decode_profile(ByteView blob);
/// For display: like the JSON that load_profile() reads, with keys and names in hexadecimal in
/// place of files.
[[nodiscard]] nlohmann::json profile_to_json(const Profile& profile);
/// The blob of a file that is either a blob already (it is checked) or a profile's JSON.
[[nodiscard]] Result<Bytes> load_profile_blob(const std::filesystem::path& path);
/// A C header with `const unsigned char NAME[]` and `NAME_len`. Errors: usage, where `name` is no C
/// identifier or the blob is no profile.
[[nodiscard]] Result<std::string> profile_c_header(ByteView blob, std::string_view name);

struct Slot {
  std::string id;
  std::uint32_t security_version = 0;
  friend bool operator==(const Slot&, const Slot&) = default;
};

/// What a state remembers of an issuer's CRLs.
struct KnownIssuer {
  Sha256 issuer_key{};       ///< key hash
  std::uint64_t number = 0;  ///< the highest CRLNumber seen, below 2^63
  bool complete = true;      ///< false: `revoked` is empty, and the CRL itself must be shown
  std::vector<Bytes>
      revoked;  ///< content octets of serial numbers, ascending by length, then octets
  friend bool operator==(const KnownIssuer&, const KnownIssuer&) = default;
};

struct State {
  std::uint32_t counter = 0;
  std::string vendor;
  std::string model;
  std::int64_t time_floor = 0;
  std::uint32_t trust_epoch = 0;
  std::vector<Slot> slots;
  std::vector<KnownIssuer> crls;    ///< strictly ascending by issuer_key
  std::optional<TrustStore> trust;  ///< replaces the profile's after a trust-update
  friend bool operator==(const State&, const State&) = default;
};

/// Reads a state's JSON.
/// Errors: as load_profile().
[[nodiscard]] Result<State> load_state(const std::filesystem::path& path);
/// The blob of docs/format.md §9.2. Errors: usage, status `state_damaged`.
[[nodiscard]] Result<Bytes> encode_state(const State& state);
/// Errors: usage, status `state_damaged`.
[[nodiscard]] Result<State> decode_state(ByteView blob);
/// load_state() reads it back.
[[nodiscard]] nlohmann::json state_to_json(const State& state);
/// The blob of a file that is either a blob already (it is checked) or a state's JSON.
[[nodiscard]] Result<Bytes> load_state_blob(const std::filesystem::path& path);
/// Reads a file that is either a blob or a state's JSON.
[[nodiscard]] Result<State> load_any_state(const std::filesystem::path& path);
/// Reads a file that is either a blob or a profile's JSON.
[[nodiscard]] Result<Profile> load_any_profile(const std::filesystem::path& path);
/// The state blob of a factory-new device with this profile: it has learnt nothing, so that the
/// profile's own floors hold. Octet for octet what evseal_state_write_initial() writes.
/// Errors: as decode_profile().
[[nodiscard]] Result<Bytes> initial_state(ByteView profile_blob);

}  // namespace evseal::manifest
