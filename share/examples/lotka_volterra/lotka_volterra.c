/* SPDX-License-Identifier: MIT */
/* A plug-in in one process: hares and lynxes by the equations of Lotka and Volterra,
 *
 *   dh/dt = (alpha - beta l) h      h: hares, thousands of pelts a year
 *   dl/dt = (delta h - gamma) l     l: lynxes
 *
 * fitted to the pelts that the Hudson's Bay Company counted from 1900 to 1920 (Howard 2009, after
 * Elton and Nicholson 1942, doi:10.2307/1358). The objective is the root mean square of the
 * differences of the logarithms; it is reported year by year, so that a bad fit can be stopped early.
 *
 *   cc -O2 -shared -fPIC -o liblotka_volterra.so lotka_volterra.c -lm
 *   ambs run study.yaml -j 2
 *
 * (With ambs's header elsewhere than in /usr/include: cc $(pkg-config --cflags ambs) ….) */
#include <math.h>
#include <stdlib.h>

#include "ambs/objective.h"

enum { YEARS = 21 };

static const double hares[YEARS] = {30,   47.2, 70.2, 77.4, 36.3, 20.6, 18.1,
                                    21.4, 22,   25.4, 27.1, 40.3, 57,   76.6,
                                    52.3, 19.5, 11.2, 7.6,  14.6, 16.2, 24.7};
static const double lynxes[YEARS] = {4, 6.1,  9.8,  35.2, 59.4, 41.7, 19,   13,  8.3,  9.1, 7.4,
                                     8, 12.3, 19.5, 45.7, 51.1, 29.7, 15.8, 9.7, 10.1, 8.6};

typedef struct rates {
    double alpha, beta, gamma, delta;
} rates;

typedef struct model {
    long long steps; /* of the integrator, a year */
} model;

static int open_model(ambs_opening *o, void **ret_state)
{
    long long steps = ambs_opening_int(o, "steps");
    if (steps < 1) return ambs_opening_fail(o, "steps: found %lld, expected 1 or more", steps);
    model *m = malloc(sizeof *m);
    if (!m) return ambs_opening_fail(o, "out of memory");
    m->steps = steps;
    *ret_state = m;
    return 0;
}

static void slope(const rates *r, const double *y, double *ret_dy)
{
    ret_dy[0] = (r->alpha - r->beta * y[1]) * y[0];
    ret_dy[1] = (r->delta * y[0] - r->gamma) * y[1];
}

/* One step of the classical method of Runge and Kutta. */
static void step(const rates *r, double dt, double *y)
{
    static const double share[4] = {0, 0.5, 0.5, 1}, weight[4] = {1, 2, 2, 1};
    double k[2] = {0, 0}, sum[2] = {0, 0};
    for (int i = 0; i < 4; i++) {
        const double at[2] = {y[0] + share[i] * dt * k[0], y[1] + share[i] * dt * k[1]};
        slope(r, at, k);
        for (int j = 0; j < 2; j++) sum[j] += weight[i] * k[j];
    }
    for (int j = 0; j < 2; j++) y[j] += dt / 6 * sum[j];
}

static int evaluate(void *state, ambs_evaluation *e, double *ret_objective)
{
    const model *m = state;
    const rates r = {.alpha = ambs_evaluation_float(e, "alpha"),
                     .beta = ambs_evaluation_float(e, "beta"),
                     .gamma = ambs_evaluation_float(e, "gamma"),
                     .delta = ambs_evaluation_float(e, "delta")};
    double y[2] = {ambs_evaluation_float(e, "hares"), ambs_evaluation_float(e, "lynxes")};
    double of_hares = 0, of_lynxes = 0;
    for (int year = 0; year < YEARS; year++) {
        for (long long i = 0; year > 0 && i < m->steps; i++) step(&r, 1.0 / (double)m->steps, y);
        if (!(y[0] > 0 && y[1] > 0))
            return ambs_evaluation_fail(e, "the numbers leave their range in %d", 1900 + year);
        of_hares += pow(log(y[0] / hares[year]), 2);
        of_lynxes += pow(log(y[1] / lynxes[year]), 2);
        *ret_objective = sqrt((of_hares + of_lynxes) / (2 * (year + 1)));
        if (ambs_evaluation_report(e, 1900 + year, NULL, *ret_objective) != AMBS_CONTINUE) return 0;
    }
    ambs_evaluation_metric(e, "error_of_hares", sqrt(of_hares / YEARS));
    ambs_evaluation_metric(e, "error_of_lynxes", sqrt(of_lynxes / YEARS));
    return 0;
}

static const ambs_plugin_option options[] = {
    {"steps", AMBS_PLUGIN_INT, "100", "steps of the integrator in a year"},
    {NULL, AMBS_PLUGIN_INT, NULL, NULL},
};

static const ambs_plugin_parameter parameters[] = {
    {"alpha", AMBS_PLUGIN_FLOAT, 0}, {"beta", AMBS_PLUGIN_FLOAT, 0},
    {"gamma", AMBS_PLUGIN_FLOAT, 0}, {"delta", AMBS_PLUGIN_FLOAT, 0},
    {"hares", AMBS_PLUGIN_FLOAT, 0}, {"lynxes", AMBS_PLUGIN_FLOAT, 0},
    {NULL, AMBS_PLUGIN_FLOAT, 0},
};

const ambs_plugin ambs_plugin_main = {
    .abi_version = AMBS_PLUGIN_ABI,
    .size = sizeof(ambs_plugin),
    .name = "lotka_volterra",
    .summary = "hares and lynxes, 1900 to 1920",
    .options = options,
    .parameters = parameters,
    .open = open_model,
    .evaluate = evaluate,
    .close = free,
};
