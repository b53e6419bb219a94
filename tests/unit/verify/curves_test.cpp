// What Ed25519 points and scalars are let through to a backend.
#include <catch2/catch.hpp>

#include "evseal/base/bytes.hpp"

extern "C" {
#include "curves.h"
}

using namespace evseal;

namespace {

// y + p, for y below 19.
Bytes above(unsigned y) {
  Bytes out(32, 0xFF);
  out[0] = static_cast<std::uint8_t>(0xEDU + y);
  out[31] = 0x7F;
  return out;
}

}  // namespace

TEST_CASE("curves: Ed25519 points below the prime, of no small order") {
  const auto takes = [](Bytes point) {
    const bool taken = evseal_ed25519_point_acceptable(point.data());
    point[31] ^= 0x80;  // the sign of x
    CHECK(evseal_ed25519_point_acceptable(point.data()) == taken);
    return taken;
  };
  Bytes y(32);
  CHECK_FALSE(takes(y));  // of order 4
  y[0] = 1;
  CHECK_FALSE(takes(y));  // the identity
  y[0] = 2;
  CHECK(takes(y));
  y = above(0);  // the prime
  CHECK_FALSE(takes(y));
  --y[0];
  CHECK_FALSE(takes(y));  // of order 2
  --y[0];
  CHECK(takes(y));
  CHECK_FALSE(takes(above(2)));
}

TEST_CASE("curves: Ed25519 scalars are below the order") {
  const Bytes order = *from_hex("1000000000000000000000000000000014def9dea2f79cd65812631a5cf5d3ed");
  // Octets in front, lower than any: where all are the same nothing more is compared.
  Bytes octets(32);
  octets.insert(octets.end(), order.rbegin(), order.rend());
  std::uint8_t* const scalar = octets.data() + 32;
  CHECK_FALSE(evseal_ed25519_scalar_acceptable(scalar));
  --scalar[0];
  CHECK(evseal_ed25519_scalar_acceptable(scalar));
  ++scalar[0];
  ++scalar[0];
  CHECK_FALSE(evseal_ed25519_scalar_acceptable(scalar));
  --scalar[31];
  CHECK(evseal_ed25519_scalar_acceptable(scalar));
  CHECK(evseal_ed25519_scalar_acceptable(Bytes(32).data()));
}
