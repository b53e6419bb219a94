// evseal chain verify
#include <evseal/crl.h>

#include <array>
#include <memory>

#include "batch.hpp"
#include "evseal/base/time.hpp"
#include "evseal/manifest/der_writer.hpp"
#include "evseal/sign/certificate.hpp"
#include "evseal/sign/crl.hpp"
#include "signing_options.hpp"

namespace evseal::cli {
namespace {

struct Purpose {
  std::string_view name;
  std::string_view oid;
};

constexpr std::array<Purpose, 7> kPurposes = {{
    {"codeSigning", "1.3.6.1.5.5.7.3.3"},
    {"updatePackageSigning", "1.3.6.1.5.5.7.3.43"},
    {"serverAuth", "1.3.6.1.5.5.7.3.1"},
    {"clientAuth", "1.3.6.1.5.5.7.3.2"},
    {"emailProtection", "1.3.6.1.5.5.7.3.4"},
    {"timeStamping", "1.3.6.1.5.5.7.3.8"},
    {"OCSPSigning", "1.3.6.1.5.5.7.3.9"},
}};

// The content octets of a purpose's OID.
Result<Bytes> purpose_oid(std::string_view text) {
  for (const Purpose& purpose : kPurposes) {
    if (purpose.name == text) {
      text = purpose.oid;
      break;
    }
  }
  auto encoded = manifest::der::oid(text);
  if (!encoded) {
    return Error{ErrorCode::usage, "--eku " + std::string(text), "is no purpose",
                 "use a name such as codeSigning, or a dotted OID"};
  }
  return Bytes(encoded->begin() + 2, encoded->end());  // short form: an OID of a purpose is small
}

// A question about one chain, with everything that it points to.
struct Question {
  std::vector<Bytes> anchors;
  std::vector<Bytes> certificates;  // the leaf first
  std::vector<Bytes> purposes;
  // None: revocation is not asked. Else every certificate of the path needs a usable CRL.
  std::optional<std::vector<Bytes>> crls;
  std::int64_t time = 0;
  unsigned max_intermediates = EVSEAL_MAX_INTERMEDIATES;
  bool pkcs1 = true;
};

struct Answer {
  evseal_status status = EVSEAL_MISUSE;
  std::vector<std::size_t> path;  // indices of certificates, leaf first
  std::size_t anchor = 0;
  std::optional<std::size_t> failed;
  unsigned operations = 0;
};

// Anchors with their certificates, whose own constraints are then checked too.
std::vector<evseal_anchor> read_anchors(const std::vector<Bytes>& roots,
                                        std::vector<evseal_certificate>& parsed) {
  std::vector<evseal_anchor> out;
  parsed.resize(roots.size());
  for (std::size_t i = 0; i < roots.size(); ++i) {
    evseal_anchor anchor;
    const evseal_span der = {roots[i].data(), roots[i].size()};
    if (evseal_anchor_from_certificate(&anchor, der) == EVSEAL_OK) {
      (void)evseal_certificate_parse(&parsed[i], der);
      anchor.certificate = &parsed[i];
      out.push_back(anchor);
    }
  }
  return out;
}

// RFC 5280 §6.3, by the device's own code.
evseal_status ask_crls(const evseal_crypto* crypto, const std::vector<Bytes>& crls,
                       evseal_path& path, evseal_budget& budget,
                       const std::vector<evseal_certificate>& certificates,
                       const std::vector<evseal_anchor>& anchors, const evseal_chain_rules& rules) {
  std::vector<evseal_crl> parsed(crls.size());
  for (std::size_t i = 0; i < crls.size(); ++i) {
    (void)evseal_crl_parse(&parsed[i], {crls[i].data(), crls[i].size()});
  }
  return evseal_crl_check_path(&path, &budget, crypto, certificates.data(), anchors.data(),
                               parsed.data(), parsed.size(), &rules);
}

Answer ask(const evseal_crypto* crypto, const Question& question) {
  std::vector<evseal_certificate> roots;
  const std::vector<evseal_anchor> anchors = read_anchors(question.anchors, roots);
  std::vector<evseal_certificate> certificates(question.certificates.size());
  for (std::size_t i = 0; i < certificates.size(); ++i) {
    const Bytes& der = question.certificates[i];
    (void)evseal_certificate_parse(&certificates[i], {der.data(), der.size()});
  }
  std::vector<evseal_span> purposes;
  for (const Bytes& oid : question.purposes) {
    purposes.push_back({oid.data(), oid.size()});
  }
  evseal_chain_rules rules = {};
  rules.purposes = purposes.data();
  rules.num_purposes = purposes.size();
  rules.max_intermediates = question.max_intermediates;
  rules.flags = EVSEAL_CHAIN_CHECK_TIME | (question.pkcs1 ? EVSEAL_CHAIN_ALLOW_PKCS1 : 0U);
  rules.time = question.time;
  evseal_budget budget = {EVSEAL_MAX_OPERATIONS, EVSEAL_MAX_NAME_STEPS, 0, {}};
  evseal_path path = {};
  Answer answer;
  answer.status =
      evseal_chain_find(&path, &budget, crypto, certificates.data(), certificates.size(), 0,
                        0xFFFFFFFFU, anchors.data(), anchors.size(), &rules);
  if (answer.status == EVSEAL_OK && question.crls) {
    answer.status = ask_crls(crypto, *question.crls, path, budget, certificates, anchors, rules);
  }
  answer.operations = EVSEAL_MAX_OPERATIONS - budget.operations;
  answer.anchor = path.anchor;
  for (unsigned i = 0; i < path.num_certificates; ++i) {
    answer.path.push_back(path.certificates[i]);
  }
  if (answer.status != EVSEAL_OK && path.failed < certificates.size()) {
    answer.failed = path.failed;
  }
  return answer;
}

void add_pem(std::vector<Bytes>& out, const nlohmann::json& list) {
  for (const auto& pem : list) {
    for (Bytes& der : sign::certificates_from_pem(pem.get_ref<const std::string&>())) {
      out.push_back(std::move(der));
    }
  }
}

CaseVerdict judge_case(const evseal_crypto* crypto, const nlohmann::json& line) {
  Question question;
  add_pem(question.anchors, line.at("roots"));
  add_pem(question.certificates, nlohmann::json::array({line.at("leaf")}));
  if (question.certificates.size() != 1) {
    return {"error", "case_malformed"};
  }
  add_pem(question.certificates, line.at("ints"));
  if (!line.at("crls").is_null()) {
    question.crls.emplace();
    for (const auto& pem : line.at("crls")) {
      for (Bytes& der : sign::crls_from_pem(pem.get_ref<const std::string&>())) {
        question.crls->push_back(std::move(der));
      }
    }
  }
  question.time = now_seconds();
  if (!line.at("time").is_null()) {
    const auto time = from_rfc3339(line.at("time").get<std::string>());
    if (!time) {
      return {"error", "case_malformed"};
    }
    question.time = *time;
  }
  if (!line.at("eku").is_null()) {
    auto oid = purpose_oid(line.at("eku").get<std::string>());
    if (!oid) {
      return {"error", "case_malformed"};
    }
    question.purposes.push_back(std::move(*oid));
  }
  if (!line.at("depth").is_null()) {
    question.max_intermediates = line.at("depth").get<unsigned>();
  }
  return verdict_of(ask(crypto, question).status);
}

struct Options {
  std::vector<std::string> anchors;
  std::vector<std::string> intermediates;
  std::string certificate;
  std::vector<std::string> crls;
  std::vector<std::string> purposes;
  std::string time;
  unsigned max_depth = EVSEAL_MAX_INTERMEDIATES;
  bool no_pkcs1 = false;
  std::string batch;
  std::string backend = "openssl";
};

Result<void> load_all(std::vector<Bytes>& out, const std::vector<std::string>& files) {
  for (const std::string& file : files) {
    EVSEAL_TRY(const std::vector<Bytes> more, sign::load_certificates(file));
    out.insert(out.end(), more.begin(), more.end());
  }
  return {};
}

Result<Question> make_question(const Options& options) {
  if (options.anchors.empty() || options.certificate.empty()) {
    return Error{ErrorCode::usage, "chain verify", "needs --anchor and --cert, or --batch",
                 "evseal chain verify --anchor root.pem --intermediate int.pem --cert leaf.pem"};
  }
  Question question;
  EVSEAL_CHECK(load_all(question.anchors, options.anchors));
  // A file with a whole chain: the leaf comes first, the rest are intermediates.
  EVSEAL_CHECK(load_all(question.certificates, {options.certificate}));
  EVSEAL_CHECK(load_all(question.certificates, options.intermediates));
  if (!options.crls.empty()) {
    EVSEAL_TRY(question.crls, load_crl_files(options.crls));
  }
  for (const std::string& purpose : options.purposes) {
    EVSEAL_TRY(Bytes oid, purpose_oid(purpose));
    question.purposes.push_back(std::move(oid));
  }
  question.time = now_seconds();
  if (!options.time.empty()) {
    const auto time = from_rfc3339(options.time);
    if (!time) {
      return Error{ErrorCode::usage, "--time", "is not a time", "write it as 2026-11-20T12:00:00Z"};
    }
    question.time = *time;
  }
  question.max_intermediates = options.max_depth;
  question.pkcs1 = !options.no_pkcs1;
  return question;
}

std::string name_of(const Bytes& der) {
  evseal_certificate parsed;
  (void)evseal_certificate_parse(&parsed, {der.data(), der.size()});
  return parsed.subject.len == 0 ? "(unreadable certificate)"
                                 : sign::name_text({parsed.subject.data, parsed.subject.len});
}

Outcome describe(const Question& question, const Answer& answer) {
  Outcome outcome;
  const bool holds = answer.status == EVSEAL_OK;
  outcome.result = holds ? "holds" : "does_not_hold";
  outcome.code = holds ? 0 : static_cast<int>(ErrorCode::does_not_hold);
  nlohmann::ordered_json path = nlohmann::ordered_json::array();
  if (holds) {
    outcome.text = "the chain holds\n";
    std::string indent = "  ";
    for (const std::size_t index : answer.path) {
      path.push_back(name_of(question.certificates[index]));
      outcome.text += indent + path.back().get<std::string>() + "\n";
      indent += "  ";
    }
    outcome.text += indent + "anchor: " + name_of(question.anchors[answer.anchor]) + "\n";
  } else {
    const std::string which =
        answer.failed ? name_of(question.certificates[*answer.failed]) + ": " : std::string();
    outcome.text = "the chain does not hold: " + which + evseal_status_text(answer.status) + " (" +
                   evseal_status_name(answer.status) + ")\n";
    if (answer.failed) {
      outcome.data["certificate"] = name_of(question.certificates[*answer.failed]);
    }
  }
  outcome.data["status"] = evseal_status_name(answer.status);
  outcome.data["text"] = evseal_status_text(answer.status);
  outcome.data["path"] = std::move(path);
  outcome.data["public_key_operations"] = answer.operations;
  return outcome;
}

void add_options(const Command& command, Options& options) {
  command.add_list("--anchor,--trust", options.anchors,
                   "Root certificate: its name and key are trusted");
  command.add_list("--intermediate,--untrusted", options.intermediates,
                   "Intermediates, in any order");
  command.add_option("--cert", options.certificate, "The certificate in question");
  command.add_list("--crl", options.crls,
                   "Revocation list; with one, every certificate below the anchor needs one");
  command.add_list("--eku", options.purposes,
                   "Purpose that must be allowed, such as codeSigning; any if several");
  command.add_option("--time", options.time,
                     "Moment to judge at, as 2026-11-20T12:00:00Z (default: now)");
  command.add_option("--max-depth", options.max_depth, "Intermediates at most (default: 4)")
      .between(0U, EVSEAL_MAX_CHAIN_CERTIFICATES - 1);
  command.add_flag("--no-pkcs1", options.no_pkcs1,
                   "Refuse RSA PKCS#1 v1.5 on certificates, as devices do by default");
  command.add_option("--batch", options.batch, "File of JSON lines");
  add_backend_option(command, options.backend);
}

}  // namespace

void add_chain_commands(Program& program) {
  const Command group = program.group("chain", "Certificate chains: verify");
  const Command command =
      program.command(group, "verify",
                      "evseal chain verify --anchor root.pem --intermediate "
                      "int.pem --cert leaf.pem --eku codeSigning",
                      "Says why a chain holds or not, by the device's own code. "
                      "Exit code 0: it holds, 1: it does not.\n"
                      "With --batch: JSON lines with suite, id, expect, roots, "
                      "ints, leaf, crls, time, eku and depth.");
  auto options = std::make_shared<Options>();
  add_options(command, *options);
  program.run(command, "evseal.chain.verify/1", [options](Console& console) -> Result<Outcome> {
    EVSEAL_TRY(const evseal_crypto* const crypto, backend_by_name(options->backend));
    if (!options->batch.empty()) {
      console.json = false;  // the lines themselves are the answer
      return run_batch(options->batch,
                       [crypto](const nlohmann::json& line) { return judge_case(crypto, line); });
    }
    EVSEAL_TRY(const Question question, make_question(*options));
    return describe(question, ask(crypto, question));
  });
}

}  // namespace evseal::cli
