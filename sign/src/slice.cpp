// The part of a signed package for one controller: the same envelope, a mask, some of the payload.
#include <algorithm>

#include "device_gate.hpp"
#include "release.hpp"

namespace evseal::sign {
namespace {

using manifest::Kind;
using manifest::Manifest;

std::string ids_of(const Manifest& manifest) {
  std::string out;
  for (const manifest::Component& component : manifest.components) {
    out += (out.empty() ? "" : ", ") + component.id;
  }
  return out;
}

// The components as a mask over the manifest, whatever their order and number.
Result<std::uint32_t> chosen_components(const Manifest& manifest,
                                        const std::vector<std::string>& ids) {
  if (ids.empty()) {
    return Error{ErrorCode::usage, "--component", "no component is named",
                 "the package has " + ids_of(manifest)};
  }
  std::uint32_t chosen = 0;
  for (const std::string& id : ids) {
    const auto found =
        std::find_if(manifest.components.begin(), manifest.components.end(),
                     [&id](const manifest::Component& component) { return component.id == id; });
    if (found == manifest.components.end()) {
      return Error{ErrorCode::usage, "--component " + id, "is no component of this package",
                   "the package has " + ids_of(manifest)};
    }
    chosen |= 1U << static_cast<unsigned>(found - manifest.components.begin());
  }
  return chosen;
}

// All of them: 0 is the one way to write that (docs/format.md §2).
std::uint32_t written_mask(const Manifest& manifest, std::uint32_t chosen) {
  const std::uint64_t all = (std::uint64_t{1} << manifest.components.size()) - 1;
  return chosen == all ? 0 : chosen;
}

Result<void> need_firmware(const OpenedPackage& opened) {
  if (opened.manifest.package.kind == Kind::trust_update) {
    return Error{ErrorCode::usage, opened.file.path().string(),
                 "is a trust-update: it has no components", "hand it over as it is"};
  }
  return {};
}

// A controller that lacks something it needs says so; what to do is the same for each.
Error about_slice(Error error) {
  if (error.status == "component_absent") {
    error.hint =
        "name that component too, or judge with the profile of the controller that the slice is "
        "for: what other controllers install is not `needed` there";
  }
  return error;
}

// Steps, header and envelope as they are but for the mask, and the payload of the chosen
// components.
Result<void> write_slice(OutputFile& out, const OpenedPackage& opened, std::uint32_t chosen,
                         SlicedResult& result, const WorkOptions& options) {
  const manifest::UnverifiedPackageFile& from = opened.file;
  EVSEAL_TRY(const auto extents, from.unverified_layout(opened.manifest));
  EVSEAL_CHECK(copy_octets(from, 0, from.package_offset(), out, 0, options));
  result.mask = written_mask(opened.manifest, chosen);
  EVSEAL_CHECK(
      manifest::write_header(out, from.unverified_envelope(), result.mask, from.package_offset()));
  result.size = from.payload_offset();
  for (const manifest::UnverifiedExtent& extent : extents) {
    if ((chosen >> extent.component & 1U) == 0) {
      continue;
    }
    const std::uint64_t end = extent.offset + extent.length;
    EVSEAL_CHECK(copy_octets(from, extent.offset, end, out, result.size, options));
    result.size += extent.length;
    result.components.push_back(opened.manifest.components[extent.component].id);
  }
  return {};
}

}  // namespace

Result<SlicedResult> slice_package(const std::filesystem::path& package,
                                   const std::vector<std::string>& components,
                                   const std::vector<Device>& devices,
                                   const std::filesystem::path& path, const WorkOptions& options) {
  EVSEAL_CHECK(need_devices(devices));
  EVSEAL_TRY(const OpenedPackage opened, open_signed(package, "slice the whole package"));
  EVSEAL_CHECK(need_firmware(opened));
  EVSEAL_TRY(const std::uint32_t chosen, chosen_components(opened.manifest, components));
  EVSEAL_TRY(OutputFile out, OutputFile::create(path, options.mode));
  GateOptions gate;
  gate.must_cover = chosen;
  if (auto accepted = pass_device_gate(opened.file.descriptor(), package, opened.manifest, devices,
                                       gate, options);
      !accepted) {
    return std::move(accepted).error();
  }
  SlicedResult result;
  EVSEAL_CHECK(write_slice(out, opened, chosen, result, options));
  auto accepted =
      pass_device_gate(out.descriptor(), out.path(), opened.manifest, devices, gate, options);
  if (!accepted) {
    return about_slice(std::move(accepted).error());
  }
  result.devices = std::move(*accepted);
  EVSEAL_CHECK(out.commit());
  result.manifest = opened.envelope.unverified_manifest;
  result.identity = sha256(result.manifest);
  result.crls = opened.manifest.crls;
  result.steps = opened.file.steps().size();
  return result;
}

}  // namespace evseal::sign
