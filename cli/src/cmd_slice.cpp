// evseal slice
#include "signing_options.hpp"

namespace evseal::cli {
namespace {

struct SliceOptions {
  std::string package;
  std::vector<std::string> components;
  DeviceOptions device;
  OutputOptions output;
  unsigned threads = 0;
};

Result<void> need_controller(const SliceOptions& options) {
  if (options.device.devices.empty()) {
    return Error{ErrorCode::usage, "--device", "no device profile is given",
                 "name the profile of the controller that the slice is for: nothing is written "
                 "that its verifier has not accepted"};
  }
  return {};
}

std::string listed(const std::vector<std::string>& ids) {
  std::string out;
  for (const std::string& id : ids) {
    out += (out.empty() ? "" : ", ") + id;
  }
  return out;
}

Result<Outcome> slice(const SliceOptions& options, Console& console) {
  EVSEAL_CHECK(need_controller(options));
  EVSEAL_TRY(const std::vector<sign::Device> devices, options.device.load(console));
  EVSEAL_TRY(const sign::SlicedResult made,
             sign::slice_package(options.package, options.components, devices, options.output.path,
                                 work_options(console, options.output, options.threads)));
  Outcome outcome;
  outcome.data = {
      {"output", options.output.path}, {"identity", to_hex(made.identity)}, {"size", made.size},
      {"components", made.components}, {"component_mask", made.mask},       {"steps", made.steps}};
  outcome.text =
      options.output.path + ": " + human_size(made.size) + ", " +
      (made.mask == 0 ? "the whole package" : "the slice with " + listed(made.components)) +
      "\nidentity " + to_hex(made.identity) + "\n";
  describe_gate(outcome, made);
  return outcome;
}

}  // namespace

void add_slice_command(Program& program) {
  const Command command = program.command(
      program.root(), "slice",
      "evseal slice fw.evs --component safety --device safety.json -o safety.evs",
      "Writes the part of a signed package for one controller.\n"
      "The slice has the package's own envelope, so its identity is the package's, and of the "
      "payload only what --component\n"
      "names; the same components give the same file. Trust-updates in front come along: each "
      "controller has a trust state\n"
      "of its own and leaves out what it has already. Before the slice gets its name, the "
      "verifier of each --device must\n"
      "accept the whole package and then the slice: name the controller's own profile, in which "
      "the components of others\n"
      "are not `needed`.");
  auto options = std::make_shared<SliceOptions>();
  command.add_option("PACKAGE", options->package, "A signed package").required();
  command
      .add_list("--component", options->components,
                "Component that the controller needs; may be given several times")
      .required();
  command.add_list("--device", options->device.devices,
                   "Device profile of the controller; may be given several times");
  command.add_option("--state", options->device.state,
                     "Device state to judge with (default: factory-new)");
  command
      .add_option("--hardware", options->device.hardware,
                  "Judge for this hardware revision alone (default: all that the manifest names)")
      .between(0, 0x7FFFFFFF);
  options->output.add(command, "The slice");
  command.add_option("--threads", options->threads,
                     "Threads to use (default: one for each processor)");
  program.run(command, "evseal.slice/1",
              [options](Console& console) -> Result<Outcome> { return slice(*options, console); });
}

}  // namespace evseal::cli
