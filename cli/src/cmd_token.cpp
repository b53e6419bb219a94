// evseal token list / init
#include "evseal/hsm/token.hpp"
#include "shared_options.hpp"

namespace evseal::cli {
namespace {

std::vector<std::string> flags_of(const hsm::TokenInfo& info) {
  std::vector<std::string> out;
  const auto add = [&out](bool set, const char* name) {
    if (set) {
      out.emplace_back(name);
    }
  };
  if (!info.initialized) {
    // It has no PINs yet: what SoftHSM says about them (locked) is meaningless, and alarming.
    add(info.protected_authentication_path, "pin-pad");
    out.insert(out.begin(), "not-initialised");
    return out;
  }
  add(!info.user_pin_initialized, "no-user-pin");
  add(info.login_required, "login-required");
  add(info.user_pin_count_low, "user-pin-count-low");
  add(info.user_pin_final_try, "user-pin-final-try");
  add(info.user_pin_locked, "user-pin-locked");
  add(info.so_pin_locked, "so-pin-locked");
  add(info.protected_authentication_path, "pin-pad");
  add(!info.writable, "read-only");
  return out;
}

Result<Outcome> list(const TokenOptions& options) {
  EVSEAL_TRY(const hsm::Modules modules, hsm::load_modules(options.module_or_none()));
  EVSEAL_TRY(const std::vector<hsm::Token> tokens, hsm::list_tokens(modules));
  Outcome outcome;
  nlohmann::ordered_json list = nlohmann::ordered_json::array();
  for (const hsm::Token& token : tokens) {
    const std::vector<std::string> flags = flags_of(token.info);
    list.push_back({{"label", token.info.label},
                    {"manufacturer", token.info.manufacturer},
                    {"model", token.info.model},
                    {"serial", token.info.serial},
                    {"slot", token.info.slot_id},
                    {"module", token.module->name()},
                    {"initialized", token.info.initialized},
                    {"uri", token.info.uri()},
                    {"flags", flags}});
    std::string line = token.info.initialized ? token.info.label
                                              : "(slot " + std::to_string(token.info.slot_id) + ")";
    line += "  " + token.info.manufacturer + " " + token.info.model + ", " + token.module->name();
    for (const std::string& flag : flags) {
      line += ", " + flag;
    }
    outcome.text += printable(line) + "\n";
    if (token.info.initialized) {
      outcome.text += "  " + token.info.uri() + "\n";
    }
  }
  if (tokens.empty()) {
    outcome.text = "no tokens; name a module with --module\n";
  }
  outcome.data["tokens"] = std::move(list);
  return outcome;
}

struct InitOptions {
  std::string label;
  std::string module;
  std::optional<unsigned long> slot;
  PinOptions so_pin;
  PinOptions pin;
};

hsm::PinSource new_pin(const PinOptions& pin) {
  auto source = pin.source();
  return source ? std::move(*source) : hsm::PinSource::prompt_new();
}

Result<Outcome> init(const InitOptions& options, Console& console) {
  const auto module_name =
      options.module.empty() ? std::nullopt : std::optional<std::string>(options.module);
  EVSEAL_TRY(const hsm::Modules modules, hsm::load_modules(module_name));
  if (modules.size() != 1) {
    return Error{ErrorCode::usage, "--module",
                 std::to_string(modules.size()) + " modules are configured; one must be named",
                 "pass --module, for example --module softhsm2"};
  }
  hsm::PinSource so_pin = new_pin(options.so_pin);
  hsm::PinSource pin = new_pin(options.pin);
  const Result<hsm::Token> made =
      hsm::init_token(modules.front(), options.slot, options.label, so_pin, pin);
  for (const hsm::PinSource* source : {&so_pin, &pin}) {
    if (source->warning()) {
      console.warn(*source->warning());
    }
  }
  EVSEAL_TRY(const hsm::Token token, made);
  Outcome outcome;
  outcome.data = {{"label", token.info.label},
                  {"serial", token.info.serial},
                  {"slot", token.info.slot_id},
                  {"uri", token.info.uri()}};
  outcome.text = "token " + printable(token.info.label) + " is ready: " + token.info.uri() + "\n";
  return outcome;
}

struct UnlockOptions {
  TokenOptions token;
  PinOptions so_pin;
  PinOptions pin;
};

// The security officer gives the user a new PIN: after a lock, or where there was none yet.
Result<Outcome> unlock(const UnlockOptions& options, Console& console) {
  EVSEAL_TRY(const hsm::Token token, options.token.find());
  hsm::PinSource so_pin = options.so_pin.source_or_prompt();
  hsm::PinSource pin = new_pin(options.pin);
  const Result<void> done = hsm::set_user_pin(token, so_pin, pin);
  for (const hsm::PinSource* source : {&so_pin, &pin}) {
    if (source->warning()) {
      console.warn(*source->warning());
    }
  }
  EVSEAL_CHECK(done);
  Outcome outcome;
  outcome.data = {{"label", token.info.label}, {"uri", token.info.uri()}};
  outcome.text = "token " + printable(token.info.label) + ": the user has a new PIN\n";
  return outcome;
}

}  // namespace

void add_token_commands(Program& program) {
  const Command group = program.group("token", "PKCS#11 tokens: list, init, unlock");
  const Command list_command =
      program.command(group, "list", "evseal token list --module softhsm2",
                      "Lists every token that the module, or the system's configuration, shows.");
  auto list_options = std::make_shared<TokenOptions>();
  list_command.add_option("--module", list_options->module, "PKCS#11 module: a path or a name");
  program.run(list_command, "evseal.token.list/1",
              [list_options](Console&) -> Result<Outcome> { return list(*list_options); });

  const Command init_command = program.command(
      group, "init",
      "evseal token init --label fw --so-pin-file so.pin --pin-file user.pin --module softhsm2",
      "Initialises a free slot and sets both PINs. A token that is initialised is never touched.");
  auto init_options = std::make_shared<InitOptions>();
  init_command.add_option("--label", init_options->label, "Label of the new token").required();
  init_command.add_option("--module", init_options->module, "PKCS#11 module: a path or a name");
  init_command.add_option("--slot", init_options->slot,
                          "Slot to use (default: the first free one)");
  init_options->so_pin.add(init_command, "so-");
  init_options->pin.add(init_command);
  program.run(
      init_command, "evseal.token.init/1",
      [init_options](Console& console) -> Result<Outcome> { return init(*init_options, console); });

  const Command unlock_command = program.command(
      group, "unlock",
      "evseal token unlock --token fw --so-pin-file so.pin --pin-file new-user.pin",
      "The security officer gives the user a new PIN: where it is locked, forgotten or not set.\n"
      "Keys and certificates stay.");
  auto unlock_options = std::make_shared<UnlockOptions>();
  unlock_options->token.add(unlock_command, true);
  unlock_options->so_pin.add(unlock_command, "so-");
  unlock_options->pin.add(unlock_command);
  program.run(unlock_command, "evseal.token.unlock/1",
              [unlock_options](Console& console) -> Result<Outcome> {
                return unlock(*unlock_options, console);
              });
}

}  // namespace evseal::cli
