// The two kinds of Signer behind open_signer().
#pragma once

#include "evseal/hsm/open_signer.hpp"
#include "evseal/hsm/uri.hpp"

namespace evseal::hsm {

[[nodiscard]] Result<std::unique_ptr<Signer>> open_file_signer(const std::string& path);

[[nodiscard]] Result<std::unique_ptr<Signer>> open_token_signer(
    const KeyUri& uri, const std::optional<std::string>& module, PinSource pin);

}  // namespace evseal::hsm
