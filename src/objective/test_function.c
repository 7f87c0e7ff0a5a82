/* SPDX-License-Identifier: MIT */
/* Formulas, domains and minima as collected by Surjanovic and Bingham (Virtual Library of
 * Simulation Experiments, 2013) and by Jamil and Yang 2013 (doi:10.1504/IJMMNO.2013.055204); minima
 * recomputed to double precision. n counts inputs from 0, where the publications count from 1. */
#include "objective/test_function.h"

#include <math.h>
#include <string.h>

static const double pi = 3.14159265358979323846;

static double square(double x)
{
    return x * x;
}

/* Dixon and Szegö 1978. */
static double branin(const double *x, size_t d)
{
    (void)d;
    double bend = x[1] - 5.1 / (4 * pi * pi) * square(x[0]) + 5 / pi * x[0] - 6;
    return square(bend) + 10 * (1 - 1 / (8 * pi)) * cos(x[0]) + 10;
}

/* -Σ_i α_i exp(-Σ_j A_ij (x_j - P_ij)²), P given in units of 1e-4. */
static double hartmann(const double *x, size_t d, const double *a, const double *p)
{
    static const double alpha[4] = {1.0, 1.2, 3.0, 3.2};
    double sum = 0;
    for (size_t i = 0; i < 4; i++) {
        double exponent = 0;
        for (size_t j = 0; j < d; j++)
            exponent += a[i * d + j] * square(x[j] - 1e-4 * p[i * d + j]);
        sum += alpha[i] * exp(-exponent);
    }
    return -sum;
}

static double hartmann3(const double *x, size_t d)
{
    static const double a[12] = {3, 10, 30, 0.1, 10, 35, 3, 10, 30, 0.1, 10, 35};
    static const double p[12] = {3689, 1170, 2673, 4699, 4387, 7470,
                                 1091, 8732, 5547, 381,  5743, 8828};
    return hartmann(x, d, a, p);
}

static double hartmann6(const double *x, size_t d)
{
    static const double a[24] = {10, 3,   17,  3.5, 1.7, 8, 0.05, 10, 17,   0.1, 8,   14,
                                 3,  3.5, 1.7, 10,  17,  8, 17,   8,  0.05, 10,  0.1, 14};
    static const double p[24] = {1312, 1696, 5569, 124,  8283, 5886, 2329, 4135,
                                 8307, 3736, 1004, 9991, 2348, 1451, 3522, 2883,
                                 3047, 6650, 4047, 8828, 8732, 5743, 1091, 381};
    return hartmann(x, d, a, p);
}

/* Ackley 1987, in the n-dimensional form of Bäck 1996. */
static double ackley(const double *x, size_t d)
{
    double squares = 0, waves = 0;
    for (size_t i = 0; i < d; i++) {
        squares += square(x[i]);
        waves += cos(2 * pi * x[i]);
    }
    return -20 * exp(-0.2 * sqrt(squares / (double)d)) - exp(waves / (double)d) + 20 + exp(1.0);
}

/* Rosenbrock 1960, doi:10.1093/comjnl/3.3.175. */
static double rosenbrock(const double *x, size_t d)
{
    double sum = 0;
    for (size_t i = 0; i + 1 < d; i++)
        sum += 100 * square(x[i + 1] - square(x[i])) + square(x[i] - 1);
    return sum;
}

/* Levy and Montalvo 1985, doi:10.1137/0906002. */
static double levy(const double *x, size_t d)
{
    double first = 1 + (x[0] - 1) / 4, last = 1 + (x[d - 1] - 1) / 4;
    double sum = square(sin(pi * first)) + square(last - 1) * (1 + square(sin(2 * pi * last)));
    for (size_t i = 0; i + 1 < d; i++) {
        double w = 1 + (x[i] - 1) / 4;
        sum += square(w - 1) * (1 + 10 * square(sin(pi * w + 1)));
    }
    return sum;
}

/* Rastrigin 1974, in the form of Mühlenbein, Schomisch and Born 1991. */
static double rastrigin(const double *x, size_t d)
{
    double sum = 10 * (double)d;
    for (size_t i = 0; i < d; i++) sum += square(x[i]) - 10 * cos(2 * pi * x[i]);
    return sum;
}

/* Michalewicz 1992, m = 10. */
static double michalewicz(const double *x, size_t d)
{
    double sum = 0;
    for (size_t i = 0; i < d; i++)
        sum -= sin(x[i]) * pow(sin((double)(i + 1) * square(x[i]) / pi), 20);
    return sum;
}

/* Styblinski and Tang 1990, doi:10.1016/0893-6080(90)90029-K. */
static double styblinski_tang(const double *x, size_t d)
{
    double sum = 0;
    for (size_t i = 0; i < d; i++) sum += square(square(x[i])) - 16 * square(x[i]) + 5 * x[i];
    return sum / 2;
}

/* Griewank 1981, doi:10.1007/BF00933356. */
static double griewank(const double *x, size_t d)
{
    double sum = 0, product = 1;
    for (size_t i = 0; i < d; i++) {
        sum += square(x[i]) / 4000;
        product *= cos(x[i] / sqrt((double)(i + 1)));
    }
    return sum - product + 1;
}

/* Schwefel 1981, problem 2.26. */
static double schwefel(const double *x, size_t d)
{
    double sum = 418.98288727243369 * (double)d;
    for (size_t i = 0; i < d; i++) sum -= x[i] * sin(sqrt(fabs(x[i])));
    return sum;
}

/* Dixon and Szegö 1978. */
static double six_hump_camel(const double *x, size_t d)
{
    (void)d;
    double a = square(x[0]), b = square(x[1]);
    return (4 - 2.1 * a + a * a / 3) * a + x[0] * x[1] + (-4 + 4 * b) * b;
}

/* De Jong 1975, F1. */
static double sphere(const double *x, size_t d)
{
    double sum = 0;
    for (size_t i = 0; i < d; i++) sum += square(x[i]);
    return sum;
}

/* Goldstein and Price 1971, doi:10.1090/S0025-5718-1971-0312365-X. */
static double goldstein_price(const double *x, size_t d)
{
    (void)d;
    double a = x[0], b = x[1];
    double first =
        1 + square(a + b + 1) * (19 - 14 * a + 3 * a * a - 14 * b + 6 * a * b + 3 * b * b);
    double second =
        30 + square(2 * a - 3 * b) * (18 - 32 * a + 12 * a * a + 48 * b - 36 * a * b + 27 * b * b);
    return first * second;
}

/* Beale 1958. */
static double beale(const double *x, size_t d)
{
    (void)d;
    double b = x[1];
    return square(1.5 - x[0] + x[0] * b) + square(2.25 - x[0] + x[0] * b * b) +
           square(2.625 - x[0] + x[0] * b * b * b);
}

/* Booth, in Jamil and Yang 2013, no. 17. */
static double booth(const double *x, size_t d)
{
    (void)d;
    return square(x[0] + 2 * x[1] - 7) + square(2 * x[0] + x[1] - 5);
}

/* Zakharov, in Jamil and Yang 2013, no. 173. */
static double zakharov(const double *x, size_t d)
{
    double squares = 0, slope = 0;
    for (size_t i = 0; i < d; i++) {
        squares += square(x[i]);
        slope += 0.5 * (double)(i + 1) * x[i];
    }
    return squares + square(slope) + square(square(slope));
}

/* Dixon and Price 1989, doi:10.1007/BF00939380. */
static double dixon_price(const double *x, size_t d)
{
    double sum = square(x[0] - 1);
    for (size_t i = 1; i < d; i++) sum += (double)(i + 1) * square(2 * square(x[i]) - x[i - 1]);
    return sum;
}

/* Shekel, m = 10, in Dixon and Szegö 1978. */
static double shekel(const double *x, size_t d)
{
    static const double beta[10] = {0.1, 0.2, 0.2, 0.4, 0.4, 0.6, 0.3, 0.7, 0.5, 0.5};
    static const double c[4][10] = {{4, 1, 8, 6, 3, 2, 5, 8, 6, 7},
                                    {4, 1, 8, 6, 7, 9, 3, 1, 2, 3.6},
                                    {4, 1, 8, 6, 3, 2, 5, 8, 6, 7},
                                    {4, 1, 8, 6, 7, 9, 3, 1, 2, 3.6}};
    double sum = 0;
    for (size_t i = 0; i < 10; i++) {
        double distance = beta[i];
        for (size_t j = 0; j < d; j++) distance += square(x[j] - c[j][i]);
        sum -= 1 / distance;
    }
    return sum;
}

/* Jenatton, Archambeau, González and Seeger 2017 (ICML, PMLR 70), section 5.1: two binary decisions
 * choose one of four leaves. x: decisions x1, x2, x3; leaf inputs x4 … x7 in [-1, 1]; shared r8, r9
 * in [0, 1]. */
static double jenatton(const double *x, size_t d)
{
    (void)d;
    if (x[0] < 0.5) return x[1] < 0.5 ? square(x[3]) + 0.1 + x[7] : square(x[4]) + 0.2 + x[7];
    return x[2] < 0.5 ? square(x[5]) + 0.3 + x[8] : square(x[6]) + 0.4 + x[8];
}

/* Costs nothing and suits every space: what is left of a trial is the program's own work. */
static double null(const double *x, size_t d)
{
    (void)x, (void)d;
    return 0;
}

#define ALL(value)     (const double[]){value}, 1
#define AT(n, ...)     (const double[]){__VA_ARGS__}, n
#define BOX(low, high) (const double[]){low}, (const double[]){high}, 1

const ambs_test_function ambs_test_functions[] = {
    {"ackley", "Ackley 1987; Bäck 1996", 1, 0, BOX(-32.768, 32.768), 0, 0, 0, ALL(0), ackley},
    {"beale", "Beale 1958", 2, 2, BOX(-4.5, 4.5), 0, 0, 0, AT(2, 3, 0.5), beale},
    {"booth", "Jamil and Yang 2013, no. 17", 2, 2, BOX(-10, 10), 0, 0, 0, AT(2, 1, 3), booth},
    {"branin", "Dixon and Szego 1978", 2, 2, (const double[]){-5, 0}, (const double[]){10, 15}, 2,
     0, 0.39788735772973816, 0, AT(2, 3.14159265358979323846, 2.275), branin},
    {"dixon_price", "Dixon and Price 1989", 1, 0, BOX(-10, 10), 0, 0, 0, NULL, 0, dixon_price},
    {"goldstein_price", "Goldstein and Price 1971", 2, 2, BOX(-2, 2), 0, 3, 0, AT(2, 0, -1),
     goldstein_price},
    {"griewank", "Griewank 1981", 1, 0, BOX(-600, 600), 0, 0, 0, ALL(0), griewank},
    {"hartmann3", "Dixon and Szego 1978", 3, 3, BOX(0, 1), 0, -3.8627797873327, 0,
     AT(3, 0.11458890, 0.55564892, 0.85254698), hartmann3},
    {"hartmann6", "Dixon and Szego 1978", 6, 6, BOX(0, 1), 0, -3.3223680114155, 0,
     AT(6, 0.20168951, 0.15001069, 0.47687397, 0.27533243, 0.31165162, 0.65730053), hartmann6},
    {"jenatton", "Jenatton et al. 2017, ICML (conditional)", 9, 9,
     (const double[]){0, 0, 0, -1, -1, -1, -1, 0, 0}, (const double[]){1, 1, 1, 1, 1, 1, 1, 1, 1},
     9, 3, 0.1, 0, AT(9, 0, 0, 0, 0, 0, 0, 0, 0, 0), jenatton},
    {"levy", "Levy and Montalvo 1985", 1, 0, BOX(-10, 10), 0, 0, 0, ALL(1), levy},
    {"michalewicz", "Michalewicz 1992, m = 10", 1, 0, BOX(0, 3.14159265358979323846), 0, NAN, 0,
     NULL, 0, michalewicz},
    {"mixed_ackley", "Bliek, Verwer and de Weerdt 2021, Ackley53 (50 binary, 3 continuous inputs)",
     53, 53, (const double[]){0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,  0,  0, 0,
                              0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,  0,  0, 0,
                              0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, -1, -1, -1},
     (const double[]){1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1,
                      1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1,
                      1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1},
     53, 50, 0, 0, ALL(0), ackley},
    {"mixed_rosenbrock",
     "Bliek, Verwer and de Weerdt 2021, Rosenbrock10 (3 whole, 7 continuous inputs)", 10, 10,
     BOX(-2, 2), 3, 0, 0, ALL(1), rosenbrock},
    {"null", "returns 0 at once, for any space", 1, 0, NULL, NULL, 0, 0, 0, 0, ALL(0), null},
    {"rastrigin", "Rastrigin 1974", 1, 0, BOX(-5.12, 5.12), 0, 0, 0, ALL(0), rastrigin},
    {"rosenbrock", "Rosenbrock 1960", 2, 0, BOX(-5, 10), 0, 0, 0, ALL(1), rosenbrock},
    {"schwefel", "Schwefel 1981, problem 2.26", 1, 0, BOX(-500, 500), 0, 0, 0,
     ALL(420.968746359982), schwefel},
    {"shekel", "Dixon and Szego 1978, m = 10", 4, 4, BOX(0, 10), 0, -10.536443153483528, 0,
     AT(4, 4.00074686, 3.99950947, 4.00074686, 3.99950947), shekel},
    {"six_hump_camel", "Dixon and Szego 1978", 2, 2, (const double[]){-3, -2},
     (const double[]){3, 2}, 2, 0, -1.0316284534898774, 0, AT(2, 0.08984201, -0.71265640),
     six_hump_camel},
    {"sphere", "De Jong 1975, F1", 1, 0, BOX(-5.12, 5.12), 0, 0, 0, ALL(0), sphere},
    {"styblinski_tang", "Styblinski and Tang 1990", 1, 0, BOX(-5, 5), 0, 0, -39.166165703771412,
     ALL(-2.903534027771178), styblinski_tang},
    {"zakharov", "Jamil and Yang 2013, no. 173", 1, 0, BOX(-5, 10), 0, 0, 0, ALL(0), zakharov},
    {.name = NULL},
};

const ambs_test_function *ambs_test_function_find(const char *name)
{
    for (const ambs_test_function *f = ambs_test_functions; f->name; f++)
        if (strcmp(f->name, name) == 0) return f;
    return NULL;
}

/* Michalewicz' minima have no closed form: d = 2, 5, 10 are published. */
static double michalewicz_minimum(size_t d)
{
    return d == 2    ? -1.8013034100985537
           : d == 5  ? -4.6876581790881501
           : d == 10 ? -9.6601517156413479
                     : NAN;
}

double ambs_test_function_minimum(const ambs_test_function *f, size_t d)
{
    if (f->evaluate == michalewicz) return michalewicz_minimum(d);
    return f->minimum + f->minimum_per_input * (double)d;
}

int ambs_test_function_argmin(const ambs_test_function *f, size_t d, double *ret_x)
{
    if (f->evaluate == dixon_price) {
        for (size_t i = 0; i < d; i++) {
            double power = pow(2, (double)(i + 1));
            ret_x[i] = pow(2, -(power - 2) / power);
        }
        return 0;
    }
    if (f->evaluate == michalewicz && d == 2) {
        ret_x[0] = 2.20290552;
        ret_x[1] = 1.57079633;
        return 0;
    }
    if (f->n_argmin == 0 || (f->n_argmin > 1 && f->n_argmin != d)) return -1;
    for (size_t i = 0; i < d; i++) ret_x[i] = f->argmin[f->n_argmin > 1 ? i : 0];
    return 0;
}
