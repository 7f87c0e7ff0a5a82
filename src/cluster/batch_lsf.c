/* SPDX-License-Identifier: MIT */
/* LSF. bjobs tells the time left in hours and minutes, brequeue puts a running job back. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "cluster/batch.h"

/* An element of an array is "12[3]". */
static bool find(const char *const *environment, char *ret_id)
{
    char job[AMBS_BATCH_ID_SIZE];
    uint32_t index = ambs_batch_count(environment, "LSB_JOBINDEX");
    if (!ambs_batch_find_by(environment, "LSB_JOBID", job) || strlen(job) > 40) return false;
    int n = snprintf(ret_id, AMBS_BATCH_ID_SIZE, "%s", job);
    if (index) snprintf(ret_id + n, AMBS_BATCH_ID_SIZE - (size_t)n, "[%u]", index);
    return true;
}

/* "1:30 L" by the run limit, "1:30 E" by the estimate, "0:00 X" beyond the estimate, "-" without a
 * limit. Whole minutes, rounded down. */
static int read_bjobs(const char *answer, const char *id, double wall_s, double *ret_left_s,
                      ambs_error *err)
{
    char word[32], line[80];
    double minutes;
    (void)wall_s;
    ambs_batch_word(answer, word, sizeof word);
    if (!word[0] || strstr(answer, "is not found"))
        return ambs_fail(err, AMBS_E_NOT_FOUND, "bjobs does not know job %s", id);
    if (strcmp(word, "-") == 0) {
        *ret_left_s = INFINITY;
        return AMBS_OK;
    }
    if (!strchr(word, ':') || strchr(word, '-') ||
        !ambs_batch_parse_span(word, strlen(word), &minutes))
        return ambs_fail(err, AMBS_E_FORMAT,
                         "bjobs answered \"%s\", expected hours and minutes left as in 1:30 L",
                         ambs_batch_line(answer, line, sizeof line));
    *ret_left_s = minutes * 60;
    return AMBS_OK;
}

static bool size(const char *const *environment, uint32_t *ret_nodes, uint32_t *ret_ranks)
{
    *ret_ranks = ambs_batch_count(environment, "LSB_DJOB_NUMPROC");
    *ret_nodes = 1; /* the hosts are in LSB_MCPU_HOSTS: "host1 4 host2 4" */
    const char *hosts = ambs_batch_variable(environment, "LSB_MCPU_HOSTS");
    size_t words = 0;
    for (const char *at = hosts; at && *at; words++) {
        at += strspn(at, " ");
        at += strcspn(at, " ");
        at += strspn(at, " ");
    }
    if (words >= 2) *ret_nodes = (uint32_t)(words / 2);
    return *ret_ranks >= *ret_nodes;
}

static int directives(const ambs_batch_request *r, ambs_text *out, ambs_error *err)
{
    if (r->cores)
        return ambs_fail(err, AMBS_E_INVALID,
                         "--cores cannot be said to LSF, which wants it as a text of the site: "
                         "--extra \"-R affinity[core(4)]\"");
    if (r->name) ambs_text_addf(out, "#BSUB -J %s\n", r->name);
    if (r->nodes) ambs_text_addf(out, "#BSUB -n %u\n", r->nodes);
    if (!isnan(r->time_s)) {
        unsigned minutes = (unsigned)ceil(r->time_s / 60);
        ambs_text_addf(out, "#BSUB -W %u:%02u\n", minutes / 60, minutes % 60);
    }
    if (r->partition) ambs_text_addf(out, "#BSUB -q %s\n", r->partition);
    if (r->account) ambs_text_addf(out, "#BSUB -P %s\n", r->account);
    if (r->gpus) ambs_text_addf(out, "#BSUB -gpu num=%u\n", r->gpus);
    return ambs_text_check(out, err);
}

/* "Job <123> is submitted to queue <normal>." */
static bool read_id(const char *answer, char *ret_id)
{
    return ambs_batch_first_id(answer, false, ret_id);
}

static const ambs_batch_question questions[] = {
    {AMBS_BATCH_WORDS("bjobs", "-noheader", "-o", "time_left", AMBS_BATCH_JOB), read_bjobs},
    {NULL, NULL}};

const ambs_batch_ops ambs_batch_lsf = {
    .member = {.name = "lsf", .summary = "LSF: bjobs, brequeue, bsub"},
    .find = find,
    .questions = questions,
    .requeue = AMBS_BATCH_WORDS("brequeue", AMBS_BATCH_JOB),
    .size = size,
    .hostfile = "LSB_DJOB_HOSTFILE",
    .submit = AMBS_BATCH_WORDS("bsub"),
    .after = AMBS_BATCH_WORDS("-w", "ended(" AMBS_BATCH_JOB ")"),
    .cancel = AMBS_BATCH_WORDS("bkill", AMBS_BATCH_JOB),
    .script_on_stdin = true,
    .script = "lsf.bsub",
    .prefix = "#BSUB",
    .directives = directives,
    .read_id = read_id,
};
