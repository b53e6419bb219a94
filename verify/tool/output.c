#include "output.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define GZIP_WINDOW (16 + MAX_WBITS)

/* What is kept of a long name: with the rest it must fit wherever the final name fits. */
#define KEPT_OF_NAME 200

static bool name_temporary(output* out) {
  const char* slash = strrchr(out->path, '/');
  size_t folder = slash == NULL ? 0 : (size_t)(slash - out->path) + 1;
  size_t name = strlen(out->path + folder);
  size_t kept = folder + (name < KEPT_OF_NAME ? name : KEPT_OF_NAME);
  int len = snprintf(out->temporary, sizeof out->temporary, "%.*s.%ld.tmp", (int)kept, out->path,
                     (long)getpid());
  return len > 0 && (size_t)len < sizeof out->temporary;
}

/* A file without a name where the file system has such, so that even a killed process leaves
 * nothing. */
static bool open_unnamed(output* out) {
  char folder[sizeof out->temporary];
  if (strlen(out->path) >= sizeof folder) {
    errno = ENAMETOOLONG;
    return false;
  }
  strcpy(folder, out->path); /* NOLINT: the length is checked above */
  out->fd = open(dirname(folder), O_TMPFILE | O_RDWR | O_CLOEXEC, 0644);
  return out->fd >= 0;
}

/* Pipes, devices and folders are never replaced, not even with --force. */
static bool may_be_replaced(const char* path) {
  struct stat info;
  return lstat(path, &info) != 0 || S_ISREG(info.st_mode) || S_ISLNK(info.st_mode);
}

bool output_possible(const char* path, bool force) {
  struct stat info;
  char folder[sizeof((output*)0)->temporary];
  if (lstat(path, &info) == 0) {
    errno = EEXIST;
    if (!force || !may_be_replaced(path)) {
      return false;
    }
  } else if (errno != ENOENT) {
    return false;
  }
  size_t len = strlen(path);
  if (len == 0 || path[len - 1] == '/' || len >= sizeof folder) {
    errno = len >= sizeof folder ? ENAMETOOLONG : EISDIR;
    return false;
  }
  memcpy(folder, path, len + 1);
  return access(dirname(folder), W_OK | X_OK) == 0;
}

bool output_open(output* out, const char* path, const evseal_component* component) {
  memset(out, 0, sizeof *out);
  if (!may_be_replaced(path)) {
    errno = EEXIST;
    return false;
  }
  out->path = path;
  out->size = component->size;
  memcpy(out->sha256, component->sha256, sizeof out->sha256);
  if (!open_unnamed(out)) {
    if (!name_temporary(out)) {
      errno = ENAMETOOLONG;
      return false;
    }
    out->fd = open(out->temporary, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
    if (out->fd < 0) {
      out->temporary[0] = '\0';
      return false;
    }
  }
  out->inflating = component->encoding == EVSEAL_ENCODING_GZIP;
  if (out->inflating) {
    out->digest = EVP_MD_CTX_new();
    return out->digest != NULL && EVP_DigestInit_ex(out->digest, EVP_sha256(), NULL) == 1 &&
           inflateInit2(&out->stream, GZIP_WINDOW) == Z_OK;
  }
  return true;
}

static bool write_all(output* out, const uint8_t* data, size_t len) {
  while (len > 0) {
    ssize_t done = write(out->fd, data, len);
    if (done < 0 && errno == EINTR) {
      continue;
    }
    if (done < 0) {
      return false;
    }
    data += done;
    len -= (size_t)done;
    out->written += (uint64_t)done;
  }
  return true;
}

/* Verified octets of a gzip member; never more than the manifest's size comes out. */
static bool write_inflated(output* out, evseal_span bytes, output_error* error) {
  static uint8_t buffer[65536];
  union {
    const uint8_t* constant;
    uint8_t* plain;
  } input = {bytes.data}; /* zlib's pointer is not const, but it does not write */
  out->stream.next_in = input.plain;
  out->stream.avail_in = (uInt)bytes.len;
  do {
    if (out->finished) {
      error->inflate = out->stream.avail_in > 0; /* a second member or trailing octets */
      return out->stream.avail_in == 0;
    }
    out->stream.next_out = buffer;
    out->stream.avail_out = sizeof buffer;
    int result = inflate(&out->stream, Z_NO_FLUSH);
    size_t len = sizeof buffer - out->stream.avail_out;
    bool fine = result == Z_OK || result == Z_STREAM_END || result == Z_BUF_ERROR;
    if (!fine || len > out->size - out->written ||
        EVP_DigestUpdate(out->digest, buffer, len) != 1) {
      error->inflate = true;
      return false;
    }
    if (!write_all(out, buffer, len)) {
      return false;
    }
    out->finished = result == Z_STREAM_END;
  } while (out->stream.avail_in > 0 || out->stream.avail_out == 0);
  return true;
}

bool output_write(output* out, evseal_span bytes, output_error* error) {
  error->inflate = false;
  return out->inflating ? write_inflated(out, bytes, error) : write_all(out, bytes.data, bytes.len);
}

bool output_end(output* out, output_error* error) {
  uint8_t digest[EVSEAL_SHA256_LEN];
  error->inflate = out->inflating;
  if (!out->inflating) {
    return true;
  }
  return out->finished && out->written == out->size &&
         EVP_DigestFinal_ex(out->digest, digest, NULL) == 1 &&
         memcmp(digest, out->sha256, sizeof digest) == 0;
}

/* Links an unnamed file to a temporary name, from where it can be renamed over its final one. */
static bool link_temporary(output* out) {
  char self[64];
  (void)snprintf(self, sizeof self, "/proc/self/fd/%d", out->fd);
  if (!name_temporary(out) ||
      linkat(AT_FDCWD, self, AT_FDCWD, out->temporary, AT_SYMLINK_FOLLOW) != 0) {
    out->temporary[0] = '\0';
    return false;
  }
  return true;
}

bool output_prepare(output* out) {
  return fsync(out->fd) == 0 && (out->temporary[0] != '\0' || link_temporary(out));
}

bool output_commit(output* out, bool force) {
  if (force) {
    if (rename(out->temporary, out->path) != 0) {
      return false;
    }
    out->temporary[0] = '\0';
  } else if (link(out->temporary, out->path) != 0) {
    return false; /* EEXIST: nothing is replaced without --force */
  }
  char folder[sizeof out->temporary];
  strcpy(folder, out->path); /* NOLINT: open_unnamed() checked the length */
  int fd = open(dirname(folder), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd >= 0) {
    (void)fsync(fd);
    (void)close(fd);
  }
  output_discard(out);
  return true;
}

void output_discard(output* out) {
  if (out->temporary[0] != '\0') {
    (void)unlink(out->temporary);
    out->temporary[0] = '\0';
  }
  if (out->fd > 0) {
    (void)close(out->fd);
    out->fd = 0;
  }
  if (out->inflating) {
    (void)inflateEnd(&out->stream);
    EVP_MD_CTX_free(out->digest);
    out->inflating = false;
  }
}
