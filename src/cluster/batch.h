/* SPDX-License-Identifier: MIT */
/* Batch systems: whether this is a job of one, how long it has left, how it goes on, how one is
 * submitted. One member, one file. Everything here is a pure function of an environment and of what
 * the batch system's commands printed: nothing is started (batch_watch.h and `ambs batch` do that),
 * so that recorded answers test it.
 *
 * To add one: batch_<name>.c with `const ambs_batch_ops ambs_batch_<name>`, a word in meson.build,
 * and jobs/<file> where it can be submitted to. */
#ifndef AMBS_CLUSTER_BATCH_H
#define AMBS_CLUSTER_BATCH_H

#include <stdint.h>

#include "base/option.h"

enum { AMBS_BATCH_ID_SIZE = 64, AMBS_BATCH_WORDS_MAX = 16 };

/* In the words of a command this stands for the job's id. */
#define AMBS_BATCH_JOB "{job}"
/* The command line, for a shell, that submits this job once more: job scripts set it. */
#define AMBS_BATCH_RESUBMIT "AMBS_RESUBMIT"
/* Words, NULL-terminated, for the tables of members. */
#define AMBS_BATCH_WORDS(...)                                                                      \
    (const char *const[])                                                                          \
    {                                                                                              \
        __VA_ARGS__, NULL                                                                          \
    }

/* A command that tells the time left, and how its answer is read. */
typedef struct ambs_batch_question {
    const char *const *argv; /* NULL-terminated; looked for in PATH */
    /* Reads all that it printed. *ret_left_s: seconds until the job is ended, from 0; INFINITY: no
     * limit. `wall_s` is the wall clock of the answer, for answers that name an instant.
     * AMBS_E_FORMAT where the answer is not understood, AMBS_E_NOT_FOUND where it does not tell. */
    int (*read)(const char *answer, const char *id, double wall_s, double *ret_left_s,
                ambs_error *err);
} ambs_batch_question;

/* What a submission asks for. Strings NULL and counts 0: as the template says. */
typedef struct ambs_batch_request {
    uint32_t nodes, cores, gpus; /* cores and GPUs of one node */
    double time_s;               /* NaN: as the template says */
    const char *name, *partition, *account;
} ambs_batch_request;

typedef struct ambs_batch_ops {
    ambs_member member;
    /* True in a job of this system; its id goes to ret_id [AMBS_BATCH_ID_SIZE]. */
    bool (*find)(const char *const *environment, char *ret_id);
    /* When the environment tells: the wall clock of the job's end; NaN else. NULL: it never does. */
    double (*end_s)(const char *const *environment);
    const ambs_batch_question *questions; /* tried in this order; argv NULL ends; NULL: none */
    /* Variables of the launcher's kind that these commands need all the same; NULL: none. */
    const char *const *needs;
    const char *const *requeue; /* the command that puts the running job back; NULL: none */
    int requeue_status;         /* the job script's exit status that does it; 0: none */
    /* The hosts and ranks that the job was given; false where it does not say. NULL: likewise. */
    bool (*size)(const char *const *environment, uint32_t *ret_nodes, uint32_t *ret_ranks);
    const char *hostfile; /* variable with the path of a file of hosts for mpirun; NULL: it knows */

    /* Submitting; `submit` NULL: `ambs submit` cannot. */
    const char *const *submit; /* the words before the script */
    const char *const *after;  /* words that make it wait for the end of job {job} */
    const char *const *cancel; /* the command that cancels job {job} */
    bool script_on_stdin;      /* it reads the script there */
    const char *script;        /* in the folder jobs: "slurm.sbatch" */
    const char *prefix;        /* what begins its directives: "#SBATCH" */
    /* Writes the directives of a request, a line each, with the prefix. */
    int (*directives)(const ambs_batch_request *request, ambs_text *out, ambs_error *err);
    /* The job's id in what the submission printed; false where there is none. */
    bool (*read_id)(const char *answer, char *ret_id);
} ambs_batch_ops;

/* Every batch system, NULL-terminated, in the order in which they are looked for (generated). */
extern const ambs_batch_ops *const ambs_batch_registry[];

typedef struct ambs_batch_job {
    const ambs_batch_ops *ops; /* never NULL: `none` outside a job */
    char id[AMBS_BATCH_ID_SIZE];
} ambs_batch_job;

/* The job that this environment (entries NAME=VALUE, NULL-terminated) is in. */
ambs_batch_job ambs_batch_find_job(const char *const *environment);
/* The member of this name. AMBS_E_NOT_FOUND lists those that can be submitted to. */
int ambs_batch_find(const char *name, const ambs_batch_ops **ret_ops, ambs_error *err);
/* "slurm job 123", "no batch job"; buffer of at least 96 bytes. */
const char *ambs_batch_job_text(const ambs_batch_job *job, char *buffer);

/* --- for members ------------------------------------------------------------------------------ */

/* The value of a variable, or NULL where it is not set or empty. */
const char *ambs_batch_variable(const char *const *environment, const char *name);
/* A variable that is a whole number from 1 to 2^31; 0 else. */
uint32_t ambs_batch_count(const char *const *environment, const char *name);
/* find() of a system whose jobs have their id in one variable. */
bool ambs_batch_find_by(const char *const *environment, const char *name, char *ret_id);
/* "D-HH:MM:SS", "HH:MM:SS", "MM:SS", "SS" (each part any number of digits) in seconds. */
bool ambs_batch_parse_span(const char *text, size_t length, double *ret_s);
/* The same in seconds as "D-HH:MM:SS" with `days`, else "HH:MM:SS"; buffer of at least 40 bytes. */
const char *ambs_batch_format_span(double seconds, bool days, char *buffer);
/* "Fri Nov 20 17:05:00 2026" of this host's time zone. */
bool ambs_batch_parse_date(const char *text, double *ret_wall_s);
/* The word that begins at `text`, up to white space, at most `size`-1 bytes. */
const char *ambs_batch_word(const char *text, char *ret_word, size_t size);
/* The first line that is not empty, for messages; at most `size`-1 bytes. */
const char *ambs_batch_line(const char *text, char *ret_line, size_t size);
/* The first run of digits of `answer` (with what follows it up to white space when `whole`). */
bool ambs_batch_first_id(const char *answer, bool whole, char *ret_id);

#endif
