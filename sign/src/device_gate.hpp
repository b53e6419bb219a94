// The gate before a package's final name: every given device's verifier must accept it.
#pragma once

#include <vector>

#include "evseal/manifest/model.hpp"
#include "evseal/sign/package.hpp"

namespace evseal::sign {

struct GateOptions {
  bool check_images = false;  ///< inflate and hash each image: the payload is not ours
  bool partial = false;       ///< a device may lack nothing but further signers
  /// Components (bits) that some unit must have taken: those that the file has.
  std::uint32_t must_cover = 0xFFFFFFFF;
};

/// Judges a finished file for each device and each kind of unit that the manifest names for it, or
/// only for the hardware revision that the device says. The
/// payload of a component is hashed once, by the first unit that takes it; all other rules run for
/// every unit.
[[nodiscard]] Result<std::vector<DeviceCheck>> pass_device_gate(const FileDescriptor& file,
                                                                const std::filesystem::path& name,
                                                                const manifest::Manifest& manifest,
                                                                const std::vector<Device>& devices,
                                                                const GateOptions& gate,
                                                                const WorkOptions& options);

}  // namespace evseal::sign
