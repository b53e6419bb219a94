// One SignerInfo by itself: the status of each thing that it can be refused for, and what lies
// behind the certificates and the hashes that it is told about.
#include <catch2/catch.hpp>

#include "der_tree.hpp"
#include "guarded.hpp"
#include "verifier.hpp"

extern "C" {
#include "cms_signer.h"
}

using namespace evseal;
using namespace evseal::test;
using fuzz::DerNode;

namespace {

evseal_span span_of(const Bytes& octets) {
  return {octets.data(), octets.size()};
}

DerNode primitive(std::uint8_t tag, Bytes content) {
  DerNode out;
  out.tag = tag;
  out.content = std::move(content);
  return out;
}

DerNode element(std::uint8_t tag, std::vector<DerNode> children) {
  DerNode out;
  out.tag = tag;
  out.children = std::move(children);
  return out;
}

enum Field : std::size_t { kVersion, kSid, kDigest, kAttributes, kAlgorithm, kSignature };
enum : std::uint8_t { kTypeArc = 3, kDigestArc = 4, kTimeArc = 5, kListedArc = 47 };

// A SignerInfo, the certificates of its envelope and their hashes.
struct Signer {
  DerNode info;
  std::vector<Bytes> certificates;
  unsigned told = 0;  // how many of them the reader is told about

  explicit Signer(const World& world) : certificates(world.identity.certificates) {
    told = static_cast<unsigned>(certificates.size());
  }

  [[nodiscard]] DerNode& field(Field which) { return info.children.at(which); }
  // The id-aa and pkcs-9 attributes end in different arcs.
  [[nodiscard]] DerNode& attribute(std::uint8_t arc) {
    for (DerNode& one : field(kAttributes).children) {
      if (one.children.at(0).content.back() == arc) {
        return one;
      }
    }
    throw std::runtime_error("no such attribute");
  }
  [[nodiscard]] DerNode& value(std::uint8_t arc) {
    return attribute(arc).children.at(1).children.at(0);
  }
  // The identifiers in signingCertificateV2.
  [[nodiscard]] std::vector<DerNode>& listed() { return value(kListedArc).children.at(0).children; }
  void list(const std::vector<std::size_t>& indices) {
    listed().clear();
    for (const std::size_t i : indices) {
      const Sha256 hash = sha256(certificates.at(i));
      listed().push_back(element(0x30, {primitive(0x04, Bytes(hash.begin(), hash.end()))}));
    }
    fuzz::sort_set(field(kAttributes).children);
  }

  cms_signer read_as{};
  std::vector<evseal_certificate> parsed;

  [[nodiscard]] std::string says() {
    return says([](std::vector<evseal_certificate>&) {});
  }
  template <typename F>
  [[nodiscard]] std::string says(F change_certificates) {
    parsed.assign(certificates.size(), {});
    Bytes hashes;
    for (std::size_t i = 0; i < certificates.size(); ++i) {
      static_cast<void>(evseal_certificate_parse(&parsed[i], span_of(certificates[i])));
      const Sha256 hash = sha256(certificates[i]);
      hashes.insert(hashes.end(), hash.begin(), hash.end());
    }
    change_certificates(parsed);
    const Guarded guarded(hashes);
    const Bytes der = fuzz::write_der(info);
    read_as = {};
    return evseal_status_name(evseal_cms_read_signer(
        &read_as, span_of(der), parsed.data(), told,
        reinterpret_cast<const std::uint8_t(*)[EVSEAL_SHA256_LEN]>(guarded.octets().data())));
  }
};

// The one SignerInfo of a package; `certificates` are those of the world, the leaf first.
Signer signer_of(World& world) {
  world.set_component("rootfs", pattern(10));
  const Bytes file = world.package();
  const Bytes envelope(file.begin() + 16,
                       file.begin() + static_cast<std::ptrdiff_t>(envelope_end(file)));
  const auto nodes = fuzz::read_der(envelope);
  Signer out(world);
  out.info = nodes->at(0).children.at(1).children.at(0).children.back().children.at(0);
  return out;
}

}  // namespace

TEST_CASE("signer: what each field is refused for") {
  World world("ed25519");
  const Signer good = signer_of(world);
  Signer s = good;
  REQUIRE(s.says() == "ok");
  CHECK(s.read_as.known);
  CHECK(s.read_as.leaf == 0);
  CHECK(s.read_as.listed == 3);

  const auto changed = [&](Field which, void (*change)(DerNode&)) {
    s = good;
    change(s.field(which));
    return s.says();
  };
  CHECK(changed(kVersion, [](DerNode& n) { n.tag = 0x04; }) == "der_encoding");
  CHECK(changed(kVersion, [](DerNode& n) { n.content = {3}; }) == "cms_signer_version");
  CHECK(changed(kSid, [](DerNode& n) { n.tag = 0x80; }) == "cms_signer_id");
  CHECK(changed(kSid, [](DerNode& n) { n.children.push_back(primitive(0x05, {})); }) ==
        "der_encoding");
  CHECK(changed(kSid, [](DerNode& n) { n.children.at(1).content.back() ^= 1; }) == "cms_signer_id");
  CHECK(changed(kDigest, [](DerNode& n) { n.tag = 0x31; }) == "der_encoding");
  CHECK(changed(kDigest, [](DerNode& n) { n.children.at(0).content.back() ^= 1; }) ==
        "cms_algorithm");
  CHECK(changed(kAttributes, [](DerNode& n) { n.tag = 0xA2; }) == "cms_attributes");
  CHECK(changed(kAlgorithm, [](DerNode& n) { n.tag = 0x31; }) == "der_encoding");
  CHECK(changed(kAlgorithm, [](DerNode& n) { n.children.at(0).content.back() ^= 1; }) ==
        "cms_algorithm");
  CHECK(changed(kSignature, [](DerNode& n) { n.tag = 0x03; }) == "der_encoding");

  s = good;
  s.info.children.pop_back();
  CHECK(s.says() == "der_encoding");
  const DerNode unsigned_attributes = element(0xA1, {primitive(0x05, {})});
  s.info.children.push_back(unsigned_attributes);
  CHECK(s.says() == "der_encoding");  // in the place of the signature
  s = good;
  s.info.children.push_back(unsigned_attributes);
  CHECK(s.says() == "cms_unsigned_attributes");
  s.info.children.back().tag = 0x05;
  CHECK(s.says() == "der_encoding");
}

TEST_CASE("signer: what the attributes are refused for") {
  World world("ed25519");
  const Signer good = signer_of(world);
  Signer s = good;
  std::swap(s.field(kAttributes).children.at(0), s.field(kAttributes).children.at(1));
  CHECK(s.says() == "cms_attributes");
  for (std::size_t i = 0; i < 4; ++i) {
    s = good;
    auto& list = s.field(kAttributes).children;
    list.erase(list.begin() + static_cast<std::ptrdiff_t>(i));
    CHECK(s.says() == "cms_attributes");
  }
  // A fifth one.
  s = good;
  s.field(kAttributes).children.push_back(s.field(kAttributes).children.back());
  CHECK(s.says() == "cms_attributes");

  s = good;
  s.value(kTypeArc).content.back() ^= 1;
  CHECK(s.says() == "cms_attribute_value");
  // The form of all comes before the value of any.
  auto& values = s.attribute(kDigestArc).children.at(1).children;
  values.push_back(values.at(0));
  fuzz::sort_set(s.field(kAttributes).children);
  CHECK(s.says() == "cms_attributes");

  s = good;
  s.value(kDigestArc).content.pop_back();
  CHECK(s.says() == "cms_attribute_value");
  s = good;
  const auto at = [&](const char* time) {
    const std::string_view text(time);
    s.value(kTimeArc) = primitive(text.size() == 13 ? 0x17 : 0x18, {text.begin(), text.end()});
    fuzz::sort_set(s.field(kAttributes).children);
    return s.says();
  };
  CHECK(at("700101000000Z") == "ok");
  CHECK(s.read_as.signing_time == 0);
  CHECK(at("691231235959Z") == "cms_attribute_value");
}

TEST_CASE("signer: what signingCertificateV2 is refused for") {
  World world("ed25519");
  const Signer good = signer_of(world);
  Signer s = good;
  s.list({0, 1});
  CHECK(s.says() == "ok");
  s.list({0});
  CHECK(s.says() == "ok");
  CHECK(s.read_as.listed == 1);
  s.list({1, 0});
  CHECK(s.says() == "cms_signing_certificate");  // the leaf comes first
  s.list({0, 1, 1});
  CHECK(s.says() == "cms_signing_certificate");
  s.listed().clear();
  s.value(kListedArc).children.at(0).set({});
  fuzz::sort_set(s.field(kAttributes).children);
  CHECK(s.says() == "cms_attribute_value");
  s = good;
  s.listed().at(0).children.at(0).content.pop_back();
  fuzz::sort_set(s.field(kAttributes).children);
  CHECK(s.says() == "cms_attribute_value");
  s = good;
  s.listed().at(1).children.at(0).content.back() ^= 1;
  CHECK(s.says() == "cms_signing_certificate");

  // Five may be listed, the leaf among them.
  s = good;
  while (s.certificates.size() < 6) {
    s.certificates.push_back(
        world.authority("other" + std::to_string(s.certificates.size())).certificate);
  }
  s.told = 6;
  s.list({0, 1, 2, 3, 4});
  CHECK(s.says() == "ok");
  CHECK(s.read_as.listed == 31);
  s.list({0, 1, 2, 3, 4, 5});
  CHECK(s.says() == "cms_signing_certificate");
}

TEST_CASE("signer: nothing behind the last certificate is looked at") {
  World world("ed25519");
  Signer s = signer_of(world);
  // The last one is the signer's own.
  s.certificates = {s.certificates.at(1), s.certificates.at(0)};
  s.list({1, 0});
  REQUIRE(s.says() == "ok");
  s.told = 1;
  CHECK(s.says() == "cms_signer_id");
  s.told = 2;
  // Two of one issuer and serial number.
  s.certificates.push_back(s.certificates.back());
  CHECK(s.says() == "ok");
  s.told = 3;
  CHECK(s.says() == "cms_signer_id");
  // The hash that is looked for is none of those; behind the last no octet can be read.
  s.told = 2;
  s.certificates.pop_back();
  s.listed().at(1).children.at(0).content.back() ^= 1;
  CHECK(s.says() == "cms_signing_certificate");
}

TEST_CASE("signer: a key that cannot be one") {
  World world("ed25519");
  Signer s = signer_of(world);
  const Bytes damaged = {0x30, 0x00};
  CHECK(s.says([&](std::vector<evseal_certificate>& certificates) {
    certificates.at(0).key.spki = span_of(damaged);
  }) == "cert_key");
}

TEST_CASE("signer: of a key of an unknown type no algorithm is expected") {
  World world("ed25519");
  Signer s = signer_of(world);
  const auto unknown = [](std::vector<evseal_certificate>& certificates) {
    certificates.at(0).key.type = EVSEAL_KEY_UNKNOWN;
  };
  s.field(kDigest).children.at(0).content.back() ^= 1;
  s.field(kAlgorithm).children.at(0).content.back() ^= 1;
  s.value(kDigestArc).content.pop_back();
  fuzz::sort_set(s.field(kAttributes).children);
  CHECK(s.says(unknown) == "ok");
  CHECK_FALSE(s.read_as.known);
  CHECK(s.says() == "cms_algorithm");
}

TEST_CASE("signer: the algorithm of each type of key") {
  struct Known {
    evseal_key_type type;
    evseal_scheme scheme;
    evseal_hash digest;
  };
  for (const Known& known :
       {Known{EVSEAL_KEY_P256, EVSEAL_SCHEME_ECDSA, EVSEAL_HASH_SHA256},
        Known{EVSEAL_KEY_P384, EVSEAL_SCHEME_ECDSA, EVSEAL_HASH_SHA384},
        Known{EVSEAL_KEY_RSA, EVSEAL_SCHEME_RSA_PSS, EVSEAL_HASH_SHA256},
        Known{EVSEAL_KEY_ED25519, EVSEAL_SCHEME_ED25519, EVSEAL_HASH_SHA512}}) {
    evseal_algorithm algorithm{};
    evseal_hash digest = EVSEAL_HASH_NONE;
    REQUIRE(evseal_cms_algorithm_of_key(&algorithm, &digest, known.type));
    CHECK(algorithm.scheme == known.scheme);
    CHECK(digest == known.digest);
  }
  evseal_algorithm algorithm{};
  evseal_hash digest = EVSEAL_HASH_NONE;
  CHECK_FALSE(evseal_cms_algorithm_of_key(&algorithm, &digest, EVSEAL_KEY_UNKNOWN));
}
