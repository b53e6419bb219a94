// Makes changed packages whole again: lengths, order, hashes, toy signatures, the payload.
//
// A fuzzer that changes an octet of a manifest would otherwise never get past `digest_mismatch`.
#pragma once

#include "der_tree.hpp"
#include "fuzz.hpp"
#include "package_input.hpp"

namespace evseal::fuzz {

/// An envelope's parts; null where the tree has no such thing.
struct EnvelopeParts {
  DerNode* manifest = nullptr;  ///< the OCTET STRING
  DerNode* digest_algorithms = nullptr;
  DerNode* certificates = nullptr;
  DerNode* crls = nullptr;
  DerNode* signers = nullptr;
};

[[nodiscard]] EnvelopeParts find_parts(std::vector<DerNode>& root);

/// To be called before a change: notes which certificate each certHash and each sid means.
void note_references(std::vector<DerNode>& root);

/// After it. Each step is left out now and then, so that the rules about it are reached as well;
/// `always` does all of them.
void repair_envelope(std::vector<DerNode>& root, Dice& dice, bool always);

/// A payload for the manifest, and the tree roots that belong to it. Returns the manifest; leaves
/// everything as it is where the manifest cannot be parsed or the payload would be large.
[[nodiscard]] Bytes rebuild_payload(PackageInput& input, const Bytes& manifest);

}  // namespace evseal::fuzz
