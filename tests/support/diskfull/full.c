/* Loaded before the C library: below $FULL_FOLDER files grow only as long as all of them fit into the number of bytes
   that stands in the file $FULL_QUOTA; then it is ENOSPC, and statvfs says so. */
#define _GNU_SOURCE
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/types.h>
#include <unistd.h>

static long quota(void) {
    long found = LONG_MAX;
    FILE *file = fopen(getenv("FULL_QUOTA"), "r");
    if (file) {
        if (fscanf(file, "%ld", &found) != 1) found = LONG_MAX;
        fclose(file);
    }
    return found;
}

static long used(void) {
    long sum = 0;
    char path[PATH_MAX];
    struct dirent *one;
    struct stat found;
    DIR *folder = opendir(getenv("FULL_FOLDER"));
    if (!folder) return 0;
    while ((one = readdir(folder))) {
        snprintf(path, sizeof path, "%s/%s", getenv("FULL_FOLDER"), one->d_name);
        if (stat(path, &found) == 0 && S_ISREG(found.st_mode)) sum += found.st_size;
    }
    closedir(folder);
    return sum;
}

static int is_below(const char *path) {
    const char *folder = getenv("FULL_FOLDER");
    return folder && strncmp(path, folder, strlen(folder)) == 0;
}

static int refuses(int fd, off_t end) {
    char link[64], path[PATH_MAX];
    struct stat found;
    ssize_t length;
    int before = errno;
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    length = readlink(link, path, sizeof path - 1);
    errno = before;
    if (length < 0) return 0;
    path[length] = 0;
    if (!is_below(path) || fstat(fd, &found) != 0 || end <= found.st_size) return 0;
    if (used() + (end - found.st_size) <= quota()) return 0;
    errno = ENOSPC;
    return 1;
}

#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

ssize_t pwrite64(int fd, const void *from, size_t count, off64_t at) {
    return refuses(fd, at + (off_t)count) ? -1 : REAL(pwrite64)(fd, from, count, at);
}

ssize_t pwrite(int fd, const void *from, size_t count, off_t at) {
    return refuses(fd, at + (off_t)count) ? -1 : REAL(pwrite)(fd, from, count, at);
}

ssize_t write(int fd, const void *from, size_t count) {
    off_t at = lseek(fd, 0, SEEK_CUR);
    return at >= 0 && refuses(fd, at + (off_t)count) ? -1 : REAL(write)(fd, from, count);
}

int ftruncate64(int fd, off64_t end) { return refuses(fd, end) ? -1 : REAL(ftruncate64)(fd, end); }

int ftruncate(int fd, off_t end) { return refuses(fd, end) ? -1 : REAL(ftruncate)(fd, end); }

int posix_fallocate64(int fd, off64_t at, off64_t count) {
    return refuses(fd, at + count) ? ENOSPC : REAL(posix_fallocate64)(fd, at, count);
}

int posix_fallocate(int fd, off_t at, off_t count) {
    return refuses(fd, at + count) ? ENOSPC : REAL(posix_fallocate)(fd, at, count);
}

static void shrink(struct statvfs *found) {
    long left = quota() - used();
    found->f_bavail = found->f_bfree = left > 0 ? (fsblkcnt_t)left / found->f_frsize : 0;
}

int statvfs64(const char *path, struct statvfs64 *found) {
    int done = REAL(statvfs64)(path, found);
    if (done == 0 && is_below(path)) shrink((struct statvfs *)found);
    return done;
}

int statvfs(const char *path, struct statvfs *found) {
    int done = REAL(statvfs)(path, found);
    if (done == 0 && is_below(path)) shrink(found);
    return done;
}
