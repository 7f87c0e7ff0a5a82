/* SPDX-License-Identifier: MIT */
/* The input warp of the Gaussian process: the distribution function of Kumaraswamy (1980,
 * doi:10.1016/0022-1694(80)90036-0), w(u) = 1 - (1 - u^a)^b, makes a function stationary that varies
 * more at one end of the range than at the other (Snoek et al. 2014, arXiv:1402.0929). The ends,
 * where its slopes may be infinite, are kept a millionth away. */
#ifndef AMBS_SURROGATE_GP_WARP_H
#define AMBS_SURROGATE_GP_WARP_H

typedef struct ambs_gp_warped {
    double value, by_u, by_log_a, by_log_b; /* w, and its derivatives */
} ambs_gp_warped;

/* u in [0, 1], a and b positive. */
ambs_gp_warped ambs_gp_warp(double a, double b, double u);

#endif
