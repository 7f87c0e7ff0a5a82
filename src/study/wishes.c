/* SPDX-License-Identifier: MIT */
#include "study/wishes.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

struct ambs_open_wish {
    ambs_wish_name name;
    double *x;         /* [d] */
    uint64_t sequence; /* up to which its proposal is recorded; UINT64_MAX: not made yet */
};

void ambs_wishes_fini(ambs_wishes *w)
{
    for (size_t i = 0; i < w->n; i++) free(w->open[i].x);
    free(w->open);
    *w = (ambs_wishes){0};
}

static const ambs_trial_row *find_trial(const ambs_wishes *w, const ambs_table *t, const double *x)
{
    for (size_t i = 0; i < t->n; i++)
        if (t->rows[i].state != AMBS_TRIAL_CANCELLED &&
            ambs_space_equal(w->space, t->x + i * t->d, x))
            return &t->rows[i];
    return NULL;
}

bool ambs_wishes_is_open(const ambs_wishes *w, const ambs_wish_name *name)
{
    for (size_t i = 0; i < w->n; i++)
        if (strcmp(w->open[i].name.text, name->text) == 0) return true;
    return false;
}

static int add(ambs_wishes *w, const ambs_table *t, const ambs_wish_name *name, const double *x,
               ambs_error *err)
{
    int rc = ambs_reserve(&w->open, &w->capacity, w->n + 1, sizeof *w->open, err);
    double *copy = rc == AMBS_OK ? ambs_memdup(x, t->d, sizeof *x, err) : NULL;
    if (!copy) return AMBS_E_NOMEM;
    if (w->n == 0) w->n_seen = t->n;
    w->open[w->n++] = (struct ambs_open_wish){*name, copy, UINT64_MAX};
    return AMBS_OK;
}

int ambs_wishes_judge(ambs_wishes *w, const ambs_table *t, const ambs_wish_name *name,
                      const char *text, ambs_wish_verdict *ret_verdict, double *ret_x,
                      char ret_why[512], ambs_error *err)
{
    ambs_error fault = {0};
    int rc = ambs_wish_read(w->space, text, ret_x, &fault);
    if (rc == AMBS_E_NOMEM) return ambs_fail(err, rc, "%s", fault.text);
    *ret_verdict = AMBS_WISH_BAD;
    snprintf(ret_why, 512, "%.511s", fault.text);
    if (rc != AMBS_OK) return AMBS_OK;
    *ret_verdict = AMBS_WISH_KNOWN;
    const ambs_trial_row *row = find_trial(w, t, ret_x);
    snprintf(ret_why, 512, "the configuration is that of trial %llu already",
             row ? (unsigned long long)row->id : 0);
    if (row) return AMBS_OK;
    snprintf(ret_why, 512, "the configuration is in the queue already");
    for (size_t i = 0; i < w->n; i++)
        if (ambs_space_equal(w->space, w->open[i].x, ret_x)) return AMBS_OK;
    *ret_verdict = AMBS_WISH_NEW;
    ret_why[0] = '\0';
    return add(w, t, name, ret_x, err);
}

static void look_at_new_trials(ambs_wishes *w, const ambs_table *t)
{
    for (; w->n_seen < t->n; w->n_seen++)
        for (size_t i = 0; i < w->n; i++)
            if (w->open[i].sequence == UINT64_MAX &&
                ambs_space_equal(w->space, w->open[i].x, t->x + w->n_seen * t->d))
                w->open[i].sequence = t->sequence;
}

bool ambs_wishes_next_granted(ambs_wishes *w, const ambs_table *t, uint64_t durable,
                              ambs_wish_name *ret_name)
{
    look_at_new_trials(w, t);
    for (size_t i = 0; i < w->n; i++) {
        if (w->open[i].sequence > durable) continue;
        *ret_name = w->open[i].name;
        free(w->open[i].x);
        memmove(w->open + i, w->open + i + 1, (w->n - i - 1) * sizeof *w->open);
        w->n--;
        return true;
    }
    return false;
}
