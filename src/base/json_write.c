/* SPDX-License-Identifier: MIT */
#include <math.h>
#include <string.h>

#include "base/json.h"

void ambs_json_begin(ambs_json_writer *w, ambs_text *out, int indent)
{
    *w = (ambs_json_writer){.out = out, .indent = indent};
}

static void new_line(ambs_json_writer *w)
{
    if (w->indent > 0) ambs_text_addf(w->out, "\n%*s", w->indent * w->depth, "");
}

/* What has to stand between the last thing written and the next. */
static void separate(ambs_json_writer *w)
{
    if (w->after_key) {
        w->after_key = false;
        return;
    }
    if (w->need_comma) ambs_text_add(w->out, w->indent > 0 ? "," : ", ");
    if (w->depth > 0) new_line(w);
}

static void open_bracket(ambs_json_writer *w, const char *bracket)
{
    separate(w);
    ambs_text_add(w->out, bracket);
    w->depth++;
    w->need_comma = false;
}

static void close_bracket(ambs_json_writer *w, const char *bracket)
{
    w->depth--;
    if (w->need_comma) new_line(w); /* an empty one stays on its line */
    ambs_text_add(w->out, bracket);
    w->need_comma = true;
}

void ambs_json_object(ambs_json_writer *w)
{
    open_bracket(w, "{");
}

void ambs_json_end_object(ambs_json_writer *w)
{
    close_bracket(w, "}");
}

void ambs_json_array(ambs_json_writer *w)
{
    open_bracket(w, "[");
}

void ambs_json_end_array(ambs_json_writer *w)
{
    close_bracket(w, "]");
}

static void add_plain(ambs_json_writer *w, const char *literal)
{
    separate(w);
    ambs_text_add(w->out, literal);
    w->need_comma = true;
}

static void add_ascii(ambs_text *out, unsigned char c)
{
    static const char *const names =
        "\"\"\\\\\bb\ff\nn\rr\tt"; /* pairs: the character, its escape */
    for (const char *p = names; *p; p += 2)
        if (c == (unsigned char)p[0]) {
            char escape[3] = {'\\', p[1], '\0'};
            ambs_text_add(out, escape);
            return;
        }
    if (c < 0x20 || c == 0x7f)
        ambs_text_addf(out, "\\u%04x", c);
    else
        ambs_text_add_bytes(out, &c, 1);
}

/* A string in quotes; each byte that is not UTF-8 becomes the replacement character. */
static void add_quoted(ambs_text *out, const char *value)
{
    size_t length = strlen(value);
    ambs_text_add(out, "\"");
    while (length > 0) {
        size_t good = length;
        ambs_utf8_valid(value, length, &good);
        for (size_t i = 0; i < good; i++) {
            size_t run = 0; /* text without escapes goes in one piece */
            while (i + run < good && (unsigned char)value[i + run] >= 0x20 &&
                   value[i + run] != '"' && value[i + run] != '\\' && value[i + run] != 0x7f)
                run++;
            ambs_text_add_bytes(out, value + i, run);
            i += run;
            if (i < good) add_ascii(out, (unsigned char)value[i]);
        }
        if (good < length) {
            ambs_text_add(out, "\xef\xbf\xbd");
            good++;
        }
        value += good;
        length -= good;
    }
    ambs_text_add(out, "\"");
}

void ambs_json_key(ambs_json_writer *w, const char *key)
{
    separate(w);
    add_quoted(w->out, key);
    ambs_text_add(w->out, ": ");
    w->after_key = true;
    w->need_comma = true;
}

void ambs_json_string(ambs_json_writer *w, const char *value)
{
    if (!value) {
        add_plain(w, "null");
        return;
    }
    separate(w);
    add_quoted(w->out, value);
    w->need_comma = true;
}

void ambs_json_double(ambs_json_writer *w, double value)
{
    char number[32];
    /* "-0" would be read as a whole number, which has no sign to keep */
    if (value == 0 && signbit(value))
        add_plain(w, "-0.0");
    else
        add_plain(w, isfinite(value) ? ambs_format_double(value, number) : "null");
}

void ambs_json_real(ambs_json_writer *w, double value)
{
    char number[40];
    if (!isfinite(value) || value != trunc(value) || fabs(value) >= 1e15) {
        ambs_json_double(w, value);
        return;
    }
    ambs_format_double(value, number);
    add_plain(w, strcat(number, ".0"));
}

void ambs_json_int(ambs_json_writer *w, long long value)
{
    separate(w);
    ambs_text_addf(w->out, "%lld", value);
    w->need_comma = true;
}

void ambs_json_bool(ambs_json_writer *w, bool value)
{
    add_plain(w, value ? "true" : "false");
}

void ambs_json_null(ambs_json_writer *w)
{
    add_plain(w, "null");
}
