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

  static bool read(void* user, unsigned copy, std::size_t offset, std::uint8_t* out,
                   std::size_t len) {
    auto& self = *static_cast<Flash*>(user);
    if (self.unreadable || self.dead) {
      return false;
    }
    std::memcpy(out, self.copies.at(copy).data() + offset, len);
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
      sector[i] = bytes[i];
    }
    return true;
  }
  evseal_store store() { return {this, kCapacity, read, write}; }
};

struct Loaded {
  evseal_status status;
  Bytes blob;
  bool needs_repair;
};

Loaded load(Flash& flash) {
  Loaded out{EVSEAL_MISUSE, Bytes(kCapacity), false};
  std::size_t len = 0;
  const evseal_store store = flash.store();
  out.status =
      evseal_store_load(out.blob.data(), &len, &out.needs_repair, &store, &evseal_crypto_openssl);
  out.blob.resize(len);
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
