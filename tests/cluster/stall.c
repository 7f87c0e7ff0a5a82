/* SPDX-License-Identifier: MIT */
/* Preloaded: a file system that stalls. While the file that AMBS_STALL names exists, what is done
 * to a journal (fdatasync, pwrite) does not come back. AMBS_STALL_WRITES=0: writes go on, as into a page cache. */
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <time.h>
#include <unistd.h>

static int is_journal(int fd)
{
    char link[64], path[4096];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t n = readlink(link, path, sizeof path - 1);
    if (n <= 0) return 0;
    path[n] = '\0';
    return strstr(path, ".journal/") != NULL;
}

static void wait_for(int fd)
{
    const char *stall = getenv("AMBS_STALL");
    const struct timespec nap = {.tv_nsec = 20000000};
    while (stall && access(stall, F_OK) == 0 && is_journal(fd)) nanosleep(&nap, NULL);
}

__attribute__((visibility("default"))) int fdatasync(int fd)
{
    int (*real)(int);
    *(void **)&real = dlsym(RTLD_NEXT, "fdatasync");
    wait_for(fd);
    return real(fd);
}

__attribute__((visibility("default"))) ssize_t pwrite(int fd, const void *bytes, size_t n, off_t at)
{
    ssize_t (*real)(int, const void *, size_t, off_t);
    *(void **)&real = dlsym(RTLD_NEXT, sizeof(off_t) == 8 ? "pwrite64" : "pwrite");
    const char *writes = getenv("AMBS_STALL_WRITES");
    if (!writes || strcmp(writes, "0") != 0) wait_for(fd);
    return real(fd, bytes, n, at);
}
