/* SPDX-License-Identifier: MIT */
#include "study/store_seal.h"

#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/checksum.h"

enum { SEAL_SIZE = 16 };
static const char magic[8] = "ambs-sum";

static int io_error(const char *path, const char *what, ambs_error *err)
{
    return ambs_fail(err, errno == ENOENT ? AMBS_E_NOT_FOUND : AMBS_E_IO, "%s: %s: %s", path, what,
                     strerror(errno));
}

/* Of the first `length` bytes. */
static int sum(int fd, const char *path, off_t length, uint32_t *ret_crc, ambs_error *err)
{
    char block[1 << 16];
    uint32_t crc = 0;
    for (off_t at = 0; at < length;) {
        size_t want = length - at < (off_t)sizeof block ? (size_t)(length - at) : sizeof block;
        ssize_t n = pread(fd, block, want, at);
        if (n < 0 && errno == EINTR) continue;
        if (n <= 0) return io_error(path, "read", err);
        crc = ambs_crc32c(crc, block, (size_t)n);
        at += n;
    }
    *ret_crc = crc;
    return AMBS_OK;
}

static int write_all(int fd, const char *path, const char *bytes, size_t size, ambs_error *err)
{
    while (size > 0) {
        ssize_t n = write(fd, bytes, size);
        if (n < 0 && errno == EINTR) continue;
        if (n == 0) errno = ENOSPC;
        if (n <= 0) return io_error(path, "write", err);
        bytes += n;
        size -= (size_t)n;
    }
    return AMBS_OK;
}

int ambs_store_write_sealed(int fd, const char *path, const void *bytes, size_t size,
                            ambs_error *err)
{
    char seal[SEAL_SIZE] = {0};
    uint32_t le = htole32(ambs_crc32c(0, bytes, size));
    memcpy(seal, magic, sizeof magic);
    memcpy(seal + sizeof magic, &le, sizeof le);
    int rc = write_all(fd, path, bytes, size, err);
    if (rc == AMBS_OK) rc = write_all(fd, path, seal, sizeof seal, err);
    if (rc == AMBS_OK && fsync(fd) != 0) rc = io_error(path, "fsync", err);
    return rc;
}

int ambs_store_check_seal(const char *path, ambs_error *err)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) return io_error(path, "open", err);
    struct stat st;
    char seal[SEAL_SIZE];
    uint32_t crc, le;
    int rc = fstat(fd, &st) == 0 ? AMBS_OK : io_error(path, "fstat", err);
    bool sealed = rc == AMBS_OK && st.st_size > SEAL_SIZE &&
                  pread(fd, seal, sizeof seal, st.st_size - SEAL_SIZE) == (ssize_t)sizeof seal &&
                  memcmp(seal, magic, sizeof magic) == 0;
    if (sealed && (rc = sum(fd, path, st.st_size - SEAL_SIZE, &crc, err)) == AMBS_OK) {
        memcpy(&le, seal + sizeof magic, sizeof le);
        if (crc != le32toh(le))
            rc = ambs_fail(err, AMBS_E_FORMAT,
                           "%s is damaged: its checksum is %08x, expected %08x; `ambs recover` "
                           "makes it anew from "
                           "the journal",
                           path, crc, le32toh(le));
    }
    close(fd);
    return rc;
}
