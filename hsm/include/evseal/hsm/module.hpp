// PKCS#11 modules and the tokens that they show. p11-kit loads and initialises them.
//
// Rules that hold for a process once a module is loaded: every operation on a module is serialised
// (not every module is safe with threads, whatever it says); SIGPIPE is ignored (a remote module
// whose server dies would end the process); the process must not fork without exec.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "evseal/base/result.hpp"
#include "evseal/hsm/uri.hpp"

namespace evseal::hsm {

/// A loaded and initialised module. Sessions share its ownership; the last owner finalises it.
class Module {
 public:
  /// A path, or a bare name (`libsofthsm2.so`, `softhsm2`) that is looked for in the usual folders
  /// for modules, never in the current one. Errors: usage when there is no such module,
  /// token_unreachable when it does not initialise.
  [[nodiscard]] static Result<std::shared_ptr<Module>> load(const std::string& path_or_name);
  /// The modules that the system's p11-kit configuration lists and that initialise; may be none.
  [[nodiscard]] static Result<std::vector<std::shared_ptr<Module>>> load_configured();

  ~Module();
  Module(const Module&) = delete;
  Module& operator=(const Module&) = delete;

  /// The file's name, for messages.
  [[nodiscard]] const std::string& name() const;

  struct Impl;
  explicit Module(std::unique_ptr<Impl> impl);
  [[nodiscard]] Impl& impl() const { return *impl_; }

 private:
  std::unique_ptr<Impl> impl_;
};

using Modules = std::vector<std::shared_ptr<Module>>;

/// The modules for a key: `path_or_name` where it is given, else the URI's module-path or
/// module-name, else the configured ones.
[[nodiscard]] Result<Modules> load_modules(const std::optional<std::string>& path_or_name,
                                           const KeyUri* uri = nullptr);

/// What a token says about itself. Texts come from the token: pass them through printable().
struct TokenInfo {
  std::string label;
  std::string manufacturer;
  std::string model;
  std::string serial;
  unsigned long slot_id = 0;
  std::string slot_description;
  unsigned long min_pin_bytes = 0;
  unsigned long max_pin_bytes = 0;  ///< 0 where the token does not say
  bool initialized = false;
  bool login_required = false;
  bool user_pin_initialized = false;
  bool user_pin_count_low = false;
  bool user_pin_final_try = false;
  bool user_pin_locked = false;
  bool so_pin_final_try = false;
  bool so_pin_locked = false;
  bool protected_authentication_path = false;  ///< the PIN is typed into the device itself
  bool writable = false;

  /// `pkcs11:token=…;serial=…`
  [[nodiscard]] std::string uri() const;
};

struct Token {
  std::shared_ptr<Module> module;
  TokenInfo info;
};

/// Every token in every slot, initialised or not. A slot that cannot be read is left out, unless
/// there is no other: then its error is returned.
[[nodiscard]] Result<std::vector<Token>> list_tokens(const Modules& modules);

/// The one initialised token that the URI's token, slot and library attributes match. Errors:
/// key_not_found when none or several match; the hint lists the candidates. Never guesses: another
/// token would be sent the PIN.
[[nodiscard]] Result<Token> find_token(const Modules& modules, const KeyUri& uri);

}  // namespace evseal::hsm
