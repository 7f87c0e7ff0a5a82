/* SPDX-License-Identifier: MIT */
#include "numeric/rank.h"

#include <math.h>
#include <stdlib.h>

#include "base/memory.h"

typedef struct place {
    double value;
    size_t at;
} place;

static int compare(const void *x, const void *y)
{
    double a = ((const place *)x)->value, b = ((const place *)y)->value;
    return (a > b) - (a < b);
}

/* Ranks less their mean. */
static void take_ranks(size_t n, const double *values, place *places, double *ret)
{
    for (size_t i = 0; i < n; i++) places[i] = (place){values[i], i};
    qsort(places, n, sizeof *places, compare);
    for (size_t i = 0, end; i < n; i = end) {
        for (end = i + 1; end < n && places[end].value == places[i].value;) end++;
        for (size_t k = i; k < end; k++)
            ret[places[k].at] = 0.5 * (double)(i + end - 1) - 0.5 * (double)(n - 1);
    }
}

int ambs_rank_correlation(size_t n, const double *a, const double *b, double *ret, ambs_error *err)
{
    double *ranks = ambs_calloc(n + 1, 2 * sizeof *ranks, err), aa = 0, bb = 0, ab = 0;
    place *places = ambs_calloc(n + 1, sizeof *places, err);
    if (ranks && places) {
        take_ranks(n, a, places, ranks);
        take_ranks(n, b, places, ranks + n);
        for (size_t i = 0; i < n; i++) {
            aa += ranks[i] * ranks[i];
            bb += ranks[n + i] * ranks[n + i];
            ab += ranks[i] * ranks[n + i];
        }
        *ret = aa > 0 && bb > 0 ? ab / sqrt(aa * bb) : 0;
    }
    int rc = ranks && places ? AMBS_OK : AMBS_E_NOMEM;
    free(ranks);
    free(places);
    return rc;
}
