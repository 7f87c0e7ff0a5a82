/* SPDX-License-Identifier: MIT */
#include "failing_alloc.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "ambs/error.h"

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *memory, size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *memory, size_t size);

static long countdown; /* 0: off or done */
static bool failed;

static bool fails_now(void)
{
    if (countdown == 0 || --countdown > 0) return false;
    failed = true;
    return true;
}

void *__wrap_malloc(size_t size)
{
    return fails_now() ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t count, size_t size)
{
    return fails_now() ? NULL : __real_calloc(count, size);
}

void *__wrap_realloc(void *memory, size_t size)
{
    return fails_now() ? NULL : __real_realloc(memory, size);
}

void failing_alloc_at(long n)
{
    countdown = n;
    failed = false;
}

bool failing_alloc_off(void)
{
    countdown = 0;
    return failed;
}

long failing_alloc_each(int (*scenario)(void *ctx), void *ctx)
{
    for (long n = 1;; n++) {
        failing_alloc_at(n);
        int rc = scenario(ctx);
        if (!failing_alloc_off()) {
            assert_int_equal(rc, AMBS_OK);
            return n - 1;
        }
        if (rc != AMBS_E_NOMEM) fail_msg("allocation %ld failed, and the code returned %d", n, rc);
    }
}
