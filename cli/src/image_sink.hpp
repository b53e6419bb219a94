// Verified octets on their way to images: inflated, hashed, and written where wanted.
#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "evseal/base/digest.hpp"
#include "evseal/base/file.hpp"
#include "evseal/sign/image_check.hpp"
#include "evseal/sign/package_check.hpp"

namespace evseal::cli {

struct ExtractedImage {
  std::string id;
  std::filesystem::path path;
  std::uint64_t size = 0;
  Sha256 sha256{};
};

/// Checks each image's own size and sha256 too (`verify --full`), and writes the images when there
/// is a folder. Files get their names with commit(), after the final verdict.
class ImageFiles : public sign::ImageSink {
 public:
  ImageFiles(std::optional<std::filesystem::path> folder, std::vector<std::string> only,
             OutputFile::Mode mode)
      : folder_(std::move(folder)), only_(std::move(only)), mode_(mode) {}

  Result<bool> begin(const evseal_component& component) override;
  Result<void> chunk(ByteView bytes) override;
  Result<void> end() override;
  Result<void> commit();
  [[nodiscard]] const std::vector<ExtractedImage>& images() const { return images_; }
  /// Ids that were asked for and did not come.
  [[nodiscard]] std::vector<std::string> missing() const;

 private:
  [[nodiscard]] bool wanted(const std::string& id) const;

  std::optional<std::filesystem::path> folder_;
  std::vector<std::string> only_;
  OutputFile::Mode mode_;
  std::vector<ExtractedImage> images_;
  std::vector<OutputFile> files_;
  sign::ImageCheck check_;
  std::optional<OutputFile> file_;
};

}  // namespace evseal::cli
