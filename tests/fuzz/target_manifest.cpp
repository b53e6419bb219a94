// The manifest: evseal_json_validate() against a general JSON library, evseal_manifest_parse(), and
// every component.
#include <evseal/manifest.h>

#include <cstring>
#include <nlohmann/json.hpp>

#include "evseal/base/bytes.hpp"
#include "fuzz.hpp"

extern "C" {
#include "json.h"
}

namespace {

using namespace evseal;
using namespace evseal::fuzz;
using nlohmann::json;

/// No control characters: U+0000 to U+001F and U+007F to U+009F.
bool text_allowed(const std::string& text) {
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto octet = static_cast<unsigned char>(text[i]);
    const bool c1 =
        octet == 0xC2 && i + 1 < text.size() && static_cast<unsigned char>(text[i + 1]) < 0xA0;
    if (octet < 0x20 || octet == 0x7F || c1) {
      return false;
    }
  }
  return true;
}

bool name_allowed(const std::string& name) {
  return !name.empty() && name.size() <= JSON_MAX_NAME &&
         name.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789_") == std::string::npos;
}

/// The subset of docs/format.md section 7 over a value that another library has read.
bool value_allowed(const json& value, unsigned depth) {
  if (value.is_structured()) {
    for (const auto& item : value.items()) {
      if ((value.is_object() && !name_allowed(item.key())) ||
          !value_allowed(item.value(), depth + 1)) {
        return false;
      }
    }
    return depth <= JSON_MAX_DEPTH;
  }
  if (value.is_string()) {
    return text_allowed(value.get_ref<const std::string&>());
  }
  return value.is_boolean() ||
         (value.is_number_unsigned() && value.get<std::uint64_t>() <= JSON_MAX_INTEGER);
}

/// Canonical is what writing the value again gives octet for octet: members in order, none twice,
/// no space, no other escapes. The library sorts members by their octets, as the format does.
bool model(std::string_view text) {
  const json value = json::parse(text, nullptr, false);
  return value.is_object() && value_allowed(value, 1) &&
         value.dump(-1, ' ', false, json::error_handler_t::replace) == text;
}

void check_component(const evseal_manifest& manifest, unsigned index, ByteView text) {
  evseal_component c;
  std::memset(&c, 0xA5, sizeof c);
  FUZZ_REQUIRE(evseal_manifest_component(&c, &manifest, index) == EVSEAL_OK);
  FUZZ_REQUIRE(c.index == index && within(c.id, text) && within(c.version, text));
  FUZZ_REQUIRE(c.id.len >= 1 && c.id.len <= 32);
  FUZZ_REQUIRE(c.chunk_size >= EVSEAL_MIN_CHUNK && c.chunk_size <= EVSEAL_MAX_CHUNK &&
               (c.chunk_size & (c.chunk_size - 1)) == 0);
  FUZZ_REQUIRE(c.num_chunks >= 1 && c.num_chunks <= 1U << EVSEAL_MAX_LEVELS);
  FUZZ_REQUIRE((c.num_chunks - 1) * std::uint64_t{c.chunk_size} < c.stored_size &&
               c.stored_size <= c.num_chunks * std::uint64_t{c.chunk_size});
  FUZZ_REQUIRE(c.file_size == c.stored_size + 64 * (std::uint64_t{c.num_chunks} - 1));
  FUZZ_REQUIRE(c.encoding == EVSEAL_ENCODING_GZIP || c.size == c.stored_size);
  FUZZ_REQUIRE(!c.hardware.present || c.hardware.min <= c.hardware.max);
  std::uint64_t end = 0;
  FUZZ_REQUIRE(c.num_preserve <= EVSEAL_MAX_PRESERVE);
  for (unsigned i = 0; i < c.num_preserve; ++i) {
    FUZZ_REQUIRE(c.preserve[i].offset >= end && c.preserve[i].size >= 1);
    end = c.preserve[i].offset + c.preserve[i].size;
  }
  FUZZ_REQUIRE(end <= c.size);
  evseal_span id{};
  std::uint32_t least = 0;
  unsigned count = 0;
  while (evseal_component_requirement(&id, &least, &c, count)) {
    FUZZ_REQUIRE(++count <= EVSEAL_MAX_REQUIRES && within(id, text) && id.len > 0);
  }
  FUZZ_REQUIRE((count > 0) == (c.requires_json.len > 0));
}

void check_manifest(const evseal_manifest& m, ByteView text) {
  for (const evseal_span span :
       {m.text, m.id, m.vendor, m.version, m.compatible_json, m.components_json, m.crls_json}) {
    FUZZ_REQUIRE(within(span, text));
  }
  FUZZ_REQUIRE(m.num_components <= EVSEAL_MAX_COMPONENTS);
  FUZZ_REQUIRE((m.num_components > 0) == (m.kind == EVSEAL_KIND_FIRMWARE));
  for (unsigned i = 0; i < m.num_components; ++i) {
    check_component(m, i, text);
  }
  evseal_component beyond{};
  FUZZ_REQUIRE(evseal_manifest_component(&beyond, &m, m.num_components) == EVSEAL_MISUSE);
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const ByteView text(data, size);
  if (size > EVSEAL_MAX_ENVELOPE) {
    return 0;
  }
  const bool valid = evseal_json_validate(span_of(text));
  FUZZ_REQUIRE(valid == model(as_text(text)));
  evseal_manifest manifest;
  evseal_manifest again;
  std::memset(&manifest, 0xA5, sizeof manifest);
  const evseal_status status = evseal_manifest_parse(&manifest, span_of(text));
  FUZZ_REQUIRE((status == EVSEAL_MANIFEST_SYNTAX) == !valid);
  FUZZ_REQUIRE(evseal_manifest_parse(&again, span_of(text)) == status);
  FUZZ_REQUIRE(again.text.len == manifest.text.len && again.created == manifest.created);
  if (status == EVSEAL_OK) {
    check_manifest(manifest, text);
  } else {
    // Nothing of a refused manifest may be used.
    FUZZ_REQUIRE(manifest.text.len == 0 && manifest.num_components == 0);
  }
  // The cursor stays within any text, also one that validate() refused.
  evseal_span rest = span_of(text);
  evseal_span name{};
  evseal_span value{};
  while (evseal_json_next_member(&rest, &name, &value)) {
    FUZZ_REQUIRE(within(name, text) && within(value, text) && within(rest, text));
  }
  return 0;
}
