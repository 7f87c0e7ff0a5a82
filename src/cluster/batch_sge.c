/* SPDX-License-Identifier: MIT */
/* Grid Engine (SGE, Son of Grid Engine, Univa, Altair). qstat tells the start and what was asked
 * for: the earlier of s_rt (USR1 comes then) and h_rt counts. A job script that exits with 99 is
 * put back into the queue under the same id. */
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "cluster/batch.h"

/* A task of an array is "12.3". */
static bool find(const char *const *environment, char *ret_id)
{
    char job[AMBS_BATCH_ID_SIZE];
    uint32_t task = ambs_batch_count(environment, "SGE_TASK_ID"); /* else "undefined" */
    if (!ambs_batch_variable(environment, "SGE_ROOT") ||
        !ambs_batch_find_by(environment, "JOB_ID", job) || strlen(job) > 40)
        return false;
    int n = snprintf(ret_id, AMBS_BATCH_ID_SIZE, "%s", job);
    if (task) snprintf(ret_id + n, AMBS_BATCH_ID_SIZE - (size_t)n, ".%u", task);
    return true;
}

/* The text of the first element that begins with `tag` between `from` and `end`. */
static bool element(const char *from, const char *end, const char *tag, char *ret, size_t size)
{
    const char *at = strstr(from, tag);
    if (!at || at >= end) return false;
    at = strchr(at, '>');
    if (!at || at >= end) return false;
    size_t n = strcspn(++at, "<");
    if (n >= size) return false;
    memcpy(ret, at, n);
    ret[n] = '\0';
    return true;
}

/* The <job_list> of this job; NULL: it is not there. */
static const char *find_entry(const char *answer, const char *id, const char **ret_end)
{
    char number[AMBS_BATCH_ID_SIZE], task[32], whole[128];
    for (const char *at = answer; (at = strstr(at, "<job_list")); at = *ret_end) {
        *ret_end = strstr(at, "</job_list>");
        if (!*ret_end) return NULL;
        if (!element(at, *ret_end, "<JB_job_number", number, sizeof number)) continue;
        bool is_task = element(at, *ret_end, "<tasks", task, sizeof task);
        snprintf(whole, sizeof whole, "%s%s%s", number, is_task ? "." : "", is_task ? task : "");
        if (strcmp(whole, id) == 0) return at;
    }
    return NULL;
}

/* "2026-11-20T17:05:00" of this host's time zone. */
static bool read_date(const char *text, double *ret_wall_s)
{
    struct tm t = {.tm_isdst = -1};
    if (sscanf(text, "%4d-%2d-%2dT%2d:%2d:%2d", &t.tm_year, &t.tm_mon, &t.tm_mday, &t.tm_hour,
               &t.tm_min, &t.tm_sec) != 6)
        return false;
    t.tm_year -= 1900;
    t.tm_mon--;
    time_t seconds = mktime(&t);
    *ret_wall_s = (double)seconds;
    return seconds != (time_t)-1;
}

static int read_limit(const char *entry, const char *end, const char *name, double *ret_limit_s,
                      ambs_error *err)
{
    char tag[48], text[32];
    double limit;
    snprintf(tag, sizeof tag, "<hard_request name=\"%s\"", name);
    if (!element(entry, end, tag, text, sizeof text)) return AMBS_OK;
    if (!ambs_batch_parse_span(text, strlen(text), &limit))
        return ambs_fail(err, AMBS_E_FORMAT, "qstat answered %s \"%s\", expected seconds", name,
                         text);
    *ret_limit_s = fmin(*ret_limit_s, limit);
    return AMBS_OK;
}

static int read_xml(const char *answer, const char *id, double wall_s, double *ret_left_s,
                    ambs_error *err)
{
    char text[48], line[80];
    const char *end, *entry = find_entry(answer, id, &end);
    double start, limit = INFINITY;
    if (!strstr(answer, "<job_info"))
        return ambs_fail(err, AMBS_E_FORMAT, "qstat answered \"%s\", expected XML",
                         ambs_batch_line(answer, line, sizeof line));
    if (!entry) return ambs_fail(err, AMBS_E_NOT_FOUND, "qstat does not know job %s", id);
    int rc = read_limit(entry, end, "h_rt", &limit, err);
    if (rc == AMBS_OK) rc = read_limit(entry, end, "s_rt", &limit, err);
    if (rc != AMBS_OK) return rc;
    if (!element(entry, end, "<JAT_start_time", text, sizeof text) || !read_date(text, &start))
        return ambs_fail(err, AMBS_E_FORMAT, "qstat answered without the start of job %s", id);
    *ret_left_s = isinf(limit) ? INFINITY : fmax(start + limit - wall_s, 0);
    return AMBS_OK;
}

static bool size(const char *const *environment, uint32_t *ret_nodes, uint32_t *ret_ranks)
{
    *ret_nodes = ambs_batch_count(environment, "NHOSTS");
    *ret_ranks = ambs_batch_count(environment, "NSLOTS");
    return *ret_nodes > 0 && *ret_ranks >= *ret_nodes;
}

/* Grid Engine counts slots; how many of them a host has is the parallel environment's to say. */
static int directives(const ambs_batch_request *r, ambs_text *out, ambs_error *err)
{
    char span[40];
    if (r->cores)
        return ambs_fail(
            err, AMBS_E_INVALID,
            "--cores cannot be said to Grid Engine, which counts slots, which --nodes gives");
    if (r->name) ambs_text_addf(out, "#$ -N %s\n", r->name);
    if (r->nodes) ambs_text_addf(out, "#$ -pe orte %u\n", r->nodes);
    if (!isnan(r->time_s))
        ambs_text_addf(out, "#$ -l h_rt=%s\n", ambs_batch_format_span(r->time_s, false, span));
    if (r->partition) ambs_text_addf(out, "#$ -q %s\n", r->partition);
    if (r->account) ambs_text_addf(out, "#$ -P %s\n", r->account);
    if (r->gpus) ambs_text_addf(out, "#$ -l gpu=%u\n", r->gpus);
    return ambs_text_check(out, err);
}

/* -terse: "12", of an array "12.1-4:1". */
static bool read_id(const char *answer, char *ret_id)
{
    return ambs_batch_first_id(answer, false, ret_id);
}

static const ambs_batch_question questions[] = {
    {AMBS_BATCH_WORDS("qstat", "-s", "r", "-r", "-xml"), read_xml}, {NULL, NULL}};

const ambs_batch_ops ambs_batch_sge = {
    .member = {.name = "sge", .summary = "Grid Engine: qstat -xml, exit status 99, qsub"},
    .find = find,
    .questions = questions,
    .requeue_status = 99,
    .size = size,
    .submit = AMBS_BATCH_WORDS("qsub", "-terse"),
    .after = AMBS_BATCH_WORDS("-hold_jid", AMBS_BATCH_JOB),
    .cancel = AMBS_BATCH_WORDS("qdel", AMBS_BATCH_JOB),
    .script = "sge.qsub",
    .prefix = "#$",
    .directives = directives,
    .read_id = read_id,
};
