#include "image_sink.hpp"

#include <algorithm>

namespace evseal::cli {

bool ImageFiles::wanted(const std::string& id) const {
  return only_.empty() || std::find(only_.begin(), only_.end(), id) != only_.end();
}

Result<bool> ImageFiles::begin(const evseal_component& component) {
  current_ = {};
  current_.id = std::string(reinterpret_cast<const char*>(component.id.data), component.id.len);
  std::copy_n(component.sha256, current_.sha256.size(), current_.sha256.begin());
  file_.reset();
  inflater_.reset();
  digest_.emplace();
  if (folder_ && wanted(current_.id)) {
    current_.path = *folder_ / (current_.id + ".img");
    EVSEAL_TRY(OutputFile file, OutputFile::create(current_.path, mode_));
    file_ = std::move(file);
  }
  if (component.encoding == EVSEAL_ENCODING_GZIP) {
    EVSEAL_TRY(manifest::Inflater inflater,
               manifest::Inflater::create(component.size, current_.sha256,
                                          [this](ByteView bytes) { return take(bytes); }));
    inflater_ = std::move(inflater);
  }
  return true;
}

Result<void> ImageFiles::take(ByteView image_bytes) {
  current_.size += image_bytes.size();
  if (!inflater_) {
    digest_->update(image_bytes);
  }
  return file_ ? file_->write(image_bytes) : Result<void>();
}

Result<void> ImageFiles::chunk(ByteView bytes) {
  return inflater_ ? inflater_->push(bytes) : take(bytes);
}

Result<void> ImageFiles::end() {
  if (inflater_) {
    EVSEAL_CHECK(inflater_->finish());
  } else if (digest_->finish() != current_.sha256) {
    return Error{ErrorCode::malformed, "component " + current_.id,
                 "its sha256 is not what the manifest says, although its tree holds",
                 "the package was built wrongly: build it again", "manifest_schema"};
  }
  if (file_) {
    files_.push_back(std::move(*file_));
    file_.reset();
  }
  if (!folder_ || wanted(current_.id)) {
    images_.push_back(current_);
  }
  return {};
}

Result<void> ImageFiles::commit() {
  for (OutputFile& file : files_) {
    EVSEAL_CHECK(file.commit());
  }
  return {};
}

std::vector<std::string> ImageFiles::missing() const {
  std::vector<std::string> out;
  for (const std::string& id : only_) {
    const bool found = std::any_of(images_.begin(), images_.end(),
                                   [&](const ExtractedImage& image) { return image.id == id; });
    if (!found) {
      out.push_back(id);
    }
  }
  return out;
}

}  // namespace evseal::cli
