// For whole packages: one part is changed, and what depends on it is made right again.
#include "mutator.hpp"
#include "repair.hpp"

namespace {

using namespace evseal;
using namespace evseal::fuzz;

Bytes mutate_blob(const Bytes& der, Dice& dice) {
  auto root = read_der(der);
  if (!root || root->empty()) {
    return scramble(der, der.size() + 32);
  }
  mutate_der(*root, dice, scramble);
  return write_der(*root);
}

void mutate_envelope(PackageInput& input, Dice& dice) {
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

void mutate_mask(PackageInput& input, Dice& dice) {
  const Bytes mask = scramble({input.mask.begin(), input.mask.end()}, 4);
  input.mask = {};
  // Few components: the low bits are where something happens.
  if (!dice.one_in(3)) {
    input.mask[3] = static_cast<std::uint8_t>(dice.below(8));
    return;
  }
  std::copy_n(mask.begin(), std::min<std::size_t>(mask.size(), 4), input.mask.begin());
}

void mutate_settings(PackageInput& input) {
  const Bytes settings = scramble({input.settings.begin(), input.settings.end()}, 12);
  std::copy_n(settings.begin(), std::min<std::size_t>(settings.size(), 12), input.settings.begin());
}

}  // namespace

std::size_t LLVMFuzzerCustomMutator(std::uint8_t* data, std::size_t size, std::size_t max_size,
                                    unsigned seed) {
  Dice dice(seed);
  if (dice.one_in(8)) {
    return LLVMFuzzerMutate(data, size, max_size);
  }
  PackageInput input = PackageInput::read({data, size});
  switch (dice.below(12)) {
    case 0:
      mutate_settings(input);
      break;
    case 1:
      mutate_mask(input, dice);
      break;
    case 2:
    case 3:
      input.profile = mutate_blob(input.profile, dice);
      break;
    case 4:
      input.state = mutate_blob(input.state, dice);
      break;
    case 5:
      input.payload = scramble(input.payload, input.payload.size() + 64);
      break;
    default:
      mutate_envelope(input, dice);
  }
  return deliver(input.write(), data, size, max_size);
}
