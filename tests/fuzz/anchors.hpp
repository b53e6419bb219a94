// Where the C++ decoder of trust stores and the library differ.
#pragma once

#include "evseal/manifest/trust_store.hpp"
#include "fuzz.hpp"

extern "C" {
#include "x509_fields.h"
}

namespace evseal::fuzz {

/// The C++ decoder takes an anchor as two elements; only the library looks into them.
[[nodiscard]] inline bool has_bad_anchor(const manifest::TrustStore& trust) {
  for (const manifest::Role& role : trust.roles) {
    for (const manifest::Anchor& anchor : role.anchors) {
      evseal_public_key key{};
      if (anchor.subject.size() <= 2 || !evseal_x509_name_well_formed(span_of(anchor.subject)) ||
          evseal_public_key_parse(&key, span_of(anchor.key)) != EVSEAL_OK) {
        return true;
      }
    }
  }
  return false;
}

}  // namespace evseal::fuzz
