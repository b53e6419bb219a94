// Reading a manifest from whatever holds one, for commands that only show things.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "evseal/manifest/model.hpp"
#include "evseal/sign/envelope.hpp"

namespace evseal::cli {

struct UnverifiedInput {
  manifest::UnverifiedManifest manifest;
  std::optional<sign::UnverifiedEnvelope> envelope;  ///< of a package file
  std::uint32_t component_mask = 0;
  std::vector<sign::UnverifiedEnvelope> steps = {};  ///< trust-updates in front of the package
};

/// A package, or a manifest file. Nothing in it has been checked.
[[nodiscard]] Result<UnverifiedInput> read_unverified(const std::string& path);

}  // namespace evseal::cli
