// Malformed certificates of other projects ($EVSEAL_VECTORS/parse.jsonl) through the certificate
// parser: what a suite calls malformed must be refused; of what it calls a matter of taste, only a
// crash is an error.
#include <evseal/chain.h>

#include <cstdlib>
#include <fstream>
#include <iostream>
#include <map>
#include <nlohmann/json.hpp>

#include "evseal/base/bytes.hpp"

namespace {

using nlohmann::json;

int judge(std::istream& cases) {
  std::map<std::string, int> counts;
  int failures = 0;
  std::string line;
  while (std::getline(cases, line)) {
    const json test = json::parse(line);
    const auto der = evseal::from_hex(test.at("der").get<std::string>());
    if (!der) {
      std::cerr << "no hexadecimal text: " << line << '\n';
      return 1;
    }
    evseal_certificate certificate;
    const evseal_status status = evseal_certificate_parse(&certificate, {der->data(), der->size()});
    const bool accepted = status == EVSEAL_OK;
    ++counts[test.at("expect").get<std::string>() + (accepted ? ", accepted" : ", refused")];
    if (!accepted || test.at("expect") != "reject") {
      continue;
    }
    std::cout << "FAILED accepted: " << test.at("suite").get<std::string>() << ": "
              << test.at("id").get<std::string>() << '\n';
    ++failures;
  }
  for (const auto& [what, count] : counts) {
    std::cout << what << ": " << count << '\n';
  }
  return failures == 0 && !counts.empty() ? 0 : 1;
}

}  // namespace

int main() {
  const char* folder = std::getenv("EVSEAL_VECTORS");
  if (folder == nullptr || *folder == '\0') {
    std::cout << "skipped: EVSEAL_VECTORS does not name a folder with the public suites\n";
    return 0;
  }
  std::ifstream cases(std::string(folder) + "/parse.jsonl");
  if (!cases) {
    std::cout << "FAILED no parse.jsonl in EVSEAL_VECTORS\n";
    return 1;
  }
  return judge(cases);
}
