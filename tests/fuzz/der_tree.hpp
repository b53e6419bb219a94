// DER as a tree that can be changed and written again with right lengths.
//
// For mutators and for what makes seeds: it reads more than the library does (it is not strict),
// and is no oracle for it.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "evseal/base/bytes.hpp"

namespace evseal::fuzz {

struct DerNode {
  std::uint8_t tag = 0;
  /// What stands before the children in the content: the octet 00 of a BIT STRING that holds DER.
  Bytes prefix;
  /// Without children: the content.
  Bytes content;
  std::vector<DerNode> children;
  /// Both survive changes, so that what refers to a node finds it again; 0 is none.
  int id = 0;
  int refers_to = 0;

  /// Replaces whatever was inside.
  void set(Bytes octets) {
    prefix.clear();
    children.clear();
    content = std::move(octets);
  }
};

/// Several elements one after the other; nothing when the octets are no such thing. OCTET STRINGs
/// and BIT STRINGs that hold DER are opened as well.
[[nodiscard]] std::optional<std::vector<DerNode>> read_der(ByteView bytes, unsigned depth = 0);
[[nodiscard]] Bytes write_der(const DerNode& node);
[[nodiscard]] Bytes write_der(const std::vector<DerNode>& nodes);

/// In the order of X.690 section 11.6.
void sort_set(std::vector<DerNode>& nodes);

/// Every node, parents before children.
[[nodiscard]] std::vector<DerNode*> all_nodes(std::vector<DerNode>& nodes);

}  // namespace evseal::fuzz
