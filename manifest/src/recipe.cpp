#include "evseal/manifest/recipe.hpp"

#include <algorithm>
#include <cctype>
#include <set>

#include "evseal/manifest/canonical_json.hpp"
#include "json_object.hpp"
#include "manifest_schema.hpp"
#include "trust_reader.hpp"

namespace evseal::manifest {
namespace {

constexpr std::uint64_t kSmallImage = 1U << 20U;
constexpr std::uint64_t kMaxHexAddress = std::uint64_t{1} << 32U;

// A recipe in reading: where its files are, and what its members are read with.
struct RecipeReader {
  std::filesystem::path folder;
  Recipe recipe;

  Result<void> read(const ObjectReader& root);
  Result<void> read_package(const ObjectReader& root);
  Result<void> read_source(const ObjectReader& root);
  Result<void> read_compatible(const ObjectReader& root);
  Result<void> read_components(const ObjectReader& root);
  Result<void> read_sbom(const ObjectReader& root);
  Result<void> read_critical(const ObjectReader& root);
  Result<RecipeComponent> read_component(const ObjectReader& reader) const;
  Result<std::filesystem::path> file(const ObjectReader& reader, std::string_view key) const;
};

Result<std::optional<HardwareRange>> read_hardware(const ObjectReader& reader) {
  if (!reader.has("hardware")) {
    return std::optional<HardwareRange>();
  }
  EVSEAL_TRY(const ObjectReader inner, reader.object("hardware"));
  EVSEAL_CHECK(inner.only({"min", "max"}));
  EVSEAL_TRY(const HardwareRange range, reader.hardware("hardware"));
  return std::optional<HardwareRange>(range);
}

// Sorts what the manifest wants ascending; the same entry twice is a mistake.
Result<void> sort_unique(std::vector<std::string>& texts, const ObjectReader& reader,
                         std::string_view key) {
  std::sort(texts.begin(), texts.end());
  const auto twice = std::adjacent_find(texts.begin(), texts.end());
  if (twice != texts.end()) {
    return reader.fail(key, "has \"" + printable(*twice) + "\" twice");
  }
  return {};
}

Result<std::vector<Requirement>> read_requirements(const ObjectReader& component) {
  std::vector<Requirement> all;
  if (!component.has("requires")) {
    return all;
  }
  EVSEAL_TRY(const auto readers, component.objects("requires", 1, 8));
  for (const ObjectReader& reader : readers) {
    EVSEAL_CHECK(reader.only({"id", "min_security_version"}));
    Requirement requirement;
    EVSEAL_TRY(requirement.id, reader.component_id("id"));
    EVSEAL_TRY(requirement.min_security_version, reader.integer31("min_security_version"));
    all.push_back(std::move(requirement));
  }
  std::sort(all.begin(), all.end(),
            [](const Requirement& a, const Requirement& b) { return a.id < b.id; });
  const auto twice =
      std::adjacent_find(all.begin(), all.end(),
                         [](const Requirement& a, const Requirement& b) { return a.id == b.id; });
  if (twice != all.end()) {
    return component.fail("requires", "has \"" + twice->id + "\" twice");
  }
  return all;
}

Result<std::vector<PreserveRange>> read_preserve(const ObjectReader& component) {
  std::vector<PreserveRange> all;
  if (!component.has("preserve")) {
    return all;
  }
  EVSEAL_TRY(const auto readers, component.objects("preserve", 1, 4));
  for (const ObjectReader& reader : readers) {
    EVSEAL_CHECK(reader.only({"offset", "size"}));
    PreserveRange range;
    EVSEAL_TRY(range.offset, reader.address("offset", kMaxCanonicalInteger));
    EVSEAL_TRY(range.size, reader.address("size", kMaxCanonicalInteger));
    if (range.size == 0) {
      return reader.fail("size", "must be at least 1");
    }
    all.push_back(range);
  }
  std::sort(all.begin(), all.end(),
            [](const PreserveRange& a, const PreserveRange& b) { return a.offset < b.offset; });
  for (std::size_t i = 1; i < all.size(); ++i) {
    if (all[i].offset < all[i - 1].offset + all[i - 1].size) {
      return component.fail("preserve", "has ranges that overlap");
    }
  }
  return all;
}

Result<HexOptions> read_hex_options(const ObjectReader& component) {
  HexOptions options;
  if (component.has("hex_range")) {
    EVSEAL_TRY(const ObjectReader reader, component.object("hex_range"));
    EVSEAL_CHECK(reader.only({"start", "end"}));
    HexRange range;
    EVSEAL_TRY(range.start, reader.address("start", kMaxHexAddress));
    EVSEAL_TRY(range.end, reader.address("end", kMaxHexAddress));
    if (range.start >= range.end) {
      return reader.fail("", "start must be below end (the first address not taken)");
    }
    options.range = range;
  }
  if (component.has("hex_fill")) {
    EVSEAL_TRY(const std::uint64_t fill, component.address("hex_fill", 0xFF));
    options.fill = static_cast<std::uint8_t>(fill);
  }
  return options;
}

Result<std::filesystem::path> RecipeReader::file(const ObjectReader& reader,
                                                 std::string_view key) const {
  EVSEAL_TRY(const std::string text, reader.text(key, 1, 4096));
  return folder / text;  // an absolute path stays what it is
}

Result<void> check_image_options(const ObjectReader& reader, const RecipeComponent& component) {
  const bool hex = is_intel_hex(component);
  for (const std::string_view key : {"hex_range", "hex_fill"}) {
    if (!hex && reader.has(key)) {
      return reader.fail(key, "is for Intel HEX files, and this is a binary");
    }
  }
  return {};
}

Result<RecipeComponent> RecipeReader::read_component(const ObjectReader& reader) const {
  EVSEAL_CHECK(reader.only({"id", "file", "version", "security_version", "format", "hex_range",
                            "hex_fill", "encoding", "chunk_size", "load_address", "hardware",
                            "requires", "preserve", "metrology"}));
  RecipeComponent component;
  EVSEAL_TRY(component.id, reader.component_id("id"));
  EVSEAL_TRY(component.file, file(reader, "file"));
  EVSEAL_TRY(component.version, reader.text("version", 1, 64));
  EVSEAL_TRY(component.security_version, reader.integer31("security_version"));
  if (reader.has("format")) {
    EVSEAL_TRY(const std::size_t format, reader.word("format", {"auto", "binary", "ihex"}));
    component.format = static_cast<InputFormat>(format);
  }
  EVSEAL_TRY(component.hex, read_hex_options(reader));
  if (reader.has("encoding")) {
    EVSEAL_TRY(const std::size_t encoding, reader.word("encoding", {"none", "gzip"}));
    component.encoding = static_cast<Encoding>(encoding);
  }
  if (reader.has("chunk_size")) {
    EVSEAL_TRY(const std::uint64_t size, reader.integer("chunk_size", 0, SIZE_MAX));
    if (!is_chunk_size(size)) {
      return reader.fail("chunk_size", "must be a power of two from 4096 to 1048576");
    }
    component.chunk_size = static_cast<std::uint32_t>(size);
  }
  if (reader.has("load_address")) {
    EVSEAL_TRY(component.load_address, reader.address("load_address", kMaxCanonicalInteger));
  }
  EVSEAL_TRY(component.hardware, read_hardware(reader));
  EVSEAL_TRY(component.requirements, read_requirements(reader));
  EVSEAL_TRY(component.preserve, read_preserve(reader));
  if (reader.has("metrology")) {
    EVSEAL_TRY(component.metrology, reader.boolean("metrology"));
  }
  EVSEAL_CHECK(check_image_options(reader, component));
  return component;
}

Result<void> RecipeReader::read_components(const ObjectReader& root) {
  EVSEAL_TRY(const auto readers, root.objects("components", 1, kMaxComponents));
  std::set<std::string> ids;
  for (const ObjectReader& reader : readers) {
    EVSEAL_TRY(RecipeComponent component, read_component(reader));
    if (!ids.insert(component.id).second) {
      return reader.fail("id", "\"" + component.id + "\" is the id of another component too");
    }
    recipe.components.push_back(std::move(component));
  }
  return {};
}

Result<void> RecipeReader::read_package(const ObjectReader& root) {
  EVSEAL_TRY(const ObjectReader reader, root.object("package"));
  EVSEAL_CHECK(reader.only({"id", "vendor", "version", "stage", "kind"}));
  Package& package = recipe.package;
  EVSEAL_TRY(package.id, reader.name("id"));
  // Most vendors release for their own devices only.
  package.vendor = recipe.compatible.front().vendor;
  if (reader.has("vendor")) {
    EVSEAL_TRY(package.vendor, reader.name("vendor"));
  }
  EVSEAL_TRY(package.version, reader.text("version", 1, 64));
  EVSEAL_TRY(const std::size_t stage, reader.word("stage", {"dev", "pilot", "prod"}));
  package.stage = static_cast<Stage>(stage);
  if (reader.has("kind")) {
    EVSEAL_TRY(const std::size_t kind, reader.word("kind", {"firmware", "trust-update"}));
    package.kind = static_cast<Kind>(kind);
  }
  return {};
}

Result<void> RecipeReader::read_source(const ObjectReader& root) {
  if (!root.has("source")) {
    return {};
  }
  EVSEAL_TRY(const ObjectReader reader, root.object("source"));
  EVSEAL_CHECK(reader.only({"repository", "commit", "build"}));
  Source source;
  if (reader.has("repository")) {
    EVSEAL_TRY(source.repository, reader.text("repository", 0, 256));
  }
  if (reader.has("commit")) {
    EVSEAL_TRY(source.commit, reader.text("commit", 0, 256));
  }
  if (reader.has("build")) {
    EVSEAL_TRY(source.build, reader.text("build", 0, 256));
  }
  recipe.source = std::move(source);
  return {};
}

Result<void> RecipeReader::read_compatible(const ObjectReader& root) {
  EVSEAL_TRY(const auto readers, root.objects("compatible", 1, 32));
  for (const ObjectReader& reader : readers) {
    EVSEAL_CHECK(reader.only({"vendor", "model", "hardware", "serials"}));
    Compatible entry;
    EVSEAL_TRY(entry.vendor, reader.name("vendor"));
    EVSEAL_TRY(entry.model, reader.name("model"));
    EVSEAL_TRY(entry.hardware, read_hardware(reader));
    if (reader.has("serials")) {
      EVSEAL_TRY(entry.serials, reader.texts("serials", 1, 64, 32));
      if (!std::all_of(entry.serials.begin(), entry.serials.end(), is_serial_number)) {
        return reader.fail("serials", "must be printable ASCII without space, '\"' and '\\'");
      }
      EVSEAL_CHECK(sort_unique(entry.serials, reader, "serials"));
    }
    recipe.compatible.push_back(std::move(entry));
  }
  return {};
}

Result<void> RecipeReader::read_sbom(const ObjectReader& root) {
  if (!root.has("sbom")) {
    return {};
  }
  EVSEAL_TRY(const auto readers, root.objects("sbom", 1, 8));
  for (const ObjectReader& reader : readers) {
    EVSEAL_CHECK(reader.only({"name", "format", "file"}));
    RecipeSbom entry;
    EVSEAL_TRY(entry.name, reader.text("name", 1, 128));
    EVSEAL_TRY(entry.format, reader.name("format"));
    EVSEAL_TRY(entry.file, file(reader, "file"));
    recipe.sbom.push_back(std::move(entry));
  }
  return {};
}

Result<void> RecipeReader::read_critical(const ObjectReader& root) {
  if (!root.has("critical")) {
    return {};
  }
  EVSEAL_TRY(recipe.critical, root.texts("critical", 1, 32, 32));
  for (const std::string& name : recipe.critical) {
    if (!is_defined_member(name)) {
      return root.fail("critical", "\"" + printable(name) + "\" is no member of a manifest");
    }
  }
  return sort_unique(recipe.critical, root, "critical");
}

Result<void> RecipeReader::read(const ObjectReader& root) {
  // The kind says which members there are; the package is then read once more with all checks.
  const bool update = root.raw().contains("package") && root.raw().at("package").is_object() &&
                      root.raw().at("package").value("kind", nlohmann::json()) == "trust-update";
  if (update) {
    EVSEAL_CHECK(root.only({"recipe", "package", "source", "compatible", "critical", "epoch",
                            "stages", "roles", "require", "resets", "recovery"}));
  } else {
    EVSEAL_CHECK(
        root.only({"recipe", "package", "source", "compatible", "components", "sbom", "critical"}));
  }
  EVSEAL_TRY(const std::uint64_t version, root.integer("recipe", 0, SIZE_MAX));
  if (version != 1) {
    return root.fail("recipe", "only version 1 is known");
  }
  EVSEAL_CHECK(read_compatible(root));
  EVSEAL_CHECK(read_package(root));
  EVSEAL_CHECK(read_source(root));
  if (recipe.package.kind == Kind::trust_update) {
    EVSEAL_TRY(recipe.trust_update, trust_update_from_json(root, folder, recipe.package.stage));
  } else {
    EVSEAL_CHECK(read_components(root));
    EVSEAL_CHECK(read_sbom(root));
  }
  return read_critical(root);
}

}  // namespace

Result<Recipe> load_recipe(const std::filesystem::path& path) {
  try {
    EVSEAL_TRY(const JsonDocument document, load_json_file(path));
    const SchemaContext context{&document, ErrorCode::usage, {}};
    EVSEAL_TRY(const ObjectReader root, ObjectReader::open(context, document.value, ""));
    RecipeReader reader;
    reader.folder = path.parent_path();
    reader.recipe.name = path.string();
    EVSEAL_CHECK(reader.read(root));
    return std::move(reader.recipe);
  } catch (const std::exception& problem) {
    return Error{ErrorCode::internal, path.string(), problem.what()};
  }
}

bool is_intel_hex(const RecipeComponent& component) {
  if (component.format != InputFormat::automatic) {
    return component.format == InputFormat::intel_hex;
  }
  std::string ending = component.file.extension().string();
  std::transform(ending.begin(), ending.end(), ending.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return ending == ".hex" || ending == ".ihex";
}

std::uint32_t default_chunk_size(std::uint64_t stored_size) {
  return stored_size <= kSmallImage ? 4096 : 65536;
}

}  // namespace evseal::manifest
