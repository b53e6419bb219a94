#include "evseal/base/bytes.hpp"

#include <array>
#include <cstdio>

namespace evseal {

ByteView as_bytes(std::string_view text) {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

std::string_view as_text(ByteView bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

std::string to_hex(ByteView bytes) {
  static constexpr std::string_view digits = "0123456789abcdef";
  std::string out;
  out.reserve(bytes.size() * 2);
  for (const std::uint8_t byte : bytes) {
    out.push_back(digits[byte >> 4U]);
    out.push_back(digits[byte & 15U]);
  }
  return out;
}

namespace {

int hex_value(char c) {
  if (c >= '0' && c <= '9') {
    return c - '0';
  }
  if (c >= 'a' && c <= 'f') {
    return c - 'a' + 10;
  }
  if (c >= 'A' && c <= 'F') {
    return c - 'A' + 10;
  }
  return -1;
}

constexpr std::string_view kBase64 =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

}  // namespace

std::optional<Bytes> from_hex(std::string_view text) {
  if (text.size() % 2 != 0) {
    return std::nullopt;
  }
  Bytes out;
  out.reserve(text.size() / 2);
  for (std::size_t i = 0; i < text.size(); i += 2) {
    const int high = hex_value(text[i]);
    const int low = hex_value(text[i + 1]);
    if (high < 0 || low < 0) {
      return std::nullopt;
    }
    out.push_back(static_cast<std::uint8_t>(high * 16 + low));
  }
  return out;
}

std::string to_base64(ByteView bytes) {
  std::string out;
  out.reserve((bytes.size() + 2) / 3 * 4);
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    const std::size_t left = bytes.size() - i;
    std::uint32_t word = static_cast<std::uint32_t>(bytes[i]) << 16U;
    word |= left > 1 ? static_cast<std::uint32_t>(bytes[i + 1]) << 8U : 0U;
    word |= left > 2 ? static_cast<std::uint32_t>(bytes[i + 2]) : 0U;
    out.push_back(kBase64[word >> 18U & 63U]);
    out.push_back(kBase64[word >> 12U & 63U]);
    out.push_back(left > 1 ? kBase64[word >> 6U & 63U] : '=');
    out.push_back(left > 2 ? kBase64[word & 63U] : '=');
  }
  return out;
}

std::optional<Bytes> from_base64(std::string_view text) {
  Bytes out;
  std::uint32_t word = 0;
  int digits = 0;
  int padding = 0;
  for (const char c : text) {
    if (c == ' ' || c == '\t' || c == '\r' || c == '\n') {
      continue;
    }
    if (c == '=') {
      ++padding;
      continue;
    }
    const std::size_t value = kBase64.find(c);
    if (value == std::string_view::npos || padding > 0) {
      return std::nullopt;
    }
    word = word << 6U | static_cast<std::uint32_t>(value);
    if (++digits % 4 == 0) {
      out.push_back(static_cast<std::uint8_t>(word >> 16U));
      out.push_back(static_cast<std::uint8_t>(word >> 8U));
      out.push_back(static_cast<std::uint8_t>(word));
      word = 0;
    }
  }
  const int rest = digits % 4;
  if (rest == 1 || (rest != 0 && padding != 4 - rest) || (rest == 0 && padding != 0)) {
    return std::nullopt;
  }
  if (rest == 2) {
    if ((word & 15U) != 0) {
      return std::nullopt;
    }
    out.push_back(static_cast<std::uint8_t>(word >> 4U));
  } else if (rest == 3) {
    if ((word & 3U) != 0) {
      return std::nullopt;
    }
    out.push_back(static_cast<std::uint8_t>(word >> 10U));
    out.push_back(static_cast<std::uint8_t>(word >> 2U));
  }
  return out;
}

namespace {

// Decodes one UTF-8 sequence at the front of `text`; 0 octets when it is not well-formed.
std::size_t decode_utf8(std::string_view text, std::uint32_t& code_point) {
  const auto octet = [&](std::size_t i) { return static_cast<std::uint8_t>(text[i]); };
  const std::uint8_t first = octet(0);
  if (first < 0x80) {
    code_point = first;
    return 1;
  }
  const std::size_t length = first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : first >= 0xC2 ? 2 : 0;
  if (length == 0 || first > 0xF4 || text.size() < length) {
    return 0;
  }
  code_point = first & (0x7FU >> length);
  for (std::size_t i = 1; i < length; ++i) {
    if ((octet(i) & 0xC0U) != 0x80U) {
      return 0;
    }
    code_point = code_point << 6U | (octet(i) & 0x3FU);
  }
  static constexpr std::array<std::uint32_t, 5> least = {0, 0, 0x80, 0x800, 0x10000};
  const bool surrogate = code_point >= 0xD800 && code_point <= 0xDFFF;
  return code_point < least[length] || code_point > 0x10FFFF || surrogate ? 0 : length;
}

// Characters that change how their neighbours are shown: controls, bidi marks and overrides, line
// separators.
bool misleading(std::uint32_t c) {
  return c < 0x20 || (c >= 0x7F && c < 0xA0) || (c >= 0x200B && c <= 0x200F) ||
         (c >= 0x2028 && c <= 0x202E) || (c >= 0x2060 && c <= 0x2069) || c == 0xFEFF || c == 0x061C;
}

}  // namespace

std::string printable(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    std::uint32_t code_point = 0;
    const std::size_t length = decode_utf8(text, code_point);
    if (length == 0 || misleading(code_point)) {
      std::array<char, 16> escape{};
      const std::uint32_t shown = length == 0 ? static_cast<std::uint8_t>(text[0]) : code_point;
      (void)std::snprintf(escape.data(), escape.size(), length == 0 ? "\\x%02x" : "\\u%04x", shown);
      out += escape.data();
    } else {
      out += text.substr(0, length);
    }
    text.remove_prefix(length == 0 ? 1 : length);
  }
  return out;
}

}  // namespace evseal
