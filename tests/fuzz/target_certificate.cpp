// evseal_certificate_parse(), and what is built on it: keys, algorithms, anchors, a chain of one.
#include <evseal/chain.h>

#include <cstring>

#include "fuzz.hpp"
#include "toy_crypto.hpp"

namespace {

using namespace evseal;
using namespace evseal::fuzz;

bool is_certificate_status(evseal_status status) {
  return status == EVSEAL_OK ||
         (status >= EVSEAL_CERT_ENCODING && status <= EVSEAL_CERT_NAME_CONSTRAINTS);
}

void check_spans(const evseal_certificate& c, ByteView der) {
  const evseal_span spans[] = {
      c.tbs,       c.serial,         c.issuer,           c.subject,          c.algorithm_der,
      c.signature, c.key.spki,       c.key.raw,          c.key.rsa.n,        c.key.rsa.e,
      c.purposes,  c.subject_key_id, c.authority_key_id, c.authority_issuer, c.authority_serial};
  for (const evseal_span span : spans) {
    FUZZ_REQUIRE(within(span, der));
  }
}

/// What a caller relies on where the status is EVSEAL_OK.
void check_good(const evseal_certificate& c) {
  FUZZ_REQUIRE(c.serial.len >= 1 && c.serial.len <= 20 && c.serial.data[0] < 128);
  FUZZ_REQUIRE(c.issuer.len > 2 && c.issuer.len <= EVSEAL_MAX_NAME);
  FUZZ_REQUIRE(c.subject.len >= 2 && c.subject.len <= EVSEAL_MAX_NAME);
  FUZZ_REQUIRE(c.algorithm.scheme != EVSEAL_SCHEME_UNKNOWN);
  FUZZ_REQUIRE((c.flags & EVSEAL_CERT_HAS_PATH_LENGTH) == 0 || (c.flags & EVSEAL_CERT_IS_CA) != 0);
  FUZZ_REQUIRE((c.key_usage & EVSEAL_KU_KEY_CERT_SIGN) == 0 || (c.flags & EVSEAL_CERT_IS_CA) != 0);
  FUZZ_REQUIRE(((c.flags & EVSEAL_CERT_HAS_KEY_USAGE) != 0) == (c.key_usage != 0));
  switch (c.key.type) {
    case EVSEAL_KEY_P256:
      FUZZ_REQUIRE(c.key.raw.len == 65);
      break;
    case EVSEAL_KEY_P384:
      FUZZ_REQUIRE(c.key.raw.len == 97);
      break;
    case EVSEAL_KEY_ED25519:
      FUZZ_REQUIRE(c.key.raw.len == 32);
      break;
    case EVSEAL_KEY_RSA:
      FUZZ_REQUIRE(c.key.rsa.n.len >= 256 && c.key.rsa.n.len <= 512 && c.key.rsa.e.len >= 3);
      break;
    case EVSEAL_KEY_UNKNOWN:
      break;
  }
}

/// One octet less or more is another certificate, and none.
void check_ends(ByteView der) {
  evseal_certificate other{};
  FUZZ_REQUIRE(evseal_certificate_parse(&other, span_of(der.first(der.size() - 1))) ==
               EVSEAL_CERT_ENCODING);
  Bytes longer(der.begin(), der.end());
  longer.push_back(0);
  FUZZ_REQUIRE(evseal_certificate_parse(&other, span_of(longer)) == EVSEAL_CERT_ENCODING);
}

/// As its own anchor: whatever the outcome, the path and the budget stay in their bounds.
void check_chain(const evseal_certificate& certificate) {
  evseal_anchor anchor = {certificate.subject, certificate.key.spki, nullptr};
  evseal_chain_rules rules{};
  rules.max_intermediates = 4;
  rules.flags = EVSEAL_CHAIN_NEED_KEY_USAGE | EVSEAL_CHAIN_PREFER_TIME;
  rules.time = 1'800'000'000;
  evseal_budget budget = {2, 16, 0, {}};
  evseal_path path{};
  const evseal_certificate both[2] = {certificate, certificate};
  const evseal_status status =
      evseal_chain_find(&path, &budget, &kToyCrypto, both, 2, 0, 3, &anchor, 1, &rules);
  FUZZ_REQUIRE(budget.operations <= 2 && budget.name_steps <= 16);
  if (status == EVSEAL_OK) {
    FUZZ_REQUIRE(certificate.status == EVSEAL_OK && path.num_certificates >= 1);
    FUZZ_REQUIRE(path.certificates[0] == 0 && path.anchor == 0);
  }
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const ByteView der(data, size);
  evseal_certificate certificate;
  evseal_certificate again;
  // Whatever was there before must not shine through.
  std::memset(&certificate, 0xA5, sizeof certificate);
  std::memset(&again, 0x5A, sizeof again);
  const evseal_status status = evseal_certificate_parse(&certificate, span_of(der));
  FUZZ_REQUIRE(status == certificate.status && is_certificate_status(status));
  FUZZ_REQUIRE(evseal_certificate_parse(&again, span_of(der)) == status);
  FUZZ_REQUIRE(again.flags == certificate.flags && again.key_usage == certificate.key_usage &&
               again.policies == certificate.policies && again.not_after == certificate.not_after &&
               again.subject.data == certificate.subject.data);
  check_spans(certificate, der);
  evseal_anchor anchor{};
  const evseal_status as_anchor = evseal_anchor_from_certificate(&anchor, span_of(der));
  if (status != EVSEAL_CERT_ENCODING) {
    FUZZ_REQUIRE(as_anchor == EVSEAL_OK && within(anchor.subject, der) && within(anchor.spki, der));
    FUZZ_REQUIRE(same_octets(view_of(anchor.subject), view_of(certificate.subject)));
    FUZZ_REQUIRE(same_octets(view_of(anchor.spki), view_of(certificate.key.spki)));
    check_ends(der);
    check_chain(certificate);
  }
  if (status == EVSEAL_OK) {
    check_good(certificate);
  }
  return 0;
}
