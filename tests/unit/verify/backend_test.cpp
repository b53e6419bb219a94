// Whole packages through the crypto backends.
#include <catch2/catch.hpp>

#include "backends.hpp"
#include "verifier.hpp"

using namespace evseal;
using namespace evseal::test;

namespace {

struct Signed {
  const char* algorithm;
  bool (*offered)(const evseal_crypto&);
};

const Signed kSigned[] = {
    {"p256", [](const evseal_crypto& table) { return table.ecdsa_p256 != nullptr; }},
    {"p384", [](const evseal_crypto& table) { return table.ecdsa_p384 != nullptr; }},
    {"rsa3072", [](const evseal_crypto& table) { return table.rsa_pss != nullptr; }},
    {"ed25519", [](const evseal_crypto& table) { return table.ed25519 != nullptr; }}};

#ifdef EVSEAL_HAS_BEARSSL
// As crypto.h shows it.
evseal_crypto bearssl_with_ed25519() {
  evseal_crypto table = evseal_crypto_bearssl;
  table.ed25519 = evseal_crypto_sodium.ed25519;
  return table;
}
const evseal_crypto kMixed = bearssl_with_ed25519();
#endif

std::vector<const evseal_crypto*> tables() {
  std::vector<const evseal_crypto*> out = backends();
#ifdef EVSEAL_HAS_BEARSSL
  out.push_back(&kMixed);
#endif
  return out;
}

}  // namespace

TEST_CASE(
    "backends: packages hold with every backend that offers the algorithm, or it is missing") {
  for (const Signed& kind : kSigned) {
    World world(kind.algorithm);
    world.set_component("rootfs", pattern(9000));
    const Bytes file = world.package();
    Bytes damaged = file;
    damaged[envelope_end(file) - 3] ^= 1;
    Verifier openssl(world.device());
    const evseal_status refused = openssl.judge(damaged);
    REQUIRE(refused != EVSEAL_OK);
    for (const evseal_crypto* table : tables()) {
      INFO(table->name << ", " << kind.algorithm);
      Verifier verifier(world.device());
      verifier.config().crypto = table;
      const bool offered = kind.offered(*table);
      CHECK(verifier.judge(file) == (offered ? EVSEAL_OK : EVSEAL_CRYPTO_MISSING));
      CHECK(verifier.judge(damaged) == (offered ? refused : EVSEAL_CRYPTO_MISSING));
    }
  }
}
