// Unpacks a gzip component, and refuses what docs/format.md §8 says that who inflates must refuse.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>

#include "evseal/base/bytes.hpp"
#include "evseal/base/digest.hpp"
#include "evseal/base/result.hpp"

namespace evseal::manifest {

/// Inflates one gzip member that is pushed in pieces of any size. Feed it verified chunks only: it
/// is a consumer of the payload, not a check of its origin. Its memory is fixed (about 110 KiB).
class Inflater {
 public:
  /// Takes the octets of the image as they come. An error of it ends the work and is returned
  /// unchanged.
  using Sink = std::function<Result<void>(ByteView)>;

  /// `size` and `digest` are the manifest's `size` and `sha256`. Errors: internal, when zlib cannot
  /// start.
  [[nodiscard]] static Result<Inflater> create(std::uint64_t size, const Sha256& digest, Sink sink);
  ~Inflater();
  Inflater(Inflater&&) noexcept;
  Inflater& operator=(Inflater&&) noexcept;
  Inflater(const Inflater&) = delete;
  Inflater& operator=(const Inflater&) = delete;

  /// Errors: malformed, status `inflate`: not gzip, more octets than `size`, anything behind the
  /// member. Errors are final: each later call returns the same.
  [[nodiscard]] Result<void> push(ByteView stored);
  /// To be called after the last octet; only its success says that the image is whole.
  /// Errors: malformed, status `inflate`: the stream is cut off, fewer octets than `size`, another
  /// digest.
  [[nodiscard]] Result<void> finish();

 private:
  struct Impl;
  explicit Inflater(std::unique_ptr<Impl> impl);

  std::unique_ptr<Impl> impl_;
};

}  // namespace evseal::manifest
