/* Records what a process does to the files of a store, and what it answers, in one order.

   Loaded with LD_PRELOAD. POWER_STORE is the absolute path of the store: its file, the -wal and
   the -journal beside it and their directory are watched (the -shm is no durable state: SQLite
   makes it anew). POWER_RECORDS is the file to append to, a record by one write, so that the
   records of several processes have one order. With POWER_ONLY_SYNCS no write is recorded.

   A write is recorded after it was done, a sync before and after, an answer before it is sent:
   so a record never claims more to be on disk than is. records.py reads what is written here. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#define FILES 65536
#define LONGEST_ANSWER 65536

struct header {
    uint8_t what;
    uint32_t process;
    uint64_t inode;
    uint64_t place;
    uint32_t size;
} __attribute__((packed));

enum { OPENED = 'o', WRITTEN = 'w', CUT = 'c', SYNCING = 's', SYNCED = 'S', REMOVED = 'r', TOLD = 't' };

static uint64_t inodes[FILES]; /* of the watched files that are open, 0 for others */
static char answering[FILES];  /* whether a file is a connection that answers go to */
static char store[4096], directory[4096];
static int records = -1, only_syncs;
static pid_t ourselves;

#define REAL(name) ((__typeof__(&name))real(#name))
static void *real(const char *name) {
    return dlsym(RTLD_NEXT, name);
}

__attribute__((constructor)) static void begin(void) {
    const char *path = getenv("POWER_STORE"), *to = getenv("POWER_RECORDS");
    if (!path || !to || strlen(path) >= sizeof store)
        return;
    strcpy(store, path);
    strcpy(directory, path);
    *strrchr(directory, '/') = 0;
    only_syncs = getenv("POWER_ONLY_SYNCS") != NULL;
    ourselves = getpid();
    records = REAL(open)(to, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
    if (records < 0)
        abort();
}

static void record(char what, uint64_t inode, uint64_t place, const void *data, size_t size) {
    int before = errno;
    if (only_syncs && what == WRITTEN)
        return;
    struct header header = {what, ourselves, inode, place, size};
    struct iovec parts[] = {{&header, sizeof header}, {(void *)data, size}};
    if (REAL(writev)(records, parts, 2) != (ssize_t)(sizeof header + size))
        abort();
    errno = before;
}

/* The name of a watched file after that of the store: "" is the store, "/" its directory. */
static const char *watched_name(const char *path) {
    if (records < 0 || getpid() != ourselves)
        return NULL;
    if (!strcmp(path, directory))
        return "/";
    size_t length = strlen(store);
    if (strncmp(path, store, length))
        return NULL;
    const char *rest = path + length;
    return !*rest || !strcmp(rest, "-wal") || !strcmp(rest, "-journal") ? rest : NULL;
}

static uint64_t watched(int file) {
    /* A child that vfork made shares our memory and closes what it has not to have. */
    return file >= 0 && file < FILES && inodes[file] && getpid() == ourselves ? inodes[file] : 0;
}

static int note_open(int file, const char *path, int flags) {
    const char *name = file < 0 || file >= FILES ? NULL : watched_name(path);
    struct stat status;
    if (name && !fstat(file, &status)) {
        inodes[file] = status.st_ino;
        record(OPENED, status.st_ino, 0, name, strlen(name));
        if (flags & O_TRUNC)
            record(CUT, status.st_ino, 0, NULL, 0);
    }
    return file;
}

#define MODE(flags, last)                                                                         \
    mode_t mode = 0;                                                                              \
    if (flags & (O_CREAT | O_TMPFILE)) {                                                          \
        va_list rest;                                                                             \
        va_start(rest, last);                                                                     \
        mode = va_arg(rest, mode_t);                                                              \
        va_end(rest);                                                                             \
    }
#define OPEN(name)                                                                                \
    int name(const char *path, int flags, ...) {                                                  \
        MODE(flags, flags)                                                                        \
        return note_open(REAL(name)(path, flags, mode), path, flags);                             \
    }
#define OPENAT(name)                                                                              \
    int name(int at, const char *path, int flags, ...) {                                          \
        MODE(flags, flags)                                                                        \
        return note_open(REAL(name)(at, path, flags, mode), path, flags);                         \
    }
OPEN(open)
OPEN(open64)
OPENAT(openat)
OPENAT(openat64)

int close(int file) {
    if (file >= 0 && file < FILES && getpid() == ourselves)
        inodes[file] = answering[file] = 0;
    return REAL(close)(file);
}

int unlink(const char *path) {
    const char *name = watched_name(path);
    int result = REAL(unlink)(path);
    if (name && !result)
        record(REMOVED, 0, 0, name, strlen(name));
    return result;
}

static ssize_t note_write(int file, const void *data, ssize_t size, off_t place) {
    if (size > 0)
        record(WRITTEN, watched(file), place, data, size);
    return size;
}

#define PWRITE(name)                                                                              \
    ssize_t name(int file, const void *data, size_t size, off_t place) {                          \
        ssize_t written = REAL(name)(file, data, size, place);                                    \
        return watched(file) ? note_write(file, data, written, place) : written;                  \
    }
PWRITE(pwrite)
PWRITE(pwrite64)

#define TRUNCATE(name)                                                                            \
    int name(int file, off_t size) {                                                              \
        int result = REAL(name)(file, size);                                                      \
        if (watched(file) && !result)                                                             \
            record(CUT, watched(file), size, NULL, 0);                                            \
        return result;                                                                            \
    }
TRUNCATE(ftruncate)
TRUNCATE(ftruncate64)

#define SYNC(name)                                                                                \
    int name(int file) {                                                                          \
        uint64_t inode = watched(file);                                                           \
        if (inode)                                                                                \
            record(SYNCING, inode, 0, NULL, 0);                                                   \
        int result = REAL(name)(file);                                                            \
        if (inode && !result)                                                                     \
            record(SYNCED, inode, 0, NULL, 0);                                                    \
        return result;                                                                            \
    }
SYNC(fsync)
SYNC(fdatasync)

/* What is written to a connection is an answer, or goes on with one, once one has begun there. */
static void note_answer(int file, const struct iovec *parts, size_t count) {
    static const char begins[] = "HTTP/1.1 ";
    if (records < 0 || only_syncs || file < 0 || file >= FILES || !count || getpid() != ourselves)
        return;
    if (parts->iov_len >= sizeof begins - 1 &&
        !memcmp(parts->iov_base, begins, sizeof begins - 1))
        answering[file] = 1;
    if (!answering[file])
        return;
    char answer[LONGEST_ANSWER];
    size_t size = 0;
    for (; count && size + parts->iov_len <= sizeof answer; count--, parts++) {
        memcpy(answer + size, parts->iov_base, parts->iov_len);
        size += parts->iov_len;
    }
    record(TOLD, 0, file, answer, size);
}

ssize_t write(int file, const void *data, size_t size) {
    off_t place = watched(file) ? lseek(file, 0, SEEK_CUR) : 0;
    struct iovec part = {(void *)data, size};
    note_answer(file, &part, 1);
    ssize_t written = REAL(write)(file, data, size);
    return watched(file) ? note_write(file, data, written, place) : written;
}

ssize_t send(int file, const void *data, size_t size, int flags) {
    struct iovec part = {(void *)data, size};
    note_answer(file, &part, 1);
    return REAL(send)(file, data, size, flags);
}

ssize_t writev(int file, const struct iovec *parts, int count) {
    note_answer(file, parts, count);
    return REAL(writev)(file, parts, count);
}

ssize_t sendmsg(int file, const struct msghdr *message, int flags) {
    note_answer(file, message->msg_iov, message->msg_iovlen);
    return REAL(sendmsg)(file, message, flags);
}
