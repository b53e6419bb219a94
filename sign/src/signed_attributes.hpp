// The attributes that a package's signer signs (docs/format.md §4): made in one place, for signing
// and for comparing.
#pragma once

#include <cstdint>
#include <vector>

#include "evseal/base/bytes.hpp"
#include "evseal/base/digest.hpp"
#include "evseal/base/result.hpp"
#include "evseal/hsm/signer.hpp"

namespace evseal::sign {

/// The SET OF Attribute as it is signed. `hashes`: of the certificates, the leaf's first.
[[nodiscard]] Result<Bytes> signed_attributes(ByteView manifest, hsm::KeyType type,
                                              const std::vector<Sha256>& hashes,
                                              std::int64_t signing_time);

}  // namespace evseal::sign
