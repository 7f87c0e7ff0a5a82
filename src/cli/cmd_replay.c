/* SPDX-License-Identifier: MIT */
#include "cli/open.h"

static int replay(const ambs_call *call, bool *ret_same, ambs_error *err)
{
    ambs_replay_findings f;
    ambs_text out = {0};
    int rc = ambs_study_replay(call->operands[0], &f, err);
    if (rc != 0) return rc;
    *ret_same = f.n_different == 0;
    ambs_text_add_lines(&out, f.text);
    return ambs_print(&out, err);
}

static int run(const ambs_call *call)
{
    ambs_error err;
    bool same = false;
    if (replay(call, &same, &err) != 0) return ambs_cli_fail(call, &err);
    return same ? AMBS_STATUS_DONE : AMBS_STATUS_FAILED;
}

const ambs_command ambs_command_replay = {
    .name = "replay",
    .operands = "STUDY.h5",
    .min_operands = 1,
    .max_operands = 1,
    .summary = "Recompute every proposal from the journal and compare",
    .details = "Bit for bit with the build, BLAS kernel and thread count that made the study; with "
               "another one to a "
               "tolerance, which it says. Exit status 1 when a proposal differs.",
    .run = run,
};
