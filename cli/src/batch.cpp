#include "batch.hpp"

#include <fstream>
#include <iostream>
#include <map>
#include <vector>

namespace evseal::cli {
namespace {

using nlohmann::json;

struct Counts {
  std::size_t cases = 0;
  std::size_t right = 0;
  std::size_t false_accepts = 0;
  std::size_t false_rejects = 0;
  std::size_t errors = 0;
};

void count(Counts& counts, const json& line, const CaseVerdict& verdict) {
  const std::string expect = line.value("expect", "");
  const bool good = expect == "accept" || expect == "valid";
  const bool either =
      expect == "either" || expect == "acceptable" || line.value("anchor_only", false);
  ++counts.cases;
  if (verdict.verdict == "error") {
    ++counts.errors;
  } else if (!either && verdict.verdict == "accept" && !good) {
    ++counts.false_accepts;
  } else if (!either && verdict.verdict == "reject" && good) {
    ++counts.false_rejects;
  } else {
    ++counts.right;
  }
}

nlohmann::ordered_json to_json(const Counts& counts) {
  return {{"cases", counts.cases},
          {"right", counts.right},
          {"false_accepts", counts.false_accepts},
          {"false_rejects", counts.false_rejects},
          {"errors", counts.errors}};
}

#ifdef EVSEAL_HAS_BEARSSL
// What a charger links that wants BearSSL's size and Ed25519 too.
evseal_crypto bearssl_with_sodium() {
  evseal_crypto table = evseal_crypto_bearssl;
  table.name = "bearssl+sodium";
  table.ed25519 = evseal_crypto_sodium.ed25519;
  return table;
}

const std::vector<const evseal_crypto*>& backends() {
  static const evseal_crypto mixed = bearssl_with_sodium();
  static const std::vector<const evseal_crypto*> all = {
      &evseal_crypto_openssl, &evseal_crypto_sodium, &evseal_crypto_bearssl, &mixed};
  return all;
}
#else
const std::vector<const evseal_crypto*>& backends() {
  static const std::vector<const evseal_crypto*> all = {&evseal_crypto_openssl,
                                                        &evseal_crypto_sodium};
  return all;
}
#endif

// "openssl, sodium or bearssl"
std::string backend_names() {
  std::string names;
  for (const evseal_crypto* backend : backends()) {
    const bool last = backend == backends().back();
    names += (names.empty() ? "" : (last ? " or " : ", ")) + std::string(backend->name);
  }
  return names;
}

}  // namespace

CaseVerdict verdict_of(evseal_status status) {
  const char* name = evseal_status_name(status);
  if (status == EVSEAL_OK) {
    return {"accept", name};
  }
  return {evseal_status_class(status) == EVSEAL_CLASS_CONFIGURATION ? "error" : "reject", name};
}

void add_backend_option(const Command& command, std::string& name) {
  command.add_option("--backend", name,
                     "Crypto: " + backend_names() +
                         " (default: openssl); what it lacks is an error, not a refusal");
}

Result<const evseal_crypto*> backend_by_name(const std::string& name) {
  for (const evseal_crypto* backend : backends()) {
    if (name == backend->name) {
      return backend;
    }
  }
  return Error{ErrorCode::usage, "--backend " + name, "is not built in", "use " + backend_names()};
}

Result<Outcome> run_batch(const std::string& path,
                          const std::function<CaseVerdict(const json&)>& judge) {
  std::ifstream file(path);
  if (!file) {
    return Error{ErrorCode::io, path, "cannot open for reading", "check the path"};
  }
  Counts total;
  std::map<std::string, Counts> suites;
  std::string line;
  for (std::size_t number = 1; std::getline(file, line); ++number) {
    const json object = json::parse(line, nullptr, false);
    if (!object.is_object()) {
      return Error{ErrorCode::malformed, path + ":" + std::to_string(number),
                   "is not a JSON object"};
    }
    CaseVerdict verdict;
    try {
      verdict = judge(object);
    } catch (const json::exception&) {
      return Error{ErrorCode::malformed, path + ":" + std::to_string(number),
                   "lacks a member or has one of the wrong type"};
    }
    count(total, object, verdict);
    count(suites[object.value("suite", "")], object, verdict);
    const nlohmann::ordered_json answer = {{"suite", object.value("suite", "")},
                                           {"id", object.value("id", "")},
                                           {"expect", object.value("expect", "")},
                                           {"verdict", verdict.verdict},
                                           {"status", verdict.status}};
    std::cout << answer.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace)
              << '\n';
  }
  std::cout.flush();
  for (const auto& [suite, counts] : suites) {
    std::cerr << suite << ": " << to_json(counts).dump() << '\n';
  }
  std::cerr << "all: " << to_json(total).dump() << '\n';
  if (!std::cout) {
    return Error{ErrorCode::io, "standard output", "cannot be written"};
  }
  Outcome outcome;
  outcome.code = total.right == total.cases ? 0 : static_cast<int>(ErrorCode::does_not_hold);
  return outcome;
}

}  // namespace evseal::cli
