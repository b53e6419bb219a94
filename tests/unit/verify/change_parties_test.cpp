// No accepted change, where several parties sign, where revocation lists come along, and in
// trust-updates: flips, truncations and appended octets of the part that is judged as a whole.
//
// One bit of every eighth octet in the everyday run, and fewer of the slow algorithms; with
// EVSEAL_ALL_BITS=1 in the environment every bit of all.
#include <algorithm>
#include <catch2/catch.hpp>
#include <cstdlib>

#include "verifier.hpp"

using namespace evseal;
using namespace evseal::test;

namespace {

struct Shape {
  std::string algorithm;
  unsigned signers = 1;
  bool crls = false;
};

// What each run needs: who signs, and what the device trusts.
struct Parties {
  World world;
  Authority operator_root;
  Authority lab_root;
  sign::Identity operator_leaf;
  sign::Identity lab_leaf;

  explicit Parties(const Shape& shape)
      : world(shape.algorithm),
        operator_root(world.authority("operator root")),
        lab_root(world.authority("laboratory root")),
        operator_leaf(world.leaf(operator_root, sign::CertificateKind::firmware, "operator")),
        lab_leaf(world.leaf(lab_root, sign::CertificateKind::firmware, "laboratory")) {
    world.set_component("rootfs", pattern(300));
    if (shape.signers > 1) {
      world.add_role("operator", operator_root);
      world.more_signers.push_back(&operator_leaf);
    }
    if (shape.signers > 2) {
      world.add_role("laboratory", lab_root);
      world.more_signers.push_back(&lab_leaf);
    }
    if (shape.crls) {
      world.crls = {world.root_authority().crl(), world.intermediate_authority().crl({{0x55}})};
      if (shape.signers > 1) {
        world.crls.push_back(operator_root.crl({{0x66}, {0x77, 0x01}}));
      }
    }
  }
};

bool all_bits() {
  const char* asked = std::getenv("EVSEAL_ALL_BITS");
  return asked != nullptr && std::string(asked) == "1";
}

// The bits that are flipped: all, or one of every eighth or thirty-second octet.
std::vector<std::size_t> bits_to_flip(std::size_t octets, const std::string& algorithm) {
  std::vector<std::size_t> bits;
  const std::size_t step = algorithm == "p256" || algorithm == "ed25519" ? 8 : 32;
  for (std::size_t octet = 0; octet < octets; ++octet) {
    if (all_bits()) {
      for (std::size_t bit = 0; bit < 8; ++bit) {
        bits.push_back(octet * 8 + bit);
      }
    } else if (octet % step == 0) {
      bits.push_back(octet * 8 + (octet / step * 5) % 8);
    }
  }
  return bits;
}

void check_no_change_accepted(Verifier& verifier, Bytes file, const std::string& algorithm) {
  REQUIRE(verifier.judge(file) == EVSEAL_OK);
  const std::size_t envelope = std::min(envelope_end(file), file.size());
  std::vector<std::size_t> accepted;
  for (const std::size_t bit : bits_to_flip(envelope, algorithm)) {
    const auto mask = static_cast<std::uint8_t>(1U << (bit % 8));
    file[bit / 8] ^= mask;
    if (verifier.judge(file) == EVSEAL_OK) {
      accepted.push_back(bit);
    }
    file[bit / 8] ^= mask;
  }
  CHECK(accepted.empty());
  for (std::size_t length = 0; length < file.size(); length += all_bits() ? 1U : 7U) {
    // Behind the envelope, what is judged before is the same each time.
    if (!all_bits() && length > envelope) {
      length = std::max(length, file.size() - 64);
    }
    REQUIRE(verifier.judge(ByteView(file).first(length)) == EVSEAL_TRUNCATED);
  }
  for (unsigned octet = 0; octet < 256; octet += all_bits() ? 1U : 17U) {
    Bytes longer = file;
    longer.push_back(static_cast<std::uint8_t>(octet));
    REQUIRE(verifier.judge(longer) == EVSEAL_TRAILING_DATA);
  }
}

}  // namespace

TEST_CASE("no changed package is accepted, whoever signs and whatever lists it carries") {
  Shape shape;
  shape.algorithm = GENERATE(as<std::string>{}, "p256", "p384", "rsa2048", "ed25519");
  shape.signers = GENERATE(1U, 2U, 3U);
  shape.crls = GENERATE(false, true);
  if (shape.signers == 1 && !shape.crls) {
    return;  // change_test.cpp
  }
  CAPTURE(shape.algorithm, shape.signers, shape.crls);
  Parties parties(shape);
  const Bytes file = parties.world.package();
  Verifier verifier(parties.world.device());
  check_no_change_accepted(verifier, file, shape.algorithm);
  CHECK(verifier.judge(file) == EVSEAL_OK);
  CHECK(verifier.report.num_signers == shape.signers);
}

TEST_CASE("no changed trust-update is accepted") {
  Shape shape;
  shape.algorithm = GENERATE(as<std::string>{}, "p256", "p384", "rsa2048", "ed25519");
  shape.crls = GENERATE(false, true);
  const unsigned officers = GENERATE(1U, 2U, 3U);
  CAPTURE(shape.algorithm, shape.crls, officers);
  Parties parties(shape);
  World& world = parties.world;
  world.crls.resize(shape.crls ? 1 : 0);  // the officers stand directly below the root
  std::vector<sign::Identity> tokens;
  for (unsigned i = 0; i < officers; ++i) {
    tokens.push_back(world.leaf(world.root_authority(), sign::CertificateKind::trust_update,
                                "officer " + std::to_string(i + 1)));
  }
  std::vector<const sign::Identity*> listed;
  std::vector<sign::Identity*> signing;
  for (sign::Identity& token : tokens) {
    listed.push_back(&token);
    signing.push_back(&token);
  }
  world.add_officers(world.root_authority(), listed, officers);
  const sign::Device device = world.device();
  const Bytes update = world.trust_update(1, world.profile.trust, signing, device);
  Verifier verifier(device);
  check_no_change_accepted(verifier, update, shape.algorithm);
}
