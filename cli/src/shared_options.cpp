#include "shared_options.hpp"

#include "evseal/base/time.hpp"
#include "evseal/manifest/device.hpp"
#include "evseal/manifest/intel_hex.hpp"

namespace evseal::cli {

void PinOptions::add(const Command& command, const std::string& prefix) {
  const std::string whose = prefix.empty()    ? "the user's"
                            : prefix == "so-" ? "the security officer's"
                                              : "the issuer's";
  const Option from_file =
      command.add_option("--" + prefix + "pin-file", file, "File with " + whose + " PIN");
  command.add_option("--" + prefix + "pin-fd", fd, "Open file descriptor with " + whose + " PIN")
      .not_with(from_file)
      .between(0, std::numeric_limits<int>::max());
}

std::optional<hsm::PinSource> PinOptions::source() const {
  if (!file.empty()) {
    return hsm::PinSource::file(file);
  }
  if (fd >= 0) {
    return hsm::PinSource::descriptor(fd);
  }
  return std::nullopt;
}

hsm::PinSource PinOptions::source_or_prompt() const {
  auto named = source();
  return named ? std::move(*named) : hsm::PinSource::prompt();
}

void TokenOptions::add(const Command& command, bool token_required) {
  const Option option =
      command.add_option("--token", token, "Label of the token, or its pkcs11: URI");
  if (token_required) {
    option.required();
  }
  command.add_option(
      "--module", module,
      "PKCS#11 module: a path or a name such as softhsm2 (default: the system's p11-kit "
      "configuration)");
}

std::optional<std::string> TokenOptions::module_or_none() const {
  return module.empty() ? std::nullopt : std::optional<std::string>(module);
}

Result<hsm::Token> TokenOptions::find() const {
  const bool is_uri = token.rfind("pkcs11:", 0) == 0;
  EVSEAL_TRY(const hsm::KeyUri uri,
             hsm::KeyUri::parse(is_uri ? token : hsm::format_uri({.token = token})));
  EVSEAL_TRY(const hsm::Modules modules, hsm::load_modules(module_or_none(), &uri));
  return hsm::find_token(modules, uri);
}

Result<hsm::Session> TokenOptions::login(const PinOptions& pin, hsm::Access access,
                                         Console& console) const {
  EVSEAL_TRY(const hsm::Token found, find());
  EVSEAL_TRY(hsm::Session session, hsm::Session::open(found, access));
  std::optional<hsm::PinSource> source = pin.source();
  if (!source && token.rfind("pkcs11:", 0) == 0) {
    EVSEAL_TRY(const hsm::KeyUri uri, hsm::KeyUri::parse(token));
    if (uri.pin_source()) {
      EVSEAL_TRY(hsm::PinSource named, hsm::PinSource::from_uri(*uri.pin_source()));
      source = std::move(named);
    }
  }
  if (!source) {
    source = hsm::PinSource::prompt();
  }
  const Result<void> done = session.login(*source);
  if (source->warning()) {
    console.warn(*source->warning());
  }
  EVSEAL_CHECK(done);
  return session;
}

void OutputOptions::add(const Command& command, const std::string& about, bool required) {
  const Option option = command.add_option("-o,--output", path, about);
  if (required) {
    option.required();
  }
  command.add_flag("--force", force, "Replace an existing file");
}

void DeviceOptions::add(const Command& command, bool required) {
  const Option option = command.add_list(
      "--device", devices, "Device profile, JSON or compiled; may be given several times");
  if (required) {
    option.required();
  }
  command.add_option("--state", state, "Device state, JSON or blob (default: factory-new)");
  command.add_option("--hardware", hardware, "Hardware revision of the unit")
      .between(0U, 0x7FFFFFFFU);
  command.add_option("--serial", serial, "Serial number of the unit");
  command.add_option("--recovery", recovery,
                     "Challenge of a unit whose state is lost: 64 hexadecimal digits");
  command.add_option(
      "--now", now,
      "Trusted clock as 2026-11-20T12:00:00Z (default: this machine's); only where the "
      "profile trusts it");
}

namespace {

// --now for one device. A profile whose clock is untrusted never looks at it: somebody who tries
// out what happens in ten years must not take the answer for one about that time.
Result<void> set_clock(sign::Device& device, const std::string& now, Console& console) {
  device.now = from_rfc3339(now);
  if (!device.now) {
    return Error{ErrorCode::usage, "--now", "is not a time", "write it as 2026-11-20T12:00:00Z"};
  }
  EVSEAL_TRY(const manifest::Profile profile, manifest::decode_profile(device.profile));
  if (!profile.trusted_clock) {
    console.warn("--now is ignored for " + device.name +
                 ": the clock of this device is untrusted (\"clock\" of its profile)");
  }
  return {};
}

}  // namespace

Result<std::vector<sign::Device>> DeviceOptions::load(Console& console) const {
  std::vector<sign::Device> out;
  for (const std::string& path : devices) {
    EVSEAL_TRY(
        sign::Device device,
        sign::load_device(
            path, state.empty() ? std::nullopt : std::optional<std::filesystem::path>(state)));
    if (!recovery.empty()) {
      const auto challenge = from_hex(recovery);
      if (!challenge || challenge->size() != std::tuple_size_v<Sha256>) {
        return Error{ErrorCode::usage, "--recovery", "is not 64 hexadecimal digits",
                     "pass the challenge that the device shows"};
      }
      device.recovery = *challenge;
    }
    device.hardware = hardware;
    device.serial = serial;
    if (!now.empty()) {
      EVSEAL_CHECK(set_clock(device, now, console));
    }
    out.push_back(std::move(device));
  }
  return out;
}

void RecipeOptions::add(const Command& command, const std::string& about) {
  command.add_option("RECIPE", path, about).required();
  command.add_list("--hex-range", hex_ranges,
                   "Octets to take from an Intel HEX image, as [ID=]START-END (for example "
                   "safety=0x0-0x40000; END is not taken)");
}

namespace {

Result<void> apply_hex_range(manifest::Recipe& recipe, const std::string& text) {
  const std::size_t equals = text.find('=');
  const std::string id = equals == std::string::npos ? "" : text.substr(0, equals);
  EVSEAL_TRY(
      const manifest::HexRange range,
      manifest::parse_hex_range(equals == std::string::npos ? text : text.substr(equals + 1)));
  bool applied = false;
  for (manifest::RecipeComponent& component : recipe.components) {
    if (manifest::is_intel_hex(component) && (id.empty() || component.id == id)) {
      component.hex.range = range;
      applied = true;
    }
  }
  if (!applied) {
    return Error{ErrorCode::usage, "--hex-range " + text,
                 "names no Intel HEX component of the recipe",
                 "write it as ID=START-END with the id of the component"};
  }
  return {};
}

}  // namespace

Result<manifest::Recipe> RecipeOptions::load() const {
  EVSEAL_TRY(manifest::Recipe recipe, manifest::load_recipe(path));
  for (const std::string& range : hex_ranges) {
    EVSEAL_CHECK(apply_hex_range(recipe, range));
  }
  return recipe;
}

sign::WorkOptions work_options(Console& console, const OutputOptions& output, unsigned threads) {
  sign::WorkOptions options;
  options.mode = output.mode();
  options.threads = threads;
  options.progress = [&console](const char* step, std::uint64_t done, std::uint64_t total) {
    console.progress(step, done, total);
  };
  return options;
}

}  // namespace evseal::cli
