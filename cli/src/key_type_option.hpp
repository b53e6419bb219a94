// --type p256 | p384 | rsa2048 | rsa3072 | rsa4096 | ed25519
#pragma once

#include <string>

#include "command.hpp"
#include "evseal/hsm/signer.hpp"

namespace evseal::cli {

struct KeyTypeOption {
  std::string name = "p256";

  void add(const Command& command) {
    command
        .add_option("--type", name,
                    "p256, p384, rsa2048, rsa3072, rsa4096 or ed25519 (default: p256)")
        .one_of({"p256", "p384", "rsa2048", "rsa3072", "rsa4096", "ed25519"});
  }
  [[nodiscard]] hsm::KeyType type() const {
    return name == "p256"      ? hsm::KeyType::p256
           : name == "p384"    ? hsm::KeyType::p384
           : name == "ed25519" ? hsm::KeyType::ed25519
                               : hsm::KeyType::rsa;
  }
  [[nodiscard]] unsigned rsa_bits() const {
    return name == "rsa2048" ? 2048 : name == "rsa4096" ? 4096 : 3072;
  }
};

}  // namespace evseal::cli
