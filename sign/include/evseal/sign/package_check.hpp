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
  evseal_status status = EVSEAL_PENDING;
  std::string subject;
  std::string role;
  Sha256 key_hash{};
  std::int64_t signing_time = 0;
  std::int64_t path_not_after = 0;
};

/// A copy of evseal_report that outlives the verifier.
struct Verdict {
  evseal_status status = EVSEAL_PENDING;
  bool authenticated = false;
  Sha256 package_id{};
  std::string id;
  std::string vendor;
  std::string version;
  std::string stage;
  std::vector<ComponentVerdict> components;
  std::vector<SignerVerdict> signers;
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

/// Runs the verifier over a whole file. A refusal is a Verdict; an Error says that there is none:
/// io, interrupted, usage for a profile or state that cannot be used.
[[nodiscard]] Result<Verdict> check_package(const FileDescriptor& file,
                                            const std::filesystem::path& name, const Device& device,
                                            const CheckOptions& options = {},
                                            ImageSink* sink = nullptr);

}  // namespace evseal::sign
