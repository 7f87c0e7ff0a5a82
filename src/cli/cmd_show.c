/* SPDX-License-Identifier: MIT */
#include "cli/open.h"

static int show(const ambs_call *call, const ambs_view *view, ambs_text *out, ambs_error *err)
{
    uint64_t trial;
    int rc = ambs_operand_trial(call, 1, &trial, err);
    return rc != 0 ? rc : ambs_view_show(view, trial, out, err);
}

static int run(const ambs_call *call)
{
    const ambs_json_flag *o = call->options;
    return ambs_show_study(call, o->json, show);
}

const ambs_command ambs_command_show = {
    .name = "show",
    .operands = "STUDY.h5 TRIAL",
    .min_operands = 2,
    .max_operands = 2,
    .summary = "One trial: configuration, result, metrics, prediction, attempts",
    .options = ambs_json_option,
    .options_size = sizeof(ambs_json_flag),
    .run = run,
};
