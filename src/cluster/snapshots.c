/* SPDX-License-Identifier: MIT */
#include "cluster/snapshots.h"

#include <unistd.h>

#include "base/clock.h"
#include "study/store.h"

/* A snapshot that took t seconds is followed by 99 t seconds without one. */
#define COST_SHARE      0.01
#define LONGEST_PAUSE_S 600.0
#define NOT_EXECUTED    127 /* as a shell says it */

int ambs_snapshots_init(ambs_snapshots *s, ambs_host *host, const char *output, double least_s,
                        ambs_error *err)
{
    *s = (ambs_snapshots){.host = host, .output = output, .least_s = least_s};
    ssize_t n = readlink("/proc/self/exe", s->program, sizeof s->program - 1);
    if (n <= 0)
        return ambs_fail(err, AMBS_E_IO,
                         "/proc/self/exe cannot be read: this program is not found");
    return AMBS_OK;
}

static int begin(ambs_snapshots *s, uint64_t sequence, double now_s, ambs_error *err)
{
    const char *argv[] = {s->program, "snapshot", s->output, NULL};
    int rc = ambs_host_helper(s->host, argv, err);
    if (rc != AMBS_OK) return rc;
    s->runs = true;
    s->asked = sequence;
    s->began_s = now_s;
    return AMBS_OK;
}

static bool note_end(ambs_snapshots *s, double now_s)
{
    s->runs = false;
    s->ended_s = now_s;
    s->took_s = now_s - s->began_s;
    bool good = s->host->helper_code == 0;
    if (good) s->written = s->asked;
    s->n_failed = good ? 0 : s->n_failed + 1;
    return good;
}

/* The time until the next one; failures in a row double it, since a full disk needs no more
 * writers. */
static double pause_s(const ambs_snapshots *s)
{
    double pause = s->took_s * (1 / COST_SHARE - 1);
    if (pause < s->least_s) pause = s->least_s;
    for (unsigned i = 0; i < s->n_failed && pause < LONGEST_PAUSE_S; i++) pause *= 2;
    return pause;
}

void ambs_snapshots_turn(ambs_snapshots *s, uint64_t sequence, double now_s)
{
    if (s->runs && !s->host->helper_runs && !note_end(s, now_s))
        ambs_log_line(
            s->host->log, AMBS_LOG_WARNING,
            "%s could not be written (status %d) and is tried again; the journal holds all",
            s->output, s->host->helper_code);
    if (s->host->helper_runs || sequence == s->written || s->host->supervisor_lost) return;
    if (now_s < s->ended_s + pause_s(s)) return;
    ambs_error err;
    if (begin(s, sequence, now_s, &err) == AMBS_OK) return;
    s->ended_s = now_s;
    s->n_failed++;
    ambs_log_line(s->host->log, AMBS_LOG_WARNING, "no snapshot: %s", err.text);
}

static int fail_written(const ambs_snapshots *s, ambs_error *err)
{
    if (s->host->helper_code == NOT_EXECUTED)
        return ambs_fail(err, AMBS_E_IO,
                         "%s could not be written: %.300s can no longer be executed (was ambs "
                         "installed anew meanwhile?); the journal holds all: make the file by ambs "
                         "recover %s",
                         s->output, s->program, s->output);
    return ambs_fail(err, AMBS_E_IO,
                     "%s could not be written: ambs snapshot ended with status %d; the journal "
                     "holds all: once the cause is mended, make the file by ambs recover %s",
                     s->output, s->host->helper_code, s->output);
}

int ambs_snapshots_now(ambs_snapshots *s, uint64_t sequence, double limit_s, ambs_error *err)
{
    double now = ambs_clock_monotonic_s(), until = now + limit_s;
    ambs_host_wait(s->host, until); /* another one, or a question to the batch system */
    if (s->host->supervisor_lost) return ambs_study_snapshot(s->output, err);
    /* Whoever kills the supervisor, before this or during it, does not hurt the study file. */
    if (begin(s, sequence, now, err) != AMBS_OK) return ambs_study_snapshot(s->output, err);
    if (!ambs_host_wait(s->host, until))
        return ambs_fail(err, AMBS_E_IO, "%s was not written within %.0f s", s->output, limit_s);
    if (note_end(s, ambs_clock_monotonic_s())) return AMBS_OK;
    return s->host->supervisor_lost ? ambs_study_snapshot(s->output, err) : fail_written(s, err);
}
