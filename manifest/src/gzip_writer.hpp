// Compresses an image to one gzip member whose octets depend on nothing but the image.
#pragma once

#include <cstdint>

#include "evseal/base/digest.hpp"
#include "evseal/base/file.hpp"
#include "evseal/base/result.hpp"
#include "tree_writer.hpp"

namespace evseal::manifest {

/// Appends the member to the empty file `out` and returns its size. `digest` receives the image in
/// order. The image is cut into blocks of fixed size, each compressed on its own with the end of
/// the one before as dictionary (as pigz does), so any number of threads makes the same octets.
[[nodiscard]] Result<std::uint64_t> write_gzip(std::uint64_t size, const ReadAt& read,
                                               Sha256Stream& digest, OutputFile& out,
                                               WorkerPool* pool, const Step& step);

}  // namespace evseal::manifest
