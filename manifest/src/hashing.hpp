// SHA-256 for the inner loops: one context used over and over. base's one-shots fetch the algorithm
// each time, which for a chunk of 4 KiB costs as much as the hashing.
#pragma once

#include <openssl/evp.h>

#include <initializer_list>
#include <memory>

#include "evseal/base/bytes.hpp"
#include "evseal/base/digest.hpp"

namespace evseal::manifest {

/// Hashes octet strings one after the other. One thread at a time.
class Hasher {
 public:
  Hasher();
  /// SHA-256 over the parts in order.
  [[nodiscard]] Sha256 hash(std::initializer_list<ByteView> parts);

  /// Of this thread.
  [[nodiscard]] static Hasher& local();

 private:
  struct Free {
    void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
  };
  std::unique_ptr<EVP_MD_CTX, Free> context_;
};

}  // namespace evseal::manifest
