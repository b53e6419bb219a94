// The whole machine: a device, a package, any split of its octets, and the callbacks.
#include <evseal/verify.h>

#include <algorithm>
#include <cstring>
#include <map>

#include "evseal/manifest/device.hpp"
#include "package_device.hpp"
#include "toy_crypto.hpp"

namespace {

using namespace evseal;
using namespace evseal::fuzz;

/// One verification: its device, what its callbacks saw, and the report.
struct Run {
  const PackageInput& input;
  PackageDevice device;
  evseal_verify_ctx* ctx = device.ctx();
  evseal_report report{};
  evseal_status status = EVSEAL_PENDING;
  bool manifest_seen = false;
  std::uint32_t ended = 0;
  std::map<unsigned, Bytes> released;

  explicit Run(const PackageInput& of) : input(of), device(of) {}
};

evseal_answer on_manifest(void* user, const evseal_manifest* manifest) {
  Run& run = *static_cast<Run*>(user);
  FUZZ_REQUIRE(!run.manifest_seen && manifest->text.len > 0);
  run.manifest_seen = true;
  return EVSEAL_TAKE;
}

evseal_answer on_component(void* user, const evseal_component* component) {
  Run& run = *static_cast<Run*>(user);
  FUZZ_REQUIRE(run.manifest_seen && component->index < EVSEAL_MAX_COMPONENTS);
  FUZZ_REQUIRE(run.released.count(component->index) == 0);
  if (run.input.skips(component->index)) {
    return EVSEAL_SKIP;
  }
  run.released[component->index];
  return EVSEAL_TAKE;
}

/// Octets come in order, only for a component that was taken, and never more than it has.
evseal_answer on_chunk(void* user, const evseal_component* component, std::uint64_t offset,
                       evseal_span bytes) {
  Run& run = *static_cast<Run*>(user);
  const auto taken = run.released.find(component->index);
  FUZZ_REQUIRE(taken != run.released.end() && taken->second.size() == offset);
  FUZZ_REQUIRE(bytes.len >= 1 && bytes.len <= component->chunk_size);
  FUZZ_REQUIRE(offset + bytes.len <= component->stored_size);
  taken->second.insert(taken->second.end(), bytes.data, bytes.data + bytes.len);
  return EVSEAL_TAKE;
}

evseal_answer on_end(void* user, const evseal_component* component) {
  Run& run = *static_cast<Run*>(user);
  const Bytes& octets = run.released.at(component->index);
  FUZZ_REQUIRE(octets.size() == component->stored_size);
  const Sha256 root = tree_of(octets, component->chunk_size);
  FUZZ_REQUIRE(std::equal(root.begin(), root.end(), component->tree_root));
  run.ended |= 1U << component->index;
  return EVSEAL_TAKE;
}

evseal_status start(Run& run) {
  return run.device.start({&run, on_manifest, on_component, on_chunk, on_end, nullptr, nullptr});
}

void finish(Run& run) {
  run.status = evseal_verify_finish(run.ctx, &run.report);
  FUZZ_REQUIRE(run.report.status == run.status && run.status != EVSEAL_PENDING);
  evseal_report again{};
  FUZZ_REQUIRE(evseal_verify_finish(run.ctx, &again) == run.status);  // errors are sticky
}

void run_whole(Run& run, ByteView file) {
  (void)start(run);
  (void)evseal_verify_push(run.ctx, file.data(), file.size());
  finish(run);
}

/// Writes where the verifier says, which is what a caller without a copy does.
std::size_t commit_some(evseal_verify_ctx* ctx, ByteView rest) {
  std::uint8_t* buffer = nullptr;
  const std::size_t room = evseal_verify_buffer(ctx, &buffer);
  const std::size_t size = std::min(room, rest.size());
  std::copy_n(rest.begin(), size, buffer);
  (void)evseal_verify_commit(ctx, size);
  return size;
}

/// The same octets in pieces, some through push, some through buffer and commit, some skipped.
void run_split(Run& run, ByteView file) {
  Dice dice(run.input.split_seed());
  evseal_status status = start(run);
  evseal_verify_ctx* ctx = run.ctx;
  for (std::size_t at = 0; at < file.size() && status == EVSEAL_PENDING;) {
    const std::size_t piece = 1 + dice.below(dice.one_in(4) ? 40 : 5000);
    const ByteView rest = file.subspan(at, std::min(piece, file.size() - at));
    const std::size_t skip = static_cast<std::size_t>(
        std::min<std::uint64_t>(rest.size(), evseal_verify_skippable(ctx)));
    if (skip > 0 && dice.one_in(2)) {
      status = evseal_verify_skip(ctx, skip);
      at += skip;
      continue;
    }
    const std::size_t committed = dice.one_in(2) ? commit_some(ctx, rest) : 0;
    if (committed == 0) {
      status = evseal_verify_push(ctx, rest.data(), rest.size());
    }
    at += committed == 0 ? rest.size() : committed;
  }
  finish(run);
}

/// What the report says of itself, whatever the verdict.
void check_report(const Run& run) {
  const evseal_report& r = run.report;
  const ByteView workspace(run.ctx->config.workspace, run.ctx->config.workspace_len);
  const std::uint8_t zero[EVSEAL_SHA256_LEN] = {};
  FUZZ_REQUIRE((r.needed & ~r.applicable) == 0 && (r.taken & ~r.applicable) == 0);
  FUZZ_REQUIRE((r.complete & ~r.taken) == 0 && r.complete == run.ended);
  FUZZ_REQUIRE(r.operations <= EVSEAL_MAX_OPERATIONS && r.num_signers <= EVSEAL_MAX_SIGNERS);
  FUZZ_REQUIRE(r.failed_component <= EVSEAL_MAX_COMPONENTS);
  FUZZ_REQUIRE(r.authenticated || (!run.manifest_seen && run.released.empty()));
  if (!r.authenticated) {
    FUZZ_REQUIRE(std::memcmp(r.package_id, zero, sizeof zero) == 0 && r.manifest.text.len == 0);
  } else if (r.manifest.text.len > 0) {
    const Sha256 id = sha256(view_of(r.manifest.text));
    FUZZ_REQUIRE(std::equal(id.begin(), id.end(), r.package_id));
    FUZZ_REQUIRE(within(r.manifest.text, workspace));
  }
}

/// What an accepted package means.
void check_accepted(const Run& run) {
  const evseal_report& r = run.report;
  FUZZ_REQUIRE(r.authenticated && run.manifest_seen);
  FUZZ_REQUIRE((r.manifest.num_components == 0) == run.input.is_trust_update());
  FUZZ_REQUIRE((r.needed & ~r.complete) == 0 && (r.needed & ~r.present) == 0);
  FUZZ_REQUIRE(r.complete == (r.taken & r.present));
  FUZZ_REQUIRE(r.num_signers >= 1 && r.signers[0].status == EVSEAL_OK);
  FUZZ_REQUIRE(r.time_floor >= run.ctx->state.time_floor &&
               r.time_floor >= run.ctx->profile.time_floor);
  for (unsigned i = 0; i < r.manifest.num_components; ++i) {
    std::uint32_t floor = 0;
    evseal_component component{};
    evseal_slot slot{};
    FUZZ_REQUIRE(evseal_manifest_component(&component, &r.manifest, i) == EVSEAL_OK);
    FUZZ_REQUIRE(evseal_device_slot(&slot, &run.ctx->profile, &run.ctx->state, component.id));
    FUZZ_REQUIRE(component.security_version >= slot.security_version);
    FUZZ_REQUIRE(evseal_verify_security_version_floor(run.ctx, i, &floor) == EVSEAL_OK);
    FUZZ_REQUIRE(floor >= slot.security_version);
  }
}

/// A list of one issuer in the old state: the new one has it, its number has not gone down, and no
/// serial number was forgotten.
void check_known(const manifest::KnownIssuer& before, const manifest::State& after) {
  const auto now = std::find_if(
      after.crls.begin(), after.crls.end(),
      [&](const manifest::KnownIssuer& one) { return one.issuer_key == before.issuer_key; });
  FUZZ_REQUIRE(now != after.crls.end() && now->number >= before.number);
  FUZZ_REQUIRE(before.complete || !now->complete);
  for (const Bytes& serial : before.revoked) {
    FUZZ_REQUIRE(!now->complete ||
                 std::count(now->revoked.begin(), now->revoked.end(), serial) == 1);
  }
}

/// What has been learnt is not forgotten but where a trust-update says so.
void check_remembered(const Run& run, const manifest::State& after, bool all) {
  const auto before = manifest::decode_state(view_of(run.device.state()));
  FUZZ_REQUIRE(before && after.counter == before->counter + 1U);
  if (all && run.input.is_trust_update()) {
    FUZZ_REQUIRE(after.trust && after.trust_epoch > before->trust_epoch);
    return;
  }
  FUZZ_REQUIRE(after.trust == before->trust && after.trust_epoch == before->trust_epoch);
  FUZZ_REQUIRE(all ? after.time_floor == run.report.time_floor
                   : after.time_floor == before->time_floor);
  for (const manifest::KnownIssuer& one : before->crls) {
    check_known(one, after);
  }
  evseal_slot slot{};
  for (const manifest::Slot& one : before->slots) {
    const auto now = std::find_if(after.slots.begin(), after.slots.end(),
                                  [&](const manifest::Slot& other) { return other.id == one.id; });
    const std::uint32_t floor = now == after.slots.end() ? 0 : now->security_version;
    FUZZ_REQUIRE(floor >= one.security_version ||
                 !evseal_profile_find_slot(&slot, &run.ctx->profile, span_of(as_bytes(one.id))));
    FUZZ_REQUIRE(all || now == after.slots.end() || floor == one.security_version);
  }
}

/// The state that a device would store is one, in every reader's eyes.
void check_next_state(const Run& run) {
  for (const evseal_remember what : {EVSEAL_REMEMBER_REVOCATIONS, EVSEAL_REMEMBER_ALL}) {
    const bool all = what == EVSEAL_REMEMBER_ALL;
    Bytes blob(EVSEAL_STATE_SIZE_MAX(32, run.ctx->profile.chunk_bytes + run.device.state().len));
    std::size_t len = 99;
    const evseal_status status =
        evseal_verify_next_state(run.ctx, what, blob.data(), blob.size(), &len);
    blob.resize(len);
    if (run.ctx->phase == 0 || (all && run.status != EVSEAL_OK)) {
      FUZZ_REQUIRE(status == EVSEAL_MISUSE && len == 0);
      continue;
    }
    evseal_state state{};
    FUZZ_REQUIRE(status == EVSEAL_OK &&
                 evseal_state_open(&state, &kToyCrypto, span_of(blob)) == EVSEAL_OK);
    const auto model = manifest::decode_state(blob);
    FUZZ_REQUIRE(model && model->counter == state.counter);
    const auto written = manifest::encode_state(*model);
    FUZZ_REQUIRE(written && *written == blob);
    check_remembered(run, *model, all);
  }
}

/// The split decides nothing.
void check_same(const Run& a, const Run& b) {
  FUZZ_REQUIRE(a.status == b.status && a.released == b.released && a.ended == b.ended);
  const evseal_report& x = a.report;
  const evseal_report& y = b.report;
  FUZZ_REQUIRE(x.present == y.present && x.applicable == y.applicable && x.needed == y.needed &&
               x.taken == y.taken && x.complete == y.complete);
  FUZZ_REQUIRE(x.operations == y.operations && x.failed_component == y.failed_component &&
               x.time_floor == y.time_floor && x.authenticated == y.authenticated);
  FUZZ_REQUIRE(std::memcmp(x.package_id, y.package_id, sizeof x.package_id) == 0);
}

/// Nothing but the accepted octets is accepted: one bit, one octet less, one octet more.
void check_neighbours(const PackageInput& input, const Run& good, const Bytes& file) {
  Run shorter(input);
  run_whole(shorter, ByteView(file).first(file.size() - 1));
  FUZZ_REQUIRE(shorter.status == EVSEAL_TRUNCATED);
  Run longer(input);
  Bytes more = file;
  more.push_back(0);
  run_whole(longer, more);
  FUZZ_REQUIRE(longer.status == EVSEAL_TRAILING_DATA);
  if (good.report.taken != good.report.present) {
    return;  // the octets of a skipped component are not looked at
  }
  Bytes damaged = file;
  const std::uint64_t bit = input.flipped_bit() % (std::uint64_t{file.size()} * 8);
  damaged[bit / 8] ^= static_cast<std::uint8_t>(1U << bit % 8);
  Run flipped(input);
  run_whole(flipped, damaged);
  FUZZ_REQUIRE(flipped.status != EVSEAL_OK);
  check_report(flipped);
  for (const auto& [index, octets] : flipped.released) {
    const auto whole = good.released.find(index);
    FUZZ_REQUIRE(whole != good.released.end() && octets.size() <= whole->second.size());
    FUZZ_REQUIRE(std::equal(octets.begin(), octets.end(), whole->second.begin()));
  }
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size > 262144) {
    return 0;
  }
  const PackageInput input = PackageInput::read({data, size});
  const Bytes file = input.file();
  Run whole(input);
  run_whole(whole, file);
  check_report(whole);
  check_next_state(whole);
  Run split(input);
  run_split(split, file);
  check_report(split);
  check_same(whole, split);
  if (whole.status == EVSEAL_OK) {
    check_accepted(whole);
    check_neighbours(input, whole, file);
  }
  return 0;
}
