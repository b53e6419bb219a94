#include "progress.h"

#include <string.h>

#include "files.h"

#define HEAD_NAME "download.head"
#define PROGRESS_NAME "download.progress"

/* Two numbers of 8 octets, then the octets. */
#define NUMBERS_LEN 16u

static uint8_t the_file[NUMBERS_LEN + sizeof((progress_head*)0)->octets];

static void put_u64(uint8_t* at, uint64_t value) {
  for (unsigned i = 0; i < 8; i++) {
    at[i] = (uint8_t)(value >> (56u - 8u * i) & 0xFFu);
  }
}

static uint64_t get_u64(const uint8_t* at) {
  uint64_t value = 0;
  for (unsigned i = 0; i < 8; i++) {
    value = value << 8 | at[i];
  }
  return value;
}

bool progress_save_head(int root, const progress_head* head) {
  put_u64(the_file, head->base);
  put_u64(the_file + 8, head->steps_len);
  memcpy(the_file + NUMBERS_LEN, head->octets, head->len);
  return file_replace(root, HEAD_NAME, the_file, NUMBERS_LEN + head->len);
}

bool progress_load_head(progress_head* out, int root) {
  size_t len = 0;
  if (!file_load(root, HEAD_NAME, the_file, sizeof the_file, &len) || len < NUMBERS_LEN) {
    return false;
  }
  out->len = len - NUMBERS_LEN;
  out->base = get_u64(the_file);
  uint64_t steps_len = get_u64(the_file + 8);
  if (steps_len > out->len || out->len - steps_len < EVSEAL_HEADER_LEN ||
      out->len - steps_len > PROGRESS_MAX_HEAD) {
    return false;
  }
  out->steps_len = (size_t)steps_len;
  memcpy(out->octets, the_file + NUMBERS_LEN, out->len);
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
