#include "handover.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "files.h"

#define MASK_AT 12u

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
  slice->head_len = head_len;
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

static void put_mask(uint8_t head[EVSEAL_HEADER_LEN], uint32_t mask) {
  for (unsigned i = 0; i < 4; i++) {
    head[MASK_AT + i] = (uint8_t)(mask >> (24u - 8u * i) & 0xFFu);
  }
}

bool handover_begin(handover* slice, const uint8_t* head) {
  uint8_t header[EVSEAL_HEADER_LEN];
  if (slice->end == 0) {
    return true;
  }
  bool file = slice->part[0] != '\0';
  slice->fd = file ? open(slice->part, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600)
                   : open(slice->path, O_WRONLY | O_CLOEXEC);
  memcpy(header, head, sizeof header);
  put_mask(header, slice->mask);
  return slice->fd >= 0 && file_write_all(slice->fd, header, sizeof header) &&
         file_write_all(slice->fd, head + sizeof header, slice->head_len - sizeof header) &&
         (!file || file_sync_folder_of(slice->path));
}

/* The octets of the slice while the stream stands at `offset`. */
static uint64_t length_at(const handover* slice, uint64_t offset) {
  uint64_t at = offset < slice->begin ? slice->begin : (offset > slice->end ? slice->end : offset);
  return slice->head_len + (at - slice->begin);
}

/* It is the slice of this package, and as long as it must be. */
static bool fits(const handover* slice, const uint8_t* head, uint64_t len) {
  uint8_t octets[512];
  struct stat info;
  if (fstat(slice->fd, &info) != 0 || !S_ISREG(info.st_mode) || (uint64_t)info.st_size < len) {
    return false;
  }
  for (uint64_t at = 0; at < slice->head_len;) {
    uint64_t left = slice->head_len - at;
    size_t want = left < sizeof octets ? (size_t)left : sizeof octets;
    uint8_t expected[sizeof octets];
    memcpy(expected, head + at, want);
    if (at == 0) {
      put_mask(expected, slice->mask);
    }
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

bool handover_continue(handover* slice, const uint8_t* head, uint64_t offset, bool dry) {
  if (slice->end == 0) {
    return true;
  }
  if (slice->part[0] == '\0') {
    return false; /* whoever reads the pipe now has seen nothing yet */
  }
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
