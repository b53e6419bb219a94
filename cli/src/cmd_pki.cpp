// evseal pki init / root / issue
#include <algorithm>

#include "evseal/base/time.hpp"
#include "evseal/hsm/open_signer.hpp"
#include "evseal/sign/certificate.hpp"
#include "evseal/sign/pki.hpp"
#include "key_type_option.hpp"
#include "shared_options.hpp"

namespace evseal::cli {
namespace {

constexpr std::int64_t kDay = 86400;

struct InitOptions {
  bool development = false;
  TokenOptions token;
  PinOptions pin;
  KeyTypeOption type;
  std::string model;
  std::string stage = "dev";
  std::string prefix;
  std::vector<std::string> components;
  bool small = false;
  std::string folder;
};

Result<Outcome> init(const InitOptions& options, Console& console) {
  if (!options.development) {
    return Error{ErrorCode::usage, "pki init",
                 "makes every tier in one token, which is for development only",
                 "pass --development; for production make each tier in its own token with `evseal "
                 "pki root` and "
                 "`evseal pki issue`"};
  }
  const std::size_t slash = options.model.find('/');
  sign::DevelopmentPki plan;
  plan.vendor = options.model.substr(0, slash);
  plan.model = slash == std::string::npos ? "" : options.model.substr(slash + 1);
  if (!manifest::is_name(plan.vendor) || !manifest::is_name(plan.model)) {
    return Error{ErrorCode::usage, "--model", "is not VENDOR/MODEL",
                 "write it as acme/ac22: lower-case letters, digits, dot, underscore and hyphen"};
  }
  plan.prefix = options.prefix.empty() ? plan.vendor : options.prefix;
  plan.key_type = options.type.type();
  plan.rsa_bits = options.type.rsa_bits();
  plan.stage = manifest::stage_from_string(options.stage).value_or(manifest::Stage::dev);
  plan.components = options.components.empty() ? sign::usual_components() : options.components;
  plan.small_device = options.small;
  const std::int64_t now = now_seconds();
  // A device that is made now need not believe in 1970. The build's time where one is given; one in
  // the future would make the device refuse what is signed today.
  EVSEAL_TRY(const std::int64_t build_time, build_time_seconds());
  plan.time_floor = std::min(build_time, now);
  plan.module = options.token.module;
  plan.folder = options.folder;
  EVSEAL_TRY(hsm::Session session,
             options.token.login(options.pin, hsm::Access::read_write, console));
  EVSEAL_TRY(const sign::PkiFiles files, sign::init_development_pki(session, plan, now));
  Outcome outcome;
  outcome.data = {{"root", files.root.string()},
                  {"intermediate", files.intermediate.string()},
                  {"firmware", files.firmware.string()},
                  {"root_crl", files.root_crl.string()},
                  {"intermediate_crl", files.intermediate_crl.string()},
                  {"signer", files.signer.string()},
                  {"device", files.device.string()}};
  outcome.text = "made three keys in the token and their certificates\n  " + files.signer.string() +
                 "  for evseal sign --signer\n  " + files.device.string() +
                 "  for evseal verify --device\n";
  console.warn("all tiers share one token: for development only, never for chargers in the field");
  return outcome;
}

struct CertificateOptions {
  std::string subject;
  int days = 0;
  OutputOptions output;
};

void add_certificate_options(const Command& command,
                             const std::shared_ptr<CertificateOptions>& options, int days) {
  options->days = days;
  command.add_option("--subject", options->subject, "Subject, as CN=evseal root,O=Acme,C=DE")
      .required();
  command
      .add_option("--days", options->days,
                  "Validity in days (default: " + std::to_string(days) + ")")
      .between(1, 36500);
  options->output.add(command, "The certificate (PEM)");
}

Outcome certificate_outcome(const CertificateOptions& options, const sign::Certificate& made) {
  Outcome outcome;
  outcome.data = {{"output", options.output.path},
                  {"subject", made.subject_text()},
                  {"issuer", made.issuer_text()},
                  {"serial", to_hex(made.serial())},
                  {"not_before", to_rfc3339(made.not_before())},
                  {"not_after", to_rfc3339(made.not_after())},
                  {"key_hash", to_hex(made.key_hash())}};
  outcome.text = options.output.path + ": " + made.subject_text() + ", until " +
                 to_rfc3339(made.not_after()) + "\n";
  return outcome;
}

void warn_of(hsm::Signer& signer, const char* whose, Console& console) {
  for (const std::string& warning : signer.warnings()) {
    console.warn(warning);
  }
  if (signer.development_only()) {
    console.warn(std::string(whose) + " key " + signer.description() +
                 " lies in a file: for development only");
  }
}

// Issues, writes, and answers with what was made.
Result<Outcome> issue_and_write(const sign::CertificatePlan& plan, hsm::Signer& issuer,
                                const std::optional<sign::Certificate>& issuer_certificate,
                                const CertificateOptions& options, Console& console) {
  warn_of(issuer, "the issuer's", console);
  EVSEAL_TRY(OutputFile file, OutputFile::create(options.output.path, options.output.mode()));
  EVSEAL_TRY(Bytes der, sign::issue_certificate(plan, issuer, issuer_certificate));
  EVSEAL_TRY(const sign::Certificate made, sign::Certificate::parse(std::move(der)));
  EVSEAL_CHECK(file.write(as_bytes(sign::to_pem(made.der()))));
  EVSEAL_CHECK(file.commit());
  return certificate_outcome(options, made);
}

struct RootOptions {
  std::string key;
  std::string module;
  PinOptions pin;
  std::shared_ptr<CertificateOptions> certificate = std::make_shared<CertificateOptions>();
};

std::optional<std::string> optional_text(const std::string& text) {
  return text.empty() ? std::nullopt : std::optional<std::string>(text);
}

Result<Outcome> root(const RootOptions& options, Console& console) {
  EVSEAL_TRY(const Bytes subject, sign::parse_subject(options.certificate->subject));
  EVSEAL_TRY(const std::unique_ptr<hsm::Signer> key,
             hsm::open_signer(options.key, optional_text(options.module), options.pin.source()));
  sign::CertificatePlan plan{sign::CertificateKind::root, subject, key->public_key().spki};
  plan.not_before = now_seconds();
  plan.not_after = plan.not_before + options.certificate->days * kDay;
  return issue_and_write(plan, *key, std::nullopt, *options.certificate, console);
}

struct IssueOptions {
  std::string kind = "firmware";
  std::string key;
  std::string module;
  PinOptions pin;
  std::string issuer_key;
  std::string issuer_certificate;
  std::string issuer_module;
  PinOptions issuer_pin;
  std::vector<std::string> stages;
  std::optional<unsigned> path_length;
  std::shared_ptr<CertificateOptions> certificate = std::make_shared<CertificateOptions>();
};

Result<sign::CertificatePlan> issue_plan(const IssueOptions& options, Bytes spki) {
  sign::CertificatePlan plan;
  plan.kind = options.kind == "intermediate"   ? sign::CertificateKind::intermediate
              : options.kind == "trust-update" ? sign::CertificateKind::trust_update
                                               : sign::CertificateKind::firmware;
  EVSEAL_TRY(plan.subject, sign::parse_subject(options.certificate->subject));
  plan.spki = std::move(spki);
  for (const std::string& stage : options.stages) {
    if (stage == "trust-update") {
      plan.trust_update = true;
      continue;
    }
    plan.stages.push_back(manifest::stage_from_string(stage).value_or(manifest::Stage::dev));
  }
  if (plan.kind == sign::CertificateKind::intermediate) {
    if (options.stages.empty()) {
      return Error{ErrorCode::usage, "--stage",
                   "is missing: an intermediate says what may be signed",
                   "pass --stage dev, pilot, prod or trust-update, as often as needed"};
    }
    plan.path_length = options.path_length.value_or(0);
  }
  plan.not_before = now_seconds();
  plan.not_after = plan.not_before + options.certificate->days * kDay;
  return plan;
}

Result<Outcome> issue(const IssueOptions& options, Console& console) {
  EVSEAL_TRY(const std::vector<Bytes> issuer_files,
             sign::load_certificates(options.issuer_certificate));
  EVSEAL_TRY(const sign::Certificate issuer_certificate,
             sign::Certificate::parse(issuer_files.front()));
  const std::string& issuer_module =
      options.issuer_module.empty() ? options.module : options.issuer_module;
  EVSEAL_TRY(const std::unique_ptr<hsm::Signer> issuer,
             hsm::open_signer(
                 options.issuer_key, optional_text(issuer_module),
                 options.issuer_pin.given() ? options.issuer_pin.source() : options.pin.source()));
  EVSEAL_TRY(const std::unique_ptr<hsm::Signer> key,
             hsm::open_signer(options.key, optional_text(options.module), options.pin.source()));
  warn_of(*key, "the subject's", console);
  EVSEAL_TRY(const sign::CertificatePlan plan, issue_plan(options, key->public_key().spki));
  return issue_and_write(plan, *issuer, issuer_certificate, *options.certificate, console);
}

void add_init(Program& program, const Command& group) {
  const Command command = program.command(
      group, "init",
      "evseal pki init --development --token fw --pin-file user.pin --model acme/ac22 -o pki/",
      "Makes root, manufacturer intermediate and firmware certificate in one token, and the signer "
      "and device files.");
  auto options = std::make_shared<InitOptions>();
  command.add_flag("--development", options->development,
                   "Say that this PKI is not for chargers in the field");
  options->token.add(command, true);
  options->pin.add(command);
  options->type.add(command);
  command.add_option("--model", options->model, "VENDOR/MODEL of the device profile").required();
  command.add_option("--stage", options->stage, "dev, pilot or prod (default: dev)")
      .one_of({"dev", "pilot", "prod"});
  command.add_option("--prefix", options->prefix,
                     "Prefix of the keys' labels (default: the vendor)");
  command.add_list(
      "--component", options->components,
      "Component of the device; may be given several times (default: a charger's usual ones)");
  command.add_flag("--small", options->small, "A device with the limits of a small controller");
  command
      .add_option("-o,--output", options->folder,
                  "Folder for certificates, signer.json and device.json")
      .required();
  program.run(command, "evseal.pki.init/1",
              [options](Console& console) -> Result<Outcome> { return init(*options, console); });
}

void add_root(Program& program, const Command& group) {
  const Command command =
      program.command(group, "root",
                      "evseal pki root --key 'pkcs11:token=root;object=root-2026' --subject "
                      "'CN=Acme root,O=Acme' -o root.pem",
                      "Issues a self-signed root certificate for a key in a token.");
  auto options = std::make_shared<RootOptions>();
  command.add_option("--key", options->key, "The root key: pkcs11: URI, or file: for development")
      .required();
  command.add_option("--module", options->module, "PKCS#11 module");
  options->pin.add(command);
  add_certificate_options(command, options->certificate, 7305);
  program.run(command, "evseal.pki.root/1",
              [options](Console& console) -> Result<Outcome> { return root(*options, console); });
}

void add_issue(Program& program, const Command& group) {
  const Command command = program.command(
      group, "issue",
      "evseal pki issue --kind firmware --stage prod --key 'pkcs11:token=fw;object=fw-2026'\n"
      "      --issuer-key 'pkcs11:token=ca;object=ca-2026' --issuer-cert ca.pem --subject 'CN=Acme "
      "firmware,O=Acme' -o "
      "fw.pem",
      "Issues an intermediate, a firmware certificate or a trust officer's (--kind trust-update) "
      "for a "
      "key in a token.");
  auto options = std::make_shared<IssueOptions>();
  command
      .add_option("--kind", options->kind,
                  "intermediate, firmware or trust-update (default: firmware)")
      .one_of({"intermediate", "firmware", "trust-update"});
  command
      .add_list(
          "--stage", options->stages,
          "What may be signed: dev, pilot, prod; several for an intermediate, also trust-update; "
          "none for trust-update")
      .one_of({"dev", "pilot", "prod", "trust-update"});
  command
      .add_option("--key", options->key, "The subject's key: pkcs11: URI, or file: for development")
      .required();
  command.add_option("--module", options->module, "PKCS#11 module");
  options->pin.add(command);
  command.add_option("--issuer-key", options->issuer_key, "The issuer's key").required();
  command.add_option("--issuer-cert", options->issuer_certificate, "The issuer's certificate")
      .required();
  command.add_option("--issuer-module", options->issuer_module,
                     "PKCS#11 module of the issuer (default: --module)");
  options->issuer_pin.add(command, "issuer-");
  command.add_option("--path-length", options->path_length,
                     "Intermediates that may follow an intermediate (default: 0)");
  add_certificate_options(command, options->certificate, 730);
  program.run(command, "evseal.pki.issue/1",
              [options](Console& console) -> Result<Outcome> { return issue(*options, console); });
}

}  // namespace

void add_pki_commands(Program& program) {
  const Command group = program.group("pki", "The signing PKI: init, root, issue, crl, revoke");
  add_init(program, group);
  add_root(program, group);
  add_issue(program, group);
  add_pki_crl_commands(program, group);
}

}  // namespace evseal::cli
