// The schema of docs/format.md §7, for what is read and for what is about to be written.
#pragma once

#include <nlohmann/json_fwd.hpp>

#include "evseal/base/result.hpp"
#include "evseal/manifest/model.hpp"

namespace evseal::manifest {

/// Checks every member that the format defines and returns them as data.
/// Errors: as parse_unverified(), `manifest_syntax` excepted.
[[nodiscard]] Result<Manifest> manifest_from_json(const nlohmann::json& value);

/// True for the member names that docs/format.md §7 defines: `critical` may name these only.
[[nodiscard]] bool is_defined_member(std::string_view name);

}  // namespace evseal::manifest
