// From a recipe, or from what an untrusted build job made of it, to a signed package; and the life
// of a package afterwards: further signers, new signatures, newer CRLs.
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

/// Who signs, when, what revocation lists travel along, and which devices must accept the result.
struct Signing {
  std::vector<Identity*> identities;  ///< at least one; not owned
  std::vector<Bytes> crls = {};       ///< DER; the newest of each issuer goes into the envelope
  std::vector<Device> devices = {};   ///< at least one
  std::int64_t time = 0;              ///< seconds since 1970
  /// A package that lacks nothing but further signers may be written.
  bool partial = false;
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
  bool partial = false;                 ///< further signers are needed before this device takes it
  std::vector<SignerVerdict> signers;   ///< as this device judges them
};

struct SignedResult : PackageResult {
  std::int64_t signing_time = 0;
  std::vector<DeviceCheck> devices;
  std::vector<manifest::CrlEntry> crls;  ///< of the envelope, ascending by issuer key

  /// True where at least one device does not take it yet.
  [[nodiscard]] bool partial() const;
};

/// A package without a signature (`evseal build`); of a trust-update's recipe too. Errors: those of
/// the recipe and of the files.
[[nodiscard]] Result<PackageResult> build_package(const manifest::Recipe& recipe,
                                                  std::int64_t created,
                                                  const std::filesystem::path& out,
                                                  const WorkOptions& options = {});

/// Packages a recipe, signs it and lets each device's verifier judge it before it gets its name.
/// The manifest names the CRLs (docs/format.md §6.2), so that nobody can take them out again.
/// Errors: refused for a certificate that is expired or of another stage; those of the signer; what
/// a verifier refuses.
[[nodiscard]] Result<SignedResult> sign_recipe(const manifest::Recipe& recipe, std::int64_t created,
                                               const Signing& signing,
                                               const std::filesystem::path& out,
                                               const WorkOptions& options = {});

/// The same for the output of build_package(); its payload is copied, and judged by the verifier
/// like any other. With CRLs the manifest gets `crls`, and with it the package another identity.
[[nodiscard]] Result<SignedResult> sign_unsigned(const std::filesystem::path& package,
                                                 const Signing& signing,
                                                 const std::filesystem::path& out,
                                                 const WorkOptions& options = {});

/// Further signers for the same manifest. Before anything is signed, every signature that the
/// package has already must hold, and each device must accept it as it is or lack nothing but
/// signers. Errors: refused otherwise, and for a key that signed it already.
[[nodiscard]] Result<SignedResult> add_signers(const std::filesystem::path& package,
                                               const Signing& signing,
                                               const std::filesystem::path& out,
                                               const WorkOptions& options = {});

/// New signatures over the same manifest in the place of those whose role the new signers have;
/// other signers stay. `accept_old`: an old certificate may have expired for the devices (it must
/// have been valid when it signed), and nothing else. Errors: as add_signers().
[[nodiscard]] Result<SignedResult> resign(const std::filesystem::path& package,
                                          const Signing& signing, bool accept_old,
                                          const std::filesystem::path& out,
                                          const WorkOptions& options = {});

/// Newer CRLs in the place of older ones, without any key: manifest and signatures stay. Errors:
/// refused for a CRL that is older than the package's or whose issuer is no one's in the package;
/// what a verifier refuses.
[[nodiscard]] Result<SignedResult> refresh_crls(const std::filesystem::path& package,
                                                const std::vector<Bytes>& crls,
                                                const std::vector<Device>& devices,
                                                const std::filesystem::path& out,
                                                const WorkOptions& options = {});

/// A firmware package with trust-updates in front of it, which devices at an older epoch take first
/// (docs/format.md §2). Steps that it has already are replaced. Each device must accept the result.
[[nodiscard]] Result<SignedResult> put_steps_in_front(
    const std::filesystem::path& package, const std::vector<std::filesystem::path>& steps,
    const std::vector<Device>& devices, const std::filesystem::path& out,
    const WorkOptions& options = {});

/// A slice: what one controller needs of a package.
struct SlicedResult : SignedResult {
  std::vector<std::string> components;  ///< ids, in the manifest's order
  std::uint32_t mask = 0;               ///< as the header says it; 0 where it is the whole package
  std::size_t steps = 0;                ///< trust-updates in front, which came along
};

/// Header with the mask of these components, the envelope as it is, and their payload alone; steps
/// in front stay. Each device must accept the whole package and then the slice; one that says its
/// hardware revision is asked for that alone. The same components give the same octets.
/// Errors: usage for an unknown component, a slice and a trust-update; what a verifier refuses.
[[nodiscard]] Result<SlicedResult> slice_package(const std::filesystem::path& package,
                                                 const std::vector<std::string>& components,
                                                 const std::vector<Device>& devices,
                                                 const std::filesystem::path& out,
                                                 const WorkOptions& options = {});

/// True for a file that begins with the magic of a package, or of a trust-update.
[[nodiscard]] Result<bool> is_package_file(const std::filesystem::path& path);

}  // namespace evseal::sign
