// Options that several commands share.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "evseal/hsm/pin.hpp"
#include "evseal/hsm/session.hpp"
#include "evseal/manifest/recipe.hpp"
#include "evseal/sign/package.hpp"
#include "program.hpp"

namespace evseal::cli {

/// --pin-file, --pin-fd.
struct PinOptions {
  std::string file;
  int fd = -1;

  void add(const Command& command, const std::string& prefix = "");
  [[nodiscard]] bool given() const { return !file.empty() || fd >= 0; }
  /// The named source; none: the URI's pin-source or the terminal.
  [[nodiscard]] std::optional<hsm::PinSource> source() const;
  /// The named source, or the terminal.
  [[nodiscard]] hsm::PinSource source_or_prompt() const;
};

/// --token and --module.
struct TokenOptions {
  std::string token;
  std::string module;

  void add(const Command& command, bool token_required);
  [[nodiscard]] std::optional<std::string> module_or_none() const;
  /// The one token that a label or URI names.
  [[nodiscard]] Result<hsm::Token> find() const;
  /// A session with it, logged in as user.
  [[nodiscard]] Result<hsm::Session> login(const PinOptions& pin, hsm::Access access,
                                           Console& console) const;
};

/// -o and --force.
struct OutputOptions {
  std::string path;
  bool force = false;

  void add(const Command& command, const std::string& about, bool required = true);
  [[nodiscard]] OutputFile::Mode mode() const {
    return force ? OutputFile::Mode::overwrite : OutputFile::Mode::keep_existing;
  }
};

/// --device, --state, --hardware, --serial, --recovery, --now.
struct DeviceOptions {
  std::vector<std::string> devices;
  std::string state;
  std::optional<std::uint32_t> hardware;
  std::string serial;
  std::string recovery;
  std::string now;

  void add(const Command& command, bool required);
  /// Warns of an option that the profile makes meaningless.
  [[nodiscard]] Result<std::vector<sign::Device>> load(Console& console) const;
};

/// A recipe and what the command line changes in it.
struct RecipeOptions {
  std::string path;
  std::vector<std::string> hex_ranges;

  void add(const Command& command, const std::string& about);
  [[nodiscard]] Result<manifest::Recipe> load() const;
};

/// Progress and threads for long work.
[[nodiscard]] sign::WorkOptions work_options(Console& console, const OutputOptions& output,
                                             unsigned threads);

/// A verdict as the members of a --json object.
[[nodiscard]] nlohmann::ordered_json to_json(const sign::Verdict& verdict);
/// Steps, signers, CRLs and what the device would remember, a line each, for people.
[[nodiscard]] std::string describe_parties(const sign::Verdict& verdict);

}  // namespace evseal::cli
