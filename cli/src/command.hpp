// Commands and their options: what the command files need of the library that reads the command
// line, without its header, which costs seconds in every source that includes it.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <vector>

namespace CLI {
class App;
class Option;
}  // namespace CLI

namespace evseal::cli {

/// An option, or an argument without a name. A handle: copies mean the same option.
class Option {
 public:
  explicit Option(CLI::Option& option) : option_(&option) {}

  // NOLINTBEGIN(modernize-use-nodiscard): these are called for their effect
  Option required() const;
  /// Only these values are taken.
  Option one_of(std::initializer_list<const char*> values) const;
  /// Only numbers from `least` to `most`.
  Option between(std::int64_t least, std::int64_t most) const;
  /// May not stand beside the other one.
  Option not_with(const Option& other) const;
  // NOLINTEND(modernize-use-nodiscard)
  /// Stood on the command line.
  [[nodiscard]] bool given() const;

 private:
  CLI::Option* option_;
};

/// A command, or a group of commands. A handle: copies mean the same command.
///
/// `names` is "-o,--output" for an option, "FILE" for an argument without a name. The variable must
/// live until the command has run; it keeps its value where the option does not stand.
class Command {
 public:
  explicit Command(CLI::App& app) : app_(&app) {}

  Option add_option(const std::string& names, std::string& value, const std::string& about) const;
  Option add_option(const std::string& names, int& value, const std::string& about) const;
  Option add_option(const std::string& names, unsigned& value, const std::string& about) const;
  Option add_option(const std::string& names, std::optional<unsigned>& value,
                    const std::string& about) const;
  Option add_option(const std::string& names, std::optional<unsigned long>& value,
                    const std::string& about) const;
  /// Takes all words up to the next option.
  Option add_option(const std::string& names, std::vector<std::string>& values,
                    const std::string& about) const;
  /// May be given several times, with one value each time: what follows it is not taken for
  /// another.
  Option add_list(const std::string& names, std::vector<std::string>& values,
                  const std::string& about) const;
  Option add_flag(const std::string& names, bool& value, const std::string& about) const;

  [[nodiscard]] CLI::App& app() const { return *app_; }

 private:
  CLI::App* app_;
};

}  // namespace evseal::cli
