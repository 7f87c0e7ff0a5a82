/* SPDX-License-Identifier: MIT */
/* A configuration for a study that runs, or waits to be resumed. All that can be wrong with it is
 * said here; the file then waits for whoever drives the study. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/memory.h"
#include "cli/open.h"
#include "space/space.h"
#include "study/wishes.h"

typedef struct options {
    double wait_s;
} options;

/* Judged as the manager will: against the space, the trials and what waits already. */
static int judge(const char *path, ambs_opened *study, const char *words, double *ret_x,
                 ambs_error *err)
{
    ambs_wishes wishes = {.space = study->spec->space};
    ambs_wish_name *names = NULL, none = {""};
    ambs_wish_verdict verdict;
    size_t n = 0;
    char why[512], *text;
    int rc = ambs_wish_list(path, &names, &n, err);
    for (size_t i = 0; rc == AMBS_OK && i < n; i++) {
        if (ambs_wish_text(path, &names[i], &text, NULL) != AMBS_OK) continue; /* taken just now */
        rc = ambs_wishes_judge(&wishes, study->table, &names[i], text, &verdict, ret_x, why, err);
        free(text);
    }
    if (rc == AMBS_OK)
        rc = ambs_wishes_judge(&wishes, study->table, &none, words, &verdict, ret_x, why, err);
    if (rc == AMBS_OK && verdict != AMBS_WISH_NEW) rc = ambs_fail(err, AMBS_E_INVALID, "%s", why);
    ambs_wishes_fini(&wishes);
    free(names);
    return rc;
}

static bool still_waits(const char *path, const ambs_wish_name *name)
{
    char *text;
    if (ambs_wish_text(path, name, &text, NULL) != AMBS_OK) return false;
    free(text);
    return true;
}

/* What became of it within the time that the caller gives. */
static int follow(const char *path, const ambs_wish_name *name, double wait_s, bool *ret_granted,
                  ambs_error *err)
{
    double until_s = ambs_clock_monotonic_s() + wait_s;
    while (still_waits(path, name) && ambs_clock_monotonic_s() < until_s) ambs_clock_sleep_s(0.1);
    *ret_granted = !still_waits(path, name);
    char *why = *ret_granted ? ambs_wish_refusal(path, name) : NULL;
    int rc = why ? ambs_fail(err, AMBS_E_INVALID, "%s", why) : AMBS_OK;
    free(why);
    return rc;
}

static bool budget_is_used_up(const ambs_opened *study)
{
    const ambs_table *t = study->table;
    uint64_t budget = study->spec->budget.trials;
    return budget > 0 && t->n - t->n_cancelled >= budget;
}

static void add_more_budget(const ambs_opened *study, const char *path, ambs_text *out)
{
    unsigned long long budget = study->spec->budget.trials;
    ambs_text_addf(out,
                   "\nqueued; the study's budget of %llu trials is used up: raise it to have it "
                   "tried, ambs run ",
                   budget);
    ambs_text_add_word(out, study->spec->file);
    ambs_text_add(out, " -o ");
    ambs_text_add_word(out, path);
    ambs_text_addf(out, " --resume --set budget.trials=%llu\n", budget + 1);
}

static int tell(const ambs_opened *study, const char *path, const double *x, bool granted,
                ambs_error *err)
{
    ambs_text out = {0};
    ambs_space_write_line(study->spec->space, x, &out);
    if (granted)
        ambs_text_add(&out, "\nproposed: the study has taken it as a trial\n");
    else if (budget_is_used_up(study))
        add_more_budget(study, path, &out);
    else if (study->view.alive)
        ambs_text_add(&out, "\nqueued: it is the study's next proposal\n");
    else
        ambs_text_add(&out, "\nqueued: the study does not run, and takes it when it is resumed\n");
    return ambs_print(&out, err);
}

/* The words as lines, as a file of the queue has them. */
static int join(const ambs_call *call, ambs_text *out, ambs_error *err)
{
    for (size_t i = 1; i < call->n_operands; i++) {
        if (strpbrk(call->operands[i], "\r\n"))
            return ambs_fail(err, AMBS_E_INVALID, "found a value of several lines, expected one");
        ambs_text_addf(out, "%s\n", call->operands[i]);
    }
    return ambs_text_check(out, err);
}

static int enqueue(const ambs_call *call, ambs_error *err)
{
    const options *o = call->options;
    const char *path = call->operands[0];
    ambs_opened study;
    ambs_text words = {0};
    ambs_wish_name name;
    bool granted = false;
    int rc = ambs_opened_init(&study, path, false, err);
    if (rc != AMBS_OK) return rc;
    double *x = ambs_calloc(study.table->d, sizeof *x, err);
    rc = x ? join(call, &words, err) : AMBS_E_NOMEM;
    if (rc == AMBS_OK) rc = judge(path, &study, words.text, x, err);
    if (rc == AMBS_OK) rc = ambs_wish_put(path, study.spec->space, x, &name, err);
    if (rc == AMBS_OK && study.view.alive) rc = follow(path, &name, o->wait_s, &granted, err);
    if (rc == AMBS_OK) rc = tell(&study, path, x, granted, err);
    ambs_text_fini(&words);
    free(x);
    ambs_opened_fini(&study);
    return rc;
}

static int run(const ambs_call *call)
{
    ambs_error err;
    return enqueue(call, &err) == AMBS_OK ? AMBS_STATUS_DONE : ambs_cli_fail(call, &err);
}

const ambs_command ambs_command_enqueue = {
    .name = "enqueue",
    .operands = "STUDY.h5 NAME=VALUE…",
    .min_operands = 2,
    .max_operands = UINT_MAX,
    .summary = "Have a configuration of your own tried next by a study, running or not",
    .details = "Parameters left out take their default. The configuration is the next proposal of "
               "the running study, from whatever host it was enqueued, or the first after it is "
               "resumed; it counts in the budget. One that was tried, or waits, already is "
               "refused. `ambs status` says how many wait.",
    .options = (const ambs_cli_option[]){{{"wait", AMBS_OPTION_DURATION, offsetof(options, wait_s),
                                           "0s", 0, 86400, NULL,
                                           "wait so long for a running study to propose it"},
                                          .value = "TIME"},
                                         {{NULL}}},
    .options_size = sizeof(options),
    .run = run,
};
