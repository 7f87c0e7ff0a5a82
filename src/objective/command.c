/* SPDX-License-Identifier: MIT */
#include "objective/command.h"

#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/memory.h"
#include "config.h"
#include "objective/command_elements.h"
#include "objective/command_files.h"
#include "objective/folder.h"

static const char *const variables[] = {"AMBS_PARAMS",     "AMBS_RESULT",
                                        "AMBS_METRIC",     "AMBS_TRIAL",
                                        "AMBS_ATTEMPT",    "AMBS_REPEAT",
                                        "AMBS_SEED",       "AMBS_STUDY",
                                        "AMBS_STUDY_DIR",  "AMBS_CHECKPOINT_DIR",
                                        "AMBS_RESUME_DIR", "AMBS_FIDELITY",
                                        "AMBS_REPORT_FD",  NULL};

/* ---- lists of strings ---- */

void ambs_strings_fini(ambs_strings *s)
{
    for (size_t i = 0; i < s->n; i++) free(s->items[i]);
    free(s->items);
    *s = (ambs_strings){0};
}

int ambs_strings_take(ambs_strings *s, ambs_text *text, ambs_error *err)
{
    ambs_text_add(text, ""); /* an empty one has no string yet */
    int rc = ambs_text_check(text, err);
    if (rc == AMBS_OK) rc = ambs_reserve(&s->items, &s->capacity, s->n + 2, sizeof *s->items, err);
    if (rc != AMBS_OK) {
        ambs_text_fini(text);
        return rc;
    }
    s->items[s->n++] = text->text;
    s->items[s->n] = NULL;
    *text = (ambs_text){0};
    return AMBS_OK;
}

/* ---- values ---- */

static bool is_active(const ambs_command *c, size_t i)
{
    return !isnan(c->attempt->x[i]);
}

static void add_value(const ambs_command *c, size_t i, ambs_text *out)
{
    char number[64];
    ambs_text_add(out, ambs_space_format(c->spec->space, i, c->attempt->x[i], number));
}

static bool has_variable(const ambs_command *c, const char *name)
{
    if (strcmp(name, "AMBS_CHECKPOINT_DIR") == 0) return c->checkpoint != NULL;
    if (strcmp(name, "AMBS_RESUME_DIR") == 0) return c->resume != NULL;
    return strcmp(name, "AMBS_FIDELITY") != 0 || !isnan(c->attempt->fidelity);
}

uint64_t ambs_attempt_seed(const ambs_attempt *attempt)
{
    return ambs_mix64(ambs_mix64(attempt->study_seed) + attempt->trial) >> 33;
}

/* The value of one of `variables` that there is. */
static void add_variable(const ambs_command *c, const char *name, ambs_text *out)
{
    char number[32];
    if (strcmp(name, "AMBS_PARAMS") == 0)
        ambs_text_add(out, c->params_path);
    else if (strcmp(name, "AMBS_RESULT") == 0)
        ambs_text_add(out, c->result_path);
    else if (strcmp(name, "AMBS_METRIC") == 0)
        ambs_text_add(out, c->spec->metric);
    else if (strcmp(name, "AMBS_TRIAL") == 0)
        ambs_text_addf(out, "%llu", (unsigned long long)c->attempt->trial);
    else if (strcmp(name, "AMBS_ATTEMPT") == 0)
        ambs_text_addf(out, "%u", (unsigned)c->attempt->attempt);
    else if (strcmp(name, "AMBS_REPEAT") == 0)
        ambs_text_addf(out, "%u", (unsigned)c->attempt->repeat);
    else if (strcmp(name, "AMBS_SEED") == 0)
        ambs_text_addf(out, "%llu", (unsigned long long)ambs_attempt_seed(c->attempt));
    else if (strcmp(name, "AMBS_STUDY") == 0)
        ambs_text_add(out, c->spec->name ? c->spec->name : "");
    else if (strcmp(name, "AMBS_STUDY_DIR") == 0)
        ambs_text_add(out, c->study_folder);
    else if (strcmp(name, "AMBS_CHECKPOINT_DIR") == 0)
        ambs_text_add(out, c->checkpoint);
    else if (strcmp(name, "AMBS_RESUME_DIR") == 0)
        ambs_text_add(out, c->resume);
    else if (strcmp(name, "AMBS_REPORT_FD") == 0)
        ambs_text_add(out, "3");
    else
        ambs_text_add(out, ambs_format_double(c->attempt->fidelity, number));
}

/* ---- placeholders ---- */

/* The next placeholder of `element` from *at on: text before it is [*at, *ret_start), its name
 * [*ret_name, +*ret_length), and *at moves behind it. "$${" is one too, with a name of length 0: an
 * escaped brace. False at the end; an open brace is an error, which ambs_command_check finds. */
static bool next_placeholder(const char **at, const char **ret_start, const char **ret_name,
                             size_t *ret_length)
{
    for (const char *p = *at; (p = strchr(p, '$')); p++) {
        bool escaped = p[1] == '$' && p[2] == '{';
        const char *close = p[1] == '{' ? strchr(p, '}') : NULL;
        if (!escaped && !close) continue;
        *ret_start = p;
        *ret_name = p + 2;
        *ret_length = close ? (size_t)(close - p - 2) : 0;
        *at = close ? close + 1 : p + 3;
        return true;
    }
    return false;
}

enum { NAME_MAX_LENGTH = 255 };

static bool copy_name(const char *name, size_t length, char *ret_name)
{
    if (length > NAME_MAX_LENGTH) return false;
    memcpy(ret_name, name, length);
    ret_name[length] = '\0';
    return true;
}

static bool is_variable(const char *name)
{
    for (size_t i = 0; variables[i]; i++)
        if (strcmp(variables[i], name) == 0) return true;
    return false;
}

/* Expands one element; *ret_dropped when it names an inactive parameter, or a fidelity that there
 * is not. */
static void expand(const ambs_command *c, const char *element, ambs_text *out, bool *ret_dropped)
{
    const char *at = element, *from = element, *start, *name;
    char known[NAME_MAX_LENGTH + 1];
    size_t length;
    *ret_dropped = false;
    while (next_placeholder(&at, &start, &name, &length)) {
        ambs_text_add_bytes(out, from, (size_t)(start - from));
        from = at;
        if (start[1] == '$') {
            ambs_text_add(out, "${");
            continue;
        }
        if (!copy_name(name, length, known)) continue;
        int i = ambs_space_find(c->spec->space, known);
        if (i >= 0 ? !is_active(c, (size_t)i) : !has_variable(c, known))
            *ret_dropped = true;
        else if (i >= 0)
            add_value(c, (size_t)i, out);
        else
            add_variable(c, known, out);
    }
    ambs_text_add(out, from);
}

/* Puts the absolute path in place of a file's name, also behind the = of an option. */
static void locate(const ambs_command *c, ambs_text *element)
{
    char path[AMBS_PATH_SIZE];
    if (element->failed || !element->text) return;
    const char *equals = element->text[0] == '-' ? strchr(element->text, '=') : NULL;
    const char *name = equals ? equals + 1 : element->text;
    if (!ambs_study_find(c->spec->file, name, path)) return;
    element->length = (size_t)(name - element->text);
    ambs_text_add(element, path);
}

int ambs_command_argv(const ambs_command *c, ambs_strings *ret_argv, ambs_error *err)
{
    int rc = AMBS_OK;
    for (char **element = c->spec->argv; *element && rc == AMBS_OK; element++) {
        const ambs_command_element *all = ambs_command_element_of(*element);
        if (all) {
            rc = all->add(c, ret_argv, err);
            continue;
        }
        ambs_text text = {0};
        bool dropped;
        expand(c, *element, &text, &dropped);
        /* The program itself is found in PATH unless it is named with a folder. */
        bool is_file = ret_argv->n > 0 || strchr(*element, '/');
        if (is_file && !dropped && !strchr(*element, '$')) locate(c, &text);
        if (dropped)
            ambs_text_fini(&text);
        else
            rc = ambs_strings_take(ret_argv, &text, err);
    }
    const char *const more[] = {c->dakota_params_path, c->dakota_result_path};
    for (size_t i = 0; i < 2 && more[i] && rc == AMBS_OK; i++) {
        ambs_text text = {0};
        ambs_text_add(&text, more[i]);
        rc = ambs_strings_take(ret_argv, &text, err);
    }
    return rc;
}

/* ---- environment and file ---- */

static int add_parameters(const ambs_command *c, ambs_strings *environment, ambs_error *err)
{
    int rc = AMBS_OK;
    size_t d = ambs_space_dimension(c->spec->space);
    for (size_t i = 0; i < d && rc == AMBS_OK; i++) {
        if (!is_active(c, i)) continue;
        ambs_text entry = {0};
        ambs_text_add(&entry, "AMBS_PARAM_");
        for (const char *p = ambs_space_parameter(c->spec->space, i)->name; *p; p++)
            ambs_text_add_bytes(&entry, isalnum((unsigned char)*p) ? p : "_", 1);
        ambs_text_add(&entry, "=");
        add_value(c, i, &entry);
        rc = ambs_strings_take(environment, &entry, err);
    }
    return rc;
}

/* PYTHONPATH with the folder of ambs_trial.py behind what is there. */
static int add_python_path(ambs_strings *environment, ambs_error *err)
{
    const char *share[] = {getenv("AMBS_SHARE"), AMBS_DATADIR, AMBS_SOURCE_SHAREDIR},
               *before = getenv("PYTHONPATH");
    char folder[AMBS_PATH_SIZE], file[AMBS_PATH_SIZE + 16];
    for (size_t i = 0; i < sizeof share / sizeof *share; i++) {
        if (!share[i]) continue;
        snprintf(folder, sizeof folder, "%s/python", share[i]);
        snprintf(file, sizeof file, "%s/ambs_trial.py", folder);
        if (access(file, R_OK) != 0) continue;
        ambs_text entry = {0};
        ambs_text_addf(&entry, "PYTHONPATH=%s%s%s", before ? before : "",
                       before && before[0] ? ":" : "", folder);
        return ambs_strings_take(environment, &entry, err);
    }
    return AMBS_OK;
}

int ambs_command_environment(const ambs_command *c, ambs_strings *ret_environment, ambs_error *err)
{
    int rc = AMBS_OK;
    for (size_t i = 0; variables[i] && rc == AMBS_OK; i++) {
        if (!has_variable(c, variables[i])) continue;
        ambs_text entry = {0};
        ambs_text_addf(&entry, "%s=", variables[i]);
        add_variable(c, variables[i], &entry);
        rc = ambs_strings_take(ret_environment, &entry, err);
    }
    if (rc == AMBS_OK) rc = add_python_path(ret_environment, err);
    return rc == AMBS_OK ? add_parameters(c, ret_environment, err) : rc;
}

int ambs_command_params(const ambs_command *c, ambs_text *ret_json, ambs_error *err)
{
    ambs_json_writer w;
    ambs_json_begin(&w, ret_json, 2);
    ambs_space_write_json(c->spec->space, c->attempt->x, &w);
    ambs_text_add(ret_json, "\n");
    return ambs_text_check(ret_json, err);
}

/* ---- check ---- */

static int refuse_name(const ambs_space *space, const char *name, const char *element,
                       ambs_error *err)
{
    size_t d = ambs_space_dimension(space), n = 0,
           n_variables = sizeof variables / sizeof *variables;
    const char **known = ambs_calloc(d + n_variables + AMBS_COMMAND_ELEMENTS, sizeof *known, err);
    if (!known) return AMBS_E_NOMEM;
    for (size_t i = 0; i < d; i++) known[n++] = ambs_space_parameter(space, i)->name;
    for (size_t i = 0; variables[i]; i++) known[n++] = variables[i];
    for (size_t i = 0; i < AMBS_COMMAND_ELEMENTS; i++) known[n++] = ambs_command_elements[i].name;
    const char *near = ambs_nearest_name(name, known);
    int rc = ambs_fail(
        err, AMBS_E_INVALID,
        "command: \"%.80s\" names \"%.60s\", expected a parameter, ${args} or ${AMBS_…}%s%s%s",
        element, name, near ? "; did you mean \"" : "", near ? near : "", near ? "\"?" : "");
    free(known);
    return rc;
}

static int check_element(const ambs_space *space, const char *element, ambs_error *err)
{
    const char *at = element, *start, *name;
    char known[NAME_MAX_LENGTH + 1];
    size_t length;
    if (ambs_command_element_of(element)) return AMBS_OK;
    while (next_placeholder(&at, &start, &name, &length)) {
        if (start[1] == '$') continue;
        if (!copy_name(name, length, known))
            return ambs_fail(err, AMBS_E_INVALID, "command: a name in \"%.80s\" is too long",
                             element);
        if (ambs_command_element_named(known))
            return ambs_fail(err, AMBS_E_INVALID,
                             "command: found \"%.80s\", expected ${%s} as an element of its own",
                             element, known);
        if (ambs_space_find(space, known) < 0 && !is_variable(known))
            return refuse_name(space, known, element, err);
    }
    if (strstr(at, "${"))
        return ambs_fail(err, AMBS_E_INVALID,
                         "command: \"%.80s\" has \"${\" without \"}\"; write $${ for a plain ${",
                         element);
    return AMBS_OK;
}

static bool can_execute(const char *folder, size_t length, const char *program)
{
    char path[4200];
    int n = snprintf(path, sizeof path, "%.*s/%s", (int)length, length ? folder : ".", program);
    return n > 0 && (size_t)n < sizeof path && access(path, X_OK) == 0;
}

static int check_program(const char *program, const char *file, ambs_error *err)
{
    if (strchr(program, '/')) {
        char path[AMBS_PATH_SIZE];
        if (access(ambs_study_find(file, program, path) ? path : program, X_OK) == 0)
            return AMBS_OK;
        return ambs_fail(err, AMBS_E_NOT_FOUND, "command: %.200s: %s%s", program, strerror(errno),
                         errno == EACCES ? "; make it executable (chmod +x), or name what runs it "
                                           "before it, as in [python3, train.py]"
                                         : "");
    }
    const char *path = getenv("PATH");
    for (const char *at = path ? path : "/usr/bin:/bin"; at;) {
        size_t length = strcspn(at, ":");
        if (can_execute(at, length, program)) return AMBS_OK;
        at = at[length] ? at + length + 1 : NULL;
    }
    return ambs_fail(
        err, AMBS_E_NOT_FOUND,
        "command: no program \"%.100s\" in PATH; name it with its folder (./%.100s) or install it",
        program, program);
}

static bool is_interpreter(const char *program)
{
    static const char *const names[] = {"python", "sh",  "bash", "dash", "zsh",     "ksh",   "perl",
                                        "ruby",   "lua", "node", "R",    "Rscript", "julia", NULL};
    const char *slash = strrchr(program, '/'), *name = slash ? slash + 1 : program;
    size_t length = strcspn(name, "0123456789."); /* python3.11 */
    for (size_t i = 0; names[i]; i++)
        if (strlen(names[i]) == length && strncmp(names[i], name, length) == 0) return true;
    return false;
}

/* What an interpreter is to run, where that is a file for certain: every trial would fail. */
static int check_script(char *const *argv, const char *file, ambs_error *err)
{
    char path[AMBS_PATH_SIZE], folder[AMBS_PATH_SIZE];
    const char *script = is_interpreter(argv[0]) ? argv[1] : NULL;
    if (!script || script[0] == '-' || script[0] == '\0' || strchr(script, '$')) return AMBS_OK;
    if (script[0] == '/' ? access(script, R_OK) == 0 : ambs_study_find(file, script, path))
        return AMBS_OK;
    ambs_study_folder(file, folder);
    return ambs_fail(
        err, AMBS_E_NOT_FOUND,
        "command: there is no file %.200s for %.60s to run, in %.200s or where ambs was "
        "started",
        script, argv[0], folder);
}

static int check_argv(char *const *argv, const ambs_space *space, const char *file, ambs_error *err)
{
    if (!argv || !argv[0] || argv[0][0] == '\0')
        return ambs_fail(err, AMBS_E_INVALID,
                         "command: it is empty, expected a list: [program, argument, …]");
    for (char *const *element = argv; *element; element++) {
        int rc = check_element(space, *element, err);
        if (rc != AMBS_OK) return rc;
    }
    if (strchr(argv[0], '$')) return AMBS_OK;
    int rc = check_program(argv[0], file, err);
    return rc == AMBS_OK ? check_script(argv, file, err) : rc;
}

int ambs_command_argv_check(const ambs_spec *spec, ambs_error *err)
{
    return check_argv(spec->argv, spec->space, spec->file, err);
}

static int place(void *options, const char *file, bool looks, ambs_error *err)
{
    (void)looks;
    ambs_command_options *o = options;
    free(o->file);
    size_t size = strlen(file ? file : "") + 1;
    o->file = ambs_calloc(size, 1, err);
    if (!o->file) return AMBS_E_NOMEM;
    memcpy(o->file, file ? file : "", size);
    return AMBS_OK;
}

static void fini(void *options)
{
    ambs_command_options *o = options;
    free(o->file);
    o->file = NULL;
}

static int check(const void *options, const ambs_space *space, const char *metric, ambs_error *err)
{
    return ambs_command_files_check(options, space, metric, err);
}

const ambs_objective_ops ambs_objective_command = {
    .member = {.name = "command",
               .summary = "a program of your own, started anew for each trial",
               .options = ambs_command_option_table,
               .options_size = sizeof(ambs_command_options)},
    .checkpoints = true,
    .place = place,
    .check = check,
    .fini = fini,
    .check_argv = check_argv,
};
