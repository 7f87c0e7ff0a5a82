/* SPDX-License-Identifier: MIT */
/* The Gaussian process against closed forms and differences; then what changes of rows must keep.
 * check_gp.py compares it with scikit-learn. */
#include "../base/check.h"

#include "base/random.h"
#include "numeric/cholesky.h"
#include "surrogate/gp.h"
#include "surrogate/gp_path.h"
#include "surrogate/gp_warp.h"

#define assert_near(a, b, tolerance)                                                               \
    do {                                                                                           \
        double a_ = (a), b_ = (b);                                                                 \
        if (!(fabs(a_ - b_) <= (tolerance))) fail_msg("found %.17g, expected %.17g", a_, b_);      \
    } while (0)

#define P          4
#define T          6 /* number, number and its activity, category, category and its activity */
#define MAX_N      150
#define MAX_STRIDE 256 /* of a process that holds so many rows */
#define WORK       (3 * (MAX_N + 16) * (MAX_N + 32) + 32 * MAX_STRIDE)

extern const ambs_surrogate_ops ambs_surrogate_gp;

static const ambs_feature features[P] = {
    {AMBS_FEATURE_NUMERIC, 0, 0, false},
    {AMBS_FEATURE_NUMERIC, 1, 0, true},
    {AMBS_FEATURE_CATEGORICAL, 2, 3, false},
    {AMBS_FEATURE_CATEGORICAL, 3, 4, true},
};

static const double usual[T + 2] = {-1, -0.5, 0.3, 0.5, 0.2, 0.8, 0.4, -6};

static double x[MAX_N * P], y[MAX_N];
static uint32_t evaluations[MAX_N]; /* where rows are means */

static double truth(const double *row)
{
    return 3 + sin(5 * row[0]) + (isnan(row[1]) ? 0.4 : row[1] * row[1]) + (row[2] == 1 ? 0.5 : 0) +
           (row[3] == 2 ? -0.7 : 0);
}

static void make_rows(uint64_t seed)
{
    ambs_random r;
    ambs_random_init(&r, seed, 0, AMBS_PURPOSE_TEST);
    for (size_t i = 0; i < MAX_N; i++) {
        double *row = x + i * P;
        row[0] = ambs_random_uniform(&r);
        row[1] = ambs_random_uniform(&r) < 0.3 ? NAN : ambs_random_uniform(&r);
        row[2] = (double)ambs_random_below(&r, 3);
        row[3] = ambs_random_uniform(&r) < 0.3 ? NAN : (double)ambs_random_below(&r, 4);
        y[i] = truth(row) + 0.02 * ambs_random_normal(&r);
        evaluations[i] = (uint32_t)(1 + i * 7 % 5);
    }
}

/* What beside the shape is chosen. */
static ambs_gp_settings extra;
static const ambs_gp_settings variants[] = {
    {.shape = 0},
    {.onehot = true},
    {.linear = true},
    {.warp = true},
    {.onehot = true, .linear = true, .warp = true},
};

#define FOR_EACH_VARIANT(v)                                                                        \
    for (size_t v = 0; v < sizeof variants / sizeof *variants && (extra = variants[v], true); v++)

static ambs_gp_settings with_shape(ambs_gp_shape shape)
{
    ambs_gp_settings settings = extra;
    settings.shape = shape;
    return settings;
}

#define MAX_THETA 60

/* Theta like `usual` for as many terms as there are, and some warp. */
static void fill_theta(const ambs_gp *gp, double *theta)
{
    size_t n_terms = gp->n_terms;
    for (size_t i = 0; i < ambs_gp_n_theta(&gp->kernel); i++)
        theta[i] = i < n_terms       ? usual[i % T]
                   : i < n_terms + 2 ? usual[i - n_terms + T]
                                     : 0.4 * sin(2 * (double)i);
}

/* NULL: the usual theta. */
static ambs_gp *make_gp(ambs_gp_shape shape, size_t p, size_t n, const double *theta)
{
    ambs_gp *gp = calloc(1, sizeof *gp);
    const ambs_gp_settings settings = with_shape(shape);
    double filled[MAX_THETA];
    assert_int_equal(ambs_gp_init(gp, &settings, p, features, NULL), AMBS_OK);
    assert_int_equal(ambs_gp_take_rows(gp, n, x, y, NULL), AMBS_OK);
    if (!theta) fill_theta(gp, filled);
    assert_int_equal(ambs_gp_set_theta(gp, theta ? theta : filled, NULL), AMBS_OK);
    return gp;
}

static int reset_extra(void **state)
{
    (void)state;
    extra = (ambs_gp_settings){0};
    return 0;
}

static void drop(ambs_gp *gp)
{
    ambs_gp_fini(gp);
    free(gp);
}

/* Its rows are means. */
static void weigh(ambs_gp *gp)
{
    double theta[MAX_THETA];
    ambs_gp_weigh(gp, evaluations);
    fill_theta(gp, theta);
    assert_int_equal(ambs_gp_set_theta(gp, theta, NULL), AMBS_OK);
}

/* --- closed forms --------------------------------------------------------------------------- */

static double shape_by_hand(ambs_gp_shape shape, double r)
{
    switch (shape) {
    case AMBS_GP_MATERN52:
        return (1 + sqrt(5) * r + 5 * r * r / 3) * exp(-sqrt(5) * r);
    case AMBS_GP_MATERN32:
        return (1 + sqrt(3) * r) * exp(-sqrt(3) * r);
    case AMBS_GP_MATERN12:
        return exp(-r);
    default:
        return exp(-r * r / 2);
    }
}

/* Three points on a line; the 3 x 3 system by Cramer's rule. */
static void the_posterior_of_three_points_is_that_by_hand(void **state)
{
    (void)state;
    const double at[3] = {0.1, 0.4, 0.9}, values[3] = {2, -1, 3}, l = 0.3, s2 = 1.7, noise = 0.02;
    const double theta[3] = {log(l), log(s2), log(noise)};
    for (ambs_gp_shape shape = AMBS_GP_MATERN52; shape <= AMBS_GP_SQUARED_EXPONENTIAL; shape++) {
        double k[3][3],
            center = 4.0 / 3,
            scale = sqrt((pow(2 - center, 2) + pow(1 + center, 2) + pow(3 - center, 2)) / 3);
        memcpy(x, at, sizeof at);
        memcpy(y, values, sizeof values);
        ambs_gp *gp = make_gp(shape, 1, 3, theta);
        for (size_t i = 0; i < 3; i++)
            for (size_t j = 0; j < 3; j++)
                k[i][j] = s2 * shape_by_hand(shape, fabs(at[i] - at[j]) / l) + (i == j) * noise;
        double inverse[3][3], det = 0;
        for (size_t i = 0; i < 3; i++)
            for (size_t j = 0; j < 3; j++) {
                size_t a = (j + 1) % 3, b = (j + 2) % 3, c = (i + 1) % 3, d = (i + 2) % 3;
                inverse[i][j] = k[a][c] * k[b][d] - k[a][d] * k[b][c];
                if (i == 0)
                    det += k[0][j] * (k[1][(j + 1) % 3] * k[2][(j + 2) % 3] -
                                      k[1][(j + 2) % 3] * k[2][(j + 1) % 3]);
            }
        for (double point = 0; point <= 1; point += 0.05) {
            double mean, sd, expected = 0, variance = s2, at_point[3];
            for (size_t i = 0; i < 3; i++)
                at_point[i] = s2 * shape_by_hand(shape, fabs(at[i] - point) / l);
            for (size_t i = 0; i < 3; i++)
                for (size_t j = 0; j < 3; j++) {
                    double w = at_point[i] * inverse[i][j] / det;
                    expected += w * (values[j] - center) / scale;
                    variance -= w * at_point[j];
                }
            ambs_gp_predict(gp, 1, &point, &mean, &sd);
            assert_near(mean, center + scale * expected, 1e-12);
            assert_near(sd, scale * sqrt(variance), 1e-12);
        }
        drop(gp);
    }
}

static void the_covariance_is_the_formula_to_the_last_bits(void **state)
{
    (void)state;
    const ambs_gp_term term = {AMBS_GP_NUMBER, 0, 0};
    double weight = 1, lanes[300], k[300], slope[300];
    for (size_t i = 0; i < 300; i++) lanes[i] = pow(10, (double)i / 40 - 5);
    for (ambs_gp_shape shape = AMBS_GP_MATERN52; shape <= AMBS_GP_SQUARED_EXPONENTIAL; shape++) {
        const ambs_gp_kernel kernel = {
            .shape = shape, .n_terms = 1, .terms = &term, .weight = &weight, .signal = 1};
        ambs_gp_kernel_row(&kernel, &(double){0}, lanes, 300, 300, k, slope);
        for (size_t i = 0; i < 300; i++) {
            double expected = shape_by_hand(shape, lanes[i]);
            assert_near(k[i], expected, 1e-14 * (1 + lanes[i]) * expected + 1e-280);
            double h = 1e-4 * lanes[i], differs = (shape_by_hand(shape, lanes[i] + h) -
                                                   shape_by_hand(shape, lanes[i] - h)) /
                                                  (2 * h);
            assert_near(2 * lanes[i] * slope[i], differs, 1e-5 * fabs(differs) + 1e-15 / h);
        }
    }
}

/* Of number, activity, level: every pair of rows, by the formula, one factor at a time. */
static void the_covariance_of_products_is_that_by_hand(void **state)
{
    (void)state;
    make_rows(6);
    ambs_gp *gp = make_gp(AMBS_GP_ANOVA, P, 40, NULL);
    const ambs_gp_kernel *kernel = &gp->kernel;
    double theta[MAX_THETA], k[40], base[40], beta;
    fill_theta(gp, theta);
    beta = exp(theta[T + 2]);
    for (size_t i = 0; i < 40; i++) {
        const double *a = gp->points + i * T;
        ambs_gp_kernel_row(kernel, a, gp->columns, gp->capacity, 40, k, base);
        for (size_t j = 0; j < 40; j++) {
            const double *b = gp->points + j * T;
            double product = exp(theta[T]);
            for (size_t t = 0; t < T; t++) {
                bool is_level = gp->terms[t].kind == AMBS_GP_LEVEL;
                double gap = is_level ? a[t] != b[t] : fabs(a[t] - b[t]);
                product *=
                    (1 + beta * shape_by_hand(AMBS_GP_MATERN52, gap / exp(theta[t]))) / (1 + beta);
            }
            assert_near(k[j], product, 1e-14 * product);
            assert_true(base[j] == k[j]);
        }
    }
    drop(gp);
}

/* The rows with theta, as the search for theta sees them. */
static double likelihood_at(ambs_gp *gp, const double *theta, double *ret_gradient)
{
    static double work[WORK], warp_slopes[2 * 16 * MAX_STRIDE];
    assert_int_equal(ambs_gp_set_theta(gp, theta, NULL), AMBS_OK);
    for (size_t t = 0; gp->raw && t < gp->n_terms; t++)
        for (size_t i = 0; i < gp->n; i++) {
            ambs_gp_warped w = ambs_gp_warp(gp->kernel.warp[2 * t], gp->kernel.warp[2 * t + 1],
                                            gp->raw[i * gp->n_terms + t]);
            warp_slopes[2 * t * gp->capacity + i] = w.by_log_a;
            warp_slopes[(2 * t + 1) * gp->capacity + i] = w.by_log_b;
        }
    const ambs_gp_sample sample = {gp->n, gp->points,  gp->columns, gp->capacity,
                                   gp->z, warp_slopes, gp->share};
    return ambs_gp_log_likelihood(&gp->kernel, &sample, work, ret_gradient);
}

static void check_likelihood_gradient(ambs_gp *gp)
{
    double at[MAX_THETA], gradient[MAX_THETA], prior[MAX_THETA] = {0}, theta[MAX_THETA],
                                               none[MAX_THETA];
    fill_theta(gp, at);
    likelihood_at(gp, at, gradient);
    ambs_gp_log_prior(&gp->kernel, at, prior);
    for (size_t i = 0; i < ambs_gp_n_theta(&gp->kernel); i++) {
        double f[2], q[2], h = 1e-5;
        for (int side = 0; side < 2; side++) {
            memcpy(theta, at, sizeof theta);
            theta[i] += side ? h : -h;
            f[side] = likelihood_at(gp, theta, NULL);
            q[side] = ambs_gp_log_prior(&gp->kernel, theta, none);
        }
        assert_near(gradient[i], (f[1] - f[0]) / (2 * h), 2e-6 * (1 + fabs(gradient[i])));
        assert_near(prior[i], (q[1] - q[0]) / (2 * h), 1e-6 * (1 + fabs(prior[i])));
    }
}

static void the_gradient_of_the_likelihood_is_that_of_differences(void **state)
{
    (void)state;
    make_rows(1);
    FOR_EACH_VARIANT(v)
    for (ambs_gp_shape shape = AMBS_GP_MATERN52; shape <= AMBS_GP_ANOVA; shape++) {
        ambs_gp *gp = make_gp(shape, P, 60, NULL);
        check_likelihood_gradient(gp);
        ambs_gp_weigh(gp, evaluations);
        check_likelihood_gradient(gp);
        drop(gp);
    }
}

static void check_alike(const ambs_gp *a, const ambs_gp *b, double tolerance)
{
    double mean[2][MAX_N], sd[2][MAX_N];
    ambs_gp_predict(a, MAX_N, x, mean[0], sd[0]);
    ambs_gp_predict(b, MAX_N, x, mean[1], sd[1]);
    for (size_t i = 0; i < MAX_N; i++) {
        assert_near(mean[0][i], mean[1][i], tolerance);
        assert_near(sd[0][i], sd[1][i], tolerance);
    }
}

/* --- means of several evaluations ----------------------------------------------------------- */

enum { N_MEANS = 20 };

/* Of N_MEANS rows, a process of each evaluation and one of the means: y as it is, so that both have one
 * scale. *ret_within: the squares within the rows. */
static void make_means(ambs_gp_shape shape, ambs_gp *ret[2], double *ret_within)
{
    double rows[2][MAX_N * P], values[2][MAX_N] = {{0}};
    size_t n[2] = {0, N_MEANS};
    for (size_t i = 0; i < N_MEANS; i++) {
        double mean = 0;
        for (size_t k = 0; k < evaluations[i]; k++, n[0]++) {
            memcpy(rows[0] + n[0] * P, x + i * P, P * sizeof *x);
            values[0][n[0]] = sin(5 * x[i * P]) + 0.1 * cos((double)(17 * n[0]));
            mean += values[0][n[0]] / evaluations[i];
        }
        memcpy(rows[1] + i * P, x + i * P, P * sizeof *x);
        values[1][i] = mean;
        for (size_t k = n[0] - evaluations[i]; k < n[0]; k++)
            *ret_within += (values[0][k] - mean) * (values[0][k] - mean);
    }
    for (size_t side = 0; side < 2; side++) {
        const ambs_gp_settings settings = with_shape(shape);
        ambs_gp *gp = ret[side] = calloc(1, sizeof *gp);
        assert_int_equal(ambs_gp_init(gp, &settings, P, features, NULL), AMBS_OK);
        assert_int_equal(ambs_gp_take_rows(gp, n[side], rows[side], values[side], NULL), AMBS_OK);
        if (side == 1) ambs_gp_weigh(gp, evaluations);
        gp->center = 0;
        gp->scale = 1;
        memcpy(gp->z, values[side], n[side] * sizeof *gp->z);
    }
}

/* ln p(all) = ln p(means) + Σ_i (-(n_i - 1)/2 ln 2πσ² - ln(n_i)/2) - within / 2σ² */
static void check_means(ambs_gp *all, ambs_gp *means, double within)
{
    double theta[MAX_THETA], slopes[2][MAX_THETA], noise, more = (double)all->n - N_MEANS;
    fill_theta(all, theta);
    theta[all->n_terms + 1] = log(0.02);
    noise = exp(theta[all->n_terms + 1]);
    double value = likelihood_at(all, theta, slopes[0]),
           of_means = likelihood_at(means, theta, slopes[1]);
    check_alike(all, means, 1e-10);
    double expected =
        of_means - 0.5 * more * log(6.283185307179586477 * noise) - 0.5 * within / noise;
    for (size_t i = 0; i < N_MEANS; i++) expected -= 0.5 * log(evaluations[i]);
    assert_near(value, expected, 1e-10 * fabs(value));
    slopes[1][all->n_terms + 1] += -0.5 * more + 0.5 * within / noise;
    for (size_t i = 0; i < ambs_gp_n_theta(&all->kernel); i++)
        assert_near(slopes[0][i], slopes[1][i], 1e-9 * (1 + fabs(slopes[0][i])));
}

static void means_say_what_all_their_evaluations_do(void **state)
{
    (void)state;
    make_rows(14);
    FOR_EACH_VARIANT(v)
    for (ambs_gp_shape shape = AMBS_GP_MATERN52; shape <= AMBS_GP_SQUARED_EXPONENTIAL; shape++) {
        ambs_gp *gps[2];
        double within = 0;
        make_means(shape, gps, &within);
        check_means(gps[0], gps[1], within);
        drop(gps[0]);
        drop(gps[1]);
    }
}

static void a_warp_has_its_slopes_and_keeps_the_ends(void **state)
{
    (void)state;
    const double h = 1e-6;
    for (double a = 0.3; a < 4; a *= 1.7)
        for (double b = 0.3; b < 4; b *= 1.7) {
            assert_near(ambs_gp_warp(a, b, 0).value, 0, 0.06);
            assert_near(ambs_gp_warp(a, b, 1).value, 1, 0.06);
            for (double u = 0.01; u < 1; u += 0.07) {
                ambs_gp_warped w = ambs_gp_warp(a, b, u), low = ambs_gp_warp(a, b, u - h),
                               high = ambs_gp_warp(a, b, u + h);
                assert_near(w.value, 1 - pow(1 - pow(u, a), b), 1e-4);
                assert_near(w.by_u, (high.value - low.value) / (2 * h), 1e-6 * (1 + w.by_u));
                low = ambs_gp_warp(a * exp(-h), b, u);
                high = ambs_gp_warp(a * exp(h), b, u);
                assert_near(w.by_log_a, (high.value - low.value) / (2 * h), 1e-8);
                low = ambs_gp_warp(a, b * exp(-h), u);
                high = ambs_gp_warp(a, b * exp(h), u);
                assert_near(w.by_log_b, (high.value - low.value) / (2 * h), 1e-8);
            }
            assert_near(ambs_gp_warp(1, 1, a / 4).value, a / 4, 1e-5);
        }
}

static void a_linear_mean_goes_on_beyond_the_rows(void **state)
{
    (void)state;
    const double theta[3] = {log(0.05), log(0.01), log(1e-6)}, at = 1;
    double mean;
    for (size_t i = 0; i < 8; i++) {
        x[i] = (double)i / 14;
        y[i] = 3 * x[i];
    }
    extra.linear = true;
    ambs_gp *gp = make_gp(AMBS_GP_MATERN52, 1, 8, theta);
    ambs_gp_predict(gp, 1, &at, &mean, NULL);
    assert_true(mean > 1.6); /* the largest y is 1.5; the prior draws the slope towards 0 */
    drop(gp);
    extra.linear = false;
    gp = make_gp(AMBS_GP_MATERN52, 1, 8, theta);
    ambs_gp_predict(gp, 1, &at, &mean, NULL);
    assert_near(mean, 0.75, 1e-3); /* the mean of the rows */
    drop(gp);
}

static void leave_one_out_is_what_leaving_out_gives(void **state)
{
    (void)state;
    make_rows(2);
    ambs_gp *gp = make_gp(AMBS_GP_MATERN52, P, 90, usual);
    weigh(gp);
    double squares = 0, mean, sd, means[90], sds[90], found = ambs_gp_leave_one_out(gp, means, sds);
    for (size_t i = 0; i < 90; i++) { /* a removal keeps mean and scale */
        ambs_gp *other = make_gp(AMBS_GP_MATERN52, P, 90, usual);
        double noise = gp->scale * gp->scale * gp->kernel.noise / evaluations[i];
        weigh(other);
        ambs_gp_remove(other, i);
        ambs_gp_predict(other, 1, x + i * P, &mean, &sd);
        assert_near(means[i], mean, 1e-10);
        assert_near(sds[i], sqrt(sd * sd + noise), 1e-10);
        squares += pow(mean - y[i], 2) / 90;
        drop(other);
    }
    assert_near(found, squares, 1e-9 * squares);
    for (size_t i = 90; i < 100; i++) ambs_gp_append(gp, x + i * P, 9, NULL);
    assert_true(ambs_gp_leave_one_out(gp, NULL, NULL) == found); /* lies don't count */
    drop(gp);
}

static void slopes_are_those_of_differences(void **state)
{
    (void)state;
    make_rows(11);
    FOR_EACH_VARIANT(v)
    for (ambs_gp_shape shape = AMBS_GP_MATERN52; shape <= AMBS_GP_ANOVA; shape++) {
        ambs_gp *gp = make_gp(shape, P, 70, NULL);
        double mean[9], sd[9], mean_slopes[9 * P], sd_slopes[9 * P], again, sd_again;
        const double *at = x + 90 * P; /* not among the rows */
        ambs_gp_gradient(gp, 9, at, mean, sd, mean_slopes, sd_slopes, NULL);
        for (size_t i = 0; i < 9; i++) {
            ambs_gp_predict(gp, 1, at + i * P, &again, &sd_again);
            assert_near(mean[i], again, 1e-12);
            assert_near(sd[i], sd_again, 1e-12);
            for (size_t f = 0; f < P; f++) {
                double row[2][P], m[2], s[2], h = 1e-5;
                if (f > 1 || isnan(at[i * P + f])) { /* a category, or inactive */
                    assert_true(mean_slopes[i * P + f] == 0 && sd_slopes[i * P + f] == 0);
                    continue;
                }
                for (int side = 0; side < 2; side++) {
                    memcpy(row[side], at + i * P, sizeof row[side]);
                    row[side][f] += side ? h : -h;
                }
                ambs_gp_predict(gp, 2, row[0], m, s);
                assert_near(mean_slopes[i * P + f], (m[1] - m[0]) / (2 * h), 2e-6);
                assert_near(sd_slopes[i * P + f], (s[1] - s[0]) / (2 * h), 2e-6);
            }
        }
        drop(gp);
    }
}

static void a_look_gives_the_mean_and_no_less_than_the_sd(void **state)
{
    (void)state;
    double mean[2][MAX_N], sd[2][MAX_N];
    make_rows(12);
    FOR_EACH_VARIANT(v)
    for (size_t n = 1; n < 60; n += 19) {
        ambs_gp *gp = make_gp(AMBS_GP_MATERN52, P, n, NULL);
        ambs_gp_predict(gp, MAX_N, x, mean[0], sd[0]);
        ambs_gp_screen(gp, MAX_N, x, mean[1], sd[1]);
        double sd_of_one[MAX_N];
        memcpy(sd_of_one, sd[1], sizeof sd_of_one);
        for (size_t i = 0; i < MAX_N; i++) {
            assert_near(mean[0][i], mean[1][i], 1e-12 * (1 + fabs(mean[0][i])));
            assert_true(sd[1][i] >= sd[0][i] * (1 - 1e-9));
            if (n == 1 && !extra.linear) assert_near(sd[1][i], sd[0][i], 1e-9);
        }
        weigh(gp);
        ambs_gp_predict(gp, MAX_N, x, mean[0], sd[0]);
        for (size_t i = 0; i < MAX_N; i++) assert_true(sd_of_one[i] >= sd[0][i] * (1 - 1e-9));
        drop(gp);
    }
}

static double posterior_at(ambs_gp *gp, const double *theta)
{
    double unused[MAX_THETA] = {0};
    return likelihood_at(gp, theta, NULL) + ambs_gp_log_prior(&gp->kernel, theta, unused);
}

/* With the spread around the means the two have one likelihood but for a constant. */
static void means_with_their_spread_are_fitted_as_all_evaluations_are(void **state)
{
    (void)state;
    make_rows(15);
    FOR_EACH_VARIANT(v)
    {
        ambs_gp *gps[2];
        double within = 0, theta[2][MAX_THETA];
        make_means(AMBS_GP_MATERN52, gps, &within);
        for (size_t side = 0; side < 2; side++) {
            const ambs_pool spread = {within, (double)gps[0]->n - N_MEANS};
            const ambs_gp_sample sample = ambs_gp_rows(gps[side]);
            const ambs_gp_search search = {.kernel = &gps[side]->kernel,
                                           .n_starts = 3,
                                           .max_rows = MAX_N,
                                           .spread = side ? spread : (ambs_pool){0},
                                           .key = v};
            assert_int_equal(ambs_gp_find_theta(&search, &sample, theta[side], NULL), AMBS_OK);
        }
        assert_near(theta[0][gps[0]->n_terms + 1], theta[1][gps[0]->n_terms + 1], 0.02);
        assert_near(posterior_at(gps[0], theta[0]), posterior_at(gps[0], theta[1]), 0.05);
        drop(gps[0]);
        drop(gps[1]);
    }
}

/* --- changes of rows ------------------------------------------------------------------------ */

/* A fit to the rows of the list that keeps another's mean and scale. */
static ambs_gp *fit_like(const ambs_gp *other, const size_t *rows, size_t n)
{
    static double part[MAX_N * P], values[MAX_N];
    for (size_t i = 0; i < n; i++) {
        memcpy(part + i * P, x + rows[i] * P, P * sizeof *x);
        values[i] = y[rows[i]];
    }
    ambs_gp *gp = calloc(1, sizeof *gp);
    const ambs_gp_settings settings = with_shape(other->kernel.shape);
    double theta[MAX_THETA];
    assert_int_equal(ambs_gp_init(gp, &settings, P, features, NULL), AMBS_OK);
    assert_int_equal(ambs_gp_take_rows(gp, n, part, values, NULL), AMBS_OK);
    gp->center = other->center;
    gp->scale = other->scale;
    for (size_t i = 0; i < n; i++) {
        gp->z[i] = (values[i] - gp->center) / gp->scale;
        gp->share[i] = 1.0 / evaluations[rows[i]];
    }
    fill_theta(gp, theta);
    assert_int_equal(ambs_gp_set_theta(gp, theta, NULL), AMBS_OK);
    return gp;
}

static void change_rows(void)
{
    size_t held[MAX_N], n = 0;
    ambs_gp *gp = make_gp(AMBS_GP_MATERN52, P, 20, NULL);
    for (size_t i = 20; i < MAX_N; i++)
        assert_int_equal(ambs_gp_append(gp, x + i * P, i % 3 ? y[i] : -5, NULL), AMBS_OK);
    for (size_t i = 20; i < MAX_N; i++)
        if (i % 3 == 0) ambs_gp_replace(gp, i, y[i], 1);
    for (size_t i = 0; i < MAX_N; i++) ambs_gp_replace(gp, i, y[i], i % 2 ? 9 : 1);
    for (size_t i = 0; i < MAX_N; i++) ambs_gp_replace(gp, i, y[i], evaluations[i]);
    for (size_t i = 0; i < MAX_N; i++) held[i] = i;
    ambs_gp *whole = fit_like(gp, held, MAX_N);
    check_alike(gp, whole, 1e-10);
    drop(whole);
    for (size_t k = 0; k < MAX_N; k++) { /* 7 and 150 have no common factor: every row once */
        size_t i = k * 7 % MAX_N;
        if (i % 4 == 1) ambs_gp_remove(gp, i);
    }
    for (size_t i = 0; i < MAX_N; i++)
        if (i % 4 != 1) held[n++] = i;
    whole = fit_like(gp, held, n);
    check_alike(gp, whole, 1e-10);
    assert_int_equal(gp->n_first, 15);
    drop(whole);
    drop(gp);
}

static void appended_replaced_and_removed_rows_are_as_if_fitted(void **state)
{
    (void)state;
    make_rows(3);
    FOR_EACH_VARIANT(v)
    change_rows();
}

static void removing_undoes_appending(void **state)
{
    (void)state;
    make_rows(4);
    ambs_gp *gp = make_gp(AMBS_GP_MATERN32, P, 40, usual),
            *same = make_gp(AMBS_GP_MATERN32, P, 40, usual);
    for (size_t i = 40; i < MAX_N; i++) ambs_gp_append(gp, x + i * P, 1, NULL);
    for (size_t k = 0; k < MAX_N - 40; k++) ambs_gp_remove(gp, 40 + k * 7 % (MAX_N - 40));
    assert_int_equal(gp->n, 40);
    check_alike(gp, same, 0);
    drop(gp);
    drop(same);
}

static void the_same_row_many_times_is_averaged(void **state)
{
    (void)state;
    make_rows(5);
    double theta[T + 2], mean, sd;
    memcpy(theta, usual, sizeof theta);
    theta[T + 1] = log(1e-8);
    ambs_gp *gp = make_gp(AMBS_GP_SQUARED_EXPONENTIAL, P, 10, theta);
    for (size_t i = 0; i < 100; i++)
        assert_int_equal(ambs_gp_append(gp, x, i % 2 ? y[0] + 1 : y[0] - 1, NULL), AMBS_OK);
    ambs_gp_predict(gp, 1, x, &mean, &sd);
    assert_near(mean, y[0], 0.02);
    assert_true(sd > 0 && sd < 1e-3);
    drop(gp);
}

/* --- the surrogate -------------------------------------------------------------------------- */

typedef struct model {
    void *state, *options;
} model;

static model fit_model(size_t p, size_t n)
{
    const ambs_option *table = ambs_surrogate_gp.member.options;
    model m = {calloc(1, ambs_surrogate_gp.state_size),
               calloc(1, ambs_surrogate_gp.member.options_size)};
    assert_int_equal(ambs_options_init(table, m.options, NULL), AMBS_OK);
    assert_int_equal(ambs_surrogate_gp.init(m.state, m.options, p, features, 7, NULL), AMBS_OK);
    assert_int_equal(ambs_surrogate_gp.fit(m.state, n, x, y, 1, NULL), AMBS_OK);
    return m;
}

static void drop_model(model m)
{
    ambs_surrogate_gp.fini(m.state);
    ambs_options_fini(ambs_surrogate_gp.member.options, m.options);
    free(m.state);
    free(m.options);
}

static void one_row_constant_values_and_no_features_are_fitted(void **state)
{
    (void)state;
    double mean[MAX_N], sd[MAX_N];
    make_rows(6);
    model m = fit_model(P, 1);
    ambs_surrogate_gp.predict(m.state, MAX_N, x, mean, sd, NULL);
    for (size_t i = 0; i < MAX_N; i++) assert_true(mean[i] == y[0] && sd[i] > 0);
    assert_true(isnan(ambs_surrogate_gp.out_of_sample_error(m.state)));
    drop_model(m);
    for (size_t i = 0; i < MAX_N; i++) y[i] = -1e9;
    m = fit_model(P, MAX_N);
    ambs_surrogate_gp.predict(m.state, MAX_N, x, mean, sd, NULL);
    for (size_t i = 0; i < MAX_N; i++) assert_true(mean[i] == -1e9 && sd[i] > 0 && sd[i] < 2);
    drop_model(m);
    for (size_t i = 0; i < MAX_N; i++) y[i] = i % 2 ? 2 : 4;
    m = fit_model(0, MAX_N);
    ambs_surrogate_gp.predict(m.state, 1, x, mean, sd, NULL);
    assert_near(mean[0], 3, 1e-9);
    drop_model(m);
}

static void a_smooth_function_of_one_number_is_learned(void **state)
{
    (void)state;
    double at[50], mean[50], sd[50];
    for (size_t i = 0; i < 15; i++) {
        x[i] = ((double)i + 0.5) / 15;
        y[i] = 1e3 * sin(7 * x[i]);
    }
    for (size_t i = 0; i < 50; i++) at[i] = 0.04 + 0.92 * (double)i / 49;
    model m = fit_model(1, 15);
    ambs_surrogate_gp.predict(m.state, 50, at, mean, sd, NULL);
    for (size_t i = 0; i < 50; i++) {
        assert_near(mean[i], 1e3 * sin(7 * at[i]), 12);
        assert_true(fabs(mean[i] - 1e3 * sin(7 * at[i])) < 5 * sd[i] + 1);
    }
    drop_model(m);
}

static void what_is_inactive_is_one_and_the_same(void **state)
{
    (void)state;
    make_rows(8);
    double rows[3][P] = {{0.3, NAN, 1, 0}, {0.3, -NAN, 1, 0}, {0.3, 0.5, 1, 0}}, mean[3], sd[3];
    model m = fit_model(P, MAX_N);
    ambs_surrogate_gp.predict(m.state, 3, rows[0], mean, sd, NULL);
    assert_true(mean[0] == mean[1] && sd[0] == sd[1]);
    assert_true(mean[0] != mean[2]); /* the middle of the range is not inactive */
    assert_near(mean[0], truth(rows[0]), 0.1);
    assert_near(mean[2], truth(rows[2]), 0.1);
    drop_model(m);
}

static void more_rows_than_are_learned_from_are_all_in_the_factor(void **state)
{
    (void)state;
    const ambs_option *table = ambs_surrogate_gp.member.options;
    double mean[MAX_N];
    make_rows(9);
    model m = fit_model(P, 1);
    assert_int_equal(ambs_options_set(table, m.options, "fit_rows", "20", NULL), AMBS_OK);
    assert_int_equal(ambs_surrogate_gp.fit(m.state, MAX_N, x, y, 1, NULL), AMBS_OK);
    ambs_surrogate_gp.predict(m.state, MAX_N, x, mean, NULL, NULL);
    for (size_t i = 0; i < MAX_N; i++) assert_near(mean[i], y[i], 0.25);
    drop_model(m);
}

static double likelihood_of_fit(const model *m)
{
    static double work[WORK];
    const ambs_gp *gp = ambs_gp_of_surrogate(m->state);
    ambs_gp_sample sample = ambs_gp_rows(gp);
    return ambs_gp_log_likelihood(&gp->kernel, &sample, work, NULL);
}

static void every_choice_learns(void **state)
{
    (void)state;
    static const char *const choices[][2] = {
        {"categories", "onehot"}, {"mean", "linear"},         {"warp", "kumaraswamy"},
        {"kernel", "matern32"},   {"kernel", "matern12"},     {"kernel", "squared_exponential"},
        {"kernel", "anova"},      {"hyperparameters", "mcmc"}};
    const ambs_option *table = ambs_surrogate_gp.member.options;
    double mean[MAX_N], sd[MAX_N];
    make_rows(30);
    for (size_t k = 0; k < sizeof choices / sizeof *choices; k++) {
        model m = {calloc(1, ambs_surrogate_gp.state_size),
                   calloc(1, ambs_surrogate_gp.member.options_size)};
        assert_int_equal(ambs_options_init(table, m.options, NULL), AMBS_OK);
        assert_int_equal(ambs_options_set(table, m.options, choices[k][0], choices[k][1], NULL),
                         AMBS_OK);
        assert_int_equal(ambs_surrogate_gp.init(m.state, m.options, P, features, 7, NULL), AMBS_OK);
        assert_int_equal(ambs_surrogate_gp.fit(m.state, 100, x, y, 1, NULL), AMBS_OK);
        ambs_surrogate_gp.predict(m.state, MAX_N, x, mean, sd, NULL);
        double squares = 0;
        for (size_t i = 100; i < MAX_N; i++) squares += pow(mean[i] - truth(x + i * P), 2) / 50;
        if (squares > 0.02) fail_msg("%s: mean square %g", choices[k][1], squares);
        drop_model(m);
    }
}

/* Mean square error of a fit to sums of functions of one number each, six of them, at new points. */
static double error_of_sums(const char *kernel, uint64_t seed)
{
    enum { D = 6, ROWS = 90, NEW = 60 };
    static const ambs_feature numbers[D] = {
        {AMBS_FEATURE_NUMERIC, 0, 0, false}, {AMBS_FEATURE_NUMERIC, 1, 0, false},
        {AMBS_FEATURE_NUMERIC, 2, 0, false}, {AMBS_FEATURE_NUMERIC, 3, 0, false},
        {AMBS_FEATURE_NUMERIC, 4, 0, false}, {AMBS_FEATURE_NUMERIC, 5, 0, false}};
    static double at[(ROWS + NEW) * D], sums[ROWS + NEW], mean[NEW];
    const ambs_option *table = ambs_surrogate_gp.member.options;
    ambs_random r;
    ambs_random_init(&r, seed, 0, AMBS_PURPOSE_TEST);
    for (size_t i = 0; i < ROWS + NEW; i++) {
        sums[i] = 0;
        for (size_t k = 0; k < D; k++) {
            at[i * D + k] = ambs_random_uniform(&r);
            sums[i] += cos(9 * at[i * D + k] + (double)k);
        }
    }
    model m = {calloc(1, ambs_surrogate_gp.state_size),
               calloc(1, ambs_surrogate_gp.member.options_size)};
    assert_int_equal(ambs_options_init(table, m.options, NULL), AMBS_OK);
    assert_int_equal(ambs_options_set(table, m.options, "kernel", kernel, NULL), AMBS_OK);
    assert_int_equal(ambs_surrogate_gp.init(m.state, m.options, D, numbers, 7, NULL), AMBS_OK);
    assert_int_equal(ambs_surrogate_gp.fit(m.state, ROWS, at, sums, 1, NULL), AMBS_OK);
    ambs_surrogate_gp.predict(m.state, NEW, at + ROWS * D, mean, NULL, NULL);
    double squares = 0;
    for (size_t i = 0; i < NEW; i++) squares += pow(mean[i] - sums[ROWS + i], 2) / NEW;
    drop_model(m);
    return squares;
}

static void products_learn_sums_from_fewer_rows(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed < 4; seed++)
        assert_true(error_of_sums("anova", seed) < 0.1 * error_of_sums("matern52", seed));
}

/* The mixture of the draws by hand, and its slopes by differences. */
static void draws_of_hyperparameters_are_averaged(void **state)
{
    (void)state;
    const ambs_option *table = ambs_surrogate_gp.member.options;
    make_rows(31);
    model m = {calloc(1, ambs_surrogate_gp.state_size),
               calloc(1, ambs_surrogate_gp.member.options_size)};
    assert_int_equal(ambs_options_init(table, m.options, NULL), AMBS_OK);
    assert_int_equal(ambs_options_set(table, m.options, "hyperparameters", "mcmc", NULL), AMBS_OK);
    assert_int_equal(ambs_options_set(table, m.options, "samples", "5", NULL), AMBS_OK);
    assert_int_equal(ambs_surrogate_gp.init(m.state, m.options, P, features, 7, NULL), AMBS_OK);
    assert_int_equal(ambs_surrogate_gp.fit(m.state, 60, x, y, 1, NULL), AMBS_OK);
    assert_int_equal(ambs_surrogate_gp.append(m.state, x + 60 * P, y[60], NULL), AMBS_OK);
    assert_int_equal(ambs_surrogate_gp.n_samples(m.state), 5);
    const double *at = x + 70 * P;
    double mean[80], sd[80], sums[80] = {0}, squares[80] = {0}, one[80], one_sd[80], same = 0;
    ambs_surrogate_gp.predict(m.state, 80, at, mean, sd, NULL);
    for (size_t k = 0; k < 5; k++) {
        ambs_surrogate_gp.predict_sample(m.state, k, 80, at, one, one_sd, NULL);
        for (size_t i = 0; i < 80; i++) {
            sums[i] += one[i] / 5;
            squares[i] += (one_sd[i] * one_sd[i] + one[i] * one[i]) / 5;
        }
        same += one[3] == mean[3];
    }
    assert_true(same == 0);
    for (size_t i = 0; i < 80; i++) {
        assert_near(mean[i], sums[i], 1e-12);
        assert_near(sd[i] * sd[i], squares[i] - sums[i] * sums[i], 1e-10);
    }
    double mean_slopes[4 * P], sd_slopes[4 * P], row[2][P], h = 1e-5;
    ambs_surrogate_gp.gradient(m.state, 4, at, one, one_sd, mean_slopes, sd_slopes, NULL);
    for (size_t i = 0; i < 4; i++) {
        for (int side = 0; side < 2; side++) {
            memcpy(row[side], at + i * P, sizeof row[side]);
            row[side][0] += side ? h : -h;
        }
        ambs_surrogate_gp.predict(m.state, 2, row[0], mean, sd, NULL);
        assert_near(mean_slopes[i * P], (mean[1] - mean[0]) / (2 * h), 2e-6);
        assert_near(sd_slopes[i * P], (sd[1] - sd[0]) / (2 * h), 2e-6);
    }
    drop_model(m);
}

static void without_the_prior_the_likelihood_is_larger(void **state)
{
    (void)state;
    const ambs_option *table = ambs_surrogate_gp.member.options;
    for (uint64_t seed = 20; seed < 24; seed++) {
        make_rows(seed);
        model m = fit_model(P, MAX_N);
        double by_map = likelihood_of_fit(&m);
        assert_int_equal(ambs_options_set(table, m.options, "hyperparameters", "likelihood", NULL),
                         AMBS_OK);
        assert_int_equal(ambs_surrogate_gp.fit(m.state, MAX_N, x, y, 1, NULL), AMBS_OK);
        assert_true(likelihood_of_fit(&m) > by_map);
        drop_model(m);
    }
}

/* --- draws ---------------------------------------------------------------------------------- */

/* cov(f(a), f(b)) = k(a, b) - k_aᵀ (K + σ²I)⁻¹ k_b, in the unit of y. */
static double posterior_covariance(const ambs_gp *gp, const double *a, const double *b)
{
    double point[2][MAX_THETA], k[2][MAX_N], both, product = 0;
    for (int side = 0; side < 2; side++) {
        ambs_gp_encode(gp->n_terms, gp->terms, gp->features, side ? b : a, point[side], 1);
        ambs_gp_warp_point(&gp->kernel, point[side], 1);
        ambs_gp_kernel_row(&gp->kernel, point[side], gp->columns, gp->capacity, gp->n, k[side],
                           NULL);
        ambs_cholesky_solve_lower(gp->n, gp->l, gp->capacity, k[side]);
    }
    ambs_gp_kernel_row(&gp->kernel, point[0], point[1], 1, 1, &both, NULL);
    for (size_t j = 0; j < gp->n; j++) product += k[0][j] * k[1][j];
    return gp->scale * gp->scale * (both - product);
}

static void drawn_functions_have_the_covariance_of_the_posterior(void **state)
{
    (void)state;
    enum { N = 800, ROWS = 12, AT = 10 };
    FOR_EACH_VARIANT(v)
    for (ambs_gp_shape shape = AMBS_GP_MATERN52; shape <= AMBS_GP_ANOVA; shape++) {
        make_rows(40);
        ambs_gp *gp = make_gp(shape, P, ROWS, NULL);
        ambs_gp_path path = {0};
        ambs_random r;
        ambs_random_init(&r, 3, v, AMBS_PURPOSE_TEST);
        assert_int_equal(ambs_gp_path_init(&path, gp, NULL), AMBS_OK);
        const double *at = x + ROWS * P;
        double mean[AT], sd[AT], f[AT], sum[AT] = {0}, products[AT] = {0};
        ambs_gp_predict(gp, AT, at, mean, sd);
        for (size_t k = 0; k < N; k++) {
            assert_int_equal(ambs_gp_path_draw(&path, gp, &r, NULL), AMBS_OK);
            ambs_gp_path_values(&path, gp, AT, at, f, NULL);
            for (size_t i = 0; i < AT; i++) {
                sum[i] += (f[i] - mean[i]) / N;
                products[i] += (f[i] - mean[i]) * (f[0] - mean[0]) / N;
            }
        }
        for (size_t i = 0; i < AT; i++) {
            assert_near(sum[i], 0, 4.5 * sd[i] / sqrt(N));
            assert_near(products[i], posterior_covariance(gp, at, at + i * P),
                        6 * sd[0] * sd[i] / sqrt(N));
        }
        ambs_gp_path_fini(&path);
        drop(gp);
    }
}

/* One row: the variance there is s² σ²/n / (s² + σ²/n). */
static void draws_trust_a_mean_of_many(void **state)
{
    (void)state;
    enum { N = 2000 };
    const double theta[3] = {0, 0, 0};
    const uint32_t nine = 9;
    x[0] = y[0] = 0.5;
    ambs_gp *gp = make_gp(AMBS_GP_MATERN52, 1, 1, theta);
    ambs_gp_weigh(gp, &nine);
    assert_int_equal(ambs_gp_set_theta(gp, theta, NULL), AMBS_OK);
    ambs_gp_path path = {0};
    ambs_random r;
    double f, squares = 0;
    ambs_random_init(&r, 3, 0, AMBS_PURPOSE_TEST);
    assert_int_equal(ambs_gp_path_init(&path, gp, NULL), AMBS_OK);
    for (size_t k = 0; k < N; k++) {
        assert_int_equal(ambs_gp_path_draw(&path, gp, &r, NULL), AMBS_OK);
        ambs_gp_path_values(&path, gp, 1, x, &f, NULL);
        squares += (f - 0.5) * (f - 0.5) / N;
    }
    assert_near(squares, 0.1, 0.1 * 5 * sqrt(2.0 / N));
    ambs_gp_path_fini(&path);
    drop(gp);
}

static void a_drawn_function_has_its_slopes(void **state)
{
    (void)state;
    FOR_EACH_VARIANT(v)
    for (ambs_gp_shape shape = AMBS_GP_MATERN52; shape <= AMBS_GP_ANOVA; shape++) {
        if (shape == AMBS_GP_MATERN12) continue; /* it is nowhere smooth */
        make_rows(41);
        ambs_gp *gp = make_gp(shape, P, 40, NULL);
        ambs_gp_path path = {0};
        ambs_random r;
        ambs_random_init(&r, 3, v, AMBS_PURPOSE_TEST);
        assert_int_equal(ambs_gp_path_init(&path, gp, NULL), AMBS_OK);
        assert_int_equal(ambs_gp_path_draw(&path, gp, &r, NULL), AMBS_OK);
        const double *at = x + 50 * P, h = 1e-6;
        double f[AMBS_GP_CLIMBS], value[2], slopes[AMBS_GP_CLIMBS * P], row[2][P];
        ambs_gp_path_values(&path, gp, AMBS_GP_CLIMBS, at, f, slopes);
        for (size_t i = 0; i < AMBS_GP_CLIMBS; i++)
            for (size_t k = 0; k < P; k++) {
                memcpy(row[0], at + i * P, sizeof row[0]);
                memcpy(row[1], row[0], sizeof row[0]);
                row[0][k] -= h;
                row[1][k] += h;
                ambs_gp_path_values(&path, gp, 2, row[0], value, NULL);
                double expected = k > 1 || isnan(row[0][k]) ? 0 : (value[1] - value[0]) / (2 * h);
                assert_near(slopes[i * P + k], expected, 2e-3 * (1 + fabs(expected)));
            }
        ambs_gp_path_fini(&path);
        drop(gp);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(one_row_constant_values_and_no_features_are_fitted, reset_extra),
        cmocka_unit_test_setup(the_posterior_of_three_points_is_that_by_hand, reset_extra),
        cmocka_unit_test_setup(the_covariance_is_the_formula_to_the_last_bits, reset_extra),
        cmocka_unit_test_setup(the_covariance_of_products_is_that_by_hand, reset_extra),
        cmocka_unit_test_setup(products_learn_sums_from_fewer_rows, reset_extra),
        cmocka_unit_test_setup(the_gradient_of_the_likelihood_is_that_of_differences, reset_extra),
        cmocka_unit_test_setup(means_say_what_all_their_evaluations_do, reset_extra),
        cmocka_unit_test_setup(means_with_their_spread_are_fitted_as_all_evaluations_are,
                               reset_extra),
        cmocka_unit_test_setup(a_warp_has_its_slopes_and_keeps_the_ends, reset_extra),
        cmocka_unit_test_setup(a_linear_mean_goes_on_beyond_the_rows, reset_extra),
        cmocka_unit_test_setup(slopes_are_those_of_differences, reset_extra),
        cmocka_unit_test_setup(a_look_gives_the_mean_and_no_less_than_the_sd, reset_extra),
        cmocka_unit_test_setup(leave_one_out_is_what_leaving_out_gives, reset_extra),
        cmocka_unit_test_setup(appended_replaced_and_removed_rows_are_as_if_fitted, reset_extra),
        cmocka_unit_test_setup(removing_undoes_appending, reset_extra),
        cmocka_unit_test_setup(the_same_row_many_times_is_averaged, reset_extra),
        cmocka_unit_test_setup(a_smooth_function_of_one_number_is_learned, reset_extra),
        cmocka_unit_test_setup(what_is_inactive_is_one_and_the_same, reset_extra),
        cmocka_unit_test_setup(every_choice_learns, reset_extra),
        cmocka_unit_test_setup(draws_of_hyperparameters_are_averaged, reset_extra),
        cmocka_unit_test_setup(drawn_functions_have_the_covariance_of_the_posterior, reset_extra),
        cmocka_unit_test_setup(draws_trust_a_mean_of_many, reset_extra),
        cmocka_unit_test_setup(a_drawn_function_has_its_slopes, reset_extra),
        cmocka_unit_test_setup(without_the_prior_the_likelihood_is_larger, reset_extra),
        cmocka_unit_test_setup(more_rows_than_are_learned_from_are_all_in_the_factor, reset_extra),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("gp", tests, NULL, NULL);
}
