#include "evseal/hsm/uri.hpp"

#include <p11-kit/uri.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <set>

namespace evseal::hsm {
namespace {

// Long enough for every attribute of RFC 7512 fully percent-encoded and two long paths.
constexpr std::size_t kMaxUri = 8192;
constexpr std::string_view kWhat = "PKCS#11 URI";

constexpr std::array<std::string_view, 13> kPathAttributes = {"token",
                                                              "manufacturer",
                                                              "serial",
                                                              "model",
                                                              "library-description",
                                                              "library-manufacturer",
                                                              "library-version",
                                                              "object",
                                                              "type",
                                                              "id",
                                                              "slot-id",
                                                              "slot-description",
                                                              "slot-manufacturer"};
constexpr std::array<std::string_view, 3> kQueryAttributes = {"pin-source", "module-name",
                                                              "module-path"};

Error refuse(std::string why, std::string hint = {}) {
  return Error{ErrorCode::usage, std::string(kWhat), std::move(why), std::move(hint)};
}

bool is_alnum(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

bool is_unreserved(char c) {
  return is_alnum(c) || c == '-' || c == '.' || c == '_' || c == '~';
}

int hex_value(char c) {
  if (c >= '0' && c <= '9') {
    return c - '0';
  }
  if (c >= 'a' && c <= 'f') {
    return c - 'a' + 10;
  }
  if (c >= 'A' && c <= 'F') {
    return c - 'A' + 10;
  }
  return -1;
}

struct Attribute {
  std::string_view name;
  std::string_view raw;  // still percent-encoded
  std::string decoded;
};

// RFC 7512 §2.3: pk11-path-res-avail and pk11-query-res-avail.
constexpr std::string_view kPathReserved = ":[]@!$'()*+,=&";
constexpr std::string_view kQueryReserved = ":[]@!$'()*+,=/?|";

Result<std::string> decode(std::string_view name, std::string_view raw, std::string_view reserved) {
  std::string out;
  for (std::size_t i = 0; i < raw.size(); ++i) {
    if (raw[i] != '%') {
      if (!is_unreserved(raw[i]) && reserved.find(raw[i]) == std::string_view::npos) {
        return refuse(
            "a character in the value of " + std::string(name) + " must be percent-encoded",
            "write a space as %20, a slash as %2F");
      }
      out.push_back(raw[i]);
      continue;
    }
    const int high = i + 2 < raw.size() ? hex_value(raw[i + 1]) : -1;
    const int low = i + 2 < raw.size() ? hex_value(raw[i + 2]) : -1;
    if (high < 0 || low < 0) {
      return refuse("malformed percent-encoding in the value of " + std::string(name));
    }
    out.push_back(static_cast<char>(high * 16 + low));
    i += 2;
  }
  return out;
}

// Names the attribute only where it consists of the characters a name may have: the rest of a
// broken URI could be anything.
Result<Attribute> split_attribute(std::string_view text) {
  const std::size_t equals = text.find('=');
  if (equals == std::string_view::npos || equals == 0) {
    return refuse("an attribute is not written as name=value");
  }
  const std::string_view name = text.substr(0, equals);
  if (!std::all_of(name.begin(), name.end(),
                   [](char c) { return is_alnum(c) || c == '-' || c == '_'; })) {
    return refuse("an attribute's name has a character that names cannot have");
  }
  if (name == "pin-value") {
    return refuse("pin-value is not accepted: it would put the PIN into process lists and logs",
                  "use pin-source, --pin-file or --pin-fd");
  }
  return Attribute{name, text.substr(equals + 1), {}};
}

Result<std::vector<Attribute>> split(std::string_view component, char separator) {
  std::vector<Attribute> attributes;
  while (!component.empty()) {
    const std::size_t end = std::min(component.find(separator), component.size());
    EVSEAL_TRY(Attribute attribute, split_attribute(component.substr(0, end)));
    attributes.push_back(std::move(attribute));
    if (end + 1 == component.size()) {
      return refuse("it ends in a separator");
    }
    component.remove_prefix(std::min(end + 1, component.size()));
  }
  return attributes;
}

Result<void> decode_values(std::vector<Attribute>& attributes, std::string_view reserved) {
  for (Attribute& attribute : attributes) {
    EVSEAL_TRY(attribute.decoded, decode(attribute.name, attribute.raw, reserved));
    if (attribute.name != "id" && attribute.decoded.find('\0') != std::string::npos) {
      return refuse("the value of " + std::string(attribute.name) + " holds %00");
    }
  }
  return {};
}

Result<void> check_path(const std::vector<Attribute>& attributes) {
  std::set<std::string_view> seen;
  for (const Attribute& attribute : attributes) {
    const std::string name(attribute.name);
    if (std::find(kQueryAttributes.begin(), kQueryAttributes.end(), name) !=
        kQueryAttributes.end()) {
      return refuse(name + " belongs behind the question mark",
                    "pkcs11:token=…;object=…?" + name + "=…");
    }
    if (std::find(kPathAttributes.begin(), kPathAttributes.end(), name) == kPathAttributes.end()) {
      return refuse("unknown attribute " + name,
                    "the attributes of keys and tokens are token, serial, manufacturer, model, "
                    "object, id, type, slot-id");
    }
    // RFC 7512 §2.3: "The URI path component MUST NOT contain duplicate attributes of the same
    // name."
    if (!seen.insert(attribute.name).second) {
      return refuse("the attribute " + name + " stands twice");
    }
  }
  return {};
}

// Leaves only the attributes that mean something to us.
Result<void> check_query(std::vector<Attribute>& attributes) {
  std::set<std::string_view> seen;
  for (const Attribute& attribute : attributes) {
    const std::string name(attribute.name);
    if (name == "pinfile") {
      return refuse("pinfile is an old name that is not accepted", "write pin-source");
    }
    const bool known =
        std::find(kQueryAttributes.begin(), kQueryAttributes.end(), name) != kQueryAttributes.end();
    if (known && !seen.insert(attribute.name).second) {
      return refuse("the attribute " + name + " stands twice");
    }
    if (known && attribute.raw.empty()) {
      return refuse("the attribute " + name + " has no value");
    }
  }
  std::erase_if(attributes, [&](const Attribute& a) { return !seen.contains(a.name); });
  return {};
}

std::string join_query(const std::vector<Attribute>& attributes, bool with_pin_source) {
  std::string text;
  for (const Attribute& attribute : attributes) {
    if (attribute.name == "pin-source" && !with_pin_source) {
      continue;
    }
    text += text.empty() ? "?" : "&";
    text += std::string(attribute.name) + "=" + std::string(attribute.raw);
  }
  return text;
}

// p11-kit reads the number with strtol and then ignores the attribute when it matches.
Result<std::optional<unsigned long>> slot_id_of(const std::vector<Attribute>& path) {
  for (const Attribute& attribute : path) {
    if (attribute.name != "slot-id") {
      continue;
    }
    unsigned long value = 0;
    const char* end = attribute.decoded.data() + attribute.decoded.size();
    const auto [stop, status] = std::from_chars(attribute.decoded.data(), end, value);
    if (status != std::errc{} || stop != end) {
      return refuse("slot-id is not a decimal number");
    }
    return std::optional<unsigned long>(value);
  }
  return std::optional<unsigned long>();
}

Error parser_error(int status) {
  switch (status) {
    case P11_KIT_URI_BAD_ENCODING:
      return refuse("malformed percent-encoding");
    case P11_KIT_URI_BAD_VERSION:
      return refuse("library-version is not a version number");
    default:
      return refuse("it is not a valid RFC 7512 URI");
  }
}

Result<std::string_view> strip_scheme(std::string_view text) {
  constexpr std::string_view kScheme = "pkcs11:";
  if (text.size() > kMaxUri) {
    return refuse("it is longer than " + std::to_string(kMaxUri) + " characters");
  }
  const bool match = text.size() >= kScheme.size() &&
                     std::equal(kScheme.begin(), kScheme.end(), text.begin(), [](char a, char b) {
                       return a == (b >= 'A' && b <= 'Z' ? static_cast<char>(b - 'A' + 'a') : b);
                     });
  if (!match) {
    return refuse("it does not begin with pkcs11:");
  }
  return text.substr(kScheme.size());
}

std::optional<std::string> optional_text(const char* text) {
  return text == nullptr ? std::nullopt : std::optional<std::string>(text);
}

}  // namespace

Result<KeyUri> KeyUri::parse(std::string_view text) {
  EVSEAL_TRY(const std::string_view rest, strip_scheme(text));
  const std::size_t mark = std::min(rest.find('?'), rest.size());
  const std::string_view path_text = rest.substr(0, mark);
  EVSEAL_TRY(auto path, split(path_text, ';'));
  EVSEAL_CHECK(check_path(path));
  EVSEAL_CHECK(decode_values(path, kPathReserved));
  EVSEAL_TRY(auto query, split(rest.substr(std::min(mark + 1, rest.size())), '&'));
  EVSEAL_CHECK(check_query(query));
  EVSEAL_CHECK(decode_values(query, kQueryReserved));

  KeyUri uri;
  EVSEAL_TRY(uri.slot_id_, slot_id_of(path));
  uri.parsed_ = std::shared_ptr<p11_kit_uri>(p11_kit_uri_new(), p11_kit_uri_free);
  const std::string base = "pkcs11:" + std::string(path_text);
  const std::string checked = base + join_query(query, true);
  const int status =
      uri.parsed_ == nullptr
          ? P11_KIT_URI_NO_MEMORY
          : p11_kit_uri_parse(checked.c_str(), P11_KIT_URI_FOR_ANY, uri.parsed_.get());
  if (status != P11_KIT_URI_OK) {
    return parser_error(status);
  }
  // After the checks above this is a value longer than its field, or an unknown `type`: p11-kit
  // would match nothing with it and say nothing.
  if (p11_kit_uri_any_unrecognized(uri.parsed_.get()) != 0) {
    return refuse(
        "a value is too long for its attribute, or type is not one of public, private, "
        "cert, secret-key, data");
  }
  uri.text_ = base + join_query(query, false);
  return uri;
}

std::optional<std::string> KeyUri::object() const {
  const CK_ATTRIBUTE* label = p11_kit_uri_get_attribute(parsed_.get(), CKA_LABEL);
  if (label == nullptr) {
    return std::nullopt;
  }
  if (label->ulValueLen == 0) {
    return std::string();
  }
  return std::string(static_cast<const char*>(label->pValue), label->ulValueLen);
}

std::optional<Bytes> KeyUri::id() const {
  const CK_ATTRIBUTE* id = p11_kit_uri_get_attribute(parsed_.get(), CKA_ID);
  if (id == nullptr) {
    return std::nullopt;
  }
  const auto* begin = static_cast<const std::uint8_t*>(id->pValue);
  return id->ulValueLen == 0 ? Bytes() : Bytes(begin, begin + id->ulValueLen);
}

std::optional<ObjectType> KeyUri::type() const {
  const CK_ATTRIBUTE* type = p11_kit_uri_get_attribute(parsed_.get(), CKA_CLASS);
  if (type == nullptr || type->ulValueLen != sizeof(CK_OBJECT_CLASS)) {
    return std::nullopt;
  }
  switch (*static_cast<const CK_OBJECT_CLASS*>(type->pValue)) {
    case CKO_PUBLIC_KEY:
      return ObjectType::public_key;
    case CKO_PRIVATE_KEY:
      return ObjectType::private_key;
    case CKO_CERTIFICATE:
      return ObjectType::certificate;
    case CKO_SECRET_KEY:
      return ObjectType::secret_key;
    default:
      return ObjectType::data;
  }
}

std::optional<std::string> KeyUri::module_path() const {
  return optional_text(p11_kit_uri_get_module_path(parsed_.get()));
}

std::optional<std::string> KeyUri::module_name() const {
  return optional_text(p11_kit_uri_get_module_name(parsed_.get()));
}

std::optional<std::string> KeyUri::pin_source() const {
  return optional_text(p11_kit_uri_get_pin_source(parsed_.get()));
}

namespace {

std::string encode(std::string_view value, bool all) {
  constexpr std::string_view kDigits = "0123456789ABCDEF";
  std::string out;
  for (const char c : value) {
    if (!all && is_unreserved(c)) {
      out.push_back(c);
      continue;
    }
    const auto octet = static_cast<unsigned char>(c);
    out.push_back('%');
    out.push_back(kDigits[octet >> 4u]);
    out.push_back(kDigits[octet & 15u]);
  }
  return out;
}

std::string_view type_name(ObjectType type) {
  switch (type) {
    case ObjectType::public_key:
      return "public";
    case ObjectType::private_key:
      return "private";
    case ObjectType::certificate:
      return "cert";
    case ObjectType::secret_key:
      return "secret-key";
    case ObjectType::data:
      return "data";
  }
  return "data";
}

}  // namespace

std::string format_uri(const UriParts& parts) {
  std::string text;
  const auto add = [&text](std::string_view name, const std::string& value) {
    if (!value.empty()) {
      text += (text.empty() ? "" : ";") + std::string(name) + "=" + value;
    }
  };
  add("token", encode(parts.token, false));
  add("serial", encode(parts.serial, false));
  // RFC 7512 §2.3 suggests that every octet of an id be encoded: it is not text.
  add("id", encode(as_text(parts.id), true));
  add("object", encode(parts.object, false));
  add("type", parts.type ? std::string(type_name(*parts.type)) : std::string());
  return "pkcs11:" + text;
}

}  // namespace evseal::hsm
