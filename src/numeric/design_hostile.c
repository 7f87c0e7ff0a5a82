/* SPDX-License-Identifier: MIT */
/* A design that does its worst within the contract, for tests: every point is one of two opposite
 * corners, so almost all repeat, and a design of 13 points is refused. */
#include "numeric/design.h"

static int points(const void *options, uint64_t seed, size_t d, uint64_t first, size_t n,
                  uint64_t total, double *ret_u, ambs_error *err)
{
    (void)options, (void)seed;
    if (total == 13)
        return ambs_fail(err, AMBS_E_INVALID,
                         "a hostile design of 13 points was asked for, expected another number");
    for (size_t i = 0; i < n * d; i++) ret_u[i] = (double)((first + i / d) % 2);
    return AMBS_OK;
}

const ambs_design_ops ambs_design_hostile = {
    .member = {.name = "hostile", .summary = "two corners and a refusal", .for_tests = true},
    .points = points,
};
