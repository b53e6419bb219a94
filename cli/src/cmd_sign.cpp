// evseal sign, evseal resign
#include "evseal/base/time.hpp"
#include "signing_options.hpp"

namespace evseal::cli {
namespace {

struct Options {
  RecipeOptions input;
  SigningOptions signing;
  bool add = false;
  bool partial = false;
};

Result<Outcome> sign_package(const Options& options, Console& console) {
  EVSEAL_TRY(const bool packaged, sign::is_package_file(options.input.path));
  if (options.add && !packaged) {
    return Error{ErrorCode::usage, options.input.path, "is no package",
                 "--add takes a package that is signed already; leave it out to sign a recipe"};
  }
  std::optional<manifest::Recipe> recipe;
  const auto load_recipe = [&]() -> Result<void> {
    if (!packaged) {
      EVSEAL_TRY(recipe, options.input.load());
    }
    return {};
  };
  EVSEAL_TRY(const std::unique_ptr<OpenSigning> opened,
             open_signing(options.signing, console, load_recipe));
  opened->signing.partial = options.partial;
  EVSEAL_TRY(const std::int64_t created, build_time_seconds());
  const std::string& out = options.signing.output.path;
  const sign::WorkOptions work =
      work_options(console, options.signing.output, options.signing.threads);
  const auto signed_now = [&]() -> Result<sign::SignedResult> {
    if (options.add) {
      return sign::add_signers(options.input.path, opened->signing, out, work);
    }
    return packaged ? sign::sign_unsigned(options.input.path, opened->signing, out, work)
                    : sign::sign_recipe(*recipe, created, opened->signing, out, work);
  };
  EVSEAL_TRY(const sign::SignedResult made, signed_now());
  return describe_signed(options.signing, *opened, made);
}

struct ResignOptions {
  std::string package;
  SigningOptions signing;
  bool accept_old = false;
};

Result<Outcome> resign(const ResignOptions& options, Console& console) {
  EVSEAL_TRY(const std::unique_ptr<OpenSigning> opened, open_signing(options.signing, console));
  EVSEAL_TRY(const sign::SignedResult made,
             sign::resign(options.package, opened->signing, options.accept_old,
                          options.signing.output.path,
                          work_options(console, options.signing.output, options.signing.threads)));
  return describe_signed(options.signing, *opened, made);
}

}  // namespace

void add_sign_command(Program& program) {
  const Command command = program.command(
      program.root(), "sign",
      "evseal sign recipe.json --signer pki/signer.json --pin-file user.pin -o fw.evs",
      "Packs and signs a recipe, or signs what `evseal build` made.\n"
      "The file gets its name only after the device's own verifier has accepted it for every "
      "--device (default: those\n"
      "of the signer file). The PIN comes from --pin-file, --pin-fd, the key URI's pin-source or "
      "the terminal.\n"
      "Revocation lists of the signer file (`crls`) and --crl go along, and the manifest names "
      "them. A recipe whose\n"
      "package.kind is trust-update makes a trust-update. Where several parties must sign, pass "
      "all --signer at once,\n"
      "or write with --partial what the others sign later with --add.");
  auto options = std::make_shared<Options>();
  options->input.add(command, "Recipe (JSON), or an unsigned package");
  options->signing.add(command, "The signed package");
  command.add_flag("--add", options->add,
                   "RECIPE is a signed package: add signers to it, for the same manifest");
  command.add_flag("--partial", options->partial,
                   "Write the package although further signers are needed, and nothing else");
  program.run(command, "evseal.sign/1", [options](Console& console) -> Result<Outcome> {
    return sign_package(*options, console);
  });
}

void add_resign_command(Program& program) {
  const Command command = program.command(
      program.root(), "resign",
      "evseal resign fw.evs --signer pki/signer-2028.json --accept-old -o fw-2028.evs",
      "Signs a package anew, in the place of signatures of the same role; the manifest stays.\n"
      "The devices must accept it as it is. With --accept-old its certificates may have expired "
      "since they signed; all\n"
      "else must hold.");
  auto options = std::make_shared<ResignOptions>();
  command.add_option("PACKAGE", options->package, "A signed package").required();
  options->signing.add(command, "The package with the new signature");
  command.add_flag("--accept-old", options->accept_old,
                   "The old certificates may have expired since they signed");
  program.run(command, "evseal.resign/1",
              [options](Console& console) -> Result<Outcome> { return resign(*options, console); });
}

}  // namespace evseal::cli
