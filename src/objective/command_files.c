/* SPDX-License-Identifier: MIT */
#include "objective/command_files.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/memory.h"
#include "objective/folder.h"
#include "objective/template.h"

#define FIELD(name) offsetof(ambs_command_options, name)

enum { NAME_SIZE = 256, DELIMITER_SIZE = 16 };

static const char *const protocols[] = {"ambs", "dakota", NULL};
static const char *const formats[] = {"standard", "aprepro", "json", NULL};

const ambs_option ambs_command_option_table[] = {
    {"protocol", AMBS_OPTION_CHOICE, FIELD(protocol), "ambs", 1, 0, protocols,
     "how the program is spoken to: ambs (variables, AMBS_RESULT), or dakota (two more arguments: "
     "the parameters file and the results file)"},
    {"parameters_format", AMBS_OPTION_CHOICE, FIELD(parameters_format), "standard", 1, 0, formats,
     "of Dakota's parameters file"},
    {"responses", AMBS_OPTION_STRING, FIELD(responses), NULL, 1, 0, NULL,
     "names of the values in Dakota's results file, in its order, with blanks between; by default "
     "the metric alone"},
    {"template", AMBS_OPTION_STRING, FIELD(template), NULL, 1, 0, NULL,
     "a text file in which {name} becomes the parameter's value, for each attempt"},
    {"input", AMBS_OPTION_STRING, FIELD(input), NULL, 1, 0, NULL,
     "name of the filled template in the attempt's folder; by default the template's without its "
     "last ending"},
    {"delimiters", AMBS_OPTION_STRING, FIELD(delimiters), "{ }", 1, 0, NULL,
     "what stands around a name in the template: two words"},
    {"link_files", AMBS_OPTION_STRING, FIELD(link_files), NULL, 1, 0, NULL,
     "files and folders to link into the attempt's folder, with blanks between"},
    {0}};

/* ---- names ---- */

/* Copies the next blank-separated word; false at the end. Words that are too long are
 * cut, and then not found. */
static bool next_word(const char **at, char *ret_word, size_t size)
{
    *at += strspn(*at, " \t");
    size_t length = strcspn(*at, " \t"), kept = length < size ? length : size - 1;
    memcpy(ret_word, *at, kept);
    ret_word[kept] = '\0';
    *at += length;
    return length > 0;
}

static int find_file(const char *study, const char *option, const char *name, char *ret_path,
                     ambs_error *err)
{
    if (name[0] == '/' && strlen(name) < AMBS_PATH_SIZE && access(name, R_OK) == 0) {
        strcpy(ret_path, name);
        return AMBS_OK;
    }
    if (ambs_study_find(study, name, ret_path)) return AMBS_OK;
    char folder[AMBS_PATH_SIZE];
    ambs_study_folder(study, folder);
    return ambs_fail(err, AMBS_E_NOT_FOUND, "%s: there is no file %.200s in %.200s", option, name,
                     folder);
}

static const char *base_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

/* The name of the filled template in the attempt's folder. */
static int input_name(const ambs_command_options *o, char *ret_name, ambs_error *err)
{
    const char *name = o->input ? o->input : base_name(o->template), *dot = strrchr(name, '.');
    size_t length = o->input ? strlen(name) : dot ? (size_t)(dot - name) : 0;
    if (length == 0 || length >= NAME_SIZE || memchr(name, '/', length))
        return ambs_fail(err, AMBS_E_INVALID,
                         "input: found %s%.100s, expected a name in the attempt's folder (input: "
                         "deck.in)",
                         o->input ? "" : "none, and the template is called ", name);
    memcpy(ret_name, name, length);
    ret_name[length] = '\0';
    return AMBS_OK;
}

static int read_delimiters(const ambs_command_options *o, char *ret_open, char *ret_close,
                           ambs_error *err)
{
    const char *at = o->delimiters;
    char more[DELIMITER_SIZE];
    if (next_word(&at, ret_open, DELIMITER_SIZE) && next_word(&at, ret_close, DELIMITER_SIZE) &&
        !next_word(&at, more, sizeof more))
        return AMBS_OK;
    return ambs_fail(err, AMBS_E_INVALID,
                     "delimiters: found \"%.40s\", expected two words with a blank between, as \"{ "
                     "}\" or \"<%% %%>\"",
                     o->delimiters);
}

/* ---- the template ---- */

/* Fills the template, for no configuration where `x` is NULL. */
static int fill(const ambs_command_options *o, const char *study, const ambs_space *space,
                const double *x, ambs_text *out, ambs_error *err)
{
    char path[AMBS_PATH_SIZE], open[DELIMITER_SIZE], close[DELIMITER_SIZE];
    ambs_text text = {0};
    int rc = read_delimiters(o, open, close, err);
    if (rc == AMBS_OK) rc = find_file(study, "template", o->template, path, err);
    if (rc == AMBS_OK) rc = ambs_template_read(path, &text, err);
    const ambs_template t = {.file = o->template, .open = open, .close = close};
    if (rc == AMBS_OK) rc = ambs_template_fill(&t, text.text, space, x, out, err);
    ambs_text_fini(&text);
    return rc;
}

/* ---- check ---- */

static int check_links(const ambs_command_options *o, ambs_error *err)
{
    char name[NAME_SIZE], path[AMBS_PATH_SIZE];
    int rc = AMBS_OK;
    for (const char *at = o->link_files ? o->link_files : "";
         rc == AMBS_OK && next_word(&at, name, sizeof name);)
        rc = find_file(o->file, "link_files", name, path, err);
    return rc;
}

int ambs_command_files_check(const ambs_command_options *o, const ambs_space *space,
                             const char *metric, ambs_error *err)
{
    ambs_dakota_responses responses;
    char name[NAME_SIZE];
    bool dakota = o->protocol == AMBS_PROTOCOL_DAKOTA;
    if (!dakota && (o->responses || o->parameters_format != AMBS_DAKOTA_STANDARD))
        return ambs_fail(err, AMBS_E_INVALID,
                         "%s: it belongs to protocol: dakota, which is not set",
                         o->responses ? "responses" : "parameters_format");
    if (o->input && !o->template)
        return ambs_fail(err, AMBS_E_INVALID,
                         "input: found \"%.60s\" without the template that it is made from",
                         o->input);
    int rc = dakota ? ambs_dakota_responses_read(o->responses, metric, &responses, err) : AMBS_OK;
    if (rc == AMBS_OK) rc = check_links(o, err);
    if (rc != AMBS_OK || !o->template) return rc;
    ambs_text filled = {0};
    rc = input_name(o, name, err);
    if (rc == AMBS_OK) rc = fill(o, o->file, space, NULL, &filled, err);
    ambs_text_fini(&filled);
    return rc;
}

/* ---- an attempt's files ---- */

static int write_file(const char *path, const ambs_text *text, ambs_error *err)
{
    FILE *file = fopen(path, "we");
    bool good = file && fwrite(text->text, 1, text->length, file) == text->length;
    if (file && fclose(file) != 0) good = false;
    if (good) return AMBS_OK;
    return ambs_fail(err, AMBS_E_IO, "starting a command: %.300s: %s", path, strerror(errno));
}

static int make_links(const ambs_command *c, const ambs_command_options *o, const char *folder,
                      ambs_error *err)
{
    char name[NAME_SIZE], from[AMBS_PATH_SIZE], to[2 * AMBS_PATH_SIZE];
    int rc = AMBS_OK;
    for (const char *at = o->link_files ? o->link_files : "";
         rc == AMBS_OK && next_word(&at, name, sizeof name);) {
        rc = find_file(c->spec->file, "link_files", name, from, err);
        if (rc != AMBS_OK) break;
        snprintf(to, sizeof to, "%s/%s", folder, base_name(name));
        if (symlink(from, to) != 0)
            rc = ambs_fail(err, AMBS_E_IO, "link_files: %.300s: %s", to, strerror(errno));
    }
    return rc;
}

static int make_input(const ambs_command *c, const ambs_command_options *o, const char *folder,
                      ambs_error *err)
{
    char name[NAME_SIZE], path[2 * AMBS_PATH_SIZE];
    ambs_text text = {0};
    int rc = input_name(o, name, err);
    ambs_text_add(&text, "");
    if (rc == AMBS_OK) rc = fill(o, c->spec->file, c->spec->space, c->attempt->x, &text, err);
    snprintf(path, sizeof path, "%s/%s", folder, name);
    if (rc == AMBS_OK) rc = write_file(path, &text, err);
    ambs_text_fini(&text);
    return rc;
}

static int make_parameters(const ambs_command *c, const ambs_command_options *o, ambs_error *err)
{
    ambs_dakota_responses responses;
    ambs_text text = {0};
    int rc = ambs_dakota_responses_read(o->responses, c->spec->metric, &responses, err);
    if (rc == AMBS_OK)
        rc =
            ambs_dakota_params(c, (ambs_dakota_format)o->parameters_format, &responses, &text, err);
    if (rc == AMBS_OK) rc = write_file(c->dakota_params_path, &text, err);
    ambs_text_fini(&text);
    return rc;
}

int ambs_command_files_make(const ambs_command *c, const char *folder, ambs_error *err)
{
    const ambs_command_options *o = c->spec->objective_options;
    ambs_text json = {0};
    int rc = ambs_command_params(c, &json, err);
    if (rc == AMBS_OK) rc = write_file(c->params_path, &json, err);
    ambs_text_fini(&json);
    if (rc == AMBS_OK && c->dakota_params_path) rc = make_parameters(c, o, err);
    if (rc == AMBS_OK) rc = make_links(c, o, folder, err);
    if (rc == AMBS_OK && o->template) rc = make_input(c, o, folder, err);
    return rc;
}
