// evseal key generate / list
#include <openssl/rand.h>

#include "evseal/hsm/key.hpp"
#include "key_type_option.hpp"
#include "shared_options.hpp"

namespace evseal::cli {
namespace {

struct GenerateOptions {
  TokenOptions token;
  PinOptions pin;
  KeyTypeOption type;
  std::string label;
  std::string id;
  bool always_authenticate = false;
};

nlohmann::ordered_json key_json(const hsm::KeyInfo& key) {
  return {{"label", key.label},
          {"id", to_hex(key.id)},
          {"type", key.type ? hsm::to_string(*key.type) : "other"},
          {"bits", key.bits},
          {"key_hash", key.spki.empty() ? "" : to_hex(sha256(key.spki))},
          {"sensitive", key.sensitive},
          {"extractable", key.extractable},
          {"local", key.local},
          {"always_authenticate", key.always_authenticate},
          {"certificate", key.has_certificate},
          {"uri", key.uri}};
}

Result<Outcome> generate(const GenerateOptions& options, Console& console) {
  hsm::KeySpec spec;
  spec.type = options.type.type();
  spec.rsa_bits = options.type.rsa_bits();
  spec.label = options.label;
  spec.always_authenticate = options.always_authenticate;
  if (options.id.empty()) {
    spec.id.resize(8);
    if (RAND_bytes(spec.id.data(), static_cast<int>(spec.id.size())) != 1) {
      return Error{ErrorCode::internal, "random numbers", "the generator failed"};
    }
  } else {
    auto id = from_hex(options.id);
    if (!id) {
      return Error{ErrorCode::usage, "--id", "is not hexadecimal", "write it as 01ab"};
    }
    spec.id = std::move(*id);
  }
  EVSEAL_TRY(hsm::Session session,
             options.token.login(options.pin, hsm::Access::read_write, console));
  EVSEAL_TRY(const hsm::KeyInfo key, hsm::generate_key(session, spec));
  Outcome outcome;
  outcome.data = key_json(key);
  outcome.text = key.uri + "\n";
  return outcome;
}

struct ListOptions {
  TokenOptions token;
  PinOptions pin;
};

Result<Outcome> list(const ListOptions& options, Console& console) {
  EVSEAL_TRY(hsm::Session session,
             options.token.login(options.pin, hsm::Access::read_only, console));
  EVSEAL_TRY(const std::vector<hsm::KeyInfo> keys, hsm::list_keys(session));
  Outcome outcome;
  nlohmann::ordered_json all = nlohmann::ordered_json::array();
  for (const hsm::KeyInfo& key : keys) {
    all.push_back(key_json(key));
    std::string line = key.label + "  " + (key.type ? hsm::to_string(*key.type) : "other") + " " +
                       std::to_string(key.bits);
    line += key.sensitive && !key.extractable ? ", stays in the token" : ", CAN LEAVE THE TOKEN";
    line += key.has_certificate ? ", has a certificate" : "";
    outcome.text += printable(line) + "\n  " + key.uri + "\n";
  }
  if (keys.empty()) {
    outcome.text = "no keys\n";
  }
  outcome.data["keys"] = std::move(all);
  return outcome;
}

}  // namespace

void add_key_commands(Program& program) {
  const Command group = program.group("key", "Keys in a token: generate, list");
  const Command generate_command = program.command(
      group, "generate",
      "evseal key generate --token fw --type p256 --label fw-2026 --pin-file user.pin",
      "Makes a key pair in a token. The private key can sign and never leaves.");
  auto generate_options = std::make_shared<GenerateOptions>();
  generate_options->token.add(generate_command, true);
  generate_options->pin.add(generate_command);
  generate_options->type.add(generate_command);
  generate_command.add_option("--label", generate_options->label, "Label of the key").required();
  generate_command.add_option("--id", generate_options->id,
                              "CKA_ID in hexadecimal (default: random)");
  generate_command.add_flag("--always-authenticate", generate_options->always_authenticate,
                            "Each signature asks for the PIN");
  program.run(generate_command, "evseal.key.generate/1",
              [generate_options](Console& console) -> Result<Outcome> {
                return generate(*generate_options, console);
              });

  const Command list_command =
      program.command(group, "list", "evseal key list --token fw --pin-file user.pin",
                      "Lists the private keys of a token with their URIs.");
  auto list_options = std::make_shared<ListOptions>();
  list_options->token.add(list_command, true);
  list_options->pin.add(list_command);
  program.run(
      list_command, "evseal.key.list/1",
      [list_options](Console& console) -> Result<Outcome> { return list(*list_options, console); });
}

}  // namespace evseal::cli
