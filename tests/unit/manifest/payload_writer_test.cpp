#include "evseal/manifest/payload_writer.hpp"

#include <sys/resource.h>
#include <sys/stat.h>

#include <catch2/catch.hpp>
#include <csignal>

#include "evseal/manifest/inflate.hpp"
#include "evseal/manifest/package_file.hpp"
#include "evseal/manifest/tree.hpp"
#include "fixtures.hpp"

namespace {

using namespace evseal;
using namespace evseal::manifest;
using namespace evseal::manifest::testing;

struct Built {
  Manifest manifest;
  Bytes payload;
};

Result<Built> build(const Recipe& recipe, const PayloadOptions& options = {}) {
  const TemporaryFolder folder;
  EVSEAL_TRY(OutputFile out,
             OutputFile::create(folder.path() / "f", OutputFile::Mode::keep_existing));
  EVSEAL_TRY(Manifest manifest, write_payload(recipe, 0, out, 4096, options));
  EVSEAL_CHECK(out.commit());
  Bytes file = read_all(folder.path() / "f");
  return Built{std::move(manifest), Bytes(file.begin() + 4096, file.end())};
}

// What a device does: nodes are checked from the root downwards, chunks against their hashes.
// Returns the stored octets.
class Reader {
 public:
  Reader(ByteView file, std::uint64_t chunk_size) : rest_(file), chunk_size_(chunk_size) {}

  bool read(std::uint64_t stored, const Sha256& expected) {
    if (stored <= chunk_size_) {
      const ByteView chunk = take(stored);
      stored_.insert(stored_.end(), chunk.begin(), chunk.end());
      return leaf_hash(chunk) == expected;
    }
    NodeBytes node{};
    const ByteView octets = take(64);
    std::copy(octets.begin(), octets.end(), node.begin());
    Sha256 left{};
    Sha256 right{};
    std::copy_n(node.begin(), 32, left.begin());
    std::copy_n(node.begin() + 32, 32, right.begin());
    const std::uint64_t leaves = (stored + chunk_size_ - 1) / chunk_size_;
    const std::uint64_t left_size = left_leaves(leaves) * chunk_size_;
    return node_hash(node) == expected && read(left_size, left) && read(stored - left_size, right);
  }
  [[nodiscard]] bool at_end() const { return rest_.empty(); }
  [[nodiscard]] const Bytes& stored() const { return stored_; }

 private:
  ByteView take(std::uint64_t n) {
    REQUIRE(n <= rest_.size());
    const ByteView out = rest_.first(n);
    rest_ = rest_.subspan(n);
    return out;
  }
  ByteView rest_;
  std::uint64_t chunk_size_;
  Bytes stored_;
};

// The stored octets of component `i`, read as a device reads them.
Bytes stored_octets(const Built& built, std::size_t i) {
  const auto layout = unverified_layout(built.manifest, 0, 0).value();
  const Component& component = built.manifest.components[i];
  Reader reader(ByteView(built.payload).subspan(layout[i].offset, layout[i].length),
                component.chunk_size);
  REQUIRE(reader.read(component.stored_size, component.tree_root));
  REQUIRE(reader.at_end());
  return reader.stored();
}

Bytes inflated(const Component& component, const Bytes& stored) {
  Bytes image;
  auto inflater = Inflater::create(component.size, component.sha256, [&](ByteView octets) {
    image.insert(image.end(), octets.begin(), octets.end());
    return Result<void>();
  });
  REQUIRE(inflater->push(stored).ok());
  REQUIRE(inflater->finish().ok());
  return image;
}

TEST_CASE("payload: a device reads back what went in, at every size around the borders") {
  const TemporaryFolder folder;
  for (const std::size_t size :
       {1U, 4095U, 4096U, 4097U, 8192U, 8193U, 65536U, 262143U, 262144U, 262145U, 266240U, 524288U,
        786433U, 1048576U, 1048577U, 3000000U}) {
    const Bytes image = noise(size);
    Recipe recipe = recipe_of({folder.write("image", image)});
    for (const std::uint32_t chunk : {0U, 4096U, 131072U, 1048576U}) {
      CAPTURE(size, chunk);
      recipe.components[0].chunk_size = chunk == 0 ? std::nullopt : std::optional(chunk);
      const auto built = build(recipe);
      REQUIRE(built.ok());
      CHECK(stored_octets(*built, 0) == image);
      CHECK(built->manifest.components[0].sha256 == sha256(image));
      CHECK(built->manifest.components[0].chunk_size == (chunk != 0        ? chunk
                                                         : size <= 1048576 ? 4096U
                                                                           : 65536U));
    }
  }
}

TEST_CASE("payload: the same octets for any number of threads") {
  const TemporaryFolder folder;
  Recipe recipe = recipe_of({folder.write("a", noise(5000001)), folder.write("b", texture(3000000)),
                             folder.write("c", noise(100)), folder.write("d", texture(700001))});
  recipe.components[1].encoding = Encoding::gzip;
  recipe.components[3].encoding = Encoding::gzip;
  recipe.components[0].chunk_size = 8192;
  PayloadOptions options;
  options.threads = 1;
  const auto first = build(recipe, options);
  REQUIRE(first.ok());
  CHECK(first->payload.size() % 4096 != 0);
  for (const unsigned threads : {2U, 5U, 0U, 64U}) {
    options.threads = threads;
    const auto other = build(recipe, options);
    REQUIRE(other.ok());
    CHECK(other->payload == first->payload);
    CHECK(other->manifest == first->manifest);
  }
  CHECK(describe_payload(recipe, 0).value() == first->manifest);
}

TEST_CASE("payload: components follow one another without a gap") {
  const TemporaryFolder folder;
  const Bytes a = noise(5000, 1);
  const Bytes b = noise(9000, 2);
  const auto built = build(recipe_of({folder.write("a", a), folder.write("b", b)}));
  REQUIRE(built.ok());
  CHECK(built->payload.size() == 5000 + 64 + 9000 + 2 * 64);
  CHECK(stored_octets(*built, 0) == a);
  CHECK(stored_octets(*built, 1) == b);
}

TEST_CASE("payload: gzip components are one plain member that gzip reads") {
  const TemporaryFolder folder;
  for (const std::size_t size : {1U, 1000U, 262144U, 262145U, 294912U, 1500000U}) {
    const Bytes image = texture(size);
    Recipe recipe = recipe_of({folder.write("image", image)});
    recipe.components[0].encoding = Encoding::gzip;
    const auto built = build(recipe);
    REQUIRE(built.ok());
    const Component& component = built->manifest.components[0];
    const Bytes stored = stored_octets(*built, 0);
    CHECK(component.size == size);
    CHECK(component.sha256 == sha256(image));
    CHECK(component.stored_size == stored.size());
    CHECK(to_hex(ByteView(stored).first(10)) == "1f8b08000000000002ff");
    CHECK(inflated(component, stored) == image);
    const fs::path file = folder.write("stored.gz", stored);
    CHECK(run("gzip -t " + file.string()).ok);
    CHECK(run("gzip -dc " + file.string() + " | cmp - " + (folder.path() / "image").string()).ok);
  }
}

TEST_CASE("payload: cutting into blocks costs little compression") {
  const TemporaryFolder folder;
  const fs::path file = folder.write("image", texture(4000000));
  Recipe recipe = recipe_of({file});
  recipe.components[0].encoding = Encoding::gzip;
  const auto built = build(recipe);
  REQUIRE(built.ok());
  const auto whole = std::stoull(run("gzip -9nc " + file.string() + " | wc -c").output);
  CHECK(built->manifest.components[0].stored_size < whole + whole / 50);
}

TEST_CASE("payload: Intel HEX files become the image that they describe") {
  const TemporaryFolder folder;
  const std::string hex = ":020000040800F2\n:0400100001020304E2\n:02001600AABB83\n:00000001FF\n";
  Recipe recipe = recipe_of({folder.write("image.hex", hex)});
  const auto built = build(recipe);
  REQUIRE(built.ok());
  CHECK(to_hex(stored_octets(*built, 0)) == "01020304ffffaabb");
  CHECK(built->manifest.components[0].load_address == 0x8000010U);
  recipe.components[0].hex.fill = 0;
  CHECK(to_hex(stored_octets(*build(recipe), 0)) == "010203040000aabb");
  recipe.components[0].hex.range = HexRange{0x8000010, 0x8000012};
  CHECK(to_hex(stored_octets(*build(recipe), 0)) == "0102");
  recipe.components[0].load_address = 0x8000000;
  CHECK(build(recipe).error().code == ErrorCode::usage);
  recipe.components[0].format = InputFormat::binary;
  CHECK(as_text(stored_octets(*build(recipe), 0)) == hex);
}

TEST_CASE("payload: a real microcontroller image goes through compressed") {
  const fs::path path = "/usr/share/firmware-microbit-micropython/firmware.hex";
  if (!fs::exists(path)) {
    WARN("package firmware-microbit-micropython is not installed");
    return;
  }
  Recipe recipe = recipe_of({path});
  recipe.components[0].encoding = Encoding::gzip;
  CHECK(build(recipe).error().hint.find("--hex-range") != std::string::npos);
  recipe.components[0].hex.range = HexRange{0, 0x40000};
  const auto built = build(recipe);
  REQUIRE(built.ok());
  const Component& component = built->manifest.components[0];
  CHECK(component.chunk_size == 4096);
  CHECK(component.load_address == 0U);
  CHECK(inflated(component, stored_octets(*built, 0)).size() == component.size);
}

TEST_CASE("payload: the digests of SBOMs are computed") {
  const TemporaryFolder folder;
  const Bytes document = noise(600000);
  Recipe recipe = recipe_of({folder.write("image", noise(10))});
  recipe.sbom.push_back({"sbom.json", "spdx-2.3", folder.write("s", document)});
  const auto built = build(recipe);
  REQUIRE(built.ok());
  CHECK(built->manifest.sbom.at(0).sha256 == sha256(document));
}

TEST_CASE("payload: inputs that cannot be are refused") {
  const TemporaryFolder folder;
  CHECK(build(recipe_of({folder.path() / "missing"})).error().code == ErrorCode::io);
  CHECK(build(recipe_of({folder.path()})).error().code == ErrorCode::io);
  CHECK(build(recipe_of({folder.write("empty", "")})).error().code == ErrorCode::malformed);
  Recipe recipe = recipe_of({folder.write("image", noise(1000))});
  recipe.components[0].preserve = {{900, 101}};
  CHECK(build(recipe).error().code == ErrorCode::usage);
  recipe.components[0].preserve = {{900, 100}};
  CHECK(build(recipe).ok());
  recipe.compatible.clear();
  CHECK(build(recipe).error().status == "manifest_schema");
}

TEST_CASE("payload: a file that changes its size while it is read is an error") {
  const TemporaryFolder folder;
  const fs::path file = folder.write("image", noise(2000000));
  const Recipe recipe = recipe_of({file});
  for (const std::size_t size : {2000001U, 1000000U}) {
    PayloadOptions options;
    options.threads = 2;
    options.progress = [&](std::uint64_t, std::uint64_t) { fs::resize_file(file, size); };
    const auto built = build(recipe, options);
    REQUIRE_FALSE(built.ok());
    CHECK(built.error().code == ErrorCode::io);
    CHECK(built.error().why.find("while it was read") != std::string::npos);
    fs::resize_file(file, 2000000);
  }
}

TEST_CASE("payload: each input is read once, so it may change behind the reader") {
  // The second half is replaced after the first block was read: hashes and stored octets must agree
  // all the same.
  const TemporaryFolder folder;
  const fs::path file = folder.write("image", noise(2000000, 1));
  bool changed = false;
  PayloadOptions options;
  options.progress = [&](std::uint64_t, std::uint64_t) {
    if (!changed) {
      folder.write("image", noise(2000000, 2));
      changed = true;
    }
  };
  const auto built = build(recipe_of({file}), options);
  REQUIRE(built.ok());
  const Bytes stored = stored_octets(*built, 0);
  CHECK(built->manifest.components[0].sha256 == sha256(stored));
  CHECK(stored != noise(2000000, 1));
}

TEST_CASE("payload: progress ends at the total, and cancelling stops the work") {
  const TemporaryFolder folder;
  Recipe recipe =
      recipe_of({folder.write("a", noise(3000000)), folder.write("b", texture(300000))});
  recipe.components[1].encoding = Encoding::gzip;
  std::uint64_t last = 0;
  std::uint64_t whole = 0;
  bool ascending = true;
  PayloadOptions options;
  options.progress = [&](std::uint64_t done, std::uint64_t total) {
    ascending = ascending && done > last;
    last = done;
    whole = total;
  };
  REQUIRE(build(recipe, options).ok());
  CHECK(ascending);
  CHECK(last == 3300000);
  CHECK(whole == 3300000);

  std::atomic<bool> cancel{false};
  options.cancel = &cancel;
  options.progress = [&](std::uint64_t done, std::uint64_t) { cancel = done > 1000000; };
  const auto built = build(recipe, options);
  REQUIRE_FALSE(built.ok());
  CHECK(built.error().code == ErrorCode::interrupted);
  CHECK(last == 3300000);
}

TEST_CASE("payload: small inputs are done without threads, large ones with those asked for") {
  const TemporaryFolder folder;
  const auto threads_with = [&](std::size_t size, unsigned threads, Encoding encoding) {
    Recipe recipe = recipe_of({folder.write("image", texture(size))});
    recipe.components[0].encoding = encoding;
    std::ptrdiff_t most = 0;
    PayloadOptions options;
    options.threads = threads;
    options.progress = [&](std::uint64_t, std::uint64_t) {
      const auto begin = fs::directory_iterator("/proc/self/task");
      most = std::max(most, std::distance(begin, fs::directory_iterator()));
    };
    REQUIRE(build(recipe, options).ok());
    return most;
  };
  const std::ptrdiff_t before = threads_with(1, 1, Encoding::none);
  CHECK(threads_with(262143, 4, Encoding::none) == before);
  CHECK(threads_with(262143, 4, Encoding::gzip) == before);
  CHECK(threads_with(262144, 1, Encoding::none) == before);
  CHECK(threads_with(262144, 4, Encoding::none) == before + 3);
}

TEST_CASE("payload: it begins at a multiple of 4096 only") {
  const TemporaryFolder folder;
  auto out = OutputFile::create(folder.path() / "f", OutputFile::Mode::keep_existing);
  const Recipe recipe = recipe_of({folder.write("image", noise(10))});
  CHECK_FALSE(write_payload(recipe, 0, *out, 100).ok());
  CHECK(write_payload(recipe, 0, *out, 8192).ok());
  struct stat info {};
  REQUIRE(::fstat(out->fd(), &info) == 0);
  CHECK(info.st_size == 8202);
}

TEST_CASE("payload: a write that fails is reported, whichever thread it was on") {
  const TemporaryFolder folder;
  const Recipe recipe = recipe_of({folder.write("image", noise(3000000))});
  // The kernel refuses to write past this limit; the signal that it sends as well is ignored.
  rlimit before{};
  REQUIRE(::getrlimit(RLIMIT_FSIZE, &before) == 0);
  const rlimit small{1000000, before.rlim_max};
  const auto handler = std::signal(SIGXFSZ, SIG_IGN);
  for (const unsigned threads : {1U, 3U}) {
    PayloadOptions options;
    options.threads = threads;
    REQUIRE(::setrlimit(RLIMIT_FSIZE, &small) == 0);
    const auto built = build(recipe, options);
    REQUIRE(::setrlimit(RLIMIT_FSIZE, &before) == 0);
    REQUIRE_FALSE(built.ok());
    CHECK(built.error().code == ErrorCode::io);
  }
  (void)std::signal(SIGXFSZ, handler);
}

}  // namespace
