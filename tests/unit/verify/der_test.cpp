#include <catch2/catch.hpp>

extern "C" {
#include "der.h"
#include "der_write.h"
}

#include "evseal/base/bytes.hpp"
#include "guarded.hpp"

using evseal::Bytes;
using evseal::ByteView;
using evseal::from_hex;
using evseal::test::Guarded;

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
  Bytes longest = hex("048401000000");
  longest.resize(longest.size() + 0x01000000);
  der_reader reader = open(longest);
  evseal_span content;
  CHECK((evseal_der_read(&reader, DER_OCTET_STRING, &content) && content.len == 0x01000000));
}

TEST_CASE("reader: gives the element or what is in it, and goes into it") {
  const Bytes bytes = hex("3003020107");
  evseal_span span;
  der_reader reader = open(bytes);
  CHECK_FALSE(evseal_der_read_whole(&reader, DER_SET, &span));
  REQUIRE(evseal_der_read_whole(&reader, DER_SEQUENCE, &span));
  CHECK((span.data == bytes.data() && span.len == 5));
  reader = open(bytes);
  der_reader inner;
  CHECK_FALSE(evseal_der_enter(&reader, DER_SET, &inner));
  CHECK(reader.left == 5);
  REQUIRE(evseal_der_enter(&reader, DER_SEQUENCE, &inner));
  CHECK((inner.at == bytes.data() + 2 && inner.left == 3));
}

TEST_CASE("reader: equal elements are in no order") {
  const Bytes low = hex("020101");
  const Bytes high = hex("020102");
  const auto ordered = [](const Bytes& a, const Bytes& b) {
    return evseal_der_in_set_order({a.data(), a.size()}, {b.data(), b.size()});
  };
  CHECK(ordered(low, high));
  CHECK_FALSE(ordered(high, low));
  CHECK_FALSE(ordered(low, low));
}

TEST_CASE("reader: refuses what DER does not allow, and does not move") {
  const std::string content(256, '0');
  for (const std::string& text : {
           std::string("04"),          // no length
           std::string("0480"),        // indefinite
           std::string("04800000"),    //
           "0480" + content,           //
           std::string("048101ff"),    // not minimal
           "04817f" + content,         //
           std::string("0482007fff"),  //
           std::string("04850000000001ff"),
           "04850100000080" + content,  // more octets of length than four
           std::string("0484ffffffff00"),
           std::string("1f0100"),  // tag of several octets
           std::string("0000")     // end of contents
       }) {
    INFO(text);
    const Bytes bytes = hex(text.c_str());
    der_reader reader = open(bytes);
    CHECK_FALSE(evseal_der_read_any(&reader, nullptr, nullptr, nullptr));
    CHECK(reader.at == bytes.data());
    CHECK(reader.left == bytes.size());
  }
}

TEST_CASE("reader: refuses a length past the end, at every distance, and reads nothing there") {
  for (const std::string& text :
       {std::string("3006040401020304"), "048180" + std::string(256, '0'),
        "04820100" + std::string(512, '0'), std::string("0484ffffffff00")}) {
    const Bytes whole = hex(text.c_str());
    for (std::size_t length = 0; length < whole.size(); ++length) {
      const Guarded cut(ByteView(whole).first(length));
      // Behind the end, where a reader must not look, it would go on well.
      for (const std::uint8_t* at :
           {static_cast<const std::uint8_t*>(cut.octets().data()), whole.data()}) {
        der_reader reader = der_open({at, length});
        CHECK_FALSE(evseal_der_read_any(&reader, nullptr, nullptr, nullptr));
        CHECK(reader.left == length);
      }
    }
  }
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
  CHECK(value("02080100000000000000", UINT64_MAX) == 0x0100000000000000);
  CHECK(value("02087fffffffffffffff", INT64_MAX) == INT64_MAX);
  CHECK(value("0209008000000000000000", INT64_MAX) == -1);
  // Eight octets of value and one that says that it is positive.
  const Bytes largest = hex("020900ffffffffffffffff");
  der_reader reader = open(largest);
  std::uint64_t out = 0;
  REQUIRE(evseal_der_read_unsigned(&reader, UINT64_MAX, &out));
  CHECK(out == UINT64_MAX);
}

TEST_CASE("positive: without the octet that only says so, but zero is an octet") {
  const auto octets = [](const char* text) {
    const Bytes bytes = hex(text);
    der_reader reader = open(bytes);
    evseal_span out;
    REQUIRE(evseal_der_read_positive(&reader, &out));
    return Bytes(out.data, out.data + out.len);
  };
  CHECK(octets("020100") == Bytes{0});
  CHECK(octets("02017f") == Bytes{0x7F});
  CHECK(octets("02020080") == Bytes{0x80});
  CHECK(octets("02020100") == Bytes{1, 0});
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
  for (const bool expected : {true, false}) {
    const Bytes bytes = hex(expected ? "0101ff" : "010100");
    der_reader reader = open(bytes);
    bool out = !expected;
    CHECK(evseal_der_read_boolean(&reader, &out));
    CHECK(out == expected);
  }
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

TEST_CASE("time: what is no digit is not replaced by what was read before") {
  const std::string good =
      "\x17\x0D"
      "700101000000Z";
  const std::string bad =
      "\x17\x0D"
      "7001010000ooZ";
  const auto reader_of = [](const std::string& text) {
    return der_open({reinterpret_cast<const std::uint8_t*>(text.data()), text.size()});
  };
  der_reader first = reader_of(good);
  der_reader second = reader_of(bad);
  std::int64_t out = 0;
  const bool first_read = evseal_der_read_time(&first, &out);
  const bool second_read = evseal_der_read_time(&second, &out);
  CHECK(first_read);
  CHECK_FALSE(second_read);
}

TEST_CASE("writer: lengths and numbers in their shortest form") {
  const auto octets_of = [](const der_writer& writer) {
    CHECK_FALSE(writer.full);
    return Bytes(writer.at, writer.end);
  };
  for (const auto& [length, header] : {std::pair<std::size_t, const char*>{0, "0400"},
                                       {127, "047f"},
                                       {128, "048180"},
                                       {255, "0481ff"},
                                       {256, "04820100"}}) {
    INFO(length);
    const Bytes content(length, 7);
    Bytes buffer(300);
    der_writer writer = evseal_der_writer(buffer.data(), buffer.size());
    evseal_der_put_element(&writer, DER_OCTET_STRING, {content.data(), content.size()});
    Bytes expected = hex(header);
    expected.insert(expected.end(), content.begin(), content.end());
    CHECK(octets_of(writer) == expected);
  }
  for (const auto& [value, expected] : {std::pair<std::uint64_t, const char*>{0, "020100"},
                                        {0x7F, "02017f"},
                                        {0x80, "02020080"},
                                        {0xFF, "020200ff"},
                                        {0x100, "02020100"},
                                        {0x8000, "0203008000"}}) {
    INFO(value);
    Bytes buffer(20);
    der_writer writer = evseal_der_writer(buffer.data(), buffer.size());
    evseal_der_put_unsigned(&writer, value);
    CHECK(octets_of(writer) == hex(expected));
  }
}

TEST_CASE("writer: what does not fit is said, and nothing is written in front of the buffer") {
  const Bytes content(10, 7);
  for (std::size_t room = 0; room <= 12; ++room) {
    INFO(room);
    Bytes buffer(12, 0xEE);
    der_writer writer = evseal_der_writer(buffer.data() + (12 - room), room);
    evseal_der_put_element(&writer, DER_OCTET_STRING, {content.data(), content.size()});
    CHECK(writer.full == (room < 12));
    CHECK(std::count(buffer.begin(), buffer.begin() + static_cast<std::ptrdiff_t>(12 - room),
                     0xEE) == static_cast<std::ptrdiff_t>(12 - room));
  }
}
