#include "program.hpp"

#include <CLI/CLI.hpp>

namespace evseal::cli {

Command Program::group(const std::string& name, const std::string& about) {
  CLI::App* group = root_.add_subcommand(name, about);
  group->require_subcommand(1);
  return Command(*group);
}

Command Program::command(const Command& parent, const std::string& name, const std::string& example,
                         const std::string& about) {
  CLI::App* command = parent.app().add_subcommand(name, "Example:\n  " + example + "\n\n" + about);
  command->add_flag("--json", console_.json, "One JSON object on standard output");
  command->add_flag("-q,--quiet", console_.quiet, "Errors only");
  return Command(*command);
}

void Program::run(const Command& command, const std::string& schema, Action action) {
  schemas_[&command.app()] = schema;
  command.app().callback([this, schema, action = std::move(action)] {
    schema_ = schema;
    chosen_ = action;
  });
}

std::string Program::schema_of(const CLI::App& command) const {
  const auto found = schemas_.find(&command);
  return found == schemas_.end() ? "evseal.usage/1" : found->second;
}

int Program::execute() {
  auto outcome = chosen_(console_);
  return outcome ? console_.finish(schema_, *outcome) : console_.fail(schema_, outcome.error());
}

}  // namespace evseal::cli
