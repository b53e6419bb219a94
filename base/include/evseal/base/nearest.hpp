// What somebody may have meant who mistyped a name.
#pragma once

#include <optional>
#include <span>
#include <string_view>

namespace evseal {

/// The known name that a misspelt one is closest to, if any is close enough to be meant.
[[nodiscard]] std::optional<std::string_view> nearest_name(std::string_view text,
                                                           std::span<const std::string_view> known);

}  // namespace evseal
