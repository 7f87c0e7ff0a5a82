/* SPDX-License-Identifier: MIT */
#include "cli/open.h"

typedef struct options {
    bool json, metrics;
    char *state;
    int sort;
    long long limit;
} options;

enum { SORT_ID, SORT_OBJECTIVE };

static int show(const ambs_call *call, const ambs_view *view, ambs_text *out, ambs_error *err)
{
    const options *o = call->options;
    ambs_trial_filter filter = {.state = o->state,
                                .by_objective = o->sort == SORT_OBJECTIVE,
                                .limit = (size_t)o->limit,
                                .metrics = o->metrics};
    return ambs_view_trials(view, &filter, out, err);
}

static int run(const ambs_call *call)
{
    const options *o = call->options;
    return ambs_show_study(call, o->json, show);
}

const ambs_command ambs_command_trials = {
    .name = "trials",
    .operands = "STUDY.h5",
    .min_operands = 1,
    .max_operands = 1,
    .summary = "All trials, a line each",
    .options =
        (const ambs_cli_option[]){
            {{"json", AMBS_OPTION_BOOL, offsetof(options, json), "false",
              .help = "print one JSON array of objects; times in s"}},
            {{"metrics", AMBS_OPTION_BOOL, offsetof(options, metrics), "false",
              .help = "a column for each number that results held beside the objective"}},
            {{"state", AMBS_OPTION_STRING, offsetof(options, state),
              .help = "only trials in this state: waiting, running, complete, pruned, failed, "
                      "paused or cancelled"},
             .value = "STATE"},
            {{"sort", AMBS_OPTION_CHOICE, offsetof(options, sort), "id",
              .choices = (const char *const[]){"id", "objective", NULL},
              .help = "order by id, or by objective (the first metric) with the best first"},
             .value = "id|objective"},
            {{"limit", AMBS_OPTION_INT, offsetof(options, limit), "0", 0, 1e15,
              .help = "at most so many (by id: the last "
                      "ones); 0 for all"},
             .letter = 'n',
             .value = "N"},
            {{NULL}}},
    .options_size = sizeof(options),
    .run = run,
};
