/* SPDX-License-Identifier: MIT */
#include "objective/template.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/memory.h"

enum { TEMPLATE_MAX = 16 << 20, NAME_MAX_LENGTH = 255, BLOCK = 4096 };

int ambs_template_read(const char *path, ambs_text *ret_text, ambs_error *err)
{
    char block[BLOCK];
    FILE *file = fopen(path, "re");
    if (!file) return ambs_fail(err, AMBS_E_IO, "template %.300s: %s", path, strerror(errno));
    ambs_text_clear(ret_text);
    ambs_text_add(ret_text, "");
    for (size_t n; (n = fread(block, 1, sizeof block, file)) > 0;) {
        ambs_text_add_bytes(ret_text, block, n);
        if (ret_text->length > TEMPLATE_MAX) break;
    }
    bool failed = ferror(file) != 0;
    fclose(file);
    if (failed) return ambs_fail(err, AMBS_E_IO, "template %.300s: %s", path, strerror(errno));
    int rc = ambs_text_check(ret_text, err);
    if (rc != AMBS_OK) return rc;
    if (ret_text->length > TEMPLATE_MAX)
        return ambs_fail(err, AMBS_E_INVALID, "template %.300s: larger than 16 MiB", path);
    if (strlen(ret_text->text) < ret_text->length)
        return ambs_fail(err, AMBS_E_INVALID, "template %.300s: it holds a NUL byte, expected text",
                         path);
    return AMBS_OK;
}

static int refuse_name(const ambs_template *t, size_t line, const ambs_space *space,
                       const char *name, ambs_error *err)
{
    const char *near = ambs_space_nearest_name(space, name);
    return ambs_fail(
        err, AMBS_E_INVALID,
        "%.200s, line %zu: found %s%.60s%s, expected the name of a parameter (nothing is computed "
        "here)%s%s%s; write \\%s for a plain %s",
        t->file, line, t->open, name, t->close, near ? "; did you mean \"" : "", near ? near : "",
        near ? "\"?" : "", t->open, t->open);
}

/* The name between the delimiters without blanks around it; false where it is too long for one. */
static bool copy_name(const char *from, size_t length, char *ret_name)
{
    while (length > 0 && (*from == ' ' || *from == '\t')) from++, length--;
    while (length > 0 && (from[length - 1] == ' ' || from[length - 1] == '\t')) length--;
    bool fits = length <= NAME_MAX_LENGTH;
    if (!fits) length = NAME_MAX_LENGTH;
    memcpy(ret_name, from, length);
    ret_name[length] = '\0';
    return fits;
}

/* Appends the value; *ret_inactive where there is none. */
static int add_value(const ambs_template *t, size_t line, const ambs_space *space, const double *x,
                     const char *name, ambs_text *out, bool *ret_inactive, ambs_error *err)
{
    char number[64];
    int i = ambs_space_find(space, name);
    if (i < 0) return refuse_name(t, line, space, name, err);
    if (x && isnan(x[i]))
        *ret_inactive = true;
    else
        ambs_text_add(out, x ? ambs_space_format(space, (size_t)i, x[i], number) : name);
    return AMBS_OK;
}

/* One line, without its end, up to a NUL. */
static int fill_line(const ambs_template *t, size_t line, const char *from, const ambs_space *space,
                     const double *x, ambs_text *out, bool *ret_inactive, ambs_error *err)
{
    char name[NAME_MAX_LENGTH + 1];
    int rc = AMBS_OK;
    for (const char *open; rc == AMBS_OK && (open = strstr(from, t->open));) {
        const char *inside = open + strlen(t->open), *close = strstr(inside, t->close);
        bool escaped = open > from && open[-1] == '\\';
        ambs_text_add_bytes(out, from, (size_t)(open - from) - escaped);
        if (escaped) {
            ambs_text_add(out, t->open);
            from = inside;
            continue;
        }
        if (!close)
            return ambs_fail(err, AMBS_E_INVALID,
                             "%.200s, line %zu: found %s without %s; write \\%s for a plain %s",
                             t->file, line, t->open, t->close, t->open, t->open);
        if (!copy_name(inside, (size_t)(close - inside), name))
            return refuse_name(t, line, space, name, err);
        rc = add_value(t, line, space, x, name, out, ret_inactive, err);
        from = close + strlen(t->close);
    }
    ambs_text_add(out, from);
    return rc;
}

int ambs_template_fill(const ambs_template *t, const char *text, const ambs_space *space,
                       const double *x, ambs_text *out, ambs_error *err)
{
    int rc = AMBS_OK;
    ambs_text whole = {0}, filled = {0};
    for (size_t line = 1; *text && rc == AMBS_OK; line++) {
        size_t length = strcspn(text, "\n");
        bool inactive = false;
        ambs_text_clear(&whole);
        ambs_text_clear(&filled);
        ambs_text_add_bytes(&whole, text, length);
        ambs_text_add(&filled, "");
        rc = ambs_text_check(&whole, err);
        if (rc == AMBS_OK)
            rc =
                fill_line(t, line, length > 0 ? whole.text : "", space, x, &filled, &inactive, err);
        text += length;
        if (*text == '\n') {
            ambs_text_add(&filled, "\n");
            text++;
        }
        if (rc == AMBS_OK) rc = ambs_text_check(&filled, err);
        if (rc == AMBS_OK && !inactive) ambs_text_add_bytes(out, filled.text, filled.length);
    }
    ambs_text_fini(&whole);
    ambs_text_fini(&filled);
    return rc == AMBS_OK ? ambs_text_check(out, err) : rc;
}
