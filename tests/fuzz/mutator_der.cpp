// For inputs that are DER; an envelope's references are kept.
#include "mutator.hpp"
#include "repair.hpp"

using namespace evseal;
using namespace evseal::fuzz;

std::size_t LLVMFuzzerCustomMutator(std::uint8_t* data, std::size_t size, std::size_t max_size,
                                    unsigned seed) {
  Dice dice(seed);
  auto root = dice.one_in(4) ? std::nullopt : read_der({data, size});
  if (!root || root->empty()) {
    return LLVMFuzzerMutate(data, size, max_size);
  }
  note_references(*root);
  mutate_der(*root, dice, scramble);
  repair_envelope(*root, dice, false);
  return deliver(write_der(*root), data, size, max_size);
}
