/* SPDX-License-Identifier: MIT */
/* The fields of a study, as read. */
#ifndef AMBS_STUDY_SPEC_H
#define AMBS_STUDY_SPEC_H

#include "ambs/study.h"
#include "base/option.h"
#include "base/text.h"
#include "study/warm.h"

struct ambs_method_ops;
struct ambs_objective_ops;

typedef enum ambs_durability {
    AMBS_DURABILITY_GROUP, /* acknowledged after the group commit; the next trial does not wait */
    AMBS_DURABILITY_RESULT /* the slot waits for the durable acknowledgement */
} ambs_durability;

typedef struct ambs_budget {
    uint64_t trials;          /* 0: no limit */
    double time_s;            /* of all lives together; NaN: no limit */
    uint64_t failures_total;  /* 0: no limit */
    uint64_t failures_in_row; /* 0: no limit; default 20 */
} ambs_budget;

typedef enum ambs_keep { AMBS_KEEP_NEVER, AMBS_KEEP_FAILED, AMBS_KEEP_ALWAYS } ambs_keep;

/* What is recorded of standard output and standard error, each; the rest is read and dropped. */
typedef struct ambs_output_limits {
    size_t head_bytes, tail_bytes; /* kept of each stream of an attempt; 16 KiB each */
    double complete_bytes;         /* instead, of the end, where it has not failed; NaN: the same */
    double total_bytes;            /* of the study; 1 GiB */
    double limit_bytes;            /* of each stream, printed: more ends the attempt; NaN: none */
} ambs_output_limits;

typedef struct ambs_trial_limits {
    uint32_t ranks, cores, gpus; /* what one slot owns: 1, 1, 0 */
    bool cores_given;            /* else a slot's cores follow from those of its host */
    double memory_bytes;         /* NaN: not limited */
    double timeout_s;            /* NaN: none */
    double grace_s;              /* between TERM and KILL; 5 */
    uint32_t attempts;           /* of one trial when workers are lost; 2 */
    char *scratch;               /* where the folders of attempts are made; NULL: $TMPDIR or /tmp */
    ambs_keep keep;              /* which of these folders stay */
    bool in_study_folder;        /* commands work in the study's folder, not in the attempt's */
    ambs_output_limits output;
    bool checkpoint; /* trials save on SIGUSR1 and go on from what was saved */
} ambs_trial_limits;

/* How hosts are divided into slots (cluster/layout.h). */
enum { AMBS_SLOTS_FIT = -1, AMBS_SLOTS_BY_RULE = -2 };
typedef struct ambs_slot_settings {
    int32_t per_rank;    /* 0: by the rule; AMBS_SLOTS_FIT: as many as fit */
    char *cores;         /* "0-31": only these of each host; NULL: all */
    double memory_bytes; /* of each host, for all its trials together; NaN: all */
    char **gpus;         /* [n_gpus] only these of each host; where none can be seen, believed */
    size_t n_gpus;
    char *gpu_variable; /* through which a trial gets its GPUs; NULL: by their kind */
} ambs_slot_settings;

typedef struct ambs_manager_settings {
    int32_t slots; /* slots of rank 0's own; with N = 1 all; AMBS_SLOTS_FIT; by the rule as many
                           as fit where it is alone on its host, else 0 */
    double heartbeat_s; /* agents say they live; 5 */
    double suspect_s;   /* silent so long: suspect; 60 */
    double timeout_s;   /* agents leave when the manager is silent so long; 300 */
    double snapshot_s;  /* least time between snapshots; 30 */
} ambs_manager_settings;

/* Ranks of the model's own (cluster/model_plan.h). */
typedef struct ambs_surrogate_settings {
    uint32_t ranks;      /* 0: rank 0 computes itself */
    uint64_t from;       /* results from which on they do */
    double time_limit_s; /* for one answer; 60 */
} ambs_surrogate_settings;

typedef enum ambs_on_deadline {
    AMBS_ON_DEADLINE_STOP,
    AMBS_ON_DEADLINE_REQUEUE, /* the batch job puts itself back into the queue */
    AMBS_ON_DEADLINE_RESUBMIT /* its job script is submitted once more */
} ambs_on_deadline;

typedef struct ambs_continuation {
    ambs_on_deadline action; /* when the batch job's deadline ends a life */
    uint32_t lives;          /* of the study, at most; 100 */
} ambs_continuation;

/* Failed attempts that are run again before the trial counts as failed. */
typedef struct ambs_retry {
    uint32_t max;     /* after the first attempt; 0: none */
    uint32_t reasons; /* bit i: those with reason i */
} ambs_retry;

/* How often a configuration is evaluated: max <= 1 means once. */
typedef struct ambs_repeats {
    uint32_t min, max; /* equal: each exactly so often; else further ones go to the best (a race) */
    double confidence; /* with which a race wants to know the best, and of the intervals shown */
} ambs_repeats;

/* Whether configurations are evaluated more than once; `budget.trials` counts evaluations then. */
static inline bool ambs_repeats_on(const ambs_repeats *repeats)
{
    return repeats->max > 1;
}

/* Evaluations without which a configuration is the best only where none has them: `min`, and two in
 * a race. */
static inline uint32_t ambs_repeats_to_lead(const ambs_repeats *repeats)
{
    return repeats->min < 2 && repeats->max > 1 ? 2 : repeats->min;
}

bool ambs_retry_names(const ambs_retry *retry, ambs_reason reason);
void ambs_retry_print(const ambs_retry *retry, ambs_text *out); /* "exit, timeout" */

/* A name and its value as the user wrote them. */
typedef struct ambs_spec_pair {
    char *name, *value;
} ambs_spec_pair;

/* One of several goals. */
enum { AMBS_MAX_GOALS = 8 };
typedef struct ambs_spec_goal {
    char *name;
    ambs_goal goal;
    double target, reference; /* in the user's direction; NaN: none */
} ambs_spec_goal;

struct ambs_spec {
    char *text; /* the file's own text, its last line ended, kept for the record; settings of the
                   command line and a ConfigSpace file stand behind it as comments that
                   ambs_spec_parse() reads again, so the text alone gives the same spec */
    char *file; /* as named, for messages */
    ambs_setting *settings; /* [n_settings] copies of the `--set` that were applied: file, text and
                               settings give the same spec again (agents, trial hosts) */
    size_t n_settings;
    char *name;    /* study.name, default: the file's name without its ending */
    uint64_t seed; /* study.seed, default 0 */
    char *metric;  /* metric.name, default "objective" */
    ambs_goal goal;
    double target;         /* in the user's direction; NaN: none */
    ambs_spec_goal *goals; /* [n_goals] where the study has several (`metrics:`): metric and goal
                              are those of the first, target is NaN; NULL and 0 where it has one */
    size_t n_goals;
    ambs_space *space;
    const struct ambs_objective_ops *objective; /* NULL where the file has none (serve) */
    void *objective_options;
    ambs_spec_pair *objective_settings; /* what the section says, in its order, the kind first: for
                                printing and comparing, since set_other() keeps its own */
    size_t n_objective_settings;
    char **argv;                          /* objective command: NULL-terminated; else NULL */
    const struct ambs_method_ops *method; /* never NULL; default ambs */
    void *method_options;
    double
        *initial_points; /* [n_initial, d] the user's own points (method.initial.points), first */
    size_t n_initial;
    ambs_warm warm; /* what is taken over from earlier studies (warm_start) */
    char *fidelity; /* name of the fidelity parameter (stopping.fidelity); NULL */
    double fidelity_min, fidelity_max;
    ambs_budget budget;
    ambs_trial_limits trial;
    ambs_durability durability;
    ambs_manager_settings manager;
    ambs_surrogate_settings surrogate;
    ambs_continuation on_deadline;
    ambs_slot_settings slots;
    ambs_retry retry;
    ambs_repeats repeats;
    char **notes; /* what was read other than literally (an ordinal by inference, W&B); `ambs
                     check` prints them, `ambs run` logs them */
    size_t n_notes;
    bool keeps_plan;      /* the study began with another budget: */
    uint64_t plan_trials; /* budget.trials at that time */
    uint64_t digest;      /* see ambs_spec_digest() */
};

/* How many configurations `trials` of a budget pay for, each evaluated as seldom as it may be; 0: no
 * limit. */
static inline uint64_t ambs_spec_configurations(const struct ambs_spec *spec, uint64_t trials)
{
    return ambs_repeats_on(&spec->repeats) ? trials / spec->repeats.min : trials;
}
/* Those that the search plans with: a function of how the study began, since the size of a design
 * must not change when a study is resumed with another budget. */
static inline uint64_t ambs_spec_planned(const struct ambs_spec *spec)
{
    return ambs_spec_configurations(spec,
                                    spec->keeps_plan ? spec->plan_trials : spec->budget.trials);
}

/* Reads a recorded text (ambs_spec.text) to look at what was done: as ambs_spec_parse(), but what
 * lies outside the text (programs, data sets) is not looked for, since it may be gone or on another
 * machine. */
int ambs_spec_parse_recorded(const char *text, size_t length, const char *name,
                             ambs_spec **ret_spec, ambs_error *err);
/* Prints the study as understood: what `ambs check` shows. `output` is where the study file will
 * go. */
void ambs_spec_print(const ambs_spec *spec, const char *output, ambs_text *out);
/* The keys that may differ when a study is resumed are workers, budget, trial limits, retry, slots,
 * manager, surrogate, durability, on_deadline, metric.target; another space, seed, metric, objective,
 * method or repeats is AMBS_E_MISMATCH
 * with each difference
 * ("seed: 7 in the study, 8 in the file"). */
int ambs_spec_check_resume(const ambs_spec *recorded, const ambs_spec *now, ambs_error *err);
/* AMBS_E_MISMATCH where two studies are over different spaces, with each difference; the names say where it
 * is found. */
int ambs_spec_check_space(const ambs_spec *spec_a, const char *name_a, const ambs_spec *spec_b,
                          const char *name_b, ambs_error *err);
/* The study goes on as it began: with what it took from earlier ones, and with the budget that it
 * planned with. Moves that from the recorded spec into `now`, and into its text. After
 * ambs_spec_check_resume(). */
int ambs_spec_adopt_begin(ambs_spec *now, ambs_spec *recorded, ambs_error *err);
/* What a resumed study must agree on, as one number: computed when the study was read. */
uint64_t ambs_spec_digest(const ambs_spec *spec);

#endif
