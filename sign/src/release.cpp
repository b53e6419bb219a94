#include "release.hpp"

#include <evseal/chain.h>
#include <evseal/manifest.h>
#include <unistd.h>

#include <algorithm>

#include "device_gate.hpp"
#include "evseal/base/time.hpp"
#include "evseal/manifest/canonical_json.hpp"
#include "evseal/manifest/device.hpp"
#include "evseal/manifest/payload_writer.hpp"

namespace evseal::sign {
namespace {

using manifest::Kind;
using manifest::Manifest;
using manifest::Stage;

std::uint32_t policy_of(const manifest::Package& package) {
  if (package.kind == Kind::trust_update) {
    return EVSEAL_POLICY_TRUST_UPDATE;
  }
  return package.stage == Stage::prod    ? EVSEAL_POLICY_PROD
         : package.stage == Stage::pilot ? EVSEAL_POLICY_PILOT
                                         : EVSEAL_POLICY_DEV;
}

std::string what_it_is(const manifest::Package& package) {
  return package.kind == Kind::trust_update
             ? "trust-updates"
             : "packages of stage " + std::string(to_string(package.stage));
}

Result<void> check_identity(const Identity& identity, const manifest::Package& package,
                            std::int64_t signing_time) {
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
  if (policies != 0 && (policies & policy_of(package)) == 0) {
    return Error{ErrorCode::refused, name, "may not sign " + what_it_is(package),
                 package.kind == Kind::trust_update
                     ? "sign with a trust officer's certificate: evseal pki issue --kind "
                       "trust-update"
                     : "use the signer file of that stage, or correct package.stage in the recipe",
                 "stage_mismatch"};
  }
  return {};
}

}  // namespace

bool SignedResult::partial() const {
  return std::any_of(devices.begin(), devices.end(),
                     [](const DeviceCheck& check) { return check.partial; });
}

Result<Issuers> issuers_of(const std::vector<Bytes>& certificates,
                           const std::vector<Device>& devices) {
  Issuers out;
  for (const Bytes& der : certificates) {
    EVSEAL_TRY(Certificate certificate, Certificate::parse(der));
    out.certificates.push_back(std::move(certificate));
  }
  for (const Device& device : devices) {
    EVSEAL_TRY(manifest::Profile profile, manifest::decode_profile(device.profile));
    EVSEAL_TRY(manifest::State state, manifest::decode_state(device.state));
    out.stores.push_back(state.trust ? std::move(*state.trust) : std::move(profile.trust));
  }
  return out;
}

Result<void> add_crls(CrlSet& set, const std::vector<Bytes>& crls, const Issuers& issuers,
                      WhenOlder older) {
  for (const Bytes& der : crls) {
    EVSEAL_TRY(Crl crl, Crl::parse(der));
    EVSEAL_TRY(const Bytes key, find_crl_issuer(crl, issuers.certificates, issuers.stores));
    const auto known = set.find(sha256(key));
    if (known == set.end()) {
      set.emplace(sha256(key), std::move(crl));
      continue;
    }
    if (older == WhenOlder::refuse && crl.number() < known->second.number()) {
      return Error{ErrorCode::refused, "CRL of " + crl.issuer_text(),
                   "has number " + std::to_string(crl.number()) + ", older than the package's " +
                       std::to_string(known->second.number()),
                   "fetch the issuer's newest CRL", "crl_stripped"};
    }
    if (crl.number() > known->second.number()) {
      known->second = std::move(crl);
    }
  }
  return {};
}

std::vector<Bytes> encodings(const CrlSet& set) {
  std::vector<Bytes> out;
  for (const auto& [key, crl] : set) {
    out.push_back(crl.der());
  }
  return out;
}

std::vector<manifest::CrlEntry> entries(const CrlSet& set) {
  std::vector<manifest::CrlEntry> out;
  for (const auto& [key, crl] : set) {
    out.push_back({key, std::min(crl.number(), manifest::kMaxCanonicalInteger)});
  }
  return out;
}

Result<OpenedPackage> open_signed(const std::filesystem::path& path, const char* for_slice) {
  EVSEAL_TRY(manifest::UnverifiedPackageFile file, manifest::UnverifiedPackageFile::open(path));
  EVSEAL_TRY(UnverifiedEnvelope envelope, open_unverified_envelope(file.unverified_envelope()));
  if (auto checked = check_signatures(envelope); !checked) {
    Error error = std::move(checked).error();
    error.what = path.string();
    return error;
  }
  if (file.component_mask() != 0) {
    return Error{ErrorCode::usage, path.string(), "is a slice: components are missing", for_slice};
  }
  EVSEAL_TRY(const manifest::UnverifiedManifest parsed,
             manifest::parse_unverified(envelope.unverified_manifest));
  Manifest manifest = parsed.unverified();
  return OpenedPackage{std::move(file), std::move(envelope), std::move(manifest)};
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

Result<void> check_identities(const Signing& signing, const Manifest& manifest) {
  for (const Identity* identity : signing.identities) {
    EVSEAL_CHECK(check_identity(*identity, manifest.package, signing.time));
  }
  if (signing.time < manifest.created) {
    return Error{ErrorCode::refused, "clock",
                 "is before the package's creation time " + to_rfc3339(manifest.created),
                 "check this machine's clock and SOURCE_DATE_EPOCH"};
  }
  return {};
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

std::vector<Bytes> all_certificates(const Signing& signing) {
  std::vector<Bytes> out;
  for (const Identity* identity : signing.identities) {
    out.insert(out.end(), identity->certificates.begin(), identity->certificates.end());
  }
  return out;
}

Result<void> add_signatures(EnvelopeParts& parts, const Signing& signing) {
  for (Identity* identity : signing.identities) {
    EVSEAL_TRY(Bytes signer, sign_manifest(parts.manifest, *identity, signing.time));
    parts.signers.push_back(std::move(signer));
  }
  const std::vector<Bytes> more = all_certificates(signing);
  parts.certificates.insert(parts.certificates.end(), more.begin(), more.end());
  return {};
}

// Writes header and envelope before a payload that lies at `payload_offset`, moving it where the
// guess was wrong. Returns the file's size.
Result<std::uint64_t> place_envelope(OutputFile& out, ByteView envelope, const Draft& draft) {
  if (draft.manifest->package.kind == Kind::trust_update) {
    EVSEAL_TRY(const Bytes head, manifest::encode_head(envelope, 0, Kind::trust_update));
    EVSEAL_CHECK(out.write_at(draft.package_offset, head));
    return draft.package_offset + head.size();
  }
  const std::uint64_t wanted = draft.package_offset + manifest::payload_offset_for(envelope.size());
  EVSEAL_TRY(const std::uint64_t size, file_size(out.descriptor(), out.path()));
  if (wanted != draft.payload_offset) {
    EVSEAL_CHECK(
        manifest::move_payload(out, draft.payload_offset, wanted, size - draft.payload_offset));
  }
  EVSEAL_CHECK(manifest::write_header(out, envelope, 0, draft.package_offset));
  return size - draft.payload_offset + wanted;
}

Result<SignedResult> release(OutputFile& out, const Draft& draft, const Signing& signing,
                             const WorkOptions& options) {
  SignedResult result;
  EVSEAL_TRY(const Bytes envelope, encode_envelope(draft.parts));
  EVSEAL_TRY(result.size, place_envelope(out, envelope, draft));
  GateOptions gate;
  gate.check_images = draft.check_images;
  gate.partial = signing.partial;
  EVSEAL_TRY(result.devices, pass_device_gate(out.descriptor(), out.path(), *draft.manifest,
                                              signing.devices, gate, options));
  EVSEAL_CHECK(out.commit());
  result.identity = sha256(draft.parts.manifest);
  result.manifest = draft.parts.manifest;
  result.signing_time = signing.time;
  return result;
}

Result<void> copy_octets(const manifest::UnverifiedPackageFile& file, std::uint64_t from,
                         std::uint64_t end, OutputFile& out, std::uint64_t to,
                         const WorkOptions& options) {
  Bytes buffer(1U << 20U);
  std::uint64_t offset = from;
  while (offset < end) {
    if (options.cancel != nullptr && options.cancel->load(std::memory_order_relaxed)) {
      return Error{ErrorCode::interrupted, out.path().string(), "interrupted"};
    }
    const std::uint64_t left = end - offset;
    loff_t in = static_cast<loff_t>(offset);
    loff_t at = static_cast<loff_t>(to + (offset - from));
    const ssize_t done =
        ::copy_file_range(file.descriptor().get(), &in, out.fd(), &at,
                          static_cast<std::size_t>(std::min<std::uint64_t>(left, 64U << 20U)), 0);
    if (done > 0) {
      offset += static_cast<std::uint64_t>(done);
    } else {
      // Across file systems, or where the kernel cannot: through a buffer, which also reports what
      // is wrong.
      const std::span<std::uint8_t> part(
          buffer.data(), static_cast<std::size_t>(std::min<std::uint64_t>(left, buffer.size())));
      EVSEAL_CHECK(read_exactly_at(file.descriptor(), offset, part, file.path()));
      EVSEAL_CHECK(out.write_at(to + (offset - from), part));
      offset += part.size();
    }
    if (options.progress) {
      options.progress("copying", offset - from, end - from);
    }
  }
  return {};
}

}  // namespace evseal::sign
