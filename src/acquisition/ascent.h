/* SPDX-License-Identifier: MIT */
/* Climbs along the slopes of an acquisition function, where the surrogate has some. */
#ifndef AMBS_ACQUISITION_ASCENT_H
#define AMBS_ACQUISITION_ASCENT_H

#include "acquisition/maximiser.h"

typedef struct ambs_ascent ambs_ascent;

/* Work space; `space` is borrowed. */
int ambs_ascent_create(const ambs_space *space, ambs_ascent **ret_ascent, ambs_error *err);
void ambs_ascent_destroy(ambs_ascent *a);

/* True where surrogate and acquisition function have slopes. Then exchanges are left to the
 * parameters with few values, which is what the second says of each: true for one that is climbed
 * along (a float, or a numeric parameter of many values). */
bool ambs_ascent_applies(const ambs_maximiser_problem *p);
bool ambs_ascent_moves(const ambs_space *space, size_t parameter);

/* Moves each of the m configurations (rows[k] has length d, m <= AMBS_SURROGATE_MAX_CLIMBS) uphill
 * in its numeric parameters by L-BFGS within the unit cube, all in step; whole numbers are let go
 * between and rounded at the end. A configuration whose end is forbidden stays where it was. A
 * rounded end may be worth less than the start: the caller compares. Cost: about 20 calls of
 * ambs_surrogate_gradient(). */
int ambs_ascent_run(ambs_ascent *a, const ambs_maximiser_problem *p, size_t m, double *const *rows,
                    ambs_error *err);

#endif
