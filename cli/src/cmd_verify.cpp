// evseal verify, evseal extract
#include <algorithm>
#include <filesystem>

#include "evseal/base/time.hpp"
#include "file_kind.hpp"
#include "image_sink.hpp"
#include "shared_options.hpp"

namespace evseal::cli {
namespace {

sign::CheckOptions check_options(Console& console, unsigned threads) {
  sign::CheckOptions options;
  options.threads = threads;
  options.progress = [&console](std::uint64_t done, std::uint64_t total) {
    console.progress("verifying", done, total);
  };
  return options;
}

std::string describe_accepted(const sign::Verdict& verdict) {
  std::string out = verdict.id + " " + verdict.version + " (" + verdict.stage + ") from " +
                    verdict.vendor + "\nidentity " + to_hex(verdict.package_id) + "\n";
  if (verdict.epoch) {
    out += "trust-update to epoch " + std::to_string(*verdict.epoch) + "\n";
  }
  out += describe_parties(verdict);
  for (const sign::ComponentVerdict& component : verdict.components) {
    out += "  " + component.id + " " + component.version + ", security version " +
           std::to_string(component.security_version) + ", " + human_size(component.size);
    out += !component.present      ? ", not in this file"
           : !component.applicable ? ", for other hardware"
                                   : "";
    out += "\n";
  }
  return printable_lines(out);
}

struct Judged {
  std::string device;
  bool factory_new = false;
  sign::Verdict verdict;
};

// For all devices together, whether there is one or several: status and text are those of the first
// refusal.
nlohmann::ordered_json summary(const std::vector<Judged>& all) {
  const auto accepted = [](const Judged& one) { return one.verdict.accepted(); };
  const auto first_refusal = std::find_if_not(all.begin(), all.end(), accepted);
  const sign::Verdict& verdict =
      first_refusal == all.end() ? all[0].verdict : first_refusal->verdict;
  const auto count = std::count_if(all.begin(), all.end(), accepted);
  return {{"status", evseal_status_name(verdict.status)},
          {"text", verdict.text()},
          {"accepted", count},
          {"refused", static_cast<std::ptrdiff_t>(all.size()) - count}};
}

std::string hint_of_kind(const std::string& path) {
  const FileKind kind = file_kind_of(path);
  return (kind.name.empty() ? "" : "it looks like " + kind.name + "; ") + kind.hint;
}

Outcome verify_outcome(const std::string& package, const std::vector<Judged>& all) {
  Outcome outcome;
  nlohmann::ordered_json devices = nlohmann::ordered_json::array();
  bool described = false;
  for (const Judged& one : all) {
    nlohmann::ordered_json entry = {{"device", one.device},
                                    {"state", one.factory_new ? "factory-new" : "file"}};
    entry.update(to_json(one.verdict));
    devices.push_back(std::move(entry));
    const std::string name = one.device + (one.factory_new ? " (factory-new)" : "");
    if (one.verdict.accepted()) {
      outcome.text += "ACCEPTED  " + name + "\n";
    } else {
      outcome.text += "REFUSED   " + name + ": " + printable(one.verdict.text()) + " (" +
                      evseal_status_name(one.verdict.status) + ")\n" +
                      describe_parties(one.verdict);
      // The first refusal gives the exit code and the hint.
      if (outcome.code == 0) {
        const Error error = one.verdict.as_error("package");
        outcome.code = static_cast<int>(error.code);
        outcome.hint = one.verdict.status == EVSEAL_FILE_MAGIC ? hint_of_kind(package) : error.hint;
      }
    }
    if (one.verdict.accepted() && !described) {
      outcome.text += describe_accepted(one.verdict);
      described = true;
    }
  }
  outcome.result = outcome.code == 0 ? "accepted" : "refused";
  outcome.data = summary(all);
  outcome.data["devices"] = std::move(devices);
  return outcome;
}

struct VerifyOptions {
  std::string package;
  DeviceOptions device;
  bool full = false;
  unsigned threads = 0;
};

Result<Outcome> verify(const VerifyOptions& options, Console& console) {
  EVSEAL_TRY(const std::vector<sign::Device> devices, options.device.load(console));
  EVSEAL_TRY(const FileDescriptor file, open_for_reading(options.package));
  std::vector<Judged> judged;
  for (const sign::Device& device : devices) {
    ImageFiles images(std::nullopt, {}, OutputFile::Mode::keep_existing);
    EVSEAL_TRY(sign::Verdict verdict, sign::check_package(file, options.package, device,
                                                          check_options(console, options.threads),
                                                          options.full ? &images : nullptr));
    judged.push_back({device.name, device.factory_new, std::move(verdict)});
  }
  return verify_outcome(options.package, judged);
}

// A folder that goes again when nothing came into it.
class NewFolder {
 public:
  static Result<NewFolder> make(const std::filesystem::path& path) {
    std::error_code problem;
    const bool made = std::filesystem::create_directories(path, problem);
    if (problem) {
      return Error{ErrorCode::io, path.string(), "cannot create the folder: " + problem.message()};
    }
    return NewFolder(made ? path : std::filesystem::path());
  }
  ~NewFolder() {
    std::error_code ignored;
    if (!path_.empty()) {
      std::filesystem::remove(path_, ignored);  // fails where it holds something
    }
  }
  NewFolder(NewFolder&& other) noexcept : path_(std::move(other.path_)) { other.path_.clear(); }
  NewFolder& operator=(NewFolder&&) = delete;
  NewFolder(const NewFolder&) = delete;
  NewFolder& operator=(const NewFolder&) = delete;

 private:
  explicit NewFolder(std::filesystem::path path) : path_(std::move(path)) {}
  std::filesystem::path path_;
};

struct ExtractOptions {
  std::string package;
  DeviceOptions device;
  std::string folder;
  std::vector<std::string> components;
  bool force = false;
  unsigned threads = 0;
};

Outcome extract_outcome(const ExtractOptions& options, const sign::Verdict& verdict,
                        const ImageFiles& images) {
  Outcome outcome;
  outcome.result = "accepted";
  outcome.data = to_json(verdict);
  nlohmann::ordered_json files = nlohmann::ordered_json::array();
  for (const ExtractedImage& image : images.images()) {
    files.push_back({{"id", image.id},
                     {"path", image.path.string()},
                     {"size", image.size},
                     {"sha256", to_hex(image.sha256)}});
    outcome.text += to_hex(image.sha256) + "  " + image.path.string() + "\n";
  }
  outcome.data["folder"] = options.folder;
  outcome.data["images"] = std::move(files);
  return outcome;
}

Result<Outcome> extract(const ExtractOptions& options, Console& console) {
  EVSEAL_TRY(const std::vector<sign::Device> devices, options.device.load(console));
  if (devices.size() != 1) {
    return Error{ErrorCode::usage, "--device", "extract judges for one device",
                 "pass one --device profile"};
  }
  EVSEAL_TRY(const FileDescriptor file, open_for_reading(options.package));
  EVSEAL_TRY(const NewFolder folder, NewFolder::make(options.folder));
  ImageFiles images(options.folder, options.components,
                    options.force ? OutputFile::Mode::overwrite : OutputFile::Mode::keep_existing);
  EVSEAL_TRY(const sign::Verdict verdict,
             sign::check_package(file, options.package, devices[0],
                                 check_options(console, options.threads), &images));
  if (!verdict.accepted()) {
    return verdict.as_error(options.package);
  }
  if (const auto missing = images.missing(); !missing.empty()) {
    return Error{ErrorCode::usage, "--component " + missing.front(),
                 "is no component of this file for this unit", "`evseal inspect` lists them"};
  }
  EVSEAL_CHECK(images.commit());
  return extract_outcome(options, verdict, images);
}

}  // namespace

void add_verify_command(Program& program) {
  const Command command = program.command(
      program.root(), "verify", "evseal verify fw.evs --device pki/device.json --hardware 3",
      "Judges a package as the device would, with the device's own verifier.\n"
      "With several --device there is a line for each; the exit code is that of the first refusal. "
      "The answer is about\n"
      "the bytes read now: to install, take the images from `evseal extract`.");
  auto options = std::make_shared<VerifyOptions>();
  command.add_option("PACKAGE", options->package, "The package").required();
  options->device.add(command, true);
  command.add_flag("--full", options->full, "Also inflate each image and check its own sha256");
  command.add_option("--threads", options->threads,
                     "Threads to use (default: one for each processor)");
  program.run(command, "evseal.verify/1",
              [options](Console& console) -> Result<Outcome> { return verify(*options, console); });
}

void add_extract_command(Program& program) {
  const Command command = program.command(
      program.root(), "extract", "evseal extract fw.evs --device pki/device.json -d images/",
      "Writes the images of a package that the device would accept.\n"
      "Files are named ID.img and appear only after the final verdict.");
  auto options = std::make_shared<ExtractOptions>();
  command.add_option("PACKAGE", options->package, "The package").required();
  options->device.add(command, true);
  command.add_option("-d,--directory", options->folder, "Folder for the images").required();
  command.add_list("--component", options->components,
                   "Only this component; may be given several times");
  command.add_flag("--force", options->force, "Replace existing files");
  command.add_option("--threads", options->threads,
                     "Threads to use (default: one for each processor)");
  program.run(command, "evseal.extract/1", [options](Console& console) -> Result<Outcome> {
    return extract(*options, console);
  });
}

}  // namespace evseal::cli
