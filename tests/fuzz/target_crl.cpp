// evseal_crl_parse(), and what is built on it: lookups of serial numbers, whose a list is, a path
// of one certificate. A second reader, written here, must come to the same status and entries.
#include <evseal/crl.h>

#include <chrono>
#include <cstring>
#include <optional>
#include <string>

#include "fuzz.hpp"
#include "toy_crypto.hpp"

extern "C" {
#include "crl_claims.h"
#include "oids.h"
#include "x509_fields.h"
}

namespace {

using namespace evseal;
using namespace evseal::fuzz;

/// One element of DER.
struct Element {
  unsigned tag = 0;
  ByteView content;
  ByteView whole;
};
using Elements = std::vector<Element>;

struct Broken {};

void need(bool condition) {
  if (!condition) {
    throw Broken();
  }
}

/// All elements one after the other (X.690 section 10.1: lengths in the fewest octets).
Elements elements_of(ByteView rest) {
  Elements out;
  while (!rest.empty()) {
    need(rest.size() >= 2 && rest[0] != 0 && (rest[0] & 31U) != 31U);
    std::size_t header = 2;
    std::size_t length = rest[1];
    if (length >= 128) {
      header = 2 + (length - 128);
      need(header >= 3 && header <= 6 && header <= rest.size());
      length = 0;
      for (const std::uint8_t octet : rest.subspan(2, header - 2)) {
        length = length * 256 + octet;
      }
      need(rest[2] != 0 && length >= 128);
    }
    need(length <= rest.size() - header);
    out.push_back({rest[0], rest.subspan(header, length), rest.first(header + length)});
    rest = rest.subspan(header + length);
  }
  return out;
}

/// The fields of a SEQUENCE that comes alone.
Elements sequence(ByteView bytes) {
  const Elements outer = elements_of(bytes);
  need(outer.size() == 1 && outer[0].tag == DER_SEQUENCE);
  return elements_of(outer[0].content);
}

const Element& at(const Elements& fields, std::size_t index, unsigned tag) {
  need(index < fields.size() && fields[index].tag == tag);
  return fields[index];
}

/// X.690 section 8.3.2: not all of the first nine bits alike.
void need_integer(ByteView content) {
  need(!content.empty());
  if (content.size() > 1) {
    const unsigned nine = content[0] * 2U + (content[1] >> 7U);
    need(nine != 0 && nine != 511);
  }
}

/// "YYMMDDHHMMSSZ" for 1950 to 2049, "YYYYMMDDHHMMSSZ" from 2050 (RFC 5280 section 4.1.2.5).
std::int64_t seconds_of(const Element& element) {
  using namespace std::chrono;
  std::string text(element.content.begin(), element.content.end());
  const bool utc = element.tag == DER_UTC_TIME;
  need((utc && text.size() == 13) || (element.tag == DER_GENERALIZED_TIME && text.size() == 15));
  if (utc) {
    text.insert(0, text[0] < '5' ? "20" : "19");
  }
  need(text.find_first_not_of("0123456789") == 14 && text[14] == 'Z');
  const auto number = [&](std::size_t from, std::size_t count) {
    return std::stoi(text.substr(from, count));
  };
  const year_month_day date(year(number(0, 4)), month(static_cast<unsigned>(number(4, 2))),
                            day(static_cast<unsigned>(number(6, 2))));
  need(date.ok() && (utc || number(0, 4) >= 2050));
  need(number(8, 2) < 24 && number(10, 2) < 60 && number(12, 2) < 60);
  return sys_seconds(sys_days(date)).time_since_epoch().count() + number(8, 2) * 3600 +
         number(10, 2) * 60 + number(12, 2);
}

struct Extension {
  ByteView oid;
  bool critical = false;
  ByteView value;
  [[nodiscard]] bool is(evseal_span other) const { return same_octets(oid, view_of(other)); }
};

std::vector<Extension> extensions_of(ByteView content, std::size_t max) {
  std::vector<Extension> out;
  const Elements list = elements_of(content);
  need(!list.empty() && list.size() <= max);
  for (const Element& one : list) {
    const Elements fields = sequence(one.whole);
    Extension extension;
    extension.oid = at(fields, 0, DER_OID).content;
    extension.critical = fields.size() == 3;
    extension.value = at(fields, fields.size() - 1, DER_OCTET_STRING).content;
    need(!extension.oid.empty() && (fields.size() == 2 || fields.size() == 3));
    need(!extension.critical || same_octets(at(fields, 1, DER_BOOLEAN).content, Bytes{0xFF}));
    for (const Extension& other : out) {
      need(!same_octets(other.oid, extension.oid));
    }
    out.push_back(extension);
  }
  return out;
}

/// What docs/format.md section 6.1 asks of a CRL, rule by rule.
struct Model {
  bool encoding = false;
  bool algorithm = false;
  bool number = false;
  bool supported = true;
  std::uint64_t crl_number = 0;
  std::int64_t this_update = 0;
  std::int64_t next_update = 0;
  ByteView key_id;
  std::vector<ByteView> serials;

  [[nodiscard]] evseal_status status() const {
    if (!encoding) {
      return EVSEAL_CRL_ENCODING;
    }
    if (!algorithm) {
      return EVSEAL_CRL_ALGORITHM;
    }
    return !number ? EVSEAL_CRL_NUMBER : (supported ? EVSEAL_OK : EVSEAL_CRL_UNSUPPORTED);
  }
};

void read_entry(Model& model, const Element& entry) {
  const Elements fields = sequence(entry.whole);
  need(fields.size() == 2 || fields.size() == 3);
  const ByteView serial = at(fields, 0, DER_INTEGER).content;
  need_integer(serial);
  need(serial.size() <= 21);
  (void)seconds_of(fields[1]);
  model.serials.push_back(serial);
  if (fields.size() == 3) {
    for (const Extension& one : extensions_of(at(fields, 2, DER_SEQUENCE).content, 4)) {
      const bool fine = !one.critical || one.is(evseal_oid_reason_code);
      model.supported = model.supported && fine && !one.is(evseal_oid_certificate_issuer);
    }
  }
}

void read_number(Model& model, const Extension& extension) {
  const Elements value = elements_of(extension.value);
  need(value.size() == 1);
  const ByteView content = at(value, 0, DER_INTEGER).content;
  need_integer(content);
  model.number = !extension.critical && content.size() <= 8 && content[0] < 128;
  for (std::size_t i = 0; model.number && i < content.size(); ++i) {
    model.crl_number = model.crl_number * 256 + content[i];
  }
}

void read_extensions(Model& model, ByteView content) {
  for (const Extension& one : extensions_of(content, EVSEAL_MAX_EXTENSIONS)) {
    if (one.is(evseal_oid_crl_number)) {
      read_number(model, one);
      continue;
    }
    if (one.is(evseal_oid_authority_key_id)) {
      x509_authority authority{};
      need(evseal_x509_read_authority(&authority, der_open(span_of(one.value))));
      model.key_id = view_of(authority.key_id);
    }
    model.supported = model.supported && !one.critical && !one.is(evseal_oid_delta_crl_indicator) &&
                      !one.is(evseal_oid_issuing_distribution_point) &&
                      !one.is(evseal_oid_certificate_issuer);
  }
  need(!model.key_id.empty());
}

/// Names, algorithms and authorityKeyIdentifier are read by the library: certificates have them
/// too, and their own target.
void read_list(Model& model, ByteView der) {
  const Elements list = sequence(der);
  need(list.size() == 3);
  const ByteView algorithm = at(list, 1, DER_SEQUENCE).whole;
  const ByteView signature = at(list, 2, DER_BIT_STRING).content;
  need(!signature.empty() && signature[0] == 0);
  const Elements tbs = sequence(list[0].whole);
  need(same_octets(at(tbs, 0, DER_INTEGER).content, Bytes{1}));
  const ByteView inner = at(tbs, 1, DER_SEQUENCE).whole;
  const ByteView issuer = at(tbs, 2, DER_SEQUENCE).whole;
  need(issuer.size() > 2 && evseal_x509_name_well_formed(span_of(issuer)));
  need(tbs.size() == 6 || tbs.size() == 7);
  model.this_update = seconds_of(tbs[3]);
  model.next_update = seconds_of(tbs[4]);
  if (tbs.size() == 7) {
    const Elements entries = elements_of(at(tbs, 5, DER_SEQUENCE).content);
    need(!entries.empty());
    for (const Element& entry : entries) {
      read_entry(model, entry);
    }
  }
  const Elements tagged = elements_of(at(tbs, tbs.size() - 1, DER_CONTEXT(0)).content);
  need(tagged.size() == 1);
  read_extensions(model, at(tagged, 0, DER_SEQUENCE).content);
  evseal_algorithm parsed{};
  model.algorithm = evseal_x509_algorithm(&parsed, span_of(inner), span_of(algorithm));
  model.encoding = true;
}

Model model_of(ByteView der) {
  Model model;
  try {
    read_list(model, der);
  } catch (const Broken&) {
    model.encoding = false;
  }
  return model;
}

void check_spans(const evseal_crl& crl, ByteView der) {
  for (const evseal_span span : {crl.der, crl.tbs, crl.issuer, crl.algorithm_der, crl.signature,
                                 crl.entries, crl.authority_key_id}) {
    FUZZ_REQUIRE(within(span, der));
  }
}

/// Whatever the octets were: a walk ends, stays inside, and finds what was there.
void check_walk(const evseal_crl& crl, const Model& model, ByteView der) {
  evseal_span rest = crl.entries;
  evseal_span serial{};
  std::size_t count = 0;
  for (; evseal_crl_next_serial(&rest, &serial); ++count) {
    FUZZ_REQUIRE(within(serial, der) && within(rest, der));
    FUZZ_REQUIRE(crl.status == EVSEAL_CRL_ENCODING ||
                 same_octets(view_of(serial), model.serials.at(count)));
  }
  FUZZ_REQUIRE(crl.status != EVSEAL_OK || count == model.serials.size());
}

void check_lookup(const evseal_crl& crl, const Model& model, ByteView serial) {
  const bool listed = std::any_of(model.serials.begin(), model.serials.end(),
                                  [&](ByteView one) { return same_octets(one, serial); });
  FUZZ_REQUIRE(evseal_crl_lists(&crl, span_of(serial)) == listed);
}

/// Each serial number, and those beside it. Of a long list the first: a lookup walks over all of
/// it.
void check_lookups(const evseal_crl& crl, const Model& model) {
  for (std::size_t i = 0; i < std::min<std::size_t>(model.serials.size(), 64); ++i) {
    const ByteView serial = model.serials[i];
    Bytes other(serial.begin(), serial.end());
    check_lookup(crl, model, other);
    other.back() = static_cast<std::uint8_t>(other.back() ^ 1U);
    check_lookup(crl, model, other);
    other.push_back(0);
    check_lookup(crl, model, other);
    check_lookup(crl, model, serial.first(serial.size() - 1));
    check_lookup(crl, model, serial.subspan(1));
  }
}

const Bytes kKey = [] {
  Bytes spki = {0x30, 0x2A, 0x30, 0x05, 0x06, 0x03, 0x2B, 0x65, 0x70, 0x03, 0x21, 0x00};
  spki.resize(44, 0x22);
  return spki;
}();

struct Issuer {
  evseal_budget budget = {EVSEAL_MAX_OPERATIONS, 0, 0, {}};
  evseal_chain_rules rules{};
  evseal_public_key key{};

  evseal_status check(const evseal_crl& crl, evseal_span name,
                      const evseal_certificate* certificate = nullptr) {
    return evseal_crl_check_issuer(&crl, &budget, &kToyCrypto, name, certificate, &key, &rules);
  }
};

/// One certificate below an anchor of the CRL's issuer.
evseal_status check_path(const evseal_crl& crl, ByteView serial, std::int64_t time) {
  evseal_certificate certificate{};
  certificate.serial = span_of(serial);
  const evseal_anchor anchor = {crl.issuer, span_of(kKey), nullptr};
  evseal_path path = {{0}, 1, 0, 0xFF};
  Issuer issuer;
  issuer.rules.flags = EVSEAL_CHAIN_CHECK_TIME;
  issuer.rules.time = time;
  const evseal_status status = evseal_crl_check_path(&path, &issuer.budget, &kToyCrypto,
                                                     &certificate, &anchor, &crl, 1, &issuer.rules);
  FUZZ_REQUIRE((status == EVSEAL_OK) == (path.failed == 0xFF));
  FUZZ_REQUIRE(issuer.budget.operations + 1 == EVSEAL_MAX_OPERATIONS);
  return status;
}

/// With a signature that holds: what the list means.
void check_signed(const evseal_crl& crl, const Model& model) {
  const Bytes unlisted(22, 0x7F);  // longer than any serial number
  const bool ever = crl.this_update <= crl.next_update;
  for (const std::int64_t time : {crl.this_update, crl.next_update}) {
    FUZZ_REQUIRE(check_path(crl, unlisted, time) == (ever ? EVSEAL_OK : EVSEAL_CRL_STALE));
    if (!model.serials.empty()) {
      FUZZ_REQUIRE(check_path(crl, model.serials.back(), time) ==
                   (ever ? EVSEAL_REVOKED : EVSEAL_CRL_STALE));
    }
  }
  FUZZ_REQUIRE(check_path(crl, unlisted, crl.this_update - 1) == EVSEAL_CRL_STALE);
  FUZZ_REQUIRE(check_path(crl, unlisted, crl.next_update + 1) == EVSEAL_CRL_STALE);
}

/// The list under a toy signature: it is the issuer's, until one bit of what is signed differs.
void check_signature(const evseal_crl& crl, const Model& model, ByteView der) {
  Issuer issuer;
  FUZZ_REQUIRE(evseal_public_key_parse(&issuer.key, span_of(kKey)) == EVSEAL_OK);
  if (crl.algorithm.scheme != EVSEAL_SCHEME_ED25519 || crl.signature.len != 64) {
    const evseal_status other = issuer.check(crl, crl.issuer);
    FUZZ_REQUIRE(other == EVSEAL_CRL_ISSUER || other == EVSEAL_CERT_PKCS1);
    return;
  }
  Bytes copy(der.begin(), der.end());
  const auto place = [&](evseal_span span) { return copy.data() + (span.data - der.data()); };
  const Bytes made = toy_sign(ToyForm::ed25519, view_of(crl.tbs), EVSEAL_HASH_SHA512);
  std::copy(made.begin(), made.end(), place(crl.signature));
  evseal_crl signed_list{};
  FUZZ_REQUIRE(evseal_crl_parse(&signed_list, span_of(copy)) == EVSEAL_OK);
  FUZZ_REQUIRE(issuer.check(signed_list, crl.issuer) == EVSEAL_OK);
  check_signed(signed_list, model);
  evseal_certificate certificate{};
  certificate.flags = EVSEAL_CERT_HAS_KEY_USAGE;
  FUZZ_REQUIRE(issuer.check(signed_list, crl.issuer, &certificate) == EVSEAL_CRL_ISSUER);
  certificate.key_usage = EVSEAL_KU_CRL_SIGN;
  FUZZ_REQUIRE(issuer.check(signed_list, crl.issuer, &certificate) == EVSEAL_OK);
  certificate.subject_key_id = crl.issuer;
  FUZZ_REQUIRE((issuer.check(signed_list, crl.issuer, &certificate) == EVSEAL_OK) ==
               same_octets(model.key_id, view_of(crl.issuer)));
  FUZZ_REQUIRE(issuer.check(signed_list, crl.tbs) == EVSEAL_CRL_ISSUER);
  std::uint8_t& octet = place(crl.tbs)[der.back() * der.size() % crl.tbs.len];
  octet = static_cast<std::uint8_t>(octet ^ 4U);
  const evseal_status changed = evseal_crl_parse(&signed_list, span_of(copy));
  FUZZ_REQUIRE(issuer.check(signed_list, signed_list.issuer) ==
               (changed == EVSEAL_OK ? EVSEAL_CRL_ISSUER : changed));
}

/// One octet less or more is no CRL.
void check_ends(ByteView der) {
  evseal_crl other{};
  FUZZ_REQUIRE(evseal_crl_parse(&other, span_of(der.first(der.size() - 1))) == EVSEAL_CRL_ENCODING);
  Bytes longer(der.begin(), der.end());
  longer.push_back(0);
  FUZZ_REQUIRE(evseal_crl_parse(&other, span_of(longer)) == EVSEAL_CRL_ENCODING);
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const ByteView der(data, size);
  if (size > 16384) {
    return 0;
  }
  evseal_crl crl;
  evseal_crl again;
  // Whatever was there before must not shine through.
  std::memset(&crl, 0xA5, sizeof crl);
  std::memset(&again, 0x5A, sizeof again);
  const evseal_status status = evseal_crl_parse(&crl, span_of(der));
  const Model model = model_of(der);
  FUZZ_REQUIRE(status == crl.status && status == model.status());
  FUZZ_REQUIRE(evseal_crl_parse(&again, span_of(der)) == status);
  FUZZ_REQUIRE(again.number == crl.number && again.this_update == crl.this_update &&
               again.next_update == crl.next_update && again.entries.data == crl.entries.data &&
               again.authority_key_id.len == crl.authority_key_id.len);
  check_spans(crl, der);
  check_walk(crl, model, der);
  if (status != EVSEAL_CRL_ENCODING) {
    check_ends(der);
  }
  if (status == EVSEAL_OK) {
    FUZZ_REQUIRE(crl.number == model.crl_number && crl.this_update == model.this_update &&
                 crl.next_update == model.next_update);
    FUZZ_REQUIRE(same_octets(view_of(crl.authority_key_id), model.key_id));
    check_lookups(crl, model);
    check_signature(crl, model, der);
  }
  return 0;
}
