/* Types and limits that all headers of the library share. */
#ifndef EVSEAL_TYPES_H
#define EVSEAL_TYPES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "evseal/config.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Octets that somebody else owns. `data` may be null where `len` is 0. */
typedef struct evseal_span {
  const uint8_t* data;
  size_t len;
} evseal_span;

/* Limits of the format; docs/format.md section 11 has their reasons. Those that a device may lower
 * are in config.h. */
#define EVSEAL_MAX_ENVELOPE 65536u
#define EVSEAL_MAX_NAMED_CRLS 8u /* by a manifest */
#define EVSEAL_MAX_INTERMEDIATES 4u
#define EVSEAL_MAX_OPERATIONS 12u  /* public-key operations for one package */
#define EVSEAL_MAX_NAME_STEPS 512u /* steps of the search for paths */
#define EVSEAL_MAX_NAME 512u       /* octets of an issuer or subject Name */
#define EVSEAL_MAX_EXTENSIONS 24u
#define EVSEAL_MAX_ANCHORS 8u
#define EVSEAL_MAX_ROLES 8u
#define EVSEAL_MAX_COMPONENTS 32u
#define EVSEAL_MAX_KNOWN_ISSUERS 16u /* issuers of CRLs that a state remembers */
#define EVSEAL_MAX_REVOKED 256u      /* serial numbers that a state remembers, of all issuers */
#define EVSEAL_MAX_STEPS 8u          /* trust-updates in front of a package */
#define EVSEAL_MAX_PRESERVE 4u
#define EVSEAL_MAX_REQUIRES 8u
#define EVSEAL_MAX_LEAVES 1048576u /* chunks of one component */
#define EVSEAL_MIN_CHUNK 4096u
#define EVSEAL_MAX_CHUNK 1048576u
#define EVSEAL_TIME_FLOOR_STEP 34560000 /* 400 days in seconds */

/* Stages, also as bits in masks. */
typedef enum evseal_stage {
  EVSEAL_STAGE_DEV = 1,
  EVSEAL_STAGE_PILOT = 2,
  EVSEAL_STAGE_PROD = 4
} evseal_stage;

/* Package kinds, also as bits in masks. */
typedef enum evseal_kind { EVSEAL_KIND_FIRMWARE = 1, EVSEAL_KIND_TRUST_UPDATE = 2 } evseal_kind;

#ifdef __cplusplus
}
#endif

#endif
