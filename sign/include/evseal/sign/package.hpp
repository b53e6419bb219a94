// From a recipe, or from what an untrusted build job made of it, to a signed package.
//
// The signer asks the verifier: nothing here gets its final name that the shipped C verifier would
// refuse for one of the given devices.
#pragma once

#include <atomic>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "evseal/base/digest.hpp"
#include "evseal/base/file.hpp"
#include "evseal/base/result.hpp"
#include "evseal/manifest/recipe.hpp"
#include "evseal/sign/envelope.hpp"
#include "evseal/sign/package_check.hpp"

namespace evseal::sign {

struct WorkOptions {
  OutputFile::Mode mode = OutputFile::Mode::keep_existing;
  unsigned threads = 0;  ///< 0: one for each processor
  /// `step` is "packaging", "copying" or "verifying".
  std::function<void(const char* step, std::uint64_t done, std::uint64_t total)> progress = {};
  const std::atomic<bool>* cancel = nullptr;
};

struct PackageResult {
  Bytes manifest;
  Sha256 identity{};
  std::uint64_t size = 0;  ///< of the file
};

/// One device profile and how the new package fared there.
struct DeviceCheck {
  std::string device;
  std::vector<std::uint32_t> hardware;  ///< revisions that were tried
};

struct SignedResult : PackageResult {
  std::int64_t signing_time = 0;
  std::vector<DeviceCheck> devices;
};

/// A package without a signature (`evseal build`). Errors: those of the recipe and of the files.
[[nodiscard]] Result<PackageResult> build_package(const manifest::Recipe& recipe,
                                                  std::int64_t created,
                                                  const std::filesystem::path& out,
                                                  const WorkOptions& options = {});

/// Packages a recipe, signs it and lets each device's verifier judge it before it gets its name. At
/// least one device. Errors: refused for a certificate that is expired or of another stage; those
/// of the signer; what a verifier refuses.
[[nodiscard]] Result<SignedResult> sign_recipe(const manifest::Recipe& recipe, std::int64_t created,
                                               Identity& identity,
                                               const std::vector<Device>& devices,
                                               std::int64_t signing_time,
                                               const std::filesystem::path& out,
                                               const WorkOptions& options = {});

/// The same for the output of build_package(); its payload is copied, and judged by the verifier
/// like any other.
[[nodiscard]] Result<SignedResult> sign_unsigned(
    const std::filesystem::path& package, Identity& identity, const std::vector<Device>& devices,
    std::int64_t signing_time, const std::filesystem::path& out, const WorkOptions& options = {});

/// True for a file that begins with the magic of a package.
[[nodiscard]] Result<bool> is_package_file(const std::filesystem::path& path);

}  // namespace evseal::sign
