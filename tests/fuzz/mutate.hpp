// Changes that keep the structure: of DER trees and of JSON values.
#pragma once

#include <functional>
#include <nlohmann/json.hpp>

#include "der_tree.hpp"
#include "fuzz.hpp"

namespace evseal::fuzz {

/// Changes octets without structure: libFuzzer's own mutations, with its dictionary of compared
/// values.
using Scramble = std::function<Bytes(Bytes octets, std::size_t max_size)>;

void mutate_der(std::vector<DerNode>& root, Dice& dice, const Scramble& scramble);
void mutate_json(nlohmann::json& root, Dice& dice, const Scramble& scramble);

/// The text of a manifest after such a change; octets without structure where it is no JSON.
[[nodiscard]] Bytes mutate_manifest(const Bytes& text, Dice& dice, const Scramble& scramble);

}  // namespace evseal::fuzz
