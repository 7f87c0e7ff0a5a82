/* SPDX-License-Identifier: MIT */
/* The generic driver behind ask and tell. It owns the trials, the exclusion of what was proposed,
 * the user's points and defaults, the direction and the counts; the method holds only its own idea.
 *
 * A trial's life here: ask -> in flight (WAITING) -> tell -> COMPLETE, PRUNED or FAILED
 *                                                 -> cancel -> CANCELLED, its configuration is free
 * again. Where trials are repeated, ask may send a COMPLETE one into flight once more; to the method
 * it stays complete, and the tell only changes its value. All that decides is the order of the calls
 * that succeeded: an ask that fails leaves no trace. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "numeric/pareto.h"
#include "search/goals.h"
#include "search/search_state.h"

enum { ROWS_PER_BLOCK = 1024 };

/* Where the driver's own next configuration comes from, so that it is consumed only once it is
 * recorded. */
typedef struct own_choice {
    const double *x; /* NULL: the method chooses */
    ambs_origin origin;
    size_t next_point, first_again, first_queue;
} own_choice;

static const ambs_known *known_trial(const ambs_search *s, uint64_t id)
{
    return id < s->n_trials ? &s->trials[id] : NULL;
}

static uint64_t count_trials(const ambs_search *s)
{
    return s->n_trials;
}

static bool is_taken(const ambs_search *s, const double *x)
{
    return ambs_space_set_has(s->taken, x, NULL);
}

static bool has_any_default(const ambs_space *space)
{
    for (size_t i = 0; i < ambs_space_dimension(space); i++)
        if (!isnan(ambs_space_parameter(space, i)->initial)) return true;
    return ambs_space_has_prior(space);
}

static int take_defaults(ambs_search *s, ambs_error *err)
{
    if (!s->method->begins_with_default || !has_any_default(s->space)) return AMBS_OK;
    s->defaults = ambs_calloc(s->d, sizeof *s->defaults, err);
    if (!s->defaults) return AMBS_E_NOMEM;
    int rc = ambs_space_defaults(s->space, s->defaults, err);
    if (rc != AMBS_E_INFEASIBLE) return rc;
    /* Defaults of single parameters may not fit together; then there is no default configuration.
     */
    free(s->defaults);
    s->defaults = NULL;
    return AMBS_OK;
}

static int init_method(ambs_search *s, ambs_error *err)
{
    const ambs_spec *spec = s->spec;
    s->context = (ambs_method_context){
        .spec = spec,
        .space = s->space,
        .options = spec->method_options,
        .trial = known_trial,
        .n_trials = count_trials,
        .is_taken = is_taken,
        .search = s,
    };
    int rc = spec->method->check ? spec->method->check(spec, spec->method_options, err) : AMBS_OK;
    if (rc != AMBS_OK) return rc;
    void *state = ambs_calloc(1, spec->method->state_size, err);
    if (!state) return AMBS_E_NOMEM;
    rc = spec->method->init ? spec->method->init(state, &s->context, err) : AMBS_OK;
    if (rc == AMBS_OK)
        s->state = state;
    else
        free(state);
    return rc;
}

int ambs_search_create(const ambs_spec *spec, ambs_search **ret_search, ambs_error *err)
{
    ambs_search *s = ambs_calloc(1, sizeof *s, err);
    if (!s) return AMBS_E_NOMEM;
    s->spec = spec;
    s->space = spec->space;
    s->method = spec->method;
    s->d = ambs_space_dimension(spec->space);
    s->g = spec->n_goals > 1 ? spec->n_goals : 0;
    s->sign = spec->goal == AMBS_MAXIMIZE ? -1 : 1;
    s->best = UINT64_MAX;
    int rc = ambs_space_set_create(s->space, &s->taken, err);
    if (rc == AMBS_OK) rc = take_defaults(s, err);
    if (rc == AMBS_OK && ambs_repeats_on(&spec->repeats))
        rc = ambs_race_create(&spec->repeats, spec->budget.trials, &s->race, err);
    if (rc == AMBS_OK) rc = init_method(s, err);
    if (rc == AMBS_OK)
        *ret_search = s;
    else
        ambs_search_destroy(s);
    return rc == AMBS_OK ? rc : ambs_wrap(err, rc, "method %s", spec->method->member.name);
}

void ambs_search_use_engine(ambs_search *s, const struct ambs_gp_engine *engine)
{
    if (s->method->use_engine) s->method->use_engine(s->state, engine);
}

void ambs_search_destroy(ambs_search *s)
{
    if (!s) return;
    if (s->state && s->method->fini) s->method->fini(s->state);
    free(s->state);
    for (size_t i = 0; i < s->n_blocks; i++) free(s->blocks[i]);
    free(s->blocks);
    free(s->trials);
    free(s->defaults);
    free(s->again);
    free(s->queue);
    ambs_space_set_destroy(s->taken);
    ambs_race_destroy(s->race);
    free(s);
}

/* Room for one more trial, taken before anything is decided. */
static int reserve_trial(ambs_search *s, ambs_error *err)
{
    int rc = ambs_reserve(&s->trials, &s->trial_capacity, s->n_trials + 1, sizeof *s->trials, err);
    if (rc == AMBS_OK && s->race) rc = ambs_race_reserve(s->race, err);
    if (rc != AMBS_OK || s->n_trials < s->n_blocks * ROWS_PER_BLOCK) return rc;
    rc = ambs_reserve(&s->blocks, &s->block_capacity, s->n_blocks + 1, sizeof *s->blocks, err);
    if (rc != AMBS_OK) return rc;
    size_t width = s->d + s->g;
    double *block = ambs_calloc(ROWS_PER_BLOCK * (width ? width : 1), sizeof *block, err);
    if (!block) return AMBS_E_NOMEM;
    s->blocks[s->n_blocks++] = block;
    return AMBS_OK;
}

static double *row_of(const ambs_search *s, uint64_t id)
{
    return s->blocks[id / ROWS_PER_BLOCK] + id % ROWS_PER_BLOCK * (s->d + s->g);
}

static int add_trial(ambs_search *s, const double *x, ambs_origin origin, double lie,
                     ambs_error *err)
{
    int rc = ambs_space_set_add(s->taken, x, s->n_trials, NULL, err);
    if (rc != AMBS_OK) return rc;
    double *row = row_of(s, s->n_trials);
    memcpy(row, x, s->d * sizeof *row);
    if (s->race) ambs_race_asked(s->race, s->n_trials);
    for (size_t j = 0; j < s->g; j++) row[s->d + j] = NAN;
    s->trials[s->n_trials++] = (ambs_known){.state = AMBS_TRIAL_WAITING,
                                            .origin = origin,
                                            .y = NAN,
                                            .lie = lie,
                                            .x = row,
                                            .goals = s->g > 0 ? row + s->d : NULL};
    s->n_lies += !isnan(lie);
    s->counts.in_flight++;
    return AMBS_OK;
}

/* The end of a change: where memory ran out the method may have lost its part of it. */
static int finish(ambs_search *s, int rc)
{
    s->broken = s->broken || rc == AMBS_E_NOMEM;
    return rc;
}

static int check_whole(const ambs_search *s, ambs_error *err)
{
    if (!s->broken) return AMBS_OK;
    return ambs_fail(err, AMBS_E_NOMEM,
                     "memory ran out before in this search; restore it from its record");
}

/* The user's own points, then the best of earlier studies; NULL behind the last. */
static const double *listed_point(const ambs_search *s, size_t i)
{
    const ambs_warm *warm = &s->spec->warm;
    if (i < s->spec->n_initial) return s->spec->initial_points + i * s->d;
    i -= s->spec->n_initial;
    return i < warm->n_points ? warm->points + i * s->d : NULL;
}

/* What it would be if nothing were enqueued. */
static own_choice choose_listed(const ambs_search *s)
{
    own_choice c = {
        .next_point = s->next_point, .first_again = s->first_again, .first_queue = s->first_queue};
    for (; c.first_again < s->n_again; c.first_again++) {
        const ambs_known *t = &s->trials[s->again[c.first_again]];
        if (is_taken(s, t->x)) continue;
        c.x = t->x;
        c.origin = t->origin;
        c.first_again++;
        return c;
    }
    for (const double *x; (x = listed_point(s, c.next_point)); c.next_point++) {
        if (is_taken(s, x) || !ambs_space_contains(s->space, x, NULL)) continue;
        c.x = x;
        c.origin = AMBS_ORIGIN_POINT;
        c.next_point++;
        return c;
    }
    if (s->defaults && !is_taken(s, s->defaults)) {
        c.x = s->defaults;
        c.origin = AMBS_ORIGIN_DEFAULT;
    }
    return c;
}

/* `x`, enqueued, comes before what is listed; where it is that, it counts as listed. So the record
 * of a proposal says which it was. */
static own_choice put_first(const ambs_search *s, own_choice listed, const double *x)
{
    if (listed.x && ambs_space_equal(s->space, listed.x, x)) return listed;
    return (own_choice){.x = x,
                        .origin = AMBS_ORIGIN_ENQUEUED,
                        .next_point = s->next_point,
                        .first_again = s->first_again,
                        .first_queue = s->first_queue};
}

static own_choice choose_own(const ambs_search *s)
{
    own_choice c = choose_listed(s);
    size_t i = s->first_queue;
    while (i < s->n_queue && is_taken(s, s->queue + i * s->d)) i++;
    if (i < s->n_queue) c = put_first(s, c, s->queue + i++ * s->d);
    c.first_queue = i;
    return c;
}

static void consume_own(ambs_search *s, const own_choice *c)
{
    s->next_point = c->next_point;
    s->first_again = c->first_again;
    if (s->first_again == s->n_again) s->first_again = s->n_again = 0;
    s->first_queue = c->first_queue;
    if (s->first_queue == s->n_queue) s->first_queue = s->n_queue = 0;
    if (s->defaults && is_taken(s, s->defaults)) {
        free(s->defaults);
        s->defaults = NULL;
    }
}

/* A method is checked, too: nothing is evaluated twice, nothing forbidden is launched. */
static int check_proposed(const ambs_search *s, const double *x, ambs_error *err)
{
    uint64_t id;
    if (!ambs_space_contains(s->space, x, err))
        return ambs_wrap(err, AMBS_E_NUMERIC, "method %s proposed what is not in the space",
                         s->method->member.name);
    if (!ambs_space_set_has(s->taken, x, &id)) return AMBS_OK;
    return ambs_fail(err, AMBS_E_NUMERIC,
                     "method %s proposed the configuration of trial %llu again",
                     s->method->member.name, (unsigned long long)id);
}

/* ---- asking ---- */

ambs_proposal search_begin_proposal(const ambs_search *s, uint64_t id, ambs_origin origin,
                                    double *x)
{
    return (ambs_proposal){.trial = id,
                           .origin = origin,
                           .mean = NAN,
                           .sd = NAN,
                           .acquisition = NAN,
                           .lie = NAN,
                           .n_told = s->counts.told,
                           .n_lies = s->n_lies,
                           .x = x};
}

static int ask_new(ambs_search *s, ambs_proposal *ret, ambs_error *err)
{
    int rc = AMBS_OK;
    own_choice own = choose_own(s);
    ambs_proposal p = search_begin_proposal(s, s->n_trials, own.origin, ret->x);
    if (own.x) {
        memcpy(p.x, own.x, s->d * sizeof *p.x);
        if (s->method->adopt) rc = s->method->adopt(s->state, p.trial, &p, err);
    } else {
        rc = s->method->ask(s->state, p.trial, &p, err);
        if (rc == AMBS_OK) rc = check_proposed(s, p.x, err);
    }
    if (rc == AMBS_OK) rc = add_trial(s, p.x, p.origin, p.lie, err);
    if (rc != AMBS_OK) return finish(s, rc);
    s->counts.asked++;
    consume_own(s, &own);
    *ret = p;
    return AMBS_OK;
}

int ambs_search_ask(ambs_search *s, ambs_proposal *ret, ambs_error *err)
{
    bool done = false;
    int rc = check_whole(s, err);
    if (rc == AMBS_OK) rc = reserve_trial(s, err);
    if (rc == AMBS_OK && s->race) rc = search_consult_race(s, AMBS_OK, ret, &done, err);
    if (rc == AMBS_OK && !done) rc = ask_new(s, ret, err);
    bool exhausted = rc == AMBS_E_EXHAUSTED || rc == AMBS_E_INFEASIBLE;
    return s->race && !done && exhausted ? search_consult_race(s, rc, ret, &done, err) : rc;
}

int ambs_search_restore_ask(ambs_search *s, const ambs_proposal *p, ambs_error *err)
{
    int rc = check_whole(s, err);
    if (rc == AMBS_OK && p->repeat > 0) return search_restore_repeat(s, p, err);
    if (rc == AMBS_OK) rc = reserve_trial(s, err);
    if (rc != AMBS_OK) return rc;
    if (p->trial != s->n_trials)
        return ambs_fail(err, AMBS_E_MISMATCH,
                         "found the record of trial %llu, expected that of trial %llu",
                         (unsigned long long)p->trial, (unsigned long long)s->n_trials);
    if (!ambs_space_contains(s->space, p->x, err) || is_taken(s, p->x))
        return ambs_fail(err, AMBS_E_MISMATCH,
                         "trial %llu as recorded is not a new configuration of this space",
                         (unsigned long long)p->trial);
    own_choice own = choose_listed(s);
    if (p->origin == AMBS_ORIGIN_ENQUEUED) own = put_first(s, own, p->x);
    if (own.x && !ambs_space_equal(s->space, own.x, p->x))
        return ambs_fail(
            err, AMBS_E_MISMATCH,
            "trial %llu as recorded is not the initial configuration that this study begins with",
            (unsigned long long)p->trial);
    if (s->method->restore) rc = s->method->restore(s->state, p, own.x != NULL, err);
    if (rc == AMBS_OK) rc = add_trial(s, p->x, p->origin, p->lie, err);
    if (rc != AMBS_OK) return finish(s, rc);
    s->counts.asked++;
    consume_own(s, &own);
    return AMBS_OK;
}

/* The trial if it is in flight. */
static int find_open(ambs_search *s, uint64_t id, const char *verb, ambs_known **ret,
                     ambs_error *err)
{
    if (check_whole(s, err) != AMBS_OK) return AMBS_E_NOMEM;
    if (id >= s->n_trials)
        return ambs_fail(err, AMBS_E_NOT_FOUND,
                         "there is no trial %llu to %s; %llu trials were made",
                         (unsigned long long)id, verb, (unsigned long long)s->n_trials);
    *ret = &s->trials[id];
    if (search_is_in_flight(s, id)) return AMBS_OK;
    return ambs_fail(err, AMBS_E_INVALID, "trial %llu is %s already, so there is nothing to %s",
                     (unsigned long long)id, ambs_trial_state_name((*ret)->state), verb);
}

static int check_outcome(const ambs_outcome *o, ambs_error *err)
{
    if (o->state == AMBS_TRIAL_COMPLETE || o->state == AMBS_TRIAL_PRUNED ||
        o->state == AMBS_TRIAL_FAILED)
        return AMBS_OK;
    return ambs_fail(err, AMBS_E_INVALID,
                     "a trial was told as %s, expected complete, pruned or failed",
                     ambs_trial_state_name(o->state));
}

/* Fills the values of a trial's goals; false where one of them is missing, and then it has none. */
static bool take_goals(ambs_search *s, uint64_t id, const ambs_outcome *o)
{
    double *goals = row_of(s, id) + s->d;
    if (ambs_goals_values(s->spec, o->objective, o->n_metrics, o->metrics, goals)) return true;
    for (size_t j = 0; j < s->g; j++) goals[j] = NAN;
    return false;
}

static uint64_t *count_of(ambs_search *s, ambs_trial_state state)
{
    if (state == AMBS_TRIAL_COMPLETE) return &s->counts.complete;
    return state == AMBS_TRIAL_PRUNED ? &s->counts.pruned : &s->counts.failed;
}

/* The trial leaves the flight with its outcome. */
static void settle(ambs_search *s, uint64_t id, const ambs_outcome *o)
{
    ambs_known *t = &s->trials[id];
    bool finite = isfinite(o->objective) &&
                  (s->g == 0 || (o->state != AMBS_TRIAL_FAILED && take_goals(s, id, o)));
    s->n_lies -= !isnan(t->lie);
    t->lie = NAN;
    s->counts.in_flight--;
    s->counts.told++;
    if (t->state != AMBS_TRIAL_WAITING) --*count_of(s, t->state);
    t->state = o->state == AMBS_TRIAL_COMPLETE && !finite ? AMBS_TRIAL_FAILED : o->state;
    t->y = t->state != AMBS_TRIAL_FAILED && finite ? s->sign * o->objective : NAN;
    t->n = t->state == AMBS_TRIAL_COMPLETE;
    if (s->race)
        search_settle_repeats(s, id);
    else if (t->n > 0 && (s->best == UINT64_MAX || t->y < s->trials[s->best].y))
        s->best = id;
    ++*count_of(s, t->state);
}

/* The method hears of the first evaluation of a trial by tell, of later ones by tell_again. */
static int tell_method(ambs_search *s, uint64_t id, bool again, ambs_error *err)
{
    const ambs_method_ops *m = s->method;
    if (again) return m->tell_again ? m->tell_again(s->state, id, err) : AMBS_OK;
    return m->tell ? m->tell(s->state, id, err) : AMBS_OK;
}

int ambs_search_tell(ambs_search *s, uint64_t id, const ambs_outcome *outcome, ambs_error *err)
{
    ambs_known *t = NULL;
    int rc = find_open(s, id, "tell", &t, err);
    if (rc == AMBS_OK) rc = check_outcome(outcome, err);
    if (rc != AMBS_OK) return rc;
    bool again = t->state != AMBS_TRIAL_WAITING;
    settle(s, id, outcome);
    return finish(s, tell_method(s, id, again, err));
}

int ambs_search_tell_own(ambs_search *s, const double *x, const ambs_outcome *outcome,
                         uint64_t *ret_trial, ambs_error *err)
{
    uint64_t id;
    int rc = check_whole(s, err);
    if (rc == AMBS_OK) rc = check_outcome(outcome, err);
    if (rc == AMBS_OK) rc = reserve_trial(s, err);
    if (rc != AMBS_OK) return rc;
    if (!ambs_space_contains(s->space, x, err))
        return ambs_wrap(err, AMBS_E_INVALID, "the configuration told is not in the space");
    if (ambs_space_set_has(s->taken, x, &id))
        return ambs_fail(err, AMBS_E_INVALID,
                         "the configuration told is that of trial %llu already",
                         (unsigned long long)id);
    id = s->n_trials;
    rc = add_trial(s, x, AMBS_ORIGIN_OWN, NAN, err);
    if (rc != AMBS_OK) return rc;
    settle(s, id, outcome);
    *ret_trial = id;
    return finish(s, tell_method(s, id, false, err));
}

int ambs_search_enqueue(ambs_search *s, const double *x, ambs_error *err)
{
    uint64_t id;
    int rc = check_whole(s, err);
    if (rc != AMBS_OK) return rc;
    if (!ambs_space_contains(s->space, x, err)) return AMBS_E_INVALID;
    if (ambs_space_set_has(s->taken, x, &id))
        return ambs_fail(err, AMBS_E_INVALID, "the configuration is that of trial %llu already",
                         (unsigned long long)id);
    for (size_t i = s->first_queue; i < s->n_queue; i++)
        if (ambs_space_equal(s->space, s->queue + i * s->d, x))
            return ambs_fail(err, AMBS_E_INVALID, "the configuration is in the queue already");
    rc = ambs_reserve(&s->queue, &s->queue_capacity, s->n_queue + 1, s->d * sizeof *s->queue, err);
    if (rc == AMBS_OK) memcpy(s->queue + s->n_queue++ * s->d, x, s->d * sizeof *x);
    return rc;
}

int ambs_search_report(ambs_search *s, uint64_t id, long long step, double value,
                       ambs_decision *ret_decision, ambs_error *err)
{
    ambs_known *t;
    int rc = find_open(s, id, "report on", &t, err);
    if (rc != AMBS_OK) return rc;
    *ret_decision =
        s->method->report ? s->method->report(s->state, id, step, s->sign * value) : AMBS_CONTINUE;
    return AMBS_OK;
}

int ambs_search_cancel(ambs_search *s, uint64_t id, ambs_error *err)
{
    ambs_known *t = NULL;
    int rc = find_open(s, id, "cancel", &t, err);
    if (rc == AMBS_OK && t->state != AMBS_TRIAL_WAITING) {
        search_cancel_repeat(s, id);
        return AMBS_OK;
    }
    bool comes_again =
        rc == AMBS_OK && (t->origin == AMBS_ORIGIN_POINT || t->origin == AMBS_ORIGIN_DEFAULT ||
                          t->origin == AMBS_ORIGIN_ENQUEUED || t->origin == AMBS_ORIGIN_DESIGN);
    if (comes_again)
        rc = ambs_reserve(&s->again, &s->again_capacity, s->n_again + 1, sizeof *s->again, err);
    if (rc != AMBS_OK) return rc;
    if (comes_again) s->again[s->n_again++] = id;
    if (s->race) ambs_race_cancelled(s->race, id);
    ambs_space_set_remove(s->taken, t->x);
    s->n_lies -= !isnan(t->lie);
    t->lie = NAN;
    t->state = AMBS_TRIAL_CANCELLED;
    s->counts.in_flight--;
    s->counts.cancelled++;
    return finish(s, s->method->cancel ? s->method->cancel(s->state, id, err) : AMBS_OK);
}

int ambs_search_best(const ambs_search *s, uint64_t *ret_trial, double *ret_objective,
                     double *ret_x, ambs_error *err)
{
    if (s->best == UINT64_MAX)
        return ambs_fail(err, AMBS_E_NOT_FOUND, "no trial is complete yet (%llu failed)",
                         (unsigned long long)s->counts.failed);
    *ret_trial = s->best;
    *ret_objective = s->sign * s->trials[s->best].y;
    memcpy(ret_x, s->trials[s->best].x, s->d * sizeof *ret_x);
    return AMBS_OK;
}

int ambs_search_front(const ambs_search *s, uint64_t **ret_trials, size_t *ret_n, ambs_error *err)
{
    size_t m = s->g > 0 ? s->g : 1, n = s->n_trials ? s->n_trials : 1;
    double *y = ambs_calloc(n * m, sizeof *y, err);
    size_t *index = y ? ambs_calloc(n, sizeof *index, err) : NULL;
    uint64_t *trials = index ? ambs_calloc(n, sizeof *trials, err) : NULL;
    int rc = trials ? AMBS_OK : AMBS_E_NOMEM;
    for (uint64_t i = 0; rc == AMBS_OK && i < s->n_trials; i++) {
        const ambs_known *t = &s->trials[i];
        for (size_t j = 0; j < m; j++)
            y[i * m + j] = t->state != AMBS_TRIAL_COMPLETE ? NAN : t->goals ? t->goals[j] : t->y;
    }
    size_t n_front = 0;
    if (rc == AMBS_OK) rc = ambs_pareto_front(s->n_trials, m, y, index, &n_front, err);
    for (size_t k = 0; rc == AMBS_OK && k < n_front; k++) trials[k] = index[k];
    free(y);
    free(index);
    if (rc != AMBS_OK) {
        free(trials);
        return rc;
    }
    *ret_trials = trials;
    *ret_n = n_front;
    return AMBS_OK;
}

int ambs_search_trial(const ambs_search *s, uint64_t id, double *ret_metrics, double *ret_x,
                      ambs_error *err)
{
    if (id >= s->n_trials)
        return ambs_fail(err, AMBS_E_NOT_FOUND, "there is no trial %llu; %llu trials were made",
                         (unsigned long long)id, (unsigned long long)s->n_trials);
    const ambs_known *t = &s->trials[id];
    for (size_t j = 0; j < (s->g > 0 ? s->g : 1); j++)
        ret_metrics[j] = ambs_goals_sign(s->spec, j) * (t->goals ? t->goals[j] : t->y);
    memcpy(ret_x, t->x, s->d * sizeof *ret_x);
    return AMBS_OK;
}

int ambs_search_best_by_model(ambs_search *s, uint64_t *ret_trial, double *ret_mean, double *ret_sd,
                              double *ret_x, ambs_error *err)
{
    if (s->g > 0)
        return ambs_fail(err, AMBS_E_NOT_FOUND,
                         "a study with several metrics has a front, no one best trial");
    if (!s->method->best_by_model)
        return ambs_fail(err, AMBS_E_NOT_FOUND, "the method %s has no model",
                         s->method->member.name);
    int rc = s->method->best_by_model(s->state, ret_trial, ret_mean, ret_sd, err);
    if (rc == AMBS_OK) memcpy(ret_x, s->trials[*ret_trial].x, s->d * sizeof *ret_x);
    return rc;
}

void ambs_search_counts_get(const ambs_search *s, ambs_search_counts *ret_counts)
{
    *ret_counts = s->counts;
    ret_counts->queued = s->n_queue - s->first_queue;
}
