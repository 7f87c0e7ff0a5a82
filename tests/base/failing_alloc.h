/* SPDX-License-Identifier: MIT */
/* Fails the allocations of a piece of code one after the other. In meson.build, a test that uses it
 * has `dependencies: test_deps + [failing_alloc]`; only the program's own code is affected (malloc,
 * calloc and realloc of ambs and the test), not the C library or other shared libraries. */
#ifndef AMBS_TESTS_FAILING_ALLOC_H
#define AMBS_TESTS_FAILING_ALLOC_H

#include <stdbool.h>

/* The n-th allocation from now on (1: the next) returns NULL, the ones before and after it succeed.
 */
void failing_alloc_at(long n);
/* Switches it off; true when the failure had happened. */
bool failing_alloc_off(void);

/* Runs `scenario` with its 1st, 2nd, … allocation failing until a run needs no more of them. Each
 * run has to clean up after itself and to return its code: AMBS_E_NOMEM when an allocation failed,
 * 0 in the last run (a cmocka assertion tells of anything else). Returns the number of allocations.
 */
long failing_alloc_each(int (*scenario)(void *ctx), void *ctx);

#endif
