// A manifest for people: used by inspect, manifest show and diff.
#pragma once

#include <string>
#include <vector>

#include "evseal/manifest/model.hpp"

namespace evseal::cli {

/// Several lines, safe to print.
[[nodiscard]] std::string describe_manifest(const manifest::Manifest& manifest);

/// One difference between two manifests: where, and what stands there in each ("" for nothing).
struct Difference {
  std::string where;
  std::string before;
  std::string after;
};

/// Components are matched by id. Equal manifests give none.
[[nodiscard]] std::vector<Difference> compare(const nlohmann::json& before,
                                              const nlohmann::json& after);

}  // namespace evseal::cli
