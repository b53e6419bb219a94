// evseal_cms_read(): the envelope, its certificates and its signers.
#include <cstring>

#include "fuzz.hpp"
#include "toy_crypto.hpp"

extern "C" {
#include "cms.h"
}

namespace {

using namespace evseal;
using namespace evseal::fuzz;

constexpr std::size_t kMaxCrlBytes = 4096;

evseal_status read_cms(cms_envelope* out, evseal_certificate* certificates, ByteView bytes) {
  static evseal_crl_record crls[EVSEAL_MAX_CRLS];
  return evseal_cms_read(out, certificates, crls, &kToyCrypto, span_of(bytes), kMaxCrlBytes);
}

void check_envelope(const cms_envelope& envelope, const evseal_certificate* certificates,
                    ByteView bytes) {
  FUZZ_REQUIRE(envelope.manifest.len > 0 && within(envelope.manifest, bytes));
  FUZZ_REQUIRE(envelope.num_certificates >= 1 &&
               envelope.num_certificates <= EVSEAL_MAX_CERTIFICATES);
  FUZZ_REQUIRE(envelope.num_signers >= 1 && envelope.num_signers <= EVSEAL_MAX_SIGNERS);
  std::uint32_t listed = 0;
  for (unsigned i = 0; i < envelope.num_signers; ++i) {
    const cms_signer& signer = envelope.signers[i];
    FUZZ_REQUIRE(within(signer.attributes, bytes) && within(signer.signature, bytes));
    FUZZ_REQUIRE(within(signer.message_digest, bytes) && within(signer.digest_algorithm, bytes));
    // The verifier writes a tag there for the time of a check.
    FUZZ_REQUIRE(signer.attributes.len > 0 && signer.attributes.data[0] == DER_CONTEXT(0));
    FUZZ_REQUIRE(signer.leaf < envelope.num_certificates);
    FUZZ_REQUIRE((signer.listed >> signer.leaf & 1U) == 1);
    FUZZ_REQUIRE(signer.signing_time >= 0);
    FUZZ_REQUIRE(signer.known == (certificates[signer.leaf].key.type != EVSEAL_KEY_UNKNOWN));
    listed |= signer.listed;
  }
  FUZZ_REQUIRE(listed == (1U << envelope.num_certificates) - 1);
  for (unsigned i = 0; i < envelope.num_certificates; ++i) {
    FUZZ_REQUIRE(within(certificates[i].der, bytes) &&
                 certificates[i].status != EVSEAL_CERT_ENCODING);
    FUZZ_REQUIRE(i == 0 || evseal_der_in_set_order(certificates[i - 1].der, certificates[i].der));
  }
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const ByteView bytes(data, size);
  if (size > EVSEAL_MAX_ENVELOPE) {
    return 0;
  }
  cms_envelope envelope;
  cms_envelope again;
  evseal_certificate certificates[EVSEAL_MAX_CERTIFICATES];
  std::memset(&envelope, 0xA5, sizeof envelope);
  std::memset(&again, 0x5A, sizeof again);
  const evseal_status status = read_cms(&envelope, certificates, bytes);
  FUZZ_REQUIRE(status != EVSEAL_PENDING && status != EVSEAL_MISUSE);
  FUZZ_REQUIRE(envelope.num_certificates <= EVSEAL_MAX_CERTIFICATES);
  FUZZ_REQUIRE(envelope.num_signers <= EVSEAL_MAX_SIGNERS);
  FUZZ_REQUIRE(within(envelope.manifest, bytes));
  FUZZ_REQUIRE(read_cms(&again, certificates, bytes) == status);
  FUZZ_REQUIRE(again.manifest.data == envelope.manifest.data &&
               again.num_signers == envelope.num_signers && again.num_crls == envelope.num_crls);
  if (status == EVSEAL_OK) {
    check_envelope(envelope, certificates, bytes);
    FUZZ_REQUIRE(read_cms(&again, certificates, bytes.first(size - 1)) == EVSEAL_DER_ENCODING);
    Bytes longer(bytes.begin(), bytes.end());
    longer.push_back(0);
    FUZZ_REQUIRE(read_cms(&again, certificates, longer) == EVSEAL_DER_ENCODING);
  }
  return 0;
}
