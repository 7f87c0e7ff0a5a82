/* SPDX-License-Identifier: MIT */
/* Allocation with overflow checks. Out of memory is an ordinary error. */
#ifndef AMBS_BASE_MEMORY_H
#define AMBS_BASE_MEMORY_H

#include <stddef.h>

#include "ambs/error.h"

/* `count` * `size` zeroed bytes, or NULL with AMBS_E_NOMEM in `err`. A count or size of 0 gives a
 * valid pointer to free. Free with free(). */
void *ambs_calloc(size_t count, size_t size, ambs_error *err);

/* Resizes *`array` (NULL at first) to `count` * `size` bytes. On failure *array is unchanged and
 * still owned by the caller. New bytes are not set. Returns 0 or AMBS_E_NOMEM. */
int ambs_resize(void *array, size_t count, size_t size, ambs_error *err);

/* Makes room for `need` elements in a growing array: doubles *`capacity` until it fits.
 * `array` is the address of the typed pointer. Returns 0 or AMBS_E_NOMEM. */
int ambs_reserve(void *array, size_t *capacity, size_t need, size_t size, ambs_error *err);

char *ambs_strdup(const char *text, ambs_error *err);
char *ambs_strndup(const char *text, size_t length, ambs_error *err);
/* A copy of `count` * `size` bytes. */
void *ambs_memdup(const void *data, size_t count, size_t size, ambs_error *err);

#endif
