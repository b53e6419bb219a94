/* Chains (RFC 5280 section 6.1): names decide which paths are possible, then signatures from the
 * anchor down. */
#include "evseal/chain.h"

#include "check_once.h"
#include "der.h"
#include "oids.h"

#define NONE 0xFFu
typedef struct search {
  evseal_budget* budget;
  const evseal_crypto* crypto;
  const evseal_certificate* certificates;
  size_t num_certificates;
  uint32_t usable;
  const evseal_anchor* anchors;
  size_t num_anchors;
  const evseal_chain_rules* rules;
  uint32_t purposes; /* those that hold from the anchor down to here, while a path is judged */
  evseal_path path;  /* leaf first, being built */
  evseal_path best;  /* of the failure that came furthest, or of the path that only fails in time */
  evseal_status best_status;
  unsigned best_reach; /* how far down the best failure came: 0 nothing looked at */
} search;

static bool is_self_issued(const evseal_certificate* certificate) {
  return evseal_span_equal(certificate->issuer, certificate->subject);
}

static evseal_status check_signature(search* s, uint8_t child, const evseal_public_key* key) {
  const evseal_certificate* certificate = &s->certificates[child];
  signed_item item = {child, &certificate->algorithm, certificate->tbs, certificate->signature};
  return evseal_check_once(s->budget, s->crypto, s->rules, &item, key, EVSEAL_CHAIN_SIGNATURE);
}

/* Bit i: the certificate's extKeyUsage contains purpose i of the rules. */
static uint32_t purposes_of(const evseal_certificate* certificate, const evseal_chain_rules* rules,
                            bool any_counts) {
  uint32_t mask = 0;
  der_reader oids = der_open(certificate->purposes);
  evseal_span oid;
  while (evseal_der_read(&oids, DER_OID, &oid)) {
    if (any_counts && evseal_span_equal(oid, evseal_oid_any_purpose)) {
      return UINT32_MAX;
    }
    for (size_t i = 0; i < rules->num_purposes && i < 32; i++) {
      mask |= evseal_span_equal(oid, rules->purposes[i]) ? 1u << i : 0u;
    }
  }
  return mask;
}

/*
 * RFC 5280 section 4.2.1.12: an intermediate's extKeyUsage, where present, limits what is below.
 * `s->purposes` holds what all certificates above allow; one purpose must hold all the way down.
 */
static evseal_status check_purpose(search* s, const evseal_certificate* certificate, bool is_leaf) {
  if (s->rules->num_purposes == 0) {
    return EVSEAL_OK;
  }
  if ((certificate->flags & EVSEAL_CERT_HAS_PURPOSES) == 0) {
    bool needed = is_leaf && (s->rules->flags & EVSEAL_CHAIN_NEED_PURPOSE) != 0;
    return needed ? EVSEAL_LEAF_PURPOSE : EVSEAL_OK;
  }
  /* A leaf for every purpose is for none in particular. */
  uint32_t own = purposes_of(certificate, s->rules, !is_leaf);
  s->purposes &= own;
  if (is_leaf && own == 0) {
    return EVSEAL_LEAF_PURPOSE;
  }
  return s->purposes != 0 ? EVSEAL_OK : EVSEAL_CHAIN_PURPOSE;
}

/* Intermediates below `position` that are not self-issued (the leaf, at 0, does not count). */
static uint32_t counted_below(const search* s, unsigned position) {
  uint32_t below = 0;
  for (unsigned i = 1; i < position; i++) {
    below += is_self_issued(&s->certificates[s->path.certificates[i]]) ? 0u : 1u;
  }
  return below;
}

/* Section 6.1.4 (k), (l), (m), (n) for a CA above the certificates before `position`. */
static evseal_status check_ca(search* s, const evseal_certificate* certificate, unsigned position) {
  if ((certificate->flags & EVSEAL_CERT_IS_CA) == 0) {
    return EVSEAL_CHAIN_NOT_CA;
  }
  bool has_usage = (certificate->flags & EVSEAL_CERT_HAS_KEY_USAGE) != 0;
  if (has_usage ? (certificate->key_usage & EVSEAL_KU_KEY_CERT_SIGN) == 0
                : (s->rules->flags & EVSEAL_CHAIN_NEED_KEY_USAGE) != 0) {
    return EVSEAL_CHAIN_KEY_USAGE;
  }
  if ((certificate->flags & EVSEAL_CERT_HAS_PATH_LENGTH) != 0 &&
      counted_below(s, position) > certificate->path_length) {
    return EVSEAL_CHAIN_PATH_LENGTH;
  }
  return check_purpose(s, certificate, false);
}

/* Section 4.2.1.1: what the identifier says about the issuer must be true of it. */
static bool key_identifier_fits(const evseal_certificate* child, const evseal_certificate* parent) {
  if (child->authority_key_id.len > 0 && parent->subject_key_id.len > 0 &&
      !evseal_span_equal(child->authority_key_id, parent->subject_key_id)) {
    return false;
  }
  if (child->authority_issuer.len > 0 &&
      !evseal_span_equal(child->authority_issuer, parent->issuer)) {
    return false;
  }
  return child->authority_serial.len == 0 ||
         evseal_span_equal(child->authority_serial, parent->serial);
}

/*
 * Sections 4.2.1.1 and 4.2.1.2: both identifiers MUST be in certificates of conforming CAs, but for
 * the authority's in a self-signed one.
 */
static bool key_identifiers_present(const evseal_certificate* certificate) {
  bool authority = certificate->authority_key_id.len > 0 || is_self_issued(certificate);
  bool subject =
      certificate->subject_key_id.len > 0 || (certificate->flags & EVSEAL_CERT_IS_CA) == 0;
  return authority && subject;
}

static evseal_status check_time(const search* s, const evseal_certificate* certificate) {
  if ((s->rules->flags & (EVSEAL_CHAIN_CHECK_TIME | EVSEAL_CHAIN_PREFER_TIME)) == 0) {
    return EVSEAL_OK;
  }
  if (s->rules->time < certificate->not_before) {
    return EVSEAL_NOT_YET_VALID;
  }
  return s->rules->time > certificate->not_after ? EVSEAL_EXPIRED : EVSEAL_OK;
}

/* One certificate of the path, after all above it held: first its signature, then what it claims.
 */
static evseal_status check_link(search* s, unsigned position, uint8_t parent, bool by_anchor,
                                const evseal_public_key* key) {
  uint8_t index = s->path.certificates[position];
  const evseal_certificate* certificate = &s->certificates[index];
  if (certificate->status != EVSEAL_OK) {
    return certificate->status;
  }
  if (certificate->algorithm.scheme == EVSEAL_SCHEME_RSA_PKCS1 &&
      (s->rules->flags & EVSEAL_CHAIN_ALLOW_PKCS1) == 0) {
    return EVSEAL_CERT_PKCS1;
  }
  const evseal_certificate* issuer =
      by_anchor ? s->anchors[parent].certificate : &s->certificates[parent];
  if (!key_identifiers_present(certificate)) {
    return EVSEAL_CERT_EXTENSION;
  }
  if (issuer != NULL && !key_identifier_fits(certificate, issuer)) {
    return EVSEAL_CHAIN_KEY_IDENTIFIER;
  }
  evseal_status status = check_signature(s, index, key);
  if (status != EVSEAL_OK) {
    return status;
  }
  /* A key of a type that is not known can sign nothing here. */
  if (certificate->key.type == EVSEAL_KEY_UNKNOWN) {
    return EVSEAL_CERT_KEY;
  }
  status = position > 0 ? check_ca(s, certificate, position) : EVSEAL_OK;
  return status != EVSEAL_OK ? status
                             : (position == 0 ? check_purpose(s, certificate, true) : EVSEAL_OK);
}

/* Keeps what came furthest down; a path that only fails in time beats every other failure. */
static void keep(search* s, evseal_status status, unsigned reach, unsigned position) {
  if (reach <= s->best_reach) {
    return;
  }
  s->best = s->path;
  s->best.failed = s->path.certificates[position];
  s->best_status = status;
  s->best_reach = reach;
}

/* What an anchor's certificate claims, where there is one (RFC 5937). Its signature proves nothing.
 */
static evseal_status check_anchor(search* s, const evseal_anchor* anchor) {
  const evseal_certificate* certificate = anchor->certificate;
  if (certificate == NULL) {
    return EVSEAL_OK;
  }
  switch (certificate->status) {
    case EVSEAL_CERT_NAME_CONSTRAINTS:
    case EVSEAL_CERT_CRITICAL_EXTENSION:
    case EVSEAL_CERT_EXTENSION:
    case EVSEAL_CERT_ENCODING:
      return certificate->status;
    default:
      break;
  }
  evseal_status status = check_ca(s, certificate, s->path.num_certificates);
  if (status != EVSEAL_OK || (s->rules->flags & EVSEAL_CHAIN_CHECK_TIME) == 0) {
    return status;
  }
  return check_time(s, certificate);
}

/* Judges the complete path in s->path under one anchor, from the anchor down. */
static evseal_status check_path(search* s, uint8_t anchor) {
  evseal_public_key anchor_key;
  evseal_status time_status = EVSEAL_OK;
  unsigned time_position = 0;
  unsigned length = s->path.num_certificates;
  s->path.anchor = anchor;
  s->purposes = UINT32_MAX;
  if (evseal_public_key_parse(&anchor_key, s->anchors[anchor].spki) != EVSEAL_OK ||
      anchor_key.type == EVSEAL_KEY_UNKNOWN) {
    keep(s, EVSEAL_CERT_KEY, 1, length - 1);
    return EVSEAL_CERT_KEY;
  }
  evseal_status anchor_status = check_anchor(s, &s->anchors[anchor]);
  if (anchor_status != EVSEAL_OK) {
    keep(s, anchor_status, 1, length - 1);
    return anchor_status;
  }
  const evseal_public_key* key = &anchor_key;
  uint8_t parent = anchor;
  for (unsigned position = length; position-- > 0;) {
    uint8_t index = s->path.certificates[position];
    evseal_status status = check_link(s, position, parent, position == length - 1, key);
    if (status == EVSEAL_OK && time_status == EVSEAL_OK) {
      time_status = check_time(s, &s->certificates[index]);
      time_position = position;
    }
    if (status != EVSEAL_OK) {
      keep(s, status, 2 + EVSEAL_MAX_CHAIN_CERTIFICATES - position, position);
      return status;
    }
    key = &s->certificates[index].key;
    parent = index;
  }
  if (time_status != EVSEAL_OK) {
    keep(s, time_status, 3 + EVSEAL_MAX_CHAIN_CERTIFICATES, time_position);
  }
  return time_status;
}

static bool in_path(const search* s, size_t index) {
  for (unsigned i = 0; i < s->path.num_certificates; i++) {
    if (s->path.certificates[i] == index) {
      return true;
    }
  }
  return false;
}

/* True for statuses after which no other path may be tried. */
static bool is_final(evseal_status status) {
  return status == EVSEAL_OK || status == EVSEAL_CHAIN_BUDGET || status == EVSEAL_CRYPTO_MISSING ||
         status == EVSEAL_CRYPTO_FAILED;
}

/* Tries every anchor whose name is the issuer of the top certificate. */
static evseal_status try_anchors(search* s) {
  const evseal_certificate* top =
      &s->certificates[s->path.certificates[s->path.num_certificates - 1]];
  for (size_t i = 0; i < s->num_anchors; i++) {
    if (!evseal_span_equal(s->anchors[i].subject, top->issuer)) {
      continue;
    }
    evseal_status status = check_path(s, (uint8_t)i);
    if (is_final(status)) {
      return status;
    }
  }
  return EVSEAL_CHAIN_NO_ANCHOR;
}

/* The next certificate from `from` on that can, by its name, have issued the top one; NONE when
 * there is none left. */
static uint8_t next_issuer(search* s, size_t from) {
  const evseal_certificate* top =
      &s->certificates[s->path.certificates[s->path.num_certificates - 1]];
  for (size_t i = from; i < s->num_certificates; i++) {
    const evseal_certificate* candidate = &s->certificates[i];
    if ((s->usable >> i & 1u) != 0 && !in_path(s, i) && candidate->subject.len > 0 &&
        evseal_span_equal(candidate->subject, top->issuer)) {
      return (uint8_t)i;
    }
  }
  return NONE;
}

/* One more intermediate: self-issued ones do not count (section 6.1.4 (l)), but the path is
 * bounded. */
static bool room_for(const search* s, uint8_t issuer) {
  unsigned depth = s->path.num_certificates;
  uint32_t counted = counted_below(s, depth) + (is_self_issued(&s->certificates[issuer]) ? 0u : 1u);
  return depth < EVSEAL_MAX_CHAIN_CERTIFICATES && counted <= s->rules->max_intermediates;
}

/* Depth-first over names, without recursion: `next[d]` is where the search for an issuer at depth d
 * goes on. */
static evseal_status search_paths(search* s) {
  uint8_t next[EVSEAL_MAX_CHAIN_CERTIFICATES] = {0};
  evseal_status status = try_anchors(s);
  while (!is_final(status)) {
    if (s->budget->name_steps == 0) {
      return EVSEAL_CHAIN_BUDGET;
    }
    s->budget->name_steps--;
    unsigned depth = s->path.num_certificates;
    uint8_t issuer = next_issuer(s, next[depth - 1]);
    if (issuer != NONE && room_for(s, issuer)) {
      next[depth - 1] = (uint8_t)(issuer + 1u);
      s->path.certificates[depth] = issuer;
      s->path.num_certificates++;
      next[depth] = 0;
      status = try_anchors(s);
      continue;
    }
    if (issuer != NONE) {
      keep(s, EVSEAL_CHAIN_TOO_LONG, 1, depth - 1);
    }
    if (depth == 1) {
      return EVSEAL_CHAIN_NO_ANCHOR;
    }
    s->path.num_certificates--;
  }
  return status;
}

evseal_status evseal_chain_find(evseal_path* out_path, evseal_budget* budget,
                                const evseal_crypto* crypto, const evseal_certificate* certificates,
                                size_t num_certificates, size_t leaf, uint32_t usable,
                                const evseal_anchor* anchors, size_t num_anchors,
                                const evseal_chain_rules* rules) {
  memset(out_path, 0, sizeof *out_path);
  out_path->failed = NONE;
  if (leaf >= num_certificates) {
    return EVSEAL_MISUSE;
  }
  if (num_certificates > EVSEAL_MAX_CHAIN_CERTIFICATES || num_anchors > EVSEAL_MAX_ANCHORS) {
    return EVSEAL_CHAIN_BUDGET;
  }
  search s;
  memset(&s, 0, sizeof s);
  s.budget = budget;
  s.crypto = crypto;
  s.certificates = certificates;
  s.num_certificates = num_certificates;
  s.usable = usable & ~(1u << leaf);
  s.anchors = anchors;
  s.num_anchors = num_anchors;
  s.rules = rules;
  s.path.certificates[0] = (uint8_t)leaf;
  s.path.num_certificates = 1;
  s.path.failed = NONE;
  s.best_status = EVSEAL_CHAIN_NO_ANCHOR;
  s.best = s.path;
  s.best.failed = (uint8_t)leaf;
  if (certificates[leaf].issuer.len == 0) {
    out_path->failed = (uint8_t)leaf;
    return EVSEAL_CERT_ENCODING;
  }
  evseal_status status = search_paths(&s);
  if (status == EVSEAL_OK) {
    *out_path = s.path;
    return EVSEAL_OK;
  }
  *out_path = s.best;
  if (is_final(status)) {
    return status;
  }
  bool only_time = s.best_reach == 3 + EVSEAL_MAX_CHAIN_CERTIFICATES;
  if (only_time && (rules->flags & EVSEAL_CHAIN_PREFER_TIME) != 0) {
    out_path->failed = NONE;
    return EVSEAL_OK;
  }
  return s.best_status;
}
