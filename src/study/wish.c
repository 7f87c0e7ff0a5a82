/* SPDX-License-Identifier: MIT */
#include "study/wish.h"

#include <dirent.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/memory.h"
#include "base/write_file.h"
#include "space/space.h"
#include "study/segment.h"

enum { MOST_WISHES = 10000, MOST_BYTES = 1 << 20 };
static const char ending[] = ".txt", refused[] = ".refused";

/* The folder, or a file in it. */
static char *path_of(const char *study_path, const char *name, const char *suffix, ambs_error *err)
{
    ambs_text t = {0};
    ambs_text_addf(&t, "%s.journal/queue%s%s%s", study_path, name[0] ? "/" : "", name, suffix);
    if (ambs_text_check(&t, err) == AMBS_OK) return t.text;
    ambs_text_fini(&t);
    return NULL;
}

static int io_error(const char *path, const char *doing, ambs_error *err)
{
    return ambs_fail(err, errno == ENOENT ? AMBS_E_NOT_FOUND : AMBS_E_IO, "%s %s: %s", doing, path,
                     strerror(errno));
}

static int make_folder(const char *study_path, ambs_error *err)
{
    char *folder = path_of(study_path, "", "", err);
    if (!folder) return AMBS_E_NOMEM;
    int rc = AMBS_OK;
    if (mkdir(folder, 0777) != 0 && errno != EEXIST)
        rc = errno == ENOENT ? ambs_fail(err, AMBS_E_NOT_FOUND,
                                         "%s has no journal to put a queue into", study_path)
                             : io_error(folder, "making", err);
    free(folder);
    return rc;
}

/* One word a line. */
static int write_words(const ambs_space *space, const double *x, ambs_text *out, ambs_error *err)
{
    char buffer[32];
    for (size_t i = 0; i < ambs_space_dimension(space); i++) {
        const ambs_parameter *p = ambs_space_parameter(space, i);
        if (isnan(x[i])) continue;
        const char *value = ambs_space_format(space, i, x[i], buffer);
        if (strchr(value, '\n'))
            return ambs_fail(err, AMBS_E_INVALID,
                             "parameter \"%s\": a value of several lines cannot be queued",
                             p->name);
        ambs_text_addf(out, "%s=%s\n", p->name, value);
    }
    return ambs_text_check(out, err);
}

int ambs_wish_put(const char *study_path, const ambs_space *space, const double *x,
                  ambs_wish_name *ret_name, ambs_error *err)
{
    ambs_wish_name name;
    ambs_text words = {0};
    int rc = make_folder(study_path, err);
    if (rc == AMBS_OK) rc = write_words(space, x, &words, err);
    snprintf(name.text, sizeof name.text, "%017.0f-%ld%s", 1e6 * ambs_clock_wall_s(),
             (long)getpid(), ending);
    char *path = rc == AMBS_OK ? path_of(study_path, name.text, "", err) : NULL;
    if (rc == AMBS_OK && !path) rc = AMBS_E_NOMEM;
    if (rc == AMBS_OK) rc = ambs_write_file(path, &words, err);
    if (rc == AMBS_OK) rc = ambs_segment_sync_folder_of(path, err);
    if (rc == AMBS_OK) *ret_name = name;
    ambs_text_fini(&words);
    free(path);
    return rc;
}

static int by_name(const void *a, const void *b)
{
    return strcmp(((const ambs_wish_name *)a)->text, ((const ambs_wish_name *)b)->text);
}

static bool is_wish(const char *name)
{
    size_t n = strlen(name), m = sizeof ending - 1;
    return name[0] != '.' && n > m && n < AMBS_WISH_NAME && strcmp(name + n - m, ending) == 0;
}

static int collect(DIR *dir, ambs_wish_name **names, size_t *n, ambs_error *err)
{
    size_t capacity = 0;
    for (struct dirent *entry; (entry = readdir(dir)) && *n < MOST_WISHES;) {
        if (!is_wish(entry->d_name)) continue;
        int rc = ambs_reserve(names, &capacity, *n + 1, sizeof **names, err);
        if (rc != AMBS_OK) return rc;
        strcpy((*names)[(*n)++].text, entry->d_name);
    }
    if (*n > 0) qsort(*names, *n, sizeof **names, by_name);
    return AMBS_OK;
}

int ambs_wish_list(const char *study_path, ambs_wish_name **ret_names, size_t *ret_n,
                   ambs_error *err)
{
    ambs_wish_name *names = NULL;
    size_t n = 0;
    int rc = AMBS_OK;
    char *folder = path_of(study_path, "", "", err);
    if (!folder) return AMBS_E_NOMEM;
    DIR *dir = opendir(folder);
    if (dir) {
        rc = collect(dir, &names, &n, err);
        closedir(dir);
    } else if (errno != ENOENT && errno != ENOTDIR) {
        rc = io_error(folder, "opening", err);
    }
    free(folder);
    if (rc != AMBS_OK) {
        free(names);
        return rc;
    }
    *ret_names = names;
    *ret_n = n;
    return AMBS_OK;
}

static int read_all(const char *path, char **ret_text, ambs_error *err)
{
    FILE *file = fopen(path, "re");
    if (!file) return io_error(path, "reading", err);
    char *text = ambs_calloc(MOST_BYTES + 1, 1, err);
    size_t n = text ? fread(text, 1, MOST_BYTES, file) : 0;
    int rc = !text ? AMBS_E_NOMEM : ferror(file) ? io_error(path, "reading", err) : AMBS_OK;
    fclose(file);
    if (rc == AMBS_OK) {
        text[n] = '\0';
        *ret_text = text;
    } else {
        free(text);
    }
    return rc;
}

int ambs_wish_text(const char *study_path, const ambs_wish_name *name, char **ret_text,
                   ambs_error *err)
{
    char *path = path_of(study_path, name->text, "", err);
    if (!path) return AMBS_E_NOMEM;
    int rc = read_all(path, ret_text, err);
    free(path);
    return rc;
}

int ambs_wish_read(const ambs_space *space, const char *text, double *ret_x, ambs_error *err)
{
    size_t n = 0, most = 1;
    for (const char *c = text; *c; c++) most += *c == '\n';
    char *copy = ambs_strdup(text, err), *rest = copy;
    const char **words = ambs_calloc(most, sizeof *words, err);
    int rc = copy && words ? AMBS_OK : AMBS_E_NOMEM;
    for (char *word; rc == AMBS_OK && (word = strsep(&rest, "\r\n"));)
        if (word[0] != '\0' && n < most) words[n++] = word;
    if (rc == AMBS_OK) rc = ambs_space_read_words(space, n, words, ret_x, err);
    free(words);
    free(copy);
    return rc;
}

int ambs_wish_remove(const char *study_path, const ambs_wish_name *name, ambs_error *err)
{
    char *path = path_of(study_path, name->text, "", err);
    if (!path) return AMBS_E_NOMEM;
    int rc = unlink(path) == 0 || errno == ENOENT ? AMBS_OK : io_error(path, "removing", err);
    free(path);
    return rc;
}

int ambs_wish_refuse(const char *study_path, const ambs_wish_name *name, const char *why,
                     ambs_error *err)
{
    ambs_text text = {0};
    char *words = NULL, *path = path_of(study_path, name->text, refused, err);
    int rc = path ? ambs_wish_text(study_path, name, &words, err) : AMBS_E_NOMEM;
    if (rc == AMBS_OK) {
        ambs_text_addf(&text, "%s\n%s\n", words, why);
        rc = ambs_text_check(&text, err);
    }
    if (rc == AMBS_OK) rc = ambs_write_file(path, &text, err);
    if (rc == AMBS_OK) rc = ambs_wish_remove(study_path, name, err);
    ambs_text_fini(&text);
    free(words);
    free(path);
    return rc;
}

char *ambs_wish_refusal(const char *study_path, const ambs_wish_name *name)
{
    char *path = path_of(study_path, name->text, refused, NULL), *text = NULL;
    if (path && read_all(path, &text, NULL) != AMBS_OK) text = NULL;
    free(path);
    if (!text) return NULL;
    size_t n = strlen(text);
    while (n > 0 && text[n - 1] == '\n') text[--n] = '\0';
    char *last = strrchr(text, '\n');
    if (last) memmove(text, last + 1, strlen(last + 1) + 1);
    return text;
}
