/*
 * A power cut at a chosen moment, for tests: preloaded (LD_PRELOAD) into a program, it counts the
 * calls that change the medium and ends the process by SIGKILL before the one of number CUT_AT.
 *
 *   CUT_MODE=kill   the process dies, the system lives on: whatever was written is there
 *   CUT_MODE=power  what was not synced is lost, or half there: files since their last fsync,
 *                   names (made, renamed, removed) since the last fsync of their folder
 *   CUT_COUNT=FILE  without CUT_AT: how many calls there were
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define MAX_DIRTY 64u
#define MAX_NAMES 64u

/* A file with octets that are not synced: from `begin` to `end`. */
typedef struct dirty_file {
  int fd; /* of our own; -1: free */
  dev_t device;
  ino_t inode;
  off_t begin;
  off_t end;
} dirty_file;

/* A name whose folder is not synced. */
typedef struct changed_name {
  int folder; /* of our own; -1: free */
  dev_t device;
  ino_t inode;
  char name[NAME_MAX + 1];
  char saved[NAME_MAX + 1]; /* what it led to before; empty: there was nothing */
  int from_folder;          /* of the caller's */
  char from[PATH_MAX];      /* the name that was renamed to it; empty: none was */
} changed_name;

static dirty_file the_dirty[MAX_DIRTY];
static changed_name the_names[MAX_NAMES];
static unsigned num_names;
static long the_count;
static long the_limit;
static bool the_power;
static bool ready;

#define REAL(type, name) ((type)real(name))
typedef ssize_t (*write_function)(int, const void*, size_t);
typedef ssize_t (*pwrite_function)(int, const void*, size_t, off_t);
typedef int (*sync_function)(int);
typedef int (*truncate_function)(int, off_t);
typedef int (*renameat_function)(int, const char*, int, const char*);
typedef int (*unlinkat_function)(int, const char*, int);
typedef int (*openat_function)(int, const char*, int, ...);

static void* real(const char* name) {
  void* found = dlsym(RTLD_NEXT, name);
  if (found == NULL) {
    abort();
  }
  return found;
}

static void prepare(void) {
  if (!ready) {
    const char* limit = getenv("CUT_AT");
    const char* mode = getenv("CUT_MODE");
    the_limit = limit == NULL ? 0 : atol(limit);
    the_power = mode != NULL && strcmp(mode, "power") == 0;
    for (unsigned i = 0; i < MAX_DIRTY; i++) {
      the_dirty[i].fd = -1;
    }
    ready = true;
  }
}

/* Three ways in which octets that were not synced can be found. */
static void damage(const dirty_file* file) {
  uint8_t garbage[4096];
  memset(garbage, 0xA5, sizeof garbage);
  if (the_count % 3 == 0) {
    (void)REAL(truncate_function, "ftruncate")(file->fd, file->begin);
  } else if (the_count % 3 == 1) {
    for (off_t at = file->begin; at < file->end; at += (off_t)sizeof garbage) {
      off_t left = file->end - at;
      size_t len = left < (off_t)sizeof garbage ? (size_t)left : sizeof garbage;
      (void)REAL(pwrite_function, "pwrite")(file->fd, garbage, len, at);
    }
  }
}

static void undo(const changed_name* name) {
  if (name->from[0] != '\0') {
    (void)linkat(name->folder, name->name, name->from_folder, name->from, 0);
  }
  if (name->saved[0] != '\0') {
    (void)REAL(renameat_function, "renameat")(name->folder, name->saved, name->folder, name->name);
  } else {
    (void)REAL(unlinkat_function, "unlinkat")(name->folder, name->name, 0);
  }
}

static void cut(void) {
  if (the_power) {
    for (unsigned i = 0; i < MAX_DIRTY; i++) {
      if (the_dirty[i].fd >= 0) {
        damage(&the_dirty[i]);
      }
    }
    while (num_names > 0) {
      undo(&the_names[--num_names]);
    }
  }
  (void)kill(getpid(), SIGKILL);
}

/* Before each call that changes the medium. True: this one is not made whole. */
static bool step(void) {
  prepare();
  the_count++;
  return the_limit != 0 && the_count == the_limit;
}

static bool is_regular(int fd, struct stat* out) {
  return fstat(fd, out) == 0 && S_ISREG(out->st_mode);
}

static dirty_file* find_dirty(const struct stat* info) {
  for (unsigned i = 0; i < MAX_DIRTY; i++) {
    if (the_dirty[i].fd >= 0 && the_dirty[i].device == info->st_dev &&
        the_dirty[i].inode == info->st_ino) {
      return &the_dirty[i];
    }
  }
  return NULL;
}

static void note_dirty(int fd, off_t begin, off_t end) {
  struct stat info;
  if (!the_power || !is_regular(fd, &info)) {
    return;
  }
  dirty_file* file = find_dirty(&info);
  for (unsigned i = 0; file == NULL && i < MAX_DIRTY; i++) {
    if (the_dirty[i].fd < 0) {
      char self[64];
      (void)snprintf(self, sizeof self, "/proc/self/fd/%d", fd);
      file = &the_dirty[i];
      file->fd = REAL(openat_function, "openat")(AT_FDCWD, self, O_RDWR | O_CLOEXEC);
      file->device = info.st_dev;
      file->inode = info.st_ino;
      file->begin = begin;
      file->end = end;
    }
  }
  if (file == NULL) {
    abort(); /* a test that loses track proves nothing */
  }
  file->begin = begin < file->begin ? begin : file->begin;
  file->end = end > file->end ? end : file->end;
}

static void note_synced(int fd) {
  struct stat info;
  if (!the_power || fstat(fd, &info) != 0) {
    return;
  }
  dirty_file* file = find_dirty(&info);
  if (file != NULL) {
    (void)close(file->fd);
    file->fd = -1;
  }
  unsigned kept = 0;
  for (unsigned i = 0; i < num_names; i++) {
    changed_name* name = &the_names[i];
    if (name->device == info.st_dev && name->inode == info.st_ino) {
      if (name->saved[0] != '\0') {
        (void)REAL(unlinkat_function, "unlinkat")(name->folder, name->saved, 0);
      }
      (void)close(name->folder);
    } else {
      the_names[kept++] = *name;
    }
  }
  num_names = kept;
}

/* A name that will be made, replaced or removed: what it leads to now is kept under another. */
static void note_name(int folder, const char* path, int from_folder, const char* from) {
  char copy[PATH_MAX];
  struct stat info;
  if (!the_power) {
    return;
  }
  if (num_names == MAX_NAMES || strlen(path) >= sizeof copy) {
    abort();
  }
  changed_name* name = &the_names[num_names];
  (void)snprintf(copy, sizeof copy, "%s", path);
  name->folder =
      REAL(openat_function, "openat")(folder, dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  (void)snprintf(copy, sizeof copy, "%s", path);
  (void)snprintf(name->name, sizeof name->name, "%s", basename(copy));
  name->saved[0] = '\0';
  name->from_folder = from_folder;
  (void)snprintf(name->from, sizeof name->from, "%s", from);
  if (name->folder < 0 || fstat(name->folder, &info) != 0) {
    return;
  }
  name->device = info.st_dev;
  name->inode = info.st_ino;
  char saved[NAME_MAX + 32];
  (void)snprintf(saved, sizeof saved, "%.200s.cut-%ld", name->name, the_count);
  if (linkat(name->folder, name->name, name->folder, saved, 0) == 0) {
    memcpy(name->saved, saved, strlen(saved) + 1);
  }
  num_names++;
}

/* Half of what was to be written, and after a power cut something else than the rest. */
static void write_half(int fd, const void* bytes, size_t len, off_t at) {
  (void)REAL(pwrite_function, "pwrite")(fd, bytes, len / 2, at);
  note_dirty(fd, at, at + (off_t)len);
  cut();
}

ssize_t write(int fd, const void* bytes, size_t len) {
  struct stat info;
  if (!is_regular(fd, &info)) {
    return REAL(write_function, "write")(fd, bytes, len);
  }
  off_t at = lseek(fd, 0, SEEK_CUR);
  if (step()) {
    write_half(fd, bytes, len, at);
  }
  note_dirty(fd, at, at + (off_t)len);
  return REAL(write_function, "write")(fd, bytes, len);
}

ssize_t pwrite(int fd, const void* bytes, size_t len, off_t at) {
  if (step()) {
    write_half(fd, bytes, len, at);
  }
  note_dirty(fd, at, at + (off_t)len);
  return REAL(pwrite_function, "pwrite")(fd, bytes, len, at);
}

ssize_t pwrite64(int fd, const void* bytes, size_t len, off_t at) {
  return pwrite(fd, bytes, len, at);
}

static int sync_with(const char* name, int fd) {
  if (step()) {
    cut();
  }
  int answer = REAL(sync_function, name)(fd);
  note_synced(fd);
  return answer;
}

int fsync(int fd) {
  return sync_with("fsync", fd);
}

int fdatasync(int fd) {
  return sync_with("fdatasync", fd);
}

int ftruncate(int fd, off_t len) {
  struct stat info;
  if (step()) {
    cut();
  }
  if (is_regular(fd, &info) && info.st_size > len) {
    note_dirty(fd, len, info.st_size); /* what was cut off may be there again */
  }
  return REAL(truncate_function, "ftruncate")(fd, len);
}

int ftruncate64(int fd, off_t len) {
  return ftruncate(fd, len);
}

int renameat(int from, const char* old, int to, const char* name) {
  if (step()) {
    cut();
  }
  note_name(to, name, from, old);
  return REAL(renameat_function, "renameat")(from, old, to, name);
}

int rename(const char* old, const char* name) {
  return renameat(AT_FDCWD, old, AT_FDCWD, name);
}

int unlinkat(int folder, const char* name, int flags) {
  struct stat info;
  if (step()) {
    cut();
  }
  if (fstatat(folder, name, &info, AT_SYMLINK_NOFOLLOW) == 0) {
    note_name(folder, name, AT_FDCWD, "");
  }
  return REAL(unlinkat_function, "unlinkat")(folder, name, flags);
}

int unlink(const char* name) {
  return unlinkat(AT_FDCWD, name, 0);
}

int openat(int folder, const char* path, int flags, ...) {
  va_list more;
  struct stat info;
  va_start(more, flags);
  mode_t mode = (flags & O_CREAT) != 0 ? va_arg(more, mode_t) : 0;
  va_end(more);
  prepare();
  if ((flags & O_CREAT) != 0 && fstatat(folder, path, &info, 0) != 0) {
    note_name(folder, path, AT_FDCWD, "");
  }
  int fd = REAL(openat_function, "openat")(folder, path, flags, mode);
  if ((flags & O_TRUNC) != 0 && fd >= 0) {
    note_dirty(fd, 0, 0);
  }
  return fd;
}

int openat64(int folder, const char* path, int flags, ...) {
  va_list more;
  va_start(more, flags);
  mode_t mode = (flags & O_CREAT) != 0 ? va_arg(more, mode_t) : 0;
  va_end(more);
  return openat(folder, path, flags, mode);
}

int open(const char* path, int flags, ...) {
  va_list more;
  va_start(more, flags);
  mode_t mode = (flags & O_CREAT) != 0 ? va_arg(more, mode_t) : 0;
  va_end(more);
  return openat(AT_FDCWD, path, flags, mode);
}

int open64(const char* path, int flags, ...) {
  va_list more;
  va_start(more, flags);
  mode_t mode = (flags & O_CREAT) != 0 ? va_arg(more, mode_t) : 0;
  va_end(more);
  return openat(AT_FDCWD, path, flags, mode);
}

/* What was kept for an undoing that did not come is not for the program's next run. */
__attribute__((destructor)) static void at_end(void) {
  const char* path = getenv("CUT_COUNT");
  for (unsigned i = 0; i < num_names; i++) {
    if (the_names[i].saved[0] != '\0') {
      (void)REAL(unlinkat_function, "unlinkat")(the_names[i].folder, the_names[i].saved, 0);
    }
  }
  if (path != NULL) {
    char text[32];
    int len = snprintf(text, sizeof text, "%ld\n", the_count);
    int fd = REAL(openat_function, "openat")(AT_FDCWD, path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    (void)!REAL(write_function, "write")(fd, text, (size_t)len);
    (void)close(fd);
  }
}
