// Every vector through the verify library, as a charger uses it: in one push, and in pushes of 1, 7
// and 4,095 octets, with each crypto backend of this build. The verdict must be the same each time.
//
//   vectors_library README.md CASES [--quick [NAME...]]
//
// No verdict may take more public-key operations than the limit, counted outside the library; what
// the most expensive ones took is printed.
//
// And the other way round: every status is reached by a vector, or README.md says where it is.
//
// --quick: one push, one backend, and no further than the first failure (for tests/mutation.py);
// the vectors of these names come first.
#include <evseal/verify.h>

#include <algorithm>
#include <chrono>
#include <ctime>
#include <fstream>
#include <iostream>
#include <map>
#include <sstream>
#include <stdexcept>

#ifdef EVSEAL_HAS_PSA
#include <psa/crypto.h>

extern "C" {
#include "port_psa.h"
}
#endif

#include "vector.hpp"
#include "work.hpp"

namespace evseal::test {
namespace {

constexpr std::size_t workspace_size =
    EVSEAL_WORKSPACE_SIZE(EVSEAL_MAX_ENVELOPE, EVSEAL_MAX_CHUNK, 1);

struct Backend {
  std::string name;
  evseal_crypto crypto;
};

std::vector<Backend> backends() {
  std::vector<Backend> out = {{"openssl", evseal_crypto_openssl}};
#ifdef EVSEAL_HAS_BEARSSL
  out.push_back({"bearssl+sodium", evseal_crypto_bearssl});
  out.back().crypto.ed25519 = evseal_crypto_sodium.ed25519;
#endif
#ifdef EVSEAL_HAS_PSA
  if (psa_crypto_init() != PSA_SUCCESS) {
    throw std::runtime_error("psa_crypto_init() failed");
  }
  out.push_back({"psa+sodium", evseal_crypto_psa});
  out.back().crypto.ed25519 = evseal_crypto_sodium.ed25519;
#endif
  return out;
}

evseal_span span_of(const Octets& octets) {
  return {octets.data(), octets.size()};
}

std::string text_of(evseal_span span) {
  return {reinterpret_cast<const char*>(span.data), span.len};
}

Octets from_hex(const std::string& text) {
  Octets out;
  for (std::size_t at = 0; at + 1 < text.size(); at += 2) {
    out.push_back(static_cast<std::uint8_t>(std::stoul(text.substr(at, 2), nullptr, 16)));
  }
  return out;
}

std::int64_t seconds_of(const std::string& text) {
  std::tm time{};
  if (strptime(text.c_str(), "%Y-%m-%dT%H:%M:%SZ", &time) == nullptr) {
    throw std::runtime_error("now: " + text);
  }
  return timegm(&time);
}

std::string joined_statuses(const evseal_report& report) {
  std::string out;
  for (unsigned i = 0; i < report.num_signers; i++) {
    out += (i == 0 ? "" : " ") + std::string(evseal_status_name(report.signers[i].status));
  }
  return out;
}

/// The most that a verdict took, and where.
template <typename T>
struct Most {
  T value{};
  std::string where;

  void take(T other, const std::string& place) {
    if (where.empty() || other > value) {
      value = other;
      where = place;
    }
  }
};

struct MostWork {
  Most<unsigned> operations;
  Most<std::uint64_t> hashed;
  Most<double> milliseconds;
};

/// By the name of the backend.
std::map<std::string, MostWork>& most_work() {
  static std::map<std::string, MostWork> most;
  return most;
}

/// One device that judges one file, steps included.
class Run {
 public:
  Run(const Vector& vector, const Backend& backend, std::size_t push_size)
      : vector_(vector),
        backend_(backend.name),
        crypto_(counting(backend.crypto)),
        push_size_(push_size),
        profile_(vector.octets("profile")),
        recovery_(from_hex(vector.text("recovery"))),
        workspace_(
            (vector.has("workspace") ? std::stoul(vector.text("workspace")) : workspace_size)) {
    if (vector.text("without") == "ed25519") {
      crypto_.ed25519 = nullptr;
    } else if (vector.has("without")) {
      throw std::runtime_error("without: " + vector.text("without"));
    }
    load_state();
  }

  evseal_status judge() {
    const Octets& file = vector_.package();
    std::size_t at = 0;
    for (unsigned step = 0; step < EVSEAL_MAX_STEPS; step++) {
      const std::size_t left = file.size() - at;
      const std::uint64_t size = left < EVSEAL_HEADER_LEN ? 0 : evseal_step_size(file.data() + at);
      if (size == 0 || size >= left) {
        break;
      }
      if (judge_one(file.data() + at, static_cast<std::size_t>(size)) == EVSEAL_OK) {
        state_ = next_state(EVSEAL_REMEMBER_ALL);
        recovery_.clear();
      } else if (report.learnt) {
        state_ = next_state(EVSEAL_REMEMBER_REVOCATIONS);
      }
      at += static_cast<std::size_t>(size);
    }
    return judge_one(file.data() + at, file.size() - at);
  }

  /// The state to keep; empty where there is none.
  Octets next_state(evseal_remember what) {
    Octets out(EVSEAL_STATE_SIZE_MAX(EVSEAL_MAX_COMPONENTS, EVSEAL_MAX_CHUNK));
    std::size_t len = 0;
    const bool made =
        evseal_verify_next_state(&context_, what, out.data(), out.size(), &len) == EVSEAL_OK;
    out.resize(made ? len : 0);
    return out;
  }

  evseal_report report{};

 private:
  void load_state() {
    const std::string given = vector_.text("state");
    if (given == "none") {
      return;
    }
    if (given != "factory-new") {
      state_ = vector_.octets("state");
      return;
    }
    evseal_profile profile{};
    if (evseal_profile_open(&profile, &crypto_, span_of(profile_)) == EVSEAL_OK) {
      state_.resize(256);
      std::size_t len = 0;
      (void)evseal_state_write_initial(state_.data(), state_.size(), &len, &crypto_, &profile);
      state_.resize(len);
    }
  }

  evseal_status judge_one(const std::uint8_t* bytes, std::size_t len) {
    judged_with_ = state_;  // the report points into it
    serial_ = vector_.text("serial");
    evseal_verify_config config{};
    config.crypto = &crypto_;
    config.profile = span_of(profile_);
    config.state = span_of(judged_with_);
    config.recovery = span_of(recovery_);
    config.unit.hardware_known = vector_.has("hardware");
    config.unit.hardware = config.unit.hardware_known
                               ? static_cast<std::uint32_t>(std::stoul(vector_.text("hardware")))
                               : 0;
    config.unit.serial = {reinterpret_cast<const std::uint8_t*>(serial_.data()), serial_.size()};
    config.now_known = vector_.has("now");
    config.now = config.now_known ? seconds_of(vector_.text("now")) : 0;
    config.callbacks = {this, on_manifest, on_component, on_chunk, on_end, nullptr, nullptr};
    config.workspace = workspace_.data();
    config.workspace_len = workspace_.size();
    report = {};
    reset_work();
    const auto before = std::chrono::steady_clock::now();
    const evseal_status status = run(config, bytes, len);
    const std::chrono::duration<double, std::milli> took =
        std::chrono::steady_clock::now() - before;
    // The report counts those too that were refused before the backend was asked.
    if (report.operations > EVSEAL_MAX_OPERATIONS || work().operations > report.operations) {
      throw std::runtime_error(std::to_string(work().operations) + " public-key operations, and " +
                               std::to_string(report.operations) + " in the report");
    }
    if (push_size_ >= len) {
      MostWork& most = most_work()[backend_];
      most.operations.take(work().operations, vector_.name());
      most.hashed.take(work().hashed, vector_.name());
      most.milliseconds.take(took.count(), vector_.name());
    }
    return status;
  }

  evseal_status run(const evseal_verify_config& config, const std::uint8_t* bytes,
                    std::size_t len) {
    const evseal_status started = evseal_verify_init(&context_, &config);
    if (started != EVSEAL_PENDING) {
      return started;
    }
    for (std::size_t at = 0; at < len; at += std::min(push_size_, len - at)) {
      (void)evseal_verify_push(&context_, bytes + at, std::min(push_size_, len - at));
    }
    return evseal_verify_finish(&context_, &report);
  }

  evseal_answer answer(const char* place) const {
    return vector_.text("abort-at") == place ? EVSEAL_STOP : EVSEAL_TAKE;
  }
  static evseal_answer on_manifest(void* user, const evseal_manifest*) {
    return static_cast<Run*>(user)->answer("manifest");
  }
  static evseal_answer on_component(void* user, const evseal_component* component) {
    const auto* self = static_cast<Run*>(user);
    const bool unwanted = self->vector_.text("skip") == text_of(component->id);
    return unwanted ? EVSEAL_SKIP : self->answer("component");
  }
  static evseal_answer on_chunk(void* user, const evseal_component*, std::uint64_t, evseal_span) {
    return static_cast<Run*>(user)->answer("chunk");
  }
  static evseal_answer on_end(void* user, const evseal_component*) {
    return static_cast<Run*>(user)->answer("component-end");
  }

  const Vector& vector_;
  std::string backend_;
  evseal_crypto crypto_;
  std::size_t push_size_;
  Octets profile_;
  Octets state_;
  Octets judged_with_;
  Octets recovery_;
  Octets workspace_;
  std::string serial_;
  evseal_verify_ctx context_{};
};

/// What is wrong with one run; empty where it is as the vector says.
std::string fault(const Vector& vector, const Backend& backend, std::size_t push_size) {
  Run run(vector, backend, push_size);
  std::string status = evseal_status_name(run.judge());
  const bool inflates = vector.has("write");  // the library does not: who writes images does
  const std::string expected = inflates ? "ok" : vector.text("expect");
  if (status != expected) {
    return status;
  }
  if (vector.has("signers") && joined_statuses(run.report) != vector.text("signers")) {
    return "signers " + joined_statuses(run.report);
  }
  const bool now_same =
      !vector.has("state-at-once") ||
      run.next_state(EVSEAL_REMEMBER_REVOCATIONS) == vector.octets("state-at-once");
  const bool later_same = !vector.has("state-after") ||
                          run.next_state(EVSEAL_REMEMBER_ALL) == vector.octets("state-after");
  return now_same ? (later_same ? "" : "state-after") : "state-at-once";
}

constexpr std::size_t whole_file = std::size_t{1} << 30U;

void run_vector(const std::filesystem::path& path, std::string& reached, unsigned& failed) {
  const Vector vector(path);
  reached += " " + vector.text("expect") + " " + vector.text("signers") + " ";
  for (const Backend& backend : backends()) {
    for (const std::size_t push_size :
         {whole_file, std::size_t{1}, std::size_t{7}, std::size_t{4095}}) {
      const std::string found = fault(vector, backend, push_size);
      if (!found.empty()) {
        std::cout << path.filename().string() << " (" << backend.name << ", pushes of " << push_size
                  << "): expected " << vector.text("expect") << ", found " << found << '\n';
        failed++;
      }
    }
  }
}

/// The statuses in the first column of the last table of README.md.
std::string exceptions_of(const std::filesystem::path& readme) {
  std::ifstream in(readme);
  std::ostringstream whole;
  whole << in.rdbuf();
  const std::string text = whole.str();
  const auto start = text.find("## Statuses without a vector");
  if (start == std::string::npos) {
    throw std::runtime_error("README.md has no list of exceptions");
  }
  return text.substr(start);
}

unsigned count_missing(const std::string& reached, const std::string& exceptions) {
  unsigned missing = 0;
  const auto check = [&](const std::string& name) {
    const bool has_vector = reached.find(" " + name + " ") != std::string::npos;
    const bool excepted = exceptions.find("| `" + name + "` |") != std::string::npos;
    if (name != "pending" && has_vector == excepted) {
      std::cout << name << (excepted ? ": has a vector and is an exception" : ": has no vector")
                << '\n';
      missing++;
    }
  };
#define EVSEAL_CHECK_NAME(name, lower, value, class_, ocpp, text) check(lower);
  EVSEAL_STATUS_LIST(EVSEAL_CHECK_NAME)
#undef EVSEAL_CHECK_NAME
  return missing;
}

std::vector<std::filesystem::path> cases_in(const std::filesystem::path& folder) {
  std::vector<std::filesystem::path> paths;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    paths.push_back(entry.path());
  }
  std::sort(paths.begin(), paths.end());
  return paths;
}

int run_quickly(const std::filesystem::path& folder, const std::vector<std::string>& first) {
  const Backend backend = backends().front();
  std::vector<std::filesystem::path> paths;
  for (const std::string& name : first) {
    paths.push_back(folder / name);
  }
  const std::vector<std::filesystem::path> all = cases_in(folder);
  paths.insert(paths.end(), all.begin(), all.end());
  for (const auto& path : paths) {
    const std::string found = fault(Vector(path), backend, whole_file);
    if (!found.empty()) {
      std::cout << path.filename().string() << ": " << found << '\n';
      return 1;
    }
  }
  return 0;
}

int run_all(const std::filesystem::path& readme, const std::filesystem::path& folder) {
  const std::vector<std::filesystem::path> paths = cases_in(folder);
  std::string reached;
  unsigned failed = 0;
  for (const auto& path : paths) {
    try {
      run_vector(path, reached, failed);
    } catch (const std::exception& error) {
      std::cout << path.filename().string() << ": " << error.what() << '\n';
      failed++;
    }
  }
  failed += count_missing(reached, exceptions_of(readme));
  for (const auto& [backend, most] : most_work()) {
    std::cout << backend << ": at most " << most.operations.value << " public-key operations ("
              << most.operations.where << "), " << most.hashed.value << " octets hashed ("
              << most.hashed.where << "), " << most.milliseconds.value << " ms ("
              << most.milliseconds.where << ")\n";
  }
  std::cout << paths.size() << " vectors, " << failed << " failures\n";
  return paths.empty() || failed != 0 ? 1 : 0;
}

}  // namespace
}  // namespace evseal::test

int main(int argc, char** argv) {
  const bool quick = argc >= 4 && std::string(argv[3]) == "--quick";
  if (argc != 3 && !quick) {
    std::cerr << "usage: vectors_library README.md CASES [--quick [NAME...]]\n";
    return 2;
  }
  if (quick) {
    return evseal::test::run_quickly(argv[2], {argv + 4, argv + argc});
  }
  return evseal::test::run_all(argv[1], argv[2]);
}
