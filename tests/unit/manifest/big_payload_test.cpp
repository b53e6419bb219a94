// Runs only with EVSEAL_BIG_TESTS=1 and by its tag: it writes more than 4 GiB.
#include <sys/resource.h>

#include <catch2/catch.hpp>
#include <cstdlib>

#include "evseal/manifest/package_file.hpp"
#include "evseal/manifest/payload_writer.hpp"
#include "evseal/manifest/tree.hpp"
#include "fixtures.hpp"

namespace {

using namespace evseal;
using namespace evseal::manifest;
using namespace evseal::manifest::testing;

TEST_CASE("payload: a sparse image of 5 GiB is written in bounded memory", "[.big]") {
  const char* wanted = std::getenv("EVSEAL_BIG_TESTS");
  if (wanted == nullptr || std::string_view(wanted) != "1") {
    WARN("set EVSEAL_BIG_TESTS=1 to run this test");
    return;
  }
  constexpr std::uint64_t size = (std::uint64_t{5} << 30U) + 12345;
  const TemporaryFolder folder(fs::current_path());
  const fs::path image = folder.write("image", noise(100));
  fs::resize_file(image, size);
  {
    std::fstream file(image, std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(static_cast<std::streamoff>(std::uint64_t{9} << 29U));  // 4.5 GiB
    file << "beyond 4 GiB";
  }
  auto out = OutputFile::create(folder.path() / "f", OutputFile::Mode::keep_existing);
  REQUIRE(out.ok());
  const Recipe recipe = recipe_of({image});
  const auto manifest = write_payload(recipe, 0, *out, 4096);
  REQUIRE(manifest.ok());
  const Component& component = manifest->components[0];
  CHECK(component.size == size);
  const std::string digest = run("openssl dgst -sha256 -r " + image.string()).output.substr(0, 64);
  CHECK(to_hex(component.sha256) == digest);

  const auto layout = TreeLayout::create(size, component.chunk_size).value();
  CHECK(file_size(out->descriptor(), "f").value() == 4096 + layout.stored_bytes_in_file());
  const std::uint64_t leaf = (std::uint64_t{9} << 29U) / component.chunk_size;
  Bytes octets(12);
  REQUIRE(read_exactly_at(out->descriptor(), 4096 + layout.leaf_position(leaf), octets, "f").ok());
  CHECK(as_text(octets) == "beyond 4 GiB");

  rusage usage{};
  REQUIRE(::getrusage(RUSAGE_SELF, &usage) == 0);
  CHECK(usage.ru_maxrss < 200 * 1024);  // KiB, sanitizers included
}

}  // namespace
