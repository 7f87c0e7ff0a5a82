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
#include "base/text.h"

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

const char *ambs_store_remedy(const char *path)
{
    ambs_text journal = {0};
    struct stat st;
    ambs_text_addf(&journal, "%s.journal", path);
    bool there = !journal.failed && stat(journal.text, &st) == 0 && S_ISDIR(st.st_mode);
    ambs_text_fini(&journal);
    return there ? "`ambs recover` makes it anew from its journal"
                 : "its journal is not there; `ambs recover` with -o NEW.h5 saves what it still "
                   "holds";
}

/* HDF5 looks for its signature at 0, 512, 1,024, 2,048 … bytes. */
static bool has_signature(int fd, off_t size)
{
    static const char signature[8] = "\x89HDF\r\n\x1a\n";
    char found[8];
    off_t at = 0;
    while (at < size) {
        if (pread(fd, found, sizeof found, at) == (ssize_t)sizeof found &&
            memcmp(found, signature, sizeof signature) == 0)
            return true;
        at = at ? 2 * at : 512;
    }
    return false;
}

int ambs_store_check_kind(const char *path, ambs_error *err)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) return io_error(path, "open", err);
    struct stat st;
    int rc = fstat(fd, &st) == 0 ? AMBS_OK : io_error(path, "fstat", err);
    const char *found = NULL;
    if (rc == AMBS_OK && S_ISDIR(st.st_mode))
        found = "is a folder";
    else if (rc == AMBS_OK && st.st_size == 0)
        found = "is empty";
    else if (rc == AMBS_OK && !has_signature(fd, st.st_size))
        found = "is no HDF5 file";
    close(fd);
    if (!found) return rc;
    return ambs_fail(err, AMBS_E_FORMAT,
                     "%s %s, expected the file that `ambs run` writes, as study.h5", path, found);
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
                           "%s is damaged: its checksum is %08x, expected %08x; %s", path, crc,
                           le32toh(le), ambs_store_remedy(path));
    }
    close(fd);
    return rc;
}
