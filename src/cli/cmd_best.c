/* SPDX-License-Identifier: MIT */
#include "cli/open.h"

static int show(const ambs_call *call, const ambs_view *view, ambs_text *out, ambs_error *err)
{
    (void)call;
    return ambs_view_best(view, out, err);
}

static int run(const ambs_call *call)
{
    const ambs_json_flag *o = call->options;
    return ambs_show_study(call, o->json, show);
}

const ambs_command ambs_command_best = {
    .name = "best",
    .operands = "STUDY.h5",
    .min_operands = 1,
    .max_operands = 1,
    .summary = "The best configuration so far",
    .options = ambs_json_option,
    .options_size = sizeof(ambs_json_flag),
    .run = run,
};
