// Going on after a break: progress saved after any chunk, and what a forged one gains (nothing).
#include <catch2/catch.hpp>
#include <cstring>
#include <map>

#include "failing_crypto.h"
#include "verifier.hpp"

using namespace evseal;
using namespace evseal::test;

namespace {

// A device that stores what is released and saves its progress after each chunk.
struct Device {
  sign::Device device;
  Bytes workspace = Bytes(EVSEAL_WORKSPACE_SIZE(16384, 65536, 1));
  evseal_verify_config config{};
  evseal_verify_ctx context{};
  std::map<std::string, Bytes> slots;
  Bytes progress;
  std::vector<Bytes> every_progress;
  std::vector<std::uint64_t> every_offset;  // at which a progress was saved
  std::uint64_t resumed_at = 0;
  unsigned chunks = 0;

  explicit Device(const sign::Device& of) : device(of) {
    config.crypto = &evseal_crypto_openssl;
    config.profile = {device.profile.data(), device.profile.size()};
    config.state = {device.state.data(), device.state.size()};
    config.workspace = workspace.data();
    config.workspace_len = workspace.size();
    config.callbacks.user = this;
    config.callbacks.on_chunk = on_chunk;
  }
  Device(const Device&) = delete;
  Device& operator=(const Device&) = delete;

  static std::string name(const evseal_component* component) {
    return std::string(as_text({component->id.data, component->id.len}));
  }
  void save() {
    progress.resize(EVSEAL_PROGRESS_MAX);
    progress.resize(evseal_verify_save_progress(&context, progress.data()));
  }
  static evseal_answer on_chunk(void* user, const evseal_component* component, std::uint64_t offset,
                                evseal_span bytes) {
    auto& self = *static_cast<Device*>(user);
    Bytes& slot = self.slots[name(component)];
    slot.resize(offset + bytes.len);
    std::memcpy(slot.data() + offset, bytes.data, bytes.len);
    self.chunks++;
    self.save();
    self.every_progress.push_back(self.progress);
    self.every_offset.push_back(evseal_verify_offset(&self.context));
    return EVSEAL_TAKE;
  }
  static bool read_back(void* user, const evseal_component* component, std::uint64_t offset,
                        std::uint8_t* out, std::size_t len) {
    const Bytes& slot = static_cast<Device*>(user)->slots[name(component)];
    if (offset + len > slot.size()) {
      return false;
    }
    std::memcpy(out, slot.data() + offset, len);
    return true;
  }

  void start() { REQUIRE(evseal_verify_init(&context, &config) == EVSEAL_PENDING); }
  void push(const Bytes& file, std::size_t from, std::size_t to) {
    (void)evseal_verify_push(&context, file.data() + from, to - from);
  }
  evseal_status resume(const Bytes& from) {
    return evseal_verify_resume(&context, {from.data(), from.size()}, read_back, this);
  }
  evseal_status finish() {
    evseal_report report;
    return evseal_verify_finish(&context, &report);
  }
  // After a restart: the envelope again, the saved progress, then what is still missing.
  evseal_status go_on(const Bytes& file, const Bytes& from, evseal_status expected) {
    start();
    push(file, 0, payload_start(file));
    REQUIRE(evseal_verify_at_payload(&context));
    CHECK(resume(from) == expected);
    resumed_at = evseal_verify_offset(&context);
    push(file, resumed_at, file.size());
    return finish();
  }
};

struct Scenario {
  World world{"ed25519"};
  std::map<std::string, Bytes> images;
  Bytes file;

  explicit Scenario(unsigned seed = 1) {
    images["rootfs"] = pattern(13 * 4096 + 100, seed);
    images["safety"] = pattern(4096, 2);
    images["radio"] = pattern(8 * 4096, 3);
    for (const char* id : {"rootfs", "safety", "radio"}) {
      world.set_component(id, images[id]);
      world.recipe.components.back().chunk_size = 4096;
    }
    file = world.package();
  }
};

}  // namespace

TEST_CASE("resume: after each chunk, only the rest is fed and the images are whole") {
  const Scenario scenario;
  Device first(scenario.world.device());
  first.start();
  first.push(scenario.file, 0, scenario.file.size());
  REQUIRE(first.finish() == EVSEAL_OK);
  REQUIRE(first.slots == scenario.images);
  REQUIRE(first.chunks == 14 + 1 + 8);
  for (std::size_t i = 0; i < first.every_progress.size(); ++i) {
    INFO(i);
    REQUIRE_FALSE(first.every_progress[i].empty());
    Device again(scenario.world.device());
    again.slots = first.slots;
    again.start();
    again.push(scenario.file, 0, payload_start(scenario.file));
    REQUIRE(again.resume(first.every_progress[i]) == EVSEAL_PENDING);
    const std::uint64_t offset = evseal_verify_offset(&again.context);
    again.push(scenario.file, offset, scenario.file.size());
    CHECK(again.finish() == EVSEAL_OK);
    CHECK(again.chunks == first.chunks - static_cast<unsigned>(i) - 1);
    CHECK(again.slots == scenario.images);
  }
}

TEST_CASE("resume: from any octet of the payload, between chunks too") {
  const Scenario scenario;
  for (std::size_t cut = payload_start(scenario.file); cut < scenario.file.size(); cut += 97) {
    Device device(scenario.world.device());
    device.start();
    device.push(scenario.file, 0, cut);
    device.save();
    const Bytes progress = device.progress;
    REQUIRE_FALSE(progress.empty());
    const unsigned before = device.chunks;
    REQUIRE(device.go_on(scenario.file, progress, EVSEAL_PENDING) == EVSEAL_OK);
    CHECK(device.chunks == 23);
    CHECK(before <= 23);
    CHECK(device.slots == scenario.images);
  }
}

TEST_CASE("resume: a forged progress file gains nothing") {
  const Scenario scenario;
  Device device(scenario.world.device());
  device.start();
  device.push(scenario.file, 0, scenario.file.size());
  REQUIRE(device.finish() == EVSEAL_OK);
  const Bytes honest = device.every_progress[6];
  std::size_t refused = 0;
  for (std::size_t bit = 0; bit < honest.size() * 8; ++bit) {
    Bytes forged = honest;
    forged[bit / 8] ^= static_cast<std::uint8_t>(1U << (bit % 8));
    Device again(scenario.world.device());
    again.slots = device.slots;
    again.start();
    again.push(scenario.file, 0, payload_start(scenario.file));
    const evseal_status status = again.resume(forged);
    REQUIRE((status == EVSEAL_PENDING || status == EVSEAL_PROGRESS_MISMATCH));
    refused += status == EVSEAL_PROGRESS_MISMATCH ? 1U : 0U;
    again.push(scenario.file, evseal_verify_offset(&again.context), scenario.file.size());
    REQUIRE(again.finish() == EVSEAL_OK);
    REQUIRE(again.slots == scenario.images);
  }
  CHECK(refused > honest.size() * 7);
  for (std::size_t length = 0; length < honest.size(); ++length) {
    Device again(scenario.world.device());
    again.slots = device.slots;
    CHECK(again.go_on(scenario.file,
                      Bytes(honest.begin(), honest.begin() + static_cast<long>(length)),
                      EVSEAL_PROGRESS_MISMATCH) == EVSEAL_OK);
  }
}

TEST_CASE("resume: a slot that changed meanwhile is found, and its component begins again") {
  const Scenario scenario;
  Device device(scenario.world.device());
  device.start();
  device.push(scenario.file, 0, scenario.file.size());
  REQUIRE(device.finish() == EVSEAL_OK);
  // In the third component: the first two are checked whole.
  const Bytes progress = device.every_progress[17];
  for (const char* id : {"rootfs", "safety", "radio"}) {
    INFO(id);
    Device again(scenario.world.device());
    again.slots = device.slots;
    again.slots[id][5] ^= 1;
    CHECK(again.go_on(scenario.file, progress, EVSEAL_PROGRESS_MISMATCH) == EVSEAL_OK);
    CHECK(again.slots == scenario.images);
  }
  Device lost(scenario.world.device());
  CHECK(lost.go_on(scenario.file, progress, EVSEAL_PROGRESS_MISMATCH) == EVSEAL_OK);
  CHECK(lost.slots == scenario.images);
}

TEST_CASE("resume: another package's progress, and calls at the wrong time") {
  const Scenario scenario;
  const Scenario other(9);
  Device device(scenario.world.device());
  device.start();
  std::array<std::uint8_t, EVSEAL_PROGRESS_MAX> buffer{};
  CHECK(evseal_verify_save_progress(&device.context, buffer.data()) == 0);
  CHECK(device.resume(Bytes(60)) == EVSEAL_MISUSE);
  device.push(scenario.file, 0, payload_start(scenario.file) + 4200);
  CHECK(device.resume(device.progress) == EVSEAL_MISUSE);
  device.push(scenario.file, payload_start(scenario.file) + 4200, scenario.file.size());
  REQUIRE(device.finish() == EVSEAL_OK);
  CHECK(device.resume(device.progress) == EVSEAL_MISUSE);

  Device stranger(other.world.device());
  stranger.slots = device.slots;
  CHECK(stranger.go_on(other.file, device.every_progress[3], EVSEAL_PROGRESS_MISMATCH) ==
        EVSEAL_OK);
}

TEST_CASE("resume: under a state that has moved on, the package is refused before the payload") {
  Scenario scenario;
  Device device(scenario.world.device());
  device.start();
  device.push(scenario.file, 0, scenario.file.size() / 2);
  manifest::State state;
  state.vendor = scenario.world.profile.vendor;
  state.model = scenario.world.profile.model;
  state.slots = {{"rootfs", 9}};
  sign::Device later = scenario.world.device();
  later.state = must(manifest::encode_state(state));
  Device again(later);
  again.slots = device.slots;
  again.start();
  again.push(scenario.file, 0, payload_start(scenario.file));
  CHECK_FALSE(evseal_verify_at_payload(&again.context));
  CHECK(again.resume(device.progress) == EVSEAL_MISUSE);
  CHECK(again.finish() == EVSEAL_ROLLBACK);
}

TEST_CASE("resume: whichever hash fails, what is accepted in the end is whole") {
  const Scenario scenario;
  Device device(scenario.world.device());
  device.start();
  device.push(scenario.file, 0, scenario.file.size());
  REQUIRE(device.finish() == EVSEAL_OK);
  const Bytes progress = device.every_progress[17];
  unsigned failed = 0;
  unsigned mismatches = 0;
  for (unsigned n = 1;; ++n) {
    Device again(scenario.world.device());
    again.slots = device.slots;
    again.config.crypto = &evseal_crypto_failing;
    evseal_crypto_fail_at(0, 0);
    again.start();
    again.push(scenario.file, 0, payload_start(scenario.file));
    evseal_crypto_fail_at(n, 0);
    const evseal_status status = again.resume(progress);
    if (evseal_crypto_calls() < n) {
      CHECK(status == EVSEAL_PENDING);
      break;
    }
    INFO(n);
    REQUIRE((status == EVSEAL_CRYPTO_FAILED || status == EVSEAL_PROGRESS_MISMATCH));
    again.push(scenario.file, evseal_verify_offset(&again.context), scenario.file.size());
    REQUIRE(again.finish() == (status == EVSEAL_CRYPTO_FAILED ? status : EVSEAL_OK));
    REQUIRE((status == EVSEAL_CRYPTO_FAILED || again.slots == scenario.images));
    failed++;
    mismatches += status == EVSEAL_PROGRESS_MISMATCH ? 1U : 0U;
  }
  CHECK(failed > 20);
  // Where the hashes of 14 chunks and of the last component become a root; all others say so.
  CHECK(mismatches == 2 + 3);
}

TEST_CASE("resume: the watchdog is fed, a stop is a stop, and a missing reader is misuse") {
  const Scenario scenario;
  Device device(scenario.world.device());
  device.start();
  device.push(scenario.file, 0, scenario.file.size());
  REQUIRE(device.finish() == EVSEAL_OK);
  const Bytes progress = device.every_progress[17];

  static unsigned yields;
  yields = 0;
  Device again(scenario.world.device());
  again.slots = device.slots;
  again.config.callbacks.on_yield = [](void*) { yields++; };
  again.start();
  again.push(scenario.file, 0, payload_start(scenario.file));
  CHECK(evseal_verify_resume(&again.context, {progress.data(), progress.size()}, nullptr,
                             nullptr) == EVSEAL_MISUSE);
  CHECK(evseal_verify_resume(nullptr, {progress.data(), progress.size()}, Device::read_back,
                             nullptr) == EVSEAL_MISUSE);
  CHECK(again.resume(Bytes(EVSEAL_PROGRESS_MAX + 1)) == EVSEAL_PROGRESS_MISMATCH);
  yields = 0;
  CHECK(again.resume(progress) == EVSEAL_PENDING);
  CHECK(yields == 14 + 1 + 3);

  // The caller ends it at a component that it had already: nothing goes on from there.
  Device stopping(scenario.world.device());
  stopping.slots = device.slots;
  stopping.config.callbacks.on_component_end = [](void*, const evseal_component*) {
    return EVSEAL_STOP;
  };
  stopping.start();
  stopping.push(scenario.file, 0, payload_start(scenario.file));
  CHECK(stopping.resume(progress) == EVSEAL_ABORTED);
  CHECK(stopping.finish() == EVSEAL_ABORTED);
}

TEST_CASE("resume: behind the last component, and over components that nobody takes") {
  Scenario scenario;
  Device device(scenario.world.device());
  device.start();
  device.push(scenario.file, 0, scenario.file.size());
  device.save();
  const Bytes at_end = device.progress;
  REQUIRE(device.finish() == EVSEAL_OK);
  Device again(scenario.world.device());
  again.slots = device.slots;
  CHECK(again.go_on(scenario.file, at_end, EVSEAL_PENDING) == EVSEAL_OK);
  CHECK(again.chunks == 0);

  for (manifest::DeviceComponent& component : scenario.world.profile.components) {
    component.needed = false;
  }
  for (const char* unwanted : {"rootfs", "safety", "radio"}) {
    static std::string name;
    name = unwanted;
    INFO(name);
    const auto skip = [](void*, const evseal_component* component) {
      return Device::name(component) == name ? EVSEAL_SKIP : EVSEAL_TAKE;
    };
    Device first(scenario.world.device());
    first.config.callbacks.on_component = skip;
    first.start();
    first.push(scenario.file, 0, scenario.file.size());
    REQUIRE(first.finish() == EVSEAL_OK);
    for (std::size_t i = 0; i < first.every_progress.size(); ++i) {
      Device second(scenario.world.device());
      second.slots = first.slots;
      second.config.callbacks.on_component = skip;
      REQUIRE(second.go_on(scenario.file, first.every_progress[i], EVSEAL_PENDING) == EVSEAL_OK);
      REQUIRE(second.slots == first.slots);
      REQUIRE(second.resumed_at == first.every_offset[i]);
    }
    // Saved while the octets of the unwanted one go by.
    for (std::size_t cut = payload_start(scenario.file); cut < scenario.file.size(); cut += 3001) {
      Device broken(scenario.world.device());
      broken.config.callbacks.on_component = skip;
      broken.start();
      broken.push(scenario.file, 0, cut);
      broken.save();
      const Bytes progress = broken.progress;
      REQUIRE(broken.go_on(scenario.file, progress, EVSEAL_PENDING) == EVSEAL_OK);
      REQUIRE(broken.slots == first.slots);
    }
  }
}

namespace {

// `text` with the value of a member of numbers or of digits exchanged.
std::string with_value(const std::string& text, const std::string& name, const std::string& value) {
  const std::string key = '"' + name + "\":";
  const std::size_t at = text.find(key);
  REQUIRE(at != std::string::npos);
  const std::size_t begin = at + key.size();
  return text.substr(0, begin) + value + text.substr(text.find_first_of(",}", begin));
}

}  // namespace

TEST_CASE("resume: in front of the first chunk of the largest tree, with all its siblings") {
  World world("ed25519");
  world.set_component("rootfs", pattern(4096));
  world.recipe.components.back().chunk_size = 4096;
  const Bytes file = world.package();
  // 2^20 chunks that are all alike: the nodes of a level are one.
  Bytes nodes;
  Sha256 hash{};
  for (unsigned level = 0; level < EVSEAL_MAX_LEVELS; ++level) {
    Bytes node(hash.begin(), hash.end());
    node.insert(node.end(), hash.begin(), hash.end());
    nodes.insert(nodes.begin(), node.begin(), node.end());
    node.insert(node.begin(), 0x01);
    hash = sha256(node);
  }
  std::string manifest(as_text(manifest_of(file)));
  for (const char* name : {"size", "stored_size"}) {
    manifest = with_value(manifest, name, "4294967296");
  }
  manifest = with_value(manifest, "tree_root", '"' + to_hex(hash) + '"');
  const ByteView octets = as_bytes(manifest);
  Bytes large = resealed(file, {&world.identity}, kSigningTime, {}, {octets.begin(), octets.end()});
  large.resize(payload_start(large));
  large.insert(large.end(), nodes.begin(), nodes.end());

  Device device(world.device());
  device.start();
  device.push(large, 0, large.size());
  device.save();
  REQUIRE(device.progress.size() == EVSEAL_PROGRESS_MAX);
  Device again(world.device());
  again.start();
  again.push(large, 0, payload_start(large));
  CHECK(again.resume(device.progress) == EVSEAL_PENDING);
  CHECK(evseal_verify_offset(&again.context) == large.size());
}

TEST_CASE("resume: progress in a component that the file lacks begins with the first that it has") {
  Scenario scenario;
  Device first(scenario.world.device());
  first.start();
  first.push(scenario.file, 0, payload_start(scenario.file) + 20000);
  const Bytes progress = first.progress;
  REQUIRE_FALSE(progress.empty());
  for (manifest::DeviceComponent& component : scenario.world.profile.components) {
    component.needed = false;
  }
  // The header's mask says which components are there; those of `rootfs` go, with their nodes.
  Bytes part = scenario.file;
  part[15] = 6;
  const auto payload = part.begin() + static_cast<std::ptrdiff_t>(payload_start(part));
  part.erase(payload, payload + 13 * 4096 + 100 + 13 * 64);
  Device again(scenario.world.device());
  CHECK(again.go_on(part, progress, EVSEAL_PENDING) == EVSEAL_OK);
  CHECK(again.resumed_at == payload_start(part));
  CHECK(again.slots.count("rootfs") == 0);
  CHECK(again.slots["radio"] == scenario.images["radio"]);
}
