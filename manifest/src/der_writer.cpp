#include "evseal/manifest/der_writer.hpp"

#include <algorithm>
#include <string>

#include "evseal/base/time.hpp"

namespace evseal::manifest::der {
namespace {

constexpr std::uint8_t kContextPrimitive = 0x80;
constexpr std::uint8_t kContextConstructed = 0xA0;

Error bad_value(std::string_view text, std::string why) {
  return Error{ErrorCode::usage, "\"" + printable(text) + "\"", std::move(why)};
}

// X.690 §8.1.3, in the fewest octets (§10.1).
void put_length(Bytes& out, std::size_t length) {
  if (length < 0x80) {
    out.push_back(static_cast<std::uint8_t>(length));
    return;
  }
  std::uint8_t octets = 0;
  for (std::size_t rest = length; rest != 0; rest >>= 8U) {
    ++octets;
  }
  out.push_back(static_cast<std::uint8_t>(0x80U | octets));
  for (unsigned i = octets; i > 0; --i) {
    out.push_back(static_cast<std::uint8_t>(length >> (8 * (i - 1))));
  }
}

// A number of any size in base 128, most significant first: what OID arcs are written in.
class BigArc {
 public:
  void multiply_and_add(unsigned factor, unsigned summand) {
    unsigned carry = summand;
    for (auto digit = digits_.rbegin(); digit != digits_.rend(); ++digit) {
      const unsigned value = *digit * factor + carry;
      *digit = static_cast<std::uint8_t>(value & 0x7FU);
      carry = value >> 7U;
    }
    for (; carry != 0; carry >>= 7U) {
      digits_.insert(digits_.begin(), static_cast<std::uint8_t>(carry & 0x7FU));
    }
  }
  void put(Bytes& out) const {
    for (std::size_t i = 0; i < digits_.size(); ++i) {
      out.push_back(static_cast<std::uint8_t>(digits_[i] | (i + 1 < digits_.size() ? 0x80U : 0U)));
    }
  }

 private:
  std::vector<std::uint8_t> digits_ = {0};
};

bool is_arc(std::string_view text) {
  return !text.empty() && (text == "0" || text.front() != '0') &&
         std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

BigArc parse_arc(std::string_view digits) {
  BigArc arc;
  for (const char c : digits) {
    arc.multiply_and_add(10, static_cast<unsigned>(c - '0'));
  }
  return arc;
}

std::vector<std::string_view> split(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  for (;;) {
    const std::size_t end = text.find(separator);
    parts.push_back(text.substr(0, end));
    if (end == std::string_view::npos) {
      return parts;
    }
    text.remove_prefix(end + 1);
  }
}

// "YYYYMMDDHHMMSS" in UTC; nothing outside the years that four digits can write.
std::string digits_of_time(std::int64_t seconds) {
  constexpr std::int64_t first = -62167219200;  // 0000-01-01
  constexpr std::int64_t last = 253402300799;   // 9999-12-31
  std::string digits;
  if (seconds >= first && seconds <= last) {
    for (const char c : to_rfc3339(seconds)) {
      if (c >= '0' && c <= '9') {
        digits.push_back(c);
      }
    }
  }
  return digits;
}

constexpr std::int64_t kYear1950 = -631152000;
constexpr std::int64_t kYear2050 = 2524608000;

}  // namespace

Bytes tlv(std::uint8_t tag, ByteView content) {
  Bytes out;
  out.reserve(content.size() + 6);
  out.push_back(tag);
  put_length(out, content.size());
  out.insert(out.end(), content.begin(), content.end());
  return out;
}

Bytes retag(std::uint8_t tag, Bytes encoding) {
  encoding.front() = tag;
  return encoding;
}

Bytes concat(std::span<const Bytes> parts) {
  Bytes out;
  for (const Bytes& part : parts) {
    out.insert(out.end(), part.begin(), part.end());
  }
  return out;
}

Bytes integer(std::uint64_t value) {
  Bytes magnitude;
  for (unsigned i = 8; i > 0; --i) {
    magnitude.push_back(static_cast<std::uint8_t>(value >> (8 * (i - 1))));
  }
  return integer(ByteView(magnitude));
}

Bytes integer(ByteView magnitude) {
  while (!magnitude.empty() && magnitude.front() == 0) {
    magnitude = magnitude.subspan(1);
  }
  Bytes content;
  // A set first bit would read as a sign.
  if (magnitude.empty() || (magnitude.front() & 0x80U) != 0) {
    content.push_back(0);
  }
  content.insert(content.end(), magnitude.begin(), magnitude.end());
  return tlv(kInteger, content);
}

Bytes enumerated(std::uint8_t value) {
  return retag(kEnumerated, integer(std::uint64_t{value}));
}

Bytes boolean(bool value) {
  return {kBoolean, 1, static_cast<std::uint8_t>(value ? 0xFF : 0x00)};
}

Bytes null() {
  return {kNull, 0};
}

Bytes octet_string(ByteView value) {
  return tlv(kOctetString, value);
}

Bytes bit_string(ByteView value) {
  Bytes content = {0};
  content.insert(content.end(), value.begin(), value.end());
  return tlv(kBitString, content);
}

Bytes named_bits(std::initializer_list<unsigned> bits) {
  // X.690 §11.2.2: trailing zero bits are removed, so the last bit that is set decides the length.
  Bytes content = {0};
  for (const unsigned bit : bits) {
    if (content.size() < bit / 8 + 2) {
      content.resize(bit / 8 + 2);
    }
    content[bit / 8 + 1] = static_cast<std::uint8_t>(content[bit / 8 + 1] | 0x80U >> bit % 8);
  }
  if (bits.size() != 0) {
    content[0] = static_cast<std::uint8_t>(7 - std::max(bits) % 8);
  }
  return tlv(kBitString, content);
}

Bytes utf8_string(std::string_view text) {
  return tlv(kUtf8String, as_bytes(text));
}

Result<Bytes> printable_string(std::string_view text) {
  static constexpr std::string_view others = " '()+,-./:=?";
  const bool good = std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
           others.find(c) != std::string_view::npos;
  });
  if (!good) {
    return bad_value(text, "has a character that a PrintableString cannot hold");
  }
  return tlv(kPrintableString, as_bytes(text));
}

Result<Bytes> ia5_string(std::string_view text) {
  const auto ascii = [](char c) {
    const auto octet = static_cast<unsigned char>(c);
    return octet != 0 && octet < 0x80;
  };
  if (!std::all_of(text.begin(), text.end(), ascii)) {
    return bad_value(text, "has a character outside ASCII");
  }
  return tlv(kIa5String, as_bytes(text));
}

Result<Bytes> oid(std::string_view dotted) {
  const std::vector<std::string_view> arcs = split(dotted, '.');
  const bool top_known = arcs[0] == "0" || arcs[0] == "1" || arcs[0] == "2";
  // Below 0 and 1 the second arc is at most 39: both share the first number (X.690 §8.19.4).
  const bool second_fits = arcs.size() >= 2 && (arcs[0] == "2" || arcs[1].size() == 1 ||
                                                (arcs[1].size() == 2 && arcs[1] <= "39"));
  if (!top_known || !second_fits || !std::all_of(arcs.begin(), arcs.end(), is_arc)) {
    return bad_value(dotted, "is not an object identifier in dotted form");
  }
  Bytes content;
  BigArc first = parse_arc(arcs[1]);
  first.multiply_and_add(1, 40U * static_cast<unsigned>(arcs[0].front() - '0'));
  first.put(content);
  for (std::size_t i = 2; i < arcs.size(); ++i) {
    parse_arc(arcs[i]).put(content);
  }
  return tlv(kOid, content);
}

Result<Bytes> utc_time(std::int64_t seconds) {
  const std::string digits = digits_of_time(seconds);
  if (digits.empty() || seconds < kYear1950 || seconds >= kYear2050) {
    return bad_value(std::to_string(seconds), "is no time from 1950 to 2049");
  }
  return tlv(kUtcTime, as_bytes(digits.substr(2) + "Z"));
}

Result<Bytes> generalized_time(std::int64_t seconds) {
  const std::string digits = digits_of_time(seconds);
  if (digits.empty()) {
    return bad_value(std::to_string(seconds), "is no time in the years 0 to 9999");
  }
  return tlv(kGeneralizedTime, as_bytes(digits + "Z"));
}

Result<Bytes> time(std::int64_t seconds) {
  return seconds >= kYear1950 && seconds < kYear2050 ? utc_time(seconds)
                                                     : generalized_time(seconds);
}

Bytes sequence(std::initializer_list<Bytes> parts) {
  return sequence(std::span<const Bytes>(parts.begin(), parts.size()));
}

Bytes sequence(std::span<const Bytes> parts) {
  return tlv(kSequence, concat(parts));
}

void sort_set_of(std::vector<Bytes>& elements) {
  std::sort(elements.begin(), elements.end(), [](const Bytes& a, const Bytes& b) {
    const std::size_t longest = std::max(a.size(), b.size());
    for (std::size_t i = 0; i < longest; ++i) {
      const std::uint8_t left = i < a.size() ? a[i] : std::uint8_t{0};
      const std::uint8_t right = i < b.size() ? b[i] : std::uint8_t{0};
      if (left != right) {
        return left < right;
      }
    }
    return false;
  });
}

Bytes set_of(std::vector<Bytes> elements) {
  sort_set_of(elements);
  return tlv(kSet, concat(elements));
}

Bytes explicit_tag(unsigned number, ByteView encoding) {
  return tlv(static_cast<std::uint8_t>(kContextConstructed | number), encoding);
}

Bytes implicit_primitive(unsigned number, ByteView content) {
  return tlv(static_cast<std::uint8_t>(kContextPrimitive | number), content);
}

Bytes implicit_constructed(unsigned number, ByteView content) {
  return tlv(static_cast<std::uint8_t>(kContextConstructed | number), content);
}

Bytes implicit_set_of(unsigned number, std::vector<Bytes> elements) {
  sort_set_of(elements);
  return implicit_constructed(number, concat(elements));
}

}  // namespace evseal::manifest::der
