#include "file_kind.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <string_view>

#include "evseal/base/file.hpp"

namespace evseal::cli {
namespace {

using namespace std::string_view_literals;

constexpr std::string_view kImage =
    "this is an image: name it as the `file` of a component in a recipe, then `evseal build`";
constexpr std::string_view kArchive =
    "unpack it first; an image goes into a package by a recipe and `evseal build`";

struct Magic {
  std::size_t offset;
  std::string_view octets;
  std::string_view name;
  std::string_view hint;
};

constexpr std::array<Magic, 21> kMagics = {{
    {0, "\211EVD1\r\n\032"sv, "a compiled device profile", "pass it to `evseal verify --device`"},
    {0, "\211EVT1\r\n\032"sv, "a device state", "pass it to `evseal verify --state`"},
    {0, "\211EVS"sv, "a package whose first octets are damaged",
     "fetch it again, as a binary file: line ends may have been changed on the way"},
    {0, "\177ELF"sv, "an ELF program", kImage},
    {0, "hsqs"sv, "a squashfs file system", kImage},
    {0, "\x27\x05\x19\x56"sv, "a U-Boot image", kImage},
    {0, "\xd0\x0d\xfe\xed"sv, "a device tree or FIT image", kImage},
    {0, "UBI#"sv, "a UBI image", kImage},
    {0, "MZ"sv, "a PE program", kImage},
    {0, "S0"sv, "Motorola S-records", "convert it to Intel HEX or binary: objcopy -I srec -O ihex"},
    {0, ":"sv, "Intel HEX", kImage},
    {257, "ustar"sv, "a tar archive", kArchive},
    {0, "\x1f\x8b"sv, "gzip", kArchive},
    {0, "\3757zXZ"sv, "xz", kArchive},
    {0, "\x28\xb5\x2f\xfd"sv, "zstd", kArchive},
    {0, "BZh"sv, "bzip2", kArchive},
    {0, "PK\x03\x04"sv, "a zip archive", kArchive},
    {0, "-----BEGIN CERTIFICATE"sv, "a PEM certificate",
     "`openssl x509 -text -noout -in FILE` shows it, `evseal chain verify` judges it"},
    {0, "-----BEGIN "sv, "a PEM file", "name the package itself"},
    {0, "\x30\x82"sv, "DER, such as a certificate or a bare CMS envelope",
     "name the package itself: its envelope starts at octet 16"},
    {0, "<!DOCTYPE"sv, "a web page", "the download was answered by a page: check its address"},
}};

// The files that people write for evseal, by the member that each of them has.
constexpr std::array<Magic, 4> kDocuments = {{
    {0, "\"recipe\""sv, "a recipe", "make a package of it: evseal build FILE -o fw.unsigned.evs"},
    {0, "\"signer\""sv, "a signer file", "pass it to `evseal sign --signer`"},
    {0, "\"device\""sv, "a device profile in JSON", "pass it to `evseal verify --device`"},
    {0, "\"state\""sv, "a device state in JSON", "pass it to `evseal verify --state`"},
}};

FileKind json_kind(std::string_view text) {
  std::size_t at = text.find_first_not_of(" \t\r\n", 1);
  at = at == std::string_view::npos ? text.size() : at;
  for (const Magic& document : kDocuments) {
    if (text.substr(at).starts_with(document.octets)) {
      return {std::string(document.name), std::string(document.hint), false};
    }
  }
  return {"JSON", "", true};
}

}  // namespace

FileKind file_kind(ByteView head) {
  const std::string_view text = as_text(head);
  if (text.empty()) {
    return {"empty", "make or fetch it again", false};
  }
  const std::size_t start = std::min(text.find_first_not_of(" \t\r\n"), text.size());
  if (text.substr(start).starts_with('{')) {
    return json_kind(text.substr(start));
  }
  for (const Magic& magic : kMagics) {
    if (text.size() >= magic.offset && text.substr(magic.offset).starts_with(magic.octets)) {
      return {std::string(magic.name), std::string(magic.hint), false};
    }
  }
  if (std::all_of(text.begin(), text.end(), [](char c) { return c == '\0' || c == '\xff'; })) {
    return {"erased flash: it begins with zeros or ones alone", "fetch it again", false};
  }
  return {"", "`evseal inspect` takes packages (.evs) and manifests", false};
}

FileKind file_kind_of(const std::string& path) {
  const auto file = open_for_reading(path);
  Bytes head(kFileKindBytes);
  const ssize_t got = file ? ::pread(file->get(), head.data(), head.size(), 0) : -1;
  if (got < 0) {
    return {};
  }
  head.resize(static_cast<std::size_t>(got));
  return file_kind(head);
}

}  // namespace evseal::cli
