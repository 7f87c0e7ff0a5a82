/* SPDX-License-Identifier: MIT */
/* Scaling learnt from training rows alone, so that nothing of validation or test rows leaks into a
 * model. */
#include <math.h>
#include <stdlib.h>

#include "base/memory.h"
#include "train/train.h"

/* Mean, spread and ends of column j over the rows that have a value; false where none has. */
typedef struct column_facts {
    double mean, sd, smallest, largest;
} column_facts;

static bool describe(const ambs_dataset *data, const size_t *rows, size_t n_rows, size_t j,
                     column_facts *ret_facts)
{
    double mean = 0, squares = 0, smallest = INFINITY, largest = -INFINITY;
    size_t n = 0;
    for (size_t i = 0; i < n_rows; i++) { /* Welford 1962, doi:10.1080/00401706.1962.10490022 */
        const double x = data->x[rows[i] * data->d + j];
        if (isnan(x)) continue;
        const double before = x - mean;
        mean += before / (double)++n;
        squares += before * (x - mean);
        smallest = fmin(smallest, x);
        largest = fmax(largest, x);
    }
    if (n == 0) return false;
    *ret_facts = (column_facts){mean, sqrt(squares / (double)n), smallest, largest};
    return true;
}

static void set_column(ambs_scaler *s, size_t j, ambs_scaling scaling, const column_facts *facts)
{
    s->mean[j] = (float)facts->mean;
    if (scaling == AMBS_SCALING_NONE) {
        s->offset[j] = 0;
        s->factor[j] = 1;
        return;
    }
    const bool standard = scaling == AMBS_SCALING_STANDARD;
    const double spread = standard ? facts->sd : facts->largest - facts->smallest;
    const double offset = standard ? facts->mean : facts->smallest;
    s->offset[j] = (float)offset;
    /* rounding leaves a constant column a spread of some ulp */
    s->factor[j] = spread > 1e-7 * fabs(facts->mean) ? (float)(1 / spread) : 0;
}

static void fit_targets(const ambs_dataset *data, const size_t *rows, size_t n_rows,
                        ambs_scaler *scaler)
{
    double mean = 0, squares = 0;
    for (size_t i = 0; i < n_rows; i++) {
        const double y = data->targets[rows[i]], before = y - mean;
        mean += before / (double)(i + 1);
        squares += before * (y - mean);
    }
    scaler->target_mean = mean;
    scaler->target_sd = squares > 0 ? sqrt(squares / (double)n_rows) : 1;
}

int ambs_scaler_fit(const ambs_dataset *data, const size_t *rows, size_t n_rows,
                    ambs_scaling scaling, ambs_scaler *ret_scaler, ambs_error *err)
{
    ambs_scaler s = {.d = data->d, .target_mean = 0, .target_sd = 1};
    s.offset = ambs_calloc(data->d, 3 * sizeof *s.offset, err);
    if (!s.offset) return AMBS_E_NOMEM;
    s.factor = s.offset + data->d;
    s.mean = s.factor + data->d;
    for (size_t j = 0; j < data->d; j++) {
        column_facts facts = {0};
        describe(data, rows, n_rows, j, &facts); /* all missing: every value becomes 0 */
        set_column(&s, j, scaling, &facts);
    }
    if (data->n_classes == 0) fit_targets(data, rows, n_rows, &s);
    *ret_scaler = s;
    return AMBS_OK;
}

void ambs_scaler_fini(ambs_scaler *scaler)
{
    free(scaler->offset);
    *scaler = (ambs_scaler){0};
}

void ambs_scaler_gather(const ambs_scaler *scaler, const ambs_dataset *data, const size_t *rows,
                        size_t n_rows, float *ret_x)
{
    const size_t d = scaler->d;
    const float *offset = scaler->offset, *factor = scaler->factor, *mean = scaler->mean;
    for (size_t i = 0; i < n_rows; i++) {
        const float *from = data->x + rows[i] * d;
        float *to = ret_x + i * d;
#pragma omp simd
        for (size_t j = 0; j < d; j++) {
            const float x = from[j] == from[j] ? from[j] : mean[j];
            to[j] = (x - offset[j]) * factor[j];
        }
    }
}

void ambs_scaler_targets(const ambs_scaler *scaler, const ambs_dataset *data, const size_t *rows,
                         size_t n_rows, float *ret_targets)
{
    for (size_t i = 0; i < n_rows; i++)
        ret_targets[i] =
            (float)((data->targets[rows[i]] - scaler->target_mean) / scaler->target_sd);
}
