// evseal_state_open(); the C++ decoder must agree with it.
#include <evseal/device.h>

#include <cstring>

#include "blob.hpp"
#include "evseal/manifest/device.hpp"
#include "toy_crypto.hpp"

using namespace evseal;
using namespace evseal::fuzz;

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size > 32768) {
    return 0;
  }
  const Bytes blob = blob_of_input('T', {data, size});
  evseal_state state;
  std::memset(&state, 0xA5, sizeof state);
  const evseal_status status = evseal_state_open(&state, &kToyCrypto, span_of(blob));
  FUZZ_REQUIRE(status == EVSEAL_OK || status == EVSEAL_STATE_DAMAGED);
  FUZZ_REQUIRE(within(state.vendor, blob) && within(state.model, blob) &&
               within(state.slots, blob) && within(state.crls, blob) &&
               within(state.trust_der, blob));
  const auto model = manifest::decode_state(blob);
  FUZZ_REQUIRE(status != EVSEAL_OK || model);
  FUZZ_REQUIRE(status != EVSEAL_STATE_DAMAGED || !model);
  if (status == EVSEAL_OK) {
    FUZZ_REQUIRE(state.counter == model->counter && state.time_floor == model->time_floor &&
                 state.trust_epoch == model->trust_epoch);
    const auto written = manifest::encode_state(*model);
    FUZZ_REQUIRE(written && *written == blob);
    // One bit of the blob, chosen by the input: the checksum finds it.
    Bytes damaged = blob;
    damaged[state.counter % damaged.size()] ^= static_cast<std::uint8_t>(1U << size % 8);
    evseal_state other{};
    FUZZ_REQUIRE(evseal_state_open(&other, &kToyCrypto, span_of(damaged)) == EVSEAL_STATE_DAMAGED);
    FUZZ_REQUIRE(other.vendor.len == 0);
  }
  return 0;
}
