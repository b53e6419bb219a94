#include "describe_crl.hpp"

#include "console.hpp"
#include "evseal/base/time.hpp"
#include "evseal/sign/crl.hpp"

namespace evseal::cli {

nlohmann::ordered_json describe_crls(const std::vector<Bytes>& crls, std::string& text) {
  nlohmann::ordered_json out = nlohmann::ordered_json::array();
  for (const Bytes& der : crls) {
    const auto crl = sign::Crl::parse(der);
    if (!crl) {
      text += "  CRL that no device takes: " + crl.error().why + "\n";
      out.push_back({{"status", crl.error().status}});
      continue;
    }
    nlohmann::ordered_json serials = nlohmann::ordered_json::array();
    std::string lines;
    for (const Bytes& serial : crl->serials()) {
      serials.push_back(to_hex(serial));
      lines += "    revoked " + to_hex(serial) + "\n";
    }
    text += printable_lines("  CRL of " + crl->issuer_text() + "\n    number " +
                            std::to_string(crl->number()) + ", " + to_rfc3339(crl->this_update()) +
                            " to " + to_rfc3339(crl->next_update()) + ", " +
                            std::to_string(crl->serials().size()) + " revoked\n") +
            lines;
    out.push_back({{"issuer", crl->issuer_text()},
                   {"number", crl->number()},
                   {"this_update", to_rfc3339(crl->this_update())},
                   {"next_update", to_rfc3339(crl->next_update())},
                   {"revoked", std::move(serials)}});
  }
  return out;
}

}  // namespace evseal::cli
