// evseal inspect, evseal diff
#include <evseal/chain.h>

#include "describe_crl.hpp"
#include "describe_manifest.hpp"
#include "evseal/base/time.hpp"
#include "evseal/sign/certificate.hpp"
#include "program.hpp"
#include "unverified_input.hpp"

namespace evseal::cli {
namespace {

std::string policies_text(std::uint32_t policies) {
  static constexpr std::pair<std::uint32_t, const char*> names[] = {
      {EVSEAL_POLICY_DEV, "dev"},
      {EVSEAL_POLICY_PILOT, "pilot"},
      {EVSEAL_POLICY_PROD, "prod"},
      {EVSEAL_POLICY_TRUST_UPDATE, "trust-update"},
      {EVSEAL_POLICY_OCPP, "ocpp"}};
  std::string out;
  for (const auto& [bit, name] : names) {
    if ((policies & bit) != 0) {
      out += (out.empty() ? "" : ", ") + std::string(name);
    }
  }
  return out.empty() ? "no evseal policy" : "may sign " + out;
}

nlohmann::ordered_json describe_certificate(const Bytes& der, std::string& text) {
  auto certificate = sign::Certificate::parse(der);
  if (!certificate) {
    text += "  certificate that no device takes: " + certificate.error().why + "\n";
    return {{"status", certificate.error().status}};
  }
  text += "  " + certificate->subject_text() + "\n    issued by " + certificate->issuer_text() +
          ", valid " + to_rfc3339(certificate->not_before()) + " to " +
          to_rfc3339(certificate->not_after()) + ", " + policies_text(certificate->policies()) +
          "\n";
  return {{"subject", certificate->subject_text()},
          {"issuer", certificate->issuer_text()},
          {"serial", to_hex(certificate->serial())},
          {"not_before", to_rfc3339(certificate->not_before())},
          {"not_after", to_rfc3339(certificate->not_after())},
          {"key_hash", to_hex(certificate->key_hash())},
          {"ca", certificate->is_ca()}};
}

nlohmann::ordered_json describe_signers(const sign::UnverifiedEnvelope& envelope,
                                        std::string& text) {
  nlohmann::ordered_json out = nlohmann::ordered_json::array();
  for (const sign::UnverifiedSigner& signer : envelope.unverified_signers) {
    const std::string time =
        signer.signing_time ? to_rfc3339(*signer.signing_time) : std::string("at no readable time");
    const Bytes* const leaf = envelope.leaf_of(signer);
    const auto certificate =
        leaf == nullptr ? Result<sign::Certificate>(Error{}) : sign::Certificate::parse(*leaf);
    const std::string subject =
        certificate ? certificate->subject_text() : std::string("(unknown certificate)");
    text += "  signed " + time + " by " + subject + "\n";
    out.push_back({{"subject", subject}, {"signing_time", time}});
  }
  return out;
}

nlohmann::ordered_json describe_steps(const UnverifiedInput& input, std::string& text) {
  nlohmann::ordered_json out = nlohmann::ordered_json::array();
  for (const sign::UnverifiedEnvelope& step : input.steps) {
    const auto parsed = manifest::parse_unverified(step.unverified_manifest);
    const bool readable = parsed.ok() && parsed->unverified().trust_update.has_value();
    const std::string epoch =
        readable ? std::to_string(parsed->unverified().trust_update->epoch) : "unreadable";
    text += "  step: trust-update to epoch " + epoch + ", " +
            std::to_string(step.unverified_signers.size()) + " signer(s)\n";
    out.push_back({{"signers", step.unverified_signers.size()}});
    if (readable) {
      out.back()["epoch"] = parsed->unverified().trust_update->epoch;
      out.back()["identity"] = to_hex(parsed->identity());
    }
  }
  return out;
}

void describe_envelope(const UnverifiedInput& input, Outcome& outcome) {
  const sign::UnverifiedEnvelope& envelope = *input.envelope;
  std::string text;
  nlohmann::ordered_json steps = describe_steps(input, text);
  nlohmann::ordered_json signatures = describe_signers(envelope, text);
  nlohmann::ordered_json certificates = nlohmann::ordered_json::array();
  for (const Bytes& der : envelope.unverified_certificates) {
    certificates.push_back(describe_certificate(der, text));
  }
  nlohmann::ordered_json crls = describe_crls(envelope.unverified_crls, text);
  outcome.data["signers"] = envelope.unverified_signers.size();
  outcome.data["component_mask"] = input.component_mask;
  outcome.data["steps"] = std::move(steps);
  outcome.data["signatures"] = std::move(signatures);
  outcome.data["certificates"] = std::move(certificates);
  outcome.data["crls"] = std::move(crls);
  outcome.text += std::to_string(envelope.unverified_signers.size()) + " signer(s), " +
                  std::to_string(envelope.unverified_certificates.size()) + " certificate(s), " +
                  std::to_string(envelope.unverified_crls.size()) + " CRL(s)\n" +
                  printable_lines(text);
}

Result<Outcome> inspect(const std::string& path) {
  EVSEAL_TRY(const UnverifiedInput input, read_unverified(path));
  Outcome outcome;
  outcome.result = "unverified";
  outcome.text = "NOT VERIFIED: no signature was checked\nidentity " +
                 to_hex(input.manifest.identity()) + "\n" +
                 describe_manifest(input.manifest.unverified());
  outcome.data = {{"verified", false},
                  {"identity", to_hex(input.manifest.identity())},
                  {"manifest", nlohmann::ordered_json(input.manifest.unverified_json())}};
  if (input.envelope) {
    describe_envelope(input, outcome);
  }
  return outcome;
}

Result<Outcome> diff(const std::string& before_path, const std::string& after_path) {
  EVSEAL_TRY(const UnverifiedInput before, read_unverified(before_path));
  EVSEAL_TRY(const UnverifiedInput after, read_unverified(after_path));
  Outcome outcome;
  nlohmann::ordered_json differences = nlohmann::ordered_json::array();
  std::string text;
  for (const Difference& d :
       compare(before.manifest.unverified_json(), after.manifest.unverified_json())) {
    differences.push_back({{"where", d.where}, {"before", d.before}, {"after", d.after}});
    text += d.where + ": " + (d.before.empty() ? "(absent)" : d.before) + " -> " +
            (d.after.empty() ? "(absent)" : d.after) + "\n";
  }
  outcome.result = differences.empty() ? "same" : "differs";
  outcome.code = differences.empty() ? 0 : static_cast<int>(ErrorCode::does_not_hold);
  outcome.text = printable_lines(text);
  outcome.data = {{"before", to_hex(before.manifest.identity())},
                  {"after", to_hex(after.manifest.identity())},
                  {"differences", std::move(differences)}};
  return outcome;
}

}  // namespace

void add_inspect_command(Program& program) {
  const Command command = program.command(
      program.root(), "inspect", "evseal inspect fw.evs",
      "Shows what is in a package. Nothing of it is verified; use `evseal verify`.");
  auto path = std::make_shared<std::string>();
  command.add_option("FILE", *path, "A package or a manifest").required();
  program.run(command, "evseal.inspect/1",
              [path](Console&) -> Result<Outcome> { return inspect(*path); });
}

void add_diff_command(Program& program) {
  const Command command = program.command(program.root(), "diff", "evseal diff fw-1.evs fw-2.evs",
                                          "Compares the manifests of two packages. Nothing is "
                                          "verified. Exit code 0: the same, 1: they differ.");
  auto paths = std::make_shared<std::pair<std::string, std::string>>();
  command.add_option("A", paths->first, "A package or a manifest").required();
  command.add_option("B", paths->second, "The other one").required();
  program.run(command, "evseal.diff/1",
              [paths](Console&) -> Result<Outcome> { return diff(paths->first, paths->second); });
}

}  // namespace evseal::cli
