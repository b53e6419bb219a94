// The signer file: what signing needs, said once.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "evseal/base/result.hpp"

namespace evseal::sign {

/// JSON: {"signer":1, "key":URI, "certificate":FILE, "chain":[FILE...], "module":PATH,
/// "devices":[FILE...]}. File names are relative to the signer file's folder.
struct SignerFile {
  std::string key;  ///< RFC 7512 URI or file:PATH
  std::filesystem::path certificate;
  std::vector<std::filesystem::path> chain;
  std::optional<std::string> module;
  std::vector<std::filesystem::path> devices;
};

/// Errors: usage for an unknown or missing member, io.
[[nodiscard]] Result<SignerFile> load_signer_file(const std::filesystem::path& path);

}  // namespace evseal::sign
