/* SPDX-License-Identifier: MIT */
#include "surrogate/gp_kernel.h"

#include <math.h>

#include "surrogate/gp_warp.h"

const char *const ambs_gp_shape_names[] = {
    "matern52", "matern32", "matern12", "squared_exponential", "anova", NULL};

size_t ambs_gp_terms(size_t p, const ambs_feature *features, bool onehot, ambs_gp_term *ret_terms)
{
    size_t n = 0;
    for (size_t f = 0; f < p; f++) {
        bool category = features[f].kind == AMBS_FEATURE_CATEGORICAL;
        size_t count = category && onehot ? features[f].n_levels : 1;
        ambs_gp_term_kind kind = !category ? AMBS_GP_NUMBER
                                 : onehot  ? AMBS_GP_INDICATOR
                                           : AMBS_GP_LEVEL;
        for (size_t k = 0; k < count; k++, n++)
            if (ret_terms) ret_terms[n] = (ambs_gp_term){kind, f, k};
        if (!features[f].may_be_inactive) continue;
        if (ret_terms) ret_terms[n] = (ambs_gp_term){AMBS_GP_ACTIVITY, f, 0};
        n++;
    }
    return n;
}

static double encode_term(const ambs_gp_term *term, const ambs_feature *feature, double x)
{
    switch (term->kind) {
    case AMBS_GP_ACTIVITY:
        return isnan(x) ? 0 : 1;
    case AMBS_GP_INDICATOR:
        return x == (double)term->level;
    case AMBS_GP_LEVEL:
        return isnan(x) ? (double)feature->n_levels : x;
    default:
        return isnan(x) ? 0.5 : x;
    }
}

void ambs_gp_encode(size_t n_terms, const ambs_gp_term *terms, const ambs_feature *features,
                    const double *row, double *ret_point, size_t stride)
{
    for (size_t t = 0; t < n_terms; t++)
        ret_point[t * stride] =
            encode_term(&terms[t], &features[terms[t].feature], row[terms[t].feature]);
}

size_t ambs_gp_n_theta(const ambs_gp_kernel *kernel)
{
    return ambs_gp_warp_at(kernel) + (kernel->warp ? 2 * kernel->n_terms : 0);
}

size_t ambs_gp_warp_at(const ambs_gp_kernel *kernel)
{
    return kernel->n_terms + 2 + (kernel->shape == AMBS_GP_ANOVA);
}

void ambs_gp_warp_point(const ambs_gp_kernel *kernel, double *point, size_t stride)
{
    for (size_t t = 0; kernel->warp && t < kernel->n_terms; t++)
        if (kernel->terms[t].kind == AMBS_GP_NUMBER)
            point[t * stride] =
                ambs_gp_warp(kernel->warp[2 * t], kernel->warp[2 * t + 1], point[t * stride]).value;
}

double ambs_gp_kernel_variance(const ambs_gp_kernel *kernel, const double *point, size_t stride)
{
    if (!(kernel->linear > 0)) return kernel->signal;
    double squares = 0;
    for (size_t t = 0; t < kernel->n_terms; t++)
        if (kernel->terms[t].kind == AMBS_GP_NUMBER)
            squares += (point[t * stride] - 0.5) * (point[t * stride] - 0.5);
    return kernel->signal + 1 + kernel->linear * squares;
}

void ambs_gp_kernel_set(ambs_gp_kernel *kernel, const double *theta)
{
    size_t n = kernel->n_terms;
    for (size_t t = 0; t < n; t++) kernel->weight[t] = exp(-2 * theta[t]);
    kernel->signal = exp(theta[n]);
    kernel->noise = exp(theta[n + 1]);
    if (kernel->shape == AMBS_GP_ANOVA) kernel->interaction = exp(theta[n + 2]);
    for (size_t i = 0; kernel->warp && i < 2 * n; i++)
        kernel->warp[i] = exp(theta[ambs_gp_warp_at(kernel) + i]);
}
