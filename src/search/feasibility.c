/* SPDX-License-Identifier: MIT */
#include "search/feasibility.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "surrogate/surrogate.h"

/* Fewer failures are no pattern. */
enum { LEAST_FAILURES = 2 };

struct ambs_feasibility {
    ambs_method_context context;
    uint64_t until;
    double growth;
    uint64_t *ids; /* [n_told] in order of their telling */
    size_t n_told, id_capacity, n_failed;
    size_t n_fit;        /* the first so many are those of the last fit that was due; 0: none */
    size_t n_fit_failed; /* failures among them */
    uint64_t n_fits;
    bool fit_due, usable;
    ambs_surrogate *forest; /* NULL until the first fit */
    double *x, *y, *p;      /* work space */
    size_t x_capacity, y_capacity, p_capacity;
};

int ambs_feasibility_create(const ambs_method_context *context, uint64_t until, double growth,
                            ambs_feasibility **ret, ambs_error *err)
{
    ambs_feasibility *f = ambs_calloc(1, sizeof *f, err);
    if (!f) return AMBS_E_NOMEM;
    f->context = *context;
    f->until = until;
    f->growth = growth;
    *ret = f;
    return AMBS_OK;
}

void ambs_feasibility_destroy(ambs_feasibility *f)
{
    if (!f) return;
    ambs_surrogate_destroy(f->forest);
    free(f->ids);
    free(f->x);
    free(f->y);
    free(f->p);
    free(f);
}

static const ambs_known *trial(const ambs_feasibility *f, size_t i)
{
    return f->context.trial(f->context.search, f->ids[i]);
}

static void consider_fit(ambs_feasibility *f, bool due)
{
    if (f->n_failed < LEAST_FAILURES || f->n_failed == f->n_told) return;
    due = due || f->n_fit == 0 || f->n_told <= f->until ||
          (double)(f->n_told - f->n_fit) >= f->growth * (double)f->n_fit;
    if (!due) return;
    f->n_fit = f->n_told;
    f->n_fit_failed = f->n_failed;
    f->n_fits++;
    f->fit_due = true;
}

int ambs_feasibility_told(ambs_feasibility *f, uint64_t id, ambs_error *err)
{
    int rc = ambs_reserve(&f->ids, &f->id_capacity, f->n_told + 1, sizeof *f->ids, err);
    if (rc != AMBS_OK) return rc;
    f->ids[f->n_told++] = id;
    f->n_failed += trial(f, f->n_told - 1)->state == AMBS_TRIAL_FAILED;
    consider_fit(f, false);
    return AMBS_OK;
}

/* The rows of the last fit may hold the trial, so that they count no more. */
void ambs_feasibility_failed_later(ambs_feasibility *f)
{
    f->n_failed++;
    consider_fit(f, true);
}

/* True where the forest predicts trials that it did not see better than their mean does. */
static bool is_skilled(const ambs_feasibility *f)
{
    double share = (double)f->n_fit_failed / (double)f->n_fit;
    return ambs_surrogate_out_of_sample_error(f->forest) < share * (1 - share);
}

static int fit(ambs_feasibility *f, ambs_error *err)
{
    size_t d = ambs_space_dimension(f->context.space), n = f->n_fit;
    int rc = AMBS_OK;
    if (!f->forest) /* another seed than the objective's: their errors should not go together */
        rc = ambs_surrogate_create("forest", NULL, f->context.space, ~f->context.spec->seed,
                                   &f->forest, err);
    if (rc == AMBS_OK) rc = ambs_reserve(&f->x, &f->x_capacity, n, d * sizeof *f->x, err);
    if (rc == AMBS_OK) rc = ambs_reserve(&f->y, &f->y_capacity, n, sizeof *f->y, err);
    if (rc != AMBS_OK) return rc;
    for (size_t i = 0; i < n; i++) {
        const ambs_known *t = trial(f, i);
        memcpy(f->x + i * d, t->x, d * sizeof *t->x);
        f->y[i] = t->state != AMBS_TRIAL_FAILED;
    }
    rc = ambs_surrogate_fit(f->forest, n, f->x, f->y, f->n_fits, err);
    f->usable = rc == AMBS_OK && is_skilled(f);
    return rc;
}

int ambs_feasibility_update(ambs_feasibility *f, bool *ret_usable, ambs_error *err)
{
    int rc = f->fit_due ? fit(f, err) : AMBS_OK;
    f->fit_due = rc != AMBS_OK;
    *ret_usable = rc == AMBS_OK && f->usable;
    return rc == AMBS_E_NUMERIC ? AMBS_OK : rc;
}

int ambs_feasibility_predict(ambs_feasibility *f, size_t m, const double *x, const double **ret,
                             ambs_error *err)
{
    int rc = ambs_reserve(&f->p, &f->p_capacity, m, sizeof *f->p, err);
    if (rc == AMBS_OK) rc = ambs_surrogate_predict(f->forest, m, x, f->p, NULL, err);
    for (size_t i = 0; rc == AMBS_OK && i < m; i++)
        f->p[i] = f->p[i] < 0 ? 0 : f->p[i] > 1 ? 1 : f->p[i];
    *ret = f->p;
    return rc;
}
