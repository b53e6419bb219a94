/* The download: octets of a file, from some offset on. */
#ifndef CHARGER_STREAM_H
#define CHARGER_STREAM_H

#include <evseal/verify.h>
#include <sys/types.h>

/* What was looked at ahead comes first. */
typedef struct stream {
  int fd;
  uint64_t at; /* of the next octet in the file */
  uint8_t ahead[EVSEAL_HEADER_LEN];
  size_t num_ahead;
} stream;

/* As read(2), without EINTR. */
ssize_t stream_read(stream* in, uint8_t* out, size_t len);

/* Looks ahead at up to `want` octets; fewer are there at the end only. False with errno. */
bool stream_peek(stream* in, size_t want);

/* Reads on; the end may come earlier. False with errno. */
bool stream_discard(stream* in, uint64_t len);

#endif
