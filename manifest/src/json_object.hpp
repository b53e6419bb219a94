// Reads the members of JSON objects with their types and ranges checked, and errors that say where.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "evseal/base/digest.hpp"
#include "evseal/base/nearest.hpp"
#include "evseal/base/result.hpp"
#include "evseal/manifest/json_file.hpp"
#include "evseal/manifest/model.hpp"

namespace evseal::manifest {

/// What all objects of a document share: the kind of error that a violation is.
struct SchemaContext {
  const JsonDocument* document = nullptr;
  ErrorCode code = ErrorCode::usage;
  std::string status = {};
};

using KnownNames = std::initializer_list<std::string_view>;

/// One object of a document. It refers to document and context, which must outlive it.
class ObjectReader {
 public:
  /// Any members may be present: what a manifest's reader ignores.
  [[nodiscard]] static Result<ObjectReader> open(const SchemaContext& context,
                                                 const nlohmann::json& value, std::string path);
  /// Only known members may be present: what a person writes.
  [[nodiscard]] Result<void> only(KnownNames known) const;

  [[nodiscard]] bool has(std::string_view key) const { return value_->contains(key); }
  [[nodiscard]] const nlohmann::json& raw() const { return *value_; }
  [[nodiscard]] const std::string& path() const { return path_; }

  /// Text of `min` to `max` octets, without control characters.
  [[nodiscard]] Result<std::string> text(std::string_view key, std::size_t min,
                                         std::size_t max) const;
  [[nodiscard]] Result<std::string> name(std::string_view key) const;
  [[nodiscard]] Result<std::string> component_id(std::string_view key) const;
  [[nodiscard]] Result<std::uint64_t> integer(std::string_view key, std::uint64_t min,
                                              std::uint64_t max) const;
  /// An integer below 2^31.
  [[nodiscard]] Result<std::uint32_t> integer31(std::string_view key) const;
  /// An integer, or a text with a decimal or `0x…` number: addresses.
  [[nodiscard]] Result<std::uint64_t> address(std::string_view key, std::uint64_t max) const;
  [[nodiscard]] Result<bool> boolean(std::string_view key) const;
  /// 64 lower-case hexadecimal digits.
  [[nodiscard]] Result<Sha256> digest(std::string_view key) const;
  /// Lower-case hexadecimal text of `min` to `max` octets.
  [[nodiscard]] Result<Bytes> hex(std::string_view key, std::size_t min, std::size_t max) const;
  /// RFC 3339 in UTC, from 1970 on where `since_1970`.
  [[nodiscard]] Result<std::int64_t> time(std::string_view key, bool since_1970) const;
  /// One of a few words; the index of the word.
  [[nodiscard]] Result<std::size_t> word(std::string_view key, KnownNames words) const;
  [[nodiscard]] Result<ObjectReader> object(std::string_view key) const;
  [[nodiscard]] Result<std::vector<ObjectReader>> objects(std::string_view key, std::size_t min,
                                                          std::size_t max) const;
  /// Texts of 1 to `max_octets` octets.
  [[nodiscard]] Result<std::vector<std::string>> texts(std::string_view key, std::size_t min,
                                                       std::size_t max,
                                                       std::size_t max_octets) const;
  /// {min, max}, both needed, min ≤ max, below 2^31.
  [[nodiscard]] Result<HardwareRange> hardware(std::string_view key) const;

  /// The array, of `min` to `max` elements.
  [[nodiscard]] Result<const nlohmann::json*> array(std::string_view key, std::size_t min,
                                                    std::size_t max) const;
  /// A reader for an element of an array of this object; `at` is like `components[2]`.
  [[nodiscard]] Result<ObjectReader> element(const nlohmann::json& value,
                                             std::string_view at) const {
    return open(*context_, value, member_path(at));
  }
  /// An error about a member (or about the object, where `key` is empty).
  [[nodiscard]] Error fail(std::string_view key, std::string why) const;
  [[nodiscard]] Error fail_with_status(std::string_view key, std::string why,
                                       std::string status) const;
  [[nodiscard]] std::string member_path(std::string_view key) const;

 private:
  ObjectReader(const SchemaContext& context, const nlohmann::json& value, std::string path)
      : context_(&context), value_(&value), path_(std::move(path)) {}
  [[nodiscard]] Result<const nlohmann::json*> member(std::string_view key) const;

  const SchemaContext* context_;
  const nlohmann::json* value_;
  std::string path_;
};

}  // namespace evseal::manifest
