// Packages for tests, made with the project's own signing side and keys that exist for one run
// only.
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "evseal/manifest/device.hpp"
#include "evseal/manifest/package_file.hpp"
#include "evseal/manifest/recipe.hpp"
#include "evseal/sign/certificate.hpp"
#include "evseal/sign/crl.hpp"
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

/// A root with its key, and what stands below it.
struct Authority {
  std::unique_ptr<hsm::Signer> key;
  Bytes certificate;

  [[nodiscard]] manifest::Anchor anchor() const;
  /// A list of this issuer, after `last` where there is one.
  [[nodiscard]] Bytes crl(const std::vector<Bytes>& revoked_serials = {},
                          const Bytes& last = {}) const;
};

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

  std::vector<Bytes> crls;                    ///< go into every package
  std::vector<sign::Identity*> more_signers;  ///< sign every package, beside `identity`
  std::int64_t signing_time = kSigningTime;

  explicit World(const std::string& algorithm);

  [[nodiscard]] Authority root_authority() const;
  [[nodiscard]] Authority intermediate_authority() const;
  /// A new root.
  [[nodiscard]] Authority authority(const std::string& name) const;
  /// A certificate with a new key directly below an authority, valid for some days after
  /// kSigningTime.
  [[nodiscard]] sign::Identity leaf(const Authority& issuer, sign::CertificateKind kind,
                                    const std::string& name, int days = 365) const;
  /// The serial number of an identity's own certificate.
  [[nodiscard]] static Bytes serial(const sign::Identity& identity);
  [[nodiscard]] static Sha256 key_hash(const sign::Identity& identity);

  /// A role that firmware needs too, with an anchor of its own.
  manifest::Role& add_role(const std::string& name, const Authority& authority);
  /// Trust officers below `authority` whose threshold a trust-update needs.
  manifest::Role& add_officers(const Authority& authority,
                               const std::vector<const sign::Identity*>& officers,
                               std::uint32_t threshold);
  /// A trust-update that these sign; the device takes it, or lacks signers where `partial`.
  [[nodiscard]] Bytes trust_update(std::uint32_t epoch, const manifest::TrustStore& store,
                                   const std::vector<sign::Identity*>& signers,
                                   const sign::Device& before,
                                   const std::optional<manifest::Resets>& resets = {},
                                   bool partial = false);
  [[nodiscard]] sign::Signing signing() const;

  /// The recipe's components get files with these octets.
  void set_component(const std::string& id, const Bytes& image, std::uint32_t security_version = 1);
  [[nodiscard]] sign::Device device() const;
  /// The package as octets, after the device's verifier has accepted it.
  [[nodiscard]] Bytes package();
};

/// How a device judges a file, with the steps in front of it, and what it becomes.
[[nodiscard]] sign::Verdict judge(const TemporaryFolder& folder, const Bytes& file,
                                  const sign::Device& device);
/// The device after it took a package: at once, or after the boot.
[[nodiscard]] sign::Device after(sign::Device device, const sign::Verdict& verdict);

/// The manifest of a package, as its octets stand there.
[[nodiscard]] Bytes manifest_of(const Bytes& file);

/// The same manifest and payload under an envelope that these make, whatever the signing side would
/// say to it. An empty `manifest` stands for the file's own.
[[nodiscard]] Bytes resealed(const Bytes& file, const std::vector<sign::Identity*>& signers,
                             std::int64_t time, const std::vector<Bytes>& crls = {},
                             const Bytes& manifest = {});

/// Octets that do not repeat, the same for the same seed.
[[nodiscard]] Bytes pattern(std::size_t size, unsigned seed = 1);

}  // namespace evseal::test
