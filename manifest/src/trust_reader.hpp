// Trust stores as people write them: the members `roles` and `require` of a device profile, a
// trust-update's recipe, a state.
#pragma once

#include <filesystem>

#include "evseal/manifest/trust_store.hpp"
#include "json_object.hpp"

namespace evseal::manifest {

/// A list of stages as bits; it must be there.
[[nodiscard]] Result<std::uint32_t> stages_from_json(const ObjectReader& reader,
                                                     std::string_view key);

/// Reads `roles` and `require` of an object; files are relative to `folder`. `stages` are those of
/// a role that says nothing. Errors: as load_profile().
[[nodiscard]] Result<TrustStore> trust_store_from_json(const ObjectReader& root,
                                                       const std::filesystem::path& folder,
                                                       std::uint32_t stages);

/// What a trust-update's recipe says beside the package itself: `epoch`, `roles`, `require`, and
/// optionally `stages` (of roles that say nothing; none: the package's stage), `resets` and
/// `recovery`. Errors: as load_recipe().
[[nodiscard]] Result<TrustUpdate> trust_update_from_json(const ObjectReader& root,
                                                         const std::filesystem::path& folder,
                                                         Stage stage);

/// A key hash, from its 64 hexadecimal digits or from a certificate's file; `at` is the element's
/// place for messages.
[[nodiscard]] Result<Sha256> key_hash_from_json(const ObjectReader& reader,
                                                const nlohmann::json& element,
                                                const std::string& at,
                                                const std::filesystem::path& folder);

}  // namespace evseal::manifest
