// The second opinion: what the verify-only library says about the same octets. Without that library
// it has none.
#pragma once

#include <optional>
#include <string>

#include "evseal/base/bytes.hpp"

#ifdef EVSEAL_TEST_VERIFIER
#include "evseal/device.h"
#include "evseal/manifest.h"
#include "evseal/status.h"
#endif

namespace evseal::manifest::testing {

#ifdef EVSEAL_TEST_VERIFIER

inline evseal_span span_of(ByteView octets) {
  return {octets.data(), octets.size()};
}

inline std::optional<std::string> verifier_on_manifest(ByteView octets) {
  evseal_manifest manifest{};
  return evseal_status_name(evseal_manifest_parse(&manifest, span_of(octets)));
}

inline std::optional<std::string> verifier_on_profile(ByteView octets) {
  evseal_profile profile{};
  return evseal_status_name(evseal_profile_open(&profile, &evseal_crypto_openssl, span_of(octets)));
}

inline std::optional<std::string> verifier_on_state(ByteView octets) {
  evseal_state state{};
  return evseal_status_name(evseal_state_open(&state, &evseal_crypto_openssl, span_of(octets)));
}

#else

inline std::optional<std::string> verifier_on_manifest(ByteView) {
  return std::nullopt;
}
inline std::optional<std::string> verifier_on_profile(ByteView) {
  return std::nullopt;
}
inline std::optional<std::string> verifier_on_state(ByteView) {
  return std::nullopt;
}

#endif

}  // namespace evseal::manifest::testing
