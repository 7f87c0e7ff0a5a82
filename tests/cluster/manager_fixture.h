/* SPDX-License-Identifier: MIT */
/* A world with a manager in it, run to its end. */
#ifndef AMBS_TESTS_MANAGER_FIXTURE_H
#define AMBS_TESTS_MANAGER_FIXTURE_H

#include <math.h>
#include <string.h>

#include "cluster/status.h"
#include "world.h"

static world w;
static ambs_status status;
static const char *text;

static inline void finish(double until_s)
{
    assert_true(world_run(&w, until_s));
    assert_true(ambs_manager_is_done(w.manager, &status, &text));
    world_assert_exactly_once(&w);
}

/* Durations and times of joining. */
static inline double ten_s(world *world_, uint64_t trial, uint32_t attempt)
{
    (void)world_, (void)trial, (void)attempt;
    return 10;
}

static inline double hundred_s(world *world_, uint64_t trial, uint32_t attempt)
{
    (void)world_, (void)trial, (void)attempt;
    return 100;
}

static inline double late(world *world_, uint32_t rank)
{
    (void)world_;
    return rank == 1 ? 0 : 30;
}

#endif
