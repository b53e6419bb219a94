#include "evseal/manifest/der_reader.hpp"

#include <algorithm>

#include "evseal/manifest/der_writer.hpp"

namespace evseal::manifest {
namespace {

// Octets of tag and length, and of the content; `header` 0 when the encoding breaks a rule.
struct Extent {
  std::size_t header = 0;
  std::size_t content = 0;
};

Extent measure(ByteView rest) {
  if (rest.size() < 2 || (rest[0] & 0x1FU) == 0x1FU) {  // multi-octet tags are not used
    return {};
  }
  if (rest[1] < 0x80) {
    return {2, rest[1]};
  }
  const std::size_t count = rest[1] & 0x7FU;
  if (count == 0 || count > 4 || rest.size() < 2 + count) {  // 0: indefinite
    return {};
  }
  std::size_t length = 0;
  for (std::size_t i = 0; i < count; ++i) {
    length = length << 8U | rest[2 + i];
  }
  // The fewest octets: no leading zero, and not what the short form could say.
  if (rest[2] == 0 || length < 0x80) {
    return {};
  }
  return {2 + count, length};
}

}  // namespace

ByteView DerReader::element(std::uint8_t tag) {
  const Extent extent = measure(rest_);
  if (extent.header == 0 || rest_[0] != tag || extent.content > rest_.size() - extent.header) {
    fail();
    return {};
  }
  const ByteView element = rest_.first(extent.header + extent.content);
  rest_ = rest_.subspan(element.size());
  return element;
}

ByteView DerReader::content(std::uint8_t tag) {
  const ByteView whole = element(tag);
  return whole.empty() ? whole : whole.subspan(measure(whole).header);
}

DerReader DerReader::enter(std::uint8_t tag) {
  return DerReader(content(tag), good_);
}

DerReader DerReader::sequence() {
  return enter(der::kSequence);
}

// Non-negative and in the fewest octets.
ByteView DerReader::integer_content() {
  const ByteView octets = content(der::kInteger);
  const bool negative = !octets.empty() && (octets[0] & 0x80U) != 0;
  const bool padded = octets.size() > 1 && octets[0] == 0 && (octets[1] & 0x80U) == 0;
  if (octets.empty() || negative || padded) {
    fail();
    return {};
  }
  return octets;
}

std::uint64_t DerReader::integer(std::uint64_t min, std::uint64_t max) {
  const ByteView octets = integer_content();
  if (octets.size() > 9 || (octets.size() == 9 && octets[0] != 0)) {
    fail();
    return min;
  }
  std::uint64_t value = 0;
  for (const std::uint8_t octet : octets) {
    value = value << 8U | octet;
  }
  if (value < min || value > max) {
    fail();
    return min;
  }
  return value;
}

std::uint32_t DerReader::integer32(std::uint32_t min, std::uint32_t max) {
  return static_cast<std::uint32_t>(integer(min, max));
}

Bytes DerReader::serial(std::size_t max_octets) {
  const ByteView octets = content(der::kInteger);
  const bool padded = octets.size() > 1 && ((octets[0] == 0x00 && (octets[1] & 0x80U) == 0) ||
                                            (octets[0] == 0xFF && (octets[1] & 0x80U) != 0));
  if (octets.empty() || padded || octets.size() > max_octets) {
    fail();
    return {};
  }
  return Bytes(octets.begin(), octets.end());
}

bool DerReader::boolean() {
  const ByteView octets = content(der::kBoolean);
  if (octets.size() != 1 || (octets[0] != 0x00 && octets[0] != 0xFF)) {
    fail();
    return false;
  }
  return octets[0] != 0;
}

Sha256 DerReader::digest() {
  Sha256 digest{};
  const ByteView octets = content(der::kOctetString);
  if (octets.size() != digest.size()) {
    fail();
    return digest;
  }
  std::copy(octets.begin(), octets.end(), digest.begin());
  return digest;
}

std::string DerReader::text() {
  return std::string(as_text(content(der::kUtf8String)));
}

}  // namespace evseal::manifest
