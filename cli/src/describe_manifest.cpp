#include "describe_manifest.hpp"

#include <set>

#include "console.hpp"
#include "describe_trust.hpp"
#include "evseal/base/bytes.hpp"
#include "evseal/base/time.hpp"

namespace evseal::cli {
namespace {

using nlohmann::json;

std::string range_text(const manifest::HardwareRange& range) {
  return std::to_string(range.min) + "-" + std::to_string(range.max);
}

std::string describe_component(const manifest::Component& component) {
  std::string out = "  " + component.id + " " + component.version + "\n";
  out += "    security version " + std::to_string(component.security_version) + ", " +
         human_size(component.size) + " (" + std::to_string(component.size) + " bytes)";
  if (component.encoding != manifest::Encoding::none) {
    out +=
        ", " + std::string(to_string(component.encoding)) + " " + human_size(component.stored_size);
  }
  out += ", chunks of " + human_size(component.chunk_size) + "\n";
  out += "    sha256 " + to_hex(component.sha256) + "\n";
  if (component.load_address) {
    out += "    load address " + std::to_string(*component.load_address) + "\n";
  }
  if (component.hardware) {
    out += "    for hardware " + range_text(*component.hardware) + "\n";
  }
  for (const manifest::Requirement& requirement : component.requirements) {
    out += "    requires " + requirement.id + " with security version " +
           std::to_string(requirement.min_security_version) + " or later\n";
  }
  for (const manifest::PreserveRange& range : component.preserve) {
    out += "    keeps " + std::to_string(range.size) + " bytes of the unit's own at offset " +
           std::to_string(range.offset) + "\n";
  }
  if (component.metrology.value_or(false)) {
    out += "    legally relevant for metering\n";
  }
  return out;
}

std::string describe_update(const manifest::TrustUpdate& update) {
  std::string out = "  trust-update to epoch " + std::to_string(update.epoch) + "\n";
  if (update.resets) {
    for (const Sha256& key : update.resets->crls) {
      out += "    forgets revocations of key " + to_hex(key) + "\n";
    }
    for (const manifest::SlotReset& slot : update.resets->security_versions) {
      out += "    sets the floor of " + slot.id + " to " + std::to_string(slot.security_version) +
             "\n";
    }
    if (update.resets->time_floor) {
      out += "    sets the time floor to " + to_rfc3339(*update.resets->time_floor) + "\n";
    }
  }
  if (update.recovery) {
    out += "    for the recovery of one device, challenge " + to_hex(*update.recovery) + "\n";
  }
  const auto trust = manifest::decode_trust_store(update.trust);
  return out + (trust ? describe_trust(*trust)
                      : "  its trust store cannot be read: " + trust.error().why + "\n");
}

// Arrays of objects with an id are compared by that id, whatever their order.
std::string key_of(const json& element, std::size_t index) {
  if (element.is_object() && element.contains("id") && element["id"].is_string()) {
    return element["id"].get<std::string>();
  }
  return std::to_string(index);
}

std::string text_of(const json& value) {
  return value.is_string() ? value.get<std::string>() : value.dump();
}

// Every scalar with its path: `components[rootfs].version`.
void flatten(const json& value, const std::string& path, std::map<std::string, std::string>& out) {
  if (value.is_object()) {
    for (const auto& [name, member] : value.items()) {
      flatten(member, path.empty() ? name : path + "." + name, out);
    }
  } else if (value.is_array()) {
    for (std::size_t i = 0; i < value.size(); ++i) {
      flatten(value[i], path + "[" + key_of(value[i], i) + "]", out);
    }
  } else {
    out[path] = text_of(value);
  }
}

}  // namespace

std::string describe_manifest(const manifest::Manifest& manifest) {
  const manifest::Package& package = manifest.package;
  std::string out = package.id + " " + package.version + " (" +
                    std::string(to_string(package.kind)) + ", " +
                    std::string(to_string(package.stage)) + ") from " + package.vendor + "\n";
  out += "created " + to_rfc3339(manifest.created) + "\n";
  if (manifest.source) {
    for (const auto& [name, value] : {std::pair{"repository", manifest.source->repository},
                                      std::pair{"commit", manifest.source->commit},
                                      std::pair{"build", manifest.source->build}}) {
      out += value ? std::string(name) + " " + *value + "\n" : "";
    }
  }
  for (const manifest::Compatible& entry : manifest.compatible) {
    out += "for " + entry.vendor + "/" + entry.model;
    out += entry.hardware ? ", hardware " + range_text(*entry.hardware) : "";
    out += entry.serials.empty() ? ""
                                 : ", " + std::to_string(entry.serials.size()) + " serial numbers";
    out += "\n";
  }
  for (const manifest::Component& component : manifest.components) {
    out += describe_component(component);
  }
  for (const manifest::CrlEntry& crl : manifest.crls) {
    out += "  needs CRL " + std::to_string(crl.number) + " or later of key " +
           to_hex(crl.issuer_key) + "\n";
  }
  if (manifest.trust_update) {
    out += describe_update(*manifest.trust_update);
  }
  for (const manifest::SbomEntry& entry : manifest.sbom) {
    out += "  sbom " + entry.name + " (" + entry.format + ") sha256 " + to_hex(entry.sha256) + "\n";
  }
  return printable_lines(out);
}

std::vector<Difference> compare(const json& before, const json& after) {
  std::map<std::string, std::string> old_values;
  std::map<std::string, std::string> new_values;
  flatten(before, "", old_values);
  flatten(after, "", new_values);
  std::set<std::string> paths;
  for (const auto& [path, value] : old_values) {
    paths.insert(path);
  }
  for (const auto& [path, value] : new_values) {
    paths.insert(path);
  }
  const auto value_at = [](const std::map<std::string, std::string>& values,
                           const std::string& path) {
    const auto at = values.find(path);
    return at == values.end() ? std::string() : at->second;
  };
  std::vector<Difference> out;
  for (const std::string& path : paths) {
    Difference difference{path, value_at(old_values, path), value_at(new_values, path)};
    if (difference.before != difference.after) {
      out.push_back(std::move(difference));
    }
  }
  return out;
}

}  // namespace evseal::cli
