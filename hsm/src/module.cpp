#include "evseal/hsm/module.hpp"

#include <p11-kit/uri.h>

#include <algorithm>
#include <array>
#include <csignal>
#include <cstdlib>
#include <filesystem>

#include "cryptoki.hpp"

namespace evseal::hsm {
namespace {

namespace fs = std::filesystem;

constexpr std::array<const char*, 9> kModuleFolders = {
    EVSEAL_P11_MODULE_PATH,
    "/usr/lib/" EVSEAL_LIBRARY_ARCHITECTURE "/pkcs11",
    "/usr/lib/" EVSEAL_LIBRARY_ARCHITECTURE "/softhsm",
    "/usr/lib/" EVSEAL_LIBRARY_ARCHITECTURE "/opencryptoki",
    "/usr/lib/" EVSEAL_LIBRARY_ARCHITECTURE,
    "/usr/lib/softhsm",
    "/usr/lib64/pkcs11",
    "/usr/lib64/softhsm",
    "/usr/local/lib/softhsm",
};

// A remote module (p11-kit-client.so) writes to a socket whose other end may be gone.
void ignore_sigpipe() {
  struct sigaction current {};
  if (::sigaction(SIGPIPE, nullptr, &current) == 0 && current.sa_handler == SIG_DFL) {
    struct sigaction ignore {};
    ignore.sa_handler = SIG_IGN;
    (void)::sigaction(SIGPIPE, &ignore, nullptr);
  }
}

std::shared_ptr<LibraryState> library_state(const std::string& file) {
  static std::mutex mutex;
  static std::map<std::string, std::weak_ptr<LibraryState>> known;
  std::error_code failed;
  const fs::path canonical = fs::canonical(file, failed);
  const std::lock_guard lock(mutex);
  std::weak_ptr<LibraryState>& entry = known[failed ? file : canonical.string()];
  std::shared_ptr<LibraryState> state = entry.lock();
  if (state == nullptr) {
    state = std::make_shared<LibraryState>();
    entry = state;
  }
  return state;
}

std::string take(char* text) {
  std::string copy = text == nullptr ? "" : text;
  std::free(text);  // NOLINT(cppcoreguidelines-no-malloc): p11-kit hands over malloc'ed text
  return copy;
}

Result<std::string> resolve_module(const std::string& path_or_name) {
  std::error_code failed;
  if (path_or_name.find('/') != std::string::npos) {
    const fs::path path = fs::absolute(path_or_name, failed);
    if (failed || !fs::is_regular_file(path, failed)) {
      return Error{ErrorCode::usage, path_or_name, "there is no such PKCS#11 module",
                   "check the path; a bare name such as libsofthsm2.so is looked for in the usual "
                   "folders"};
    }
    return path.string();
  }
  for (const char* folder : kModuleFolders) {
    for (const std::string& name :
         {path_or_name, path_or_name + ".so", "lib" + path_or_name + ".so",
          path_or_name + "-pkcs11.so", "lib" + path_or_name + "-pkcs11.so"}) {
      const fs::path path = fs::path(folder) / name;
      if (*folder != '\0' && !path_or_name.empty() && fs::is_regular_file(path, failed)) {
        return path.string();
      }
    }
  }
  return Error{ErrorCode::usage, path_or_name,
               "no PKCS#11 module of this name is in the usual folders",
               "give the module's full path, or install the package that brings it"};
}

TokenInfo decode_flags(CK_FLAGS flags) {
  const auto has = [flags](CK_FLAGS bit) { return (flags & bit) != 0; };
  TokenInfo info;
  info.initialized = has(CKF_TOKEN_INITIALIZED);
  info.login_required = has(CKF_LOGIN_REQUIRED);
  info.user_pin_initialized = has(CKF_USER_PIN_INITIALIZED);
  info.user_pin_count_low = has(CKF_USER_PIN_COUNT_LOW);
  info.user_pin_final_try = has(CKF_USER_PIN_FINAL_TRY);
  info.user_pin_locked = has(CKF_USER_PIN_LOCKED);
  info.so_pin_final_try = has(CKF_SO_PIN_FINAL_TRY);
  info.so_pin_locked = has(CKF_SO_PIN_LOCKED);
  info.protected_authentication_path = has(CKF_PROTECTED_AUTHENTICATION_PATH);
  info.writable = !has(CKF_WRITE_PROTECTED);
  return info;
}

// Cryptoki's texts are padded with blanks and have no end mark.
template <std::size_t N>
std::string unpad(const unsigned char (&text)[N]) {
  std::size_t size = N;
  while (size > 0 && (text[size - 1] == ' ' || text[size - 1] == '\0')) {
    --size;
  }
  return {reinterpret_cast<const char*>(text), size};
}

// A token with the answers that a URI is matched against.
struct Scanned {
  Token token;
  CK_INFO module_info{};
  CK_SLOT_INFO slot_info{};
  CK_TOKEN_INFO token_info{};
};

struct Scan {
  std::vector<Scanned> tokens;
  std::optional<Error> failure;  // the first; it matters only when the token is not found
};

CK_RV slots_with_tokens(const Api& api, std::vector<CK_SLOT_ID>& slots) {
  for (int attempt = 0; attempt < 5; ++attempt) {
    CK_ULONG count = 0;
    // Asking for the number also makes modules look for new slots (PKCS#11 §5.5 C_GetSlotList).
    CK_RV rv = api->C_GetSlotList(CK_TRUE, nullptr, &count);
    if (rv != CKR_OK) {
      return rv;
    }
    slots.resize(count);
    rv = api->C_GetSlotList(CK_TRUE, slots.data(), &count);
    if (rv != CKR_BUFFER_TOO_SMALL) {
      slots.resize(rv == CKR_OK ? std::min<std::size_t>(count, slots.size()) : 0);
      return rv;
    }
  }
  return CKR_GENERAL_ERROR;
}

void scan_module(const std::shared_ptr<Module>& module, Scan& scan) {
  const Api api(*module);
  const auto note = [&](CK_RV rv) {
    if (!scan.failure) {
      scan.failure = ckr_error(rv, module->name());
    }
  };
  CK_INFO module_info{};
  std::vector<CK_SLOT_ID> slots;
  CK_RV rv = api->C_GetInfo(&module_info);
  rv = rv == CKR_OK ? slots_with_tokens(api, slots) : rv;
  if (rv != CKR_OK) {
    note(rv);
    return;
  }
  for (const CK_SLOT_ID slot : slots) {
    Scanned entry;
    entry.module_info = module_info;
    rv = api->C_GetSlotInfo(slot, &entry.slot_info);
    rv = rv == CKR_OK ? api->C_GetTokenInfo(slot, &entry.token_info) : rv;
    if (rv != CKR_OK) {
      note(rv);
      continue;
    }
    entry.token = {module, make_token_info(slot, entry.slot_info, entry.token_info)};
    scan.tokens.push_back(std::move(entry));
  }
}

Scan scan_modules(const Modules& modules) {
  Scan scan;
  for (const auto& module : modules) {
    scan_module(module, scan);
  }
  return scan;
}

bool matches(const KeyUri& uri, const Scanned& entry) {
  return entry.token.info.initialized &&
         (!uri.slot_id() || *uri.slot_id() == entry.token.info.slot_id) &&
         p11_kit_uri_match_module_info(uri.parsed(), &entry.module_info) != 0 &&
         p11_kit_uri_match_slot_info(uri.parsed(), &entry.slot_info) != 0 &&
         p11_kit_uri_match_token_info(uri.parsed(), &entry.token_info) != 0;
}

Error no_token(const KeyUri& uri, const Scan& scan) {
  if (scan.failure) {
    return *scan.failure;
  }
  std::vector<std::string> present;
  for (const Scanned& entry : scan.tokens) {
    if (entry.token.info.initialized) {
      present.push_back(entry.token.info.uri());
    }
  }
  return Error{ErrorCode::key_not_found, uri.text(), "no token matches",
               present.empty()
                   ? "no initialised token is there; check --module, or make one: evseal token init"
                   : "the tokens that are there: " + join_candidates(present)};
}

}  // namespace

Module::Impl::~Impl() {
  if (library == nullptr) {
    return;
  }
  const std::lock_guard lock(library->mutex);
  owner.reset();
}

Module::Module(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Module::~Module() = default;

const std::string& Module::name() const {
  return impl_->name;
}

Result<std::shared_ptr<Module>> Module::load(const std::string& path_or_name) {
  EVSEAL_TRY(const std::string path, resolve_module(path_or_name));
  ignore_sigpipe();
  p11_kit_be_quiet();
  CK_FUNCTION_LIST* functions = p11_kit_module_load(path.c_str(), P11_KIT_MODULE_CRITICAL);
  if (functions == nullptr) {
    const char* reason = p11_kit_message();
    return Error{ErrorCode::usage, path,
                 "it cannot be loaded as a PKCS#11 module: " +
                     printable(reason == nullptr ? "unknown reason" : reason),
                 "name the PKCS#11 library itself, not an OpenSSL engine or provider"};
  }
  auto impl = std::make_unique<Impl>();
  impl->name = fs::path(path).filename().string();
  impl->functions = functions;
  const std::shared_ptr<LibraryState> library = library_state(path);
  CK_RV rv = CKR_OK;
  {
    const std::lock_guard lock(library->mutex);
    rv = p11_kit_module_initialize(functions);
  }
  if (rv != CKR_OK) {
    p11_kit_module_release(functions);
    return ckr_error(rv, impl->name);
  }
  impl->library = library;
  impl->owner = std::shared_ptr<void>(functions, [functions](void*) {
    (void)p11_kit_module_finalize(functions);
    p11_kit_module_release(functions);
  });
  return std::make_shared<Module>(std::move(impl));
}

Result<std::vector<std::shared_ptr<Module>>> Module::load_configured() {
  ignore_sigpipe();
  p11_kit_be_quiet();
  CK_FUNCTION_LIST** list = p11_kit_modules_load_and_initialize(0);
  if (list == nullptr) {
    const char* reason = p11_kit_message();
    return Error{
        ErrorCode::usage, "p11-kit configuration",
        "its modules cannot be loaded: " + printable(reason == nullptr ? "unknown reason" : reason),
        "name one module with --module"};
  }
  const std::shared_ptr<void> owner(list,
                                    [list](void*) { p11_kit_modules_finalize_and_release(list); });
  Modules modules;
  for (CK_FUNCTION_LIST** entry = list; *entry != nullptr; ++entry) {
    auto impl = std::make_unique<Impl>();
    const std::string file = take(p11_kit_module_get_filename(*entry));
    impl->configured_name = take(p11_kit_module_get_name(*entry));
    impl->name = file.empty() ? impl->configured_name : fs::path(file).filename().string();
    impl->functions = *entry;
    impl->library = library_state(file.empty() ? impl->configured_name : file);
    impl->owner = owner;
    modules.push_back(std::make_shared<Module>(std::move(impl)));
  }
  return modules;
}

Result<Modules> load_modules(const std::optional<std::string>& path_or_name, const KeyUri* uri) {
  std::optional<std::string> wanted = path_or_name;
  if (!wanted && uri != nullptr) {
    wanted = uri->module_path();
  }
  if (wanted) {
    EVSEAL_TRY(std::shared_ptr<Module> module, Module::load(*wanted));
    return Modules{std::move(module)};
  }
  const std::optional<std::string> name = uri != nullptr ? uri->module_name() : std::nullopt;
  EVSEAL_TRY(Modules modules, Module::load_configured());
  if (!name) {
    return modules;
  }
  std::erase_if(modules, [&](const std::shared_ptr<Module>& module) {
    return module->impl().configured_name != *name;
  });
  if (modules.empty()) {
    if (name->find('/') != std::string::npos) {
      return Error{ErrorCode::usage, "PKCS#11 URI", "module-name is a path", "write module-path"};
    }
    EVSEAL_TRY(std::shared_ptr<Module> module, Module::load(*name));
    modules.push_back(std::move(module));
  }
  return modules;
}

TokenInfo make_token_info(CK_SLOT_ID slot, const CK_SLOT_INFO& slot_info,
                          const CK_TOKEN_INFO& token_info) {
  TokenInfo info = decode_flags(token_info.flags);
  info.slot_id = slot;
  info.slot_description = unpad(slot_info.slotDescription);
  info.label = unpad(token_info.label);
  info.manufacturer = unpad(token_info.manufacturerID);
  info.model = unpad(token_info.model);
  info.serial = unpad(token_info.serialNumber);
  info.min_pin_bytes = token_info.ulMinPinLen;
  info.max_pin_bytes =
      token_info.ulMaxPinLen == CK_UNAVAILABLE_INFORMATION ? 0 : token_info.ulMaxPinLen;
  return info;
}

std::string TokenInfo::uri() const {
  return format_uri({.token = label, .serial = serial});
}

Result<std::vector<Token>> list_tokens(const Modules& modules) {
  Scan scan = scan_modules(modules);
  if (scan.tokens.empty() && scan.failure) {
    return *scan.failure;
  }
  std::vector<Token> tokens;
  for (Scanned& entry : scan.tokens) {
    tokens.push_back(std::move(entry.token));
  }
  return tokens;
}

Result<Token> find_token(const Modules& modules, const KeyUri& uri) {
  const Scan scan = scan_modules(modules);
  std::vector<const Scanned*> found;
  std::vector<std::string> names;
  for (const Scanned& entry : scan.tokens) {
    if (matches(uri, entry)) {
      found.push_back(&entry);
      names.push_back(entry.token.info.uri());
    }
  }
  if (found.empty()) {
    return no_token(uri, scan);
  }
  if (found.size() > 1) {
    return Error{ErrorCode::key_not_found, uri.text(),
                 std::to_string(found.size()) + " tokens match",
                 "add serial= or token= to choose one of: " + join_candidates(names)};
  }
  return found.front()->token;
}

}  // namespace evseal::hsm
