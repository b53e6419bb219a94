// evseal signature verify
#include <evseal/signature.h>

#include <array>

#include "batch.hpp"
#include "evseal/base/bytes.hpp"
#include "evseal/base/file.hpp"
#include "program.hpp"

namespace evseal::cli {
namespace {

struct NamedAlgorithm {
  std::string_view name;
  evseal_algorithm algorithm;
  unsigned flags;
};

constexpr evseal_algorithm ecdsa(evseal_hash hash) {
  return {EVSEAL_SCHEME_ECDSA, hash, EVSEAL_HASH_NONE, 0};
}
constexpr evseal_algorithm pss(evseal_hash hash) {
  return {EVSEAL_SCHEME_RSA_PSS, hash, hash, static_cast<std::size_t>(hash)};
}
constexpr evseal_algorithm pkcs1(evseal_hash hash) {
  return {EVSEAL_SCHEME_RSA_PKCS1, hash, EVSEAL_HASH_NONE, 0};
}

constexpr std::array<NamedAlgorithm, 14> kAlgorithms = {{
    {"ecdsa-p256-sha256", ecdsa(EVSEAL_HASH_SHA256), 0},
    {"ecdsa-p256-sha256-p1363", ecdsa(EVSEAL_HASH_SHA256), EVSEAL_SIGNATURE_P1363},
    {"ecdsa-p384-sha384", ecdsa(EVSEAL_HASH_SHA384), 0},
    {"ecdsa-p384-sha384-p1363", ecdsa(EVSEAL_HASH_SHA384), EVSEAL_SIGNATURE_P1363},
    {"ed25519", {EVSEAL_SCHEME_ED25519, EVSEAL_HASH_NONE, EVSEAL_HASH_NONE, 0}, 0},
    {"rsa-pss-sha256-mgf-sha256-salt32", pss(EVSEAL_HASH_SHA256), 0},
    {"rsa-pss-sha384-mgf-sha384-salt48", pss(EVSEAL_HASH_SHA384), 0},
    {"rsa-pss-sha512-mgf-sha512-salt64", pss(EVSEAL_HASH_SHA512), 0},
    {"rsa-pss-sha256", pss(EVSEAL_HASH_SHA256), 0},
    {"rsa-pss-key", {EVSEAL_SCHEME_UNKNOWN, EVSEAL_HASH_NONE, EVSEAL_HASH_NONE, 0}, 0},
    {"rsa-pkcs1-sha256", pkcs1(EVSEAL_HASH_SHA256), 0},
    {"rsa-pkcs1-sha384", pkcs1(EVSEAL_HASH_SHA384), 0},
    {"rsa-pkcs1-sha512", pkcs1(EVSEAL_HASH_SHA512), 0},
    {"ecdsa", ecdsa(EVSEAL_HASH_SHA256), 0},
}};

const NamedAlgorithm* find_algorithm(std::string_view name) {
  for (const NamedAlgorithm& known : kAlgorithms) {
    if (known.name == name) {
      return &known;
    }
  }
  return nullptr;
}

evseal_span span_of(const Bytes& bytes) {
  return {bytes.data(), bytes.size()};
}

// The curve that an algorithm's name promises, or any.
bool curve_fits(std::string_view name, evseal_key_type type) {
  if (name.find("p256") != std::string_view::npos) {
    return type == EVSEAL_KEY_P256;
  }
  return name.find("p384") == std::string_view::npos || type == EVSEAL_KEY_P384;
}

evseal_status check(const evseal_crypto* crypto, const NamedAlgorithm& named, const Bytes& spki,
                    const Bytes& message, const Bytes& signature) {
  evseal_public_key key;
  const evseal_status parsed = evseal_public_key_parse(&key, span_of(spki));
  if (parsed != EVSEAL_OK) {
    return parsed;
  }
  if (key.type == EVSEAL_KEY_UNKNOWN || !curve_fits(named.name, key.type)) {
    return EVSEAL_CERT_KEY;
  }
  evseal_algorithm algorithm = named.algorithm;
  if (algorithm.scheme == EVSEAL_SCHEME_UNKNOWN) {
    algorithm = key.pss;  // rsa-pss-key: what the key's own parameters say
  }
  return evseal_signature_verify(crypto, &key, &algorithm, span_of(message), span_of(signature),
                                 named.flags);
}

CaseVerdict judge_case(const evseal_crypto* crypto, const nlohmann::json& line) {
  const NamedAlgorithm* algorithm = find_algorithm(line.at("alg").get<std::string>());
  const auto spki = from_hex(line.at("spki").get<std::string>());
  const auto message = from_hex(line.at("msg").get<std::string>());
  const auto signature = from_hex(line.at("sig").get<std::string>());
  if (algorithm == nullptr || !spki || !message || !signature) {
    return {"error", "case_malformed"};
  }
  return verdict_of(check(crypto, *algorithm, *spki, *message, *signature));
}

struct Options {
  std::string algorithm;
  std::string key;
  std::string signature;
  std::string message;
  std::string batch;
  std::string backend = "openssl";
};

// A SubjectPublicKeyInfo in PEM or DER.
Result<Bytes> load_public_key(const std::string& path) {
  static constexpr std::string_view begin = "-----BEGIN PUBLIC KEY-----";
  static constexpr std::string_view end = "-----END PUBLIC KEY-----";
  EVSEAL_TRY(Bytes bytes, read_small_file(path, 1U << 16U));
  const std::string_view text = as_text(bytes);
  const std::size_t start = text.find(begin);
  if (start == std::string_view::npos) {
    return bytes;
  }
  const std::size_t stop = text.find(end, start);
  auto der = stop == std::string_view::npos
                 ? std::nullopt
                 : from_base64(text.substr(start + begin.size(), stop - start - begin.size()));
  if (!der) {
    return Error{ErrorCode::malformed, path, "is not a PEM public key",
                 "write one with: openssl pkey -pubin -in KEY"};
  }
  return std::move(*der);
}

Result<Outcome> verify_one(const Options& options, const evseal_crypto* crypto) {
  const NamedAlgorithm* algorithm = find_algorithm(options.algorithm);
  if (algorithm == nullptr || options.key.empty() || options.signature.empty() ||
      options.message.empty()) {
    std::string names;
    for (const NamedAlgorithm& known : kAlgorithms) {
      names += std::string(known.name) + " ";
    }
    return Error{ErrorCode::usage, "signature verify",
                 "needs --alg, --key, --sig and --msg, or --batch", "algorithms: " + names};
  }
  EVSEAL_TRY(const Bytes key, load_public_key(options.key));
  EVSEAL_TRY(const Bytes signature, read_small_file(options.signature, 1U << 16U));
  EVSEAL_TRY(const Bytes message, read_small_file(options.message, 1U << 28U));
  const evseal_status status = check(crypto, *algorithm, key, message, signature);
  if (status == EVSEAL_CRYPTO_MISSING) {
    return Error{ErrorCode::usage, "--backend " + options.backend,
                 "does not offer " + options.algorithm, "use --backend openssl",
                 evseal_status_name(status)};
  }
  Outcome outcome;
  outcome.code = status == EVSEAL_OK ? 0 : static_cast<int>(ErrorCode::does_not_hold);
  outcome.result = status == EVSEAL_OK ? "holds" : "does_not_hold";
  outcome.data = {{"status", evseal_status_name(status)}, {"text", evseal_status_text(status)}};
  outcome.text = status == EVSEAL_OK
                     ? "the signature holds\n"
                     : "the signature does not hold: " + std::string(evseal_status_text(status)) +
                           " (" + evseal_status_name(status) + ")\n";
  return outcome;
}

}  // namespace

void add_signature_commands(Program& program) {
  const Command group = program.group("signature", "Bare signatures: verify");
  const Command command = program.command(
      group, "verify",
      "evseal signature verify --alg ecdsa-p256-sha256 --key pub.pem --sig file.sig --msg file",
      "Checks one signature over one file, by the device's own code. Exit code 0: it holds, 1: it "
      "does not.\n"
      "With --batch: JSON lines with suite, id, expect, alg, spki, msg and sig (hexadecimal).");
  auto options = std::make_shared<Options>();
  command.add_option("--alg", options->algorithm, "Algorithm, such as ecdsa-p256-sha256");
  command.add_option("--key", options->key, "Public key (SubjectPublicKeyInfo, PEM or DER)");
  command.add_option("--sig", options->signature, "Signature");
  command.add_option("--msg", options->message, "What was signed");
  command.add_option("--batch", options->batch, "File of JSON lines");
  add_backend_option(command, options->backend);
  program.run(command, "evseal.signature.verify/1", [options](Console& console) -> Result<Outcome> {
    EVSEAL_TRY(const evseal_crypto* const crypto, backend_by_name(options->backend));
    if (options->batch.empty()) {
      return verify_one(*options, crypto);
    }
    console.json = false;  // the lines themselves are the answer
    return run_batch(options->batch,
                     [crypto](const nlohmann::json& line) { return judge_case(crypto, line); });
  });
}

}  // namespace evseal::cli
