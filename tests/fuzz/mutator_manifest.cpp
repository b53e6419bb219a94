#include "mutator.hpp"

using namespace evseal;
using namespace evseal::fuzz;

std::size_t LLVMFuzzerCustomMutator(std::uint8_t* data, std::size_t size, std::size_t max_size,
                                    unsigned seed) {
  Dice dice(seed);
  if (dice.one_in(4)) {
    return LLVMFuzzerMutate(data, size, max_size);
  }
  return deliver(mutate_manifest({data, data + size}, dice, scramble), data, size, max_size);
}
