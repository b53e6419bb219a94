#include "evseal/manifest/model.hpp"

#include <algorithm>
#include <array>
#include <bit>

namespace evseal::manifest {
namespace {

constexpr std::array<std::string_view, 2> kKinds = {"firmware", "trust-update"};
constexpr std::array<std::string_view, 3> kStages = {"dev", "pilot", "prod"};
constexpr std::array<std::string_view, 2> kEncodings = {"none", "gzip"};

template <typename Enum, std::size_t N>
std::optional<Enum> from_words(const std::array<std::string_view, N>& words,
                               std::string_view text) {
  const auto found = std::find(words.begin(), words.end(), text);
  if (found == words.end()) {
    return std::nullopt;
  }
  return static_cast<Enum>(found - words.begin());
}

bool is_name_of(std::string_view text, std::size_t longest) {
  const auto alphanumeric = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); };
  return !text.empty() && text.size() <= longest && alphanumeric(text.front()) &&
         std::all_of(text.begin(), text.end(),
                     [&](char c) { return alphanumeric(c) || c == '.' || c == '_' || c == '-'; });
}

}  // namespace

std::string_view to_string(Kind kind) {
  return kKinds[static_cast<std::size_t>(kind)];
}

std::string_view to_string(Stage stage) {
  return kStages[static_cast<std::size_t>(stage)];
}

std::string_view to_string(Encoding encoding) {
  return kEncodings[static_cast<std::size_t>(encoding)];
}

std::optional<Kind> kind_from_string(std::string_view text) {
  return from_words<Kind>(kKinds, text);
}

std::optional<Stage> stage_from_string(std::string_view text) {
  return from_words<Stage>(kStages, text);
}

std::optional<Encoding> encoding_from_string(std::string_view text) {
  return from_words<Encoding>(kEncodings, text);
}

bool is_name(std::string_view text) {
  return is_name_of(text, 64);
}

bool is_component_id(std::string_view text) {
  return is_name_of(text, 32);
}

bool is_serial_number(std::string_view text) {
  return !text.empty() && text.size() <= 32 && std::all_of(text.begin(), text.end(), [](char c) {
    return c > ' ' && c <= '~' && c != '"' && c != '\\';
  });
}

bool is_chunk_size(std::uint64_t bytes) {
  return bytes >= kMinChunkBytes && bytes <= kMaxChunkBytes && std::has_single_bit(bytes);
}

}  // namespace evseal::manifest
