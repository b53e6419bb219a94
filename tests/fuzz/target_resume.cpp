// Going on after a break: whatever stands in the saved progress and in the slots, a package that is
// accepted lies in them whole, a good one is accepted in the end, and good progress is used.
#include <evseal/verify.h>

#include <cstring>
#include <map>

#include "package_device.hpp"
#include "resume_input.hpp"
#include "toy_crypto.hpp"

namespace {

using namespace evseal;
using namespace evseal::fuzz;

using Slots = std::map<unsigned, Bytes>;

void flip_bit(Bytes& octets, std::size_t bit) {
  std::uint8_t& octet = octets[bit / 8 % octets.size()];
  octet = static_cast<std::uint8_t>(octet ^ 1U << bit % 8);
}

/// A device between two restarts: its slots and its progress stay, all else is new.
struct Device {
  const PackageInput& input;
  const Slots* images = nullptr;  ///< what must be released, where that is known
  Slots slots;
  Bytes progress;
  std::vector<Bytes> every_progress;
  unsigned chunks = 0;
  std::uint32_t ended = 0;
  evseal_report report{};

  PackageDevice memory;
  evseal_verify_ctx* ctx = memory.ctx();

  explicit Device(const PackageInput& of) : input(of), memory(of) {}

  void save() {
    progress.resize(EVSEAL_PROGRESS_MAX);
    progress.resize(evseal_verify_save_progress(ctx, progress.data()));
  }
};

Device& device_of(void* user) {
  return *static_cast<Device*>(user);
}

evseal_answer on_component(void* user, const evseal_component* component) {
  return device_of(user).input.skips(component->index) ? EVSEAL_SKIP : EVSEAL_TAKE;
}

evseal_answer on_chunk(void* user, const evseal_component* component, std::uint64_t offset,
                       evseal_span bytes) {
  Device& device = device_of(user);
  FUZZ_REQUIRE((device.ended >> component->index & 1U) == 0);
  FUZZ_REQUIRE(offset % component->chunk_size == 0 && bytes.len <= component->chunk_size &&
               offset + bytes.len <= component->stored_size);
  Bytes& slot = device.slots[component->index];
  slot.resize(std::max<std::size_t>(slot.size(), offset + bytes.len));
  std::copy_n(bytes.data, bytes.len, slot.begin() + static_cast<std::ptrdiff_t>(offset));
  // A file whose mask has changed may bring components that the good one does not.
  if (device.images != nullptr && device.images->count(component->index) > 0) {
    const Bytes& image = device.images->at(component->index);
    FUZZ_REQUIRE(offset + bytes.len <= image.size() &&
                 std::equal(bytes.data, bytes.data + bytes.len,
                            image.begin() + static_cast<std::ptrdiff_t>(offset)));
  }
  device.chunks++;
  device.save();
  device.every_progress.push_back(device.progress);
  return EVSEAL_TAKE;
}

/// Also for a component that was found in its slot: it is whole.
evseal_answer on_end(void* user, const evseal_component* component) {
  Device& device = device_of(user);
  const Bytes& slot = device.slots[component->index];
  FUZZ_REQUIRE(slot.size() >= component->stored_size &&
               (device.ended >> component->index & 1U) == 0);
  const Sha256 root = tree_of(ByteView(slot).first(component->stored_size), component->chunk_size);
  FUZZ_REQUIRE(std::equal(root.begin(), root.end(), component->tree_root));
  device.ended |= 1U << component->index;
  return EVSEAL_TAKE;
}

bool read_back(void* user, const evseal_component* component, std::uint64_t offset,
               std::uint8_t* out, std::size_t len) {
  const Device& device = device_of(user);
  FUZZ_REQUIRE(len >= 1 && len <= component->chunk_size && offset % component->chunk_size == 0);
  FUZZ_REQUIRE(!device.input.skips(component->index));
  const auto slot = device.slots.find(component->index);
  if (slot == device.slots.end() || offset + len > slot->second.size()) {
    return false;
  }
  std::copy_n(slot->second.begin() + static_cast<std::ptrdiff_t>(offset), len, out);
  return true;
}

/// After a restart, up to `end`.
void start(Device& device, ByteView file, std::size_t end) {
  device.ended = 0;
  (void)device.memory.start({&device, nullptr, on_component, on_chunk, on_end, nullptr, nullptr});
  (void)evseal_verify_push(device.ctx, file.data(), std::min(end, file.size()));
}

/// From where the verifier says to `end`.
void go_on(Device& device, ByteView file, std::size_t end) {
  const std::uint64_t offset = evseal_verify_offset(device.ctx);
  if (offset < end) {
    const ByteView rest = file.subspan(offset, end - offset);
    (void)evseal_verify_push(device.ctx, rest.data(), rest.size());
  }
}

evseal_status finish(Device& device) {
  const evseal_status status = evseal_verify_finish(device.ctx, &device.report);
  FUZZ_REQUIRE(evseal_verify_resume(device.ctx, span_of(device.progress), read_back, &device) ==
               EVSEAL_MISUSE);
  FUZZ_REQUIRE(status != EVSEAL_OK || device.report.complete == device.ended);
  return status;
}

/// What stands in the progress file after the restart. True: what the device had saved.
bool forge_progress(Device& device, const ResumeInput& input, const Device& whole) {
  using Progress = ResumeInput::Progress;
  Bytes& progress = device.progress;
  const Bytes& octets = input.progress;
  if (input.form() == Progress::honest) {
    return true;
  }
  if (input.form() == Progress::changed) {
    // Without octets: what was saved at another time.
    if (octets.empty() && !whole.every_progress.empty()) {
      progress = whole.every_progress[input.bit() % whole.every_progress.size()];
    }
    for (std::size_t i = 0; i + 1 < octets.size() && !progress.empty(); i += 2) {
      progress[octets[i] % progress.size()] = octets[i + 1];
    }
    return false;
  }
  progress.clear();
  if (input.form() == Progress::behind_head) {
    progress = {0x89, 'E', 'V', 'R', '1', 0x0D, 0x0A, 0x1A};
    const auto& id = whole.report.package_id;
    progress.insert(progress.end(), std::begin(id), std::end(id));
  }
  progress.insert(progress.end(), octets.begin(), octets.end());
  return false;
}

/// True when the slots are as they were left.
bool forge_slots(Device& device, const ResumeInput& input) {
  if (device.slots.empty() || !(input.loses_slot() || input.changes_slot())) {
    return true;
  }
  auto slot = std::next(device.slots.begin(),
                        static_cast<std::ptrdiff_t>(input.bit() % device.slots.size()));
  if (input.loses_slot()) {
    device.slots.erase(slot);
  } else if (!slot->second.empty()) {
    flip_bit(slot->second, input.bit());
  }
  return false;
}

std::size_t payload_start(const PackageInput& input) {
  return (16 + input.envelope.size() + 4095) / 4096 * 4096;
}

/// One restart: what the broken device left, the progress as the input says, octets up to `end`.
void restart(Device& device, const Device& broken, const ResumeInput& input, const Device& whole,
             const Bytes& file, std::size_t end) {
  device.images = broken.images;
  device.slots = broken.slots;
  device.progress = broken.progress;
  const bool had_progress = !broken.progress.empty();
  const bool same_slots = forge_slots(device, input);
  const bool same_progress = forge_progress(device, input, whole);
  start(device, file, payload_start(input.package));
  const bool ready = evseal_verify_at_payload(device.ctx);
  const Bytes progress = device.progress;
  const evseal_status status =
      evseal_verify_resume(device.ctx, span_of(progress), read_back, &device);
  FUZZ_REQUIRE(ready == (status != EVSEAL_MISUSE));
  FUZZ_REQUIRE(!ready || device.images == nullptr || status == EVSEAL_PENDING ||
               status == EVSEAL_PROGRESS_MISMATCH);
  FUZZ_REQUIRE(device.chunks == 0);  // what is found is not released again
  const bool used = ready && had_progress && same_slots && same_progress &&
                    device.images != nullptr && !input.changes_file();
  if (used) {
    FUZZ_REQUIRE(status == EVSEAL_PENDING);
    FUZZ_REQUIRE(evseal_verify_offset(device.ctx) <= evseal_verify_offset(broken.ctx));
  }
  go_on(device, file, end);
  // Nothing is fed twice.
  FUZZ_REQUIRE(!used || evseal_verify_offset(device.ctx) < file.size() ||
               device.chunks + broken.chunks == whole.chunks);
}

/// A second break, of which nobody forges anything.
void restart_twice(Device& device, const Device& broken, const ResumeInput& input,
                   const Device& whole, const Bytes& file) {
  const std::size_t first = payload_start(input.package);
  Device middle(input.package);
  restart(middle, broken, input, whole, file,
          first + input.second_cut() % (file.size() - first + 1));
  middle.save();
  device.images = middle.images;
  device.slots = middle.slots;
  device.progress = middle.progress;
  start(device, file, first);
  const evseal_status status =
      evseal_verify_resume(device.ctx, span_of(middle.progress), read_back, &device);
  FUZZ_REQUIRE(device.images == nullptr || middle.progress.empty() || status == EVSEAL_PENDING);
  go_on(device, file, file.size());
}

/// What an accepted package means, however its octets came.
void check_slots(const Device& device) {
  for (unsigned i = 0; i < device.report.manifest.num_components; ++i) {
    evseal_component component{};
    FUZZ_REQUIRE(evseal_manifest_component(&component, &device.report.manifest, i) == EVSEAL_OK);
    if ((device.report.taken >> i & 1U) == 0) {
      continue;
    }
    const Bytes& slot = device.slots.at(i);
    FUZZ_REQUIRE(slot.size() >= component.stored_size);
    const Sha256 root = tree_of(ByteView(slot).first(component.stored_size), component.chunk_size);
    FUZZ_REQUIRE(std::equal(root.begin(), root.end(), component.tree_root));
  }
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size > 131072) {
    return 0;
  }
  const ResumeInput input = ResumeInput::read({data, size});
  const Bytes file = input.package.file();
  Device whole(input.package);
  start(whole, file, file.size());
  const bool good = finish(whole) == EVSEAL_OK;
  const std::size_t first = payload_start(input.package);
  Device broken(input.package);
  broken.images = good ? &whole.slots : nullptr;
  start(broken, file, first + input.cut() % (file.size() - first + 1));
  broken.save();
  Device again(input.package);
  if (input.breaks_again() && !input.changes_file()) {
    restart_twice(again, broken, input, whole, file);
  } else {
    Bytes rest = file;
    if (input.changes_file()) {
      flip_bit(rest, input.bit());
    }
    restart(again, broken, input, whole, rest, rest.size());
  }
  const evseal_status status = finish(again);
  FUZZ_REQUIRE(!good || input.changes_file() || status == EVSEAL_OK);
  if (status == EVSEAL_OK) {
    check_slots(again);
    FUZZ_REQUIRE(!good || input.changes_file() || again.report.complete == whole.report.complete);
  }
  return 0;
}
