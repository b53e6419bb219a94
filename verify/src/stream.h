/* The push machine's parts that going on after a break needs too. Internal. */
#ifndef EVSEAL_SRC_STREAM_H
#define EVSEAL_SRC_STREAM_H

#include "evseal/verify.h"

#define PAYLOAD_ALIGNMENT 4096u

/* Phases. Values apart from each other, so that a flipped bit does not lead from one to another. */
enum {
  PHASE_HEADER = 0x1E,
  PHASE_ENVELOPE = 0x2D,
  PHASE_PADDING = 0x4B,
  PHASE_NODE = 0x87,
  PHASE_CHUNK = 0xB4,
  PHASE_SKIP = 0xD2,
  PHASE_END = 0xE1
};

/* A chunk buffer in the workspace: what its hash must be and is, where it belongs, then 00 (RFC
 * 9162) and the chunk. */
#define SLOT_EXPECTED 0u
#define SLOT_DIGEST 32u
#define SLOT_OFFSET 64u
#define SLOT_LEN 72u
#define SLOT_PREFIX (EVSEAL_SLOT_OVERHEAD - 1u)

/* Rule 1 over ctx->header: the kind, the mask and the envelope's length, or why not. */
evseal_status evseal_stream_read_header(evseal_verify_ctx* ctx);

/* Where the payload begins in the file. */
uint64_t evseal_stream_payload_start(const evseal_verify_ctx* ctx);

/* Chunk buffer `index`. */
uint8_t* evseal_stream_slot(const evseal_verify_ctx* ctx, unsigned index);

/* The phase for the next element of the component's tree. */
void evseal_stream_expect_element(evseal_verify_ctx* ctx);

/* The next component that is in the file: asks the caller, and sets the phase for its octets. */
evseal_status evseal_stream_begin_component(evseal_verify_ctx* ctx);

/* Every chunk of the component has been checked: says so, and begins the next. */
evseal_status evseal_stream_end_component(evseal_verify_ctx* ctx);

#endif
