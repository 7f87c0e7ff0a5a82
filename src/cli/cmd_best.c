/* SPDX-License-Identifier: MIT */
#include <math.h>
#include <stdlib.h>

#include "base/json.h"
#include "base/memory.h"
#include "cli/open.h"
#include "study/resume.h"

typedef struct options {
    bool json, model;
} options;

typedef struct expected {
    uint64_t trial;
    double mean, sd;
} expected;

/* The search as it was after the last result, and what its model expects. */
static int ask_model(const ambs_view *view, expected *ret, ambs_error *err)
{
    ambs_search *search = NULL;
    double *x = ambs_calloc(view->table->d, sizeof *x, err);
    int rc = x ? ambs_search_create(view->spec, &search, err) : AMBS_E_NOMEM;
    if (rc == AMBS_OK) rc = ambs_study_restore(view->table, SIZE_MAX, search, err);
    if (rc == AMBS_OK)
        rc = ambs_search_best_by_model(search, &ret->trial, &ret->mean, &ret->sd, x, err);
    ambs_search_destroy(search);
    free(x);
    return rc;
}

static void show_json(const expected *e, ambs_text *out)
{
    ambs_json_writer w;
    ambs_json_begin(&w, out, 2);
    ambs_json_object(&w);
    ambs_json_key(&w, "id"), ambs_json_int(&w, (long long)e->trial);
    ambs_json_key(&w, "mean"), ambs_json_double(&w, e->mean);
    ambs_json_key(&w, "sd"), ambs_json_double(&w, e->sd);
    ambs_json_end_object(&w);
    ambs_text_add(out, "\n");
}

static int show_by_model(const ambs_view *view, ambs_text *out, ambs_error *err)
{
    expected e;
    int rc = ask_model(view, &e, err);
    if (rc != AMBS_OK) return rc;
    if (view->json) {
        show_json(&e, out);
        return AMBS_OK;
    }
    const double reach = 1.96 * e.sd; /* 95 % of a normal distribution */
    ambs_text_addf(
        out, "By the model trial %llu is the best: %s %.6g, with 95 %% from %.6g to %.6g\n\n",
        (unsigned long long)e.trial, view->spec->metric, e.mean, e.mean - reach, e.mean + reach);
    return ambs_view_show(view, e.trial, out, err);
}

/* Where the metric is noisy enough to be repeated, what the model expects is part of the answer. */
static int add_by_model(const ambs_view *view, ambs_text *out, ambs_error *err)
{
    expected e;
    int rc = ask_model(view, &e, err);
    if (rc == AMBS_E_NOT_FOUND) return AMBS_OK; /* there is no model */
    if (rc != AMBS_OK) return rc;
    const double reach = 1.96 * e.sd;
    ambs_text_addf(
        out, "\nBy the model trial %llu is the best: %s %.6g, with 95 %% from %.6g to %.6g\n",
        (unsigned long long)e.trial, view->spec->metric, e.mean, e.mean - reach, e.mean + reach);
    return ambs_text_check(out, err);
}

static int show(const ambs_call *call, const ambs_view *view, ambs_text *out, ambs_error *err)
{
    const options *o = call->options;
    if (o->model) return show_by_model(view, out, err);
    int rc = ambs_view_best(view, out, err);
    bool adds = rc == AMBS_OK && !view->json && ambs_repeats_on(&view->spec->repeats);
    return adds ? add_by_model(view, out, err) : rc;
}

static int run(const ambs_call *call)
{
    const options *o = call->options;
    return ambs_show_study(call, o->json, show);
}

const ambs_command ambs_command_best = {
    .name = "best",
    .operands = "STUDY.h5",
    .min_operands = 1,
    .max_operands = 1,
    .summary = "The best configuration so far, or the front of several metrics",
    .details =
        "A study with several metrics has a front: the trials that no other one beats in all of "
        "them, with the hypervolume that they dominate. With one metric: "
        "the best observed one; with --model the one that the study's model expects most of, "
        "which is the better choice where the metric is noisy: the best observed value is also "
        "the luckiest. In a study with repeats both are shown.",
    .options =
        (const ambs_cli_option[]){
            {{"json", AMBS_OPTION_BOOL, offsetof(options, json), "false",
              .help = "print one JSON document"}},
            {{"model", AMBS_OPTION_BOOL, offsetof(options, model), "false",
              .help = "the best by the model, which is fitted anew, with its 95 % interval"}},
            {{NULL}}},
    .options_size = sizeof(options),
    .run = run,
};
