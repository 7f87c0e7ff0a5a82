/* SPDX-License-Identifier: MIT */
#include "analysis/exporter.h"
#include "base/write_file.h"
#include "cli/open.h"

typedef struct options {
    char *format, *output;
} options;

static int export_study(const ambs_call *call, ambs_error *err)
{
    const options *o = call->options;
    ambs_opened study;
    int rc = ambs_opened_init(&study, call->operands[0], false, err);
    if (rc != 0) return rc;
    ambs_text out = {0};
    rc = ambs_export(o->format, study.table, study.spec, &out, err);
    ambs_opened_fini(&study);
    if (rc == 0 && o->output != NULL)
        rc = ambs_write_file(o->output, &out, err);
    else if (rc == 0)
        rc = ambs_print(&out, err);
    ambs_text_fini(&out);
    return rc;
}

static int run(const ambs_call *call)
{
    ambs_error err;
    return export_study(call, &err) == 0 ? AMBS_STATUS_DONE : ambs_cli_fail(call, &err);
}

const ambs_command ambs_command_export = {
    .name = "export",
    .operands = "STUDY.h5",
    .min_operands = 1,
    .max_operands = 1,
    .summary = "The trials in the format of another program: csv, json, deephyper",
    .details = "`ambs list exporter` tells the formats.",
    .options = (const ambs_cli_option[]){{{"format", AMBS_OPTION_STRING, offsetof(options, format),
                                           "csv", .help = "the format"},
                                          .letter = 'f',
                                          .value = "csv|json|deephyper"},
                                         {{"output", AMBS_OPTION_STRING, offsetof(options, output),
                                           .help = "the file to write; standard output where "
                                                   "none is named"},
                                          .letter = 'o',
                                          .value = "FILE"},
                                         {{NULL}}},
    .options_size = sizeof(options),
    .run = run,
};
