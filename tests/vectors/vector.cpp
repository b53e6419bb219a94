#include "vector.hpp"

#include <zlib.h>

#include <array>
#include <fstream>
#include <set>
#include <stdexcept>

namespace evseal::test {
namespace {

constexpr std::size_t max_octets = std::size_t{1} << 24U;

/// A misspelt header must not make a vector weaker than its author meant.
const std::set<std::string> known = {
    "evseal-vector", "what",    "rule",      "expect",  "signers",       "hardware",
    "serial",        "now",     "recovery",  "profile", "state",         "skip",
    "abort-at",      "without", "workspace", "write",   "state-at-once", "state-after"};

int base64_digit(char c) {
  static const std::string digits =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  const auto at = digits.find(c);
  if (at == std::string::npos) {
    throw std::runtime_error("not base64");
  }
  return static_cast<int>(at);
}

Octets from_base64(std::string text) {
  while (!text.empty() && text.back() == '=') {
    text.pop_back();
  }
  Octets out;
  std::uint32_t bits = 0;
  unsigned num_bits = 0;
  for (const char c : text) {
    bits = bits << 6U | static_cast<std::uint32_t>(base64_digit(c));
    num_bits += 6;
    if (num_bits >= 8) {
      num_bits -= 8;
      out.push_back(static_cast<std::uint8_t>(bits >> num_bits));
    }
  }
  return out;
}

Octets inflated(const Octets& packed) {
  z_stream stream{};
  if (inflateInit(&stream) != Z_OK) {
    throw std::runtime_error("zlib");
  }
  Octets in = packed;
  stream.next_in = in.data();
  stream.avail_in = static_cast<uInt>(in.size());
  Octets out;
  std::array<std::uint8_t, 65536> block{};
  int result = Z_OK;
  while (result == Z_OK && out.size() < max_octets) {
    stream.next_out = block.data();
    stream.avail_out = static_cast<uInt>(block.size());
    result = inflate(&stream, Z_NO_FLUSH);
    out.insert(out.end(), block.data(), stream.next_out);
  }
  const bool whole = result == Z_STREAM_END && stream.avail_in == 0;
  (void)inflateEnd(&stream);
  if (!whole) {
    throw std::runtime_error("not one zlib stream");
  }
  return out;
}

}  // namespace

Vector::Vector(const std::filesystem::path& path) : name_(path.stem().string()) {
  std::ifstream in(path);
  std::string line;
  std::string name;
  while (std::getline(in, line) && !line.empty()) {
    if (line.front() == ' ' && !name.empty()) {
      headers_[name] += line.substr(1);
      continue;
    }
    const auto colon = line.find(':');
    name = line.substr(0, colon);
    if (colon == std::string::npos || known.count(name) == 0 || has(name)) {
      throw std::runtime_error("header: " + line);
    }
    const auto start = line.find_first_not_of(' ', colon + 1);
    headers_[name] = start == std::string::npos ? "" : line.substr(start);
  }
  std::string packed;
  while (std::getline(in, line)) {
    packed += line;
  }
  if (text("evseal-vector") != "1" || text("expect").empty() || text("what").empty()) {
    throw std::runtime_error("not a vector of version 1");
  }
  package_ = inflated(from_base64(packed));
}

std::string Vector::text(const std::string& name) const {
  const auto found = headers_.find(name);
  return found == headers_.end() ? "" : found->second;
}

Octets Vector::octets(const std::string& name) const {
  return has(name) ? inflated(from_base64(text(name))) : Octets{};
}

}  // namespace evseal::test
