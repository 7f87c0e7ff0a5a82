/* SPDX-License-Identifier: MIT */
/* The hostile member of the family: everything that a trial must not be able to harm its host's
 * owner by. */
#include <math.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/memory.h"
#include "objective/objective.h"

enum {
    BEHAVE,
    CRASH,
    ABORT,
    HANG,
    IGNORE_TERM,
    GIVE_NAN,
    GIVE_INFINITE,
    EXIT,
    REFUSE,
    REFUSE_OPEN,
    LEAK,
    BY_PARAMETER
};
static const char *const behaviours[] = {"behave", "crash",        "abort", "hang",   "ignore_term",
                                         "nan",    "infinite",     "exit",  "refuse", "refuse_open",
                                         "leak",   "by_parameter", NULL};

typedef struct hostile_options {
    int hostile;
} hostile_options;

static const ambs_option options[] = {
    {"hostile", AMBS_OPTION_CHOICE, offsetof(hostile_options, hostile), "behave", 1, 0, behaviours,
     "What a trial does; by_parameter: the first parameter's level names it."},
    {.name = NULL},
};

typedef struct hostile_state {
    const ambs_space *space;
    int behaviour;
} hostile_state;

static int open_hostile(const void *opts, const ambs_space *space, const char *metric,
                        void **ret_state, ambs_error *err)
{
    (void)metric;
    const hostile_options *o = opts;
    if (o->hostile == REFUSE_OPEN)
        return ambs_fail(err, AMBS_E_NOT_FOUND,
                         "the hostile objective cannot be opened, as was asked for");
    hostile_state *s = ambs_calloc(1, sizeof *s, err);
    if (!s) return AMBS_E_NOMEM;
    *s = (hostile_state){.space = space, .behaviour = o->hostile};
    *ret_state = s;
    return AMBS_OK;
}

static int behaviour_of(const hostile_state *s, const ambs_attempt *attempt)
{
    char buffer[64];
    if (s->behaviour != BY_PARAMETER) return s->behaviour;
    const char *name = ambs_space_format(s->space, 0, attempt->x[0], buffer);
    for (int i = 0; behaviours[i]; i++)
        if (strcmp(behaviours[i], name) == 0) return i;
    return BEHAVE;
}

static void crash(void)
{
    /* A sanitizer would turn the signal into an exit. */
    signal(SIGSEGV, SIG_DFL);
    raise(SIGSEGV);
}

static void hang(void)
{
    for (;;) ambs_clock_sleep_s(1);
}

/* Takes memory in steps, up to half a GiB. */
static void leak(void)
{
    enum { STEP = 1 << 20, STEPS = 512 };
    for (int i = 0; i < STEPS; i++) {
        /* volatile: a compiler may leave out memory that nobody reads */
        char *volatile lost = malloc(STEP);
        if (lost) memset(lost, i, STEP);
        ambs_clock_sleep_s(0.001);
    }
    hang();
}

static int evaluate(void *state, const ambs_attempt *attempt, const ambs_reporter *reporter,
                    ambs_outcome *ret, ambs_error *err)
{
    (void)reporter;
    ret->state = AMBS_TRIAL_COMPLETE;
    ret->objective = 1;
    switch (behaviour_of(state, attempt)) {
    case CRASH:
        crash();
        break;
    case ABORT:
        signal(SIGABRT, SIG_DFL);
        abort();
    case IGNORE_TERM:
        signal(SIGTERM, SIG_IGN);
        hang();
        break;
    case LEAK:
        leak();
        break;
    case HANG:
        hang();
        break;
    case GIVE_NAN:
        ret->objective = NAN;
        break;
    case GIVE_INFINITE:
        ret->objective = INFINITY;
        break;
    case EXIT:
        _exit(3);
    case REFUSE:
        return ambs_fail(err, AMBS_E_INVALID, "the hostile objective refuses, as was asked for");
    default:
        break;
    }
    return AMBS_OK;
}

const ambs_objective_ops ambs_objective_hostile = {
    .member = {.name = "hostile",
               .summary = "crashes, hangs, exits and wrong values",
               .options = options,
               .options_size = sizeof(hostile_options),
               .for_tests = true},
    .hosted = true,
    .open = open_hostile,
    .evaluate = evaluate,
    .close = free,
};
