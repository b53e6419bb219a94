// For whole packages: one part is changed, and what depends on it is made right again.
#include "mutator_parts.hpp"

namespace {

using namespace evseal;
using namespace evseal::fuzz;

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
      mutate_settings(input.settings);
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
