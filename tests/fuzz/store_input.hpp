// What an input of the store target consists of: what lies in the two copies, a state to be saved,
// and what goes wrong meanwhile.
#pragma once

#include <array>

#include "evseal/base/bytes.hpp"

namespace evseal::fuzz {

/// On disk: 12 octets of settings, then three parts, each behind 2 octets of length. Every string
/// of octets is an input.
struct StoreInput {
  enum class Form { framed, raw, damaged, cut };

  std::array<std::uint8_t, 12> settings{};
  /// The copies, and what is saved: a state's DER or, as `form` says, other octets.
  std::array<Bytes, 3> parts;

  [[nodiscard]] Form form(unsigned part) const {
    return static_cast<Form>(settings.at(0) >> (2 * part) & 3);
  }
  [[nodiscard]] bool reads_fail(unsigned copy) const { return flag(copy); }
  /// Reads give other octets now and then.
  [[nodiscard]] bool is_flaky() const { return flag(2); }
  /// What is written to this copy differs in one bit from what was to be written.
  [[nodiscard]] bool writes_wrong(unsigned copy) const { return flag(3 + copy); }
  /// A copy that is cut off keeps what lay behind; else it has been erased.
  [[nodiscard]] bool keeps_rest() const { return flag(5); }
  /// Octets of a copy: as many as the largest part needs and `spare` more, or only `spare`.
  [[nodiscard]] bool is_tight() const { return flag(6); }
  [[nodiscard]] std::size_t spare() const { return settings.at(2); }
  /// Where a write is cut off, modulo what is written.
  [[nodiscard]] std::size_t cut() const { return settings.at(3) * 256U + settings.at(4); }
  [[nodiscard]] std::size_t damaged_bit() const { return settings.at(5) * 256U + settings.at(6); }

  [[nodiscard]] static StoreInput read(ByteView bytes);
  [[nodiscard]] Bytes write() const;

 private:
  [[nodiscard]] bool flag(unsigned bit) const { return (settings.at(1) >> bit & 1) != 0; }
};

}  // namespace evseal::fuzz
