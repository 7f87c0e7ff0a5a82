/* SPDX-License-Identifier: MIT */
/* Tree-structured Parzen estimator (Bergstra, Bardenet, Bengio and Kegl 2011), in its multivariate
 * form with conditional parameters inside one density.
 *
 * The best ceil(gamma n) results, at most `good`, are the good set, all others the bad one; failed
 * trials and those in flight are bad, which keeps parallel proposals apart (as a constant liar would
 * that lies with the worst). Of `candidates` draws from the good estimate the one with the largest
 * ratio of the two densities is proposed. The last 25 results weigh 1, older bad ones less, down to
 * 1/n (Bergstra's ramp). O(candidates n d) per ask, with at most MAX_BAD kernels in the bad one. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "search/fresh.h"
#include "surrogate/parzen.h"

enum { MAX_BAD = 2000, FLAT = 25 };

typedef struct tpe_options {
    long long startup, candidates, good;
    double gamma;
} tpe_options;

/* A result with a value. */
typedef struct result {
    double y;
    uint64_t id;
} result;

typedef struct tpe_state {
    ambs_method_context context;
    const tpe_options *options;
    ambs_parzen *good, *bad;
    result *results; /* [n_results] best first */
    size_t n_results, results_capacity;
    const double **x; /* work space: rows of an estimate, and their weights */
    double *weights;
    size_t x_capacity, weights_capacity;
    bool *is_good; /* [trials] */
    size_t good_capacity;
    double *candidate; /* [d] */
} tpe_state;

static const ambs_option option_table[] = {
    {"startup", AMBS_OPTION_INT, offsetof(tpe_options, startup), "10", 1, 1e9, NULL,
     "results before the estimate decides; random trials until then"},
    {"candidates", AMBS_OPTION_INT, offsetof(tpe_options, candidates), "64", 1, 1e6, NULL,
     "draws from the good estimate of each proposal"},
    {"gamma", AMBS_OPTION_FLOAT, offsetof(tpe_options, gamma), "0.1", 1e-6, 1, NULL,
     "share of the results that are good"},
    {"good", AMBS_OPTION_INT, offsetof(tpe_options, good), "25", 1, 1e6, NULL,
     "good results, at most"},
    {0},
};

static void fini(void *state)
{
    tpe_state *s = state;
    ambs_parzen_destroy(s->good);
    ambs_parzen_destroy(s->bad);
    free(s->results);
    free(s->x);
    free(s->weights);
    free(s->is_good);
    free(s->candidate);
}

static int init(void *state, const ambs_method_context *context, ambs_error *err)
{
    tpe_state *s = state;
    s->context = *context;
    s->options = context->options;
    s->candidate = ambs_calloc(ambs_space_dimension(context->space), sizeof *s->candidate, err);
    int rc = s->candidate ? AMBS_OK : AMBS_E_NOMEM;
    if (rc == AMBS_OK) rc = ambs_parzen_create(context->space, &s->good, err);
    if (rc == AMBS_OK) rc = ambs_parzen_create(context->space, &s->bad, err);
    if (rc != AMBS_OK) fini(s);
    return rc;
}

static size_t count_good(const tpe_state *s)
{
    size_t n = (size_t)ceil(s->options->gamma * (double)s->n_results);
    return n < (size_t)s->options->good ? n : (size_t)s->options->good;
}

static int reserve(tpe_state *s, uint64_t n, ambs_error *err)
{
    int rc = ambs_reserve(&s->x, &s->x_capacity, (size_t)n, sizeof *s->x, err);
    if (rc == AMBS_OK)
        rc = ambs_reserve(&s->weights, &s->weights_capacity, (size_t)n, sizeof *s->weights, err);
    if (rc == AMBS_OK)
        rc = ambs_reserve(&s->is_good, &s->good_capacity, (size_t)n, sizeof *s->is_good, err);
    return rc;
}

static int fit_good(tpe_state *s, uint64_t n, ambs_error *err)
{
    const ambs_method_context *c = &s->context;
    size_t n_good = count_good(s);
    memset(s->is_good, 0, (size_t)n * sizeof *s->is_good);
    for (size_t i = 0; i < n_good; i++) {
        s->x[i] = c->trial(c->search, s->results[i].id)->x;
        s->weights[i] = 1;
        s->is_good[s->results[i].id] = true;
    }
    return ambs_parzen_fit(s->good, n_good, s->x, s->weights, err);
}

/* All trials before `n` that are not good, the newest MAX_BAD of them. */
static int fit_bad(tpe_state *s, uint64_t n, ambs_error *err)
{
    const ambs_method_context *c = &s->context;
    size_t k = 0;
    for (uint64_t id = n; id-- > 0 && k < MAX_BAD;) {
        const ambs_known *t = c->trial(c->search, id);
        if (!s->is_good[id] && t->state != AMBS_TRIAL_CANCELLED) s->x[k++] = t->x;
    }
    for (size_t i = 0; i < k; i++)
        s->weights[i] =
            i < FLAT ? 1 : 1 - (1 - 1 / (double)k) * (double)(i - FLAT + 1) / (double)(k - FLAT);
    return ambs_parzen_fit(s->bad, k, s->x, s->weights, err);
}

/* The candidate with the largest ratio of densities that is feasible and new. */
static bool choose(tpe_state *s, ambs_random *random, ambs_proposal *ret)
{
    const ambs_method_context *c = &s->context;
    size_t d = ambs_space_dimension(c->space);
    bool found = false;
    for (long long i = 0; i < s->options->candidates; i++) {
        ambs_parzen_draw(s->good, random, s->candidate);
        if (!ambs_space_feasible(c->space, s->candidate) || c->is_taken(c->search, s->candidate))
            continue;
        double ratio = ambs_parzen_log_density(s->good, s->candidate) -
                       ambs_parzen_log_density(s->bad, s->candidate);
        if (found && !(ratio > ret->acquisition)) continue;
        found = true;
        ret->acquisition = ratio;
        memcpy(ret->x, s->candidate, d * sizeof *ret->x);
    }
    return found;
}

static int ask(void *state, uint64_t id, ambs_proposal *ret, ambs_error *err)
{
    tpe_state *s = state;
    ambs_random random;
    ambs_random_init(&random, s->context.spec->seed, id, AMBS_PURPOSE_ACQUISITION);
    if (s->n_results >= (size_t)s->options->startup) {
        int rc = reserve(s, id, err);
        if (rc == AMBS_OK) rc = fit_good(s, id, err);
        if (rc == AMBS_OK) rc = fit_bad(s, id, err);
        if (rc != AMBS_OK) return rc;
        ret->origin = AMBS_ORIGIN_MODEL;
        if (choose(s, &random, ret)) return AMBS_OK;
    }
    ambs_random_init(&random, s->context.spec->seed, id, AMBS_PURPOSE_SAMPLE);
    ret->origin = AMBS_ORIGIN_RANDOM;
    return ambs_search_fresh(&s->context, &random, ret->x, err);
}

/* Into its place, behind equals; there is room. */
static void insert(tpe_state *s, uint64_t id, double y)
{
    size_t at = s->n_results++;
    for (; at > 0 && y < s->results[at - 1].y; at--) s->results[at] = s->results[at - 1];
    s->results[at] = (result){y, id};
}

static int tell(void *state, uint64_t id, ambs_error *err)
{
    tpe_state *s = state;
    double y = s->context.trial(s->context.search, id)->y;
    if (isnan(y)) return AMBS_OK;
    int rc =
        ambs_reserve(&s->results, &s->results_capacity, s->n_results + 1, sizeof *s->results, err);
    if (rc == AMBS_OK) insert(s, id, y);
    return rc;
}

static int tell_again(void *state, uint64_t id, ambs_error *err)
{
    (void)err;
    tpe_state *s = state;
    double y = s->context.trial(s->context.search, id)->y;
    size_t at = 0;
    while (s->results[at].id != id) at++;
    s->n_results--;
    memmove(s->results + at, s->results + at + 1, (s->n_results - at) * sizeof *s->results);
    if (!isnan(y)) insert(s, id, y);
    return AMBS_OK;
}

const ambs_method_ops ambs_method_tpe = {
    .member = {.name = "tpe",
               .summary = "tree-structured Parzen estimator, multivariate",
               .options = option_table,
               .options_size = sizeof(tpe_options)},
    .state_size = sizeof(tpe_state),
    .begins_with_default = true,
    .init = init,
    .fini = fini,
    .ask = ask,
    .tell = tell,
    .tell_again = tell_again,
};
