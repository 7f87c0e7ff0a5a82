/* SPDX-License-Identifier: MIT */
/* Objectives: one file per kind (function, train, command). A hosted kind is evaluated in the
 * persistent trial host of a slot; the command kind becomes a process of its own per attempt. No
 * kind runs in the process that holds MPI. */
#ifndef AMBS_OBJECTIVE_OBJECTIVE_H
#define AMBS_OBJECTIVE_OBJECTIVE_H

#include <stdbool.h>

#include "ambs/trial.h"
#include "base/option.h"
#include "space/space.h"

struct ambs_trial_limits;

/* One attempt as an objective sees it. Borrowed for the call. */
typedef struct ambs_attempt {
    uint64_t trial;
    uint32_t attempt; /* 1 for the first */
    uint32_t repeat;  /* 0 for the first evaluation of the configuration */
    uint64_t
        study_seed;  /* streams are keyed (study_seed, trial, purpose): the same on any worker; the
                       study's, but for a repeat (ambs_evaluation_seed) */
    double fidelity; /* NaN where the study has none */
    const double *x; /* [d] configuration */
} ambs_attempt;

/* The seed that a trial's own program gets: below 2^31, as most generators want it. */
uint64_t ambs_attempt_seed(const ambs_attempt *attempt);

/* Hands one step report up and gets the answer. Called from evaluate(). */
typedef struct ambs_reporter {
    ambs_decision (*report)(void *ctx, long long step, const char *metric, double value);
    void *ctx;
    void (*log)(void *ctx, const char *line); /* a line for people; may be NULL */
} ambs_reporter;

typedef struct ambs_objective_ops {
    ambs_member member; /* name is the key in the `objective:` section that selects the kind; its
                           value is the option of the same name. */
    bool hosted;
    bool checkpoints;     /* attempts may save their state and go on from it (trial.checkpoint) */
    bool own_temporaries; /* hosted: $TMPDIR is a folder that goes with the host, even by a crash */
    /* Called once the kind's own value is set, before all others: `file` names the study, to whose
     * folder relative paths belong. `looks`: the study is read from that file to be checked or run,
     * in a process without MPI: what lies outside may be looked at, by a child process. NULL:
     * nothing. */
    int (*place)(void *options, const char *file, bool looks, ambs_error *err);
    /* An option that member.options does not have (the trainer's hyperparameters under `train`).
     * NULL: such names are errors. Returns as ambs_options_set does. */
    int (*set_other)(void *options, const char *name, const char *value, ambs_error *err);
    /* Called once when the study is read: the space must suit (dimension, names). `metric` is the
     * name of the study's metric. */
    int (*check)(const void *options, const ambs_space *space, const char *metric, ambs_error *err);
    /* Called when the study is read to be used, also where other things in it are wrong, with the
     * options that were set: what is wrong with the option `*ret_option` whatever the space is (the file is
     * not there, the name is not known). NULL: nothing. */
    int (*check_options)(const void *options, const char **ret_option, ambs_error *err);
    /* Called once when the study is read: the limits must suit. NULL: one rank. */
    int (*check_trial)(const void *options, const struct ambs_trial_limits *trial, ambs_error *err);
    /* The same for the argument vector of the kind command (NULL-terminated) of the study `file`;
     * other kinds: NULL. */
    int (*check_argv)(char *const *argv, const ambs_space *space, const char *file,
                      ambs_error *err);
    /* What there is to say about the objective on this space, for `ambs check`: a line, and a line
     * of its own
     * ("\n  …") for each thing worth a second look (bounds outside a published domain). NULL:
     * nothing. */
    void (*describe)(const void *options, const ambs_space *space, ambs_text *out);
    /* Hosted kinds: open once per trial host (loads data; space and metric outlive the state),
     * evaluate many, close. `ret` is zeroed with objective NaN; evaluate fills objective, state,
     * reason, metrics, message; times are the caller's. */
    int (*open)(const void *options, const ambs_space *space, const char *metric, void **ret_state,
                ambs_error *err);
    int (*evaluate)(void *state, const ambs_attempt *attempt, const ambs_reporter *reporter,
                    ambs_outcome *ret, ambs_error *err);
    void (*close)(void *state);
    /* Frees what set_other() put into options beyond the table; NULL: nothing. */
    void (*fini)(void *options);
    /* The names of all that its results may hold beside the metric, ends with NULL: what a study with
     * several metrics can search for. NULL: what the trial tells is its own affair. */
    const char *const *also;
} ambs_objective_ops;

extern const ambs_objective_ops *const ambs_objective_registry[];

#endif
