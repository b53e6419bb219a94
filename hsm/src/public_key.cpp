#include "public_key.hpp"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/param_build.h>
#include <openssl/x509.h>

#include <algorithm>
#include <array>
#include <cstring>

namespace evseal::hsm {
namespace {

using Bignum = std::unique_ptr<BIGNUM, OpenSslDeleter<BN_free>>;
using ParamBuilder = std::unique_ptr<OSSL_PARAM_BLD, OpenSslDeleter<OSSL_PARAM_BLD_free>>;
using Params = std::unique_ptr<OSSL_PARAM, OpenSslDeleter<OSSL_PARAM_free>>;
using PkeyContext = std::unique_ptr<EVP_PKEY_CTX, OpenSslDeleter<EVP_PKEY_CTX_free>>;

struct Curve {
  KeyType type;
  unsigned bits;
  std::size_t point_size;               // as in the SubjectPublicKeyInfo
  std::array<std::uint8_t, 26> prefix;  // what stands before the point in the SubjectPublicKeyInfo
  std::size_t prefix_size;
};

// RFC 5480 (id-ecPublicKey with the named curve) and RFC 8410 (id-Ed25519).
constexpr std::array<Curve, 3> kCurves = {{
    {KeyType::p256,
     256,
     65,
     {0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x02, 0x01,
      0x06, 0x08, 0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00},
     26},
    {KeyType::p384,
     384,
     97,
     {0x30, 0x76, 0x30, 0x10, 0x06, 0x07, 0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x02,
      0x01, 0x06, 0x05, 0x2B, 0x81, 0x04, 0x00, 0x22, 0x03, 0x62, 0x00},
     23},
    {KeyType::ed25519,
     255,
     32,
     {0x30, 0x2A, 0x30, 0x05, 0x06, 0x03, 0x2B, 0x65, 0x70, 0x03, 0x21, 0x00},
     12},
}};

Error no_key(const std::string& what, std::string why) {
  ERR_clear_error();
  return Error{ErrorCode::malformed, what, std::move(why)};
}

Error unsupported(const std::string& what) {
  ERR_clear_error();
  return Error{ErrorCode::usage, what, "this type of key cannot sign packages",
               "use P-256, P-384, RSA of 2048 to 4096 bits or Ed25519"};
}

const Curve* find_curve(KeyType type) {
  const auto* found = std::find_if(kCurves.begin(), kCurves.end(),
                                   [type](const Curve& curve) { return curve.type == type; });
  return found == kCurves.end() ? nullptr : found;
}

// PKCS#11 2.40 wraps the point in an OCTET STRING. Some modules leave the wrapping out, some wrap
// Edwards keys in a BIT STRING; the lengths tell them apart.
ByteView unwrap_point(ByteView point, std::size_t size) {
  if (point.size() == size + 2 && point[0] == 0x04 && point[1] == size) {
    return point.subspan(2);
  }
  if (point.size() == size + 3 && point[0] == 0x03 && point[1] == size + 1 && point[2] == 0) {
    return point.subspan(3);
  }
  return point;
}

Bytes encode_spki(const EVP_PKEY& key) {
  unsigned char* der = nullptr;
  const int size = i2d_PUBKEY(&key, &der);
  if (size <= 0) {
    return {};
  }
  const std::unique_ptr<unsigned char, decltype([](unsigned char* p) { OPENSSL_free(p); })> owner(
      der);
  return Bytes(der, der + size);
}

Bignum get_number(const EVP_PKEY& key, const char* name) {
  BIGNUM* number = nullptr;
  if (EVP_PKEY_get_bn_param(&key, name, &number) != 1) {
    return nullptr;
  }
  return Bignum(number);
}

Result<EvpKey> make_rsa(const BIGNUM* modulus, const BIGNUM* exponent, const std::string& what) {
  const ParamBuilder builder(OSSL_PARAM_BLD_new());
  if (builder == nullptr ||
      OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_N, modulus) != 1 ||
      OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_E, exponent) != 1) {
    return no_key(what, "no RSA public key can be made of what the token says");
  }
  const Params params(OSSL_PARAM_BLD_to_param(builder.get()));
  const PkeyContext context(EVP_PKEY_CTX_new_from_name(nullptr, "RSA", nullptr));
  EVP_PKEY* key = nullptr;
  if (params == nullptr || context == nullptr || EVP_PKEY_fromdata_init(context.get()) != 1 ||
      EVP_PKEY_fromdata(context.get(), &key, EVP_PKEY_PUBLIC_KEY, params.get()) != 1) {
    return no_key(what, "no RSA public key can be made of what the token says");
  }
  return EvpKey(key);
}

Result<PublicKey> rsa_key_of(const EVP_PKEY& key, const std::string& what) {
  const Bignum modulus = get_number(key, OSSL_PKEY_PARAM_RSA_N);
  const Bignum exponent = get_number(key, OSSL_PKEY_PARAM_RSA_E);
  if (modulus == nullptr || exponent == nullptr) {
    return unsupported(what);
  }
  EVSEAL_TRY(const EvpKey plain, make_rsa(modulus.get(), exponent.get(), what));
  PublicKey out{KeyType::rsa, static_cast<unsigned>(BN_num_bits(modulus.get())),
                encode_spki(*plain)};
  if (out.spki.empty()) {
    return no_key(what, "OpenSSL cannot encode this RSA key");
  }
  return out;
}

Result<PublicKey> ec_key_of(const EVP_PKEY& key, const std::string& what) {
  std::array<char, 64> name{};
  if (EVP_PKEY_get_utf8_string_param(&key, OSSL_PKEY_PARAM_GROUP_NAME, name.data(), name.size(),
                                     nullptr) != 1) {
    return unsupported(what);
  }
  const int nid = OBJ_sn2nid(name.data());
  if (nid != NID_X9_62_prime256v1 && nid != NID_secp384r1) {
    return unsupported(what);
  }
  const KeyType type = nid == NID_secp384r1 ? KeyType::p384 : KeyType::p256;
  const Bignum x = get_number(key, OSSL_PKEY_PARAM_EC_PUB_X);
  const Bignum y = get_number(key, OSSL_PKEY_PARAM_EC_PUB_Y);
  const std::size_t half = (find_curve(type)->point_size - 1) / 2;
  Bytes point(2 * half + 1, 0x04);
  if (x == nullptr || y == nullptr ||
      BN_bn2binpad(x.get(), point.data() + 1, static_cast<int>(half)) < 0 ||
      BN_bn2binpad(y.get(), point.data() + 1 + half, static_cast<int>(half)) < 0) {
    return no_key(what, "it has no public point");
  }
  return public_key_from_point(type, point, what);
}

}  // namespace

std::string to_string(KeyType type) {
  switch (type) {
    case KeyType::p256:
      return "p256";
    case KeyType::p384:
      return "p384";
    case KeyType::rsa:
      return "rsa";
    case KeyType::ed25519:
      return "ed25519";
  }
  return "unknown";
}

Result<PublicKey> public_key_from_point(KeyType type, ByteView point, const std::string& what) {
  const Curve* curve = find_curve(type);
  if (curve == nullptr) {
    return unsupported(what);
  }
  const ByteView bare = unwrap_point(point, curve->point_size);
  if (bare.size() != curve->point_size || (type != KeyType::ed25519 && bare[0] != 0x04)) {
    return no_key(what, "its public point has not the form of its curve");
  }
  PublicKey key{type, curve->bits, {}};
  key.spki.assign(curve->prefix.begin(),
                  curve->prefix.begin() + static_cast<std::ptrdiff_t>(curve->prefix_size));
  key.spki.insert(key.spki.end(), bare.begin(), bare.end());
  EVSEAL_CHECK(to_evp(key, what));  // OpenSSL checks that the point lies on the curve
  return key;
}

Result<PublicKey> public_key_from_rsa(ByteView modulus, ByteView exponent,
                                      const std::string& what) {
  constexpr std::size_t kMaxNumber = 2048;  // 16,384 bits; BN_bin2bn takes an int
  if (modulus.empty() || exponent.empty() || modulus.size() > kMaxNumber ||
      exponent.size() > kMaxNumber) {
    return no_key(what, "its RSA modulus or exponent is empty or too long");
  }
  const Bignum n(BN_bin2bn(modulus.data(), static_cast<int>(modulus.size()), nullptr));
  const Bignum e(BN_bin2bn(exponent.data(), static_cast<int>(exponent.size()), nullptr));
  EVSEAL_TRY(const EvpKey key, make_rsa(n.get(), e.get(), what));
  return rsa_key_of(*key, what);
}

Result<PublicKey> public_key_of(const EVP_PKEY& key, const std::string& what) {
  switch (EVP_PKEY_get_base_id(&key)) {
    case EVP_PKEY_RSA:
      return rsa_key_of(key, what);
    case EVP_PKEY_EC:
      return ec_key_of(key, what);
    case EVP_PKEY_ED25519: {
      std::array<std::uint8_t, 32> raw{};
      std::size_t size = raw.size();
      if (EVP_PKEY_get_raw_public_key(&key, raw.data(), &size) != 1) {
        return no_key(what, "it has no public half");
      }
      return public_key_from_point(KeyType::ed25519, raw, what);
    }
    default:
      return unsupported(what);
  }
}

Result<EvpKey> to_evp(const PublicKey& key, const std::string& what) {
  const unsigned char* next = key.spki.data();
  EvpKey evp(d2i_PUBKEY(nullptr, &next, static_cast<long>(key.spki.size())));
  if (evp == nullptr || next != key.spki.data() + key.spki.size()) {
    return no_key(what, "its public half is not a valid key");
  }
  return evp;
}

Result<void> check_size(const PublicKey& key, const std::string& what) {
  if (key.type == KeyType::rsa && (key.bits < 2048 || key.bits > 4096)) {
    return Error{ErrorCode::usage, what,
                 "an RSA key of " + std::to_string(key.bits) + " bits cannot sign packages",
                 "use RSA of 2048 to 4096 bits"};
  }
  return {};
}

}  // namespace evseal::hsm
