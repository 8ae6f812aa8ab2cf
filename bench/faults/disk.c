/* A disk and a clock that fail on order, for one process: a library that is loaded before the C library.

   It stands before the calls that files are opened, written, read, renamed and removed with. Files below one folder
   alone are concerned. Nothing fails before `faults_arm`. */

#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

enum fault { NONE, NOSPACE, FAILING, SHORT, KILLED, DENIED, UNREADABLE, CLOCK };
enum call { DATA, CREATE, NAME, REMOVE, SYNC, READ };

static char folder[PATH_MAX];
static enum fault fault;
static long point, jump;
static atomic_long counts[2], clock_calls; /* of calls that change something, and that read */
static atomic_char watched[65536];         /* by descriptor: a file of the folder */

void faults_arm(const char *below, int kind, long at, long seconds) {
    strncpy(folder, below, sizeof folder - 1);
    point = at, jump = seconds, fault = (enum fault)kind;
    counts[0] = counts[1] = clock_calls = 0;
}

long faults_count(int reading) { return counts[reading]; }
long faults_clock_calls(void) { return clock_calls; }

#define REAL(name) \
    static __typeof__(&name) real; \
    if (!real) real = (__typeof__(&name))dlsym(RTLD_NEXT, #name)

static int is_below(int directory, const char *path) {
    char here[PATH_MAX];
    size_t length = strlen(folder);
    if (!length || !path) return 0;
    if (path[0] != '/') {
        if (directory != AT_FDCWD) return directory >= 0 && directory < 65536 && watched[directory];
        if (!getcwd(here, sizeof here)) return 0;
        path = here;
    }
    return !strncmp(path, folder, length) && (path[length] == '/' || !path[length]);
}

static int is_watched(int file) {
    struct stat about;
    return folder[0] && file >= 0 && file < 65536 && watched[file] && !fstat(file, &about) && S_ISREG(about.st_mode);
}

/* What becomes of this call: 0: it is done; an errno: it fails with it; -1: half of it is done; -2: and then a kill. */
static int fate(enum call call) {
    long number = ++counts[call == READ];
    int is_now = number == point, is_since = number >= point;
    switch (fault) {
    case NOSPACE: /* the first write is cut short, as on a disk that fills up; from then on there is no room */
        if (call == DATA && is_now) return -1;
        return is_since && (call == DATA || call == CREATE) ? ENOSPC : 0;
    case FAILING: return is_now && call != READ && call != REMOVE ? EIO : 0;
    case SHORT: return call == DATA && (is_now || !point) ? -1 : 0;
    case KILLED: return is_now && call != READ ? -2 : 0;
    case DENIED: return is_since && (call == CREATE || call == NAME || call == REMOVE) ? EACCES : 0;
    case UNREADABLE: return is_now && call == READ ? EIO : 0;
    default: return 0;
    }
}

#define FAIL_OR_DIE(call) \
    do { \
        int end = fate(call); \
        if (end == -2) raise(SIGKILL); \
        if (end > 0) { errno = end; return -1; } \
    } while (0)

static int opened(int file, int below) {
    if (file >= 0 && file < 65536) watched[file] = (char)below;
    return file;
}

#define OPEN(name, parameters, arguments, directory) \
    int name parameters { \
        REAL(name); \
        mode_t mode = 0; \
        if (flags & (O_CREAT | O_TMPFILE)) { \
            va_list rest; \
            va_start(rest, flags); \
            mode = va_arg(rest, mode_t); \
            va_end(rest); \
        } \
        int below = is_below(directory, path); \
        struct stat about; \
        if (below && (flags & (O_WRONLY | O_RDWR | O_CREAT))) FAIL_OR_DIE(CREATE); \
        else if (below && !fstatat(directory, path, &about, 0) && S_ISREG(about.st_mode)) FAIL_OR_DIE(READ); \
        return opened(real arguments, below); \
    }
OPEN(open, (const char *path, int flags, ...), (path, flags, mode), AT_FDCWD)
OPEN(open64, (const char *path, int flags, ...), (path, flags, mode), AT_FDCWD)
OPEN(openat, (int at, const char *path, int flags, ...), (at, path, flags, mode), at)
OPEN(openat64, (int at, const char *path, int flags, ...), (at, path, flags, mode), at)

/* A call that writes `size` bytes; `half` does it with half of them. */
#define WRITE(name, parameters, arguments, half, size) \
    ssize_t name parameters { \
        REAL(name); \
        if (!is_watched(file)) return real arguments; \
        int end = fate(DATA); \
        if (end > 0) { errno = end; return -1; } \
        if (end == 0) return real arguments; \
        ssize_t done = (size) > 1 ? real half : real arguments; \
        if (end == -2) raise(SIGKILL); \
        return done; \
    }
WRITE(write, (int file, const void *from, size_t size), (file, from, size), (file, from, size / 2), size)
WRITE(pwrite, (int file, const void *from, size_t size, off_t at), (file, from, size, at), (file, from, size / 2, at), size)
WRITE(pwrite64, (int file, const void *from, size_t size, off64_t at), (file, from, size, at), (file, from, size / 2, at), size)
WRITE(writev, (int file, const struct iovec *from, int count), (file, from, count), (file, from, count / 2), count)

ssize_t sendfile(int file, int from, off_t *at, size_t size);
WRITE(sendfile, (int file, int from, off_t *at, size_t size), (file, from, at, size), (file, from, at, size / 2), size)
ssize_t sendfile64(int file, int from, off64_t *at, size_t size);
WRITE(sendfile64, (int file, int from, off64_t *at, size_t size), (file, from, at, size), (file, from, at, size / 2), size)
WRITE(copy_file_range,
      (int from, off64_t *at, int file, off64_t *to, size_t size, unsigned flags),
      (from, at, file, to, size, flags), (from, at, file, to, size / 2, flags), size)

#define READS(name, parameters, arguments) \
    ssize_t name parameters { \
        REAL(name); \
        if (is_watched(file)) FAIL_OR_DIE(READ); \
        return real arguments; \
    }
READS(read, (int file, void *to, size_t size), (file, to, size))
READS(pread, (int file, void *to, size_t size, off_t at), (file, to, size, at))
READS(pread64, (int file, void *to, size_t size, off64_t at), (file, to, size, at))

#define CHANGES(name, call, below, parameters, arguments) \
    int name parameters { \
        REAL(name); \
        if (below) FAIL_OR_DIE(call); \
        return real arguments; \
    }
CHANGES(mkdir, CREATE, is_below(AT_FDCWD, path), (const char *path, mode_t mode), (path, mode))
CHANGES(mkdirat, CREATE, is_below(at, path), (int at, const char *path, mode_t mode), (at, path, mode))
CHANGES(rename, NAME, is_below(AT_FDCWD, to), (const char *from, const char *to), (from, to))
CHANGES(renameat, NAME, is_below(b, to), (int a, const char *from, int b, const char *to), (a, from, b, to))
CHANGES(unlink, REMOVE, is_below(AT_FDCWD, path), (const char *path), (path))
CHANGES(unlinkat, REMOVE, is_below(at, path), (int at, const char *path, int flags), (at, path, flags))
CHANGES(rmdir, REMOVE, is_below(AT_FDCWD, path), (const char *path), (path))
CHANGES(ftruncate, SYNC, is_watched(file), (int file, off_t size), (file, size))
CHANGES(ftruncate64, SYNC, is_watched(file), (int file, off64_t size), (file, size))
CHANGES(fsync, SYNC, is_watched(file), (int file), (file))
CHANGES(fdatasync, SYNC, is_watched(file), (int file), (file))

int close(int file) {
    REAL(close);
    if (file >= 0 && file < 65536) watched[file] = 0;
    return real(file);
}

/* The clock on the wall jumps once, and stays there; that of time passed, which is monotonic, does not. */
static time_t jumped(void) { return ++clock_calls >= point && fault == CLOCK ? jump : 0; }

int clock_gettime(clockid_t which, struct timespec *now) {
    REAL(clock_gettime);
    int done = real(which, now);
    if (!done && folder[0] && (which == CLOCK_REALTIME || which == CLOCK_REALTIME_COARSE)) now->tv_sec += jumped();
    return done;
}

int gettimeofday(struct timeval *restrict now, void *restrict zone) {
    REAL(gettimeofday);
    int done = real(now, zone);
    if (!done && folder[0]) now->tv_sec += jumped();
    return done;
}

time_t time(time_t *to) {
    REAL(time);
    time_t now = real(NULL) + (folder[0] ? jumped() : 0);
    if (to) *to = now;
    return now;
}
