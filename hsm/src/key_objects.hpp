// Private keys as objects: between listing keys and signing with one.
#pragma once

#include "evseal/hsm/key.hpp"
#include "objects.hpp"

namespace evseal::hsm {

/// Private keys with this id and label; a part that is not given matches every key.
[[nodiscard]] Result<Objects> find_private_keys(const Session& session,
                                                const std::optional<Bytes>& id,
                                                const std::optional<std::string>& label);

/// The URI of an object in the session's token.
[[nodiscard]] std::string object_uri(const Session& session, ByteView id, std::string_view label,
                                     std::optional<ObjectType> type = std::nullopt);

/// All that KeyInfo says, of one private key.
[[nodiscard]] Result<KeyInfo> describe_key(Session& session, CK_OBJECT_HANDLE key);

/// The kind of key that CKA_KEY_TYPE and CKA_EC_PARAMS say; nothing for kinds that packages are not
/// signed with.
[[nodiscard]] Result<std::optional<KeyType>> type_of_object(const Session& session,
                                                            CK_OBJECT_HANDLE key);

/// What CKA_EC_PARAMS holds for the curve when a key is made. RFC 5480 and RFC 8410.
[[nodiscard]] ByteView curve_parameters(KeyType type);
/// PKCS#11 3.0's other way to name Ed25519: the PrintableString "edwards25519".
[[nodiscard]] ByteView edwards_curve_name();

/// The public half of the private key `key` with this id and label.
[[nodiscard]] Result<PublicKey> public_half(Session& session, CK_OBJECT_HANDLE key, ByteView id,
                                            std::string_view label);

}  // namespace evseal::hsm
