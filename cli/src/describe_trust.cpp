#include "describe_trust.hpp"

#include "console.hpp"
#include "evseal/base/time.hpp"
#include "evseal/sign/certificate.hpp"

namespace evseal::cli {
namespace {

std::string list_of(const std::vector<std::string>& texts, const char* none) {
  std::string out;
  for (const std::string& text : texts) {
    out += (out.empty() ? "" : ", ") + text;
  }
  return out.empty() ? none : out;
}

std::string flags_text(std::uint32_t flags) {
  std::string out;
  for (const auto& [bit, text] : {std::pair{manifest::kRoleCrlRequired, "CRLs required"},
                                  std::pair{manifest::kRolePoliciesWaived, "policies waived"},
                                  std::pair{manifest::kRolePurposeWaived, "purpose waived"},
                                  std::pair{manifest::kRolePkcs1, "PKCS#1 v1.5 allowed"}}) {
    out += (flags & bit) != 0 ? std::string(", ") + text : std::string();
  }
  return out;
}

std::string scope_text(const manifest::Scope& scope) {
  std::vector<std::string> stages;
  for (const auto& [bit, text] :
       {std::pair{manifest::kStageDev, "dev"}, std::pair{manifest::kStagePilot, "pilot"},
        std::pair{manifest::kStageProd, "prod"}}) {
    if ((scope.stages & bit) != 0) {
      stages.emplace_back(text);
    }
  }
  std::vector<std::string> kinds;
  if ((scope.kinds & manifest::kKindFirmware) != 0) {
    kinds.emplace_back("firmware");
  }
  if ((scope.kinds & manifest::kKindTrustUpdate) != 0) {
    kinds.emplace_back("trust-update");
  }
  return list_of(kinds, "nothing") + " of stage " + list_of(stages, "none") + ", models " +
         list_of(scope.models, "all") + ", components " + list_of(scope.components, "all");
}

}  // namespace

std::string describe_trust(const manifest::TrustStore& trust) {
  std::string out = "firmware needs " + list_of(trust.firmware, "nobody") + "\n";
  out += "a trust-update needs " + list_of(trust.trust_update, "nobody: none is taken") + "\n";
  for (const manifest::Role& role : trust.roles) {
    out += "role " + role.name + ": " + std::to_string(role.threshold) + " signature" +
           (role.threshold == 1 ? "" : "s") + flags_text(role.flags) + "\n";
    out += "  may sign " + scope_text(role.scope) + "\n";
    for (const manifest::Anchor& anchor : role.anchors) {
      out +=
          "  anchor " + to_hex(anchor.key_hash()) + "  " + sign::name_text(anchor.subject) + "\n";
    }
    for (const Sha256& signer : role.signers) {
      out += "  signer " + to_hex(signer) + "\n";
    }
  }
  return printable_lines(out);
}

nlohmann::json trust_json(const manifest::TrustStore& trust) {
  nlohmann::json out = manifest::trust_store_to_json(trust);
  for (const manifest::Role& role : trust.roles) {
    for (std::size_t i = 0; i < role.anchors.size(); ++i) {
      out["names"][to_hex(role.anchors[i].key_hash())] = sign::name_text(role.anchors[i].subject);
    }
  }
  return out;
}

nlohmann::json trust_for_diff(const manifest::TrustStore& trust) {
  nlohmann::json out = manifest::trust_store_to_json(trust);
  for (const manifest::Role& role : trust.roles) {
    nlohmann::json& json = out["roles"][role.name];
    json["anchors"] = nlohmann::json::object();
    for (const manifest::Anchor& anchor : role.anchors) {
      json["anchors"][to_hex(anchor.key_hash())] = sign::name_text(anchor.subject);
    }
    json["signers"] = nlohmann::json::object();
    for (const Sha256& signer : role.signers) {
      json["signers"][to_hex(signer)] = "listed";
    }
    for (const char* list : {"models", "components", "stages", "kinds"}) {
      json["allow"][list] = json["allow"][list].dump();
    }
  }
  out["require"]["firmware"] = out["require"]["firmware"].dump();
  out["require"]["trust-update"] = out["require"]["trust-update"].dump();
  return out;
}

std::string describe_state(const manifest::State& state) {
  std::string out = state.vendor + "/" + state.model + ", written " +
                    std::to_string(state.counter) + " times\ntime floor " +
                    to_rfc3339(state.time_floor) + "\ntrust epoch " +
                    std::to_string(state.trust_epoch) + "\n";
  for (const manifest::Slot& slot : state.slots) {
    out += "slot " + slot.id + ": security version " + std::to_string(slot.security_version) +
           " at least\n";
  }
  for (const manifest::KnownIssuer& issuer : state.crls) {
    out += "CRL " + std::to_string(issuer.number) + " of key " + to_hex(issuer.issuer_key) + ": " +
           (issuer.complete ? std::to_string(issuer.revoked.size()) + " revoked"
                            : "no room for its entries, it must be shown") +
           "\n";
    for (const Bytes& serial : issuer.revoked) {
      out += "  revoked " + to_hex(serial) + "\n";
    }
  }
  return printable_lines(out) + (state.trust ? describe_trust(*state.trust) : std::string());
}

}  // namespace evseal::cli
