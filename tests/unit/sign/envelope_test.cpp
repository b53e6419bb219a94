// Envelopes in their parts.
#include "evseal/sign/envelope.hpp"

#include <catch2/catch.hpp>

#include "test_package.hpp"

using namespace evseal;
using namespace evseal::test;

namespace {

Bytes some_manifest() {
  const ByteView text = as_bytes("{}");
  return Bytes(text.begin(), text.end());
}

}  // namespace

TEST_CASE("envelope: it is taken apart and put together again octet for octet") {
  const std::string algorithm = GENERATE("p256", "p384", "rsa2048", "ed25519");
  CAPTURE(algorithm);
  World world(algorithm);
  sign::Identity second =
      world.leaf(world.root_authority(), sign::CertificateKind::trust_update, "second");
  sign::EnvelopeParts parts;
  parts.manifest = some_manifest();
  parts.crls = {world.root_authority().crl()};
  for (sign::Identity* identity : {&world.identity, &second}) {
    parts.signers.push_back(must(sign::sign_manifest(parts.manifest, *identity, kSigningTime)));
    parts.certificates.insert(parts.certificates.end(), identity->certificates.begin(),
                              identity->certificates.end());
  }
  parts.certificates.push_back(parts.certificates.front());  // twice: written once
  const Bytes envelope = must(sign::encode_envelope(parts));
  const auto opened = must(sign::open_unverified_envelope(envelope));
  CHECK(opened.unverified_manifest == parts.manifest);
  CHECK(opened.unverified_certificates.size() == 3);
  CHECK(opened.unverified_crls == parts.crls);
  REQUIRE(opened.unverified_signers.size() == 2);
  for (const sign::UnverifiedSigner& signer : opened.unverified_signers) {
    CHECK(signer.signing_time == kSigningTime);
    REQUIRE(opened.leaf_of(signer) != nullptr);
    CHECK(signer.certificate_hashes.front() == sha256(*opened.leaf_of(signer)));
  }
  sign::EnvelopeParts same{
      opened.unverified_manifest, opened.unverified_certificates, opened.unverified_crls, {}};
  for (const sign::UnverifiedSigner& signer : opened.unverified_signers) {
    same.signers.insert(same.signers.begin(), signer.der);
  }
  CHECK(must(sign::encode_envelope(same)) == envelope);
  CHECK(sign::check_signatures(opened).ok());
}

TEST_CASE("envelope: a signature over something else does not hold") {
  World world("p256");
  sign::EnvelopeParts parts;
  parts.manifest = some_manifest();
  parts.certificates = world.identity.certificates;
  parts.signers = {must(sign::sign_manifest(parts.manifest, world.identity, kSigningTime))};
  const auto good = must(sign::open_unverified_envelope(must(sign::encode_envelope(parts))));
  auto changed = good;
  changed.unverified_manifest.push_back(' ');
  CHECK(sign::check_signatures(changed).error().status == "digest_mismatch");
  changed = good;
  changed.unverified_signers[0].signature.back() ^= 1;
  CHECK(sign::check_signatures(changed).error().status == "signature_invalid");
  changed = good;
  changed.unverified_signers[0].attributes.back() ^= 1;
  CHECK(sign::check_signatures(changed).error().status == "digest_mismatch");
  changed = good;
  changed.unverified_certificates = {world.identity.certificates[1]};
  CHECK(sign::check_signatures(changed).error().status == "cms_signer_id");
  changed.unverified_signers.clear();
  CHECK(sign::check_signatures(changed).error().status == "unsigned");
}

TEST_CASE("envelope: no more than it can hold") {
  World world("ed25519");
  sign::EnvelopeParts parts;
  parts.manifest = some_manifest();
  for (int i = 0; i < 5; ++i) {
    parts.signers.push_back(
        must(sign::sign_manifest(parts.manifest, world.identity, kSigningTime + i)));
  }
  CHECK(sign::encode_envelope(parts).error().status == "cms_signers");
  parts.signers.resize(4);
  CHECK(sign::encode_envelope(parts).ok());
  for (int i = 0; i < 9; ++i) {
    parts.crls.push_back(Bytes{0x30, 0x01, static_cast<std::uint8_t>(i)});
  }
  CHECK(sign::encode_envelope(parts).error().status == "cms_crls");
}

TEST_CASE("envelope: what is cut off or no envelope is refused") {
  World world("ed25519");
  sign::EnvelopeParts parts;
  parts.manifest = some_manifest();
  parts.certificates = world.identity.certificates;
  parts.signers = {must(sign::sign_manifest(parts.manifest, world.identity, kSigningTime))};
  const Bytes good = must(sign::encode_envelope(parts));
  for (std::size_t length = 0; length < good.size(); ++length) {
    CHECK_FALSE(sign::open_unverified_envelope(ByteView(good).first(length)).ok());
  }
  for (std::size_t i = 0; i < good.size(); ++i) {
    Bytes changed = good;
    changed[i] ^= 0x10;
    (void)sign::open_unverified_envelope(changed);  // an error or not, but no crash
  }
}
