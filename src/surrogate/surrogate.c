/* SPDX-License-Identifier: MIT */
/* The generic driver of surrogates: encodes configurations, checks what goes in and what comes out,
 * and refits where a member cannot change single rows.
 *
 * Rows have two numbers: the caller's index never moves; `slot[index]` is the member's. They differ
 * where a member takes lies apart: there the truths come first. A member that cannot change single
 * rows is refitted instead, without the rows that were removed, and its numbers are not used. */
#include "surrogate/surrogate.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

/* Candidates are encoded and predicted this many at a time, so that predict allocates nothing. */
#define BLOCK 2048

struct ambs_surrogate {
    const ambs_surrogate_ops *ops;
    const ambs_space *space;
    void *state;
    void *own_options; /* where the caller gave none */
    ambs_feature *features;
    size_t p, d;
    double *block; /* [BLOCK, p] */
    bool fitted;   /* false before the first fit and after a member failed half way */
    bool row_wise; /* the member appends, replaces and removes; else it is refitted to x and y */
    size_t n, n_alive;
    size_t n_truths;       /* rows of the member's last fit */
    bool changed;          /* one of them, since */
    bool drawn;            /* a function stands that was drawn from these rows */
    uint64_t key;          /* of draws at each place apart */
    bool *alive;           /* [n] */
    size_t *slot;          /* [n] the member's number of a row */
    double *x, *y;         /* [n, p], [n] */
    uint32_t *evaluations; /* [n] that y is the mean of */
    size_t alive_capacity, slot_capacity, x_capacity, y_capacity, evaluations_capacity;
    ambs_pool spread; /* of the last fit */
    uint64_t generation;
};

int ambs_surrogate_find(const char *name, const ambs_surrogate_ops **ret_ops, ambs_error *err)
{
    for (size_t i = 0; ambs_surrogate_registry[i]; i++) {
        if (strcmp(ambs_surrogate_registry[i]->member.name, name) != 0) continue;
        *ret_ops = ambs_surrogate_registry[i];
        return AMBS_OK;
    }
    ambs_text known = {0};
    for (size_t i = 0; ambs_surrogate_registry[i]; i++) {
        const ambs_member *m = &ambs_surrogate_registry[i]->member;
        if (!m->for_tests) ambs_text_addf(&known, "%s%s", known.length ? ", " : "", m->name);
    }
    int rc = ambs_text_check(&known, err);
    if (rc == AMBS_OK)
        rc = ambs_fail(err, AMBS_E_NOT_FOUND, "unknown surrogate \"%.60s\", expected one of %s",
                       name, known.text);
    ambs_text_fini(&known);
    return rc;
}

static int prepare(ambs_surrogate *s, const void *options, uint64_t seed, ambs_error *err)
{
    const ambs_surrogate_ops *ops = s->ops;
    s->d = ambs_space_dimension(s->space);
    s->p = ambs_space_n_features(s->space, ops->encoding);
    s->features = ambs_calloc(s->p, sizeof *s->features, err);
    s->block = s->features ? ambs_calloc(BLOCK, (s->p + 1) * sizeof *s->block, err) : NULL;
    if (!s->block) return AMBS_E_NOMEM;
    ambs_space_features(s->space, ops->encoding, s->features);
    if (!options && ops->member.options) {
        s->own_options = ambs_calloc(1, ops->member.options_size, err);
        if (!s->own_options) return AMBS_E_NOMEM;
        int rc = ambs_options_init(ops->member.options, s->own_options, err);
        if (rc != AMBS_OK) return rc;
        options = s->own_options;
    }
    void *state = ambs_calloc(1, ops->state_size, err);
    if (!state) return AMBS_E_NOMEM;
    int rc = ops->init(state, options, s->p, s->features, seed, err);
    if (rc != AMBS_OK) {
        free(state);
        return ambs_wrap(err, rc, "surrogate %s", ops->member.name);
    }
    s->state = state; /* from here on fini() is due */
    s->row_wise = ops->append && ops->replace && ops->remove;
    return AMBS_OK;
}

int ambs_surrogate_create(const char *name, const void *options, const ambs_space *space,
                          uint64_t seed, ambs_surrogate **ret_surrogate, ambs_error *err)
{
    const ambs_surrogate_ops *ops;
    int rc = ambs_surrogate_find(name, &ops, err);
    if (rc != AMBS_OK) return rc;
    ambs_surrogate *s = ambs_calloc(1, sizeof *s, err);
    if (!s) return AMBS_E_NOMEM;
    s->ops = ops;
    s->space = space;
    rc = prepare(s, options, seed, err);
    if (rc != AMBS_OK) {
        ambs_surrogate_destroy(s);
        return rc;
    }
    *ret_surrogate = s;
    return AMBS_OK;
}

void ambs_surrogate_destroy(ambs_surrogate *s)
{
    if (!s) return;
    if (s->state) s->ops->fini(s->state);
    free(s->state);
    if (s->own_options) ambs_options_fini(s->ops->member.options, s->own_options);
    free(s->own_options);
    free(s->features);
    free(s->block);
    free(s->alive);
    free(s->slot);
    free(s->x);
    free(s->y);
    free(s->evaluations);
    free(s);
}

void ambs_surrogate_use_engine(ambs_surrogate *s, const struct ambs_gp_engine *engine)
{
    if (s->ops->use_engine) s->ops->use_engine(s->state, engine);
}

static int check_y(double y, size_t row, ambs_error *err)
{
    if (isfinite(y)) return AMBS_OK;
    return ambs_fail(
        err, AMBS_E_INVALID,
        "found y = %g in row %zu, expected a finite number; failed trials need a value "
        "before they are told to a surrogate",
        y, row);
}

static int check_row(const ambs_surrogate *s, size_t row, ambs_error *err)
{
    if (!s->fitted)
        return ambs_fail(err, AMBS_E_INVALID, "surrogate %s is not fitted; fit it first",
                         s->ops->member.name);
    if (row < s->n && s->alive[row]) return AMBS_OK;
    return ambs_fail(err, AMBS_E_INVALID,
                     "found row %zu, expected a row that is held (%zu of %zu are)", row, s->n_alive,
                     s->n);
}

/* A member that failed half way may hold anything: nothing is predicted until the next fit. */
static int settle(ambs_surrogate *s, int rc, const char *what, ambs_error *err)
{
    s->fitted = rc == AMBS_OK;
    s->drawn = false;
    return rc == AMBS_OK ? rc : ambs_wrap(err, rc, "%s surrogate %s", what, s->ops->member.name);
}

static int reserve_rows(ambs_surrogate *s, size_t n, ambs_error *err)
{
    int rc = ambs_reserve(&s->alive, &s->alive_capacity, n, sizeof *s->alive, err);
    if (rc != AMBS_OK) return rc;
    rc = ambs_reserve(&s->slot, &s->slot_capacity, n, sizeof *s->slot, err);
    if (rc != AMBS_OK) return rc;
    if ((rc = ambs_reserve(&s->y, &s->y_capacity, n, sizeof *s->y, err)) != AMBS_OK) return rc;
    rc = ambs_reserve(&s->evaluations, &s->evaluations_capacity, n, sizeof *s->evaluations, err);
    if (rc != AMBS_OK) return rc;
    return ambs_reserve(&s->x, &s->x_capacity, n, (s->p + 1) * sizeof *s->x, err);
}

static int check_prediction(const ambs_surrogate *s, size_t m, const double *mean, const double *sd,
                            ambs_error *err)
{
    for (size_t i = 0; i < m; i++)
        if (!isfinite(mean[i]) || (sd && !(sd[i] >= 0 && isfinite(sd[i]))))
            return ambs_fail(err, AMBS_E_NUMERIC,
                             "surrogate %s predicted mean %g and sd %g, expected finite numbers",
                             s->ops->member.name, mean[i], sd ? sd[i] : 0.0);
    return AMBS_OK;
}

/* Rows in the member's order. */
typedef struct packed_rows {
    size_t n;
    double *x, *y;
    uint32_t *evaluations;
} packed_rows;

static int make_packed(packed_rows *r, const ambs_surrogate *s, size_t n, ambs_error *err)
{
    *r = (packed_rows){.n = n, .x = ambs_calloc(n, (s->p + 1) * sizeof *r->x, err)};
    r->y = r->x ? ambs_calloc(n, sizeof *r->y, err) : NULL;
    r->evaluations = r->y ? ambs_calloc(n, sizeof *r->evaluations, err) : NULL;
    return r->evaluations ? AMBS_OK : AMBS_E_NOMEM;
}

static void drop_packed(packed_rows *r)
{
    free(r->x);
    free(r->y);
    free(r->evaluations);
}

static void pack_row(const packed_rows *r, size_t to, const ambs_surrogate *s, size_t i)
{
    memcpy(r->x + to * s->p, s->x + i * s->p, s->p * sizeof *r->x);
    r->y[to] = s->y[i];
    r->evaluations[to] = s->evaluations[i];
}

/* Fits the member to the first n. */
static int fit_member(ambs_surrogate *s, size_t n, const packed_rows *r, ambs_error *err)
{
    const ambs_surrogate_ops *ops = s->ops;
    if (ops->fit_means)
        return ops->fit_means(s->state, n, r->x, r->y, r->evaluations, &s->spread, s->generation,
                              err);
    return ops->fit(s->state, n, r->x, r->y, s->generation, err);
}

/* Fits the member to the rows that are held. */
static int refit(ambs_surrogate *s, ambs_error *err)
{
    packed_rows held = {s->n, s->x, s->y, s->evaluations};
    if (s->n_alive == s->n) return fit_member(s, s->n, &held, err);
    if (s->n_alive == 0) return AMBS_OK;
    int rc = make_packed(&held, s, s->n_alive, err);
    for (size_t i = 0, k = 0; rc == AMBS_OK && i < s->n; i++)
        if (s->alive[i]) pack_row(&held, k++, s, i);
    if (rc == AMBS_OK) rc = fit_member(s, held.n, &held, err);
    drop_packed(&held);
    return rc;
}

/* Fits the member to the truths, then appends the lies behind them. */
static int fit_packed(ambs_surrogate *s, size_t n_truths, const packed_rows *r, bool renew,
                      ambs_error *err)
{
    const ambs_surrogate_ops *ops = s->ops;
    double *x = r->x + n_truths * s->p, *y = r->y + n_truths;
    size_t n_lies = r->n - n_truths;
    int rc = fit_member(s, n_truths, r, err);
    if (rc == AMBS_OK && renew) rc = ops->predict(s->state, n_lies, x, y, NULL, err);
    if (rc == AMBS_OK && renew) rc = check_prediction(s, n_lies, y, NULL, err);
    for (size_t k = 0; rc == AMBS_OK && k < n_lies; k++)
        rc = ops->append(s->state, x + k * s->p, y[k], err);
    return rc;
}

static int fit_apart(ambs_surrogate *s, size_t n_truths, const bool *is_lie, bool renew,
                     ambs_error *err)
{
    size_t n_packed = 0, n_lies = 0;
    packed_rows r;
    int rc = make_packed(&r, s, s->n, err);
    for (size_t i = 0; rc == AMBS_OK && i < s->n; i++) {
        s->slot[i] = is_lie[i] ? n_truths + n_lies++ : n_packed++;
        pack_row(&r, s->slot[i], s, i);
    }
    if (rc == AMBS_OK) rc = fit_packed(s, n_truths, &r, renew, err);
    for (size_t i = 0; rc == AMBS_OK && i < s->n; i++) s->y[i] = r.y[s->slot[i]];
    drop_packed(&r);
    return rc;
}

int ambs_surrogate_fit_rows(ambs_surrogate *s, const ambs_surrogate_rows *rows, uint64_t generation,
                            ambs_error *err)
{
    size_t n = rows->n, n_truths = n;
    if (n == 0)
        return ambs_fail(err, AMBS_E_INVALID, "found no rows, expected at least one to fit");
    for (size_t i = 0; i < n; i++)
        if (check_y(rows->y[i], i, err) != AMBS_OK) return AMBS_E_INVALID;
    int rc = reserve_rows(s, n, err);
    if (rc != AMBS_OK) return rc;
    for (size_t i = 0; i < n; i++) {
        ambs_space_encode(s->space, s->ops->encoding, rows->x + i * s->d, s->x + i * s->p);
        s->alive[i] = true;
        s->slot[i] = i;
        s->evaluations[i] = rows->evaluations ? rows->evaluations[i] : 1;
        n_truths -= rows->is_lie && rows->is_lie[i];
    }
    memcpy(s->y, rows->y, n * sizeof *s->y);
    s->n = s->n_alive = n;
    s->generation = generation;
    s->spread = rows->spread;
    bool apart = s->ops->lies_apart && s->row_wise && n_truths > 0 && n_truths < n;
    s->n_truths = apart ? n_truths : n;
    s->changed = false;
    rc = apart ? fit_apart(s, n_truths, rows->is_lie, rows->renew, err) : refit(s, err);
    return settle(s, rc, "fitting", err);
}

int ambs_surrogate_fit(ambs_surrogate *s, size_t n, const double *x, const double *y,
                       uint64_t generation, ambs_error *err)
{
    return ambs_surrogate_fit_rows(s, &(ambs_surrogate_rows){.n = n, .x = x, .y = y}, generation,
                                   err);
}

int ambs_surrogate_append(ambs_surrogate *s, const double *x, double y, ambs_error *err)
{
    if (!s->fitted)
        return ambs_fail(err, AMBS_E_INVALID, "surrogate %s is not fitted; fit it before appending",
                         s->ops->member.name);
    if (check_y(y, s->n, err) != AMBS_OK) return AMBS_E_INVALID;
    int rc = reserve_rows(s, s->n + 1, err);
    if (rc != AMBS_OK) return rc;
    double *row = s->x + s->n * s->p;
    ambs_space_encode(s->space, s->ops->encoding, x, row);
    s->y[s->n] = y;
    s->evaluations[s->n] = 1;
    s->alive[s->n] = true;
    s->slot[s->n] = s->n;
    s->n++;
    s->n_alive++;
    rc = s->row_wise ? s->ops->append(s->state, row, y, err) : refit(s, err);
    return settle(s, rc, "appending to", err);
}

static int replace_in_member(ambs_surrogate *s, size_t row, ambs_error *err)
{
    const ambs_surrogate_ops *ops = s->ops;
    if (!s->row_wise) return refit(s, err);
    if (ops->replace_mean)
        return ops->replace_mean(s->state, s->slot[row], s->y[row], s->evaluations[row], err);
    return ops->replace(s->state, s->slot[row], s->y[row], err);
}

int ambs_surrogate_replace_mean(ambs_surrogate *s, size_t row, double y, uint32_t evaluations,
                                ambs_error *err)
{
    if (check_row(s, row, err) != AMBS_OK || check_y(y, row, err) != AMBS_OK) return AMBS_E_INVALID;
    s->y[row] = y;
    s->evaluations[row] = evaluations;
    s->changed |= s->slot[row] < s->n_truths;
    return settle(s, replace_in_member(s, row, err), "changing a row of", err);
}

int ambs_surrogate_replace(ambs_surrogate *s, size_t row, double y, ambs_error *err)
{
    return ambs_surrogate_replace_mean(s, row, y, 1, err);
}

int ambs_surrogate_remove(ambs_surrogate *s, size_t row, ambs_error *err)
{
    if (check_row(s, row, err) != AMBS_OK) return AMBS_E_INVALID;
    s->alive[row] = false;
    s->changed |= s->slot[row] < s->n_truths;
    s->n_alive--;
    int rc = s->row_wise ? s->ops->remove(s->state, s->slot[row], err) : refit(s, err);
    return settle(s, rc, "removing a row of", err);
}

static int check_fitted(const ambs_surrogate *s, ambs_error *err)
{
    if (s->fitted && s->n_alive > 0) return AMBS_OK;
    return ambs_fail(err, AMBS_E_INVALID, "surrogate %s holds no rows; fit it before predicting",
                     s->ops->member.name);
}

static void encode_block(ambs_surrogate *s, size_t count, const double *x)
{
    for (size_t i = 0; i < count; i++)
        ambs_space_encode(s->space, s->ops->encoding, x + i * s->d, s->block + i * s->p);
}

typedef int (*predictor)(const void *state, size_t m, const double *x, double *ret_mean,
                         double *ret_sd, ambs_error *err);

static int predict_by(ambs_surrogate *s, predictor predict, size_t m, const double *x,
                      double *ret_mean, double *ret_sd, ambs_error *err)
{
    int rc = check_fitted(s, err);
    for (size_t first = 0; rc == AMBS_OK && first < m; first += BLOCK) {
        size_t count = m - first < BLOCK ? m - first : BLOCK;
        double *sd = ret_sd ? ret_sd + first : NULL;
        encode_block(s, count, x + first * s->d);
        rc = predict(s->state, count, s->block, ret_mean + first, sd, err);
        if (rc != AMBS_OK)
            return ambs_wrap(err, rc, "predicting by surrogate %s", s->ops->member.name);
        rc = check_prediction(s, count, ret_mean + first, sd, err);
    }
    return rc;
}

int ambs_surrogate_predict(ambs_surrogate *s, size_t m, const double *x, double *ret_mean,
                           double *ret_sd, ambs_error *err)
{
    return predict_by(s, s->ops->predict, m, x, ret_mean, ret_sd, err);
}

size_t ambs_surrogate_n_samples(const ambs_surrogate *s)
{
    return s->ops->n_samples ? s->ops->n_samples(s->state) : 1;
}

int ambs_surrogate_predict_sample(ambs_surrogate *s, size_t sample, size_t m, const double *x,
                                  double *ret_mean, double *ret_sd, ambs_error *err)
{
    if (!s->ops->predict_sample) return ambs_surrogate_predict(s, m, x, ret_mean, ret_sd, err);
    int rc = check_fitted(s, err);
    for (size_t first = 0; rc == AMBS_OK && first < m; first += BLOCK) {
        size_t count = m - first < BLOCK ? m - first : BLOCK;
        encode_block(s, count, x + first * s->d);
        rc = s->ops->predict_sample(s->state, sample, count, s->block, ret_mean + first,
                                    ret_sd + first, err);
        if (rc == AMBS_OK) rc = check_prediction(s, count, ret_mean + first, ret_sd + first, err);
    }
    return rc;
}

/* --- draws of a function -------------------------------------------------------------------- */

int ambs_surrogate_draw(ambs_surrogate *s, ambs_random *random, ambs_error *err)
{
    int rc = check_fitted(s, err);
    if (rc != AMBS_OK) return rc;
    s->key = ambs_random_u64(random);
    if (s->ops->draw) rc = s->ops->draw(s->state, random, err);
    s->drawn = rc == AMBS_OK;
    return rc == AMBS_OK ? rc
                         : ambs_wrap(err, rc, "drawing from surrogate %s", s->ops->member.name);
}

/* A normal number that belongs to the row and the draw. */
static double draw_at(const ambs_surrogate *s, const double *row)
{
    uint64_t key = s->key;
    for (size_t f = 0; f < s->p; f++) {
        double value = isnan(row[f]) ? -1 : row[f] + 0.0; /* -0 is 0 */
        uint64_t bits;
        memcpy(&bits, &value, sizeof bits);
        key = ambs_mix64(key ^ bits);
    }
    ambs_random random;
    ambs_random_init(&random, key, 0, AMBS_PURPOSE_SURROGATE);
    return ambs_random_normal(&random);
}

/* At the m <= BLOCK rows in s->block. */
static int draw_apart(ambs_surrogate *s, size_t m, double *ret_value, ambs_error *err)
{
    double sd[BLOCK];
    int rc = s->ops->predict(s->state, m, s->block, ret_value, sd, err);
    if (rc == AMBS_OK) rc = check_prediction(s, m, ret_value, sd, err);
    for (size_t i = 0; rc == AMBS_OK && i < m; i++)
        ret_value[i] += sd[i] * draw_at(s, s->block + i * s->p);
    return rc;
}

static int check_drawn(const ambs_surrogate *s, ambs_error *err)
{
    if (s->drawn) return AMBS_OK;
    return ambs_fail(err, AMBS_E_INVALID,
                     "nothing was drawn from surrogate %s since its rows changed; draw first",
                     s->ops->member.name);
}

int ambs_surrogate_drawn(ambs_surrogate *s, size_t m, const double *x, double *ret_value,
                         ambs_error *err)
{
    int rc = check_drawn(s, err);
    for (size_t first = 0; rc == AMBS_OK && first < m; first += BLOCK) {
        size_t count = m - first < BLOCK ? m - first : BLOCK;
        encode_block(s, count, x + first * s->d);
        if (s->ops->drawn)
            rc = s->ops->drawn(s->state, count, s->block, ret_value + first, NULL, err);
        else
            rc = draw_apart(s, count, ret_value + first, err);
        if (rc == AMBS_OK) rc = check_prediction(s, count, ret_value + first, NULL, err);
    }
    return rc;
}

bool ambs_surrogate_draws_smoothly(const ambs_surrogate *s)
{
    return s->ops->drawn && s->ops->gradient;
}

int ambs_surrogate_drawn_gradient(ambs_surrogate *s, size_t m, const double *rows,
                                  double *ret_value, double *ret_slopes, ambs_error *err)
{
    if (!ambs_surrogate_draws_smoothly(s) || m > AMBS_SURROGATE_MAX_CLIMBS)
        return ambs_fail(err, AMBS_E_INVALID,
                         "found %zu points for slopes of a draw from surrogate %s, expected at "
                         "most %d of one that draws smooth functions",
                         m, s->ops->member.name, AMBS_SURROGATE_MAX_CLIMBS);
    int rc = check_drawn(s, err);
    if (rc != AMBS_OK || m == 0) return rc;
    rc = s->ops->drawn(s->state, m, rows, ret_value, ret_slopes, err);
    return rc == AMBS_OK ? check_prediction(s, m, ret_value, NULL, err) : rc;
}

bool ambs_surrogate_can_screen(const ambs_surrogate *s)
{
    return s->ops->screen != NULL;
}

int ambs_surrogate_screen(ambs_surrogate *s, size_t m, const double *x, double *ret_mean,
                          double *ret_sd_bound, ambs_error *err)
{
    return predict_by(s, s->ops->screen ? s->ops->screen : s->ops->predict, m, x, ret_mean,
                      ret_sd_bound, err);
}

bool ambs_surrogate_is_smooth(const ambs_surrogate *s)
{
    return s->ops->gradient != NULL;
}

const ambs_feature *ambs_surrogate_features(const ambs_surrogate *s, size_t *ret_p)
{
    *ret_p = s->p;
    return s->features;
}

void ambs_surrogate_encode(const ambs_surrogate *s, const double *x, double *ret_row)
{
    ambs_space_encode(s->space, s->ops->encoding, x, ret_row);
}

int ambs_surrogate_gradient(ambs_surrogate *s, size_t m, const double *rows, double *ret_mean,
                            double *ret_sd, double *ret_mean_slopes, double *ret_sd_slopes,
                            ambs_error *err)
{
    if (!s->ops->gradient || m > AMBS_SURROGATE_MAX_CLIMBS)
        return ambs_fail(err, AMBS_E_INVALID,
                         "found %zu points for derivatives of surrogate %s, expected at most %d of "
                         "one that is smooth",
                         m, s->ops->member.name, AMBS_SURROGATE_MAX_CLIMBS);
    int rc = check_fitted(s, err);
    if (rc != AMBS_OK || m == 0) return rc;
    rc = s->ops->gradient(s->state, m, rows, ret_mean, ret_sd, ret_mean_slopes, ret_sd_slopes, err);
    if (rc != AMBS_OK) return ambs_wrap(err, rc, "predicting by surrogate %s", s->ops->member.name);
    return check_prediction(s, m, ret_mean, ret_sd, err);
}

size_t ambs_surrogate_n_rows(const ambs_surrogate *s)
{
    return s->n;
}

double ambs_surrogate_out_of_sample_error(const ambs_surrogate *s)
{
    return s->fitted && s->ops->out_of_sample_error ? s->ops->out_of_sample_error(s->state) : NAN;
}

int ambs_surrogate_leave_one_out(const ambs_surrogate *s, double *ret_mean, double *ret_sd,
                                 ambs_error *err)
{
    if (!s->ops->leave_one_out)
        return ambs_fail(err, AMBS_E_NOT_BUILT,
                         "surrogate %s does not tell what it would predict without a row",
                         s->ops->member.name);
    if (!s->fitted || s->n_truths < 2 || s->changed)
        return ambs_fail(err, AMBS_E_INVALID,
                         "found %zu results in surrogate %s%s, expected two or more, as fitted",
                         s->n_truths, s->ops->member.name,
                         s->changed ? ", changed since its fit" : "");
    double *both = ambs_calloc(s->n_truths, 2 * sizeof *both, err);
    if (!both) return AMBS_E_NOMEM;
    int rc = s->ops->leave_one_out(s->state, both, both + s->n_truths, err);
    for (size_t i = 0; rc == AMBS_OK && i < s->n; i++) {
        bool known = s->slot[i] < s->n_truths;
        ret_mean[i] = known ? both[s->slot[i]] : NAN;
        ret_sd[i] = known ? both[s->n_truths + s->slot[i]] : NAN;
    }
    free(both);
    return rc;
}
