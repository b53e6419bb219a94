#include "terminal.hpp"

#include <fcntl.h>
#include <poll.h>
#include <termios.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>

#include "evseal/base/file.hpp"

namespace evseal::hsm {
namespace {

constexpr std::array<int, 4> kSignals = {SIGINT, SIGTERM, SIGHUP, SIGQUIT};
volatile std::sig_atomic_t g_signal = 0;
volatile std::sig_atomic_t g_wake = -1;

// Wakes poll() through a pipe: a flag alone would be missed when the signal arrives just before the
// wait, or in another thread.
extern "C" void evseal_hsm_note_signal(int number) {
  const int saved = errno;
  g_signal = number;
  const char octet = 0;
  (void)!::write(g_wake, &octet, 1);
  errno = saved;
}

// Echo off for its lifetime. Signals that would end the program are held back until echo is on
// again: a shell without echo is what users of naive prompts are left with.
class QuietTerminal {
 public:
  QuietTerminal();
  ~QuietTerminal();
  QuietTerminal(const QuietTerminal&) = delete;
  QuietTerminal& operator=(const QuietTerminal&) = delete;

  [[nodiscard]] bool quiet() const { return changed_; }
  /// False when a signal came.
  [[nodiscard]] bool wait_for_input() const;

 private:
  FileDescriptor wake_;
  FileDescriptor waker_;
  std::array<struct sigaction, kSignals.size()> old_actions_{};
  termios old_terminal_{};
  bool changed_ = false;
};

QuietTerminal::QuietTerminal() {
  std::array<int, 2> ends{-1, -1};
  if (::pipe2(ends.data(), O_CLOEXEC | O_NONBLOCK) != 0) {
    return;
  }
  wake_ = FileDescriptor(ends[0]);
  waker_ = FileDescriptor(ends[1]);
  g_signal = 0;
  g_wake = ends[1];
  struct sigaction note {};
  note.sa_handler = evseal_hsm_note_signal;
  for (std::size_t i = 0; i < kSignals.size(); ++i) {
    (void)::sigaction(kSignals[i], &note, &old_actions_[i]);
  }
  if (::tcgetattr(STDIN_FILENO, &old_terminal_) == 0) {
    termios quiet = old_terminal_;
    quiet.c_lflag &= ~static_cast<tcflag_t>(ECHO | ECHONL);
    quiet.c_lflag |= static_cast<tcflag_t>(ICANON);
    quiet.c_cc[VSUSP] = _POSIX_VDISABLE;  // a suspended prompt would leave echo off
    changed_ = ::tcsetattr(STDIN_FILENO, TCSAFLUSH, &quiet) == 0;
  }
}

QuietTerminal::~QuietTerminal() {
  if (!waker_.valid()) {
    return;
  }
  if (changed_) {
    (void)::tcsetattr(STDIN_FILENO, TCSAFLUSH, &old_terminal_);
  }
  for (std::size_t i = 0; i < kSignals.size(); ++i) {
    (void)::sigaction(kSignals[i], &old_actions_[i], nullptr);
  }
  if (g_signal != 0) {
    (void)::raise(g_signal);
  }
}

bool QuietTerminal::wait_for_input() const {
  std::array<pollfd, 2> wait{{{STDIN_FILENO, POLLIN, 0}, {wake_.get(), POLLIN, 0}}};
  while (g_signal == 0) {
    if (::poll(wait.data(), wait.size(), -1) > 0 && wait[1].revents == 0) {
      return true;
    }
  }
  return false;
}

// The terminal itself, not standard error, which may be a log file.
void show(const std::string& text) {
  if (::write(STDIN_FILENO, text.data(), text.size()) < 0) {
    (void)!::write(STDERR_FILENO, text.data(), text.size());
  }
}

Error interrupted() {
  return Error{ErrorCode::interrupted, "PIN prompt", "interrupted before a PIN was given"};
}

Result<std::size_t> read_line(const QuietTerminal& terminal, std::span<std::uint8_t> out) {
  std::size_t size = 0;
  bool too_long = false;
  for (;;) {
    std::uint8_t octet = 0;
    const ssize_t n = terminal.wait_for_input() ? ::read(STDIN_FILENO, &octet, 1) : 0;
    if (g_signal != 0 || (n == 0 && size == 0)) {
      return interrupted();
    }
    if (n < 0 && errno == EINTR) {
      continue;
    }
    if (n < 0) {
      return Error{ErrorCode::io, "terminal", std::string("cannot read: ") + std::strerror(errno)};
    }
    if (n == 0 || octet == '\n') {
      break;
    }
    too_long = too_long || size == out.size();
    if (!too_long) {
      out[size++] = octet;
    }
  }
  if (too_long) {
    return Error{ErrorCode::login_refused, "PIN", "is longer than any token takes"};
  }
  return size;
}

}  // namespace

bool can_ask() {
  return ::isatty(STDIN_FILENO) == 1;
}

Result<Secret> ask_without_echo(const std::string& question, std::size_t limit) {
  EVSEAL_TRY(Secret answer, Secret::allocate(limit));
  const QuietTerminal terminal;
  if (!terminal.quiet()) {
    return Error{ErrorCode::io, "terminal", "echo cannot be switched off"};
  }
  show(question);
  const Result<std::size_t> size = read_line(terminal, answer.buffer());
  show("\n");
  if (!size) {
    return size.error();
  }
  answer.set_size(*size);
  return answer;
}

}  // namespace evseal::hsm
