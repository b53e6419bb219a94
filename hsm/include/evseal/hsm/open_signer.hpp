// From the name of a key to a Signer.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "evseal/base/result.hpp"
#include "evseal/hsm/pin.hpp"
#include "evseal/hsm/signer.hpp"

namespace evseal::hsm {

/// `key` is a `pkcs11:` URI that matches exactly one private key, or `file:` and the path of an
/// unencrypted PEM private key for development. `module` (path or name) goes before what the URI
/// says; `pin` goes before the URI's pin-source, and without either the terminal is asked. For a
/// token this logs in. Errors: usage, io and malformed for the reference or the file;
/// key_not_found with the candidates in its hint; login_refused; token_unreachable.
[[nodiscard]] Result<std::unique_ptr<Signer>> open_signer(
    std::string_view key, const std::optional<std::string>& module = std::nullopt,
    std::optional<PinSource> pin = std::nullopt);

}  // namespace evseal::hsm
