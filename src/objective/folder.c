/* SPDX-License-Identifier: MIT */
#include "objective/folder.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

void ambs_study_folder(const char *file, char *ret_path)
{
    char folder[AMBS_PATH_SIZE], resolved[PATH_MAX];
    const char *slash = file ? strrchr(file, '/') : NULL;
    int length = slash == file ? 1 : slash ? (int)(slash - file) : 0;
    snprintf(folder, sizeof folder, "%.*s", slash ? length : 1, slash ? file : ".");
    if (!realpath(folder, resolved) && !getcwd(resolved, sizeof resolved)) strcpy(resolved, "/");
    snprintf(ret_path, AMBS_PATH_SIZE, "%s", resolved);
}

static bool is_there(const char *folder, const char *name, char *ret_path)
{
    struct stat info;
    char path[2 * AMBS_PATH_SIZE];
    int n = snprintf(path, sizeof path, "%s/%s", strcmp(folder, "/") == 0 ? "" : folder, name);
    if (n < 0 || n >= AMBS_PATH_SIZE || stat(path, &info) != 0) return false;
    if (!S_ISREG(info.st_mode) && !(S_ISDIR(info.st_mode) && strchr(name, '/'))) return false;
    memcpy(ret_path, path, (size_t)n + 1);
    return true;
}

bool ambs_study_find(const char *file, const char *name, char *ret_path)
{
    char folder[AMBS_PATH_SIZE];
    if (name[0] == '\0' || name[0] == '/') return false;
    ambs_study_folder(file, folder);
    if (is_there(folder, name, ret_path)) return true;
    return getcwd(folder, PATH_MAX) && is_there(folder, name, ret_path);
}
