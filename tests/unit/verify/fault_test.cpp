// Crypto that fails: a call that could not be made is never taken for one that said yes.
#include <catch2/catch.hpp>

#include "failing_crypto.h"
#include "verifier.hpp"

using namespace evseal;
using namespace evseal::test;

namespace {

// A device that judges with the failing port, and how many calls an undisturbed judgement takes.
struct Faulty : Verifier {
  explicit Faulty(const sign::Device& device) : Verifier(device) {
    config().crypto = &evseal_crypto_failing;
  }
  unsigned calls_of(const Bytes& file) {
    evseal_crypto_fail_at(0, 0);
    (void)judge(file);
    return evseal_crypto_calls();
  }
};

bool begins_with(const Bytes& whole, const Bytes& part) {
  return part.size() <= whole.size() && std::equal(part.begin(), part.end(), whole.begin());
}

// No two failing calls among the first `calls` make `file` acceptable.
void check_never_accepted(Verifier& verifier, const Bytes& file, unsigned calls) {
  for (unsigned first = 1; first <= calls; ++first) {
    for (unsigned second = first; second <= calls; ++second) {
      evseal_crypto_fail_at(first, second);
      const evseal_status status = verifier.judge(file);
      if (status == EVSEAL_OK || !verifier.released.empty()) {
        CAPTURE(first, second);
        FAIL("accepted");
      }
    }
    evseal_crypto_fail_from(first);
    REQUIRE(verifier.judge(file) != EVSEAL_OK);
  }
}

}  // namespace

TEST_CASE(
    "faults: whichever call fails, the package is not accepted, and what is released is right") {
  const std::string algorithm = GENERATE(as<std::string>{}, "p256", "p384", "rsa2048", "ed25519");
  CAPTURE(algorithm);
  World world(algorithm);
  const Bytes image = pattern(9000);
  world.set_component("rootfs", image);
  world.profile.trust.roles[0].flags = manifest::kRoleCrlRequired;
  world.crls = {world.root_authority().crl(), world.intermediate_authority().crl()};
  const Bytes file = world.package();
  Faulty device(world.device());
  const unsigned calls = device.calls_of(file);
  REQUIRE(device.report.status == EVSEAL_OK);
  for (unsigned n = 1; n <= calls; ++n) {
    CAPTURE(n);
    for (const bool all : {false, true}) {
      all ? evseal_crypto_fail_from(n) : evseal_crypto_fail_at(n, 0);
      CHECK(device.judge(file) != EVSEAL_OK);
      CHECK(device.report.status != EVSEAL_OK);
      CHECK(begins_with(image, device.released));
    }
  }
}

TEST_CASE("faults: whichever call fails, no trust-update is accepted, and nothing of it is kept") {
  World world("ed25519");
  world.set_component("rootfs", pattern(100));
  const Authority root = world.root_authority();
  sign::Identity a = world.leaf(root, sign::CertificateKind::trust_update, "a");
  sign::Identity b = world.leaf(root, sign::CertificateKind::trust_update, "b");
  // The second counts through the key that issued it.
  manifest::Role& role = world.add_officers(root, {&a}, 2);
  role.signers.push_back(sha256(world.root_key->public_key().spki));
  const Bytes file = world.trust_update(1, world.profile.trust, {&a, &b}, world.device());
  Faulty device(world.device());
  const unsigned calls = device.calls_of(file);
  REQUIRE(device.report.status == EVSEAL_OK);
  Bytes out(65536);
  std::size_t len = 1;
  for (unsigned n = 1; n <= calls; ++n) {
    CAPTURE(n);
    evseal_crypto_fail_at(n, 0);
    CHECK(device.judge(file) != EVSEAL_OK);
    CHECK(evseal_verify_next_state(&device.context(), EVSEAL_REMEMBER_ALL, out.data(), out.size(),
                                   &len) == EVSEAL_MISUSE);
    CHECK(len == 0);
  }
}

TEST_CASE("faults: no two failing calls make a refused package acceptable") {
  World world("ed25519");
  world.set_component("rootfs", pattern(100));
  const Authority root = world.root_authority();
  const Authority ca = world.intermediate_authority();
  const Bytes list = ca.crl();
  world.crls = {root.crl(), list};
  const Bytes file = world.package();
  Faulty device(world.device());
  const unsigned calls = device.calls_of(file);
  REQUIRE(device.report.status == EVSEAL_OK);
  Bytes refused;
  evseal_status expected = EVSEAL_PENDING;
  SECTION("both lists that the manifest names were taken out") {
    refused = resealed(file, {&world.identity}, kSigningTime);
    expected = EVSEAL_CRL_STRIPPED;
  }
  SECTION("the one list that the manifest names was taken out") {
    world.crls = {root.crl()};
    refused = resealed(world.package(), {&world.identity}, kSigningTime);
    expected = EVSEAL_CRL_STRIPPED;
  }
  SECTION("revoked") {
    const Bytes newer = ca.crl({World::serial(world.identity)}, list);
    refused = resealed(file, {&world.identity}, kSigningTime, {root.crl(), newer});
    expected = EVSEAL_REVOKED;
  }
  SECTION("a bit of the signature") {
    refused = file;
    refused[envelope_end(file) - 20] ^= 1;
    expected = EVSEAL_SIGNATURE_INVALID;
  }
  SECTION("signed by somebody else") {
    World other("ed25519");
    refused = resealed(file, {&other.identity}, kSigningTime, world.crls);
    expected = EVSEAL_CHAIN_SIGNATURE;
  }
  device.config().crypto = &evseal_crypto_openssl;
  CHECK(std::string(evseal_status_name(device.judge(refused))) == evseal_status_name(expected));
  device.config().crypto = &evseal_crypto_failing;
  // A judgement that goes wrong may ask more than one that accepts.
  check_never_accepted(device, refused, calls + 10);
}

TEST_CASE("faults: a next state that could not be hashed is none") {
  World world("ed25519");
  world.set_component("rootfs", pattern(100));
  const sign::Device device = world.device();
  Faulty verifier(device);
  evseal_crypto_fail_at(0, 0);
  REQUIRE(verifier.judge(world.package()) == EVSEAL_OK);
  evseal_profile profile{};
  evseal_state state{};
  const evseal_crypto* crypto = &evseal_crypto_failing;
  REQUIRE(evseal_profile_open(&profile, crypto, {device.profile.data(), device.profile.size()}) ==
          EVSEAL_OK);
  REQUIRE(evseal_state_open(&state, crypto, {device.state.data(), device.state.size()}) ==
          EVSEAL_OK);
  Bytes out(65536);
  std::size_t len = 0;
  for (unsigned n = 1; n <= 2; ++n) {  // the checksum, and the look at what was written
    evseal_crypto_fail_at(n, 0);
    CHECK(evseal_verify_next_state(&verifier.context(), EVSEAL_REMEMBER_ALL, out.data(), out.size(),
                                   &len) == (n == 1 ? EVSEAL_CRYPTO_FAILED : EVSEAL_STATE_DAMAGED));
    CHECK(len == 0);
    evseal_crypto_fail_at(n, 0);
    CHECK(evseal_state_join(out.data(), out.size(), &len, crypto, &profile, &state, &state) !=
          EVSEAL_OK);
    CHECK(len == 0);
    evseal_crypto_fail_at(n, 0);
    CHECK(evseal_state_write_initial(out.data(), out.size(), &len, crypto, &profile) != EVSEAL_OK);
    CHECK(len == 0);
  }
  evseal_crypto_fail_at(0, 0);
  CHECK(evseal_state_join(out.data(), out.size(), &len, crypto, &profile, &state, &state) ==
        EVSEAL_OK);
}

TEST_CASE("faults: an algorithm that the port lacks is missing, wherever it is needed") {
  for (const char* algorithm : {"p256", "p384", "rsa2048", "ed25519"}) {
    World world(algorithm);
    world.set_component("rootfs", pattern(100));
    const Bytes file = world.package();
    Verifier verifier(world.device());
    const auto without = [&](auto member) {
      evseal_crypto table = evseal_crypto_openssl;
      table.*member = nullptr;
      verifier.config().crypto = &table;
      return verifier.judge(file);
    };
    const std::string name = algorithm;
    const auto needs = [](bool needed) { return needed ? EVSEAL_CRYPTO_MISSING : EVSEAL_OK; };
    INFO(name);
    CHECK(without(&evseal_crypto::sha256) == EVSEAL_CRYPTO_MISSING);
    CHECK(without(&evseal_crypto::sha384) == needs(name == "p384"));
    CHECK(without(&evseal_crypto::sha512) == needs(name == "ed25519"));
    CHECK(without(&evseal_crypto::ecdsa_p256) == needs(name == "p256"));
    CHECK(without(&evseal_crypto::ecdsa_p384) == needs(name == "p384"));
    CHECK(without(&evseal_crypto::rsa_pss) == needs(name == "rsa2048"));
    CHECK(without(&evseal_crypto::rsa_pkcs1) == EVSEAL_OK);
    CHECK(without(&evseal_crypto::ed25519) == needs(name == "ed25519"));
  }
}

TEST_CASE("faults: a call that fails is the verdict, whatever else might be said") {
  World world("ed25519");
  world.set_component("rootfs", pattern(9000));
  world.recipe.components[0].chunk_size = 4096;
  const Bytes file = world.package();
  const bool conflict = GENERATE(false, true);
  if (conflict) {
    // Whoever fits two roles is refused, and here the second alone would be enough.
    world.add_role("second", world.root_authority());
    world.profile.trust.firmware = {"second"};
  }
  Faulty device(world.device());
  const unsigned calls = device.calls_of(file);
  REQUIRE(device.report.status == (conflict ? EVSEAL_ROLE_CONFLICT : EVSEAL_OK));
  for (unsigned n = 1; n <= calls; ++n) {
    INFO(n);
    evseal_crypto_fail_at(n, 0);
    const evseal_status status = device.judge(file);
    INFO(evseal_status_name(status));
    // The device's own checksums have their own words.
    CHECK((status == EVSEAL_CRYPTO_FAILED || status == EVSEAL_PROFILE_DAMAGED ||
           status == EVSEAL_STATE_DAMAGED));
  }
}
