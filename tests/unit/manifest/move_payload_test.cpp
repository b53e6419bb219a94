#include <catch2/catch.hpp>

#include "evseal/manifest/payload_writer.hpp"
#include "fixtures.hpp"

namespace {

using namespace evseal;
using namespace evseal::manifest;
using namespace evseal::manifest::testing;

// Moves a payload and gives the whole file.
Bytes moved(const fs::path& parent, const Bytes& payload, std::uint64_t from, std::uint64_t to) {
  const TemporaryFolder folder(parent);
  auto out = OutputFile::create(folder.path() / "f", OutputFile::Mode::keep_existing);
  REQUIRE(out.ok());
  REQUIRE(out->write_at(0, Bytes(from, 0x55)).ok());
  REQUIRE(out->write_at(from, payload).ok());
  const auto result = move_payload(*out, from, to, payload.size());
  REQUIRE(result.ok());
  REQUIRE(out->commit().ok());
  return read_all(folder.path() / "f");
}

void check_moves(const fs::path& parent) {
  for (const std::size_t size : {1U, 4096U, 10000U, 1048576U, 3000001U}) {
    const Bytes payload = noise(size);
    for (const auto& [from, to] :
         {std::pair(4096U, 8192U), std::pair(8192U, 4096U), std::pair(4096U, 65536U + 8192U),
          std::pair(65536U, 4096U), std::pair(8192U, 8192U), std::pair(4096U, 4194304U)}) {
      CAPTURE(parent, size, from, to);
      const Bytes file = moved(parent, payload, from, to);
      REQUIRE(file.size() == to + size);
      CHECK(std::equal(payload.begin(), payload.end(), file.begin() + to));
      const std::size_t kept = std::min(from, to);
      CHECK(std::all_of(file.begin(), file.begin() + static_cast<std::ptrdiff_t>(kept),
                        [](std::uint8_t c) { return c == 0x55; }));
      CHECK(std::all_of(file.begin() + static_cast<std::ptrdiff_t>(kept), file.begin() + to,
                        [](std::uint8_t c) { return c == 0; }));
    }
  }
}

TEST_CASE("move payload: up and down where the file system cannot shift blocks") {
  if (!fs::exists("/dev/shm")) {
    WARN("there is no /dev/shm");
    return;
  }
  check_moves("/dev/shm");
}

TEST_CASE("move payload: up and down in the build folder") {
  check_moves(fs::current_path());
}

TEST_CASE("move payload: what is not the end of the file is not moved") {
  const TemporaryFolder folder;
  auto out = OutputFile::create(folder.path() / "f", OutputFile::Mode::keep_existing);
  REQUIRE(out->write_at(0, Bytes(8192)).ok());
  CHECK(move_payload(*out, 4096, 8192, 4095).error().code == ErrorCode::internal);
  CHECK(move_payload(*out, 4096, 8192, 4097).error().code == ErrorCode::internal);
  CHECK(move_payload(*out, 4096, 8191, 4096).error().code == ErrorCode::internal);
  CHECK(move_payload(*out, UINT64_MAX - 4095, 0, 4096 + 8192).error().code == ErrorCode::internal);
  CHECK(move_payload(*out, 4096, UINT64_MAX - 4095, 4096).error().code == ErrorCode::internal);
  CHECK(move_payload(*out, 4096, 8192, 4096).ok());
  CHECK(move_payload(*out, 8192, 4096, 4096).ok());
  CHECK(move_payload(*out, 8192, 4096, 0).ok());
}

}  // namespace
