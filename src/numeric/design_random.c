/* SPDX-License-Identifier: MIT */
/* Independent uniform points, each from a stream of its own, so that any piece can be had alone. */
#include "numeric/design.h"

static int points(const void *options, uint64_t seed, size_t d, uint64_t first, size_t n,
                  uint64_t total, double *ret_u, ambs_error *err)
{
    (void)options, (void)total, (void)err;
    for (size_t i = 0; i < n; i++) {
        ambs_random r;
        ambs_random_init(&r, seed, first + i, AMBS_PURPOSE_DESIGN);
        for (size_t k = 0; k < d; k++) ret_u[i * d + k] = ambs_random_uniform(&r);
    }
    return AMBS_OK;
}

const ambs_design_ops ambs_design_random = {
    .member = {.name = "random", .summary = "independent uniform points"},
    .points = points,
    .is_sequence = true,
};
