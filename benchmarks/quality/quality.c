/* SPDX-License-Identifier: MIT */
/* Quality of search methods: asynchronous studies with virtual workers, on tables of real
 * measurements and on test functions.
 *
 *   bench_quality [--tables DIR] [--problems a,b,...] [--seeds N] [--first-seed S] [--trials T]
 *                 [--workers W] "random" "ambs" "ambs kappa=2 random_share=0" ...
 *
 * Each argument at the end is a method with settings; the others are compared with the first. A
 * table is a folder of DIR with space.json and table.csv.gz (see share/doc/search.md). A worker
 * takes a trial when it is free, for a time drawn between 0.5 and 1.5 that belongs to (seed,
 * trial); so all methods meet the same workers. For each problem and method one line is printed:
 *   median and mean of log10 of the normalised regret, (best - optimum) / (median of random
 *   configurations - optimum), not below 1e-4; area, its mean over the results after the 20th; p of
 *   a two-sided Mann-Whitney test against the first method and the share of pairs that the method
 *   wins; failed trials, and their share of those after the 50th; ms of processor time an
 *   ask.
 * At the end a line per method: the means over the problems, and the geometric mean of the ratio of
 * its mean regret to the first method's. */
#include <jansson.h>
#include <time.h>

#include "shared.h"

enum { MAX_PROBLEMS = 32, MAX_METHODS = 24, MAX_SEEDS = 200, MAX_LEVELS = 64 };

/* ---- problems ------------------------------------------------------------------------------ */

typedef struct problem {
    char name[64];
    size_t d;
    double optimum, middle; /* least value; median of random configurations */
    /* a table */
    json_t *json;
    double *value; /* [product of levels], NaN where absent */
    size_t n_levels[MAX_D];
    /* a function of the unit cube, with its own space */
    double (*function)(size_t d, const double *x);
    double low, high;
    bool (*fails)(const double *x); /* NULL: never */
    bool mixed; /* each third parameter an int in [low, high] and each fourth a category */
} problem;

static double hartmann6(size_t d, const double *x)
{
    static const double a[4] = {1, 1.2, 3, 3.2};
    static const double A[4][6] = {{10, 3, 17, 3.5, 1.7, 8},
                                   {0.05, 10, 17, 0.1, 8, 14},
                                   {3, 3.5, 1.7, 10, 17, 8},
                                   {17, 8, 0.05, 10, 0.1, 14}};
    static const double P[4][6] = {{1312, 1696, 5569, 124, 8283, 5886},
                                   {2329, 4135, 8307, 3736, 1004, 9991},
                                   {2348, 1451, 3522, 2883, 3047, 6650},
                                   {4047, 8828, 8732, 5743, 1091, 381}};
    double sum = 0;
    for (size_t i = 0; i < 4; i++) {
        double e = 0;
        for (size_t k = 0; k < d; k++)
            e += A[i][k] * (x[k] - 1e-4 * P[i][k]) * (x[k] - 1e-4 * P[i][k]);
        sum -= a[i] * exp(-e);
    }
    return sum + 3.322368011415515;
}

/* A category adds a constant, an int is a coordinate in steps. */
static double mixed_levy(size_t d, const double *x)
{
    double y[MAX_D], extra = 0;
    for (size_t i = 0; i < d; i++) {
        bool category = i % 4 == 3;
        y[i] = category ? 1 : x[i];
        if (category) extra += 0.5 * fabs(x[i] - 2) * (1 + 0.1 * fabs(x[i - 1]));
    }
    return bench_levy(d, y) + extra;
}

/* Half of the space, or a little more: without the optimum; with better values that nobody sees;
 * with the optimum on the border. */
static bool fails_aside(const double *x)
{
    return x[0] > 0.5;
}

static bool fails_at_best(const double *x)
{
    return x[0] < 0;
}

static bool fails_below(const double *x)
{
    return x[0] < 1;
}

static double half_styblinski(size_t d, const double *x)
{
    return bench_styblinski(d, x) - 14.13844; /* the second minimum in x[0], at 2.74680 */
}

static const problem functions[] = {
    {.name = "hartmann6", .d = 6, .function = hartmann6, .low = 0, .high = 1},
    {.name = "levy10", .d = 10, .function = bench_levy, .low = -10, .high = 10},
    {.name = "ackley5", .d = 5, .function = bench_ackley, .low = -20, .high = 32},
    {.name = "rosenbrock5", .d = 5, .function = bench_rosenbrock, .low = -5, .high = 10},
    {.name = "styblinski6", .d = 6, .function = bench_styblinski, .low = -5, .high = 5},
    {.name = "mixed8", .d = 8, .function = mixed_levy, .low = -10, .high = 10, .mixed = true},
    {.name = "aside6", .d = 6, .function = hartmann6, .low = 0, .high = 1, .fails = fails_aside},
    {.name = "hidden6",
     .d = 6,
     .function = half_styblinski,
     .low = -5,
     .high = 5,
     .fails = fails_at_best},
    {.name = "border10",
     .d = 10,
     .function = bench_levy,
     .low = -10,
     .high = 10,
     .fails = fails_below},
};

static void complain(const char *what, const char *name)
{
    fprintf(stderr, "bench_quality: %s: %s\n", what, name);
    exit(1);
}

static double level_number(const problem *p, size_t i, size_t k)
{
    json_t *v = json_array_get(
        json_object_get(json_array_get(json_object_get(p->json, "params"), i), "values"), k);
    return json_is_string(v) ? NAN : json_number_value(v);
}

static const char *level_text(const problem *p, size_t i, size_t k)
{
    return json_string_value(json_array_get(
        json_object_get(json_array_get(json_object_get(p->json, "params"), i), "values"), k));
}

static bool is_category(const problem *p, size_t i)
{
    json_t *q = json_array_get(json_object_get(p->json, "params"), i);
    return strcmp(json_string_value(json_object_get(q, "type")), "cat") == 0;
}

/* The level that a field of the CSV names. */
static size_t find_level(const problem *p, size_t i, const char *field)
{
    for (size_t k = 0; k < p->n_levels[i]; k++) {
        const char *text = level_text(p, i, k);
        if (text ? strcmp(text, field) == 0
                 : fabs(level_number(p, i, k) - atof(field)) <= 1e-6 * fabs(atof(field)))
            return k;
    }
    complain("a value that the space does not have", field);
    return 0;
}

static void read_rows(problem *p, const char *path)
{
    char command[1200], line[4096];
    snprintf(command, sizeof command, "gzip -dc '%s'", path);
    FILE *f = popen(command, "r");
    if (!f || !fgets(line, sizeof line, f)) complain("cannot read", path);
    size_t n = 0, objective = 0, column_of[MAX_D], total = 1, columns = 0;
    line[strcspn(line, "\r\n")] = 0;
    for (char *rest = line, *field; (field = strsep(&rest, ",")); columns++) {
        if (strcmp(field, "objective") == 0) objective = columns;
        for (size_t i = 0; i < p->d; i++) {
            json_t *q = json_array_get(json_object_get(p->json, "params"), i);
            if (strcmp(json_string_value(json_object_get(q, "name")), field) == 0)
                column_of[i] = columns;
        }
    }
    for (size_t i = 0; i < p->d; i++) total *= p->n_levels[i];
    p->value = malloc(total * sizeof *p->value);
    double *sorted = malloc(total * sizeof *sorted);
    for (size_t i = 0; i < total; i++) p->value[i] = NAN;
    while (fgets(line, sizeof line, f)) {
        char *fields[64], *rest = line;
        line[strcspn(line, "\r\n")] = 0;
        for (size_t c = 0; c < columns && (fields[c] = strsep(&rest, ",")); c++) {
        }
        size_t at = 0;
        for (size_t i = 0; i < p->d; i++)
            at = at * p->n_levels[i] + find_level(p, i, fields[column_of[i]]);
        char *end;
        double y = strtod(fields[objective], &end);
        if (end == fields[objective] || !isfinite(y)) continue;
        sorted[n++] = p->value[at] = y;
    }
    pclose(f);
    qsort(sorted, n, sizeof *sorted, bench_compare);
    p->optimum = sorted[0];
    p->middle = sorted[n / 2];
    free(sorted);
}

static void read_table(problem *p, const char *folder, const char *name)
{
    char path[1100];
    json_error_t error;
    snprintf(path, sizeof path, "%s/%s/space.json", folder, name);
    snprintf(p->name, sizeof p->name, "%s", name);
    p->json = json_load_file(path, 0, &error);
    if (!p->json) complain(path, error.text);
    json_t *params = json_object_get(p->json, "params");
    p->d = json_array_size(params);
    for (size_t i = 0; i < p->d; i++)
        p->n_levels[i] = json_array_size(json_object_get(json_array_get(params, i), "values"));
    snprintf(path, sizeof path, "%s/%s/table.csv.gz", folder, name);
    read_rows(p, path);
}

static ambs_space *space_of(const problem *p)
{
    ambs_error err;
    ambs_space *s;
    must(ambs_space_create(&s, &err), &err);
    for (size_t i = 0; i < p->d; i++) {
        char name[32];
        snprintf(name, sizeof name, "p%zu", i);
        if (p->json) {
            static char numbers[MAX_LEVELS][32];
            ambs_value levels[MAX_LEVELS];
            for (size_t k = 0; k < p->n_levels[i]; k++) {
                bool is_text = level_text(p, i, k) != NULL;
                snprintf(numbers[k], sizeof numbers[k], "%.17g", level_number(p, i, k));
                levels[k] =
                    (ambs_value){is_text ? AMBS_VALUE_STRING : AMBS_VALUE_FLOAT,
                                 level_number(p, i, k), is_text ? level_text(p, i, k) : numbers[k]};
            }
            ambs_parameter q = {.name = name,
                                .levels = levels,
                                .n_levels = p->n_levels[i],
                                .initial = NAN,
                                .type = is_category(p, i) ? AMBS_PARAMETER_CATEGORICAL
                                                          : AMBS_PARAMETER_ORDINAL};
            must(ambs_space_add(s, &q, &err), &err);
        } else if (p->mixed && i % 4 == 3) {
            add_levels(s, name, AMBS_PARAMETER_CATEGORICAL, 5, NAN);
        } else if (p->mixed && i % 3 == 2) {
            add_int(s, name, p->low, p->high);
        } else {
            add_float(s, name, p->low, p->high, AMBS_SCALE_LINEAR);
        }
    }
    must(ambs_space_finish(s, &err), &err);
    return s;
}

static double value_of(const problem *p, const double *x)
{
    if (p->fails && p->fails(x)) return NAN;
    if (p->function) return p->function(p->d, x);
    size_t at = 0;
    for (size_t i = 0; i < p->d; i++) at = at * p->n_levels[i] + (size_t)x[i];
    return p->value[at];
}

static void measure_middle(problem *p)
{
    enum { N = 4001 };
    static double y[N], x[MAX_D];
    ambs_error err;
    ambs_space *s = space_of(p);
    ambs_random r;
    ambs_random_init(&r, 0, 0, AMBS_PURPOSE_TEST);
    for (size_t i = 0; i < N;) {
        must(ambs_space_sample(s, &r, x, &err), &err);
        y[i] = value_of(p, x);
        i += !isnan(y[i]);
    }
    qsort(y, N, sizeof *y, bench_compare);
    p->middle = y[N / 2];
    ambs_space_destroy(s);
}

/* ---- one study ----------------------------------------------------------------------------- */

typedef struct result {
    double log_regret;
    double area; /* its mean over the results after the 20th: how soon, not only how far */
    size_t failures, late_failures; /* late: after the first 50 results */
    double ask_ms;
} result;

static double now_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return 1e3 * (double)t.tv_sec + 1e-6 * (double)t.tv_nsec;
}

static double log_regret(const problem *p, double best)
{
    double regret = isinf(best) ? 10 : (best - p->optimum) / (p->middle - p->optimum);
    return log10(regret > 1e-4 ? regret : 1e-4);
}

static result run(const problem *p, const char *method, uint64_t seed, size_t trials,
                  size_t workers)
{
    enum { MAX_WORKERS = 1024 };
    static double x[MAX_WORKERS][MAX_D], ends[MAX_WORKERS];
    static uint64_t ids[MAX_WORKERS];
    ambs_error err;
    ambs_search *search;
    ambs_spec *spec = bench_make_study(method, space_of(p), seed, trials);
    must(ambs_search_create(spec, &search, &err), &err);
    result out = {0};
    double best = INFINITY, clock = 0;
    size_t asked = 0, told = 0;
    for (size_t w = 0; w < workers; w++) ends[w] = NAN;
    while (told < trials) {
        for (size_t w = 0; w < workers && asked < trials; w++) {
            if (!isnan(ends[w])) continue;
            ambs_proposal proposal = {.x = x[w]};
            double before = now_ms();
            int rc = ambs_search_ask(search, &proposal, &err);
            out.ask_ms += now_ms() - before;
            if (rc == AMBS_E_EXHAUSTED) {
                trials = asked;
                break;
            }
            must(rc, &err);
            asked++;
            ids[w] = proposal.trial;
            ambs_random r;
            ambs_random_init(&r, seed, proposal.trial, AMBS_PURPOSE_OBJECTIVE);
            ends[w] = clock + 0.5 + ambs_random_uniform(&r);
        }
        size_t first = workers;
        for (size_t w = 0; w < workers; w++)
            if (!isnan(ends[w]) && (first == workers || ends[w] < ends[first])) first = w;
        double y = value_of(p, x[first]);
        ambs_outcome o = isnan(y) ? failure() : outcome_of(y);
        out.failures += isnan(y);
        out.late_failures += isnan(y) && told >= 50;
        if (y < best) best = y;
        if (told >= 20) out.area += log_regret(p, best) / (double)(trials - 20);
        must(ambs_search_tell(search, ids[first], &o, &err), &err);
        clock = ends[first];
        ends[first] = NAN;
        told++;
    }
    out.ask_ms /= (double)asked;
    out.log_regret = log_regret(p, best);
    ambs_search_destroy(search);
    drop_spec(spec);
    return out;
}

/* ---- statistics ---------------------------------------------------------------------------- */

/* Two-sided p of the Mann-Whitney test by the normal approximation with ties and continuity;
 * *ret_wins is the share of pairs (a of A, b of B) with a < b, ties half. */
static double mann_whitney(const double *a, const double *b, size_t n, double *ret_wins)
{
    double all[2 * MAX_SEEDS], u = 0, ties = 0;
    for (size_t i = 0; i < n; i++)
        for (size_t k = 0; k < n; k++) u += a[i] < b[k] ? 1 : a[i] == b[k] ? 0.5 : 0;
    memcpy(all, a, n * sizeof *a);
    memcpy(all + n, b, n * sizeof *b);
    qsort(all, 2 * n, sizeof *all, bench_compare);
    for (size_t i = 0, end; i < 2 * n; i = end) {
        for (end = i; end < 2 * n && all[end] == all[i];) end++;
        double t = (double)(end - i);
        ties += t * t * t - t;
    }
    double m = (double)n, total = 2 * m;
    double variance = m * m / 12 * (total + 1 - ties / (total * (total - 1)));
    *ret_wins = u / (m * m);
    double gap = fabs(u - 0.5 * m * m) - 0.5;
    return variance > 0 && gap > 0 ? erfc(gap / sqrt(variance) / sqrt(2)) : 1;
}

static double median(const double *values, size_t n)
{
    double sorted[MAX_SEEDS];
    memcpy(sorted, values, n * sizeof *sorted);
    qsort(sorted, n, sizeof *sorted, bench_compare);
    return 0.5 * (sorted[(n - 1) / 2] + sorted[n / 2]);
}

static double mean(const double *values, size_t n)
{
    double sum = 0;
    for (size_t i = 0; i < n; i++) sum += values[i];
    return sum / (double)n;
}

/* ---- the command line ---------------------------------------------------------------------- */

/* True where `name` is one of the comma-separated list (NULL: all). */
static bool wanted(const char *list, const char *name)
{
    size_t length = strlen(name);
    for (const char *at = list; at; at = strchr(at, ',')) {
        at += *at == ',';
        if (strncmp(at, name, length) == 0 && (at[length] == ',' || at[length] == 0)) return true;
    }
    return list == NULL;
}

int main(int argc, char **argv)
{
    const char *tables = NULL, *names = NULL, *methods[MAX_METHODS];
    bench_studies all = {.seeds = 20, .trials = 100};
    size_t workers = 8, n_methods = 0, n_problems = 0;
    static problem problems[MAX_PROBLEMS];
    static const char *const table_names[] = {"conv_A100", "fcnet_protein", "mlp_vehicle",
                                              "nb201_cifar10"};
    for (int i = 1; i < argc; i++) {
        const char *value = i + 1 < argc ? argv[i + 1] : "";
        if (strcmp(argv[i], "--tables") == 0)
            tables = value, i++;
        else if (strcmp(argv[i], "--problems") == 0)
            names = value, i++;
        else if (bench_studies_take(&all, argv[i], value))
            i++;
        else if (strcmp(argv[i], "--workers") == 0)
            workers = (size_t)atol(value), i++;
        else if (n_methods < MAX_METHODS)
            methods[n_methods++] = argv[i];
    }
    if (n_methods == 0 || all.seeds == 0 || all.seeds > MAX_SEEDS)
        complain("no method, or seeds beyond", "200");
    for (size_t i = 0; tables && i < sizeof table_names / sizeof *table_names; i++)
        if (wanted(names, table_names[i]))
            read_table(&problems[n_problems++], tables, table_names[i]);
    for (size_t i = 0; i < sizeof functions / sizeof *functions; i++) {
        if (!wanted(names, functions[i].name)) continue;
        problems[n_problems] = functions[i];
        measure_middle(&problems[n_problems++]);
    }
    printf("# trials %zu, workers %zu, seeds %zu..%zu\n", all.trials, workers, all.first_seed,
           all.first_seed + all.seeds - 1);
    printf("%-14s %8s %8s %8s %9s %6s %9s %6s %7s  %s\n", "problem", "median", "mean", "area", "p",
           "wins", "failures", "late", "ms/ask", "method");
    double over[MAX_METHODS] = {0}, areas[MAX_METHODS] = {0}, ratio[MAX_METHODS] = {0},
           ms[MAX_METHODS] = {0};
    for (size_t k = 0; k < n_problems; k++) {
        static double scores[MAX_METHODS][MAX_SEEDS];
        double regret0 = 0;
        for (size_t m = 0; m < n_methods; m++) {
            double failures = 0, late = 0, ask_ms = 0, regret = 0, area = 0, wins;
            for (size_t s = 0; s < all.seeds; s++) {
                result r = run(&problems[k], methods[m], all.first_seed + s, all.trials, workers);
                scores[m][s] = r.log_regret;
                area += r.area / (double)all.seeds;
                failures += (double)r.failures / (double)all.seeds;
                if (all.trials > 50)
                    late += (double)r.late_failures / (double)(all.trials - 50) / (double)all.seeds;
                ask_ms += r.ask_ms / (double)all.seeds;
                regret += pow(10, r.log_regret) / (double)all.seeds;
            }
            if (m == 0) regret0 = regret;
            double p = mann_whitney(scores[m], scores[0], all.seeds, &wins);
            areas[m] += area / (double)n_problems;
            over[m] += mean(scores[m], all.seeds) / (double)n_problems;
            ratio[m] += log(regret / regret0) / (double)n_problems;
            ms[m] += ask_ms / (double)n_problems;
            printf("%-14s %8.3f %8.3f %8.3f %9.2g %6.2f %9.1f %6.2f %7.2f  %s\n", problems[k].name,
                   median(scores[m], all.seeds), mean(scores[m], all.seeds), area, p, wins,
                   failures, late, ask_ms, methods[m]);
            fflush(stdout);
        }
    }
    printf("# mean over problems, area, geometric mean of the regret as a ratio to the first "
           "method's, "
           "ms an ask\n");
    for (size_t m = 0; m < n_methods; m++)
        printf("%-14s %8.3f %8.3f %8.3f %7.2f  %s\n", "all", over[m], areas[m], exp(ratio[m]),
               ms[m], methods[m]);
    for (size_t k = 0; k < n_problems; k++) {
        free(problems[k].value);
        json_decref(problems[k].json);
    }
    return 0;
}
