// Revocation lists for people and machines.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "evseal/base/bytes.hpp"

namespace evseal::cli {

/// A member for each list; lines for people are added to `text`.
[[nodiscard]] nlohmann::ordered_json describe_crls(const std::vector<Bytes>& crls,
                                                   std::string& text);

}  // namespace evseal::cli
