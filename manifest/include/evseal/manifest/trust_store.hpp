// Trust stores (docs/format.md §9.1): whom a device trusts for what. A profile has one, a
// trust-update brings one, and a state holds the one that came last.
#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "evseal/base/bytes.hpp"
#include "evseal/base/digest.hpp"
#include "evseal/base/result.hpp"

namespace evseal::manifest {

/// Bits of `stages` fields.
enum StageBits : std::uint32_t { kStageDev = 1, kStagePilot = 2, kStageProd = 4 };
/// Bits of `kinds` fields.
enum KindBits : std::uint32_t { kKindFirmware = 1, kKindTrustUpdate = 2 };
/// Bits of Role.flags.
enum RoleFlags : std::uint32_t {
  kRoleCrlRequired = 1,
  kRolePoliciesWaived = 2,
  kRolePurposeWaived = 4,
  kRolePkcs1 = 8,
};

struct Anchor {
  Bytes subject;  ///< DER Name
  Bytes key;      ///< DER SubjectPublicKeyInfo
  [[nodiscard]] Sha256 key_hash() const { return sha256(key); }
  friend bool operator==(const Anchor&, const Anchor&) = default;
};

struct Scope {
  std::uint32_t stages = 0;             ///< StageBits
  std::uint32_t kinds = kKindFirmware;  ///< KindBits
  std::vector<std::string> models;      ///< empty: all
  std::vector<std::string> components;  ///< empty: all
  friend bool operator==(const Scope&, const Scope&) = default;
};

struct Role {
  std::string name;
  std::vector<Anchor> anchors;
  std::uint32_t threshold = 1;
  std::uint32_t flags = 0;  ///< RoleFlags
  std::uint32_t max_intermediates = 4;
  Scope scope;
  std::vector<Sha256> signers;  ///< key hashes; needed for thresholds above one
  friend bool operator==(const Role&, const Role&) = default;
};

struct TrustStore {
  std::vector<Role> roles;
  std::vector<std::string> firmware;      ///< roles whose thresholds a firmware package needs
  std::vector<std::string> trust_update;  ///< … a trust-update needs; none: refused
  friend bool operator==(const TrustStore&, const TrustStore&) = default;
};

/// What a manifest's `trust` can hold.
inline constexpr std::size_t kMaxTrustStoreBytes = 16384;

/// The DER. Errors: usage, status `trust_store`, for a store that breaks its rules, among them that
/// it must be able to meet its own requirements.
[[nodiscard]] Result<Bytes> encode_trust_store(const TrustStore& trust);
/// Errors: malformed, status `trust_store`.
[[nodiscard]] Result<TrustStore> decode_trust_store(ByteView der);
/// `roles` and `require` as a profile's JSON has them; anchors and signers stand there with their
/// octets and key hashes in place of files, which the reader of profiles takes too.
[[nodiscard]] nlohmann::json trust_store_to_json(const TrustStore& trust);

}  // namespace evseal::manifest
