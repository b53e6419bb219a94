// No accepted change: every single-bit flip, every truncation and any appended octet of a small
// package is refused.
#include <catch2/catch.hpp>

#include "verifier.hpp"

using namespace evseal;
using namespace evseal::test;

namespace {

// Accepted flips of [begin, end), each judged from the start.
std::vector<std::size_t> accepted_flips(Verifier& verifier, Bytes file, std::size_t begin,
                                        std::size_t end) {
  std::vector<std::size_t> accepted;
  for (std::size_t bit = begin * 8; bit < end * 8; ++bit) {
    file[bit / 8] ^= static_cast<std::uint8_t>(1U << (bit % 8));
    if (verifier.judge(file) == EVSEAL_OK) {
      accepted.push_back(bit);
    }
    file[bit / 8] ^= static_cast<std::uint8_t>(1U << (bit % 8));
  }
  return accepted;
}

// The same behind the envelope, going on from a verifier that has accepted the envelope.
std::vector<std::size_t> accepted_flips_behind(Verifier& verifier, Bytes file) {
  std::vector<std::size_t> accepted;
  const std::size_t begin = envelope_end(file);
  (void)verifier.start();
  REQUIRE(verifier.push(ByteView(file).first(begin)) == EVSEAL_PENDING);
  const Verifier::Snapshot snapshot = verifier.save();
  for (std::size_t bit = begin * 8; bit < file.size() * 8; ++bit) {
    file[bit / 8] ^= static_cast<std::uint8_t>(1U << (bit % 8));
    verifier.restore(snapshot);
    (void)verifier.push(ByteView(file).subspan(begin));
    if (verifier.finish() == EVSEAL_OK) {
      accepted.push_back(bit);
    }
    file[bit / 8] ^= static_cast<std::uint8_t>(1U << (bit % 8));
  }
  return accepted;
}

}  // namespace

TEST_CASE("no changed package is accepted, whatever the algorithm") {
  const std::string algorithm = GENERATE(as<std::string>{}, "p256", "p384", "rsa2048", "ed25519");
  CAPTURE(algorithm);
  World world(algorithm);
  world.set_component("rootfs", pattern(5000));
  const Bytes file = world.package();
  Verifier verifier(world.device());
  REQUIRE(verifier.judge(file) == EVSEAL_OK);
  REQUIRE(verifier.released == pattern(5000));

  SECTION("every bit of header and envelope") {
    CHECK(accepted_flips(verifier, file, 0, envelope_end(file)).empty());
  }
  SECTION("every bit of padding and payload") {
    CHECK(accepted_flips_behind(verifier, file).empty());
  }
  SECTION("every truncation") {
    const std::size_t begin = envelope_end(file);
    for (std::size_t length = 0; length < begin; ++length) {
      REQUIRE(verifier.judge(ByteView(file).first(length)) == EVSEAL_TRUNCATED);
    }
    (void)verifier.start();
    (void)verifier.push(ByteView(file).first(begin));
    const Verifier::Snapshot snapshot = verifier.save();
    for (std::size_t length = begin; length < file.size(); ++length) {
      verifier.restore(snapshot);
      (void)verifier.push(ByteView(file).subspan(begin, length - begin));
      REQUIRE(verifier.finish() == EVSEAL_TRUNCATED);
    }
  }
  SECTION("any appended octet") {
    for (unsigned octet = 0; octet < 256; ++octet) {
      Bytes longer = file;
      longer.push_back(static_cast<std::uint8_t>(octet));
      REQUIRE(verifier.judge(longer) == EVSEAL_TRAILING_DATA);
    }
  }
}
