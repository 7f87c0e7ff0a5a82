/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "config.h"
#include "objective/supervisor.h"

/* The folder of the running program, "" when it cannot be told. */
static void own_folder(char *ret_folder, size_t size)
{
    ssize_t n = readlink("/proc/self/exe", ret_folder, size - 1);
    ret_folder[n > 0 ? n : 0] = '\0';
    char *slash = strrchr(ret_folder, '/');
    if (slash) *slash = '\0';
}

int ambs_program_find(const char *name, char *ret_path, size_t size, ambs_error *err)
{
    char own[4096];
    own_folder(own, sizeof own);
    const char *named = getenv("AMBS_LIBEXEC");
    const char *const folders[] = {named ? named : "", own, AMBS_BUILD_LIBEXECDIR, AMBS_LIBEXECDIR};
    for (size_t i = 0; i < sizeof folders / sizeof *folders; i++) {
        if (folders[i][0] == '\0') continue;
        int n = snprintf(ret_path, size, "%s/%s", folders[i], name);
        if (n > 0 && (size_t)n < size && access(ret_path, X_OK) == 0) return AMBS_OK;
    }
    return ambs_fail(err, AMBS_E_NOT_FOUND,
                     "the program %s was not found in %s%s%s, %s or %s; expected it where ambs was "
                     "installed: set AMBS_LIBEXEC to its folder",
                     name, named ? named : "", named ? " (AMBS_LIBEXEC), " : "", own,
                     AMBS_BUILD_LIBEXECDIR, AMBS_LIBEXECDIR);
}
