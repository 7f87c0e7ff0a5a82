/* SPDX-License-Identifier: MIT */
/* The Gaussian process against closed forms and differences; then what changes of rows must keep.
 * check_gp.py compares it with scikit-learn. */
#include "gp_fixture.h"

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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(the_posterior_of_three_points_is_that_by_hand, reset_extra),
        cmocka_unit_test_setup(the_covariance_is_the_formula_to_the_last_bits, reset_extra),
        cmocka_unit_test_setup(the_covariance_of_products_is_that_by_hand, reset_extra),
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
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("gp", tests, NULL, NULL);
}
