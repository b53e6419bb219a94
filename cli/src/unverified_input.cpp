#include "unverified_input.hpp"

#include "evseal/manifest/package_file.hpp"
#include "evseal/sign/package.hpp"
#include "file_kind.hpp"

namespace evseal::cli {
namespace {

// What is no package must be a manifest. Anything else is named for what it looks like: "not JSON"
// helps nobody who picked the wrong file.
Result<void> check_kind(const std::string& path) {
  const FileKind kind = file_kind_of(path);
  if (kind.maybe_manifest) {
    return {};
  }
  const std::string looks = kind.name.empty() ? "" : "; it looks like " + kind.name;
  return Error{ErrorCode::malformed, path,
               kind.name == "empty" ? "is empty" : "is no package and no manifest" + looks,
               kind.hint, evseal_status_name(EVSEAL_FILE_MAGIC)};
}

}  // namespace

Result<UnverifiedInput> read_unverified(const std::string& path) {
  EVSEAL_TRY(const bool package, sign::is_package_file(path));
  if (!package) {
    EVSEAL_CHECK(check_kind(path));
    EVSEAL_TRY(Bytes bytes, read_small_file(path, manifest::kMaxManifestBytes + 1));
    // Editors end files with a newline; the canonical form has none.
    if (!bytes.empty() && bytes.back() == '\n') {
      bytes.pop_back();
    }
    auto parsed = manifest::parse_unverified(bytes);
    if (!parsed) {
      Error error = std::move(parsed).error();
      error.what = path + ": " + error.what;
      return error;
    }
    return UnverifiedInput{std::move(*parsed), std::nullopt, 0};
  }
  EVSEAL_TRY(const manifest::UnverifiedPackageFile file,
             manifest::UnverifiedPackageFile::open(path));
  EVSEAL_TRY(sign::UnverifiedEnvelope envelope,
             sign::open_unverified_envelope(file.unverified_envelope()));
  EVSEAL_TRY(manifest::UnverifiedManifest parsed,
             manifest::parse_unverified(envelope.unverified_manifest));
  UnverifiedInput out{std::move(parsed), std::move(envelope), file.component_mask()};
  for (const manifest::UnverifiedStep& step : file.steps()) {
    EVSEAL_TRY(sign::UnverifiedEnvelope opened,
               sign::open_unverified_envelope(step.unverified_envelope));
    out.steps.push_back(std::move(opened));
  }
  return out;
}

}  // namespace evseal::cli
