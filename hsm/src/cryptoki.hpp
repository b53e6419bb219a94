// Cryptoki for this folder: its header, its return values as errors, and the lock that every
// operation on a module holds.
#pragma once

#include <p11-kit/p11-kit.h>
#include <p11-kit/pkcs11.h>

#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "evseal/base/result.hpp"
#include "evseal/hsm/module.hpp"

namespace evseal::hsm {

/// "CKR_PIN_INCORRECT", or the number for a value that the standard does not name.
[[nodiscard]] std::string ckr_name(CK_RV rv);
/// The error for a return value other than CKR_OK. `what` names the token or the module.
[[nodiscard]] Error ckr_error(CK_RV rv, std::string what);

/// What all Module objects of one library share: PKCS#11 knows one login per process and token.
struct LibraryState {
  struct SlotUse {
    unsigned sessions = 0;
    bool logged_in = false;
  };
  std::mutex mutex;
  std::map<CK_SLOT_ID, SlotUse> slots;
};

struct Module::Impl {
  Impl() = default;
  ~Impl();
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;

  CK_FUNCTION_LIST* functions = nullptr;
  std::string name;             // the file's name
  std::string configured_name;  // p11-kit's name for it; empty for a module loaded by its path
  std::shared_ptr<LibraryState> library;
  std::shared_ptr<void> owner;  // finalises and releases
};

/// A module's functions for the length of one operation: holds the module's lock. An operation that
/// needs several calls (find, sign) keeps one Api, so that no other thread comes between them.
class Api {
 public:
  explicit Api(const Module& module) : impl_(module.impl()), lock_(module.impl().library->mutex) {}

  CK_FUNCTION_LIST* operator->() const { return impl_.functions; }
  [[nodiscard]] LibraryState::SlotUse& slot(CK_SLOT_ID id) const {
    return impl_.library->slots[id];
  }

 private:
  Module::Impl& impl_;
  std::unique_lock<std::mutex> lock_;
};

/// A token's answer to C_GetTokenInfo and its slot's, in our words.
[[nodiscard]] TokenInfo make_token_info(CK_SLOT_ID slot, const CK_SLOT_INFO& slot_info,
                                        const CK_TOKEN_INFO& token_info);

/// "token fw" for messages: printable whatever the label holds.
[[nodiscard]] std::string display_name(const TokenInfo& info);

/// At most 16 candidates in one line, for hints.
[[nodiscard]] std::string join_candidates(const std::vector<std::string>& candidates);

}  // namespace evseal::hsm
