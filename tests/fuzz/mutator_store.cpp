// For two copies and a state to be saved: one part is changed, or counters are brought close.
#include "mutator_parts.hpp"
#include "store_input.hpp"

namespace {

using namespace evseal;
using namespace evseal::fuzz;

/// The state's second field, which only a state has at that place.
Bytes* counter_of(std::vector<DerNode>& root) {
  const bool found = !root.empty() && root[0].children.size() > 1;
  return found ? &root[0].children[1].content : nullptr;
}

/// As in another part, or beside it; over the end of 32 bits, too.
void set_counter(Bytes& part, Dice& dice) {
  auto root = read_der(part);
  Bytes* counter = root ? counter_of(*root) : nullptr;
  if (counter == nullptr) {
    return;
  }
  static const std::array<Bytes, 6> numbers = {
      {{0}, {1}, {2}, {0x7F, 0xFF, 0xFF, 0xFF}, {0, 0x80, 0, 0, 0}, {0, 0xFF, 0xFF, 0xFF, 0xFF}}};
  *counter = numbers.at(dice.below(numbers.size()));
  part = write_der(*root);
}

}  // namespace

std::size_t LLVMFuzzerCustomMutator(std::uint8_t* data, std::size_t size, std::size_t max_size,
                                    unsigned seed) {
  Dice dice(seed);
  if (dice.one_in(8)) {
    return LLVMFuzzerMutate(data, size, max_size);
  }
  StoreInput input = StoreInput::read({data, size});
  Bytes& part = input.parts.at(dice.below(3));
  switch (dice.below(6)) {
    case 0:
    case 1:
      mutate_settings(input.settings);
      break;
    case 2:
      part = Bytes(input.parts.at(dice.below(3)));
      break;
    case 3:
      set_counter(part, dice);
      break;
    default:
      part = mutate_blob(part, dice);
  }
  return deliver(input.write(), data, size, max_size);
}
