// What the mutators of inputs of several parts share: changes of one part.
#pragma once

#include <array>

#include "mutator.hpp"
#include "repair.hpp"

namespace evseal::fuzz {

inline Bytes mutate_blob(const Bytes& der, Dice& dice) {
  auto root = read_der(der);
  if (!root || root->empty()) {
    return scramble(der, der.size() + 32);
  }
  mutate_der(*root, dice, scramble);
  return write_der(*root);
}

inline void mutate_envelope(PackageInput& input, Dice& dice) {
  auto root = read_der(input.envelope);
  if (!root || find_parts(*root).manifest == nullptr) {
    input.envelope = scramble(input.envelope, input.envelope.size() + 64);
    return;
  }
  note_references(*root);
  if (dice.one_in(2)) {
    mutate_der(*root, dice, scramble);
  } else {
    DerNode& manifest = *find_parts(*root).manifest;
    manifest.set(mutate_manifest(manifest.content, dice, scramble));
  }
  if (const EnvelopeParts parts = find_parts(*root); parts.manifest != nullptr && !dice.one_in(8)) {
    parts.manifest->set(rebuild_payload(input, parts.manifest->content));
  }
  repair_envelope(*root, dice, false);
  input.envelope = write_der(*root);
}

template <std::size_t N>
void mutate_settings(std::array<std::uint8_t, N>& settings) {
  const Bytes made = scramble({settings.begin(), settings.end()}, N);
  std::copy_n(made.begin(), std::min(made.size(), N), settings.begin());
}

}  // namespace evseal::fuzz
