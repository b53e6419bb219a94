// A verdict for machines and people.
#include "evseal/base/time.hpp"
#include "evseal/manifest/device.hpp"
#include "shared_options.hpp"

namespace evseal::cli {
namespace {

nlohmann::ordered_json steps_json(const sign::Verdict& verdict) {
  nlohmann::ordered_json out = nlohmann::ordered_json::array();
  for (const sign::StepVerdict& step : verdict.steps) {
    out.push_back({{"status", evseal_status_name(step.status)},
                   {"taken", step.status == EVSEAL_OK},
                   {"text", step.text}});
    if (step.epoch) {
      out.back()["epoch"] = *step.epoch;
    }
  }
  return out;
}

nlohmann::ordered_json crls_json(const sign::Verdict& verdict) {
  nlohmann::ordered_json out = nlohmann::ordered_json::array();
  for (const sign::CrlVerdict& crl : verdict.crls) {
    out.push_back({{"issuer_key", to_hex(crl.issuer_key)}, {"number", crl.number}});
  }
  return out;
}

std::string describe_signer(const sign::SignerVerdict& signer) {
  std::string out = "signed " + to_rfc3339(signer.signing_time) + " by " + signer.subject;
  out += signer.role.empty() ? std::string() : " as " + signer.role;
  if (signer.status != EVSEAL_OK) {
    out += std::string(": does not count, ") + evseal_status_text(signer.status) + " (" +
           evseal_status_name(signer.status) + ")";
  } else if (signer.new_status && *signer.new_status != EVSEAL_OK) {
    out += std::string(": does not count in the new trust store, ") +
           evseal_status_text(*signer.new_status) + " (" + evseal_status_name(*signer.new_status) +
           ")";
  }
  return out + "\n";
}

}  // namespace

std::string describe_parties(const sign::Verdict& verdict) {
  std::string out;
  for (const sign::StepVerdict& step : verdict.steps) {
    out += "step" + (step.epoch ? " to epoch " + std::to_string(*step.epoch) : std::string()) +
           (step.status == EVSEAL_OK
                ? ": taken"
                : ": left out, " + step.text + " (" + evseal_status_name(step.status) + ")") +
           "\n";
  }
  for (const sign::SignerVerdict& signer : verdict.signers) {
    out += describe_signer(signer);
  }
  for (const sign::CrlVerdict& crl : verdict.crls) {
    out += "CRL " + std::to_string(crl.number) + " of key " + to_hex(crl.issuer_key) + "\n";
  }
  if (verdict.learnt) {
    out += "the device learns from its CRLs, whatever the verdict\n";
  }
  return printable_lines(out);
}

nlohmann::ordered_json to_json(const sign::Verdict& verdict) {
  const evseal_ocpp ocpp = evseal_status_ocpp(verdict.status);
  nlohmann::ordered_json out = {{"status", evseal_status_name(verdict.status)},
                                {"text", verdict.text()},
                                {"code", static_cast<int>(evseal_status_class(verdict.status))},
                                {"authenticated", verdict.authenticated},
                                {"ocpp",
                                 {{"firmware_status", evseal_ocpp_firmware_status(ocpp)},
                                  {"security_event", evseal_ocpp_security_event(ocpp)}}}};
  nlohmann::ordered_json signers = nlohmann::ordered_json::array();
  for (const sign::SignerVerdict& signer : verdict.signers) {
    signers.push_back({{"status", evseal_status_name(signer.status)},
                       {"subject", signer.subject},
                       {"role", signer.role},
                       {"key_hash", to_hex(signer.key_hash)},
                       {"signing_time", to_rfc3339(signer.signing_time)}});
    if (signer.new_status) {
      signers.back()["new_status"] = evseal_status_name(*signer.new_status);
    }
    if (signer.path_not_after != 0) {
      signers.back()["path_not_after"] = to_rfc3339(signer.path_not_after);
    }
  }
  out["signers"] = std::move(signers);
  out["steps"] = steps_json(verdict);
  out["crls"] = crls_json(verdict);
  out["learnt"] = verdict.learnt;
  if (const Bytes& next =
          verdict.state_after_boot.empty() ? verdict.state_at_once : verdict.state_after_boot;
      !next.empty()) {
    if (const auto state = manifest::decode_state(next)) {
      out["remembers"] = nlohmann::ordered_json(manifest::state_to_json(*state));
    }
  }
  if (!verdict.authenticated || verdict.id.empty()) {
    return out;
  }
  out["package"] = {{"identity", to_hex(verdict.package_id)},
                    {"id", verdict.id},
                    {"vendor", verdict.vendor},
                    {"version", verdict.version},
                    {"stage", verdict.stage}};
  if (verdict.epoch) {
    out["package"]["epoch"] = *verdict.epoch;
  }
  nlohmann::ordered_json components = nlohmann::ordered_json::array();
  for (const sign::ComponentVerdict& component : verdict.components) {
    nlohmann::ordered_json entry = {{"id", component.id},
                                    {"version", component.version},
                                    {"security_version", component.security_version},
                                    {"size", component.size},
                                    {"present", component.present},
                                    {"applicable", component.applicable},
                                    {"needed", component.needed},
                                    {"verified", component.complete}};
    if (component.floor_after) {
      entry["floor_after"] = *component.floor_after;
    }
    components.push_back(std::move(entry));
  }
  out["components"] = std::move(components);
  if (verdict.accepted()) {
    out["time_floor_after"] = to_rfc3339(verdict.time_floor);
  }
  return out;
}

}  // namespace evseal::cli
