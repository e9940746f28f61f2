/* A disk that is watched, or fails: preloaded into the server, it stands between SQLite and the files of one folder.
 *
 * SHIM_FOLDER  the folder, without a slash at the end
 * SHIM_LOG     every change of its files is appended here when it is done: op (1 byte), inode, offset (u64), length (u32), bytes
 * SHIM_ORDERS  a file that is read before each call: "what errno skip": after so many calls of that sort, all of them fail until the file
 *              changes. what: sync, sync-main (of the database's own file), write (any), grow (what makes a file longer, as on a full disk)
 *              "quota errno bytes": so much is there for all files of the folder together, what would take more fails
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#define FDS 4096
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
/* 0: not ours, 1: a file, 2: the folder, 3: the database itself, 4: the ballast, whose bytes mean nothing and are not recorded. */
static char ours[FDS];
static const char *folder, *orders;
static size_t folder_len;
static int log_fd = -1;
static char order_text[64];
static long order_calls;

#define REAL(ret, name, ...) static ret (*real_##name)(__VA_ARGS__)
REAL(int, open, const char *, int, ...);
REAL(ssize_t, pwrite, int, const void *, size_t, off_t);
REAL(ssize_t, write, int, const void *, size_t);
REAL(int, ftruncate, int, off_t);
REAL(int, fsync, int);
REAL(int, fdatasync, int);
REAL(int, unlink, const char *);
REAL(int, rename, const char *, const char *);
REAL(int, link, const char *, const char *);
REAL(int, close, int);

__attribute__((constructor)) static void begin(void) {
    real_open = dlsym(RTLD_NEXT, "open");
    real_pwrite = dlsym(RTLD_NEXT, "pwrite");
    real_write = dlsym(RTLD_NEXT, "write");
    real_ftruncate = dlsym(RTLD_NEXT, "ftruncate");
    real_fsync = dlsym(RTLD_NEXT, "fsync");
    real_fdatasync = dlsym(RTLD_NEXT, "fdatasync");
    real_unlink = dlsym(RTLD_NEXT, "unlink");
    real_rename = dlsym(RTLD_NEXT, "rename");
    real_link = dlsym(RTLD_NEXT, "link");
    real_close = dlsym(RTLD_NEXT, "close");
    folder = getenv("SHIM_FOLDER");
    folder_len = folder ? strlen(folder) : 0;
    orders = getenv("SHIM_ORDERS");
    const char *log = getenv("SHIM_LOG");
    if (log) log_fd = real_open(log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
}

/* The name within the folder, "" for the folder itself; NULL for what is elsewhere or does not outlive the process. */
static const char *inside(const char *path) {
    if (!folder_len || strncmp(path, folder, folder_len)) return NULL;
    const char *name = path + folder_len;
    if (*name == '/') name++;
    else if (*name) return NULL;
    size_t len = strlen(name);
    if (strchr(name, '/') || (len > 4 && !strcmp(name + len - 4, "-shm")) || !strcmp(name, "agnez.lock")) return NULL;
    return name;
}

static uint64_t inode(int fd) {
    struct stat found;
    return fstat(fd, &found) ? 0 : found.st_ino;
}

static uint64_t inode_of(const char *path) {
    struct stat found;
    return stat(path, &found) ? 0 : found.st_ino;
}

static void note(char op, uint64_t ino, uint64_t offset, const void *bytes, uint32_t len) {
    if (log_fd < 0) return;
    char head[21];
    head[0] = op;
    memcpy(head + 1, &ino, 8);
    memcpy(head + 9, &offset, 8);
    memcpy(head + 17, &len, 4);
    struct iovec parts[2] = {{head, sizeof head}, {(void *)bytes, len}};
    if (syscall(SYS_writev, log_fd, parts, len ? 2 : 1) < 0) abort();
}

/* The bytes of all files of the folder. */
static off_t used(void) {
    DIR *list = opendir(folder);
    if (!list) return 0;
    off_t sum = 0;
    struct dirent *entry;
    struct stat found;
    while ((entry = readdir(list)))
        if (!fstatat(dirfd(list), entry->d_name, &found, 0) && S_ISREG(found.st_mode)) sum += found.st_size;
    closedir(list);
    return sum;
}

/* The errno with which this call must fail, or 0. `grows`: by how many bytes a file would become longer. */
static int ordered(const char *what, off_t grows) {
    if (!orders) return 0;
    char text[64] = {0};
    int fd = syscall(SYS_openat, AT_FDCWD, orders, O_RDONLY | O_CLOEXEC, 0);
    if (fd < 0) return 0;
    ssize_t got = syscall(SYS_read, fd, text, sizeof text - 1);
    syscall(SYS_close, fd);
    if (got <= 0) return 0;
    if (strcmp(text, order_text)) {
        strcpy(order_text, text);
        order_calls = 0;
    }
    char sort[16];
    int error;
    long skip;
    if (sscanf(text, "%15s %d %ld", sort, &error, &skip) != 3) return 0;
    if (!strcmp(sort, "quota")) return grows > 0 && used() + grows > skip ? error : 0;
    if (!strcmp(sort, "grow") ? !grows : !strcmp(sort, "sync") ? strncmp(what, sort, 4) : strcmp(sort, what)) return 0;
    return order_calls++ >= skip ? error : 0;
}

static off_t longer(int fd, off_t end) {
    struct stat found;
    return !fstat(fd, &found) && end > found.st_size ? end - found.st_size : 0;
}

#define IS_FILE(fd) (IS(fd, 1) || IS(fd, 3) || IS(fd, 4))
#define IS(fd, kind) ((fd) >= 0 && (fd) < FDS && ours[fd] == (kind))
#define FAIL(error) do { pthread_mutex_unlock(&lock); errno = (error); return -1; } while (0)

int open(const char *path, int flags, ...) {
    mode_t mode = 0;
    if (flags & (O_CREAT | O_TMPFILE)) {
        va_list rest;
        va_start(rest, flags);
        mode = va_arg(rest, mode_t);
        va_end(rest);
    }
    const char *name = inside(path);
    if (!name) return real_open(path, flags, mode);
    pthread_mutex_lock(&lock);
    int is_new = (flags & O_CREAT) && access(path, F_OK);
    int error = is_new ? ordered("write", 1) : 0;
    if (error) FAIL(error);
    int fd = real_open(path, flags, mode);
    if (fd >= 0 && fd < FDS) {
        ours[fd] = !*name ? 2 : !strcmp(name, "ballast") ? 4 : strcmp(name, "agnez.sqlite") ? 1 : 3;
        if (is_new && !IS(fd, 4)) note('C', inode(fd), 0, name, strlen(name));
    }
    pthread_mutex_unlock(&lock);
    return fd;
}

int open64(const char *path, int flags, ...) {
    mode_t mode = 0;
    if (flags & (O_CREAT | O_TMPFILE)) {
        va_list rest;
        va_start(rest, flags);
        mode = va_arg(rest, mode_t);
        va_end(rest);
    }
    return open(path, flags, mode);
}

int close(int fd) {
    if (fd >= 0 && fd < FDS) ours[fd] = 0;
    return real_close(fd);
}

ssize_t pwrite(int fd, const void *bytes, size_t len, off_t offset) {
    if (!IS_FILE(fd)) return real_pwrite(fd, bytes, len, offset);
    pthread_mutex_lock(&lock);
    int error = ordered("write", longer(fd, offset + len));
    if (error) FAIL(error);
    ssize_t done = real_pwrite(fd, bytes, len, offset);
    if (done > 0 && !IS(fd, 4)) note('W', inode(fd), offset, bytes, done);
    pthread_mutex_unlock(&lock);
    return done;
}

ssize_t pwrite64(int fd, const void *bytes, size_t len, off_t offset) {
    return pwrite(fd, bytes, len, offset);
}

ssize_t write(int fd, const void *bytes, size_t len) {
    return IS_FILE(fd) ? pwrite(fd, bytes, len, lseek(fd, len, SEEK_CUR) - len) : real_write(fd, bytes, len);
}

int ftruncate(int fd, off_t size) {
    if (!IS_FILE(fd)) return real_ftruncate(fd, size);
    pthread_mutex_lock(&lock);
    int error = ordered("write", longer(fd, size));
    if (error) FAIL(error);
    int done = real_ftruncate(fd, size);
    if (!done && !IS(fd, 4)) note('T', inode(fd), size, NULL, 0);
    pthread_mutex_unlock(&lock);
    return done;
}

int ftruncate64(int fd, off_t size) {
    return ftruncate(fd, size);
}

static int sync_with(int (*real)(int), int fd) {
    if (!IS_FILE(fd) && !IS(fd, 2)) return real(fd);
    pthread_mutex_lock(&lock);
    int error = ordered(IS(fd, 3) ? "sync-main" : "sync", 0);
    if (error) FAIL(error);
    int done = real(fd);
    if (!done && !IS(fd, 4)) note(IS(fd, 2) ? 'D' : 'S', inode(fd), 0, NULL, 0);
    pthread_mutex_unlock(&lock);
    return done;
}

int fsync(int fd) {
    return sync_with(real_fsync, fd);
}

int fdatasync(int fd) {
    return sync_with(real_fdatasync, fd);
}

int unlink(const char *path) {
    const char *name = inside(path);
    if (!name) return real_unlink(path);
    pthread_mutex_lock(&lock);
    int done = real_unlink(path);
    if (!done) note('U', 0, 0, name, strlen(name));
    pthread_mutex_unlock(&lock);
    return done;
}

static int named(char op, int (*real)(const char *, const char *), const char *from, const char *to) {
    const char *old = inside(from), *new = inside(to);
    if (!old || !new) return real(from, to);
    char both[600];
    int len = snprintf(both, sizeof both, "%s/%s", old, new);
    pthread_mutex_lock(&lock);
    int done = real(from, to);
    if (!done) note(op, inode_of(to), 0, both, len);
    pthread_mutex_unlock(&lock);
    return done;
}

int rename(const char *from, const char *to) {
    return named('R', real_rename, from, to);
}

int link(const char *from, const char *to) {
    return named('L', real_link, from, to);
}
