// A small DER writer (X.690): each function returns one complete encoding, to be nested by value.
// Made for envelopes, certificates, CRLs and device profiles, which are all small.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <span>
#include <string_view>
#include <vector>

#include "evseal/base/bytes.hpp"
#include "evseal/base/result.hpp"

namespace evseal::manifest::der {

/// Identifier octets of the universal types that are used.
enum Tag : std::uint8_t {
  kBoolean = 0x01,
  kInteger = 0x02,
  kBitString = 0x03,
  kOctetString = 0x04,
  kNull = 0x05,
  kOid = 0x06,
  kEnumerated = 0x0A,
  kUtf8String = 0x0C,
  kPrintableString = 0x13,
  kIa5String = 0x16,
  kUtcTime = 0x17,
  kGeneralizedTime = 0x18,
  kSequence = 0x30,
  kSet = 0x31,
};

/// Any identifier octet with its content.
[[nodiscard]] Bytes tlv(std::uint8_t tag, ByteView content);
/// The encoding with another identifier octet: IMPLICIT tagging. `encoding` must not be empty.
[[nodiscard]] Bytes retag(std::uint8_t tag, Bytes encoding);
/// Octets one after the other.
[[nodiscard]] Bytes concat(std::span<const Bytes> parts);

[[nodiscard]] Bytes integer(std::uint64_t value);
/// A non-negative INTEGER from its big-endian magnitude (leading zeros are dropped; no octets are
/// 0).
[[nodiscard]] Bytes integer(ByteView magnitude);
[[nodiscard]] Bytes enumerated(std::uint8_t value);
[[nodiscard]] Bytes boolean(bool value);
[[nodiscard]] Bytes null();
[[nodiscard]] Bytes octet_string(ByteView value);
/// All bits of all octets.
[[nodiscard]] Bytes bit_string(ByteView value);
/// A named bit list, bit 0 first: `named_bits({0, 5})` is a KeyUsage of digitalSignature and
/// keyCertSign. Bits below 32.
[[nodiscard]] Bytes named_bits(std::initializer_list<unsigned> bits);
/// The text must be UTF-8; it is not checked here.
[[nodiscard]] Bytes utf8_string(std::string_view text);
/// Errors: usage, for a character outside A–Z a–z 0–9 space ' ( ) + , - . / : = ?
[[nodiscard]] Result<Bytes> printable_string(std::string_view text);
/// Errors: usage, for a character outside ASCII.
[[nodiscard]] Result<Bytes> ia5_string(std::string_view text);

/// From dotted decimal text; arcs may have any length (X.667 gives evseal one of 128 bits).
/// Errors: usage, for text that is no OID.
[[nodiscard]] Result<Bytes> oid(std::string_view dotted);

/// `YYMMDDHHMMSSZ`. Errors: usage, outside 1950 to 2049.
[[nodiscard]] Result<Bytes> utc_time(std::int64_t seconds);
/// `YYYYMMDDHHMMSSZ`. Errors: usage, outside years 0 to 9999.
[[nodiscard]] Result<Bytes> generalized_time(std::int64_t seconds);
/// UTCTime to 2049, GeneralizedTime from 2050 (RFC 5280 §4.1.2.5, docs/format.md §4).
[[nodiscard]] Result<Bytes> time(std::int64_t seconds);

[[nodiscard]] Bytes sequence(std::initializer_list<Bytes> parts);
[[nodiscard]] Bytes sequence(std::span<const Bytes> parts);
/// Sorts into DER order (X.690 §11.6): octet by octet, the shorter padded with zero octets.
void sort_set_of(std::vector<Bytes>& elements);
/// SET OF in DER order. Doubles are kept: whether they are allowed is the caller's business.
[[nodiscard]] Bytes set_of(std::vector<Bytes> elements);

/// `[number] EXPLICIT`, number below 31.
[[nodiscard]] Bytes explicit_tag(unsigned number, ByteView encoding);
/// `[number] IMPLICIT` of a primitive type, from its content.
[[nodiscard]] Bytes implicit_primitive(unsigned number, ByteView content);
/// `[number] IMPLICIT` of a constructed type (SEQUENCE, SET OF), from its content.
[[nodiscard]] Bytes implicit_constructed(unsigned number, ByteView content);
/// `[number] IMPLICIT SET OF` in DER order.
[[nodiscard]] Bytes implicit_set_of(unsigned number, std::vector<Bytes> elements);

}  // namespace evseal::manifest::der
