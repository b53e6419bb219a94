// Objects in a token: templates, finding, attributes.
#pragma once

#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "session_impl.hpp"

namespace evseal::hsm {

/// A CK_ATTRIBUTE array that owns its values.
class Template {
 public:
  Template& flag(CK_ATTRIBUTE_TYPE type, bool value);
  Template& number(CK_ATTRIBUTE_TYPE type, CK_ULONG value);
  Template& bytes(CK_ATTRIBUTE_TYPE type, ByteView value);
  Template& text(CK_ATTRIBUTE_TYPE type, std::string_view value);

  [[nodiscard]] CK_ATTRIBUTE* data() { return attributes_.data(); }
  [[nodiscard]] CK_ULONG size() const { return static_cast<CK_ULONG>(attributes_.size()); }

 private:
  std::deque<Bytes> values_;  // a deque: attributes_ points into it
  std::vector<CK_ATTRIBUTE> attributes_;
};

using Objects = std::vector<CK_OBJECT_HANDLE>;

/// Every object that the template matches. Errors: token_unreachable; malformed over 10,000
/// objects.
[[nodiscard]] Result<Objects> find_objects(const Session& session, Template query);

/// An attribute's value; nothing where the object has none or does not show it.
[[nodiscard]] Result<std::optional<Bytes>> get_bytes(const Session& session,
                                                     CK_OBJECT_HANDLE object,
                                                     CK_ATTRIBUTE_TYPE type);
/// The same for CK_ULONG and CK_BBOOL attributes, and for text; `fallback` where there is none.
[[nodiscard]] Result<std::optional<CK_ULONG>> get_number(const Session& session,
                                                         CK_OBJECT_HANDLE object,
                                                         CK_ATTRIBUTE_TYPE type);
[[nodiscard]] Result<bool> get_flag(const Session& session, CK_OBJECT_HANDLE object,
                                    CK_ATTRIBUTE_TYPE type, bool fallback);
[[nodiscard]] Result<std::string> get_text(const Session& session, CK_OBJECT_HANDLE object,
                                           CK_ATTRIBUTE_TYPE type);

[[nodiscard]] Result<CK_OBJECT_HANDLE> create_object(const Session& session, Template object);

}  // namespace evseal::hsm
