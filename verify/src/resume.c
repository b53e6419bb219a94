/*
 * Going on after a break (docs/format.md section 9.3): progress is saved as a hint, and nothing of
 * it is believed before the root that follows from it and from the stored chunks is the signed one.
 */
#include "chunks.h"
#include "span.h"
#include "stream.h"
#include "tree.h"

static const uint8_t progress_magic[8] = {0x89, 'E', 'V', 'R', '1', 0x0D, 0x0A, 0x1A};

#define AT_PACKAGE 8u
#define AT_COMPONENT 40u
#define AT_CHUNKS 44u
#define AT_DEPTH 48u
#define AT_HASHES 52u

_Static_assert(EVSEAL_PROGRESS_MAX == AT_HASHES + (EVSEAL_MAX_LEVELS + 1u) * EVSEAL_SHA256_LEN,
               "the published size of progress is wrong");

static void put_u32(uint8_t* at, uint32_t value) {
  for (unsigned i = 0; i < 4; i++) {
    at[i] = (uint8_t)(value >> (24u - 8u * i) & 0xFFu);
  }
}

static uint32_t get_u32(const uint8_t* at) {
  return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

uint64_t evseal_verify_offset(const evseal_verify_ctx* ctx) {
  return ctx->file_offset;
}

bool evseal_verify_at_payload(const evseal_verify_ctx* ctx) {
  return ctx->status == EVSEAL_PENDING && (ctx->phase == PHASE_NODE || ctx->phase == PHASE_CHUNK ||
                                           ctx->phase == PHASE_SKIP || ctx->phase == PHASE_END);
}

size_t evseal_verify_save_progress(const evseal_verify_ctx* ctx, uint8_t out[EVSEAL_PROGRESS_MAX]) {
  memset(out, 0, EVSEAL_PROGRESS_MAX);
  if (!evseal_verify_at_payload(ctx) || ctx->num_full != 0) {
    return 0;
  }
  bool in_tree = ctx->phase == PHASE_NODE || ctx->phase == PHASE_CHUNK;
  uint32_t component = ctx->phase == PHASE_END ? ctx->report.manifest.num_components
                                               : (uint32_t)ctx->component.index;
  unsigned depth = in_tree ? ctx->depth : 0;
  memcpy(out, progress_magic, sizeof progress_magic);
  memcpy(out + AT_PACKAGE, ctx->report.package_id, EVSEAL_SHA256_LEN);
  put_u32(out + AT_COMPONENT, component);
  put_u32(out + AT_CHUNKS,
          in_tree ? (uint32_t)evseal_chunks_of(ctx->offset, ctx->component.chunk_size) : 0);
  put_u32(out + AT_DEPTH, depth);
  memcpy(out + AT_HASHES, ctx->tree_hash, (size_t)depth * EVSEAL_SHA256_LEN);
  return AT_HASHES + (size_t)depth * EVSEAL_SHA256_LEN;
}

/* A stack of finished subtrees, each of a power of two of leaves, the largest first. */
typedef struct finished {
  uint8_t hash[EVSEAL_MAX_LEVELS + 1][EVSEAL_SHA256_LEN];
  uint32_t leaves[EVSEAL_MAX_LEVELS + 1];
  unsigned count;
} finished;

/* Adds a leaf; equal subtrees become one. */
static evseal_status add_leaf(finished* stack, const evseal_crypto* crypto, const uint8_t* hash) {
  if (stack->count > EVSEAL_MAX_LEVELS) {
    return EVSEAL_PROGRESS_MISMATCH;
  }
  memcpy(stack->hash[stack->count], hash, EVSEAL_SHA256_LEN);
  stack->leaves[stack->count++] = 1;
  while (stack->count > 1 && stack->leaves[stack->count - 1] == stack->leaves[stack->count - 2]) {
    uint8_t node[EVSEAL_SHA256_LEN];
    evseal_status status = evseal_tree_hash_node(node, crypto, stack->hash[stack->count - 2],
                                                 stack->hash[stack->count - 1]);
    if (status != EVSEAL_OK) {
      return status;
    }
    stack->count--;
    memcpy(stack->hash[stack->count - 1], node, sizeof node);
    stack->leaves[stack->count - 1] *= 2;
  }
  return EVSEAL_OK;
}

/* Hashes the first `chunks` chunks of ctx->component as they are stored. */
static evseal_status hash_stored(finished* stack, evseal_verify_ctx* ctx, uint32_t chunks,
                                 evseal_read_back read_back, void* user) {
  const evseal_component* component = &ctx->component;
  uint8_t* slot = evseal_stream_slot(ctx, 0);
  stack->count = 0;
  for (uint32_t i = 0; i < chunks; i++) {
    uint64_t offset = (uint64_t)i * component->chunk_size;
    uint64_t left = component->stored_size - offset;
    size_t len = left < component->chunk_size ? (size_t)left : (size_t)component->chunk_size;
    uint8_t digest[EVSEAL_SHA256_LEN];
    slot[SLOT_PREFIX] = 0x00;
    if (ctx->config.callbacks.on_yield != NULL) {
      ctx->config.callbacks.on_yield(ctx->config.callbacks.user);
    }
    if (!read_back(user, component, offset, slot + EVSEAL_SLOT_OVERHEAD, len)) {
      return EVSEAL_PROGRESS_MISMATCH;
    }
    evseal_span bytes = evseal_span_of(slot + SLOT_PREFIX, 1 + len);
    evseal_status status = ctx->config.crypto->sha256(digest, &bytes, 1);
    if (status == EVSEAL_OK) {
      status = add_leaf(stack, ctx->config.crypto, digest);
    }
    if (status != EVSEAL_OK) {
      return status;
    }
  }
  return EVSEAL_OK;
}

/* The way from the root down to where the stream stands. */
typedef struct descent {
  bool went_left[2 * EVSEAL_MAX_LEVELS + 2];
  uint32_t right_leaves[2 * EVSEAL_MAX_LEVELS + 2]; /* of the sibling, where it went left */
  unsigned steps;
  uint32_t top_leaves; /* of the subtree that comes next */
} descent;

/*
 * Walks down to the subtree that begins at chunk `chunks` and has `depth` - 1 siblings to its right
 * on the way. False when there is none.
 */
static bool descend(descent* out, uint32_t leaves, uint32_t chunks, unsigned depth) {
  uint32_t first = 0;
  unsigned lefts = 0;
  out->steps = 0;
  while (first != chunks || lefts + 1 != depth) {
    if (leaves <= 1 || out->steps >= 2 * EVSEAL_MAX_LEVELS + 2) {
      return false;
    }
    uint32_t left = evseal_tree_left_leaves(leaves);
    bool go_left = chunks < first + left;
    out->went_left[out->steps] = go_left;
    out->right_leaves[out->steps] = leaves - left;
    out->steps++;
    if (go_left) {
      lefts++;
      leaves = left;
    } else {
      first += left;
      leaves -= left;
    }
  }
  out->top_leaves = leaves;
  return true;
}

/*
 * The root over finished subtrees and, where `way` is not null, the saved hashes of those still to
 * come (the last one is next). False when they do not fit together.
 */
static bool root_of(uint8_t root[EVSEAL_SHA256_LEN], const evseal_crypto* crypto,
                    const finished* stack, const descent* way, const uint8_t* hashes,
                    unsigned depth) {
  unsigned done = stack->count;
  unsigned to_come = depth;
  if (way == NULL) {
    if (done == 0) {
      return false;
    }
    memcpy(root, stack->hash[--done], EVSEAL_SHA256_LEN);
    while (done > 0) {
      done--;
      if (evseal_tree_hash_node(root, crypto, stack->hash[done], root) != EVSEAL_OK) {
        return false;
      }
    }
    return true;
  }
  memcpy(root, hashes + (size_t)--to_come * EVSEAL_SHA256_LEN, EVSEAL_SHA256_LEN);
  for (unsigned step = way->steps; step-- > 0;) {
    if (way->went_left[step] ? to_come == 0 : done == 0) {
      return false;
    }
    const uint8_t* left = way->went_left[step] ? root : stack->hash[--done];
    const uint8_t* right =
        way->went_left[step] ? hashes + (size_t)--to_come * EVSEAL_SHA256_LEN : root;
    if (evseal_tree_hash_node(root, crypto, left, right) != EVSEAL_OK) {
      return false;
    }
  }
  return done == 0 && to_come == 0;
}

/* Puts the stream of ctx->component behind its first `chunks` chunks. */
static void place_stream(evseal_verify_ctx* ctx, const descent* way, const uint8_t* hashes,
                         unsigned depth, uint32_t chunks) {
  uint64_t nodes_to_come = 0;
  unsigned entry = 0;
  for (unsigned step = 0; step < way->steps; step++) {
    if (way->went_left[step]) {
      ctx->tree_leaves[entry] = way->right_leaves[step];
      nodes_to_come += way->right_leaves[step] - 1u;
      entry++;
    }
  }
  ctx->tree_leaves[entry] = way->top_leaves;
  nodes_to_come += way->top_leaves - 1u;
  memcpy(ctx->tree_hash, hashes, (size_t)depth * EVSEAL_SHA256_LEN);
  ctx->depth = depth;
  ctx->offset = (uint64_t)chunks * ctx->component.chunk_size;
  ctx->checked = ctx->offset;
  uint64_t nodes = ctx->component.num_chunks - 1u - nodes_to_come;
  ctx->file_offset += ctx->offset + nodes * TREE_NODE_LEN;
  evseal_stream_expect_element(ctx);
}

/* A component that is said to be stored whole. */
static evseal_status resume_whole(evseal_verify_ctx* ctx, evseal_read_back read_back, void* user) {
  finished stack;
  uint8_t root[EVSEAL_SHA256_LEN];
  evseal_status status = hash_stored(&stack, ctx, ctx->component.num_chunks, read_back, user);
  if (status != EVSEAL_OK) {
    return status;
  }
  if (!root_of(root, ctx->config.crypto, &stack, NULL, NULL, 0) ||
      memcmp(root, ctx->component.tree_root, sizeof root) != 0) {
    return EVSEAL_PROGRESS_MISMATCH;
  }
  ctx->depth = 0;
  ctx->offset = ctx->component.stored_size;
  ctx->file_offset += ctx->component.file_size;
  return evseal_stream_end_component(ctx);
}

/* The component in which the stream broke off. */
static evseal_status resume_part(evseal_verify_ctx* ctx, evseal_span progress,
                                 evseal_read_back read_back, void* user) {
  uint32_t chunks = get_u32(progress.data + AT_CHUNKS);
  uint32_t depth = get_u32(progress.data + AT_DEPTH);
  const uint8_t* hashes = progress.data + AT_HASHES;
  descent way;
  finished stack;
  uint8_t root[EVSEAL_SHA256_LEN];
  if (depth == 0 && chunks == ctx->component.num_chunks) {
    return resume_whole(ctx, read_back, user);
  }
  if (depth == 0 || depth > EVSEAL_MAX_LEVELS + 1u ||
      progress.len != AT_HASHES + (size_t)depth * EVSEAL_SHA256_LEN ||
      chunks >= ctx->component.num_chunks ||
      !descend(&way, ctx->component.num_chunks, chunks, depth)) {
    return EVSEAL_PROGRESS_MISMATCH;
  }
  evseal_status status = hash_stored(&stack, ctx, chunks, read_back, user);
  if (status != EVSEAL_OK) {
    return status;
  }
  if (!root_of(root, ctx->config.crypto, &stack, &way, hashes, depth) ||
      memcmp(root, ctx->component.tree_root, sizeof root) != 0) {
    return EVSEAL_PROGRESS_MISMATCH;
  }
  place_stream(ctx, &way, hashes, depth, chunks);
  return EVSEAL_PENDING;
}

/* Component by component up to where the progress says. */
static evseal_status resume_components(evseal_verify_ctx* ctx, evseal_span progress,
                                       evseal_read_back read_back, void* user) {
  uint32_t last = get_u32(progress.data + AT_COMPONENT);
  while (ctx->phase != PHASE_END && ctx->component.index <= last) {
    evseal_status status = EVSEAL_PENDING;
    if (ctx->phase == PHASE_SKIP) {
      /* In the component where it stands, some of it may have been fed: it is cheap to begin anew.
       */
      if (ctx->component.index == last) {
        return EVSEAL_PENDING;
      }
      status = evseal_verify_skip(ctx, ctx->remaining);
    } else if (ctx->component.index < last) {
      status = resume_whole(ctx, read_back, user);
    } else {
      return resume_part(ctx, progress, read_back, user);
    }
    if (status != EVSEAL_PENDING) {
      return status;
    }
  }
  return EVSEAL_PENDING;
}

evseal_status evseal_verify_resume(evseal_verify_ctx* ctx, evseal_span progress,
                                   evseal_read_back read_back, void* user) {
  if (ctx == NULL || read_back == NULL || !evseal_verify_at_payload(ctx) ||
      ctx->file_offset != evseal_stream_payload_start(ctx)) {
    return EVSEAL_MISUSE;
  }
  if (progress.len < AT_HASHES || progress.len > EVSEAL_PROGRESS_MAX ||
      memcmp(progress.data, progress_magic, sizeof progress_magic) != 0 ||
      memcmp(progress.data + AT_PACKAGE, ctx->report.package_id, EVSEAL_SHA256_LEN) != 0) {
    return EVSEAL_PROGRESS_MISMATCH;
  }
  evseal_status status = resume_components(ctx, progress, read_back, user);
  ctx->offered = ctx->file_offset;
  if (status != EVSEAL_PENDING && status != EVSEAL_PROGRESS_MISMATCH) {
    ctx->status = status;
  }
  return status;
}
