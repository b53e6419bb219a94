#include "evseal/hsm/pin.hpp"

#include <fcntl.h>
#include <sodium.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include "evseal/base/bytes.hpp"
#include "evseal/base/file.hpp"
#include "terminal.hpp"

namespace evseal::hsm {
namespace {

constexpr std::string_view kWays = "give the PIN with --pin-file or --pin-fd";

Error unusable(std::string what, std::string why, std::string hint = {}) {
  return Error{ErrorCode::login_refused, std::move(what), std::move(why), std::move(hint)};
}

Error unreadable(std::string what, int number) {
  return Error{ErrorCode::io, std::move(what),
               std::string("the PIN cannot be read: ") + std::strerror(number),
               "check the path and who may read it"};
}

// Reads up to the end. The buffer is the locked one: a PIN never passes through another.
Result<void> read_all(int fd, Secret& secret, const std::string& name) {
  std::size_t size = 0;
  const std::span<std::uint8_t> buffer = secret.buffer();
  while (size < buffer.size()) {
    const ssize_t n = ::read(fd, buffer.data() + size, buffer.size() - size);
    if (n < 0 && errno == EINTR) {
      continue;
    }
    if (n < 0) {
      return unreadable(name, errno);
    }
    if (n == 0) {
      secret.set_size(size);
      return {};
    }
    size += static_cast<std::size_t>(n);
  }
  return unusable(name, "holds more than a PIN", "the file must hold the PIN and nothing else");
}

Result<Secret> read_pin(int fd, const std::string& name) {
  // One PIN, CR LF, and one octet more to see that there is more.
  EVSEAL_TRY(Secret secret, Secret::allocate(kMaxPinBytes + 3));
  EVSEAL_CHECK(read_all(fd, secret, name));
  const std::span<const std::uint8_t> bytes = secret.bytes();
  std::size_t size = bytes.size();
  if (size > 0 && bytes[size - 1] == '\n') {
    --size;
    if (size > 0 && bytes[size - 1] == '\r') {
      --size;
    }
  }
  secret.set_size(size);
  return secret;
}

// A line break or a zero octet inside means that this is not the file that was meant; sending it
// would burn one of a few tries.
Result<void> check_pin(const Secret& pin, const std::string& name) {
  const std::span<const std::uint8_t> bytes = pin.bytes();
  if (bytes.empty()) {
    return unusable(name, "the PIN is empty", std::string(kWays));
  }
  if (bytes.size() > kMaxPinBytes) {
    return unusable(name, "holds more than a PIN", "the file must hold the PIN and nothing else");
  }
  const bool broken = std::any_of(bytes.begin(), bytes.end(), [](std::uint8_t octet) {
    return octet == '\n' || octet == '\r' || octet == '\0';
  });
  if (broken) {
    return unusable(name, "holds more than one line or a zero octet",
                    "the file must hold the PIN and nothing else");
  }
  return {};
}

std::optional<std::string> permission_warning(int fd, const std::string& name) {
  struct stat info {};
  if (::fstat(fd, &info) == 0 && S_ISREG(info.st_mode) &&
      (info.st_mode & (S_IRWXG | S_IRWXO)) != 0) {
    return "the PIN file " + printable(name) + " is open to others than its owner (chmod 600)";
  }
  return std::nullopt;
}

}  // namespace

PinSource PinSource::prompt() {
  return PinSource(Kind::prompt);
}

PinSource PinSource::prompt_new() {
  return PinSource(Kind::prompt_new);
}

PinSource PinSource::file(std::filesystem::path path) {
  PinSource source(Kind::file);
  source.path_ = std::move(path);
  return source;
}

PinSource PinSource::descriptor(int fd) {
  PinSource source(Kind::descriptor);
  source.fd_ = fd;
  return source;
}

Result<PinSource> PinSource::from_uri(std::string_view pin_source) {
  constexpr std::string_view kFile = "file:";
  const auto refuse = [](std::string why) {
    return Error{ErrorCode::usage, "pin-source of the PKCS#11 URI", std::move(why),
                 "write pin-source=file:/path/to/pin"};
  };
  // RFC 7512 §2.4 lets a command stand here. A URI comes from configuration: it must not run
  // programs.
  if (pin_source.starts_with('|')) {
    return refuse("commands are not run");
  }
  if (pin_source.starts_with(kFile)) {
    pin_source.remove_prefix(kFile.size());
  } else if (pin_source.find(':') < pin_source.find('/')) {
    return refuse("only files are read");
  }
  if (pin_source.empty()) {
    return refuse("the path is empty");
  }
  return file(std::filesystem::path(pin_source));
}

std::string PinSource::name() const {
  switch (kind_) {
    case Kind::file:
      return path_.string();
    case Kind::descriptor:
      return "PIN from descriptor " + std::to_string(fd_);
    case Kind::prompt:
    case Kind::prompt_new:
      return "PIN";
  }
  return "PIN";
}

Result<Secret> PinSource::read_file() {
  // Not open_for_reading(): a named pipe serves as well (`--pin-file <(command)`).
  const FileDescriptor fd(::open(path_.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY));
  if (!fd.valid()) {
    return unreadable(name(), errno);
  }
  warning_ = permission_warning(fd.get(), name());
  return read_pin(fd.get(), name());
}

Result<Secret> PinSource::read_source(std::string_view owner) {
  if (kind_ == Kind::file) {
    return read_file();
  }
  if (kind_ == Kind::descriptor) {
    if (::isatty(fd_) == 1) {
      return unusable(name(), "it is a terminal, which would show the PIN",
                      "leave --pin-fd out to be asked without echo");
    }
    return read_pin(fd_, name());
  }
  if (!can_ask()) {
    return unusable("PIN for " + printable(owner), "there is no terminal to ask for it",
                    std::string(kWays));
  }
  const std::string question =
      (kind_ == Kind::prompt_new ? "New PIN for " : "PIN for ") + printable(owner) + ": ";
  EVSEAL_TRY(Secret pin, ask_without_echo(question, kMaxPinBytes));
  if (kind_ == Kind::prompt_new) {
    EVSEAL_TRY(const Secret again, ask_without_echo("The same again: ", kMaxPinBytes));
    if (again.size() != pin.size() ||
        sodium_memcmp(again.bytes().data(), pin.bytes().data(), pin.size()) != 0) {
      return unusable("PIN for " + printable(owner), "the two PINs differ");
    }
  }
  return pin;
}

Result<std::span<const std::uint8_t>> PinSource::read(std::string_view owner) {
  if (failure_) {
    return *failure_;
  }
  if (!pin_) {
    Result<Secret> pin = read_source(owner);
    Result<void> usable = pin ? check_pin(*pin, name()) : Result<void>(pin.error());
    if (!usable) {
      failure_ = std::move(usable).error();
      return *failure_;
    }
    pin_ = std::move(pin).value();
  }
  return pin_->bytes();
}

void PinSource::mark_refused() {
  pin_.reset();
  failure_ =
      unusable(name(), "the token has refused this PIN; it is not tried again",
               "check the PIN before you try again: a token locks it after a few wrong ones");
}

}  // namespace evseal::hsm
