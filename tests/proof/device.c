/* Profile and state, any content, the checksum included: what opens them and what walks over them.
 */
#include "evseal/device.h"

#include "harness.h"

#define FRAME 44u /* magic, length, SHA-256 */

static uint8_t profile_blob[FRAME + sizeof profile_frame];
static uint8_t state_blob[FRAME + sizeof state_frame];

/* The magic's letter and the length are as they must be: without them nothing is read. */
static evseal_span make_blob(uint8_t* blob, const uint8_t* frame, size_t len, const hole* holes,
                             size_t num_holes, uint8_t letter) {
  const uint8_t magic[8] = {0x89, 'E', 'V', letter, '1', 0x0D, 0x0A, 0x1A};
  memcpy(blob, magic, sizeof magic);
  blob[8] = 0;
  blob[9] = 0;
  blob[10] = (uint8_t)(len >> 8);
  blob[11] = (uint8_t)len;
  fill_frame(blob + 12, frame, len, holes, num_holes);
  fill_any(blob + 12 + len, 32);
  evseal_span span = {blob, FRAME + len};
  return span;
}

/* What the rules ask of a state's list of issuers. */
static void look_up_issuers(const evseal_state* state) {
  evseal_known_issuer issuer;
  uint8_t key[EVSEAL_SHA256_LEN];
  uint8_t octets[2] = {any_octet(), any_octet()};
  evseal_span serial = {octets, sizeof octets};
  fill_any(key, sizeof key);
  if (evseal_state_find_issuer(&issuer, state, key) && evseal_known_issuer_lists(&issuer, serial)) {
    //@ check reached: \false;
    return;
  }
}

static void look_up_role(const evseal_trust_store* store, evseal_span name) {
  evseal_role role;
  evseal_anchor anchor;
  if (evseal_trust_role(&role, store, evseal_trust_role_index(store, name)) &&
      evseal_role_anchor(&anchor, &role, 0)) {
    //@ check reached: \false;
    return;
  }
}

int main(void) {
  evseal_profile profile;
  evseal_state state;
  evseal_slot slot;
  uint8_t initial[256];
  size_t initial_len = 0;
  evseal_span id = {(const uint8_t*)"rootfs", 6};
  evseal_span role = {(const uint8_t*)"officers", 8};
  evseal_span blob = make_blob(profile_blob, FRAME_OF(profile), 'D');
  if (evseal_profile_open(&profile, &any_crypto, blob) != EVSEAL_OK) {
    return 0;
  }
  (void)evseal_state_write_initial(initial, sizeof initial, &initial_len, &any_crypto, &profile);
  look_up_role(&profile.trust, role);
  blob = make_blob(state_blob, FRAME_OF(state), 'T');
  if (evseal_state_open(&state, &any_crypto, blob) == EVSEAL_OK) {
    //@ check reached: \false;
    (void)evseal_device_slot(&slot, &profile, &state, id);
    look_up_issuers(&state);
    look_up_role(evseal_device_trust(&profile, &state), role);
  }
  return 0;
}
