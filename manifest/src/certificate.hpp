// What a device profile takes from a certificate: its subject and its key, octet for octet.
#pragma once

#include <filesystem>

#include "evseal/base/bytes.hpp"
#include "evseal/base/result.hpp"

namespace evseal::manifest {

struct CertificateParts {
  Bytes subject;  ///< DER Name
  Bytes key;      ///< DER SubjectPublicKeyInfo
};

/// Reads the one certificate of a PEM (or DER) file. Nothing about it is checked, except that
/// devices can use its key. Errors: io; malformed, where the file is no certificate, has several,
/// or a key of a kind that no device knows.
[[nodiscard]] Result<CertificateParts> read_certificate(const std::filesystem::path& path);

}  // namespace evseal::manifest
