#include "mutate.hpp"

#include <array>
#include <string>

namespace evseal::fuzz {
namespace {

using nlohmann::json;

constexpr std::array<std::uint8_t, 18> kTags = {0x01, 0x02, 0x03, 0x04, 0x05, 0x06,
                                                0x0C, 0x13, 0x17, 0x18, 0x30, 0x31,
                                                0x80, 0x82, 0xA0, 0xA1, 0xA2, 0xA3};

constexpr std::array<std::uint64_t, 14> kNumbers = {
    0,          1,         2,          4095,       4096,       4097,
    65536,      1048576,   0x7FFFFFFF, 0x80000000, 0xFFFFFFFF, (1ULL << 53) - 1,
    1ULL << 53, UINT64_MAX};

constexpr std::array<const char*, 14> kWords = {"none",
                                                "gzip",
                                                "delta",
                                                "dev",
                                                "pilot",
                                                "prod",
                                                "firmware",
                                                "trust-update",
                                                "acme",
                                                "ac22",
                                                "SN-1",
                                                "rootfs",
                                                "2027-01-15T08:00:00Z",
                                                ""};

/// Members of docs/format.md section 7 that may be missing, as they look.
const std::array<std::pair<const char*, const char*>, 14> kMembers = {{
    {"hardware", R"({"max":7,"min":1})"},
    {"serials", R"(["SN-1","SN-2"])"},
    {"requires", R"([{"id":"rootfs","min_security_version":1}])"},
    {"preserve", R"([{"offset":0,"size":16},{"offset":32,"size":8}])"},
    {"metrology", "true"},
    {"load_address", "134217728"},
    {"critical", R"(["critical","format"])"},
    {"crls",
     R"([{"issuer_key":"0000000000000000000000000000000000000000000000000000000000000000","number":3}])"},
    {"sbom",
     R"([{"format":"spdx","name":"bill","sha256":"0000000000000000000000000000000000000000000000000000000000000000"}])"},
    {"source", R"({"build":"1","commit":"abc","repository":"git"})"},
    {"epoch", "1"},
    {"anchors_retire",
     R"([{"key_hash":"0000000000000000000000000000000000000000000000000000000000000000","role":"firmware"}])"},
    {"resets", R"({"time_floor":"2027-01-15T08:00:00Z"})"},
    {"unknown", R"({"a":[{"b":{"c":"\"\\"}}]})"},
}};

template <typename List>
void mutate_list(List& list, Dice& dice) {
  const std::size_t at = dice.below(list.size());
  const std::size_t other = dice.below(list.size());
  const auto copy = list[at];
  switch (dice.below(3)) {
    case 0:
      list.erase(list.begin() + static_cast<std::ptrdiff_t>(at));
      break;
    case 1:
      list.insert(list.begin() + static_cast<std::ptrdiff_t>(other), copy);
      break;
    default:
      std::swap(list[at], list[other]);
  }
}

void collect(json& value, std::vector<json*>& out) {
  out.push_back(&value);
  if (value.is_structured()) {
    for (json& item : value) {
      collect(item, out);
    }
  }
}

void mutate_object(json& object, Dice& dice, const json& elsewhere) {
  const std::size_t choice = dice.below(4);
  if (choice == 0 && !object.empty()) {
    object.erase(std::next(object.begin(), static_cast<std::ptrdiff_t>(dice.below(object.size()))));
    return;
  }
  if (choice == 1 && !object.empty()) {
    const auto item =
        std::next(object.begin(), static_cast<std::ptrdiff_t>(dice.below(object.size())));
    item.value() = elsewhere;
    return;
  }
  const auto& [name, text] = kMembers.at(dice.below(kMembers.size()));
  object[name] = json::parse(text);
}

void mutate_number(json& value, Dice& dice) {
  const auto number = value.is_number_unsigned() ? value.get<std::uint64_t>() : 0;
  switch (dice.below(3)) {
    case 0:
      value = number + 1;
      break;
    case 1:
      value = number - 1;
      break;
    default:
      value = kNumbers.at(dice.below(kNumbers.size()));
  }
}

void mutate_text(json& value, Dice& dice, const Scramble& scramble) {
  if (dice.one_in(2)) {
    value = kWords.at(dice.below(kWords.size()));
    return;
  }
  const auto text = value.get<std::string>();
  const Bytes octets = scramble(Bytes(text.begin(), text.end()), text.size() + 70);
  value = std::string(octets.begin(), octets.end());
}

}  // namespace

void mutate_der(std::vector<DerNode>& root, Dice& dice, const Scramble& scramble) {
  const std::vector<DerNode*> nodes = all_nodes(root);
  if (nodes.empty()) {
    return;
  }
  DerNode& node = *nodes[dice.below(nodes.size())];
  switch (dice.below(6)) {
    case 0:
      node.tag = kTags.at(dice.below(kTags.size()));
      break;
    case 1: {
      // By value: the other node may be inside this one, or around it.
      const DerNode copy = *nodes[dice.below(nodes.size())];
      node = copy;
      break;
    }
    case 2:
      node.children.push_back(DerNode(*nodes[dice.below(nodes.size())]));
      break;
    case 3:
      if (!node.children.empty()) {
        mutate_list(node.children, dice);
        break;
      }
      [[fallthrough]];
    default:
      if (node.children.empty()) {
        node.content = scramble(node.content, node.content.size() + 40);
      } else {
        mutate_list(node.children, dice);
      }
  }
}

void mutate_json(json& root, Dice& dice, const Scramble& scramble) {
  std::vector<json*> values;
  collect(root, values);
  json& value = *values[dice.below(values.size())];
  const json elsewhere = *values[dice.below(values.size())];
  if (value.is_object()) {
    mutate_object(value, dice, elsewhere);
  } else if (value.is_array() && !value.empty()) {
    mutate_list(value, dice);
  } else if (value.is_string()) {
    mutate_text(value, dice, scramble);
  } else if (value.is_boolean()) {
    value = !value.get<bool>();
  } else {
    mutate_number(value, dice);
  }
}

Bytes mutate_manifest(const Bytes& text, Dice& dice, const Scramble& scramble) {
  json value = json::parse(text, nullptr, false);
  if (value.is_discarded() || dice.one_in(16)) {
    return scramble(text, text.size() + 64);
  }
  for (std::size_t i = 1 + dice.below(3); i > 0; --i) {
    mutate_json(value, dice, scramble);
  }
  const std::string out = value.dump(-1, ' ', false, json::error_handler_t::replace);
  return {out.begin(), out.end()};
}

}  // namespace evseal::fuzz
