/* SPDX-License-Identifier: MIT */
#include "cli/open.h"

static int run(const ambs_call *call)
{
    ambs_error err;
    return ambs_study_snapshot(call->operands[0], &err) == 0 ? AMBS_STATUS_DONE
                                                             : ambs_cli_fail(call, &err);
}

const ambs_command ambs_command_snapshot = {
    .name = "snapshot",
    .operands = "STUDY.h5",
    .min_operands = 1,
    .max_operands = 1,
    .summary = "Bring STUDY.h5 up to its journal (the manager does this by itself)",
    .hidden = true,
    .run = run,
};
