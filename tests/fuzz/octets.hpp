// How the inputs of several parts lie in a file: octets, and parts behind 2 octets of length. A
// length that is too large takes what is there.
#pragma once

#include <algorithm>
#include <array>

#include "evseal/base/bytes.hpp"

namespace evseal::fuzz {

[[nodiscard]] inline ByteView take(ByteView& rest, std::size_t size) {
  const ByteView out = rest.first(std::min(size, rest.size()));
  rest = rest.subspan(out.size());
  return out;
}

[[nodiscard]] inline Bytes take_counted(ByteView& rest) {
  const ByteView length = take(rest, 2);
  const std::size_t size = length.size() < 2 ? 0 : std::size_t{length[0]} << 8U | length[1];
  const ByteView out = take(rest, size);
  return {out.begin(), out.end()};
}

template <std::size_t N>
void take_array(ByteView& rest, std::array<std::uint8_t, N>& out) {
  const ByteView octets = take(rest, N);
  std::copy(octets.begin(), octets.end(), out.begin());
}

inline void put(Bytes& out, ByteView octets) {
  out.insert(out.end(), octets.begin(), octets.end());
}

inline void put_counted(Bytes& out, ByteView octets) {
  const std::size_t size = std::min<std::size_t>(octets.size(), 0xFFFF);
  out.push_back(static_cast<std::uint8_t>(size >> 8U));
  out.push_back(static_cast<std::uint8_t>(size));
  put(out, octets.first(size));
}

}  // namespace evseal::fuzz
