#include <evseal/status.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <cstdio>
#include <fstream>
#include <set>
#include <sstream>

namespace {

struct Listed {
  const char* name;
  std::uint32_t value;
};

constexpr Listed kStatuses[] = {
#define ENTRY(name, lower, value, class_, ocpp, text) {lower, value},
    EVSEAL_STATUS_LIST(ENTRY)
#undef ENTRY
};

unsigned distance(std::uint32_t a, std::uint32_t b) {
  unsigned bits = 0;
  for (std::uint32_t x = a ^ b; x != 0; x &= x - 1) {
    ++bits;
  }
  return bits;
}

}  // namespace

TEST_CASE(
    "status: docs/format.md section 10 lists the same values, names, exit codes and sentences") {
  std::ifstream file(EVSEAL_FORMAT_TEXT);
  REQUIRE(file);
  std::stringstream content;
  content << file.rdbuf();
  const std::string text = content.str();
  std::size_t rows = 0;
  for (std::size_t at = text.find("\n| 0x"); at != std::string::npos;
       at = text.find("\n| 0x", at + 1)) {
    ++rows;
  }
  std::size_t listed = 0;
  for (const Listed& status : kStatuses) {
    const auto value = static_cast<evseal_status>(status.value);
    if (value == EVSEAL_PENDING) {
      continue;
    }
    char row[512];
    (void)std::snprintf(row, sizeof row, "| 0x%0*x | `%s` | %d | %s |",
                        status.value > 0xFFFF ? 8 : 4, status.value, status.name,
                        static_cast<int>(evseal_status_class(value)), evseal_status_text(value));
    CAPTURE(row);
    CHECK(text.find(row) != std::string::npos);
    ++listed;
  }
  CHECK(rows == listed);
}

TEST_CASE("status: names and values are unique, and success is far from everything else") {
  std::set<std::string> names;
  std::set<std::uint32_t> values;
  for (const Listed& status : kStatuses) {
    CHECK(names.insert(status.name).second);
    CHECK(values.insert(status.value).second);
    if (status.value != EVSEAL_OK) {
      CHECK(distance(status.value, EVSEAL_OK) >= 8);
    }
  }
  CHECK(distance(0, EVSEAL_OK) >= 8);
  CHECK(distance(0xFFFFFFFF, EVSEAL_OK) >= 8);
}

TEST_CASE("status: a value that is none is never success") {
  const auto none = static_cast<evseal_status>(0x12345);
  CHECK(std::string(evseal_status_name(none)) == "unknown");
  CHECK(evseal_status_class(none) != EVSEAL_CLASS_OK);
  CHECK(std::string(evseal_status_text(none)) == "a status that is none");
  CHECK(std::string(evseal_ocpp_firmware_status(evseal_status_ocpp(none))).empty());
  CHECK(std::string(evseal_ocpp_security_event(evseal_status_ocpp(none))).empty());
  const auto no_outcome = static_cast<evseal_ocpp>(7);
  CHECK(std::string(evseal_ocpp_firmware_status(no_outcome)).empty());
  CHECK(std::string(evseal_ocpp_security_event(no_outcome)).empty());
}

TEST_CASE("status: OCPP outcomes") {
  const auto firmware = [](evseal_status status) {
    return std::string(evseal_ocpp_firmware_status(evseal_status_ocpp(status)));
  };
  const auto event = [](evseal_status status) {
    return std::string(evseal_ocpp_security_event(evseal_status_ocpp(status)));
  };
  CHECK(firmware(EVSEAL_OK) == "SignatureVerified");
  CHECK(firmware(EVSEAL_UNSIGNED) == "InvalidSignature");
  CHECK(event(EVSEAL_SIGNATURE_INVALID) == "InvalidFirmwareSignature");
  CHECK(event(EVSEAL_CHAIN_NO_ANCHOR) == "InvalidFirmwareSigningCertificate");
  CHECK(firmware(EVSEAL_ROLLBACK) == "InstallVerificationFailed");
  CHECK(event(EVSEAL_OK).empty());
}
