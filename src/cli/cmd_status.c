/* SPDX-License-Identifier: MIT */
#include "cli/open.h"

typedef struct options {
    bool json, exit_code;
} options;

static int show(const ambs_call *call, const ambs_view *view, ambs_text *out, ambs_error *err)
{
    const options *o = call->options;
    if (!o->exit_code) return ambs_view_status(view, out, err);
    ambs_text_addf(out, "%d\n", ambs_exit_status(view));
    return 0;
}

static int run(const ambs_call *call)
{
    const options *o = call->options;
    return ambs_show_study(call, o->json, show);
}

const ambs_command ambs_command_status = {
    .name = "status",
    .operands = "STUDY.h5",
    .min_operands = 1,
    .max_operands = 1,
    .summary = "Where a study stands: trials, best, time, workers, failures",
    .details = "Works at any moment, also on a running study. With --exit-code it prints what "
               "`ambs run` returned "
               "(0 complete, 1 failed, 3 stopped early or still running, 4 too many failed "
               "trials), for the last line "
               "of a job script: exit $(ambs status --exit-code STUDY.h5)",
    .options =
        (const ambs_cli_option[]){
            {{"json", AMBS_OPTION_BOOL, offsetof(options, json), "false",
              .help = "print one JSON document"}},
            {{"exit-code", AMBS_OPTION_BOOL, offsetof(options, exit_code), "false",
              .help = "print the exit code of the study's last life, and nothing else"}},
            {{NULL}}},
    .options_size = sizeof(options),
    .run = run,
};
