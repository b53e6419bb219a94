// The frame of profile and state (docs/format.md section 9): with the right length and checksum, so
// that a fuzzer reaches what is inside.
#pragma once

#include "evseal/base/digest.hpp"
#include "fuzz.hpp"

namespace evseal::fuzz {

/// `letter`: D for a profile, T for a state.
[[nodiscard]] inline Bytes frame_blob(char letter, ByteView der) {
  Bytes out = {0x89, 'E', 'V', static_cast<std::uint8_t>(letter), '1', 0x0D, 0x0A, 0x1A};
  for (int shift = 24; shift >= 0; shift -= 8) {
    out.push_back(static_cast<std::uint8_t>(der.size() >> static_cast<unsigned>(shift)));
  }
  out.insert(out.end(), der.begin(), der.end());
  const Sha256 digest = sha256(out);
  out.insert(out.end(), digest.begin(), digest.end());
  return out;
}

/// What an input of a profile or state target means: DER to be framed, or, behind the octet 89 of
/// the magics, which no SEQUENCE starts with, the blob itself.
[[nodiscard]] inline Bytes blob_of_input(char letter, ByteView input) {
  if (!input.empty() && input[0] == 0x89) {
    return {input.begin(), input.end()};
  }
  return frame_blob(letter, input);
}

}  // namespace evseal::fuzz
