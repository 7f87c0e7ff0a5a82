/* SPDX-License-Identifier: MIT */
#include "cli/cli.h"
#include "cli/paths.h"
#include "cli/print.h"
#include "cluster/layout.h"
#include "cluster/process.h"
#include "objective/runner.h"
#include "study/spec.h"

typedef struct options {
    char *output;
} options;

/* What this host would give, seen from here: a login node may be another kind than those of a job.
 */
static int print_host(const ambs_spec *spec, ambs_text *out, ambs_error *err)
{
    char host[AMBS_HOST_SIZE];
    uint32_t n;
    ambs_machine here = ambs_machine_here(ambs_process_host(host));
    ambs_resources seen;
    int rc = ambs_resources_detect(&here, &seen, NULL, err);
    if (rc != 0) return rc;
    ambs_text_add(out, "this host    ");
    rc = ambs_layout_preview(spec, host, &seen, out, &n, err);
    ambs_text_add(out, "\n");
    ambs_resources_fini(&seen);
    return rc;
}

static int print_spec(const ambs_call *call, ambs_error *err)
{
    const options *o = call->options;
    ambs_spec *spec;
    char path[4096];
    int rc = ambs_spec_read(call->operands[0], call->settings, call->n_settings, &spec, err);
    if (rc == 0 && spec->warm.missing) {
        rc = ambs_fail(err, AMBS_E_NOT_FOUND, "%s", spec->warm.missing);
        ambs_spec_destroy(spec);
    }
    if (rc != 0) return rc;
    ambs_text out = {0};
    if (spec->objective) rc = ambs_runner_check(spec, err);
    if (rc == 0) rc = ambs_output_path(o->output, call->operands[0], path, sizeof path, err);
    if (rc == 0) ambs_spec_print(spec, path, &out);
    if (rc == 0 && spec->objective && spec->trial.ranks == 1) rc = print_host(spec, &out, err);
    ambs_spec_destroy(spec);
    int rc_print = ambs_print(&out, rc == 0 ? err : NULL);
    return rc != 0 ? rc : rc_print;
}

static int run(const ambs_call *call)
{
    ambs_error err;
    return print_spec(call, &err) == 0 ? AMBS_STATUS_DONE : ambs_cli_fail(call, &err);
}

const ambs_command ambs_command_check = {
    .name = "check",
    .operands = "STUDY.yaml",
    .min_operands = 1,
    .max_operands = 1,
    .summary = "Check a study file and print the study as it is understood",
    .details = "All that is wrong is listed at once, each with line, column, what was found, what "
               "was expected and "
               "what to do. Nothing is run.",
    .options = (const ambs_cli_option[]){{{"output", AMBS_OPTION_STRING, offsetof(options, output),
                                           .help = "the study file that `ambs run` would write"},
                                          .letter = 'o',
                                          .value = "STUDY.h5"},
                                         {{NULL}}},
    .options_size = sizeof(options),
    .takes_settings = true,
    .run = run,
};
