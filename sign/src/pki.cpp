#include "evseal/sign/pki.hpp"

#include <openssl/rand.h>

#include <array>
#include <nlohmann/json.hpp>

#include "evseal/base/time.hpp"
#include "evseal/hsm/open_signer.hpp"
#include "evseal/sign/certificate.hpp"
#include "evseal/sign/crl.hpp"

namespace evseal::sign {
namespace {

namespace fs = std::filesystem;

constexpr std::int64_t kDay = 86400;
constexpr std::int64_t kRootDays = std::int64_t{20} * 365;
constexpr std::int64_t kIntermediateDays = std::int64_t{10} * 365;
constexpr std::int64_t kLeafDays = std::int64_t{2} * 365;

// One tier while it is made.
struct Tier {
  hsm::KeyInfo key;
  std::unique_ptr<hsm::Signer> signer;
  Bytes der;
};

Result<Tier> make_key(hsm::Session& session, const DevelopmentPki& plan, const std::string& tier) {
  hsm::KeySpec spec;
  spec.type = plan.key_type;
  spec.rsa_bits = plan.rsa_bits;
  spec.label = plan.prefix + "-" + tier;
  spec.id.resize(8);
  if (RAND_bytes(spec.id.data(), static_cast<int>(spec.id.size())) != 1) {
    return Error{ErrorCode::internal, "random numbers", "the generator failed"};
  }
  Tier out;
  EVSEAL_TRY(out.key, hsm::generate_key(session, spec));
  const auto module = plan.module.empty() ? std::nullopt : std::optional<std::string>(plan.module);
  EVSEAL_TRY(out.signer, hsm::open_signer(out.key.uri, module));
  return out;
}

constexpr std::array<const char*, 3> kTiers = {"root", "intermediate", "firmware"};

// All labels before the first key is made: else keys of a PKI that never was stay in the token.
Result<void> check_labels(hsm::Session& session, const DevelopmentPki& plan) {
  EVSEAL_TRY(const std::vector<hsm::KeyInfo> keys, hsm::list_keys(session));
  for (const char* tier : kTiers) {
    for (const hsm::KeyInfo& key : keys) {
      if (key.label == plan.prefix + "-" + tier) {
        return Error{ErrorCode::usage, "--prefix " + plan.prefix,
                     "a key with the label " + key.label + " is in the token already",
                     "choose another prefix of the labels with --prefix; `evseal key list` shows "
                     "the keys"};
      }
    }
  }
  return {};
}

Result<Bytes> subject_of(const DevelopmentPki& plan, const std::string& tier) {
  return parse_subject("CN=" + plan.vendor + " " + tier + " (development),O=" + plan.vendor);
}

Result<void> issue_into(hsm::Session& session, Tier& tier, const CertificatePlan& plan,
                        hsm::Signer& issuer, const std::optional<Certificate>& issuer_certificate) {
  EVSEAL_TRY(tier.der, issue_certificate(plan, issuer, issuer_certificate));
  return hsm::import_certificate(session, tier.der, tier.key.id, tier.key.label);
}

nlohmann::ordered_json device_json(const DevelopmentPki& plan) {
  nlohmann::ordered_json role = {{"anchors", {"root.pem"}}, {"threshold", 1}};
  return {{"device", 1},
          {"vendor", plan.vendor},
          {"model", plan.model},
          {"stages", {std::string(to_string(plan.stage))}},
          {"clock", "untrusted"},
          {"time_floor", to_rfc3339(plan.time_floor)},
          {"limits", {{"size", plan.small_device ? "small" : "full"}}},
          {"components", plan.components},
          {"roles", {{"firmware", role}}},
          {"require", {{"firmware", {"firmware"}}}}};
}

nlohmann::ordered_json signer_json(const DevelopmentPki& plan, const Tier& leaf) {
  nlohmann::ordered_json signer = {{"signer", 1},
                                   {"key", leaf.key.uri},
                                   {"certificate", "firmware.pem"},
                                   {"chain", {"intermediate.pem"}},
                                   {"crls", {"root.crl", "intermediate.crl"}},
                                   {"devices", {"device.json"}}};
  if (!plan.module.empty()) {
    signer["module"] = plan.module;
  }
  return signer;
}

// Room for any of the files: a certificate or a JSON text.
constexpr std::uint64_t kReservedBytes = 16384;

// The files before they have content.
struct Outputs {
  OutputFile root, intermediate, firmware, root_crl, intermediate_crl, signer, device;
};

// Nothing is made in the token before it is sure that every file can be written and can get its
// name.
Result<Outputs> open_outputs(const PkiFiles& files) {
  Outputs out;
  for (const auto& [file, path] :
       {std::pair{&out.root, &files.root}, std::pair{&out.intermediate, &files.intermediate},
        std::pair{&out.firmware, &files.firmware}, std::pair{&out.root_crl, &files.root_crl},
        std::pair{&out.intermediate_crl, &files.intermediate_crl},
        std::pair{&out.signer, &files.signer}, std::pair{&out.device, &files.device}}) {
    auto created = OutputFile::create(*path, OutputFile::Mode::keep_existing);
    if (!created && created.error().code == ErrorCode::usage) {
      return std::move(created).error().with_hint(
          "choose another folder with -o: a PKI is never overwritten");
    }
    EVSEAL_TRY(*file, std::move(created));
    EVSEAL_CHECK(file->reserve(kReservedBytes));
  }
  return out;
}

Result<void> finish_output(OutputFile& file, const std::string& text) {
  EVSEAL_CHECK(file.write(as_bytes(text)));
  return file.commit();
}

}  // namespace

const std::vector<std::string>& usual_components() {
  static const std::vector<std::string> components = {"bootloader", "kernel", "rootfs", "safety",
                                                      "radio",      "plc",    "meter",  "hmi"};
  return components;
}

namespace {

// The three tiers with their certificates, stored beside their keys.
struct Tiers {
  Tier root, intermediate, leaf;
};

Result<Tiers> make_tiers(hsm::Session& session, const DevelopmentPki& plan, std::int64_t now) {
  Tiers out;
  EVSEAL_TRY(out.root, make_key(session, plan, kTiers[0]));
  EVSEAL_TRY(out.intermediate, make_key(session, plan, kTiers[1]));
  EVSEAL_TRY(out.leaf, make_key(session, plan, kTiers[2]));
  EVSEAL_TRY(Bytes root_name, subject_of(plan, "root"));
  EVSEAL_TRY(Bytes intermediate_name, subject_of(plan, "intermediate"));
  EVSEAL_TRY(Bytes leaf_name, subject_of(plan, "firmware"));

  CertificatePlan root_plan{CertificateKind::root, root_name, out.root.signer->public_key().spki};
  root_plan.not_before = now;
  root_plan.not_after = now + kRootDays * kDay;
  EVSEAL_CHECK(issue_into(session, out.root, root_plan, *out.root.signer, std::nullopt));
  EVSEAL_TRY(const Certificate root_certificate, Certificate::parse(out.root.der));

  CertificatePlan middle_plan{CertificateKind::intermediate,
                              intermediate_name,
                              out.intermediate.signer->public_key().spki,
                              {plan.stage}};
  middle_plan.not_before = now;
  middle_plan.not_after = now + kIntermediateDays * kDay;
  middle_plan.path_length = 0;
  EVSEAL_CHECK(
      issue_into(session, out.intermediate, middle_plan, *out.root.signer, root_certificate));
  EVSEAL_TRY(const Certificate middle_certificate, Certificate::parse(out.intermediate.der));

  CertificatePlan leaf_plan{
      CertificateKind::firmware, leaf_name, out.leaf.signer->public_key().spki, {plan.stage}};
  leaf_plan.not_before = now;
  leaf_plan.not_after = now + kLeafDays * kDay;
  EVSEAL_CHECK(
      issue_into(session, out.leaf, leaf_plan, *out.intermediate.signer, middle_certificate));
  return out;
}

// An empty list, for as long as its issuer lives: packages carry it from the first day on, so that
// devices have seen one before the first certificate is revoked.
Result<std::string> first_crl(Tier& issuer, std::int64_t now) {
  EVSEAL_TRY(const Certificate certificate, Certificate::parse(issuer.der));
  CrlPlan plan;
  plan.this_update = now;
  plan.next_update = certificate.not_after();
  EVSEAL_TRY(const Bytes crl, issue_crl(plan, *issuer.signer, certificate));
  return crl_to_pem(crl);
}

}  // namespace

Result<PkiFiles> init_development_pki(hsm::Session& session, const DevelopmentPki& plan,
                                      std::int64_t now) {
  const PkiFiles files = {plan.folder / "root.pem",         plan.folder / "intermediate.pem",
                          plan.folder / "firmware.pem",     plan.folder / "root.crl",
                          plan.folder / "intermediate.crl", plan.folder / "signer.json",
                          plan.folder / "device.json"};
  EVSEAL_CHECK(check_labels(session, plan));
  std::error_code problem;
  fs::create_directories(plan.folder, problem);
  if (problem) {
    return Error{ErrorCode::io, plan.folder.string(),
                 "cannot create the folder: " + problem.message()};
  }
  EVSEAL_TRY(Outputs outputs, open_outputs(files));
  EVSEAL_TRY(Tiers tiers, make_tiers(session, plan, now));
  EVSEAL_TRY(const std::string root_crl, first_crl(tiers.root, now));
  EVSEAL_TRY(const std::string intermediate_crl, first_crl(tiers.intermediate, now));
  EVSEAL_CHECK(finish_output(outputs.root, to_pem(tiers.root.der)));
  EVSEAL_CHECK(finish_output(outputs.intermediate, to_pem(tiers.intermediate.der)));
  EVSEAL_CHECK(finish_output(outputs.firmware, to_pem(tiers.leaf.der)));
  EVSEAL_CHECK(finish_output(outputs.root_crl, root_crl));
  EVSEAL_CHECK(finish_output(outputs.intermediate_crl, intermediate_crl));
  EVSEAL_CHECK(finish_output(outputs.device, device_json(plan).dump(2) + "\n"));
  EVSEAL_CHECK(finish_output(outputs.signer, signer_json(plan, tiers.leaf).dump(2) + "\n"));
  return files;
}

}  // namespace evseal::sign
