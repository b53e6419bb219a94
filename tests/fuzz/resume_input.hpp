// What an input of the resume target consists of: a package, where its transfer breaks off, and
// what stands in the saved progress and in the slots when it goes on.
#pragma once

#include "package_input.hpp"

namespace evseal::fuzz {

/// On disk: 12 octets of settings, 2 octets length and octets for the progress, the package.
struct ResumeInput {
  /// What the progress is: as it was saved; with the octets here in some places; these octets
  /// behind a right head; nothing but these octets.
  enum class Progress { honest, changed, behind_head, raw };

  std::array<std::uint8_t, 12> settings{};
  Bytes progress;
  PackageInput package;

  [[nodiscard]] Progress form() const { return static_cast<Progress>(settings.at(0) & 3); }
  /// One bit of a slot changes before it is read back.
  [[nodiscard]] bool changes_slot() const { return flag(2); }
  [[nodiscard]] bool loses_slot() const { return flag(3); }
  /// One bit of the file differs when the rest of it comes.
  [[nodiscard]] bool changes_file() const { return flag(4); }
  /// The transfer breaks off twice.
  [[nodiscard]] bool breaks_again() const { return flag(5); }
  /// Where the file is cut off; modulo its payload.
  [[nodiscard]] std::size_t cut() const { return number(1); }
  [[nodiscard]] std::size_t second_cut() const { return number(4); }
  /// Which bit of which slot, or of the file.
  [[nodiscard]] std::size_t bit() const { return number(7); }

  [[nodiscard]] static ResumeInput read(ByteView bytes);
  [[nodiscard]] Bytes write() const;

 private:
  [[nodiscard]] bool flag(unsigned bit) const { return (settings.at(0) >> bit & 1) != 0; }
  [[nodiscard]] std::size_t number(std::size_t first) const {
    return settings.at(first) * 65536U + settings.at(first + 1) * 256U + settings.at(first + 2);
  }
};

}  // namespace evseal::fuzz
