#include "evseal/manifest/canonical_json.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <string>

#include "evseal/manifest/json_file.hpp"

namespace evseal::manifest {
namespace {

using nlohmann::json;

constexpr std::size_t kMaxMemberName = 32;

Error outside(std::string_view path, std::string why) {
  return Error{ErrorCode::malformed,
               path.empty() ? "manifest" : "manifest: " + printable(path),
               std::move(why),
               {},
               "manifest_syntax"};
}

// Decodes the sequence at the front of `text` and its length in octets; length 0: not well-formed
// (RFC 3629 §4).
std::size_t utf8_sequence(std::string_view text, std::uint32_t& code_point) {
  const auto octet = [&](std::size_t i) { return static_cast<std::uint8_t>(text[i]); };
  const std::uint8_t first = octet(0);
  if (first < 0x80) {
    code_point = first;
    return 1;
  }
  const std::size_t length = first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : 2;
  if (first < 0xC2 || first > 0xF4 || text.size() < length) {
    return 0;
  }
  code_point = first & (0x7FU >> length);
  for (std::size_t i = 1; i < length; ++i) {
    if ((octet(i) & 0xC0U) != 0x80U) {
      return 0;
    }
    code_point = code_point << 6U | (octet(i) & 0x3FU);
  }
  const std::uint32_t least = length == 4 ? 0x10000 : length == 3 ? 0x800 : 0x80;
  const bool surrogate = code_point >= 0xD800 && code_point <= 0xDFFF;
  return code_point < least || code_point > 0x10FFFF || surrogate ? 0 : length;
}

template <typename Accept>
bool all_code_points(std::string_view text, Accept accept) {
  while (!text.empty()) {
    std::uint32_t code_point = 0;
    const std::size_t length = utf8_sequence(text, code_point);
    if (length == 0 || !accept(code_point)) {
      return false;
    }
    text.remove_prefix(length);
  }
  return true;
}

// Appends a value's text; `path` names it in errors.
class Writer {
 public:
  explicit Writer(Bytes& out) : out_(out) {}

  Result<void> value(const json& value, unsigned depth, const std::string& path);

 private:
  Result<void> object(const json& object, unsigned depth, const std::string& path);
  Result<void> array(const json& array, unsigned depth, const std::string& path);
  Result<void> number(std::uint64_t number, const std::string& path);
  Result<void> string(const std::string& text, const std::string& path);
  void put(std::string_view text) { out_.insert(out_.end(), text.begin(), text.end()); }

  Bytes& out_;
};

Result<void> Writer::value(const json& value, unsigned depth, const std::string& path) {
  switch (value.type()) {
    case json::value_t::object:
      return object(value, depth + 1, path);
    case json::value_t::array:
      return array(value, depth + 1, path);
    case json::value_t::string:
      return string(value.get_ref<const std::string&>(), path);
    case json::value_t::boolean:
      put(value.get<bool>() ? "true" : "false");
      return {};
    case json::value_t::number_unsigned:
      return number(value.get<std::uint64_t>(), path);
    case json::value_t::number_integer:
      if (value.get<std::int64_t>() < 0) {
        return outside(path, "negative numbers are not allowed");
      }
      return number(value.get<std::uint64_t>(), path);
    case json::value_t::number_float:
      return outside(path, "numbers with a fraction or exponent are not allowed");
    case json::value_t::null:
    case json::value_t::binary:
    case json::value_t::discarded:
      break;
  }
  return outside(path, "null is not allowed");
}

Result<void> Writer::object(const json& object, unsigned depth, const std::string& path) {
  if (depth > kMaxCanonicalDepth) {
    return outside(path, "nested more than 6 deep");
  }
  put("{");
  bool first = true;
  // nlohmann's objects are ordered by std::less<std::string>: by octets, as the format wants it.
  for (const auto& [name, member] : object.items()) {
    std::string member_path = path;
    member_path += path.empty() ? "" : ".";
    member_path += name;
    if (!is_member_name(name)) {
      return outside(member_path, "member names are 1 to 32 characters of a-z, 0-9 and _");
    }
    put(first ? "\"" : ",\"");
    put(name);
    put("\":");
    EVSEAL_CHECK(value(member, depth, member_path));
    first = false;
  }
  put("}");
  return {};
}

Result<void> Writer::array(const json& array, unsigned depth, const std::string& path) {
  if (depth > kMaxCanonicalDepth) {
    return outside(path, "nested more than 6 deep");
  }
  put("[");
  for (std::size_t i = 0; i < array.size(); ++i) {
    put(i == 0 ? "" : ",");
    EVSEAL_CHECK(value(array[i], depth, path + "[" + std::to_string(i) + "]"));
  }
  put("]");
  return {};
}

Result<void> Writer::number(std::uint64_t number, const std::string& path) {
  if (number > kMaxCanonicalInteger) {
    return outside(path, "numbers must be below 2^53");
  }
  put(std::to_string(number));
  return {};
}

Result<void> Writer::string(const std::string& text, const std::string& path) {
  if (!is_manifest_text(text)) {
    return outside(
        path, is_utf8(text) ? "control characters are not allowed" : "the text is not valid UTF-8");
  }
  put("\"");
  for (const char c : text) {
    if (c == '"' || c == '\\') {
      put("\\");
    }
    put(std::string_view(&c, 1));
  }
  put("\"");
  return {};
}

}  // namespace

bool is_utf8(std::string_view text) {
  return all_code_points(text, [](std::uint32_t) { return true; });
}

bool is_manifest_text(std::string_view text) {
  return all_code_points(text, [](std::uint32_t c) { return c >= 0x20 && (c < 0x7F || c > 0x9F); });
}

bool is_member_name(std::string_view name) {
  return !name.empty() && name.size() <= kMaxMemberName &&
         std::all_of(name.begin(), name.end(), [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
         });
}

Result<Bytes> canonical_json(const json& value) {
  if (!value.is_object()) {
    return outside("", "the outermost value must be an object");
  }
  Bytes out;
  EVSEAL_CHECK(Writer(out).value(value, 0, ""));
  return out;
}

Result<json> parse_canonical_json(ByteView text) {
  auto document = parse_json(as_text(text), "manifest", kMaxCanonicalDepth);
  if (!document) {
    Error error = std::move(document).error();
    error.code = error.code == ErrorCode::usage ? ErrorCode::malformed : error.code;
    error.status = "manifest_syntax";
    return error;
  }
  EVSEAL_TRY(const Bytes again, canonical_json(document->value));
  if (!std::equal(again.begin(), again.end(), text.begin(), text.end())) {
    const auto at = std::mismatch(again.begin(), again.end(), text.begin(), text.end()).second;
    return outside("",
                   "not in canonical form from octet " + std::to_string(at - text.begin()) + " on");
  }
  return std::move(document->value);
}

}  // namespace evseal::manifest
