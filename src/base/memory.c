/* SPDX-License-Identifier: MIT */
#include "base/memory.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

static int out_of_memory(ambs_error *err, size_t count, size_t size)
{
    return ambs_fail(err, AMBS_E_NOMEM,
                     "out of memory: %zu items of %zu bytes could not be allocated", count, size);
}

/* The product, at least 1 so that an empty array is a valid pointer; 0 on overflow. */
static size_t bytes_of(size_t count, size_t size)
{
    size_t bytes;
    if (__builtin_mul_overflow(count, size, &bytes) || bytes > PTRDIFF_MAX) return 0;
    return bytes > 0 ? bytes : 1;
}

void *ambs_calloc(size_t count, size_t size, ambs_error *err)
{
    size_t bytes = bytes_of(count, size);
    void *memory = bytes > 0 ? calloc(1, bytes) : NULL;
    if (!memory) out_of_memory(err, count, size);
    return memory;
}

int ambs_resize(void *array, size_t count, size_t size, ambs_error *err)
{
    size_t bytes = bytes_of(count, size);
    void *memory;
    memcpy(&memory, array, sizeof memory); /* the caller's pointer has a type of its own */
    void *resized = bytes > 0 ? realloc(memory, bytes) : NULL;
    if (!resized) return out_of_memory(err, count, size);
    memcpy(array, &resized, sizeof resized);
    return AMBS_OK;
}

int ambs_reserve(void *array, size_t *capacity, size_t need, size_t size, ambs_error *err)
{
    if (need <= *capacity) return AMBS_OK;
    size_t room = *capacity > 0 ? *capacity : 8;
    while (room < need) room = room > SIZE_MAX / 2 ? need : room * 2;
    int rc = ambs_resize(array, room, size, err);
    if (rc == AMBS_OK) *capacity = room;
    return rc;
}

char *ambs_strdup(const char *text, ambs_error *err)
{
    return ambs_memdup(text, strlen(text) + 1, 1, err);
}

char *ambs_strndup(const char *text, size_t length, ambs_error *err)
{
    size_t used = strnlen(text, length);
    char *copy = ambs_calloc(used + 1, 1, err);
    if (copy) memcpy(copy, text, used);
    return copy;
}

void *ambs_memdup(const void *data, size_t count, size_t size, ambs_error *err)
{
    void *copy = ambs_calloc(count, size, err);
    if (copy && count > 0 && size > 0) memcpy(copy, data, count * size);
    return copy;
}
