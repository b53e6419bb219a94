#include "files.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define NAME_LEN 128

bool file_write_all(int fd, const uint8_t* bytes, size_t len) {
  while (len > 0) {
    ssize_t done = write(fd, bytes, len);
    if (done < 0 && errno == EINTR) {
      continue;
    }
    if (done < 0) {
      return false;
    }
    bytes += done;
    len -= (size_t)done;
  }
  return true;
}

bool file_write_at(int fd, const uint8_t* bytes, size_t len, uint64_t offset) {
  while (len > 0) {
    ssize_t done = pwrite(fd, bytes, len, (off_t)offset);
    if (done < 0 && errno == EINTR) {
      continue;
    }
    if (done < 0) {
      return false;
    }
    bytes += done;
    offset += (uint64_t)done;
    len -= (size_t)done;
  }
  return true;
}

/* Closes a descriptor without touching errno. */
static void close_quietly(int fd) {
  int number = errno;
  (void)close(fd);
  errno = number;
}

bool file_load(int folder, const char* name, uint8_t* out, size_t capacity, size_t* out_len) {
  *out_len = 0;
  int fd = openat(folder, name, O_RDONLY | O_CLOEXEC);
  if (fd < 0) {
    return errno == ENOENT;
  }
  size_t len = 0;
  ssize_t got = 0;
  uint8_t extra = 0;
  do {
    bool full = len == capacity;
    got = read(fd, full ? &extra : out + len, full ? 1 : capacity - len);
    if (got > 0 && full) {
      errno = EFBIG;
      got = -1;
    } else if (got > 0) {
      len += (size_t)got;
    }
  } while (got > 0 || (got < 0 && errno == EINTR));
  close_quietly(fd);
  *out_len = got == 0 ? len : 0;
  return got == 0;
}

bool file_replace(int folder, const char* name, const uint8_t* bytes, size_t len) {
  char beside[NAME_LEN];
  int wanted = snprintf(beside, sizeof beside, "%s.new", name);
  if (wanted < 0 || (size_t)wanted >= sizeof beside) {
    errno = ENAMETOOLONG;
    return false;
  }
  /* What a killed process left there is of no use: one process at a time works here (the lock). */
  int fd = openat(folder, beside, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  if (fd < 0) {
    return false;
  }
  bool fine = file_write_all(fd, bytes, len) && fsync(fd) == 0;
  close_quietly(fd);
  return fine && renameat(folder, beside, folder, name) == 0 && fsync(folder) == 0;
}

bool file_remove(int folder, const char* name) {
  if (unlinkat(folder, name, 0) != 0) {
    return errno == ENOENT;
  }
  return fsync(folder) == 0;
}

int file_open_in_place(int folder, const char* subfolder, const char* name) {
  if (mkdirat(folder, subfolder, 0700) != 0 && errno != EEXIST) {
    return -1;
  }
  int below = openat(folder, subfolder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (below < 0) {
    return -1;
  }
  int fd = openat(below, name, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (fd >= 0 && (fsync(below) != 0 || fsync(folder) != 0)) {
    close_quietly(fd);
    fd = -1;
  }
  close_quietly(below);
  return fd;
}

bool file_sync_folder_of(const char* path) {
  char folder[PATH_MAX];
  const char* slash = strrchr(path, '/');
  size_t len = slash == NULL ? 0 : (size_t)(slash - path) + 1;
  if (len >= sizeof folder) {
    errno = ENAMETOOLONG;
    return false;
  }
  memcpy(folder, path, len);
  memcpy(folder + len, len == 0 ? "." : "", len == 0 ? 2 : 1);
  int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  bool fine = fd >= 0 && fsync(fd) == 0;
  if (fd >= 0) {
    close_quietly(fd);
  }
  return fine;
}
