/* SPDX-License-Identifier: MIT */
#include "cli/cli.h"
#include "cli/print.h"
#include "study/store.h"

typedef struct options {
    char *output;
} options;

static int merge(const ambs_call *call, ambs_error *err)
{
    const options *o = call->options;
    ambs_merge_findings f;
    if (o->output == NULL)
        return ambs_fail(err, AMBS_E_INVALID, "-o NEW.h5 is needed: the study to write");
    int rc = ambs_study_merge(call->operands, call->n_operands, o->output, &f, err);
    if (rc != 0) return rc;
    ambs_text out = {0};
    ambs_text_addf(&out, "%s: %llu result%s of %zu studies\n", o->output,
                   (unsigned long long)f.n_trials, f.n_trials == 1 ? "" : "s", call->n_operands);
    if (f.n_repeated > 0)
        ambs_text_addf(&out, "left out: %llu of configurations that had come before\n",
                       (unsigned long long)f.n_repeated);
    if (f.n_unfinished > 0)
        ambs_text_addf(&out, "left out: %llu trial%s without a result\n",
                       (unsigned long long)f.n_unfinished, f.n_unfinished == 1 ? "" : "s");
    return ambs_print(&out, err);
}

static int run(const ambs_call *call)
{
    ambs_error err;
    return merge(call, &err) == 0 ? AMBS_STATUS_DONE : ambs_cli_fail(call, &err);
}

const ambs_command ambs_command_merge = {
    .name = "merge",
    .operands = "A.h5 B.h5…",
    .min_operands = 2,
    .max_operands = UINT_MAX,
    .summary = "Join the results of several studies over the same space into a new one",
    .details = "The new study has the settings of the first, and can be resumed: the search then "
               "knows all results.",
    .options = (const ambs_cli_option[]){{{"output", AMBS_OPTION_STRING, offsetof(options, output),
                                           .help = "the new study"},
                                          .letter = 'o',
                                          .value = "NEW.h5"},
                                         {{NULL}}},
    .options_size = sizeof(options),
    .run = run,
};
