// RFC 7512 PKCS#11 URIs, strictly: p11-kit parses them, after checks that it leaves out.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "evseal/base/bytes.hpp"
#include "evseal/base/result.hpp"

struct p11_kit_uri;

namespace evseal::hsm {

/// The object classes that RFC 7512's `type` attribute can name.
enum class ObjectType { public_key, private_key, certificate, secret_key, data };

/// Names a token, or objects in it. Immutable; copies share the parsed form.
class KeyUri {
 public:
  /// Stricter than p11-kit, because a URI that means something else than it seems to can select the
  /// wrong key: an attribute that stands twice, an unknown attribute in the path, a value that is
  /// too long to match, a character that must be percent-encoded, a malformed percent-encoding,
  /// %00 outside `id`, and `pin-value` are refused. Unknown attributes of the query are ignored, as
  /// RFC 7512 §2.4 asks. Errors: usage; none of them repeats the URI, which may hold a PIN.
  [[nodiscard]] static Result<KeyUri> parse(std::string_view text);

  /// The URI as it was written, without PIN attributes and without the query attributes that are
  /// ignored: for messages and logs. Printable ASCII only.
  [[nodiscard]] const std::string& text() const { return text_; }

  [[nodiscard]] std::optional<std::string> object() const;
  [[nodiscard]] std::optional<Bytes> id() const;
  [[nodiscard]] std::optional<ObjectType> type() const;
  [[nodiscard]] std::optional<unsigned long> slot_id() const { return slot_id_; }
  /// Absolute path or bare name of the module to load.
  [[nodiscard]] std::optional<std::string> module_path() const;
  /// The module's name without prefix and suffix of the platform (`softhsm2`).
  [[nodiscard]] std::optional<std::string> module_name() const;
  /// As written: PinSource::from_uri() reads it.
  [[nodiscard]] std::optional<std::string> pin_source() const;

  /// The parser's own form, for matching.
  [[nodiscard]] p11_kit_uri* parsed() const { return parsed_.get(); }

 private:
  KeyUri() = default;

  std::shared_ptr<p11_kit_uri> parsed_;
  std::string text_;
  std::optional<unsigned long> slot_id_;
};

/// The parts of a URI that name a token or an object, to be written into messages and signer files.
struct UriParts {
  std::string token = {};
  std::string serial = {};
  Bytes id = {};
  std::string object = {};
  std::optional<ObjectType> type = {};
};
/// Empty parts are left out. Everything but unreserved characters is percent-encoded.
[[nodiscard]] std::string format_uri(const UriParts& parts);

}  // namespace evseal::hsm
