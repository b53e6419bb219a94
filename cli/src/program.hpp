// The command tree: each command file adds its own commands to it.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>

#include "command.hpp"
#include "console.hpp"

namespace evseal::cli {

/// Runs after the options have been read.
using Action = std::function<Result<Outcome>(Console&)>;

class Program {
 public:
  explicit Program(CLI::App& root) : root_(root) {}

  [[nodiscard]] Command root() { return Command(root_); }
  /// A group such as `token` under which commands stand.
  Command group(const std::string& name, const std::string& about);
  /// A command with its example, which --help shows first.
  Command command(const Command& parent, const std::string& name, const std::string& example,
                  const std::string& about);
  /// What the command does. `schema` names the --json object: "evseal.sign/1".
  void run(const Command& command, const std::string& schema, Action action);
  /// Runs what the command line chose.
  [[nodiscard]] int execute();
  Console& console() { return console_; }
  /// The schema of a command's --json object; that of the program where there is no command yet.
  [[nodiscard]] std::string schema_of(const CLI::App& command) const;

 private:
  CLI::App& root_;
  Console console_;
  std::map<const CLI::App*, std::string> schemas_;
  std::string schema_;
  Action chosen_;
};

void add_build_command(Program& program);
void add_manifest_commands(Program& program);
void add_sign_command(Program& program);
void add_resign_command(Program& program);
void add_verify_command(Program& program);
void add_inspect_command(Program& program);
void add_extract_command(Program& program);
void add_diff_command(Program& program);
void add_slice_command(Program& program);
void add_token_commands(Program& program);
void add_key_commands(Program& program);
void add_pki_commands(Program& program);
void add_chain_commands(Program& program);
void add_signature_commands(Program& program);
void add_device_commands(Program& program);
void add_crl_commands(Program& program);
void add_trust_commands(Program& program);
void add_state_commands(Program& program);
/// `pki crl` and `pki revoke`.
void add_pki_crl_commands(Program& program, const Command& group);

}  // namespace evseal::cli
