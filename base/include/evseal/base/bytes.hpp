// Byte strings and views, hexadecimal and base64 text.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace evseal {

using Bytes = std::vector<std::uint8_t>;
using ByteView = std::span<const std::uint8_t>;

/// The octets of a text, without a copy.
[[nodiscard]] ByteView as_bytes(std::string_view text);
/// The octets as text, without a copy. The text need not be valid UTF-8.
[[nodiscard]] std::string_view as_text(ByteView bytes);

[[nodiscard]] std::string to_hex(ByteView bytes);
/// Even number of hexadecimal digits of either case; anything else gives nothing.
[[nodiscard]] std::optional<Bytes> from_hex(std::string_view text);

[[nodiscard]] std::string to_base64(ByteView bytes);
/// RFC 4648 §4 with padding; white space is skipped; anything else gives nothing.
[[nodiscard]] std::optional<Bytes> from_base64(std::string_view text);

/// The text with control and bidirectional-override characters written as \u escapes: safe to show
/// on a terminal.
[[nodiscard]] std::string printable(std::string_view text);

}  // namespace evseal
