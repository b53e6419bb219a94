// The shipped C verifier over a package file, as a device would run it, with the hashing spread
// over all cores.
#pragma once

#include <evseal/verify.h>

#include <atomic>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "evseal/base/bytes.hpp"
#include "evseal/base/digest.hpp"
#include "evseal/base/file.hpp"
#include "evseal/base/result.hpp"

namespace evseal::sign {

/// A device to judge for: what it is, what it has learnt, and which unit of it.
struct Device {
  std::string name;          ///< for messages: the profile's file
  Bytes profile;             ///< blob
  Bytes state;               ///< blob
  bool factory_new = false;  ///< the state is that of a device that has learnt nothing yet
  std::optional<std::uint32_t> hardware = {};
  std::string serial = {};
  std::optional<std::int64_t> now = {};  ///< the trusted clock; none: the system's
  Bytes recovery = {};                   ///< challenge of a device whose state is lost; else empty
};

/// Reads a profile (JSON or blob) and a state (JSON or blob; none: factory-new).
[[nodiscard]] Result<Device> load_device(const std::filesystem::path& profile,
                                         const std::optional<std::filesystem::path>& state);

struct ComponentVerdict {
  std::string id;
  std::string version;
  std::uint32_t security_version = 0;
  std::uint64_t size = 0;
  bool present = false;
  bool applicable = false;
  bool needed = false;
  bool complete = false;
  std::optional<std::uint32_t> floor_after;  ///< after acceptance only
};

struct SignerVerdict {
  evseal_status status = EVSEAL_PENDING;         ///< ok: it counts
  std::optional<evseal_status> new_status = {};  ///< trust-update: the same in the new trust store
  std::string subject;
  std::string role;
  Sha256 key_hash{};
  std::int64_t signing_time = 0;
  std::int64_t path_not_after = 0;
};

/// A CRL whose signature held.
struct CrlVerdict {
  Sha256 issuer_key{};
  std::uint64_t number = 0;
};

/// A trust-update in front of a package, and how the device judged it. A refusal (most often: the
/// device has it already) says nothing about the package behind it.
struct StepVerdict {
  evseal_status status = EVSEAL_PENDING;
  std::string text;
  std::optional<std::uint32_t> epoch;  ///< where it is authentic
};

/// A copy of evseal_report that outlives the verifier.
struct Verdict {
  evseal_status status = EVSEAL_PENDING;
  std::vector<StepVerdict> steps;      ///< in front of the package, in the order of the file
  std::optional<std::uint32_t> epoch;  ///< of a trust-update
  bool authenticated = false;
  Sha256 package_id{};
  std::string id;
  std::string vendor;
  std::string version;
  std::string stage;
  std::vector<ComponentVerdict> components;
  std::vector<SignerVerdict> signers;
  std::vector<CrlVerdict> crls;
  bool learnt = false;  ///< it has CRLs that the device did not know
  /// The state that the device stores at once, whatever the verdict: with the steps that it took,
  /// new revocations and, of an accepted trust-update, all. Empty where nothing changed.
  Bytes state_at_once;
  /// The state that it stores once it has booted the firmware. Empty without acceptance.
  Bytes state_after_boot;
  std::string failed_component;
  bool raises_floors = false;
  std::int64_t time_floor = 0;
  unsigned operations = 0;
  std::uint32_t complete_mask = 0;

  [[nodiscard]] bool accepted() const { return status == EVSEAL_OK; }
  /// One sentence: the component where there is one, and the status' text.
  [[nodiscard]] std::string text() const;
  /// The refusal as an error; `what` is the package's name. Not for accepted().
  [[nodiscard]] Error as_error(const std::string& what) const;
};

/// Receives verified octets. An error stops the verification and is returned from check_package().
class ImageSink {
 public:
  ImageSink() = default;
  virtual ~ImageSink() = default;
  ImageSink(const ImageSink&) = delete;
  ImageSink& operator=(const ImageSink&) = delete;

  /// False: skip this component. A device that needs it will then give no verdict.
  [[nodiscard]] virtual Result<bool> begin(const evseal_component& component) = 0;
  [[nodiscard]] virtual Result<void> chunk(ByteView bytes) = 0;
  [[nodiscard]] virtual Result<void> end() = 0;
};

struct CheckOptions {
  unsigned threads = 0;  ///< 0: one for each processor
  std::function<void(std::uint64_t done, std::uint64_t total)> progress = {};
  const std::atomic<bool>* cancel = nullptr;
};

/// Runs the verifier over a whole file, steps in front of the package included. A refusal is a
/// Verdict; an Error says that there is none: io, interrupted, usage for a profile or state that
/// cannot be used.
[[nodiscard]] Result<Verdict> check_package(const FileDescriptor& file,
                                            const std::filesystem::path& name, const Device& device,
                                            const CheckOptions& options = {},
                                            ImageSink* sink = nullptr);

/// How a device judges what comes before a payload: header and envelope of one package without
/// steps. `truncated` says that nothing was wrong up to where the payload begins.
[[nodiscard]] Result<Verdict> check_head(ByteView head, const Device& device);

/// The device after it took these trust-updates (files with one each, or with several), one after
/// the other. Errors: those of the files; refused for one that the device does not take.
[[nodiscard]] Result<Device> after_steps(Device device,
                                         const std::vector<std::filesystem::path>& steps);

}  // namespace evseal::sign
