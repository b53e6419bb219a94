// A strict DER reader for our own blobs and for certificates that people name. It goes on after an
// error with empty values and keeps the error, so that a decoder reads like the ASN.1 that it
// implements; ok() must be asked at the end.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "evseal/base/bytes.hpp"
#include "evseal/base/digest.hpp"

namespace evseal::manifest {

class DerReader {
 public:
  explicit DerReader(ByteView bytes) : rest_(bytes), good_(std::make_shared<bool>(true)) {}

  /// False once anything read from the outermost reader or one made from it broke a rule.
  [[nodiscard]] bool ok() const { return *good_; }
  [[nodiscard]] bool at_end() const { return rest_.empty(); }
  [[nodiscard]] bool next_is(std::uint8_t tag) const { return !rest_.empty() && rest_[0] == tag; }
  /// To be called for a rule that the reader does not know itself.
  void fail() {
    *good_ = false;
    rest_ = {};
  }
  /// "Trailing bytes inside any structure" are refused.
  void end() {
    if (!rest_.empty()) {
      fail();
    }
  }

  /// The content of the next element, which must have this tag.
  ByteView content(std::uint8_t tag);
  /// The next element with tag and length.
  ByteView element(std::uint8_t tag);
  DerReader enter(std::uint8_t tag);
  DerReader sequence();

  std::uint64_t integer(std::uint64_t min, std::uint64_t max);
  std::uint32_t integer32(std::uint32_t min, std::uint32_t max);
  /// The content of an INTEGER of either sign, in the fewest octets, of at most `max_octets`.
  Bytes serial(std::size_t max_octets);
  bool boolean();
  /// An OCTET STRING of 32 octets.
  Sha256 digest();
  std::string text();

 private:
  DerReader(ByteView bytes, std::shared_ptr<bool> good) : rest_(bytes), good_(std::move(good)) {}
  ByteView integer_content();

  ByteView rest_;
  std::shared_ptr<bool> good_;
};

}  // namespace evseal::manifest
