#include "image_sink.hpp"

#include <algorithm>

namespace evseal::cli {

bool ImageFiles::wanted(const std::string& id) const {
  return only_.empty() || std::find(only_.begin(), only_.end(), id) != only_.end();
}

Result<bool> ImageFiles::begin(const evseal_component& component) {
  const std::string id(reinterpret_cast<const char*>(component.id.data), component.id.len);
  file_.reset();
  if (folder_ && wanted(id)) {
    EVSEAL_TRY(OutputFile file, OutputFile::create(*folder_ / (id + ".img"), mode_));
    file_ = std::move(file);
  }
  EVSEAL_CHECK(check_.begin(
      component, [this](ByteView image) { return file_ ? file_->write(image) : Result<void>(); }));
  return true;
}

Result<void> ImageFiles::chunk(ByteView bytes) {
  return check_.chunk(bytes);
}

Result<void> ImageFiles::end() {
  EVSEAL_CHECK(check_.end());
  if (!folder_ || wanted(check_.id())) {
    images_.push_back({check_.id(), file_ ? file_->path() : std::filesystem::path(), check_.size(),
                       check_.sha256()});
  }
  if (file_) {
    files_.push_back(std::move(*file_));
    file_.reset();
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
