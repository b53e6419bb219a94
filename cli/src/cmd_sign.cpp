// evseal sign
#include "evseal/base/time.hpp"
#include "evseal/hsm/open_signer.hpp"
#include "evseal/sign/certificate.hpp"
#include "evseal/sign/signer_file.hpp"
#include "shared_options.hpp"

namespace evseal::cli {
namespace {

struct Options {
  RecipeOptions input;
  std::string signer;
  std::string module;
  PinOptions pin;
  DeviceOptions device;
  OutputOptions output;
  unsigned threads = 0;
};

// The leaf and the intermediates; a root in the chain file is left out, since devices hold it
// themselves.
Result<std::vector<Bytes>> load_chain(const sign::SignerFile& file) {
  EVSEAL_TRY(std::vector<Bytes> out, sign::load_certificates(file.certificate));
  for (const std::filesystem::path& path : file.chain) {
    EVSEAL_TRY(const std::vector<Bytes> more, sign::load_certificates(path));
    out.insert(out.end(), more.begin(), more.end());
  }
  std::vector<Bytes> chain;
  for (Bytes& der : out) {
    EVSEAL_TRY(const sign::Certificate certificate, sign::Certificate::parse(der));
    const bool root = certificate.is_ca() && certificate.self_issued();
    if (!root && std::find(chain.begin(), chain.end(), der) == chain.end()) {
      chain.push_back(std::move(der));
    }
  }
  if (chain.empty()) {
    return Error{ErrorCode::usage, file.certificate.string(), "is a root certificate",
                 "name the firmware signing certificate as `certificate` in the signer file"};
  }
  return chain;
}

Result<sign::Identity> open_identity(const Options& options, const sign::SignerFile& file,
                                     Console& console) {
  sign::Identity identity;
  EVSEAL_TRY(identity.certificates, load_chain(file));
  const auto module = options.module.empty() ? file.module : std::optional(options.module);
  EVSEAL_TRY(identity.signer, hsm::open_signer(file.key, module, options.pin.source()));
  for (const std::string& warning : identity.signer->warnings()) {
    console.warn(warning);
  }
  if (identity.signer->development_only()) {
    console.warn("the key " + identity.signer->description() +
                 " lies in a file: for development only, never for chargers in the field");
  }
  return identity;
}

Result<std::vector<sign::Device>> load_devices(Options options, const sign::SignerFile& file,
                                               Console& console) {
  if (options.device.devices.empty()) {
    for (const std::filesystem::path& path : file.devices) {
      options.device.devices.push_back(path.string());
    }
  }
  return options.device.load(console);
}

Outcome describe(const Options& options, const sign::Identity& identity,
                 const sign::SignedResult& made) {
  Outcome outcome;
  nlohmann::ordered_json devices = nlohmann::ordered_json::array();
  std::string text = options.output.path + ": " + human_size(made.size) + ", signed by " +
                     identity.signer->description() + "\nidentity " + to_hex(made.identity) + "\n";
  for (const sign::DeviceCheck& check : made.devices) {
    devices.push_back({{"device", check.device}, {"hardware", check.hardware}, {"status", "ok"}});
    text += "accepted by the verifier of " + check.device + "\n";
  }
  outcome.data = {{"output", options.output.path},
                  {"identity", to_hex(made.identity)},
                  {"size", made.size},
                  {"signed", true},
                  {"key", identity.signer->description()},
                  {"algorithm", hsm::to_string(identity.signer->public_key().type)},
                  {"signing_time", to_rfc3339(made.signing_time)},
                  {"devices", std::move(devices)}};
  outcome.text = std::move(text);
  return outcome;
}

Result<Outcome> sign_package(const Options& options, Console& console) {
  EVSEAL_TRY(const bool packaged, sign::is_package_file(options.input.path));
  EVSEAL_TRY(const sign::SignerFile file, sign::load_signer_file(options.signer));
  EVSEAL_TRY(const std::vector<sign::Device> devices, load_devices(options, file, console));
  std::optional<manifest::Recipe> recipe;
  if (!packaged) {
    EVSEAL_TRY(recipe, options.input.load());
  }
  {
    // Before the PIN is asked for: a name that cannot be is no reason to log in.
    EVSEAL_TRY(const OutputFile probe,
               OutputFile::create(options.output.path, options.output.mode()));
  }
  EVSEAL_TRY(sign::Identity identity, open_identity(options, file, console));
  EVSEAL_TRY(const std::int64_t created, build_time_seconds());
  const std::int64_t now = now_seconds();
  const sign::WorkOptions work = work_options(console, options.output, options.threads);
  if (packaged) {
    EVSEAL_TRY(
        const sign::SignedResult made,
        sign::sign_unsigned(options.input.path, identity, devices, now, options.output.path, work));
    return describe(options, identity, made);
  }
  EVSEAL_TRY(const sign::SignedResult made, sign::sign_recipe(*recipe, created, identity, devices,
                                                              now, options.output.path, work));
  return describe(options, identity, made);
}

}  // namespace

void add_sign_command(Program& program) {
  CLI::App& command = program.command(
      program.root(), "sign",
      "evseal sign recipe.json --signer pki/signer.json --pin-file user.pin -o fw.evs",
      "Packs and signs a recipe, or signs what `evseal build` made.\n"
      "The file gets its name only after the device's own verifier has accepted it for every "
      "--device (default: those\n"
      "of the signer file). The PIN comes from --pin-file, --pin-fd, the key URI's pin-source or "
      "the terminal.");
  auto options = std::make_shared<Options>();
  options->input.add(command, "Recipe (JSON), or an unsigned package");
  command.add_option("--signer", options->signer, "Signer file (JSON)")->required();
  command.add_option("--module", options->module, "PKCS#11 module, before the signer file's");
  options->pin.add(command);
  add_list(command, "--device", options->device.devices,
           "Device profile that must accept the package; may be given several times");
  command.add_option("--state", options->device.state,
                     "Device state to judge with (default: factory-new)");
  options->output.add(command, "The signed package");
  command.add_option("--threads", options->threads,
                     "Threads to use (default: one for each processor)");
  program.run(command, "evseal.sign/1", [options](Console& console) -> Result<Outcome> {
    return sign_package(*options, console);
  });
}

}  // namespace evseal::cli
