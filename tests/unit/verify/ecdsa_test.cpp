// ECDSA, Ed25519 and the hashes of every backend against OpenSSL's own signer.
#include <evseal/signature.h>
#include <openssl/bn.h>
#include <openssl/ec.h>
#include <openssl/obj_mac.h>

#include <catch2/catch.hpp>
#include <memory>
#include <stdexcept>
#include <string_view>

#include "backends.hpp"
#include "openssl_key.hpp"

using namespace evseal;
using namespace evseal::test;

namespace {

struct Curve {
  const char* name;
  std::size_t octets;
  int nid;
  evseal_status (*evseal_crypto::*verify)(const uint8_t*, const uint8_t*, evseal_span);
};

const Curve kCurves[] = {{"P-256", 32, NID_X9_62_prime256v1, &evseal_crypto::ecdsa_p256},
                         {"P-384", 48, NID_secp384r1, &evseal_crypto::ecdsa_p384}};

Bytes pattern(std::size_t size, unsigned start = 1) {
  Bytes out(size);
  for (std::size_t i = 0; i < size; ++i) {
    out[i] = static_cast<std::uint8_t>(start + i * 37U + (i >> 8U));
  }
  return out;
}

evseal_span span_of(const Bytes& bytes) {
  return {bytes.data(), bytes.size()};
}

// Arithmetic modulo an odd prime, for signatures that no signer makes.
class Field {
 public:
  explicit Field(const BIGNUM* prime) : prime_(prime) {}
  using Number = std::shared_ptr<BIGNUM>;

  [[nodiscard]] static Number wrap(BIGNUM* value) { return {value, BN_free}; }
  [[nodiscard]] static Number read(ByteView octets) {
    return wrap(BN_bin2bn(octets.data(), static_cast<int>(octets.size()), nullptr));
  }
  [[nodiscard]] Number add(const Number& a, const Number& b) const {
    return apply(BN_mod_add, a, b);
  }
  [[nodiscard]] Number sub(const Number& a, const Number& b) const {
    return apply(BN_mod_sub, a, b);
  }
  [[nodiscard]] Number mul(const Number& a, const Number& b) const {
    return apply(BN_mod_mul, a, b);
  }
  [[nodiscard]] Number div(const Number& a, const Number& b) const {
    return mul(a, wrap(BN_mod_inverse(nullptr, b.get(), prime_, context_.get())));
  }
  [[nodiscard]] Number reduce(const Number& a) const { return add(a, wrap(BN_new())); }

 private:
  template <typename F>
  [[nodiscard]] Number apply(F* f, const Number& a, const Number& b) const {
    Number out = wrap(BN_new());
    if (f(out.get(), a.get(), b.get(), prime_, context_.get()) != 1) {
      throw std::runtime_error("OpenSSL: modular arithmetic");
    }
    return out;
  }

  const BIGNUM* prime_;
  std::shared_ptr<BN_CTX> context_{BN_CTX_new(), BN_CTX_free};
};

Bytes octets_of(const Field::Number& number, std::size_t size) {
  Bytes out(size);
  if (BN_bn2binpad(number.get(), out.data(), static_cast<int>(size)) < 0) {
    throw std::runtime_error("the number does not fit");
  }
  return out;
}

Bytes twice(const Bytes& half) {
  Bytes out = half;
  out.insert(out.end(), half.begin(), half.end());
  return out;
}

// A curve's group with the affine chord and tangent, which need no point to be on the curve.
class Group {
 public:
  explicit Group(const Curve& curve)
      : octets_(curve.octets),
        group_(EC_GROUP_new_by_curve_name(curve.nid), EC_GROUP_free),
        field_(EC_GROUP_get0_field(group_.get())),
        order_(EC_GROUP_get0_order(group_.get())) {}

  struct Point {
    Field::Number x;
    Field::Number y;
  };
  [[nodiscard]] Point read(const Bytes& point) const {
    const ByteView view(point);
    return {Field::read(view.subspan(1, octets_)), Field::read(view.subspan(1 + octets_))};
  }
  [[nodiscard]] Point generator() const {
    Bytes out(1 + 2 * octets_);
    EC_POINT_point2oct(group_.get(), EC_GROUP_get0_generator(group_.get()),
                       POINT_CONVERSION_UNCOMPRESSED, out.data(), out.size(), nullptr);
    return read(out);
  }
  // The x coordinate of the sum of two points of different x; that of the double where they are
  // one (a is -3).
  [[nodiscard]] Field::Number sum_x(const Point& a, const Point& b) const {
    Field::Number slope;
    if (BN_cmp(a.x.get(), b.x.get()) == 0) {
      const Field::Number square = field_.mul(a.x, a.x);
      const Field::Number three = Field::read(Bytes{3});
      slope = field_.div(field_.sub(field_.mul(three, square), three), field_.add(a.y, a.y));
    } else {
      slope = field_.div(field_.sub(b.y, a.y), field_.sub(b.x, a.x));
    }
    return field_.sub(field_.sub(field_.mul(slope, slope), a.x), b.x);
  }
  [[nodiscard]] const Field& order() const { return order_; }
  [[nodiscard]] Bytes order_octets() const {
    Bytes out(octets_);
    BN_bn2binpad(EC_GROUP_get0_order(group_.get()), out.data(), static_cast<int>(octets_));
    return out;
  }

 private:
  std::size_t octets_;
  std::shared_ptr<EC_GROUP> group_;
  Field field_;
  Field order_;
};

Field::Number private_scalar(const OpensslKey& key) {
  BIGNUM* value = nullptr;
  REQUIRE(EVP_PKEY_get_bn_param(key.get(), "priv", &value) == 1);
  return Field::wrap(value);
}

}  // namespace

TEST_CASE("backends: hashes agree with EVP however the message is cut") {
  struct Function {
    evseal_hash hash;
    evseal_status (*evseal_crypto::*function)(uint8_t*, const evseal_span*, size_t);
  };
  const Function functions[] = {{EVSEAL_HASH_SHA256, &evseal_crypto::sha256},
                                {EVSEAL_HASH_SHA384, &evseal_crypto::sha384},
                                {EVSEAL_HASH_SHA512, &evseal_crypto::sha512}};
  for (const evseal_crypto* backend : backends()) {
    for (const Function& known : functions) {
      if (backend->*known.function == nullptr) {
        continue;
      }
      for (std::size_t size = 0; size <= 300; ++size) {
        const Bytes message = pattern(size);
        const std::size_t cut = size / 3;
        const evseal_span pieces[] = {
            {message.data(), cut}, {nullptr, 0}, {message.data() + cut, size - cut}};
        Bytes out(static_cast<std::size_t>(known.hash));
        INFO(backend->name << ", " << known.hash << ", " << size);
        REQUIRE((backend->*known.function)(out.data(), pieces, 3) == EVSEAL_OK);
        REQUIRE(out == openssl_digest(known.hash, message));
      }
    }
  }
}

TEST_CASE("backends: ECDSA accepts OpenSSL's signatures over digests of every length") {
  for (const Curve& curve : kCurves) {
    for (unsigned round = 0; round < 4; ++round) {
      const OpensslKey key = OpensslKey::ec(curve.name);
      for (const std::size_t len : {32U, 48U, 64U}) {
        const Bytes digest = pattern(len, round);
        const Bytes rs = key.sign_ecdsa(digest);
        for (const evseal_crypto* backend : backends()) {
          if (backend->*curve.verify != nullptr) {
            INFO(backend->name << ", " << curve.name << ", " << len);
            CHECK((backend->*curve.verify)(key.point().data(), rs.data(), span_of(digest)) ==
                  EVSEAL_OK);
          }
        }
      }
    }
  }
}

TEST_CASE("backends: ECDSA refuses every changed octet of point, signature and digest") {
  for (const Curve& curve : kCurves) {
    const OpensslKey key = OpensslKey::ec(curve.name);
    const Bytes digest = pattern(curve.octets);
    const Bytes rs = key.sign_ecdsa(digest);
    const Bytes point = key.point();
    for (const evseal_crypto* backend : backends()) {
      const auto verify = backend->*curve.verify;
      if (verify == nullptr) {
        continue;
      }
      INFO(backend->name << ", " << curve.name);
      for (std::size_t i = 0; i < point.size(); ++i) {
        Bytes changed = point;
        changed[i] ^= static_cast<std::uint8_t>(1U << (i % 8));
        REQUIRE(verify(changed.data(), rs.data(), span_of(digest)) == EVSEAL_SIGNATURE_INVALID);
      }
      for (std::size_t i = 0; i < rs.size(); ++i) {
        Bytes changed = rs;
        changed[i] ^= static_cast<std::uint8_t>(1U << (i % 8));
        REQUIRE(verify(point.data(), changed.data(), span_of(digest)) == EVSEAL_SIGNATURE_INVALID);
      }
      for (std::size_t i = 0; i < digest.size(); ++i) {
        Bytes changed = digest;
        changed[i] ^= static_cast<std::uint8_t>(1U << (i % 8));
        REQUIRE(verify(point.data(), rs.data(), span_of(changed)) == EVSEAL_SIGNATURE_INVALID);
      }
    }
  }
}

// With u1 = u2 = 1 (digest = s = r) the equation of ECDSA is r = x(G + Q). The chord through G and
// Q does not depend on the curve's b, so a backend that does not look whether Q is on the curve
// accepts this for any Q.
TEST_CASE("backends: ECDSA refuses a point that is not on the curve though the equation holds") {
  for (const Curve& curve : kCurves) {
    const Group group(curve);
    const Bytes good = OpensslKey::ec(curve.name).point();
    Bytes bad = good;
    bad.at(2 * curve.octets) ^= 1;
    for (const Bytes& point : {good, bad}) {
      const Field::Number r =
          group.order().reduce(group.sum_x(group.generator(), group.read(point)));
      const Bytes digest = octets_of(r, curve.octets);
      const Bytes rs = twice(digest);
      for (const evseal_crypto* backend : backends()) {
        if (backend->*curve.verify != nullptr) {
          INFO(backend->name << ", " << curve.name);
          CHECK((backend->*curve.verify)(point.data(), rs.data(), span_of(digest)) ==
                (point == good ? EVSEAL_OK : EVSEAL_SIGNATURE_INVALID));
        }
      }
    }
  }
}

TEST_CASE("backends: ECDSA where u1 G and u2 Q are one point, or cancel out") {
  for (const Curve& curve : kCurves) {
    const Group group(curve);
    const OpensslKey key = OpensslKey::ec(curve.name);
    const Bytes point = key.point();
    const Group::Point q = group.read(point);
    // u2 = 1 and u1 = d: the sum is 2 Q.
    const Field::Number r = group.order().reduce(group.sum_x(q, q));
    const Field::Number same = group.order().mul(private_scalar(key), r);
    // u1 = -d: the sum is no point at all, and no r is its x.
    const Field::Number opposite = group.order().sub(Field::wrap(BN_new()), same);
    const Bytes rs = twice(octets_of(r, curve.octets));
    for (const evseal_crypto* backend : backends()) {
      if (backend->*curve.verify != nullptr) {
        INFO(backend->name << ", " << curve.name);
        const Bytes doubled = octets_of(same, curve.octets);
        CHECK((backend->*curve.verify)(point.data(), rs.data(), span_of(doubled)) == EVSEAL_OK);
        const Bytes none = octets_of(opposite, curve.octets);
        CHECK((backend->*curve.verify)(point.data(), rs.data(), span_of(none)) ==
              EVSEAL_SIGNATURE_INVALID);
      }
    }
  }
}

// u1 = 0 and u2 = 1: r = s = x(Q). BearSSL's muladd() takes no factor of zero and refuses; that is
// left so, as nobody knows a message whose digest is zero or the order.
TEST_CASE("backends: ECDSA over a digest that is zero modulo the order") {
  for (const Curve& curve : kCurves) {
    const Group group(curve);
    const Bytes point = OpensslKey::ec(curve.name).point();
    const Bytes rs = twice(octets_of(group.order().reduce(group.read(point).x), curve.octets));
    for (const Bytes& digest : {Bytes(curve.octets), group.order_octets()}) {
      for (const evseal_crypto* backend : backends()) {
        if (backend->*curve.verify != nullptr) {
          INFO(backend->name << ", " << curve.name << ", " << to_hex(digest));
          const bool bearssl = std::string_view(backend->name) == "bearssl";
          CHECK((backend->*curve.verify)(point.data(), rs.data(), span_of(digest)) ==
                (bearssl ? EVSEAL_SIGNATURE_INVALID : EVSEAL_OK));
        }
      }
    }
  }
}

TEST_CASE("backends: Ed25519 accepts OpenSSL's signatures and refuses every changed octet") {
  const OpensslKey key = OpensslKey::ed25519();
  const Bytes public_key = key.ed25519_public();
  for (const std::size_t size : {0U, 1U, 300U}) {
    const Bytes message = pattern(size);
    const Bytes signature = key.sign_ed25519(message);
    for (const evseal_crypto* backend : backends()) {
      if (backend->ed25519 == nullptr) {
        continue;
      }
      INFO(backend->name);
      REQUIRE(backend->ed25519(public_key.data(), signature.data(), span_of(message)) == EVSEAL_OK);
      for (std::size_t i = 0; i < signature.size(); ++i) {
        Bytes changed = signature;
        changed[i] ^= static_cast<std::uint8_t>(1U << (i % 8));
        REQUIRE(backend->ed25519(public_key.data(), changed.data(), span_of(message)) ==
                EVSEAL_SIGNATURE_INVALID);
      }
      Bytes longer = message;
      longer.push_back(0);
      CHECK(backend->ed25519(public_key.data(), signature.data(), span_of(longer)) ==
            EVSEAL_SIGNATURE_INVALID);
    }
  }
}

namespace {

// S of a signature under a key that is the identity: R = S B, whatever the message.
Bytes signature_for_identity() {
  const OpensslKey key = OpensslKey::ed25519();
  Bytes scalar = openssl_digest(EVSEAL_HASH_SHA512, key.ed25519_seed());
  scalar.resize(32);
  scalar[0] &= 0xF8U;  // RFC 8032 section 5.1.5 step 2
  scalar[31] = static_cast<std::uint8_t>((scalar[31] & 0x7FU) | 0x40U);
  const Bytes order = *from_hex("1000000000000000000000000000000014def9dea2f79cd65812631a5cf5d3ed");
  const Field::Number l = Field::read(order);
  const Field::Number a = Field::read(Bytes(scalar.rbegin(), scalar.rend()));
  const Bytes reduced = octets_of(Field(l.get()).reduce(a), 32);
  Bytes out = key.ed25519_public();
  out.insert(out.end(), reduced.rbegin(), reduced.rend());
  return out;
}

// y + p for y below 19 still fits 255 bits.
Bytes non_canonical(unsigned y, bool sign) {
  Bytes out(32, 0xFF);
  out[0] = static_cast<std::uint8_t>(0xEDU + y);
  out[31] = sign ? 0xFF : 0x7F;
  return out;
}

}  // namespace

TEST_CASE("backends: no Ed25519 key in a form that is not canonical gets as far as a backend") {
  const Bytes signature = signature_for_identity();
  const Bytes message = pattern(10);
  // p + 1 is the identity in a second form. OpenSSL does not mind: what keeps it out is the parser.
  const Bytes identity = non_canonical(1, false);
  CHECK(evseal_crypto_openssl.ed25519(identity.data(), signature.data(), span_of(message)) ==
        EVSEAL_OK);
  for (unsigned y = 0; y < 19; ++y) {
    for (const bool sign : {false, true}) {
      Bytes spki = *from_hex("302a300506032b6570032100");
      const Bytes key = non_canonical(y, sign);
      spki.insert(spki.end(), key.begin(), key.end());
      evseal_public_key parsed;
      CHECK(evseal_public_key_parse(&parsed, span_of(spki)) == EVSEAL_CERT_KEY);
    }
  }
}
