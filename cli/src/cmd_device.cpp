// evseal device build
#include "evseal/manifest/device.hpp"
#include "shared_options.hpp"

namespace evseal::cli {
namespace {

struct Options {
  std::string profile;
  OutputOptions output;
  std::string c_header;
  std::string name = "evseal_device_profile";
  std::string state;
};

Result<Outcome> build(const Options& options) {
  EVSEAL_TRY(const Bytes blob, manifest::load_profile_blob(options.profile));
  if (options.output.path.empty() && options.c_header.empty() && options.state.empty()) {
    return Error{ErrorCode::usage, "device build", "has nothing to write",
                 "pass -o FILE.evd, --c-header FILE.h or --initial-state FILE.evt"};
  }
  Outcome outcome;
  outcome.data = {
      {"profile", options.profile}, {"size", blob.size()}, {"sha256", to_hex(sha256(blob))}};
  if (!options.output.path.empty()) {
    EVSEAL_CHECK(write_file(options.output.path, blob, options.output.mode()));
    outcome.data["output"] = options.output.path;
    outcome.text += options.output.path + ": " + std::to_string(blob.size()) + " bytes\n";
  }
  if (!options.c_header.empty()) {
    EVSEAL_TRY(const std::string header, manifest::profile_c_header(blob, options.name));
    EVSEAL_CHECK(write_file(options.c_header, as_bytes(header), options.output.mode()));
    outcome.data["c_header"] = options.c_header;
    outcome.text += options.c_header + ": " + options.name + "\n";
  }
  if (!options.state.empty()) {
    EVSEAL_TRY(const Bytes state, manifest::initial_state(blob));
    EVSEAL_CHECK(write_file(options.state, state, options.output.mode()));
    outcome.data["initial_state"] = options.state;
    outcome.text += options.state + ": the state of a factory-new device\n";
  }
  return outcome;
}

}  // namespace

void add_device_commands(Program& program) {
  CLI::App& group = program.group("device", "Device profiles: build");
  CLI::App& command = program.command(
      group, "build", "evseal device build device.json -o device.evd --initial-state device.evt",
      "Compiles a device profile for the verify library: as a file, as a C header, or both.");
  auto options = std::make_shared<Options>();
  command.add_option("PROFILE", options->profile, "Device profile (JSON)")->required();
  options->output.add(command, "Compiled profile", false);
  command.add_option("--c-header", options->c_header, "C header with the profile as an array");
  command.add_option("--name", options->name, "Name of the array (default: evseal_device_profile)");
  command.add_option("--initial-state", options->state, "State of a factory-new device");
  program.run(command, "evseal.device.build/1",
              [options](Console&) -> Result<Outcome> { return build(*options); });
}

}  // namespace evseal::cli
