#include "progress.h"

#include <string.h>

#include "files.h"

#define HEAD_NAME "download.head"
#define PROGRESS_NAME "download.progress"

#define BASE_LEN 8u

static uint8_t the_file[BASE_LEN + PROGRESS_MAX_HEAD];

bool progress_save_head(int root, const progress_head* head) {
  for (unsigned i = 0; i < BASE_LEN; i++) {
    the_file[i] = (uint8_t)(head->base >> (56u - 8u * i) & 0xFFu);
  }
  memcpy(the_file + BASE_LEN, head->octets, head->len);
  return file_replace(root, HEAD_NAME, the_file, BASE_LEN + head->len);
}

bool progress_load_head(progress_head* out, int root) {
  size_t len = 0;
  out->base = 0;
  out->len = 0;
  if (!file_load(root, HEAD_NAME, the_file, sizeof the_file, &len) ||
      len < BASE_LEN + EVSEAL_HEADER_LEN) {
    return false;
  }
  for (unsigned i = 0; i < BASE_LEN; i++) {
    out->base = out->base << 8 | the_file[i];
  }
  out->len = len - BASE_LEN;
  memcpy(out->octets, the_file + BASE_LEN, out->len);
  return true;
}

bool progress_save(int root, const evseal_verify_ctx* context) {
  uint8_t octets[EVSEAL_PROGRESS_MAX];
  size_t len = evseal_verify_save_progress(context, octets);
  return len == 0 || file_replace(root, PROGRESS_NAME, octets, len);
}

size_t progress_load(uint8_t out[EVSEAL_PROGRESS_MAX], int root) {
  size_t len = 0;
  return file_load(root, PROGRESS_NAME, out, EVSEAL_PROGRESS_MAX, &len) ? len : 0;
}

bool progress_forget(int root) {
  /* The head first: progress without it is not looked at. */
  return file_remove(root, HEAD_NAME) && file_remove(root, PROGRESS_NAME);
}
