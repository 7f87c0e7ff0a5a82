/* SPDX-License-Identifier: MIT */
/* A file as a block of memory, unpacked if need be. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "config.h"
#include "train/reader.h"
#if AMBS_HAVE_ZLIB
#include <zlib.h>
#endif

enum { PIECE = 1 << 20 };

static int open_failure(const char *path, ambs_error *err)
{
    return ambs_fail(err, errno == ENOENT ? AMBS_E_NOT_FOUND : AMBS_E_IO, "%s: %s", path,
                     strerror(errno));
}

static int read_plain(const char *path, FILE *file, char **ret_bytes, size_t *ret_size,
                      ambs_error *err)
{
    char *bytes = NULL;
    size_t size = 0, capacity = 0, n = 0;
    do {
        int rc = ambs_reserve(&bytes, &capacity, size + PIECE + 1, 1, err);
        if (rc != AMBS_OK) {
            free(bytes);
            return rc;
        }
        n = fread(bytes + size, 1, PIECE, file);
        size += n;
    } while (n > 0);
    if (ferror(file)) {
        free(bytes);
        return ambs_fail(err, AMBS_E_IO, "%s: %s", path, strerror(errno));
    }
    bytes[size] = '\0';
    *ret_bytes = bytes;
    *ret_size = size;
    return AMBS_OK;
}

#if AMBS_HAVE_ZLIB
static int read_gzip(const char *path, char **ret_bytes, size_t *ret_size, ambs_error *err)
{
    gzFile file = gzopen(path, "rb");
    if (!file) return open_failure(path, err);
    char *bytes = NULL;
    size_t size = 0, capacity = 0;
    int rc = AMBS_OK, n = 0;
    do {
        rc = ambs_reserve(&bytes, &capacity, size + PIECE + 1, 1, err);
        if (rc != AMBS_OK) break;
        n = gzread(file, bytes + size, PIECE);
        size += n > 0 ? (size_t)n : 0;
    } while (n > 0);
    int code = Z_OK;
    if (rc == AMBS_OK) gzerror(file, &code);
    if (n < 0 || code != Z_OK)
        rc = ambs_fail(err, AMBS_E_FORMAT,
                       "%s: the gzip data is damaged or cut short after %zu bytes", path, size);
    gzclose(file);
    if (rc != AMBS_OK) {
        free(bytes);
        return rc;
    }
    bytes[size] = '\0';
    *ret_bytes = bytes;
    *ret_size = size;
    return AMBS_OK;
}
#else
static int read_gzip(const char *path, char **ret_bytes, size_t *ret_size, ambs_error *err)
{
    (void)ret_bytes;
    (void)ret_size;
    return ambs_fail(err, AMBS_E_NOT_BUILT,
                     "%s: packed with gzip, and this build has no zlib (Debian: zlib1g-dev); "
                     "unpack it first (gunzip -k)",
                     path);
}
#endif

int ambs_file_load(const char *path, char **ret_bytes, size_t *ret_size, ambs_error *err)
{
    FILE *file = fopen(path, "rb");
    if (!file) return open_failure(path, err);
    unsigned char magic[2] = {0, 0};
    const size_t n = fread(magic, 1, 2, file);
    if (n == 2 && magic[0] == 0x1f && magic[1] == 0x8b) {
        fclose(file);
        return read_gzip(path, ret_bytes, ret_size, err);
    }
    rewind(file);
    int rc = read_plain(path, file, ret_bytes, ret_size, err);
    fclose(file);
    return rc;
}
