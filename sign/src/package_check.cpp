#include "evseal/sign/package_check.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <memory>
#include <span>

#include "evseal/base/time.hpp"
#include "evseal/manifest/device.hpp"
#include "evseal/sign/certificate.hpp"
#include "hash_pool.hpp"

namespace evseal::sign {
namespace {

// Room for the largest envelope and a batch of chunks: enough to keep the cores busy, whatever the
// file's size.
constexpr std::size_t kWorkspaceBytes = EVSEAL_MAX_ENVELOPE + (4U << 20U);

std::string text_of(evseal_span span) {
  std::string out;
  for (std::size_t i = 0; i < span.len; ++i) {
    if (span.data[i] == '\\' && i + 1 < span.len) {
      ++i;
    }
    out.push_back(static_cast<char>(span.data[i]));
  }
  return out;
}

std::string stage_text(evseal_stage stage) {
  return stage == EVSEAL_STAGE_PROD ? "prod" : stage == EVSEAL_STAGE_PILOT ? "pilot" : "dev";
}

// What the callbacks need: they cannot throw, so an error waits here until the verifier has
// stopped.
struct Run {
  HashPool* pool = nullptr;
  ImageSink* sink = nullptr;
  const CheckOptions* options = nullptr;
  std::optional<Error> error;

  evseal_answer answer(const Result<void>& result) {
    if (!result) {
      error = result.error();
      return EVSEAL_STOP;
    }
    return EVSEAL_TAKE;
  }
};

evseal_answer on_component(void* user, const evseal_component* component) {
  Run& run = *static_cast<Run*>(user);
  if (run.sink == nullptr) {
    return EVSEAL_TAKE;
  }
  auto taken = run.sink->begin(*component);
  if (!taken) {
    run.error = std::move(taken).error();
    return EVSEAL_STOP;
  }
  return *taken ? EVSEAL_TAKE : EVSEAL_SKIP;
}

evseal_answer on_chunk(void* user, const evseal_component*, std::uint64_t, evseal_span bytes) {
  Run& run = *static_cast<Run*>(user);
  return run.sink == nullptr ? EVSEAL_TAKE : run.answer(run.sink->chunk({bytes.data, bytes.len}));
}

evseal_answer on_component_end(void* user, const evseal_component*) {
  Run& run = *static_cast<Run*>(user);
  return run.sink == nullptr ? EVSEAL_TAKE : run.answer(run.sink->end());
}

evseal_status hash_chunks(void* user, const evseal_hash_job* jobs, std::size_t count) {
  return static_cast<Run*>(user)->pool->run(jobs, count);
}

Error read_error(const std::filesystem::path& name, int number) {
  return Error{ErrorCode::io, name.string(), std::string("cannot read: ") + std::strerror(number)};
}

// Part of a file, or octets in memory: one package.
struct Source {
  const FileDescriptor* file = nullptr;
  std::filesystem::path name;
  std::uint64_t begin = 0;
  std::uint64_t end = 0;
  ByteView memory;
};

// Fewer octets than asked for at the end; 0: there are no more.
Result<std::size_t> read_some(const Source& source, std::uint64_t offset,
                              std::span<std::uint8_t> out) {
  const std::uint64_t left = source.end > offset ? source.end - offset : 0;
  const std::size_t want = static_cast<std::size_t>(std::min<std::uint64_t>(left, out.size()));
  if (source.file == nullptr) {
    std::copy_n(source.memory.begin() + static_cast<std::ptrdiff_t>(offset), want, out.begin());
    return want;
  }
  while (want > 0) {
    const ssize_t got = ::pread(source.file->get(), out.data(), want, static_cast<off_t>(offset));
    if (got >= 0) {
      return static_cast<std::size_t>(got);
    }
    if (errno != EINTR) {
      return read_error(source.name, errno);
    }
  }
  return std::size_t{0};
}

// Feeds a package into the verifier's own buffers, leaving out what nobody takes.
Result<void> feed(evseal_verify_ctx& context, const Source& source, const CheckOptions& options) {
  std::uint64_t offset = source.begin;
  std::uint64_t reported = offset;
  for (;;) {
    if (options.cancel != nullptr && options.cancel->load(std::memory_order_relaxed)) {
      return Error{ErrorCode::interrupted, source.name.string(), "interrupted"};
    }
    if (const std::uint64_t skip = evseal_verify_skippable(&context); skip > 0) {
      const std::uint64_t left = source.end > offset ? source.end - offset : 0;
      if (left == 0) {
        return {};
      }
      offset += std::min(skip, left);
      (void)evseal_verify_skip(&context, std::min(skip, left));
      continue;
    }
    std::uint8_t extra = 0;
    std::uint8_t* buffer = nullptr;
    const std::size_t room = evseal_verify_buffer(&context, &buffer);
    const bool at_end = room == 0;
    if (at_end && evseal_verify_push(&context, nullptr, 0) != EVSEAL_PENDING) {
      return {};
    }
    EVSEAL_TRY(const std::size_t got,
               read_some(source, offset, at_end ? std::span(&extra, 1) : std::span(buffer, room)));
    if (got == 0) {
      return {};
    }
    offset += got;
    if (at_end) {
      (void)evseal_verify_push(&context, &extra, 1);
    } else {
      (void)evseal_verify_commit(&context, got);
    }
    if (options.progress && offset - reported >= (1U << 20U)) {
      options.progress(offset, source.end);
      reported = offset;
    }
  }
}

ComponentVerdict describe_component(const evseal_verify_ctx& context, const evseal_report& report,
                                    unsigned index) {
  ComponentVerdict out;
  evseal_component component;
  if (evseal_manifest_component(&component, &report.manifest, index) != EVSEAL_OK) {
    return out;
  }
  const auto bit = [index](std::uint32_t mask) { return (mask >> index & 1U) != 0; };
  out.id = text_of(component.id);
  out.version = text_of(component.version);
  out.security_version = component.security_version;
  out.size = component.size;
  out.present = bit(report.present);
  out.applicable = bit(report.applicable);
  out.needed = bit(report.needed);
  out.complete = bit(report.complete);
  std::uint32_t floor = 0;
  if (evseal_verify_security_version_floor(&context, index, &floor) == EVSEAL_OK) {
    out.floor_after = floor;
  }
  return out;
}

Verdict describe(const evseal_verify_ctx& context, const evseal_report& report) {
  Verdict out;
  out.status = report.status;
  out.authenticated = report.authenticated;
  out.raises_floors = report.raises_floors;
  out.time_floor = report.time_floor;
  out.operations = report.operations;
  out.complete_mask = report.complete;
  for (unsigned i = 0; i < report.num_signers; ++i) {
    const evseal_signer_report& signer = report.signers[i];
    SignerVerdict verdict;
    verdict.status = signer.status;
    if (signer.new_status != EVSEAL_PENDING) {
      verdict.new_status = signer.new_status;
    }
    verdict.subject = name_text({signer.subject.data, signer.subject.len});
    verdict.role = text_of(signer.role);
    std::copy_n(signer.key_hash, verdict.key_hash.size(), verdict.key_hash.begin());
    verdict.signing_time = signer.signing_time;
    verdict.path_not_after = signer.path_not_after;
    out.signers.push_back(std::move(verdict));
  }
  out.learnt = report.learnt;
  for (unsigned i = 0; i < report.num_crls; ++i) {
    CrlVerdict crl;
    std::copy_n(report.crls[i].issuer_key, crl.issuer_key.size(), crl.issuer_key.begin());
    crl.number = report.crls[i].number;
    out.crls.push_back(crl);
  }
  if (!report.authenticated || report.manifest.text.len == 0) {
    return out;
  }
  if (report.manifest.kind == EVSEAL_KIND_TRUST_UPDATE) {
    out.epoch = report.manifest.epoch;
  }
  std::copy_n(report.package_id, out.package_id.size(), out.package_id.begin());
  out.id = text_of(report.manifest.id);
  out.vendor = text_of(report.manifest.vendor);
  out.version = text_of(report.manifest.version);
  out.stage = stage_text(report.manifest.stage);
  for (unsigned i = 0; i < report.manifest.num_components; ++i) {
    out.components.push_back(describe_component(context, report, i));
  }
  if (report.failed_component < out.components.size()) {
    out.failed_component = out.components[report.failed_component].id;
  }
  return out;
}

std::string hint_for(evseal_status status) {
  switch (status) {
    case EVSEAL_THRESHOLD_NOT_MET:
      return "let the other parties sign it too: evseal sign --add FILE.evs --signer SIGNER.json";
    case EVSEAL_REVOKED:
      return "the certificate was revoked: sign again with another one";
    case EVSEAL_CRL_MISSING:
    case EVSEAL_CRL_STRIPPED:
    case EVSEAL_CRL_STALE:
      return "put the newest CRLs in: evseal crl refresh FILE.evs --crl C.crl";
    case EVSEAL_TRUST_EPOCH:
      return "a device takes trust-updates one after the other: `evseal trust path` orders them";
    case EVSEAL_RECOVERY_REFUSED:
      return "a recovery is for the one device that made the challenge; pass it with --recovery";
    case EVSEAL_UNSIGNED:
      return "sign it: evseal sign FILE --signer SIGNER.json -o FILE.evs";
    case EVSEAL_CHAIN_NO_ANCHOR:
      return "the signer's certificates do not lead to a root of this device; check that the "
             "signer file names every "
             "intermediate";
    case EVSEAL_WRONG_HARDWARE:
      return "pass the unit's revision with --hardware N, or extend `compatible` in the recipe";
    case EVSEAL_WRONG_SERIAL:
      return "pass the unit's serial number with --serial";
    case EVSEAL_WRONG_DEVICE:
      return "compare vendor and model of the device with `compatible` in the recipe";
    case EVSEAL_COMPONENT_UNKNOWN:
      return "add the component to `components` of the device profile, or correct its id in the "
             "recipe";
    case EVSEAL_ROLLBACK:
      return "raise security_version in the recipe; a device never goes below what it has "
             "installed";
    case EVSEAL_STAGE_REFUSED:
    case EVSEAL_STAGE_MISMATCH:
      return "sign with a certificate of the stage that the device takes; `evseal inspect` shows "
             "both";
    case EVSEAL_EXPIRED:
    case EVSEAL_EXPIRED_FLOOR:
      return "renew the certificate and sign again";
    case EVSEAL_NOT_YET_VALID:
      return "check the clock of the signing machine";
    case EVSEAL_LIMIT_CHUNK:
      return "set a smaller chunk_size in the recipe: this device holds less";
    case EVSEAL_ENVELOPE_LENGTH:
      return "shorten the manifest or the chain: this device holds less";
    case EVSEAL_TRUNCATED:
    case EVSEAL_TREE_NODE:
    case EVSEAL_CHUNK_DIGEST:
      return "the file is damaged: fetch it again";
    default:
      return "docs/format.md section 10 explains the status";
  }
}

}  // namespace

std::string Verdict::text() const {
  const std::string sentence = evseal_status_text(status);
  return failed_component.empty() ? sentence : "component " + failed_component + ": " + sentence;
}

Error Verdict::as_error(const std::string& what) const {
  Error error{static_cast<ErrorCode>(evseal_status_class(status)), what, text(), hint_for(status),
              evseal_status_name(status)};
  return error;
}

Result<Device> load_device(const std::filesystem::path& profile,
                           const std::optional<std::filesystem::path>& state) {
  Device device;
  device.name = profile.string();
  EVSEAL_TRY(device.profile, manifest::load_profile_blob(profile));
  if (state) {
    EVSEAL_TRY(device.state, manifest::load_state_blob(*state));
  } else {
    EVSEAL_TRY(device.state, manifest::initial_state(device.profile));
    device.factory_new = true;
  }
  return device;
}

namespace {

// Where the memory of one verification lives.
struct Verification {
  explicit Verification(unsigned threads) : pool(threads) { run.pool = &pool; }

  HashPool pool;
  Run run;
  // Not cleared: what the verifier never fills is never touched, so a small package costs little.
  std::unique_ptr<std::uint8_t[]> workspace{new std::uint8_t[kWorkspaceBytes]};
  std::unique_ptr<evseal_verify_ctx> context = std::make_unique<evseal_verify_ctx>();
};

evseal_verify_config configure(Verification& work, const Device& device) {
  evseal_verify_config config = {};
  config.crypto = &evseal_crypto_openssl;
  config.profile = {device.profile.data(), device.profile.size()};
  config.state = {device.state.data(), device.state.size()};
  config.unit.hardware_known = device.hardware.has_value();
  config.unit.hardware = device.hardware.value_or(0);
  config.unit.serial = {as_bytes(device.serial).data(), device.serial.size()};
  config.now_known = true;
  config.now = device.now.value_or(now_seconds());
  config.recovery = {device.recovery.data(), device.recovery.size()};
  config.callbacks = {&work.run,
                      nullptr,
                      on_component,
                      on_chunk,
                      on_component_end,
                      nullptr,
                      work.pool.threads() > 1 ? hash_chunks : nullptr};
  config.workspace = work.workspace.get();
  config.workspace_len = kWorkspaceBytes;
  return config;
}

Bytes next_state(const evseal_verify_ctx& context, evseal_remember what) {
  Bytes out(EVSEAL_STATE_SIZE_MAX(EVSEAL_MAX_COMPONENTS, EVSEAL_MAX_CHUNK));
  std::size_t length = 0;
  const evseal_status status =
      evseal_verify_next_state(&context, what, out.data(), out.size(), &length);
  out.resize(status == EVSEAL_OK ? length : 0);
  return out;
}

// One package, without what stands in front of it.
Result<Verdict> judge(const Source& source, const Device& device, const CheckOptions& options,
                      ImageSink* sink) {
  Verification work(options.threads);
  work.run.sink = sink;
  work.run.options = &options;
  const evseal_verify_config config = configure(work, device);
  const evseal_status started = evseal_verify_init(work.context.get(), &config);
  if (started != EVSEAL_PENDING) {
    return Error{ErrorCode::usage, device.name, evseal_status_text(started),
                 "check the device profile and state; `evseal device build` makes them",
                 evseal_status_name(started)};
  }
  EVSEAL_CHECK(feed(*work.context, source, options));
  evseal_report report;
  const evseal_status status = evseal_verify_finish(work.context.get(), &report);
  if (status == EVSEAL_ABORTED && work.run.error) {
    return *work.run.error;
  }
  Verdict verdict = describe(*work.context, report);
  if (verdict.accepted()) {
    (verdict.epoch ? verdict.state_at_once : verdict.state_after_boot) =
        next_state(*work.context, EVSEAL_REMEMBER_ALL);
  }
  if (verdict.learnt && verdict.state_at_once.empty()) {
    verdict.state_at_once = next_state(*work.context, EVSEAL_REMEMBER_REVOCATIONS);
  }
  return verdict;
}

// The size of the step that begins here; 0 where what begins here is the package itself: not a
// trust-update, or one that is the last in its file.
Result<std::uint64_t> step_at(const Source& source) {
  std::array<std::uint8_t, EVSEAL_HEADER_LEN> header{};
  std::size_t have = 0;
  while (have < header.size()) {
    EVSEAL_TRY(const std::size_t got,
               read_some(source, source.begin + have, std::span(header).subspan(have)));
    if (got == 0) {
      return std::uint64_t{0};
    }
    have += got;
  }
  const std::uint64_t size = evseal_step_size(header.data());
  return size < source.end - source.begin ? size : 0;
}

// A device that took a package of this verdict at once: with its new state, and a challenge that
// has served its purpose gone.
void remember(Device& device, const Verdict& verdict) {
  if (!verdict.state_at_once.empty()) {
    device.state = verdict.state_at_once;
    device.factory_new = false;
  }
  if (verdict.epoch && verdict.accepted()) {
    device.recovery.clear();
  }
}

// Takes the steps in front of a package, which `source` then begins with.
Result<std::vector<StepVerdict>> take_steps(Source& source, Device& device,
                                            const CheckOptions& options) {
  std::vector<StepVerdict> steps;
  while (steps.size() < EVSEAL_MAX_STEPS) {
    EVSEAL_TRY(const std::uint64_t size, step_at(source));
    if (size == 0) {
      break;
    }
    Source step = source;
    step.end = source.begin + size;
    EVSEAL_TRY(const Verdict verdict, judge(step, device, options, nullptr));
    remember(device, verdict);
    steps.push_back({verdict.status, verdict.text(), verdict.epoch});
    source.begin += size;
  }
  return steps;
}

Result<Verdict> judge_with_steps(Source source, const Device& given, const CheckOptions& options,
                                 ImageSink* sink, Device* out_device) {
  Device device = given;
  EVSEAL_TRY(std::vector<StepVerdict> steps, take_steps(source, device, options));
  EVSEAL_TRY(Verdict verdict, judge(source, device, options, sink));
  verdict.steps = std::move(steps);
  if (verdict.state_at_once.empty() && device.state != given.state) {
    verdict.state_at_once = device.state;
  }
  remember(device, verdict);
  if (out_device != nullptr) {
    *out_device = std::move(device);
  }
  return verdict;
}

Result<Source> whole_file(const FileDescriptor& file, const std::filesystem::path& name) {
  EVSEAL_TRY(const std::uint64_t size, file_size(file, name));
  return Source{&file, name, 0, size, {}};
}

}  // namespace

Result<Verdict> check_package(const FileDescriptor& file, const std::filesystem::path& name,
                              const Device& device, const CheckOptions& options, ImageSink* sink) {
  (void)::posix_fadvise(file.get(), 0, 0, POSIX_FADV_SEQUENTIAL);
  EVSEAL_TRY(const Source source, whole_file(file, name));
  return judge_with_steps(source, device, options, sink, nullptr);
}

Result<Verdict> check_head(ByteView head, const Device& device) {
  CheckOptions options;
  options.threads = 1;
  return judge(Source{nullptr, "package", 0, head.size(), head}, device, options, nullptr);
}

Result<Device> after_steps(Device device, const std::vector<std::filesystem::path>& steps) {
  for (const std::filesystem::path& path : steps) {
    EVSEAL_TRY(const FileDescriptor file, open_for_reading(path));
    EVSEAL_TRY(const Source source, whole_file(file, path));
    CheckOptions options;
    options.threads = 1;
    EVSEAL_TRY(const Verdict verdict, judge_with_steps(source, device, options, nullptr, &device));
    if (!verdict.accepted()) {
      Error error = verdict.as_error(path.string());
      error.why = "refused by the verifier of " + device.name + ": " + error.why;
      return error;
    }
    if (!verdict.epoch) {
      return Error{ErrorCode::usage, path.string(), "is no trust-update",
                   "name the files that `evseal sign` made from trust recipes"};
    }
  }
  return device;
}

}  // namespace evseal::sign
