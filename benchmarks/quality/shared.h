/* SPDX-License-Identifier: MIT */
/* What the benchmarks of quality share: test functions, the arguments that say which studies, and a
 * study of a method that is given as text. */
#ifndef BENCHMARKS_QUALITY_SHARED_H
#define BENCHMARKS_QUALITY_SHARED_H

#include "../../tests/search/fixture.h"

/* Test functions of x [d], each with the least value 0: Levy and Rosenbrock at 1 in every coordinate,
 * Ackley at 0, Styblinski and Tang at -2.903534. */
double bench_levy(size_t d, const double *x);
double bench_ackley(size_t d, const double *x);
double bench_rosenbrock(size_t d, const double *x);
double bench_styblinski(size_t d, const double *x);

/* Which studies are run. */
typedef struct bench_studies {
    size_t seeds, first_seed, trials;
} bench_studies;

/* Takes --seeds, --first-seed or --trials with its value; false where `name` is another argument. */
bool bench_studies_take(bench_studies *studies, const char *name, const char *value);

/* `method`: its name, then settings ("ambs kappa=2"). To be dropped with drop_spec(), and the space
 * with it. */
ambs_spec *bench_make_study(const char *method, ambs_space *space, uint64_t seed, size_t trials);

/* For qsort(): doubles, the least first. */
int bench_compare(const void *a, const void *b);

#endif
