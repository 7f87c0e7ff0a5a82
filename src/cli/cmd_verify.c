/* SPDX-License-Identifier: MIT */
#include "cli/cli.h"
#include "cli/print.h"
#include "study/store.h"

static int verify(const ambs_call *call, bool *ret_well, ambs_error *err)
{
    ambs_verify_findings f;
    int rc = ambs_study_verify(call->operands[0], &f, err);
    if (rc != 0) return rc;
    ambs_text out = {0};
    *ret_well = f.n_problems == 0;
    ambs_text_addf(&out, "%s: %llu records, %llu trials, ", call->operands[0],
                   (unsigned long long)f.n_records, (unsigned long long)f.n_trials);
    if (*ret_well)
        ambs_text_add(&out, "no problem found\n");
    else
        ambs_text_addf(&out, "%llu problem%s\n", (unsigned long long)f.n_problems,
                       f.n_problems == 1 ? "" : "s");
    if (f.n_behind > 0) {
        ambs_text_addf(&out,
                       "the file is %llu record%s behind its journal: no fault, ambs reads both\n",
                       (unsigned long long)f.n_behind, f.n_behind == 1 ? "" : "s");
    }
    ambs_text_add_lines(&out, f.text);
    return ambs_print(&out, err);
}

static int run(const ambs_call *call)
{
    ambs_error err;
    bool well = false;
    if (verify(call, &well, &err) != 0) return ambs_cli_fail(call, &err);
    return well ? AMBS_STATUS_DONE : AMBS_STATUS_FAILED;
}

const ambs_command ambs_command_verify = {
    .name = "verify",
    .operands = "STUDY.h5",
    .min_operands = 1,
    .max_operands = 1,
    .summary = "Check a study: journal, file, and the one against the other",
    .details = "Every record's checksum and order, the file's checksum and structure, every row "
               "against the journal, every "
               "configuration against the space. Exit status 1 when there is a problem.",
    .run = run,
};
