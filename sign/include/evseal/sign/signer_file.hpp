// The signer file: what signing needs, said once.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "evseal/base/result.hpp"

namespace evseal::sign {

/// JSON: {"signer":1, "key":URI, "certificate":FILE, "chain":[FILE...], "module":PATH,
/// "devices":[FILE...], "crls":[FILE...]}. File names are relative to the signer file's folder.
/// In the place of key, certificate, chain and module it may have "signers":[FILE...], other signer
/// files that sign together.
struct SignerFile {
  std::string key;  ///< RFC 7512 URI or file:PATH
  std::filesystem::path certificate;
  std::vector<std::filesystem::path> chain;
  std::optional<std::string> module;
  std::vector<std::filesystem::path> devices;
  std::vector<std::filesystem::path> crls;
  std::vector<std::filesystem::path> signers;
};

/// Errors: usage for an unknown or missing member, io.
[[nodiscard]] Result<SignerFile> load_signer_file(const std::filesystem::path& path);

/// The files with a key that several signer files mean, in their order; those that they name stand
/// in their place, with the devices and CRLs of who named them. Errors: usage for files that name
/// each other in a circle, or more than one level deep.
[[nodiscard]] Result<std::vector<SignerFile>> load_signer_files(
    const std::vector<std::string>& paths);

}  // namespace evseal::sign
