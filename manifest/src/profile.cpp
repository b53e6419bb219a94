#include <algorithm>
#include <array>
#include <cctype>
#include <cstdio>
#include <nlohmann/json.hpp>
#include <set>

#include "device_format.hpp"
#include "evseal/base/file.hpp"
#include "evseal/base/time.hpp"
#include "evseal/manifest/der_writer.hpp"

namespace evseal::manifest {
namespace {

using nlohmann::json;

constexpr std::size_t kFrameHead = 8 + 4;
constexpr std::size_t kChecksum = 32;
constexpr std::size_t kMaxBlob = 65536;  // what a device is ready to hold
constexpr std::uint32_t kMinEnvelopeBytes = 1024;
constexpr std::uint32_t kMaxEnvelope = 65536;

Error damaged(std::string why) {
  return Error{ErrorCode::usage, "device profile", std::move(why), {}, "profile_damaged"};
}

Bytes encode_component(const DeviceComponent& component) {
  return der::sequence({der::utf8_string(component.id), der::boolean(component.needed),
                        der::integer(component.security_version)});
}

std::vector<DeviceComponent> decode_components(DerReader reader) {
  std::vector<DeviceComponent> all;
  while (reader.ok() && !reader.at_end()) {
    DerReader entry = reader.sequence();
    DeviceComponent component;
    component.id = entry.text();
    component.needed = entry.boolean();
    component.security_version = entry.integer32(0, kMax31Bit);
    entry.end();
    all.push_back(std::move(component));
  }
  return all;
}

DeviceLimits decode_limits(DerReader reader) {
  DeviceLimits limits;
  limits.envelope_bytes = reader.integer32(kMinEnvelopeBytes, kMaxEnvelope);
  limits.chunk_bytes = reader.integer32(kMinChunkBytes, kMaxChunkBytes);
  limits.components = reader.integer32(1, kMaxComponents);
  limits.security_version_jump = reader.integer32(1, kMax31Bit);
  reader.end();
  return limits;
}

std::optional<std::string> fault_of_limits(const DeviceLimits& limits) {
  if (limits.envelope_bytes < kMinEnvelopeBytes || limits.envelope_bytes > kMaxEnvelope) {
    return "envelope_bytes must be 1024 to 65536";
  }
  if (!is_chunk_size(limits.chunk_bytes)) {
    return "chunk_bytes must be a power of two from 4096 to 1048576";
  }
  if (limits.components < 1 || limits.components > kMaxComponents) {
    return "components must be 1 to 32";
  }
  if (limits.security_version_jump < 1 || limits.security_version_jump > kMax31Bit) {
    return "security_version_jump must be 1 to 2147483647";
  }
  return std::nullopt;
}

std::optional<std::string> fault_of_components(const std::vector<DeviceComponent>& components) {
  if (components.empty() || components.size() > kMaxComponents) {
    return "there must be 1 to 32 components";
  }
  std::set<std::string> ids;
  for (const DeviceComponent& component : components) {
    if (!is_component_id(component.id) || component.security_version > kMax31Bit) {
      return "component \"" + printable(component.id) + "\" has a bad id or security_version";
    }
    if (!ids.insert(component.id).second) {
      return "component \"" + component.id + "\" stands there twice";
    }
  }
  return std::nullopt;
}

bool is_c_identifier(std::string_view name) {
  const auto letter = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
  };
  return !name.empty() && name.size() <= 64 && letter(name.front()) &&
         std::all_of(name.begin(), name.end(),
                     [&](char c) { return letter(c) || (c >= '0' && c <= '9'); });
}

// Twelve octets a line.
std::string c_octets(ByteView octets) {
  std::string out;
  for (std::size_t i = 0; i < octets.size(); ++i) {
    std::array<char, 8> text{};
    (void)std::snprintf(text.data(), text.size(), "0x%02x", octets[i]);
    out += i % 12 == 0 ? "\n    " : " ";
    out += text.data();
    out += i + 1 < octets.size() ? "," : "";
  }
  return out;
}

}  // namespace

Bytes frame_blob(const BlobMagic& magic, ByteView der) {
  Bytes blob(magic.begin(), magic.end());
  for (const unsigned shift : {24U, 16U, 8U, 0U}) {
    blob.push_back(static_cast<std::uint8_t>(der.size() >> shift));
  }
  blob.insert(blob.end(), der.begin(), der.end());
  const Sha256 checksum = sha256(blob);
  blob.insert(blob.end(), checksum.begin(), checksum.end());
  return blob;
}

bool is_blob(const BlobMagic& magic, ByteView octets) {
  return octets.size() >= magic.size() && std::equal(magic.begin(), magic.end(), octets.begin());
}

std::optional<ByteView> unframe_blob(const BlobMagic& magic, ByteView blob) {
  if (!is_blob(magic, blob) || blob.size() < kFrameHead + kChecksum || blob.size() > kMaxBlob) {
    return std::nullopt;
  }
  std::size_t length = 0;
  for (const std::uint8_t octet : blob.subspan(magic.size(), 4)) {
    length = length << 8U | octet;
  }
  if (length != blob.size() - kFrameHead - kChecksum) {
    return std::nullopt;
  }
  const Sha256 checksum = sha256(blob.first(kFrameHead + length));
  if (!std::equal(checksum.begin(), checksum.end(), blob.last(kChecksum).begin())) {
    return std::nullopt;
  }
  return blob.subspan(kFrameHead, length);
}

std::optional<std::string> fault_of(const Profile& profile) {
  if (!is_name(profile.vendor) || !is_name(profile.model)) {
    return "vendor or model is not a name";
  }
  if (profile.stages < 1 || profile.stages > 7) {
    return "the device takes no stage";
  }
  if (profile.time_floor < 0 || profile.time_floor > kMaxTime) {
    return "time_floor lies outside the years 1970 to 9999";
  }
  if (auto fault = fault_of_limits(profile.limits)) {
    return fault;
  }
  if (auto fault = fault_of_components(profile.components)) {
    return fault;
  }
  return fault_of(profile.trust);
}

Result<Bytes> encode_profile(const Profile& profile) {
  if (auto fault = fault_of(profile)) {
    return damaged(*std::move(fault));
  }
  const DeviceLimits& limits = profile.limits;
  Bytes blob = frame_blob(
      kProfileMagic,
      der::sequence(
          {der::integer(1), der::utf8_string(profile.vendor), der::utf8_string(profile.model),
           der::integer(profile.stages), der::integer(profile.trusted_clock ? 1U : 0U),
           der::integer(static_cast<std::uint64_t>(profile.time_floor)),
           der::sequence({der::integer(limits.envelope_bytes), der::integer(limits.chunk_bytes),
                          der::integer(limits.components),
                          der::integer(limits.security_version_jump)}),
           sequence_of(profile.components, encode_component), write_trust_store(profile.trust)}));
  if (blob.size() > kMaxBlob) {
    return damaged("it has " + std::to_string(blob.size()) + " octets, more than 65536");
  }
  return blob;
}

Result<Profile> decode_profile(ByteView blob) {
  const auto der = unframe_blob(kProfileMagic, blob);
  if (!der) {
    return damaged("magic, length or checksum is wrong");
  }
  DerReader outer(*der);
  DerReader reader = outer.sequence();
  outer.end();
  Profile profile;
  (void)reader.integer(1, 1);
  profile.vendor = reader.text();
  profile.model = reader.text();
  profile.stages = reader.integer32(1, 7);
  profile.trusted_clock = reader.integer(0, 1) != 0;
  profile.time_floor =
      static_cast<std::int64_t>(reader.integer(0, static_cast<std::uint64_t>(kMaxTime)));
  profile.limits = decode_limits(reader.sequence());
  profile.components = decode_components(reader.sequence());
  profile.trust = read_trust_store(reader.sequence());
  reader.end();
  if (!outer.ok()) {
    return damaged("it is not the DER of a device profile");
  }
  if (auto fault = fault_of(profile)) {
    return damaged(*std::move(fault));
  }
  return profile;
}

json profile_to_json(const Profile& profile) {
  json components = json::array();
  for (const DeviceComponent& component : profile.components) {
    components.push_back({{"id", component.id},
                          {"needed", component.needed},
                          {"security_version", component.security_version}});
  }
  json out = {{"device", 1},
              {"vendor", profile.vendor},
              {"model", profile.model},
              {"stages", stage_names(profile.stages)},
              {"clock", profile.trusted_clock ? "trusted" : "untrusted"},
              {"time_floor", to_rfc3339(profile.time_floor)},
              {"limits",
               {{"envelope_bytes", profile.limits.envelope_bytes},
                {"chunk_bytes", profile.limits.chunk_bytes},
                {"components", profile.limits.components},
                {"security_version_jump", profile.limits.security_version_jump}}},
              {"components", std::move(components)}};
  out.update(trust_store_to_json(profile.trust));
  return out;
}

Result<Bytes> load_profile_blob(const std::filesystem::path& path) {
  EVSEAL_TRY(Bytes octets, read_small_file(path));
  if (is_blob(kProfileMagic, octets)) {
    auto profile = decode_profile(octets);
    if (!profile) {
      Error error = std::move(profile).error();
      error.what = path.string();
      return error;
    }
    return octets;
  }
  EVSEAL_TRY(const Profile profile, load_profile(path));
  return encode_profile(profile);
}

Result<Profile> load_any_profile(const std::filesystem::path& path) {
  EVSEAL_TRY(const Bytes blob, load_profile_blob(path));
  return decode_profile(blob);
}

Result<std::string> profile_c_header(ByteView blob, std::string_view name) {
  if (!is_c_identifier(name)) {
    return Error{ErrorCode::usage, "\"" + printable(name) + "\"", "is not a C identifier",
                 "use letters, digits and _, like evseal_profile"};
  }
  EVSEAL_TRY(const Profile profile, decode_profile(blob));
  std::string guard(name);
  std::transform(guard.begin(), guard.end(), guard.begin(),
                 [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
  guard = "EVSEAL_DEVICE_" + guard + "_H";
  const std::string array(name);
  return "/* Device profile of " + profile.vendor + "/" + profile.model +
         ", made by `evseal device build`. SHA-256 " + to_hex(sha256(blob)) + " */\n#ifndef " +
         guard + "\n#define " + guard + "\n\nstatic const unsigned char " + array + "[] = {" +
         c_octets(blob) + "};\nenum { " + array + "_len = " + std::to_string(blob.size()) +
         " };\n\n#endif\n";
}

}  // namespace evseal::manifest
