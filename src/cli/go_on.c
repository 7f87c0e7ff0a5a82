/* SPDX-License-Identifier: MIT */
#include "cli/go_on.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "cli/open.h"
#include "cluster/batch_call.h"
#include "cluster/batch_watch.h"
#include "cluster/run_deadline.h"

extern char **environ;

static bool has_completed_a_trial(const ambs_table *t, uint32_t epoch)
{
    for (size_t i = t->n_attempts; i-- > 0 && t->attempts[i].epoch == epoch;)
        if (t->attempts[i].state == AMBS_TRIAL_COMPLETE) return true;
    return false;
}

/* Rank 0 may have seen to it before it was lost; not so where it was `terminated`: then the job goes
 * on close to the deadline only. */
static bool may_go_on(const ambs_continuation *how, const char *output, bool terminated)
{
    ambs_opened study;
    if (ambs_opened_init(&study, output, false, NULL) != AMBS_OK) return false;
    const ambs_table *t = study.table;
    const ambs_life_row *life = t->n_lives > 0 ? &t->lives[t->n_lives - 1] : NULL;
    bool may = life && (terminated || life->next == AMBS_NEXT_NOTHING) && t->n_lives < how->lives &&
               has_completed_a_trial(t, life->epoch) &&
               (!terminated || ambs_clock_wall_s() > life->deadline_s - AMBS_LAST_MINUTES_S);
    ambs_opened_fini(&study);
    return may;
}

static int act(const ambs_batch_job *job, ambs_next next, ambs_error *err)
{
    ambs_text said = {0};
    const char *shell[] = {"/bin/sh", "-c", getenv(AMBS_BATCH_RESUBMIT), NULL};
    int rc = AMBS_OK;
    if (next == AMBS_NEXT_REQUEUE)
        rc = ambs_batch_call_for(job->ops->requeue, job->id, NULL, AMBS_BATCH_ACT_S, &said, err);
    if (next == AMBS_NEXT_RESUBMIT) rc = ambs_batch_call(shell, NULL, AMBS_BATCH_ACT_S, &said, err);
    ambs_text_fini(&said);
    return rc;
}

static void say_and_act(const ambs_batch_job *job, ambs_next next, const char *why)
{
    char text[96];
    ambs_error err;
    fprintf(stderr, "ambs run: %s%s %s\n", why, ambs_batch_job_text(job, text),
            next == AMBS_NEXT_RESUBMIT ? "is submitted once more" : "goes back into the queue");
    if (act(job, next, &err) != AMBS_OK)
        fprintf(stderr, "ambs run: the job does not go on by itself: %s\n", err.text);
}

static int go_on(const ambs_continuation *how, const char *output, bool terminated, const char *why)
{
    ambs_error err;
    ambs_next next;
    const char *const *environment = (const char *const *)(uintptr_t)environ;
    ambs_batch_job job = ambs_batch_find_job(environment);
    if (ambs_batch_next(&job, environment, how->action, &next, &err) != AMBS_OK ||
        next == AMBS_NEXT_NOTHING || !may_go_on(how, output, terminated))
        return ambs_stopped_status(output);
    say_and_act(&job, next, why);
    return next == AMBS_NEXT_EXIT_STATUS ? job.ops->requeue_status : AMBS_STATUS_STOPPED;
}

int ambs_go_on_after_loss(const ambs_continuation *how, const char *output)
{
    return go_on(how, output, false, "ranks were lost: ");
}

int ambs_go_on_after_term(const ambs_continuation *how, const char *output)
{
    return go_on(how, output, true, "");
}

int ambs_go_on_for_rank_0(ambs_next next, const char *output)
{
    ambs_batch_job job = ambs_batch_find_job((const char *const *)(uintptr_t)environ);
    say_and_act(&job, next, "");
    return ambs_stopped_status(output);
}
