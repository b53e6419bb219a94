// Folders, files and programs for the tests of this folder.
#pragma once

#include <unistd.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <random>
#include <string>
#include <string_view>

#include "evseal/base/bytes.hpp"
#include "evseal/base/file.hpp"
#include "evseal/manifest/model.hpp"
#include "evseal/manifest/recipe.hpp"

namespace evseal::manifest::testing {

namespace fs = std::filesystem;

/// A folder that goes with the test.
class TemporaryFolder {
 public:
  explicit TemporaryFolder(const fs::path& parent = fs::temp_directory_path()) {
    std::string name = (parent / "evseal-manifest-XXXXXX").string();
    if (::mkdtemp(name.data()) == nullptr) {
      std::abort();
    }
    path_ = name;
  }
  ~TemporaryFolder() {
    std::error_code ignored;
    fs::remove_all(path_, ignored);
  }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;

  [[nodiscard]] const fs::path& path() const { return path_; }
  fs::path write(const std::string& name, std::string_view text) const {
    std::ofstream(path_ / name, std::ios::binary) << text;
    return path_ / name;
  }
  fs::path write(const std::string& name, ByteView bytes) const {
    return write(name, as_text(bytes));
  }

 private:
  fs::path path_;
};

/// Octets that do not compress, the same in each run.
inline Bytes noise(std::size_t size, unsigned seed = 1) {
  std::mt19937 generator(seed);
  Bytes bytes(size);
  for (std::uint8_t& byte : bytes) {
    byte = static_cast<std::uint8_t>(generator());
  }
  return bytes;
}

/// Octets like those of firmware: they compress, but not to nothing.
inline Bytes texture(std::size_t size, unsigned seed = 1) {
  std::mt19937 generator(seed);
  Bytes bytes(size);
  for (std::size_t i = 0; i < size; ++i) {
    const auto value = static_cast<unsigned>(generator());
    bytes[i] = static_cast<std::uint8_t>(value % 4 != 0 && i >= 64 ? bytes[i - 64] : value >> 8U);
  }
  return bytes;
}

inline Bytes read_all(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  const std::string text((std::istreambuf_iterator<char>(in)), std::istreambuf_iterator<char>());
  return Bytes(text.begin(), text.end());
}

/// Standard output of a shell command; `ok` says whether it succeeded.
struct CommandResult {
  bool ok = false;
  std::string output;
};

inline CommandResult run(const std::string& command) {
  CommandResult result;
  FILE* pipe = ::popen(command.c_str(), "r");  // NOLINT(cert-env33-c): fixed commands of the tests
  if (pipe == nullptr) {
    return result;
  }
  std::array<char, 4096> buffer{};
  for (std::size_t n = 0; (n = std::fread(buffer.data(), 1, buffer.size(), pipe)) > 0;) {
    result.output.append(buffer.data(), n);
  }
  result.ok = ::pclose(pipe) == 0;
  return result;
}

/// A recipe with one component for each file.
inline Recipe recipe_of(const std::vector<fs::path>& files) {
  Recipe recipe;
  recipe.name = "test recipe";
  recipe.package = {"acme-ac22", "acme", "1.0", Kind::firmware, Stage::dev};
  recipe.compatible.push_back({"acme", "ac22", {}, {}});
  for (const fs::path& file : files) {
    RecipeComponent component;
    component.id = "part" + std::to_string(recipe.components.size());
    component.file = file;
    component.version = "1.0";
    component.security_version = 1;
    recipe.components.push_back(std::move(component));
  }
  return recipe;
}

/// The firmware manifest that other tests change.
inline Manifest sample_manifest() {
  Manifest manifest;
  manifest.package = {"acme-ac22", "acme", "2.4.1", Kind::firmware, Stage::prod};
  manifest.created = 1767225600;  // 2026-01-01
  manifest.source = Source{"https://example.com/fw.git", "0123abc", std::nullopt};
  manifest.compatible.push_back({"acme", "ac22", HardwareRange{2, 4}, {"A1", "A2"}});
  Component component;
  component.id = "rootfs";
  component.version = "2.4.1";
  component.security_version = 7;
  component.size = 10000;
  component.stored_size = 10000;
  component.sha256.fill(0x11);
  component.tree_root.fill(0x22);
  component.hardware = HardwareRange{0, 3};
  component.load_address = 0x8000000;
  component.requirements = {{"boot", 1}, {"safety", 3}};
  component.preserve = {{0, 16}, {4096, 5904}};
  component.metrology = true;
  manifest.components.push_back(component);
  CrlEntry crl;
  crl.issuer_key.fill(0x33);
  crl.number = 12;
  manifest.crls.push_back(crl);
  SbomEntry sbom;
  sbom.name = "sbom.spdx.json";
  sbom.format = "spdx-2.3";
  sbom.sha256.fill(0x44);
  manifest.sbom.push_back(sbom);
  manifest.critical = {"hardware", "requires"};
  return manifest;
}

}  // namespace evseal::manifest::testing
