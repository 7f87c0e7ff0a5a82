/* SPDX-License-Identifier: MIT */
/* Ask and tell from a C program: the search of ambs without MPI, files or processes.
 *
 *   cc ask_tell.c $(pkg-config --cflags --libs ambs) -lm -o ask_tell && ./ask_tell branin.yaml
 *
 * The study file says what to search (its objective is not used here: this program evaluates the
 * configurations itself). Two trials are always open, as with two workers. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include <ambs/search.h>

/* Branin's function (Branin 1972), minimum 0.397887. */
static double branin(double x, double y)
{
    const double pi = 3.14159265358979323846;
    double a = y - 5.1 / (4 * pi * pi) * x * x + 5 / pi * x - 6;
    return a * a + 10 * (1 - 1 / (8 * pi)) * cos(x) + 10;
}

static int tell(ambs_search *search, const ambs_proposal *p, ambs_error *err)
{
    ambs_outcome outcome = {.state = AMBS_TRIAL_COMPLETE, .objective = branin(p->x[0], p->x[1])};
    return ambs_search_tell(search, p->trial, &outcome, err);
}

static int minimise(ambs_search *search, ambs_error *err)
{
    double a[2], b[2], best, x[2];
    uint64_t trial;
    ambs_proposal open[2] = {{.x = a}, {.x = b}};
    int rc = ambs_search_ask(search, &open[0], err);
    for (int i = 1; rc == 0 && i < 60; i++) { /* ask for the next before the last is told */
        rc = ambs_search_ask(search, &open[i % 2], err);
        if (rc == 0) rc = tell(search, &open[(i + 1) % 2], err);
    }
    if (rc == 0) rc = ambs_search_best(search, &trial, &best, x, err);
    if (rc == 0)
        printf("best of 59: %.6f at (%.4f, %.4f), trial %llu\n", best, x[0], x[1],
               (unsigned long long)trial);
    return rc;
}

int main(int argc, char **argv)
{
    ambs_error err;
    ambs_spec *spec;
    ambs_search *search;
    if (argc != 2) {
        fprintf(stderr, "usage: ask_tell STUDY.yaml\n");
        return 2;
    }
    int rc = ambs_spec_read(argv[1], NULL, 0, &spec, &err);
    if (rc == 0) {
        if (ambs_space_dimension(ambs_spec_space(spec)) != 2)
            rc = ambs_fail(&err, AMBS_E_INVALID, "expected two parameters");
        if (rc == 0) rc = ambs_search_create(spec, &search, &err);
        if (rc == 0) {
            rc = minimise(search, &err);
            ambs_search_destroy(search);
        }
        ambs_spec_destroy(spec);
    }
    if (rc != 0) fprintf(stderr, "ask_tell: %s\n", err.text);
    return rc == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
