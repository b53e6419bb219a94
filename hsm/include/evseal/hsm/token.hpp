// Tokens before they hold keys: initialising, and setting the user's PIN.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "evseal/base/result.hpp"
#include "evseal/hsm/module.hpp"
#include "evseal/hsm/pin.hpp"

namespace evseal::hsm {

/// Initialises the token in slot `slot_id`, or the first one that is not initialised yet, and sets
/// both PINs. A token that is initialised already is never touched: that would erase its keys.
/// `label`: 1 to 32 octets of UTF-8. Returns the token as it is found afterwards (modules may move
/// it to another slot). Errors: usage when a token has this label already, when the slot holds an
/// initialised token and for a PIN of a length that the token refuses; key_not_found when no slot
/// is free; login_refused; token_unreachable.
[[nodiscard]] Result<Token> init_token(const std::shared_ptr<Module>& module,
                                       std::optional<unsigned long> slot_id,
                                       const std::string& label, PinSource& so_pin,
                                       PinSource& user_pin);

/// The security officer sets (or resets and unlocks) the user's PIN.
[[nodiscard]] Result<void> set_user_pin(const Token& token, PinSource& so_pin, PinSource& user_pin);

}  // namespace evseal::hsm
