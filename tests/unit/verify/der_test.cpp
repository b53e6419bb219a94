#include <catch2/catch.hpp>

extern "C" {
#include "der.h"
}

#include "evseal/base/bytes.hpp"

using evseal::Bytes;
using evseal::from_hex;

namespace {

Bytes hex(const char* text) {
  return *from_hex(text);
}
der_reader open(const Bytes& bytes) {
  return der_open({bytes.data(), bytes.size()});
}

bool reads_any(const char* text) {
  const Bytes bytes = hex(text);
  der_reader reader = open(bytes);
  return evseal_der_read_any(&reader, nullptr, nullptr, nullptr) && der_done(&reader);
}

}  // namespace

TEST_CASE("reader: reads short and long lengths") {
  CHECK(reads_any("0400"));
  CHECK(reads_any("0401ff"));
  CHECK(reads_any(("048180" + std::string(256, '0')).c_str()));
  CHECK(reads_any(("04820100" + std::string(512, '0')).c_str()));
}

TEST_CASE("reader: refuses what DER does not allow") {
  CHECK_FALSE(reads_any("04"));    // no length
  CHECK_FALSE(reads_any("0480"));  // indefinite
  CHECK_FALSE(reads_any("04800000"));
  CHECK_FALSE(reads_any("048101ff"));  // not minimal
  CHECK_FALSE(reads_any("0482007fff"));
  CHECK_FALSE(reads_any("04850000000001ff"));
  CHECK_FALSE(reads_any("1f0100"));  // tag of several octets
  CHECK_FALSE(reads_any("0000"));    // end of contents
}

TEST_CASE("reader: refuses a length past the end, at every distance") {
  const Bytes whole = hex("3006040401020304");
  for (std::size_t length = 0; length < whole.size(); ++length) {
    der_reader reader = der_open({whole.data(), length});
    const std::size_t before = reader.left;
    CHECK_FALSE(evseal_der_read_any(&reader, nullptr, nullptr, nullptr));
    CHECK(reader.left == before);
  }
  const Bytes huge = hex("0484ffffffff00");
  der_reader reader = open(huge);
  CHECK_FALSE(evseal_der_read_any(&reader, nullptr, nullptr, nullptr));
}

TEST_CASE("integer: one form only") {
  const auto reads = [](const char* text) {
    const Bytes bytes = hex(text);
    der_reader reader = open(bytes);
    evseal_span content;
    return evseal_der_read_integer(&reader, &content) && der_done(&reader);
  };
  CHECK(reads("020100"));
  CHECK(reads("02020080"));
  CHECK(reads("0201ff"));
  CHECK_FALSE(reads("0200"));
  CHECK_FALSE(reads("02020001"));
  CHECK_FALSE(reads("0202ff80"));
  CHECK_FALSE(reads("030100"));
}

TEST_CASE("unsigned: bounds and signs") {
  const auto value = [](const char* text, std::uint64_t max) -> std::int64_t {
    const Bytes bytes = hex(text);
    der_reader reader = open(bytes);
    std::uint64_t out = 0;
    return evseal_der_read_unsigned(&reader, max, &out) ? static_cast<std::int64_t>(out) : -1;
  };
  CHECK(value("02017f", 127) == 127);
  CHECK(value("02020080", 127) == -1);
  CHECK(value("0201ff", UINT64_MAX) == -1);
  CHECK(value("0207ffffffffffffff", UINT64_MAX) == -1);
  CHECK(value("02050080000000", 0x80000000) == 0x80000000);
  CHECK(value("0209010000000000000000", UINT64_MAX) == -1);
}

TEST_CASE("boolean: 00 and FF only") {
  const auto reads = [](const char* text) {
    const Bytes bytes = hex(text);
    der_reader reader = open(bytes);
    bool out = false;
    return evseal_der_read_boolean(&reader, &out);
  };
  CHECK(reads("0101ff"));
  CHECK(reads("010100"));
  CHECK_FALSE(reads("010101"));
  CHECK_FALSE(reads("0100"));
  CHECK_FALSE(reads("0102ffff"));
  CHECK_FALSE(reads("0201ff"));
}

TEST_CASE("bit strings: unused bits are zero") {
  const auto bits = [](const char* text) -> std::int64_t {
    const Bytes bytes = hex(text);
    der_reader reader = open(bytes);
    std::uint32_t out = 0;
    return evseal_der_read_named_bits(&reader, &out) ? static_cast<std::int64_t>(out) : -1;
  };
  CHECK(bits("03020780") == 1);
  CHECK(bits("03020106") == 0x60);
  CHECK(bits("030100") == 0);
  CHECK(bits("030200a0") == 5);  // zero bits at the end: tolerated
  CHECK(bits("030207c0") == -1);
  CHECK(bits("03020880") == -1);
  CHECK(bits("030101") == -1);
  CHECK(bits("0300") == -1);
  CHECK(bits("0400") == -1);
  CHECK(bits("030500ffffffff") == 0xFFFFFFFF);
  CHECK(bits("03060000000000ff") == -1);  // more than are known
}

TEST_CASE("bit strings: of whole octets only, for signatures and keys") {
  const auto reads = [](const char* text) {
    const Bytes bytes = hex(text);
    der_reader reader = open(bytes);
    evseal_span out;
    return evseal_der_read_octet_bits(&reader, &out);
  };
  CHECK(reads("030100"));
  CHECK(reads("030200ff"));
  CHECK_FALSE(reads("0300"));
  CHECK_FALSE(reads("030201fe"));
  CHECK_FALSE(reads("040200ff"));
}

TEST_CASE("constants: another number is another, and what is no number is none") {
  const auto value = [](const char* text) {
    const Bytes bytes = hex(text);
    der_reader reader = open(bytes);
    bool equal = false;
    return evseal_der_read_constant(&reader, 1, &equal) ? (equal ? 1 : 0) : -1;
  };
  CHECK(value("020101") == 1);
  CHECK(value("020102") == 0);
  CHECK(value("02020101") == 0);
  CHECK(value("0200") == -1);
}

TEST_CASE("time: UTCTime to 2049, GeneralizedTime from 2050") {
  const auto read = [](std::uint8_t tag, const std::string& text) -> std::int64_t {
    Bytes bytes = {tag, static_cast<std::uint8_t>(text.size())};
    bytes.insert(bytes.end(), text.begin(), text.end());
    der_reader reader = open(bytes);
    std::int64_t out = 0;
    return evseal_der_read_time(&reader, &out) ? out : INT64_MIN;
  };
  CHECK(read(0x17, "700101000000Z") == 0);
  CHECK(read(0x17, "491231235959Z") == 2524607999);
  CHECK(read(0x18, "20500101000000Z") == 2524608000);
  CHECK(read(0x17, "500101000000Z") == -631152000);
  CHECK(read(0x18, "99991231235959Z") == 253402300799);
  CHECK(read(0x18, "20491231235959Z") == INT64_MIN);
  CHECK(read(0x17, "7001010000Z") == INT64_MIN);
  CHECK(read(0x17, "700101000000+0000") == INT64_MIN);
  CHECK(read(0x17, "700101000060Z") == INT64_MIN);
  CHECK(read(0x17, "700229000000Z") == INT64_MIN);
  CHECK(read(0x18, "20500101000000.5Z") == INT64_MIN);
  CHECK(read(0x16, "700101000000Z") == INT64_MIN);
  CHECK(read(0x17, "7001010000ooZ") == INT64_MIN);
  CHECK(read(0x1F, "700101000000Z") == INT64_MIN);
}
