/* SPDX-License-Identifier: MIT */
/* The texts of --help, from the declared options. */
#include <stdio.h>
#include <string.h>

#include "cli/cli.h"

enum { WIDTH = 100, OPTIONS_INDENT = 31 };

/* Columns of `n` bytes of UTF-8. */
static size_t columns_of(const char *text, size_t n)
{
    size_t columns = 0;
    for (size_t i = 0; i < n; i++) columns += ((unsigned char)text[i] & 0xC0) != 0x80;
    return columns;
}

/* A word, or what stands in brackets: "[-o STUDY.h5]". */
static size_t word_length(const char *word)
{
    size_t n = word[0] == '[' ? strcspn(word, "]\n") : 0;
    return n + strcspn(word + n, " \n");
}

/* The words of one line, broken where they would reach beyond WIDTH. What is shorter stays as it is
 * written, with its spaces. `column` is where it begins. */
static void add_line(const char *line, size_t length, size_t indent, size_t column, ambs_text *out)
{
    if (column + columns_of(line, length) <= WIDTH) {
        ambs_text_add_bytes(out, line, length);
        return;
    }
    for (size_t at = 0; at < length;) {
        size_t gap = strspn(line + at, " "), n = gap + word_length(line + at + gap);
        if (at > 0 && column + columns_of(line + at, n) > WIDTH) {
            ambs_text_addf(out, "\n%*s", (int)indent, "");
            column = indent;
            at += gap;
            n -= gap;
        }
        ambs_text_add_bytes(out, line + at, n);
        column += columns_of(line + at, n);
        at += n;
    }
}

static void add_lines(const char *text, ambs_text *out)
{
    for (const char *line = text; *line; line += *line == '\n') {
        size_t length = strcspn(line, "\n");
        add_line(line, length, 0, 0, out);
        ambs_text_add(out, "\n");
        line += length;
    }
}

void ambs_command_usage(const ambs_command *command, ambs_text *out)
{
    ambs_text_addf(out, "ambs %s", command->name);
    if (command->operands && *command->operands) ambs_text_addf(out, " %s", command->operands);
    for (const ambs_cli_option *o = command->options; o && o->option.name; o++) {
        if (o->letter)
            ambs_text_addf(out, " [-%c", o->letter);
        else
            ambs_text_addf(out, " [--%s", o->option.name);
        ambs_text_addf(out, "%s%s]", o->value ? " " : "", o->value ? o->value : "");
    }
    if (command->takes_settings) ambs_text_add(out, " [--seed N] [--set KEY=VALUE]…");
}

/* "  -o, --output STUDY.h5   help (default: …)"; a long name has the line for itself. */
static void add_option(char letter, const char *name, const char *value, const char *help,
                       const char *initial, ambs_text *out)
{
    char left[96], dash[8] = "    ";
    if (letter) snprintf(dash, sizeof dash, "-%c, ", letter);
    snprintf(left, sizeof left, "  %s--%s%s%s", dash, name, value ? " " : "", value ? value : "");
    ambs_text_addf(out, "%-*s", OPTIONS_INDENT, left);
    if (strlen(left) >= OPTIONS_INDENT) ambs_text_addf(out, "\n%*s", OPTIONS_INDENT, "");
    ambs_text line = {0};
    ambs_text_add(&line, help);
    if (initial) ambs_text_addf(&line, " (default: %s)", initial);
    if (ambs_text_check(&line, NULL) == AMBS_OK)
        add_line(line.text, line.length, OPTIONS_INDENT, OPTIONS_INDENT, out);
    out->failed |= line.failed;
    ambs_text_fini(&line);
    ambs_text_add(out, "\n");
}

void ambs_command_help(const ambs_command *command, ambs_text *out)
{
    ambs_text usage = {0};
    ambs_text_add(&usage, "usage: ");
    ambs_command_usage(command, &usage);
    if (ambs_text_check(&usage, NULL) == AMBS_OK)
        add_line(usage.text, usage.length, strlen("usage: ambs "), 0, out);
    out->failed |= usage.failed;
    ambs_text_fini(&usage);
    ambs_text_addf(out, "\n\n%s\n\n", command->summary);
    if (command->details) {
        add_lines(command->details, out);
        ambs_text_add(out, "\n");
    }
    for (const ambs_cli_option *o = command->options; o && o->option.name; o++)
        add_option(o->letter, o->option.name, o->value, o->option.help,
                   o->option.type == AMBS_OPTION_BOOL ? NULL : o->option.initial, out);
    if (command->takes_settings) {
        add_option(0, "seed", "N", "seed of the study, in place of study.seed", NULL, out);
        add_option(0, "set", "KEY=VALUE",
                   "a setting of the study file: --set budget.trials=60; may be repeated", NULL,
                   out);
    }
    add_option('h', "help", NULL, "this text", NULL, out);
}
