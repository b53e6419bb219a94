#include "evseal/sign/package.hpp"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <map>

#include "evseal/manifest/payload_writer.hpp"
#include "release.hpp"

namespace evseal::sign {
namespace {

using manifest::Kind;
using manifest::Manifest;

// A guess that is rarely wrong; move_payload() corrects it when it is.
std::uint64_t guess_payload_offset(const manifest::Recipe& recipe, const Signing& signing) {
  std::size_t manifest_bytes =
      500 + recipe.compatible.size() * 120 + recipe.sbom.size() * 200 + signing.crls.size() * 110;
  for (const manifest::RecipeComponent& component : recipe.components) {
    manifest_bytes += 420 + component.version.size() + component.requirements.size() * 60;
  }
  return manifest::payload_offset_for(estimate_envelope(manifest_bytes, all_certificates(signing),
                                                        signing.crls, signing.identities.size()));
}

manifest::PayloadOptions payload_options(const WorkOptions& options) {
  manifest::PayloadOptions out;
  out.threads = options.threads;
  out.cancel = options.cancel;
  if (options.progress) {
    out.progress = [&options](std::uint64_t done, std::uint64_t total) {
      options.progress("packaging", done, total);
    };
  }
  return out;
}

Error unreadable(const std::filesystem::path& package, std::string why, std::string hint) {
  return Error{ErrorCode::usage, package.string(), std::move(why), std::move(hint)};
}

// The manifest of what build_package() made: read, written again and compared, so that what is
// signed is what this tool would have written itself.
Result<Manifest> read_unsigned(const manifest::UnverifiedPackageFile& from) {
  EVSEAL_TRY(const UnverifiedEnvelope envelope,
             open_unverified_envelope(from.unverified_envelope()));
  if (!envelope.unverified_signers.empty()) {
    return unreadable(from.path(), "is signed already",
                      "a further signer: `evseal sign --add`; else sign the output of `evseal "
                      "build`, or the recipe");
  }
  if (from.component_mask() != 0) {
    return unreadable(from.path(), "is a slice: components are missing",
                      "sign the whole package and slice it afterwards");
  }
  if (!from.steps().empty()) {
    return unreadable(from.path(), "has trust-updates in front of it",
                      "sign the package alone; `evseal trust path -o` puts them in front");
  }
  EVSEAL_TRY(const manifest::UnverifiedManifest parsed,
             manifest::parse_unverified(envelope.unverified_manifest));
  EVSEAL_TRY(const Bytes bytes, manifest_bytes(parsed.unverified()));
  if (bytes != envelope.unverified_manifest) {
    return Error{ErrorCode::refused, from.path().string(),
                 "its manifest has members that this version of evseal does not write",
                 "build it with this version"};
  }
  return parsed.unverified();
}

// The CRLs that go along; the manifest names them.
Result<CrlSet> take_crls(Manifest& manifest, const Signing& signing) {
  CrlSet set;
  EVSEAL_TRY(const Issuers issuers, issuers_of(all_certificates(signing), signing.devices));
  EVSEAL_CHECK(add_crls(set, signing.crls, issuers, WhenOlder::ignore));
  std::map<Sha256, std::uint64_t> named;
  for (const auto& list : {manifest.crls, entries(set)}) {
    for (const manifest::CrlEntry& entry : list) {
      named[entry.issuer_key] = std::max(named[entry.issuer_key], entry.number);
    }
  }
  manifest.crls.clear();
  for (const auto& [key, number] : named) {
    manifest.crls.push_back({key, number});
  }
  return set;
}

Result<SignedResult> sign_and_release(OutputFile& out, std::uint64_t payload_offset,
                                      const Manifest& manifest, const CrlSet& crls,
                                      const Signing& signing, bool check_images,
                                      const WorkOptions& options) {
  Draft draft;
  draft.manifest = &manifest;
  draft.payload_offset = payload_offset;
  draft.check_images = check_images;
  EVSEAL_TRY(draft.parts.manifest, manifest_bytes(manifest));
  draft.parts.crls = encodings(crls);
  EVSEAL_CHECK(add_signatures(draft.parts, signing));
  EVSEAL_TRY(SignedResult result, release(out, draft, signing, options));
  result.crls = manifest.crls;
  return result;
}

}  // namespace

Result<PackageResult> build_package(const manifest::Recipe& recipe, std::int64_t created,
                                    const std::filesystem::path& path, const WorkOptions& options) {
  EVSEAL_TRY(OutputFile out, OutputFile::create(path, options.mode));
  const std::uint64_t offset = guess_payload_offset(recipe, {});
  EVSEAL_TRY(const Manifest manifest,
             manifest::write_payload(recipe, created, out, offset, payload_options(options)));
  PackageResult result;
  EVSEAL_TRY(result.manifest, manifest_bytes(manifest));
  EVSEAL_TRY(const Bytes envelope, unsigned_envelope(result.manifest));
  Draft draft;
  draft.manifest = &manifest;
  draft.payload_offset = offset;
  EVSEAL_TRY(result.size, place_envelope(out, envelope, draft));
  EVSEAL_CHECK(out.commit());
  result.identity = sha256(result.manifest);
  return result;
}

Result<SignedResult> sign_recipe(const manifest::Recipe& recipe, std::int64_t created,
                                 const Signing& signing, const std::filesystem::path& path,
                                 const WorkOptions& options) {
  EVSEAL_CHECK(need_devices(signing.devices));
  Manifest planned;  // what of the manifest is known before the payload is packed
  planned.package = recipe.package;
  planned.created = created;
  EVSEAL_CHECK(check_identities(signing, planned));
  EVSEAL_TRY(const CrlSet crls, take_crls(planned, signing));
  EVSEAL_TRY(OutputFile out, OutputFile::create(path, options.mode));
  const std::uint64_t offset = guess_payload_offset(recipe, signing);
  EVSEAL_TRY(Manifest manifest,
             manifest::write_payload(recipe, created, out, offset, payload_options(options)));
  manifest.crls = planned.crls;
  return sign_and_release(out, offset, manifest, crls, signing, false, options);
}

Result<SignedResult> sign_unsigned(const std::filesystem::path& package, const Signing& signing,
                                   const std::filesystem::path& path, const WorkOptions& options) {
  EVSEAL_CHECK(need_devices(signing.devices));
  EVSEAL_TRY(const manifest::UnverifiedPackageFile from,
             manifest::UnverifiedPackageFile::open(package));
  EVSEAL_TRY(Manifest manifest, read_unsigned(from));
  EVSEAL_CHECK(check_identities(signing, manifest));
  EVSEAL_TRY(const CrlSet crls, take_crls(manifest, signing));
  EVSEAL_TRY(const Bytes bytes, manifest_bytes(manifest));
  EVSEAL_TRY(OutputFile out, OutputFile::create(path, options.mode));
  const std::uint64_t offset = manifest::payload_offset_for(estimate_envelope(
      bytes.size(), all_certificates(signing), signing.crls, signing.identities.size()));
  EVSEAL_CHECK(copy_octets(from, from.payload_offset(), from.size(), out, offset, options));
  return sign_and_release(out, offset, manifest, crls, signing, true, options);
}

Result<bool> is_package_file(const std::filesystem::path& path) {
  EVSEAL_TRY(const FileDescriptor file, open_for_reading(path));
  std::array<std::uint8_t, 8> head{};
  const ssize_t got = ::pread(file.get(), head.data(), head.size(), 0);
  return got == static_cast<ssize_t>(head.size()) && manifest::kind_of_header(head).has_value();
}

}  // namespace evseal::sign
