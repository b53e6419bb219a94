// RSA of every backend against OpenSSL's own signer, and the encodings by themselves.
#include <catch2/catch.hpp>
#include <functional>

#include "backends.hpp"
#include "openssl_key.hpp"

extern "C" {
#include "emsa.h"
}

using namespace evseal;
using namespace evseal::test;

namespace {

constexpr evseal_hash kHashes[] = {EVSEAL_HASH_SHA256, EVSEAL_HASH_SHA384, EVSEAL_HASH_SHA512};

// emBits is a multiple of 8 for 2049; elsewhere 5, 6 or 7 bits of the first octet are in use.
constexpr unsigned kSizes[] = {2048, 2049, 2054, 2055, 3072, 4096};

evseal_span span_of(const Bytes& bytes) {
  return {bytes.data(), bytes.size()};
}

Bytes digest_of(evseal_hash hash) {
  static constexpr std::uint8_t kMessage[] = {'e', 'v'};
  return openssl_digest(hash, kMessage);
}

std::size_t longest_salt(unsigned bits, evseal_hash hash) {
  return (bits - 1 + 7) / 8 - static_cast<std::size_t>(hash) - 2;
}

// Each backend that offers RSA, with its name for what fails.
void each_rsa(const std::function<void(const evseal_crypto&)>& look) {
  for (const evseal_crypto* backend : backends()) {
    if (backend->rsa_pss != nullptr) {
      INFO(backend->name);
      look(*backend);
    }
  }
}

// One question to rsa_pss; members are changed one by one.
struct PssCase {
  const OpensslKey* key;
  evseal_hash hash;
  evseal_hash mgf_hash;
  std::size_t salt_len;
  Bytes digest;
  Bytes signature;

  [[nodiscard]] evseal_status ask(const evseal_crypto& backend) const {
    const evseal_rsa_key rsa = key->rsa_key();
    return backend.rsa_pss(&rsa, hash, mgf_hash, salt_len, span_of(digest), span_of(signature));
  }
};

PssCase pss_case(unsigned bits, evseal_hash hash, evseal_hash mgf_hash, std::size_t salt_len) {
  const OpensslKey& key = OpensslKey::rsa(bits);
  const Bytes digest = digest_of(hash);
  return {&key, hash, mgf_hash, salt_len, digest, key.sign_pss(hash, mgf_hash, salt_len, digest)};
}

evseal_hash other_than(evseal_hash hash) {
  return hash == EVSEAL_HASH_SHA256 ? EVSEAL_HASH_SHA384 : EVSEAL_HASH_SHA256;
}

// What each member of a good case says is checked.
void refuses_changes(const evseal_crypto& backend, const PssCase& good) {
  PssCase changed = good;
  changed.salt_len = good.salt_len + 1;
  CHECK(changed.ask(backend) == EVSEAL_SIGNATURE_INVALID);
  if (good.salt_len > 0) {
    changed.salt_len = good.salt_len - 1;
    CHECK(changed.ask(backend) == EVSEAL_SIGNATURE_INVALID);
  }
  changed = good;
  changed.mgf_hash = other_than(good.mgf_hash);
  CHECK(changed.ask(backend) == EVSEAL_SIGNATURE_INVALID);
  changed = good;
  changed.hash = other_than(good.hash);
  changed.digest = digest_of(changed.hash);
  CHECK(changed.ask(backend) == EVSEAL_SIGNATURE_INVALID);
  changed = good;
  changed.digest.back() ^= 1;
  CHECK(changed.ask(backend) == EVSEAL_SIGNATURE_INVALID);
  changed = good;
  changed.signature.back() ^= 1;
  CHECK(changed.ask(backend) == EVSEAL_SIGNATURE_INVALID);
}

// What RSAVP1 makes of a signature: leading zero octet and all.
struct Encoding {
  Bytes modulus;
  Bytes em;
  evseal_algorithm algorithm;
  Bytes digest;

  [[nodiscard]] evseal_status check() const {
    Bytes copy = em;  // the check overwrites it
    return evseal_emsa_pss_check(&evseal_crypto_openssl, &algorithm, span_of(digest),
                                 span_of(modulus), copy.data());
  }
};

Encoding pss_encoding(unsigned bits, evseal_hash hash, std::size_t salt_len) {
  const PssCase made = pss_case(bits, hash, hash, salt_len);
  const evseal_span n = made.key->rsa_key().n;
  return {Bytes(n.data, n.data + n.len),
          made.key->rsa_public(made.signature),
          {EVSEAL_SCHEME_RSA_PSS, hash, hash, salt_len},
          made.digest};
}

// EMSA-PKCS1-v1_5 around any DigestInfo.
Bytes pkcs1_encoding(std::size_t size, const Bytes& digest_info) {
  Bytes em(size, 0xFF);
  em[0] = 0;
  em[1] = 1;
  em[size - digest_info.size() - 1] = 0;
  std::copy(digest_info.begin(), digest_info.end(),
            em.end() - static_cast<std::ptrdiff_t>(digest_info.size()));
  return em;
}

Bytes joined(const char* hex, const Bytes& rest) {
  Bytes out = *from_hex(hex);
  out.insert(out.end(), rest.begin(), rest.end());
  return out;
}

}  // namespace

TEST_CASE("backends: RSASSA-PSS of every size, hash, mask hash and salt length") {
  for (const unsigned bits : kSizes) {
    for (const evseal_hash hash : kHashes) {
      for (const evseal_hash mgf_hash : kHashes) {
        for (const std::size_t salt_len :
             {std::size_t{0}, std::size_t{1}, std::size_t{20}, static_cast<std::size_t>(hash),
              longest_salt(bits, hash)}) {
          const PssCase good = pss_case(bits, hash, mgf_hash, salt_len);
          each_rsa([&](const evseal_crypto& backend) {
            INFO(bits << ", " << hash << ", mask " << mgf_hash << ", salt " << salt_len);
            REQUIRE(good.ask(backend) == EVSEAL_OK);
            refuses_changes(backend, good);
          });
        }
      }
    }
  }
}

TEST_CASE("the keys of these tests have the sizes that they are named by") {
  for (const unsigned bits : kSizes) {
    CHECK(EVP_PKEY_get_bits(OpensslKey::rsa(bits).get()) == static_cast<int>(bits));
  }
}

TEST_CASE("backends: RSASSA-PSS refuses a salt that cannot fit") {
  PssCase asked = pss_case(2048, EVSEAL_HASH_SHA512, EVSEAL_HASH_SHA512, 64);
  for (const std::size_t salt_len : {std::size_t{191}, std::size_t{254}, std::size_t{255},
                                     std::size_t{256}, std::size_t{257}, std::size_t{512}}) {
    asked.salt_len = salt_len;
    each_rsa([&](const evseal_crypto& backend) {
      INFO(salt_len);
      CHECK(asked.ask(backend) == EVSEAL_SIGNATURE_INVALID);
    });
  }
}

// Bits above emBits, and the whole octet where emBits is a multiple of 8: the signature is a number
// below the modulus, and only the encoding is wrong.
TEST_CASE("backends: RSASSA-PSS refuses bits above emBits") {
  for (const unsigned bits : kSizes) {
    const OpensslKey& key = OpensslKey::rsa(bits);
    const unsigned top = (bits - 1) % 8;  // the modulus's highest bit within its first octet
    unsigned tried = 0;
    for (unsigned round = 0; round < 64 && tried == 0; ++round) {
      PssCase asked = pss_case(bits, EVSEAL_HASH_SHA256, EVSEAL_HASH_SHA256, 32);
      Bytes em = key.rsa_public(asked.signature);
      em[0] |= static_cast<std::uint8_t>(1U << top);
      asked.signature = key.rsa_private(em);
      if (asked.signature.empty()) {
        continue;  // not below the modulus; another salt gives another number
      }
      ++tried;
      each_rsa([&](const evseal_crypto& backend) {
        INFO(bits);
        CHECK(asked.ask(backend) == EVSEAL_SIGNATURE_INVALID);
      });
    }
    INFO(bits);
    CHECK(tried == 1);
  }
}

TEST_CASE("EMSA-PSS: every bit of the encoding counts") {
  for (const unsigned bits : kSizes) {
    const Encoding good = pss_encoding(bits, EVSEAL_HASH_SHA384, 48);
    REQUIRE(good.check() == EVSEAL_OK);
    for (std::size_t bit = 0; bit < good.em.size() * 8; ++bit) {
      Encoding changed = good;
      changed.em[bit / 8] ^= static_cast<std::uint8_t>(1U << (bit % 8));
      INFO(bits << ", bit " << bit);
      REQUIRE(changed.check() == EVSEAL_SIGNATURE_INVALID);
    }
  }
}

TEST_CASE("EMSA-PSS: a backend without the hash is a failure, not a verdict") {
  Encoding asked = pss_encoding(2048, EVSEAL_HASH_SHA384, 48);
  Bytes em = asked.em;
  CHECK(evseal_emsa_pss_check(&evseal_crypto_sodium, &asked.algorithm, span_of(asked.digest),
                              span_of(asked.modulus), em.data()) == EVSEAL_CRYPTO_FAILED);
  asked.algorithm.mgf_hash = EVSEAL_HASH_NONE;
  CHECK(asked.check() == EVSEAL_CRYPTO_FAILED);
}

// The mask needs a hash that the backend has; the one that fails is the last.
TEST_CASE("EMSA-PSS: a backend with the mask's hash only is a failure, too") {
  const PssCase made = pss_case(2048, EVSEAL_HASH_SHA384, EVSEAL_HASH_SHA256, 48);
  const evseal_span n = made.key->rsa_key().n;
  const evseal_algorithm algorithm = {EVSEAL_SCHEME_RSA_PSS, EVSEAL_HASH_SHA384, EVSEAL_HASH_SHA256,
                                      48};
  REQUIRE(evseal_crypto_sodium.sha256 != nullptr);
  REQUIRE(evseal_crypto_sodium.sha384 == nullptr);
  Bytes em = made.key->rsa_public(made.signature);
  CHECK(evseal_emsa_pss_check(&evseal_crypto_sodium, &algorithm, span_of(made.digest), n,
                              em.data()) == EVSEAL_CRYPTO_FAILED);
}

TEST_CASE("EMSA-PSS: the longest salt is one, and none is longer") {
  for (const unsigned bits : kSizes) {
    const std::size_t longest = longest_salt(bits, EVSEAL_HASH_SHA256);
    Encoding encoding = pss_encoding(bits, EVSEAL_HASH_SHA256, longest);
    INFO(bits);
    CHECK(encoding.check() == EVSEAL_OK);
    for (std::size_t more = 1; more < 40; ++more) {
      encoding.algorithm.salt_len = longest + more;
      CHECK(encoding.check() == EVSEAL_SIGNATURE_INVALID);
    }
  }
}

TEST_CASE("EMSA-PKCS1-v1_5: eight octets of padding are enough, and seven are not") {
  for (const evseal_hash hash : kHashes) {
    const Bytes digest = digest_of(hash);
    const OpensslKey& key = OpensslKey::rsa(2048);
    const Bytes em = key.rsa_public(key.sign_pkcs1(hash, digest));
    const auto shortened = [&](std::size_t padding) {
      const std::size_t end = 1 + 19 + digest.size();  // the separator and T
      Bytes out = {0x00, 0x01};
      out.insert(out.end(), padding, 0xFF);
      out.insert(out.end(), em.end() - static_cast<std::ptrdiff_t>(end), em.end());
      return evseal_emsa_pkcs1_check(hash, span_of(digest), span_of(out));
    };
    INFO(hash);
    CHECK(shortened(8) == EVSEAL_OK);
    CHECK(shortened(7) == EVSEAL_SIGNATURE_INVALID);
    CHECK(evseal_emsa_pkcs1_check(EVSEAL_HASH_NONE, {nullptr, 0}, span_of(em)) ==
          EVSEAL_SIGNATURE_INVALID);
  }
}

TEST_CASE("backends: RSASSA-PKCS1-v1_5 of every size and hash") {
  for (const unsigned bits : kSizes) {
    const OpensslKey& key = OpensslKey::rsa(bits);
    const evseal_rsa_key rsa = key.rsa_key();
    for (const evseal_hash hash : kHashes) {
      const Bytes digest = digest_of(hash);
      const Bytes signature = key.sign_pkcs1(hash, digest);
      each_rsa([&](const evseal_crypto& backend) {
        INFO(bits << ", " << hash);
        REQUIRE(backend.rsa_pkcs1(&rsa, hash, span_of(digest), span_of(signature)) == EVSEAL_OK);
        for (const evseal_hash other : kHashes) {
          const Bytes other_digest = digest_of(other);
          CHECK((other == hash ||
                 backend.rsa_pkcs1(&rsa, other, span_of(other_digest), span_of(signature)) ==
                     EVSEAL_SIGNATURE_INVALID));
        }
        Bytes changed = digest;
        changed.front() ^= 1;
        CHECK(backend.rsa_pkcs1(&rsa, hash, span_of(changed), span_of(signature)) ==
              EVSEAL_SIGNATURE_INVALID);
        changed = signature;
        changed.back() ^= 1;
        CHECK(backend.rsa_pkcs1(&rsa, hash, span_of(digest), span_of(changed)) ==
              EVSEAL_SIGNATURE_INVALID);
      });
    }
  }
}

TEST_CASE("backends: RSASSA-PKCS1-v1_5 takes one form of DigestInfo") {
  const OpensslKey& key = OpensslKey::rsa(2048);
  const evseal_rsa_key rsa = key.rsa_key();
  const Bytes digest = digest_of(EVSEAL_HASH_SHA256);
  const Bytes info = joined("3031300d060960864801650304020105000420", digest);
  Bytes trailing = info;
  trailing.push_back(0);
  struct Form {
    const char* what;
    Bytes em;
    evseal_status status;
  };
  Bytes short_padding = pkcs1_encoding(256, info);
  short_padding[100] = 0;
  Bytes type_2 = pkcs1_encoding(256, info);
  type_2[1] = 2;
  const Form forms[] = {
      {"as it should be", pkcs1_encoding(256, info), EVSEAL_OK},
      {"without NULL",
       pkcs1_encoding(256, joined("302f300b0609608648016503040201"
                                  "0420",
                                  digest)),
       EVSEAL_SIGNATURE_INVALID},
      {"a length in long form",
       pkcs1_encoding(256, joined("308131300d060960864801650304020105000420", digest)),
       EVSEAL_SIGNATURE_INVALID},
      {"an octet after it", pkcs1_encoding(256, trailing), EVSEAL_SIGNATURE_INVALID},
      {"no DigestInfo", pkcs1_encoding(256, digest), EVSEAL_SIGNATURE_INVALID},
      {"padding that is not FF throughout", short_padding, EVSEAL_SIGNATURE_INVALID},
      {"block type 2", type_2, EVSEAL_SIGNATURE_INVALID},
  };
  for (const Form& form : forms) {
    const Bytes signature = key.rsa_private(form.em);
    REQUIRE_FALSE(signature.empty());
    each_rsa([&](const evseal_crypto& backend) {
      INFO(form.what);
      CHECK(backend.rsa_pkcs1(&rsa, EVSEAL_HASH_SHA256, span_of(digest), span_of(signature)) ==
            form.status);
    });
  }
}

TEST_CASE("EMSA-PKCS1-v1_5: every bit of the encoding counts") {
  for (const evseal_hash hash : kHashes) {
    const OpensslKey& key = OpensslKey::rsa(2048);
    const Bytes digest = digest_of(hash);
    Bytes em = key.rsa_public(key.sign_pkcs1(hash, digest));
    REQUIRE(evseal_emsa_pkcs1_check(hash, span_of(digest), span_of(em)) == EVSEAL_OK);
    for (std::size_t bit = 0; bit < em.size() * 8; ++bit) {
      em[bit / 8] ^= static_cast<std::uint8_t>(1U << (bit % 8));
      REQUIRE(evseal_emsa_pkcs1_check(hash, span_of(digest), span_of(em)) ==
              EVSEAL_SIGNATURE_INVALID);
      em[bit / 8] ^= static_cast<std::uint8_t>(1U << (bit % 8));
    }
  }
}

TEST_CASE("backends: RSA refuses a signature that is not below the modulus") {
  const OpensslKey& key = OpensslKey::rsa(2048);
  const evseal_rsa_key rsa = key.rsa_key();
  const Bytes digest = digest_of(EVSEAL_HASH_SHA256);
  for (const std::uint8_t filler : {std::uint8_t{0x00}, std::uint8_t{0xFF}}) {
    const Bytes signature(256, filler);
    each_rsa([&](const evseal_crypto& backend) {
      CHECK(backend.rsa_pkcs1(&rsa, EVSEAL_HASH_SHA256, span_of(digest), span_of(signature)) ==
            EVSEAL_SIGNATURE_INVALID);
      CHECK(backend.rsa_pss(&rsa, EVSEAL_HASH_SHA256, EVSEAL_HASH_SHA256, 32, span_of(digest),
                            span_of(signature)) == EVSEAL_SIGNATURE_INVALID);
    });
  }
}
