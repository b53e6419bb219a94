#include "evseal/manifest/inflate.hpp"

#include <catch2/catch.hpp>

#include "fixtures.hpp"

namespace {

using namespace evseal;
using namespace evseal::manifest;
using namespace evseal::manifest::testing;

// Compressed by the gzip program: another hand than ours.
Bytes gzip(const Bytes& image, const std::string& options = "-9n") {
  const TemporaryFolder folder;
  const fs::path file = folder.write("image", image);
  const CommandResult result = run("gzip " + options + " -c " + file.string());
  REQUIRE(result.ok);
  const ByteView octets = as_bytes(result.output);
  return Bytes(octets.begin(), octets.end());
}

struct Outcome {
  bool ok = false;
  std::string status;
  Bytes octets;
};

Outcome inflate(ByteView stored, std::uint64_t size, const Sha256& digest,
                std::size_t piece = SIZE_MAX) {
  Outcome outcome;
  auto inflater = Inflater::create(size, digest, [&](ByteView octets) {
    outcome.octets.insert(outcome.octets.end(), octets.begin(), octets.end());
    return Result<void>();
  });
  Result<void> result;
  while (result && !stored.empty()) {
    const std::size_t n = std::min(piece, stored.size());
    result = inflater->push(stored.first(n));
    stored = stored.subspan(n);
  }
  if (result) {
    result = inflater->finish();
  }
  outcome.ok = result.ok();
  outcome.status = result ? "" : result.error().status;
  return outcome;
}

TEST_CASE("inflate: gives the image back however it is split") {
  const Bytes image = texture(200000);
  const Bytes stored = gzip(image);
  for (const std::size_t piece : {std::size_t{1}, std::size_t{7}, std::size_t{4096}, SIZE_MAX}) {
    const Outcome outcome = inflate(stored, image.size(), sha256(image), piece);
    CHECK(outcome.ok);
    CHECK(outcome.octets == image);
  }
  // Output that ends exactly where a buffer of the inflater does.
  for (const std::size_t size : {65535U, 65536U, 65537U, 131072U}) {
    const Bytes zeros(size);
    CHECK(inflate(gzip(zeros), size, sha256(zeros)).ok);
  }
}

TEST_CASE("inflate: more or fewer octets than the manifest says are refused") {
  const Bytes image = texture(100000);
  const Bytes stored = gzip(image);
  for (const std::uint64_t size :
       {std::uint64_t{1}, std::uint64_t{99999}, std::uint64_t{100001}, std::uint64_t{UINT64_MAX}}) {
    const Outcome outcome = inflate(stored, size, sha256(image));
    CHECK(outcome.status == "inflate");
    CHECK(outcome.octets.size() <= size);
  }
}

TEST_CASE("inflate: a second member and trailing octets are refused") {
  const Bytes image = texture(1000);
  Bytes stored = gzip(image);
  const Bytes again = stored;
  for (const std::size_t piece : {std::size_t{1}, again.size(), SIZE_MAX}) {
    Bytes twice = stored;
    twice.insert(twice.end(), again.begin(), again.end());
    CHECK(inflate(twice, 2 * image.size(), sha256(image), piece).status == "inflate");
    Bytes longer = stored;
    longer.push_back(0);
    CHECK(inflate(longer, image.size(), sha256(image), piece).status == "inflate");
  }
}

TEST_CASE("inflate: another digest is refused") {
  const Bytes image = texture(1000);
  CHECK(inflate(gzip(image), image.size(), sha256(noise(3))).status == "inflate");
}

TEST_CASE("inflate: a stream cut off anywhere or with a flipped bit is refused") {
  const Bytes image = texture(600);
  const Bytes stored = gzip(image);
  for (std::size_t i = 0; i < stored.size(); ++i) {
    CHECK(inflate(ByteView(stored).first(i), image.size(), sha256(image)).status == "inflate");
  }
  for (std::size_t i = 10; i < stored.size(); ++i) {  // the header holds MTIME and the like
    Bytes flipped = stored;
    flipped[i] ^= 0x10;
    const Outcome outcome = inflate(flipped, image.size(), sha256(image));
    CHECK((!outcome.ok || outcome.octets == image));
  }
}

TEST_CASE("inflate: other formats and no octets at all are refused") {
  CHECK(inflate({}, 1, sha256({})).status == "inflate");
  CHECK(inflate(noise(100), 100, sha256(noise(100))).status == "inflate");
  const Bytes zlib = from_hex("789c030000000001").value();
  CHECK(inflate(zlib, 1, sha256({})).status == "inflate");
}

TEST_CASE("inflate: errors are final, and the sink's own come back unchanged") {
  const Bytes image = texture(1000);
  const Bytes stored = gzip(image);
  auto inflater = Inflater::create(image.size(), sha256(image), [](ByteView) -> Result<void> {
    return Error{ErrorCode::io, "disk", "full"};
  });
  CHECK(inflater->push(stored).error().what == "disk");
  CHECK(inflater->push(stored).error().what == "disk");
  CHECK(inflater->finish().error().what == "disk");
  auto good =
      Inflater::create(image.size(), sha256(image), [](ByteView) { return Result<void>(); });
  CHECK(good->push(stored).ok());
  CHECK(good->finish().ok());
  CHECK_FALSE(good->finish().ok());
  CHECK_FALSE(good->push(stored).ok());
}

}  // namespace
