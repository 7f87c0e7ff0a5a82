/* SPDX-License-Identifier: MIT */
#include "cli/cli.h"
#include "cli/print.h"
#include "study/store.h"

typedef struct options {
    char *output;
} options;

static int recover(const ambs_call *call, ambs_error *err)
{
    const options *o = call->options;
    ambs_recover_findings f;
    int rc = ambs_study_recover(call->operands[0], o->output, &f, err);
    if (rc != 0) return rc;
    ambs_text out = {0};
    ambs_text_addf(&out, "%s: %llu trial%s, %llu of them with results\n", f.path,
                   (unsigned long long)f.n_trials, f.n_trials == 1 ? "" : "s",
                   (unsigned long long)f.n_results);
    ambs_text_add_lines(&out, f.text);
    return ambs_print(&out, err);
}

static int run(const ambs_call *call)
{
    ambs_error err;
    return recover(call, &err) == 0 ? AMBS_STATUS_DONE : ambs_cli_fail(call, &err);
}

const ambs_command ambs_command_recover = {
    .name = "recover",
    .operands = "STUDY.h5",
    .min_operands = 1,
    .max_operands = 1,
    .summary = "Make STUDY.h5 anew from its journal, or save what a damaged study still holds",
    .details = "A whole journal gives the whole file. Where journal or file are damaged, -o names "
               "a new study: it gets every "
               "result that either still holds, can be resumed, and says what was lost. The "
               "damaged one stays as it is.",
    .options = (const ambs_cli_option[]){{{"output", AMBS_OPTION_STRING, offsetof(options, output),
                                           .help = "the new study, where the old one is damaged"},
                                          .letter = 'o',
                                          .value = "NEW.h5"},
                                         {{NULL}}},
    .options_size = sizeof(options),
    .run = run,
};
