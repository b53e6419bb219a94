#include "evseal/manifest/intel_hex.hpp"

#include <array>
#include <catch2/catch.hpp>
#include <cstdio>

#include "fixtures.hpp"

namespace {

using namespace evseal;
using namespace evseal::manifest;

// A record with its checksum; the fields are given as hexadecimal text.
std::string record(const std::string& fields) {
  std::uint8_t sum = 0;
  const Bytes octets = from_hex(fields).value();
  for (const std::uint8_t octet : octets) {
    sum = static_cast<std::uint8_t>(sum + octet);
  }
  std::array<char, 3> checksum{};
  (void)std::snprintf(checksum.data(), checksum.size(), "%02X", (0x100 - sum) & 0xFF);
  return ":" + fields + checksum.data() + "\n";
}

const std::string kEnd = ":00000001FF\n";

Result<HexImage> read(const std::string& text) {
  return read_intel_hex(as_bytes(text), "f.hex");
}

std::string error_of(const std::string& text) {
  const auto image = read(text);
  return image ? "good" : image.error().what + " " + image.error().why;
}

TEST_CASE("intel hex: a record of the specification is read") {
  // The example of Intel's specification (1988), with an end record.
  const auto image = read(":10010000214601360121470136007EFE09D2190140\n" + kEnd);
  REQUIRE(image.ok());
  REQUIRE(image->segments.size() == 1);
  CHECK(image->segments[0].address == 0x100);
  CHECK(to_hex(image->segments[0].data) == "214601360121470136007efe09d21901");
}

TEST_CASE("intel hex: linear and segment bases move addresses") {
  const auto linear = read(record("020000040800") + record("02000000AABB") + kEnd);
  REQUIRE(linear.ok());
  CHECK(linear->segments[0].address == 0x08000000);
  const auto segmented = read(record("020000021000") + record("02001000AABB") + kEnd);
  REQUIRE(segmented.ok());
  CHECK(segmented->segments[0].address == 0x10010);
  const auto entry = read(record("0400000508000131") + record("0100000001") + kEnd);
  REQUIRE(entry.ok());
  CHECK(entry->entry_point == 0x08000131U);
}

TEST_CASE("intel hex: records in any order are joined where they touch") {
  const auto image =
      read(record("020010000304") + "\r\n" + record("020000000102") + record("01000200FF") + kEnd);
  REQUIRE(image.ok());
  REQUIRE(image->segments.size() == 2);
  CHECK(to_hex(image->segments[0].data) == "0102ff");
  CHECK(image->segments[1].address == 0x10);
  // A record that runs across 64 KiB in linear addressing goes on above.
  const auto across = read(record("04FFFE0001020304") + kEnd);
  REQUIRE(across.ok());
  CHECK(across->segments[0].data.size() == 4);
}

TEST_CASE("intel hex: everything that is not strictly a HEX file is refused with its line") {
  const std::string good = record("0100000001");
  CHECK(error_of(good) == "f.hex has no end record (:00000001FF): the file is cut off");
  CHECK(error_of("") == "f.hex has no end record (:00000001FF): the file is cut off");
  CHECK(error_of(kEnd) == "f.hex has no data record");
  CHECK(error_of(good + ":0100010001FE\n" + kEnd) == "f.hex:2 the checksum does not match");
  CHECK(error_of(good + "hello\n" + kEnd).starts_with("f.hex:2 is not an Intel HEX record"));
  CHECK(error_of(good + kEnd + good).starts_with("f.hex:3 there is something after"));
  CHECK(error_of(good + ":01000G0001FE\n" + kEnd).starts_with("f.hex:2 has a character"));
  CHECK(error_of(good + ":0200000001FD\n" + kEnd).starts_with("f.hex:2 says that it has 2"));
  CHECK(error_of(good + ":0100010001F\n" + kEnd).starts_with("f.hex:2 a record has an even"));
  CHECK(error_of(good + ":\n" + kEnd).starts_with("f.hex:2 a record has an even"));
  CHECK(error_of(good + record("00000006") + kEnd).starts_with("f.hex:2 record type 6"));
  CHECK(error_of(good + record("0100000401") + kEnd).starts_with("f.hex:2 a record of type 4"));
  CHECK(error_of(good + record("020001040000") + kEnd).starts_with("f.hex:2 a record of type 4"));
  CHECK(error_of(good + record("0100000101")).starts_with("f.hex:2 a record of type 1"));
  CHECK(error_of(record("02000004FFFF") + record("02FFFF000102") + kEnd) ==
        "f.hex:2 the record runs past 4 GiB");
  CHECK(error_of(record("020000021000") + record("02FFFF000102") + kEnd)
            .starts_with("f.hex:2 the record runs past the end of its 64 KiB segment"));
  CHECK(read(good + record("0400000A9901C0DE") + kEnd).error().hint.find("micro:bit") !=
        std::string::npos);
}

TEST_CASE("intel hex: an octet given twice is refused with both lines") {
  CHECK(error_of(record("020000000102") + record("020001000304") + kEnd) ==
        "f.hex:2 address 0x1 was given before, in line 1");
  CHECK(error_of(record("020004000304") + record("0800000000000000000000FF") + kEnd) ==
        "f.hex:2 address 0x4 was given before, in line 1");
  CHECK(error_of(record("0100000001") + record("0100000001") + kEnd) ==
        "f.hex:2 address 0x0 was given before, in line 1");
}

TEST_CASE("intel hex: a file cut off at any octet is refused or lost only its last line end") {
  const std::string whole = record("020000040800") + record("0400000001020304") + kEnd;
  for (std::size_t i = 0; i + 1 < whole.size(); ++i) {
    CAPTURE(i);
    CHECK_FALSE(read(whole.substr(0, i)).ok());
  }
  CHECK(read(whole.substr(0, whole.size() - 1)).ok());
}

TEST_CASE("intel hex: small gaps are filled, large ones refused with the parts and a hint") {
  const auto image = read(record("0100000001") + record("0100040002") + kEnd).value();
  const auto flat = flatten(image, {}, "f.hex");
  REQUIRE(flat.ok());
  CHECK(flat->load_address == 0);
  CHECK(to_hex(flat->data) == "01ffffff02");
  CHECK(to_hex(flatten(image, {{}, 0x00}, "f.hex")->data) == "0100000002");

  const auto at_limit =
      read(record("0100000001") + record("020000040001") + record("0100010002") + kEnd);
  CHECK(flatten(*at_limit, {}, "f.hex")->data.size() == 0x10002);
  const auto beyond =
      read(record("0100000001") + record("020000040001") + record("0100020002") + kEnd);
  const auto refused = flatten(*beyond, {}, "f.hex");
  REQUIRE_FALSE(refused.ok());
  CHECK(refused.error().why.find("0x0-0x1 (1 octets), 0x10002-0x10003 (1 octets)") !=
        std::string::npos);
  CHECK(refused.error().hint.find("--hex-range 0x0-0x1") != std::string::npos);
  CHECK(refused.error().hint.find("\"hex_range\": {\"start\": \"0x0\"") != std::string::npos);
}

TEST_CASE("intel hex: a range chooses octets, not records") {
  const auto image = read(record("0400000001020304") + record("0400100005060708") + kEnd).value();
  const auto flat = flatten(image, {HexRange{2, 0x12}, 0xFF}, "f.hex");
  REQUIRE(flat.ok());
  CHECK(flat->load_address == 2);
  CHECK(to_hex(flat->data) == "0304ffffffffffffffffffffffff0506");
  CHECK_FALSE(flatten(image, {HexRange{4, 0x10}, 0xFF}, "f.hex").ok());
}

TEST_CASE("intel hex: an image over 64 MiB is refused") {
  // Islands less than 64 KiB apart, over 65 MiB in all.
  std::string text;
  for (unsigned high = 0; high < 65 * 16; ++high) {
    std::array<char, 16> base{};
    (void)std::snprintf(base.data(), base.size(), "02000004%04X", high);
    text += record(base.data()) + record("01000000AA");
  }
  const auto image = read(text + kEnd);
  REQUIRE(image.ok());
  const auto flat = flatten(*image, {}, "f.hex");
  REQUIRE_FALSE(flat.ok());
  CHECK(flat.error().code == ErrorCode::malformed);
  CHECK(flatten(*image, {HexRange{0, 64U << 20U}, 0xFF}, "f.hex").ok());
}

TEST_CASE("intel hex: ranges are read as people write them") {
  CHECK(parse_hex_range("0x10-0x20").value() == HexRange{16, 32});
  CHECK(parse_hex_range("0-4096").value() == HexRange{0, 4096});
  for (const char* bad :
       {"", "-", "1", "1-", "-1", "2-1", "1-1", "0x-0x1", "1-2-3", "a-b", "1 -2"}) {
    CAPTURE(bad);
    CHECK_FALSE(parse_hex_range(bad).ok());
  }
}

TEST_CASE("intel hex: a real firmware with a far-away segment needs a range") {
  const std::string path = "/usr/share/firmware-microbit-micropython/firmware.hex";
  const auto text = read_small_file(path);
  if (!text) {
    WARN("package firmware-microbit-micropython is not installed");
    return;
  }
  const auto image = read_intel_hex(*text, path);
  REQUIRE(image.ok());
  const auto naive = flatten(*image, {}, path);
  REQUIRE_FALSE(naive.ok());
  CHECK(naive.error().why.find("0x100010c0") != std::string::npos);
  const auto flat = flatten(*image, {HexRange{0, 0x40000}, 0xFF}, path);
  REQUIRE(flat.ok());
  CHECK(flat->load_address == 0);
  CHECK(flat->data.size() > 200000);
  CHECK(flat->data.size() <= 0x40000);
  const auto uicr = flatten(*image, {HexRange{0x10001000, 0x10002000}, 0xFF}, path);
  REQUIRE(uicr.ok());
  CHECK(uicr->load_address == 0x100010C0);
  CHECK(uicr->data.size() == 28);
}

}  // namespace
