// Files as this project treats them: read once, written to a temporary name, synced and renamed,
// never half there.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

#include "evseal/base/bytes.hpp"
#include "evseal/base/result.hpp"

namespace evseal {

/// An owned file descriptor.
class FileDescriptor {
 public:
  FileDescriptor() = default;
  explicit FileDescriptor(int fd) : fd_(fd) {}
  ~FileDescriptor();
  FileDescriptor(FileDescriptor&& other) noexcept : fd_(other.fd_) { other.fd_ = -1; }
  FileDescriptor& operator=(FileDescriptor&& other) noexcept;
  FileDescriptor(const FileDescriptor&) = delete;
  FileDescriptor& operator=(const FileDescriptor&) = delete;

  [[nodiscard]] int get() const { return fd_; }
  [[nodiscard]] bool valid() const { return fd_ >= 0; }

 private:
  int fd_ = -1;
};

/// Opens a regular file for reading (O_CLOEXEC). Errors: io, with a hint for a missing file.
[[nodiscard]] Result<FileDescriptor> open_for_reading(const std::filesystem::path& path);
/// Size of an open regular file in bytes.
[[nodiscard]] Result<std::uint64_t> file_size(const FileDescriptor& file,
                                              const std::filesystem::path& name);
/// Reads exactly `out.size()` bytes at `offset`; fewer is an io error that names the file.
[[nodiscard]] Result<void> read_exactly_at(const FileDescriptor& file, std::uint64_t offset,
                                           std::span<std::uint8_t> out,
                                           const std::filesystem::path& name);
/// A whole small file. Over `limit` bytes is malformed.
[[nodiscard]] Result<Bytes> read_small_file(const std::filesystem::path& path,
                                            std::uint64_t limit = 16u << 20u);

/// A file that comes into being whole or not at all. It is written without a name (O_TMPFILE) in
/// the folder of its final one, so that even a killed process leaves nothing behind; commit() syncs
/// the data, links it into place and syncs the folder. Where the file system has no unnamed files,
/// a temporary name beside the final one serves: the destructor removes it, and so does the
/// program's handler of SIGINT, SIGTERM and SIGHUP (remove_unfinished_outputs()).
class OutputFile {
 public:
  enum class Mode { keep_existing, overwrite };

  /// Errors: usage when the final name exists and `mode` keeps it (hint: --force), io otherwise.
  [[nodiscard]] static Result<OutputFile> create(const std::filesystem::path& path, Mode mode,
                                                 unsigned permissions = 0644);

  OutputFile() = default;
  ~OutputFile();
  OutputFile(OutputFile&& other) noexcept;
  OutputFile& operator=(OutputFile&& other) noexcept;
  OutputFile(const OutputFile&) = delete;
  OutputFile& operator=(const OutputFile&) = delete;

  [[nodiscard]] int fd() const { return fd_.get(); }
  [[nodiscard]] const FileDescriptor& descriptor() const { return fd_; }
  [[nodiscard]] const std::filesystem::path& path() const { return path_; }
  [[nodiscard]] Result<void> write(ByteView bytes);
  [[nodiscard]] Result<void> write_at(std::uint64_t offset, ByteView bytes);
  /// Makes sure that `bytes` can be written: on a full disk it fails now and not later. commit()
  /// cuts the file to what was written with write().
  [[nodiscard]] Result<void> reserve(std::uint64_t bytes);
  [[nodiscard]] Result<void> commit();
  /// Removes the temporary file now.
  void discard();

 private:
  [[nodiscard]] Result<void> open_named(unsigned permissions);
  [[nodiscard]] Result<void> give_name();

  std::filesystem::path path_;
  std::filesystem::path temporary_;  // empty while the file has no name
  FileDescriptor fd_;
  Mode mode_ = Mode::keep_existing;
  bool reserved_ = false;
};

/// Creates, writes and commits in one step.
[[nodiscard]] Result<void> write_file(const std::filesystem::path& path, ByteView bytes,
                                      OutputFile::Mode mode, unsigned permissions = 0644);

/// Unlinks every OutputFile that is not committed yet. Async-signal-safe.
void remove_unfinished_outputs() noexcept;

}  // namespace evseal
