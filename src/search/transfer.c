/* SPDX-License-Identifier: MIT */
#include "search/transfer.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "numeric/rank.h"
#include "surrogate/surrogate.h"

enum { MOST_RESULTS = 512, LEAST_RESULTS = 3 };
#define SHARPNESS 5.0 /* S: the best rank is held e^5 times as likely as the worst */

typedef struct source {
    const ambs_warm_source *old;
    ambs_surrogate *model;
    bool fitted, broken;
    double *r; /* [n_predicted] at the results so far */
    size_t n_predicted, r_capacity;
    double trust;
} source;

struct ambs_transfer {
    ambs_method_context context;
    size_t n;
    source sources[AMBS_WARM_SOURCES];
    uint64_t *ids; /* [n_results] */
    double *y;
    size_t n_results, id_capacity, y_capacity;
    double *mean; /* work space */
    size_t mean_capacity;
};

int ambs_transfer_create(const ambs_method_context *context, ambs_transfer **ret, ambs_error *err)
{
    const ambs_warm *warm = &context->spec->warm;
    *ret = NULL;
    if (warm->n == 0) return AMBS_OK;
    ambs_transfer *t = ambs_calloc(1, sizeof *t, err);
    if (!t) return AMBS_E_NOMEM;
    t->context = *context;
    int rc = AMBS_OK;
    for (size_t i = 0; rc == AMBS_OK && i < warm->n; i++) {
        source *s = &t->sources[t->n++];
        s->old = &warm->sources[i];
        s->trust = isnan(s->old->weight) ? 1 : s->old->weight;
        rc = ambs_surrogate_create("gp", NULL, context->space, context->spec->seed + i, &s->model,
                                   err);
    }
    if (rc == AMBS_OK)
        *ret = t;
    else
        ambs_transfer_destroy(t);
    return rc;
}

void ambs_transfer_destroy(ambs_transfer *t)
{
    if (!t) return;
    for (size_t i = 0; i < t->n; i++) {
        ambs_surrogate_destroy(t->sources[i].model);
        free(t->sources[i].r);
    }
    free(t->ids);
    free(t->y);
    free(t->mean);
    free(t);
}

int ambs_transfer_told(ambs_transfer *t, uint64_t id, ambs_error *err)
{
    if (t->n_results == MOST_RESULTS) return AMBS_OK;
    int rc = ambs_reserve(&t->ids, &t->id_capacity, t->n_results + 1, sizeof *t->ids, err);
    if (rc == AMBS_OK)
        rc = ambs_reserve(&t->y, &t->y_capacity, t->n_results + 1, sizeof *t->y, err);
    if (rc != AMBS_OK) return rc;
    t->ids[t->n_results] = id;
    t->y[t->n_results++] = t->context.trial(t->context.search, id)->y;
    return AMBS_OK;
}

/* One by one: how many there are at a time depends on when the search is asked, and the last bits
 * of a prediction may depend on how many are made at a time. */
static int predict_results(ambs_transfer *t, source *s, ambs_error *err)
{
    int rc = ambs_reserve(&s->r, &s->r_capacity, t->n_results + 1, sizeof *s->r, err);
    for (; rc == AMBS_OK && s->n_predicted < t->n_results; s->n_predicted += rc == AMBS_OK)
        rc = ambs_surrogate_predict(s->model, 1,
                                    t->context.trial(t->context.search, t->ids[s->n_predicted])->x,
                                    &s->r[s->n_predicted], NULL, err);
    return rc;
}

static int update(ambs_transfer *t, source *s, ambs_error *err)
{
    int rc = AMBS_OK;
    double rho;
    if (!s->fitted) rc = ambs_surrogate_fit(s->model, s->old->n, s->old->x, s->old->rank, 1, err);
    s->fitted = s->fitted || rc == AMBS_OK;
    if (rc != AMBS_OK || s->n_predicted == t->n_results) return rc;
    rc = predict_results(t, s, err);
    if (rc != AMBS_OK || t->n_results < LEAST_RESULTS) return rc;
    rc = ambs_rank_correlation(t->n_results, s->r, t->y, &rho, err);
    if (rc != AMBS_OK) return rc;
    double trust = fmin(1, fmax(0, rho + 1 / sqrt((double)t->n_results)));
    s->trust = isnan(s->old->weight) ? trust : s->old->weight;
    return AMBS_OK;
}

int ambs_transfer_update(ambs_transfer *t, ambs_error *err)
{
    for (size_t i = 0; i < t->n; i++) {
        source *s = &t->sources[i];
        if (s->broken) continue;
        int rc = update(t, s, err);
        if (rc != AMBS_OK && rc != AMBS_E_NUMERIC) return rc;
        s->broken = rc != AMBS_OK;
        if (s->broken) s->trust = 0;
    }
    return AMBS_OK;
}

double ambs_transfer_trust(const ambs_transfer *t)
{
    double most = 0;
    for (size_t i = 0; i < t->n; i++) most = fmax(most, t->sources[i].trust);
    return most;
}

int ambs_transfer_add(ambs_transfer *t, size_t m, const double *x, double *ret, ambs_error *err)
{
    int rc = ambs_reserve(&t->mean, &t->mean_capacity, m + 1, sizeof *t->mean, err);
    for (size_t i = 0; rc == AMBS_OK && i < t->n; i++) {
        source *s = &t->sources[i];
        if (s->trust <= 0) continue;
        rc = ambs_surrogate_predict(s->model, m, x, t->mean, NULL, err);
        for (size_t k = 0; rc == AMBS_OK && k < m; k++) ret[k] -= SHARPNESS * s->trust * t->mean[k];
        if (rc == AMBS_E_NUMERIC) {
            s->broken = true;
            s->trust = 0;
            rc = AMBS_OK;
        }
    }
    return rc;
}
