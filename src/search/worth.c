/* SPDX-License-Identifier: MIT */
#include "search/worth.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

int ambs_worth_init(ambs_worth *w, const ambs_method_context *context,
                    const ambs_chosen *acquisition, ambs_error *err)
{
    w->context = *context;
    w->ops = (const ambs_acquisition_ops *)acquisition->member;
    w->options = acquisition->options;
    size_t n = w->ops->n_probes;
    w->probe_x = ambs_calloc(n, ambs_space_dimension(context->space) * sizeof(double), err);
    w->probe_mean = ambs_calloc(n, sizeof *w->probe_mean, err);
    w->probe_sd = ambs_calloc(n, sizeof *w->probe_sd, err);
    if (!w->probe_x || !w->probe_mean || !w->probe_sd) return AMBS_E_NOMEM;
    if (w->ops->state_size == 0) return AMBS_OK;
    w->state = ambs_calloc(1, w->ops->state_size, err);
    return w->state ? AMBS_OK : AMBS_E_NOMEM;
}

void ambs_worth_fini(ambs_worth *w)
{
    free(w->probe_x);
    free(w->probe_mean);
    free(w->probe_sd);
    if (w->state && w->ops->fini) w->ops->fini(w->state);
    free(w->state);
}

int ambs_worth_asked(ambs_worth *w, uint64_t trial, bool decided, ambs_error *err)
{
    if (!decided) return AMBS_OK;
    w->n_asks++;
    w->n_told_at_ask = w->n_told;
    if (!w->ops->asked) return AMBS_OK;
    return w->ops->asked(w->state, w->options, w->context.spec->seed, trial, err);
}

void ambs_worth_told(ambs_worth *w, uint64_t trial)
{
    w->n_told++;
    if (!w->ops->told) return;
    double y = w->context.trial(w->context.search, trial)->y;
    w->ops->told(w->state, trial, isnan(y) ? INFINITY : y);
}

static int probe(ambs_worth *w, const ambs_arm *arm, ambs_random *random, ambs_error *err)
{
    size_t d = ambs_space_dimension(w->context.space), n = w->ops->n_probes;
    uint64_t leaders[AMBS_ACQUISITION_LEADERS];
    size_t most = n < AMBS_ACQUISITION_LEADERS ? n : AMBS_ACQUISITION_LEADERS,
           n_leaders = ambs_model_leaders(arm->model, most, leaders);
    for (size_t i = 0; i < n_leaders; i++)
        memcpy(w->probe_x + i * d, w->context.trial(w->context.search, leaders[i])->x,
               d * sizeof *w->probe_x);
    if (n <= AMBS_ACQUISITION_LEADERS) n = n_leaders;
    for (size_t i = n_leaders; i < n; i++) {
        int rc = ambs_space_sample(w->context.space, random, w->probe_x + i * d, err);
        if (rc != AMBS_OK) return rc;
    }
    w->now.n_probes = n;
    return ambs_surrogate_predict(arm->surrogate, n, w->probe_x, w->probe_mean, w->probe_sd, err);
}

int ambs_worth_prepare(ambs_worth *w, const ambs_arm *arm, uint64_t trial, ambs_random *random,
                       ambs_error *err)
{
    w->now = (ambs_acquisition_context){.best = ambs_model_best(arm->model),
                                        .ask = w->n_asks,
                                        .n_told = w->n_told,
                                        .n_lies = ambs_model_n_lies(arm->model),
                                        .n_news = w->n_told - w->n_told_at_ask,
                                        .state = w->state,
                                        .seed = w->context.spec->seed,
                                        .trial = trial,
                                        .probe_mean = w->probe_mean,
                                        .probe_sd = w->probe_sd};
    int rc = w->ops->n_probes > 0 ? probe(w, arm, random, err) : AMBS_OK;
    if (rc == AMBS_OK && w->ops->draws) rc = ambs_surrogate_draw(arm->surrogate, random, err);
    if (rc == AMBS_OK && w->ops->prepare) w->ops->prepare(w->options, random, &w->now);
    return rc;
}
