/* Loaded before libc: lets one write below some folders fail, or every write from one on. What it is told, and what it
   counts, lies in a file that a test maps too. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <unistd.h>

struct control {
    long number;  /* of the write that fails; 0: none does, nothing is counted */
    long staying; /* whether all after it fail too */
    long error;
    long count;
    long failed;
    char what[64]; /* the call that failed first */
    char folders[4096]; /* paths begin with one of these; a colon between them */
};

static struct control *control;

__attribute__((constructor)) static void begin(void) {
    const char *path = getenv("FAULTY_DISK");
    int file = path ? open(path, O_RDWR | O_CLOEXEC) : -1;
    if (file < 0) return;
    void *found = mmap(NULL, sizeof(struct control), PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    close(file);
    if (found != MAP_FAILED) control = found;
}

static int ours(const char *path) {
    const char *folder = control->folders;
    while (*folder) {
        const char *end = strchrnul(folder, ':');
        if (end > folder && !strncmp(path, folder, (size_t)(end - folder))) return 1;
        folder = *end ? end + 1 : end;
    }
    return 0;
}

/* Whether this call is to fail; errno is set then. */
static int fails(const char *what, const char *path) {
    if (!control || control->number <= 0 || !path || !ours(path)) return 0;
    long count = __sync_add_and_fetch(&control->count, 1);
    if (count != control->number && !(control->staying && count > control->number)) return 0;
    if (__sync_add_and_fetch(&control->failed, 1) == 1) strncpy(control->what, what, sizeof(control->what) - 1);
    errno = (int)control->error;
    return 1;
}

static int fails_at(const char *what, int file) {
    if (!control || control->number <= 0) return 0;
    char link[64], path[PATH_MAX];
    int kept = errno;
    snprintf(link, sizeof link, "/proc/self/fd/%d", file);
    ssize_t length = readlink(link, path, sizeof path - 1);
    errno = kept;
    if (length <= 0) return 0;
    path[length] = 0;
    return fails(what, path);
}

#define REAL(name) \
    static __typeof__(name) *real; \
    if (!real) real = (__typeof__(name) *)dlsym(RTLD_NEXT, #name)

#define ON_PATH(type, name, declared, given, path) \
    type name declared { \
        REAL(name); \
        return fails(#name, path) ? -1 : real given; \
    }
#define ON_FILE(type, name, declared, given) \
    type name declared { \
        REAL(name); \
        return fails_at(#name, file) ? -1 : real given; \
    }

ON_PATH(int, mkdir, (const char *path, mode_t mode), (path, mode), path)
ON_PATH(int, rename, (const char *from, const char *to), (from, to), to)
ON_PATH(int, renameat, (int a, const char *from, int b, const char *to), (a, from, b, to), to)
ON_PATH(int, link, (const char *from, const char *to), (from, to), to)
ON_PATH(int, linkat, (int a, const char *from, int b, const char *to, int flags), (a, from, b, to, flags), to)
ON_PATH(int, truncate, (const char *path, off_t size), (path, size), path)
ON_FILE(ssize_t, write, (int file, const void *data, size_t size), (file, data, size))
ON_FILE(ssize_t, pwrite, (int file, const void *data, size_t size, off_t at), (file, data, size, at))
ON_FILE(ssize_t, pwrite64, (int file, const void *data, size_t size, off64_t at), (file, data, size, at))
ON_FILE(ssize_t, writev, (int file, const struct iovec *parts, int count), (file, parts, count))
ON_FILE(ssize_t, sendfile, (int file, int from, off_t *at, size_t size), (file, from, at, size))
ON_FILE(ssize_t, sendfile64, (int file, int from, off64_t *at, size_t size), (file, from, at, size))
ON_FILE(int, fsync, (int file), (file))
ON_FILE(int, fdatasync, (int file), (file))
ON_FILE(int, ftruncate, (int file, off_t size), (file, size))
ON_FILE(int, ftruncate64, (int file, off64_t size), (file, size))

/* Whether an opening changes the disk: a file that is there and is not emptied needs no room. */
static int makes(int folder, const char *path, int flags) {
    if (!control || control->number <= 0) return 0;
    int kept = errno, there = !faccessat(folder, path, F_OK, 0);
    errno = kept;
    return flags & O_TRUNC || (flags & O_CREAT && !there);
}

#define OPEN(name, declared, given, folder) \
    int name declared { \
        REAL(name); \
        va_list rest; \
        va_start(rest, flags); \
        mode_t mode = flags & O_CREAT ? va_arg(rest, mode_t) : 0; \
        va_end(rest); \
        return makes(folder, path, flags) && fails(#name, path) ? -1 : real given; \
    }

OPEN(open, (const char *path, int flags, ...), (path, flags, mode), AT_FDCWD)
OPEN(open64, (const char *path, int flags, ...), (path, flags, mode), AT_FDCWD)
OPEN(openat, (int folder, const char *path, int flags, ...), (folder, path, flags, mode), folder)
OPEN(openat64, (int folder, const char *path, int flags, ...), (folder, path, flags, mode), folder)
