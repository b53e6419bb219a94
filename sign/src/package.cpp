#include "evseal/sign/package.hpp"

#include <evseal/chain.h>
#include <evseal/manifest.h>
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "device_gate.hpp"
#include "evseal/base/time.hpp"
#include "evseal/manifest/package_file.hpp"
#include "evseal/manifest/payload_writer.hpp"
#include "evseal/sign/certificate.hpp"

namespace evseal::sign {
namespace {

using manifest::Manifest;
using manifest::Stage;

std::uint32_t policy_of(Stage stage) {
  return stage == Stage::prod    ? EVSEAL_POLICY_PROD
         : stage == Stage::pilot ? EVSEAL_POLICY_PILOT
                                 : EVSEAL_POLICY_DEV;
}

// What can be known before gigabytes are hashed: better a refusal now than after the build.
Result<void> check_identity(const Identity& identity, const manifest::Package& package,
                            std::int64_t created, std::int64_t signing_time) {
  EVSEAL_TRY(const Certificate leaf, Certificate::parse(identity.certificates.front()));
  const std::string name = "certificate " + leaf.subject_text();
  if (leaf.spki() != identity.signer->public_key().spki) {
    return Error{ErrorCode::usage, name,
                 "does not belong to the key " + identity.signer->description(),
                 "name the certificate that was issued for this key in the signer file"};
  }
  if (signing_time > leaf.not_after()) {
    return Error{ErrorCode::refused, name, "expired on " + to_rfc3339(leaf.not_after()),
                 "issue a new certificate: evseal pki issue", "expired"};
  }
  if (signing_time < leaf.not_before()) {
    return Error{ErrorCode::refused, name,
                 "is valid from " + to_rfc3339(leaf.not_before()) + " only",
                 "check this machine's clock", "not_yet_valid"};
  }
  const std::uint32_t policies =
      leaf.policies() &
      (EVSEAL_POLICY_DEV | EVSEAL_POLICY_PILOT | EVSEAL_POLICY_PROD | EVSEAL_POLICY_TRUST_UPDATE);
  if (policies != 0 && (policies & policy_of(package.stage)) == 0) {
    return Error{ErrorCode::refused, name,
                 "may not sign packages of stage " + std::string(to_string(package.stage)),
                 "use the signer file of that stage, or correct package.stage in the recipe",
                 "stage_mismatch"};
  }
  if (signing_time < created) {
    return Error{ErrorCode::refused, "clock",
                 "is before the package's creation time " + to_rfc3339(created),
                 "check this machine's clock and SOURCE_DATE_EPOCH"};
  }
  return {};
}

Result<void> need_devices(const std::vector<Device>& devices) {
  if (devices.empty()) {
    return Error{ErrorCode::usage, "--device", "no device profile is given",
                 "name at least one with --device or in the signer file: nothing is released that "
                 "no device's verifier "
                 "has accepted"};
  }
  return {};
}

// A guess that is rarely wrong; move_payload() corrects it when it is.
std::uint64_t guess_payload_offset(const manifest::Recipe& recipe,
                                   const std::vector<Bytes>& certificates) {
  std::size_t manifest_bytes = 500 + recipe.compatible.size() * 120 + recipe.sbom.size() * 200;
  for (const manifest::RecipeComponent& component : recipe.components) {
    manifest_bytes += 420 + component.version.size() + component.requirements.size() * 60;
  }
  return manifest::payload_offset_for(estimate_envelope(manifest_bytes, certificates));
}

// Writes header and envelope before a payload that lies at `payload_offset`, moving it where the
// guess was wrong.
Result<std::uint64_t> place_envelope(OutputFile& out, ByteView envelope,
                                     std::uint64_t payload_offset) {
  const std::uint64_t wanted = manifest::payload_offset_for(envelope.size());
  EVSEAL_TRY(const std::uint64_t size, file_size(out.descriptor(), out.path()));
  if (wanted != payload_offset) {
    EVSEAL_CHECK(manifest::move_payload(out, payload_offset, wanted, size - payload_offset));
  }
  EVSEAL_CHECK(manifest::write_header(out, envelope));
  return size - payload_offset + wanted;
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

// The device's own reader judges what ours wrote.
Result<Bytes> manifest_bytes(const Manifest& manifest) {
  EVSEAL_TRY(Bytes bytes, manifest::to_canonical(manifest));
  evseal_manifest parsed;
  const evseal_status status = evseal_manifest_parse(&parsed, {bytes.data(), bytes.size()});
  if (status != EVSEAL_OK) {
    return Error{ErrorCode::internal, "manifest", evseal_status_text(status), "",
                 evseal_status_name(status)};
  }
  return bytes;
}

Result<SignedResult> sign_and_release(OutputFile& out, std::uint64_t payload_offset,
                                      const Manifest& manifest, Bytes bytes, Identity& identity,
                                      const std::vector<Device>& devices, std::int64_t signing_time,
                                      bool foreign_payload, const WorkOptions& options) {
  SignedResult result;
  EVSEAL_TRY(const Bytes envelope, signed_envelope(bytes, identity, signing_time));
  EVSEAL_TRY(result.size, place_envelope(out, envelope, payload_offset));
  EVSEAL_TRY(result.devices, pass_device_gate(out.descriptor(), out.path(), manifest, devices,
                                              foreign_payload, options));
  EVSEAL_CHECK(out.commit());
  result.identity = sha256(bytes);
  result.manifest = std::move(bytes);
  result.signing_time = signing_time;
  return result;
}

// Copies the payload of an unsigned package; within one file system the kernel may share the
// blocks.
Result<void> copy_payload(const manifest::UnverifiedPackageFile& from, OutputFile& out,
                          std::uint64_t to, const WorkOptions& options) {
  std::uint64_t offset = from.payload_offset();
  Bytes buffer(1U << 20U);
  const std::uint64_t start = offset;
  while (offset < from.size()) {
    if (options.cancel != nullptr && options.cancel->load(std::memory_order_relaxed)) {
      return Error{ErrorCode::interrupted, out.path().string(), "interrupted"};
    }
    const std::uint64_t left = from.size() - offset;
    loff_t in = static_cast<loff_t>(offset);
    loff_t at = static_cast<loff_t>(to + (offset - start));
    const ssize_t done =
        ::copy_file_range(from.descriptor().get(), &in, out.fd(), &at,
                          static_cast<std::size_t>(std::min<std::uint64_t>(left, 64U << 20U)), 0);
    if (done > 0) {
      offset += static_cast<std::uint64_t>(done);
    } else {
      // Across file systems, or where the kernel cannot: through a buffer, which also reports what
      // is wrong.
      const std::span<std::uint8_t> part(
          buffer.data(), static_cast<std::size_t>(std::min<std::uint64_t>(left, buffer.size())));
      EVSEAL_CHECK(read_exactly_at(from.descriptor(), offset, part, from.path()));
      EVSEAL_CHECK(out.write_at(to + (offset - start), part));
      offset += part.size();
    }
    if (options.progress) {
      options.progress("copying", offset - start, from.size() - start);
    }
  }
  return {};
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
  EVSEAL_TRY(result.size, place_envelope(out, envelope, offset));
  EVSEAL_CHECK(out.commit());
  result.identity = sha256(result.manifest);
  return result;
}

Result<SignedResult> sign_recipe(const manifest::Recipe& recipe, std::int64_t created,
                                 Identity& identity, const std::vector<Device>& devices,
                                 std::int64_t signing_time, const std::filesystem::path& path,
                                 const WorkOptions& options) {
  EVSEAL_CHECK(need_devices(devices));
  EVSEAL_CHECK(check_identity(identity, recipe.package, created, signing_time));
  EVSEAL_TRY(OutputFile out, OutputFile::create(path, options.mode));
  const std::uint64_t offset = guess_payload_offset(recipe, identity.certificates);
  EVSEAL_TRY(const Manifest manifest,
             manifest::write_payload(recipe, created, out, offset, payload_options(options)));
  EVSEAL_TRY(Bytes bytes, manifest_bytes(manifest));
  return sign_and_release(out, offset, manifest, std::move(bytes), identity, devices, signing_time,
                          false, options);
}

Result<SignedResult> sign_unsigned(const std::filesystem::path& package, Identity& identity,
                                   const std::vector<Device>& devices, std::int64_t signing_time,
                                   const std::filesystem::path& path, const WorkOptions& options) {
  EVSEAL_CHECK(need_devices(devices));
  EVSEAL_TRY(const manifest::UnverifiedPackageFile from,
             manifest::UnverifiedPackageFile::open(package));
  EVSEAL_TRY(const UnverifiedEnvelope envelope,
             open_unverified_envelope(from.unverified_envelope()));
  if (envelope.num_signers != 0) {
    return Error{ErrorCode::usage, package.string(), "is signed already",
                 "sign the output of `evseal build`, or the recipe"};
  }
  if (from.component_mask() != 0) {
    return Error{ErrorCode::usage, package.string(), "is a slice: components are missing",
                 "sign the whole package and slice it afterwards"};
  }
  // Read, written again and compared: what is signed is what this tool would have written itself.
  EVSEAL_TRY(const manifest::UnverifiedManifest parsed,
             manifest::parse_unverified(envelope.unverified_manifest));
  const Manifest& manifest = parsed.unverified();
  EVSEAL_TRY(Bytes bytes, manifest_bytes(manifest));
  if (bytes != envelope.unverified_manifest) {
    return Error{ErrorCode::refused, package.string(),
                 "its manifest has members that this version of evseal does not write",
                 "build it with this version"};
  }
  EVSEAL_CHECK(check_identity(identity, manifest.package, manifest.created, signing_time));
  EVSEAL_TRY(OutputFile out, OutputFile::create(path, options.mode));
  const std::uint64_t offset =
      manifest::payload_offset_for(estimate_envelope(bytes.size(), identity.certificates));
  EVSEAL_CHECK(copy_payload(from, out, offset, options));
  return sign_and_release(out, offset, manifest, std::move(bytes), identity, devices, signing_time,
                          true, options);
}

Result<bool> is_package_file(const std::filesystem::path& path) {
  EVSEAL_TRY(const FileDescriptor file, open_for_reading(path));
  std::array<std::uint8_t, 8> head{};
  const ssize_t got = ::pread(file.get(), head.data(), head.size(), 0);
  return got == static_cast<ssize_t>(head.size()) && head == manifest::kPackageMagic;
}

}  // namespace evseal::sign
