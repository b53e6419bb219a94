#include "evseal/sign/crl.hpp"

#include <evseal/crl.h>

#include <algorithm>

#include "evseal/base/file.hpp"
#include "evseal/manifest/der_writer.hpp"
#include "evseal/sign/oids.hpp"
#include "pem.hpp"

namespace evseal::sign {
namespace {

namespace der = manifest::der;

constexpr const char* kLabel = "X509 CRL";

Bytes copy(evseal_span span) {
  return span.len == 0 ? Bytes{} : Bytes(span.data, span.data + span.len);
}

evseal_span span_of(const Bytes& bytes) {
  return {bytes.data(), bytes.size()};
}

Result<Bytes> extension(const char* dotted, const Bytes& value) {
  EVSEAL_TRY(Bytes oid, der::oid(dotted));
  return der::sequence({oid, der::octet_string(value)});
}

Result<void> check_plan(const CrlPlan& plan, const hsm::Signer& issuer,
                        const Certificate& issuer_certificate) {
  if (issuer_certificate.spki() != issuer.public_key().spki) {
    return Error{ErrorCode::usage, "issuer", "its certificate and its key do not belong together",
                 "check --issuer-key and --issuer-cert"};
  }
  if (plan.next_update <= plan.this_update) {
    return Error{ErrorCode::usage, "CRL", "ends before it begins", "check --days"};
  }
  if (!plan.last) {
    return {};
  }
  EVSEAL_CHECK(plan.last->check_issuer(issuer_certificate.subject(), issuer_certificate.spki(),
                                       issuer_certificate));
  if (plan.last->this_update() > plan.this_update) {
    return Error{ErrorCode::usage, "clock", "is before the last CRL's time",
                 "check this machine's clock"};
  }
  if (plan.last->number() >= static_cast<std::uint64_t>(INT64_MAX)) {
    return Error{ErrorCode::usage, "CRL", "the last one has the highest number that there is"};
  }
  return {};
}

// revokedCertificates: the last one's entries as they stand, and the new ones behind them. "Our
// CRLs never drop entries": a device keeps what it has seen anyway.
Result<Bytes> revoked_field(const CrlPlan& plan) {
  Bytes content = plan.last ? plan.last->entries() : Bytes{};
  EVSEAL_TRY(const Bytes now, der::time(plan.this_update));
  std::vector<Bytes> added;
  for (const Bytes& serial : plan.revoked) {
    const bool known = (plan.last && plan.last->lists(serial)) ||
                       std::find(added.begin(), added.end(), serial) != added.end();
    if (known) {
      continue;
    }
    added.push_back(serial);
    const Bytes entry = der::sequence({der::tlv(der::kInteger, serial), now});
    content.insert(content.end(), entry.begin(), entry.end());
  }
  return content.empty() ? Bytes{} : der::tlv(der::kSequence, content);
}

}  // namespace

Result<Crl> Crl::parse(Bytes der) {
  Crl out;
  out.der_ = std::move(der);
  evseal_crl parsed;
  const evseal_status status = evseal_crl_parse(&parsed, span_of(out.der_));
  if (status != EVSEAL_OK) {
    return Error{ErrorCode::malformed, "CRL", evseal_status_text(status),
                 "docs/format.md section 6.1 lists what devices accept",
                 evseal_status_name(status)};
  }
  out.issuer_ = copy(parsed.issuer);
  out.authority_key_id_ = copy(parsed.authority_key_id);
  out.entries_ = copy(parsed.entries);
  out.number_ = parsed.number;
  out.this_update_ = parsed.this_update;
  out.next_update_ = parsed.next_update;
  evseal_span rest = parsed.entries;
  evseal_span serial;
  while (evseal_crl_next_serial(&rest, &serial)) {
    out.serials_.push_back(copy(serial));
  }
  return out;
}

bool Crl::lists(const Bytes& serial) const {
  return std::find(serials_.begin(), serials_.end(), serial) != serials_.end();
}

Result<void> Crl::check_issuer(const Bytes& name, const Bytes& spki,
                               const std::optional<Certificate>& certificate) const {
  evseal_crl parsed;
  evseal_public_key key;
  evseal_certificate issuer;
  evseal_status status = evseal_crl_parse(&parsed, span_of(der_));
  if (status == EVSEAL_OK) {
    status = evseal_public_key_parse(&key, span_of(spki));
  }
  if (status == EVSEAL_OK && certificate) {
    status = evseal_certificate_parse(&issuer, span_of(certificate->der()));
  }
  if (status == EVSEAL_OK) {
    // Whether PKCS#1 v1.5 is allowed is for the role of each device to say.
    evseal_chain_rules rules = {};
    rules.flags = EVSEAL_CHAIN_ALLOW_PKCS1;
    evseal_budget budget = {};
    budget.operations = 1;
    budget.name_steps = EVSEAL_MAX_NAME_STEPS;
    status = evseal_crl_check_issuer(&parsed, &budget, &evseal_crypto_openssl, span_of(name),
                                     certificate ? &issuer : nullptr, &key, &rules);
  }
  if (status != EVSEAL_OK) {
    return Error{ErrorCode::refused, "CRL of " + issuer_text(), evseal_status_text(status),
                 "fetch it again from the issuer, and check that it is this issuer's",
                 evseal_status_name(status)};
  }
  return {};
}

std::vector<Bytes> crls_from_pem(std::string_view text) {
  return blocks_from_pem(text, kLabel);
}

std::string crl_to_pem(ByteView der) {
  return block_to_pem(der, kLabel);
}

Result<std::vector<Bytes>> load_crls(const std::filesystem::path& path) {
  EVSEAL_TRY(Bytes bytes, read_small_file(path, 1U << 20U));
  std::vector<Bytes> crls = crls_from_pem(as_text(bytes));
  if (crls.empty() && !bytes.empty() && bytes[0] == der::kSequence) {
    crls.push_back(std::move(bytes));
  }
  if (crls.empty()) {
    return Error{ErrorCode::malformed, path.string(), "holds no CRL",
                 "a PEM file with -----BEGIN X509 CRL----- or a DER file is expected"};
  }
  return crls;
}

Result<Bytes> find_crl_issuer(const Crl& crl, const std::vector<Certificate>& certificates,
                              const std::vector<manifest::TrustStore>& stores) {
  std::optional<Error> closest;
  const auto matches = [&](const Bytes& name, const Bytes& spki,
                           const std::optional<Certificate>& certificate) {
    if (name != crl.issuer()) {
      return false;
    }
    auto checked = crl.check_issuer(name, spki, certificate);
    if (!checked) {
      closest = std::move(checked).error();
    }
    return !closest || checked.ok();
  };
  for (const Certificate& certificate : certificates) {
    if (certificate.is_ca() && matches(certificate.subject(), certificate.spki(), certificate)) {
      return certificate.spki();
    }
  }
  for (const manifest::TrustStore& store : stores) {
    for (const manifest::Role& role : store.roles) {
      for (const manifest::Anchor& anchor : role.anchors) {
        if (matches(anchor.subject, anchor.key, std::nullopt)) {
          return anchor.key;
        }
      }
    }
  }
  return closest.value_or(
      Error{ErrorCode::refused, "CRL of " + crl.issuer_text(),
            "its issuer is neither in the signer's chain nor an anchor of one of the devices",
            "leave it out, or name a device that trusts its issuer", "crl_issuer"});
}

Result<Bytes> issue_crl(const CrlPlan& plan, hsm::Signer& issuer,
                        const Certificate& issuer_certificate) {
  EVSEAL_CHECK(check_plan(plan, issuer, issuer_certificate));
  if (issuer_certificate.subject_key_id().empty()) {
    return Error{ErrorCode::usage, "issuer", "its certificate has no subjectKeyIdentifier",
                 "issue the certificate again with one"};
  }
  EVSEAL_TRY(const Bytes algorithm, signature_algorithm(issuer.public_key().type));
  EVSEAL_TRY(const Bytes begin, der::time(plan.this_update));
  EVSEAL_TRY(const Bytes end, der::time(plan.next_update));
  EVSEAL_TRY(const Bytes revoked, revoked_field(plan));
  EVSEAL_TRY(
      const Bytes authority,
      extension(oids::kAuthorityKeyIdentifier,
                der::sequence({der::implicit_primitive(0, issuer_certificate.subject_key_id())})));
  const std::uint64_t number = plan.last ? plan.last->number() + 1 : 1;
  EVSEAL_TRY(const Bytes numbered, extension(oids::kCrlNumber, der::integer(number)));
  std::vector<Bytes> fields = {der::integer(std::uint64_t{1}), algorithm,
                               issuer_certificate.subject(), begin, end};
  if (!revoked.empty()) {
    fields.push_back(revoked);
  }
  fields.push_back(der::explicit_tag(0, der::sequence({authority, numbered})));
  const Bytes tbs = der::sequence(fields);
  EVSEAL_TRY(const Bytes signature, issuer.sign(tbs));
  EVSEAL_TRY(const Crl made,
             Crl::parse(der::sequence({tbs, algorithm, der::bit_string(signature)})));
  EVSEAL_CHECK(made.check_issuer(issuer_certificate.subject(), issuer_certificate.spki(),
                                 issuer_certificate));
  return made.der();
}

}  // namespace evseal::sign
