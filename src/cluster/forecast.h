/* SPDX-License-Identifier: MIT */
/* How long the trial of a configuration will take: a forest on ln(duration), divided by the
 * fidelity where there is one. It decides only what is handed out shortly before a deadline, never
 * what is proposed, so it is no part of the search and of its log. One thread at a time. */
#ifndef AMBS_CLUSTER_FORECAST_H
#define AMBS_CLUSTER_FORECAST_H

#include "space/space.h"

typedef struct ambs_forecast ambs_forecast;

/* `space` is borrowed. */
int ambs_forecast_create(const ambs_space *space, uint64_t seed, ambs_forecast **ret_forecast,
                         ambs_error *err);
void ambs_forecast_destroy(ambs_forecast *f);
/* A trial at x [d] took so long. `fidelity` NaN: none. */
int ambs_forecast_learn(ambs_forecast *f, const double *x, double fidelity, double duration_s,
                        ambs_error *err);
/* Mean and sd of ln(duration in s) of a new trial at x [d]. Fits first when a tenth has been
 * learned since the last fit: O(n log n). AMBS_E_NOT_FOUND before there are AMBS_FORECAST_LEAST. */
enum { AMBS_FORECAST_LEAST = 8 };
int ambs_forecast_predict(ambs_forecast *f, const double *x, double fidelity, double *ret_mean,
                          double *ret_sd, ambs_error *err);

#endif
