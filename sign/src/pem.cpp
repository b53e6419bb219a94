#include "pem.hpp"

namespace evseal::sign {

std::vector<Bytes> blocks_from_pem(std::string_view text, std::string_view label) {
  const std::string begin = "-----BEGIN " + std::string(label) + "-----";
  const std::string end = "-----END " + std::string(label) + "-----";
  std::vector<Bytes> out;
  for (std::size_t at = text.find(begin); at != std::string_view::npos; at = text.find(begin, at)) {
    at += begin.size();
    const std::size_t stop = text.find(end, at);
    if (stop == std::string_view::npos) {
      break;
    }
    auto der = from_base64(text.substr(at, stop - at));
    if (der) {
      out.push_back(std::move(*der));
    }
    at = stop;
  }
  return out;
}

std::string block_to_pem(ByteView der, std::string_view label) {
  const std::string text = to_base64(der);
  std::string out = "-----BEGIN " + std::string(label) + "-----\n";
  for (std::size_t i = 0; i < text.size(); i += 64) {
    out += text.substr(i, 64) + "\n";
  }
  return out + "-----END " + std::string(label) + "-----\n";
}

}  // namespace evseal::sign
