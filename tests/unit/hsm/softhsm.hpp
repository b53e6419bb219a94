// A real SoftHSM2 with tokens of its own in a temporary folder, and what the tests share.
#pragma once

#include <catch2/catch.hpp>
#include <filesystem>
#include <string>
#include <string_view>

#include "evseal/hsm/key.hpp"
#include "evseal/hsm/module.hpp"
#include "evseal/hsm/open_signer.hpp"
#include "evseal/hsm/session.hpp"
#include "evseal/hsm/token.hpp"
#include "evseal/hsm/uri.hpp"
#include "shim.hpp"

namespace evseal::hsm::test {

inline constexpr std::string_view kUserPin = "123456";
inline constexpr std::string_view kSoPin = "87654321";

/// A folder that goes with its object.
class TempFolder {
 public:
  TempFolder();
  ~TempFolder();
  TempFolder(const TempFolder&) = delete;
  TempFolder& operator=(const TempFolder&) = delete;

  [[nodiscard]] const std::filesystem::path& path() const { return path_; }
  /// Writes a file of mode 0600 and gives its path.
  [[nodiscard]] std::filesystem::path write(const std::string& name, std::string_view text) const;

 private:
  std::filesystem::path path_;
};

/// Points SOFTHSM2_CONF at an empty token folder. Modules must be released before the next one.
class SoftHsm {
 public:
  explicit SoftHsm(std::string module = SOFTHSM2_MODULE);
  ~SoftHsm();
  SoftHsm(const SoftHsm&) = delete;
  SoftHsm& operator=(const SoftHsm&) = delete;

  [[nodiscard]] const Modules& modules() const { return modules_; }
  [[nodiscard]] const std::string& module_path() const { return module_; }
  [[nodiscard]] const TempFolder& folder() const { return folder_; }

  /// A token with kSoPin and kUserPin, through init_token().
  [[nodiscard]] Token make_token(const std::string& label) const;
  /// A token made with C_InitToken directly, which lets labels repeat. It has no user PIN.
  void make_token_unchecked(const std::string& label) const;
  /// A read-write session, logged in as user.
  [[nodiscard]] Session log_in(const Token& token) const;
  [[nodiscard]] PinSource pin(std::string_view text) const;
  /// open_signer() with this module and the user's PIN.
  [[nodiscard]] Result<std::unique_ptr<Signer>> open(const std::string& uri) const;

 private:
  TempFolder folder_;
  std::string module_;
  Modules modules_;
  mutable int pins_ = 0;
};

/// The shim's control block; everything back to normal.
[[nodiscard]] ShimControl& reset_shim();

/// The test's own check with OpenSSL, apart from the code under test: also that an ECDSA signature
/// is DER in its one form with s ≤ n/2.
[[nodiscard]] bool verifies(const PublicKey& key, ByteView message, ByteView signature);

/// A self-signed-looking certificate for the key with this SubjectPublicKeyInfo (signed by another
/// key: nothing here checks that signature).
[[nodiscard]] Bytes make_certificate(ByteView spki, const std::string& name);

[[nodiscard]] inline Bytes id(std::uint8_t octet) {
  return Bytes{octet};
}

/// Unwraps a Result and shows the error of a failed one.
template <typename T>
[[nodiscard]] T must(Result<T> result) {
  if (!result) {
    FAIL(result.error().what << ": " << result.error().why << " [" << result.error().status << "] "
                             << result.error().hint);
  }
  return std::move(result).value();
}
inline void must(const Result<void>& result) {
  if (!result) {
    FAIL(result.error().what << ": " << result.error().why << " [" << result.error().status << "] "
                             << result.error().hint);
  }
}

/// All texts of an error in one, for searching.
[[nodiscard]] inline std::string texts(const Error& error) {
  return error.what + "\n" + error.why + "\n" + error.hint + "\n" + error.status;
}
[[nodiscard]] inline bool contains(std::string_view text, std::string_view part) {
  return text.find(part) != std::string_view::npos;
}

}  // namespace evseal::hsm::test
