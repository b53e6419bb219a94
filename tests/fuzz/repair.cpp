#include "repair.hpp"

#include <evseal/manifest.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "evseal/base/digest.hpp"
#include "toy_crypto.hpp"

namespace evseal::fuzz {
namespace {

constexpr std::size_t kMaxPayload = 65536;

const Bytes kMessageDigest = {0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 0x01, 0x09, 0x04};
const Bytes kSigningCertificate = {0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D,
                                   0x01, 0x09, 0x10, 0x02, 0x2F};

DerNode* child(DerNode* node, std::size_t index) {
  return node != nullptr && index < node->children.size() ? &node->children[index] : nullptr;
}

DerNode* child_with_tag(DerNode& node, std::uint8_t tag) {
  for (DerNode& one : node.children) {
    if (one.tag == tag) {
      return &one;
    }
  }
  return nullptr;
}

Bytes content_of(const DerNode& node) {
  Bytes out = node.prefix;
  const Bytes inner = node.children.empty() ? node.content : write_der(node.children);
  out.insert(out.end(), inner.begin(), inner.end());
  return out;
}

Bytes hash_of(const DerNode& node) {
  const Sha256 digest = sha256(write_der(node));
  return {digest.begin(), digest.end()};
}

/// The one value of the attribute with this OID.
DerNode* attribute_value(DerNode& attributes, const Bytes& oid) {
  for (DerNode& attribute : attributes.children) {
    if (attribute.children.size() == 2 && attribute.children[0].content == oid) {
      return child(&attribute.children[1], 0);
    }
  }
  return nullptr;
}

/// The OCTET STRINGs of signingCertificateV2.
std::vector<DerNode*> certificate_hashes(DerNode& signer) {
  std::vector<DerNode*> out;
  DerNode* attributes = child_with_tag(signer, 0xA0);
  DerNode* value =
      attributes == nullptr ? nullptr : attribute_value(*attributes, kSigningCertificate);
  DerNode* list = child(value, 0);
  if (list != nullptr) {
    for (DerNode& id : list->children) {
      if (DerNode* hash = child(&id, 0); hash != nullptr) {
        out.push_back(hash);
      }
    }
  }
  return out;
}

/// TBSCertificate's serial and issuer, which stand behind the version.
bool is_named_by(DerNode& certificate, DerNode& sid) {
  DerNode* tbs = child(&certificate, 0);
  return child(tbs, 3) != nullptr && sid.children.size() == 2 &&
         write_der(tbs->children[3]) == write_der(sid.children[0]) &&
         write_der(tbs->children[1]) == write_der(sid.children[1]);
}

ToyForm form_of(const DerNode& signature) {
  const Bytes octets = content_of(signature);
  if (octets.size() >= 256) {
    return ToyForm::rsa;
  }
  const std::size_t size = octets.size() - signature.prefix.size();
  return size <= 65 ? ToyForm::ed25519 : (size > 90 ? ToyForm::p384 : ToyForm::p256);
}

/// Or a CRL, which has the same three fields.
void sign_certificate(DerNode& certificate) {
  if (certificate.children.size() != 3 || certificate.children[2].tag != 0x03) {
    return;
  }
  evseal_algorithm algorithm{};
  const Bytes identifier = write_der(certificate.children[1]);
  if (evseal_algorithm_parse(&algorithm, span_of(identifier)) != EVSEAL_OK) {
    return;
  }
  DerNode& signature = certificate.children[2];
  const std::size_t size = content_of(signature).size();
  const bool ed25519 = algorithm.scheme == EVSEAL_SCHEME_ED25519;
  const bool ecdsa = algorithm.scheme == EVSEAL_SCHEME_ECDSA;
  // Which curve the issuer's key has, only the present signature can tell.
  const ToyForm curve = form_of(signature) == ToyForm::p384 ? ToyForm::p384 : ToyForm::p256;
  const ToyForm form = ed25519 ? ToyForm::ed25519 : (ecdsa ? curve : ToyForm::rsa);
  const Bytes made = toy_sign(form, write_der(certificate.children[0]), algorithm.hash,
                              size == 0 ? 256 : size - 1);
  Bytes bits = {0};
  bits.insert(bits.end(), made.begin(), made.end());
  signature.set(bits);
}

/// SHA-256, -384 or -512 by the last octet of its OID.
evseal_hash hash_of_signer(DerNode& signer) {
  DerNode* oid = child(child(&signer, 2), 0);
  const std::uint8_t last = oid == nullptr || oid->content.empty() ? 1 : oid->content.back();
  return last == 2 ? EVSEAL_HASH_SHA384 : (last == 3 ? EVSEAL_HASH_SHA512 : EVSEAL_HASH_SHA256);
}

void set_message_digest(DerNode& signer, const Bytes& manifest) {
  DerNode* attributes = child_with_tag(signer, 0xA0);
  DerNode* value = attributes == nullptr ? nullptr : attribute_value(*attributes, kMessageDigest);
  if (value != nullptr) {
    value->set(sha2(static_cast<int>(hash_of_signer(signer)) * 8, manifest));
  }
}

void sign_signer(DerNode& signer) {
  DerNode* attributes = child_with_tag(signer, 0xA0);
  if (attributes == nullptr || signer.children.back().tag != 0x04) {
    return;
  }
  DerNode message = *attributes;
  message.tag = 0x31;  // RFC 5652 section 5.4
  DerNode& signature = signer.children.back();
  const std::size_t size = content_of(signature).size();
  signature.set(toy_sign(form_of(signature), write_der(message), hash_of_signer(signer),
                         size < 256 ? 256 : size));
}

DerNode* by_id(DerNode& certificates, int id) {
  for (DerNode& certificate : certificates.children) {
    if (id != 0 && certificate.id == id) {
      return &certificate;
    }
  }
  return nullptr;
}

/// sid and certHashes as the certificates are now.
void follow_references(DerNode& signer, DerNode& certificates) {
  for (DerNode* hash : certificate_hashes(signer)) {
    if (DerNode* certificate = by_id(certificates, hash->refers_to); certificate != nullptr) {
      hash->set(hash_of(*certificate));
    }
  }
  DerNode* sid = child(&signer, 1);
  DerNode* certificate = sid == nullptr ? nullptr : by_id(certificates, sid->refers_to);
  DerNode* tbs = certificate == nullptr ? nullptr : child(certificate, 0);
  if (child(tbs, 3) != nullptr) {
    sid->children = {tbs->children[3], tbs->children[1]};
  }
}

void set_digest_algorithms(DerNode& set, DerNode& signers) {
  set.children.clear();
  for (DerNode& signer : signers.children) {
    if (DerNode* algorithm = child(&signer, 2); algorithm != nullptr) {
      const Bytes der = write_der(*algorithm);
      const bool known = std::any_of(set.children.begin(), set.children.end(),
                                     [&](const DerNode& one) { return write_der(one) == der; });
      if (!known) {
        set.children.push_back(*algorithm);
      }
    }
  }
  sort_set(set.children);
}

/// The chunks' tree in pre-order; appends nodes and chunks, returns the root (docs/format.md
/// section 8).
Sha256 write_tree(Bytes& out, ByteView bytes, std::size_t chunk) {
  if (bytes.size() <= chunk) {
    Bytes leaf = {0};
    leaf.insert(leaf.end(), bytes.begin(), bytes.end());
    out.insert(out.end(), bytes.begin(), bytes.end());
    return sha256(leaf);
  }
  std::size_t half = chunk;
  while (half * 2 < bytes.size()) {
    half *= 2;
  }
  Bytes left_part;
  Bytes right_part;
  const Sha256 left = write_tree(left_part, bytes.first(half), chunk);
  const Sha256 right = write_tree(right_part, bytes.subspan(half), chunk);
  Bytes node = {1};
  node.insert(node.end(), left.begin(), left.end());
  node.insert(node.end(), right.begin(), right.end());
  out.insert(out.end(), node.begin() + 1, node.end());
  out.insert(out.end(), left_part.begin(), left_part.end());
  out.insert(out.end(), right_part.begin(), right_part.end());
  return sha256(node);
}

}  // namespace

EnvelopeParts find_parts(std::vector<DerNode>& root) {
  EnvelopeParts parts;
  DerNode* data = root.empty() ? nullptr : child(child(&root[0], 1), 0);
  if (data == nullptr || data->children.size() < 4) {
    return parts;
  }
  parts.digest_algorithms = &data->children[1];
  parts.manifest = child(child(&data->children[2], 1), 0);
  // Text, though now and then it can be read as DER.
  if (parts.manifest != nullptr && !parts.manifest->children.empty()) {
    parts.manifest->set(content_of(*parts.manifest));
  }
  parts.certificates = child_with_tag(*data, 0xA0);
  parts.crls = child_with_tag(*data, 0xA1);
  parts.signers = data->children.back().tag == 0x31 ? &data->children.back() : nullptr;
  return parts;
}

void note_references(std::vector<DerNode>& root) {
  const EnvelopeParts parts = find_parts(root);
  if (parts.certificates == nullptr || parts.signers == nullptr) {
    return;
  }
  int id = 0;
  for (DerNode& certificate : parts.certificates->children) {
    certificate.id = ++id;
    const Bytes digest = hash_of(certificate);
    for (DerNode& signer : parts.signers->children) {
      for (DerNode* hash : certificate_hashes(signer)) {
        if (content_of(*hash) == digest) {
          hash->refers_to = id;
        }
      }
      if (DerNode* sid = child(&signer, 1); sid != nullptr && is_named_by(certificate, *sid)) {
        sid->refers_to = id;
      }
    }
  }
}

void repair_envelope(std::vector<DerNode>& root, Dice& dice, bool always) {
  const EnvelopeParts parts = find_parts(root);
  const auto does = [&] { return always || !dice.one_in(24); };
  if (parts.certificates == nullptr || parts.signers == nullptr || parts.manifest == nullptr) {
    return;
  }
  for (DerNode& certificate : parts.certificates->children) {
    if (does()) {
      sign_certificate(certificate);
    }
  }
  for (DerNode& signer : parts.signers->children) {
    if (signer.children.size() < 5) {
      continue;
    }
    if (does()) {
      follow_references(signer, *parts.certificates);
    }
    if (does()) {
      set_message_digest(signer, content_of(*parts.manifest));
    }
    if (DerNode* attributes = child_with_tag(signer, 0xA0); attributes != nullptr && does()) {
      sort_set(attributes->children);
    }
    if (does()) {
      sign_signer(signer);
    }
  }
  if (does()) {
    sort_set(parts.certificates->children);
    sort_set(parts.signers->children);
  }
  if (parts.crls != nullptr && does()) {
    for (DerNode& crl : parts.crls->children) {
      sign_certificate(crl);
    }
    sort_set(parts.crls->children);
  }
  if (does()) {
    set_digest_algorithms(*parts.digest_algorithms, *parts.signers);
  }
}

Bytes rebuild_payload(PackageInput& input, const Bytes& manifest) {
  evseal_manifest parsed{};
  if (evseal_manifest_parse(&parsed, span_of(manifest)) != EVSEAL_OK ||
      parsed.num_components == 0) {
    return manifest;
  }
  std::uint32_t mask = 0;
  for (const std::uint8_t octet : input.mask) {
    mask = mask << 8U | octet;
  }
  nlohmann::json json = nlohmann::json::parse(manifest);
  Bytes payload;
  for (unsigned i = 0; i < parsed.num_components; ++i) {
    evseal_component component{};
    if (evseal_manifest_component(&component, &parsed, i) != EVSEAL_OK ||
        component.stored_size > kMaxPayload || payload.size() > kMaxPayload) {
      return manifest;
    }
    const Bytes octets(component.stored_size, static_cast<std::uint8_t>(i + 1));
    Bytes written;
    const Sha256 root = write_tree(written, octets, component.chunk_size);
    json["components"][i]["tree_root"] = to_hex(root);
    if (mask == 0 || (mask >> i & 1U) != 0) {
      payload.insert(payload.end(), written.begin(), written.end());
    }
  }
  input.payload = std::move(payload);
  const std::string text = json.dump();
  return {text.begin(), text.end()};
}

}  // namespace evseal::fuzz
