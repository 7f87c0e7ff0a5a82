/* SPDX-License-Identifier: MIT */
#include "objective/checkpoint.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/memory.h"
#include "base/text.h"
#include "objective/folder.h"
#include "objective/scratch.h"

enum { PATH_SIZE = 4200, NUMBER_SIZE = 64, TRIES = 20 };

static const char published[] = ".published";

static bool ends_with(const char *name, const char *ending)
{
    size_t n = strlen(name), m = strlen(ending);
    return n >= m && strcmp(name + n - m, ending) == 0;
}

static bool is_finished(const char *name)
{
    return name[0] != '.' && !ends_with(name, ".part") && !ends_with(name, ".partial") &&
           !ends_with(name, ".tmp");
}

static bool holds_something(const char *folder)
{
    DIR *d = opendir(folder);
    bool any = false;
    for (const struct dirent *e; d && !any && (e = readdir(d));) any = is_finished(e->d_name);
    if (d) closedir(d);
    return any;
}

/* Another worker may remove the folder above just then, since nothing was left in it. */
static int make_folders(const char *root, const char *trial, const char *attempt, ambs_error *err)
{
    for (int i = 0; i < TRIES; i++) {
        mkdir(root, 0777);
        mkdir(trial, 0777);
        if (mkdir(attempt, 0777) == 0 || errno == EEXIST) return AMBS_OK;
        if (errno != ENOENT) break;
    }
    return ambs_fail(err, AMBS_E_IO, "folder for checkpoints %s: %s", attempt, strerror(errno));
}

/* Publishes what the attempts before have left, the latest first, until one had saved something. */
static bool find_saved(const char *trial, uint32_t attempt, char *ret_path)
{
    char folder[PATH_SIZE + NUMBER_SIZE];
    for (uint32_t i = attempt; i-- > 1;) {
        snprintf(folder, sizeof folder, "%s/attempt-%u", trial, (unsigned)i);
        snprintf(ret_path, PATH_SIZE + 2 * NUMBER_SIZE, "%s%s", folder, published);
        if (rename(folder, ret_path) != 0 && errno != ENOENT) continue;
        if (holds_something(ret_path)) return true;
    }
    return false;
}

int ambs_checkpoint_begin(const char *root, uint64_t trial, uint32_t attempt, char **ret_folder,
                          char **ret_resume, ambs_error *err)
{
    char above[PATH_SIZE], own[PATH_SIZE + NUMBER_SIZE], saved[PATH_SIZE + 2 * NUMBER_SIZE];
    int n = snprintf(above, sizeof above, "%s/trial-%llu", root, (unsigned long long)trial);
    if (n < 0 || (size_t)n >= sizeof above)
        return ambs_fail(err, AMBS_E_INVALID, "the path %.100s… is too long", root);
    snprintf(own, sizeof own, "%s/attempt-%u", above, (unsigned)attempt);
    int rc = make_folders(root, above, own, err);
    if (rc != AMBS_OK) return rc;
    bool resumes = find_saved(above, attempt, saved);
    char *folder = ambs_strdup(own, err), *resume = resumes ? ambs_strdup(saved, err) : NULL;
    if (!folder || (resumes && !resume)) {
        free(folder);
        free(resume);
        return AMBS_E_NOMEM;
    }
    *ret_folder = folder;
    *ret_resume = resume;
    return AMBS_OK;
}

void ambs_checkpoint_end(const char *folder, bool over)
{
    char path[PATH_SIZE + 2 * NUMBER_SIZE];
    if (!over && holds_something(folder)) {
        snprintf(path, sizeof path, "%s%s", folder, published);
        rename(folder, path); /* where it fails, the next attempt tries again */
        return;
    }
    snprintf(path, sizeof path, "%s", folder);
    if (!over) ambs_scratch_remove(path);
    char *slash = strrchr(path, '/');
    if (slash) *slash = '\0'; /* the trial's folder */
    if (over)
        ambs_scratch_remove(path);
    else
        rmdir(path); /* where nothing else is left in it */
    if ((slash = strrchr(path, '/'))) *slash = '\0';
    rmdir(path);
}

void ambs_checkpoint_settle(const char *root, uint64_t trial, uint32_t attempt, bool over)
{
    char folder[PATH_SIZE + NUMBER_SIZE];
    int n = snprintf(folder, sizeof folder, "%s/trial-%llu/attempt-%u", root,
                     (unsigned long long)trial, (unsigned)attempt);
    if (n < 0 || (size_t)n >= sizeof folder || access(folder, F_OK) != 0) return;
    ambs_checkpoint_end(folder, over);
}

int ambs_checkpoint_root(const char *output, char **ret_root, ambs_error *err)
{
    static const char ending[] = ".checkpoints";
    char folder[AMBS_PATH_SIZE];
    const char *slash = strrchr(output, '/');
    ambs_study_folder(output, folder);
    size_t size = strlen(folder) + 1 + strlen(output) + sizeof ending;
    char *path = ambs_calloc(size, 1, err);
    if (!path) return AMBS_E_NOMEM;
    snprintf(path, size, "%s/%s%s", strcmp(folder, "/") == 0 ? "" : folder,
             slash ? slash + 1 : output, ending);
    *ret_root = path;
    return AMBS_OK;
}
