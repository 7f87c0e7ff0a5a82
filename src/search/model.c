/* SPDX-License-Identifier: MIT */
/* Lies never enter the transform's constants, the incumbent or the error that a surrogate reports
 * of itself: the constants come from results alone, and a lie that outlives a fit is carried over
 * to the new scale through the user's. A surrogate that takes lies apart learns from the results
 * alone, and under the liar model_mean its lies are renewed at every fit. A trial that was asked
 * for before there was a model gets its lie at the first fit: the mean of what is known then, which
 * is what a surrogate without data near the point predicts. A failed trial counts as the worst
 * value known. */
#include "search/model.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

enum { N_LEADERS = 16 };

const char *const ambs_liar_names[] = {"model_mean", "y_mean", "worst", "best", "none", NULL};

typedef enum event_kind { EVENT_APPEND, EVENT_REPLACE, EVENT_REMOVE } event_kind;

/* A change of one row after the last fit that was due; z on the surrogate's scale. */
typedef struct event {
    event_kind kind;
    uint64_t id; /* APPEND: whose configuration */
    size_t row;
    double z;             /* NaN: a lie that is derived when it is appended */
    uint32_t evaluations; /* REPLACE: that z is the mean of */
} event;

typedef struct row {
    uint64_t id;
    double z;
    uint32_t evaluations; /* that z is the mean of */
    bool is_lie;
} row;

/* What the model remembers of a trial. */
typedef struct memory {
    double lie; /* in the minimised metric's own unit; NaN: none held */
    size_t row; /* SIZE_MAX: none */
} memory;

struct ambs_model {
    ambs_method_context context;
    ambs_surrogate *surrogate;
    ambs_model_settings settings;
    ambs_transform transform;
    memory *of; /* [n_trials] */
    size_t n_trials, of_capacity;
    row *rows; /* those of the last fit that was due */
    size_t n_fit_rows, row_capacity;
    ambs_pool spread; /* of their evaluations, around the means */
    size_t n_rows;    /* with those appended since */
    event *events;
    size_t n_events, event_capacity, n_applied;
    double
        *y; /* results with a value, in order of their telling, or of the trials after a repeat */
    size_t n_y, y_capacity;
    uint64_t n_told;                 /* with those that failed */
    uint64_t n_fits, n_lies, fit_at; /* n_told at the last fit */
    double best;
    bool fit_due;
    uint64_t leaders[N_LEADERS]; /* best first */
    size_t n_leaders;
    double *x, *z; /* work space of a fit */
    uint32_t *evaluations;
    bool *is_lie;
    size_t x_capacity, z_capacity, evaluations_capacity, is_lie_capacity;
};

int ambs_model_create(const ambs_method_context *context, ambs_surrogate *surrogate,
                      const ambs_model_settings *settings, ambs_model **ret_model, ambs_error *err)
{
    ambs_model *m = ambs_calloc(1, sizeof *m, err);
    if (!m) return AMBS_E_NOMEM;
    m->context = *context;
    m->surrogate = surrogate;
    m->settings = *settings;
    m->best = INFINITY;
    *ret_model = m;
    return AMBS_OK;
}

void ambs_model_destroy(ambs_model *m)
{
    if (!m) return;
    ambs_transform_fini(&m->transform);
    free(m->of);
    free(m->rows);
    free(m->events);
    free(m->y);
    free(m->x);
    free(m->z);
    free(m->evaluations);
    free(m->is_lie);
    free(m);
}

static const ambs_known *trial(const ambs_model *m, uint64_t id)
{
    return m->context.trial(m->context.search, id);
}

/* The result, minimised; NaN where there is none. */
static double value_of(const ambs_model *m, const ambs_known *t)
{
    return t->goals ? t->goals[m->settings.goal] : t->y;
}

/* Memory of trials up to `id`. */
static int grow(ambs_model *m, uint64_t id, ambs_error *err)
{
    int rc = ambs_reserve(&m->of, &m->of_capacity, (size_t)id + 1, sizeof *m->of, err);
    if (rc != AMBS_OK) return rc;
    for (; m->n_trials <= id; m->n_trials++)
        m->of[m->n_trials] = (memory){.lie = NAN, .row = SIZE_MAX};
    return AMBS_OK;
}

static int add_event(ambs_model *m, event e, ambs_error *err)
{
    int rc = ambs_reserve(&m->events, &m->event_capacity, m->n_events + 1, sizeof *m->events, err);
    if (rc == AMBS_OK) m->events[m->n_events++] = e;
    return rc;
}

static int append_row(ambs_model *m, uint64_t id, double z, ambs_error *err)
{
    int rc = add_event(m, (event){.kind = EVENT_APPEND, .id = id, .z = z}, err);
    if (rc == AMBS_OK) m->of[id].row = m->n_rows++;
    return rc;
}

int ambs_model_asked(ambs_model *m, uint64_t id, double lie, ambs_error *err)
{
    int rc = grow(m, id, err);
    if (rc != AMBS_OK || isnan(lie)) return rc;
    bool derives = m->settings.derives_lies;
    if (derives && m->settings.liar == AMBS_LIAR_NONE) return rc;
    rc = append_row(m, id, derives ? NAN : ambs_transform_apply(&m->transform, lie), err);
    if (rc != AMBS_OK) return rc;
    m->of[id].lie = lie;
    m->n_lies++;
    return AMBS_OK;
}

/* On the surrogate's scale: a trial without a value counts as the worst. */
static double truth(const ambs_model *m, const ambs_known *t)
{
    double y = value_of(m, t);
    return ambs_transform_apply(&m->transform, isnan(y) ? m->transform.max : y);
}

/* What failed or was pruned counts as one. */
static uint32_t evaluations_of(const ambs_known *t)
{
    return t->n > 1 ? t->n : 1;
}

double ambs_model_lie(const ambs_model *m, double mean)
{
    switch (m->settings.liar) {
    case AMBS_LIAR_MODEL_MEAN:
        return mean;
    case AMBS_LIAR_Y_MEAN:
        return m->transform.mean;
    case AMBS_LIAR_WORST:
        return ambs_transform_apply(&m->transform, m->transform.max);
    case AMBS_LIAR_BEST:
        return ambs_model_best(m);
    default:
        return NAN;
    }
}

/* The row of a trial in a fit; false where it has none. */
static bool make_row(ambs_model *m, uint64_t id, row *ret)
{
    const ambs_known *t = trial(m, id);
    memory *of = &m->of[id];
    if (t->state == AMBS_TRIAL_CANCELLED) return false;
    if (t->state == AMBS_TRIAL_WAITING) {
        if (m->settings.liar == AMBS_LIAR_NONE || m->settings.derives_lies) return false;
        if (isnan(of->lie)) {
            of->lie = ambs_transform_invert(&m->transform, ambs_model_lie(m, m->transform.mean));
            m->n_lies++;
        }
        *ret = (row){id, ambs_transform_apply(&m->transform, of->lie), 1, true};
        return true;
    }
    *ret = (row){id, truth(m, t), evaluations_of(t), false};
    return true;
}

/* The evaluations of a trial join the spread that all have in common: on the surrogate's scale by the slope
 * of the transform between a standard deviation below the mean and one above it. */
static void add_spread(ambs_model *m, const ambs_known *t)
{
    if (t->n < 2) return;
    double sd = sqrt(t->squares / (t->n - 1)), slope = 0;
    if (sd > 0)
        slope = (ambs_transform_apply(&m->transform, t->y + sd) -
                 ambs_transform_apply(&m->transform, t->y - sd)) /
                (2 * sd);
    m->spread.squares += slope * slope * t->squares;
    m->spread.freedom += t->n - 1;
}

/* A lie for each trial in flight, behind the rows of a fit. */
static int append_lies(ambs_model *m, ambs_error *err)
{
    int rc = AMBS_OK;
    for (uint64_t id = 0; rc == AMBS_OK && id < m->n_trials; id++) {
        if (trial(m, id)->state != AMBS_TRIAL_WAITING) continue;
        m->n_lies += isnan(m->of[id].lie);
        m->of[id].lie = 0;
        rc = append_row(m, id, NAN, err);
    }
    return rc;
}

/* The rows of this moment are those of the next fit. */
static int make_fit_due(ambs_model *m, ambs_error *err)
{
    int rc = ambs_reserve(&m->rows, &m->row_capacity, m->n_trials, sizeof *m->rows, err);
    if (rc == AMBS_OK)
        rc = ambs_transform_fit(&m->transform, m->settings.transform, m->n_y, m->y, err);
    if (rc != AMBS_OK) return rc;
    m->n_rows = 0;
    m->spread = (ambs_pool){0};
    for (uint64_t id = 0; id < m->n_trials; id++) {
        bool has_row = make_row(m, id, &m->rows[m->n_rows]);
        if (has_row) add_spread(m, trial(m, id));
        m->of[id].row = has_row ? m->n_rows++ : SIZE_MAX;
    }
    m->n_fit_rows = m->n_rows;
    m->n_events = m->n_applied = 0;
    m->fit_at = m->n_told;
    m->fit_due = true;
    m->n_fits++;
    bool derives = m->settings.derives_lies && m->settings.liar != AMBS_LIAR_NONE;
    return derives ? append_lies(m, err) : AMBS_OK;
}

static void add_leader(ambs_model *m, uint64_t id, double y)
{
    size_t at = m->n_leaders;
    while (at > 0 && y < value_of(m, trial(m, m->leaders[at - 1]))) at--;
    if (at == N_LEADERS) return;
    size_t last = m->n_leaders < N_LEADERS ? m->n_leaders++ : N_LEADERS - 1;
    for (size_t i = last; i > at; i--) m->leaders[i] = m->leaders[i - 1];
    m->leaders[at] = id;
}

/* Where lies outnumber the results by far (tens of thousands of workers), a share of all rows would
 * leave the first fits to very few results: there a doubling of the results is enough. */
static bool wants_fit(const ambs_model *m, bool new_best)
{
    if (m->n_y == 0) return false;
    if (m->n_fits == 0 || new_best || m->n_told + m->n_lies <= m->settings.refit_until) return true;
    double step = m->settings.refit_growth * (double)m->n_fit_rows;
    if (step > (double)m->fit_at) step = (double)m->fit_at;
    return (double)(m->n_told - m->fit_at) >= step;
}

/* By what is known of the trial now. */
static int replace_row(ambs_model *m, uint64_t id, ambs_error *err)
{
    const ambs_known *t = trial(m, id);
    const event e = {.kind = EVENT_REPLACE,
                     .row = m->of[id].row,
                     .z = truth(m, t),
                     .evaluations = evaluations_of(t)};
    return add_event(m, e, err);
}

int ambs_model_told(ambs_model *m, uint64_t id, ambs_error *err)
{
    int rc = grow(m, id, err);
    if (rc == AMBS_OK) rc = ambs_reserve(&m->y, &m->y_capacity, m->n_y + 1, sizeof *m->y, err);
    if (rc != AMBS_OK) return rc;
    const ambs_known *t = trial(m, id);
    memory *of = &m->of[id];
    double y = value_of(m, t);
    bool new_best = y < m->best;
    m->n_told++;
    if (!isnan(y)) {
        m->y[m->n_y++] = y;
        add_leader(m, id, y);
    }
    if (new_best) m->best = y;
    m->n_lies -= !isnan(of->lie);
    of->lie = NAN;
    if (wants_fit(m, new_best)) return make_fit_due(m, err);
    if (m->n_fits == 0) return AMBS_OK;
    if (of->row == SIZE_MAX) return append_row(m, id, truth(m, t), err);
    return replace_row(m, id, err);
}

/* Results, leaders and the best of the values as they are now, in order of the trials. */
static void look_at_values(ambs_model *m)
{
    m->n_y = m->n_leaders = 0;
    m->best = INFINITY;
    for (uint64_t id = 0; id < m->n_trials; id++) {
        double y = trial(m, id)->y;
        if (isnan(y)) continue;
        m->y[m->n_y++] = y;
        add_leader(m, id, y);
        if (y < m->best) m->best = y;
    }
}

int ambs_model_told_again(ambs_model *m, uint64_t id, ambs_error *err)
{
    const ambs_known *t = trial(m, id);
    bool new_best = t->y < m->best;
    look_at_values(m);
    m->n_told++;
    if (wants_fit(m, new_best)) return make_fit_due(m, err);
    if (m->n_fits == 0) return AMBS_OK;
    return replace_row(m, id, err);
}

int ambs_model_cancelled(ambs_model *m, uint64_t id, ambs_error *err)
{
    memory *of = &m->of[id];
    m->n_lies -= !isnan(of->lie);
    of->lie = NAN;
    if (of->row == SIZE_MAX) return AMBS_OK;
    int rc = add_event(m, (event){.kind = EVENT_REMOVE, .row = of->row}, err);
    of->row = SIZE_MAX;
    return rc;
}

bool ambs_model_exists(const ambs_model *m)
{
    return m->n_fits > 0;
}

static int fit(ambs_model *m, ambs_error *err)
{
    size_t d = ambs_space_dimension(m->context.space), n = m->n_fit_rows;
    int rc = ambs_reserve(&m->x, &m->x_capacity, n, d * sizeof *m->x, err);
    if (rc == AMBS_OK) rc = ambs_reserve(&m->z, &m->z_capacity, n, sizeof *m->z, err);
    if (rc == AMBS_OK)
        rc =
            ambs_reserve(&m->evaluations, &m->evaluations_capacity, n, sizeof *m->evaluations, err);
    if (rc == AMBS_OK)
        rc = ambs_reserve(&m->is_lie, &m->is_lie_capacity, n, sizeof *m->is_lie, err);
    if (rc != AMBS_OK) return rc;
    for (size_t i = 0; i < n; i++) {
        memcpy(m->x + i * d, trial(m, m->rows[i].id)->x, d * sizeof *m->x);
        m->z[i] = m->rows[i].z;
        m->evaluations[i] = m->rows[i].evaluations;
        m->is_lie[i] = m->rows[i].is_lie;
    }
    const ambs_surrogate_rows rows = {.n = n,
                                      .x = m->x,
                                      .y = m->z,
                                      .evaluations = m->evaluations,
                                      .spread = m->spread,
                                      .is_lie = m->is_lie,
                                      .renew = m->settings.liar == AMBS_LIAR_MODEL_MEAN};
    return ambs_surrogate_fit_rows(m->surrogate, &rows, m->n_fits, err);
}

static int append(ambs_model *m, const event *e, ambs_error *err)
{
    const double *x = trial(m, e->id)->x;
    double z = e->z;
    if (isnan(z)) {
        int rc = ambs_surrogate_predict(m->surrogate, 1, x, &z, NULL, err);
        if (rc != AMBS_OK) return rc;
        z = ambs_model_lie(m, z);
    }
    return ambs_surrogate_append(m->surrogate, x, z, err);
}

static int apply(ambs_model *m, const event *e, ambs_error *err)
{
    switch (e->kind) {
    case EVENT_APPEND:
        return append(m, e, err);
    case EVENT_REPLACE:
        return ambs_surrogate_replace_mean(m->surrogate, e->row, e->z, e->evaluations, err);
    default:
        return ambs_surrogate_remove(m->surrogate, e->row, err);
    }
}

int ambs_model_update(ambs_model *m, ambs_error *err)
{
    int rc = m->fit_due ? fit(m, err) : AMBS_OK;
    for (; rc == AMBS_OK && m->n_applied < m->n_events; m->n_applied++)
        rc = apply(m, &m->events[m->n_applied], err);
    m->fit_due = rc != AMBS_OK;
    if (m->fit_due)
        m->n_applied = 0; /* what a member holds after a failure is unknown: all over again */
    return rc;
}

double ambs_model_best(const ambs_model *m)
{
    return ambs_transform_apply(&m->transform, m->best);
}

const ambs_transform *ambs_model_transform(const ambs_model *m)
{
    return &m->transform;
}

uint64_t ambs_model_n_lies(const ambs_model *m)
{
    return m->n_lies;
}

uint64_t ambs_model_n_told(const ambs_model *m)
{
    return m->n_told;
}

uint64_t ambs_model_n_fits(const ambs_model *m)
{
    return m->n_fits;
}

size_t ambs_model_leaders(const ambs_model *m, size_t n, uint64_t *ret_ids)
{
    if (n > m->n_leaders) n = m->n_leaders;
    memcpy(ret_ids, m->leaders, n * sizeof *ret_ids);
    return n;
}
