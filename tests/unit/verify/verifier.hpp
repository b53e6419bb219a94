// A verifier with its memory, and what its callbacks saw.
#pragma once

#include <evseal/verify.h>

#include <string>
#include <vector>

#include "guarded.hpp"
#include "test_package.hpp"

namespace evseal::test {

class Verifier {
 public:
  explicit Verifier(const sign::Device& device, unsigned buffers = 1)
      : profile_(device.profile),
        state_(device.state),
        workspace_(Bytes(EVSEAL_WORKSPACE_SIZE(16384, 65536, buffers))) {
    config_.crypto = &evseal_crypto_openssl;
    config_.profile = {profile_.data(), profile_.size()};
    config_.state = {state_.data(), state_.size()};
    config_.unit.hardware_known = device.hardware.has_value();
    config_.unit.hardware = device.hardware.value_or(0);
    config_.workspace = workspace_.octets().data();
    config_.workspace_len = workspace_.octets().size();
    config_.callbacks = {this, on_manifest, on_component, on_chunk, on_end, nullptr, nullptr};
  }
  Verifier(const Verifier&) = delete;
  Verifier& operator=(const Verifier&) = delete;

  evseal_verify_config& config() { return config_; }
  evseal_verify_ctx& context() { return context_; }
  evseal_status start() {
    released.clear();
    events.clear();
    return evseal_verify_init(&context_, &config_);
  }
  evseal_status push(ByteView bytes) {
    return evseal_verify_push(&context_, bytes.data(), bytes.size());
  }
  evseal_status finish() { return evseal_verify_finish(&context_, &report); }
  /// A whole file in one push.
  evseal_status judge(ByteView file) {
    (void)start();
    (void)push(file);
    return finish();
  }

  /// The state between two pushes, to go back to: the context points into the workspace, which
  /// stays where it is.
  struct Snapshot {
    evseal_verify_ctx context;
    Bytes workspace;
  };
  [[nodiscard]] Snapshot save() const {
    const std::span<std::uint8_t> octets = workspace_.octets();
    return {context_, Bytes(octets.begin(), octets.end())};
  }
  void restore(const Snapshot& snapshot) {
    context_ = snapshot.context;
    std::copy(snapshot.workspace.begin(), snapshot.workspace.end(), workspace_.octets().begin());
  }

  evseal_report report{};
  Bytes released;
  std::vector<std::string> events;
  evseal_answer component_answer = EVSEAL_TAKE;

 private:
  static evseal_answer on_manifest(void* user, const evseal_manifest*) {
    static_cast<Verifier*>(user)->events.emplace_back("manifest");
    return EVSEAL_TAKE;
  }
  static evseal_answer on_component(void* user, const evseal_component* component) {
    auto& self = *static_cast<Verifier*>(user);
    self.events.push_back("component " +
                          std::string(as_text({component->id.data, component->id.len})));
    return self.component_answer;
  }
  static evseal_answer on_chunk(void* user, const evseal_component*, std::uint64_t,
                                evseal_span bytes) {
    auto& self = *static_cast<Verifier*>(user);
    self.released.insert(self.released.end(), bytes.data, bytes.data + bytes.len);
    return EVSEAL_TAKE;
  }
  static evseal_answer on_end(void* user, const evseal_component*) {
    static_cast<Verifier*>(user)->events.emplace_back("end");
    return EVSEAL_TAKE;
  }

  Bytes profile_;
  Bytes state_;
  Guarded workspace_;
  evseal_verify_config config_{};
  evseal_verify_ctx context_{};
};

/// Octets before the payload.
[[nodiscard]] inline std::size_t payload_start(const Bytes& file) {
  const std::size_t envelope = static_cast<std::size_t>(file[8]) << 24U |
                               static_cast<std::size_t>(file[9]) << 16U |
                               static_cast<std::size_t>(file[10]) << 8U | file[11];
  return (16 + envelope + 4095) / 4096 * 4096;
}

[[nodiscard]] inline std::size_t envelope_end(const Bytes& file) {
  return 16 + (static_cast<std::size_t>(file[8]) << 24U | static_cast<std::size_t>(file[9]) << 16U |
               static_cast<std::size_t>(file[10]) << 8U | file[11]);
}

}  // namespace evseal::test
