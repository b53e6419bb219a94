// A test vector: the text file that README.md describes, read.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

namespace evseal::test {

using Octets = std::vector<std::uint8_t>;

class Vector {
 public:
  /// Throws std::runtime_error where the file breaks README.md.
  explicit Vector(const std::filesystem::path& path);

  /// Of the file, without its extension.
  [[nodiscard]] const std::string& name() const { return name_; }
  [[nodiscard]] bool has(const std::string& name) const { return headers_.count(name) != 0; }
  /// The text of a header; empty where it is absent.
  [[nodiscard]] std::string text(const std::string& name) const;
  /// The octets of a binary header; empty where it is absent.
  [[nodiscard]] Octets octets(const std::string& name) const;
  [[nodiscard]] const Octets& package() const { return package_; }

 private:
  std::string name_;
  std::map<std::string, std::string> headers_;
  Octets package_;
};

}  // namespace evseal::test
