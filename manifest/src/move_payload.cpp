#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "evseal/manifest/payload_writer.hpp"

namespace evseal::manifest {
namespace {

constexpr std::size_t kCopyBytes = 1U << 20U;

Error cannot_move(const OutputFile& out, int number) {
  return Error{ErrorCode::io, out.path().string(),
               std::string("cannot move the payload: ") + std::strerror(number)};
}

Result<void> copy_piece(OutputFile& out, std::uint64_t from, std::uint64_t to,
                        std::span<std::uint8_t> buffer) {
  EVSEAL_CHECK(read_exactly_at(out.descriptor(), from, buffer, out.path()));
  return out.write_at(to, buffer);
}

// Upwards from the end, downwards from the start: no piece overwrites what is still to be read.
Result<void> copy_within(OutputFile& out, std::uint64_t from, std::uint64_t to,
                         std::uint64_t length) {
  Bytes buffer(static_cast<std::size_t>(std::min<std::uint64_t>(kCopyBytes, length)));
  for (std::uint64_t done = 0; done < length;) {
    const std::uint64_t piece = std::min<std::uint64_t>(buffer.size(), length - done);
    const std::uint64_t at = to > from ? length - done - piece : done;
    EVSEAL_CHECK(copy_piece(out, from + at, to + at,
                            std::span(buffer).first(static_cast<std::size_t>(piece))));
    done += piece;
  }
  return {};
}

Result<void> write_zeros(OutputFile& out, std::uint64_t from, std::uint64_t to) {
  const Bytes zeros(static_cast<std::size_t>(std::min<std::uint64_t>(kCopyBytes, to - from)));
  while (from < to) {
    const std::uint64_t piece = std::min<std::uint64_t>(zeros.size(), to - from);
    EVSEAL_CHECK(out.write_at(from, ByteView(zeros).first(static_cast<std::size_t>(piece))));
    from += piece;
  }
  return {};
}

// The file system shifts whole blocks in its tables, without reading them. It can refuse for many
// reasons (its kind, its block size): then copying does the same.
bool shift_blocks(const OutputFile& out, std::uint64_t from, std::uint64_t to) {
  const bool up = to > from;
  const auto offset = static_cast<off_t>(std::min(from, to));
  const auto distance = static_cast<off_t>(up ? to - from : from - to);
  return ::fallocate(out.fd(), up ? FALLOC_FL_INSERT_RANGE : FALLOC_FL_COLLAPSE_RANGE, offset,
                     distance) == 0;
}

}  // namespace

Result<void> move_payload(OutputFile& out, std::uint64_t from, std::uint64_t to,
                          std::uint64_t length) {
  constexpr std::uint64_t largest = INT64_MAX;  // of an off_t
  EVSEAL_TRY(const std::uint64_t size, file_size(out.descriptor(), out.path()));
  if (from % kPayloadAlignment != 0 || to % kPayloadAlignment != 0 || from > largest ||
      to > largest || length > largest - std::max(from, to) || size != from + length) {
    return Error{ErrorCode::internal, out.path().string(),
                 "the payload to be moved is not the end of the file"};
  }
  if (from == to || length == 0) {
    return length == 0 && ::ftruncate(out.fd(), static_cast<off_t>(to)) != 0
               ? Result<void>(cannot_move(out, errno))
               : Result<void>();
  }
  if (shift_blocks(out, from, to)) {
    return {};
  }
  EVSEAL_CHECK(copy_within(out, from, to, length));
  if (to > from) {
    return write_zeros(out, from, std::min(to, from + length));
  }
  if (::ftruncate(out.fd(), static_cast<off_t>(to + length)) != 0) {
    return cannot_move(out, errno);
  }
  return {};
}

}  // namespace evseal::manifest
