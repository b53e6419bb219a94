// evseal build
#include "evseal/base/time.hpp"
#include "shared_options.hpp"

namespace evseal::cli {

void add_build_command(Program& program) {
  struct Options {
    RecipeOptions recipe;
    OutputOptions output;
    unsigned threads = 0;
  };
  const Command command =
      program.command(program.root(), "build", "evseal build recipe.json -o fw.unsigned.evs",
                      "Packs firmware without a signature: the untrusted build job ends here.\n"
                      "Every verifier refuses the result until `evseal sign` has signed it. With "
                      "SOURCE_DATE_EPOCH two\n"
                      "builds of the same files are the same, byte for byte.");
  auto options = std::make_shared<Options>();
  options->recipe.add(command, "Recipe (JSON)");
  options->output.add(command, "The package without a signature");
  command.add_option("--threads", options->threads,
                     "Threads to use (default: one for each processor)");
  program.run(command, "evseal.build/1", [options](Console& console) -> Result<Outcome> {
    EVSEAL_TRY(const manifest::Recipe recipe, options->recipe.load());
    EVSEAL_TRY(const std::int64_t created, build_time_seconds());
    EVSEAL_TRY(const sign::PackageResult built,
               sign::build_package(recipe, created, options->output.path,
                                   work_options(console, options->output, options->threads)));
    Outcome outcome;
    outcome.data = {{"output", options->output.path},
                    {"identity", to_hex(built.identity)},
                    {"size", built.size},
                    {"signed", false}};
    outcome.text = options->output.path + ": " + human_size(built.size) + ", not signed\n" +
                   "identity " + to_hex(built.identity) + "\n";
    return outcome;
  });
}

}  // namespace evseal::cli
