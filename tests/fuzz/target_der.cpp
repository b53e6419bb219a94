// The DER reader: against a second reader written here, and against its own promises.
#include <algorithm>
#include <optional>

#include "fuzz.hpp"

extern "C" {
#include "der.h"
}

namespace {

using namespace evseal;
using namespace evseal::fuzz;

struct Element {
  std::size_t header = 0;
  std::size_t content = 0;
};

/// X.690 sections 8.1.2 to 10.1 read backwards: the header that DER gives this content, compared.
std::optional<Element> model(ByteView bytes) {
  if (bytes.size() < 2 || bytes[0] == 0 || (bytes[0] & 31U) == 31U) {
    return std::nullopt;
  }
  std::size_t octets = 0;
  std::uint64_t content = bytes[1];
  if (bytes[1] > 127) {
    octets = bytes[1] - 128U;
    if (octets < 1 || octets > 4 || bytes.size() < 2 + octets) {
      return std::nullopt;
    }
    content = 0;
    for (std::size_t i = 0; i < octets; ++i) {
      content = content * 256 + bytes[2 + i];
    }
    const std::uint64_t least = octets == 1 ? 128 : std::uint64_t{1} << (8 * (octets - 1));
    if (content < least) {
      return std::nullopt;
    }
  }
  if (content > bytes.size() - 2 - octets) {
    return std::nullopt;
  }
  return Element{2 + octets, static_cast<std::size_t>(content)};
}

/// A function that fails leaves the reader where it was; one that succeeds moves it by one element.
template <typename Read>
bool moves_right(der_reader& reader, Read read) {
  const der_reader before = reader;
  const bool read_it = read(&reader);
  const auto element = model({before.at, before.left});
  FUZZ_REQUIRE(!read_it || element.has_value());
  const std::size_t moved = read_it ? element->header + element->content : 0;
  FUZZ_REQUIRE(reader.at == before.at + moved && reader.left == before.left - moved);
  return read_it;
}

void check_integers(der_reader reader) {
  der_reader copy = reader;
  evseal_span content{};
  evseal_span magnitude{};
  std::uint64_t value = 0;
  bool equal = false;
  const bool integer =
      moves_right(copy, [&](der_reader* r) { return evseal_der_read_integer(r, &content); });
  FUZZ_REQUIRE(!integer || (content.len > 0 && within(content, {reader.at, reader.left})));
  copy = reader;
  const bool positive =
      moves_right(copy, [&](der_reader* r) { return evseal_der_read_positive(r, &magnitude); });
  FUZZ_REQUIRE(positive == (integer && content.data[0] < 128));
  FUZZ_REQUIRE(!positive || magnitude.len == 1 || magnitude.data[0] != 0);
  copy = reader;
  const bool small = moves_right(
      copy, [&](der_reader* r) { return evseal_der_read_unsigned(r, 0xFFFFFF, &value); });
  FUZZ_REQUIRE(small == (positive && magnitude.len <= 3));
  copy = reader;
  (void)moves_right(copy, [&](der_reader* r) { return evseal_der_read_constant(r, 3, &equal); });
  FUZZ_REQUIRE(!small || equal == (value == 3));
}

void check_others(der_reader reader) {
  evseal_span octets{};
  std::uint32_t bits = 0;
  std::int64_t seconds = 0;
  bool flag = false;
  der_reader copy = reader;
  (void)moves_right(copy, [&](der_reader* r) { return evseal_der_read_boolean(r, &flag); });
  copy = reader;
  (void)moves_right(copy, [&](der_reader* r) { return evseal_der_read_octet_bits(r, &octets); });
  FUZZ_REQUIRE(within(octets, {reader.at, reader.left}));
  copy = reader;
  (void)moves_right(copy, [&](der_reader* r) { return evseal_der_read_named_bits(r, &bits); });
  copy = reader;
  if (moves_right(copy, [&](der_reader* r) { return evseal_der_read_time(r, &seconds); })) {
    const bool utc = reader.at[0] == DER_UTC_TIME;
    FUZZ_REQUIRE(seconds >= -631152000 && seconds <= 253402300799);  // 1950 to 9999
    FUZZ_REQUIRE(utc == (seconds < 2524608000));                     // 2050
  }
}

/// X.690 section 11.6 as it is written: the shorter one padded with zero octets.
bool padded_below(ByteView a, ByteView b) {
  for (std::size_t i = 0; i < std::max(a.size(), b.size()); ++i) {
    const unsigned x = i < a.size() ? a[i] : 0U;
    const unsigned y = i < b.size() ? b[i] : 0U;
    if (x != y) {
      return x < y;
    }
  }
  return false;
}

void walk(ByteView bytes, unsigned depth) {
  der_reader reader = der_open(span_of(bytes));
  evseal_span before{};
  for (std::size_t count = 0; count < 64; ++count) {
    check_integers(reader);
    check_others(reader);
    unsigned tag = 0;
    evseal_span content{};
    evseal_span whole{};
    const auto expected = model({reader.at, reader.left});
    const bool read = moves_right(
        reader, [&](der_reader* r) { return evseal_der_read_any(r, &tag, &content, &whole); });
    FUZZ_REQUIRE(read == expected.has_value());
    if (!read) {
      return;
    }
    FUZZ_REQUIRE(content.len == expected->content && whole.len == content.len + expected->header);
    FUZZ_REQUIRE(tag == whole.data[0] && content.data == whole.data + expected->header);
    if (before.len > 0) {
      FUZZ_REQUIRE(evseal_der_in_set_order(before, whole) ==
                   padded_below(view_of(before), view_of(whole)));
      FUZZ_REQUIRE(!evseal_der_in_set_order(whole, whole));
    }
    before = whole;
    if (depth < 8) {
      walk(view_of(content), depth + 1);
    }
  }
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size <= 4096) {
    walk({data, size}, 0);
  }
  return 0;
}
