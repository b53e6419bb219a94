// What a verdict costs, counted outside the library: a crypto backend that counts and passes on.
#pragma once

#include <evseal/crypto.h>

#include <cstdint>

namespace evseal::test {

struct Work {
  unsigned operations = 0;   ///< with public keys
  std::uint64_t hashed = 0;  ///< octets
};

/// What was done since reset_work(). One backend at a time, in one thread.
[[nodiscard]] const Work& work();
void reset_work();
/// The same functions as `backend`, counting. Valid as long as `backend`, and until the next call.
[[nodiscard]] evseal_crypto counting(const evseal_crypto& backend);

}  // namespace evseal::test
