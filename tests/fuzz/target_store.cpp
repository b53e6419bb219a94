// The two copies of a state: arbitrary octets in them, a medium that fails, a write that is cut
// off.
#include <evseal/store.h>

#include <cstring>
#include <memory>
#include <optional>

#include "blob.hpp"
#include "evseal/manifest/device.hpp"
#include "store_input.hpp"
#include "toy_crypto.hpp"

namespace {

using namespace evseal;
using namespace evseal::fuzz;

constexpr std::size_t kNever = SIZE_MAX;

void flip_bit(std::uint8_t& octet, std::size_t bit) {
  octet = static_cast<std::uint8_t>(octet ^ 1U << bit);
}

/// Two sectors. What happens when the power goes is in the input.
struct Medium {
  std::array<Bytes, 2> copies;
  std::size_t octets_left = kNever;  ///< until the power is cut
  bool dead = false;
  std::array<bool, 2> reads_fail{};
  std::array<bool, 2> writes_wrong{};
  bool keeps_rest = false;
  std::optional<Dice> flaky;

  static bool read(void* user, unsigned copy, std::size_t offset, std::uint8_t* out,
                   std::size_t len) {
    Medium& self = *static_cast<Medium*>(user);
    const Bytes& sector = self.copies.at(copy);
    FUZZ_REQUIRE(len <= sector.size() && offset <= sector.size() - len);
    if (self.dead || self.reads_fail.at(copy)) {
      return false;
    }
    std::copy_n(sector.begin() + static_cast<std::ptrdiff_t>(offset), len, out);
    if (self.flaky && len > 0 && self.flaky->one_in(3)) {
      flip_bit(out[self.flaky->below(len)], self.flaky->below(8));
      return !self.flaky->one_in(4);
    }
    return true;
  }

  static bool write(void* user, unsigned copy, const std::uint8_t* bytes, std::size_t len) {
    Medium& self = *static_cast<Medium*>(user);
    Bytes& sector = self.copies.at(copy);
    FUZZ_REQUIRE(len <= sector.size());
    if (self.dead) {
      return false;
    }
    if (!self.keeps_rest) {
      std::fill(sector.begin(), sector.end(), std::uint8_t{0xFF});
    }
    const std::size_t written = std::min(len, self.octets_left);
    std::copy_n(bytes, written, sector.begin());
    self.octets_left -= self.octets_left == kNever ? 0 : written;
    self.dead = written < len;
    if (self.writes_wrong.at(copy) && written > 0) {
      flip_bit(sector[written / 2], 4);
    }
    return !self.dead;
  }

  [[nodiscard]] std::size_t capacity() const { return copies[0].size(); }
  evseal_store store() { return {this, capacity(), read, write}; }
};

/// What a copy holds, found without the library.
struct Copy {
  bool begun = false;
  Bytes blob;  ///< empty: no whole state
  std::uint32_t counter = 0;
};

Copy look_at(const Bytes& sector) {
  static const Bytes magic = {0x89, 'E', 'V', 'T', '1', 0x0D, 0x0A, 0x1A};
  Copy out;
  if (sector.size() < 12 || !std::equal(magic.begin(), magic.end(), sector.begin())) {
    return out;
  }
  out.begun = true;
  std::uint64_t size = 44;
  for (unsigned i = 0; i < 4; ++i) {
    size += std::uint64_t{sector[8 + i]} << (24 - 8 * i);
  }
  if (size > sector.size()) {
    return out;
  }
  const Bytes blob(sector.begin(), sector.begin() + static_cast<std::ptrdiff_t>(size));
  if (const auto state = manifest::decode_state(blob); state) {
    out.blob = blob;
    out.counter = state->counter;
  }
  return out;
}

struct Loaded {
  evseal_status status = EVSEAL_MISUSE;
  Bytes blob;
  bool needs_repair = false;
};

Loaded load(Medium& medium) {
  Loaded out;
  const auto buffer = std::make_unique<std::uint8_t[]>(medium.capacity());
  const evseal_store store = medium.store();
  std::size_t len = 99;
  out.needs_repair = true;
  out.status = evseal_store_load(buffer.get(), &len, &out.needs_repair, &store, &kToyCrypto);
  FUZZ_REQUIRE(len <= medium.capacity() && (out.status == EVSEAL_OK) == (len > 0));
  FUZZ_REQUIRE(out.status == EVSEAL_OK || out.status == EVSEAL_STATE_MISSING ||
               out.status == EVSEAL_STATE_DAMAGED);
  out.blob.assign(buffer.get(), buffer.get() + len);
  // Whatever the medium did.
  FUZZ_REQUIRE(out.status != EVSEAL_OK || manifest::decode_state(out.blob));
  return out;
}

/// docs/format.md section 9.2, from what is in the copies.
Loaded expected_load(const Medium& medium) {
  std::array<Copy, 2> copies;
  bool readable = medium.capacity() >= 12;
  for (unsigned i = 0; i < 2; ++i) {
    if (!medium.reads_fail.at(i)) {
      copies.at(i) = look_at(medium.copies.at(i));
    }
    readable = readable && !medium.reads_fail.at(i);
  }
  const auto& [a, b] = copies;
  if (a.blob.empty() && b.blob.empty()) {
    const bool missing = readable && !a.begun && !b.begun;
    return {missing ? EVSEAL_STATE_MISSING : EVSEAL_STATE_DAMAGED, {}, false};
  }
  const std::uint32_t ahead = b.counter - a.counter;
  const bool second = a.blob.empty() || (!b.blob.empty() && ahead >= 1 && ahead <= 0x7FFFFFFF);
  return {EVSEAL_OK, second ? b.blob : a.blob, a.blob != b.blob};
}

void check_load(Medium& medium) {
  const Loaded expected = expected_load(medium);
  const Loaded loaded = load(medium);
  FUZZ_REQUIRE(loaded.status == expected.status && loaded.blob == expected.blob);
  FUZZ_REQUIRE(loaded.needs_repair == expected.needs_repair);
}

evseal_status save(Medium& medium, const Bytes& blob) {
  const auto scratch = std::make_unique<std::uint8_t[]>(medium.capacity());
  const evseal_store store = medium.store();
  const evseal_status status = evseal_store_save(&store, &kToyCrypto, span_of(blob), scratch.get());
  FUZZ_REQUIRE(status == EVSEAL_OK || status == EVSEAL_STATE_DAMAGED ||
               status == EVSEAL_WORKSPACE_TOO_SMALL);
  return status;
}

/// A save that nothing disturbs.
void check_save(Medium medium, const Bytes& blob) {
  const std::array<Bytes, 2> before = medium.copies;
  const bool good = blob.size() <= medium.capacity() && manifest::decode_state(blob);
  const evseal_status status = save(medium, blob);
  FUZZ_REQUIRE(good == (status == EVSEAL_OK));
  FUZZ_REQUIRE((status == EVSEAL_WORKSPACE_TOO_SMALL) == (blob.size() > medium.capacity()));
  FUZZ_REQUIRE(good || medium.copies == before);
  if (good) {
    const Loaded loaded = load(medium);
    FUZZ_REQUIRE(loaded.blob == blob && !loaded.needs_repair);
  }
}

/// Without an erase, the first octets of a write can make a damaged copy whole again: a state that
/// was stored once, and that the one before does not outdo.
bool is_healed(const Medium& medium, const Loaded& before, const Loaded& loaded) {
  if (!medium.keeps_rest || before.status != EVSEAL_OK) {
    return medium.keeps_rest;
  }
  const std::uint32_t ahead =
      manifest::decode_state(before.blob)->counter - manifest::decode_state(loaded.blob)->counter;
  return ahead == 0 || ahead >= 0x80000000U;
}

/// The old state or the new one is there, and can be saved again.
void check_old_or_new(Medium& medium, const Loaded& before, const Bytes& blob) {
  medium.dead = false;
  medium.octets_left = kNever;
  medium.writes_wrong = {};
  check_load(medium);
  const Loaded loaded = load(medium);
  if (loaded.status != EVSEAL_OK) {
    FUZZ_REQUIRE(before.status != EVSEAL_OK);
    return;
  }
  FUZZ_REQUIRE(loaded.blob == blob || loaded.blob == before.blob ||
               is_healed(medium, before, loaded));
  FUZZ_REQUIRE(save(medium, loaded.blob) == EVSEAL_OK);
  const Loaded repaired = load(medium);
  FUZZ_REQUIRE(repaired.blob == loaded.blob && !repaired.needs_repair);
}

/// The power goes after `octets` octets.
void check_cut(Medium medium, const Bytes& blob, std::size_t octets) {
  const Loaded before = load(medium);
  medium.octets_left = octets;
  const evseal_status status = save(medium, blob);
  FUZZ_REQUIRE(status != EVSEAL_OK || octets >= 2 * blob.size());
  check_old_or_new(medium, before, blob);
}

Bytes blob_of(const StoreInput& input, unsigned part) {
  const Bytes& octets = input.parts.at(part);
  Bytes blob = input.form(part) == StoreInput::Form::raw ? octets : frame_blob('T', octets);
  if (input.form(part) == StoreInput::Form::damaged) {
    const std::size_t bit = input.damaged_bit() % (blob.size() * 8);
    flip_bit(blob[bit / 8], bit % 8);
  }
  if (input.form(part) == StoreInput::Form::cut) {
    blob.resize(input.damaged_bit() % blob.size());
  }
  return blob;
}

Medium medium_of(const StoreInput& input, const Bytes& blob) {
  Medium medium;
  const Bytes first = blob_of(input, 0);
  const Bytes second = blob_of(input, 1);
  const std::size_t largest = std::max({first.size(), second.size(), blob.size()});
  const std::size_t capacity = input.is_tight() ? input.spare() : largest + input.spare();
  medium.copies = {first, second};
  for (Bytes& copy : medium.copies) {
    copy.resize(capacity, 0xFF);
  }
  medium.keeps_rest = input.keeps_rest();
  return medium;
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size > 8192) {
    return 0;
  }
  const StoreInput input = StoreInput::read({data, size});
  const Bytes blob = blob_of(input, 2);
  Medium medium = medium_of(input, blob);
  check_load(medium);
  check_save(medium, blob);
  for (const std::size_t octets :
       {std::size_t{0}, input.cut() % (2 * blob.size() + 1), blob.size()}) {
    check_cut(medium, blob, octets);
  }
  Medium wrong = medium;
  wrong.writes_wrong = {input.writes_wrong(0), input.writes_wrong(1)};
  const Loaded before = load(wrong);
  (void)save(wrong, blob);
  check_old_or_new(wrong, before, blob);
  medium.reads_fail = {input.reads_fail(0), input.reads_fail(1)};
  check_load(medium);
  if (input.is_flaky()) {
    medium.flaky.emplace(size + input.damaged_bit());
    (void)load(medium);
    (void)save(medium, blob);
    (void)load(medium);
  }
  return 0;
}
