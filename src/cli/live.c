/* SPDX-License-Identifier: MIT */
#include "cli/live.h"

#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/json.h"

/* In a log, lines without a new best become rarer: a second apart at first, in the end a minute. */
#define FIRST_PAUSE_S 1.0
#define LAST_PAUSE_S  60.0
#define LINE_PAUSE_S  0.2

void ambs_live_init(ambs_live *live, ambs_outlet *outlet, ambs_live_style style, int columns)
{
    *live = (ambs_live){.outlet = outlet,
                        .style = style,
                        .columns = columns,
                        .shown_s = -1e9,
                        .pause_s = FIRST_PAUSE_S,
                        .best_shown = UINT64_MAX};
}

/* "412 of 500 done, 3 running, 1 failed, best 0.0123 (trial 371, 2 min 03 s ago), 2.1/s, 41 s left,
 * 97 % busy" */
static void write_line(const ambs_spec *spec, const ambs_progress *p, ambs_text *out)
{
    char number[32], span[40];
    ambs_text_addf(out, "%llu", (unsigned long long)p->n_done);
    if (p->budget > 0) ambs_text_addf(out, " of %llu", (unsigned long long)p->budget);
    ambs_text_addf(out, " done, %llu running", (unsigned long long)p->n_running);
    if (p->n_failed > 0) ambs_text_addf(out, ", %llu failed", (unsigned long long)p->n_failed);
    if (p->best_trial != UINT64_MAX) {
        snprintf(number, sizeof number, "%.6g", p->best);
        ambs_text_addf(out, ", best %s %s (trial %llu", spec->metric, number,
                       (unsigned long long)p->best_trial);
        if (isfinite(p->best_s)) /* else an earlier life found it */
            ambs_text_addf(out, ", %s ago",
                           ambs_format_duration(fmax(0, p->elapsed_s - p->best_s), span));
        ambs_text_add(out, ")");
    }
    ambs_text_addf(out, ", %.3g/%s", p->rate_per_s >= 0.1 ? p->rate_per_s : 60 * p->rate_per_s,
                   p->rate_per_s >= 0.1 ? "s" : "min");
    if (isfinite(p->left_s))
        ambs_text_addf(out, ", %s left", ambs_format_duration(p->left_s, span));
    ambs_text_addf(out, ", %.0f %% busy", 100 * p->utilisation);
    if (p->n_suspect + p->n_lost > 0)
        ambs_text_addf(out, ", %u worker%s missing", p->n_suspect + p->n_lost,
                       p->n_suspect + p->n_lost == 1 ? "" : "s");
    if (p->draining) ambs_text_add(out, ", ending");
    if (p->trouble[0]) ambs_text_addf(out, ", PAUSED: %s", p->trouble);
}

static void write_json(const ambs_progress *p, ambs_text *out)
{
    ambs_json_writer w;
    ambs_json_begin(&w, out, 0);
    ambs_json_object(&w);
    ambs_json_key(&w, "time"), ambs_json_double(&w, ambs_clock_wall_s());
    ambs_json_key(&w, "elapsed_s"), ambs_json_double(&w, p->elapsed_s);
    ambs_json_key(&w, "left_s"), ambs_json_double(&w, p->left_s);
    ambs_json_key(&w, "complete"), ambs_json_int(&w, (long long)p->n_complete);
    ambs_json_key(&w, "pruned"), ambs_json_int(&w, (long long)p->n_pruned);
    ambs_json_key(&w, "failed"), ambs_json_int(&w, (long long)p->n_failed);
    ambs_json_key(&w, "running"), ambs_json_int(&w, (long long)p->n_running);
    ambs_json_key(&w, "waiting"), ambs_json_int(&w, (long long)p->n_waiting);
    ambs_json_key(&w, "best"), ambs_json_double(&w, p->best);
    ambs_json_key(&w, "best_trial");
    if (p->best_trial == UINT64_MAX)
        ambs_json_null(&w);
    else
        ambs_json_int(&w, (long long)p->best_trial);
    ambs_json_key(&w, "rate_per_s"), ambs_json_double(&w, p->rate_per_s);
    ambs_json_key(&w, "utilisation"), ambs_json_double(&w, p->utilisation);
    ambs_json_key(&w, "slots"), ambs_json_int(&w, p->n_slots);
    ambs_json_key(&w, "trouble"), ambs_json_string(&w, p->trouble);
    ambs_json_end_object(&w);
}

/* Of the terminal now: a window is made smaller while a study runs. The ranks' standard error is a
 * pipe to the launcher, but on the launcher's host their terminal is the user's. */
static int columns_now(const ambs_live *live)
{
    struct winsize size;
    int fd = open("/dev/tty", O_RDONLY | O_NOCTTY | O_CLOEXEC);
    bool known = fd >= 0 && ioctl(fd, TIOCGWINSZ, &size) == 0 && size.ws_col > 0;
    if (fd >= 0) close(fd);
    return known ? size.ws_col : live->columns;
}

static const char *const level_names[] = {"error", "warning", "info", "debug"};

static void write_entry(const ambs_live *live, ambs_log_level level, const char *line,
                        ambs_text *out)
{
    if (live->style != AMBS_LIVE_JSON) {
        ambs_text_addf(out, "ambs: %s%s", level <= AMBS_LOG_WARNING ? level_names[level] : "",
                       level <= AMBS_LOG_WARNING ? ": " : "");
        ambs_text_add(out, line);
        return;
    }
    ambs_json_writer w;
    ambs_json_begin(&w, out, 0);
    ambs_json_object(&w);
    ambs_json_key(&w, "time"), ambs_json_double(&w, ambs_clock_wall_s());
    ambs_json_key(&w, "level"), ambs_json_string(&w, level_names[level]);
    ambs_json_key(&w, "text"), ambs_json_string(&w, line);
    ambs_json_end_object(&w);
}

/* Frees the text. */
static void print_line(const ambs_live *live, ambs_text *text)
{
    ambs_text_add(text, "\n");
    if (ambs_text_check(text, NULL) == AMBS_OK)
        ambs_outlet_put(live->outlet, STDERR_FILENO, text->text, text->length);
    ambs_text_fini(text);
}

static void tell_dropped(const ambs_live *live)
{
    char line[120];
    ambs_text text = {0};
    uint64_t n = ambs_outlet_take_dropped(live->outlet);
    if (n == 0) return;
    snprintf(line, sizeof line, "%llu line%s of this log %s dropped here: nobody took them in time",
             (unsigned long long)n, n == 1 ? "" : "s", n == 1 ? "was" : "were");
    write_entry(live, AMBS_LOG_WARNING, line, &text);
    print_line(live, &text);
}

void ambs_live_clear(ambs_live *live)
{
    static const char clear[] = "\r\033[K";
    if (live->line_stands) ambs_outlet_put(live->outlet, STDERR_FILENO, clear, sizeof clear - 1);
    live->line_stands = false;
}

void ambs_live_flush(ambs_live *live, double limit_s)
{
    if (!ambs_outlet_flush(live->outlet, limit_s)) return;
    tell_dropped(live);
    ambs_outlet_flush(live->outlet, limit_s);
}

/* One line that is written over; what does not fit is cut, and the ^C that a terminal echoes still
 * fits. Frees the text. */
static void show_line(ambs_live *live, ambs_text *text)
{
    enum { ECHO = 3 };
    int columns = columns_now(live);
    ambs_text line = {0};
    ambs_text_addf(&line, "\r%.*s\033[K", columns > ECHO ? columns - ECHO : 1,
                   text->text ? text->text : "");
    ambs_text_fini(text);
    if (ambs_text_check(&line, NULL) == AMBS_OK)
        ambs_outlet_put(live->outlet, STDERR_FILENO, line.text, line.length);
    ambs_text_fini(&line);
    live->line_stands = true;
}

void ambs_live_show(ambs_live *live, const ambs_spec *spec, const ambs_progress *p)
{
    if (live->style == AMBS_LIVE_QUIET) return;
    if (p->n_done + p->n_running == 0 && p->elapsed_s < FIRST_PAUSE_S)
        return; /* it has just begun */
    bool new_best = p->best_trial != live->best_shown;
    double pause = live->style == AMBS_LIVE_LINE ? LINE_PAUSE_S
                   : new_best                    ? FIRST_PAUSE_S
                                                 : live->pause_s;
    if (p->elapsed_s < live->shown_s + pause) return;
    tell_dropped(live);
    ambs_text text = {0};
    if (live->style == AMBS_LIVE_JSON)
        write_json(p, &text);
    else
        write_line(spec, p, &text);
    if (live->style == AMBS_LIVE_LINE)
        show_line(live, &text);
    else
        print_line(live, &text);
    live->shown_s = p->elapsed_s;
    live->best_shown = p->best_trial;
    if (live->pause_s * 1.5 < LAST_PAUSE_S) live->pause_s *= 1.5;
}

void ambs_live_say(ambs_live *live, ambs_log_level level, const char *line)
{
    ambs_text text = {0};
    ambs_live_clear(live);
    tell_dropped(live);
    write_entry(live, level, line, &text);
    print_line(live, &text);
}
