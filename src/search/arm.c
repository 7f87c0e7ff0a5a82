/* SPDX-License-Identifier: MIT */
#include "search/arm.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

/* A Gaussian process costs n³ for a fit; beyond this the forest goes on alone. Many workers would
 * wait for its asks, so it rests while they are many. */
enum { GP_UNTIL = 500, GP_LIES = 256 };
/* Results for each trial in flight, below which the asks are a crowd. */
enum { CROWD = 3 };
/* Where the model has ranks of its own. */
enum { GP_UNTIL_WITH_RANKS = 10000 };

/* The portfolio, in the order of turns. */
static const struct {
    const char *surrogate, *kernel; /* NULL: there is none */
    ambs_transform_kind transform;
    uint64_t until, lies;
    bool leads;
} portfolio[] = {
    {"gp", "anova", AMBS_TRANSFORM_NONE, GP_UNTIL, GP_LIES, false},
    {"forest", NULL, AMBS_TRANSFORM_LOG, UINT64_MAX, UINT64_MAX, false},
    {"gp", "anova", AMBS_TRANSFORM_HALF_RANK, GP_UNTIL, GP_LIES, true},
};
enum { N_PORTFOLIO = sizeof portfolio / sizeof *portfolio };

/* What suits a surrogate that was chosen by name. */
static ambs_transform_kind transform_of(const char *surrogate)
{
    return strcmp(surrogate, "gp") == 0 ? AMBS_TRANSFORM_HALF_RANK : AMBS_TRANSFORM_LOG;
}

/* The next arm, without limits. */
static int add(ambs_arms *arms, const ambs_method_context *context,
               const ambs_arms_settings *settings, const char *name, const void *options,
               ambs_transform_kind transform, ambs_error *err)
{
    ambs_arm *arm = &arms->arm[arms->n++];
    ambs_model_settings model = settings->model;
    model.transform = arm->transform = transform;
    arm->until = arm->lies = UINT64_MAX;
    int rc = ambs_surrogate_create(name, options, context->space, context->spec->seed,
                                   &arm->surrogate, err);
    return rc == AMBS_OK ? ambs_model_create(context, arm->surrogate, &model, &arm->model, err)
                         : rc;
}

/* The options of member i of the portfolio: as they are by default but for the kernel. */
static int choose_kernel(ambs_arm *arm, size_t i, ambs_error *err)
{
    const ambs_surrogate_ops *ops;
    int rc = ambs_surrogate_find(portfolio[i].surrogate, &ops, err);
    if (rc != AMBS_OK) return rc;
    const ambs_option *table = ops->member.options;
    arm->options = ambs_calloc(1, ops->member.options_size, err);
    if (!arm->options) return AMBS_E_NOMEM;
    rc = ambs_options_init(table, arm->options, err);
    return rc == AMBS_OK ? ambs_options_set(table, arm->options, "kernel", portfolio[i].kernel, err)
                         : rc;
}

/* The trial that a member of the portfolio ends before. */
static uint64_t until_of(const ambs_arms_settings *settings, size_t i)
{
    return settings->has_ranks && portfolio[i].until == GP_UNTIL ? GP_UNTIL_WITH_RANKS
                                                                 : portfolio[i].until;
}

int ambs_arms_init(ambs_arms *arms, const ambs_method_context *context,
                   const ambs_arms_settings *settings, ambs_error *err)
{
    const ambs_member *chosen = settings->surrogate->member;
    bool by_itself = settings->transform == AMBS_TRANSFORM_AUTO;
    ambs_transform_kind given = (ambs_transform_kind)settings->transform;
    if (chosen)
        return add(arms, context, settings, chosen->name, settings->surrogate->options,
                   by_itself ? transform_of(chosen->name) : given, err);
    int rc = AMBS_OK;
    for (size_t i = 0; rc == AMBS_OK && i < N_PORTFOLIO; i++) {
        if (portfolio[i].kernel) rc = choose_kernel(&arms->arm[i], i, err);
        if (rc == AMBS_OK)
            rc = add(arms, context, settings, portfolio[i].surrogate, arms->arm[i].options,
                     by_itself ? portfolio[i].transform : given, err);
        arms->arm[i].until = until_of(settings, i);
        arms->arm[i].lies = portfolio[i].lies;
        arms->arm[i].leads = portfolio[i].leads;
    }
    return rc;
}

void ambs_arms_fini(ambs_arms *arms)
{
    for (size_t i = 0; i < arms->n; i++) {
        ambs_model_destroy(arms->arm[i].model);
        ambs_surrogate_destroy(arms->arm[i].surrogate);
        free(arms->arm[i].options);
    }
    *arms = (ambs_arms){0};
}

void ambs_arms_use_engine(ambs_arms *arms, const struct ambs_gp_engine *engine)
{
    for (size_t i = 0; i < arms->n; i++) ambs_surrogate_use_engine(arms->arm[i].surrogate, engine);
}

static void add_name(const ambs_arms_settings *settings, size_t i, ambs_text *out)
{
    int kind = settings->transform == AMBS_TRANSFORM_AUTO ? (int)portfolio[i].transform
                                                          : settings->transform;
    ambs_text_addf(out, "%s (%s%s%s)", portfolio[i].surrogate,
                   portfolio[i].kernel ? portfolio[i].kernel : "", portfolio[i].kernel ? ", " : "",
                   ambs_transform_names[kind]);
}

void ambs_arms_describe(const ambs_arms_settings *settings, ambs_text *out)
{
    const ambs_member *chosen = settings->surrogate->member;
    if (chosen) {
        ambs_text_add(out, chosen->name);
        return;
    }
    for (size_t i = 0; i < N_PORTFOLIO; i++) {
        ambs_text_add(out, i == 0 ? "" : i + 1 < N_PORTFOLIO ? ", " : " and ");
        add_name(settings, i, out);
    }
    ambs_text_add(out, " in turn, but ");
    for (size_t i = 0; i < N_PORTFOLIO; i++)
        if (portfolio[i].leads) add_name(settings, i, out);
    ambs_text_addf(out,
                   " alone with fewer than %d results for each trial in flight; from trial %d on, "
                   "and with more than %d in flight, forest alone",
                   CROWD, (int)until_of(settings, 0), GP_LIES);
}

/* True where the trial is too late for the arm: it holds only what came before, and is never asked
 * again. */
static bool is_over(const ambs_arm *arm, uint64_t id)
{
    return id >= arm->until;
}

static bool is_crowded(const ambs_turn *turn)
{
    return turn->n_lies > turn->n_told / CROWD;
}

size_t ambs_arms_turn(const ambs_arms *arms, const ambs_turn *turn)
{
    size_t taking_part[AMBS_ARMS_MAX], n = 0;
    for (size_t i = 0; i < arms->n; i++) {
        const ambs_arm *arm = &arms->arm[i];
        if (is_over(arm, turn->id) || turn->n_lies > arm->lies) continue;
        if (arm->leads && is_crowded(turn)) return i;
        taking_part[n++] = i;
    }
    return taking_part[turn->n_asks % n];
}

int ambs_arms_asked(ambs_arms *arms, uint64_t id, double lie, ambs_error *err)
{
    int rc = AMBS_OK;
    for (size_t i = 0; rc == AMBS_OK && i < arms->n; i++)
        if (!is_over(&arms->arm[i], id)) rc = ambs_model_asked(arms->arm[i].model, id, lie, err);
    return rc;
}

int ambs_arms_told(ambs_arms *arms, uint64_t id, ambs_error *err)
{
    int rc = AMBS_OK;
    for (size_t i = 0; rc == AMBS_OK && i < arms->n; i++)
        if (!is_over(&arms->arm[i], id)) rc = ambs_model_told(arms->arm[i].model, id, err);
    return rc;
}

int ambs_arms_told_again(ambs_arms *arms, uint64_t id, ambs_error *err)
{
    int rc = AMBS_OK;
    for (size_t i = 0; rc == AMBS_OK && i < arms->n; i++)
        if (!is_over(&arms->arm[i], id)) rc = ambs_model_told_again(arms->arm[i].model, id, err);
    return rc;
}

int ambs_arms_cancelled(ambs_arms *arms, uint64_t id, ambs_error *err)
{
    int rc = AMBS_OK;
    for (size_t i = 0; rc == AMBS_OK && i < arms->n; i++)
        if (!is_over(&arms->arm[i], id)) rc = ambs_model_cancelled(arms->arm[i].model, id, err);
    return rc;
}
