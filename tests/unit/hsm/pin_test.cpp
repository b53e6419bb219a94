#include "evseal/hsm/pin.hpp"

#include <fcntl.h>
#include <pty.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>

#include <csignal>
#include <thread>

#include "softhsm.hpp"

namespace evseal::hsm {
namespace {

using test::contains;
using test::must;
using test::TempFolder;
using test::texts;

std::string read_pin(PinSource source) {
  return std::string(as_text(must(source.read("token"))));
}

Error read_fails(PinSource source) {
  const auto pin = source.read("token fw");
  REQUIRE_FALSE(pin.ok());
  return pin.error();
}

// Standard input as something else for a while.
class Stdin {
 public:
  explicit Stdin(int fd) : saved_(::dup(STDIN_FILENO)) {
    REQUIRE(::dup2(fd, STDIN_FILENO) == STDIN_FILENO);
  }
  ~Stdin() {
    (void)::dup2(saved_, STDIN_FILENO);
    (void)::close(saved_);
  }
  Stdin(const Stdin&) = delete;
  Stdin& operator=(const Stdin&) = delete;

 private:
  int saved_;
};

struct Terminal {
  Terminal() { REQUIRE(::openpty(&master, &slave, nullptr, nullptr, nullptr) == 0); }
  ~Terminal() {
    ::close(master);
    ::close(slave);
  }
  Terminal(const Terminal&) = delete;
  Terminal& operator=(const Terminal&) = delete;

  // Waits for a question, then types; what the terminal shows is collected.
  void answer(const std::string& line) {
    std::string question;
    char c = 0;
    while (!question.ends_with(": ") && ::read(master, &c, 1) == 1) {
      question.push_back(c);
    }
    shown += question;
    (void)!::write(master, line.data(), line.size());
  }
  void collect_rest() {
    (void)::fcntl(master, F_SETFL, O_NONBLOCK);
    char c = 0;
    while (::read(master, &c, 1) == 1) {
      shown.push_back(c);
    }
  }
  [[nodiscard]] bool echoes() const {
    termios state{};
    REQUIRE(::tcgetattr(slave, &state) == 0);
    return (state.c_lflag & static_cast<tcflag_t>(ECHO)) != 0;
  }

  int master = -1;
  int slave = -1;
  std::string shown;
};

TEST_CASE("pin: one newline at the end of a file is dropped, nothing else") {
  const TempFolder folder;
  CHECK(read_pin(PinSource::file(folder.write("a", "123456\n"))) == "123456");
  CHECK(read_pin(PinSource::file(folder.write("b", "123456\r\n"))) == "123456");
  CHECK(read_pin(PinSource::file(folder.write("c", "123456"))) == "123456");
  CHECK(read_pin(PinSource::file(folder.write("d", " 12 34 \n"))) == " 12 34 ");
}

TEST_CASE("pin: an empty PIN is refused") {
  const TempFolder folder;
  for (const std::string text : {"", "\n", "\r\n"}) {
    const Error error = read_fails(PinSource::file(folder.write("empty", text)));
    CHECK(error.code == ErrorCode::login_refused);
    CHECK_FALSE(error.retryable);
    CHECK(contains(error.why, "empty"));
  }
}

TEST_CASE("pin: a file that holds more than a PIN is refused without repeating it") {
  const TempFolder folder;
  for (const std::string& text :
       {std::string("123456\n\n"), std::string("123456\nmore\n"), std::string("123456\r7\n"),
        std::string("123456\0007", 8), "123456" + std::string(250, 'x'),
        "123456" + std::string(100000, 'x')}) {
    const Error error = read_fails(PinSource::file(folder.write("long", text)));
    CHECK(error.code == ErrorCode::login_refused);
    CHECK_FALSE(contains(texts(error), "123456"));
  }
  CHECK(read_pin(PinSource::file(folder.write("max", std::string(255, 'x') + "\r\n"))) ==
        std::string(255, 'x'));
  CHECK_FALSE(PinSource::file(folder.write("over", std::string(256, 'x'))).read("").ok());
}

TEST_CASE("pin: a file that is not there is an error when it is read, not before") {
  const TempFolder folder;
  PinSource source = PinSource::file(folder.path() / "missing");
  const Error error = read_fails(std::move(source));
  CHECK(error.code == ErrorCode::io);
  CHECK(contains(error.what, "missing"));
  CHECK(read_fails(PinSource::file(folder.path())).code == ErrorCode::io);
}

TEST_CASE("pin: a source is read once and gives the same answer again") {
  const TempFolder folder;
  const auto path = folder.write("pin", "123456\n");
  PinSource source = PinSource::file(path);
  CHECK(as_text(must(source.read("token"))) == "123456");
  std::filesystem::remove(path);
  CHECK(as_text(must(source.read("token"))) == "123456");

  PinSource late = PinSource::file(path);
  CHECK_FALSE(late.read("token").ok());
  (void)folder.write("pin", "123456\n");
  CHECK_FALSE(late.read("token").ok());
}

TEST_CASE("pin: a PIN that a token has refused is not given again") {
  const TempFolder folder;
  PinSource source = PinSource::file(folder.write("pin", "123456\n"));
  (void)must(source.read("token"));
  source.mark_refused();
  const auto again = source.read("token");
  REQUIRE_FALSE(again.ok());
  CHECK(again.error().code == ErrorCode::login_refused);
  CHECK_FALSE(again.error().retryable);
}

TEST_CASE("pin: a file that others can read gives a warning") {
  const TempFolder folder;
  const auto path = folder.write("pin", "123456\n");
  PinSource closed = PinSource::file(path);
  (void)must(closed.read("token"));
  CHECK_FALSE(closed.warning());
  for (const mode_t mode : {0640u, 0604u, 0660u}) {
    REQUIRE(::chmod(path.c_str(), mode) == 0);
    PinSource open = PinSource::file(path);
    CHECK_FALSE(open.warning());
    (void)must(open.read("token"));
    REQUIRE(open.warning());
    CHECK(contains(*open.warning(), "pin"));
    CHECK_FALSE(contains(*open.warning(), "123456"));
  }
}

TEST_CASE("pin: a descriptor is read up to its end and left open") {
  int ends[2] = {-1, -1};
  REQUIRE(::pipe(ends) == 0);
  REQUIRE(::write(ends[1], "1234", 4) == 4);
  REQUIRE(::write(ends[1], "56\n", 3) == 3);
  ::close(ends[1]);
  CHECK(read_pin(PinSource::descriptor(ends[0])) == "123456");
  CHECK(::fcntl(ends[0], F_GETFD) != -1);
  ::close(ends[0]);
  CHECK(read_fails(PinSource::descriptor(ends[0])).code == ErrorCode::io);
}

TEST_CASE("pin: a named pipe serves as a PIN file") {
  const TempFolder folder;
  const auto path = folder.path() / "fifo";
  REQUIRE(::mkfifo(path.c_str(), 0600) == 0);
  std::thread writer([&path] {
    const int fd = ::open(path.c_str(), O_WRONLY);
    (void)!::write(fd, "123456\n", 7);
    ::close(fd);
  });
  CHECK(read_pin(PinSource::file(path)) == "123456");
  writer.join();
}

TEST_CASE("pin: a URI's pin-source is a file and nothing else") {
  const TempFolder folder;
  const std::string path = folder.write("pin", "123456\n").string();
  CHECK(read_pin(must(PinSource::from_uri(path))) == "123456");
  CHECK(read_pin(must(PinSource::from_uri("file:" + path))) == "123456");
  CHECK(read_pin(must(PinSource::from_uri("file://" + path))) == "123456");
  for (const std::string text : {"|cat /etc/pin", "https://host/pin", "env:PIN", "file:", ""}) {
    const auto source = PinSource::from_uri(text);
    REQUIRE_FALSE(source.ok());
    CHECK(source.error().code == ErrorCode::usage);
  }
}

TEST_CASE("pin: nothing is asked without a terminal") {
  const int null = ::open("/dev/null", O_RDWR);
  const Stdin redirected(null);
  const Error error = read_fails(PinSource::prompt());
  CHECK(error.code == ErrorCode::login_refused);
  CHECK_FALSE(error.retryable);
  CHECK(contains(error.why, "no terminal"));
  CHECK(contains(error.hint, "--pin-file"));
  CHECK(contains(error.hint, "--pin-fd"));
  CHECK(read_fails(PinSource::prompt_new()).code == ErrorCode::login_refused);
  ::close(null);
}

TEST_CASE("pin: the terminal is asked without echo, and echoes again afterwards") {
  Terminal terminal;
  const Stdin redirected(terminal.slave);
  std::thread user([&terminal] { terminal.answer("123456\n"); });
  CHECK(read_pin(PinSource::prompt()) == "123456");
  user.join();
  terminal.collect_rest();
  CHECK(contains(terminal.shown, "PIN for token: "));
  CHECK_FALSE(contains(terminal.shown, "123456"));
  CHECK(terminal.echoes());
}

TEST_CASE("pin: a new PIN is asked for twice") {
  Terminal terminal;
  const Stdin redirected(terminal.slave);
  std::string second = "123456\n";
  bool same = true;
  SECTION("the same one is taken") {}
  SECTION("a different one is refused") {
    second = "123457\n";
    same = false;
  }
  SECTION("a longer one is refused") {
    second = "1234567\n";
    same = false;
  }
  std::thread user([&] {
    terminal.answer("123456\n");
    terminal.answer(second);
  });
  PinSource source = PinSource::prompt_new();
  const auto pin = source.read("token");
  user.join();
  CHECK(pin.ok() == same);
  if (!pin) {
    CHECK(pin.error().code == ErrorCode::login_refused);
    CHECK_FALSE(contains(texts(pin.error()), "12345"));
  }
}

TEST_CASE("pin: a descriptor that is a terminal would echo and is refused") {
  const Terminal terminal;
  CHECK(read_fails(PinSource::descriptor(terminal.slave)).code == ErrorCode::login_refused);
}

volatile std::sig_atomic_t g_interrupts = 0;
extern "C" void count_interrupt(int) {
  g_interrupts = g_interrupts + 1;
}

TEST_CASE("pin: an interrupted question restores the echo and then lets the signal through") {
  Terminal terminal;
  const Stdin redirected(terminal.slave);
  g_interrupts = 0;
  struct sigaction count {};
  struct sigaction before {};
  count.sa_handler = count_interrupt;
  REQUIRE(::sigaction(SIGINT, &count, &before) == 0);
  const pthread_t asker = ::pthread_self();
  std::thread user([&] {
    terminal.answer("12");
    (void)::pthread_kill(asker, SIGINT);
  });
  const Error error = read_fails(PinSource::prompt());
  user.join();
  CHECK(error.code == ErrorCode::interrupted);
  CHECK(g_interrupts == 1);
  CHECK(terminal.echoes());
  REQUIRE(::sigaction(SIGINT, &before, nullptr) == 0);
}

}  // namespace
}  // namespace evseal::hsm
