#include "evseal/manifest/der_writer.hpp"

#include <catch2/catch.hpp>

#include "fixtures.hpp"

namespace {

using namespace evseal;
using namespace evseal::manifest;

std::string hex(const Bytes& bytes) {
  return to_hex(bytes);
}

TEST_CASE("der: lengths take the fewest octets") {
  CHECK(hex(der::octet_string(Bytes(0))) == "0400");
  CHECK(hex(der::octet_string(Bytes(127))).substr(0, 4) == "047f");
  CHECK(hex(der::octet_string(Bytes(128))).substr(0, 6) == "048180");
  CHECK(hex(der::octet_string(Bytes(255))).substr(0, 6) == "0481ff");
  CHECK(hex(der::octet_string(Bytes(256))).substr(0, 8) == "04820100");
  CHECK(hex(der::octet_string(Bytes(65536))).substr(0, 10) == "0483010000");
}

TEST_CASE("der: integers are minimal and never negative") {
  CHECK(hex(der::integer(0)) == "020100");
  CHECK(hex(der::integer(127)) == "02017f");
  CHECK(hex(der::integer(128)) == "02020080");
  CHECK(hex(der::integer(256)) == "02020100");
  CHECK(hex(der::integer(UINT64_MAX)) == "020900ffffffffffffffff");
  CHECK(hex(der::integer(ByteView())) == "020100");
  CHECK(hex(der::integer(ByteView(Bytes{0, 0, 0x80}))) == "02020080");
  CHECK(hex(der::integer(ByteView(Bytes{0x7F, 0x01}))) == "02027f01");
}

TEST_CASE("der: simple types") {
  CHECK(hex(der::boolean(true)) == "0101ff");
  CHECK(hex(der::boolean(false)) == "010100");
  CHECK(hex(der::null()) == "0500");
  CHECK(hex(der::enumerated(1)) == "0a0101");
  CHECK(hex(der::bit_string(Bytes{0xAB})) == "030200ab");
  CHECK(hex(der::utf8_string("é")) == "0c02c3a9");
  CHECK(hex(der::printable_string("A b").value()) == "1303412062");
  CHECK(hex(der::ia5_string("a@b").value()) == "1603614062");
  CHECK_FALSE(der::printable_string("a@b").ok());
  CHECK_FALSE(der::printable_string("a_b").ok());
  CHECK_FALSE(der::ia5_string("é").ok());
}

TEST_CASE("der: named bits have no trailing zero bits") {
  CHECK(hex(der::named_bits({0})) == "03020780");       // digitalSignature
  CHECK(hex(der::named_bits({5, 6})) == "03020106");    // keyCertSign, cRLSign
  CHECK(hex(der::named_bits({0, 8})) == "0303078080");  // decipherOnly stands in a second octet
  CHECK(hex(der::named_bits({})) == "030100");
  CHECK(hex(der::named_bits({7})) == "03020001");
}

TEST_CASE("der: object identifiers of any length") {
  CHECK(hex(der::oid("1.2.840.113549.1.7.2").value()) == "06092a864886f70d010702");
  CHECK(hex(der::oid("2.5.29.15").value()) == "0603551d0f");
  CHECK(hex(der::oid("2.999.3").value()) == "0603883703");
  CHECK(hex(der::oid("0.0").value()) == "060100");
  CHECK(hex(der::oid("1.39").value()) == "06014f");
  // evseal's arc of 128 bits; the octets are those of `openssl asn1parse -genstr OID:…`.
  CHECK(hex(der::oid("2.25.16969548012417228313490157624141281090.1.1").value()) ==
        "06156999c49bd4839adaafa78adb8bdbe2fd9fee420101");
  for (const char* bad : {"", "1", "1.", ".1", "1..2", "3.1", "1.40", "0.100", "1.2.03", "1.2.a",
                          "1.2.-1", "1.2 ", "2.25.1x"}) {
    CAPTURE(bad);
    CHECK_FALSE(der::oid(bad).ok());
  }
}

TEST_CASE("der: OpenSSL writes the same OID") {
  const manifest::testing::TemporaryFolder folder;
  const std::string out = (folder.path() / "oid.der").string();
  const std::string arc = "2.25.16969548012417228313490157624141281090.2.3";
  REQUIRE(
      manifest::testing::run("openssl asn1parse -genstr OID:" + arc + " -noout -out " + out).ok);
  CHECK(manifest::testing::read_all(out) == der::oid(arc).value());
}

TEST_CASE("der: times change their form in 2050") {
  CHECK(as_text(der::utc_time(0).value()) ==
        "\x17\x0d"
        "700101000000Z");
  CHECK(as_text(der::time(2524607999).value()) ==
        "\x17\x0d"
        "491231235959Z");
  CHECK(as_text(der::time(2524608000).value()) ==
        "\x18\x0f"
        "20500101000000Z");
  CHECK(as_text(der::time(253402300799).value()) ==
        "\x18\x0f"
        "99991231235959Z");
  CHECK_FALSE(der::utc_time(2524608000).ok());
  CHECK_FALSE(der::utc_time(-631152001).ok());
  CHECK_FALSE(der::time(253402300800).ok());
  CHECK_FALSE(der::time(INT64_MAX).ok());
  CHECK_FALSE(der::time(INT64_MIN).ok());
}

TEST_CASE("der: sets are sorted, the shorter padded with zeros") {
  CHECK(hex(der::set_of({Bytes{2, 1, 5}, Bytes{2, 1, 3}, Bytes{1, 1, 0}})) ==
        "3109010100020103020105");
  // X.690 §11.6: padding decides between 01 00 and 01 00 00 01 only by what is beyond.
  CHECK(hex(der::implicit_set_of(0, {Bytes{1, 1}, Bytes{1}})) == "a003010101");
}

TEST_CASE("der: tags wrap and replace") {
  CHECK(hex(der::explicit_tag(0, der::integer(2))) == "a003020102");
  CHECK(hex(der::implicit_primitive(2, Bytes{0xAA})) == "8201aa");
  CHECK(hex(der::implicit_constructed(1, der::null())) == "a1020500");
  CHECK(hex(der::retag(0x31, Bytes{0xA0, 0})) == "3100");
  CHECK(hex(der::sequence({der::integer(1), der::sequence({der::null()})})) ==
        "300702010130020500");
}

}  // namespace
