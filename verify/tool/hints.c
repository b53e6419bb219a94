#include "hints.h"

#include <string.h>

#define LONGEST_NAME 32u

/* Refusals of the package. */
static const char* package_hint(evseal_status status) {
  switch (status) {
    case EVSEAL_FILE_MAGIC:
      return "name a .evs package; `evseal inspect` says what a file looks like";
    case EVSEAL_FILE_VERSION:
      return "update evseal-verify, or ask for a package of version 1";
    case EVSEAL_TRUNCATED:
    case EVSEAL_TREE_NODE:
    case EVSEAL_CHUNK_DIGEST:
    case EVSEAL_TRAILING_DATA:
      return "the file is damaged: fetch it again";
    case EVSEAL_PADDING:
    case EVSEAL_DIGEST_MISMATCH:
    case EVSEAL_SIGNATURE_INVALID:
      return "the file was changed after it was signed: fetch it again from where it was released";
    case EVSEAL_ENVELOPE_LENGTH:
    case EVSEAL_LIMIT_COMPONENTS:
    case EVSEAL_LIMIT_CHUNK:
      return "the package is larger than this device holds: ask for one that was made for it";
    case EVSEAL_REQUIREMENT_UNMET:
    case EVSEAL_VERSION_JUMP:
      return "install the releases in between first, or ask for a package that brings everything";
    case EVSEAL_UNSIGNED:
      return "sign it: evseal sign FILE --signer SIGNER.json -o FILE.evs";
    case EVSEAL_CHAIN_NO_ANCHOR:
      return "the package is signed for another device, or --device names the wrong profile";
    case EVSEAL_WRONG_DEVICE:
      return "the package names other vendors or models: check --device";
    case EVSEAL_WRONG_HARDWARE:
      return "pass the revision of this unit with --hardware N";
    case EVSEAL_WRONG_SERIAL:
      return "pass the serial number of this unit with --serial TEXT";
    case EVSEAL_REVOKED:
      return "ask for a package that is signed with a certificate that is not revoked";
    case EVSEAL_CRL_MISSING:
    case EVSEAL_CRL_STRIPPED:
      return "ask for the package with the revocation lists that it was released with, or newer "
             "ones";
    case EVSEAL_THRESHOLD_NOT_MET:
      return "a further party has to sign: evseal sign --add FILE --signer SIGNER.json -o FILE.evs";
    case EVSEAL_TRUST_EPOCH:
      return "trust-updates are taken one after the other: `evseal trust path` orders them";
    case EVSEAL_ROLLBACK:
      return "ask for a package that is at least as new as what is installed";
    case EVSEAL_STAGE_REFUSED:
    case EVSEAL_STAGE_MISMATCH:
      return "ask for a package that is signed for a stage that this device takes";
    default:
      return NULL;
  }
}

const char* hint_for(evseal_status status) {
  switch (status) {
    case EVSEAL_COMPONENT_ABSENT:
      return "ask for a file with every component that this device needs";
    case EVSEAL_CLOCK_BEFORE:
    case EVSEAL_CLOCK_AFTER:
    case EVSEAL_CRL_STALE:
      return "check the clock of this unit, or pass the time with --now";
    case EVSEAL_CLOCK_MISSING:
      return "pass the time with --now";
    case EVSEAL_EXPIRED:
    case EVSEAL_EXPIRED_FLOOR:
      return "ask for a package that is signed with a renewed certificate";
    case EVSEAL_PROFILE_DAMAGED:
      return "build the profile again with `evseal device build`";
    case EVSEAL_STATE_MISSING:
    case EVSEAL_STATE_DAMAGED:
      return "name the state with --state FILE, or pass --factory-new if there is none yet";
    case EVSEAL_STATE_MISMATCH:
      return "--state and --device belong to different models: name those of this unit";
    default:
      return package_hint(status);
  }
}

/* Levenshtein's distance; a long text is near to nothing. */
static size_t distance(const char* a, const char* b) {
  size_t row[LONGEST_NAME + 1];
  size_t len = strlen(b);
  if (len > LONGEST_NAME || strlen(a) > LONGEST_NAME) {
    return LONGEST_NAME;
  }
  for (size_t j = 0; j <= len; j++) {
    row[j] = j;
  }
  for (size_t i = 1; a[i - 1] != '\0'; i++) {
    size_t diagonal = row[0];
    row[0] = i;
    for (size_t j = 1; j <= len; j++) {
      size_t best = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
      diagonal = row[j];
      best = best < row[j] + 1 ? best : row[j] + 1;
      row[j] = best < row[j - 1] + 1 ? best : row[j - 1] + 1;
    }
  }
  return row[len];
}

const char* hint_nearest(const char* text, const char* const* names, size_t count) {
  const char* best = NULL;
  size_t nearest = 4;
  for (size_t i = 0; i < count; i++) {
    size_t found = distance(text, names[i]);
    if (found < nearest) {
      nearest = found;
      best = names[i];
    }
  }
  return best;
}
