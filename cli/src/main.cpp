// evseal: builds, signs and checks firmware packages.
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <iostream>

#include "evseal/base/file.hpp"
#include "evseal/base/secret.hpp"
#include "program.hpp"
#include "usage_error.hpp"

namespace {

using namespace evseal;

// Nothing half-written stays: most outputs have no name until they are complete, the others are
// unlinked here. One exit code for every signal that asks to stop: a pipeline that times out sends
// SIGTERM, and it should not have to know which it was.
void on_signal(int) {
  remove_unfinished_outputs();
  ::_exit(static_cast<int>(ErrorCode::interrupted));
}

void install_signal_handlers() {
  struct sigaction action = {};
  action.sa_handler = on_signal;
  sigemptyset(&action.sa_mask);
  for (const int number : {SIGINT, SIGTERM, SIGHUP}) {
    (void)sigaction(number, &action, nullptr);
  }
  (void)std::signal(SIGPIPE, SIG_IGN);
}

class HelpFormatter : public CLI::Formatter {
 public:
  HelpFormatter() { column_width(34); }
  // One line for each command in lists: what comes after its example.
  std::string make_subcommand(const CLI::App* sub) const override {
    std::string about = sub->get_description();
    const std::size_t blank = about.find("\n\n");
    about = blank == std::string::npos ? about : about.substr(blank + 2);
    about = about.substr(0, about.find('\n'));
    std::string line = "  " + sub->get_name();
    line.resize(std::max<std::size_t>(16, line.size() + 2), ' ');
    return line + about + "\n";
  }
};

// The verb comes before the options, so a scan is enough to know whether a machine reads the
// answer.
bool wants_json(int argc, char** argv) {
  for (int i = 1; i < argc; ++i) {
    if (std::strcmp(argv[i], "--json") == 0) {
      return true;
    }
  }
  return false;
}

int run(int argc, char** argv) {
  CLI::App app(
      "Firmware packages for EV chargers: build, sign with a key in a token, verify as the device "
      "would.\n"
      "Example:\n"
      "  evseal sign recipe.json --signer pki/signer.json --pin-file user.pin -o fw.evs\n"
      "  evseal verify fw.evs --device pki/device.json --hardware 3\n",
      "evseal");
  app.formatter(std::make_shared<HelpFormatter>());
  app.require_subcommand(1);
  app.set_version_flag("--version", "evseal " EVSEAL_VERSION);
  app.footer(
      "Exit codes: 0 done, 1 does not hold, 2 usage or configuration, 3 not authentic, 4 authentic "
      "but refused,\n"
      "5 malformed or over a limit, 6 files, 7 token unreachable (retry), 8 login refused (do not "
      "retry),\n"
      "9 key or token absent or ambiguous, 70 internal, 130 interrupted (SIGINT, "
      "SIGTERM, SIGHUP).");
  cli::Program program(app);
  cli::add_build_command(program);
  cli::add_manifest_commands(program);
  cli::add_sign_command(program);
  cli::add_resign_command(program);
  cli::add_verify_command(program);
  cli::add_inspect_command(program);
  cli::add_extract_command(program);
  cli::add_diff_command(program);
  cli::add_slice_command(program);
  cli::add_token_commands(program);
  cli::add_key_commands(program);
  cli::add_pki_commands(program);
  cli::add_chain_commands(program);
  cli::add_signature_commands(program);
  cli::add_device_commands(program);
  cli::add_crl_commands(program);
  cli::add_trust_commands(program);
  cli::add_state_commands(program);
  try {
    app.parse(argc, argv);
  } catch (const CLI::Success& done) {
    const int code = app.exit(done);
    std::cout.flush();
    return std::cout.good() ? code : static_cast<int>(ErrorCode::io);
  } catch (const CLI::ParseError& problem) {
    program.console().json = wants_json(argc, argv);
    const cli::UsageError wrong = cli::explain_usage(app, argc, argv, problem);
    return program.console().fail(program.schema_of(*wrong.command), wrong.error);
  }
  return program.execute();
}

}  // namespace

int main(int argc, char** argv) {
  disable_core_dumps();
  install_signal_handlers();
  try {
    return run(argc, argv);
  } catch (const std::exception& problem) {
    std::cerr << "evseal: error: internal: " << problem.what() << '\n';
  } catch (...) {
    std::cerr << "evseal: error: internal: unknown exception\n";
  }
  remove_unfinished_outputs();
  return static_cast<int>(ErrorCode::internal);
}
