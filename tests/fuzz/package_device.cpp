#include "package_device.hpp"

#include <algorithm>
#include <cstring>

#include "blob.hpp"
#include "toy_crypto.hpp"

namespace evseal::fuzz {
namespace {

// More would only be more of the same; a component of the largest chunk still fits twice.
constexpr std::size_t kMaxWorkspace = EVSEAL_WORKSPACE_SIZE(65536, 1048576, 2);

evseal_status hash_chunks(void*, const evseal_hash_job* jobs, std::size_t count) {
  FUZZ_REQUIRE(count <= EVSEAL_MAX_BATCH);
  for (std::size_t i = count; i-- > 0;) {  // any order must do
    if (kToyCrypto.sha256(jobs[i].digest, &jobs[i].bytes, 1) != EVSEAL_OK) {
      return EVSEAL_CRYPTO_FAILED;
    }
  }
  return EVSEAL_OK;
}

}  // namespace

PackageDevice::PackageDevice(const PackageInput& input)
    : input_(input),
      profile_(frame_blob('D', input.profile)),
      state_(input.state.empty() ? Bytes{} : frame_blob('T', input.state)) {}

evseal_span PackageDevice::state() const {
  return span_of(state_);
}

evseal_status PackageDevice::start(evseal_callbacks callbacks) {
  evseal_profile profile{};
  std::size_t workspace = 1024;
  if (evseal_profile_open(&profile, &kToyCrypto, span_of(profile_)) == EVSEAL_OK) {
    const unsigned buffers = input_.batches() ? 3 : 1;
    workspace = std::min(
        kMaxWorkspace, EVSEAL_WORKSPACE_SIZE(profile.envelope_bytes, profile.chunk_bytes, buffers));
  }
  // Of the exact size, and full of what is no good as anything.
  workspace_ = std::make_unique<std::uint8_t[]>(workspace);
  std::memset(workspace_.get(), 0xA5, workspace);
  std::memset(ctx_.get(), 0xA5, sizeof *ctx_);
  callbacks.hash_chunks = input_.batches() ? hash_chunks : nullptr;
  evseal_verify_config config{};
  config.crypto = &kToyCrypto;
  config.profile = span_of(profile_);
  config.state = span_of(state_);
  config.unit.hardware_known = input_.hardware_known();
  config.unit.hardware = input_.hardware();
  config.unit.serial = input_.serial_known() ? span_of(as_bytes("SN-1")) : evseal_span{};
  config.now_known = input_.clock_known();
  config.now = input_.now();
  config.callbacks = callbacks;
  config.workspace = workspace_.get();
  config.workspace_len = workspace;
  return evseal_verify_init(ctx_.get(), &config);
}

Sha256 tree_of(ByteView bytes, std::size_t chunk) {
  const std::size_t count = (bytes.size() + chunk - 1) / chunk;
  Bytes node = {count <= 1 ? std::uint8_t{0} : std::uint8_t{1}};
  if (count <= 1) {
    node.insert(node.end(), bytes.begin(), bytes.end());
    return sha256(node);
  }
  std::size_t k = 1;
  while (k * 2 < count) {
    k *= 2;
  }
  for (const ByteView half : {bytes.first(k * chunk), bytes.subspan(k * chunk)}) {
    const Sha256 hash = tree_of(half, chunk);
    node.insert(node.end(), hash.begin(), hash.end());
  }
  return sha256(node);
}

}  // namespace evseal::fuzz
