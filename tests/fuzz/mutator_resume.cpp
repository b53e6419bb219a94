// For packages whose transfer breaks off: most changes are to the progress and to where it breaks.
#include "mutator_parts.hpp"
#include "resume_input.hpp"

namespace {

using namespace evseal;
using namespace evseal::fuzz;

/// Component, chunks and depth as they may be, and hashes.
Bytes made_up_progress(Dice& dice) {
  Bytes out;
  for (const std::size_t below : {4U, 8U, 5U}) {
    out.insert(out.end(), {0, 0, 0, static_cast<std::uint8_t>(dice.below(below))});
  }
  out.resize(12 + 32 * (dice.one_in(4) ? dice.below(23) : out[11]), 0x5A);
  return out;
}

}  // namespace

std::size_t LLVMFuzzerCustomMutator(std::uint8_t* data, std::size_t size, std::size_t max_size,
                                    unsigned seed) {
  Dice dice(seed);
  ResumeInput input = ResumeInput::read({data, size});
  switch (dice.below(8)) {
    case 0:
      return LLVMFuzzerMutate(data, size, max_size);
    case 1:
      mutate_envelope(input.package, dice);
      break;
    case 2:
      mutate_settings(input.package.settings);
      break;
    case 3:
      input.progress = scramble(input.progress, input.progress.size() + 32);
      break;
    case 4:
      input.progress = made_up_progress(dice);
      break;
    default:
      mutate_settings(input.settings);
  }
  return deliver(input.write(), data, size, max_size);
}
