// PEM blocks (RFC 7468) of one label.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "evseal/base/bytes.hpp"

namespace evseal::sign {

/// What stands in the blocks of this label, in the order of the text; a block that is no base64 is
/// left out.
[[nodiscard]] std::vector<Bytes> blocks_from_pem(std::string_view text, std::string_view label);
[[nodiscard]] std::string block_to_pem(ByteView der, std::string_view label);

}  // namespace evseal::sign
