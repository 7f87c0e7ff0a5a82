/* SPDX-License-Identifier: MIT */
/* Two and three goals: expected hypervolume improvement (acquisition/ehvi.h), the acquisition function
 * `ei`. It measured better than the improvement by lower confidence bounds (SMS-EGO) and than
 * scalarising (share/doc/search.md).
 *
 * More goals: the augmented Chebyshev distance of the lower confidence bounds (`lcb`) to the ideal
 * point under weights that each ask draws anew (Knowles 2006, doi:10.1109/TEVC.2005.851274, eq. 2), in
 * units of the front's range:
 *     s(z) = max_j w_j u_j + 0.05 sum_j w_j u_j,   u_j = (z_j − ideal_j) / (reference_j − ideal_j). */
#include "search/pareto.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "numeric/pareto.h"
#include "search/goals.h"

enum { BLOCK = 512, MAX_BELIEVED = 512 };
#define AUGMENTATION 0.05
/* Keeps the logarithm of a gain finite, relative to the front's box. */
#define LEAST_GAIN 1e-12

static bool is_scalarised(const ambs_pareto *p)
{
    return p->m > AMBS_EHVI_MAX_GOALS;
}

const char *ambs_pareto_acquisition(const ambs_spec *spec)
{
    if (spec->n_goals < 2) return NULL;
    return spec->n_goals <= AMBS_EHVI_MAX_GOALS ? "ei" : "lcb";
}

int ambs_pareto_check(const ambs_spec *spec, const ambs_chosen *acquisition, ambs_error *err)
{
    const char *name = acquisition->member->name, *expected = ambs_pareto_acquisition(spec);
    if (!expected || strcmp(name, expected) == 0) return AMBS_OK;
    return ambs_fail(err, AMBS_E_INVALID, "acquisition: found %s, expected %s with %zu metrics",
                     name, expected, spec->n_goals);
}

void ambs_pareto_describe(const ambs_spec *spec, ambs_text *out)
{
    ambs_text_addf(out, ", a model of each metric; %s",
                   spec->n_goals > AMBS_EHVI_MAX_GOALS
                       ? "weights of the metrics drawn anew for each proposal"
                       : "what the front is expected to gain in hypervolume decides");
}

void ambs_pareto_fini(ambs_pareto *p)
{
    for (size_t j = 1; p->more && j < p->m; j++) ambs_arms_fini(&p->more[j - 1]);
    ambs_ehvi_fini(&p->ehvi);
    free(p->more);
    free(p->front);
    free(p->worst);
    free(p->y);
    free(p->reference);
    free(p->ideal);
    free(p->weight);
    free(p->mean);
    free(p->sd);
    free(p->slopes);
    *p = (ambs_pareto){0};
}

int ambs_pareto_init(ambs_pareto *p, const ambs_method_context *context, ambs_arms *first,
                     const ambs_arms_settings *settings, ambs_error *err)
{
    size_t m = context->spec->n_goals;
    if (m < 2) return AMBS_OK;
    *p = (ambs_pareto){.context = *context, .m = m, .first = first};
    p->more = ambs_calloc(m - 1, sizeof *p->more, err);
    p->worst = ambs_calloc(m, sizeof *p->worst, err);
    p->reference = ambs_calloc(m, sizeof *p->reference, err);
    p->ideal = ambs_calloc(m, sizeof *p->ideal, err);
    p->weight = ambs_calloc(m, sizeof *p->weight, err);
    p->mean = ambs_calloc(m * BLOCK, sizeof *p->mean, err);
    p->sd = ambs_calloc(m * BLOCK, sizeof *p->sd, err);
    bool whole = p->more && p->worst && p->reference && p->ideal && p->weight && p->mean && p->sd;
    if (!whole) return AMBS_E_NOMEM;
    int rc = AMBS_OK;
    for (size_t j = 0; j < m; j++) p->worst[j] = -INFINITY;
    for (size_t j = 1; rc == AMBS_OK && j < m; j++) {
        ambs_arms_settings own = *settings;
        own.model.goal = j;
        rc = ambs_arms_init(&p->more[j - 1], context, &own, err);
    }
    return rc;
}

/* ---- the log ---- */

int ambs_pareto_asked(ambs_pareto *p, uint64_t id, double lie, ambs_error *err)
{
    int rc = AMBS_OK;
    for (size_t j = 1; rc == AMBS_OK && j < p->m; j++)
        rc = ambs_arms_asked(&p->more[j - 1], id, lie, err);
    return rc;
}

int ambs_pareto_cancelled(ambs_pareto *p, uint64_t id, ambs_error *err)
{
    int rc = AMBS_OK;
    for (size_t j = 1; rc == AMBS_OK && j < p->m; j++)
        rc = ambs_arms_cancelled(&p->more[j - 1], id, err);
    return rc;
}

static const double *goals_of(const ambs_pareto *p, uint64_t id)
{
    return p->context.trial(p->context.search, id)->goals;
}

/* Equal results are on the front once. */
static int take_result(ambs_pareto *p, uint64_t id, ambs_error *err)
{
    const double *y = goals_of(p, id);
    if (isnan(y[0])) return AMBS_OK;
    for (size_t j = 0; j < p->m; j++) p->worst[j] = fmax(p->worst[j], y[j]);
    for (size_t k = 0; k < p->n_front; k++)
        if (ambs_pareto_covers(p->m, goals_of(p, p->front[k]), y)) return AMBS_OK;
    int rc = ambs_reserve(&p->front, &p->front_capacity, p->n_front + 1, sizeof *p->front, err);
    if (rc != AMBS_OK) return rc;
    size_t kept = 0;
    for (size_t k = 0; k < p->n_front; k++)
        if (!ambs_pareto_covers(p->m, y, goals_of(p, p->front[k]))) p->front[kept++] = p->front[k];
    p->front[kept++] = id;
    p->n_front = kept;
    return AMBS_OK;
}

int ambs_pareto_told(ambs_pareto *p, uint64_t id, ambs_error *err)
{
    int rc = p->m > 0 ? take_result(p, id, err) : AMBS_OK;
    for (size_t j = 1; rc == AMBS_OK && j < p->m; j++)
        rc = ambs_arms_told(&p->more[j - 1], id, err);
    return rc;
}

/* ---- one ask ---- */

static const ambs_arm *arm_of(const ambs_pareto *p, size_t j)
{
    return j == 0 ? &p->first->arm[p->arm] : &p->more[j - 1].arm[p->arm];
}

int ambs_pareto_update(ambs_pareto *p, size_t arm, ambs_error *err)
{
    int rc = AMBS_OK;
    p->arm = arm;
    for (size_t j = 1; rc == AMBS_OK && j < p->m; j++)
        rc = ambs_model_update(arm_of(p, j)->model, err);
    return rc;
}

/* Some result of the front is better than all references that were given. */
static bool is_reached(const ambs_pareto *p)
{
    for (size_t k = 0; k < p->n_front; k++) {
        bool inside = true;
        for (size_t j = 0; j < p->m; j++)
            inside &= isnan(p->reference[j]) || p->y[k * p->m + j] < p->reference[j];
        if (inside) return true;
    }
    return false;
}

/* The user's reference, once there is something within it, and for the others the rule of numeric/pareto.h, on the surrogates' scale. */
static void take_reference(ambs_pareto *p)
{
    const ambs_spec *spec = p->context.spec;
    for (size_t j = 0; j < p->m; j++) {
        const ambs_transform *t = ambs_model_transform(arm_of(p, j)->model);
        double given = spec->goals[j].reference;
        p->reference[j] =
            isnan(given) ? NAN : ambs_transform_apply(t, ambs_goals_sign(spec, j) * given);
        p->weight[j] = ambs_transform_apply(t, p->worst[j]); /* borrowed for the call below */
    }
    if (!is_reached(p))
        for (size_t j = 0; j < p->m; j++) p->reference[j] = NAN;
    ambs_pareto_reference(p->n_front, p->m, p->y, p->weight, p->reference);
}

static void take_front(ambs_pareto *p)
{
    for (size_t k = 0; k < p->n_front; k++)
        for (size_t j = 0; j < p->m; j++)
            p->y[k * p->m + j] = ambs_transform_apply(ambs_model_transform(arm_of(p, j)->model),
                                                      goals_of(p, p->front[k])[j]);
    p->n_y = p->n_front;
}

/* What the models expect of the trials in flight joins the front: of the newest MAX_BELIEVED, since
 * with more workers each ask would be mostly this. */
static int believe(ambs_pareto *p, uint64_t n_trials, ambs_error *err)
{
    const ambs_method_context *c = &p->context;
    size_t most = p->n_y + MAX_BELIEVED;
    for (uint64_t id = n_trials; id-- > 0 && p->n_y < most;) {
        const ambs_known *t = c->trial(c->search, id);
        if (t->state != AMBS_TRIAL_WAITING) continue;
        for (size_t j = 0; j < p->m; j++) {
            int rc = ambs_surrogate_predict(arm_of(p, j)->surrogate, 1, t->x,
                                            &p->y[p->n_y * p->m + j], NULL, err);
            if (rc != AMBS_OK) return rc;
        }
        p->n_y++;
    }
    return AMBS_OK;
}

/* Uniform on the simplex. */
static void draw_weights(ambs_pareto *p, ambs_random *random)
{
    double sum = 0;
    for (size_t j = 0; j < p->m; j++) sum += p->weight[j] = ambs_random_exponential(random);
    for (size_t j = 0; j < p->m; j++) p->weight[j] /= sum;
}

static void take_ideal(ambs_pareto *p)
{
    for (size_t j = 0; j < p->m; j++) {
        p->ideal[j] = INFINITY;
        for (size_t k = 0; k < p->n_y; k++) p->ideal[j] = fmin(p->ideal[j], p->y[k * p->m + j]);
        if (!(p->ideal[j] < p->reference[j])) p->ideal[j] = p->reference[j] - 1;
    }
}

int ambs_pareto_prepare(ambs_pareto *p, size_t arm, double parameter, ambs_random *random,
                        ambs_error *err)
{
    uint64_t n_trials = p->context.n_trials(p->context.search);
    p->arm = arm;
    p->parameter = parameter;
    int rc =
        ambs_reserve(&p->y, &p->y_capacity, p->n_front + MAX_BELIEVED, p->m * sizeof *p->y, err);
    if (rc != AMBS_OK) return rc;
    take_front(p);
    take_reference(p);
    rc = believe(p, n_trials, err);
    take_ideal(p);
    draw_weights(p, random);
    if (rc == AMBS_OK && !is_scalarised(p))
        rc = ambs_ehvi_fit(&p->ehvi, p->n_y, p->m, p->y, p->reference, err);
    return rc;
}

size_t ambs_pareto_starts(const ambs_pareto *p, size_t n, ambs_random *random,
                          const double **ret_starts)
{
    const ambs_method_context *c = &p->context;
    size_t taken = 0;
    for (size_t k = 0; k < p->n_front && taken < n; k++) /* each subset of n is as likely */
        if (p->n_front <= n || ambs_random_below(random, p->n_front - k) < n - taken)
            ret_starts[taken++] = c->trial(c->search, p->front[k])->x;
    return taken;
}

/* ---- what a candidate is worth ---- */

static double box_of(const ambs_pareto *p)
{
    double box = 1;
    for (size_t j = 0; j < p->m; j++) box *= p->reference[j] - p->ideal[j];
    return box;
}

static double chebyshev(const ambs_pareto *p, const double *z, double *ret_by_z)
{
    double sum = 0, most = -INFINITY;
    size_t at = 0;
    for (size_t j = 0; j < p->m; j++) {
        double range = p->reference[j] - p->ideal[j];
        double u = p->weight[j] * (z[j] - p->ideal[j]) / range;
        sum += u;
        if (u > most) most = u, at = j;
        if (ret_by_z) ret_by_z[j] = -AUGMENTATION * p->weight[j] / range;
    }
    if (ret_by_z) ret_by_z[at] -= p->weight[at] / (p->reference[at] - p->ideal[at]);
    return -most - AUGMENTATION * sum;
}

/* The value by mean [m] and sd [m], in units of the front's box; derivatives where wanted. */
static double worth(ambs_pareto *p, const double *mean, const double *sd, double *ret_by_mean,
                    double *ret_by_sd)
{
    double z[AMBS_MAX_GOALS], sign = is_scalarised(p) ? -p->parameter : 0;
    for (size_t j = 0; j < p->m; j++)
        z[j] = mean[j] + (is_scalarised(p) ? sign * sd[j] : p->parameter);
    if (!is_scalarised(p))
        return ambs_ehvi_value(&p->ehvi, z, sd, ret_by_mean, ret_by_sd) / box_of(p);
    double value = chebyshev(p, z, ret_by_mean);
    for (size_t j = 0; ret_by_mean && j < p->m; j++) ret_by_sd[j] = sign * ret_by_mean[j];
    return value;
}

double ambs_pareto_certain(ambs_pareto *p, bool at_worst)
{
    double z[AMBS_MAX_GOALS], none[AMBS_MAX_GOALS] = {0};
    for (size_t j = 0; j < p->m; j++) {
        const ambs_transform *t = ambs_model_transform(arm_of(p, j)->model);
        z[j] = at_worst ? ambs_transform_apply(t, t->max) : t->mean;
    }
    return worth(p, z, none, NULL, NULL);
}

/* Predictions of up to BLOCK rows, [m, BLOCK]. */
static int predict(ambs_pareto *p, bool bound, size_t n, const double *x, ambs_error *err)
{
    int rc = AMBS_OK;
    for (size_t j = 0; rc == AMBS_OK && j < p->m; j++) {
        ambs_surrogate *s = arm_of(p, j)->surrogate;
        double *mean = p->mean + j * BLOCK, *sd = p->sd + j * BLOCK;
        rc = bound ? ambs_surrogate_screen(s, n, x, mean, sd, err)
                   : ambs_surrogate_predict(s, n, x, mean, sd, err);
    }
    return rc;
}

static int values(void *of, bool bound, size_t n, const double *x, double *ret_mean, double *ret_sd,
                  double *ret_value, ambs_error *err)
{
    ambs_pareto *p = of;
    size_t d = ambs_space_dimension(p->context.space);
    for (size_t from = 0; from < n; from += BLOCK) {
        size_t count = n - from < BLOCK ? n - from : BLOCK;
        int rc = predict(p, bound, count, x + from * d, err);
        if (rc != AMBS_OK) return rc;
        for (size_t i = 0; i < count; i++) {
            double mean[AMBS_MAX_GOALS], sd[AMBS_MAX_GOALS];
            for (size_t j = 0; j < p->m; j++) {
                mean[j] = p->mean[j * BLOCK + i];
                sd[j] = p->sd[j * BLOCK + i];
            }
            ret_value[from + i] = worth(p, mean, sd, NULL, NULL);
            ret_mean[from + i] = mean[0];
            ret_sd[from + i] = sd[0];
        }
    }
    return AMBS_OK;
}

/* A gain is climbed by its logarithm, whose slope does not vanish where the gain nearly does. */
static double rise(const ambs_pareto *p, double value, size_t m, double *by_mean, double *by_sd)
{
    if (is_scalarised(p)) return value;
    double scale = 1 / (box_of(p) * (value + LEAST_GAIN));
    for (size_t j = 0; j < m; j++) by_mean[j] *= scale, by_sd[j] *= scale;
    return log(value + LEAST_GAIN);
}

static int ascend(void *of, size_t n, const double *rows, double *ret_value, double *ret_slopes,
                  ambs_error *err)
{
    enum { CLIMBS = AMBS_SURROGATE_MAX_CLIMBS };
    ambs_pareto *p = of;
    size_t width;
    ambs_surrogate_features(arm_of(p, 0)->surrogate, &width);
    size_t each = CLIMBS * width;
    int rc = ambs_reserve(&p->slopes, &p->slopes_capacity, 2 * p->m * each, sizeof *p->slopes, err);
    for (size_t j = 0; rc == AMBS_OK && j < p->m; j++)
        rc = ambs_surrogate_gradient(arm_of(p, j)->surrogate, n, rows, p->mean + j * BLOCK,
                                     p->sd + j * BLOCK, p->slopes + 2 * j * each,
                                     p->slopes + (2 * j + 1) * each, err);
    for (size_t i = 0; rc == AMBS_OK && i < n; i++) {
        double mean[AMBS_MAX_GOALS], sd[AMBS_MAX_GOALS], by_mean[AMBS_MAX_GOALS],
            by_sd[AMBS_MAX_GOALS];
        for (size_t j = 0; j < p->m; j++) {
            mean[j] = p->mean[j * BLOCK + i];
            sd[j] = p->sd[j * BLOCK + i];
        }
        ret_value[i] = rise(p, worth(p, mean, sd, by_mean, by_sd), p->m, by_mean, by_sd);
        double *slope = ret_slopes + i * width;
        memset(slope, 0, width * sizeof *slope);
        for (size_t j = 0; j < p->m; j++)
            for (size_t f = 0; f < width; f++)
                slope[f] += by_mean[j] * p->slopes[2 * j * each + i * width + f] +
                            by_sd[j] * p->slopes[(2 * j + 1) * each + i * width + f];
    }
    return rc;
}

ambs_joint ambs_pareto_joint(ambs_pareto *p)
{
    return (ambs_joint){.of = p, .values = values, .ascend = ascend};
}
