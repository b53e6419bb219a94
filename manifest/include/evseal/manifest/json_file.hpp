// JSON that people write: recipes, device profiles, device states. Read leniently as to its form
// (white space, escapes, any order), strictly as to its meaning: what two readers could understand
// differently is refused.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "evseal/base/result.hpp"

namespace evseal::manifest {

/// Counted from 1; the column in characters.
struct JsonPosition {
  std::size_t line = 0;
  std::size_t column = 0;
};

/// A JSON document together with where in its text each member and element stands.
struct JsonDocument {    // NOLINT(bugprone-exception-escape): nlohmann's move is noexcept
  std::string name;      ///< the file's name, for messages
  nlohmann::json value;  ///< the outermost value
  /// Keyed by paths like `components[2].id`; the outermost value has the empty path.
  std::map<std::string, JsonPosition> positions;

  /// `FILE:LINE:COL` of a path, or of the closest enclosing value that has a position.
  [[nodiscard]] std::string locate(std::string_view path) const;
};

/// What a recipe or profile needs at most, many times over.
inline constexpr std::uint64_t kMaxJsonFileBytes = 1U << 20U;
/// Nesting of a person's file: deeper ones are a mistake or an attack on a recursive reader.
inline constexpr std::size_t kMaxJsonDepth = 32;

/// Parses a text. Refused: anything but one JSON value (RFC 8259), a member name twice in one
/// object, invalid UTF-8, nesting deeper than `max_depth`. A byte order mark is skipped. Errors:
/// usage, with `what` = `NAME:LINE:COL`.
[[nodiscard]] Result<JsonDocument> parse_json(std::string_view text, std::string name,
                                              std::size_t max_depth = kMaxJsonDepth);

/// Reads and parses a file of at most `limit` bytes.
/// Errors: io; malformed for a file over the limit; as parse_json.
[[nodiscard]] Result<JsonDocument> load_json_file(const std::filesystem::path& path,
                                                  std::uint64_t limit = kMaxJsonFileBytes);

}  // namespace evseal::manifest
