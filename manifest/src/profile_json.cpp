// The profile as people write it, in JSON. The rules of the blob itself are in profile.cpp.
#include "device_format.hpp"
#include "evseal/base/file.hpp"
#include "json_object.hpp"
#include "trust_reader.hpp"

namespace evseal::manifest {
namespace {

namespace fs = std::filesystem;

class ProfileReader {
 public:
  explicit ProfileReader(fs::path folder) : folder_(std::move(folder)) {}
  Result<Profile> read(const ObjectReader& root);

 private:
  Result<void> read_device(const ObjectReader& root);
  Result<void> read_limits(const ObjectReader& root);
  Result<void> read_components(const ObjectReader& root);

  fs::path folder_;
  Profile profile_;
};

Result<void> ProfileReader::read_device(const ObjectReader& root) {
  EVSEAL_TRY(const std::uint64_t version, root.integer("device", 0, SIZE_MAX));
  if (version != 1) {
    return root.fail("device", "only version 1 is known");
  }
  EVSEAL_TRY(profile_.vendor, root.name("vendor"));
  EVSEAL_TRY(profile_.model, root.name("model"));
  EVSEAL_TRY(profile_.stages, stages_from_json(root, "stages"));
  EVSEAL_TRY(const std::size_t clock, root.word("clock", {"untrusted", "trusted"}));
  profile_.trusted_clock = clock == 1;
  if (root.has("time_floor")) {
    EVSEAL_TRY(profile_.time_floor, root.time("time_floor", true));
  }
  return {};
}

Result<void> ProfileReader::read_limits(const ObjectReader& root) {
  profile_.limits = kFullDevice;
  if (!root.has("limits")) {
    return {};
  }
  EVSEAL_TRY(const ObjectReader reader, root.object("limits"));
  EVSEAL_CHECK(reader.only(
      {"size", "envelope_bytes", "chunk_bytes", "components", "security_version_jump"}));
  if (reader.has("size")) {
    EVSEAL_TRY(const std::size_t size, reader.word("size", {"small", "full"}));
    profile_.limits = size == 0 ? kSmallDevice : kFullDevice;
  }
  const auto replace = [&](std::string_view key, std::uint32_t& field, std::uint32_t min,
                           std::uint32_t max) -> Result<void> {
    if (reader.has(key)) {
      EVSEAL_TRY(const std::uint64_t value, reader.integer(key, min, max));
      field = static_cast<std::uint32_t>(value);
    }
    return {};
  };
  DeviceLimits& limits = profile_.limits;
  EVSEAL_CHECK(replace("envelope_bytes", limits.envelope_bytes, 1024, 65536));
  EVSEAL_CHECK(replace("chunk_bytes", limits.chunk_bytes, kMinChunkBytes, kMaxChunkBytes));
  EVSEAL_CHECK(replace("components", limits.components, 1, kMaxComponents));
  EVSEAL_CHECK(replace("security_version_jump", limits.security_version_jump, 1, kMax31Bit));
  if (!is_chunk_size(limits.chunk_bytes)) {
    return reader.fail("chunk_bytes", "must be a power of two from 4096 to 1048576");
  }
  return {};
}

Result<void> ProfileReader::read_components(const ObjectReader& root) {
  EVSEAL_TRY(const nlohmann::json* const array, root.array("components", 1, kMaxComponents));
  for (std::size_t i = 0; i < array->size(); ++i) {
    const nlohmann::json& element = (*array)[i];
    const std::string at = "components[" + std::to_string(i) + "]";
    DeviceComponent component;
    if (element.is_string()) {
      component.id = element.get<std::string>();
    } else {
      EVSEAL_TRY(const ObjectReader reader, root.element(element, at));
      EVSEAL_CHECK(reader.only({"id", "needed", "security_version"}));
      EVSEAL_TRY(component.id, reader.component_id("id"));
      if (reader.has("needed")) {
        EVSEAL_TRY(component.needed, reader.boolean("needed"));
      }
      if (reader.has("security_version")) {
        EVSEAL_TRY(component.security_version, reader.integer31("security_version"));
      }
    }
    if (!is_component_id(component.id)) {
      return root.fail(at, "must be a component id or an object");
    }
    for (const DeviceComponent& other : profile_.components) {
      if (other.id == component.id) {
        return root.fail(at, "\"" + component.id + "\" stands there twice");
      }
    }
    profile_.components.push_back(std::move(component));
  }
  return {};
}

Result<Profile> ProfileReader::read(const ObjectReader& root) {
  EVSEAL_CHECK(root.only({"device", "vendor", "model", "stages", "clock", "time_floor", "limits",
                          "components", "roles", "require"}));
  EVSEAL_CHECK(read_device(root));
  EVSEAL_CHECK(read_limits(root));
  EVSEAL_CHECK(read_components(root));
  EVSEAL_TRY(profile_.trust, trust_store_from_json(root, folder_, profile_.stages));
  if (auto fault = fault_of(profile_)) {
    return root.fail("", *std::move(fault));
  }
  return std::move(profile_);
}

}  // namespace

Result<Profile> load_profile(const fs::path& path) {
  try {
    EVSEAL_TRY(const JsonDocument document, load_json_file(path));
    const SchemaContext context{&document, ErrorCode::usage, {}};
    EVSEAL_TRY(const ObjectReader root, ObjectReader::open(context, document.value, ""));
    return ProfileReader(path.parent_path()).read(root);
  } catch (const std::exception& problem) {
    return Error{ErrorCode::internal, path.string(), problem.what()};
  }
}

}  // namespace evseal::manifest
