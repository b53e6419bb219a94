#include "json_object.hpp"

#include <algorithm>

#include "evseal/base/time.hpp"
#include "evseal/manifest/canonical_json.hpp"
#include "evseal/manifest/intel_hex.hpp"

namespace evseal::manifest {
namespace {

using nlohmann::json;

std::string list_of(std::span<const std::string_view> words) {
  std::string out;
  for (std::size_t i = 0; i < words.size(); ++i) {
    out += i == 0 ? "" : i + 1 == words.size() ? " or " : ", ";
    out += '"' + std::string(words[i]) + '"';
  }
  return out;
}

std::string range_text(std::uint64_t min, std::uint64_t max) {
  return std::to_string(min) + " to " + std::to_string(max);
}

}  // namespace

Result<ObjectReader> ObjectReader::open(const SchemaContext& context, const json& value,
                                        std::string path) {
  ObjectReader reader(context, value, std::move(path));
  if (!value.is_object()) {
    return reader.fail("", "must be an object");
  }
  return reader;
}

Result<void> ObjectReader::only(KnownNames known) const {
  for (const auto& [name, member] : value_->items()) {
    if (std::find(known.begin(), known.end(), name) != known.end()) {
      continue;
    }
    Error error = fail(name, "there is no member \"" + printable(name) + "\" here");
    const std::span<const std::string_view> names(known.begin(), known.size());
    if (const auto near = nearest_name(name, names)) {
      error.hint = "did you mean \"" + std::string(*near) + "\"?";
    } else {
      error.hint = "the members are " + list_of(names);
    }
    return error;
  }
  return {};
}

std::string ObjectReader::member_path(std::string_view key) const {
  if (key.empty()) {
    return path_;
  }
  return path_.empty() ? std::string(key) : path_ + "." + std::string(key);
}

Error ObjectReader::fail_with_status(std::string_view key, std::string why,
                                     std::string status) const {
  const std::string path = member_path(key);
  std::string what = context_->document->locate(path);
  if (!path.empty()) {
    what += ": " + printable(path);
  }
  return Error{context_->code, std::move(what), std::move(why), {}, std::move(status)};
}

Error ObjectReader::fail(std::string_view key, std::string why) const {
  return fail_with_status(key, std::move(why), context_->status);
}

Result<const json*> ObjectReader::member(std::string_view key) const {
  const auto found = value_->find(key);
  if (found == value_->end()) {
    return fail(key, "is missing");
  }
  return &*found;
}

Result<std::string> ObjectReader::text(std::string_view key, std::size_t min,
                                       std::size_t max) const {
  EVSEAL_TRY(const json* value, member(key));
  if (!value->is_string()) {
    return fail(key, "must be a text");
  }
  const std::string& text = value->get_ref<const std::string&>();
  if (text.size() < min || text.size() > max) {
    return fail(key, "must have " + range_text(min, max) + " octets");
  }
  if (!is_manifest_text(text)) {
    return fail(key, "must not have control characters");
  }
  return text;
}

Result<std::string> ObjectReader::name(std::string_view key) const {
  EVSEAL_TRY(std::string text, this->text(key, 0, SIZE_MAX));
  if (!is_name(text)) {
    return fail(key,
                "must be 1 to 64 characters of a-z, 0-9, '.', '_' and '-', the first a-z or 0-9");
  }
  return text;
}

Result<std::string> ObjectReader::component_id(std::string_view key) const {
  EVSEAL_TRY(std::string text, this->text(key, 0, SIZE_MAX));
  if (!is_component_id(text)) {
    return fail(key,
                "must be 1 to 32 characters of a-z, 0-9, '.', '_' and '-', the first a-z or 0-9");
  }
  return text;
}

Result<std::uint64_t> ObjectReader::integer(std::string_view key, std::uint64_t min,
                                            std::uint64_t max) const {
  EVSEAL_TRY(const json* value, member(key));
  const bool whole = value->is_number_unsigned() ||
                     (value->is_number_integer() && value->get<std::int64_t>() >= 0);
  if (!whole || value->get<std::uint64_t>() < min || value->get<std::uint64_t>() > max) {
    return fail(key, "must be an integer from " + range_text(min, max));
  }
  return value->get<std::uint64_t>();
}

Result<std::uint32_t> ObjectReader::integer31(std::string_view key) const {
  EVSEAL_TRY(const std::uint64_t value, integer(key, 0, kMax31Bit));
  return static_cast<std::uint32_t>(value);
}

Result<std::uint64_t> ObjectReader::address(std::string_view key, std::uint64_t max) const {
  EVSEAL_TRY(const json* value, member(key));
  if (!value->is_string()) {
    return integer(key, 0, max);
  }
  const auto number = parse_address(value->get_ref<const std::string&>());
  if (!number || *number > max) {
    return fail(key, "must be an integer, or a text like \"0x8000000\"");
  }
  return *number;
}

Result<bool> ObjectReader::boolean(std::string_view key) const {
  EVSEAL_TRY(const json* value, member(key));
  if (!value->is_boolean()) {
    return fail(key, "must be true or false");
  }
  return value->get<bool>();
}

Result<Bytes> ObjectReader::hex(std::string_view key, std::size_t min, std::size_t max) const {
  EVSEAL_TRY(const std::string text, this->text(key, min * 2, max * 2));
  auto octets = from_hex(text);
  // from_hex() takes capitals too; the format has one way to write a digest.
  if (!octets || to_hex(*octets) != text) {
    return fail(key, "must be lower-case hexadecimal");
  }
  return *std::move(octets);
}

Result<Sha256> ObjectReader::digest(std::string_view key) const {
  Sha256 digest{};
  EVSEAL_TRY(const Bytes octets, hex(key, digest.size(), digest.size()));
  std::copy(octets.begin(), octets.end(), digest.begin());
  return digest;
}

Result<std::int64_t> ObjectReader::time(std::string_view key, bool since_1970) const {
  EVSEAL_TRY(const std::string text, this->text(key, 0, SIZE_MAX));
  const auto seconds = from_rfc3339(text);
  if (!seconds) {
    return fail(key, "must be a time like \"2026-01-31T12:00:00Z\"");
  }
  if (since_1970 && *seconds < 0) {
    return fail(key, "must not lie before 1970");
  }
  return *seconds;
}

Result<std::size_t> ObjectReader::word(std::string_view key, KnownNames words) const {
  EVSEAL_TRY(const std::string text, this->text(key, 0, SIZE_MAX));
  const auto* found = std::find(words.begin(), words.end(), text);
  if (found == words.end()) {
    const std::span<const std::string_view> names(words.begin(), words.size());
    Error error = fail(key, "must be " + list_of(names));
    if (const auto near = nearest_name(text, names)) {
      error.hint = "did you mean \"" + std::string(*near) + "\"?";
    }
    return error;
  }
  return static_cast<std::size_t>(found - words.begin());
}

Result<ObjectReader> ObjectReader::object(std::string_view key) const {
  EVSEAL_TRY(const json* value, member(key));
  return open(*context_, *value, member_path(key));
}

Result<const json*> ObjectReader::array(std::string_view key, std::size_t min,
                                        std::size_t max) const {
  EVSEAL_TRY(const json* value, member(key));
  if (!value->is_array() || value->size() < min || value->size() > max) {
    return fail(key, "must be an array of " + range_text(min, max) + " elements");
  }
  return value;
}

Result<std::vector<ObjectReader>> ObjectReader::objects(std::string_view key, std::size_t min,
                                                        std::size_t max) const {
  EVSEAL_TRY(const json* value, array(key, min, max));
  std::vector<ObjectReader> readers;
  for (std::size_t i = 0; i < value->size(); ++i) {
    EVSEAL_TRY(ObjectReader reader,
               element((*value)[i], std::string(key) + "[" + std::to_string(i) + "]"));
    readers.push_back(std::move(reader));
  }
  return readers;
}

Result<std::vector<std::string>> ObjectReader::texts(std::string_view key, std::size_t min,
                                                     std::size_t max,
                                                     std::size_t max_octets) const {
  EVSEAL_TRY(const json* value, array(key, min, max));
  std::vector<std::string> texts;
  for (std::size_t i = 0; i < value->size(); ++i) {
    const json& element = (*value)[i];
    const std::string at = std::string(key) + "[" + std::to_string(i) + "]";
    if (!element.is_string()) {
      return fail(at, "must be a text");
    }
    texts.push_back(element.get<std::string>());
    if (texts.back().empty() || texts.back().size() > max_octets ||
        !is_manifest_text(texts.back())) {
      return fail(at,
                  "must have " + range_text(1, max_octets) + " octets and no control characters");
    }
  }
  return texts;
}

Result<HardwareRange> ObjectReader::hardware(std::string_view key) const {
  EVSEAL_TRY(const ObjectReader range, object(key));
  EVSEAL_TRY(const std::uint32_t min, range.integer31("min"));
  EVSEAL_TRY(const std::uint32_t max, range.integer31("max"));
  if (min > max) {
    return range.fail("", "min is above max");
  }
  return HardwareRange{min, max};
}

}  // namespace evseal::manifest
