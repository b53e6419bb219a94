// Trust stores and device states for people and machines.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

#include "evseal/manifest/device.hpp"
#include "evseal/manifest/trust_store.hpp"

namespace evseal::cli {

/// Roles with their anchors, thresholds and scopes, one line each.
[[nodiscard]] std::string describe_trust(const manifest::TrustStore& trust);
/// As a profile's JSON has it, with the anchors' names in readable form beside it.
[[nodiscard]] nlohmann::json trust_json(const manifest::TrustStore& trust);
/// The same with anchors and signers keyed by their key hashes: for comparing.
[[nodiscard]] nlohmann::json trust_for_diff(const manifest::TrustStore& trust);

[[nodiscard]] std::string describe_state(const manifest::State& state);

}  // namespace evseal::cli
