// evseal_profile_open() and what walks over a profile; the C++ decoder must agree with it.
#include <evseal/device.h>

#include <cstring>

#include "anchors.hpp"
#include "blob.hpp"
#include "evseal/manifest/device.hpp"
#include "toy_crypto.hpp"

namespace {

using namespace evseal;
using namespace evseal::fuzz;

void check_role(const evseal_role& role, ByteView blob) {
  for (const evseal_span span :
       {role.name, role.anchors, role.models, role.components, role.signers}) {
    FUZZ_REQUIRE(within(span, blob));
  }
  FUZZ_REQUIRE(role.threshold >= 1 && role.threshold <= EVSEAL_MAX_SIGNERS);
  FUZZ_REQUIRE(role.max_intermediates <= EVSEAL_MAX_INTERMEDIATES);
  FUZZ_REQUIRE(role.threshold == 1 || role.signers.len >= role.threshold * 34U);
  evseal_anchor anchor{};
  unsigned count = 0;
  while (evseal_role_anchor(&anchor, &role, count)) {
    evseal_public_key key{};
    FUZZ_REQUIRE(++count <= EVSEAL_MAX_ANCHORS);
    FUZZ_REQUIRE(within(anchor.subject, blob) && anchor.subject.len <= EVSEAL_MAX_NAME);
    FUZZ_REQUIRE(evseal_public_key_parse(&key, anchor.spki) == EVSEAL_OK);
  }
  FUZZ_REQUIRE(count >= 1);
}

/// A good profile: its slots can be found by their ids, its roles by their names, and the state of
/// a new device of it can be opened.
void check_good(const evseal_profile& profile, const manifest::Profile& model, ByteView blob) {
  FUZZ_REQUIRE(profile.envelope_bytes >= 1024 && profile.envelope_bytes <= EVSEAL_MAX_ENVELOPE);
  FUZZ_REQUIRE(profile.chunk_bytes >= EVSEAL_MIN_CHUNK && profile.chunk_bytes <= EVSEAL_MAX_CHUNK);
  std::uint8_t state_blob[256];
  std::size_t state_len = 0;
  FUZZ_REQUIRE(evseal_state_write_initial(state_blob, sizeof state_blob, &state_len, &kToyCrypto,
                                          &profile) == EVSEAL_OK);
  evseal_state state{};
  FUZZ_REQUIRE(evseal_state_open(&state, &kToyCrypto, {state_blob, state_len}) == EVSEAL_OK);
  FUZZ_REQUIRE(same_octets(view_of(state.vendor), view_of(profile.vendor)));
  for (unsigned i = 0; i < model.components.size(); ++i) {
    evseal_slot slot{};
    evseal_slot found{};
    FUZZ_REQUIRE(evseal_profile_slot(&slot, &profile, i) && within(slot.id, blob));
    FUZZ_REQUIRE(evseal_device_slot(&found, &profile, &state, slot.id));
    FUZZ_REQUIRE(found.id.data == slot.id.data && found.security_version == slot.security_version);
  }
  for (const manifest::Role& expected : model.trust.roles) {
    evseal_role role{};
    FUZZ_REQUIRE(evseal_trust_role(
        &role, &profile.trust,
        evseal_trust_role_index(&profile.trust, span_of(as_bytes(expected.name)))));
    check_role(role, blob);
  }
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size > 32768) {
    return 0;
  }
  const Bytes blob = blob_of_input('D', {data, size});
  evseal_profile profile;
  std::memset(&profile, 0xA5, sizeof profile);
  const evseal_status status = evseal_profile_open(&profile, &kToyCrypto, span_of(blob));
  FUZZ_REQUIRE(status == EVSEAL_OK || status == EVSEAL_PROFILE_DAMAGED);
  for (const evseal_span span :
       {profile.vendor, profile.model, profile.components, profile.trust.roles,
        profile.trust.require_firmware, profile.trust.require_trust_update}) {
    FUZZ_REQUIRE(within(span, blob));
  }
  const auto model = manifest::decode_profile(blob);
  FUZZ_REQUIRE(status == EVSEAL_OK || !model || has_bad_anchor(model->trust));
  // The decoder, unlike docs/format.md section 9.1, also refuses a list that has a name twice.
  if (status == EVSEAL_OK && model) {
    check_good(profile, *model, blob);
    const auto written = manifest::encode_profile(*model);
    FUZZ_REQUIRE(written && *written == blob);
  }
  return 0;
}
