// The device of a package or resume input: its memory, and a verifier that has been started in it.
#pragma once

#include <evseal/verify.h>

#include <memory>

#include "evseal/base/digest.hpp"
#include "fuzz.hpp"
#include "package_input.hpp"

namespace evseal::fuzz {

/// The profile and state of an input, the context and the workspace.
class PackageDevice {
 public:
  /// The input must outlive it.
  explicit PackageDevice(const PackageInput& input);

  /// evseal_verify_init() with these callbacks, on memory that holds nothing of an earlier run;
  /// `hash_chunks` is set here, where the input says so.
  evseal_status start(evseal_callbacks callbacks);
  [[nodiscard]] evseal_verify_ctx* ctx() const { return ctx_.get(); }
  [[nodiscard]] evseal_span state() const;

 private:
  const PackageInput& input_;
  Bytes profile_;
  Bytes state_;
  std::unique_ptr<evseal_verify_ctx> ctx_ = std::make_unique<evseal_verify_ctx>();
  std::unique_ptr<std::uint8_t[]> workspace_;
};

/// The tree root of octets that were released: RFC 9162 section 2.1, by recursion.
[[nodiscard]] Sha256 tree_of(ByteView bytes, std::size_t chunk);

}  // namespace evseal::fuzz
