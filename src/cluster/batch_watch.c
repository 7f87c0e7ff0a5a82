/* SPDX-License-Identifier: MIT */
#include "cluster/batch_watch.h"

#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/clock.h"
#include "cluster/batch_call.h"

/* Beyond the helper's own limit. */
#define HELPER_EXTRA_S 5.0

/* The supervisor hands no variable of the launcher's kind down; the commands need this one. */
static void find_variable(ambs_batch_watch *w)
{
    const char *const *names = w->job.ops->needs;
    for (; names && names[0]; names++) {
        const char *value = ambs_batch_variable(w->environment, names[0]);
        if (value && strlen(value) < 4096)
            snprintf(w->variable, sizeof w->variable, "%s=%s", names[0], value);
    }
}

int ambs_batch_watch_init(ambs_batch_watch *w, ambs_host *host, const char *const *environment,
                          double time_s, double now_s, double wall_s, ambs_error *err)
{
    *w = (ambs_batch_watch){.host = host,
                            .environment = environment,
                            .job = ambs_batch_find_job(environment),
                            .answer = -1,
                            .due_s = INFINITY,
                            .limit_s = isnan(time_s) ? INFINITY : now_s + time_s,
                            .end_s = INFINITY};
    if (readlink("/proc/self/exe", w->program, sizeof w->program - 1) <= 0)
        return ambs_fail(err, AMBS_E_IO,
                         "/proc/self/exe cannot be read: this program is not found");
    find_variable(w);
    const ambs_batch_ops *ops = w->job.ops;
    if (!ops->questions) return AMBS_OK;
    double end = ops->end_s ? ops->end_s(environment) : NAN;
    w->end_s = isnan(end) ? NAN : now_s + end - wall_s;
    w->due_s = now_s;
    w->answer = memfd_create("ambs-time-left", MFD_CLOEXEC);
    return w->answer >= 0 ? AMBS_OK
                          : ambs_fail(err, AMBS_E_IO, "memfd_create: the time left has no file");
}

void ambs_batch_watch_fini(ambs_batch_watch *w)
{
    if (w->answer >= 0) close(w->answer);
    w->answer = -1;
}

double ambs_batch_watch_due_s(const ambs_batch_watch *w)
{
    return w->due_s;
}

double ambs_batch_watch_deadline_s(const ambs_batch_watch *w)
{
    if (isnan(w->end_s)) return isinf(w->limit_s) ? NAN : w->limit_s;
    return fmin(w->end_s, w->limit_s);
}

static int begin(ambs_batch_watch *w, double now_s, ambs_error *err)
{
    char file[64];
    const char *argv[] = {w->program, "batch", "ask",       w->job.ops->member.name,
                          w->job.id,  file,    w->variable, NULL};
    snprintf(file, sizeof file, "/proc/%ld/fd/%d", (long)getpid(), w->answer);
    if (ftruncate(w->answer, 0) != 0) return ambs_fail(err, AMBS_E_IO, "ftruncate");
    int rc = ambs_host_helper(w->host, argv, err);
    w->runs = rc == AMBS_OK;
    if (w->runs) w->began_s = now_s;
    return rc;
}

/* The answer counts from when it was asked for: rather too early than too late. */
static bool take_answer(ambs_batch_watch *w)
{
    char text[40] = {0};
    double left = NAN;
    ssize_t n = pread(w->answer, text, sizeof text - 1, 0);
    w->runs = false;
    if (n > 1 && text[n - 1] == '\n') {
        text[n - 1] = '\0';
        if (strcmp(text, "inf") == 0)
            left = INFINITY;
        else if (!ambs_parse_double(text, &left))
            left = NAN;
    }
    if (!isnan(left)) {
        w->end_s = w->began_s + left;
        w->warned = false;
        return true;
    }
    if (!w->warned && isnan(ambs_batch_watch_deadline_s(w)))
        ambs_log_line(w->host->log, AMBS_LOG_WARNING,
                      "the time left of this job is not known; say it by --time, as in --time 11h");
    w->warned = true;
    return false;
}

bool ambs_batch_watch_turn(ambs_batch_watch *w, double now_s)
{
    ambs_error ignored;
    if (w->runs && !w->host->helper_runs) return take_answer(w);
    if (w->runs || now_s < w->due_s || w->host->helper_runs) return false;
    w->due_s = now_s + AMBS_BATCH_EVERY_S;
    begin(w, now_s, &ignored); /* a lost supervisor ends the study anyhow */
    return false;
}

/* --- the way on ------------------------------------------------------------------------------- */

int ambs_batch_next(const ambs_batch_job *job, const char *const *environment,
                    ambs_on_deadline action, ambs_next *ret_next, ambs_error *err)
{
    bool again = ambs_batch_variable(environment, AMBS_BATCH_RESUBMIT) != NULL;
    const char *system = job->ops->member.name;
    *ret_next = AMBS_NEXT_NOTHING;
    if (action == AMBS_ON_DEADLINE_STOP || !job->ops->questions) return AMBS_OK;
    if (action == AMBS_ON_DEADLINE_RESUBMIT) {
        if (!again)
            return ambs_fail(err, AMBS_E_INVALID,
                             "on_deadline: resubmit needs the variable " AMBS_BATCH_RESUBMIT
                             ", the command line that submits this job once more; the scripts in "
                             "jobs/ set it");
        *ret_next = AMBS_NEXT_RESUBMIT;
    } else if (job->ops->requeue_status)
        *ret_next = AMBS_NEXT_EXIT_STATUS;
    else if (job->ops->requeue)
        *ret_next = AMBS_NEXT_REQUEUE;
    else
        return ambs_fail(err, AMBS_E_INVALID,
                         "on_deadline: requeue: %s has no command for that; say resubmit", system);
    return AMBS_OK;
}

int ambs_batch_watch_go_on(ambs_batch_watch *w, ambs_next next, ambs_error *err)
{
    const char *requeue[] = {w->program, "batch",     "requeue", w->job.ops->member.name,
                             w->job.id,  w->variable, NULL};
    const char *resubmit[] = {w->program,  "batch",
                              "resubmit",  ambs_batch_variable(w->environment, AMBS_BATCH_RESUBMIT),
                              w->variable, NULL};
    if (next != AMBS_NEXT_REQUEUE && next != AMBS_NEXT_RESUBMIT) return AMBS_OK;
    double until = ambs_clock_monotonic_s() + AMBS_BATCH_ACT_S + HELPER_EXTRA_S;
    ambs_host_wait(w->host, until); /* a question that is under way */
    int rc = ambs_host_helper(w->host, next == AMBS_NEXT_REQUEUE ? requeue : resubmit, err);
    if (rc != AMBS_OK) return rc;
    if (!ambs_host_wait(w->host, until))
        return ambs_fail(err, AMBS_E_IO, "the batch system does not answer");
    /* a requeued job is killed, and its helper before the rank that waits for it */
    bool killed = next == AMBS_NEXT_REQUEUE && w->host->helper_code > 128;
    return w->host->helper_code == 0 || killed
               ? AMBS_OK
               : ambs_fail(err, AMBS_E_IO, "the batch system refused (the line above says why)");
}
