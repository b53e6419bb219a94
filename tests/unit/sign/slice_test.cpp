// The part of a package for one controller.
#include <catch2/catch.hpp>

#include "test_package.hpp"

using namespace evseal;
using namespace evseal::test;

namespace {

sign::WorkOptions replacing() {
  sign::WorkOptions options;
  options.mode = OutputFile::Mode::overwrite;
  options.threads = 1;
  return options;
}

// Of the manifest's components, as the mask has them.
constexpr std::uint32_t kRootfs = 2;
constexpr std::uint32_t kSafety = 4;

// A signed package of three components, and controllers that need some of them.
struct Sliced {
  World world{"p256"};
  Bytes package;
  std::filesystem::path path;
  std::filesystem::path out;

  Sliced() {
    world.set_component("boot", pattern(5000));
    world.set_component("rootfs", pattern(30000));
    world.set_component("safety", pattern(9000));
    package = world.package();
    path = world.folder.path() / "package.evs";
    out = world.folder.path() / "slice.evs";
  }

  // A controller whose profile knows every component and needs these.
  [[nodiscard]] sign::Device controller(std::uint32_t needs) const {
    manifest::Profile profile = world.profile;
    for (std::size_t i = 0; i < profile.components.size(); ++i) {
      profile.components[i].needed = (needs >> i & 1U) != 0;
    }
    sign::Device device = world.device();
    device.profile = must(manifest::encode_profile(profile));
    return device;
  }

  [[nodiscard]] Result<sign::SlicedResult> slice(const std::vector<std::string>& ids,
                                                 std::uint32_t needs) const {
    return sign::slice_package(path, ids, {controller(needs)}, out, replacing());
  }
};

}  // namespace

TEST_CASE("slice: the same envelope, the mask, and the payload of what was named") {
  const Sliced s;
  const auto file = must(manifest::UnverifiedPackageFile::open(s.path));
  const auto manifest = must(manifest::parse_unverified(manifest_of(s.package))).unverified();
  const auto extents = must(file.unverified_layout(manifest));
  const std::vector<std::string> ids = {"boot", "rootfs", "safety"};
  for (std::uint32_t mask = 1; mask < 7; ++mask) {
    std::vector<std::string> named;
    Bytes expected(s.package.begin(),
                   s.package.begin() + static_cast<std::ptrdiff_t>(file.payload_offset()));
    expected[15] = static_cast<std::uint8_t>(mask);
    for (std::size_t i = 0; i < ids.size(); ++i) {
      if ((mask >> i & 1U) != 0) {
        named.insert(named.begin(), ids[i]);  // their order does not matter
        const auto begin = s.package.begin() + static_cast<std::ptrdiff_t>(extents[i].offset);
        expected.insert(expected.end(), begin,
                        begin + static_cast<std::ptrdiff_t>(extents[i].length));
      }
    }
    const auto made = must(s.slice(named, mask));
    const Bytes slice = must(read_small_file(s.out));
    CHECK(slice == expected);
    CHECK(made.mask == mask);
    CHECK(made.size == slice.size());
    CHECK(made.identity == sha256(manifest_of(s.package)));
    for (std::uint32_t needs = 0; needs < 8; ++needs) {
      const sign::Verdict verdict = judge(s.world.folder, slice, s.controller(needs));
      CHECK(verdict.accepted() == ((needs & ~mask) == 0));
      CHECK((verdict.accepted() || verdict.status == EVSEAL_COMPONENT_ABSENT));
    }
  }
}

TEST_CASE("slice: all components are the whole package, which is written with mask 0") {
  const Sliced s;
  const auto made = must(s.slice({"safety", "boot", "rootfs", "boot"}, 7));
  CHECK(made.mask == 0);
  CHECK(must(read_small_file(s.out)) == s.package);
}

TEST_CASE("slice: a controller that needs more refuses it, and nothing is written") {
  const Sliced s;
  const auto refused = s.slice({"safety"}, kSafety | kRootfs);
  CHECK(refused.error().status == "component_absent");
  CHECK(refused.error().hint.find("profile of the controller") != std::string::npos);
  CHECK_FALSE(std::filesystem::exists(s.out));
}

TEST_CASE("slice: what the devices refuse of the whole package is not sliced") {
  Sliced s;
  const auto refused_with = [&s] { return s.slice({"boot"}, 1).error().status; };
  Bytes changed = s.package;
  changed.back() ^= 1;  // of another component than the one that is wanted
  must(write_file(s.path, changed, OutputFile::Mode::overwrite));
  CHECK(refused_with() == "chunk_digest");
  changed = s.package;
  changed.pop_back();
  must(write_file(s.path, changed, OutputFile::Mode::overwrite));
  CHECK(refused_with() == "truncated");
  changed = s.package;
  changed.push_back(0);
  must(write_file(s.path, changed, OutputFile::Mode::overwrite));
  CHECK(refused_with() == "trailing_data");
  CHECK_FALSE(std::filesystem::exists(s.out));
}

TEST_CASE("slice: unknown components, none, no device, and slices are usage errors") {
  const Sliced s;
  const auto unknown = s.slice({"safety", "modem"}, kSafety);
  CHECK(unknown.error().code == ErrorCode::usage);
  CHECK(unknown.error().hint == "the package has boot, rootfs, safety");
  CHECK(s.slice({}, 0).error().code == ErrorCode::usage);
  CHECK(sign::slice_package(s.path, {"safety"}, {}, s.out, replacing()).error().code ==
        ErrorCode::usage);
  (void)must(s.slice({"safety"}, kSafety));
  const auto again =
      sign::slice_package(s.out, {"safety"}, {s.controller(kSafety)}, s.path, replacing());
  CHECK(again.error().code == ErrorCode::usage);
  CHECK(must(read_small_file(s.path)) == s.package);
}

TEST_CASE("slice: a device that says its revision is asked for that alone") {
  World world("p256");
  world.set_component("rootfs", pattern(9000));
  world.set_component("safety", pattern(5000));
  world.recipe.compatible[0].hardware = manifest::HardwareRange{2, 4};
  world.recipe.components[1].hardware = manifest::HardwareRange{2, 3};
  world.profile.components[0].needed = false;
  (void)world.package();
  const auto out = world.folder.path() / "slice.evs";
  const auto tried = [&](std::optional<std::uint32_t> hardware) {
    sign::Device device = world.device();
    device.hardware = hardware;
    return sign::slice_package(world.folder.path() / "package.evs", {"safety"}, {device}, out,
                               replacing());
  };
  CHECK(must(tried({})).devices[0].hardware == std::vector<std::uint32_t>{2, 3, 4});
  CHECK(must(tried(3)).devices[0].hardware == std::vector<std::uint32_t>{3});
  CHECK(tried(5).error().status == "wrong_hardware");
  // No unit of revision 4 installs it, so nobody has looked at its octets.
  CHECK(tried(4).error().what == "component safety");
}

TEST_CASE("slice: trust-updates in front of the package come along; one alone has no components") {
  World world("p256");
  world.set_component("rootfs", pattern(9000));
  world.set_component("safety", pattern(5000));
  const Authority officers = world.authority("officers");
  sign::Identity a = world.leaf(officers, sign::CertificateKind::trust_update, "a");
  world.add_officers(officers, {&a}, 1);
  world.profile.components[0].needed = false;
  const sign::Device shelf = world.device();
  const Bytes step = world.trust_update(1, world.profile.trust, {&a}, shelf);
  const Bytes package = world.package();
  const auto path = world.folder.path() / "with-step.evs";
  const auto out = world.folder.path() / "slice.evs";
  Bytes joined = step;
  joined.insert(joined.end(), package.begin(), package.end());
  must(write_file(path, joined, OutputFile::Mode::overwrite));
  const auto made = must(sign::slice_package(path, {"safety"}, {shelf}, out, replacing()));
  CHECK(made.steps == 1);
  const Bytes slice = must(read_small_file(out));
  CHECK(std::equal(step.begin(), step.end(), slice.begin()));
  const sign::Verdict verdict = judge(world.folder, slice, shelf);
  CHECK(verdict.accepted());
  REQUIRE(verdict.steps.size() == 1);
  CHECK(verdict.steps[0].status == EVSEAL_OK);
  CHECK_FALSE(verdict.components[0].present);
  CHECK(verdict.components[1].complete);
  must(write_file(path, step, OutputFile::Mode::overwrite));
  CHECK(sign::slice_package(path, {"safety"}, {shelf}, out, replacing()).error().code ==
        ErrorCode::usage);
}
