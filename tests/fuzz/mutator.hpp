// What the custom mutators share: libFuzzer's own mutations as a function, and the frame.
#pragma once

#include <algorithm>

#include "mutate.hpp"

extern "C" std::size_t LLVMFuzzerMutate(std::uint8_t* data, std::size_t size, std::size_t max_size);

namespace evseal::fuzz {

inline Bytes scramble(Bytes octets, std::size_t max_size) {
  const std::size_t size = octets.size();
  octets.resize(std::max<std::size_t>({max_size, size, 1}));
  octets.resize(LLVMFuzzerMutate(octets.data(), size, octets.size()));
  return octets;
}

/// Puts the new input where libFuzzer wants it; one that is too long is given up for plain octets.
inline std::size_t deliver(const Bytes& made, std::uint8_t* data, std::size_t size,
                           std::size_t max_size) {
  if (made.size() > max_size || made.empty()) {
    return LLVMFuzzerMutate(data, size, max_size);
  }
  std::copy(made.begin(), made.end(), data);
  return made.size();
}

}  // namespace evseal::fuzz

extern "C" std::size_t LLVMFuzzerCustomMutator(std::uint8_t* data, std::size_t size,
                                               std::size_t max_size, unsigned seed);
