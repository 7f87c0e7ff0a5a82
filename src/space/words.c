/* SPDX-License-Identifier: MIT */
/* Configurations as a person types them: NAME=VALUE, each a word. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "space/private.h"

int ambs_space_refuse_name(const ambs_space *space, const char *what, const char *name,
                           ambs_error *err)
{
    ambs_text hint = {0};
    const char *near = ambs_space_nearest_name(space, name);
    if (near)
        ambs_text_addf(&hint, "did you mean \"%s\"?", near);
    else
        ambs_text_add(&hint, "known: ");
    for (size_t i = 0; !near && i < space->d && hint.length < 1000; i++)
        ambs_text_addf(&hint, "%s%s", i > 0 ? ", " : "", space->dims[i].p.name);
    int rc = ambs_text_check(&hint, err);
    if (rc == AMBS_OK)
        rc = ambs_fail(err, AMBS_E_INVALID, "%s \"%.60s\"; %s", what, name, hint.text);
    ambs_text_fini(&hint);
    return rc;
}

int ambs_space_refuse_inactive(const ambs_space *space, size_t i, ambs_error *err)
{
    return ambs_fail(err, AMBS_E_INVALID,
                     "%s is inactive in this configuration: it applies only when %s",
                     space->dims[i].p.name, space->dims[i].condition_text);
}

static int find_named(const ambs_space *space, const char *word, size_t *ret_i, ambs_error *err)
{
    size_t length = strcspn(word, "=");
    if (length == 0 || word[length] == '\0')
        return ambs_fail(err, AMBS_E_INVALID,
                         "found \"%.60s\", expected NAME=VALUE, as in learning_rate=0.01", word);
    char name[128];
    snprintf(name, sizeof name, "%.*s", (int)(length < 120 ? length : 120), word);
    int i = ambs_space_find(space, name);
    if (i >= 0) {
        *ret_i = (size_t)i;
        return AMBS_OK;
    }
    return ambs_space_refuse_name(space, "the study has no parameter", name, err);
}

int ambs_space_read_words(const ambs_space *space, size_t n, const char *const *words,
                          double *ret_x, ambs_error *err)
{
    ambs_error ignored;
    size_t i = 0;
    int rc = ambs_space_defaults(space, ret_x, &ignored);
    if (rc != AMBS_OK && rc != AMBS_E_INFEASIBLE) return ambs_fail(err, rc, "%s", ignored.text);
    for (size_t k = 0; k < n; k++) {
        rc = find_named(space, words[k], &i, err);
        if (rc == AMBS_OK)
            rc = ambs_space_parse(space, i, strchr(words[k], '=') + 1, &ret_x[i], err);
        if (rc != AMBS_OK) return rc;
    }
    ambs_space_normalise(space, ret_x);
    for (size_t k = 0; k < n; k++) {
        rc = find_named(space, words[k], &i, err);
        if (rc == AMBS_OK && isnan(ret_x[i])) rc = ambs_space_refuse_inactive(space, i, err);
        if (rc != AMBS_OK) return rc;
    }
    return ambs_space_contains(space, ret_x, err) ? AMBS_OK : AMBS_E_INVALID;
}
