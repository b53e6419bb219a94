// Octets behind which no other octet can be read: a reader that goes past the end stops the
// program, with sanitizers and without.
#pragma once

#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <span>
#include <stdexcept>
#include <string_view>

#include "evseal/base/bytes.hpp"

namespace evseal::test {

class Guarded {
 public:
  explicit Guarded(ByteView octets) {
    const auto page = static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
    const std::size_t room = (octets.size() + page - 1) / page * page;
    len_ = room + page;
    void* const memory =
        mmap(nullptr, len_, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) {
      throw std::runtime_error("mmap failed");
    }
    memory_ = static_cast<std::uint8_t*>(memory);
    if (mprotect(memory_ + room, page, PROT_NONE) != 0) {
      throw std::runtime_error("mprotect failed");
    }
    octets_ = {memory_ + room - octets.size(), octets.size()};
    std::copy(octets.begin(), octets.end(), octets_.begin());
  }
  explicit Guarded(std::string_view text)
      : Guarded(ByteView(reinterpret_cast<const std::uint8_t*>(text.data()), text.size())) {}
  ~Guarded() { munmap(memory_, len_); }
  Guarded(const Guarded&) = delete;
  Guarded& operator=(const Guarded&) = delete;

  [[nodiscard]] std::span<std::uint8_t> octets() const { return octets_; }

 private:
  std::uint8_t* memory_ = nullptr;
  std::size_t len_ = 0;
  std::span<std::uint8_t> octets_;
};

}  // namespace evseal::test
