#include "stream.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

ssize_t stream_read(stream* in, uint8_t* out, size_t len) {
  ssize_t got = 0;
  if (in->num_ahead > 0) {
    size_t count = len < in->num_ahead ? len : in->num_ahead;
    memcpy(out, in->ahead, count);
    memmove(in->ahead, in->ahead + count, in->num_ahead - count);
    in->num_ahead -= count;
    got = (ssize_t)count;
  } else {
    do {
      got = read(in->fd, out, len);
    } while (got < 0 && errno == EINTR);
  }
  in->at += got > 0 ? (uint64_t)got : 0;
  return got;
}

bool stream_peek(stream* in, size_t want) {
  while (in->num_ahead < want) {
    ssize_t got = read(in->fd, in->ahead + in->num_ahead, want - in->num_ahead);
    if (got < 0 && errno == EINTR) {
      continue;
    }
    if (got <= 0) {
      return got == 0;
    }
    in->num_ahead += (size_t)got;
  }
  return true;
}

bool stream_discard(stream* in, uint64_t len) {
  uint8_t octets[4096];
  while (len > 0) {
    ssize_t got = stream_read(in, octets, len < sizeof octets ? (size_t)len : sizeof octets);
    if (got <= 0) {
      return got == 0;
    }
    len -= (uint64_t)got;
  }
  return true;
}
