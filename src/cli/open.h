/* SPDX-License-Identifier: MIT */
/* What the reading verbs share: the study behind a path, and printing. */
#ifndef AMBS_CLI_OPEN_H
#define AMBS_CLI_OPEN_H

#include "analysis/view.h"
#include "cli/cli.h"
#include "cli/print.h"
#include "study/store.h"

typedef struct ambs_opened {
    ambs_table *table;
    ambs_spec *spec;
    ambs_journal_findings findings;
    char holder[256];
    ambs_view view; /* ready for ambs_view_*() */
} ambs_opened;

/* Reads the study (file and the rest of its journal) without disturbing a manager that runs it. A
 * torn tail that was cut is told on standard error, unless the study runs (its last record may be
 * half there). */
int ambs_opened_init(ambs_opened *opened, const char *path, bool json, ambs_error *err);
void ambs_opened_fini(ambs_opened *opened);

/* The whole of a reading verb: opens the study named by the first operand, lets `show` write,
 * prints, and returns the exit status (errors are told). */
typedef int ambs_show(const ambs_call *call, const ambs_view *view, ambs_text *out,
                      ambs_error *err);
int ambs_show_study(const ambs_call *call, bool json, ambs_show *show);
/* What a job script ends with: the exit code of the study's last life, or, in the batch job of that
 * life, the status by which the job goes back into the queue (Grid Engine: 99). */
int ambs_exit_status(const ambs_view *view);
/* The same of a study that stopped early; 3 where it cannot be read. */
int ambs_stopped_status(const char *path);
/* The trial id that operand `i` names. */
int ambs_operand_trial(const ambs_call *call, size_t i, uint64_t *ret_trial, ambs_error *err);

/* The one flag that most reading verbs have. */
typedef struct ambs_json_flag {
    bool json;
} ambs_json_flag;
extern const ambs_cli_option ambs_json_option[];

#endif
