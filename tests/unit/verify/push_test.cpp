// How input is split never changes the verdict, and nothing is released before it is checked.
#include <catch2/catch.hpp>
#include <cstring>

#include "verifier.hpp"

using namespace evseal;
using namespace evseal::test;

namespace {

struct Fixture {
  World world{"ed25519"};
  Bytes boot = pattern(9000, 2);
  Bytes root = pattern(70000, 3);
  Bytes file;

  Fixture() {
    world.set_component("bootloader", boot, 1);
    world.set_component("rootfs", root, 2);
    file = world.package();
  }
  [[nodiscard]] Bytes both() const {
    Bytes out = boot;
    out.insert(out.end(), root.begin(), root.end());
    return out;
  }
};

// Where component `index` begins in the file.
std::size_t component_start(const Fixture& fixture, std::size_t index) {
  const std::size_t boot_in_file =
      fixture.boot.size() + 64 * ((fixture.boot.size() + 4095) / 4096 - 1);
  return payload_start(fixture.file) + (index == 0 ? 0 : boot_in_file);
}

}  // namespace

TEST_CASE("push: any split gives the same verdict and the same octets") {
  Fixture fixture;
  Verifier verifier(fixture.world.device());
  REQUIRE(verifier.judge(fixture.file) == EVSEAL_OK);
  const Bytes whole = verifier.released;
  const auto events = verifier.events;
  REQUIRE(whole == fixture.both());
  REQUIRE(events == std::vector<std::string>{"manifest", "component bootloader", "end",
                                             "component rootfs", "end"});
  for (const std::size_t step : {1U, 2U, 15U, 16U, 17U, 63U, 64U, 65U, 4095U, 4097U, 40000U}) {
    CAPTURE(step);
    (void)verifier.start();
    for (std::size_t at = 0; at < fixture.file.size(); at += step) {
      const std::size_t length = std::min(step, fixture.file.size() - at);
      REQUIRE(verifier.push(ByteView(fixture.file).subspan(at, length)) == EVSEAL_PENDING);
    }
    CHECK(verifier.finish() == EVSEAL_OK);
    CHECK(verifier.released == whole);
    CHECK(verifier.events == events);
  }
}

TEST_CASE("push: any split gives the same refusal") {
  Fixture fixture;
  Verifier verifier(fixture.world.device());
  const std::size_t places[] = {3,
                                12,
                                40,
                                envelope_end(fixture.file) - 5,
                                payload_start(fixture.file) - 1,
                                component_start(fixture, 0) + 10,
                                component_start(fixture, 1) + 30000};
  for (const std::size_t place : places) {
    CAPTURE(place);
    Bytes damaged = fixture.file;
    damaged[place] ^= 0x10;
    const evseal_status whole = verifier.judge(damaged);
    const Bytes released = verifier.released;
    REQUIRE(whole != EVSEAL_OK);
    for (const std::size_t step : {1U, 7U, 64U, 5000U}) {
      (void)verifier.start();
      for (std::size_t at = 0; at < damaged.size(); at += step) {
        (void)verifier.push(ByteView(damaged).subspan(at, std::min(step, damaged.size() - at)));
      }
      CHECK(verifier.finish() == whole);
      CHECK(verifier.released == released);
    }
  }
}

TEST_CASE("push: buffer and commit take the octets without a copy") {
  Fixture fixture;
  Verifier verifier(fixture.world.device());
  (void)verifier.start();
  std::size_t at = 0;
  for (;;) {
    std::uint8_t* buffer = nullptr;
    const std::size_t room = evseal_verify_buffer(&verifier.context(), &buffer);
    if (room == 0) {
      break;
    }
    const std::size_t length = std::min<std::size_t>({room, 1000, fixture.file.size() - at});
    REQUIRE(length > 0);
    std::copy_n(fixture.file.begin() + static_cast<std::ptrdiff_t>(at), length, buffer);
    REQUIRE(evseal_verify_commit(&verifier.context(), length) == EVSEAL_PENDING);
    at += length;
  }
  CHECK(at == fixture.file.size());
  CHECK(verifier.finish() == EVSEAL_OK);
  CHECK(verifier.released == fixture.both());
}

TEST_CASE("push: more committed than there was room for is misuse") {
  Fixture fixture;
  Verifier verifier(fixture.world.device());
  (void)verifier.start();
  std::uint8_t* buffer = nullptr;
  const std::size_t room = evseal_verify_buffer(&verifier.context(), &buffer);
  CHECK(evseal_verify_commit(&verifier.context(), room + 1) == EVSEAL_MISUSE);
  CHECK(verifier.push(fixture.file) == EVSEAL_MISUSE);
}

TEST_CASE("push: a bad envelope is refused before the payload is read") {
  Fixture fixture;
  Verifier verifier(fixture.world.device());
  Bytes damaged = fixture.file;
  damaged[envelope_end(damaged) - 20] ^= 1;  // in the signature
  (void)verifier.start();
  CHECK(verifier.push(ByteView(damaged).first(envelope_end(damaged))) == EVSEAL_SIGNATURE_INVALID);
  CHECK(verifier.events.empty());
  std::uint8_t* buffer = nullptr;
  CHECK(evseal_verify_buffer(&verifier.context(), &buffer) == 0);
}

TEST_CASE("push: nothing of a damaged chunk is released, and all that came before it is") {
  Fixture fixture;
  Verifier verifier(fixture.world.device());
  // Three leaves in order: node, node, chunk 0, chunk 1, chunk 2.
  const std::size_t first = component_start(fixture, 0) + 128;
  for (std::size_t chunk = 0; chunk < 3; ++chunk) {
    CAPTURE(chunk);
    Bytes damaged = fixture.file;
    damaged[first + chunk * 4096 + 5] ^= 0x80;
    (void)verifier.start();
    const std::size_t end_of_chunk = first + std::min<std::size_t>((chunk + 1) * 4096, 9000);
    // The last octet of the chunk decides: not later.
    CHECK(verifier.push(ByteView(damaged).first(end_of_chunk - 1)) == EVSEAL_PENDING);
    CHECK(verifier.push(ByteView(damaged).subspan(end_of_chunk - 1, 1)) == EVSEAL_CHUNK_DIGEST);
    CHECK(verifier.released ==
          Bytes(fixture.boot.begin(),
                fixture.boot.begin() + static_cast<std::ptrdiff_t>(chunk * 4096)));
    CHECK(verifier.finish() == EVSEAL_CHUNK_DIGEST);
    CHECK(verifier.report.failed_component == 0);
  }
}

TEST_CASE("push: with several buffers a chunk is still released only after its own hash held") {
  Fixture fixture;
  Verifier verifier(fixture.world.device(), 8);
  verifier.config().callbacks.hash_chunks = [](void*, const evseal_hash_job* jobs, size_t count) {
    for (size_t i = 0; i < count; ++i) {
      if (evseal_crypto_openssl.sha256(jobs[i].digest, &jobs[i].bytes, 1) != EVSEAL_OK) {
        return EVSEAL_CRYPTO_FAILED;
      }
    }
    return EVSEAL_OK;
  };
  REQUIRE(verifier.judge(fixture.file) == EVSEAL_OK);
  CHECK(verifier.released == fixture.both());
  Bytes damaged = fixture.file;
  damaged[component_start(fixture, 1) + 64 * 18 + 30000] ^= 4;
  CHECK(verifier.judge(damaged) != EVSEAL_OK);
  CHECK(verifier.released.size() < fixture.both().size());
  CHECK(std::equal(verifier.released.begin(), verifier.released.end(), fixture.both().begin()));
}

TEST_CASE("push: a hasher that does nothing cannot make a chunk acceptable") {
  Fixture fixture;
  Verifier verifier(fixture.world.device(), 8);
  verifier.config().callbacks.hash_chunks = [](void*, const evseal_hash_job*, size_t) {
    return EVSEAL_OK;
  };
  CHECK(verifier.judge(fixture.file) == EVSEAL_CHUNK_DIGEST);
  CHECK(verifier.released.empty());
}

TEST_CASE("skip: octets of a component that nobody takes need not be fed") {
  Fixture fixture;
  fixture.world.profile.components[0].needed = false;
  fixture.world.profile.components[1].needed = false;
  Verifier verifier(fixture.world.device());
  verifier.component_answer = EVSEAL_SKIP;
  (void)verifier.start();
  const std::size_t start = payload_start(fixture.file);
  REQUIRE(verifier.push(ByteView(fixture.file).first(start)) == EVSEAL_PENDING);
  std::uint64_t skipped = 0;
  while (const std::uint64_t n = evseal_verify_skippable(&verifier.context())) {
    REQUIRE(evseal_verify_skip(&verifier.context(), n) == EVSEAL_PENDING);
    skipped += n;
  }
  CHECK(start + skipped == fixture.file.size());
  CHECK(verifier.finish() == EVSEAL_OK);
  CHECK(verifier.report.complete == 0);
  CHECK(verifier.released.empty());
}

TEST_CASE("skip: a skipped component that the device needs leaves no verdict over the whole") {
  Fixture fixture;
  Verifier verifier(fixture.world.device());
  verifier.component_answer = EVSEAL_SKIP;
  CHECK(verifier.judge(fixture.file) == EVSEAL_COMPONENT_SKIPPED);
  verifier.component_answer = EVSEAL_STOP;
  CHECK(verifier.judge(fixture.file) == EVSEAL_ABORTED);
  verifier.component_answer = static_cast<evseal_answer>(0);
  CHECK(verifier.judge(fixture.file) == EVSEAL_ABORTED);
}

TEST_CASE("finish: errors stay, and the report is emptied first") {
  Fixture fixture;
  Verifier verifier(fixture.world.device());
  (void)verifier.start();
  CHECK(verifier.finish() == EVSEAL_TRUNCATED);
  CHECK(verifier.push(fixture.file) == EVSEAL_TRUNCATED);
  CHECK(verifier.finish() == EVSEAL_TRUNCATED);
  std::fill_n(reinterpret_cast<std::uint8_t*>(&verifier.report), sizeof verifier.report,
              std::uint8_t{0xFF});
  CHECK(verifier.finish() == EVSEAL_TRUNCATED);
  CHECK_FALSE(verifier.report.authenticated);
  CHECK(verifier.report.complete == 0);
  CHECK(evseal_verify_finish(nullptr, &verifier.report) == EVSEAL_MISUSE);
  CHECK(evseal_verify_finish(&verifier.context(), nullptr) == EVSEAL_MISUSE);
}

TEST_CASE("misuse: calls that cannot be meant are refused, and change nothing that was decided") {
  Fixture fixture;
  Verifier verifier(fixture.world.device());
  const evseal_verify_config good = verifier.config();
  const auto starts = [&](auto change) {
    verifier.config() = good;
    change(verifier.config());
    return verifier.start();
  };
  const Bytes challenge = pattern(32);
  CHECK(starts([](auto& c) { c.workspace = nullptr; }) == EVSEAL_MISUSE);
  CHECK(starts([](auto& c) { c.profile.data = nullptr; }) == EVSEAL_MISUSE);
  CHECK(starts([](auto& c) { c.profile = {}; }) == EVSEAL_PROFILE_DAMAGED);
  CHECK(starts([&](auto& c) { c.recovery = {challenge.data(), 31}; }) == EVSEAL_MISUSE);
  CHECK(starts([&](auto& c) { c.recovery = {nullptr, 32}; }) == EVSEAL_MISUSE);
  CHECK(starts([&](auto& c) { c.recovery = {challenge.data(), 32}; }) == EVSEAL_PENDING);
  CHECK(starts([](auto&) {}) == EVSEAL_PENDING);

  CHECK(evseal_verify_push(nullptr, fixture.file.data(), 1) == EVSEAL_MISUSE);
  CHECK(evseal_verify_push(&verifier.context(), nullptr, 1) == EVSEAL_MISUSE);
  CHECK(evseal_verify_push(&verifier.context(), nullptr, 0) == EVSEAL_PENDING);
  CHECK(evseal_verify_commit(&verifier.context(), 0) == EVSEAL_PENDING);
  CHECK(evseal_verify_skippable(&verifier.context()) == 0);
  CHECK(evseal_verify_skip(&verifier.context(), 0) == EVSEAL_PENDING);
  CHECK(verifier.judge(fixture.file) == EVSEAL_OK);
  CHECK(evseal_verify_commit(&verifier.context(), 1) == EVSEAL_OK);
  CHECK(evseal_verify_skip(&verifier.context(), 1) == EVSEAL_OK);
  // The verdict may be asked for again.
  CHECK(verifier.finish() == EVSEAL_OK);
  // More skipped than there is.
  CHECK(verifier.start() == EVSEAL_PENDING);
  CHECK(evseal_verify_skip(&verifier.context(), 1) == EVSEAL_MISUSE);
  CHECK(verifier.judge(fixture.file) == EVSEAL_OK);
}

TEST_CASE("push: a component given up in pieces, fed and skipped in turn") {
  Fixture fixture;
  fixture.world.profile.components[0].needed = false;
  fixture.world.profile.components[1].needed = false;
  Verifier verifier(fixture.world.device());
  verifier.component_answer = EVSEAL_SKIP;
  for (const std::size_t step : {1000U, 3333U}) {
    (void)verifier.start();
    std::size_t at = payload_start(fixture.file);
    REQUIRE(verifier.push(ByteView(fixture.file).first(at)) == EVSEAL_PENDING);
    while (at < fixture.file.size()) {
      const std::uint64_t left = evseal_verify_skippable(&verifier.context());
      REQUIRE(left > 0);
      const std::size_t fed = std::min<std::size_t>(step, left);
      REQUIRE(verifier.push(ByteView(fixture.file).subspan(at, fed)) == EVSEAL_PENDING);
      at += fed;
      const std::uint64_t skipped =
          std::min<std::uint64_t>(step, evseal_verify_skippable(&verifier.context()));
      REQUIRE(evseal_verify_skip(&verifier.context(), skipped) == EVSEAL_PENDING);
      at += skipped;
    }
    CHECK(verifier.finish() == EVSEAL_OK);
  }
}

TEST_CASE("push: the next component follows when the rest of one that was begun is skipped") {
  Fixture fixture;
  fixture.world.profile.components[0].needed = false;
  Verifier verifier(fixture.world.device());
  const std::size_t start = payload_start(fixture.file);
  const std::size_t second = component_start(fixture, 1);
  verifier.component_answer = EVSEAL_SKIP;
  (void)verifier.start();
  REQUIRE(verifier.push(ByteView(fixture.file).first(start + 10)) == EVSEAL_PENDING);
  REQUIRE(evseal_verify_skippable(&verifier.context()) == second - start - 10);
  verifier.component_answer = EVSEAL_TAKE;
  REQUIRE(evseal_verify_skip(&verifier.context(), second - start - 10) == EVSEAL_PENDING);
  std::uint8_t* buffer = nullptr;
  REQUIRE(evseal_verify_buffer(&verifier.context(), &buffer) > 0);  // else a push would never end
  CHECK(verifier.push(ByteView(fixture.file).subspan(second)) == EVSEAL_PENDING);
  CHECK(verifier.finish() == EVSEAL_OK);
  CHECK(verifier.released == fixture.root);
}

TEST_CASE("push: without callbacks everything is taken, and each callback may stop it") {
  Fixture fixture;
  Verifier verifier(fixture.world.device());
  const evseal_callbacks all = verifier.config().callbacks;
  verifier.config().callbacks = {};
  REQUIRE(verifier.judge(fixture.file) == EVSEAL_OK);
  CHECK(verifier.report.taken == 3);
  CHECK(verifier.report.complete == 3);

  static unsigned yields;
  yields = 0;
  verifier.config().callbacks = all;
  verifier.config().callbacks.on_yield = [](void*) { ++yields; };
  REQUIRE(verifier.judge(fixture.file) == EVSEAL_OK);
  // Each public-key operation, each chunk.
  CHECK(yields == verifier.report.operations + 3 + 18);

  verifier.config().callbacks = all;
  verifier.config().callbacks.on_manifest = [](void*, const evseal_manifest*) {
    return EVSEAL_STOP;
  };
  CHECK(verifier.judge(fixture.file) == EVSEAL_ABORTED);
  CHECK(verifier.events.empty());
  verifier.config().callbacks = all;
  verifier.config().callbacks.on_chunk = [](void*, const evseal_component*, std::uint64_t,
                                            evseal_span) { return EVSEAL_STOP; };
  CHECK(verifier.judge(fixture.file) == EVSEAL_ABORTED);
  CHECK(verifier.report.complete == 0);
  verifier.config().callbacks = all;
  verifier.config().callbacks.on_component_end = [](void*, const evseal_component*) {
    return EVSEAL_STOP;
  };
  CHECK(verifier.judge(fixture.file) == EVSEAL_ABORTED);
  CHECK(verifier.released == fixture.boot);
}

TEST_CASE("push: a hasher for several chunks that fails ends it") {
  Fixture fixture;
  Verifier verifier(fixture.world.device(), 8);
  verifier.config().callbacks.hash_chunks = [](void*, const evseal_hash_job*, size_t) {
    return EVSEAL_CRYPTO_FAILED;
  };
  CHECK(verifier.judge(fixture.file) == EVSEAL_CRYPTO_FAILED);
  CHECK(verifier.released.empty());
  // With more buffers than a batch may have, no more are used.
  Verifier many(fixture.world.device(), 64);
  static std::size_t most;
  most = 0;
  many.config().callbacks.hash_chunks = [](void*, const evseal_hash_job* jobs, size_t count) {
    most = std::max(most, count);
    for (size_t i = 0; i < count; ++i) {
      if (evseal_crypto_openssl.sha256(jobs[i].digest, &jobs[i].bytes, 1) != EVSEAL_OK) {
        return EVSEAL_CRYPTO_FAILED;
      }
    }
    return EVSEAL_OK;
  };
  CHECK(many.judge(fixture.file) == EVSEAL_OK);
  CHECK(most <= EVSEAL_MAX_BATCH);
}

TEST_CASE("push: batches of as many chunks as there are buffers, and one chunk is no batch") {
  Fixture fixture;
  fixture.world.set_component("small", pattern(100, 4));
  const Bytes file = fixture.world.package();
  Verifier verifier(fixture.world.device());
  static std::vector<std::size_t> batches;
  batches.clear();
  verifier.config().callbacks.hash_chunks = [](void*, const evseal_hash_job* jobs, size_t count) {
    batches.push_back(count);
    for (size_t i = 0; i < count; ++i) {
      if (evseal_crypto_openssl.sha256(jobs[i].digest, &jobs[i].bytes, 1) != EVSEAL_OK) {
        return EVSEAL_CRYPTO_FAILED;
      }
    }
    return EVSEAL_OK;
  };
  REQUIRE(verifier.judge(file) == EVSEAL_OK);
  CHECK(batches == std::vector<std::size_t>{3, 15, 3});
  // Amid a batch nothing is known that could be saved.
  (void)verifier.start();
  (void)verifier.push(ByteView(file).first(payload_start(file) + 128 + 4096 + 10));
  std::array<std::uint8_t, EVSEAL_PROGRESS_MAX> progress{};
  CHECK(evseal_verify_at_payload(&verifier.context()));
  CHECK(evseal_verify_save_progress(&verifier.context(), progress.data()) == 0);
}

TEST_CASE("push: chunks as large as the profile allows, in a workspace without an octet too many") {
  World world("ed25519");
  world.set_component("rootfs", pattern(2 * 65536 + 5));
  world.recipe.components[0].chunk_size = 65536;
  const Bytes file = world.package();
  for (const unsigned buffers : {1U, 2U}) {
    Verifier verifier(world.device(), buffers);
    if (buffers > 1) {
      verifier.config().callbacks.hash_chunks = [](void*, const evseal_hash_job* jobs,
                                                   std::size_t count) {
        for (std::size_t i = 0; i < count; ++i) {
          if (evseal_crypto_openssl.sha256(jobs[i].digest, &jobs[i].bytes, 1) != EVSEAL_OK) {
            return EVSEAL_CRYPTO_FAILED;
          }
        }
        return EVSEAL_OK;
      };
    }
    REQUIRE(verifier.judge(file) == EVSEAL_OK);
    CHECK(verifier.released == pattern(2 * 65536 + 5));
  }
}

TEST_CASE("push: an envelope that ends where the payload begins has no padding") {
  World world("ed25519");
  world.set_component("rootfs", pattern(5000));
  const Bytes file = world.package();
  const Bytes old = manifest_of(file);
  const auto with_member = [&](std::size_t octets) {
    // A member that nobody knows, behind all others.
    std::string text(as_text(old));
    text.replace(text.size() - 1, 1, ",\"zz\":\"" + std::string(octets, 'x') + "\"}");
    const ByteView view = as_bytes(text);
    return resealed(file, {&world.identity}, kSigningTime, {}, {view.begin(), view.end()});
  };
  const std::size_t end = envelope_end(with_member(1000));
  const Bytes aligned = with_member(1000 + (4096 - end % 4096) % 4096);
  REQUIRE(envelope_end(aligned) % 4096 == 0);
  Verifier verifier(world.device());
  CHECK(verifier.judge(aligned) == EVSEAL_OK);
  CHECK(verifier.released == pattern(5000));
  REQUIRE(verifier.start() == EVSEAL_PENDING);
  for (const std::uint8_t octet : aligned) {
    (void)verifier.push({&octet, 1});
  }
  CHECK(verifier.finish() == EVSEAL_OK);
}

TEST_CASE("finish: without a context there is a report, of nothing") {
  evseal_report report;
  std::memset(&report, 0xFF, sizeof report);
  CHECK(evseal_verify_finish(nullptr, &report) == EVSEAL_MISUSE);
  CHECK(report.status == 0);
  CHECK(report.num_signers == 0);
}
