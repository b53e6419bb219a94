#include "evseal/hsm/open_signer.hpp"

#include "open_signer_impl.hpp"

namespace evseal::hsm {
namespace {

Result<PinSource> choose_pin(std::optional<PinSource> given, const KeyUri& uri) {
  if (given) {
    return *std::move(given);
  }
  if (const auto source = uri.pin_source()) {
    return PinSource::from_uri(*source);
  }
  return PinSource::prompt();
}

}  // namespace

Result<std::unique_ptr<Signer>> open_signer(std::string_view key,
                                            const std::optional<std::string>& module,
                                            std::optional<PinSource> pin) {
  constexpr std::string_view kFile = "file:";
  if (key.starts_with(kFile)) {
    return open_file_signer(std::string(key.substr(kFile.size())));
  }
  // Not echoed: what looks like neither form may be a PIN on the wrong option.
  if (key.size() < 7 || key[6] != ':') {
    return Error{ErrorCode::usage, "key", "it is neither a pkcs11: URI nor a file: path",
                 "write pkcs11:token=…;object=… for a token, file:key.pem for development"};
  }
  EVSEAL_TRY(const KeyUri uri, KeyUri::parse(key));
  if (uri.type() && *uri.type() != ObjectType::private_key) {
    return Error{ErrorCode::usage, uri.text(), "its type is not that of a private key",
                 "write type=private, or leave type out"};
  }
  EVSEAL_TRY(PinSource source, choose_pin(std::move(pin), uri));
  return open_token_signer(uri, module, std::move(source));
}

}  // namespace evseal::hsm
