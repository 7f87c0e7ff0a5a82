/* SPDX-License-Identifier: MIT */
/* What every verb of the program shares. A verb is one file, cmd_<verb>.c, with one
 * `const ambs_command ambs_command_<verb>`, and one word in this folder's meson.build. Its options
 * are declared; parsing, `--help`, range errors, completions and the manual come from the
 * declaration. */
#ifndef AMBS_CLI_CLI_H
#define AMBS_CLI_CLI_H

#include <limits.h>

#include "ambs/study.h"
#include "base/option.h"
#include "cluster/status.h"

/* One option of a verb. `option.name` is the word after the dashes; a BOOL option is a flag and
 * takes no value. */
typedef struct ambs_cli_option {
    ambs_option option;
    char letter;       /* 'o': also -o; 0: none */
    const char *value; /* what the help calls the value, "STUDY.h5"; NULL for a flag */
} ambs_cli_option;

/* A verb as it was called. Everything is borrowed for the call of run(). */
typedef struct ambs_call {
    const struct ambs_command *command;
    int argc;
    char **argv;                 /* the whole command line; argv[0] is the program */
    const char *const *operands; /* the words that are not options, in their order */
    size_t n_operands;
    const ambs_setting *settings; /* of --set and --seed, in their order */
    size_t n_settings;
    void *options; /* command->options_size bytes, as the option table lays them out */
} ambs_call;

typedef struct ambs_command {
    const char *name;
    const char *operands;                /* for the usage line: "STUDY.yaml" */
    unsigned min_operands, max_operands; /* UINT_MAX: any number */
    const char *summary;                 /* one line */
    const char *details;                 /* paragraphs for --help; NULL: none */
    const ambs_cli_option *options;      /* ends with option.name NULL; NULL: none */
    size_t options_size;
    bool takes_settings;               /* --set KEY=VALUE (repeatable) and --seed N are accepted */
    bool hidden;                       /* used by ambs itself: not in the overview */
    int (*run)(const ambs_call *call); /* returns the exit status, an ambs_status */
} ambs_command;

/* Every verb, NULL-terminated, in the order of meson.build (generated). */
extern const ambs_command *const ambs_command_registry[];

/* Runs the verb that the command line names; returns the exit status of the program. */
int ambs_cli_main(int argc, char **argv);

/* Prints "ambs VERB: TEXT" to standard error and returns the status that belongs to err->code: 2
 * for what the user can mend in the command line or the study file (INVALID, NOT_FOUND, MISMATCH,
 * BUSY, NOT_BUILT, INFEASIBLE), 1 for the rest. */
int ambs_cli_fail(const ambs_call *call, const ambs_error *err);

/* Parses the words after the verb into *ret_call, whose strings point into argv and into memory
 * that ambs_call_fini() frees. AMBS_E_INVALID with what was found, the nearest option and the way
 * to help. */
int ambs_call_parse(const ambs_command *command, int argc, char **argv, ambs_call *ret_call,
                    ambs_error *err);
void ambs_call_fini(ambs_call *call);
/* The text of `ambs VERB --help`. */
void ambs_command_help(const ambs_command *command, ambs_text *out);
/* "ambs run STUDY.yaml [-o STUDY.h5] …" */
void ambs_command_usage(const ambs_command *command, ambs_text *out);

#endif
