/* SPDX-License-Identifier: MIT */
#include "study/segment.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/memory.h"

static char *name_of(const char *study_path, const char *rest, ambs_error *err)
{
    ambs_text t = {0};
    ambs_text_addf(&t, "%s.journal%s", study_path, rest);
    if (ambs_text_check(&t, err) == AMBS_OK) return t.text;
    ambs_text_fini(&t);
    return NULL;
}

char *ambs_segment_folder(const char *study_path, ambs_error *err)
{
    return name_of(study_path, "", err);
}

char *ambs_segment_path(const char *study_path, uint32_t epoch, ambs_error *err)
{
    char rest[40];
    snprintf(rest, sizeof rest, "/%06u.segment", epoch);
    return name_of(study_path, rest, err);
}

/* The epoch that a file's name tells, 0 for other files. */
static uint32_t epoch_of(const char *name)
{
    unsigned long epoch = strtoul(name, NULL, 10);
    char expected[40];
    snprintf(expected, sizeof expected, "%06lu.segment", epoch);
    return epoch <= UINT32_MAX && strcmp(name, expected) == 0 ? (uint32_t)epoch : 0;
}

static int by_epoch(const void *a, const void *b)
{
    const ambs_segment *p = a, *q = b;
    return (p->epoch > q->epoch) - (p->epoch < q->epoch);
}

static int collect(DIR *dir, const char *study_path, ambs_segment **segments, size_t *n,
                   ambs_error *err)
{
    size_t capacity = 0;
    for (struct dirent *entry; (entry = readdir(dir));) {
        uint32_t epoch = epoch_of(entry->d_name);
        if (epoch == 0) continue;
        if (ambs_reserve(segments, &capacity, *n + 1, sizeof **segments, err) != AMBS_OK)
            return AMBS_E_NOMEM;
        char *path = ambs_segment_path(study_path, epoch, err);
        if (!path) return AMBS_E_NOMEM;
        (*segments)[(*n)++] = (ambs_segment){.epoch = epoch, .path = path};
    }
    if (*n > 0) qsort(*segments, *n, sizeof **segments, by_epoch);
    return AMBS_OK;
}

int ambs_segment_list(const char *study_path, ambs_segment **ret_segments, size_t *ret_n,
                      ambs_error *err)
{
    char *folder = ambs_segment_folder(study_path, err);
    if (!folder) return AMBS_E_NOMEM;
    DIR *dir = opendir(folder);
    int rc = AMBS_OK;
    if (!dir)
        rc = ambs_fail(err, errno == ENOENT || errno == ENOTDIR ? AMBS_E_NOT_FOUND : AMBS_E_IO,
                       "the journal %s can not be opened: %s", folder, strerror(errno));
    ambs_segment *segments = NULL;
    size_t n = 0;
    if (dir) {
        rc = collect(dir, study_path, &segments, &n, err);
        closedir(dir);
    }
    if (rc == AMBS_OK && n == 0)
        rc = ambs_fail(err, AMBS_E_NOT_FOUND, "the journal %s holds no segment", folder);
    free(folder);
    if (rc != AMBS_OK) {
        ambs_segment_list_free(segments, n);
        return rc;
    }
    *ret_segments = segments;
    *ret_n = n;
    return AMBS_OK;
}

void ambs_segment_list_free(ambs_segment *segments, size_t n)
{
    for (size_t i = 0; i < n; i++) free(segments[i].path);
    free(segments);
}

int ambs_segment_sync_folder_of(const char *path, ambs_error *err)
{
    const char *slash = strrchr(path, '/');
    size_t length = slash ? (size_t)(slash - path) : 0;
    char *folder = slash ? ambs_strndup(path, length > 0 ? length : 1, err) : ambs_strdup(".", err);
    if (!folder) return AMBS_E_NOMEM;
    int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int rc = AMBS_OK;
    /* EINVAL: file systems that know no fsync of a folder keep entries in order themselves */
    if (fd < 0 || (fsync(fd) != 0 && errno != EINVAL))
        rc = ambs_fail(err, AMBS_E_IO, "the folder %s can not be made durable: %s", folder,
                       strerror(errno));
    if (fd >= 0) close(fd);
    free(folder);
    return rc;
}
