/* SPDX-License-Identifier: MIT */
/* What knowledge from before a study is worth, right and wrong: priors on parameters and earlier
 * studies.
 *
 *   bench_knowledge [--seeds N] [--first-seed S] [--trials T] [--flight W] [--methods "a|b|…"] kind…
 *
 * Kinds: none.
 * Priors of every parameter: good (normal, high confidence, 0.125 of the range, whose centers are off
 * the optimum by 0.05 of it), vague (0.25, off by 0.1), wrong (0.125, at the far side of every
 * range), narrow-wrong (0.05, there).
 * Earlier studies of 100 trials by `ambs`, of which the three best are tried first: identical;
 * related, far (the same function with its optimum off by 0.05 and 0.15 of every range); unrelated
 * (another function with its optimum elsewhere); negated (good is bad).
 * Problems: five functions of 4 to 6 numbers whose optimum is elsewhere for each seed. W trials are
 * always in flight; the oldest is told first. Printed for each kind: the mean over problems and seeds
 * of log10 of the normalised regret (as in quality.c) after a quarter, half and all trials, and of
 * the trials until the best of as many random ones was reached (T + 1 where it never was). */
#include "shared.h"

enum { MAX_FLIGHT = 64, N_MIDDLE = 2001 };

typedef struct problem {
    const char *name;
    size_t d;
    double (*f)(size_t d, const double *z); /* least, 0, at `least` in every coordinate */
    double least, width;                    /* the range is so wide */
} problem;

static double ellipsoid(size_t d, const double *z)
{
    double sum = 0;
    for (size_t i = 0; i < d; i++) sum += pow(10, 3.0 * (double)i / (double)(d - 1)) * z[i] * z[i];
    return sum;
}

static const problem problems[] = {
    {"levy5", 5, bench_levy, 1, 20},
    {"ackley5", 5, bench_ackley, 0, 20},
    {"rosenbrock4", 4, bench_rosenbrock, 1, 6},
    {"styblinski4", 4, bench_styblinski, -2.903534, 12},
    {"ellipsoid6", 6, ellipsoid, 0, 10},
};
enum { N_PROBLEMS = sizeof problems / sizeof *problems };

static double value_of(const problem *p, const double *optimum, const double *u)
{
    double z[MAX_D];
    for (size_t i = 0; i < p->d; i++) z[i] = p->least + p->width * (u[i] - optimum[i]);
    return p->f(p->d, z);
}

static void place_optimum(const problem *p, uint64_t seed, ambs_random *r, double *optimum)
{
    ambs_random_init(r, seed, (uint64_t)(p - problems), AMBS_PURPOSE_TEST);
    for (size_t i = 0; i < p->d; i++) optimum[i] = 0.2 + 0.6 * ambs_random_uniform(r);
}

static double clip(double u)
{
    return u < 0 ? 0 : u > 1 ? 1 : u;
}

static ambs_prior prior_of(const char *kind, double optimum, ambs_random *r)
{
    double off = ambs_random_normal(r), far = optimum > 0.5 ? 0.05 : 0.95;
    if (strcmp(kind, "good") == 0) return (ambs_prior){0.125, clip(optimum + 0.05 * off), NULL};
    if (strcmp(kind, "vague") == 0) return (ambs_prior){0.25, clip(optimum + 0.1 * off), NULL};
    if (strcmp(kind, "wrong") == 0) return (ambs_prior){0.125, far, NULL};
    if (strcmp(kind, "narrow-wrong") == 0) return (ambs_prior){0.05, far, NULL};
    return (ambs_prior){0};
}

static ambs_space *make(const problem *p, const char *kind, const double *optimum, ambs_random *r)
{
    ambs_error err;
    ambs_space *s;
    must(ambs_space_create(&s, &err), &err);
    for (size_t i = 0; i < p->d; i++) {
        char name[32];
        snprintf(name, sizeof name, "p%zu", i);
        ambs_parameter q = {.name = name,
                            .type = AMBS_PARAMETER_FLOAT,
                            .max = 1,
                            .initial = NAN,
                            .prior = prior_of(kind, optimum[i], r)};
        must(ambs_space_add(s, &q, &err), &err);
    }
    must(ambs_space_finish(s, &err), &err);
    return s;
}

static double middle_of(const problem *p, const double *optimum, ambs_random *r)
{
    static double y[N_MIDDLE];
    double u[MAX_D];
    for (size_t k = 0; k < N_MIDDLE; k++) {
        for (size_t i = 0; i < p->d; i++) u[i] = ambs_random_uniform(r);
        y[k] = value_of(p, optimum, u);
    }
    qsort(y, N_MIDDLE, sizeof *y, bench_compare);
    return y[N_MIDDLE / 2];
}

/* What an earlier study of N_OLD trials by `ambs` leaves behind; its optimum is off by `off` in each
 * coordinate, or its values are turned round, or it is of another function. */
enum { N_OLD = 100 };

static int by_rank(const void *a, const void *b)
{
    return bench_compare(*(const double *const *)a, *(const double *const *)b);
}

static void warm_up(const problem *p, const char *kind, const double *optimum, uint64_t seed,
                    ambs_random *r, ambs_spec *spec)
{
    const problem *old = p;
    double shifted[MAX_D], sign = 1, off = 0;
    ambs_error err;
    ambs_search *search;
    static double rows[N_OLD][MAX_D + 1];
    const double *order[N_OLD];
    if (strcmp(kind, "related") == 0) off = 0.05;
    if (strcmp(kind, "far") == 0) off = 0.15;
    if (strcmp(kind, "negated") == 0) sign = -1;
    if (strcmp(kind, "unrelated") == 0) old = &problems[(p - problems + 1) % N_PROBLEMS];
    for (size_t i = 0; i < p->d; i++) {
        shifted[i] = clip(optimum[i] + off * (ambs_random_uniform(r) < 0.5 ? -1 : 1));
        if (strcmp(kind, "unrelated") == 0) shifted[i] = 0.2 + 0.6 * ambs_random_uniform(r);
    }
    size_t d = p->d;
    problem it = *old;
    it.d = d;
    ambs_spec *o = make_spec("ambs", make(&it, "none", optimum, r), seed + 777, NULL);
    must(ambs_search_create(o, &search, &err), &err);
    for (size_t i = 0; i < N_OLD; i++) {
        ambs_proposal q = {.x = rows[i] + 1};
        must(ambs_search_ask(search, &q, &err), &err);
        rows[i][0] = sign * value_of(&it, shifted, q.x);
        ambs_outcome outcome = outcome_of(rows[i][0]);
        must(ambs_search_tell(search, q.trial, &outcome, &err), &err);
        order[i] = rows[i];
    }
    ambs_search_destroy(search);
    drop_spec(o);
    qsort(order, N_OLD, sizeof *order, by_rank);
    ambs_warm_source *s = &spec->warm.sources[spec->warm.n++];
    *s = (ambs_warm_source){.weight = NAN, .n = N_OLD};
    s->x = calloc(N_OLD * d, sizeof(double));
    s->rank = calloc(N_OLD, sizeof(double));
    for (size_t i = 0; i < N_OLD; i++) {
        memcpy(s->x + i * d, order[i] + 1, d * sizeof(double));
        s->rank[i] = (double)i / (N_OLD - 1);
    }
    spec->warm.n_points = 3;
    spec->warm.points = s->x;
}

/* ret [4]: log10 of the regret after a quarter, half and all; trials until it was `target`. */
static void run(const problem *p, const char *kind, const char *method, uint64_t seed,
                size_t trials, size_t flight, double target, double *ret)
{
    static double x[MAX_FLIGHT][MAX_D];
    uint64_t ids[MAX_FLIGHT];
    double optimum[MAX_D], best = INFINITY;
    ambs_random r;
    ambs_error err;
    ambs_search *search;
    place_optimum(p, seed, &r, optimum);
    double middle = middle_of(p, optimum, &r);
    ambs_spec *spec = bench_make_study(method, make(p, kind, optimum, &r), seed, trials);
    bool warm = strcmp(kind, "identical") == 0 || strcmp(kind, "related") == 0 ||
                strcmp(kind, "far") == 0 || strcmp(kind, "negated") == 0 ||
                strcmp(kind, "unrelated") == 0;
    if (warm) warm_up(p, kind, optimum, seed, &r, spec);
    must(ambs_search_create(spec, &search, &err), &err);
    ret[3] = 1;
    for (size_t told = 0, asked = 0; told < trials;) {
        for (; asked < trials && asked < told + flight; asked++) {
            ambs_proposal proposal = {.x = x[asked % flight]};
            must(ambs_search_ask(search, &proposal, &err), &err);
            ids[asked % flight] = proposal.trial;
        }
        double y = value_of(p, optimum, x[told % flight]);
        ambs_outcome o = outcome_of(y);
        must(ambs_search_tell(search, ids[told % flight], &o, &err), &err);
        if (y < best) best = y;
        told++;
        double regret = log10(fmax(best / middle, 1e-4));
        if (told == trials / 4) ret[0] = regret;
        if (told == trials / 2) ret[1] = regret;
        ret[2] = regret;
        if (regret > target) ret[3] = (double)told + 1;
    }
    ambs_search_destroy(search);
    for (size_t i = 0; i < spec->warm.n; i++) {
        free(spec->warm.sources[i].x);
        free(spec->warm.sources[i].rank);
    }
    drop_spec(spec);
}

int main(int argc, char **argv)
{
    bench_studies all = {.seeds = 8, .trials = 100};
    size_t flight = 8, n_kinds = 0;
    char methods[400] = "ambs";
    const char *kinds[16];
    for (int i = 1; i < argc; i++) {
        const char *value = i + 1 < argc ? argv[i + 1] : "";
        if (bench_studies_take(&all, argv[i], value))
            i++;
        else if (strcmp(argv[i], "--flight") == 0)
            flight = (size_t)atol(value), i++;
        else if (strcmp(argv[i], "--methods") == 0)
            snprintf(methods, sizeof methods, "%s", value), i++;
        else if (n_kinds < 16)
            kinds[n_kinds++] = argv[i];
    }
    printf("# trials %zu, flight %zu, seeds %zu..%zu\n%-14s %8s %8s %8s %8s   %s\n", all.trials,
           flight, all.first_seed, all.first_seed + all.seeds - 1, "kind", "quarter", "half", "all",
           "random's", "method");
    for (char *rest = methods, *method; (method = strsep(&rest, "|"));)
        for (size_t k = 0; k < n_kinds; k++) {
            double sum[4] = {0}, one[4], random[4], weight = 1.0 / (double)(all.seeds * N_PROBLEMS);
            for (size_t p = 0; p < N_PROBLEMS; p++)
                for (size_t s = 0; s < all.seeds; s++) {
                    run(&problems[p], "none", "random", all.first_seed + s, all.trials, flight, -9,
                        random);
                    run(&problems[p], kinds[k], method, all.first_seed + s, all.trials, flight,
                        random[2], one);
                    for (int i = 0; i < 4; i++) sum[i] += weight * one[i];
                }
            printf("%-14s %8.3f %8.3f %8.3f %8.1f   %s\n", kinds[k], sum[0], sum[1], sum[2], sum[3],
                   method);
            fflush(stdout);
        }
    return 0;
}
