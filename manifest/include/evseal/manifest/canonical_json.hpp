// The strict subset of canonical JSON (RFC 8785) that manifests are written in: docs/format.md §7.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string_view>

#include "evseal/base/bytes.hpp"
#include "evseal/base/result.hpp"

namespace evseal::manifest {

/// "nesting is at most 6 deep (the outermost object is 1)"
inline constexpr unsigned kMaxCanonicalDepth = 6;
/// "numbers: below 2^53": every JSON library reads them without loss.
inline constexpr std::uint64_t kMaxCanonicalInteger = (std::uint64_t{1} << 53U) - 1;

/// Well-formed UTF-8 (RFC 3629): no surrogates, no overlong forms, nothing above U+10FFFF.
[[nodiscard]] bool is_utf8(std::string_view text);
/// Text as a manifest may hold it: UTF-8 without U+0000–U+001F and U+007F–U+009F.
[[nodiscard]] bool is_manifest_text(std::string_view text);
/// 1 to 32 characters of `[a-z0-9_]`.
[[nodiscard]] bool is_member_name(std::string_view name);

/// The one canonical text of an object.
/// Errors: malformed, status `manifest_syntax`, for a value outside the subset: not an object at
/// the top, null, a fraction, a negative or too large number, a bad member name, bad text, too
/// deep.
[[nodiscard]] Result<Bytes> canonical_json(const nlohmann::json& value);

/// Reads a text that must be canonical already: the value's canonical text is compared with it byte
/// for byte. Errors: malformed, status `manifest_syntax`.
[[nodiscard]] Result<nlohmann::json> parse_canonical_json(ByteView text);

}  // namespace evseal::manifest
