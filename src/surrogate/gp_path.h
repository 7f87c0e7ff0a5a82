/* SPDX-License-Identifier: MIT */
/* Functions drawn from the Gaussian process's posterior; see gp_path.c. */
#ifndef AMBS_SURROGATE_GP_PATH_H
#define AMBS_SURROGATE_GP_PATH_H

#include "surrogate/gp.h"

typedef struct ambs_gp_path {
    size_t n_cells;            /* levels of all categories, inactive among them */
    size_t *first_cell;        /* [T] where a category's begin */
    double *frequency;         /* [F, T] turns a unit; 0 for categories */
    double *cell;              /* [F, n_cells] turns of each level */
    double *phase, *amplitude; /* [F] turns, and height */
    double *line, intercept;   /* [T] the linear mean, where there is one */
    double *update;            /* [n] what the rows add: coefficients of k(x, x_j) */
    size_t update_capacity;
    double *slopes; /* [T, AMBS_GP_CLIMBS] work space */
} ambs_gp_path;

/* Memory for draws from processes like gp, whose terms are borrowed; path is zeroed. After a failure
 * ambs_gp_path_fini() is due, too. */
int ambs_gp_path_init(ambs_gp_path *path, const ambs_gp *gp, ambs_error *err);
void ambs_gp_path_fini(ambs_gp_path *path);
/* A new function; it holds as long as gp does not change. O(F n T + n²). */
int ambs_gp_path_draw(ambs_gp_path *path, ambs_gp *gp, ambs_random *random, ambs_error *err);
/* Its values [m] at rows x [m, p]; with ret_slopes [m, p] (not NULL) the derivatives by numeric
 * features, too, for m <= AMBS_GP_CLIMBS. (F + n) T m operations; work space inside gp is written. */
void ambs_gp_path_values(const ambs_gp_path *path, const ambs_gp *gp, size_t m, const double *x,
                         double *ret_value, double *ret_slopes);

#endif
