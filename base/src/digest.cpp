#include "evseal/base/digest.hpp"

#include <openssl/evp.h>

#include <cstdlib>

namespace evseal {

struct Sha256Stream::Impl {
  EVP_MD_CTX* context = EVP_MD_CTX_new();
  Impl() = default;
  ~Impl() { EVP_MD_CTX_free(context); }
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;
};

namespace {

// A digest that cannot be computed leaves nothing that the program could do safely.
void require(bool holds) {
  if (!holds) {
    std::abort();
  }
}

}  // namespace

Sha256Stream::Sha256Stream() : impl_(std::make_unique<Impl>()) {
  require(EVP_DigestInit_ex(impl_->context, EVP_sha256(), nullptr) == 1);
}
Sha256Stream::~Sha256Stream() = default;
Sha256Stream::Sha256Stream(Sha256Stream&&) noexcept = default;
Sha256Stream& Sha256Stream::operator=(Sha256Stream&&) noexcept = default;

void Sha256Stream::update(ByteView bytes) {
  require(EVP_DigestUpdate(impl_->context, bytes.data(), bytes.size()) == 1);
}

Sha256 Sha256Stream::finish() {
  Sha256 digest{};
  require(EVP_DigestFinal_ex(impl_->context, digest.data(), nullptr) == 1);
  return digest;
}

Sha256 sha256(ByteView bytes) {
  Sha256 digest{};
  require(EVP_Digest(bytes.data(), bytes.size(), digest.data(), nullptr, EVP_sha256(), nullptr) ==
          1);
  return digest;
}

Bytes sha2(int bits, ByteView bytes) {
  const EVP_MD* md = bits == 256 ? EVP_sha256() : bits == 384 ? EVP_sha384() : EVP_sha512();
  Bytes digest(static_cast<std::size_t>(EVP_MD_get_size(md)));
  require(EVP_Digest(bytes.data(), bytes.size(), digest.data(), nullptr, md, nullptr) == 1);
  return digest;
}

}  // namespace evseal
