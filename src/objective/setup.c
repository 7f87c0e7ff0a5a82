/* SPDX-License-Identifier: MIT */
/* The file's name with its NUL, then the text to the end. */
#include "objective/setup.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/memory.h"

static int write_all(int fd, const char *bytes, size_t length, ambs_error *err)
{
    while (length > 0) {
        ssize_t n = write(fd, bytes, length);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0)
            return ambs_fail(err, AMBS_E_IO, "study for the trial hosts: %s", strerror(errno));
        bytes += n;
        length -= (size_t)n;
    }
    return AMBS_OK;
}

int ambs_setup_write(const ambs_spec *spec, int *ret_fd, ambs_error *err)
{
    ambs_text out = {0};
    char absolute[PATH_MAX]; /* a host may run in another folder */
    const char *file = spec->file ? spec->file : "";
    ambs_text_addf(&out, "%s%c", realpath(file, absolute) ? absolute : file, 0);
    ambs_text_add(&out, spec->text ? spec->text : "");
    int rc = ambs_text_check(&out, err);
    int fd = -1;
    if (rc == AMBS_OK && (fd = memfd_create("ambs-study", MFD_CLOEXEC)) < 0)
        rc = ambs_fail(err, AMBS_E_IO, "study for the trial hosts: memfd_create: %s",
                       strerror(errno));
    if (rc == AMBS_OK) rc = write_all(fd, out.text, out.length, err);
    ambs_text_fini(&out);
    if (rc == AMBS_OK)
        *ret_fd = fd;
    else if (fd >= 0)
        close(fd);
    return rc;
}

int ambs_setup_read(int fd, ambs_spec **ret_spec, ambs_error *err)
{
    struct stat info;
    if (fstat(fd, &info) != 0)
        return ambs_fail(err, AMBS_E_IO, "study for the trial host: %s", strerror(errno));
    size_t length = (size_t)info.st_size, got = 0;
    char *bytes = ambs_calloc(length + 1, 1, err);
    if (!bytes) return AMBS_E_NOMEM;
    for (ssize_t n; got < length && (n = pread(fd, bytes + got, length - got, (off_t)got)) > 0;)
        got += (size_t)n;
    size_t name = strlen(bytes) + 1; /* there is a NUL behind the last byte, too */
    int rc = got == length && name <= length
                 ? ambs_spec_parse(bytes + name, length - name, bytes, NULL, 0, ret_spec, err)
                 : ambs_fail(err, AMBS_E_IO, "the study handed to the trial host is cut off");
    free(bytes);
    return rc;
}
