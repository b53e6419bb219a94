// An image's own size and digest, inflated where it is compressed, on top of the tree that the
// verifier has checked.
#pragma once

#include <evseal/manifest.h>

#include <functional>
#include <optional>
#include <string>

#include "evseal/base/digest.hpp"
#include "evseal/base/result.hpp"
#include "evseal/manifest/inflate.hpp"

namespace evseal::sign {

/// Follows one component at a time.
class ImageCheck {
 public:
  using Sink = std::function<Result<void>(ByteView image)>;

  /// `sink` gets the octets of the image as they come; it may be empty.
  [[nodiscard]] Result<void> begin(const evseal_component& component, Sink sink);
  /// Stored octets. Errors: malformed, status `inflate`; those of the sink.
  [[nodiscard]] Result<void> chunk(ByteView stored);
  /// Errors: malformed when the image is not what the manifest says, although its tree holds.
  [[nodiscard]] Result<void> end();

  [[nodiscard]] const std::string& id() const { return id_; }
  [[nodiscard]] std::uint64_t size() const { return size_; }
  [[nodiscard]] const Sha256& sha256() const { return expected_; }

 private:
  [[nodiscard]] Result<void> take(ByteView image);

  std::string id_;
  Sha256 expected_{};
  std::uint64_t size_ = 0;
  Sink sink_;
  std::optional<Sha256Stream> digest_;
  std::optional<manifest::Inflater> inflater_;
};

}  // namespace evseal::sign
