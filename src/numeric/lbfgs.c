/* SPDX-License-Identifier: MIT */
/* Limited-memory BFGS (Nocedal 1980, doi:10.1090/S0025-5718-1980-0572855-7) with bounds by
 * projection (Bertsekas 1982, doi:10.1137/0320018): variables that a bound holds (at it, and the
 * gradient pushes outwards) stand still; for the others the direction is -H g by the two-loop
 * recursion, and the line search goes along the projected path x(t) = clamp(x + t p), backwards
 * from t = 1 by quadratic interpolation until Armijo's condition f(x(t)) <= f(x) + 1e-4 gᵀ(x(t) -
 * x) holds. A pair (s, y) without positive curvature is not remembered. */
#include "numeric/lbfgs.h"

#include <math.h>
#include <stdbool.h>
#include <string.h>

enum { M = 8, MAX_HALVINGS = 25 };

typedef struct run {
    const ambs_lbfgs_problem *of;
    size_t n;
    double *x, f, *gradient;
    double *trial, *trial_gradient, *direction;
    double *s, *y;   /* [M, n], a ring */
    double rho[M];   /* 1 / sᵀy */
    size_t n_pairs;  /* ever remembered; the ring holds the last M */
    bool first_step; /* no curvature is known: the direction's length means nothing */
} run;

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

static bool is_held(const run *r, size_t i)
{
    return (r->x[i] <= r->of->lower[i] && r->gradient[i] > 0) ||
           (r->x[i] >= r->of->upper[i] && r->gradient[i] < 0);
}

/* The largest element of x - clamp(x - g): zero at a stationary point. */
static double projected_gradient(const run *r)
{
    double most = 0;
    for (size_t i = 0; i < r->n; i++)
        most = fmax(most, fabs(r->x[i] - clamp(r->of, i, r->x[i] - r->gradient[i])));
    return most;
}

static void apply_inverse_hessian(const run *r, double *q)
{
    size_t n = r->n, count = r->n_pairs < M ? r->n_pairs : M;
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
static void find_direction(run *r)
{
    for (size_t i = 0; i < r->n; i++) r->direction[i] = is_held(r, i) ? 0 : r->gradient[i];
    double steepest = sqrt(dot(r->n, r->direction, r->direction));
    apply_inverse_hessian(r, r->direction);
    for (size_t i = 0; i < r->n; i++) r->direction[i] = is_held(r, i) ? 0 : -r->direction[i];
    double slope = dot(r->n, r->direction, r->gradient),
           length = sqrt(dot(r->n, r->direction, r->direction));
    r->first_step = r->n_pairs == 0;
    if (slope < -1e-8 * length * steepest) return;
    r->n_pairs = 0;
    r->first_step = true;
    for (size_t i = 0; i < r->n; i++) r->direction[i] = is_held(r, i) ? 0 : -r->gradient[i];
}

/* A step that lessens f enough, in trial, trial_gradient and *ret_f; false when there is none. */
static bool search_line(run *r, double *ret_f)
{
    double length = sqrt(dot(r->n, r->direction, r->direction)),
           t = r->first_step && length > 1 ? 1 / length : 1;
    for (int k = 0; k < MAX_HALVINGS; k++) {
        double slope = 0;
        for (size_t i = 0; i < r->n; i++) {
            r->trial[i] = clamp(r->of, i, r->x[i] + t * r->direction[i]);
            slope += r->gradient[i] * (r->trial[i] - r->x[i]);
        }
        double f = r->of->value(r->of->of, r->trial, r->trial_gradient);
        if (isfinite(f) && f <= r->f + 1e-4 * slope) {
            *ret_f = f;
            return slope < 0;
        }
        double shorter = isfinite(f) ? -slope / (2 * (f - r->f - slope)) : 0.1;
        t *= shorter > 0.5 ? 0.5 : shorter > 0.1 ? shorter : 0.1;
    }
    return false;
}

static void take_step(run *r, double f)
{
    size_t n = r->n, at = r->n_pairs % M;
    double *s = r->s + at * n, *y = r->y + at * n;
    for (size_t i = 0; i < n; i++) {
        s[i] = r->trial[i] - r->x[i];
        y[i] = r->trial_gradient[i] - r->gradient[i];
    }
    double curvature = dot(n, s, y);
    if (curvature > 1e-10 * dot(n, y, y)) {
        r->rho[at] = 1 / curvature;
        r->n_pairs++;
    }
    memcpy(r->x, r->trial, n * sizeof *r->x);
    memcpy(r->gradient, r->trial_gradient, n * sizeof *r->gradient);
    r->f = f;
}

int ambs_lbfgs_minimise(const ambs_lbfgs_problem *problem, const ambs_lbfgs_settings *settings,
                        double *x, double *work, double *ret_value, size_t *ret_iterations,
                        ambs_error *err)
{
    size_t n = problem->n, k = 0;
    run r = {.of = problem, .n = n, .x = x};
    double **const parts[] = {&r.gradient, &r.trial, &r.trial_gradient, &r.direction};
    for (size_t i = 0; i < 4; i++) *parts[i] = work + i * n;
    r.s = work + 4 * n;
    r.y = r.s + M * n;
    for (size_t i = 0; i < n; i++) x[i] = clamp(problem, i, x[i]);
    r.f = problem->value(problem->of, x, r.gradient);
    if (!isfinite(r.f))
        return ambs_fail(err, AMBS_E_NUMERIC,
                         "found the value %g at the start, expected a finite number", r.f);
    for (; k < settings->max_iterations; k++) {
        double f;
        if (projected_gradient(&r) <= settings->gradient_tolerance) break;
        find_direction(&r);
        if (!search_line(&r, &f)) {
            if (r.first_step) break;
            r.n_pairs = 0; /* what is remembered misleads: once more downhill */
            continue;
        }
        double gain = r.f - f;
        take_step(&r, f);
        if (gain <= settings->value_tolerance * (1 + fabs(f))) break;
    }
    *ret_value = r.f;
    if (ret_iterations) *ret_iterations = k;
    return AMBS_OK;
}
