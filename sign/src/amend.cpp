// The life of a signed package: further signers, new signatures, newer CRLs, steps in front.
#include <algorithm>
#include <set>

#include "device_gate.hpp"
#include "relaxed_device.hpp"
#include "release.hpp"

namespace evseal::sign {
namespace {

using manifest::Kind;

using Opened = OpenedPackage;

constexpr const char* kWholeFirst = "work on the whole package and slice it afterwards";

Signing verify_only(const std::vector<Device>& devices) {
  Signing out;
  out.devices = devices;
  return out;
}

// A token's key signs only what the devices would take as it is, or lack nothing of but signers.
Result<void> accepted_so_far(const Opened& opened, const std::vector<Device>& devices,
                             const WorkOptions& options) {
  GateOptions gate;
  gate.check_images = true;
  gate.partial = true;
  auto checked = pass_device_gate(opened.file.descriptor(), opened.file.path(), opened.manifest,
                                  devices, gate, options);
  if (!checked) {
    return std::move(checked).error();
  }
  return {};
}

// The CRLs of the package and those that come along, the newest of each issuer.
Result<std::vector<Bytes>> merged_crls(const Opened& opened, const Signing& signing) {
  std::vector<Bytes> certificates = all_certificates(signing);
  const std::vector<Bytes>& old = opened.envelope.unverified_certificates;
  certificates.insert(certificates.end(), old.begin(), old.end());
  EVSEAL_TRY(const Issuers issuers, issuers_of(certificates, signing.devices));
  CrlSet set;
  EVSEAL_CHECK(add_crls(set, opened.envelope.unverified_crls, issuers, WhenOlder::ignore));
  EVSEAL_CHECK(add_crls(set, signing.crls, issuers, WhenOlder::ignore));
  return encodings(set);
}

// The envelope as it is, but for its CRLs.
EnvelopeParts parts_of(const UnverifiedEnvelope& envelope) {
  EnvelopeParts parts;
  parts.manifest = envelope.unverified_manifest;
  parts.certificates = envelope.unverified_certificates;
  for (const UnverifiedSigner& signer : envelope.unverified_signers) {
    parts.signers.push_back(signer.der);
  }
  return parts;
}

// Steps, room for the envelope, and the payload: the rest of the file is written behind it.
Result<SignedResult> rewrite(const Opened& opened, EnvelopeParts parts, const Signing& signing,
                             const std::filesystem::path& path, const WorkOptions& options) {
  EVSEAL_TRY(OutputFile out, OutputFile::create(path, options.mode));
  const manifest::UnverifiedPackageFile& from = opened.file;
  EVSEAL_CHECK(copy_octets(from, 0, from.package_offset(), out, 0, options));
  EVSEAL_TRY(const Bytes envelope, encode_envelope(parts));
  Draft draft;
  draft.manifest = &opened.manifest;
  draft.parts = std::move(parts);
  draft.package_offset = from.package_offset();
  draft.payload_offset = draft.package_offset + manifest::payload_offset_for(envelope.size());
  EVSEAL_CHECK(
      copy_octets(from, from.payload_offset(), from.size(), out, draft.payload_offset, options));
  EVSEAL_TRY(SignedResult result, release(out, draft, signing, options));
  result.crls = opened.manifest.crls;
  return result;
}

Result<void> refuse_repeated(const Opened& opened, const Signing& signing) {
  for (const UnverifiedSigner& old : opened.envelope.unverified_signers) {
    const Bytes* const leaf = opened.envelope.leaf_of(old);
    if (leaf == nullptr) {
      continue;
    }
    EVSEAL_TRY(const Certificate certificate, Certificate::parse(*leaf));
    for (const Identity* identity : signing.identities) {
      if (certificate.spki() == identity->signer->public_key().spki) {
        return Error{
            ErrorCode::refused, opened.file.path().string(), "this key has signed it already",
            "another key must sign, or `evseal resign` replaces the signature", "signer_repeated"};
      }
    }
  }
  return {};
}

// The roles that the new signers have for a device: its verifier judges an envelope with their
// signatures only.
Result<std::set<std::string>> roles_of(const Opened& opened, const EnvelopeParts& fresh,
                                       const Device& device) {
  EVSEAL_TRY(const Bytes envelope, encode_envelope(fresh));
  EVSEAL_TRY(const Bytes head, manifest::encode_head(envelope, 0, opened.manifest.package.kind));
  EVSEAL_TRY(const Verdict verdict, check_head(head, device));
  std::set<std::string> roles;
  for (const SignerVerdict& signer : verdict.signers) {
    if (!signer.role.empty()) {
      roles.insert(signer.role);
    }
  }
  return roles;
}

// Which old signers stay: those that count for one of the devices, in a role that no new signer
// has.
Result<std::vector<bool>> kept_signers(const Opened& opened, const EnvelopeParts& fresh,
                                       const std::vector<Device>& devices) {
  const std::vector<UnverifiedSigner>& old = opened.envelope.unverified_signers;
  std::vector<bool> keep(old.size(), false);
  std::vector<bool> replace(old.size(), false);
  EVSEAL_TRY(const Bytes head, manifest::encode_head(opened.file.unverified_envelope(), 0,
                                                     opened.manifest.package.kind));
  for (const Device& device : devices) {
    EVSEAL_TRY(const std::set<std::string> roles, roles_of(opened, fresh, device));
    EVSEAL_TRY(const Verdict verdict, check_head(head, device));
    for (std::size_t i = 0; i < std::min(old.size(), verdict.signers.size()); ++i) {
      const SignerVerdict& signer = verdict.signers[i];
      replace[i] = replace[i] || roles.contains(signer.role);
      keep[i] = keep[i] || (signer.status == EVSEAL_OK && !roles.contains(signer.role));
    }
  }
  for (std::size_t i = 0; i < keep.size(); ++i) {
    keep[i] = keep[i] && !replace[i];
  }
  return keep;
}

// An old signer with the certificates that it lists.
void keep_signer(EnvelopeParts& parts, const UnverifiedEnvelope& envelope,
                 const UnverifiedSigner& signer) {
  parts.signers.push_back(signer.der);
  for (const Bytes& der : envelope.unverified_certificates) {
    const Sha256 hash = sha256(der);
    if (std::find(signer.certificate_hashes.begin(), signer.certificate_hashes.end(), hash) !=
        signer.certificate_hashes.end()) {
      parts.certificates.push_back(der);
    }
  }
}

// "the issuer of each CRL is the issuer of a certificate of the envelope": one that lost its
// certificate goes with it.
Result<void> drop_foreign_crls(EnvelopeParts& parts) {
  std::set<Bytes> issuers;
  for (const Bytes& der : parts.certificates) {
    EVSEAL_TRY(const Certificate certificate, Certificate::parse(der));
    issuers.insert(certificate.issuer());
  }
  std::vector<Bytes> kept;
  for (const Bytes& der : parts.crls) {
    EVSEAL_TRY(const Crl crl, Crl::parse(der));
    if (issuers.contains(crl.issuer())) {
      kept.push_back(der);
    }
  }
  parts.crls = std::move(kept);
  return {};
}

}  // namespace

Result<SignedResult> add_signers(const std::filesystem::path& package, const Signing& signing,
                                 const std::filesystem::path& out, const WorkOptions& options) {
  EVSEAL_CHECK(need_devices(signing.devices));
  EVSEAL_TRY(const Opened opened, open_signed(package, kWholeFirst));
  EVSEAL_CHECK(check_identities(signing, opened.manifest));
  EVSEAL_CHECK(refuse_repeated(opened, signing));
  EVSEAL_CHECK(accepted_so_far(opened, signing.devices, options));
  EnvelopeParts parts = parts_of(opened.envelope);
  EVSEAL_TRY(parts.crls, merged_crls(opened, signing));
  EVSEAL_CHECK(add_signatures(parts, signing));
  return rewrite(opened, std::move(parts), signing, out, options);
}

Result<SignedResult> resign(const std::filesystem::path& package, const Signing& signing,
                            bool accept_old, const std::filesystem::path& out,
                            const WorkOptions& options) {
  EVSEAL_CHECK(need_devices(signing.devices));
  EVSEAL_TRY(const Opened opened, open_signed(package, kWholeFirst));
  EVSEAL_CHECK(check_identities(signing, opened.manifest));
  std::vector<Device> judges = signing.devices;
  if (accept_old) {
    for (Device& device : judges) {
      EVSEAL_TRY(device, without_present_time(device));
    }
  }
  if (auto checked = accepted_so_far(opened, judges, options); !checked) {
    Error error = std::move(checked).error();
    if (!accept_old && (error.status == "expired_floor" || error.status == "clock_after")) {
      error.hint = "pass --accept-old where it is only that the old certificate has expired";
    }
    return error;
  }
  EnvelopeParts parts;
  parts.manifest = opened.envelope.unverified_manifest;
  EVSEAL_TRY(parts.crls, merged_crls(opened, signing));
  EVSEAL_CHECK(add_signatures(parts, signing));
  EnvelopeParts fresh = parts;
  EVSEAL_CHECK(drop_foreign_crls(fresh));
  EVSEAL_TRY(const std::vector<bool> keep, kept_signers(opened, fresh, judges));
  for (std::size_t i = 0; i < keep.size(); ++i) {
    if (keep[i]) {
      keep_signer(parts, opened.envelope, opened.envelope.unverified_signers[i]);
    }
  }
  EVSEAL_CHECK(drop_foreign_crls(parts));
  return rewrite(opened, std::move(parts), signing, out, options);
}

Result<SignedResult> refresh_crls(const std::filesystem::path& package,
                                  const std::vector<Bytes>& crls,
                                  const std::vector<Device>& devices,
                                  const std::filesystem::path& out, const WorkOptions& options) {
  EVSEAL_CHECK(need_devices(devices));
  EVSEAL_TRY(const Opened opened, open_signed(package, kWholeFirst));
  EVSEAL_TRY(const Issuers issuers, issuers_of(opened.envelope.unverified_certificates, devices));
  CrlSet set;
  EVSEAL_CHECK(add_crls(set, opened.envelope.unverified_crls, issuers, WhenOlder::ignore));
  EVSEAL_CHECK(add_crls(set, crls, issuers, WhenOlder::refuse));
  EnvelopeParts parts = parts_of(opened.envelope);
  parts.crls = encodings(set);
  EVSEAL_TRY(SignedResult result,
             rewrite(opened, std::move(parts), verify_only(devices), out, options));
  result.crls = entries(set);
  return result;
}

Result<SignedResult> put_steps_in_front(const std::filesystem::path& package,
                                        const std::vector<std::filesystem::path>& steps,
                                        const std::vector<Device>& devices,
                                        const std::filesystem::path& path,
                                        const WorkOptions& options) {
  EVSEAL_CHECK(need_devices(devices));
  EVSEAL_TRY(const Opened opened, open_signed(package, kWholeFirst));
  if (opened.manifest.package.kind != Kind::firmware) {
    return Error{ErrorCode::usage, package.string(), "is itself a trust-update",
                 "name the firmware package that the steps go in front of"};
  }
  EVSEAL_TRY(OutputFile out, OutputFile::create(path, options.mode));
  std::uint64_t offset = 0;
  for (const std::filesystem::path& step : steps) {
    EVSEAL_TRY(const manifest::UnverifiedPackageFile file,
               manifest::UnverifiedPackageFile::open(step));
    EVSEAL_CHECK(copy_octets(file, 0, file.size(), out, offset, options));
    offset += file.size();
  }
  const manifest::UnverifiedPackageFile& from = opened.file;
  EVSEAL_CHECK(copy_octets(from, from.package_offset(), from.size(), out, offset, options));
  SignedResult result;
  GateOptions gate;
  EVSEAL_TRY(result.devices, pass_device_gate(out.descriptor(), out.path(), opened.manifest,
                                              devices, gate, options));
  EVSEAL_CHECK(out.commit());
  result.manifest = opened.envelope.unverified_manifest;
  result.identity = sha256(result.manifest);
  result.size = offset + (from.size() - from.package_offset());
  result.crls = opened.manifest.crls;
  return result;
}

}  // namespace evseal::sign
