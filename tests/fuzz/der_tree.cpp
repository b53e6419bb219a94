#include "der_tree.hpp"

#include <algorithm>

namespace evseal::fuzz {
namespace {

// Deep enough for a qualifier in a policy of a certificate in an envelope.
constexpr unsigned kMaxDepth = 18;

/// Tag and length at the start of `bytes`: the octets of both, and the content's. Not strict.
struct Header {
  std::size_t octets = 0;
  std::size_t content = 0;
};

std::optional<Header> read_header(ByteView bytes) {
  if (bytes.size() < 2 || (bytes[0] & 0x1FU) == 0x1FU) {
    return std::nullopt;
  }
  Header header{2, bytes[1]};
  if (bytes[1] >= 0x80U) {
    const std::size_t count = bytes[1] & 0x7FU;
    if (count == 0 || count > 3 || bytes.size() < 2 + count) {
      return std::nullopt;
    }
    header = {2 + count, 0};
    for (std::size_t i = 0; i < count; ++i) {
      header.content = header.content << 8U | bytes[2 + i];
    }
  }
  return header.content <= bytes.size() - header.octets ? std::optional(header) : std::nullopt;
}

/// Opens what is constructed, and strings that hold at least one element and nothing else.
void open_node(DerNode& node, ByteView content, unsigned depth) {
  const bool constructed = (node.tag & 0x20U) != 0;
  const bool octets = node.tag == 0x04U && content.size() >= 2 && (content[0] & 0x20U) != 0;
  const bool bits =
      node.tag == 0x03U && content.size() >= 3 && content[0] == 0 && content[1] == 0x30U;
  if (constructed || octets || bits) {
    const ByteView inner = bits ? content.subspan(1) : content;
    if (auto children = read_der(inner, depth + 1); children && !children->empty()) {
      node.children = std::move(*children);
      if (bits) {
        node.prefix = {0};
      }
      return;
    }
  }
  node.content.assign(content.begin(), content.end());
}

void put_length(Bytes& out, std::size_t length) {
  if (length < 0x80U) {
    out.push_back(static_cast<std::uint8_t>(length));
    return;
  }
  Bytes octets;
  for (; length > 0; length >>= 8U) {
    octets.insert(octets.begin(), static_cast<std::uint8_t>(length));
  }
  out.push_back(static_cast<std::uint8_t>(0x80U | octets.size()));
  out.insert(out.end(), octets.begin(), octets.end());
}

void collect(std::vector<DerNode>& nodes, std::vector<DerNode*>& out) {
  for (DerNode& node : nodes) {
    out.push_back(&node);
    collect(node.children, out);
  }
}

}  // namespace

std::optional<std::vector<DerNode>> read_der(ByteView bytes, unsigned depth) {
  std::vector<DerNode> nodes;
  if (depth > kMaxDepth) {
    return std::nullopt;
  }
  while (!bytes.empty()) {
    const auto header = read_header(bytes);
    if (!header) {
      return std::nullopt;
    }
    DerNode node;
    node.tag = bytes[0];
    open_node(node, bytes.subspan(header->octets, header->content), depth);
    nodes.push_back(std::move(node));
    bytes = bytes.subspan(header->octets + header->content);
  }
  return nodes;
}

Bytes write_der(const DerNode& node) {
  Bytes content = node.prefix;
  const Bytes inner = node.children.empty() ? node.content : write_der(node.children);
  content.insert(content.end(), inner.begin(), inner.end());
  Bytes out = {node.tag};
  put_length(out, content.size());
  out.insert(out.end(), content.begin(), content.end());
  return out;
}

Bytes write_der(const std::vector<DerNode>& nodes) {
  Bytes out;
  for (const DerNode& node : nodes) {
    const Bytes one = write_der(node);
    out.insert(out.end(), one.begin(), one.end());
  }
  return out;
}

void sort_set(std::vector<DerNode>& nodes) {
  std::stable_sort(nodes.begin(), nodes.end(),
                   [](const DerNode& a, const DerNode& b) { return write_der(a) < write_der(b); });
}

std::vector<DerNode*> all_nodes(std::vector<DerNode>& nodes) {
  std::vector<DerNode*> out;
  collect(nodes, out);
  return out;
}

}  // namespace evseal::fuzz
