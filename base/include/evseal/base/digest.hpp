// SHA-256 and SHA-2 one-shots over OpenSSL, for the tools. The verify library has its own port.
#pragma once

#include <array>
#include <cstdint>
#include <memory>

#include "evseal/base/bytes.hpp"

namespace evseal {

using Sha256 = std::array<std::uint8_t, 32>;

/// An incremental SHA-256. Not copyable; one thread at a time.
class Sha256Stream {
 public:
  Sha256Stream();
  ~Sha256Stream();
  Sha256Stream(Sha256Stream&&) noexcept;
  Sha256Stream& operator=(Sha256Stream&&) noexcept;
  Sha256Stream(const Sha256Stream&) = delete;
  Sha256Stream& operator=(const Sha256Stream&) = delete;

  void update(ByteView bytes);
  /// The digest; the stream must not be used afterwards.
  [[nodiscard]] Sha256 finish();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

[[nodiscard]] Sha256 sha256(ByteView bytes);
/// SHA-256, SHA-384 or SHA-512 by its output size in bits.
[[nodiscard]] Bytes sha2(int bits, ByteView bytes);

}  // namespace evseal
