#include "evseal/base/file.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <cstring>

namespace evseal {
namespace {

namespace fs = std::filesystem;

Error io_error(const fs::path& path, std::string_view action, int number) {
  Error error{ErrorCode::io, path.string(), std::string(action) + ": " + std::strerror(number)};
  if (number == ENOENT) {
    error.hint = "check the path; it is relative to the current folder unless it starts with /";
  } else if (number == ENOSPC || number == EDQUOT) {
    error.hint =
        "free some space on that disk and run the same command again; nothing was left behind";
    error.retryable = true;
  } else if (number == EACCES || number == EPERM) {
    error.hint = "check the owner and permissions of the file and its folder";
  }
  return error;
}

// The temporary names that a signal handler must be able to unlink: fixed storage, no locks.
constexpr std::size_t kMaxOutputs = 64;
constexpr std::size_t kMaxPath = 4096;
struct Registered {
  std::atomic<int> state{0};  // 0 free, 1 being filled, 2 live
  std::array<char, kMaxPath> path{};
};
std::array<Registered, kMaxOutputs> g_outputs;

void register_output(const fs::path& path) {
  const std::string& text = path.native();
  if (text.size() >= kMaxPath) {
    return;
  }
  for (Registered& slot : g_outputs) {
    int free = 0;
    if (slot.state.compare_exchange_strong(free, 1)) {
      std::memcpy(slot.path.data(), text.c_str(), text.size() + 1);
      slot.state.store(2);
      return;
    }
  }
}

void unregister_output(const fs::path& path) {
  for (Registered& slot : g_outputs) {
    if (slot.state.load() == 2 && path.native() == slot.path.data()) {
      slot.state.store(0);
      return;
    }
  }
}

Error already_exists(const fs::path& path) {
  return Error{ErrorCode::usage, path.string(), "exists already",
               "choose another name, or pass --force to replace it"};
}

fs::path folder_of(const fs::path& file) {
  return file.parent_path().empty() ? fs::path(".") : file.parent_path();
}

// A long name is cut: with what is appended it must fit wherever the final name fits.
fs::path temporary_name(const fs::path& path) {
  static std::atomic<unsigned> counter{0};
  constexpr std::size_t kKept = 200;
  fs::path name = path.parent_path() / path.filename().native().substr(0, kKept);
  name += "." + std::to_string(::getpid()) + "." + std::to_string(counter.fetch_add(1)) + ".tmp";
  return name;
}

// A name that no file can have. The unnamed file would be written in full before the system says
// so.
Result<void> check_name(const fs::path& path, int lstat_error) {
  if (path.empty() || path.filename().empty()) {
    return Error{ErrorCode::usage, path.empty() ? "output" : path.string(), "is no name for a file",
                 "name the output, with its file name"};
  }
  if (lstat_error == 0 || lstat_error == ENOENT) {
    return {};
  }
  Error error = io_error(path, "cannot create", lstat_error);
  if (error.hint.empty()) {
    error.hint = lstat_error == ENAMETOOLONG ? "choose a shorter name"
                                             : "check the path: each folder in it must exist";
  }
  return error;
}

Result<void> sync_folder(const fs::path& file) {
  const fs::path folder = folder_of(file);
  const FileDescriptor fd(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  // Some file systems cannot sync a folder (EINVAL): the rename itself is then all there is.
  if (fd.valid() && ::fsync(fd.get()) != 0 && errno != EINVAL && errno != EROFS) {
    return io_error(folder, "cannot sync the folder", errno);
  }
  return {};
}

}  // namespace

FileDescriptor::~FileDescriptor() {
  if (fd_ >= 0) {
    ::close(fd_);
  }
}

FileDescriptor& FileDescriptor::operator=(FileDescriptor&& other) noexcept {
  if (this != &other) {
    if (fd_ >= 0) {
      ::close(fd_);
    }
    fd_ = other.fd_;
    other.fd_ = -1;
  }
  return *this;
}

Result<FileDescriptor> open_for_reading(const fs::path& path) {
  FileDescriptor fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd.valid()) {
    return io_error(path, "cannot open for reading", errno);
  }
  struct stat info {};
  if (::fstat(fd.get(), &info) != 0) {
    return io_error(path, "cannot stat", errno);
  }
  if (!S_ISREG(info.st_mode)) {
    return Error{ErrorCode::io, path.string(), "not a regular file"};
  }
  return fd;
}

Result<std::uint64_t> file_size(const FileDescriptor& file, const fs::path& name) {
  struct stat info {};
  if (::fstat(file.get(), &info) != 0) {
    return io_error(name, "cannot stat", errno);
  }
  return static_cast<std::uint64_t>(info.st_size);
}

Result<void> read_exactly_at(const FileDescriptor& file, std::uint64_t offset,
                             std::span<std::uint8_t> out, const fs::path& name) {
  std::size_t done = 0;
  while (done < out.size()) {
    const ssize_t n = ::pread(file.get(), out.data() + done, out.size() - done,
                              static_cast<off_t>(offset + done));
    if (n < 0 && errno == EINTR) {
      continue;
    }
    if (n < 0) {
      return io_error(name, "cannot read", errno);
    }
    if (n == 0) {
      return Error{ErrorCode::io, name.string(), "ends too early: it changed while it was read",
                   "make sure that nothing writes to the file and run the command again"};
    }
    done += static_cast<std::size_t>(n);
  }
  return {};
}

Result<Bytes> read_small_file(const fs::path& path, std::uint64_t limit) {
  EVSEAL_TRY(const FileDescriptor fd, open_for_reading(path));
  EVSEAL_TRY(const std::uint64_t size, file_size(fd, path));
  if (size > limit) {
    return Error{ErrorCode::malformed, path.string(),
                 "is " + std::to_string(size) + " bytes, more than the " + std::to_string(limit) +
                     " that such a file may have"};
  }
  Bytes bytes(size);
  EVSEAL_CHECK(read_exactly_at(fd, 0, bytes, path));
  return bytes;
}

Result<OutputFile> OutputFile::create(const fs::path& path, Mode mode, unsigned permissions) {
  struct stat info {};
  const bool exists = ::lstat(path.c_str(), &info) == 0;
  EVSEAL_CHECK(check_name(path, exists ? 0 : errno));
  if (exists && mode == Mode::keep_existing) {
    return already_exists(path);
  }
  if (exists && !S_ISREG(info.st_mode) && !S_ISLNK(info.st_mode)) {
    return Error{ErrorCode::usage, path.string(), "is not a regular file, so it is not replaced",
                 "choose another name: the output is written whole and renamed into place"};
  }
  OutputFile out;
  out.path_ = path;
  out.mode_ = mode;
  out.fd_ =
      FileDescriptor(::open(folder_of(path).c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, permissions));
  if (out.fd_.valid()) {
    return out;
  }
  // Old file systems answer EOPNOTSUPP or EISDIR, some ENOENT for the flag alone: the named way
  // reports what is wrong.
  EVSEAL_CHECK(out.open_named(permissions));
  return out;
}

Result<void> OutputFile::open_named(unsigned permissions) {
  for (int attempt = 0; attempt < 100; ++attempt) {
    temporary_ = temporary_name(path_);
    register_output(temporary_);
    fd_ = FileDescriptor(
        ::open(temporary_.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, permissions));
    if (fd_.valid()) {
      return {};
    }
    const int number = errno;
    unregister_output(temporary_);
    temporary_.clear();
    if (number != EEXIST) {
      return io_error(path_, "cannot create", number);
    }
  }
  return Error{ErrorCode::io, path_.string(), "cannot find a free temporary name beside it"};
}

OutputFile::~OutputFile() {
  discard();
}

OutputFile::OutputFile(OutputFile&& other) noexcept
    : path_(std::move(other.path_)),
      temporary_(std::move(other.temporary_)),
      fd_(std::move(other.fd_)),
      mode_(other.mode_),
      reserved_(other.reserved_) {
  other.temporary_.clear();
}

OutputFile& OutputFile::operator=(OutputFile&& other) noexcept {
  if (this != &other) {
    discard();
    path_ = std::move(other.path_);
    temporary_ = std::move(other.temporary_);
    fd_ = std::move(other.fd_);
    mode_ = other.mode_;
    reserved_ = other.reserved_;
    other.temporary_.clear();
  }
  return *this;
}

void OutputFile::discard() {
  if (!temporary_.empty()) {
    ::unlink(temporary_.c_str());
    unregister_output(temporary_);
    temporary_.clear();
  }
  fd_ = FileDescriptor();
}

Result<void> OutputFile::write(ByteView bytes) {
  while (!bytes.empty()) {
    const ssize_t n = ::write(fd_.get(), bytes.data(), bytes.size());
    if (n < 0 && errno == EINTR) {
      continue;
    }
    if (n < 0) {
      return io_error(path_, "cannot write", errno);
    }
    bytes = bytes.subspan(static_cast<std::size_t>(n));
  }
  return {};
}

Result<void> OutputFile::write_at(std::uint64_t offset, ByteView bytes) {
  while (!bytes.empty()) {
    const ssize_t n = ::pwrite(fd_.get(), bytes.data(), bytes.size(), static_cast<off_t>(offset));
    if (n < 0 && errno == EINTR) {
      continue;
    }
    if (n < 0) {
      return io_error(path_, "cannot write", errno);
    }
    bytes = bytes.subspan(static_cast<std::size_t>(n));
    offset += static_cast<std::uint64_t>(n);
  }
  return {};
}

// Links the unnamed file: to its final name where that is free and must stay so, else to a
// temporary one to be renamed.
Result<void> OutputFile::give_name() {
  const std::string self = "/proc/self/fd/" + std::to_string(fd_.get());
  for (int attempt = 0; attempt < 100; ++attempt) {
    const fs::path name = temporary_name(path_);
    register_output(name);
    if (::linkat(AT_FDCWD, self.c_str(), AT_FDCWD, name.c_str(), AT_SYMLINK_FOLLOW) == 0) {
      temporary_ = name;
      return {};
    }
    const int number = errno;
    unregister_output(name);
    if (number != EEXIST) {
      return io_error(path_, "cannot give the file its name", number);
    }
  }
  return Error{ErrorCode::io, path_.string(), "cannot find a free temporary name beside it"};
}

Result<void> OutputFile::reserve(std::uint64_t bytes) {
  const int number = ::posix_fallocate(fd_.get(), 0, static_cast<off_t>(bytes));
  if (number != 0 && number != EOPNOTSUPP && number != EINVAL) {
    return io_error(path_, "cannot reserve space", number);
  }
  reserved_ = true;
  return {};
}

Result<void> OutputFile::commit() {
  if (reserved_ && ::ftruncate(fd_.get(), ::lseek(fd_.get(), 0, SEEK_CUR)) != 0) {
    return io_error(path_, "cannot cut to its length", errno);
  }
  if (::fsync(fd_.get()) != 0) {
    return io_error(path_, "cannot sync", errno);
  }
  if (temporary_.empty()) {
    EVSEAL_CHECK(give_name());
  }
  if (mode_ == Mode::overwrite) {
    if (::rename(temporary_.c_str(), path_.c_str()) != 0) {
      return io_error(path_, "cannot rename into place", errno);
    }
    unregister_output(temporary_);
    temporary_.clear();
  } else {
    // link() refuses to replace a file that appeared meanwhile; rename() would not.
    if (::link(temporary_.c_str(), path_.c_str()) != 0) {
      return errno == EEXIST ? already_exists(path_)
                             : io_error(path_, "cannot link into place", errno);
    }
  }
  discard();
  return sync_folder(path_);
}

Result<void> write_file(const fs::path& path, ByteView bytes, OutputFile::Mode mode,
                        unsigned permissions) {
  EVSEAL_TRY(OutputFile out, OutputFile::create(path, mode, permissions));
  EVSEAL_CHECK(out.write(bytes));
  return out.commit();
}

void remove_unfinished_outputs() noexcept {
  for (Registered& slot : g_outputs) {
    if (slot.state.load() == 2) {
      ::unlink(slot.path.data());
    }
  }
}

}  // namespace evseal
