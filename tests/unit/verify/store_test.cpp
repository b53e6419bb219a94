// The two copies of a device's state: cut off at every octet, there is always one that is whole.
#include <evseal/store.h>

#include <array>
#include <catch2/catch.hpp>
#include <cstring>

#include "verifier.hpp"

using namespace evseal;
using namespace evseal::test;

namespace {

constexpr std::size_t kCapacity = 512;

// Two flash sectors: a write erases first, and ends where the power is cut.
struct Flash {
  std::array<Bytes, 2> copies = {Bytes(kCapacity, 0xFF), Bytes(kCapacity, 0xFF)};
  long octets_left = -1;  // until the power is cut; negative: never
  bool dead = false;
  bool unreadable = false;
  unsigned reads = 0;
  unsigned failing_read = 0;         // its number, from 1; 0: none
  unsigned lying_read = 0;           // one that gives an octet wrong
  std::size_t stuck = 0;             // an octet of both copies that cannot be written; 0: none
  std::size_t capacity = kCapacity;  // what the store is told; no call may go past it

  static bool read(void* user, unsigned copy, std::size_t offset, std::uint8_t* out,
                   std::size_t len) {
    auto& self = *static_cast<Flash*>(user);
    if (self.unreadable || self.dead || ++self.reads == self.failing_read) {
      return false;
    }
    REQUIRE(offset + len <= self.capacity);
    std::memcpy(out, self.copies.at(copy).data() + offset, len);
    out[len - 1] ^= self.reads == self.lying_read ? 1 : 0;
    return true;
  }
  static bool write(void* user, unsigned copy, const std::uint8_t* bytes, std::size_t len) {
    auto& self = *static_cast<Flash*>(user);
    if (self.dead) {
      return false;
    }
    Bytes& sector = self.copies.at(copy);
    std::fill(sector.begin(), sector.end(), std::uint8_t{0xFF});
    for (std::size_t i = 0; i < len; ++i) {
      if (self.octets_left == 0) {
        self.dead = true;
        return false;
      }
      self.octets_left -= self.octets_left > 0 ? 1 : 0;
      sector[i] = i > 0 && i == self.stuck ? 0 : bytes[i];
    }
    return true;
  }
  evseal_store store() { return {this, capacity, read, write}; }
};

struct Loaded {
  evseal_status status;
  Bytes blob;
  bool needs_repair;
};

Loaded load(Flash& flash) {
  Loaded out{EVSEAL_MISUSE, Bytes(kCapacity), true};
  std::size_t len = 0;
  const evseal_store store = flash.store();
  out.status =
      evseal_store_load(out.blob.data(), &len, &out.needs_repair, &store, &evseal_crypto_openssl);
  out.blob.resize(len);
  CHECK((out.status == EVSEAL_OK || !out.needs_repair));
  return out;
}

evseal_status save(Flash& flash, const Bytes& blob) {
  Bytes scratch(kCapacity);
  const evseal_store store = flash.store();
  return evseal_store_save(&store, &evseal_crypto_openssl, {blob.data(), blob.size()},
                           scratch.data());
}

Bytes blob_of(std::uint32_t counter) {
  manifest::State state;
  state.vendor = "acme";
  state.model = "ac22";
  state.counter = counter;
  return must(manifest::encode_state(state));
}

}  // namespace

TEST_CASE("store: empty is missing, garbage is missing, a broken state is damaged") {
  Flash flash;
  CHECK(load(flash).status == EVSEAL_STATE_MISSING);
  flash.copies[0] = Bytes(kCapacity, 0);
  CHECK(load(flash).status == EVSEAL_STATE_MISSING);
  REQUIRE(save(flash, blob_of(1)) == EVSEAL_OK);
  flash.copies[0][20] ^= 1;
  flash.copies[1][20] ^= 1;
  CHECK(load(flash).status == EVSEAL_STATE_DAMAGED);
  flash.unreadable = true;
  CHECK(load(flash).status == EVSEAL_STATE_DAMAGED);
  // Where one copy was begun, whichever, there has been a state.
  for (const std::size_t copy : {0U, 1U}) {
    Flash one;
    REQUIRE(save(one, blob_of(1)) == EVSEAL_OK);
    one.copies.at(copy)[20] ^= 1;
    one.copies.at(1 - copy) = Bytes(kCapacity, 0xFF);
    CHECK(load(one).status == EVSEAL_STATE_DAMAGED);
  }
}

TEST_CASE("store: what was saved is loaded, and either copy alone is enough") {
  Flash flash;
  REQUIRE(save(flash, blob_of(1)) == EVSEAL_OK);
  REQUIRE(save(flash, blob_of(2)) == EVSEAL_OK);
  CHECK(load(flash).blob == blob_of(2));
  CHECK_FALSE(load(flash).needs_repair);
  for (std::size_t copy = 0; copy < 2; ++copy) {
    for (std::size_t octet = 0; octet < blob_of(2).size(); ++octet) {
      Flash worn = flash;
      worn.copies.at(copy)[octet] ^= 0x10;
      const Loaded loaded = load(worn);
      REQUIRE(loaded.status == EVSEAL_OK);
      REQUIRE(loaded.blob == blob_of(2));
      REQUIRE(loaded.needs_repair);
    }
  }
}

TEST_CASE("store: the power is cut at every octet of a save; the old state or the new is there") {
  const Bytes before = blob_of(7);
  const Bytes after = blob_of(8);
  Flash stored;
  REQUIRE(save(stored, before) == EVSEAL_OK);
  bool seen_old = false;
  for (long cut = 0; cut < 2 * static_cast<long>(after.size()); ++cut) {
    Flash flash = stored;
    flash.octets_left = cut;
    REQUIRE(save(flash, after) == EVSEAL_STATE_DAMAGED);
    flash.dead = false;
    flash.octets_left = -1;
    const Loaded loaded = load(flash);
    REQUIRE(loaded.status == EVSEAL_OK);
    const bool whole = cut >= static_cast<long>(after.size());
    REQUIRE(loaded.blob == (whole ? after : before));
    REQUIRE(loaded.needs_repair);
    seen_old = seen_old || !whole;
    // Repaired, and again: nothing is lost on the way.
    REQUIRE(save(flash, loaded.blob) == EVSEAL_OK);
    CHECK_FALSE(load(flash).needs_repair);
  }
  CHECK(seen_old);
}

TEST_CASE("store: where one copy counts, it stays whole until the other one is written") {
  for (const std::size_t lost : {0U, 1U}) {
    Flash stored;
    REQUIRE(save(stored, blob_of(7)) == EVSEAL_OK);
    stored.copies.at(lost)[20] ^= 1;
    Flash flash = stored;
    flash.octets_left = 20;
    REQUIRE(save(flash, blob_of(8)) == EVSEAL_STATE_DAMAGED);
    flash.dead = false;
    CHECK(load(flash).blob == blob_of(7));
  }
}

TEST_CASE("store: the newer counter wins, over the end of 32 bits too") {
  Flash flash;
  const auto put = [&](std::size_t copy, std::uint32_t counter) {
    const Bytes blob = blob_of(counter);
    std::copy(blob.begin(), blob.end(), flash.copies.at(copy).begin());
  };
  put(0, 5);
  put(1, 6);
  CHECK(load(flash).blob == blob_of(6));
  put(0, 0xFFFFFFFF);
  put(1, 0);
  CHECK(load(flash).blob == blob_of(0));
  CHECK(evseal_state_newer(0, 0xFFFFFFFF));
  CHECK_FALSE(evseal_state_newer(0xFFFFFFFF, 0));
  CHECK_FALSE(evseal_state_newer(3, 3));
}

TEST_CASE("store: two copies of one counter that differ are to be repaired") {
  manifest::State state = must(manifest::decode_state(blob_of(5)));
  state.time_floor = 1;
  const Bytes other = must(manifest::encode_state(state));
  Flash flash;
  REQUIRE(save(flash, blob_of(5)) == EVSEAL_OK);
  std::copy(other.begin(), other.end(), flash.copies[1].begin());
  CHECK(load(flash).blob == blob_of(5));
  CHECK(load(flash).needs_repair);
  REQUIRE(save(flash, load(flash).blob) == EVSEAL_OK);
  CHECK_FALSE(load(flash).needs_repair);
}

TEST_CASE("store: what is no state is not saved, and what does not fit neither") {
  Flash flash;
  REQUIRE(save(flash, blob_of(1)) == EVSEAL_OK);
  Bytes damaged = blob_of(2);
  damaged[15] ^= 1;
  CHECK(save(flash, damaged) == EVSEAL_STATE_DAMAGED);
  CHECK(save(flash, Bytes(kCapacity + 1)) == EVSEAL_WORKSPACE_TOO_SMALL);
  CHECK(load(flash).blob == blob_of(1));
}

TEST_CASE("store: whichever read fails or lies, what is loaded is a saved state or nothing") {
  const Bytes before = blob_of(7);
  const Bytes after = blob_of(8);
  Flash both;
  REQUIRE(save(both, before) == EVSEAL_OK);
  std::copy(after.begin(), after.end(), both.copies[1].begin());
  both.reads = 0;
  Flash counted = both;
  REQUIRE(load(counted).blob == after);
  REQUIRE(counted.reads == 6);  // two copies in two pieces, and the one that counts once more
  for (unsigned n = 1; n <= counted.reads; ++n) {
    for (const bool lies : {false, true}) {
      INFO(n << (lies ? " lies" : " fails"));
      Flash flash = both;
      (lies ? flash.lying_read : flash.failing_read) = n;
      const Loaded loaded = load(flash);
      if (loaded.status == EVSEAL_OK) {
        CHECK((loaded.blob == after || loaded.blob == before));
        CHECK(loaded.needs_repair);
      } else {
        CHECK(loaded.status == EVSEAL_STATE_DAMAGED);
        CHECK(loaded.blob.empty());
      }
    }
  }
}

TEST_CASE("store: a save says so when its medium fails, reads wrong or does not take an octet") {
  Flash flash;
  REQUIRE(save(flash, blob_of(1)) == EVSEAL_OK);
  const unsigned reads = [&] {
    Flash counted = flash;
    counted.reads = 0;
    REQUIRE(save(counted, blob_of(2)) == EVSEAL_OK);
    return counted.reads;
  }();
  REQUIRE(reads == 6);  // both copies in two pieces, then each that was written
  for (unsigned n = 1; n <= reads; ++n) {
    INFO(n);
    Flash failing = flash;
    failing.reads = 0;
    failing.failing_read = n;
    // A copy that cannot be looked at is written anew.
    CHECK(save(failing, blob_of(2)) == (n <= 4 ? EVSEAL_OK : EVSEAL_STATE_DAMAGED));
    failing.failing_read = 0;
    CHECK(load(failing).status == EVSEAL_OK);
  }
  Flash stuck = flash;
  stuck.stuck = blob_of(2).size() - 1;
  const Bytes blob = blob_of(2);
  CHECK(save(stuck, blob) == (blob.back() == 0 ? EVSEAL_OK : EVSEAL_STATE_DAMAGED));
  CHECK(load(stuck).status == EVSEAL_OK);
}

TEST_CASE("store: a medium too small for any state is damaged or empty, never overrun") {
  for (const std::size_t capacity : {0U, 11U, 12U, 43U, 44U}) {
    INFO(capacity);
    Flash flash;
    const Bytes blob = blob_of(1);
    std::copy(blob.begin(), blob.end(), flash.copies[0].begin());
    flash.capacity = capacity;
    CHECK(load(flash).status == EVSEAL_STATE_DAMAGED);
  }
  // A length that points behind the end.
  Flash flash;
  const Bytes blob = blob_of(1);
  std::copy(blob.begin(), blob.end(), flash.copies[0].begin());
  flash.copies[0][10] = 0xFF;
  CHECK(load(flash).status == EVSEAL_STATE_DAMAGED);
}

TEST_CASE("store: whether a repair is needed need not be asked") {
  Flash flash;
  REQUIRE(save(flash, blob_of(3)) == EVSEAL_OK);
  Bytes out(kCapacity);
  std::size_t len = 0;
  const evseal_store store = flash.store();
  CHECK(evseal_store_load(out.data(), &len, nullptr, &store, &evseal_crypto_openssl) == EVSEAL_OK);
  CHECK(len == blob_of(3).size());
}

TEST_CASE("store: a medium exactly as large as the state is enough") {
  Flash flash;
  flash.capacity = blob_of(1).size();
  REQUIRE(save(flash, blob_of(1)) == EVSEAL_OK);
  CHECK(load(flash).blob == blob_of(1));
  --flash.capacity;
  CHECK(load(flash).status == EVSEAL_STATE_DAMAGED);
  CHECK(save(flash, blob_of(1)) == EVSEAL_WORKSPACE_TOO_SMALL);
}

TEST_CASE("store: no read goes past a medium that is too small for any state") {
  for (std::size_t capacity = 0; capacity < 64; ++capacity) {
    INFO(capacity);
    Flash flash;
    flash.capacity = capacity;
    // Below a header nothing can be read, with one nothing has begun.
    CHECK(load(flash).status == (capacity < 12 ? EVSEAL_STATE_DAMAGED : EVSEAL_STATE_MISSING));
    const Bytes blob = blob_of(1);
    for (const std::uint8_t length : {std::uint8_t{0}, blob[11], std::uint8_t{0xFF}}) {
      std::copy(blob.begin(), blob.end(), flash.copies[0].begin());
      flash.copies[0][11] = length;
      CHECK(load(flash).status == EVSEAL_STATE_DAMAGED);
    }
  }
}
