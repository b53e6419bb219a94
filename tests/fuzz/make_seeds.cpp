// Seeds from packages that the project's own signing side makes: make_seeds FOLDER
//
// One folder for each target below FOLDER. Keys exist for one run only; in the packages the toy
// signatures of toy_crypto.hpp stand in their place.
#include <evseal/verify.h>

#include <iostream>

#include "repair.hpp"
#include "resume_input.hpp"
#include "store_input.hpp"
#include "test_package.hpp"
#include "toy_crypto.hpp"

namespace {

using namespace evseal;
using namespace evseal::fuzz;
namespace fs = std::filesystem;

// Of a profile or state blob.
constexpr std::size_t kBlobHeader = 12;
constexpr std::size_t kChecksum = 32;

void put(const fs::path& folder, const std::string& name, ByteView octets) {
  fs::create_directories(folder);
  test::must(write_file(folder / name, octets, OutputFile::Mode::overwrite));
}

Bytes inside_blob(const Bytes& blob) {
  return {blob.begin() + kBlobHeader, blob.end() - kChecksum};
}

/// The verdict with toy signatures. A seed that is refused would teach the fuzzer little.
evseal_status judge(const sign::Device& device, const PackageInput& input) {
  evseal_verify_ctx ctx;
  evseal_report report;
  Bytes workspace(EVSEAL_WORKSPACE_SIZE(16384, 65536, 1));
  evseal_verify_config config{};
  config.crypto = &kToyCrypto;
  config.profile = span_of(device.profile);
  config.state = span_of(device.state);
  config.unit.hardware_known = input.hardware_known();
  config.unit.hardware = input.hardware();
  config.workspace = workspace.data();
  config.workspace_len = workspace.size();
  const Bytes file = input.file();
  (void)evseal_verify_init(&ctx, &config);
  (void)evseal_verify_push(&ctx, file.data(), file.size());
  return evseal_verify_finish(&ctx, &report);
}

PackageInput input_of(const sign::Device& device, const Bytes& file) {
  PackageInput input;
  const std::size_t envelope = static_cast<std::size_t>(file[8]) << 24U |
                               static_cast<std::size_t>(file[9]) << 16U |
                               static_cast<std::size_t>(file[10]) << 8U | file[11];
  input.settings = {3, 2, 20, 0, 7, 1, 0x31, 0x11};
  input.settings[0] = file[3] == 'U' ? 19 : 3;
  input.profile = inside_blob(device.profile);
  input.state = inside_blob(device.state);
  std::copy_n(file.begin() + 12, 4, input.mask.begin());
  input.envelope.assign(file.begin() + 16,
                        file.begin() + 16 + static_cast<std::ptrdiff_t>(envelope));
  const std::size_t start = (16 + envelope + 4095) / 4096 * 4096;
  input.payload.assign(file.begin() + static_cast<std::ptrdiff_t>(start), file.end());
  return input;
}

/// The same package with toy signatures, and a payload of one octet each, which minimised inputs of
/// fuzzers compress to nothing.
PackageInput whole_of(PackageInput input) {
  auto root = read_der(input.envelope);
  if (!root || find_parts(*root).manifest == nullptr) {
    throw std::runtime_error("the envelope is no DER");
  }
  Dice dice(0);
  note_references(*root);
  DerNode& manifest = *find_parts(*root).manifest;
  manifest.set(rebuild_payload(input, manifest.content));
  repair_envelope(*root, dice, true);
  input.envelope = write_der(*root);
  return input;
}

void put_parts(const fs::path& folder, const std::string& name, PackageInput input,
               const sign::Device& device) {
  auto root = read_der(input.envelope);
  if (!root) {
    throw std::runtime_error(name + ": the envelope is no DER");
  }
  const EnvelopeParts parts = find_parts(*root);
  put(folder / "manifest", name, parts.manifest->content);
  for (std::size_t i = 0; parts.crls != nullptr && i < parts.crls->children.size(); ++i) {
    put(folder / "crl", name + "-" + std::to_string(i), write_der(parts.crls->children[i]));
  }
  for (std::size_t i = 0; i < parts.certificates->children.size(); ++i) {
    const Bytes der = write_der(parts.certificates->children[i]);
    put(folder / "certificate", name + "-" + std::to_string(i), der);
    put(folder / "der", name + "-" + std::to_string(i), der);
  }
  input = whole_of(input);
  put(folder / "cms", name, input.envelope);
  put(folder / "package", name, input.write());
  put(folder / "profile", name, input.profile);
  put(folder / "profile", name + "-blob", device.profile);
  put(folder / "state", name, input.state);
  put(folder / "state", name + "-blob", device.state);
  if (const evseal_status status = judge(device, input); status != EVSEAL_OK) {
    throw std::runtime_error(name + " is refused: " + evseal_status_name(status));
  }
}

void put_world(const fs::path& folder, const std::string& name, test::World& world) {
  const sign::Device device = world.device();
  put_parts(folder, name, input_of(device, world.package()), device);
}

void put_small(const fs::path& folder, const std::string& algorithm) {
  test::World world(algorithm);
  world.set_component("rootfs", test::pattern(100));
  put_world(folder, algorithm, world);
}

/// Every optional member, two components, several chunks, a scope, learnt floors.
void put_rich(const fs::path& folder) {
  test::World world("ed25519");
  world.set_component("rootfs", test::pattern(9000), 3);
  world.set_component("modem", test::pattern(5000), 2);
  world.recipe.source = manifest::Source{"git", "abc", "1"};
  world.recipe.compatible = {{"acme", "ac21", std::nullopt, {}},
                             {"acme", "ac22", manifest::HardwareRange{1, 7}, {"SN-1", "SN-2"}},
                             {"acme", "ac22", manifest::HardwareRange{1, 7}, {}}};
  world.recipe.components[1].requirements = {{"rootfs", 1}};
  world.recipe.components[0].preserve = {{16, 32}, {64, 1}};
  world.recipe.components[0].load_address = 0x8000000;
  world.recipe.components[0].metrology = true;
  world.recipe.components[1].hardware = manifest::HardwareRange{2, 3};
  world.recipe.critical = {"hardware", "requires"};
  world.profile.stages = manifest::kStageDev | manifest::kStageProd;
  world.profile.trust.roles[0].scope.models = {"ac22"};
  world.profile.trust.roles[0].scope.components = {"modem", "rootfs"};
  sign::Device device = world.device();
  device.hardware = 2;
  manifest::State state;
  state.vendor = "acme";
  state.model = "ac22";
  state.counter = 9;
  state.time_floor = test::kSigningTime - 1000;
  state.slots = {{"rootfs", 3}, {"modem", 1}};
  device.state = test::must(manifest::encode_state(state));
  put_parts(folder, "rich", input_of(device, world.package()), device);
}

/// Five chunks, one, and two: the transfer breaks off in different places, and the progress is good
/// or not.
void put_resume(const fs::path& folder) {
  test::World world("ed25519");
  for (const auto& [id, size] :
       {std::pair("rootfs", 4 * 4096 + 100), {"safety", 50}, {"radio", 8192}}) {
    world.set_component(id, test::pattern(static_cast<std::size_t>(size)));
    world.recipe.components.back().chunk_size = 4096;
  }
  const sign::Device device = world.device();
  ResumeInput input;
  input.package = whole_of(input_of(device, world.package()));
  if (const evseal_status status = judge(device, input.package); status != EVSEAL_OK) {
    throw std::runtime_error(std::string("resume is refused: ") + evseal_status_name(status));
  }
  const Bytes all_flags = {0, 4, 8, 16, 32, 1, 2, 3};
  for (const std::uint8_t flags : all_flags) {
    for (unsigned chunks = 0; chunks < 8; chunks += 2) {
      input.settings = {flags, 0, static_cast<std::uint8_t>(chunks * 16), 1, 0, 0x60, 0, 0, 9};
      input.progress = flags == 2 ? Bytes(12 + 64, static_cast<std::uint8_t>(chunks)) : Bytes{};
      put(folder / "resume", std::to_string(flags) + "-" + std::to_string(chunks), input.write());
    }
  }
}

/// Two copies of one state or of two, and how a save of a third ends.
void put_stores(const fs::path& folder) {
  manifest::State state;
  state.vendor = "acme";
  state.model = "ac22";
  std::array<Bytes, 3> states;
  for (Bytes& one : states) {
    state.counter++;
    state.slots.push_back({"slot" + std::to_string(state.counter), state.counter});
    state.crls = {{Sha256{}, state.counter, true, {{1}, {2, 3}}}};
    one = inside_blob(test::must(manifest::encode_state(state)));
  }
  for (unsigned i = 0; i < 32; ++i) {
    StoreInput input;
    input.parts = {states.at(i % 3), states.at(i / 3 % 3), states.at(2)};
    input.settings = {static_cast<std::uint8_t>(i % 8 < 4 ? 0 : i * 2),
                      static_cast<std::uint8_t>(i * 8)};
    input.settings[2] = 120;
    input.settings[4] = static_cast<std::uint8_t>(i * 5);
    input.settings[6] = static_cast<std::uint8_t>(i * 9);
    put(folder / "store", std::to_string(i), input.write());
  }
}

/// A list with serial numbers of both signs, and one of the longest.
Bytes long_crl(const test::Authority& issuer) {
  return issuer.crl({{1}, {0x7F}, {0x80}, {0x00, 0x80}, Bytes(21, 0x41)});
}

/// Lists of both issuers, to a device that asks for them and knows one of them already.
void put_revocations(const fs::path& folder) {
  test::World world("ed25519");
  world.set_component("rootfs", test::pattern(100));
  world.profile.trust.roles[0].flags = manifest::kRoleCrlRequired;
  world.crls = {world.root_authority().crl(), long_crl(world.intermediate_authority())};
  put_world(folder, "crls", world);
  sign::Device device = world.device();
  manifest::State state = test::must(manifest::decode_state(device.state));
  for (const sign::Certificate& one :
       {test::must(sign::Certificate::parse(world.root)),
        test::must(sign::Certificate::parse(world.identity.certificates[1]))}) {
    state.crls.push_back({sha256(one.spki()), 1, state.crls.empty(), {}});
  }
  state.crls[0].revoked = {{5}, {0x01, 0x00}};
  state.crls.push_back({Sha256{}, 7, true, {{9}}});
  std::sort(state.crls.begin(), state.crls.end(),
            [](const auto& a, const auto& b) { return a.issuer_key < b.issuer_key; });
  device.state = test::must(manifest::encode_state(state));
  put_parts(folder, "known-crls", input_of(device, world.package()), device);
}

/// One officer brings a new trust store, and lets the device forget what it had learnt.
void put_trust_update(const fs::path& folder) {
  test::World world("ed25519");
  world.set_component("rootfs", test::pattern(100));
  const test::Authority root = world.root_authority();
  sign::Identity officer = world.leaf(root, sign::CertificateKind::trust_update, "officer");
  world.add_officers(root, {&officer}, 1);
  sign::Device device = world.device();
  manifest::State state = test::must(manifest::decode_state(device.state));
  state.slots = {{"rootfs", 3}};
  state.crls = {{Sha256{}, 7, true, {{9}}}};
  state.trust = world.profile.trust;
  state.trust_epoch = 4;
  device.state = test::must(manifest::encode_state(state));
  manifest::TrustStore next = world.profile.trust;
  next.roles[0].max_intermediates = 2;
  manifest::Resets resets;
  resets.crls = {Sha256{}};
  resets.security_versions = {{"rootfs", 1}};
  resets.time_floor = test::kSigningTime - 1000;
  const Bytes file = world.trust_update(5, next, {&officer}, device, resets);
  put_parts(folder, "trust-update", input_of(device, file), device);
}

void put_trees(const fs::path& folder) {
  for (const unsigned leaves : {0U, 1U, 2U, 3U, 7U, 8U, 39U, 0xFFFFFU}) {
    Bytes octets = {static_cast<std::uint8_t>(leaves),
                    static_cast<std::uint8_t>(leaves >> 8U),
                    static_cast<std::uint8_t>(leaves >> 16U),
                    0,
                    77,
                    1};
    const Bytes chunks = test::pattern(50);
    octets.insert(octets.end(), chunks.begin(), chunks.end());
    put(folder / "tree", std::to_string(leaves), octets);
  }
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) {
    std::cerr << "usage: make_seeds FOLDER\n";
    return 2;
  }
  try {
    for (const char* algorithm : {"ed25519", "p256", "p384", "rsa2048"}) {
      put_small(argv[1], algorithm);
    }
    put_rich(argv[1]);
    put_revocations(argv[1]);
    put_trust_update(argv[1]);
    put_resume(argv[1]);
    put_stores(argv[1]);
    put_trees(argv[1]);
  } catch (const std::exception& error) {
    std::cerr << "make_seeds: error: " << error.what() << '\n';
    return 1;
  }
  return 0;
}
