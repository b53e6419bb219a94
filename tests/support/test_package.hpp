// Packages for tests, made with the project's own signing side and keys that exist for one run
// only.
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "evseal/manifest/device.hpp"
#include "evseal/manifest/recipe.hpp"
#include "evseal/sign/certificate.hpp"
#include "evseal/sign/package.hpp"

namespace evseal::test {

/// A folder that is removed with its content.
class TemporaryFolder {
 public:
  TemporaryFolder();
  ~TemporaryFolder();
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  [[nodiscard]] const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

/// The value of a result, or a failed test that says what went wrong.
template <typename T>
T must(Result<T> result);
void must(Result<void> result);
[[noreturn]] void fail_with(const Error& error);

template <typename T>
T must(Result<T> result) {
  if (!result) {
    fail_with(result.error());
  }
  return std::move(*result);
}

/// "p256", "p384", "rsa2048", "rsa3072", "ed25519": a fresh key in a PEM file of the folder.
[[nodiscard]] std::unique_ptr<hsm::Signer> make_key(const std::filesystem::path& folder,
                                                    const std::string& algorithm);

inline constexpr std::int64_t kSigningTime = 1'800'000'000;  // 2027-01-15

/// Root, intermediate, firmware certificate; a profile and a factory-new state of acme/ac22.
struct World {
  TemporaryFolder folder;
  std::string algorithm;
  Bytes root;
  std::unique_ptr<hsm::Signer> root_key;
  std::unique_ptr<hsm::Signer> intermediate_key;
  sign::Identity identity;
  manifest::Profile profile;
  manifest::Recipe recipe;

  explicit World(const std::string& algorithm);

  /// The recipe's components get files with these octets.
  void set_component(const std::string& id, const Bytes& image, std::uint32_t security_version = 1);
  [[nodiscard]] sign::Device device() const;
  /// The package as octets, after the device's verifier has accepted it.
  [[nodiscard]] Bytes package();
};

/// Octets that do not repeat, the same for the same seed.
[[nodiscard]] Bytes pattern(std::size_t size, unsigned seed = 1);

}  // namespace evseal::test
