// evseal crl refresh, evseal crl show
#include "describe_crl.hpp"
#include "evseal/base/time.hpp"
#include "evseal/manifest/package_file.hpp"
#include "evseal/sign/crl.hpp"
#include "evseal/sign/envelope.hpp"
#include "signing_options.hpp"

namespace evseal::cli {
namespace {

struct RefreshOptions {
  std::string package;
  std::vector<std::string> crls;
  DeviceOptions device;
  OutputOptions output;
  unsigned threads = 0;
};

Result<Outcome> refresh(const RefreshOptions& options, Console& console) {
  EVSEAL_TRY(const std::vector<Bytes> crls, load_crl_files(options.crls));
  EVSEAL_TRY(const std::vector<sign::Device> devices, options.device.load(console));
  EVSEAL_TRY(const sign::SignedResult made,
             sign::refresh_crls(options.package, crls, devices, options.output.path,
                                work_options(console, options.output, options.threads)));
  Outcome outcome;
  outcome.data = {
      {"output", options.output.path}, {"identity", to_hex(made.identity)}, {"size", made.size}};
  outcome.text = options.output.path + ": " + human_size(made.size) +
                 ", the same package with newer CRLs\nidentity " + to_hex(made.identity) + "\n";
  describe_gate(outcome, made);
  return outcome;
}

void add_refresh(Program& program, const Command& group) {
  const Command command = program.command(
      group, "refresh", "evseal crl refresh fw.evs --crl ca.crl --device device.json -o fw-new.evs",
      "Puts newer revocation lists into a package, without any key: manifest and signatures stay.\n"
      "An older list than the package has is refused, and so is what a --device would refuse.");
  auto options = std::make_shared<RefreshOptions>();
  command.add_option("PACKAGE", options->package, "A signed package").required();
  command.add_list("--crl", options->crls, "Revocation list, PEM or DER").required();
  command
      .add_list("--device", options->device.devices,
                "Device profile that must accept the package; may be given several times")
      .required();
  command.add_option("--state", options->device.state,
                     "Device state to judge with (default: factory-new)");
  options->output.add(command, "The package with the newer lists");
  command.add_option("--threads", options->threads,
                     "Threads to use (default: one for each processor)");
  program.run(command, "evseal.crl.refresh/1", [options](Console& console) -> Result<Outcome> {
    return refresh(*options, console);
  });
}

Result<Outcome> show(const std::string& path) {
  EVSEAL_TRY(const bool package, sign::is_package_file(path));
  std::vector<Bytes> crls;
  if (package) {
    EVSEAL_TRY(const manifest::UnverifiedPackageFile file,
               manifest::UnverifiedPackageFile::open(path));
    EVSEAL_TRY(const sign::UnverifiedEnvelope envelope,
               sign::open_unverified_envelope(file.unverified_envelope()));
    crls = envelope.unverified_crls;
  } else {
    EVSEAL_TRY(crls, sign::load_crls(path));
  }
  Outcome outcome;
  outcome.result = "unverified";
  outcome.data["verified"] = false;
  outcome.text = "NOT VERIFIED: no signature was checked\n";
  outcome.data["crls"] = describe_crls(crls, outcome.text);
  return outcome;
}

void add_show(Program& program, const Command& group) {
  const Command command = program.command(
      group, "show", "evseal crl show ca.crl",
      "Shows revocation lists, of a file or of a package. Their signatures are not checked.");
  auto path = std::make_shared<std::string>();
  command.add_option("FILE", *path, "A CRL (PEM or DER) or a package").required();
  program.run(command, "evseal.crl.show/1",
              [path](Console&) -> Result<Outcome> { return show(*path); });
}

}  // namespace

void add_crl_commands(Program& program) {
  const Command group = program.group("crl", "Revocation lists: refresh, show");
  add_refresh(program, group);
  add_show(program, group);
}

}  // namespace evseal::cli
