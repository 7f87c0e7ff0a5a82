/* SPDX-License-Identifier: MIT */
/* Reads the words after the verb: --name value, --name=value, -n value, -nvalue, flags, operands; a
 * lone -- ends the options, a lone - is an operand. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "cli/cli.h"

/* The words still to be read. */
typedef struct words {
    const ambs_command *command;
    char **argv;
    int argc, next;
    ambs_setting *settings; /* [argc], filled up to call->n_settings */
    const char **operands;  /* [argc] */
    ambs_call *call;
} words;

static int refuse_option(const words *w, const char *word, ambs_error *err)
{
    enum { MAX = 64 };
    const char *names[MAX + 4] = {NULL};
    size_t n = 0;
    for (const ambs_cli_option *o = w->command->options; o && o->option.name && n < MAX; o++)
        names[n++] = o->option.name;
    if (w->command->takes_settings) {
        names[n++] = "set";
        names[n++] = "seed";
    }
    names[n++] = "help";
    char name[64];
    size_t length = strcspn(word + 2, "=");
    if (length >= sizeof name) length = sizeof name - 1;
    memcpy(name, word + 2, length);
    name[length] = '\0';
    const char *near = word[1] == '-' ? ambs_nearest_name(name, names) : NULL;
    return ambs_fail(err, AMBS_E_INVALID, "unknown option \"%.60s\": %s%s%ssee ambs %s --help",
                     word, near ? "did you mean --" : "", near ? near : "", near ? "? " : "",
                     w->command->name);
}

/* The value of an option: what follows in the same word, or the next word. NULL: there is none. */
static const char *take_value(words *w, const char *joined)
{
    if (joined) return joined;
    return w->next < w->argc ? w->argv[w->next++] : NULL;
}

static int needs_value(const char *word, const char *value, ambs_error *err)
{
    return ambs_fail(err, AMBS_E_INVALID, "%s needs a value: %s %s", word, word, value);
}

/* --set KEY=VALUE: cut in place, the strings stay in argv. */
static int add_setting(words *w, const char *text, ambs_error *err)
{
    const char *equal = text ? strchr(text, '=') : NULL;
    if (!equal || equal == text)
        return ambs_fail(err, AMBS_E_INVALID,
                         "found --set %.60s, expected KEY=VALUE, as in --set budget.trials=60",
                         text ? text : "without a value");
    char *path = ambs_strndup(text, (size_t)(equal - text), err);
    if (!path) return AMBS_E_NOMEM;
    w->settings[w->call->n_settings++] = (ambs_setting){.path = path, .value = equal + 1};
    return AMBS_OK;
}

static int add_seed(words *w, const char *value, ambs_error *err)
{
    long long seed;
    if (!value || !ambs_parse_int(value, &seed) || seed < 0)
        return ambs_fail(err, AMBS_E_INVALID, "found --seed %.60s, expected a whole number from 0",
                         value ? value : "without a value");
    char *path = ambs_strdup("study.seed", err);
    if (!path) return AMBS_E_NOMEM;
    w->settings[w->call->n_settings++] = (ambs_setting){.path = path, .value = value};
    return AMBS_OK;
}

static int set_option(words *w, const ambs_cli_option *o, const char *word, const char *joined,
                      ambs_error *err)
{
    char name[64]; /* for messages: as a user writes it */
    snprintf(name, sizeof name, "--%s", o->option.name);
    ambs_option table[2] = {o->option, {.name = NULL}};
    table[0].name = name;
    const char *value = "true";
    if (o->option.type == AMBS_OPTION_BOOL) {
        if (joined)
            return ambs_fail(err, AMBS_E_INVALID, "--%s takes no value, found \"%.60s\"",
                             o->option.name, word);
    } else {
        value = take_value(w, joined);
        if (!value) return needs_value(word, o->value ? o->value : "VALUE", err);
    }
    return ambs_options_set(table, w->call->options, name, value, err);
}

static bool is_named(const char *word, const char *name, const char **ret_joined)
{
    size_t length = strlen(name);
    if (strncmp(word + 2, name, length) != 0) return false;
    if (word[2 + length] == '=')
        *ret_joined = word + 2 + length + 1;
    else if (word[2 + length] != '\0')
        return false;
    else
        *ret_joined = NULL;
    return true;
}

static int take_long(words *w, const char *word, ambs_error *err)
{
    const char *joined;
    for (const ambs_cli_option *o = w->command->options; o && o->option.name; o++)
        if (is_named(word, o->option.name, &joined)) return set_option(w, o, word, joined, err);
    if (w->command->takes_settings && is_named(word, "set", &joined))
        return add_setting(w, take_value(w, joined), err);
    if (w->command->takes_settings && is_named(word, "seed", &joined))
        return add_seed(w, take_value(w, joined), err);
    return refuse_option(w, word, err);
}

static int take_short(words *w, const char *word, ambs_error *err)
{
    for (const ambs_cli_option *o = w->command->options; o && o->option.name; o++)
        if (o->letter && o->letter == word[1])
            return set_option(w, o, word, word[2] ? word + 2 : NULL, err);
    return refuse_option(w, word, err);
}

static int take_words(words *w, ambs_error *err)
{
    bool options_ended = false;
    while (w->next < w->argc) {
        const char *word = w->argv[w->next++];
        int rc = AMBS_OK;
        if (options_ended || word[0] != '-' || word[1] == '\0')
            w->operands[w->call->n_operands++] = word;
        else if (strcmp(word, "--") == 0)
            options_ended = true;
        else if (word[1] == '-')
            rc = take_long(w, word, err);
        else
            rc = take_short(w, word, err);
        if (rc != AMBS_OK) return rc;
    }
    return AMBS_OK;
}

static int init_options(const ambs_command *command, void *options, ambs_error *err)
{
    for (const ambs_cli_option *o = command->options; o && o->option.name; o++) {
        const ambs_option table[2] = {o->option, {.name = NULL}};
        int rc = ambs_options_init(table, options, err);
        if (rc != AMBS_OK) return rc;
    }
    return AMBS_OK;
}

static int check_operands(const ambs_command *command, const ambs_call *call, ambs_error *err)
{
    if (call->n_operands < command->min_operands)
        return ambs_fail(err, AMBS_E_INVALID, "expected %s, found %s: see ambs %s --help",
                         command->operands, call->n_operands ? "too few words" : "nothing",
                         command->name);
    if (call->n_operands > command->max_operands)
        return ambs_fail(err, AMBS_E_INVALID, "unexpected word \"%.60s\": see ambs %s --help",
                         call->operands[command->max_operands], command->name);
    return AMBS_OK;
}

int ambs_call_parse(const ambs_command *command, int argc, char **argv, ambs_call *ret_call,
                    ambs_error *err)
{
    *ret_call = (ambs_call){.command = command, .argc = argc, .argv = argv};
    words w = {.command = command, .argv = argv, .argc = argc, .next = 2, .call = ret_call};
    ret_call->options = ambs_calloc(1, command->options_size, err);
    w.settings = ambs_calloc((size_t)argc, sizeof *w.settings, err);
    w.operands = ambs_calloc((size_t)argc, sizeof *w.operands, err);
    ret_call->settings = w.settings;
    ret_call->operands = w.operands;
    if (!ret_call->options || !w.settings || !w.operands) return AMBS_E_NOMEM;
    int rc = init_options(command, ret_call->options, err);
    if (rc == AMBS_OK) rc = take_words(&w, err);
    if (rc == AMBS_OK) rc = check_operands(command, ret_call, err);
    return rc;
}

void ambs_call_fini(ambs_call *call)
{
    for (const ambs_cli_option *o = call->command ? call->command->options : NULL;
         o && o->option.name && call->options; o++) {
        const ambs_option table[2] = {o->option, {.name = NULL}};
        ambs_options_fini(table, call->options);
    }
    for (size_t i = 0; i < call->n_settings; i++) free((void *)call->settings[i].path);
    free(call->options);
    free((void *)call->settings);
    free((void *)call->operands);
    *call = (ambs_call){.command = call->command};
}
