/* SPDX-License-Identifier: MIT */
/* A plug-in that does what the parameter `do` says; and, by macros, libraries that are none. */
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ambs/objective.h"

#ifdef PROBE_CRASH
__attribute__((constructor)) static void crash(void)
{
    signal(SIGSEGV, SIG_DFL);
    raise(SIGSEGV);
}
#endif
#ifdef PROBE_EXIT
__attribute__((constructor)) static void leave(void)
{
    fputs("no licence found\n", stderr);
    exit(0);
}
#endif

#ifndef PROBE_NO_SYMBOL
typedef struct state {
    double offset;
    long long n;
} state;

static int open_probe(ambs_opening *o, void **ret_state)
{
    static state only;
    only = (state){ambs_opening_float(o, "offset"), ambs_opening_int(o, "n")};
    if (only.n == 13) return ambs_opening_fail(o, "%lld is bad luck", only.n);
    if (strcmp(ambs_opening_text(o, "word"), "") == 0) return 4;
    *ret_state = &only;
    return 0;
}

static int report_steps(ambs_evaluation *e, double *ret_objective)
{
    for (int step = 1; step <= 5; step++) {
        *ret_objective = 10.0 / step;
        if (ambs_evaluation_report(e, step, step == 2 ? "loss" : NULL, *ret_objective) !=
            AMBS_CONTINUE)
            break;
    }
    return 0;
}

static int use_scratch(ambs_evaluation *e)
{
    char path[4200];
    snprintf(path, sizeof path, "%s/file", ambs_evaluation_scratch(e));
    FILE *file = fopen(path, "wx");
    if (!file) return ambs_evaluation_fail(e, "%.150s is not empty, or not there", path);
    fclose(file);
    ambs_evaluation_log(e, "scratch %s", ambs_evaluation_scratch(e));
    if (ambs_evaluation_float(e, "x") > 0.75) raise(SIGKILL);
    return 0;
}

/* Saves x and dies; an attempt that finds it gives it back. */
static int use_checkpoint(ambs_evaluation *e, double *ret_objective)
{
    char path[4200];
    const char *own = ambs_evaluation_checkpoint(e), *before = ambs_evaluation_resume(e);
    if (!own) return ambs_evaluation_fail(e, "no folder for checkpoints");
    if (before && strcmp(own, before) == 0) return ambs_evaluation_fail(e, "a shared folder");
    snprintf(path, sizeof path, "%s/state", before ? before : own);
    FILE *file = fopen(path, before ? "r" : "w");
    if (!file) return ambs_evaluation_fail(e, "%.150s is not there", path);
    if (before && fscanf(file, "%lf", ret_objective) != 1) *ret_objective = -1;
    if (!before) fprintf(file, "%g\n", 42.0);
    fclose(file);
    if (!before) raise(SIGKILL);
    return 0;
}

static int evaluate(void *s, ambs_evaluation *e, double *ret_objective)
{
    const state *own = s;
    const char *what = ambs_evaluation_text(e, "do");
    double x = ambs_evaluation_float(e, "x");
    *ret_objective = x + own->offset;
    ambs_evaluation_metric(e, "twice", 3 * x);
    ambs_evaluation_metric(e, "twice", 2 * x);
    ambs_evaluation_metric(e, "layers", (double)ambs_evaluation_int(e, "layers"));
    ambs_evaluation_metric(e, "active", ambs_evaluation_is_active(e, "momentum"));
    ambs_evaluation_metric(e, "momentum", ambs_evaluation_float(e, "momentum"));
    ambs_evaluation_metric(e, "seed", (double)e->seed);
    if (strcmp(what, "crash") == 0) {
        signal(SIGSEGV, SIG_DFL);
        raise(SIGSEGV);
    }
    if (strcmp(what, "hang") == 0)
        for (;;) pause();
    if (strcmp(what, "exit") == 0) exit(0);
    if (strcmp(what, "fail") == 0)
        return ambs_evaluation_fail(e, "the matrix is singular at %g", x);
    if (strcmp(what, "return") == 0) return -3;
    if (strcmp(what, "nan") == 0) *ret_objective = NAN;
    if (strcmp(what, "unknown") == 0) ambs_evaluation_float(e, "learning_rate");
    if (strcmp(what, "word") == 0) ambs_evaluation_float(e, "do");
    if (strcmp(what, "report") == 0) return report_steps(e, ret_objective);
    if (strcmp(what, "scratch") == 0) return use_scratch(e);
    if (strcmp(what, "checkpoint") == 0) return use_checkpoint(e, ret_objective);
    return 0;
}

static const ambs_plugin_option options[] = {
    {"offset", AMBS_PLUGIN_FLOAT, "0.5", "added to the objective"},
    {"n", AMBS_PLUGIN_INT, "1", "a number"},
    {"word", AMBS_PLUGIN_TEXT, PROBE_WORD, "a word"},
    {NULL, AMBS_PLUGIN_FLOAT, NULL, NULL},
};

static const ambs_plugin_parameter parameters[] = {
    {"x", AMBS_PLUGIN_FLOAT, 0},    {"do", AMBS_PLUGIN_TEXT, 0},
    {"layers", AMBS_PLUGIN_INT, 0}, {"momentum", AMBS_PLUGIN_FLOAT, 1},
    {NULL, AMBS_PLUGIN_FLOAT, 0},
};

const ambs_plugin ambs_plugin_main = {
#ifdef PROBE_VERSION
    .abi_version = PROBE_VERSION,
#else
    .abi_version = AMBS_PLUGIN_ABI,
#endif
#ifdef PROBE_SIZE
    .size = PROBE_SIZE,
#else
    .size = sizeof(ambs_plugin),
#endif
    .name = "probe",
    .summary = "does what it is told",
    .options = options,
    .parameters = parameters,
    .open = open_probe,
#ifndef PROBE_NO_EVALUATE
    .evaluate = evaluate,
#endif
};
#endif
