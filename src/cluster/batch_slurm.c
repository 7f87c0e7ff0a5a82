/* SPDX-License-Identifier: MIT */
/* Slurm. The time left comes from squeue, else from scontrol; since 23.02 the environment has the
 * end (SLURM_JOB_END_TIME). A job requeues itself by scontrol, keeps its id and appends to its
 * output. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "cluster/batch.h"

static bool find(const char *const *environment, char *ret_id)
{
    return ambs_batch_find_by(environment, "SLURM_JOB_ID", ret_id);
}

static double end_s(const char *const *environment)
{
    double end;
    const char *text = ambs_batch_variable(environment, "SLURM_JOB_END_TIME");
    return text && ambs_parse_double(text, &end) && end > 0 ? end : NAN;
}

/* "1-02:03:04", "UNLIMITED"; a job of several parts has a line for each. */
static int read_squeue(const char *answer, const char *id, double wall_s, double *ret_left_s,
                       ambs_error *err)
{
    char word[32];
    double least = NAN, left;
    (void)wall_s;
    for (const char *at = answer; *at; at += strcspn(at, "\n"), at += *at == '\n') {
        ambs_batch_word(at, word, sizeof word);
        if (strcspn(at, "\n") == 0 || !word[0]) continue;
        if (strcmp(word, "UNLIMITED") == 0)
            left = INFINITY;
        else if (strcmp(word, "INVALID") == 0) /* the limit has passed */
            left = 0;
        else if (!ambs_batch_parse_span(word, strlen(word), &left))
            return ambs_fail(err, AMBS_E_FORMAT,
                             "squeue answered \"%s\", expected the time left as in 1-02:03:04",
                             word);
        if (!(least <= left)) least = left;
    }
    if (isnan(least)) return ambs_fail(err, AMBS_E_NOT_FOUND, "squeue does not know job %s", id);
    *ret_left_s = least;
    return AMBS_OK;
}

static bool field(const char *answer, const char *name, char *ret_word, size_t size)
{
    const char *at = strstr(answer, name);
    if (!at) return false;
    ambs_batch_word(at + strlen(name), ret_word, size);
    return true;
}

/* "… RunTime=00:00:10 TimeLimit=00:05:00 TimeMin=N/A …" */
static int read_scontrol(const char *answer, const char *id, double wall_s, double *ret_left_s,
                         ambs_error *err)
{
    char ran[32], limit[32], line[80];
    double ran_s, limit_s;
    (void)wall_s;
    if (!field(answer, " RunTime=", ran, sizeof ran) ||
        !field(answer, " TimeLimit=", limit, sizeof limit))
        return ambs_fail(err, AMBS_E_FORMAT,
                         "scontrol answered \"%s\" about job %s, expected RunTime and TimeLimit",
                         ambs_batch_line(answer, line, sizeof line), id);
    if (strcmp(limit, "UNLIMITED") == 0) {
        *ret_left_s = INFINITY;
        return AMBS_OK;
    }
    if (!ambs_batch_parse_span(ran, strlen(ran), &ran_s) ||
        !ambs_batch_parse_span(limit, strlen(limit), &limit_s))
        return ambs_fail(err, AMBS_E_FORMAT,
                         "scontrol answered RunTime=%s TimeLimit=%s, expected times as in "
                         "1-02:03:04",
                         ran, limit);
    *ret_left_s = fmax(limit_s - ran_s, 0);
    return AMBS_OK;
}

static bool size(const char *const *environment, uint32_t *ret_nodes, uint32_t *ret_ranks)
{
    uint32_t nodes = ambs_batch_count(environment, "SLURM_JOB_NUM_NODES");
    uint32_t tasks = ambs_batch_count(environment, "SLURM_NTASKS");
    *ret_nodes = nodes ? nodes : 1;
    *ret_ranks = tasks > *ret_nodes ? tasks : *ret_nodes;
    return nodes > 0;
}

static int directives(const ambs_batch_request *r, ambs_text *out, ambs_error *err)
{
    char span[40];
    if (r->name) ambs_text_addf(out, "#SBATCH --job-name=%s\n", r->name);
    if (r->nodes) ambs_text_addf(out, "#SBATCH --nodes=%u\n", r->nodes);
    if (r->cores) ambs_text_addf(out, "#SBATCH --cpus-per-task=%u\n", r->cores);
    if (!isnan(r->time_s))
        ambs_text_addf(out, "#SBATCH --time=%s\n", ambs_batch_format_span(r->time_s, true, span));
    if (r->partition) ambs_text_addf(out, "#SBATCH --partition=%s\n", r->partition);
    if (r->account) ambs_text_addf(out, "#SBATCH --account=%s\n", r->account);
    if (r->gpus) ambs_text_addf(out, "#SBATCH --gpus-per-node=%u\n", r->gpus);
    return ambs_text_check(out, err);
}

/* --parsable: "123", or "123;cluster". */
static bool read_id(const char *answer, char *ret_id)
{
    return ambs_batch_first_id(answer, false, ret_id);
}

static const ambs_batch_question questions[] = {
    {AMBS_BATCH_WORDS("squeue", "-h", "-j", AMBS_BATCH_JOB, "-o", "%L"), read_squeue},
    {AMBS_BATCH_WORDS("scontrol", "show", "job", "-o", AMBS_BATCH_JOB), read_scontrol},
    {NULL, NULL}};

const ambs_batch_ops ambs_batch_slurm = {
    .member = {.name = "slurm", .summary = "Slurm: squeue, scontrol requeue, sbatch"},
    .find = find,
    .end_s = end_s,
    .questions = questions,
    .needs = AMBS_BATCH_WORDS("SLURM_CONF"),
    .requeue = AMBS_BATCH_WORDS("scontrol", "requeue", AMBS_BATCH_JOB),
    .size = size,
    .submit = AMBS_BATCH_WORDS("sbatch", "--parsable"),
    .after = AMBS_BATCH_WORDS("--dependency=afterany:" AMBS_BATCH_JOB),
    .cancel = AMBS_BATCH_WORDS("scancel", AMBS_BATCH_JOB),
    .script = "slurm.sbatch",
    .prefix = "#SBATCH",
    .directives = directives,
    .read_id = read_id,
};
