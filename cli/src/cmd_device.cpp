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

struct Planned {
  const char* member;
  std::string path;
  Bytes content;
};

Result<Outcome> build(const Options& options) {
  EVSEAL_TRY(const Bytes blob, manifest::load_profile_blob(options.profile));
  if (options.output.path.empty() && options.c_header.empty() && options.state.empty()) {
    return Error{ErrorCode::usage, "device build", "has nothing to write",
                 "pass -o FILE.evd, --c-header FILE.h or --initial-state FILE.evt"};
  }
  // All content first, then all files, then all names: one that cannot be made leaves none behind.
  std::vector<Planned> plans;
  if (!options.output.path.empty()) {
    plans.push_back({"output", options.output.path, blob});
  }
  if (!options.c_header.empty()) {
    EVSEAL_TRY(const std::string header, manifest::profile_c_header(blob, options.name));
    plans.push_back({"c_header", options.c_header, Bytes(header.begin(), header.end())});
  }
  if (!options.state.empty()) {
    EVSEAL_TRY(Bytes state, manifest::initial_state(blob));
    plans.push_back({"initial_state", options.state, std::move(state)});
  }
  std::vector<OutputFile> files;
  for (const Planned& plan : plans) {
    EVSEAL_TRY(OutputFile file, OutputFile::create(plan.path, options.output.mode()));
    EVSEAL_CHECK(file.write(plan.content));
    files.push_back(std::move(file));
  }
  Outcome outcome;
  outcome.data = {
      {"profile", options.profile}, {"size", blob.size()}, {"sha256", to_hex(sha256(blob))}};
  for (std::size_t i = 0; i < files.size(); ++i) {
    EVSEAL_CHECK(files[i].commit());
    outcome.data[plans[i].member] = plans[i].path;
    outcome.text += plans[i].path + ": " + std::to_string(plans[i].content.size()) + " bytes\n";
  }
  return outcome;
}

}  // namespace

void add_device_commands(Program& program) {
  const Command group = program.group("device", "Device profiles: build");
  const Command command = program.command(
      group, "build", "evseal device build device.json -o device.evd --initial-state device.evt",
      "Compiles a device profile for the verify library: as a file, as a C header, or both.");
  auto options = std::make_shared<Options>();
  command.add_option("PROFILE", options->profile, "Device profile (JSON)").required();
  options->output.add(command, "Compiled profile", false);
  command.add_option("--c-header", options->c_header, "C header with the profile as an array");
  command.add_option("--name", options->name, "Name of the array (default: evseal_device_profile)");
  command.add_option("--initial-state", options->state, "State of a factory-new device");
  program.run(command, "evseal.device.build/1",
              [options](Console&) -> Result<Outcome> { return build(*options); });
}

}  // namespace evseal::cli
