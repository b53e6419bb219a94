#include "device_gate.hpp"

#include <algorithm>
#include <set>

#include "evseal/manifest/device.hpp"
#include "evseal/sign/image_check.hpp"
#include "relaxed_device.hpp"

namespace evseal::sign {
namespace {

// A unit of a device that the package says it is for.
struct Unit {
  std::optional<std::uint32_t> hardware;
  std::string serial;
};

// Takes each component once over all runs: its octets do not change between them.
class OnceSink : public ImageSink {
 public:
  OnceSink(std::uint32_t covered, bool check_images)
      : covered_(covered), check_images_(check_images) {}

  Result<bool> begin(const evseal_component& component) override {
    if ((covered_ >> component.index & 1U) != 0) {
      return false;
    }
    if (check_images_) {
      EVSEAL_CHECK(image_.begin(component, {}));
    }
    return true;
  }
  Result<void> chunk(ByteView stored) override {
    return check_images_ ? image_.chunk(stored) : Result<void>();
  }
  Result<void> end() override { return check_images_ ? image_.end() : Result<void>(); }

 private:
  std::uint32_t covered_;
  bool check_images_;
  ImageCheck image_;
};

constexpr manifest::HardwareRange kEveryRevision = {0, manifest::kMax31Bit};

// The ends of the components' own ranges, as far as they lie within `range`.
void add_component_ends(std::set<std::uint32_t>& out, const manifest::HardwareRange& range,
                        const std::vector<manifest::Component>& components) {
  for (const manifest::Component& component : components) {
    if (component.hardware) {
      for (const std::uint32_t revision : {component.hardware->min, component.hardware->max}) {
        if (revision >= range.min && revision <= range.max) {
          out.insert(revision);
        }
      }
    }
  }
}

// The units to try: for each matching entry the ends of its range, and the ends of components'
// ranges within; only the revision that was asked for, where one was.
std::vector<Unit> units_for(const manifest::Manifest& manifest, const manifest::Profile& profile,
                            const std::optional<std::uint32_t>& only) {
  std::vector<Unit> units;
  for (const manifest::Compatible& entry : manifest.compatible) {
    if (entry.vendor != profile.vendor || entry.model != profile.model) {
      continue;
    }
    const std::string serial = entry.serials.empty() ? std::string() : entry.serials.front();
    const manifest::HardwareRange range = entry.hardware.value_or(kEveryRevision);
    if (only) {
      if (*only >= range.min && *only <= range.max) {
        units.push_back({only, serial});
      }
      continue;
    }
    std::set<std::uint32_t> revisions;
    if (entry.hardware) {
      revisions = {entry.hardware->min, entry.hardware->max};
    }
    add_component_ends(revisions, range, manifest.components);
    if (revisions.empty()) {
      units.push_back({std::nullopt, serial});
    }
    for (const std::uint32_t revision : revisions) {
      units.push_back({revision, serial});
    }
  }
  if (units.empty()) {
    units.push_back({only, {}});  // the verifier then says why it refuses
  }
  return units;
}

// Accepted, or complete but for components that another run has checked.
bool passes(const Verdict& verdict, std::uint32_t covered) {
  if (verdict.accepted()) {
    return true;
  }
  if (verdict.status != EVSEAL_COMPONENT_SKIPPED) {
    return false;
  }
  for (std::size_t i = 0; i < verdict.components.size(); ++i) {
    const bool seen = verdict.components[i].complete || (covered >> i & 1U) != 0;
    if (verdict.components[i].needed && !seen) {
      return false;
    }
  }
  return true;
}

std::string describe(const Device& device, const Unit& unit) {
  std::string out = device.name;
  if (unit.hardware) {
    out += ", hardware revision " + std::to_string(*unit.hardware);
  }
  return out;
}

// One passage through the gate: what it is about, and which components have been hashed.
struct Passage {
  const FileDescriptor& file;
  const std::filesystem::path& name;
  const manifest::Manifest& manifest;
  const GateOptions& gate;
  const WorkOptions& options;
  std::uint32_t covered = 0;
};

Result<Verdict> run_verifier(Passage& passage, const Device& device) {
  OnceSink sink(passage.covered, passage.gate.check_images);
  CheckOptions check;
  check.threads = passage.options.threads;
  check.cancel = passage.options.cancel;
  if (passage.options.progress) {
    check.progress = [&](std::uint64_t done, std::uint64_t total) {
      passage.options.progress("verifying", done, total);
    };
  }
  return check_package(passage.file, passage.name, device, check, &sink);
}

// Is it further signers that this device lacks, and nothing else? Asked of a verifier that needs
// only those that count already.
Result<bool> lacks_only_signers(Passage& passage, const Device& device, const Verdict& verdict) {
  if (!passage.gate.partial || verdict.status != EVSEAL_THRESHOLD_NOT_MET) {
    return false;
  }
  EVSEAL_TRY(const std::optional<Device> relaxed,
             content_with_present_signers(device, verdict, passage.manifest.package.kind));
  if (!relaxed) {
    return false;
  }
  EVSEAL_TRY(const Verdict again, run_verifier(passage, *relaxed));
  // The new trust store of a trust-update stands in the manifest and cannot be content with less.
  const bool at_new_store =
      again.status == EVSEAL_THRESHOLD_NOT_MET &&
      std::any_of(again.signers.begin(), again.signers.end(),
                  [](const SignerVerdict& signer) { return signer.new_status == EVSEAL_OK; });
  if (!passes(again, passage.covered) && !at_new_store) {
    return false;
  }
  passage.covered |= again.complete_mask;
  return true;
}

Result<void> judge_unit(Passage& passage, const Device& device, const Unit& unit,
                        DeviceCheck& check) {
  Device tried = device;
  tried.hardware = unit.hardware;
  tried.serial = unit.serial;
  const auto& update = passage.manifest.trust_update;
  if (update && update->recovery) {
    // The answer to a challenge is for the unit that made it: one that has no state.
    tried.recovery.assign(update->recovery->begin(), update->recovery->end());
  }
  EVSEAL_TRY(const Verdict verdict, run_verifier(passage, tried));
  check.signers = verdict.signers;
  if (passes(verdict, passage.covered)) {
    passage.covered |= verdict.complete_mask;
    return {};
  }
  EVSEAL_TRY(const bool partial, lacks_only_signers(passage, tried, verdict));
  if (partial) {
    check.partial = true;
    return {};
  }
  Error error = verdict.as_error(passage.name.string());
  error.why = "refused by the verifier of " + describe(device, unit) + ": " + error.why;
  if (verdict.status == EVSEAL_THRESHOLD_NOT_MET && !passage.gate.partial) {
    error.hint =
        "pass every --signer at once, or --partial to write what the others sign later "
        "with `evseal sign --add`";
  }
  return error;
}

}  // namespace

Result<std::vector<DeviceCheck>> pass_device_gate(const FileDescriptor& file,
                                                  const std::filesystem::path& name,
                                                  const manifest::Manifest& manifest,
                                                  const std::vector<Device>& devices,
                                                  const GateOptions& gate,
                                                  const WorkOptions& options) {
  std::vector<DeviceCheck> checks;
  Passage passage{file, name, manifest, gate, options};
  for (const Device& device : devices) {
    EVSEAL_TRY(const manifest::Profile profile, manifest::decode_profile(device.profile));
    DeviceCheck check;
    check.device = device.name;
    for (const Unit& unit : units_for(manifest, profile, device.hardware)) {
      EVSEAL_CHECK(judge_unit(passage, device, unit, check));
      if (unit.hardware) {
        check.hardware.push_back(*unit.hardware);
      }
    }
    checks.push_back(std::move(check));
  }
  for (std::size_t i = 0; i < manifest.components.size(); ++i) {
    if (((passage.covered | ~gate.must_cover) >> i & 1U) == 0) {
      return Error{
          ErrorCode::refused, "component " + manifest.components[i].id,
          "is for no hardware revision that one of the devices can have",
          "correct its `hardware` range, or sign with a profile of the device that takes it"};
    }
  }
  return checks;
}

}  // namespace evseal::sign
