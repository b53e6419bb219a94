// A signing PKI for development: root, manufacturer intermediate and firmware certificate, every
// key in a token.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "evseal/base/file.hpp"
#include "evseal/base/result.hpp"
#include "evseal/hsm/key.hpp"
#include "evseal/hsm/session.hpp"
#include "evseal/manifest/model.hpp"

namespace evseal::sign {

struct DevelopmentPki {
  std::string vendor;
  std::string model;
  std::string
      prefix;  ///< of the labels of keys: `PREFIX-root`, `PREFIX-intermediate`, `PREFIX-firmware`
  hsm::KeyType key_type = hsm::KeyType::p256;
  unsigned rsa_bits = 3072;
  manifest::Stage stage = manifest::Stage::dev;
  std::vector<std::string> components;  ///< slots of the device profile
  bool small_device = false;            ///< limits of a `small` device
  std::int64_t time_floor = 0;          ///< of the device profile: seconds since 1970
  std::string module;                   ///< for the signer file; empty: the system's configuration
  std::filesystem::path folder;
};

struct PkiFiles {
  std::filesystem::path root, intermediate, firmware, root_crl, intermediate_crl, signer, device;
};

/// Makes the three keys in the session's token (logged in, read-write), issues the certificates,
/// stores them beside their keys, and writes root.pem, intermediate.pem, firmware.pem, the empty
/// revocation lists root.crl and intermediate.crl, signer.json and device.json into the folder.
/// Errors: usage when a key with one of the labels or one of the files exists already.
[[nodiscard]] Result<PkiFiles> init_development_pki(hsm::Session& session,
                                                    const DevelopmentPki& plan, std::int64_t now);

/// The slots that a development profile has when none are named.
[[nodiscard]] const std::vector<std::string>& usual_components();

}  // namespace evseal::sign
