/* The hash tree: any number of leaves the format allows, any nodes, any answers of the hash. */
#include "tree.h"

#include "harness.h"

static evseal_verify_ctx ctx;

int main(void) {
  uint8_t node[TREE_NODE_LEN];
  uint8_t hash[EVSEAL_SHA256_LEN];
  ctx.config.crypto = &any_crypto;
  ctx.component.num_chunks = (uint32_t)Frama_C_interval(1, 1 << EVSEAL_MAX_LEVELS);
  evseal_tree_start(&ctx);
  while (!evseal_tree_done(&ctx)) {
    if (evseal_tree_expects_node(&ctx)) {
      fill_any(node, sizeof node);
      if (evseal_tree_take_node(&ctx, node) != EVSEAL_OK) {
        return 0;
      }
    } else {
      evseal_tree_take_leaf(&ctx, hash);
    }
  }
  //@ check reached: \false;
  return 0;
}
