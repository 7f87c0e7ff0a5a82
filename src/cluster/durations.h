/* SPDX-License-Identifier: MIT */
/* How long trials take, from those that have ended: a histogram of ln(duration) per fidelity, so
 * that a quantile is known to a tenth whatever the number of trials. A fidelity without trials of
 * its own borrows those of the nearest one, as if time were proportional to it. */
#ifndef AMBS_CLUSTER_DURATIONS_H
#define AMBS_CLUSTER_DURATIONS_H

#include <stdint.h>

enum {
    AMBS_DURATIONS_BINS = 280,    /* eight per octave from 1 ms on */
    AMBS_DURATIONS_FIDELITIES = 8 /* later ones join the nearest */
};

typedef struct ambs_durations {
    uint32_t n_fidelities;
    struct ambs_durations_of {
        double fidelity; /* NaN: the study has none */
        uint64_t n;
        uint32_t bins[AMBS_DURATIONS_BINS];
    } of[AMBS_DURATIONS_FIDELITIES];
} ambs_durations;

/* Begins as {0}. A duration that is not positive and finite counts as the shortest. */
void ambs_durations_add(ambs_durations *d, double fidelity, double duration_s);
/* The duration that a share `q` of the trials does not exceed; NaN before the first. */
double ambs_durations_quantile(const ambs_durations *d, double fidelity, double q);
uint64_t ambs_durations_count(const ambs_durations *d);

#endif
