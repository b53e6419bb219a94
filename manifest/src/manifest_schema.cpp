#include "manifest_schema.hpp"

#include <algorithm>
#include <array>
#include <set>

#include "evseal/manifest/canonical_json.hpp"
#include "evseal/manifest/tree.hpp"
#include "evseal/manifest/trust_store.hpp"
#include "json_object.hpp"

namespace evseal::manifest {
namespace {

using nlohmann::json;

constexpr std::size_t kMaxCompatible = 32;
constexpr std::size_t kMaxSerials = 64;
constexpr std::size_t kMaxSerialOctets = 32;
constexpr std::size_t kMaxRequirements = 8;
constexpr std::size_t kMaxPreserve = 4;
constexpr std::size_t kMaxCrls = 8;
constexpr std::size_t kMaxSboms = 8;
constexpr std::size_t kMaxCritical = 32;
constexpr std::size_t kMaxVersionOctets = 64;
constexpr std::size_t kMaxSourceOctets = 256;
constexpr std::size_t kMaxSbomNameOctets = 128;
constexpr std::size_t kMaxSlots = 32;
constexpr std::size_t kMaxResetIssuers = 16;

// Every member name that docs/format.md §7 writes down, in ascending order.
constexpr auto kDefinedMembers = std::to_array<std::string_view>({
    "build",
    "chunk_size",
    "commit",
    "compatible",
    "components",
    "created",
    "critical",
    "crls",
    "encoding",
    "epoch",
    "format",
    "format_version",
    "hardware",
    "id",
    "issuer_key",
    "kind",
    "load_address",
    "max",
    "metrology",
    "min",
    "min_security_version",
    "model",
    "name",
    "number",
    "offset",
    "package",
    "preserve",
    "recovery",
    "repository",
    "requires",
    "resets",
    "sbom",
    "security_version",
    "security_versions",
    "serials",
    "sha256",
    "size",
    "source",
    "stage",
    "stored_size",
    "time_floor",
    "tree_root",
    "trust",
    "vendor",
    "version",
});
static_assert(std::is_sorted(kDefinedMembers.begin(), kDefinedMembers.end()));

// A word of a list that may grow in later versions has a status of its own.
template <typename Parse>
auto versioned_word(const ObjectReader& reader, std::string_view key, Parse parse,
                    std::string status) -> Result<typename decltype(parse(""))::value_type> {
  EVSEAL_TRY(const std::string text, reader.text(key, 0, SIZE_MAX));
  const auto value = parse(text);
  if (!value) {
    return reader.fail_with_status(key, "\"" + printable(text) + "\" is not known",
                                   std::move(status));
  }
  return *value;
}

Result<void> read_format(const ObjectReader& root) {
  EVSEAL_TRY(const std::string format, root.text("format", 0, SIZE_MAX));
  if (format != "evseal-manifest") {
    return root.fail("format", "must be \"evseal-manifest\"");
  }
  EVSEAL_TRY(const std::uint64_t version, root.integer("format_version", 0, kMaxCanonicalInteger));
  if (version != 1) {
    return root.fail_with_status("format_version", "only version 1 is known", "manifest_version");
  }
  return {};
}

Result<Package> read_package(const ObjectReader& root) {
  EVSEAL_TRY(const ObjectReader reader, root.object("package"));
  Package package;
  EVSEAL_TRY(package.id, reader.name("id"));
  EVSEAL_TRY(package.vendor, reader.name("vendor"));
  EVSEAL_TRY(package.version, reader.text("version", 1, kMaxVersionOctets));
  EVSEAL_TRY(package.kind, versioned_word(reader, "kind", kind_from_string, "manifest_kind"));
  EVSEAL_TRY(package.stage, versioned_word(reader, "stage", stage_from_string, "manifest_stage"));
  return package;
}

Result<std::optional<std::string>> read_optional_text(const ObjectReader& reader,
                                                      std::string_view key, std::size_t max) {
  if (!reader.has(key)) {
    return std::optional<std::string>();
  }
  EVSEAL_TRY(std::string text, reader.text(key, 0, max));
  return std::optional<std::string>(std::move(text));
}

Result<std::optional<Source>> read_source(const ObjectReader& root) {
  if (!root.has("source")) {
    return std::optional<Source>();
  }
  EVSEAL_TRY(const ObjectReader reader, root.object("source"));
  Source source;
  EVSEAL_TRY(source.repository, read_optional_text(reader, "repository", kMaxSourceOctets));
  EVSEAL_TRY(source.commit, read_optional_text(reader, "commit", kMaxSourceOctets));
  EVSEAL_TRY(source.build, read_optional_text(reader, "build", kMaxSourceOctets));
  return std::optional<Source>(std::move(source));
}

Result<std::optional<HardwareRange>> read_hardware(const ObjectReader& reader) {
  if (!reader.has("hardware")) {
    return std::optional<HardwareRange>();
  }
  EVSEAL_TRY(const HardwareRange range, reader.hardware("hardware"));
  return std::optional<HardwareRange>(range);
}

template <typename T>
bool strictly_ascending(const std::vector<T>& values) {
  return std::adjacent_find(values.begin(), values.end(),
                            [](const T& a, const T& b) { return !(a < b); }) == values.end();
}

Result<std::vector<Compatible>> read_compatible(const ObjectReader& root) {
  EVSEAL_TRY(const auto readers, root.objects("compatible", 1, kMaxCompatible));
  std::vector<Compatible> all;
  for (const ObjectReader& reader : readers) {
    Compatible entry;
    EVSEAL_TRY(entry.vendor, reader.name("vendor"));
    EVSEAL_TRY(entry.model, reader.name("model"));
    EVSEAL_TRY(entry.hardware, read_hardware(reader));
    if (reader.has("serials")) {
      EVSEAL_TRY(entry.serials, reader.texts("serials", 1, kMaxSerials, kMaxSerialOctets));
      if (!std::all_of(entry.serials.begin(), entry.serials.end(), is_serial_number)) {
        return reader.fail("serials", "must be printable ASCII without space, '\"' and '\\'");
      }
      if (!strictly_ascending(entry.serials)) {
        return reader.fail("serials", "must be strictly ascending");
      }
    }
    all.push_back(std::move(entry));
  }
  return all;
}

Result<std::vector<Requirement>> read_requirements(const ObjectReader& component) {
  std::vector<Requirement> all;
  if (!component.has("requires")) {
    return all;
  }
  EVSEAL_TRY(const auto readers, component.objects("requires", 1, kMaxRequirements));
  for (const ObjectReader& reader : readers) {
    Requirement requirement;
    EVSEAL_TRY(requirement.id, reader.component_id("id"));
    EVSEAL_TRY(requirement.min_security_version, reader.integer31("min_security_version"));
    if (!all.empty() && requirement.id <= all.back().id) {
      return component.fail("requires", "must be strictly ascending by id");
    }
    all.push_back(std::move(requirement));
  }
  return all;
}

Result<std::vector<PreserveRange>> read_preserve(const ObjectReader& component,
                                                 std::uint64_t image_size) {
  std::vector<PreserveRange> all;
  if (!component.has("preserve")) {
    return all;
  }
  EVSEAL_TRY(const auto readers, component.objects("preserve", 1, kMaxPreserve));
  std::uint64_t free_from = 0;
  for (const ObjectReader& reader : readers) {
    PreserveRange range;
    EVSEAL_TRY(range.offset, reader.integer("offset", 0, kMaxCanonicalInteger));
    EVSEAL_TRY(range.size, reader.integer("size", 1, kMaxCanonicalInteger));
    if (range.offset < free_from) {
      return component.fail("preserve", "must be ascending and disjoint");
    }
    if (range.offset > image_size || range.size > image_size - range.offset) {
      return reader.fail("", "reaches past the end of the image");
    }
    free_from = range.offset + range.size;
    all.push_back(range);
  }
  return all;
}

// Size, stored size, encoding, chunk size: the members that the payload's layout follows from.
Result<void> read_layout(const ObjectReader& reader, Component& component) {
  EVSEAL_TRY(component.size, reader.integer("size", 1, kMaxCanonicalInteger));
  EVSEAL_TRY(component.stored_size, reader.integer("stored_size", 1, kMaxCanonicalInteger));
  EVSEAL_TRY(component.encoding,
             versioned_word(reader, "encoding", encoding_from_string, "manifest_encoding"));
  if (component.encoding == Encoding::none && component.size != component.stored_size) {
    return reader.fail("stored_size", "must equal size where encoding is \"none\"");
  }
  EVSEAL_TRY(const std::uint64_t chunk_size,
             reader.integer("chunk_size", kMinChunkBytes, kMaxChunkBytes));
  if (const auto layout = TreeLayout::create(component.stored_size, chunk_size); !layout) {
    return reader.fail("chunk_size", layout.error().why);
  }
  component.chunk_size = static_cast<std::uint32_t>(chunk_size);
  return {};
}

// All but the id, which was read before it.
Result<Component> read_component(const ObjectReader& reader) {
  Component component;
  EVSEAL_TRY(component.version, reader.text("version", 1, kMaxVersionOctets));
  EVSEAL_TRY(component.security_version, reader.integer31("security_version"));
  EVSEAL_TRY(component.sha256, reader.digest("sha256"));
  EVSEAL_CHECK(read_layout(reader, component));
  EVSEAL_TRY(component.tree_root, reader.digest("tree_root"));
  EVSEAL_TRY(component.hardware, read_hardware(reader));
  if (reader.has("load_address")) {
    EVSEAL_TRY(component.load_address, reader.integer("load_address", 0, kMaxCanonicalInteger));
  }
  EVSEAL_TRY(component.requirements, read_requirements(reader));
  EVSEAL_TRY(component.preserve, read_preserve(reader, component.size));
  if (reader.has("metrology")) {
    EVSEAL_TRY(component.metrology, reader.boolean("metrology"));
  }
  return component;
}

Result<std::vector<Component>> read_components(const ObjectReader& root) {
  EVSEAL_TRY(const auto readers, root.objects("components", 1, kMaxComponents));
  std::vector<Component> all;
  std::set<std::string> ids;
  for (const ObjectReader& reader : readers) {
    EVSEAL_TRY(std::string id, reader.component_id("id"));
    if (!ids.insert(id).second) {
      return reader.fail("id", "\"" + id + "\" is the id of another component too");
    }
    EVSEAL_TRY(Component component, read_component(reader));
    component.id = std::move(id);
    all.push_back(std::move(component));
  }
  return all;
}

Result<std::vector<CrlEntry>> read_crls(const ObjectReader& root) {
  std::vector<CrlEntry> all;
  if (!root.has("crls")) {
    return all;
  }
  EVSEAL_TRY(const auto readers, root.objects("crls", 1, kMaxCrls));
  for (const ObjectReader& reader : readers) {
    CrlEntry entry;
    EVSEAL_TRY(entry.issuer_key, reader.digest("issuer_key"));
    EVSEAL_TRY(entry.number, reader.integer("number", 0, kMaxCanonicalInteger));
    if (!all.empty() && entry.issuer_key <= all.back().issuer_key) {
      return root.fail("crls", "must be strictly ascending by issuer_key");
    }
    all.push_back(entry);
  }
  return all;
}

Result<std::vector<SbomEntry>> read_sbom(const ObjectReader& root) {
  std::vector<SbomEntry> all;
  if (!root.has("sbom")) {
    return all;
  }
  EVSEAL_TRY(const auto readers, root.objects("sbom", 1, kMaxSboms));
  for (const ObjectReader& reader : readers) {
    SbomEntry entry;
    EVSEAL_TRY(entry.name, reader.text("name", 1, kMaxSbomNameOctets));
    EVSEAL_TRY(entry.format, reader.name("format"));
    EVSEAL_TRY(entry.sha256, reader.digest("sha256"));
    all.push_back(std::move(entry));
  }
  return all;
}

Result<std::vector<std::string>> read_critical(const ObjectReader& root) {
  std::vector<std::string> all;
  if (!root.has("critical")) {
    return all;
  }
  EVSEAL_TRY(all, root.texts("critical", 1, kMaxCritical, SIZE_MAX));
  for (const std::string& name : all) {
    if (!is_member_name(name)) {
      return root.fail("critical", "must hold member names");
    }
  }
  if (!strictly_ascending(all)) {
    return root.fail("critical", "must be strictly ascending");
  }
  for (const std::string& name : all) {
    if (!is_defined_member(name)) {
      Error error = root.fail_with_status(
          "critical",
          "the manifest needs the member \"" + name + "\", which this version does not know",
          "manifest_critical");
      error.code = ErrorCode::refused;
      return error;
    }
  }
  return all;
}

Result<std::vector<Sha256>> read_reset_crls(const ObjectReader& resets) {
  std::vector<Sha256> all;
  if (!resets.has("crls")) {
    return all;
  }
  EVSEAL_TRY(const auto texts, resets.texts("crls", 1, kMaxResetIssuers, SIZE_MAX));
  for (const std::string& text : texts) {
    Sha256 key{};
    const auto octets = from_hex(text);
    if (!octets || octets->size() != key.size() || to_hex(*octets) != text) {
      return resets.fail("crls", "must hold key hashes: 64 lower-case hexadecimal digits each");
    }
    std::copy(octets->begin(), octets->end(), key.begin());
    all.push_back(key);
  }
  if (!strictly_ascending(all)) {
    return resets.fail("crls", "must be strictly ascending");
  }
  return all;
}

Result<Resets> read_resets(const ObjectReader& root) {
  EVSEAL_TRY(const ObjectReader reader, root.object("resets"));
  Resets resets;
  EVSEAL_TRY(resets.crls, read_reset_crls(reader));
  if (reader.has("security_versions")) {
    EVSEAL_TRY(const auto slots, reader.objects("security_versions", 1, kMaxSlots));
    for (const ObjectReader& slot : slots) {
      SlotReset reset;
      EVSEAL_TRY(reset.id, slot.component_id("id"));
      EVSEAL_TRY(reset.security_version, slot.integer31("security_version"));
      if (!resets.security_versions.empty() && reset.id <= resets.security_versions.back().id) {
        return reader.fail("security_versions", "must be strictly ascending by id");
      }
      resets.security_versions.push_back(std::move(reset));
    }
  }
  if (reader.has("time_floor")) {
    EVSEAL_TRY(resets.time_floor, reader.time("time_floor", false));
  }
  return resets;
}

// docs/format.md §7.3. Whether `trust` is a store is for who applies it (rule 8).
Result<TrustUpdate> read_trust_update(const ObjectReader& root) {
  if (root.has("components")) {
    return root.fail("components", "a trust-update has no components");
  }
  TrustUpdate update;
  EVSEAL_TRY(const std::uint64_t epoch, root.integer("epoch", 1, kMax31Bit));
  update.epoch = static_cast<std::uint32_t>(epoch);
  EVSEAL_TRY(update.trust, root.hex("trust", 1, kMaxTrustStoreBytes));
  if (root.has("resets")) {
    EVSEAL_TRY(update.resets, read_resets(root));
  }
  if (root.has("recovery")) {
    EVSEAL_TRY(update.recovery, root.digest("recovery"));
  }
  return update;
}

Result<Manifest> read_manifest(const ObjectReader& root) {
  Manifest manifest;
  // "format, format_version, critical and package are judged first, in this order, then the rest."
  EVSEAL_CHECK(read_format(root));
  EVSEAL_TRY(manifest.critical, read_critical(root));
  EVSEAL_TRY(manifest.package, read_package(root));
  EVSEAL_TRY(manifest.created, root.time("created", false));
  EVSEAL_TRY(manifest.source, read_source(root));
  EVSEAL_TRY(manifest.compatible, read_compatible(root));
  if (manifest.package.kind == Kind::firmware) {
    EVSEAL_TRY(manifest.components, read_components(root));
  } else {
    EVSEAL_TRY(manifest.trust_update, read_trust_update(root));
  }
  EVSEAL_TRY(manifest.crls, read_crls(root));
  EVSEAL_TRY(manifest.sbom, read_sbom(root));
  return manifest;
}

}  // namespace

bool is_defined_member(std::string_view name) {
  return std::binary_search(kDefinedMembers.begin(), kDefinedMembers.end(), name);
}

Result<Manifest> manifest_from_json(const json& value) {
  JsonDocument document;
  document.name = "manifest";
  const SchemaContext context{&document, ErrorCode::malformed, "manifest_schema"};
  EVSEAL_TRY(const ObjectReader root, ObjectReader::open(context, value, ""));
  return read_manifest(root);
}

}  // namespace evseal::manifest
