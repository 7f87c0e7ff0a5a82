/* SPDX-License-Identifier: MIT */
/* A growing string. A failed append sets `failed` and later appends do nothing, so a writer checks
 * once at the end; `text` is NUL-terminated after the first successful append (else NULL). */
#ifndef AMBS_BASE_TEXT_H
#define AMBS_BASE_TEXT_H

#include <stdbool.h>
#include <stddef.h>

#include "ambs/error.h"

typedef struct ambs_text {
    char *text;
    size_t length, capacity;
    bool failed;
} ambs_text;

void ambs_text_fini(ambs_text *t);
void ambs_text_clear(ambs_text *t);
void ambs_text_add(ambs_text *t, const char *s);
void ambs_text_add_bytes(ambs_text *t, const void *bytes, size_t length);
void ambs_text_addf(ambs_text *t, const char *format, ...) AMBS_PRINTF(2, 3);
/* A word as a shell reads it again: in quotes where it needs them. */
void ambs_text_add_word(ambs_text *t, const char *word);
/* 0, or AMBS_E_NOMEM when any append failed. */
int ambs_text_check(const ambs_text *t, ambs_error *err);

/* The shortest decimal that reads back as the same double ("0.1", "1e-05"), at most 17 digits;
 * whole numbers below 1e15 without exponent; "nan", "inf", "-inf". `buffer` holds at least 32
 * bytes. */
const char *ambs_format_double(double value, char *buffer);

/* A number as `strtod` in the C locale reads it, but the whole of `text` must be used and hex,
 * "nan" and "inf" are refused. */
bool ambs_parse_double(const char *text, double *ret_value);
/* A whole number in decimal, optional sign; refuses overflow. */
bool ambs_parse_int(const char *text, long long *ret_value);
/* A duration with its unit: "90s", "20m", "11h30m", "1d2h", "500ms", "0s". A number without a unit
 * is refused. Result in seconds. */
int ambs_parse_duration(const char *text, double *ret_seconds, ambs_error *err);
/* Bytes with their unit: "8GiB", "512MB", "4096B". */
int ambs_parse_bytes(const char *text, double *ret_bytes, ambs_error *err);
/* "1.5 s", "2 min 03 s", "3 h 20 min": for people. `buffer` holds at least 40 bytes. */
const char *ambs_format_duration(double seconds, char *buffer);
/* "1.50 GiB", "12.3 KiB", "512 B" into `buffer` of 40 bytes, which is returned. */
const char *ambs_format_bytes(double bytes, char *buffer);

/* Damerau-Levenshtein distance between two names, in edits. O(|a| |b|); inputs beyond 63 bytes are
 * compared by their first 63. */
size_t ambs_edit_distance(const char *a, const char *b);
/* Of the NULL-terminated `names`, the one nearest to `wrong` if it is near enough to be meant
 * (distance at most a third of the length, at least 1), else NULL. */
const char *ambs_nearest_name(const char *wrong, const char *const *names);
/* True where the bytes are well-formed UTF-8 (no overlongs, no surrogates); `ret_at` (may be NULL)
 * gets the offset of the first bad byte. */
bool ambs_utf8_valid(const char *bytes, size_t length, size_t *ret_at);

#endif
