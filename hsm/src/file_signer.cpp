// A private key in a PEM file, for development. OpenSSL reads it and signs with it.
#include <fcntl.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <sys/stat.h>

#include "evseal/base/file.hpp"
#include "evseal/base/secret.hpp"
#include "open_signer_impl.hpp"
#include "public_key.hpp"
#include "signature.hpp"

namespace evseal::hsm {
namespace {

// An RSA-4096 key in PEM has 3.3 KiB; comments before it may be longer than the key.
constexpr std::uint64_t kMaxKeyFile = 65536;

using Bio = std::unique_ptr<BIO, OpenSslDeleter<BIO_free>>;

class FileSigner final : public Signer {
 public:
  FileSigner(EvpKey key, PublicKey public_key, std::string path, std::vector<std::string> warnings)
      : key_(std::move(key)),
        public_key_(std::move(public_key)),
        path_(std::move(path)),
        warnings_(std::move(warnings)) {}

  [[nodiscard]] const PublicKey& public_key() const override { return public_key_; }
  [[nodiscard]] std::string description() const override { return "file:" + path_; }
  [[nodiscard]] bool development_only() const override { return true; }
  [[nodiscard]] std::vector<std::string> warnings() const override { return warnings_; }

  [[nodiscard]] Result<Bytes> sign(ByteView message) override {
    EVSEAL_TRY(Bytes signature, sign_with_openssl(*key_, public_key_.type, message, path_));
    if (!verify_with_openssl(*key_, public_key_.type, message, signature)) {
      return Error{ErrorCode::internal, path_, "the signature just made does not verify",
                   "the file's public half may not belong to its private half"};
    }
    return signature;
  }

 private:
  EvpKey key_;
  PublicKey public_key_;
  std::string path_;
  std::vector<std::string> warnings_;
};

// Called for encrypted keys only: notes that, and gives no passphrase.
int note_encrypted(char* buffer, int size, int /*writing*/, void* noted) {
  if (size > 0) {
    buffer[0] = '\0';
  }
  *static_cast<bool*>(noted) = true;
  return -1;
}

Result<Secret> read_key_file(const std::string& path, std::vector<std::string>& warnings) {
  EVSEAL_TRY(const FileDescriptor file, open_for_reading(path));
  EVSEAL_TRY(const std::uint64_t size, file_size(file, path));
  if (size > kMaxKeyFile) {
    return Error{ErrorCode::malformed, path, "is too long for a private key in PEM"};
  }
  EVSEAL_TRY(Secret text, Secret::allocate(size));
  EVSEAL_CHECK(read_exactly_at(file, 0, text.buffer(), path));
  text.set_size(size);
  struct stat info {};
  if (::fstat(file.get(), &info) == 0 && (info.st_mode & (S_IRWXG | S_IRWXO)) != 0) {
    warnings.push_back("the key file " + printable(path) +
                       " is open to others than its owner (chmod 600)");
  }
  return text;
}

Result<EvpKey> parse_key(const Secret& text, const std::string& path) {
  const Bio bio(BIO_new_mem_buf(text.bytes().data(), static_cast<int>(text.size())));
  bool encrypted = false;
  EvpKey key(bio == nullptr
                 ? nullptr
                 : PEM_read_bio_PrivateKey(bio.get(), nullptr, note_encrypted, &encrypted));
  ERR_clear_error();
  if (encrypted) {
    return Error{ErrorCode::usage, path, "the private key is encrypted",
                 "keys in files are for development and are kept plain (openssl pkey -in … -out "
                 "…); keep every other key in a token"};
  }
  if (key == nullptr) {
    return Error{ErrorCode::malformed, path, "holds no private key in PEM",
                 "make one: openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256"};
  }
  return key;
}

}  // namespace

Result<std::unique_ptr<Signer>> open_file_signer(const std::string& path) {
  if (path.empty()) {
    return Error{ErrorCode::usage, "key", "file: without a path", "write file:key.pem"};
  }
  std::vector<std::string> warnings;
  EVSEAL_TRY(const Secret text, read_key_file(path, warnings));
  EVSEAL_TRY(EvpKey key, parse_key(text, path));
  EVSEAL_TRY(PublicKey public_key, public_key_of(*key, path));
  EVSEAL_CHECK(check_size(public_key, path));
  return std::unique_ptr<Signer>(std::make_unique<FileSigner>(std::move(key), std::move(public_key),
                                                              path, std::move(warnings)));
}

}  // namespace evseal::hsm
