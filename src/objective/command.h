/* SPDX-License-Identifier: MIT */
/* What a command is started with. The placeholders of argv:
 *   ${name}        the parameter's value; an element that names an inactive one is dropped
 *   ${args}        as a whole element: --name=value for every active parameter (others like it:
 *                  command_elements.h)
 *   ${AMBS_…}      one of the variables below
 * $${ stands for ${. An element, or what stands behind the = of one that begins with -, becomes an
 * absolute path where it is the relative name of a file (folder.h), since a command works in a
 * folder of its own. With protocol: dakota two elements are added: the paths of the parameters and
 * of the results file. A command is never given to a shell. */
#ifndef AMBS_OBJECTIVE_COMMAND_H
#define AMBS_OBJECTIVE_COMMAND_H

#include "objective/objective.h"
#include "study/spec.h"

/* A growing list of strings that it owns; `items` is NULL-terminated. */
typedef struct ambs_strings {
    char **items;
    size_t n, capacity;
} ambs_strings;
void ambs_strings_fini(ambs_strings *strings);
/* Takes `text`'s string (even on failure) and leaves it empty. */
int ambs_strings_take(ambs_strings *strings, ambs_text *text, ambs_error *err);

/* One attempt of a command. Borrowed. */
typedef struct ambs_command {
    const ambs_spec *spec;
    const ambs_attempt *attempt;
    const char *params_path, *result_path;
    const char *study_folder;
    const char *checkpoint, *resume; /* folders; NULL: the variable is not set */
    const char *dakota_params_path, *dakota_result_path; /* NULL: another protocol */
} ambs_command;

/* Placeholders exist, braces are closed, the program is found in PATH. */
int ambs_command_argv_check(const ambs_spec *spec, ambs_error *err);
int ambs_command_argv(const ambs_command *command, ambs_strings *ret_argv, ambs_error *err);
/* PYTHONPATH with the folder of ambs_trial.py at its end, and AMBS_PARAMS, AMBS_RESULT, AMBS_METRIC,
 * AMBS_TRIAL, AMBS_ATTEMPT, AMBS_SEED, AMBS_STUDY, AMBS_STUDY_DIR,
 * AMBS_CHECKPOINT_DIR, AMBS_RESUME_DIR, AMBS_FIDELITY (where
 * the study has one), AMBS_REPORT_FD, AMBS_PARAM_<name> (characters other than letters, digits and
 * _ become _). */
int ambs_command_environment(const ambs_command *command, ambs_strings *ret_environment,
                             ambs_error *err);
/* The active parameters as a JSON object: the file that AMBS_PARAMS names. */
int ambs_command_params(const ambs_command *command, ambs_text *ret_json, ambs_error *err);

#endif
