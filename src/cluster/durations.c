/* SPDX-License-Identifier: MIT */
#include "cluster/durations.h"

#include <math.h>
#include <stdbool.h>

#define SHORTEST_S      1e-3
#define BINS_PER_OCTAVE 8

static int bin_of(double duration_s)
{
    if (!(duration_s > SHORTEST_S)) return 0;
    double bin = BINS_PER_OCTAVE * log2(duration_s / SHORTEST_S);
    return bin < AMBS_DURATIONS_BINS - 1 ? (int)bin : AMBS_DURATIONS_BINS - 1;
}

static double upper_end(int bin)
{
    return SHORTEST_S * exp2((double)(bin + 1) / BINS_PER_OCTAVE);
}

/* |ln(a / b)|, 0 where there is no fidelity. */
static double distance(double a, double b)
{
    return a > 0 && b > 0 ? fabs(log(a / b)) : a == b || (isnan(a) && isnan(b)) ? 0 : INFINITY;
}

/* Index of the nearest fidelity; n_fidelities when there is none. */
static uint32_t nearest(const ambs_durations *d, double fidelity)
{
    uint32_t best = d->n_fidelities;
    for (uint32_t i = 0; i < d->n_fidelities; i++)
        if (best == d->n_fidelities ||
            distance(d->of[i].fidelity, fidelity) < distance(d->of[best].fidelity, fidelity))
            best = i;
    return best;
}

static double ratio(double fidelity, double to)
{
    return fidelity > 0 && to > 0 ? fidelity / to : 1;
}

void ambs_durations_add(ambs_durations *d, double fidelity, double duration_s)
{
    uint32_t i = nearest(d, fidelity);
    bool own = i < d->n_fidelities && distance(d->of[i].fidelity, fidelity) == 0;
    if (!own && d->n_fidelities < AMBS_DURATIONS_FIDELITIES) {
        i = d->n_fidelities++;
        d->of[i].fidelity = fidelity;
        own = true;
    }
    struct ambs_durations_of *of = &d->of[i];
    of->bins[bin_of(own ? duration_s : duration_s / ratio(fidelity, of->fidelity))]++;
    of->n++;
}

double ambs_durations_quantile(const ambs_durations *d, double fidelity, double q)
{
    uint32_t i = nearest(d, fidelity);
    if (i == d->n_fidelities) return NAN;
    const struct ambs_durations_of *of = &d->of[i];
    double below = 0;
    int bin = 0;
    while (bin < AMBS_DURATIONS_BINS - 1 && (below += of->bins[bin]) < q * (double)of->n) bin++;
    return upper_end(bin) * ratio(fidelity, of->fidelity);
}

uint64_t ambs_durations_count(const ambs_durations *d)
{
    uint64_t n = 0;
    for (uint32_t i = 0; i < d->n_fidelities; i++) n += d->of[i].n;
    return n;
}
