// Secrets in locked memory that is wiped when it goes. No stream operator, no copy, no conversion
// to std::string.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "evseal/base/result.hpp"

namespace evseal {

/// Up to `capacity` octets in memory that is locked, guarded, left out of core dumps and wiped
/// (libsodium).
class Secret {
 public:
  Secret() = default;
  /// Errors: internal, when the system refuses to lock memory.
  [[nodiscard]] static Result<Secret> allocate(std::size_t capacity);
  ~Secret();
  Secret(Secret&& other) noexcept;
  Secret& operator=(Secret&& other) noexcept;
  Secret(const Secret&) = delete;
  Secret& operator=(const Secret&) = delete;

  [[nodiscard]] std::span<std::uint8_t> buffer() { return {data_, capacity_}; }
  [[nodiscard]] std::span<const std::uint8_t> bytes() const { return {data_, size_}; }
  [[nodiscard]] std::size_t size() const { return size_; }
  [[nodiscard]] bool empty() const { return size_ == 0; }
  void set_size(std::size_t size);

 private:
  std::uint8_t* data_ = nullptr;
  std::size_t capacity_ = 0;
  std::size_t size_ = 0;
};

/// For the start of every program that touches secrets: no core dumps, not traceable by others.
void disable_core_dumps() noexcept;

}  // namespace evseal
