// Devices that ask for less than the real one, to find out whether a package lacks just that and
// nothing else. They never have the last word: what is released the real devices judge.
#pragma once

#include <optional>

#include "evseal/manifest/model.hpp"
#include "evseal/sign/package_check.hpp"

namespace evseal::sign {

/// The device with thresholds that the signers who count already meet; nothing where none counts.
[[nodiscard]] Result<std::optional<Device>> content_with_present_signers(const Device& device,
                                                                         const Verdict& verdict,
                                                                         manifest::Kind kind);

/// The device without a time floor and without a clock: certificates must only have been valid when
/// they signed.
[[nodiscard]] Result<Device> without_present_time(const Device& device);

}  // namespace evseal::sign
