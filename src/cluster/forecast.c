/* SPDX-License-Identifier: MIT */
#include "cluster/forecast.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "surrogate/surrogate.h"

/* The least duration that is told from none. */
#define SHORTEST_S 1e-3
/* The last so many are enough. */
enum { ROWS_MAX = 4000 };

struct ambs_forecast {
    size_t d, n, x_capacity, y_capacity;
    double *x, *y; /* [n, d], [n] */
    size_t next;   /* row that is replaced when there are ROWS_MAX */
    uint64_t n_learned, fit_at, n_fits;
    ambs_surrogate *forest;
};

int ambs_forecast_create(const ambs_space *space, uint64_t seed, ambs_forecast **ret,
                         ambs_error *err)
{
    ambs_forecast *f = ambs_calloc(1, sizeof *f, err);
    if (!f) return AMBS_E_NOMEM;
    f->d = ambs_space_dimension(space);
    int rc = ambs_surrogate_create("forest", NULL, space, seed, &f->forest, err);
    if (rc == AMBS_OK)
        *ret = f;
    else
        ambs_forecast_destroy(f);
    return rc;
}

void ambs_forecast_destroy(ambs_forecast *f)
{
    if (!f) return;
    ambs_surrogate_destroy(f->forest);
    free(f->x);
    free(f->y);
    free(f);
}

static double ln_fidelity(double fidelity)
{
    return fidelity > 0 ? log(fidelity) : 0;
}

int ambs_forecast_learn(ambs_forecast *f, const double *x, double fidelity, double duration_s,
                        ambs_error *err)
{
    size_t row = f->n < ROWS_MAX ? f->n : f->next;
    int rc = ambs_reserve(&f->x, &f->x_capacity, row + 1, f->d * sizeof *f->x, err);
    if (rc == AMBS_OK) rc = ambs_reserve(&f->y, &f->y_capacity, row + 1, sizeof *f->y, err);
    if (rc != AMBS_OK) return rc;
    memcpy(f->x + row * f->d, x, f->d * sizeof *x);
    f->y[row] = log(duration_s > SHORTEST_S ? duration_s : SHORTEST_S) - ln_fidelity(fidelity);
    if (f->n < ROWS_MAX)
        f->n++;
    else
        f->next = (f->next + 1) % ROWS_MAX;
    f->n_learned++;
    return AMBS_OK;
}

int ambs_forecast_predict(ambs_forecast *f, const double *x, double fidelity, double *ret_mean,
                          double *ret_sd, ambs_error *err)
{
    if (f->n < AMBS_FORECAST_LEAST)
        return ambs_fail(err, AMBS_E_NOT_FOUND, "too few trials have ended to tell durations");
    int rc = AMBS_OK;
    if (f->n_fits == 0 || 10 * (f->n_learned - f->fit_at) >= f->fit_at) {
        rc = ambs_surrogate_fit(f->forest, f->n, f->x, f->y, ++f->n_fits, err);
        f->fit_at = rc == AMBS_OK ? f->n_learned : 0;
    }
    double mean, sd;
    if (rc == AMBS_OK) rc = ambs_surrogate_predict(f->forest, 1, x, &mean, &sd, err);
    if (rc != AMBS_OK) return rc;
    *ret_mean = mean + ln_fidelity(fidelity);
    *ret_sd = sd;
    return AMBS_OK;
}
