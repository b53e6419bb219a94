// The recipe: the JSON file in which a release engineer says what goes into a package.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "evseal/base/result.hpp"
#include "evseal/manifest/intel_hex.hpp"
#include "evseal/manifest/model.hpp"

namespace evseal::manifest {

/// What an input file is.
enum class InputFormat {
  automatic,  ///< Intel HEX where the name ends in .hex or .ihex, binary otherwise
  binary,
  intel_hex,
};

/// One component as the recipe gives it; the members that are the same in the manifest mean the
/// same.
struct RecipeComponent {
  std::string id;
  std::filesystem::path file;  ///< resolved: relative to the recipe's folder where it was relative
  std::string version;
  std::uint32_t security_version = 0;
  InputFormat format = InputFormat::automatic;
  HexOptions hex;
  Encoding encoding = Encoding::none;
  std::optional<std::uint32_t> chunk_size;  ///< none: default_chunk_size()
  std::optional<std::uint64_t> load_address;
  std::optional<HardwareRange> hardware;
  std::vector<Requirement> requirements;
  std::vector<PreserveRange> preserve;
  std::optional<bool> metrology;
};

struct RecipeSbom {
  std::string name;
  std::string format;
  std::filesystem::path file;
};

struct Recipe {
  std::string name;  ///< the recipe file, for messages
  Package package;
  std::optional<Source> source;
  std::vector<Compatible> compatible;
  std::vector<RecipeComponent> components;  ///< firmware only
  std::optional<TrustUpdate> trust_update;  ///< where package.kind is trust-update
  std::vector<RecipeSbom> sbom;
  std::vector<std::string> critical;
};

/// Reads a recipe. One whose package.kind is "trust-update" has `epoch`, `roles` and `require` as a
/// device profile has them, and optionally `stages`, `resets` and `recovery`, in the place of
/// `components`. Lists that the manifest wants ascending (serials, requires, preserve, critical)
/// may stand in any order; they are sorted. An unknown member is refused with the nearest known
/// name as hint: a misspelt option must not be an ignored one. Errors: usage, with `what` =
/// `FILE:LINE:COL: MEMBER`; io; malformed for a file over 1 MiB.
[[nodiscard]] Result<Recipe> load_recipe(const std::filesystem::path& path);

/// True where the component's file is to be read as Intel HEX.
[[nodiscard]] bool is_intel_hex(const RecipeComponent& component);

/// 4096 octets up to 1 MiB stored, so that small controllers can take small images; 65536 above.
[[nodiscard]] std::uint32_t default_chunk_size(std::uint64_t stored_size);

}  // namespace evseal::manifest
