// What the report says about a package beside its status.
#include <catch2/catch.hpp>

#include "verifier.hpp"

using namespace evseal;
using namespace evseal::test;

namespace {

constexpr std::int64_t kDay = 86400;

std::string text_of(evseal_span span) {
  return std::string(as_text({span.data, span.len}));
}

// The signer with this key.
const evseal_signer_report& signer_of(const evseal_report& report, const sign::Identity& who) {
  const Sha256 key = World::key_hash(who);
  for (unsigned i = 0; i < report.num_signers; ++i) {
    if (std::equal(key.begin(), key.end(), std::begin(report.signers[i].key_hash))) {
      return report.signers[i];
    }
  }
  FAIL("no such signer");
  return report.signers[0];
}

bool has_subject(const evseal_signer_report& signer, const sign::Identity& who) {
  evseal_certificate leaf{};
  const Bytes& der = who.certificates[0];
  REQUIRE(evseal_certificate_parse(&leaf, {der.data(), der.size()}) == EVSEAL_OK);
  return ByteView(leaf.subject.data, leaf.subject.len).size() == signer.subject.len &&
         std::equal(leaf.subject.data, leaf.subject.data + leaf.subject.len, signer.subject.data);
}

// An intermediate that ends after ten days, with names so short that its certificate comes first.
Authority brief_intermediate(const World& world, const Authority& issuer) {
  Authority out;
  out.key = make_key(world.folder.path(), world.algorithm);
  sign::CertificatePlan plan;
  plan.kind = sign::CertificateKind::intermediate;
  plan.subject = must(sign::parse_subject("CN=i"));
  plan.spki = out.key->public_key().spki;
  plan.stages = {manifest::Stage::dev};
  plan.not_before = kSigningTime - kDay;
  plan.not_after = kSigningTime + 10 * kDay;
  const auto parsed = must(sign::Certificate::parse(issuer.certificate));
  out.certificate = must(sign::issue_certificate(plan, *issuer.key, parsed));
  return out;
}

}  // namespace

TEST_CASE("report: who signed, in which role, and how long the certificates last") {
  World world("ed25519");
  world.set_component("rootfs", pattern(100));
  const Authority other = world.authority("o");
  const Authority brief = brief_intermediate(world, other);
  sign::Identity second = world.leaf(brief, sign::CertificateKind::firmware, "second", 9);
  world.add_role("operator", other);
  world.more_signers.push_back(&second);
  Verifier verifier(world.device());
  REQUIRE(verifier.judge(world.package()) == EVSEAL_OK);
  const evseal_report& report = verifier.report;
  REQUIRE(report.num_signers == 2);
  const evseal_signer_report& of_world = signer_of(report, world.identity);
  const evseal_signer_report& of_other = signer_of(report, second);
  CHECK(has_subject(of_world, world.identity));
  CHECK(has_subject(of_other, second));
  CHECK(text_of(of_world.role) == world.profile.trust.roles[0].name);
  CHECK(text_of(of_other.role) == "operator");
  CHECK(of_other.path_not_after == kSigningTime + 9 * kDay);
  // Though the first certificate of the envelope, which is not on that path, ends before.
  CHECK(of_world.path_not_after == kSigningTime + 365 * kDay);
  CHECK(verifier.context().certificates[0].not_after == kSigningTime + 10 * kDay);
  for (const evseal_signer_report* signer : {&of_world, &of_other}) {
    CHECK(signer->status == EVSEAL_OK);
    CHECK(signer->new_status == EVSEAL_PENDING);
    CHECK(signer->signing_time == kSigningTime);
  }
}

TEST_CASE("report: a signer whom no role knows has no role, and no time at which it ends") {
  World world("ed25519");
  world.set_component("rootfs", pattern(100));
  sign::Identity stranger =
      world.leaf(world.authority("o"), sign::CertificateKind::firmware, "stranger");
  const Bytes file = resealed(world.package(), {&world.identity, &stranger}, kSigningTime);
  Verifier verifier(world.device());
  REQUIRE(verifier.judge(file) == EVSEAL_OK);
  const evseal_signer_report& signer = signer_of(verifier.report, stranger);
  CHECK(signer.status == EVSEAL_CHAIN_NO_ANCHOR);
  CHECK(signer.role.len == 0);
  CHECK(signer.path_not_after == 0);
  CHECK(has_subject(signer, stranger));
}
