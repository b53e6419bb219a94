// What signing needs, from signer files and the command line: `sign`, `sign --add` and `resign`.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "evseal/sign/package.hpp"
#include "evseal/sign/signer_file.hpp"
#include "shared_options.hpp"

namespace evseal::cli {

/// CRLs from files, DER.
[[nodiscard]] Result<std::vector<Bytes>> load_crl_files(const std::vector<std::string>& paths);

/// --signer, --module, PIN, --device, --state, --after, --crl, -o, --threads.
struct SigningOptions {
  std::vector<std::string> signers;
  std::string module;
  PinOptions pin;
  DeviceOptions device;
  std::vector<std::string> after;
  std::vector<std::string> crls;
  OutputOptions output;
  unsigned threads = 0;

  void add(const Command& command, const std::string& about_output);
};

/// Who signs, with keys that are logged in.
struct OpenSigning {
  std::vector<sign::Identity> identities;
  sign::Signing signing;  ///< points to the identities
};

/// Reads the signer files, then the devices, then the output's name, and logs in last: what is
/// wrong without a PIN is said without one. `prepare` runs between the two.
[[nodiscard]] Result<std::unique_ptr<OpenSigning>> open_signing(
    const SigningOptions& options, Console& console,
    const std::function<Result<void>()>& prepare = {});

/// What was signed, for people and machines.
[[nodiscard]] Outcome describe_signed(const SigningOptions& options, const OpenSigning& opened,
                                      const sign::SignedResult& made);

/// The devices that accepted a package, and its CRLs.
void describe_gate(Outcome& outcome, const sign::SignedResult& made);

}  // namespace evseal::cli
