#include "signing_options.hpp"

#include <algorithm>

#include "evseal/base/time.hpp"
#include "evseal/hsm/open_signer.hpp"
#include "evseal/sign/certificate.hpp"
#include "evseal/sign/crl.hpp"

namespace evseal::cli {
namespace {

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

// With several signers --pin-file is for those whose URI names no source of its own.
std::optional<hsm::PinSource> pin_for(const SigningOptions& options, const sign::SignerFile& file,
                                      bool several) {
  if (several && file.key.rfind("pkcs11:", 0) == 0) {
    const auto uri = hsm::KeyUri::parse(file.key);
    if (uri && uri->pin_source()) {
      return std::nullopt;
    }
  }
  return options.pin.source();
}

Result<sign::Identity> open_identity(const SigningOptions& options, const sign::SignerFile& file,
                                     bool several, Console& console) {
  sign::Identity identity;
  EVSEAL_TRY(identity.certificates, load_chain(file));
  const auto module = options.module.empty() ? file.module : std::optional(options.module);
  EVSEAL_TRY(identity.signer, hsm::open_signer(file.key, module, pin_for(options, file, several)));
  for (const std::string& warning : identity.signer->warnings()) {
    console.warn(warning);
  }
  if (identity.signer->development_only()) {
    console.warn("the key " + identity.signer->description() +
                 " lies in a file: for development only, never for chargers in the field");
  }
  return identity;
}

Result<std::vector<sign::Device>> load_devices(const SigningOptions& options,
                                               const std::vector<sign::SignerFile>& files,
                                               Console& console) {
  DeviceOptions device = options.device;
  if (device.devices.empty()) {
    for (const sign::SignerFile& file : files) {
      for (const std::filesystem::path& path : file.devices) {
        if (std::find(device.devices.begin(), device.devices.end(), path.string()) ==
            device.devices.end()) {
          device.devices.push_back(path.string());
        }
      }
    }
  }
  EVSEAL_TRY(std::vector<sign::Device> devices, device.load(console));
  const std::vector<std::filesystem::path> steps(options.after.begin(), options.after.end());
  for (sign::Device& one : devices) {
    EVSEAL_TRY(one, sign::after_steps(std::move(one), steps));
  }
  return devices;
}

Result<std::vector<Bytes>> load_crls(const SigningOptions& options,
                                     const std::vector<sign::SignerFile>& files) {
  std::vector<std::string> paths = options.crls;
  for (const sign::SignerFile& file : files) {
    for (const std::filesystem::path& path : file.crls) {
      paths.push_back(path.string());
    }
  }
  return load_crl_files(paths);
}

nlohmann::ordered_json signers_of(const OpenSigning& opened) {
  nlohmann::ordered_json out = nlohmann::ordered_json::array();
  for (const sign::Identity& identity : opened.identities) {
    const auto leaf = sign::Certificate::parse(identity.certificates.front());
    out.push_back({{"key", identity.signer->description()},
                   {"algorithm", hsm::to_string(identity.signer->public_key().type)},
                   {"subject", leaf ? leaf->subject_text() : std::string()}});
  }
  return out;
}

}  // namespace

Result<std::vector<Bytes>> load_crl_files(const std::vector<std::string>& paths) {
  std::vector<Bytes> out;
  for (const std::string& path : paths) {
    EVSEAL_TRY(const std::vector<Bytes> more, sign::load_crls(path));
    out.insert(out.end(), more.begin(), more.end());
  }
  return out;
}

void SigningOptions::add(const Command& command, const std::string& about_output) {
  command.add_list("--signer", signers, "Signer file (JSON); several sign together").required();
  command.add_option("--module", module, "PKCS#11 module, before the signer file's");
  pin.add(command);
  command.add_list("--device", device.devices,
                   "Device profile that must accept the package; may be given several times");
  command.add_option("--state", device.state, "Device state to judge with (default: factory-new)");
  command.add_list("--after", after,
                   "Trust-update that the devices have taken before; may be given several times");
  command.add_list("--crl", crls, "Revocation list to carry along, beside the signer file's");
  output.add(command, about_output);
  command.add_option("--threads", threads, "Threads to use (default: one for each processor)");
}

Result<std::unique_ptr<OpenSigning>> open_signing(const SigningOptions& options, Console& console,
                                                  const std::function<Result<void>()>& prepare) {
  auto out = std::make_unique<OpenSigning>();
  EVSEAL_TRY(const std::vector<sign::SignerFile> files, sign::load_signer_files(options.signers));
  EVSEAL_TRY(out->signing.devices, load_devices(options, files, console));
  EVSEAL_TRY(out->signing.crls, load_crls(options, files));
  if (prepare) {
    EVSEAL_CHECK(prepare());
  }
  {
    EVSEAL_TRY(const OutputFile probe,
               OutputFile::create(options.output.path, options.output.mode()));
  }
  for (const sign::SignerFile& file : files) {
    EVSEAL_TRY(sign::Identity identity, open_identity(options, file, files.size() > 1, console));
    out->identities.push_back(std::move(identity));
  }
  for (sign::Identity& identity : out->identities) {
    out->signing.identities.push_back(&identity);
  }
  out->signing.time = now_seconds();
  return out;
}

void describe_gate(Outcome& outcome, const sign::SignedResult& made) {
  nlohmann::ordered_json devices = nlohmann::ordered_json::array();
  for (const sign::DeviceCheck& check : made.devices) {
    const evseal_status status = check.partial ? EVSEAL_THRESHOLD_NOT_MET : EVSEAL_OK;
    nlohmann::ordered_json signers = nlohmann::ordered_json::array();
    for (const sign::SignerVerdict& signer : check.signers) {
      signers.push_back({{"subject", signer.subject},
                         {"role", signer.role},
                         {"status", evseal_status_name(signer.status)}});
    }
    devices.push_back({{"device", check.device},
                       {"hardware", check.hardware},
                       {"status", evseal_status_name(status)},
                       {"signers", std::move(signers)}});
    outcome.text += check.partial
                        ? "NOT YET accepted by " + check.device + ": further signers are needed\n"
                        : "accepted by the verifier of " + check.device + "\n";
  }
  nlohmann::ordered_json crls = nlohmann::ordered_json::array();
  for (const manifest::CrlEntry& crl : made.crls) {
    crls.push_back({{"issuer_key", to_hex(crl.issuer_key)}, {"number", crl.number}});
  }
  outcome.data["devices"] = std::move(devices);
  outcome.data["crls"] = std::move(crls);
  outcome.data["partial"] = made.partial();
}

Outcome describe_signed(const SigningOptions& options, const OpenSigning& opened,
                        const sign::SignedResult& made) {
  Outcome outcome;
  const nlohmann::ordered_json signers = signers_of(opened);
  outcome.text = options.output.path + ": " + human_size(made.size) + ", signed by ";
  for (std::size_t i = 0; i < signers.size(); ++i) {
    outcome.text += (i == 0 ? "" : " and ") + signers[i]["key"].get<std::string>();
  }
  outcome.text += "\nidentity " + to_hex(made.identity) + "\n";
  outcome.data = {{"output", options.output.path},
                  {"identity", to_hex(made.identity)},
                  {"size", made.size},
                  {"signed", true},
                  {"key", signers[0]["key"]},
                  {"algorithm", signers[0]["algorithm"]},
                  {"signers", signers},
                  {"signing_time", to_rfc3339(made.signing_time)}};
  describe_gate(outcome, made);
  if (made.partial()) {
    outcome.result = "partial";
    outcome.hint = "no device takes it yet: evseal sign --add " + options.output.path +
                   " --signer SIGNER.json -o OUT.evs";
  }
  return outcome;
}

}  // namespace evseal::cli
