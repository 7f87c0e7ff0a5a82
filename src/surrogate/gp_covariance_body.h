/* SPDX-License-Identifier: MIT */
/* The covariances of gp_covariance.c, for vectors of one width (base/versions.h). */
/* exp(-u) for u >= 0 to two units in the last place. -u = k ln 2 + r with |r| <= ln 2 / 2; k is
 * rounded by adding 1.5 2^52, which leaves it in the low bits of the sum; exp(r) by its series to
 * r^13, 2^k by writing the exponent. Beyond u = 700 the result is that of 700, 1e-304. */
AMBS_INLINE void VERSION(exp_minus)(const vector *u, vector *ret)
{
    const double shift = 6755399441055744.0, ln2_high = 6.93147180369123816490e-01,
                 ln2_low = 1.90821492927058770002e-10;
    const vector most = (vector){0} + 700.0;
    mask below = *u < most;
    vector x = -(vector)((below & (mask)*u) | (~below & (mask)most));
    vector rounded = x * 1.4426950408889634074 + shift, k = rounded - shift,
           r = (x - k * ln2_high) - k * ln2_low;
    vector power = (vector)(((mask)rounded + 1023) << 52);
    vector p = r * (1.0 / 6227020800.0) + 1.0 / 479001600;
    p = p * r + 1.0 / 39916800;
    p = p * r + 1.0 / 3628800;
    p = p * r + 1.0 / 362880;
    p = p * r + 1.0 / 40320;
    p = p * r + 1.0 / 5040;
    p = p * r + 1.0 / 720;
    p = p * r + 1.0 / 120;
    p = p * r + 1.0 / 24;
    p = p * r + 1.0 / 6;
    p = p * r + 0.5;
    p = p * r + 1;
    p = p * r + 1;
    *ret = p * power;
}

/* √(factor x) of all lanes. */
AMBS_INLINE void VERSION(square_roots)(double factor, vector *x)
{
    double room[LANES];
    for (size_t i = 0; i < (LANES / WIDE); i++) AT(room)[i] = factor * x[i];
#pragma omp simd
    for (size_t c = 0; c < LANES; c++) room[c] = sqrt(room[c]);
    for (size_t i = 0; i < (LANES / WIDE); i++) x[i] = AT(room)[i];
}

/* k and dk/dr² of unit signal variance, from r². With dk/dr² = (dk/du) (du/dr²) the derivative has
 * no singularity at r = 0, but for Matérn 1/2, where D = 0 takes its place. */
AMBS_INLINE void VERSION(apply_shape)(ambs_gp_shape shape, const vector *u, vector *ret_k,
                                      vector *ret_slope)
{
    vector e;
    VERSION(exp_minus)(u, &e);
    switch (shape) {
    case AMBS_GP_MATERN52:
        *ret_k = (*u * *u * (1.0 / 3) + *u + 1.0) * e;
        *ret_slope = (*u + 1.0) * (-5.0 / 6) * e;
        return;
    case AMBS_GP_MATERN32:
        *ret_k = (*u + 1.0) * e;
        *ret_slope = -1.5 * e;
        return;
    case AMBS_GP_MATERN12:
        *ret_k = e;
        *ret_slope = -0.5 * e / (*u + 1e-150);
        return;
    default:
        *ret_k = e;
        *ret_slope = -0.5 * e;
    }
}

/* u, which the shapes are told in, from r². */
AMBS_INLINE void VERSION(take_u)(ambs_gp_shape shape, vector *r2)
{
    if (shape == AMBS_GP_SQUARED_EXPONENTIAL)
        for (size_t i = 0; i < (LANES / WIDE); i++) r2[i] *= 0.5;
    else
        VERSION(square_roots)
    (shape == AMBS_GP_MATERN52 ? 5 : shape == AMBS_GP_MATERN32 ? 3 : 1, r2);
}

/* LANES numbers from `from` on; where there are only `count`, copied to `room` first. */
AMBS_INLINE const vector *VERSION(lanes_at)(const double *from, size_t count, double *room)
{
    if (count == LANES) return CONST_AT(from);
    for (size_t c = 0; c < count; c++) room[c] = from[c];
    return CONST_AT(room);
}

AMBS_INLINE void VERSION(store_lanes)(const vector *from, size_t count, double *to)
{
    if (count == LANES)
        for (size_t i = 0; i < (LANES / WIDE); i++) AT(to)[i] = from[i];
    else
        memcpy(to, from, count * sizeof *to);
}

/* One term of the shape ANOVA, for LANES others: u = √5 |x - x'| / l, κ and dκ/d(w D), Matérn 5/2 of it alone. */
AMBS_INLINE void VERSION(take_term)(const ambs_gp_kernel *kernel, size_t t, double x,
                                    const vector *lane, vector *ret_u, vector *ret_kappa,
                                    vector *ret_slope)
{
    const vector rate = (vector){0} + sqrt(5 * kernel->weight[t]);
    for (size_t i = 0; i < (LANES / WIDE); i++) {
        if (kernel->terms[t].kind == AMBS_GP_LEVEL) {
            ret_u[i] = (vector)((lane[i] != x) & (mask)rate);
        } else {
            vector gap = rate * (lane[i] - x);
            ret_u[i] = (vector)((mask)gap & INT64_MAX); /* its magnitude */
        }
        VERSION(apply_shape)(AMBS_GP_MATERN52, &ret_u[i], &ret_kappa[i], &ret_slope[i]);
    }
}

/* s² Π_t (a + b κ_t) with a = 1 / (1 + β) and b = β / (1 + β). */
AMBS_INLINE void VERSION(cover_products)(const ambs_gp_kernel *kernel, const double *point,
                                         const double *lanes, size_t stride, size_t count,
                                         double *ret_k, double *ret_base)
{
    const double a = 1 / (1 + kernel->interaction), b = 1 - a;
    vector k[(LANES / WIDE)], u[(LANES / WIDE)], kappa[(LANES / WIDE)], unused[(LANES / WIDE)];
    double room[LANES] = {0};
    for (size_t i = 0; i < (LANES / WIDE); i++) k[i] = (vector){0} + kernel->signal;
    for (size_t t = 0; t < kernel->n_terms; t++) {
        VERSION(take_term)
        (kernel, t, point[t], VERSION(lanes_at)(lanes + t * stride, count, room), u, kappa, unused);
        for (size_t i = 0; i < (LANES / WIDE); i++) k[i] *= a + b * kappa[i];
    }
    VERSION(store_lanes)(k, count, ret_k);
    if (ret_base) VERSION(store_lanes)(k, count, ret_base);
}

/* One point with count <= LANES others. */
AMBS_INLINE void VERSION(cover_lanes)(ambs_gp_shape shape, const ambs_gp_kernel *kernel,
                                      const double *point, const double *lanes, size_t stride,
                                      size_t count, double *ret_k, double *ret_slope)
{
    vector r2[(LANES / WIDE)] = {{0}}, k[(LANES / WIDE)], slope[(LANES / WIDE)];
    double room[LANES] = {0};
    if (shape == AMBS_GP_ANOVA) {
        VERSION(cover_products)(kernel, point, lanes, stride, count, ret_k, ret_slope);
        return;
    }
    for (size_t t = 0; t < kernel->n_terms; t++) {
        const vector *lane = VERSION(lanes_at)(lanes + t * stride, count, room);
        double x = point[t], w = kernel->weight[t];
        if (kernel->terms[t].kind == AMBS_GP_LEVEL) {
            const vector weight = (vector){0} + w;
            for (size_t i = 0; i < (LANES / WIDE); i++)
                r2[i] += (vector)((lane[i] != x) & (mask)weight);
        } else {
            for (size_t i = 0; i < (LANES / WIDE); i++) {
                vector gap = lane[i] - x;
                r2[i] += gap * w * gap;
            }
        }
    }
    VERSION(take_u)(shape, r2);
    for (size_t i = 0; i < (LANES / WIDE); i++) {
        VERSION(apply_shape)(shape, &r2[i], &k[i], &slope[i]);
        k[i] *= kernel->signal;
        slope[i] *= kernel->signal;
    }
    VERSION(store_lanes)(k, count, ret_k);
    if (ret_slope) VERSION(store_lanes)(slope, count, ret_slope);
}

/* The last lanes overlap with those before them, so that they are LANES, too. */
AMBS_INLINE void VERSION(cover_shape)(ambs_gp_shape shape, const ambs_gp_kernel *kernel, size_t n,
                                      const double *points, const double *lanes, size_t stride,
                                      size_t m, double *ret_k, double *ret_slope, size_t ret_stride)
{
    for (size_t j = 0; j < n; j++, points += kernel->n_terms, ret_k += ret_stride) {
        size_t c = 0;
        for (; c + LANES <= m; c += LANES) VERSION(cover_lanes)
        (shape, kernel, points, lanes + c, stride, LANES, ret_k + c,
         ret_slope ? ret_slope + c : NULL);
        if (c < m && m >= LANES) VERSION(cover_lanes)
        (shape, kernel, points, lanes + m - LANES, stride, LANES, ret_k + m - LANES,
         ret_slope ? ret_slope + m - LANES : NULL);
        else if (c < m)
            VERSION(cover_lanes)(shape, kernel, points, lanes, stride, m, ret_k, ret_slope);
        if (ret_slope) ret_slope += ret_stride;
    }
}

/* The shape is a constant in each loop. */
static void VERSION(cover)(const ambs_gp_kernel *kernel, size_t n, const double *points,
                           const double *lanes, size_t stride, size_t m, double *ret_k,
                           double *ret_slope, size_t ret_stride)
{
    switch (kernel->shape) {
    case AMBS_GP_MATERN52:
        VERSION(cover_shape)
        (AMBS_GP_MATERN52, kernel, n, points, lanes, stride, m, ret_k, ret_slope, ret_stride);
        return;
    case AMBS_GP_MATERN32:
        VERSION(cover_shape)
        (AMBS_GP_MATERN32, kernel, n, points, lanes, stride, m, ret_k, ret_slope, ret_stride);
        return;
    case AMBS_GP_MATERN12:
        VERSION(cover_shape)
        (AMBS_GP_MATERN12, kernel, n, points, lanes, stride, m, ret_k, ret_slope, ret_stride);
        return;
    case AMBS_GP_ANOVA:
        VERSION(cover_shape)
        (AMBS_GP_ANOVA, kernel, n, points, lanes, stride, m, ret_k, ret_slope, ret_stride);
        return;
    default:
        VERSION(cover_shape)
        (AMBS_GP_SQUARED_EXPONENTIAL, kernel, n, points, lanes, stride, m, ret_k, ret_slope,
         ret_stride);
    }
}

/* Σ_jc factor_jc D_t(point j, lane c) of one term. */
AMBS_INLINE double VERSION(add_term)(bool is_level, size_t n, size_t n_terms, const double *point,
                                     const double *lanes, const double *factor)
{
    const vector *lane = CONST_AT(lanes);
    vector sums[LANES / WIDE] = {{0}};
    double sum = 0;
    for (size_t j = 0; j < n; j++, point += n_terms, factor += LANES)
        for (size_t i = 0; i < LANES / WIDE; i++) {
            vector f = CONST_AT(factor)[i], gap = lane[i] - *point;
            if (is_level)
                sums[i] += (vector)((lane[i] != *point) & (mask)f);
            else
                sums[i] += f * gap * gap;
        }
    for (size_t i = 1; i < LANES / WIDE; i++) sums[0] += sums[i];
    for (size_t c = 0; c < WIDE; c++) sum += sums[0][c];
    return sum;
}

static void VERSION(add_distances)(const ambs_gp_kernel *kernel, size_t n, const double *points,
                                   const double *lanes, size_t stride, const double *factor,
                                   double *ret_sums)
{
    for (size_t t = 0; t < kernel->n_terms; t++) {
        bool is_level = kernel->terms[t].kind == AMBS_GP_LEVEL;
        const double *lane = lanes + t * stride;
        double sum = is_level
                         ? VERSION(add_term)(true, n, kernel->n_terms, points + t, lane, factor)
                         : VERSION(add_term)(false, n, kernel->n_terms, points + t, lane, factor);
        ret_sums[t] -= 2 * kernel->weight[t] * sum;
    }
}

/* dk/d(w_t D_t) = k b κ' / (a + b κ) of one point with count <= LANES others. */
AMBS_INLINE void VERSION(part_of_term)(const ambs_gp_kernel *kernel, size_t t, double x,
                                       const double *lane, size_t count, const double *base,
                                       double *ret)
{
    const double a = 1 / (1 + kernel->interaction), b = 1 - a;
    vector u[(LANES / WIDE)], kappa[(LANES / WIDE)], slope[(LANES / WIDE)];
    double room[LANES] = {0}, base_room[LANES] = {0};
    const vector *k = VERSION(lanes_at)(base, count, base_room);
    VERSION(take_term)(kernel, t, x, VERSION(lanes_at)(lane, count, room), u, kappa, slope);
    for (size_t i = 0; i < (LANES / WIDE); i++) slope[i] *= k[i] * b / (a + b * kappa[i]);
    VERSION(store_lanes)(slope, count, ret);
}

static void VERSION(part)(const ambs_gp_kernel *kernel, size_t t, size_t n, const double *points,
                          const double *lanes, size_t m, const double *base, size_t stride,
                          double *ret)
{
    for (size_t j = 0; j < n; j++)
        for (size_t c = 0; c < m; c += LANES) VERSION(part_of_term)
    (kernel, t, points[j * kernel->n_terms + t], lanes + c, m - c < LANES ? m - c : LANES,
     base + j * stride + c, ret + j * stride + c);
}

/* Of one term of the shape ANOVA and n points with count <= LANES others: with the factors f = w k,
 * Σ f dln k/dln l, where dκ/dln l = -2 w D κ' and w D = u² / 5, and Σ f dln k/dln β, where
 * dln k/dln β = Σ_t a b (κ_t - 1) / (a + b κ_t). */
AMBS_INLINE void VERSION(add_product_term)(const ambs_gp_kernel *kernel, size_t t, size_t n,
                                           const double *points, const double *lane, size_t count,
                                           const double *factor, size_t factor_stride,
                                           double *ret_scale, double *ret_interaction)
{
    const double a = 1 / (1 + kernel->interaction), b = 1 - a;
    vector u[(LANES / WIDE)], kappa[(LANES / WIDE)], slope[(LANES / WIDE)], by_scale = {0},
                                                                            by_interaction = {0};
    double room[LANES] = {0}, factor_room[LANES] = {0};
    const vector *its = VERSION(lanes_at)(lane, count, room);
    for (size_t j = 0; j < n; j++) {
        const vector *f = VERSION(lanes_at)(factor + j * factor_stride, count, factor_room);
        VERSION(take_term)(kernel, t, points[j * kernel->n_terms + t], its, u, kappa, slope);
        for (size_t i = 0; i < (LANES / WIDE); i++) {
            vector share = f[i] * b / (a + b * kappa[i]);
            by_scale -= share * u[i] * u[i] * slope[i] * (2.0 / 5);
            by_interaction += share * a * (kappa[i] - 1.0);
        }
    }
    for (size_t c = 0; c < WIDE; c++) {
        *ret_scale += by_scale[c];
        *ret_interaction += by_interaction[c];
    }
}

static void VERSION(add_products)(const ambs_gp_kernel *kernel, size_t n, const double *points,
                                  const double *lanes, size_t stride, size_t count,
                                  const double *factor, size_t factor_stride, double *ret_sums)
{
    for (size_t t = 0; t < kernel->n_terms; t++)
        for (size_t c = 0; c < count; c += LANES) VERSION(add_product_term)
    (kernel, t, n, points, lanes + t * stride + c, count - c < LANES ? count - c : LANES,
     factor + c, factor_stride, &ret_sums[t], &ret_sums[kernel->n_terms + 2]);
}
