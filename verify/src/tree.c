#include "tree.h"

#include <string.h>

/* A stack of subtrees still to come: the hash each must have and its number of leaves. At most one
 * per level. */

static void push(evseal_verify_ctx* ctx, const uint8_t* hash, uint32_t leaves) {
  memcpy(ctx->tree_hash[ctx->depth], hash, EVSEAL_SHA256_LEN);
  ctx->tree_leaves[ctx->depth] = leaves;
  ctx->depth++;
}

void evseal_tree_start(evseal_verify_ctx* ctx) {
  ctx->depth = 0;
  ctx->offset = 0;
  push(ctx, ctx->component.tree_root, ctx->component.num_chunks);
}

bool evseal_tree_done(const evseal_verify_ctx* ctx) {
  return ctx->depth == 0;
}

bool evseal_tree_expects_node(const evseal_verify_ctx* ctx) {
  return ctx->depth > 0 && ctx->tree_leaves[ctx->depth - 1] > 1;
}

uint32_t evseal_tree_left_leaves(uint32_t n) {
  uint32_t k = 1;
  while (k < n - k) {
    k <<= 1;
  }
  return k;
}

uint32_t evseal_difference(const uint8_t a[EVSEAL_SHA256_LEN], const uint8_t b[EVSEAL_SHA256_LEN]) {
  uint32_t difference = 0;
  for (unsigned i = 0; i < EVSEAL_SHA256_LEN; i++) {
    difference |= (uint32_t)(a[i] ^ b[i]);
  }
  return difference;
}

evseal_status evseal_tree_hash_node(uint8_t out[EVSEAL_SHA256_LEN], const evseal_crypto* crypto,
                                    const uint8_t* left, const uint8_t* right) {
  static const uint8_t prefix = 0x01;
  evseal_span pieces[3] = {{&prefix, 1}, {left, EVSEAL_SHA256_LEN}, {right, EVSEAL_SHA256_LEN}};
  return crypto->sha256(out, pieces, 3);
}

evseal_status evseal_tree_take_node(evseal_verify_ctx* ctx, const uint8_t* node) {
  uint8_t digest[EVSEAL_SHA256_LEN];
  uint32_t leaves = ctx->tree_leaves[ctx->depth - 1];
  evseal_status status =
      evseal_tree_hash_node(digest, ctx->config.crypto, node, node + EVSEAL_SHA256_LEN);
  if (status != EVSEAL_OK) {
    return status;
  }
  ctx->doubt |= evseal_difference(digest, ctx->tree_hash[ctx->depth - 1]);
  if (memcmp(digest, ctx->tree_hash[ctx->depth - 1], sizeof digest) != 0) {
    return EVSEAL_TREE_NODE;
  }
  /* A subtree of n leaves is replaced by two of fewer: with 2^20 leaves at most 21 are on the
   * stack. */
  uint32_t left = evseal_tree_left_leaves(leaves);
  ctx->depth--;
  push(ctx, node + EVSEAL_SHA256_LEN, leaves - left);
  push(ctx, node, left);
  return EVSEAL_OK;
}

void evseal_tree_take_leaf(evseal_verify_ctx* ctx, uint8_t* out_hash) {
  ctx->depth--;
  memcpy(out_hash, ctx->tree_hash[ctx->depth], EVSEAL_SHA256_LEN);
}
