/* SPDX-License-Identifier: MIT */
#include "analysis/view.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "analysis/columns.h"
#include "analysis/view_front.h"
#include "analysis/view_trial.h"
#include "base/clock.h"
#include "base/json.h"
#include "space/space.h"
#include "study/best.h"

ambs_standing ambs_view_standing(const ambs_view *view)
{
    const ambs_table *t = view->table;
    if (view->alive) return AMBS_STANDING_RUNNING;
    if (t->n_lives == 0) return AMBS_STANDING_EMPTY;
    switch (t->lives[t->n_lives - 1].exit_code) {
    case -1:
        return AMBS_STANDING_INTERRUPTED;
    case 0:
        return AMBS_STANDING_COMPLETE;
    case 3:
        return AMBS_STANDING_STOPPED;
    default:
        return AMBS_STANDING_FAILED;
    }
}

int ambs_view_exit_code(const ambs_view *view)
{
    const ambs_table *t = view->table;
    if (view->alive || t->n_lives == 0 || t->lives[t->n_lives - 1].exit_code < 0) return 3;
    return t->lives[t->n_lives - 1].exit_code;
}

uint64_t ambs_view_best_trial(const ambs_view *view)
{
    return ambs_study_best(view->spec, view->table);
}

static const char *standing_text(ambs_standing standing)
{
    static const char *const text[] = {"empty",         "running", "complete",
                                       "stopped early", "failed",  "interrupted"};
    return text[standing];
}

/* Seconds over all lives; a life that was killed lasted until the last thing it recorded. */
static double elapsed_s(const ambs_view *view)
{
    const ambs_table *t = view->table;
    double sum = 0;
    for (size_t i = 0; i < t->n_lives; i++) {
        const ambs_life_row *life = &t->lives[i];
        double end = life->end_s;
        if (isnan(end) && view->alive && i + 1 == t->n_lives) end = view->now_s;
        if (isnan(end)) {
            end = life->start_s;
            for (size_t a = 0; a < t->n_attempts; a++) {
                const ambs_attempt_row *row = &t->attempts[a];
                if (row->epoch != life->epoch) continue;
                if (row->start_s > end) end = row->start_s;
                if (row->end_s > end) end = row->end_s; /* false for NaN */
            }
        }
        sum += end - life->start_s;
    }
    return sum;
}

static uint32_t slots_now(const ambs_table *t)
{
    uint32_t slots = 0;
    if (t->n_lives == 0) return 0;
    uint32_t epoch = t->lives[t->n_lives - 1].epoch;
    for (size_t i = 0; i < t->n_workers; i++) {
        const ambs_worker_row *w = &t->workers[i];
        if (w->epoch != epoch) continue;
        if (w->state == AMBS_WORKER_JOINED || w->state == AMBS_WORKER_REJOINED) slots += w->n_slots;
        if (w->state == AMBS_WORKER_SUSPECT || w->state == AMBS_WORKER_LOST) {
            slots = slots > w->n_slots ? slots - w->n_slots : 0;
        }
    }
    return slots;
}

/* Time the slots of the last life spent in attempts over what they had; NaN without slots. */
static double utilisation(const ambs_view *view)
{
    const ambs_table *t = view->table;
    if (t->n_lives == 0) return NAN;
    const ambs_life_row *life = &t->lives[t->n_lives - 1];
    double until = !isnan(life->end_s) ? life->end_s : view->now_s, busy = 0, had = 0;
    for (size_t i = 0; i < t->n_workers; i++) {
        const ambs_worker_row *w = &t->workers[i];
        if (w->epoch == life->epoch && w->state == AMBS_WORKER_JOINED)
            had += w->n_slots * (until - w->wall_s);
    }
    for (size_t i = 0; i < t->n_attempts; i++) {
        const ambs_attempt_row *a = &t->attempts[i];
        if (a->epoch != life->epoch) continue;
        busy += (isnan(a->end_s) ? (view->alive ? until : a->start_s) : a->end_s) - a->start_s;
    }
    return had > 0 ? fmin(busy / had, 1) : NAN;
}

typedef struct status {
    ambs_standing standing;
    const char *why;      /* how the last life ended, "" */
    double elapsed, rate; /* s; finished trials per s */
    double used;          /* utilisation */
    uint64_t finished;
    uint32_t slots;
    uint64_t best; /* trial or UINT64_MAX */
    uint64_t lost; /* attempts that ended with their worker */
} status;

static status status_of(const ambs_view *view)
{
    const ambs_table *t = view->table;
    status s = {.standing = ambs_view_standing(view),
                .why = "",
                .elapsed = elapsed_s(view),
                .used = utilisation(view),
                .slots = slots_now(t),
                .best = ambs_view_best_trial(view),
                .finished = t->n_results};
    if (t->n_lives > 0 && t->lives[t->n_lives - 1].text != NULL)
        s.why = t->lives[t->n_lives - 1].text;
    s.rate = s.elapsed > 0 ? (double)s.finished / s.elapsed : NAN;
    for (size_t i = 0; i < t->n_attempts; i++)
        s.lost += t->attempts[i].reason == AMBS_REASON_WORKER_LOST;
    return s;
}

static const ambs_life_row *last_life(const ambs_table *t)
{
    return t->n_lives > 0 ? &t->lives[t->n_lives - 1] : NULL;
}

/* The batch job and its deadline, of the last life. */
static void job_json(const ambs_table *t, ambs_json_writer *w)
{
    const ambs_life_row *life = last_life(t);
    static const char *const next[] = {"nothing", "requeue", "resubmit", "exit status"};
    ambs_json_key(w, "job"), ambs_json_string(w, life ? life->job : "");
    ambs_json_key(w, "deadline");
    if (life && isfinite(life->deadline_s))
        ambs_json_double(w, life->deadline_s);
    else
        ambs_json_null(w);
    ambs_json_key(w, "next"), ambs_json_string(w, next[life ? life->next : AMBS_NEXT_NOTHING]);
}

/* Where the study has several metrics. */
static int front_json(const ambs_view *view, ambs_json_writer *w, ambs_error *err)
{
    ambs_front f = {0};
    if (view->spec->n_goals < 2) return AMBS_OK;
    int rc = ambs_front_create(view->table, view->spec, &f, err);
    ambs_json_key(w, "front");
    ambs_json_object(w);
    ambs_json_key(w, "trials"), ambs_json_int(w, (long long)f.n);
    if (rc == AMBS_OK) ambs_view_front_json(view, &f, w);
    ambs_json_end_object(w);
    ambs_front_fini(&f);
    return rc;
}

static int status_json(const ambs_view *view, const status *s, ambs_text *out, ambs_error *err)
{
    const ambs_table *t = view->table;
    ambs_json_writer w;
    ambs_json_begin(&w, out, 2);
    ambs_json_object(&w);
    const struct {
        const char *key, *value;
    } texts[] = {{"study", view->spec->name},
                 {"file", view->path},
                 {"standing", standing_text(s->standing)},
                 {"why", s->why},
                 {"metric", view->spec->metric},
                 {"goal", view->spec->goal == AMBS_MAXIMIZE ? "maximize" : "minimize"},
                 {"manager", view->holder}};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        ambs_json_key(&w, texts[i].key);
        ambs_json_string(&w, texts[i].value);
    }
    const struct {
        const char *key;
        uint64_t value;
    } counts[] = {{"queued", view->n_queued},
                  {"waiting", t->n_waiting},
                  {"running", t->n_running},
                  {"complete", t->n_complete},
                  {"pruned", t->n_pruned},
                  {"failed", t->n_failed},
                  {"cancelled", t->n_cancelled},
                  {"evaluations", t->n_results},
                  {"budget_trials", view->spec->budget.trials},
                  {"attempts_lost", s->lost},
                  {"lives", t->n_lives},
                  {"slots", s->slots},
                  {"sequence", t->sequence}};
    for (size_t i = 0; i < sizeof counts / sizeof *counts; i++) {
        ambs_json_key(&w, counts[i].key);
        ambs_json_int(&w, (long long)counts[i].value);
    }
    const struct {
        const char *key;
        double value;
    } figures[] = {{"elapsed_s", s->elapsed}, {"trials_per_s", s->rate}, {"utilisation", s->used}};
    for (size_t i = 0; i < sizeof figures / sizeof *figures; i++) {
        ambs_json_key(&w, figures[i].key);
        ambs_json_double(&w, figures[i].value);
    }
    job_json(t, &w);
    ambs_json_key(&w, "exit_code");
    ambs_json_int(&w, ambs_view_exit_code(view));
    ambs_json_key(&w, "best");
    if (s->best == UINT64_MAX)
        ambs_json_null(&w);
    else
        ambs_view_whole_trial_json(view, &t->rows[s->best], &w);
    int rc = front_json(view, &w, err);
    ambs_json_end_object(&w);
    ambs_text_add(out, "\n");
    return rc;
}

static void line(ambs_text *out, const char *label, const char *format, ...) AMBS_PRINTF(3, 4);
static void line(ambs_text *out, const char *label, const char *format, ...)
{
    char text[512];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    ambs_text_addf(out, "%-12s %s\n", label, text);
}

/* The failures by reason, most frequent first: what to look at. */
static void failures_text(const ambs_view *view, ambs_text *out)
{
    const ambs_table *t = view->table;
    uint64_t count[AMBS_REASON_LAST + 1] = {0};
    for (size_t i = 0; i < t->n; i++) {
        if (t->rows[i].state == AMBS_TRIAL_FAILED) count[t->rows[i].reason]++;
    }
    static const char *const name[] = {[AMBS_REASON_NONE] = "no reason",
                                       [AMBS_REASON_EXIT] = "exit status not 0",
                                       [AMBS_REASON_SIGNAL] = "killed by a signal",
                                       [AMBS_REASON_TIMEOUT] = "timeout",
                                       [AMBS_REASON_OUT_OF_MEMORY] = "out of memory",
                                       [AMBS_REASON_NOT_A_NUMBER] = "not a number",
                                       [AMBS_REASON_INFINITE] = "infinite",
                                       [AMBS_REASON_NO_RESULT] = "no result",
                                       [AMBS_REASON_BAD_RESULT] = "unreadable result",
                                       [AMBS_REASON_WORKER_LOST] = "worker lost",
                                       [AMBS_REASON_CONSTRAINT] = "constraint",
                                       [AMBS_REASON_CANCELLED] = "cancelled",
                                       [AMBS_REASON_NOT_STARTED] = "could not be started",
                                       [AMBS_REASON_OBJECTIVE] = "reported as failed",
                                       [AMBS_REASON_DEADLINE] = "cut by the deadline",
                                       [AMBS_REASON_OUTPUT] = "too much output"};
    for (;;) {
        size_t most = 0;
        for (size_t r = 1; r <= AMBS_REASON_LAST; r++)
            if (count[r] > count[most]) most = r;
        if (count[most] == 0) return;
        line(out, "", "%llu × %s", (unsigned long long)count[most], name[most]);
        count[most] = 0;
    }
}

static void job_text(const ambs_view *view, ambs_text *out)
{
    const ambs_life_row *life = last_life(view->table);
    char utc[32], left[40];
    if (!life) return;
    if (life->job[0]) line(out, "job", "%s", life->job);
    if (view->alive && isfinite(life->deadline_s))
        line(out, "deadline", "%s, in %s", ambs_clock_format_utc(life->deadline_s, utc),
             ambs_format_duration(fmax(life->deadline_s - view->now_s, 0), left));
    if (!view->alive && life->next != AMBS_NEXT_NOTHING)
        line(out, "next", "%s",
             life->next == AMBS_NEXT_RESUBMIT ? "the job was submitted once more"
                                              : "the job goes back into the queue");
}

static int status_text(const ambs_view *view, const status *s, ambs_text *out, ambs_error *err)
{
    int rc = AMBS_OK;
    const ambs_table *t = view->table;
    char buffer[64], number[32];
    line(out, "study", "%s (%s)", view->spec->name, view->path);
    line(out, "standing", "%s%s%s", standing_text(s->standing), s->why[0] ? ": " : "", s->why);
    if (view->holder != NULL) line(out, "manager", "%s", view->holder);
    job_text(view, out);
    ambs_text trials = {0};
    ambs_text_addf(&trials, "%llu complete, %llu failed", (unsigned long long)t->n_complete,
                   (unsigned long long)t->n_failed);
    if (t->n_pruned > 0) ambs_text_addf(&trials, ", %llu pruned", (unsigned long long)t->n_pruned);
    ambs_text_addf(&trials, ", %llu %s, %llu waiting", (unsigned long long)t->n_running,
                   view->alive ? "running" : "interrupted", (unsigned long long)t->n_waiting);
    if (view->n_queued > 0) ambs_text_addf(&trials, ", %zu queued", view->n_queued);
    if (ambs_repeats_on(&view->spec->repeats))
        ambs_text_addf(&trials, "; %llu evaluations done", (unsigned long long)t->n_results);
    if (view->spec->budget.trials > 0) {
        ambs_text_addf(&trials, "; budget %llu", (unsigned long long)view->spec->budget.trials);
    }
    line(out, "trials", "%s", trials.text != NULL ? trials.text : "");
    ambs_text_fini(&trials);
    if (t->n_failed > 0) failures_text(view, out);
    if (s->best != UINT64_MAX) {
        const ambs_trial_row *row = &t->rows[s->best];
        double reach = ambs_study_reach(view->spec, t, row->id);
        line(out, "best", "%s = %s in trial %llu", view->spec->metric,
             ambs_format_double(row->objective, number), (unsigned long long)row->id);
        if (!isnan(reach))
            line(out, "", "± %.3g with %.4g %%, the mean of %u evaluation%s", reach,
                 100 * view->spec->repeats.confidence, (unsigned)row->n_evaluations,
                 row->n_evaluations == 1 ? "" : "s");
        ambs_text config = {0};
        ambs_space_write_line(view->spec->space, &t->x[row->id * t->d], &config);
        line(out, "", "%s", config.text != NULL ? config.text : "");
        ambs_text_fini(&config);
    }
    if (view->spec->n_goals > 1) rc = ambs_view_front_status(view, out, err);
    line(out, "time", "%s in %zu %s", ambs_format_duration(s->elapsed, buffer), t->n_lives,
         t->n_lives == 1 ? "life" : "lives");
    if (!isnan(s->rate)) line(out, "rate", "%.3g trials/s", s->rate);
    if (!isnan(s->used))
        line(out, "utilisation", "%.1f %% of %u slot%s", 100 * s->used, s->slots,
             s->slots == 1 ? "" : "s");
    if (s->lost > 0)
        line(out, "lost", "%llu attempt%s with %s", (unsigned long long)s->lost,
             s->lost == 1 ? "" : "s", s->lost == 1 ? "its worker" : "their workers");
    if (s->standing == AMBS_STANDING_INTERRUPTED || s->standing == AMBS_STANDING_STOPPED) {
        ambs_text_addf(out, "%-12s ambs run ", "go on");
        ambs_text_add_word(out, view->spec->file);
        ambs_text_add(out, " -o ");
        ambs_text_add_word(out, view->path);
        ambs_text_add(out, " --resume\n");
    }
    return rc;
}

int ambs_view_status(const ambs_view *view, ambs_text *out, ambs_error *err)
{
    status s = status_of(view);
    int rc = view->json ? status_json(view, &s, out, err) : status_text(view, &s, out, err);
    return rc == AMBS_OK ? ambs_text_check(out, err) : rc;
}
