/* SPDX-License-Identifier: MIT */
/* Limited-memory BFGS (Nocedal 1980, doi:10.1090/S0025-5718-1980-0572855-7) with bounds by
 * projection (Bertsekas 1982, doi:10.1137/0320018): variables that a bound holds (at it, and the
 * gradient pushes outwards) stand still; for the others the direction is -H g by the two-loop
 * recursion, and the line search goes along the projected path x(t) = clamp(x + t p), backwards
 * from t = 1 by quadratic interpolation until Armijo's condition f(x(t)) <= f(x) + 1e-4 gᵀ(x(t) -
 * x) holds. A pair (s, y) without positive curvature is not remembered. */
#include "numeric/lbfgs.h"

#include <math.h>
#include <string.h>

enum { M = AMBS_LBFGS_PAIRS, MAX_SHORTENED = 25 };

size_t ambs_lbfgs_work_size(size_t n)
{
    return (4 + 2 * M) * n;
}

static double dot(size_t n, const double *a, const double *b)
{
    double sum = 0;
    for (size_t i = 0; i < n; i++) sum += a[i] * b[i];
    return sum;
}

static double clamp(const ambs_lbfgs_problem *p, size_t i, double x)
{
    return x < p->lower[i] ? p->lower[i] : x > p->upper[i] ? p->upper[i] : x;
}

static bool is_held(const ambs_lbfgs *r, size_t i)
{
    return (r->x[i] <= r->of->lower[i] && r->gradient[i] > 0) ||
           (r->x[i] >= r->of->upper[i] && r->gradient[i] < 0);
}

/* The largest element of x - clamp(x - g): zero at a stationary point. */
static double projected_gradient(const ambs_lbfgs *r)
{
    double most = 0;
    for (size_t i = 0; i < r->of->n; i++)
        most = fmax(most, fabs(r->x[i] - clamp(r->of, i, r->x[i] - r->gradient[i])));
    return most;
}

static void apply_inverse_hessian(const ambs_lbfgs *r, double *q)
{
    size_t n = r->of->n, count = r->n_pairs < M ? r->n_pairs : M;
    double a[M];
    for (size_t k = 1; k <= count; k++) {
        size_t at = (r->n_pairs - k) % M;
        a[at] = r->rho[at] * dot(n, r->s + at * n, q);
        for (size_t i = 0; i < n; i++) q[i] -= a[at] * r->y[at * n + i];
    }
    if (count > 0) {
        size_t at = (r->n_pairs - 1) % M;
        double scale = 1 / (r->rho[at] * dot(n, r->y + at * n, r->y + at * n));
        for (size_t i = 0; i < n; i++) q[i] *= scale;
    }
    for (size_t k = count; k >= 1; k--) {
        size_t at = (r->n_pairs - k) % M;
        double b = r->rho[at] * dot(n, r->y + at * n, q);
        for (size_t i = 0; i < n; i++) q[i] += (a[at] - b) * r->s[at * n + i];
    }
}

/* A direction of descent in the variables that are free. */
static void find_direction(ambs_lbfgs *r)
{
    size_t n = r->of->n;
    for (size_t i = 0; i < n; i++) r->direction[i] = is_held(r, i) ? 0 : r->gradient[i];
    double steepest = sqrt(dot(n, r->direction, r->direction));
    apply_inverse_hessian(r, r->direction);
    for (size_t i = 0; i < n; i++) r->direction[i] = is_held(r, i) ? 0 : -r->direction[i];
    double slope = dot(n, r->direction, r->gradient),
           length = sqrt(dot(n, r->direction, r->direction));
    r->first_step = r->n_pairs == 0;
    if (slope < -1e-8 * length * steepest) return;
    r->n_pairs = 0;
    r->first_step = true;
    for (size_t i = 0; i < n; i++) r->direction[i] = is_held(r, i) ? 0 : -r->gradient[i];
}

static void place_trial(ambs_lbfgs *r)
{
    r->slope = 0;
    for (size_t i = 0; i < r->of->n; i++) {
        r->trial[i] = clamp(r->of, i, r->x[i] + r->step * r->direction[i]);
        r->slope += r->gradient[i] * (r->trial[i] - r->x[i]);
    }
}

static void begin_line(ambs_lbfgs *r)
{
    r->done = r->n_iterations >= r->settings->max_iterations ||
              projected_gradient(r) <= r->settings->gradient_tolerance;
    if (r->done) return;
    r->n_iterations++;
    find_direction(r);
    double length = sqrt(dot(r->of->n, r->direction, r->direction));
    r->step = r->first_step && length > 1 ? 1 / length : 1;
    r->n_shortened = 0;
    place_trial(r);
}

static void take_step(ambs_lbfgs *r, double f, const double *gradient)
{
    size_t n = r->of->n, at = r->n_pairs % M;
    double *s = r->s + at * n, *y = r->y + at * n;
    for (size_t i = 0; i < n; i++) {
        s[i] = r->trial[i] - r->x[i];
        y[i] = gradient[i] - r->gradient[i];
    }
    double curvature = dot(n, s, y);
    if (curvature > 1e-10 * dot(n, y, y)) {
        r->rho[at] = 1 / curvature;
        r->n_pairs++;
    }
    memcpy(r->x, r->trial, n * sizeof *r->x);
    memcpy(r->gradient, gradient, n * sizeof *r->gradient);
    r->f = f;
}

/* No step along this direction lessens f: what is remembered may mislead, so once more downhill. */
static void give_up_line(ambs_lbfgs *r)
{
    r->done = r->first_step;
    r->n_pairs = 0;
    if (!r->done) begin_line(r);
}

void ambs_lbfgs_begin(ambs_lbfgs *r, const ambs_lbfgs_problem *problem,
                      const ambs_lbfgs_settings *settings, double *x, double *work)
{
    size_t n = problem->n;
    *r = (ambs_lbfgs){.of = problem,
                      .settings = settings,
                      .x = x,
                      .f = INFINITY,
                      .gradient = work,
                      .trial = work + n,
                      .direction = work + 2 * n,
                      .s = work + 3 * n,
                      .y = work + (3 + M) * n};
    for (size_t i = 0; i < n; i++) x[i] = clamp(problem, i, x[i]);
}

void ambs_lbfgs_begin_again(ambs_lbfgs *r, const ambs_lbfgs_settings *settings, double scale)
{
    for (size_t i = 0; i < M * r->of->n; i++) r->y[i] *= scale;
    for (size_t k = 0; k < M; k++) r->rho[k] /= scale;
    r->settings = settings;
    r->f = INFINITY;
    r->n_iterations = 0;
    r->started = r->done = false;
}

const double *ambs_lbfgs_point(const ambs_lbfgs *r)
{
    if (r->done) return NULL;
    return r->started ? r->trial : r->x;
}

void ambs_lbfgs_give(ambs_lbfgs *r, double f, const double *gradient)
{
    if (!r->started) {
        r->started = true;
        r->f = f;
        memcpy(r->gradient, gradient, r->of->n * sizeof *gradient);
        r->done = !isfinite(f);
        if (!r->done) begin_line(r);
        return;
    }
    if (isfinite(f) && f <= r->f + 1e-4 * r->slope) {
        if (!(r->slope < 0)) {
            give_up_line(r);
            return;
        }
        double gain = r->f - f;
        take_step(r, f, gradient);
        r->done = gain <= r->settings->value_tolerance * (1 + fabs(f));
        if (!r->done) begin_line(r);
        return;
    }
    if (++r->n_shortened >= MAX_SHORTENED) {
        give_up_line(r);
        return;
    }
    double shorter = isfinite(f) ? -r->slope / (2 * (f - r->f - r->slope)) : 0.1;
    r->step *= shorter > 0.5 ? 0.5 : shorter > 0.1 ? shorter : 0.1;
    place_trial(r);
}

int ambs_lbfgs_minimise(const ambs_lbfgs_problem *problem, const ambs_lbfgs_settings *settings,
                        double *x, double *work, double *ret_value, size_t *ret_iterations,
                        ambs_error *err)
{
    ambs_lbfgs r;
    double *gradient = work + (3 + 2 * M) * problem->n;
    ambs_lbfgs_begin(&r, problem, settings, x, work);
    for (const double *at; (at = ambs_lbfgs_point(&r));) {
        double f = problem->value(problem->of, at, gradient);
        ambs_lbfgs_give(&r, f, gradient);
    }
    if (!isfinite(r.f))
        return ambs_fail(err, AMBS_E_NUMERIC,
                         "found the value %g at the start, expected a finite number", r.f);
    *ret_value = r.f;
    if (ret_iterations) *ret_iterations = r.n_iterations;
    return AMBS_OK;
}
