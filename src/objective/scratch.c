/* SPDX-License-Identifier: MIT */
#include "objective/scratch.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/memory.h"

int ambs_scratch_create(const char *parent, char **ret_path, ambs_error *err)
{
    bool given = parent != NULL;
    if (!given) parent = getenv("TMPDIR");
    if (!parent || parent[0] != '/') parent = "/tmp";
    if (given) mkdir(parent, 0777); /* what it could not do, mkdtemp() says */
    size_t size = strlen(parent) + sizeof "/ambs-XXXXXX";
    char *path = ambs_calloc(size, 1, err);
    if (!path) return AMBS_E_NOMEM;
    snprintf(path, size, "%s/ambs-XXXXXX", parent);
    if (!mkdtemp(path)) {
        int rc = ambs_fail(err, AMBS_E_IO,
                           "scratch folder %s: %s; set %s to a folder that can be written", path,
                           strerror(errno), given ? "trial.scratch" : "TMPDIR");
        free(path);
        return rc;
    }
    *ret_path = path;
    return AMBS_OK;
}
