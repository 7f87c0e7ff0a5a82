/* SPDX-License-Identifier: MIT */
/* PBS: OpenPBS and PBS Professional by JSON, Torque and old ones by text. The end is the start
 * (stime) and the walltime together. qrerun needs an operator's rights on most sites: there a job
 * goes on by resubmitting itself. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "cluster/batch.h"

static bool find(const char *const *environment, char *ret_id)
{
    return ambs_batch_find_by(environment, "PBS_JOBID", ret_id);
}

/* The value that follows `name` between `from` and `end`: behind `"name":` its text or number. */
static bool json_value(const char *from, const char *end, const char *name, char *ret, size_t size)
{
    char key[48];
    int length = snprintf(key, sizeof key, "\"%s\"", name);
    for (const char *at = from; (at = strstr(at, key)) && at < end; at++) {
        const char *value = at + length;
        value += strspn(value, " \t\r\n");
        if (*value++ != ':') continue;
        value += strspn(value, " \t\r\n");
        bool quoted = *value == '"';
        value += quoted;
        size_t n = strcspn(value, quoted ? "\"\n" : ",} \t\r\n");
        if (value + n > end || n >= size) return false;
        memcpy(ret, value, n);
        ret[n] = '\0';
        return true;
    }
    return false;
}

static int end_to_left(const char *stime, const char *walltime, double wall_s, double *ret_left_s,
                       ambs_error *err)
{
    double start, limit;
    if (!ambs_batch_parse_date(stime, &start))
        return ambs_fail(err, AMBS_E_FORMAT,
                         "qstat answered stime \"%.40s\", expected a date as in Fri Nov 20 "
                         "17:05:00 2026",
                         stime);
    if (!ambs_batch_parse_span(walltime, strlen(walltime), &limit))
        return ambs_fail(err, AMBS_E_FORMAT,
                         "qstat answered walltime \"%.40s\", expected a time as in 01:30:00",
                         walltime);
    *ret_left_s = fmax(start + limit - wall_s, 0);
    return AMBS_OK;
}

/* Not read as JSON: variables of the user with control characters make it invalid at some sites. */
static int read_json(const char *answer, const char *id, double wall_s, double *ret_left_s,
                     ambs_error *err)
{
    char stime[48], walltime[48], timestamp[32], line[80];
    const char *end = answer + strlen(answer), *list = strstr(answer, "\"Resource_List\"");
    const char *close = list ? strchr(list, '}') : NULL;
    if (!strstr(answer, "\"Jobs\""))
        return ambs_fail(err, AMBS_E_FORMAT, "qstat answered \"%s\", expected JSON with Jobs",
                         ambs_batch_line(answer, line, sizeof line));
    if (!list) return ambs_fail(err, AMBS_E_NOT_FOUND, "qstat does not know job %s", id);
    if (!close || !json_value(answer, end, "stime", stime, sizeof stime))
        return ambs_fail(err, AMBS_E_FORMAT, "qstat answered without the start (stime) of job %s",
                         id);
    if (!json_value(list, close, "walltime", walltime, sizeof walltime)) {
        *ret_left_s = INFINITY;
        return AMBS_OK;
    }
    double asked;
    if (json_value(answer, end, "timestamp", timestamp, sizeof timestamp) &&
        ambs_parse_double(timestamp, &asked))
        wall_s = asked;
    return end_to_left(stime, walltime, wall_s, ret_left_s, err);
}

/* The value of a line "    name = value". */
static bool text_value(const char *answer, const char *name, char *ret, size_t size)
{
    size_t length = strlen(name);
    for (const char *at = answer; *at; at += strcspn(at, "\n"), at += *at == '\n') {
        const char *word = at + strspn(at, " \t");
        if (strncmp(word, name, length) != 0 || strncmp(word + length, " = ", 3) != 0) continue;
        ambs_batch_line(word + length + 3, ret, size);
        return true;
    }
    return false;
}

static int read_text(const char *answer, const char *id, double wall_s, double *ret_left_s,
                     ambs_error *err)
{
    char start[48], walltime[48], left[32], line[80];
    double seconds;
    if (!text_value(answer, "job_state", line, sizeof line))
        return ambs_fail(err, AMBS_E_FORMAT, "qstat answered \"%s\" about job %s",
                         ambs_batch_line(answer, line, sizeof line), id);
    if (text_value(answer, "Walltime.Remaining", left, sizeof left) &&
        ambs_parse_double(left, &seconds) && seconds >= 0) { /* Torque */
        *ret_left_s = seconds;
        return AMBS_OK;
    }
    if (!text_value(answer, "Resource_List.walltime", walltime, sizeof walltime)) {
        *ret_left_s = INFINITY;
        return AMBS_OK;
    }
    if (!text_value(answer, "stime", start, sizeof start) &&
        !text_value(answer, "start_time", start, sizeof start))
        return ambs_fail(err, AMBS_E_FORMAT, "qstat answered without the start (stime) of job %s",
                         id);
    return end_to_left(start, walltime, wall_s, ret_left_s, err);
}

/* PBS_NODEFILE has a line for each rank, which only a reader of files knows. */
static bool size(const char *const *environment, uint32_t *ret_nodes, uint32_t *ret_ranks)
{
    *ret_nodes = ambs_batch_count(environment, "PBS_NUM_NODES");
    *ret_ranks = ambs_batch_count(environment, "PBS_NP");
    return *ret_nodes > 0 && *ret_ranks >= *ret_nodes;
}

static int directives(const ambs_batch_request *r, ambs_text *out, ambs_error *err)
{
    char span[40];
    if (r->name) ambs_text_addf(out, "#PBS -N %s\n", r->name);
    if (r->nodes || r->cores || r->gpus) {
        ambs_text_addf(out, "#PBS -l select=%u:ncpus=%u:mpiprocs=1", r->nodes ? r->nodes : 1,
                       r->cores ? r->cores : 1);
        if (r->gpus) ambs_text_addf(out, ":ngpus=%u", r->gpus);
        ambs_text_add(out, "\n");
    }
    if (!isnan(r->time_s))
        ambs_text_addf(out, "#PBS -l walltime=%s\n",
                       ambs_batch_format_span(r->time_s, false, span));
    if (r->partition) ambs_text_addf(out, "#PBS -q %s\n", r->partition);
    if (r->account) ambs_text_addf(out, "#PBS -A %s\n", r->account);
    return ambs_text_check(out, err);
}

/* "123.server" */
static bool read_id(const char *answer, char *ret_id)
{
    return ambs_batch_first_id(answer, true, ret_id);
}

static const ambs_batch_question questions[] = {
    {AMBS_BATCH_WORDS("qstat", "-f", "-F", "json", AMBS_BATCH_JOB), read_json},
    {AMBS_BATCH_WORDS("qstat", "-f", AMBS_BATCH_JOB), read_text},
    {NULL, NULL}};

const ambs_batch_ops ambs_batch_pbs = {
    .member = {.name = "pbs", .summary = "OpenPBS, PBS Professional, Torque: qstat -f, qsub"},
    .find = find,
    .questions = questions,
    .requeue = AMBS_BATCH_WORDS("qrerun", AMBS_BATCH_JOB),
    .size = size,
    .hostfile = "PBS_NODEFILE",
    .submit = AMBS_BATCH_WORDS("qsub"),
    .after = AMBS_BATCH_WORDS("-W", "depend=afterany:" AMBS_BATCH_JOB),
    .cancel = AMBS_BATCH_WORDS("qdel", AMBS_BATCH_JOB),
    .script = "pbs.qsub",
    .prefix = "#PBS",
    .directives = directives,
    .read_id = read_id,
};
