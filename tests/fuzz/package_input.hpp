// What an input of the package target consists of: a device, a package, and how it is fed.
#pragma once

#include <array>

#include "evseal/base/bytes.hpp"

namespace evseal::fuzz {

/// On disk: 12 octets of settings, 2 octets length and the profile's DER, the same for the state, 4
/// octets component mask, 2 octets length and the envelope, the payload. A length that is too large
/// takes what is there, so that every string of octets is an input.
struct PackageInput {
  std::array<std::uint8_t, 12> settings{};
  Bytes profile;
  Bytes state;
  std::array<std::uint8_t, 4> mask{};
  Bytes envelope;
  Bytes payload;

  [[nodiscard]] bool clock_known() const { return (settings[0] & 1U) != 0; }
  [[nodiscard]] bool hardware_known() const { return (settings[0] & 2U) != 0; }
  [[nodiscard]] bool batches() const { return (settings[0] & 4U) != 0; }
  [[nodiscard]] bool serial_known() const { return (settings[0] & 8U) != 0; }
  /// What the header says.
  [[nodiscard]] bool is_trust_update() const { return (settings[0] & 16U) != 0; }
  [[nodiscard]] std::uint32_t hardware() const { return settings[1]; }
  [[nodiscard]] std::int64_t now() const { return 1'750'000'000 + settings[2] * 2'000'000LL; }
  /// Bit i: component i (modulo 8) is skipped.
  [[nodiscard]] bool skips(unsigned index) const { return (settings.at(3) & 1U << index % 8) != 0; }
  [[nodiscard]] std::uint32_t split_seed() const { return number(4, 2); }
  /// Which bit of the file is flipped in the run that must fail.
  [[nodiscard]] std::uint32_t flipped_bit() const { return number(6, 4); }

  [[nodiscard]] static PackageInput read(ByteView bytes);
  [[nodiscard]] Bytes write() const;
  /// The package file: header, envelope, padding, payload.
  [[nodiscard]] Bytes file() const;

 private:
  /// Little-endian, from the settings.
  [[nodiscard]] std::uint32_t number(std::size_t first, std::size_t octets) const {
    std::uint32_t out = 0;
    while (octets > 0) {
      out = out << 8U | settings.at(first + --octets);
    }
    return out;
  }
};

}  // namespace evseal::fuzz
