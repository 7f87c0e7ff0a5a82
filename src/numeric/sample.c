/* SPDX-License-Identifier: MIT */
#include "numeric/sample.h"

#include <math.h>

void ambs_sample_add(ambs_sample *s, double y)
{
    double before = y - s->mean;
    s->n++;
    s->mean += before / s->n;
    s->squares += before * (y - s->mean);
}

double ambs_sample_sd(const ambs_sample *s)
{
    return s->n < 2 ? NAN : sqrt(s->squares / (s->n - 1));
}

double ambs_sample_error(const ambs_sample *s)
{
    return ambs_sample_sd(s) / sqrt(s->n);
}

void ambs_pool_add(ambs_pool *p, const ambs_sample *s)
{
    if (s->n < 2) return;
    p->squares += s->squares;
    p->freedom += s->n - 1;
}

double ambs_pool_error(const ambs_pool *p, double n)
{
    return p->freedom > 0 ? sqrt(p->squares / p->freedom / n) : 0;
}

/* The continued fraction of the incomplete beta function (Abramowitz and Stegun 26.5.8) by the
 * method of Lentz; converges fast for x < (a + 1) / (a + b + 2). */
static double beta_fraction(double a, double b, double x)
{
    enum { MAX_STEPS = 10000 };
    const double tiny = 1e-300;
    double c = 1, d = 1 - (a + b) * x / (a + 1);
    d = 1 / (fabs(d) < tiny ? tiny : d);
    double f = d;
    for (int m = 1; m <= MAX_STEPS; m++) {
        double step[2] = {m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m)),
                          -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1))};
        double factor = 1;
        for (int k = 0; k < 2; k++) {
            d = 1 + step[k] * d;
            c = 1 + step[k] / c;
            d = 1 / (fabs(d) < tiny ? tiny : d);
            c = fabs(c) < tiny ? tiny : c;
            factor = c * d;
            f *= factor;
        }
        if (fabs(factor - 1) < 1e-16) break;
    }
    return f;
}

/* I_x(a, b) */
static double beta_ratio(double a, double b, double x)
{
    if (x <= 0 || x >= 1) return x <= 0 ? 0 : 1;
    if (x > (a + 1) / (a + b + 2)) return 1 - beta_ratio(b, a, 1 - x);
    double front = exp(a * log(x) + b * log1p(-x) + lgamma(a + b) - lgamma(a) - lgamma(b));
    return front * beta_fraction(a, b, x) / a;
}

/* P(T > t), t >= 0 */
static double student_tail(double t, double freedom)
{
    return 0.5 * beta_ratio(freedom / 2, 0.5, freedom / (freedom + t * t));
}

double ambs_student_quantile(double p, double freedom)
{
    enum { STEPS = 80 };
    const double most = 1e7; /* beyond, it is the normal distribution */
    double low = 0, high = 1, tail = 1 - p;
    if (freedom > most) freedom = most;
    while (student_tail(high, freedom) > tail && high < 1e300) high *= 2;
    for (int i = 0; i < STEPS; i++) {
        double middle = 0.5 * (low + high);
        if (student_tail(middle, freedom) > tail)
            low = middle;
        else
            high = middle;
    }
    return p <= 0.5 ? 0 : 0.5 * (low + high);
}
