// A crypto backend for fuzzing: the real hashes, and signatures that anybody can make.
//
// A toy signature is a function of the message alone, in the form of the algorithm. A fuzzer that
// may sign reaches the rules behind the signature, and a signature still binds every octet of its
// message: a package that differs must still be refused.
#pragma once

#include <evseal/crypto.h>
#include <evseal/signature.h>

#include "evseal/base/bytes.hpp"

namespace evseal::fuzz {

extern const evseal_crypto kToyCrypto;

enum class ToyForm { p256, p384, rsa, ed25519 };

/// A signature that kToyCrypto accepts over `message`. `octets`: of an RSA modulus.
[[nodiscard]] Bytes toy_sign(ToyForm form, ByteView message, evseal_hash hash,
                             std::size_t octets = 256);

}  // namespace evseal::fuzz
