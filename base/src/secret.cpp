#include "evseal/base/secret.hpp"

#include <sodium.h>
#include <sys/prctl.h>
#include <sys/resource.h>

#include <utility>

namespace evseal {

Result<Secret> Secret::allocate(std::size_t capacity) {
  if (sodium_init() < 0) {
    return Error{ErrorCode::internal, "libsodium", "cannot be initialised"};
  }
  Secret secret;
  secret.data_ = static_cast<std::uint8_t*>(sodium_malloc(capacity == 0 ? 1 : capacity));
  if (secret.data_ == nullptr) {
    return Error{ErrorCode::internal, "locked memory", "the system refuses to lock memory",
                 "raise the limit: ulimit -l 1024"};
  }
  secret.capacity_ = capacity;
  return secret;
}

Secret::~Secret() {
  sodium_free(data_);
}

Secret::Secret(Secret&& other) noexcept
    : data_(std::exchange(other.data_, nullptr)),
      capacity_(std::exchange(other.capacity_, 0)),
      size_(std::exchange(other.size_, 0)) {}

Secret& Secret::operator=(Secret&& other) noexcept {
  if (this != &other) {
    sodium_free(data_);
    data_ = std::exchange(other.data_, nullptr);
    capacity_ = std::exchange(other.capacity_, 0);
    size_ = std::exchange(other.size_, 0);
  }
  return *this;
}

void Secret::set_size(std::size_t size) {
  size_ = size <= capacity_ ? size : capacity_;
}

void disable_core_dumps() noexcept {
  const rlimit none{0, 0};
  (void)setrlimit(RLIMIT_CORE, &none);
  (void)prctl(PR_SET_DUMPABLE, 0);
}

}  // namespace evseal
