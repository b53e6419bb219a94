#include "relaxed_device.hpp"

#include <algorithm>
#include <map>

#include "evseal/manifest/device.hpp"

namespace evseal::sign {
namespace {

// Profile and state of a device, opened.
struct Opened {
  manifest::Profile profile;
  manifest::State state;

  manifest::TrustStore& trust() { return state.trust ? *state.trust : profile.trust; }
};

Result<Opened> open_device(const Device& device) {
  Opened out;
  EVSEAL_TRY(out.profile, manifest::decode_profile(device.profile));
  EVSEAL_TRY(out.state, manifest::decode_state(device.state));
  return out;
}

Result<Device> close_device(const Device& device, const Opened& opened) {
  Device out = device;
  EVSEAL_TRY(out.profile, manifest::encode_profile(opened.profile));
  EVSEAL_TRY(out.state, manifest::encode_state(opened.state));
  return out;
}

}  // namespace

Result<std::optional<Device>> content_with_present_signers(const Device& device,
                                                           const Verdict& verdict,
                                                           manifest::Kind kind) {
  std::map<std::string, std::uint32_t> counts;
  for (const SignerVerdict& signer : verdict.signers) {
    counts[signer.role] += signer.status == EVSEAL_OK ? 1U : 0U;
  }
  EVSEAL_TRY(Opened opened, open_device(device));
  manifest::TrustStore& trust = opened.trust();
  std::vector<std::string>& required =
      kind == manifest::Kind::firmware ? trust.firmware : trust.trust_update;
  std::erase_if(required, [&](const std::string& name) { return counts[name] == 0; });
  if (required.empty()) {
    return std::optional<Device>();
  }
  for (manifest::Role& role : trust.roles) {
    if (std::find(required.begin(), required.end(), role.name) != required.end()) {
      role.threshold = std::min(role.threshold, counts[role.name]);
    }
  }
  EVSEAL_TRY(Device out, close_device(device, opened));
  return std::optional<Device>(std::move(out));
}

Result<Device> without_present_time(const Device& device) {
  EVSEAL_TRY(Opened opened, open_device(device));
  opened.profile.time_floor = 0;
  opened.profile.trusted_clock = false;
  opened.state.time_floor = 0;
  return close_device(device, opened);
}

}  // namespace evseal::sign
