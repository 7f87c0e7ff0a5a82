/* SPDX-License-Identifier: MIT */
#include "base/text.h"

#include <float.h>
#include <limits.h>
#include <locale.h>
#include <math.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

/* ---- the growing string ---- */

void ambs_text_fini(ambs_text *t)
{
    free(t->text);
    *t = (ambs_text){0};
}

void ambs_text_clear(ambs_text *t)
{
    t->length = 0;
    t->failed = false;
    if (t->text) t->text[0] = '\0';
}

/* Room for `more` bytes and the NUL. */
static bool make_room(ambs_text *t, size_t more)
{
    if (t->failed) return false;
    if (more > SIZE_MAX - t->length - 1 ||
        ambs_reserve(&t->text, &t->capacity, t->length + more + 1, 1, NULL) != AMBS_OK)
        t->failed = true;
    return !t->failed;
}

void ambs_text_add_bytes(ambs_text *t, const void *bytes, size_t length)
{
    if (!make_room(t, length)) return;
    if (length > 0) memcpy(t->text + t->length, bytes, length);
    t->length += length;
    t->text[t->length] = '\0';
}

void ambs_text_add(ambs_text *t, const char *s)
{
    ambs_text_add_bytes(t, s, strlen(s));
}

void ambs_text_addf(ambs_text *t, const char *format, ...)
{
    va_list args, again;
    va_start(args, format);
    va_copy(again, args);
    int n = vsnprintf(NULL, 0, format, args);
    if (n < 0)
        t->failed = true;
    else if (make_room(t, (size_t)n)) {
        vsnprintf(t->text + t->length, (size_t)n + 1, format, again);
        t->length += (size_t)n;
    }
    va_end(again);
    va_end(args);
}

int ambs_text_check(const ambs_text *t, ambs_error *err)
{
    return t->failed ? ambs_fail(err, AMBS_E_NOMEM, "out of memory while writing a text") : AMBS_OK;
}

void ambs_text_add_word(ambs_text *t, const char *word)
{
    static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                                "_-./=:,+@%";
    if (word[0] && word[strspn(word, plain)] == '\0') {
        ambs_text_add(t, word);
        return;
    }
    ambs_text_add(t, "'");
    for (const char *c = word; *c; c++) {
        if (*c == '\'')
            ambs_text_add(t, "'\\''");
        else
            ambs_text_add_bytes(t, c, 1);
    }
    ambs_text_add(t, "'");
}

/* ---- numbers; in the C locale, whatever the embedding program has set ---- */

static locale_t c_locale(void)
{
    return newlocale(LC_ALL_MASK, "C",
                     (locale_t)0); /* glibc and musl: a static object, never freed */
}

const char *ambs_format_double(double value, char *buffer)
{
    if (isnan(value)) return strcpy(buffer, "nan");
    if (isinf(value)) return strcpy(buffer, value < 0 ? "-inf" : "inf");
    locale_t c = c_locale(), before = uselocale(c);
    if (fabs(value) < 1e15 && value == trunc(value)) {
        snprintf(buffer, 32, "%.0f", value);
    } else {
        /* 15 digits always survive, so %.15g already finds shorter ones; subnormals have fewer. */
        for (int digits = fabs(value) < DBL_MIN ? 1 : 15; digits <= 17; digits++) {
            snprintf(buffer, 32, "%.*g", digits, value);
            if (strtod_l(buffer, NULL, c) == value) break;
        }
    }
    uselocale(before);
    return buffer;
}

bool ambs_parse_double(const char *text, double *ret_value)
{
    /* strtod would also take leading space, hex, "nan" and "inf"; only digits, sign, point, e pass.
     */
    if (text[0] == '\0' || text[strspn(text, "0123456789+-.eE")] != '\0') return false;
    char *end;
    double value = strtod_l(text, &end, c_locale());
    if (*end != '\0' || !isfinite(value)) return false;
    *ret_value = value;
    return true;
}

bool ambs_parse_int(const char *text, long long *ret_value)
{
    const char *p = text;
    bool negative = *p == '-';
    if (*p == '-' || *p == '+') p++;
    if (*p == '\0') return false;
    long long value = 0;
    for (; *p; p++) {
        if (*p < '0' || *p > '9') return false;
        int digit = negative ? '0' - *p : *p - '0';
        if (__builtin_mul_overflow(value, 10LL, &value) ||
            __builtin_add_overflow(value, (long long)digit, &value))
            return false;
    }
    *ret_value = value;
    return true;
}

/* ---- quantities with units ---- */

typedef struct unit {
    const char *name;
    double size;
} unit;

/* Reads "NUMBER UNIT" at *p and moves *p behind it; the longest unit name wins. False when there is
 * no number or no unit. */
static bool take_quantity(const char **p, const unit *units, const unit **ret_unit,
                          double *ret_value)
{
    size_t digits = strspn(*p, "0123456789.");
    char number[64];
    if (digits == 0 || digits >= sizeof number) return false;
    memcpy(number, *p, digits);
    number[digits] = '\0';
    double value;
    if (!ambs_parse_double(number, &value)) return false;
    const char *rest = *p + digits;
    size_t letters = 0;
    while ((rest[letters] | 32) >= 'a' && (rest[letters] | 32) <= 'z') letters++;
    for (const unit *u = units; u->name; u++) {
        if (strlen(u->name) != letters || strncmp(u->name, rest, letters) != 0) continue;
        *p = rest + letters;
        *ret_unit = u;
        *ret_value = value * u->size;
        return true;
    }
    return false;
}

int ambs_parse_duration(const char *text, double *ret_seconds, ambs_error *err)
{
    static const unit units[] = {{"d", 86400}, {"h", 3600},  {"m", 60},
                                 {"s", 1},     {"ms", 1e-3}, {NULL, 0}};
    const char *p = text;
    const unit *last = NULL, *u;
    double sum = 0, part;
    do {
        if (!take_quantity(&p, units, &u, &part) || (last && u <= last)) {
            double bare;
            bool number = ambs_parse_double(text, &bare) && bare >= 0;
            return ambs_fail(
                err, AMBS_E_INVALID,
                "found \"%.60s\", expected a time with its unit (d, h, m, s, ms), as in %s", text,
                number ? "\"90s\" or \"1h30m\": a number alone does not say which"
                       : "\"90s\" or \"1h30m\"");
        }
        last = u;
        sum += part;
    } while (*p);
    *ret_seconds = sum;
    return AMBS_OK;
}

int ambs_parse_bytes(const char *text, double *ret_bytes, ambs_error *err)
{
    static const unit units[] = {{"B", 1},        {"kB", 1e3},        {"KB", 1e3},
                                 {"MB", 1e6},     {"GB", 1e9},        {"TB", 1e12},
                                 {"KiB", 1024.0}, {"MiB", 1048576.0}, {"GiB", 0x1p30},
                                 {"TiB", 0x1p40}, {NULL, 0}};
    const char *p = text;
    const unit *u;
    double value;
    if (!take_quantity(&p, units, &u, &value) || *p)
        return ambs_fail(
            err, AMBS_E_INVALID,
            "found \"%.60s\", expected an amount of memory with its unit (B, kB, MB, GB, TB, KiB, "
            "MiB, GiB, TiB), as in \"8GiB\"",
            text);
    *ret_bytes = value;
    return AMBS_OK;
}

const char *ambs_format_duration(double seconds, char *buffer)
{
    if (!isfinite(seconds)) return strcpy(buffer, "unknown");
    const char *sign = seconds < 0 ? "-" : "";
    double s = fabs(seconds);
    if (s == 0)
        snprintf(buffer, 40, "0 s");
    else if (s < 1e-3)
        snprintf(buffer, 40, "%s%.3g us", sign, s * 1e6);
    else if (s < 0.9995)
        snprintf(buffer, 40, "%s%.3g ms", sign, s * 1e3);
    else if (s < 59.95)
        snprintf(buffer, 40, "%s%.1f s", sign, s);
    else if (s < 3599.5)
        snprintf(buffer, 40, "%s%d min %02d s", sign, (int)(s + 0.5) / 60, (int)(s + 0.5) % 60);
    else if (s < 86370) {
        int minutes = (int)(s / 60 + 0.5);
        snprintf(buffer, 40, "%s%d h %02d min", sign, minutes / 60, minutes % 60);
    } else {
        double hours = floor(s / 3600 + 0.5);
        snprintf(buffer, 40, "%s%.0f d %02d h", sign, floor(hours / 24), (int)fmod(hours, 24));
    }
    return buffer;
}

/* ---- names ---- */

enum { EDIT_MAX = 63 };

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

size_t ambs_edit_distance(const char *a, const char *b)
{
    size_t n = strnlen(a, EDIT_MAX), m = strnlen(b, EDIT_MAX);
    size_t row[3][EDIT_MAX + 1];
    for (size_t j = 0; j <= m; j++) row[0][j] = j;
    for (size_t i = 1; i <= n; i++) {
        size_t *now = row[i % 3], *up = row[(i + 2) % 3], *up2 = row[(i + 1) % 3];
        now[0] = i;
        for (size_t j = 1; j <= m; j++) {
            size_t change = up[j - 1] + (a[i - 1] != b[j - 1]);
            now[j] = least(change, least(up[j], now[j - 1]) + 1);
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                now[j] = least(now[j], up2[j - 2] + 1);
        }
    }
    return row[n % 3][m];
}

const char *ambs_nearest_name(const char *wrong, const char *const *names)
{
    size_t length = strlen(wrong);
    size_t limit = length / 3 > 1 ? length / 3 : 1;
    const char *best = NULL;
    for (; *names; names++) {
        size_t distance = ambs_edit_distance(wrong, *names);
        if (distance > limit || distance >= length) continue;
        best = *names;
        if (distance == 0) break;
        limit = distance - 1; /* only a nearer one takes its place */
    }
    return best;
}

/* ---- UTF-8 ---- */

/* The length of the well-formed sequence at `b`, or 0. Table 3-7 of the Unicode standard. */
static size_t utf8_sequence(const unsigned char *b, size_t left)
{
    unsigned char c = b[0];
    if (c < 0x80) return 1;
    size_t length = c >= 0xc2 && c <= 0xdf   ? 2
                    : (c & 0xf0) == 0xe0     ? 3
                    : c >= 0xf0 && c <= 0xf4 ? 4
                                             : 0;
    if (length == 0 || length > left) return 0;
    unsigned char low = c == 0xe0 ? 0xa0 : c == 0xf0 ? 0x90 : 0x80;
    unsigned char high = c == 0xed ? 0x9f : c == 0xf4 ? 0x8f : 0xbf;
    if (b[1] < low || b[1] > high) return 0;
    for (size_t i = 2; i < length; i++)
        if ((b[i] & 0xc0) != 0x80) return 0;
    return length;
}

bool ambs_utf8_valid(const char *bytes, size_t length, size_t *ret_at)
{
    const unsigned char *b = (const unsigned char *)bytes;
    for (size_t i = 0; i < length;) {
        size_t step = utf8_sequence(b + i, length - i);
        if (step == 0) {
            if (ret_at) *ret_at = i;
            return false;
        }
        i += step;
    }
    return true;
}

const char *ambs_format_bytes(double bytes, char *buffer)
{
    static const char *const units[] = {"B", "KiB", "MiB", "GiB", "TiB", "PiB"};
    size_t u = 0;
    for (; u < 5 && bytes >= 1024; u++) bytes /= 1024;
    int digits = u == 0 || bytes >= 100 ? 0 : bytes >= 10 ? 1 : 2;
    snprintf(buffer, 40, "%.*f %s", digits, bytes, units[u]);
    return buffer;
}
