#include "evseal/manifest/package_file.hpp"

#include <catch2/catch.hpp>
#include <limits>

#include "fixtures.hpp"

namespace {

using namespace evseal;
using namespace evseal::manifest;
using namespace evseal::manifest::testing;

std::string status_of(const Bytes& file, std::uint32_t limit = kMaxEnvelopeBytes) {
  const TemporaryFolder folder;
  const auto package = UnverifiedPackageFile::open(folder.write("f.evs", file), limit);
  return package ? "ok" : package.error().status;
}

TEST_CASE("package file: the header is these bytes") {
  const auto head = encode_head(Bytes{0xAA, 0xBB}, 5);
  REQUIRE(head.ok());
  CHECK(head->size() == 4096);
  CHECK(to_hex(ByteView(*head).first(20)) == "89455653310d0a1a0000000200000005aabb0000");
  CHECK(encode_head(Bytes(4080, 1))->size() == 4096);
  CHECK(encode_head(Bytes(4081, 1))->size() == 8192);
  CHECK_FALSE(encode_head({}).ok());
  CHECK(encode_head(Bytes(65536, 1)).ok());
  CHECK(encode_head(Bytes(65537, 1)).error().status == "envelope_length");
}

TEST_CASE("package file: what was written is opened again") {
  const TemporaryFolder folder;
  const Bytes envelope = noise(5000);
  auto out = OutputFile::create(folder.path() / "f.evs", OutputFile::Mode::keep_existing);
  REQUIRE(write_header(*out, envelope, 3).ok());
  REQUIRE(out->commit().ok());
  const auto package = UnverifiedPackageFile::open(folder.path() / "f.evs");
  REQUIRE(package.ok());
  CHECK(package->unverified_envelope() == envelope);
  CHECK(package->component_mask() == 3);
  CHECK(package->payload_offset() == 8192);
  CHECK(package->size() == 8192);
}

TEST_CASE("package file: each broken header has its status") {
  const Bytes good = encode_head(Bytes(100, 1)).value();
  CHECK(status_of(good) == "ok");
  CHECK(status_of(good, 99) == "envelope_length");
  CHECK(status_of(good, 100) == "ok");
  for (std::size_t i = 0; i < 8; ++i) {
    Bytes bad = good;
    bad[i] ^= 1;
    CHECK(status_of(bad) == (i == 4 ? "file_version" : "file_magic"));
  }
  Bytes two = good;
  two[4] ^= 1;
  two[7] ^= 1;
  CHECK(status_of(two) == "file_magic");
  Bytes empty = good;
  empty[11] = 0;
  CHECK(status_of(empty) == "envelope_length");
  Bytes huge = good;
  huge[8] = 0xFF;
  CHECK(status_of(huge) == "envelope_length");
  for (const std::size_t at : {116U, 2000U, 4095U}) {
    Bytes padded = good;
    padded[at] = 1;
    CHECK(status_of(padded) == "padding");
  }
  for (const std::size_t size : {0U, 1U, 8U, 15U, 16U, 115U, 116U, 4095U}) {
    CHECK(status_of(Bytes(good.data(), good.data() + size)) == "truncated");
  }
}

TEST_CASE("package file: trust-updates in front of a package are its steps") {
  const Bytes step = encode_head(Bytes(5000, 1), 0, Kind::trust_update).value();
  CHECK(to_hex(ByteView(step).first(8)) == "89455655310d0a1a");
  CHECK(kind_of_header(step) == Kind::trust_update);
  CHECK_FALSE(kind_of_header(Bytes(8)).has_value());
  const Bytes firmware = encode_head(Bytes(100, 2)).value();
  CHECK(kind_of_header(firmware) == Kind::firmware);
  const TemporaryFolder folder;
  const auto opened = [&](std::size_t steps, const Bytes& package) {
    Bytes file;
    for (std::size_t i = 0; i < steps; ++i) {
      file.insert(file.end(), step.begin(), step.end());
    }
    file.insert(file.end(), package.begin(), package.end());
    return UnverifiedPackageFile::open(folder.write("f.evs", file));
  };
  const auto alone = opened(0, step).value();
  CHECK(alone.unverified_kind() == Kind::trust_update);
  CHECK(alone.steps().empty());
  for (const std::size_t steps : {1U, 8U}) {
    const auto package = opened(steps, firmware).value();
    CHECK(package.unverified_kind() == Kind::firmware);
    REQUIRE(package.steps().size() == steps);
    CHECK(package.steps()[0].offset == 0);
    CHECK(package.steps().back().size == 8192);
    CHECK(package.steps().back().unverified_envelope == Bytes(5000, 1));
    CHECK(package.package_offset() == steps * 8192);
    CHECK(package.payload_offset() == steps * 8192 + 4096);
    CHECK(package.unverified_envelope() == Bytes(100, 2));
  }
  // The ninth is the package, and what stands behind it is too much.
  const auto nine = opened(9, firmware).value();
  CHECK(nine.steps().size() == 8);
  CHECK(nine.unverified_kind() == Kind::trust_update);
  CHECK(nine.unverified_layout(Manifest()).error().status == "trailing_data");
  CHECK(opened(1, Bytes(20)).error().status == "file_magic");
  CHECK(opened(1, Bytes{0x89}).error().status == "truncated");
}

TEST_CASE("package file: a mask has one form") {
  CHECK(components_present(3, 0).value() == std::vector<std::size_t>{0, 1, 2});
  CHECK(components_present(3, 5).value() == std::vector<std::size_t>{0, 2});
  CHECK(components_present(3, 7).error().status == "component_mask");  // names all
  CHECK(components_present(3, 8).error().status == "component_mask");
  CHECK(components_present(1, 1).error().status == "component_mask");
  CHECK(components_present(0, 0).ok());
  CHECK_FALSE(components_present(0, 1).ok());
  CHECK(components_present(32, 0x80000000U).value() == std::vector<std::size_t>{31});
  CHECK_FALSE(components_present(32, 0xFFFFFFFFU).ok());
  CHECK_FALSE(components_present(33, 0).ok());
}

TEST_CASE("package file: the layout follows from manifest and mask") {
  Manifest manifest = sample_manifest();
  manifest.components.push_back(manifest.components[0]);
  manifest.components[1].stored_size = 4096;
  manifest.components.push_back(manifest.components[0]);
  const auto all = unverified_layout(manifest, 0, 4096).value();
  REQUIRE(all.size() == 3);
  CHECK(all[0].offset == 4096);
  CHECK(all[0].length == 10000 + 2 * 64);
  CHECK(all[1].offset == 4096 + 10128);
  CHECK(all[1].length == 4096);
  CHECK(all[2].offset == 4096 + 10128 + 4096);
  const auto some = unverified_layout(manifest, 4, 8192).value();
  REQUIRE(some.size() == 1);
  CHECK(some[0].component == 2);
  CHECK(some[0].offset == 8192);
  CHECK(payload_length(manifest).value() == 10128 + 4096 + 10128);
  CHECK(payload_length(manifest, 2).value() == 4096);
  constexpr std::uint64_t most = std::numeric_limits<std::uint64_t>::max();
  CHECK(unverified_layout(manifest, 4, most - 10128).ok());
  CHECK_FALSE(unverified_layout(manifest, 4, most - 10127).ok());
  CHECK_FALSE(unverified_layout(manifest, 0, most).ok());
}

TEST_CASE("package file: a file that is too short or too long for its manifest is refused") {
  const TemporaryFolder folder;
  Bytes file = encode_head(Bytes(100, 1)).value();
  file.resize(4096 + 10128);
  const Manifest manifest = sample_manifest();
  const auto status = [&] {
    const auto package = UnverifiedPackageFile::open(folder.write("f.evs", file)).value();
    const auto layout = package.unverified_layout(manifest);
    return layout ? "ok" : layout.error().status;
  };
  CHECK(status() == "ok");
  file.push_back(0);
  CHECK(status() == "trailing_data");
  file.resize(file.size() - 2);
  CHECK(status() == "truncated");
}

}  // namespace
