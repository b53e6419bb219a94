// The crypto backends of this build.
#pragma once

#include <evseal/crypto.h>

#include <vector>

namespace evseal::test {

[[nodiscard]] inline std::vector<const evseal_crypto*> backends() {
  std::vector<const evseal_crypto*> out = {&evseal_crypto_openssl, &evseal_crypto_sodium};
#ifdef EVSEAL_HAS_BEARSSL
  out.push_back(&evseal_crypto_bearssl);
#endif
  return out;
}

}  // namespace evseal::test
