// evseal pki crl, evseal pki revoke
#include "describe_crl.hpp"
#include "evseal/base/time.hpp"
#include "evseal/hsm/open_signer.hpp"
#include "evseal/manifest/der_writer.hpp"
#include "evseal/sign/crl.hpp"
#include "shared_options.hpp"

namespace evseal::cli {
namespace {

constexpr std::int64_t kDay = 86400;

struct Options {
  std::string issuer_key;
  std::string issuer_certificate;
  std::string module;
  PinOptions pin;
  std::string last;
  std::vector<std::string> certificates;
  std::vector<std::string> serials;
  int days = 365;
  OutputOptions output;
};

// Content octets of a serial number given in hexadecimal.
Result<Bytes> serial_of(const std::string& text) {
  const auto octets = from_hex(text.size() % 2 == 0 ? text : "0" + text);
  if (!octets || octets->empty()) {
    return Error{ErrorCode::usage, "--serial " + text, "is no serial number in hexadecimal",
                 "`evseal inspect` and `openssl x509 -noout -serial` show it"};
  }
  const Bytes encoded = manifest::der::integer(ByteView(*octets));
  return Bytes(encoded.begin() + 2, encoded.end());  // short form: at most 21 octets are possible
}

Result<std::vector<Bytes>> revoked_serials(const Options& options,
                                           const sign::Certificate& issuer) {
  std::vector<Bytes> out;
  for (const std::string& text : options.serials) {
    EVSEAL_TRY(Bytes serial, serial_of(text));
    out.push_back(std::move(serial));
  }
  for (const std::string& path : options.certificates) {
    EVSEAL_TRY(const std::vector<Bytes> files, sign::load_certificates(path));
    EVSEAL_TRY(const sign::Certificate certificate, sign::Certificate::parse(files.front()));
    if (certificate.issuer() != issuer.subject()) {
      return Error{ErrorCode::usage, path, "was issued by " + certificate.issuer_text(),
                   "only its issuer can revoke it: pass that issuer's key and certificate"};
    }
    out.push_back(certificate.serial());
  }
  return out;
}

Result<Outcome> issue(const Options& options, Console& console) {
  EVSEAL_TRY(const std::vector<Bytes> files, sign::load_certificates(options.issuer_certificate));
  EVSEAL_TRY(const sign::Certificate issuer, sign::Certificate::parse(files.front()));
  sign::CrlPlan plan;
  EVSEAL_TRY(plan.revoked, revoked_serials(options, issuer));
  if (!options.last.empty()) {
    EVSEAL_TRY(const std::vector<Bytes> crls, sign::load_crls(options.last));
    EVSEAL_TRY(sign::Crl last, sign::Crl::parse(crls.front()));
    plan.last = std::move(last);
  }
  plan.this_update = now_seconds();
  plan.next_update = plan.this_update + options.days * kDay;
  EVSEAL_TRY(OutputFile file, OutputFile::create(options.output.path, options.output.mode()));
  const auto module =
      options.module.empty() ? std::nullopt : std::optional<std::string>(options.module);
  EVSEAL_TRY(const std::unique_ptr<hsm::Signer> key,
             hsm::open_signer(options.issuer_key, module, options.pin.source()));
  if (key->development_only()) {
    console.warn("the issuer's key " + key->description() +
                 " lies in a file: for development only");
  }
  EVSEAL_TRY(const Bytes crl, sign::issue_crl(plan, *key, issuer));
  EVSEAL_CHECK(file.write(as_bytes(sign::crl_to_pem(crl))));
  EVSEAL_CHECK(file.commit());
  Outcome outcome;
  outcome.text = options.output.path + ":\n";
  outcome.data["output"] = options.output.path;
  outcome.data["crl"] = describe_crls({crl}, outcome.text)[0];
  return outcome;
}

void add_options(const Command& command, Options& options) {
  command.add_option("--issuer-key", options.issuer_key, "The issuer's key").required();
  command.add_option("--issuer-cert", options.issuer_certificate, "The issuer's certificate")
      .required();
  command.add_option("--module", options.module, "PKCS#11 module");
  options.pin.add(command);
  command.add_option("--days", options.days, "Days until the next one (default: 365)")
      .between(1, 36500);
  options.output.add(command, "The revocation list (PEM)");
}

}  // namespace

void add_pki_crl_commands(Program& program, const Command& group) {
  auto options = std::make_shared<Options>();
  const Command crl = program.command(
      group, "crl",
      "evseal pki crl --issuer-key 'pkcs11:token=ca;object=ca-2026' --issuer-cert ca.pem -o ca.crl",
      "Issues an issuer's first, empty revocation list; with --last a newer one with the same "
      "entries.");
  add_options(crl, *options);
  crl.add_option("--last", options->last, "The issuer's last list: the new one goes on from it");
  program.run(crl, "evseal.pki.crl/1",
              [options](Console& console) -> Result<Outcome> { return issue(*options, console); });

  auto revoking = std::make_shared<Options>();
  const Command revoke =
      program.command(group, "revoke",
                      "evseal pki revoke --cert stolen.pem --last ca.crl --issuer-key "
                      "'pkcs11:token=ca;object=ca-2026'\n      --issuer-cert ca.pem -o ca-2.crl",
                      "Issues a revocation list that adds certificates to the last one; nothing is "
                      "ever taken off.\n"
                      "Put it into the signer file's `crls`, and into released packages with "
                      "`evseal crl refresh`.");
  add_options(revoke, *revoking);
  revoke.add_option("--last", revoking->last, "The issuer's last list").required();
  const Option certificates =
      revoke.add_list("--cert", revoking->certificates, "Certificate to revoke");
  revoke.add_list("--serial", revoking->serials, "Serial number to revoke, in hexadecimal");
  program.run(revoke, "evseal.pki.revoke/1",
              [revoking, certificates](Console& console) -> Result<Outcome> {
                if (!certificates.given() && revoking->serials.empty()) {
                  return Error{ErrorCode::usage, "pki revoke", "names nothing to revoke",
                               "pass --cert or --serial; `evseal pki crl` renews a list"};
                }
                return issue(*revoking, console);
              });
}

}  // namespace evseal::cli
