#include "evseal/sign/signer_file.hpp"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>

#include "evseal/manifest/json_file.hpp"

namespace evseal::sign {
namespace {

using nlohmann::json;

constexpr std::array<std::string_view, 8> kMembers = {
    "signer", "key", "certificate", "chain", "module", "devices", "crls", "signers"};

Error wrong(const std::filesystem::path& path, const std::string& member, std::string why) {
  return Error{
      ErrorCode::usage, path.string() + ": " + member, std::move(why),
      "a signer file has key, certificate, chain, devices and, where needed, crls and module; "
      "or signers and devices"};
}

Result<std::string> text_member(const json& object, const std::filesystem::path& path,
                                const std::string& name) {
  const auto at = object.find(name);
  if (at == object.end() || !at->is_string() || at->get_ref<const std::string&>().empty()) {
    return wrong(path, name, "is missing or not a text");
  }
  return at->get<std::string>();
}

Result<std::vector<std::filesystem::path>> file_list(const json& object,
                                                     const std::filesystem::path& path,
                                                     const std::string& name) {
  std::vector<std::filesystem::path> out;
  const auto at = object.find(name);
  if (at == object.end()) {
    return out;
  }
  if (!at->is_array()) {
    return wrong(path, name, "is not a list of files");
  }
  for (const json& item : *at) {
    if (!item.is_string()) {
      return wrong(path, name, "is not a list of files");
    }
    out.push_back(path.parent_path() / item.get<std::string>());
  }
  return out;
}

}  // namespace

Result<SignerFile> load_signer_file(const std::filesystem::path& path) {
  EVSEAL_TRY(const manifest::JsonDocument document, manifest::load_json_file(path));
  const json& object = document.value;
  if (!object.is_object()) {
    return wrong(path, "signer file", "is not a JSON object");
  }
  for (const auto& [name, value] : object.items()) {
    if (std::find(kMembers.begin(), kMembers.end(), name) == kMembers.end()) {
      return wrong(path, name, "is no member of a signer file");
    }
  }
  if (object.value("signer", json()) != json(1)) {
    return wrong(path, "signer", "must be 1");
  }
  SignerFile out;
  EVSEAL_TRY(out.devices, file_list(object, path, "devices"));
  EVSEAL_TRY(out.crls, file_list(object, path, "crls"));
  if (object.contains("signers")) {
    for (const char* name : {"key", "certificate", "chain", "module"}) {
      if (object.contains(name)) {
        return wrong(path, name, "stands beside `signers`, which have their own");
      }
    }
    EVSEAL_TRY(out.signers, file_list(object, path, "signers"));
    return out.signers.empty() ? Result<SignerFile>(wrong(path, "signers", "names no file"))
                               : Result<SignerFile>(std::move(out));
  }
  EVSEAL_TRY(out.key, text_member(object, path, "key"));
  // A development key's path is relative to the signer file, as the certificates are.
  if (out.key.rfind("file:", 0) == 0) {
    out.key = "file:" + (path.parent_path() / out.key.substr(5)).string();
  }
  EVSEAL_TRY(const std::string certificate, text_member(object, path, "certificate"));
  out.certificate = path.parent_path() / certificate;
  EVSEAL_TRY(out.chain, file_list(object, path, "chain"));
  if (object.contains("module")) {
    EVSEAL_TRY(out.module, text_member(object, path, "module"));
  }
  return out;
}

Result<std::vector<SignerFile>> load_signer_files(const std::vector<std::string>& paths) {
  std::vector<SignerFile> out;
  for (const std::string& path : paths) {
    EVSEAL_TRY(const SignerFile file, load_signer_file(path));
    if (file.signers.empty()) {
      out.push_back(file);
      continue;
    }
    for (const std::filesystem::path& named : file.signers) {
      EVSEAL_TRY(SignerFile one, load_signer_file(named));
      if (!one.signers.empty()) {
        return wrong(named, "signers", "is named by " + path + ", which names several itself");
      }
      one.devices.insert(one.devices.end(), file.devices.begin(), file.devices.end());
      one.crls.insert(one.crls.end(), file.crls.begin(), file.crls.end());
      out.push_back(std::move(one));
    }
  }
  return out;
}

}  // namespace evseal::sign
