#include <nlohmann/json.hpp>

#include "evseal/base/time.hpp"
#include "evseal/manifest/canonical_json.hpp"
#include "evseal/manifest/model.hpp"
#include "manifest_schema.hpp"

namespace evseal::manifest {
namespace {

using nlohmann::json;

json json_of(const Component& component);

json json_of(const HardwareRange& range) {
  return {{"max", range.max}, {"min", range.min}};
}

json json_of(const Package& package) {
  return {{"id", package.id},
          {"vendor", package.vendor},
          {"version", package.version},
          {"kind", to_string(package.kind)},
          {"stage", to_string(package.stage)}};
}

json json_of(const Source& source) {
  json out = json::object();
  if (source.repository) {
    out["repository"] = *source.repository;
  }
  if (source.commit) {
    out["commit"] = *source.commit;
  }
  if (source.build) {
    out["build"] = *source.build;
  }
  return out;
}

json json_of(const Compatible& entry) {
  json out = {{"vendor", entry.vendor}, {"model", entry.model}};
  if (entry.hardware) {
    out["hardware"] = json_of(*entry.hardware);
  }
  if (!entry.serials.empty()) {
    out["serials"] = entry.serials;
  }
  return out;
}

json json_of(const Requirement& requirement) {
  return {{"id", requirement.id}, {"min_security_version", requirement.min_security_version}};
}

json json_of(const PreserveRange& range) {
  return {{"offset", range.offset}, {"size", range.size}};
}

json json_of(const CrlEntry& entry) {
  return {{"issuer_key", to_hex(entry.issuer_key)}, {"number", entry.number}};
}

json json_of(const SbomEntry& entry) {
  return {{"name", entry.name}, {"format", entry.format}, {"sha256", to_hex(entry.sha256)}};
}

json json_of(const SlotReset& reset) {
  return {{"id", reset.id}, {"security_version", reset.security_version}};
}

template <typename T>
json array_of(const std::vector<T>& values) {
  json out = json::array();
  for (const T& value : values) {
    out.push_back(json_of(value));
  }
  return out;
}

json json_of(const Component& component) {
  json out = {{"id", component.id},
              {"version", component.version},
              {"security_version", component.security_version},
              {"size", component.size},
              {"sha256", to_hex(component.sha256)},
              {"stored_size", component.stored_size},
              {"encoding", to_string(component.encoding)},
              {"chunk_size", component.chunk_size},
              {"tree_root", to_hex(component.tree_root)}};
  if (component.hardware) {
    out["hardware"] = json_of(*component.hardware);
  }
  if (component.load_address) {
    out["load_address"] = *component.load_address;
  }
  if (!component.requirements.empty()) {
    out["requires"] = array_of(component.requirements);
  }
  if (!component.preserve.empty()) {
    out["preserve"] = array_of(component.preserve);
  }
  if (component.metrology) {
    out["metrology"] = *component.metrology;
  }
  return out;
}

json json_of(const Resets& resets) {
  json out = json::object();
  for (const Sha256& key : resets.crls) {
    out["crls"].push_back(to_hex(key));
  }
  if (!resets.security_versions.empty()) {
    out["security_versions"] = array_of(resets.security_versions);
  }
  if (resets.time_floor) {
    out["time_floor"] = to_rfc3339(*resets.time_floor);
  }
  return out;
}

json json_of(const TrustUpdate& update) {
  json out = {{"epoch", update.epoch}, {"trust", to_hex(update.trust)}};
  if (update.resets) {
    out["resets"] = json_of(*update.resets);
  }
  if (update.recovery) {
    out["recovery"] = to_hex(*update.recovery);
  }
  return out;
}

json json_of(const Manifest& manifest) {
  json out = manifest.trust_update ? json_of(*manifest.trust_update) : json::object();
  out["format"] = "evseal-manifest";
  out["format_version"] = 1;
  out["package"] = json_of(manifest.package);
  out["created"] = to_rfc3339(manifest.created);
  out["compatible"] = array_of(manifest.compatible);
  if (manifest.source) {
    out["source"] = json_of(*manifest.source);
  }
  if (!manifest.components.empty()) {
    out["components"] = array_of(manifest.components);
  }
  if (!manifest.crls.empty()) {
    out["crls"] = array_of(manifest.crls);
  }
  if (!manifest.sbom.empty()) {
    out["sbom"] = array_of(manifest.sbom);
  }
  if (!manifest.critical.empty()) {
    out["critical"] = manifest.critical;
  }
  return out;
}

Error too_large(std::size_t size) {
  return Error{ErrorCode::malformed,
               "manifest",
               "has " + std::to_string(size) + " octets, more than the " +
                   std::to_string(kMaxManifestBytes) + " that an envelope can hold",
               {},
               "envelope_length"};
}

}  // namespace

Result<Bytes> to_canonical(const Manifest& manifest) {
  try {
    const json value = json_of(manifest);
    EVSEAL_CHECK(manifest_from_json(value));
    EVSEAL_TRY(Bytes bytes, canonical_json(value));
    if (bytes.size() > kMaxManifestBytes) {
      return too_large(bytes.size());
    }
    return bytes;
  } catch (const std::exception& problem) {
    return Error{ErrorCode::internal, "manifest", problem.what()};
  }
}

Result<UnverifiedManifest> parse_unverified(ByteView bytes) {
  if (bytes.size() > kMaxManifestBytes) {
    return too_large(bytes.size());
  }
  try {
    EVSEAL_TRY(json value, parse_canonical_json(bytes));
    EVSEAL_TRY(Manifest manifest, manifest_from_json(value));
    return UnverifiedManifest(std::move(manifest), std::make_shared<const json>(std::move(value)),
                              Bytes(bytes.begin(), bytes.end()));
  } catch (const std::exception& problem) {
    return Error{ErrorCode::internal, "manifest", problem.what()};
  }
}

}  // namespace evseal::manifest
