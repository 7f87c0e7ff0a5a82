/* SPDX-License-Identifier: MIT */
/* The end of the allocation, as rank 0 tells it, and what comes after. */
#include <math.h>

#include "base/clock.h"
#include "cluster/run_deadline.h"

/* Answers are of whole seconds: a smaller difference is no new deadline. */
#define SAME_DEADLINE_S 2.0

int ambs_run_deadline_init(ambs_run_deadline *d, const ambs_run_settings *s, const ambs_spec *spec,
                           ambs_host *host, ambs_life *life, ambs_time t, ambs_error *err)
{
    *d = (ambs_run_deadline){.wall_s = NAN, .log = s->log, .spec = spec, .life = life};
    int rc =
        ambs_batch_watch_init(&d->watch, host, s->environment, s->time_s, t.now_s, t.wall_s, err);
    return rc == AMBS_OK ? ambs_batch_next(&d->watch.job, s->environment, spec->on_deadline.action,
                                           &d->next, err)
                         : rc;
}

void ambs_run_deadline_fini(ambs_run_deadline *d)
{
    ambs_batch_watch_fini(&d->watch);
}

int ambs_run_deadline_record(ambs_run_deadline *d, ambs_next next, ambs_error *err)
{
    ambs_record record = {.type = AMBS_RECORD_JOB};
    record.as.job =
        (ambs_record_job){.wall_s = ambs_clock_wall_s(), .deadline_s = d->wall_s, .next = next};
    if (d->watch.job.id[0]) ambs_batch_job_text(&d->watch.job, record.as.job.job);
    return ambs_life_record(d->life, &record, err);
}

int ambs_run_deadline_tell(ambs_run_deadline *d, ambs_manager *manager, ambs_time t,
                           ambs_error *err)
{
    char job[AMBS_JOB_SIZE], left[40];
    double deadline = ambs_batch_watch_deadline_s(&d->watch), wall = deadline + t.wall_s - t.now_s;
    if (!isnan(deadline)) ambs_manager_deadline(manager, deadline, t);
    if (wall == d->wall_s || fabs(wall - d->wall_s) < SAME_DEADLINE_S) return AMBS_OK;
    d->wall_s = wall;
    if (isfinite(deadline))
        ambs_log_line(d->log, AMBS_LOG_INFO, "%s has %s left",
                      d->watch.job.id[0] ? ambs_batch_job_text(&d->watch.job, job) : "this run",
                      ambs_format_duration(fmax(deadline - t.now_s, 0), left));
    int rc = ambs_run_deadline_record(d, AMBS_NEXT_NOTHING, err);
    return rc == AMBS_OK ? ambs_journal_post(d->life->journal, err) : rc;
}

/* Whether this end is the deadline's: then the job goes on by itself, where the study says so. */
static bool is_cut(const ambs_run_deadline *d, const ambs_manager *manager, ambs_status status,
                   bool at_once)
{
    if (status != AMBS_STATUS_STOPPED) return false;
    double deadline = ambs_batch_watch_deadline_s(&d->watch);
    if (at_once) return ambs_clock_monotonic_s() > deadline - AMBS_LAST_MINUTES_S;
    return d->warned || ambs_manager_was_cut(manager);
}

ambs_next ambs_run_deadline_choose(const ambs_run_deadline *d, const ambs_manager *manager,
                                   ambs_status status, bool at_once)
{
    uint32_t most = d->spec->on_deadline.lives;
    if (d->next == AMBS_NEXT_NOTHING || !is_cut(d, manager, status, at_once))
        return AMBS_NEXT_NOTHING;
    if (d->life->table->n_lives < most) return d->next;
    ambs_log_line(d->log, AMBS_LOG_WARNING,
                  "the job does not go on by itself: the study has had its %u lives "
                  "(on_deadline.lives)",
                  most);
    return AMBS_NEXT_NOTHING;
}

void ambs_run_deadline_go_on(ambs_run_deadline *d, ambs_next next)
{
    static const char *const what[] = {[AMBS_NEXT_REQUEUE] = "goes back into the queue",
                                       [AMBS_NEXT_RESUBMIT] = "is submitted once more",
                                       [AMBS_NEXT_EXIT_STATUS] =
                                           "goes back into the queue by its exit status"};
    char job[AMBS_JOB_SIZE];
    ambs_error err = {0};
    if (next == AMBS_NEXT_NOTHING) return;
    ambs_log_line(d->log, AMBS_LOG_INFO, "%s %s", ambs_batch_job_text(&d->watch.job, job),
                  what[next]);
    if (ambs_batch_watch_go_on(&d->watch, next, &err) == AMBS_OK) return;
    ambs_log_line(d->log, AMBS_LOG_ERROR,
                  "the job does not go on by itself: %s; everything is saved, submit it again",
                  err.text);
    if (ambs_run_deadline_record(d, AMBS_NEXT_NOTHING, &err) == AMBS_OK)
        ambs_life_write(d->life, true, &err);
}
