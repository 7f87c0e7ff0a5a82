/* SPDX-License-Identifier: MIT */
/* The files by which a command is spoken to beyond its arguments and environment. */
#ifndef AMBS_OBJECTIVE_COMMAND_FILES_H
#define AMBS_OBJECTIVE_COMMAND_FILES_H

#include "objective/command.h"
#include "objective/dakota.h"

/* Of the command kind, as the study sets them. */
typedef enum ambs_protocol { AMBS_PROTOCOL_AMBS, AMBS_PROTOCOL_DAKOTA } ambs_protocol;

typedef struct ambs_command_options {
    int protocol, parameters_format;
    char *responses;        /* names with blanks between, NULL: the metric */
    char *template, *input; /* a text to fill in, and what the filled one is called */
    char *delimiters;       /* "{ }" */
    char *link_files;       /* names with blanks between */
    char *file;             /* of the study; not an option */
} ambs_command_options;

extern const ambs_option ambs_command_option_table[];

/* Whether the options fit together, the responses hold the metric, and the files named are there
 * and can be used. */
int ambs_command_files_check(const ambs_command_options *options, const ambs_space *space,
                             const char *metric, ambs_error *err);
/* Makes the files of an attempt in `folder`: AMBS_PARAMS, Dakota's parameters file, links, the
 * filled template. */
int ambs_command_files_make(const ambs_command *command, const char *folder, ambs_error *err);

#endif
