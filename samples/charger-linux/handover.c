#include "handover.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "files.h"

#define MASK_AT 12u /* in the header */
#define PIECE_LEN 1024u

bool handover_prepare(handover* slice, const char* id, const char* path) {
  struct stat info;
  memset(slice, 0, sizeof *slice);
  slice->id = id;
  slice->path = path;
  slice->fd = -1;
  if (stat(path, &info) == 0 && !S_ISREG(info.st_mode)) {
    errno = EISDIR;
    return !S_ISDIR(info.st_mode);
  }
  int len = snprintf(slice->part, sizeof slice->part, "%s.part", path);
  errno = ENAMETOOLONG;
  return len > 0 && (size_t)len < sizeof slice->part;
}

void handover_plan(handover* slice, const evseal_manifest* manifest, uint32_t present,
                   uint64_t head_len) {
  uint64_t offset = head_len;
  evseal_component component;
  slice->begin = 0;
  slice->end = 0;
  for (unsigned i = 0; i < manifest->num_components; i++) {
    bool here = present == 0 || (present >> i & 1u) != 0;
    if (!here || evseal_manifest_component(&component, manifest, i) != EVSEAL_OK) {
      continue;
    }
    if (strlen(slice->id) == component.id.len &&
        memcmp(slice->id, component.id.data, component.id.len) == 0) {
      slice->begin = offset;
      slice->end = offset + component.file_size;
      /* All components there are: 0 is the one way to write that (docs/format.md section 2). */
      slice->mask = manifest->num_components == 1 ? 0 : 1u << i;
    }
    offset += component.file_size;
  }
}

/* Octet `at` of what stands before the component: the package's own but for the mask. */
static uint8_t front_octet(const handover* slice, const progress_head* head, size_t at) {
  size_t mask_at = head->steps_len + MASK_AT;
  if (at >= mask_at && at < mask_at + 4) {
    return (uint8_t)(slice->mask >> (24u - 8u * (at - mask_at)) & 0xFFu);
  }
  return head->octets[at];
}

/* The next octets of it, as many as fit. */
static size_t front_piece(uint8_t* out, size_t room, const handover* slice,
                          const progress_head* head, size_t at) {
  size_t len = head->len - at < room ? head->len - at : room;
  for (size_t i = 0; i < len; i++) {
    out[i] = front_octet(slice, head, at + i);
  }
  return len;
}

bool handover_begin(handover* slice, const progress_head* head) {
  uint8_t piece[PIECE_LEN];
  if (slice->end == 0) {
    return true;
  }
  bool file = slice->part[0] != '\0';
  slice->front = head->len;
  slice->fd = file ? open(slice->part, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600)
                   : open(slice->path, O_WRONLY | O_CLOEXEC);
  if (slice->fd < 0) {
    return false;
  }
  for (size_t at = 0; at < head->len;) {
    size_t len = front_piece(piece, sizeof piece, slice, head, at);
    if (!file_write_all(slice->fd, piece, len)) {
      return false;
    }
    at += len;
  }
  return !file || file_sync_folder_of(slice->path);
}

/* The octets of the slice while the stream stands at `offset`. */
static uint64_t length_at(const handover* slice, uint64_t offset) {
  uint64_t at = offset < slice->begin ? slice->begin : (offset > slice->end ? slice->end : offset);
  return slice->front + (at - slice->begin);
}

/* It is the slice of this package, and as long as it must be. */
static bool fits(const handover* slice, const progress_head* head, uint64_t len) {
  uint8_t expected[PIECE_LEN];
  uint8_t octets[PIECE_LEN];
  struct stat info;
  if (fstat(slice->fd, &info) != 0 || !S_ISREG(info.st_mode) || (uint64_t)info.st_size < len) {
    return false;
  }
  for (size_t at = 0; at < head->len;) {
    size_t want = front_piece(expected, sizeof expected, slice, head, at);
    if (pread(slice->fd, octets, want, (off_t)at) != (ssize_t)want ||
        memcmp(octets, expected, want) != 0) {
      return false;
    }
    at += want;
  }
  return true;
}

void handover_close(handover* slice) {
  if (slice->fd >= 0) {
    (void)close(slice->fd);
    slice->fd = -1;
  }
}

bool handover_continue(handover* slice, const progress_head* head, uint64_t offset, bool dry) {
  if (slice->end == 0) {
    return true;
  }
  if (slice->part[0] == '\0') {
    return false; /* whoever reads the pipe now has seen nothing yet */
  }
  slice->front = head->len;
  uint64_t len = length_at(slice, offset);
  slice->fd = open(slice->part, O_RDWR | O_CLOEXEC);
  bool renamed = slice->fd < 0 && errno == ENOENT;
  if (renamed) { /* it had its name already when the power went, or it is an older one */
    slice->fd = open(slice->path, O_RDWR | O_CLOEXEC);
  }
  bool fine = slice->fd >= 0 && fits(slice, head, len);
  if (fine && !dry) {
    fine = (!renamed || rename(slice->path, slice->part) == 0) &&
           ftruncate(slice->fd, (off_t)len) == 0 && lseek(slice->fd, 0, SEEK_END) == (off_t)len;
  }
  if (dry || !fine) {
    handover_close(slice);
  }
  return fine;
}

bool handover_take(handover* slice, uint64_t offset, const uint8_t* bytes, size_t len) {
  uint64_t from = offset < slice->begin ? slice->begin : offset;
  uint64_t to = offset + len < slice->end ? offset + len : slice->end;
  return slice->fd < 0 || from >= to ||
         file_write_all(slice->fd, bytes + (from - offset), (size_t)(to - from));
}

bool handover_sync(const handover* slice) {
  return slice->fd < 0 || slice->part[0] == '\0' || fdatasync(slice->fd) == 0;
}

bool handover_finish(handover* slice) {
  if (slice->fd < 0) {
    return true;
  }
  bool fine = handover_sync(slice) && close(slice->fd) == 0;
  slice->fd = -1;
  return fine && (slice->part[0] == '\0' ||
                  (rename(slice->part, slice->path) == 0 && file_sync_folder_of(slice->path)));
}

void handover_discard(handover* slice) {
  handover_close(slice);
  if (slice->part[0] != '\0') {
    (void)unlink(slice->part);
  }
}
