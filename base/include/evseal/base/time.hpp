// Points in time as whole seconds since 1970-01-01T00:00:00Z, and their texts.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "evseal/base/result.hpp"

namespace evseal {

/// `YYYY-MM-DDTHH:MM:SSZ` (RFC 3339, always UTC, no fraction).
[[nodiscard]] std::string to_rfc3339(std::int64_t seconds);
[[nodiscard]] std::optional<std::int64_t> from_rfc3339(std::string_view text);
/// The system's clock.
[[nodiscard]] std::int64_t now_seconds();
/// SOURCE_DATE_EPOCH where it is set (usage error when it is not a number), the system's clock
/// otherwise.
[[nodiscard]] Result<std::int64_t> build_time_seconds();

}  // namespace evseal
