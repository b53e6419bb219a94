// evseal state show, init, apply
#include "describe_trust.hpp"
#include "shared_options.hpp"

namespace evseal::cli {
namespace {

Result<Bytes> blob_of(const std::string& path) {
  return manifest::load_state_blob(path);
}

Outcome describe(const Bytes& blob, const manifest::State& state) {
  Outcome outcome;
  outcome.data = {{"size", blob.size()},
                  {"sha256", to_hex(sha256(blob))},
                  {"state", nlohmann::ordered_json(manifest::state_to_json(state))}};
  outcome.text = describe_state(state);
  return outcome;
}

void add_show(Program& program, const Command& group) {
  const Command command =
      program.command(group, "show", "evseal state show device.evt",
                      "Shows what a device has learnt: floors, revocations, trust epoch.");
  auto path = std::make_shared<std::string>();
  command.add_option("STATE", *path, "Device state, JSON or blob").required();
  program.run(command, "evseal.state.show/1", [path](Console&) -> Result<Outcome> {
    EVSEAL_TRY(const Bytes blob, blob_of(*path));
    EVSEAL_TRY(const manifest::State state, manifest::decode_state(blob));
    return describe(blob, state);
  });
}

void add_init(Program& program, const Command& group) {
  struct Options {
    std::string profile;
    OutputOptions output;
  };
  const Command command =
      program.command(group, "init", "evseal state init device.json -o device.evt",
                      "Writes the state of a factory-new device, or a state's JSON as a blob.");
  auto options = std::make_shared<Options>();
  command.add_option("FILE", options->profile, "Device profile, or a state's JSON").required();
  options->output.add(command, "The state");
  program.run(command, "evseal.state.init/1", [options](Console&) -> Result<Outcome> {
    EVSEAL_TRY(const Bytes octets, read_small_file(options->profile, 1U << 20U));
    const auto json = nlohmann::json::parse(octets.begin(), octets.end(), nullptr, false);
    Bytes blob;
    if (json.is_object() && json.contains("state")) {
      EVSEAL_TRY(blob, manifest::load_state_blob(options->profile));
    } else {
      EVSEAL_TRY(const Bytes profile, manifest::load_profile_blob(options->profile));
      EVSEAL_TRY(blob, manifest::initial_state(profile));
    }
    EVSEAL_TRY(const manifest::State state, manifest::decode_state(blob));
    EVSEAL_CHECK(write_file(options->output.path, blob, options->output.mode()));
    Outcome outcome = describe(blob, state);
    outcome.data["output"] = options->output.path;
    outcome.text = options->output.path + ": " + std::to_string(blob.size()) + " bytes\n";
    return outcome;
  });
}

struct ApplyOptions {
  std::string package;
  DeviceOptions device;
  std::string remember = "all";
  OutputOptions output;
};

// What the device would store: at once, or after it has booted the firmware.
Result<Bytes> next_state(const ApplyOptions& options, const sign::Verdict& verdict,
                         const sign::Device& device) {
  if (options.remember == "revocations") {
    return verdict.state_at_once.empty() ? device.state : verdict.state_at_once;
  }
  if (!verdict.accepted()) {
    return verdict.as_error(options.package);
  }
  return verdict.epoch ? verdict.state_at_once : verdict.state_after_boot;
}

Result<Outcome> apply(const ApplyOptions& options, Console& console) {
  EVSEAL_TRY(const std::vector<sign::Device> devices, options.device.load(console));
  if (devices.size() != 1) {
    return Error{ErrorCode::usage, "--device", "a state is one device's",
                 "pass one --device profile"};
  }
  EVSEAL_TRY(const FileDescriptor file, open_for_reading(options.package));
  EVSEAL_TRY(const sign::Verdict verdict, sign::check_package(file, options.package, devices[0]));
  EVSEAL_TRY(const Bytes blob, next_state(options, verdict, devices[0]));
  EVSEAL_TRY(const manifest::State state, manifest::decode_state(blob));
  EVSEAL_CHECK(write_file(options.output.path, blob, options.output.mode()));
  Outcome outcome = describe(blob, state);
  outcome.data["output"] = options.output.path;
  outcome.data["remember"] = options.remember;
  outcome.data["verdict"] = to_json(verdict);
  outcome.text = options.output.path + ": what the device stores next\n" + outcome.text;
  return outcome;
}

void add_apply(Program& program, const Command& group) {
  const Command command = program.command(
      group, "apply", "evseal state apply fw.evs --device device.json --state old.evt -o new.evt",
      "Runs a package through the device's verifier and writes the state that the device stores "
      "next.\n"
      "--remember all: once it has booted the firmware, or at once for a trust-update; the package "
      "must be accepted.\n"
      "--remember revocations: at once, also after a refusal; trust-updates in front of a package "
      "count.");
  auto options = std::make_shared<ApplyOptions>();
  command.add_option("PACKAGE", options->package, "A package").required();
  options->device.add(command, true);
  command.add_option("--remember", options->remember, "revocations or all (default: all)")
      .one_of({"revocations", "all"});
  options->output.add(command, "The new state");
  program.run(command, "evseal.state.apply/1",
              [options](Console& console) -> Result<Outcome> { return apply(*options, console); });
}

}  // namespace

void add_state_commands(Program& program) {
  const Command group = program.group("state", "Device states: show, init, apply");
  add_show(program, group);
  add_init(program, group);
  add_apply(program, group);
}

}  // namespace evseal::cli
