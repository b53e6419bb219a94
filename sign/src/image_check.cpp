#include "evseal/sign/image_check.hpp"

#include <algorithm>

namespace evseal::sign {

Result<void> ImageCheck::begin(const evseal_component& component, Sink sink) {
  id_ = std::string(reinterpret_cast<const char*>(component.id.data), component.id.len);
  std::copy_n(component.sha256, expected_.size(), expected_.begin());
  size_ = 0;
  sink_ = std::move(sink);
  inflater_.reset();
  digest_.emplace();
  if (component.encoding == EVSEAL_ENCODING_GZIP) {
    EVSEAL_TRY(manifest::Inflater inflater,
               manifest::Inflater::create(component.size, expected_,
                                          [this](ByteView bytes) { return take(bytes); }));
    inflater_ = std::move(inflater);
  }
  return {};
}

Result<void> ImageCheck::take(ByteView image) {
  size_ += image.size();
  if (!inflater_) {
    digest_->update(image);
  }
  return sink_ ? sink_(image) : Result<void>();
}

Result<void> ImageCheck::chunk(ByteView stored) {
  return inflater_ ? inflater_->push(stored) : take(stored);
}

Result<void> ImageCheck::end() {
  if (inflater_) {
    return inflater_->finish();
  }
  if (digest_->finish() != expected_) {
    return Error{ErrorCode::malformed, "component " + id_,
                 "its sha256 is not what the manifest says, although its tree holds",
                 "the package was built wrongly: build it again"};
  }
  return {};
}

}  // namespace evseal::sign
