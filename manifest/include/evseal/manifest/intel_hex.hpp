// Intel HEX files: strict reading, and flattening to the one binary image that a component is.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "evseal/base/bytes.hpp"
#include "evseal/base/result.hpp"

namespace evseal::manifest {

/// Addresses [start, end): the end is the first address that is not taken.
struct HexRange {
  std::uint64_t start = 0;
  std::uint64_t end = 0;
  friend bool operator==(const HexRange&, const HexRange&) = default;
};

struct HexOptions {
  std::optional<HexRange> range;  ///< only octets within; none: all
  std::uint8_t fill = 0xFF;       ///< what erased flash reads as
  friend bool operator==(const HexOptions&, const HexOptions&) = default;
};

/// Octets without a gap.
struct HexSegment {
  std::uint64_t address = 0;
  Bytes data;
};

struct HexImage {
  std::vector<HexSegment> segments;          ///< ascending, disjoint, never touching
  std::optional<std::uint32_t> entry_point;  ///< record types 03 and 05, for information
};

struct FlatImage {
  std::uint64_t load_address = 0;  ///< of the first octet
  Bytes data;
};

/// Larger gaps are not padding between sections but another memory (option bytes, UICR, external
/// flash).
inline constexpr std::uint64_t kMaxHexGap = 64U << 10U;
/// No controller that is fed with Intel HEX has more flash; the image is held in memory.
inline constexpr std::uint64_t kMaxHexImage = 64U << 20U;
/// The text of such an image, at the 16 octets a record that tools write, with room.
inline constexpr std::uint64_t kMaxHexText = 256U << 20U;

/// Reads record types 00 to 05. `name` is for messages, which say `NAME:LINE`.
/// Errors: malformed, for a wrong checksum or length, text that is no record, an unknown type, an
/// octet given twice, a record past 4 GiB or wrapping in its 64 KiB segment, a missing end record,
/// anything after it, no data.
[[nodiscard]] Result<HexImage> read_intel_hex(ByteView text, std::string_view name);

/// One image of all octets (within the range): gaps of up to kMaxHexGap are filled.
/// Errors: malformed, for a larger gap (the parts are listed, the hint names `--hex-range` and
/// `"hex_range"`), no octet within the range, an image over kMaxHexImage.
[[nodiscard]] Result<FlatImage> flatten(const HexImage& image, const HexOptions& options,
                                        std::string_view name);

/// `START-END`, each decimal or `0x…`: the value of `--hex-range`. Errors: usage.
[[nodiscard]] Result<HexRange> parse_hex_range(std::string_view text);

/// Decimal or `0x…`, at most 64 bits; anything else gives nothing.
[[nodiscard]] std::optional<std::uint64_t> parse_address(std::string_view text);

}  // namespace evseal::manifest
