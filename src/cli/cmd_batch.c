/* SPDX-License-Identifier: MIT */
/* The batch job that this is: for people what is known of it; for the manager, whose supervisor
 * starts it, the question for the time left and the job's way on. */
#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/cli.h"
#include "cli/print.h"
#include "cluster/batch_call.h"

extern char **environ;

/* NAME=VALUE of the words from `from`: what the supervisor does not hand down. */
static void take_variables(const ambs_call *call, size_t from)
{
    for (size_t i = from; i < call->n_operands; i++)
        if (strchr(call->operands[i], '=')) putenv((char *)(uintptr_t)call->operands[i]);
}

static int take_job(const ambs_call *call, size_t n, ambs_batch_job *ret, ambs_error *err)
{
    if (call->n_operands < n)
        return ambs_fail(err, AMBS_E_INVALID, "expected the batch system and the job's id");
    int rc = ambs_batch_find(call->operands[1], &ret->ops, err);
    snprintf(ret->id, sizeof ret->id, "%s", call->operands[2]);
    take_variables(call, n);
    return rc;
}

/* ask SYSTEM JOB FILE: the seconds left as a line of FILE. */
static int ask(const ambs_call *call, ambs_error *err)
{
    ambs_batch_job job;
    double left;
    char number[32], line[40];
    int rc = take_job(call, 4, &job, err);
    if (rc == AMBS_OK) rc = ambs_batch_ask(&job, &left, err);
    if (rc != AMBS_OK) return rc;
    int n = snprintf(line, sizeof line, "%s\n", ambs_format_double(left, number));
    int fd = open(call->operands[3], O_WRONLY | O_TRUNC);
    bool good = fd >= 0 && write(fd, line, (size_t)n) == n;
    if (fd >= 0) close(fd);
    return good ? AMBS_OK : ambs_fail(err, AMBS_E_IO, "%s cannot be written", call->operands[3]);
}

static int requeue(const ambs_call *call, ambs_error *err)
{
    ambs_batch_job job;
    ambs_text said = {0};
    int rc = take_job(call, 3, &job, err);
    if (rc == AMBS_OK && !job.ops->requeue)
        rc = ambs_fail(err, AMBS_E_INVALID, "%s has no command to requeue a job",
                       job.ops->member.name);
    if (rc == AMBS_OK)
        rc = ambs_batch_call_for(job.ops->requeue, job.id, NULL, AMBS_BATCH_ACT_S, &said, err);
    ambs_text_fini(&said);
    return rc;
}

static int resubmit(const ambs_call *call, ambs_error *err)
{
    if (call->n_operands < 2)
        return ambs_fail(err, AMBS_E_INVALID, "expected the command line that submits the job");
    take_variables(call, 2);
    ambs_text said = {0};
    const char *argv[] = {"/bin/sh", "-c", call->operands[1], NULL};
    int rc = ambs_batch_call(argv, NULL, AMBS_BATCH_ACT_S, &said, err);
    ambs_text_fini(&said);
    return rc;
}

static int show(ambs_error *err)
{
    char text[96], duration[40];
    double left;
    uint32_t nodes, ranks;
    ambs_text out = {0};
    const char *const *environment = (const char *const *)(uintptr_t)environ;
    ambs_batch_job job = ambs_batch_find_job(environment);
    ambs_text_addf(&out, "%s\n", ambs_batch_job_text(&job, text));
    if (job.ops->size && job.ops->size(environment, &nodes, &ranks))
        ambs_text_addf(&out, "%u node%s, %u rank%s\n", nodes, nodes == 1 ? "" : "s", ranks,
                       ranks == 1 ? "" : "s");
    if (job.id[0] && ambs_batch_ask(&job, &left, err) != AMBS_OK)
        ambs_text_addf(&out, "time left: not known: %s\n", err->text);
    else if (job.id[0])
        ambs_text_addf(&out, "time left: %s\n",
                       isinf(left) ? "no limit" : ambs_format_duration(left, duration));
    const char *command = getenv(AMBS_BATCH_RESUBMIT);
    if (command) ambs_text_addf(&out, "submitted once more by: %s\n", command);
    return ambs_print(&out, err);
}

static int run(const ambs_call *call)
{
    static const struct {
        const char *name;
        int (*act)(const ambs_call *call, ambs_error *err);
    } acts[] = {{"ask", ask}, {"requeue", requeue}, {"resubmit", resubmit}};
    ambs_error err;
    int rc = AMBS_E_INVALID;
    if (call->n_operands == 0) {
        rc = show(&err);
        return rc == AMBS_OK ? AMBS_STATUS_DONE : ambs_cli_fail(call, &err);
    }
    ambs_fail(&err, rc, "found \"%.40s\", expected ask, requeue or resubmit", call->operands[0]);
    for (size_t i = 0; i < sizeof acts / sizeof *acts; i++)
        if (strcmp(call->operands[0], acts[i].name) == 0) rc = acts[i].act(call, &err);
    return rc == AMBS_OK ? AMBS_STATUS_DONE : ambs_cli_fail(call, &err);
}

const ambs_command ambs_command_batch = {
    .name = "batch",
    .operands = "[ask|requeue|resubmit …]",
    .max_operands = UINT_MAX,
    .summary = "The batch job that this is, and the time it has left",
    .details = "Without a word it says what ambs knows here. The others are what the manager of a "
               "study calls by itself:\n"
               "ask SYSTEM JOB FILE, requeue SYSTEM JOB, resubmit COMMAND; NAME=VALUE may follow.",
    .hidden = true,
    .run = run,
};
