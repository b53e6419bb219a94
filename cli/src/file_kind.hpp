// What a file looks like that is not what was asked for.
#pragma once

#include <string>

#include "evseal/base/bytes.hpp"

namespace evseal::cli {

struct FileKind {
  std::string name;  ///< "an ELF program"; empty where it looks like nothing known
  std::string hint;  ///< what to do with such a file, or "" where a manifest may still be meant
  bool maybe_manifest = false;  ///< JSON that is none of the other files of evseal
};

/// Goes by the first octets, of which kFileKindBytes are enough.
[[nodiscard]] FileKind file_kind(ByteView head);
inline constexpr std::size_t kFileKindBytes = 512;

/// The same for a file; one that cannot be read looks like nothing.
[[nodiscard]] FileKind file_kind_of(const std::string& path);

}  // namespace evseal::cli
