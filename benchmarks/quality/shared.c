/* SPDX-License-Identifier: MIT */
#include "shared.h"

double bench_levy(size_t d, const double *x)
{
    const double pi = 3.14159265358979323846;
    double w0 = 1 + (x[0] - 1) / 4, sum = sin(pi * w0) * sin(pi * w0);
    for (size_t i = 0; i < d; i++) {
        double w = 1 + (x[i] - 1) / 4;
        if (i + 1 < d)
            sum += (w - 1) * (w - 1) * (1 + 10 * sin(pi * w + 1) * sin(pi * w + 1));
        else
            sum += (w - 1) * (w - 1) * (1 + sin(2 * pi * w) * sin(2 * pi * w));
    }
    return sum;
}

double bench_ackley(size_t d, const double *x)
{
    double a = 0, b = 0;
    for (size_t i = 0; i < d; i++) {
        a += x[i] * x[i];
        b += cos(6.283185307179586477 * x[i]);
    }
    return -20 * exp(-0.2 * sqrt(a / (double)d)) - exp(b / (double)d) + 20 + exp(1);
}

double bench_rosenbrock(size_t d, const double *x)
{
    double sum = 0;
    for (size_t i = 0; i + 1 < d; i++)
        sum += 100 * (x[i + 1] - x[i] * x[i]) * (x[i + 1] - x[i] * x[i]) + (1 - x[i]) * (1 - x[i]);
    return sum;
}

double bench_styblinski(size_t d, const double *x)
{
    double sum = 0;
    for (size_t i = 0; i < d; i++) sum += x[i] * x[i] * (x[i] * x[i] - 16) + 5 * x[i];
    return 0.5 * sum + 39.16616570377142 * (double)d;
}

bool bench_studies_take(bench_studies *s, const char *name, const char *value)
{
    size_t *target = strcmp(name, "--seeds") == 0        ? &s->seeds
                     : strcmp(name, "--first-seed") == 0 ? &s->first_seed
                     : strcmp(name, "--trials") == 0     ? &s->trials
                                                         : NULL;
    if (target) *target = (size_t)atol(value);
    return target != NULL;
}

ambs_spec *bench_make_study(const char *method, ambs_space *space, uint64_t seed, size_t trials)
{
    char text[256];
    snprintf(text, sizeof text, "%s", method);
    char *settings = strchr(text, ' ');
    if (settings) *settings++ = 0;
    ambs_spec *spec = make_spec(text, space, seed, settings);
    spec->budget.trials = trials;
    return spec;
}

int bench_compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}
