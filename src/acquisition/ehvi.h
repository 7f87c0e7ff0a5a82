/* SPDX-License-Identifier: MIT */
/* Expected hypervolume improvement for two and three minimised values with independent normal
 * predictions: how much the volume that a front dominates below a reference point is expected to
 * grow by a point,
 *     E[HV(F + y) − HV(F)],   y_j ~ N(mean_j, sd_j²).
 *
 * What a new point can gain is cut into disjoint boxes, 2 n + 1 at most for n points; in a box the
 * gain is a product over the values, so
 *     EHVI = sum over boxes of  prod over j of  [psi_j(upper_j) − psi_j(lower_j)],
 *     psi(a) = E max(a − y, 0) = (a − mean) Phi((a − mean) / sd) + sd phi((a − mean) / sd).
 * Source: Yang, Emmerich, Deutz and Bäck 2019, doi:10.1007/s10898-019-00798-7, theorem 2 and
 * algorithm 3 (turned to minimisation; the boxes here come from a sweep in the third value). At
 * sd = 0 it is the hypervolume improvement itself. */
#ifndef AMBS_ACQUISITION_EHVI_H
#define AMBS_ACQUISITION_EHVI_H

#include "ambs/error.h"

#include <stddef.h>

enum { AMBS_EHVI_MAX_GOALS = 3 };

/* The boxes of one front. A zeroed struct is ready for ambs_ehvi_fit(). */
typedef struct ambs_ehvi {
    size_t m;       /* values: 2 or 3 */
    size_t n_boxes; /* of m values, as indices into `value` */
    struct ambs_ehvi_box *boxes;
    size_t box_capacity, strip_capacity, order_capacity;
    struct ambs_ehvi_strip *strips;
    size_t *order;
    double *value[AMBS_EHVI_MAX_GOALS]; /* [n_values] -infinity, the points', the reference */
    double *psi[AMBS_EHVI_MAX_GOALS], *by_mean[AMBS_EHVI_MAX_GOALS], *by_sd[AMBS_EHVI_MAX_GOALS];
    size_t value_capacity[AMBS_EHVI_MAX_GOALS], n_values;
} ambs_ehvi;

/* Takes the points y [n, m] (any: dominated ones and those beyond the reference gain nothing) and
 * the reference [m]. O(n²) at worst. AMBS_E_NOMEM: the boxes are gone then. */
int ambs_ehvi_fit(ambs_ehvi *e, size_t n, size_t m, const double *y, const double *reference,
                  ambs_error *err);
void ambs_ehvi_fini(ambs_ehvi *e);

/* The value at mean [m], sd [m] (>= 0); ret_by_mean [m] and ret_by_sd [m], its derivatives, may be
 * NULL. Uses work space of *e; O(boxes). */
double ambs_ehvi_value(ambs_ehvi *e, const double *mean, const double *sd, double *ret_by_mean,
                       double *ret_by_sd);

#endif
