#include "evseal/sign/package_check.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <memory>

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

// Feeds the file into the verifier's own buffers, leaving out what nobody takes.
Result<void> feed(evseal_verify_ctx& context, const FileDescriptor& file,
                  const std::filesystem::path& name, const CheckOptions& options) {
  EVSEAL_TRY(const std::uint64_t size, file_size(file, name));
  std::uint64_t offset = 0;
  std::uint64_t reported = 0;
  for (;;) {
    if (options.cancel != nullptr && options.cancel->load(std::memory_order_relaxed)) {
      return Error{ErrorCode::interrupted, name.string(), "interrupted"};
    }
    if (const std::uint64_t skip = evseal_verify_skippable(&context); skip > 0) {
      const std::uint64_t left = size > offset ? size - offset : 0;
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
    const ssize_t got = ::pread(file.get(), at_end ? &extra : buffer, at_end ? 1 : room,
                                static_cast<off_t>(offset));
    if (got < 0 && errno == EINTR) {
      continue;
    }
    if (got < 0) {
      return read_error(name, errno);
    }
    if (got == 0) {
      return {};
    }
    offset += static_cast<std::uint64_t>(got);
    if (at_end) {
      (void)evseal_verify_push(&context, &extra, 1);
    } else {
      (void)evseal_verify_commit(&context, static_cast<std::size_t>(got));
    }
    if (options.progress && offset - reported >= (1U << 20U)) {
      options.progress(offset, size);
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
    verdict.subject = name_text({signer.subject.data, signer.subject.len});
    verdict.role = text_of(signer.role);
    std::copy_n(signer.key_hash, verdict.key_hash.size(), verdict.key_hash.begin());
    verdict.signing_time = signer.signing_time;
    verdict.path_not_after = signer.path_not_after;
    out.signers.push_back(std::move(verdict));
  }
  if (!report.authenticated || report.manifest.text.len == 0) {
    return out;
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

Result<Verdict> check_package(const FileDescriptor& file, const std::filesystem::path& name,
                              const Device& device, const CheckOptions& options, ImageSink* sink) {
  HashPool pool(options.threads);
  Run run;
  run.pool = &pool;
  run.sink = sink;
  run.options = &options;
  // Not cleared: what the verifier never fills is never touched, so a small package costs little.
  const std::unique_ptr<std::uint8_t[]> workspace(new std::uint8_t[kWorkspaceBytes]);
  auto context = std::make_unique<evseal_verify_ctx>();
  evseal_verify_config config = {};
  config.crypto = &evseal_crypto_openssl;
  config.profile = {device.profile.data(), device.profile.size()};
  config.state = {device.state.data(), device.state.size()};
  config.unit.hardware_known = device.hardware.has_value();
  config.unit.hardware = device.hardware.value_or(0);
  config.unit.serial = {as_bytes(device.serial).data(), device.serial.size()};
  config.now_known = true;
  config.now = device.now.value_or(now_seconds());
  config.callbacks = {&run,
                      nullptr,
                      on_component,
                      on_chunk,
                      on_component_end,
                      nullptr,
                      pool.threads() > 1 ? hash_chunks : nullptr};
  config.workspace = workspace.get();
  config.workspace_len = kWorkspaceBytes;
  const evseal_status started = evseal_verify_init(context.get(), &config);
  if (started != EVSEAL_PENDING) {
    return Error{ErrorCode::usage, device.name, evseal_status_text(started),
                 "check the device profile and state; `evseal device build` makes them",
                 evseal_status_name(started)};
  }
  (void)::posix_fadvise(file.get(), 0, 0, POSIX_FADV_SEQUENTIAL);
  EVSEAL_CHECK(feed(*context, file, name, options));
  evseal_report report;
  const evseal_status status = evseal_verify_finish(context.get(), &report);
  if (status == EVSEAL_ABORTED && run.error) {
    return *run.error;
  }
  return describe(*context, report);
}

}  // namespace evseal::sign
