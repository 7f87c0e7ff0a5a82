/* SPDX-License-Identifier: MIT */
/* A process whose factor is with an engine (gp_engine.h). Rows of that factor stand first, n_base of them. Those
 * that came since, the extras, are joined to it here, by the blocks of the matrix
 *   K = [ A  B ]   S = C - BᵀA⁻¹B,  W = A⁻¹B,  α = [ A⁻¹y_A - W α_B ]
 *       [ Bᵀ C ]                                   [ S⁻¹ (y_B - Wᵀy_A) ]
 * and for a candidate with covariances (a, b): t = b - Wᵀa, k*ᵀK⁻¹k* = aᵀA⁻¹a + tᵀS⁻¹t. W comes from the engine,
 * for all new extras at once when the process is asked next; S is factored here. A row of the factor that
 * goes, or gets another y, has it made anew. */
#ifndef AMBS_SURROGATE_GP_FAR_H
#define AMBS_SURROGATE_GP_FAR_H

#include <stdbool.h>

#include "surrogate/gp_engine.h"

struct ambs_gp;

typedef struct ambs_gp_far {
    const ambs_gp_engine *engine; /* NULL: none */
    uint32_t process;             /* this one's number */
    bool on;                 /* the factor is with the engine; l and its work space are not used */
    bool spoilt;             /* … and is not that of the first rows any more */
    bool stale;              /* α is not that of the rows */
    size_t n_base, n_joined; /* rows of the factor; extras that are joined to it */
    double *base_alpha;      /* [n_base] A⁻¹y_A */
    double *w;               /* [extras, n_base] Wᵀ */
    double *base_mean;       /* [extras] Wᵀy_A */
    double *l;               /* [extras, stride] factor of S */
    double *side;            /* [n_base] work space */
    double *rotations;       /* [2 extras] work space */
    double *points, *answer; /* of candidates, and what comes back */
    size_t base_capacity, w_capacity, mean_capacity, stride, side_capacity, point_capacity,
        answer_capacity, rotation_capacity;
} ambs_gp_far;

void ambs_gp_far_fini(ambs_gp_far *far);
/* Whether the process, with the rows it has, is one for its engine. */
bool ambs_gp_far_is_wanted(const struct ambs_gp *gp);
/* Gives all rows to the engine. AMBS_E_AGAIN: it has to be done here. */
int ambs_gp_far_factor(struct ambs_gp *gp, ambs_error *err);
/* Row `at` has gone, a place among the present ones, or has another y and so much more noise. */
void ambs_gp_far_removed(struct ambs_gp *gp, size_t at);
void ambs_gp_far_replaced(struct ambs_gp *gp, size_t at, double change);
/* Brings factor and α up to the rows. AMBS_E_AGAIN. */
int ambs_gp_far_settle(struct ambs_gp *gp, ambs_error *err);
/* For a settled process: b [n] becomes K⁻¹b. */
int ambs_gp_far_solve_vector(struct ambs_gp *gp, double *b, ambs_error *err);
/* For a settled process, as ambs_gp_predict() and the first half of ambs_gp_gradient(): with k* of
 * `width` candidates in gp->lanes and `k` [n, width], `ret_solved` [n, width] becomes K⁻¹k*. */
int ambs_gp_far_predict(struct ambs_gp *gp, size_t m, const double *x, double *ret_mean,
                        double *ret_sd, ambs_error *err);
int ambs_gp_far_solve(struct ambs_gp *gp, size_t width, const double *k, double *ret_solved,
                      ambs_error *err);

#endif
