/* The hash tree as it streams by in pre-order (docs/format.md section 8). Internal. */
#ifndef EVSEAL_SRC_TREE_H
#define EVSEAL_SRC_TREE_H

#include "evseal/verify.h"

#define TREE_NODE_LEN 64u

/* Starts the tree of ctx->component. */
void evseal_tree_start(evseal_verify_ctx* ctx);

/* True when the next element of the stream is a node, false when it is a chunk. */
bool evseal_tree_expects_node(const evseal_verify_ctx* ctx);

/* True when every element has been seen. */
bool evseal_tree_done(const evseal_verify_ctx* ctx);

/* Takes the 64 octets of a node: EVSEAL_OK, EVSEAL_TREE_NODE or EVSEAL_CRYPTO_FAILED. */
evseal_status evseal_tree_take_node(evseal_verify_ctx* ctx, const uint8_t* node);

/* RFC 9162 section 2.1.1: the largest power of two smaller than n, for n > 1. */
uint32_t evseal_tree_left_leaves(uint32_t n);

/* Zero when two hashes are equal; found out in another way than memcmp does. */
uint32_t evseal_difference(const uint8_t a[EVSEAL_SHA256_LEN], const uint8_t b[EVSEAL_SHA256_LEN]);

/* The hash of a node over its children. */
evseal_status evseal_tree_hash_node(uint8_t out[EVSEAL_SHA256_LEN], const evseal_crypto* crypto,
                                    const uint8_t* left, const uint8_t* right);

/* Takes the hash that the next chunk must have. */
void evseal_tree_take_leaf(evseal_verify_ctx* ctx, uint8_t* out_hash);

#endif
