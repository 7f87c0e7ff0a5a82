/* SPDX-License-Identifier: MIT */
#include "base/write_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static int refused(const char *path, const char *doing, ambs_error *err)
{
    return ambs_fail(err, AMBS_E_IO, "%s %s: %s", doing, path, strerror(errno));
}

static int write_all(int fd, const char *bytes, size_t length)
{
    while (length > 0) {
        ssize_t n = write(fd, bytes, length);
        if (n < 0 && errno == EINTR) continue;
        if (n <= 0) return -1;
        bytes += n;
        length -= (size_t)n;
    }
    return fsync(fd);
}

int ambs_write_file(const char *path, const ambs_text *text, ambs_error *err)
{
    char temporary[4096];
    int n = snprintf(temporary, sizeof temporary, "%s.%ld.tmp", path, (long)getpid());
    if (n < 0 || (size_t)n >= sizeof temporary) {
        errno = ENAMETOOLONG;
        return refused(path, "writing", err);
    }
    int fd = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    if (fd < 0) return refused(path, "writing", err);
    int rc = 0;
    if (write_all(fd, text->text, text->length) != 0) rc = refused(path, "writing", err);
    if (close(fd) != 0 && rc == 0) rc = refused(path, "writing", err);
    if (rc == 0 && rename(temporary, path) != 0) rc = refused(path, "putting into place", err);
    if (rc != 0) unlink(temporary);
    return rc;
}
