// What every fuzz target shares: checks that stop the fuzzer, spans that must lie within the input.
//
// A target is a file with LLVMFuzzerTestOneInput(). It is linked with libFuzzer in the preset
// `fuzz`, and with replay.cpp everywhere else. A broken invariant is a crash, as an overrun is.
#pragma once

#include <evseal/types.h>

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>

#include "evseal/base/bytes.hpp"

// Unlike assert() in every build, and with the line on stderr before the fuzzer's own report.
#define FUZZ_REQUIRE(condition)                                                              \
  do {                                                                                       \
    if (!(condition)) {                                                                      \
      std::fprintf(stderr, "%s:%d: invariant broken: %s\n", __FILE__, __LINE__, #condition); \
      std::abort();                                                                          \
    }                                                                                        \
  } while (false)

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace evseal::fuzz {

[[nodiscard]] inline ByteView view_of(evseal_span span) {
  return {span.data, span.len};
}
[[nodiscard]] inline evseal_span span_of(ByteView bytes) {
  return {bytes.data(), bytes.size()};
}
[[nodiscard]] inline evseal_span span_of(const Bytes& bytes) {
  return {bytes.data(), bytes.size()};
}

/// An empty span may point nowhere; any other lies within `whole`.
[[nodiscard]] inline bool within(evseal_span part, ByteView whole) {
  return part.len == 0 ||
         (part.data >= whole.data() && part.len <= whole.size() &&
          static_cast<std::size_t>(part.data - whole.data()) <= whole.size() - part.len);
}

[[nodiscard]] inline bool same_octets(ByteView a, ByteView b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end());
}

/// A stream of numbers from one seed: the same on every machine, unlike <random>'s distributions.
class Dice {
 public:
  explicit Dice(std::uint64_t seed) : state_(seed * 2 + 1) {}
  std::uint32_t next() {
    state_ = state_ * 6364136223846793005U + 1442695040888963407U;
    return static_cast<std::uint32_t>(state_ >> 33U);
  }
  /// 0 to below - 1; 0 where `below` is 0.
  std::size_t below(std::size_t below) { return below == 0 ? 0 : next() % below; }
  bool one_in(std::size_t n) { return below(n) == 0; }

 private:
  std::uint64_t state_;
};

}  // namespace evseal::fuzz
