// Every element of every structure left out, doubled, emptied, of another type, longer or shorter,
// with all lengths right again: what is accepted then says something else than before. Nothing is
// read past, and nothing is ignored.
#include <catch2/catch.hpp>

#include "der_tree.hpp"
#include "verifier.hpp"

extern "C" {
#include "cms.h"
#include "x509_fields.h"
}

using namespace evseal;
using namespace evseal::test;
using fuzz::DerNode;

namespace {

using Nodes = std::vector<DerNode>;

// What a parser makes of octets: nothing when it refuses them, else all that it read from them.
using Reading = std::optional<Bytes>;
using Parser = std::function<Reading(const Bytes&)>;

evseal_span span_of(const Bytes& octets) {
  return {octets.data(), octets.size()};
}

// Puts what was read one behind the other.
class Sum {
 public:
  Sum& number(std::uint64_t value) {
    for (unsigned i = 0; i < 8; ++i) {
      out_.push_back(static_cast<std::uint8_t>(value >> (8 * i)));
    }
    return *this;
  }
  Sum& octets(evseal_span span) {
    number(span.len);
    out_.insert(out_.end(), span.data, span.data + span.len);
    return *this;
  }
  Sum& algorithm(const evseal_algorithm& a) {
    return number(a.scheme).number(a.hash).number(a.mgf_hash).number(a.salt_len);
  }
  Sum& key(const evseal_public_key& k) {
    return number(k.type).octets(k.raw).octets(k.rsa.n).octets(k.rsa.e).algorithm(k.pss).octets(
        k.spki);
  }
  [[nodiscard]] const Bytes& all() const { return out_; }

 private:
  Bytes out_;
};

Reading read_certificate(const Bytes& der) {
  evseal_certificate c{};
  evseal_anchor anchor{};
  const evseal_status as_anchor = evseal_anchor_from_certificate(&anchor, span_of(der));
  if (evseal_certificate_parse(&c, span_of(der)) != EVSEAL_OK) {
    return {};
  }
  REQUIRE(as_anchor == EVSEAL_OK);
  Sum sum;
  sum.octets(c.serial).octets(c.issuer).octets(c.subject).octets(c.algorithm_der);
  sum.algorithm(c.algorithm).octets(c.signature).key(c.key);
  sum.number(static_cast<std::uint64_t>(c.not_before))
      .number(static_cast<std::uint64_t>(c.not_after));
  sum.number(c.flags).number(c.key_usage).number(c.path_length).number(c.policies);
  sum.octets(c.purposes).octets(c.subject_key_id).octets(c.authority_key_id);
  return sum.octets(c.authority_issuer).octets(c.authority_serial).all();
}

Reading read_crl(const Bytes& der) {
  evseal_crl c{};
  if (evseal_crl_parse(&c, span_of(der)) != EVSEAL_OK) {
    return {};
  }
  // Each entry can be read again.
  evseal_span rest = c.entries;
  evseal_span serial{};
  while (evseal_crl_next_serial(&rest, &serial)) {
  }
  REQUIRE(rest.len == 0);
  Sum sum;
  sum.octets(c.issuer).octets(c.algorithm_der).algorithm(c.algorithm).octets(c.signature);
  sum.number(static_cast<std::uint64_t>(c.this_update))
      .number(static_cast<std::uint64_t>(c.next_update));
  return sum.number(c.number).octets(c.entries).octets(c.authority_key_id).all();
}

Reading read_algorithm(const Bytes& der) {
  evseal_algorithm algorithm{};
  if (evseal_algorithm_parse(&algorithm, span_of(der)) != EVSEAL_OK) {
    return {};
  }
  return Sum().algorithm(algorithm).all();
}

Reading read_key(const Bytes& der) {
  evseal_public_key key{};
  if (evseal_public_key_parse(&key, span_of(der)) != EVSEAL_OK) {
    return {};
  }
  return Sum().key(key).all();
}

// What the tools write again is octet for octet what they read. They refuse one thing more than
// devices: a name that stands twice in a scope.
template <typename T, typename Encode>
Bytes of_tools(const Result<T>& decoded, Encode encode, const Bytes& octets) {
  if (!decoded.ok()) {
    CHECK(decoded.error().why.find("twice") != std::string::npos);
    return octets;
  }
  const Bytes again = must(encode(*decoded));
  CHECK(again == octets);
  return again;
}

Reading read_store(const Bytes& der) {
  evseal_trust_store store{};
  if (evseal_trust_store_open(&store, span_of(der)) != EVSEAL_OK) {
    return {};
  }
  return of_tools(manifest::decode_trust_store(der), manifest::encode_trust_store, der);
}

// A blob (docs/format.md section 9) around DER.
Bytes blob_of(const Bytes& der, char kind) {
  Bytes out = {0x89, 'E', 'V', static_cast<std::uint8_t>(kind), '1', 0x0D, 0x0A, 0x1A};
  for (unsigned shift = 32; shift > 0; shift -= 8) {
    out.push_back(static_cast<std::uint8_t>(der.size() >> (shift - 8)));
  }
  out.insert(out.end(), der.begin(), der.end());
  const Sha256 sum = sha256(out);
  out.insert(out.end(), sum.begin(), sum.end());
  return out;
}

Bytes der_of_blob(const Bytes& blob) {
  return {blob.begin() + 12, blob.end() - 32};
}

Reading read_profile(const Bytes& der) {
  const Bytes blob = blob_of(der, 'D');
  evseal_profile profile{};
  if (evseal_profile_open(&profile, &evseal_crypto_openssl, span_of(blob)) != EVSEAL_OK) {
    return {};
  }
  return of_tools(manifest::decode_profile(blob), manifest::encode_profile, blob);
}

Reading read_state(const Bytes& der) {
  const Bytes blob = blob_of(der, 'T');
  evseal_state state{};
  if (evseal_state_open(&state, &evseal_crypto_openssl, span_of(blob)) != EVSEAL_OK) {
    return {};
  }
  return of_tools(manifest::decode_state(blob), manifest::encode_state, blob);
}

Reading read_envelope(const Bytes& der) {
  cms_envelope e{};
  evseal_certificate certificates[EVSEAL_MAX_CERTIFICATES];
  evseal_crl_record crls[EVSEAL_MAX_CRLS];
  if (evseal_cms_read(&e, certificates, crls, &evseal_crypto_openssl, span_of(der), 8192) !=
      EVSEAL_OK) {
    return {};
  }
  Sum sum;
  sum.octets(e.manifest).octets(e.digest_algorithms);
  for (unsigned i = 0; i < e.num_certificates; ++i) {
    sum.octets(certificates[i].der);
  }
  for (unsigned i = 0; i < e.num_crls; ++i) {
    sum.octets(crls[i].der);
  }
  for (unsigned i = 0; i < e.num_signers; ++i) {
    sum.octets(e.signers[i].attributes).octets(e.signers[i].signature);
    sum.octets(e.signers[i].digest_algorithm).number(e.signers[i].leaf);
  }
  return sum.all();
}

// The list that holds a node, and its place there.
std::pair<Nodes*, std::size_t> place_of(Nodes& nodes, const DerNode* node) {
  for (std::size_t i = 0; i < nodes.size(); ++i) {
    if (&nodes[i] == node) {
      return {&nodes, i};
    }
    const auto found = place_of(nodes[i].children, node);
    if (found.first != nullptr) {
      return found;
    }
  }
  return {nullptr, 0};
}

// Content octets that stand for no children.
Bytes inside(const DerNode& node) {
  if (node.children.empty()) {
    return node.content;
  }
  Bytes out = node.prefix;
  const Bytes rest = fuzz::write_der(node.children);
  out.insert(out.end(), rest.begin(), rest.end());
  return out;
}

struct Change {
  const char* name;
  void (*apply)(Nodes& nodes, DerNode& node);
};

const Change kChanges[] = {
    {"left out",
     [](Nodes& nodes, DerNode& node) {
       const auto [list, at] = place_of(nodes, &node);
       list->erase(list->begin() + static_cast<std::ptrdiff_t>(at));
     }},
    {"twice",
     [](Nodes& nodes, DerNode& node) {
       const auto [list, at] = place_of(nodes, &node);
       const DerNode copy = node;
       list->insert(list->begin() + static_cast<std::ptrdiff_t>(at), copy);
     }},
    {"NULL behind it",
     [](Nodes& nodes, DerNode& node) {
       const auto [list, at] = place_of(nodes, &node);
       DerNode null;
       null.tag = 0x05;
       list->insert(list->begin() + static_cast<std::ptrdiff_t>(at) + 1, null);
     }},
    {"of the next type", [](Nodes&, DerNode& node) { node.tag ^= 1; }},
    {"NULL", [](Nodes&, DerNode& node) { node.tag = 0x05; }},
    {"of a long type", [](Nodes&, DerNode& node) { node.tag |= 0x1F; }},
    {"empty", [](Nodes&, DerNode& node) { node.set({}); }},
    {"one octet more",
     [](Nodes&, DerNode& node) {
       Bytes octets = inside(node);
       octets.push_back(0);
       node.set(octets);
     }},
    {"a zero more in front",
     [](Nodes&, DerNode& node) {
       Bytes octets = inside(node);
       octets.insert(octets.begin(), 0);
       node.set(octets);
     }},
    {"one octet less",
     [](Nodes&, DerNode& node) {
       Bytes octets = inside(node);
       if (!octets.empty()) {
         octets.pop_back();
       }
       node.set(octets);
     }},
    {"first bit",
     [](Nodes&, DerNode& node) {
       Bytes octets = inside(node);
       if (!octets.empty()) {
         octets.front() ^= 0x80;
       }
       node.set(octets);
     }},
    {"last bit",
     [](Nodes&, DerNode& node) {
       Bytes octets = inside(node);
       if (!octets.empty()) {
         octets.back() ^= 1;
       }
       node.set(octets);
     }},
};

enum class Ignored { nothing, what_is_not_read };

// Every change of every element. BOOLEANs say only whether an extension must be understood.
void check_changes(const Bytes& der, const Parser& parse, Ignored ignored = Ignored::nothing) {
  const Reading before = parse(der);
  REQUIRE(before);
  const auto nodes = fuzz::read_der(der);
  REQUIRE(nodes);
  REQUIRE(fuzz::write_der(*nodes) == der);
  Nodes original = *nodes;
  const std::size_t count = fuzz::all_nodes(original).size();
  std::size_t refused = 0;
  for (std::size_t i = 0; i < count; ++i) {
    for (const Change& change : kChanges) {
      Nodes changed = original;
      DerNode& node = *fuzz::all_nodes(changed)[i];
      const std::uint8_t tag = node.tag;
      change.apply(changed, node);
      const Bytes octets = fuzz::write_der(changed);
      const Reading after = parse(octets);
      refused += after ? 0U : 1U;
      if (ignored == Ignored::nothing && octets != der && after && tag != 0x01) {
        INFO("element " << i << " of type " << int{tag} << ": " << change.name);
        CHECK(*after != *before);
      }
    }
  }
  CHECK(refused > count);
  // And every octet for itself: lengths that are none, among others. Only the count of unused bits
  // of a keyUsage may be another: zero bits at its end are tolerated (docs/format.md section 5.1).
  for (std::size_t i = 0; i < der.size(); ++i) {
    const bool unused_bits = i >= 2 && der[i - 2] == 0x03 && der[i - 1] == 0x02;
    for (const std::uint8_t octet : Bytes{0x00, 0x80, 0xFF}) {
      Bytes octets = der;
      octets[i] = octet;
      const Reading after = parse(octets);
      if (ignored == Ignored::nothing && octet != der[i] && after && !unused_bits) {
        INFO("octet " << i << ": " << int{octet});
        CHECK(*after != *before);
      }
    }
  }
}

DerNode element(std::uint8_t tag, std::vector<DerNode> children) {
  DerNode out;
  out.tag = tag;
  out.children = std::move(children);
  return out;
}

DerNode primitive(std::uint8_t tag, Bytes content) {
  DerNode out;
  out.tag = tag;
  out.content = std::move(content);
  return out;
}

DerNode oid(Bytes content) {
  return primitive(0x06, std::move(content));
}

// Extension of id-ce (2.5.29) number `arc`.
DerNode extension(std::uint8_t arc, bool critical, DerNode value) {
  std::vector<DerNode> fields = {oid({0x55, 0x1D, arc})};
  if (critical) {
    fields.push_back(primitive(0x01, {0xFF}));
  }
  fields.push_back(element(0x04, {std::move(value)}));
  return element(0x30, std::move(fields));
}

// The extensions of a certificate: the last element of its first.
DerNode& extensions_of(Nodes& certificate) {
  return certificate[0].children[0].children.back().children[0];
}

DerNode directory_name() {
  return element(0xA4, {element(0x30, {element(0x31, {element(0x30, {oid({0x55, 0x04, 0x03}),
                                                                     primitive(0x0C, {'x'})})})})});
}

// A CA certificate with everything that the parser knows.
Bytes certificate_with_everything(const World& world) {
  Nodes nodes = *fuzz::read_der(world.identity.certificates[1]);
  Nodes& list = extensions_of(nodes).children;
  const auto without = [&](std::uint8_t arc) {
    std::erase_if(list, [&](const DerNode& e) {
      return e.children[0].content == Bytes{0x55, 0x1D, arc};
    });
  };
  without(0x13);
  without(0x20);
  without(0x23);
  list.push_back(
      extension(0x13, true, element(0x30, {primitive(0x01, {0xFF}), primitive(0x02, {3})})));
  list.push_back(extension(
      0x20, false,
      element(0x30, {element(0x30, {oid({0x55, 0x1D, 0x20, 0x00}), element(0x30, {oid({0x2A})})}),
                     element(0x30, {oid({0x2A, 0x03})})})));
  list.push_back(
      extension(0x23, false,
                element(0x30, {primitive(0x80, {1, 2, 3}), element(0xA1, {directory_name()}),
                               primitive(0x82, {5})})));
  list.push_back(extension(0x11, true, element(0x30, {primitive(0x82, {'a'})})));
  list.push_back(extension(0x12, false, element(0x30, {directory_name()})));
  return fuzz::write_der(nodes);
}

const Bytes kSha256 = {0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01};
const Bytes kPss = {0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 0x01, 0x01, 0x0A};
const Bytes kMgf1 = {0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 0x01, 0x01, 0x08};
const Bytes kPkcs1 = {0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 0x01, 0x01, 0x0B};
const Bytes kEcdsa = {0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x04, 0x03, 0x02};

DerNode sha256_identifier() {
  return element(0x30, {oid(kSha256), primitive(0x05, {})});
}

DerNode pss_identifier(std::uint8_t salt = 32) {
  return element(
      0x30,
      {oid(kPss), element(0x30, {element(0xA0, {sha256_identifier()}),
                                 element(0xA1, {element(0x30, {oid(kMgf1), sha256_identifier()})}),
                                 element(0xA2, {primitive(0x02, {salt})})})});
}

}  // namespace

namespace {

// The profile of a world with 64 anchors, most of them of 4,096-bit keys, in eight roles; each
// subject's only attribute has a text of so many octets.
Bytes profile_with_names(const World& world, const std::vector<std::size_t>& lengths) {
  Nodes nodes = *fuzz::read_der(der_of_blob(world.device().profile));
  Nodes& roles = nodes[0].children[8].children[0].children;
  const DerNode key =
      element(0x30, {element(0x30, {oid({0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 0x01, 0x01, 0x01}),
                                    primitive(0x05, {})}),
                     primitive(0x03, [] {
                       Bytes modulus(513, 0xFF);
                       modulus.front() = 0;
                       Bytes out = fuzz::write_der(
                           element(0x30, {primitive(0x02, modulus), primitive(0x02, {1, 0, 1})}));
                       out.insert(out.begin(), 0);
                       return out;
                     }())});
  const DerNode role = roles.at(0);
  roles.clear();
  for (std::size_t i = 0; i < lengths.size(); ++i) {
    if (i % EVSEAL_MAX_ANCHORS == 0) {
      roles.push_back(role);
      roles.back().children[1].children.clear();
      if (i > 0) {
        roles.back().children[0].content = {static_cast<std::uint8_t>('a' + roles.size())};
      }
    }
    const DerNode attribute =
        element(0x30, {oid({0x55, 0x04, 0x03}), primitive(0x0C, Bytes(lengths[i], 'x'))});
    roles.back().children[1].children.push_back(
        element(0x30, {element(0x30, {element(0x31, {attribute})}), key}));
  }
  return blob_of(fuzz::write_der(nodes), 'D');
}

}  // namespace

TEST_CASE("shape: a profile of 64 KiB is one, and of one octet more is none") {
  World world("ed25519");
  world.set_component("rootfs", pattern(10));
  const auto opens = [](const Bytes& blob) {
    evseal_profile profile{};
    return evseal_profile_open(&profile, &evseal_crypto_openssl, span_of(blob));
  };
  for (const std::size_t size : {65536U, 65537U}) {
    INFO(size);
    std::vector<std::size_t> lengths(64, 100);
    Bytes blob = profile_with_names(world, lengths);
    for (std::size_t i = 0; i < lengths.size() && blob.size() != size; ++i) {
      REQUIRE(blob.size() < size);
      lengths[i] += std::min<std::size_t>(size - blob.size(), 350);
      // Where a length takes an octet more than before, the name gets one less.
      for (blob = profile_with_names(world, lengths); blob.size() > size;) {
        --lengths[i];
        blob = profile_with_names(world, lengths);
      }
    }
    REQUIRE(blob.size() == size);
    CHECK(opens(blob) == (size == 65536 ? EVSEAL_OK : EVSEAL_PROFILE_DAMAGED));
  }
}

TEST_CASE("shape: a profile and a state of as much as there may be") {
  World world("ed25519");
  manifest::State state;
  state.vendor = "acme";
  state.model = "ac22";
  for (unsigned i = 0; i < EVSEAL_MAX_COMPONENTS; ++i) {
    const std::string id = "c" + std::to_string(10 + i);
    world.profile.components.push_back({id, true, 0});
    state.slots.push_back({id, 0});
    world.profile.trust.roles[0].scope.components.push_back(id);
  }
  for (unsigned i = 0; i < 8; ++i) {
    world.profile.trust.roles[0].scope.models.push_back("m" + std::to_string(i));
    Sha256 key{};
    key[0] = static_cast<std::uint8_t>(i);
    world.profile.trust.roles[0].signers.push_back(key);
  }
  state.crls = {{Sha256{}, 1, true, {Bytes(21, 1)}}};  // the longest serial number
  // Four signers at most, of all roles together.
  manifest::Role other = world.profile.trust.roles[0];
  world.profile.trust.roles[0].threshold = 2;
  other.name = "other";
  other.threshold = 2;
  world.profile.trust.roles.push_back(other);
  world.profile.trust.firmware = {world.profile.trust.roles[0].name, "other"};
  CHECK(read_profile(der_of_blob(must(manifest::encode_profile(world.profile)))));
  CHECK(read_state(der_of_blob(must(manifest::encode_state(state)))));
}

TEST_CASE("shape: an anchor has a subject") {
  World world("ed25519");
  world.set_component("rootfs", pattern(10));
  Nodes nodes = *fuzz::read_der(der_of_blob(world.device().profile));
  REQUIRE(read_profile(fuzz::write_der(nodes)));
  DerNode& role = nodes[0].children[8].children[0].children[0];
  role.children[1].children[0].children[0].set({});
  CHECK_FALSE(read_profile(fuzz::write_der(nodes)));
}

TEST_CASE("shape: certificates") {
  for (const char* algorithm : {"p256", "p384", "rsa2048", "ed25519"}) {
    INFO(algorithm);
    const World world(algorithm);
    check_changes(world.identity.certificates[0], read_certificate);
    check_changes(world.root, read_certificate);
  }
  const World world("ed25519");
  check_changes(certificate_with_everything(world), read_certificate, Ignored::what_is_not_read);
}

TEST_CASE("shape: what each field of a certificate is refused for") {
  const World world("ed25519");
  const Nodes good = *fuzz::read_der(world.identity.certificates[0]);
  enum Field : std::size_t { kSerial = 1, kAlgorithm, kIssuer, kValidity, kSubject, kKey };
  const auto says = [&](Field field, void (*change)(DerNode&)) {
    Nodes nodes = good;
    change(nodes[0].children[0].children.at(field));
    const Bytes der = fuzz::write_der(nodes);
    evseal_certificate certificate{};
    return std::string(evseal_status_name(evseal_certificate_parse(&certificate, span_of(der))));
  };
  CHECK(says(kSerial, [](DerNode& n) { n.set({1}); }) == "ok");
  CHECK(says(kSerial, [](DerNode& n) { n.set(Bytes(20, 0x7F)); }) == "ok");
  CHECK(says(kSerial, [](DerNode& n) { n.set(Bytes(21, 0x7F)); }) == "cert_serial");
  CHECK(says(kSerial, [](DerNode& n) { n.set({0}); }) == "cert_serial");
  CHECK(says(kSerial, [](DerNode& n) { n.set({0x80}); }) == "cert_serial");
  CHECK(says(kIssuer, [](DerNode& n) { n.set({}); }) == "cert_name");
  CHECK(says(kSubject, [](DerNode& n) { n.set({}); }) == "cert_name");
  // An attribute of a name without a type, without a value, with two.
  const auto attribute = [](DerNode& n) -> DerNode& { return n.children[0].children[0]; };
  static DerNode& (*const in_name)(DerNode&) = attribute;
  CHECK(says(kIssuer, [](DerNode& n) { in_name(n).children[0].set({}); }) == "cert_name");
  CHECK(says(kIssuer, [](DerNode& n) { in_name(n).children.pop_back(); }) == "cert_name");
  CHECK(says(kIssuer, [](DerNode& n) { in_name(n).children.push_back(in_name(n).children[1]); }) ==
        "cert_name");
  // 512 octets of a name, and one more.
  const auto of_text = [](std::size_t octets) {
    return element(0x31,
                   {element(0x30, {oid({0x55, 0x04, 0x03}), primitive(0x0C, Bytes(octets, 'x'))})});
  };
  static DerNode (*const rdn)(std::size_t) = of_text;
  CHECK(says(kIssuer, [](DerNode& n) { n.children = {rdn(491)}; }) == "ok");
  CHECK(says(kIssuer, [](DerNode& n) { n.children = {rdn(492)}; }) == "cert_name");
  for (const Field field : {kSerial, kAlgorithm, kIssuer, kValidity, kSubject, kKey}) {
    INFO(field);
    CHECK(says(field, [](DerNode& n) { n.tag = 0x31; }) == "cert_encoding");
    Nodes nodes = good;
    Nodes& fields = nodes[0].children[0].children;
    fields.erase(fields.begin() + field);
    const Bytes der = fuzz::write_der(nodes);
    evseal_certificate certificate{};
    CHECK(evseal_certificate_parse(&certificate, span_of(der)) == EVSEAL_CERT_ENCODING);
  }
}

TEST_CASE("shape: a certificate without a subject, and with many extensions") {
  const World world("ed25519");
  const Nodes good = *fuzz::read_der(world.identity.certificates[0]);
  const auto says = [](const Nodes& nodes) {
    const Bytes der = fuzz::write_der(nodes);
    evseal_certificate certificate{};
    return std::string(evseal_status_name(evseal_certificate_parse(&certificate, span_of(der))));
  };
  const auto alternative = [](bool critical) {
    return extension(0x11, critical, element(0x30, {primitive(0x82, {'a'})}));
  };
  for (const bool critical : {false, true}) {
    Nodes nodes = good;
    extensions_of(nodes).children.push_back(alternative(critical));
    CHECK(says(nodes) == "ok");
    nodes[0].children[0].children[5].set({});
    CHECK(says(nodes) == (critical ? "ok" : "cert_name"));
  }
  Nodes nodes = good;
  Nodes& list = extensions_of(nodes).children;
  while (list.size() < EVSEAL_MAX_EXTENSIONS) {
    list.push_back(
        extension(static_cast<std::uint8_t>(0x60 + list.size()), false, primitive(0x05, {})));
  }
  CHECK(says(nodes) == "ok");
  list.push_back(extension(0x5F, false, primitive(0x05, {})));
  CHECK(says(nodes) == "cert_extension");
}

TEST_CASE("shape: what an extension of a certificate is refused for") {
  const World world("ed25519");
  const auto says = [&](std::uint8_t arc, bool critical, DerNode value) {
    Nodes nodes = *fuzz::read_der(world.identity.certificates[0]);
    Nodes& list = extensions_of(nodes).children;
    std::erase_if(list, [&](const DerNode& e) {
      return e.children[0].content == Bytes{0x55, 0x1D, arc};
    });
    list.push_back(extension(arc, critical, std::move(value)));
    const Bytes der = fuzz::write_der(nodes);
    evseal_certificate certificate{};
    return std::string(evseal_status_name(evseal_certificate_parse(&certificate, span_of(der))));
  };
  const auto policy = [](Bytes id, Nodes more) {
    more.insert(more.begin(), oid(std::move(id)));
    return element(0x30, {element(0x30, std::move(more))});
  };
  constexpr std::uint8_t subject_key_id = 0x0E;
  constexpr std::uint8_t policies = 0x20;
  constexpr std::uint8_t constraints = 0x13;
  constexpr std::uint8_t key_usage = 0x0F;
  CHECK(says(constraints, true, element(0x30, {})) == "ok");
  CHECK(says(constraints, true, primitive(0x05, {})) == "cert_extension");
  CHECK(says(constraints, true, element(0x30, {primitive(0x01, {1})})) == "cert_extension");
  const auto ca = primitive(0x01, {0xFF});
  const auto path_length = primitive(0x02, {3});
  CHECK(says(constraints, true, element(0x30, {ca})) == "ok");
  CHECK(says(constraints, true, element(0x30, {ca, path_length})) == "ok");
  CHECK(says(constraints, true, element(0x30, {path_length})) == "cert_extension");
  CHECK(says(constraints, true, element(0x30, {ca, path_length, path_length})) == "cert_extension");
  constexpr std::uint8_t purposes = 0x25;
  CHECK(says(purposes, false, element(0x30, {oid({0x2A})})) == "ok");
  CHECK(says(purposes, false, element(0x30, {})) == "cert_extension");
  CHECK(says(purposes, false, element(0x31, {oid({0x2A})})) == "cert_extension");
  CHECK(says(purposes, false, element(0x30, {oid({})})) == "cert_extension");
  CHECK(says(purposes, false, element(0x30, {oid({0x2A}), ca})) == "cert_extension");
  constexpr std::uint8_t authority_key_id = 0x23;
  CHECK(says(authority_key_id, false, element(0x30, {primitive(0x80, {1})})) == "ok");
  CHECK(says(authority_key_id, false, element(0x30, {primitive(0x80, {})})) == "cert_extension");
  CHECK(says(authority_key_id, false, element(0x30, {primitive(0x82, {1})})) == "cert_extension");
  CHECK(says(key_usage, true, primitive(0x03, {7, 0x80})) == "ok");
  CHECK(says(key_usage, true, primitive(0x03, {2, 0x04})) == "cert_extension");  // keyCertSign
  CHECK(says(subject_key_id, false, primitive(0x04, {1})) == "ok");
  CHECK(says(subject_key_id, false, primitive(0x04, {})) == "cert_extension");
  CHECK(says(policies, false, policy({0x2A}, {})) == "ok");
  CHECK(says(policies, true, policy({0x2A}, {})) == "ok");
  CHECK(says(policies, false, policy({}, {})) == "cert_extension");
  CHECK(says(policies, false, element(0x30, {})) == "cert_extension");
  DerNode many = element(0x30, {});
  for (std::uint8_t i = 1; i <= 16; ++i) {
    many.children.push_back(element(0x30, {oid({0x2A, i})}));
  }
  CHECK(says(policies, false, many) == "ok");
  many.children.push_back(element(0x30, {oid({0x2A})}));
  CHECK(says(policies, false, many) == "cert_extension");
  many.children = {many.children[0], many.children[1], many.children[0]};
  CHECK(says(policies, false, many) == "cert_extension");
  CHECK(says(policies, false, policy({0x2A}, {element(0x30, {oid({0x2A})})})) == "ok");
  CHECK(says(policies, true, policy({0x2A}, {element(0x30, {oid({0x2A})})})) == "cert_extension");
}

TEST_CASE("shape: a certificate for every policy is known as such") {
  const World world("ed25519");
  const Bytes der = certificate_with_everything(world);
  evseal_certificate certificate{};
  REQUIRE(evseal_certificate_parse(&certificate, span_of(der)) == EVSEAL_OK);
  CHECK(certificate.policies == EVSEAL_POLICY_ANY);
}

TEST_CASE("shape: revocation lists, with entries of every kind") {
  World world("p256");
  const Bytes list = world.root_authority().crl({Bytes{5}, Bytes{6}});
  check_changes(list, read_crl);
  Nodes nodes = *fuzz::read_der(list);
  Nodes& tbs = nodes[0].children[0].children;
  Nodes& entries = tbs[tbs.size() - 2].children;
  REQUIRE(entries.size() == 2);
  entries[0].children.push_back(
      element(0x30, {extension(0x15, false, primitive(0x0A, {1})),
                     extension(0x18, false, primitive(0x18, {'2', '0', '2', '6'}))}));
  tbs.back().children[0].children.push_back(extension(0x12, false, element(0x30, {})));
  check_changes(fuzz::write_der(nodes), read_crl, Ignored::what_is_not_read);
}

TEST_CASE("shape: the first of several things that a list is refused for is said") {
  World world("p256");
  const auto critical = [](std::uint8_t arc) { return extension(arc, true, element(0x30, {})); };
  Nodes nodes = *fuzz::read_der(world.root_authority().crl({Bytes{5}, Bytes{6}}));
  const Nodes good = nodes;
  const auto says = [&] {
    const Bytes der = fuzz::write_der(nodes);
    evseal_crl crl{};
    return evseal_crl_parse(&crl, span_of(der));
  };
  const auto tbs = [&]() -> Nodes& { return nodes[0].children[0].children; };
  for (DerNode& entry : tbs()[tbs().size() - 2].children) {
    entry.children.push_back(element(0x30, {critical(0x77)}));
  }
  CHECK(says() == EVSEAL_CRL_UNSUPPORTED);
  // An entry that cannot be read, behind one that is not understood and behind a good one.
  tbs()[tbs().size() - 2].children[1].set({});
  CHECK(says() == EVSEAL_CRL_ENCODING);
  nodes = good;
  tbs()[tbs().size() - 2].children[1].set({});
  CHECK(says() == EVSEAL_CRL_ENCODING);
  nodes = good;
  tbs()[2].set({});  // the issuer
  CHECK(says() == EVSEAL_CRL_ENCODING);
  nodes = good;
  Nodes& extensions = tbs().back().children[0].children;
  extensions.push_back(critical(0x77));
  extensions.push_back(critical(0x78));
  CHECK(says() == EVSEAL_CRL_UNSUPPORTED);
  extensions.push_back(critical(0x78));
  CHECK(says() == EVSEAL_CRL_ENCODING);
  // Whatever else is not understood: what cannot be read comes first.
  nodes = good;
  Nodes& list = tbs().back().children[0].children;
  std::erase_if(list, [](const DerNode& e) {
    return e.children[0].content == Bytes{0x55, 0x1D, 0x14};
  });
  list.push_back(critical(0x77));
  list.push_back(extension(0x14, false, primitive(0x05, {})));
  CHECK(says() == EVSEAL_CRL_ENCODING);
}

TEST_CASE("shape: signature algorithms") {
  check_changes(fuzz::write_der(pss_identifier()), read_algorithm, Ignored::what_is_not_read);
  for (const Bytes& known : {kPkcs1, kEcdsa}) {
    check_changes(fuzz::write_der(element(0x30, {oid(known)})), read_algorithm,
                  Ignored::what_is_not_read);
  }
  // The hashes in it have no parameters but NULL.
  for (const std::size_t place : {0U, 1U}) {
    DerNode odd = pss_identifier();
    DerNode& field = odd.children[1].children[place].children[0];
    DerNode& hash = place == 0 ? field : field.children[1];
    REQUIRE(hash.children[1].tag == 0x05);
    hash.children[1] = primitive(0x02, {1});
    CHECK_FALSE(read_algorithm(fuzz::write_der(odd)));
  }
  // The DEFAULT of 20 must not be written, and absent it is 20.
  CHECK_FALSE(read_algorithm(fuzz::write_der(pss_identifier(20))));
  DerNode absent = pss_identifier();
  absent.children[1].children.pop_back();
  evseal_algorithm read{};
  const Bytes der = fuzz::write_der(absent);
  CHECK(evseal_algorithm_parse(&read, span_of(der)) == EVSEAL_OK);
  CHECK(read.salt_len == 20);
}

TEST_CASE("shape: RSASSA-PSS in certificates has one hash, and a salt as long as it") {
  const auto takes = [](const DerNode& identifier) {
    evseal_algorithm algorithm{};
    const Bytes der = fuzz::write_der(identifier);
    REQUIRE(evseal_algorithm_parse(&algorithm, span_of(der)) == EVSEAL_OK);
    return evseal_x509_algorithm(&algorithm, span_of(der), span_of(der));
  };
  CHECK(takes(pss_identifier()));
  CHECK_FALSE(takes(pss_identifier(33)));
  DerNode other_mask = pss_identifier();
  DerNode& mask = other_mask.children[1].children[1].children[0].children[1];
  mask.children[0].content.back() = 2;  // SHA-384
  CHECK_FALSE(takes(other_mask));
}

TEST_CASE("shape: public keys") {
  for (const char* algorithm : {"p256", "p384", "rsa2048", "ed25519"}) {
    INFO(algorithm);
    const World world(algorithm);
    check_changes(world.root_key->public_key().spki, read_key, Ignored::what_is_not_read);
    if (std::string(algorithm) != "rsa2048") {
      continue;
    }
    // The same as an id-RSASSA-PSS key, with and without parameters.
    Nodes nodes = *fuzz::read_der(world.root_key->public_key().spki);
    nodes[0].children[0] = pss_identifier();
    check_changes(fuzz::write_der(nodes), read_key, Ignored::what_is_not_read);
    nodes[0].children[0].children.pop_back();
    CHECK(read_key(fuzz::write_der(nodes)));
  }
}

TEST_CASE("shape: profiles, states and trust stores") {
  World world("ed25519");
  world.set_component("bootloader", pattern(10));
  world.set_component("rootfs", pattern(10));
  sign::Identity officer =
      world.leaf(world.root_authority(), sign::CertificateKind::trust_update, "officer");
  manifest::Role& role = world.add_officers(world.root_authority(), {&officer}, 1);
  role.signers.push_back(Sha256{});
  role.scope.models = {"ac22", "ac23"};
  role.scope.components = {"rootfs"};
  check_changes(der_of_blob(world.device().profile), read_profile);
  check_changes(must(manifest::encode_trust_store(world.profile.trust)), read_store);
  manifest::State state;
  state.vendor = "acme";
  state.model = "ac22";
  state.counter = 300;
  state.slots = {{"bootloader", 5}, {"rootfs", 6}};
  Sha256 other{};
  other[0] = 1;
  state.crls = {{Sha256{}, 7, true, {Bytes{1}, Bytes{2}}}, {other, 8, false, {}}};
  state.trust = world.profile.trust;
  check_changes(der_of_blob(must(manifest::encode_state(state))), read_state);
}

TEST_CASE("shape: envelopes") {
  for (const char* algorithm : {"p256", "ed25519"}) {
    World world(algorithm);
    world.set_component("rootfs", pattern(10));
    world.crls = {world.root_authority().crl(), world.intermediate_authority().crl({Bytes{5}})};
    const Bytes file = world.package();
    const Bytes envelope(file.begin() + 16,
                         file.begin() + static_cast<std::ptrdiff_t>(envelope_end(file)));
    check_changes(envelope, read_envelope);
  }
}

TEST_CASE("shape: what the top of an envelope is refused for") {
  World world("ed25519");
  world.set_component("rootfs", pattern(10));
  const Bytes file = world.package();
  const Nodes good = *fuzz::read_der(
      Bytes(file.begin() + 16, file.begin() + static_cast<std::ptrdiff_t>(envelope_end(file))));
  enum Field : std::size_t { kVersion, kDigests, kContent, kCertificates, kSigners };
  const auto says = [&](Field field, void (*change)(DerNode&)) {
    Nodes nodes = good;
    change(nodes[0].children[1].children[0].children.at(field));
    const Bytes der = fuzz::write_der(nodes);
    cms_envelope e{};
    evseal_certificate certificates[EVSEAL_MAX_CERTIFICATES];
    evseal_crl_record crls[EVSEAL_MAX_CRLS];
    return std::string(evseal_status_name(
        evseal_cms_read(&e, certificates, crls, &evseal_crypto_openssl, span_of(der), 8192)));
  };
  CHECK(says(kVersion, [](DerNode&) {}) == "ok");
  CHECK(says(kVersion, [](DerNode& n) { n.tag = 0x04; }) == "der_encoding");
  CHECK(says(kVersion, [](DerNode& n) { n.set({1}); }) == "cms_version");
  CHECK(says(kDigests, [](DerNode& n) { n.tag = 0x30; }) == "der_encoding");
  CHECK(says(kDigests, [](DerNode& n) { n.set({}); }) == "cms_digest_algorithms");
  CHECK(says(kContent, [](DerNode& n) { n.tag = 0x31; }) == "der_encoding");
  CHECK(says(kContent, [](DerNode& n) { n.children[0].tag = 0x04; }) == "der_encoding");
  CHECK(says(kContent, [](DerNode& n) { n.children[0].content.back() ^= 1; }) ==
        "cms_content_type");
  CHECK(says(kContent, [](DerNode& n) { n.children.pop_back(); }) == "cms_content");
  CHECK(says(kContent, [](DerNode& n) { n.children[1].tag = 0xA1; }) == "der_encoding");
  CHECK(says(kContent, [](DerNode& n) { n.children.push_back(n.children[1]); }) == "der_encoding");
  CHECK(says(kContent, [](DerNode& n) { n.children[1].set({}); }) == "cms_content");
  CHECK(says(kContent, [](DerNode& n) {
          n.children[1].children.push_back(n.children[1].children[0]);
        }) == "der_encoding");
  CHECK(says(kContent, [](DerNode& n) { n.children[1].children[0].set({}); }) == "cms_content");
  CHECK(says(kContent, [](DerNode& n) { n.children[1].children[0].tag = 0x24; }) == "cms_content");
  CHECK(says(kCertificates, [](DerNode& n) { n.set({}); }) == "cms_certificates");
  static std::size_t certificates;
  for (certificates = 8; certificates <= 9; ++certificates) {
    CHECK(says(kCertificates, [](DerNode& n) {
            while (n.children.size() < certificates) {
              n.children.push_back(n.children[0]);
              n.children.back().children[0].children[1].set(
                  {static_cast<std::uint8_t>(n.children.size())});
            }
            fuzz::sort_set(n.children);
          }) == (certificates == 8 ? "cms_unlisted_certificate" : "cms_certificates"));
  }
  CHECK(says(kCertificates, [](DerNode& n) { n.children[0].tag = 0x31; }) == "cms_certificates");
  CHECK(says(kCertificates, [](DerNode& n) { n.children[0].set({}); }) == "cert_encoding");
  CHECK(says(kSigners, [](DerNode& n) { n.set({}); }) == "unsigned");
  CHECK(says(kSigners, [](DerNode& n) { n.children[0].tag = 0x31; }) == "cms_signers");
  CHECK(says(kSigners, [](DerNode& n) { n.set({0x30, 0x05}); }) == "der_encoding");

  Nodes nodes = good;
  Nodes& fields = nodes[0].children[1].children[0].children;
  fields.erase(fields.begin() + kDigests);
  const Bytes der = fuzz::write_der(nodes);
  cms_envelope e{};
  evseal_certificate read[EVSEAL_MAX_CERTIFICATES];
  evseal_crl_record crls[EVSEAL_MAX_CRLS];
  CHECK(evseal_cms_read(&e, read, crls, &evseal_crypto_openssl, span_of(der), 8192) ==
        EVSEAL_DER_ENCODING);
}
