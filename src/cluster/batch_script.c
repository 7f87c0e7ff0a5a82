/* SPDX-License-Identifier: MIT */
#include "cluster/batch_script.h"

#include <string.h>

/* What kind a directive is of: up to the equals sign of its first option, or that option alone. */
static size_t kind_length(const char *line, const ambs_batch_ops *ops)
{
    size_t end = strcspn(line, "\n"), n = strlen(ops->prefix);
    n += strspn(line + n, " \t");
    size_t first = n + strcspn(line + n, " \t\n"), equals = n + strcspn(line + n, "=\n");
    bool resource = strncmp(line + n, "-l ", 3) == 0; /* of PBS and Grid Engine */
    if (equals < first || resource) return equals < end ? equals : first;
    return first;
}

static bool is_directive(const char *line, const ambs_batch_ops *ops)
{
    size_t n = strlen(ops->prefix);
    return strncmp(line, ops->prefix, n) == 0 && (line[n] == ' ' || line[n] == '\t');
}

static const char *next_line(const char *line)
{
    line += strcspn(line, "\n");
    return line + (*line == '\n');
}

/* True where `directives` have one of the kind of `line`. */
static bool is_replaced(const char *line, const char *directives, const ambs_batch_ops *ops)
{
    size_t n = kind_length(line, ops);
    for (const char *d = directives; d && *d; d = next_line(d))
        if (kind_length(d, ops) == n && strncmp(d, line, n) == 0) return true;
    return false;
}

static void add_extra(const ambs_batch_script *s, ambs_text *out)
{
    for (const char *at = s->extra; at && *at;) {
        size_t n = strcspn(at, ";");
        size_t skip = strspn(at, " ");
        if (skip < n) {
            ambs_text_addf(out, "%s ", s->ops->prefix);
            ambs_text_add_bytes(out, at + skip, n - skip);
            ambs_text_add(out, "\n");
        }
        at += n + (at[n] == ';');
    }
}

/* Modules, the study's command line, the jobs that wait: before the template's own lines. */
static void add_setting(const ambs_batch_script *s, ambs_text *out)
{
    ambs_text_add(out, "\n");
    if (s->modules) ambs_text_addf(out, "module load %s\n", s->modules);
    ambs_text_add(out, "set --");
    for (const char *const *word = s->argv; *word; word++) {
        ambs_text_add(out, " ");
        ambs_text_add_word(out, *word);
    }
    ambs_text_add(out, "\n");
    if (!s->successors) return;
    ambs_text_add(out, "export AMBS_SUCCESSORS=");
    ambs_text_add_word(out, s->successors);
    ambs_text_add(out, "   # jobs that wait for this one: cancelled when the study is done\n");
}

/* The head: everything up to the last directive, without those that are replaced. */
static const char *add_head(const ambs_batch_script *s, const char *text, const char *directives,
                            ambs_text *out)
{
    const char *last = NULL;
    for (const char *line = text; *line; line = next_line(line))
        if (is_directive(line, s->ops)) last = line;
    if (!last) return NULL;
    const char *rest = next_line(last);
    for (const char *line = text; line < rest; line = next_line(line))
        if (!is_directive(line, s->ops) || !is_replaced(line, directives, s->ops))
            ambs_text_add_bytes(out, line, (size_t)(next_line(line) - line));
    return rest;
}

int ambs_batch_write_script(const ambs_batch_script *s, const char *text, ambs_text *out,
                            ambs_error *err)
{
    ambs_text directives = {0};
    int rc = s->ops->directives(s->request, &directives, err);
    add_extra(s, &directives);
    if (rc == AMBS_OK) rc = ambs_text_check(&directives, err);
    const char *rest = rc == AMBS_OK ? add_head(s, text, directives.text, out) : NULL;
    if (directives.text) ambs_text_add(out, directives.text);
    ambs_text_fini(&directives);
    if (rc != AMBS_OK) return rc;
    if (!rest)
        return ambs_fail(err, AMBS_E_FORMAT,
                         "found no line that begins with \"%s \", expected the "
                         "directives of a job script",
                         s->ops->prefix);
    add_setting(s, out);
    bool named = false;
    for (const char *line = rest; *line; line = next_line(line)) {
        bool is_name = strncmp(line, "this=", 5) == 0;
        if (is_name) {
            ambs_text_add(out, "this=");
            ambs_text_add_word(out, s->path);
            ambs_text_add(out, "\n");
        } else
            ambs_text_add_bytes(out, line, (size_t)(next_line(line) - line));
        named |= is_name;
    }
    if (!named)
        return ambs_fail(err, AMBS_E_FORMAT, "found no line this=…, which names the script itself");
    return ambs_text_check(out, err);
}
