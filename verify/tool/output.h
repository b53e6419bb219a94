/* Images that --write asked for: without a name until the final verdict, inflated where the
 * component is gzip. */
#ifndef EVSEAL_TOOL_OUTPUT_H
#define EVSEAL_TOOL_OUTPUT_H

#include <openssl/evp.h>
#include <stdbool.h>
#include <zlib.h>

#include "evseal/verify.h"

typedef struct output {
  const char* path;
  int fd;
  char temporary[4096]; /* its name while it has one that is not final, else empty */
  bool inflating;
  bool finished; /* gzip: the member has ended */
  z_stream stream;
  EVP_MD_CTX* digest;
  uint64_t written;
  uint64_t size;
  uint8_t sha256[EVSEAL_SHA256_LEN];
} output;

/* What went wrong, for the last line that a person reads. */
typedef struct output_error {
  bool inflate; /* EVSEAL_INFLATE; otherwise a file error, errno is set */
} output_error;

/* Whether a file of this name can be made, as far as that can be told before: errno says why not.
 * An update of hours must not end with a name that was wrong from the start. */
bool output_possible(const char* path, bool force);
bool output_open(output* out, const char* path, const evseal_component* component);
bool output_write(output* out, evseal_span bytes, output_error* error);
/* All octets have come: size and digest must fit. */
bool output_end(output* out, output_error* error);
/* Writes it to the disk, under a temporary name: what can still fail then is the name alone. */
bool output_prepare(output* out);
/* Gives the prepared file its name. */
bool output_commit(output* out, bool force);
void output_discard(output* out);

#endif
