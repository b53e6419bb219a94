// Issuing certificates (RFC 5280 §4), with the profile of docs/format.md §5.
#include <evseal/chain.h>
#include <openssl/rand.h>

#include <algorithm>

#include "evseal/manifest/der_writer.hpp"
#include "evseal/sign/certificate.hpp"
#include "evseal/sign/oids.hpp"

namespace evseal::sign {
namespace {

namespace der = manifest::der;

constexpr std::size_t kSerialBytes = 16;

struct AttributeType {
  std::string_view name;
  const char* oid;
};

constexpr AttributeType kAttributeTypes[] = {
    {"CN", oids::kCommonName},
    {"O", oids::kOrganization},
    {"OU", oids::kOrganizationalUnit},
    {"C", oids::kCountry},
};

Result<Bytes> attribute(std::string_view name, std::string_view value) {
  for (const AttributeType& type : kAttributeTypes) {
    if (type.name != name) {
      continue;
    }
    EVSEAL_TRY(Bytes oid, der::oid(type.oid));
    // RFC 5280 appendix A: countryName is a PrintableString of two letters.
    if (name == "C") {
      EVSEAL_TRY(Bytes country, der::printable_string(value));
      return der::set_of({der::sequence({oid, country})});
    }
    return der::set_of({der::sequence({oid, der::utf8_string(value)})});
  }
  return Error{ErrorCode::usage, "subject", "has an unknown attribute " + printable(name),
               "use CN, O, OU and C, as in CN=evseal root,O=Acme,C=DE"};
}

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && text.front() == ' ') {
    text.remove_prefix(1);
  }
  return text;
}

// RFC 7093 §2 method 4: a hash over the whole SubjectPublicKeyInfo; here the leftmost 160 bits of
// SHA-256.
Result<Bytes> key_identifier(ByteView spki) {
  evseal_public_key key;
  if (evseal_public_key_parse(&key, evseal_span{spki.data(), spki.size()}) != EVSEAL_OK) {
    return Error{ErrorCode::malformed, "public key", "is of a form that devices refuse", "",
                 "cert_key"};
  }
  const Sha256 digest = sha256(spki);
  return Bytes(digest.begin(), digest.begin() + 20);
}

Result<Bytes> extension(const char* dotted, bool critical, Bytes value) {
  EVSEAL_TRY(Bytes oid, der::oid(dotted));
  const Bytes content = der::octet_string(value);
  return critical ? der::sequence({oid, der::boolean(true), content})
                  : der::sequence({oid, content});
}

const char* policy_oid(manifest::Stage stage) {
  switch (stage) {
    case manifest::Stage::dev:
      return oids::kPolicyDev;
    case manifest::Stage::pilot:
      return oids::kPolicyPilot;
    case manifest::Stage::prod:
      return oids::kPolicyProd;
  }
  return oids::kPolicyDev;
}

bool is_leaf(const CertificatePlan& plan) {
  return plan.kind == CertificateKind::firmware || plan.kind == CertificateKind::trust_update;
}

bool signs_trust_updates(const CertificatePlan& plan) {
  return plan.kind == CertificateKind::trust_update || plan.trust_update;
}

Result<Bytes> policies_value(const CertificatePlan& plan) {
  std::vector<Bytes> policies;
  for (const manifest::Stage stage : plan.stages) {
    EVSEAL_TRY(Bytes oid, der::oid(policy_oid(stage)));
    policies.push_back(der::sequence({oid}));
  }
  if (signs_trust_updates(plan)) {
    EVSEAL_TRY(Bytes oid, der::oid(oids::kPolicyTrustUpdate));
    policies.push_back(der::sequence({oid}));
  }
  return der::sequence(policies);
}

Bytes constraints_value(const CertificatePlan& plan) {
  if (is_leaf(plan)) {
    return der::sequence({});
  }
  return plan.path_length
             ? der::sequence({der::boolean(true), der::integer(std::uint64_t{*plan.path_length})})
             : der::sequence({der::boolean(true)});
}

Result<Bytes> purposes_value() {
  EVSEAL_TRY(Bytes code, der::oid(oids::kCodeSigning));
  EVSEAL_TRY(Bytes package, der::oid(oids::kUpdatePackageSigning));
  return der::sequence({code, package});
}

Result<Bytes> extensions_of(const CertificatePlan& plan, const Bytes& issuer_key_id) {
  const bool leaf = is_leaf(plan);
  std::vector<Bytes> list;
  EVSEAL_TRY(Bytes constraints, extension(oids::kBasicConstraints, true, constraints_value(plan)));
  list.push_back(std::move(constraints));
  // digitalSignature (0) for a leaf, keyCertSign (5) and cRLSign (6) for a CA.
  EVSEAL_TRY(Bytes usage, extension(oids::kKeyUsage, true,
                                    leaf ? der::named_bits({0}) : der::named_bits({5, 6})));
  list.push_back(std::move(usage));
  if (leaf) {
    EVSEAL_TRY(Bytes value, purposes_value());
    EVSEAL_TRY(Bytes purposes, extension(oids::kExtKeyUsage, false, std::move(value)));
    list.push_back(std::move(purposes));
  }
  if (!plan.stages.empty() || signs_trust_updates(plan)) {
    EVSEAL_TRY(Bytes value, policies_value(plan));
    EVSEAL_TRY(Bytes policies, extension(oids::kCertificatePolicies, false, std::move(value)));
    list.push_back(std::move(policies));
  }
  EVSEAL_TRY(Bytes key_id, key_identifier(plan.spki));
  EVSEAL_TRY(Bytes subject_id,
             extension(oids::kSubjectKeyIdentifier, false, der::octet_string(key_id)));
  list.push_back(std::move(subject_id));
  EVSEAL_TRY(Bytes authority_id,
             extension(oids::kAuthorityKeyIdentifier, false,
                       der::sequence({der::implicit_primitive(
                           0, issuer_key_id.empty() ? key_id : issuer_key_id)})));
  list.push_back(std::move(authority_id));
  return der::explicit_tag(3, der::sequence(list));
}

Result<Bytes> serial_number() {
  Bytes serial(kSerialBytes);
  if (RAND_bytes(serial.data(), static_cast<int>(serial.size())) != 1) {
    return Error{ErrorCode::internal, "random numbers", "the generator failed"};
  }
  serial[0] = static_cast<std::uint8_t>((serial[0] & 0x3FU) | 0x40U);  // positive, full length
  return der::integer(ByteView(serial));
}

Result<void> check_plan(const CertificatePlan& plan,
                        const std::optional<Certificate>& issuer_certificate) {
  if (plan.kind == CertificateKind::firmware && plan.stages.size() != 1) {
    return Error{ErrorCode::usage, "certificate", "a firmware certificate is for exactly one stage",
                 "pass one --stage; issue one certificate for each stage"};
  }
  if (plan.kind == CertificateKind::firmware && plan.trust_update) {
    return Error{ErrorCode::usage, "certificate",
                 "a firmware certificate is not for trust-updates too",
                 "issue a certificate of its own for the trust officer"};
  }
  if (plan.kind == CertificateKind::trust_update && !plan.stages.empty()) {
    return Error{ErrorCode::usage, "certificate", "a trust officer's certificate has no stage",
                 "leave --stage out"};
  }
  if (plan.not_after <= plan.not_before) {
    return Error{ErrorCode::usage, "certificate", "ends before it begins", "check --days"};
  }
  if (!issuer_certificate) {
    return {};
  }
  if (plan.not_after > issuer_certificate->not_after()) {
    return Error{ErrorCode::usage, "certificate", "would outlive its issuer",
                 "choose fewer --days, or renew the issuer first"};
  }
  return {};
}

// The device's own judgement of the new certificate under its issuer.
Result<void> check_under_issuer(const Bytes& certificate, const Bytes& issuer_name,
                                const Bytes& issuer_spki) {
  evseal_certificate parsed;
  if (evseal_certificate_parse(&parsed, {certificate.data(), certificate.size()}) != EVSEAL_OK) {
    return Error{ErrorCode::internal, "new certificate", evseal_status_text(parsed.status), "",
                 evseal_status_name(parsed.status)};
  }
  const evseal_anchor anchor = {
      {issuer_name.data(), issuer_name.size()}, {issuer_spki.data(), issuer_spki.size()}, nullptr};
  evseal_chain_rules rules = {};
  evseal_budget budget = {EVSEAL_MAX_OPERATIONS, EVSEAL_MAX_NAME_STEPS, 0, {}};
  evseal_path path = {};
  const evseal_status status = evseal_chain_find(&path, &budget, &evseal_crypto_openssl, &parsed, 1,
                                                 0, 0, &anchor, 1, &rules);
  if (status != EVSEAL_OK) {
    return Error{ErrorCode::internal, "new certificate", evseal_status_text(status), "",
                 evseal_status_name(status)};
  }
  return {};
}

}  // namespace

Result<Bytes> parse_subject(std::string_view text) {
  std::vector<Bytes> names;
  std::string value;
  std::string name;
  bool in_value = false;
  const auto finish = [&]() -> Result<void> {
    if (!in_value || value.empty()) {
      return Error{ErrorCode::usage, "subject", "is not a list of NAME=VALUE",
                   "write it as CN=evseal root,O=Acme"};
    }
    EVSEAL_TRY(Bytes rdn, attribute(trimmed(name), value));
    names.push_back(std::move(rdn));
    name.clear();
    value.clear();
    in_value = false;
    return {};
  };
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\\' && i + 1 < text.size()) {
      (in_value ? value : name).push_back(text[++i]);
    } else if (text[i] == ',') {
      EVSEAL_CHECK(finish());
    } else if (text[i] == '=' && !in_value) {
      in_value = true;
    } else {
      (in_value ? value : name).push_back(text[i]);
    }
  }
  EVSEAL_CHECK(finish());
  return der::sequence(names);
}

Result<Bytes> issue_certificate(const CertificatePlan& plan, hsm::Signer& issuer,
                                const std::optional<Certificate>& issuer_certificate) {
  EVSEAL_CHECK(check_plan(plan, issuer_certificate));
  const Bytes& issuer_name = issuer_certificate ? issuer_certificate->subject() : plan.subject;
  const Bytes& issuer_spki = issuer.public_key().spki;
  if (issuer_certificate && issuer_certificate->spki() != issuer_spki) {
    return Error{ErrorCode::usage, "issuer", "its certificate and its key do not belong together",
                 "check --issuer-key and --issuer-cert"};
  }
  EVSEAL_TRY(Bytes algorithm, signature_algorithm(issuer.public_key().type));
  EVSEAL_TRY(Bytes serial, serial_number());
  EVSEAL_TRY(Bytes begin, der::time(plan.not_before));
  EVSEAL_TRY(Bytes end, der::time(plan.not_after));
  EVSEAL_TRY(
      Bytes extensions,
      extensions_of(plan, issuer_certificate ? issuer_certificate->subject_key_id() : Bytes{}));
  const Bytes tbs = der::sequence({der::explicit_tag(0, der::integer(std::uint64_t{2})), serial,
                                   algorithm, issuer_name, der::sequence({begin, end}),
                                   plan.subject, plan.spki, extensions});
  EVSEAL_TRY(const Bytes signature, issuer.sign(tbs));
  Bytes certificate = der::sequence({tbs, algorithm, der::bit_string(signature)});
  EVSEAL_CHECK(check_under_issuer(certificate, issuer_name, issuer_spki));
  return certificate;
}

}  // namespace evseal::sign
