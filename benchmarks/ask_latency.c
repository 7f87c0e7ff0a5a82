/* SPDX-License-Identifier: MIT */
/* How long a tell followed by an ask takes with lies for a number of trials in flight.
 * Usage: ask_latency [in_flight [results [name=value ...]]]; settings are those of the method ambs.
 * Prints one line for a script to read: medians and 99th percentiles in ms over 200 pairs, and what
 * an ask takes of the processor, which says more where others use the machine too. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "../tests/search/fixture.h"

enum { PAIRS = 200 };

static double now_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return 1e3 * (double)t.tv_sec + 1e-6 * (double)t.tv_nsec;
}

static double cpu_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return 1e3 * (double)t.tv_sec + 1e-6 * (double)t.tv_nsec;
}

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Ten parameters of every kind, as in benchmarks of peers: five floats, two ints, an ordinal, two
 * categories. */
static ambs_space *mixed_space(void)
{
    ambs_error err;
    ambs_space *s;
    must(ambs_space_create(&s, &err), &err);
    add_float(s, "a", 0, 1, AMBS_SCALE_LINEAR);
    add_float(s, "b", -5, 5, AMBS_SCALE_LINEAR);
    add_float(s, "c", 1e-4, 1, AMBS_SCALE_LOG);
    add_float(s, "d", 1e-6, 1, AMBS_SCALE_LOG);
    add_float(s, "e", 0, 1, AMBS_SCALE_LINEAR);
    add_int(s, "f", 1, 64);
    add_int(s, "g", 1, 8);
    add_levels(s, "h", AMBS_PARAMETER_ORDINAL, 6, NAN);
    add_levels(s, "i", AMBS_PARAMETER_CATEGORICAL, 4, NAN);
    add_levels(s, "j", AMBS_PARAMETER_CATEGORICAL, 8, NAN);
    must(ambs_space_finish(s, &err), &err);
    return s;
}

int main(int argc, char **argv)
{
    size_t in_flight = argc > 1 ? (size_t)atol(argv[1]) : 64,
           n_results = argc > 2 ? (size_t)atol(argv[2]) : 1000;
    char settings[512] = "";
    for (int i = 3; i < argc; i++)
        snprintf(settings + strlen(settings), sizeof settings - strlen(settings), "%s ", argv[i]);
    ambs_error err;
    ambs_search *search;
    ambs_spec *spec = make_spec("ambs", mixed_space(), 1, settings);
    must(ambs_search_create(spec, &search, &err), &err);
    ambs_random r;
    ambs_random_init(&r, 1, 0, AMBS_PURPOSE_TEST);
    double x[MAX_D], tell_ms[PAIRS], ask_ms[PAIRS], pair_ms[PAIRS], cpu[PAIRS];
    uint64_t id;
    for (size_t i = 0; i < n_results; i++) {
        must(ambs_space_sample(spec->space, &r, x, &err), &err);
        ambs_outcome o = outcome_of(bowl(spec->space, x) + 0.05 * ambs_random_normal(&r));
        must(ambs_search_tell_own(search, x, &o, &id, &err), &err);
    }
    double(*flight)[MAX_D] = calloc(in_flight, sizeof *flight);
    uint64_t *ids = calloc(in_flight, sizeof *ids);
    for (size_t k = 0; k < in_flight; k++) {
        ambs_proposal p = {.x = flight[k]};
        must(ambs_search_ask(search, &p, &err), &err);
        ids[k] = p.trial;
    }
    for (size_t i = 0; i < PAIRS; i++) {
        size_t k = (size_t)ambs_random_below(&r, in_flight);
        ambs_outcome o = outcome_of(bowl(spec->space, flight[k]) + 0.05 * ambs_random_normal(&r));
        ambs_proposal p = {.x = flight[k]};
        double t0 = now_ms();
        must(ambs_search_tell(search, ids[k], &o, &err), &err);
        double t1 = now_ms(), cpu0 = cpu_ms();
        must(ambs_search_ask(search, &p, &err), &err);
        double t2 = now_ms();
        cpu[i] = cpu_ms() - cpu0;
        ids[k] = p.trial;
        tell_ms[i] = t1 - t0;
        ask_ms[i] = t2 - t1;
        pair_ms[i] = t2 - t0;
    }
    qsort(tell_ms, PAIRS, sizeof *tell_ms, compare);
    qsort(ask_ms, PAIRS, sizeof *ask_ms, compare);
    qsort(cpu, PAIRS, sizeof *cpu, compare);
    qsort(pair_ms, PAIRS, sizeof *pair_ms, compare);
    double sum = 0, cpu_sum = 0;
    for (size_t i = 0; i < PAIRS; i++) {
        sum += pair_ms[i];
        cpu_sum += cpu[i];
    }
    printf("# in_flight results tell_median_ms ask_median_ms pair_median_ms pair_mean_ms "
           "pair_p99_ms ask_cpu_median_ms ask_cpu_p99_ms ask_cpu_mean_ms settings\n");
    printf("%zu %zu %.4f %.3f %.3f %.3f %.3f %.3f %.3f %.3f %s\n", in_flight, n_results,
           tell_ms[PAIRS / 2], ask_ms[PAIRS / 2], pair_ms[PAIRS / 2], sum / PAIRS,
           pair_ms[PAIRS * 99 / 100], cpu[PAIRS / 2], cpu[PAIRS * 99 / 100], cpu_sum / PAIRS,
           settings[0] ? settings : "defaults");
    free(flight);
    free(ids);
    ambs_search_destroy(search);
    drop_spec(spec);
    return 0;
}
