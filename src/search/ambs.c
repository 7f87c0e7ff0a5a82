/* SPDX-License-Identifier: MIT */
/* Asynchronous model-based search with a constant liar.
 *
 * LCB_k, the acquisition function over the surrogate's mean mu and sd sigma, picks x_k; the lie y_k
 * = mu(x_k) joins the surrogate's data, so that LCB_{k+1} uses mu' and sigma' that know of it; when
 * the truth of x_k arrives, it takes the place of the lie. Every trial in flight holds one lie.
 *
 * Asks are, in this order: points of the initial design until there are `initial.points` trials; a
 * share `random_share` at random, which no error of the model can mislead; else the maximum of the
 * acquisition function. Every ask draws from streams of its own, named by the trial's id, so only
 * the log decides. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "numeric/design.h"
#include "search/arm.h"
#include "search/belief.h"
#include "search/feasibility.h"
#include "search/fresh.h"
#include "search/pareto.h"
#include "search/transfer.h"
#include "search/worth.h"

enum { MAX_STARTS = 10, BELIEF_STARTS = 10, MAX_DESIGN_MISSES = 1000 };
/* Keeps the logarithm of a chance finite. */
#define LEAST_CHANCE 1e-6
#define EVEN_CHANCE  0.5
#define LEAST_POWER  0.01

typedef struct ambs_options {
    ambs_chosen surrogate, acquisition, design;
    long long initial_points;
    double random_share;
    int liar, transform, failures;
    long long candidates, climbs, rounds, screened;
    long long refit_until;
    double refit_growth, prior_weight;
} ambs_options;

typedef struct ambs_state {
    ambs_method_context context;
    const ambs_options *options;
    ambs_arms arms;
    ambs_arm *arm;      /* whose turn it is */
    ambs_pareto pareto; /* where there are several goals: the arms are the first's */
    ambs_joint joint;
    ambs_feasibility *feasibility; /* NULL: failures are only bad values */
    bool feasibility_counts;       /* for this ask */
    ambs_belief *belief;           /* NULL: no parameter has a prior */
    ambs_transfer *transfer;       /* NULL: there are no earlier studies */
    double *log_weight;            /* [..] work space: ln of what weighs candidates */
    size_t log_weight_capacity;
    double *believed; /* [BELIEF_STARTS, d] drawn from it for this ask */
    ambs_maximiser *maximiser;
    ambs_worth worth;
    const ambs_design_ops *design;
    uint64_t n_initial;
    uint64_t n_alive;      /* trials but for cancelled ones */
    uint64_t next_design;  /* point of the design */
    uint64_t n_fits_asked; /* fits that were due by the last ask */
    double *u;             /* [d] */
} ambs_state;

#define FIELD(name) offsetof(ambs_options, name)

static const char *const automatic[] = {"auto", NULL};

enum { FAILURES_AVOID, FAILURES_WORST };
static const char *const failure_names[] = {"avoid", "worst", NULL};

static const ambs_option option_table[] = {
    {"surrogate", AMBS_OPTION_MEMBER, FIELD(surrogate), "auto", 1, 0, automatic,
     "the model of the objective, its own options may stand beside it; auto: several in turn",
     ambs_surrogate_registry},
    {"acquisition", AMBS_OPTION_MEMBER, FIELD(acquisition), "lcb", 1, 0, NULL,
     "what a candidate is worth; its own options may stand beside it", ambs_acquisition_registry},
    {"liar", AMBS_OPTION_CHOICE, FIELD(liar), "model_mean", 1, 0, ambs_liar_names,
     "the value that stands for a trial in flight until its result arrives"},
    {"transform", AMBS_OPTION_CHOICE, FIELD(transform), "auto", 1, 0, ambs_transform_names,
     "of the objective, before the surrogate sees it; auto: what suits the surrogate"},
    {"failures", AMBS_OPTION_CHOICE, FIELD(failures), "avoid", 1, 0, failure_names,
     "what failed trials teach; avoid: where trials fail, worst: a bad value only"},
    {"initial.design", AMBS_OPTION_MEMBER, FIELD(design), "lhs", 1, 0, NULL,
     "the points before there is a model", ambs_design_registry},
    {"initial.points", AMBS_OPTION_INT, FIELD(initial_points), "0", 0, 1e9, NULL,
     "how many trials come before the model decides, your own among them; 0: max(8, min(2 d, 20, "
     "trials / 10))"},
    {"random_share", AMBS_OPTION_FLOAT, FIELD(random_share), "0.1", 0, 1, NULL,
     "share of later trials that are drawn at random"},
    {"candidates", AMBS_OPTION_INT, FIELD(candidates), "200", 1, 10000000, NULL,
     "random candidates of each proposal; a space with fewer members is enumerated"},
    {"climbs", AMBS_OPTION_INT, FIELD(climbs), "10", 0, 1000, NULL,
     "local searches from the best candidates, beside those from the ten best trials"},
    {"rounds", AMBS_OPTION_INT, FIELD(rounds), "30", 0, 1000, NULL,
     "steps of a local search, at most"},
    {"screened", AMBS_OPTION_INT, FIELD(screened), "2000", 0, 10000000, NULL,
     "random candidates from which a surrogate that tells cheaply (gp) takes the best to evaluate"},
    {"refit.until", AMBS_OPTION_INT, FIELD(refit_until), "200", 0, 1e15, NULL,
     "up to so many results and lies the surrogate is fitted anew after each result"},
    {"refit.growth", AMBS_OPTION_FLOAT, FIELD(refit_growth), "0.05", 0, 1000, NULL,
     "beyond that after new results in this share of all, and after each new best"},
    {"prior.weight", AMBS_OPTION_FLOAT, FIELD(prior_weight), "10", 0, 1e6, NULL,
     "results that weigh as much as priors and earlier studies, which fade with more; 0: these "
     "only "
     "place initial trials"},
    {0},
};

static size_t count_searched(const ambs_space *space)
{
    size_t n = 0;
    for (size_t i = 0; i < ambs_space_dimension(space); i++)
        n += ambs_space_parameter(space, i)->type != AMBS_PARAMETER_CONSTANT;
    return n;
}

/* max(8, min(2 d, 20, budget / 10)) unless the user said otherwise. */
static uint64_t initial_size(const ambs_spec *spec, const ambs_options *o)
{
    if (o->initial_points > 0) return (uint64_t)o->initial_points;
    uint64_t n = 2 * (uint64_t)count_searched(spec->space), budget = ambs_spec_planned(spec);
    if (n > 20) n = 20;
    if (budget > 0 && n > budget / 10) n = budget / 10;
    return n < 8 ? 8 : n;
}

static int check(const ambs_spec *spec, const void *options, ambs_error *err)
{
    const ambs_options *o = options;
    int rc = ambs_options_check(option_table, o, err);
    if (rc != AMBS_OK) return rc;
    const ambs_design_ops *design = (const ambs_design_ops *)o->design.member;
    size_t d = ambs_space_dimension(spec->space);
    double *u = ambs_calloc(d, sizeof *u, err);
    if (!u) return AMBS_E_NOMEM;
    rc = design->points(o->design.options, spec->seed, d, 0, 1, initial_size(spec, o), u, err);
    free(u);
    return rc == AMBS_OK ? ambs_pareto_check(spec, &o->acquisition, err) : rc;
}

static int preset(const ambs_spec *spec, void *options, ambs_error *err)
{
    const char *acquisition = ambs_pareto_acquisition(spec);
    if (!acquisition) return AMBS_OK;
    return ambs_options_set(option_table, options, "acquisition", acquisition, err);
}

static ambs_arms_settings arms_settings(const ambs_spec *spec, const ambs_options *o)
{
    return (ambs_arms_settings){.surrogate = &o->surrogate,
                                .transform = o->transform,
                                .has_ranks = spec->surrogate.ranks > 0,
                                .model = {.derives_lies = spec->n_goals > 1,
                                          .liar = (ambs_liar)o->liar,
                                          .refit_until = (uint64_t)o->refit_until,
                                          .refit_growth = o->refit_growth}};
}

static void describe(const ambs_spec *spec, const void *options, ambs_text *out)
{
    const ambs_options *o = options;
    const ambs_arms_settings arms = arms_settings(spec, o);
    ambs_text_addf(out, "%llu initial trials (%s), then %s over ",
                   (unsigned long long)initial_size(spec, o), o->design.member->name,
                   o->acquisition.member->name);
    ambs_arms_describe(&arms, out);
    if (spec->n_goals > 1) ambs_pareto_describe(spec, out);
}

static size_t arm_index(const ambs_state *s)
{
    return (size_t)(s->arm - s->arms.arm);
}

/* Who serves the ask of trial `id`: a function of the log. */
static void take_turn(ambs_state *s, uint64_t id)
{
    const ambs_model *any = s->arms.arm[0].model;
    const ambs_turn turn = {id, s->worth.n_asks, ambs_model_n_lies(any), ambs_model_n_told(any)};
    s->arm = &s->arms.arm[ambs_arms_turn(&s->arms, &turn)];
}

static void fini(void *state)
{
    ambs_state *s = state;
    ambs_maximiser_destroy(s->maximiser);
    ambs_worth_fini(&s->worth);
    ambs_pareto_fini(&s->pareto);
    ambs_arms_fini(&s->arms);
    ambs_feasibility_destroy(s->feasibility);
    ambs_belief_destroy(s->belief);
    ambs_transfer_destroy(s->transfer);
    free(s->log_weight);
    free(s->believed);
    free(s->u);
}

static int init(void *state, const ambs_method_context *context, ambs_error *err)
{
    ambs_state *s = state;
    const ambs_options *o = context->options;
    s->context = *context;
    s->options = o;
    s->design = (const ambs_design_ops *)o->design.member;
    s->n_initial = initial_size(context->spec, o);
    const ambs_arms_settings arms = arms_settings(context->spec, o);
    const ambs_maximiser_settings maximiser = {(size_t)o->candidates, (size_t)o->climbs,
                                               (size_t)o->rounds, (size_t)o->screened};
    size_t d = ambs_space_dimension(context->space);
    s->u = ambs_calloc(d, sizeof *s->u, err);
    s->believed = ambs_calloc(BELIEF_STARTS, d * sizeof *s->u, err);
    int rc = s->u && s->believed ? AMBS_OK : AMBS_E_NOMEM;
    if (rc == AMBS_OK) rc = ambs_belief_create(context->space, &s->belief, err);
    if (rc == AMBS_OK) rc = ambs_transfer_create(context, &s->transfer, err);
    if (rc == AMBS_OK) rc = ambs_arms_init(&s->arms, context, &arms, err);
    if (rc == AMBS_OK) rc = ambs_pareto_init(&s->pareto, context, &s->arms, &arms, err);
    s->joint = ambs_pareto_joint(&s->pareto);
    if (rc == AMBS_OK) rc = ambs_worth_init(&s->worth, context, &o->acquisition, err);
    if (rc == AMBS_OK) take_turn(s, 0);
    if (rc == AMBS_OK && o->failures == FAILURES_AVOID)
        rc = ambs_feasibility_create(context, (uint64_t)o->refit_until, o->refit_growth,
                                     &s->feasibility, err);
    if (rc == AMBS_OK)
        rc =
            ambs_maximiser_create(context->space, &maximiser,
                                  MAX_STARTS + (s->belief ? BELIEF_STARTS : 0), &s->maximiser, err);
    if (rc != AMBS_OK) fini(s);
    return rc;
}

/* The next point of the design that is feasible and new; *next moves past it. Every other point
 * follows the priors. */
static int next_design(const ambs_state *s, uint64_t *next, double *ret_x, bool *ret_found,
                       ambs_error *err)
{
    const ambs_method_context *c = &s->context;
    *ret_found = false;
    for (int misses = 0; misses < MAX_DESIGN_MISSES; misses++) {
        if (!s->design->is_sequence && *next >= s->n_initial) return AMBS_OK;
        int rc = s->design->points(s->options->design.options, c->spec->seed,
                                   ambs_space_dimension(c->space), (*next)++, 1, s->n_initial, s->u,
                                   err);
        if (rc != AMBS_OK) return rc;
        if (s->belief && *next % 2 == 1) ambs_belief_bend(s->belief, s->u);
        ambs_space_from_unit(c->space, s->u, ret_x);
        *ret_found = ambs_space_feasible(c->space, ret_x) && !c->is_taken(c->search, ret_x);
        if (*ret_found) return AMBS_OK;
    }
    return AMBS_OK;
}

/* Mean and sd of an arm's prediction in the user's metric. */
static void to_user(const ambs_state *s, const ambs_arm *arm, double mean, double sd,
                    double *ret_mean, double *ret_sd)
{
    const ambs_transform *t = ambs_model_transform(arm->model);
    double sign = s->context.spec->goal == AMBS_MAXIMIZE ? -1 : 1;
    *ret_mean = sign * ambs_transform_invert(t, mean);
    *ret_sd = 0.5 * (ambs_transform_invert(t, mean + sd) - ambs_transform_invert(t, mean - sd));
}

static void tell_user(const ambs_state *s, double mean, double sd, ambs_proposal *ret)
{
    to_user(s, s->arm, mean, sd, &ret->mean, &ret->sd);
}

/* A model that breaks down in its numbers (not finite, not positive definite) must not end a study:
 * that ask goes on without one. *ret_usable is false then, as before the first result. */
static int update(ambs_state *s, bool *ret_usable, ambs_error *err)
{
    *ret_usable = false;
    if (!ambs_model_exists(s->arm->model)) return AMBS_OK;
    int rc = ambs_model_update(s->arm->model, err);
    if (rc == AMBS_OK) rc = ambs_pareto_update(&s->pareto, arm_index(s), err);
    *ret_usable = rc == AMBS_OK;
    return rc == AMBS_E_NUMERIC ? AMBS_OK : rc;
}

/* The acquisition value of what is certain to give the worst or the mean result. */
typedef enum certain_result { AT_WORST, AT_MEAN } certain_result;
static double value_of(ambs_state *s, certain_result at)
{
    const ambs_worth *w = &s->worth;
    double certain = 0, value;
    if (s->pareto.m > 0) return ambs_pareto_certain(&s->pareto, at == AT_WORST);
    const ambs_transform *t = ambs_model_transform(s->arm->model);
    double z = at == AT_WORST ? ambs_transform_apply(t, t->max) : t->mean;
    w->ops->evaluate(w->options, &w->now, 1, &z, &certain, &value);
    return value;
}

/* By the chance that they give any (search/feasibility.h). What fails less often than not is not held against a
 * candidate: near the border of what fails, where optima often lie, that forest is coarse, and the model, in
 * which failed trials are the worst, tells more. The worst value is the transform's greatest: what a
 * failed trial counts as in the model. */
static int weigh_chances(ambs_state *s, size_t m, const double *x, double *value, ambs_error *err)
{
    const ambs_worth *w = &s->worth;
    const double *p;
    int rc = ambs_feasibility_predict(s->feasibility, m, x, &p, err);
    if (rc != AMBS_OK) return rc;
    double floor = value_of(s, AT_WORST);
    for (size_t i = 0; i < m; i++) {
        double q = fmin(1, p[i] / EVEN_CHANCE);
        value[i] = w->ops->is_logarithm ? value[i] + log(q + LEAST_CHANCE)
                                        : q * value[i] + (1 - q) * floor;
    }
    return AMBS_OK;
}

/* How much the priors count after so many results: 1 as much as at first, 0 not at all. */
static double belief_power(const ambs_state *s, uint64_t n_told)
{
    if (!s->belief) return 0;
    return s->options->prior_weight / (double)(n_told + 1) * ambs_belief_trust(s->belief);
}

/* How much earlier studies count after so many results: beta / n, squared from there on. */
static double transfer_power(const ambs_state *s, uint64_t n_told)
{
    double share = s->options->prior_weight / (double)(n_told + 1);
    return share > 1 ? share : share * share;
}

/* True while they have something to say that is worth its predictions. */
static bool transfers(const ambs_state *s, uint64_t n_told)
{
    return s->transfer && transfer_power(s, n_told) >= LEAST_POWER &&
           ambs_transfer_trust(s->transfer) > 0;
}

/* By the priors (search/belief.h) and by earlier studies (search/transfer.h). */
static int weigh_knowledge(ambs_state *s, size_t m, const double *x, double *value, ambs_error *err)
{
    const ambs_worth *w = &s->worth;
    size_t d = ambs_space_dimension(s->context.space);
    int rc = ambs_reserve(&s->log_weight, &s->log_weight_capacity, m, sizeof *s->log_weight, err);
    if (rc != AMBS_OK) return rc;
    for (size_t i = 0; i < m; i++) s->log_weight[i] = 0;
    if (transfers(s, w->now.n_told)) rc = ambs_transfer_add(s->transfer, m, x, s->log_weight, err);
    if (rc != AMBS_OK) return rc;
    double by_old = transfer_power(s, w->now.n_told), by_prior = belief_power(s, w->now.n_told);
    double mean = value_of(s, AT_MEAN);
    for (size_t i = 0; i < m; i++) {
        double log_weight = by_old * s->log_weight[i];
        if (by_prior > 0) log_weight += by_prior * ambs_belief_log(s->belief, x + i * d);
        value[i] = ambs_belief_weigh(value[i], log_weight, 1, w->ops->is_logarithm, mean);
    }
    return AMBS_OK;
}

/* What else bears on the values of candidates. */
static int weigh(void *of, size_t m, const double *x, double *value, ambs_error *err)
{
    ambs_state *s = of;
    int rc = AMBS_OK;
    if (s->feasibility_counts) rc = weigh_chances(s, m, x, value, err);
    bool knows = belief_power(s, s->worth.now.n_told) > 0 || transfers(s, s->worth.now.n_told);
    return rc == AMBS_OK && knows ? weigh_knowledge(s, m, x, value, err) : rc;
}

static int update_feasibility(ambs_state *s, ambs_error *err)
{
    s->feasibility_counts = false;
    if (!s->feasibility) return AMBS_OK;
    return ambs_feasibility_update(s->feasibility, &s->feasibility_counts, err);
}

static bool is_taken(const void *of, const double *x)
{
    const ambs_method_context *c = of;
    return c->is_taken(c->search, x);
}

/* Where climbs begin: at the best trials or on the front, and where the priors hold good values likely. Returns how
 * many. */
static size_t take_starts(ambs_state *s, uint64_t n_told, ambs_random *random,
                          const double *ret_starts[MAX_STARTS + BELIEF_STARTS])
{
    size_t d = ambs_space_dimension(s->context.space);
    uint64_t leaders[MAX_STARTS];
    bool several = s->pareto.m > 0;
    size_t n = several ? ambs_pareto_starts(&s->pareto, MAX_STARTS, random, ret_starts)
                       : ambs_model_leaders(s->arm->model, MAX_STARTS, leaders);
    for (size_t i = 0; !several && i < n; i++)
        ret_starts[i] = s->context.trial(s->context.search, leaders[i])->x;
    for (size_t i = 0; i < BELIEF_STARTS && belief_power(s, n_told) > 0; i++)
        if (ambs_belief_draw(s->belief, random, s->believed + i * d))
            ret_starts[n++] = s->believed + i * d;
    return n;
}

/* What the ask of trial `id` maximises; *ret_random is the ask's stream for the rest. */
static int make_problem(ambs_state *s, uint64_t id, ambs_random *ret_random,
                        ambs_maximiser_problem *ret, ambs_error *err)
{
    ambs_random_init(ret_random, s->context.spec->seed, id, AMBS_PURPOSE_ACQUISITION);
    *ret = (ambs_maximiser_problem){.surrogate = s->arm->surrogate,
                                    .acquisition = s->worth.ops,
                                    .options = s->worth.options,
                                    .context = &s->worth.now,
                                    .is_taken = is_taken,
                                    .taken_of = &s->context,
                                    .joint = s->pareto.m > 0 ? &s->joint : NULL};
    int rc = ambs_worth_prepare(&s->worth, s->arm, id, ret_random, err);
    if (rc != AMBS_OK || s->pareto.m == 0) return rc;
    return ambs_pareto_prepare(&s->pareto, arm_index(s), s->worth.now.parameter, ret_random, err);
}

/* For an x that the model did not choose: what it expects there, and the lie. */
static int judge(ambs_state *s, ambs_proposal *ret, ambs_error *err)
{
    ambs_random random;
    ambs_maximiser_problem problem;
    double value, mean, sd;
    int rc = make_problem(s, ret->trial, &random, &problem, err);
    if (rc == AMBS_OK)
        rc = ambs_maximiser_value(s->maximiser, &problem, ret->x, &value, &mean, &sd, err);
    if (rc != AMBS_OK) return rc == AMBS_E_NUMERIC ? AMBS_OK : rc;
    ret->acquisition = value;
    tell_user(s, mean, sd, ret);
    ret->lie = ambs_model_lie(s->arm->model, mean);
    return AMBS_OK;
}

static int maximise(ambs_state *s, ambs_proposal *ret, bool *ret_found, ambs_error *err)
{
    ambs_random random;
    ambs_maximiser_problem problem;
    const double *starts[MAX_STARTS + BELIEF_STARTS];
    int rc = make_problem(s, ret->trial, &random, &problem, err);
    if (rc == AMBS_OK) rc = update_feasibility(s, err);
    if (rc != AMBS_OK) return rc;
    bool knows = belief_power(s, ret->n_told) > 0 || transfers(s, ret->n_told);
    problem.starts = starts;
    problem.n_starts = take_starts(s, ret->n_told, &random, starts);
    problem.adjust = s->feasibility_counts || knows ? weigh : NULL;
    problem.adjust_of = s;
    double mean, sd;
    rc = ambs_maximiser_run(s->maximiser, &problem, &random, ret->x, &ret->acquisition, &mean, &sd,
                            ret_found, err);
    if (rc != AMBS_OK || !*ret_found) return rc;
    tell_user(s, mean, sd, ret);
    ret->lie = ambs_model_lie(s->arm->model, mean);
    return AMBS_OK;
}

/* Half of the random trials follow the priors, until these have faded. */
static bool follows_belief(ambs_state *s, ambs_proposal *ret, ambs_random *random)
{
    const ambs_method_context *c = &s->context;
    if (!s->belief) return false;
    double share = 0.5 * fmin(1, belief_power(s, ret->n_told));
    return ambs_random_uniform(random) < share && ambs_belief_draw(s->belief, random, ret->x) &&
           !c->is_taken(c->search, ret->x);
}

/* The maximum of the acquisition function; *ret_found is false where the model breaks down, or all
 * that was looked at was taken. */
static int ask_model(ambs_state *s, ambs_proposal *ret, bool *ret_found, ambs_error *err)
{
    ret->origin = AMBS_ORIGIN_MODEL;
    int rc = maximise(s, ret, ret_found, err);
    return rc == AMBS_E_NUMERIC ? AMBS_OK : rc;
}

/* Before the first result earlier studies speak alone: of some random configurations that which they
 * hold best, so that several in a row are not the same. */
static int ask_transfer(ambs_state *s, ambs_random *random, ambs_proposal *ret, bool *ret_found,
                        ambs_error *err)
{
    enum { DRAWN = 30 };
    const ambs_method_context *c = &s->context;
    size_t d = ambs_space_dimension(c->space);
    double best = -INFINITY;
    ret->origin = AMBS_ORIGIN_MODEL;
    for (int i = 0; i < DRAWN; i++) {
        double value = 0;
        int rc = ambs_space_sample(c->space, random, s->u, err);
        if (rc == AMBS_OK) rc = ambs_transfer_add(s->transfer, 1, s->u, &value, err);
        if (rc != AMBS_OK) return rc == AMBS_E_INFEASIBLE ? AMBS_OK : rc;
        if (!(value > best) || c->is_taken(c->search, s->u)) continue;
        best = value;
        *ret_found = true;
        memcpy(ret->x, s->u, d * sizeof *s->u);
    }
    return AMBS_OK;
}

/* Chooses x; *ret_by_model is true where the model did, *next moves on in the design. Where earlier
 * studies are trusted, every other initial trial is already the model's. */
static int choose(ambs_state *s, bool usable, ambs_proposal *ret, uint64_t *next,
                  bool *ret_by_model, ambs_error *err)
{
    const ambs_method_context *c = &s->context;
    bool found = false, early = s->n_alive < s->n_initial;
    int rc = AMBS_OK;
    *ret_by_model = false;
    ambs_random random;
    ambs_random_init(&random, c->spec->seed, ret->trial, AMBS_PURPOSE_SAMPLE);
    bool at_random = ambs_random_uniform(&random) < s->options->random_share;
    bool led = early ? transfers(s, ret->n_told) && s->n_alive % 2 == 1 : !at_random;
    if (usable && led) rc = ask_model(s, ret, ret_by_model, err);
    if (rc != AMBS_OK || *ret_by_model) return rc;
    if (early && led && !usable) rc = ask_transfer(s, &random, ret, &found, err);
    if (rc != AMBS_OK || found) return rc;
    ret->origin = AMBS_ORIGIN_DESIGN;
    if (early) rc = next_design(s, next, ret->x, &found, err);
    if (rc != AMBS_OK || found) return rc;
    ret->origin = AMBS_ORIGIN_RANDOM;
    if (follows_belief(s, ret, &random)) return AMBS_OK;
    return ambs_search_fresh(c, &random, ret->x, err);
}

/* The log goes on by one ask; the counters are functions of the log alone. */
static int record(ambs_state *s, const ambs_proposal *p, ambs_error *err)
{
    double lie =
        isnan(p->lie) ? NAN : ambs_transform_invert(ambs_model_transform(s->arm->model), p->lie);
    int rc = ambs_arms_asked(&s->arms, p->trial, lie, err);
    if (rc == AMBS_OK)
        rc = ambs_worth_asked(&s->worth, p->trial, p->origin == AMBS_ORIGIN_MODEL, err);
    if (rc == AMBS_OK) rc = ambs_pareto_asked(&s->pareto, p->trial, lie, err);
    if (rc != AMBS_OK) return rc;
    s->n_alive++;
    s->n_fits_asked = ambs_model_n_fits(s->arm->model);
    return AMBS_OK;
}

static int ask(void *state, uint64_t id, ambs_proposal *ret, ambs_error *err)
{
    ambs_state *s = state;
    take_turn(s, id);
    uint64_t next = s->next_design;
    bool usable, by_model;
    int rc = update(s, &usable, err);
    if (rc == AMBS_OK && s->belief) rc = ambs_belief_update(s->belief, err);
    if (rc == AMBS_OK && s->transfer) rc = ambs_transfer_update(s->transfer, err);
    if (rc == AMBS_OK) rc = choose(s, usable, ret, &next, &by_model, err);
    if (rc == AMBS_OK && usable && !by_model) rc = judge(s, ret, err);
    ret->n_lies = ambs_model_n_lies(s->arm->model);
    ret->refitted = ambs_model_n_fits(s->arm->model) != s->n_fits_asked;
    if (rc == AMBS_OK) rc = record(s, ret, err);
    if (rc == AMBS_OK) s->next_design = next;
    return rc;
}

static int adopt(void *state, uint64_t id, ambs_proposal *ret, ambs_error *err)
{
    ambs_state *s = state;
    take_turn(s, id);
    bool usable;
    int rc = update(s, &usable, err);
    if (rc == AMBS_OK && usable) rc = judge(s, ret, err);
    ret->n_lies = ambs_model_n_lies(s->arm->model);
    ret->refitted = ambs_model_n_fits(s->arm->model) != s->n_fits_asked;
    return rc == AMBS_OK ? record(s, ret, err) : rc;
}

static int restore(void *state, const ambs_proposal *p, bool adopted, ambs_error *err)
{
    ambs_state *s = state;
    take_turn(s, p->trial);
    if (!adopted && s->n_alive < s->n_initial && p->origin != AMBS_ORIGIN_MODEL) {
        double *x = ambs_calloc(ambs_space_dimension(s->context.space), sizeof *x, err);
        if (!x) return AMBS_E_NOMEM;
        bool found;
        int rc = next_design(s, &s->next_design, x, &found, err);
        if (rc == AMBS_OK && found && !ambs_space_equal(s->context.space, x, p->x))
            rc = ambs_fail(err, AMBS_E_MISMATCH,
                           "trial %llu as recorded is not the next point of the initial design",
                           (unsigned long long)p->trial);
        free(x);
        if (rc != AMBS_OK) return rc;
    }
    return record(s, p, err);
}

static int tell(void *state, uint64_t id, ambs_error *err)
{
    ambs_state *s = state;
    s->n_alive += s->context.trial(s->context.search, id)->origin == AMBS_ORIGIN_OWN;
    ambs_worth_told(&s->worth, id);
    int rc = ambs_arms_told(&s->arms, id, err);
    if (rc == AMBS_OK) rc = ambs_pareto_told(&s->pareto, id, err);
    if (rc == AMBS_OK && s->feasibility) rc = ambs_feasibility_told(s->feasibility, id, err);
    const ambs_known *t = s->context.trial(s->context.search, id);
    if (rc == AMBS_OK && s->transfer && t->state == AMBS_TRIAL_COMPLETE)
        rc = ambs_transfer_told(s->transfer, id, err);
    if (rc == AMBS_OK && s->belief && t->state == AMBS_TRIAL_COMPLETE)
        rc = ambs_belief_told(s->belief, t->x, t->y, err);
    return rc;
}

static int tell_again(void *state, uint64_t id, ambs_error *err)
{
    ambs_state *s = state;
    bool failed = s->context.trial(s->context.search, id)->state == AMBS_TRIAL_FAILED;
    if (failed && s->feasibility) ambs_feasibility_failed_later(s->feasibility);
    return ambs_arms_told_again(&s->arms, id, err);
}

static int cancel(void *state, uint64_t id, ambs_error *err)
{
    ambs_state *s = state;
    s->n_alive--;
    int rc = ambs_arms_cancelled(&s->arms, id, err);
    return rc == AMBS_OK ? ambs_pareto_cancelled(&s->pareto, id, err) : rc;
}

static int no_model(ambs_error *err)
{
    return ambs_fail(err, AMBS_E_NOT_FOUND, "there is no model yet: it needs results");
}

/* By the first arm that holds all trials. */
static int best_by_model(void *state, uint64_t *ret_trial, double *ret_mean, double *ret_sd,
                         ambs_error *err)
{
    ambs_state *s = state;
    const ambs_method_context *c = &s->context;
    uint64_t n = c->n_trials(c->search), best = UINT64_MAX;
    const ambs_arm *arm = &s->arms.arm[ambs_arms_turn(&s->arms, &(ambs_turn){.id = n})];
    if (!ambs_model_exists(arm->model)) return no_model(err);
    int rc = ambs_model_update(arm->model, err);
    double mean, sd, least = INFINITY, its_sd = NAN;
    for (uint64_t id = 0; rc == AMBS_OK && id < n; id++) {
        const ambs_known *t = c->trial(c->search, id);
        if (t->state != AMBS_TRIAL_COMPLETE || isnan(t->y)) continue;
        rc = ambs_surrogate_predict(arm->surrogate, 1, t->x, &mean, &sd, err);
        if (rc != AMBS_OK || !(mean < least)) continue;
        best = id;
        least = mean;
        its_sd = sd;
    }
    if (rc != AMBS_OK) return rc == AMBS_E_NUMERIC ? no_model(err) : rc;
    if (best == UINT64_MAX) return no_model(err);
    *ret_trial = best;
    to_user(s, arm, least, its_sd, ret_mean, ret_sd);
    return AMBS_OK;
}

static void use_engine(void *state, const struct ambs_gp_engine *engine)
{
    ambs_arms_use_engine(&((ambs_state *)state)->arms, engine);
}

static bool takes_engine(const void *options)
{
    const ambs_surrogate_ops *chosen =
        (const ambs_surrogate_ops *)((const ambs_options *)options)->surrogate.member;
    return !chosen || chosen->use_engine;
}

const ambs_method_ops ambs_method_ambs = {
    .member = {.name = "ambs",
               .summary = "asynchronous model-based search with a constant liar",
               .options = option_table,
               .options_size = sizeof(ambs_options)},
    .state_size = sizeof(ambs_state),
    .begins_with_default = true,
    .heeds_priors = true,
    .several_goals = true,
    .init = init,
    .fini = fini,
    .preset = preset,
    .check = check,
    .describe = describe,
    .ask = ask,
    .adopt = adopt,
    .restore = restore,
    .tell = tell,
    .tell_again = tell_again,
    .cancel = cancel,
    .best_by_model = best_by_model,
    .use_engine = use_engine,
    .takes_engine = takes_engine,
};
