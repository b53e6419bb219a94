// The manifest of docs/format.md §7 as plain data, and the two ways between it and its canonical
// bytes.
#pragma once

#include <cstdint>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "evseal/base/bytes.hpp"
#include "evseal/base/digest.hpp"
#include "evseal/base/result.hpp"

namespace evseal::manifest {

enum class Kind { firmware, trust_update };
enum class Stage { dev, pilot, prod };
/// How the octets of an image are stored.
enum class Encoding { none, gzip };

/// The words of the format: "firmware", "trust-update"; "dev", "pilot", "prod"; "none", "gzip".
[[nodiscard]] std::string_view to_string(Kind kind);
[[nodiscard]] std::string_view to_string(Stage stage);
[[nodiscard]] std::string_view to_string(Encoding encoding);
[[nodiscard]] std::optional<Kind> kind_from_string(std::string_view text);
[[nodiscard]] std::optional<Stage> stage_from_string(std::string_view text);
[[nodiscard]] std::optional<Encoding> encoding_from_string(std::string_view text);

inline constexpr std::size_t kMaxComponents = 32;
inline constexpr std::uint32_t kMinChunkBytes = 4096;
inline constexpr std::uint32_t kMaxChunkBytes = 1U << 20U;
inline constexpr std::uint32_t kMax31Bit =
    0x7FFFFFFFU;  ///< security_version, epoch, hardware revision
/// A manifest lies inside an envelope, so it cannot be larger than one.
inline constexpr std::size_t kMaxManifestBytes = 65536;

/// 1 to 64 characters of `[a-z0-9._-]`, the first of `[a-z0-9]` (docs/format.md §1).
[[nodiscard]] bool is_name(std::string_view text);
/// A name of at most 32 characters.
[[nodiscard]] bool is_component_id(std::string_view text);
/// 1 to 32 printable ASCII characters other than space, `"` and `\`: a serial number is compared
/// with what a device was given at the factory, so there must be one way to write it.
[[nodiscard]] bool is_serial_number(std::string_view text);
/// A power of two from kMinChunkBytes to kMaxChunkBytes.
[[nodiscard]] bool is_chunk_size(std::uint64_t bytes);

struct Package {
  std::string id;
  std::string vendor;
  std::string version;
  Kind kind = Kind::firmware;
  Stage stage = Stage::dev;
  friend bool operator==(const Package&, const Package&) = default;
};

struct Source {
  std::optional<std::string> repository;
  std::optional<std::string> commit;
  std::optional<std::string> build;
  friend bool operator==(const Source&, const Source&) = default;
};

/// Hardware revisions, both bounds included.
struct HardwareRange {
  std::uint32_t min = 0;
  std::uint32_t max = 0;
  friend bool operator==(const HardwareRange&, const HardwareRange&) = default;
};

struct Compatible {
  std::string vendor;
  std::string model;
  std::optional<HardwareRange> hardware;
  std::vector<std::string> serials;  ///< strictly ascending; empty: all
  friend bool operator==(const Compatible&, const Compatible&) = default;
};

struct Requirement {
  std::string id;
  std::uint32_t min_security_version = 0;
  friend bool operator==(const Requirement&, const Requirement&) = default;
};

/// Octets of the image that hold data of the single unit.
struct PreserveRange {
  std::uint64_t offset = 0;
  std::uint64_t size = 0;
  friend bool operator==(const PreserveRange&, const PreserveRange&) = default;
};

struct Component {
  std::string id;
  std::string version;
  std::uint32_t security_version = 0;
  std::uint64_t size = 0;         ///< octets of the image
  Sha256 sha256{};                ///< of the image
  std::uint64_t stored_size = 0;  ///< octets as stored, without tree nodes
  Encoding encoding = Encoding::none;
  std::uint32_t chunk_size = kMinChunkBytes;
  Sha256 tree_root{};
  std::optional<HardwareRange> hardware;
  std::optional<std::uint64_t> load_address;
  std::vector<Requirement> requirements;  ///< member `requires`; strictly ascending by id
  std::vector<PreserveRange> preserve;    ///< ascending, disjoint, within `size`
  std::optional<bool> metrology;
  friend bool operator==(const Component&, const Component&) = default;
};

struct CrlEntry {
  Sha256 issuer_key{};
  std::uint64_t number = 0;
  friend bool operator==(const CrlEntry&, const CrlEntry&) = default;
};

struct SbomEntry {
  std::string name;
  std::string format;
  Sha256 sha256{};
  friend bool operator==(const SbomEntry&, const SbomEntry&) = default;
};

/// A slot's new floor.
struct SlotReset {
  std::string id;
  std::uint32_t security_version = 0;
  friend bool operator==(const SlotReset&, const SlotReset&) = default;
};

/// What a device forgets.
struct Resets {
  std::vector<Sha256> crls;                  ///< issuer keys, strictly ascending
  std::vector<SlotReset> security_versions;  ///< strictly ascending by id
  std::optional<std::int64_t> time_floor;    ///< seconds since 1970
  friend bool operator==(const Resets&, const Resets&) = default;
};

/// What a trust-update says (docs/format.md §7.3).
struct TrustUpdate {
  std::uint32_t epoch = 0;  ///< of the new store; at least 1
  Bytes trust;              ///< DER of the whole new TrustStore
  std::optional<Resets> resets;
  std::optional<Sha256> recovery;  ///< the challenge of a device whose state is lost
  friend bool operator==(const TrustUpdate&, const TrustUpdate&) = default;
};

struct Manifest {  // NOLINT(bugprone-exception-escape): nlohmann's move is noexcept
  Package package;
  std::int64_t created = 0;  ///< seconds since 1970
  std::optional<Source> source;
  std::vector<Compatible> compatible;
  std::vector<Component> components;  ///< firmware only; the order of installation
  std::vector<CrlEntry> crls;         ///< strictly ascending by issuer_key
  std::vector<SbomEntry> sbom;
  std::vector<std::string> critical;        ///< strictly ascending
  std::optional<TrustUpdate> trust_update;  ///< where the kind is trust-update, and only there
  friend bool operator==(const Manifest&, const Manifest&) = default;
};

/// The manifest's canonical bytes: what is signed, and whose SHA-256 is the package's identity.
/// What is written has passed the same checks as what is read, so an impossible manifest is an
/// error and never bytes. Errors: malformed, with the status that a verifier would report.
[[nodiscard]] Result<Bytes> to_canonical(const Manifest& manifest);

/// A manifest that is well-formed, and nothing more: **no signature was checked**. It may be shown
/// to people; no decision may rest on it.
class UnverifiedManifest {
 public:
  [[nodiscard]] const Manifest& unverified() const { return manifest_; }
  /// All members, the unknown ones too.
  [[nodiscard]] const nlohmann::json& unverified_json() const { return *json_; }
  [[nodiscard]] const Bytes& bytes() const { return bytes_; }
  /// SHA-256 of the bytes: the package's identity (docs/format.md §2).
  [[nodiscard]] Sha256 identity() const { return sha256(bytes_); }

 private:
  friend Result<UnverifiedManifest> parse_unverified(ByteView bytes);
  UnverifiedManifest(Manifest manifest, std::shared_ptr<const nlohmann::json> json, Bytes bytes)
      : manifest_(std::move(manifest)), json_(std::move(json)), bytes_(std::move(bytes)) {}

  Manifest manifest_;
  std::shared_ptr<const nlohmann::json> json_;
  Bytes bytes_;
};

/// Reads manifest bytes and checks syntax and schema of docs/format.md §7.
/// Errors: malformed (refused for `manifest_critical`) with status `manifest_syntax`,
/// `manifest_schema`, `manifest_version`, `manifest_kind`, `manifest_stage`, `manifest_encoding` or
/// `manifest_critical`.
[[nodiscard]] Result<UnverifiedManifest> parse_unverified(ByteView bytes);

}  // namespace evseal::manifest
