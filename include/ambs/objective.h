/* SPDX-License-Identifier: MIT */
/* Plug-ins: an objective of your own in a shared library, in C, C++ or any language that can export a C
 * struct. A study names it by `objective: {plugin: ./libmodel.so}`; the path is relative to the study
 * file. Nothing has to be linked: this header is all that a plug-in needs.
 *
 *   static int evaluate(void *state, ambs_evaluation *e, double *ret_objective)
 *   {
 *       double x = ambs_evaluation_float(e, "x");
 *       *ret_objective = (x - 1) * (x - 1);
 *       return 0;
 *   }
 *
 *   const ambs_plugin ambs_plugin_main = {
 *       .abi_version = AMBS_PLUGIN_ABI, .size = sizeof(ambs_plugin), .name = "parabola",
 *       .summary = "(x - 1) squared", .evaluate = evaluate};
 *
 * Where it runs. A plug-in without `comm_bytes` runs in a process beside the MPI program: open() once,
 * evaluate() for one trial after the other, close(). A crash, or trial.timeout, costs one attempt, and
 * the next one begins with open() in a new process.
 *
 * A plug-in with `comm_bytes` computes on an MPI communicator of trial.ranks ranks and therefore runs in
 * these ranks themselves. Each of them calls open() and evaluate(), with the same configuration; what
 * rank 0 of the communicator gives is the trial's result, and the trial fails where any rank returns
 * other than 0. Its crash, or trial.timeout (which is needed then), ends these ranks; the study goes on
 * with the other groups. MPI errors on the communicator are returned (MPI_ERRORS_RETURN). It must leave
 * MPI initialised: with BLACS, that is Cblacs_exit(1) or none.
 *
 * Functions marked collective are called by every rank of the communicator, all others are local. A
 * plug-in calls them from the thread that it was called in. Texts and structs that it is given are
 * borrowed until the call it was given them in returns. */
#ifndef AMBS_OBJECTIVE_H
#define AMBS_OBJECTIVE_H

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "ambs/trial.h"

#ifdef __cplusplus
extern "C" {
#endif

/* The version of this interface. Fields are only ever added, at the end of the structs, which say how
 * long they are; a change that old plug-ins would not survive gets a new number. */
#define AMBS_PLUGIN_ABI    1
#define AMBS_PLUGIN_SYMBOL "ambs_plugin_main"

typedef enum ambs_plugin_type {
    AMBS_PLUGIN_FLOAT = 0, /* a number */
    AMBS_PLUGIN_INT = 1,   /* a whole number */
    AMBS_PLUGIN_TEXT = 2   /* anything, as text */
} ambs_plugin_type;

/* An option that the study may set beside `plugin:`. */
typedef struct ambs_plugin_option {
    const char *name; /* NULL ends the table */
    ambs_plugin_type type;
    const char *initial; /* the default, as a user would write it; NULL: the study must give it */
    const char *help;    /* one sentence with the unit */
} ambs_plugin_option;

/* A parameter that the plug-in reads. With a table of them a study that lacks one, misspells one or gives
 * it another type is refused before it starts. */
typedef struct ambs_plugin_parameter {
    const char *name; /* NULL ends the table */
    ambs_plugin_type type;
    int optional; /* 1: a study may do without it */
} ambs_plugin_parameter;

typedef struct ambs_opening ambs_opening;
typedef struct ambs_evaluation ambs_evaluation;

/* What a plug-in exports as `ambs_plugin_main`. What is left out is 0. */
typedef struct ambs_plugin {
    uint32_t abi_version;                    /* AMBS_PLUGIN_ABI */
    uint32_t size;                           /* sizeof(ambs_plugin) */
    const char *name;                        /* one word */
    const char *summary;                     /* one line for people */
    const ambs_plugin_option *options;       /* NULL: none */
    const ambs_plugin_parameter *parameters; /* NULL: whatever the study has */
    /* sizeof(MPI_Comm): computes on a communicator; 0: on one process. */
    uint32_t comm_bytes;
    uint32_t reserved;
    /* Once in each process, before its first trial: reads data, gets memory. Collective. Other than 0 fails
     * every trial of that process; ambs_opening_fail() says why. NULL: nothing. */
    int (*open)(ambs_opening *opening, void **ret_state);
    /* One trial: 0 and the objective, in the user's own direction (never turned round for `goal: maximize`); other
     * than 0 fails the trial, and ambs_evaluation_fail() says why. Collective. A value that is not finite
     * fails it, too. */
    int (*evaluate)(void *state, ambs_evaluation *evaluation, double *ret_objective);
    /* At the end, where the process lives to see it. Collective. NULL: nothing. */
    void (*close)(void *state);
} ambs_plugin;

/* The one thing that a plug-in exports. */
extern AMBS_API const ambs_plugin ambs_plugin_main;

/* What ambs does for a plug-in; used through the functions below. */
typedef struct ambs_plugin_calls {
    uint32_t size, reserved;
    double (*option_number)(ambs_opening *o, const char *name);
    const char *(*option_text)(ambs_opening *o, const char *name);
    void (*opening_fail)(ambs_opening *o, const char *text);
    int (*is_active)(ambs_evaluation *e, const char *name);
    double (*number)(ambs_evaluation *e, const char *name);
    const char *(*text)(ambs_evaluation *e, const char *name);
    int (*report)(ambs_evaluation *e, long long step, const char *metric, double value);
    void (*metric)(ambs_evaluation *e, const char *name, double value);
    const char *(*scratch)(ambs_evaluation *e);
    void (*log)(ambs_evaluation *e, const char *text);
    void (*fail_with)(ambs_evaluation *e, const char *text);
    const char *(*checkpoint)(ambs_evaluation *e); /* these two: where `size` reaches */
    const char *(*resume)(ambs_evaluation *e);
} ambs_plugin_calls;

/* What open() is given. */
struct ambs_opening {
    uint32_t size;    /* of this struct: fields of later versions exist where it reaches */
    uint32_t n_cores; /* trial.cores: how many threads it may use */
    const ambs_plugin_calls *calls;
    const char *folder; /* of the study file, "." where it has none: relative paths belong there */
    const char *metric; /* the study's metric */
    int rank, n_ranks;  /* in the communicator; 0 and 1 without */
    const void *comm;   /* the address of the MPI_Comm; NULL without */
    int comm_fortran;   /* the same as an MPI_Fint */
    int reserved;
};

/* What evaluate() is given. */
struct ambs_evaluation {
    uint32_t size;
    uint32_t attempt; /* 1 for the first */
    const ambs_plugin_calls *calls;
    uint64_t trial;
    uint64_t seed;   /* of this trial, whoever runs it; below 2^31 */
    double fidelity; /* NaN where the study has none */
    int rank, n_ranks;
    const void *comm;
    int comm_fortran;
    uint32_t n_cores;
};

/* --- options, in open() ---------------------------------------------------------------------- */

static inline double ambs_opening_float(ambs_opening *o, const char *option)
{
    return o->calls->option_number(o, option);
}

static inline long long ambs_opening_int(ambs_opening *o, const char *option)
{
    return (long long)o->calls->option_number(o, option);
}

/* The option as it stands in the study, or its default. */
static inline const char *ambs_opening_text(ambs_opening *o, const char *option)
{
    return o->calls->option_text(o, option);
}

/* --- the configuration, in evaluate() -------------------------------------------------------- */
/* A name that the study does not have, or a category read as a number, fails the trial with a message
 * that says so, whatever evaluate() returns. */

/* False for a parameter whose `when` does not hold. */
static inline int ambs_evaluation_is_active(ambs_evaluation *e, const char *parameter)
{
    return e->calls->is_active(e, parameter);
}

/* The value, or that of a level which is a number; true is 1. NaN where inactive. */
static inline double ambs_evaluation_float(ambs_evaluation *e, const char *parameter)
{
    return e->calls->number(e, parameter);
}

/* The same for whole numbers; 0 where inactive. */
static inline long long ambs_evaluation_int(ambs_evaluation *e, const char *parameter)
{
    double value = e->calls->number(e, parameter);
    return value == value ? (long long)value : 0;
}

/* The category, or any other value, as the user would write it; "" where inactive. */
static inline const char *ambs_evaluation_text(ambs_evaluation *e, const char *parameter)
{
    return e->calls->text(e, parameter);
}

/* --- what a trial tells ---------------------------------------------------------------------- */

/* One point of the curve of `metric` (NULL: the study's): AMBS_CONTINUE, or else end soon and return 0
 * with what there is. Collective; rank 0's value counts and all get the same answer. Steps rise. */
static inline ambs_decision ambs_evaluation_report(ambs_evaluation *e, long long step,
                                                   const char *metric, double value)
{
    return (ambs_decision)e->calls->report(e, step, metric, value);
}

/* A number beside the objective, for the study file; at most AMBS_MAX_METRICS. Rank 0's count. */
static inline void ambs_evaluation_metric(ambs_evaluation *e, const char *name, double value)
{
    e->calls->metric(e, name, value);
}

/* An empty folder of this attempt and this rank, removed after it; "" where it cannot be made, which
 * fails the trial. */
static inline const char *ambs_evaluation_scratch(ambs_evaluation *e)
{
    return e->calls->scratch(e);
}

/* A line for the log: shown by `ambs try` and with --verbose. */
#if defined(__GNUC__)
#define AMBS_PLUGIN_PRINTF __attribute__((format(printf, 2, 3)))
#else
#define AMBS_PLUGIN_PRINTF
#endif

static inline void ambs_evaluation_log(ambs_evaluation *e, const char *format,
                                       ...) AMBS_PLUGIN_PRINTF;
static inline void ambs_evaluation_log(ambs_evaluation *e, const char *format, ...)
{
    char text[AMBS_MESSAGE_SIZE];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    e->calls->log(e, text);
}

/* With `trial.checkpoint` in the study: the folder, new and beside the study file, in which this attempt
 * may save its state, the same in all ranks of a communicator; at the latest when a report is answered by
 * AMBS_STOP, which near the end of a batch job it is. What is saved there in whole (no name that begins
 * with a dot or ends in .part, .partial or .tmp) an attempt that is made again finds by the function
 * below; both go with the trial's result. NULL without trial.checkpoint, in `ambs try`, by an ambs that
 * is too old, and where the folder cannot be made (said in the log). Costs a few operations of the shared
 * file system at the first call of an attempt. */
static inline const char *ambs_evaluation_checkpoint(ambs_evaluation *e)
{
    if (e->calls->size <= offsetof(ambs_plugin_calls, resume)) return NULL;
    return e->calls->checkpoint(e);
}

/* The folder that the last attempt of this trial which saved something has saved it in; NULL: none. */
static inline const char *ambs_evaluation_resume(ambs_evaluation *e)
{
    if (e->calls->size <= offsetof(ambs_plugin_calls, resume)) return NULL;
    return e->calls->resume(e);
}

/* Why the trial fails; returns 1, so that `return ambs_evaluation_fail(e, "…");` does it. */
static inline int ambs_evaluation_fail(ambs_evaluation *e, const char *format,
                                       ...) AMBS_PLUGIN_PRINTF;
static inline int ambs_evaluation_fail(ambs_evaluation *e, const char *format, ...)
{
    char text[AMBS_MESSAGE_SIZE];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    e->calls->fail_with(e, text);
    return 1;
}

static inline int ambs_opening_fail(ambs_opening *o, const char *format, ...) AMBS_PLUGIN_PRINTF;
static inline int ambs_opening_fail(ambs_opening *o, const char *format, ...)
{
    char text[AMBS_MESSAGE_SIZE];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    o->calls->opening_fail(o, text);
    return 1;
}

/* --- the communicator, where mpi.h was included before this header ---------------------------- */

#ifdef MPI_VERSION
/* The communicator of this plug-in's ranks, for its own use only; it outlives every trial. Only with
 * `.comm_bytes = sizeof(MPI_Comm)`. */
static inline MPI_Comm ambs_opening_comm(const ambs_opening *o)
{
    return *(const MPI_Comm *)o->comm;
}

static inline MPI_Comm ambs_evaluation_comm(const ambs_evaluation *e)
{
    return *(const MPI_Comm *)e->comm;
}
#endif

#ifdef __cplusplus
}
#endif
#endif
