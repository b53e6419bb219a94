// evseal trust build, show, diff, path
#include <algorithm>
#include <array>

#include "describe_manifest.hpp"
#include "describe_trust.hpp"
#include "evseal/base/time.hpp"
#include "evseal/manifest/package_file.hpp"
#include "signing_options.hpp"

namespace evseal::cli {
namespace {

// A trust store, and where it comes from.
struct Found {
  manifest::TrustStore trust;
  std::string from;  ///< "profile", "state" or "trust-update"
  std::optional<std::uint32_t> epoch;
  bool verified = false;
};

Result<manifest::UnverifiedManifest> read_manifest(const manifest::UnverifiedPackageFile& file) {
  EVSEAL_TRY(const sign::UnverifiedEnvelope envelope,
             sign::open_unverified_envelope(file.unverified_envelope()));
  return manifest::parse_unverified(envelope.unverified_manifest);
}

Result<Found> from_package(const std::string& path) {
  EVSEAL_TRY(const manifest::UnverifiedPackageFile file,
             manifest::UnverifiedPackageFile::open(path));
  EVSEAL_TRY(const manifest::UnverifiedManifest parsed, read_manifest(file));
  const auto& update = parsed.unverified().trust_update;
  if (!update) {
    return Error{ErrorCode::usage, path, "is a firmware package: it brings no trust store",
                 "name a trust-update, a device profile or a device state"};
  }
  EVSEAL_TRY(manifest::TrustStore trust, manifest::decode_trust_store(update->trust));
  return Found{std::move(trust), "trust-update", update->epoch, false};
}

// What holds a trust store says so in its first octets, or by the members of its JSON.
Result<Found> find_trust(const std::string& path) {
  EVSEAL_TRY(const bool package, sign::is_package_file(path));
  if (package) {
    return from_package(path);
  }
  EVSEAL_TRY(const Bytes octets, read_small_file(path, 1U << 20U));
  const bool state_blob = octets.size() > 3 && octets[0] == 0x89 && octets[3] == 'T';
  const bool blob = !octets.empty() && octets[0] == 0x89;
  const auto json = nlohmann::json::parse(octets.begin(), octets.end(), nullptr, false);
  if (state_blob || (!blob && json.is_object() && json.contains("state"))) {
    EVSEAL_TRY(manifest::State state, manifest::load_any_state(path));
    if (!state.trust) {
      return Error{ErrorCode::usage, path,
                   "is the state of a device that has taken no trust-update: its profile's trust "
                   "store holds",
                   "name the device profile"};
    }
    return Found{std::move(*state.trust), "state", state.trust_epoch, true};
  }
  if (!blob && json.is_object() && json.contains("recipe")) {
    EVSEAL_TRY(const manifest::Recipe recipe, manifest::load_recipe(path));
    if (!recipe.trust_update) {
      return Error{ErrorCode::usage, path, "is the recipe of a firmware package",
                   "name a trust recipe"};
    }
    EVSEAL_TRY(manifest::TrustStore trust,
               manifest::decode_trust_store(recipe.trust_update->trust));
    return Found{std::move(trust), "recipe", recipe.trust_update->epoch, true};
  }
  EVSEAL_TRY(manifest::Profile profile, manifest::load_any_profile(path));
  return Found{std::move(profile.trust), "profile", 0, true};
}

void add_build(Program& program, const Command& group) {
  struct Options {
    std::string recipe;
    OutputOptions output;
  };
  const Command command = program.command(
      group, "build", "evseal trust build trust-2.json -o trust-2.unsigned.evs",
      "Makes a trust-update without signatures from a trust recipe: a recipe with package.kind\n"
      "trust-update, `epoch`, `roles` and `require` as in a device profile, and `resets`. It holds "
      "the whole new\n"
      "trust store. `evseal sign` signs it, or the recipe at once.");
  auto options = std::make_shared<Options>();
  command.add_option("RECIPE", options->recipe, "Trust recipe (JSON)").required();
  options->output.add(command, "The trust-update without signatures");
  program.run(command, "evseal.trust.build/1", [options](Console&) -> Result<Outcome> {
    EVSEAL_TRY(const manifest::Recipe recipe, manifest::load_recipe(options->recipe));
    if (!recipe.trust_update) {
      return Error{ErrorCode::usage, options->recipe, "is the recipe of a firmware package",
                   "a trust recipe has package.kind \"trust-update\""};
    }
    EVSEAL_TRY(const std::int64_t created, build_time_seconds());
    sign::WorkOptions work;
    work.mode = options->output.mode();
    EVSEAL_TRY(const sign::PackageResult built,
               sign::build_package(recipe, created, options->output.path, work));
    EVSEAL_TRY(const manifest::TrustStore trust,
               manifest::decode_trust_store(recipe.trust_update->trust));
    Outcome outcome;
    outcome.data = {{"output", options->output.path},
                    {"identity", to_hex(built.identity)},
                    {"size", built.size},
                    {"signed", false},
                    {"epoch", recipe.trust_update->epoch},
                    {"trust", nlohmann::ordered_json(trust_json(trust))}};
    outcome.text = options->output.path + ": trust-update to epoch " +
                   std::to_string(recipe.trust_update->epoch) + ", not signed\nidentity " +
                   to_hex(built.identity) + "\n" + describe_trust(trust);
    return outcome;
  });
}

void add_show(Program& program, const Command& group) {
  const Command command = program.command(
      group, "show", "evseal trust show trust-2.evs",
      "Shows a trust store: of a trust-update (nothing of it is verified), a device state, a "
      "device\n"
      "profile or a trust recipe. Its --json can stand in a recipe in the place of certificates.");
  auto path = std::make_shared<std::string>();
  command.add_option("FILE", *path, "A trust-update, state, profile or trust recipe").required();
  program.run(command, "evseal.trust.show/1", [path](Console&) -> Result<Outcome> {
    EVSEAL_TRY(const Found found, find_trust(*path));
    Outcome outcome;
    outcome.result = found.verified ? "ok" : "unverified";
    outcome.data = {{"from", found.from}, {"verified", found.verified}};
    outcome.text = found.verified ? "" : "NOT VERIFIED: no signature was checked\n";
    if (found.epoch) {
      outcome.data["epoch"] = *found.epoch;
      outcome.text += "epoch " + std::to_string(*found.epoch) + "\n";
    }
    outcome.data["trust"] = nlohmann::ordered_json(trust_json(found.trust));
    outcome.text += describe_trust(found.trust);
    return outcome;
  });
}

void add_diff(Program& program, const Command& group) {
  const Command command = program.command(
      group, "diff", "evseal trust diff device.json trust-2.evs",
      "Compares two trust stores, by the hashes of their keys. Nothing is verified. Exit code 0: "
      "the same, 1: they differ.");
  auto paths = std::make_shared<std::pair<std::string, std::string>>();
  command.add_option("A", paths->first, "A trust-update, state, profile or trust recipe")
      .required();
  command.add_option("B", paths->second, "The other one").required();
  program.run(command, "evseal.trust.diff/1", [paths](Console&) -> Result<Outcome> {
    EVSEAL_TRY(const Found before, find_trust(paths->first));
    EVSEAL_TRY(const Found after, find_trust(paths->second));
    Outcome outcome;
    nlohmann::ordered_json differences = nlohmann::ordered_json::array();
    for (const Difference& d : compare(trust_for_diff(before.trust), trust_for_diff(after.trust))) {
      differences.push_back({{"where", d.where}, {"before", d.before}, {"after", d.after}});
      outcome.text += d.where + ": " + (d.before.empty() ? "(absent)" : d.before) + " -> " +
                      (d.after.empty() ? "(absent)" : d.after) + "\n";
    }
    outcome.text = printable_lines(outcome.text);
    outcome.result = differences.empty() ? "same" : "differs";
    outcome.code = differences.empty() ? 0 : static_cast<int>(ErrorCode::does_not_hold);
    outcome.data["differences"] = std::move(differences);
    return outcome;
  });
}

struct PathOptions {
  std::vector<std::string> steps;
  DeviceOptions device;
  std::uint32_t from = 0;
  std::optional<std::uint32_t> to;
  std::string package;
  OutputOptions output;
};

struct Step {
  std::uint32_t epoch = 0;
  std::filesystem::path path;
  std::string identity;
};

// The steps by their epochs, each once.
Result<std::vector<Step>> order_steps(const std::vector<std::string>& paths) {
  std::vector<Step> out;
  for (const std::string& path : paths) {
    EVSEAL_TRY(const manifest::UnverifiedPackageFile file,
               manifest::UnverifiedPackageFile::open(path));
    EVSEAL_TRY(const manifest::UnverifiedManifest parsed, read_manifest(file));
    if (!parsed.unverified().trust_update || !file.steps().empty()) {
      return Error{ErrorCode::usage, path, "is not one trust-update",
                   "name the files that `evseal sign` made from trust recipes"};
    }
    out.push_back({parsed.unverified().trust_update->epoch, path, to_hex(parsed.identity())});
  }
  std::sort(out.begin(), out.end(), [](const Step& a, const Step& b) { return a.epoch < b.epoch; });
  const auto twice = std::adjacent_find(
      out.begin(), out.end(), [](const Step& a, const Step& b) { return a.epoch == b.epoch; });
  if (twice != out.end()) {
    return Error{ErrorCode::refused, twice->path.string(),
                 "is for epoch " + std::to_string(twice->epoch) + ", as another file is",
                 "a device takes one trust-update for each epoch: find out which one was released",
                 evseal_status_name(EVSEAL_TRUST_EPOCH)};
  }
  return out;
}

Error gap(const Step& step, std::uint32_t wanted) {
  return Error{ErrorCode::refused, step.path.string(),
               "is for epoch " + std::to_string(step.epoch) + ", but that for epoch " +
                   std::to_string(wanted) + " is missing",
               "name every trust-update from the device's epoch on",
               evseal_status_name(EVSEAL_TRUST_EPOCH)};
}

// Each device takes the steps in turn, from its own epoch on; what lies behind `from` are the steps
// of the path.
Result<std::vector<Step>> walk(const PathOptions& options, std::vector<Step> steps,
                               const std::vector<sign::Device>& devices) {
  const std::uint32_t to = options.to.value_or(steps.back().epoch);
  std::erase_if(steps, [to](const Step& step) { return step.epoch > to; });
  for (const sign::Device& given : devices) {
    sign::Device device = given;
    EVSEAL_TRY(const manifest::State state, manifest::decode_state(device.state));
    if (state.trust_epoch > options.from) {
      return Error{ErrorCode::usage, "--from " + std::to_string(options.from),
                   device.name + " is at epoch " + std::to_string(state.trust_epoch) + " already",
                   "pass a state of that epoch or an earlier one with --state"};
    }
    std::uint32_t epoch = state.trust_epoch;
    for (const Step& step : steps) {
      if (step.epoch <= state.trust_epoch) {
        continue;
      }
      if (step.epoch != epoch + 1) {
        return gap(step, epoch + 1);
      }
      EVSEAL_TRY(device, sign::after_steps(std::move(device), {step.path}));
      epoch = step.epoch;
    }
    if (epoch != to) {
      return Error{
          ErrorCode::refused, "epoch " + std::to_string(to),
          "no trust-update leads " + device.name + " beyond epoch " + std::to_string(epoch),
          "name every trust-update from the device's epoch on",
          evseal_status_name(EVSEAL_TRUST_EPOCH)};
    }
  }
  std::erase_if(steps, [&](const Step& step) { return step.epoch <= options.from; });
  return steps;
}

Result<Outcome> path(const PathOptions& options, Console& console) {
  if (options.output.path.empty() != options.package.empty()) {
    return Error{ErrorCode::usage, "trust path", "-o and --package belong together",
                 "evseal trust path --from 0 trust-*.evs --device D.json --package FW.evs -o "
                 "OUT.evs"};
  }
  EVSEAL_TRY(std::vector<Step> ordered, order_steps(options.steps));
  EVSEAL_TRY(const std::vector<sign::Device> devices, options.device.load(console));
  EVSEAL_TRY(const std::vector<Step> steps, walk(options, std::move(ordered), devices));
  Outcome outcome;
  nlohmann::ordered_json list = nlohmann::ordered_json::array();
  std::vector<std::filesystem::path> paths;
  for (const Step& step : steps) {
    paths.push_back(step.path);
    list.push_back(
        {{"epoch", step.epoch}, {"path", step.path.string()}, {"identity", step.identity}});
    outcome.text += "epoch " + std::to_string(step.epoch) + "  " + step.path.string() + "\n";
  }
  outcome.data = {{"from", options.from}, {"steps", std::move(list)}};
  if (!options.output.path.empty()) {
    EVSEAL_TRY(const sign::SignedResult made,
               sign::put_steps_in_front(options.package, paths, devices, options.output.path,
                                        work_options(console, options.output, 0)));
    outcome.data["output"] = options.output.path;
    outcome.data["size"] = made.size;
    outcome.data["identity"] = to_hex(made.identity);
    outcome.text += options.output.path + ": " + human_size(made.size) + "\n";
    describe_gate(outcome, made);
  }
  return outcome;
}

void add_path(Program& program, const Command& group) {
  const Command command = program.command(
      group, "path",
      "evseal trust path --from 0 --device device.json trust-1.evs trust-2.evs\n"
      "      --package fw.evs -o fw-with-steps.evs",
      "Orders trust-updates and has each --device's verifier take them in turn, from its state "
      "on.\n"
      "With -o they are written in front of a firmware package: a device at an older epoch takes "
      "them on the way.");
  auto options = std::make_shared<PathOptions>();
  command.add_option("STEP", options->steps, "Trust-updates, in any order").required();
  command
      .add_list("--device", options->device.devices, "Device profile; may be given several times")
      .required();
  command.add_option("--state", options->device.state,
                     "Device state to start from (default: factory-new, epoch 0)");
  command.add_option("--from", options->from, "The epoch that the path begins at (default: 0)")
      .between(0U, 0x7FFFFFFFU);
  command.add_option("--to", options->to, "The epoch that it ends at (default: the last)")
      .between(1U, 0x7FFFFFFFU);
  command.add_option("--package", options->package,
                     "Firmware package to put the steps in front of");
  options->output.add(command, "The package with its steps", false);
  program.run(command, "evseal.trust.path/1",
              [options](Console& console) -> Result<Outcome> { return path(*options, console); });
}

}  // namespace

void add_trust_commands(Program& program) {
  const Command group =
      program.group("trust", "Trust stores and their updates: build, show, diff, path");
  add_build(program, group);
  add_show(program, group);
  add_diff(program, group);
  add_path(program, group);
}

}  // namespace evseal::cli
