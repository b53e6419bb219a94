#include "objects.hpp"

#include <array>
#include <cstring>

namespace evseal::hsm {
namespace {

// More than any token holds; a module that never ends its list is stopped here.
constexpr std::size_t kMaxObjects = 10000;
// A certificate with a long extension is some KiB; a length beyond this is a module gone wrong.
constexpr CK_ULONG kMaxValue = 65536;

CK_RV collect(const Api& api, CK_SESSION_HANDLE session, Objects& found) {
  std::array<CK_OBJECT_HANDLE, 64> batch{};
  while (found.size() <= kMaxObjects) {
    CK_ULONG count = 0;
    const CK_RV rv = api->C_FindObjects(session, batch.data(), batch.size(), &count);
    if (rv != CKR_OK || count == 0 || count > batch.size()) {
      return rv;
    }
    found.insert(found.end(), batch.begin(), batch.begin() + static_cast<std::ptrdiff_t>(count));
  }
  return CKR_OK;
}

bool is_absent(CK_RV rv) {
  return rv == CKR_ATTRIBUTE_TYPE_INVALID || rv == CKR_ATTRIBUTE_SENSITIVE;
}

}  // namespace

Template& Template::bytes(CK_ATTRIBUTE_TYPE type, ByteView value) {
  Bytes& copy = values_.emplace_back(value.begin(), value.end());
  attributes_.push_back({type, copy.data(), static_cast<CK_ULONG>(copy.size())});
  return *this;
}

Template& Template::text(CK_ATTRIBUTE_TYPE type, std::string_view value) {
  return bytes(type, as_bytes(value));
}

Template& Template::flag(CK_ATTRIBUTE_TYPE type, bool value) {
  const CK_BBOOL octet = value ? CK_TRUE : CK_FALSE;
  return bytes(type, {&octet, 1});
}

Template& Template::number(CK_ATTRIBUTE_TYPE type, CK_ULONG value) {
  std::array<std::uint8_t, sizeof(value)> octets{};
  std::memcpy(octets.data(), &value, sizeof(value));
  return bytes(type, octets);
}

Result<Objects> find_objects(const Session& session, Template query) {
  const Session::Impl& impl = session.impl();
  const Api api = impl.api();
  CK_RV rv = api->C_FindObjectsInit(impl.handle, query.data(), query.size());
  if (rv != CKR_OK) {
    return impl.error(rv);
  }
  Objects found;
  rv = collect(api, impl.handle, found);
  const CK_RV end = api->C_FindObjectsFinal(impl.handle);
  if (rv != CKR_OK || end != CKR_OK) {
    return impl.error(rv != CKR_OK ? rv : end);
  }
  if (found.size() > kMaxObjects) {
    return Error{ErrorCode::malformed, display_name(impl.token.info),
                 "it lists more than " + std::to_string(kMaxObjects) + " objects"};
  }
  return found;
}

Result<std::optional<Bytes>> get_bytes(const Session& session, CK_OBJECT_HANDLE object,
                                       CK_ATTRIBUTE_TYPE type) {
  const Session::Impl& impl = session.impl();
  const Api api = impl.api();
  CK_ATTRIBUTE attribute{type, nullptr, 0};
  CK_RV rv = api->C_GetAttributeValue(impl.handle, object, &attribute, 1);
  if (is_absent(rv) || attribute.ulValueLen == CK_UNAVAILABLE_INFORMATION) {
    return std::optional<Bytes>();
  }
  if (rv != CKR_OK) {
    return impl.error(rv);
  }
  if (attribute.ulValueLen > kMaxValue) {
    return Error{
        ErrorCode::malformed, display_name(impl.token.info),
        "an attribute of an object is longer than " + std::to_string(kMaxValue) + " octets"};
  }
  Bytes value(attribute.ulValueLen);
  if (value.empty()) {
    return std::optional<Bytes>(std::move(value));
  }
  attribute.pValue = value.data();
  rv = api->C_GetAttributeValue(impl.handle, object, &attribute, 1);
  if (rv != CKR_OK || attribute.ulValueLen > value.size()) {
    return impl.error(rv != CKR_OK ? rv : CKR_GENERAL_ERROR);
  }
  value.resize(attribute.ulValueLen);
  return std::optional<Bytes>(std::move(value));
}

Result<std::optional<CK_ULONG>> get_number(const Session& session, CK_OBJECT_HANDLE object,
                                           CK_ATTRIBUTE_TYPE type) {
  EVSEAL_TRY(const std::optional<Bytes> value, get_bytes(session, object, type));
  if (!value || value->size() != sizeof(CK_ULONG)) {
    return std::optional<CK_ULONG>();
  }
  CK_ULONG number = 0;
  std::memcpy(&number, value->data(), sizeof(number));
  return std::optional<CK_ULONG>(number);
}

Result<bool> get_flag(const Session& session, CK_OBJECT_HANDLE object, CK_ATTRIBUTE_TYPE type,
                      bool fallback) {
  EVSEAL_TRY(const std::optional<Bytes> value, get_bytes(session, object, type));
  if (!value || value->size() != sizeof(CK_BBOOL)) {
    return fallback;
  }
  return (*value)[0] != CK_FALSE;
}

Result<std::string> get_text(const Session& session, CK_OBJECT_HANDLE object,
                             CK_ATTRIBUTE_TYPE type) {
  EVSEAL_TRY(const std::optional<Bytes> value, get_bytes(session, object, type));
  return value ? std::string(as_text(*value)) : std::string();
}

Result<CK_OBJECT_HANDLE> create_object(const Session& session, Template object) {
  const Session::Impl& impl = session.impl();
  const Api api = impl.api();
  CK_OBJECT_HANDLE handle = CK_INVALID_HANDLE;
  const CK_RV rv = api->C_CreateObject(impl.handle, object.data(), object.size(), &handle);
  if (rv != CKR_OK) {
    return impl.error(rv);
  }
  return handle;
}

}  // namespace evseal::hsm
