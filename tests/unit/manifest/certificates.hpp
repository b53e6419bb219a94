// Certificates made by the openssl program, once for all tests of a file.
#pragma once

#include <catch2/catch.hpp>

#include "fixtures.hpp"

namespace evseal::manifest::testing {

/// Makes `NAME.pem` in the folder; `key` as `openssl req -newkey` takes it.
inline fs::path make_certificate(const TemporaryFolder& folder, const std::string& name,
                                 const std::string& key, const std::string& subject) {
  const std::string base = (folder.path() / name).string();
  const CommandResult made =
      run("openssl req -x509 -newkey " + key + " -nodes -utf8 -subj '" + subject +
          "' -days 30 -keyout " + base + ".key -out " + base + ".pem 2>/dev/null");
  REQUIRE(made.ok);
  return base + ".pem";
}

/// A folder with root.pem (P-256), operator.pem (P-384), officer-a.pem and officer-b.pem (Ed25519),
/// rsa.pem.
inline const TemporaryFolder& certificates() {
  static const TemporaryFolder folder;
  static const bool made = [] {
    const std::string ec = "ec -pkeyopt ec_paramgen_curve:";
    make_certificate(folder, "root", ec + "P-256", "/C=DE/O=Acme ÄG/CN=Root");
    make_certificate(folder, "operator", ec + "P-384", "/CN=Operator");
    make_certificate(folder, "officer-a", "ed25519", "/CN=A");
    make_certificate(folder, "officer-b", "ed25519", "/CN=B");
    make_certificate(folder, "rsa", "rsa:2048", "/CN=RSA");
    return true;
  }();
  (void)made;
  return folder;
}

/// The profile of the documentation, with slots.
inline nlohmann::json sample_profile() {
  return nlohmann::json::parse(R"({"device":1, "vendor":"acme", "model":"ac22", "stages":["prod"],
   "clock":"untrusted", "time_floor":"2026-01-01T00:00:00Z",
   "components":["rootfs",{"id":"safety","needed":false,"security_version":3}],
   "roles":{
    "firmware":{"anchors":["root.pem"], "threshold":1, "crl":"required",
                "allow":{"models":["ac22"],"components":["*"]}},
    "operator":{"anchors":["operator.pem"], "threshold":1},
    "trust":{"anchors":["root.pem"], "threshold":2, "signers":["officer-a.pem","officer-b.pem"]}},
   "require":{"firmware":["firmware","operator"], "trust-update":["trust"]},
   "limits":{"envelope_bytes":16384, "chunk_bytes":65536}})");
}

}  // namespace evseal::manifest::testing
