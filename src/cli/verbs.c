/* SPDX-License-Identifier: MIT */
/* Finds the verb, parses its words, runs it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "cli/cli.h"
#include "config.h"

static void print_overview(FILE *out)
{
    fputs("usage: ambs VERB …\n\nHyperparameter search on an MPI allocation.\n\n", out);
    for (const ambs_command *const *c = ambs_command_registry; *c; c++)
        if (!(*c)->hidden) fprintf(out, "  %-11s %s\n", (*c)->name, (*c)->summary);
    fputs("\nambs VERB --help says more about a verb; ambs --version prints the version.\n", out);
}

static const ambs_command *find_command(const char *name)
{
    for (const ambs_command *const *c = ambs_command_registry; *c; c++)
        if (strcmp((*c)->name, name) == 0) return *c;
    return NULL;
}

static const char *nearest_verb(const char *wrong)
{
    enum { MAX = 64 };
    const char *names[MAX + 3] = {NULL};
    size_t n = 0;
    for (const ambs_command *const *c = ambs_command_registry; *c && n < MAX; c++)
        if (!(*c)->hidden) names[n++] = (*c)->name;
    names[n++] = "--help";
    names[n++] = "--version";
    return ambs_nearest_name(wrong, names);
}

static int refuse_verb(const char *word)
{
    const char *near = nearest_verb(word);
    fprintf(stderr, "ambs: unknown verb \"%.60s\"", word);
    if (near) fprintf(stderr, ": did you mean \"%s\"?", near);
    fputs("\n      ambs --help lists the verbs\n", stderr);
    return AMBS_STATUS_USAGE;
}

static int print_help(const ambs_command *command)
{
    ambs_text text = {0};
    ambs_command_help(command, &text);
    int rc = ambs_text_check(&text, NULL);
    if (rc == AMBS_OK) fputs(text.text, stdout);
    ambs_text_fini(&text);
    return rc == AMBS_OK ? AMBS_STATUS_DONE : AMBS_STATUS_FAILED;
}

static bool asks_for_help(int argc, char **argv)
{
    for (int i = 2; i < argc && strcmp(argv[i], "--") != 0; i++)
        if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0) return true;
    return false;
}

int ambs_cli_fail(const ambs_call *call, const ambs_error *err)
{
    fprintf(stderr, "ambs %s: %s\n", call->command->name, err->text);
    return (int)ambs_status_of(err->code);
}

static int run_command(const ambs_command *command, int argc, char **argv)
{
    ambs_call call = {.command = command};
    ambs_error *err = ambs_calloc(1, sizeof *err, NULL);
    if (!err) return AMBS_STATUS_FAILED;
    int status = ambs_call_parse(command, argc, argv, &call, err) == AMBS_OK
                     ? command->run(&call)
                     : ambs_cli_fail(&call, err);
    ambs_call_fini(&call);
    free(err);
    return status;
}

int ambs_cli_main(int argc, char **argv)
{
    if (argc < 2) {
        print_overview(stderr);
        return AMBS_STATUS_USAGE;
    }
    const char *word = argv[1];
    if (strcmp(word, "--version") == 0 || strcmp(word, "-V") == 0 || strcmp(word, "version") == 0) {
        puts("ambs " AMBS_VERSION);
        return AMBS_STATUS_DONE;
    }
    bool help = strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0 || strcmp(word, "help") == 0;
    if (help && argc == 2) {
        print_overview(stdout);
        return AMBS_STATUS_DONE;
    }
    const ambs_command *command = find_command(help ? argv[2] : word);
    if (!command) return refuse_verb(help ? argv[2] : word);
    if (help || asks_for_help(argc, argv)) return print_help(command);
    return run_command(command, argc, argv);
}
