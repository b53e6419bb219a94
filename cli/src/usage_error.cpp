#include "usage_error.hpp"

#include <algorithm>
#include <string_view>
#include <vector>

#include "evseal/base/nearest.hpp"

namespace evseal::cli {
namespace {

std::vector<const CLI::App*> commands_of(const CLI::App& app) {
  return app.get_subcommands([](const CLI::App*) { return true; });
}

std::vector<const CLI::Option*> options_of(const CLI::App& app) {
  return app.get_options([](const CLI::Option* option) { return option->nonpositional(); });
}

const CLI::App* find_command(const CLI::App& app, std::string_view word) {
  for (const CLI::App* command : commands_of(app)) {
    if (command->get_name() == word) {
      return command;
    }
  }
  return nullptr;
}

// `--name`, `--name=value`, `-n` and `-nvalue`.
const CLI::Option* find_option(const CLI::App& app, std::string_view word) {
  const bool is_long = word.starts_with("--");
  const std::string name(is_long ? word.substr(2, word.find('=') - 2) : word.substr(1, 1));
  for (const CLI::Option* option : options_of(app)) {
    if (is_long ? option->check_lname(name) : option->check_sname(name)) {
      return option;
    }
  }
  return nullptr;
}

bool takes_next_word(const CLI::Option& option, std::string_view word) {
  const bool has_value =
      word.starts_with("--") ? word.find('=') != std::string_view::npos : word.size() > 2;
  return option.get_items_expected_max() > 0 && !has_value;
}

std::string quoted(const std::string& command) {
  return "`" + command + "`";
}

Error unknown_option(const CLI::App& app, const std::string& command, std::string_view word) {
  const std::string name(word.substr(0, word.find('=')));
  Error error{ErrorCode::usage, name, "is no option of " + quoted(command),
              quoted(command + " --help") + " lists the options"};
  std::vector<std::string_view> known;
  for (const CLI::Option* option : options_of(app)) {
    for (const std::string& other : option->get_lnames()) {
      known.emplace_back(other);
    }
  }
  // A single letter is near to every other one: no guess.
  if (name.starts_with("--")) {
    if (const auto near = nearest_name(std::string_view(name).substr(2), known)) {
      error.hint = "did you mean --" + std::string(*near) + "? " + error.hint;
    }
  }
  return error;
}

Error unknown_command(const CLI::App& app, const std::string& command, const std::string& word) {
  Error error{ErrorCode::usage, word, "is no command of " + quoted(command),
              quoted(command + " --help") + " lists the commands"};
  std::vector<std::string_view> known;
  for (const CLI::App* other : commands_of(app)) {
    known.emplace_back(other->get_name());
  }
  if (const auto near = nearest_name(word, known)) {
    error.hint = "did you mean " + quoted(command + " " + std::string(*near)) + "? " + error.hint;
  }
  return error;
}

}  // namespace

UsageError explain_usage(const CLI::App& root, int argc, const char* const* argv,
                         const CLI::ParseError& problem) {
  const CLI::App* at = &root;
  std::string command = root.get_name();
  for (int i = 1; i < argc; ++i) {
    const std::string word = argv[i];
    if (word == "--") {
      break;
    }
    if (word.size() > 1 && word.front() == '-') {
      const CLI::Option* option = find_option(*at, word);
      if (option == nullptr) {
        return {unknown_option(*at, command, word), at};
      }
      i += takes_next_word(*option, word) ? 1 : 0;
    } else if (!commands_of(*at).empty()) {
      const CLI::App* chosen = find_command(*at, word);
      if (chosen == nullptr) {
        return {unknown_command(*at, command, word), at};
      }
      at = chosen;
      command += " " + word;
    }
  }
  const bool has_commands = !commands_of(*at).empty();
  return {Error{ErrorCode::usage, command, has_commands ? "needs a command" : problem.what(),
                has_commands ? quoted(command + " --help") + " lists the commands"
                             : quoted(command + " --help") + " starts with an example"},
          at};
}

}  // namespace evseal::cli
