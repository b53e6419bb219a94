// evseal manifest build / check / show
#include "describe_manifest.hpp"
#include "evseal/base/time.hpp"
#include "evseal/manifest/payload_writer.hpp"
#include "shared_options.hpp"
#include "unverified_input.hpp"

namespace evseal::cli {
namespace {

void add_build(Program& program, const Command& group) {
  struct Options {
    RecipeOptions recipe;
    OutputOptions output;
  };
  const Command command = program.command(
      group, "build", "evseal manifest build recipe.json -o fw.manifest.json",
      "Writes the manifest of a recipe without a payload, for review and version control.");
  auto options = std::make_shared<Options>();
  options->recipe.add(command, "Recipe (JSON)");
  options->output.add(command, "The manifest, in the very bytes that would be signed");
  program.run(command, "evseal.manifest.build/1", [options](Console&) -> Result<Outcome> {
    EVSEAL_TRY(const manifest::Recipe recipe, options->recipe.load());
    EVSEAL_TRY(const std::int64_t created, build_time_seconds());
    // Before the images are read, which takes its time: what is wrong with the name is known now.
    EVSEAL_TRY(OutputFile file, OutputFile::create(options->output.path, options->output.mode()));
    EVSEAL_TRY(const manifest::Manifest made, manifest::describe_payload(recipe, created));
    EVSEAL_TRY(const Bytes bytes, manifest::to_canonical(made));
    EVSEAL_CHECK(file.write(bytes));
    EVSEAL_CHECK(file.commit());
    Outcome outcome;
    outcome.data = {{"output", options->output.path}, {"identity", to_hex(sha256(bytes))}};
    outcome.text = options->output.path + ": identity " + to_hex(sha256(bytes)) + "\n";
    return outcome;
  });
}

void add_check(Program& program, const Command& group) {
  const Command command = program.command(
      group, "check", "evseal manifest check fw.manifest.json",
      "Says whether a manifest is one that devices can read, by the device's own reader.");
  auto path = std::make_shared<std::string>();
  command.add_option("FILE", *path, "A manifest or a package").required();
  program.run(command, "evseal.manifest.check/1", [path](Console&) -> Result<Outcome> {
    EVSEAL_TRY(const UnverifiedInput input, read_unverified(*path));
    const Bytes& bytes = input.manifest.bytes();
    evseal_manifest parsed;
    const evseal_status status = evseal_manifest_parse(&parsed, {bytes.data(), bytes.size()});
    if (status != EVSEAL_OK) {
      return Error{static_cast<ErrorCode>(evseal_status_class(status)), *path,
                   evseal_status_text(status), "docs/format.md section 7 has the rules",
                   evseal_status_name(status)};
    }
    Outcome outcome;
    outcome.data = {{"identity", to_hex(input.manifest.identity())}, {"size", bytes.size()}};
    outcome.text =
        *path + ": a well-formed manifest of " + std::to_string(bytes.size()) + " bytes\n";
    return outcome;
  });
}

void add_show(Program& program, const Command& group) {
  struct Options {
    std::string path;
    bool raw = false;
  };
  const Command command =
      program.command(group, "show", "evseal manifest show fw.evs --raw | jq .components",
                      "Shows a manifest. Nothing of it is verified.");
  auto options = std::make_shared<Options>();
  command.add_option("FILE", options->path, "A manifest or a package").required();
  command.add_flag("--raw", options->raw, "The exact bytes that are signed");
  program.run(command, "evseal.manifest.show/1", [options](Console&) -> Result<Outcome> {
    EVSEAL_TRY(const UnverifiedInput input, read_unverified(options->path));
    Outcome outcome;
    outcome.result = "unverified";
    outcome.data = {{"verified", false},
                    {"identity", to_hex(input.manifest.identity())},
                    {"manifest", nlohmann::ordered_json(input.manifest.unverified_json())}};
    outcome.text = options->raw ? std::string(as_text(input.manifest.bytes()))
                                : describe_manifest(input.manifest.unverified());
    return outcome;
  });
}

}  // namespace

void add_manifest_commands(Program& program) {
  const Command group = program.group("manifest", "The manifest alone: build, check, show");
  add_build(program, group);
  add_check(program, group);
  add_show(program, group);
}

}  // namespace evseal::cli
