/* SPDX-License-Identifier: MIT */
/* What a study costs on disk and in time: bytes and µs per trial in the journal and in the HDF5
 * file, the rate of group commits, and what the snapshot needs in memory.
 *
 *   bench_store [FOLDER [MOST_TRIALS]]     FOLDER: /tmp, MOST_TRIALS: 1000000 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/random.h"
#include "space/space.h"
#include "study/segment.h"
#include "study/store.h"

static const char text[] =
    "study: {name: bench, seed: 7}\nmetric: {name: loss, goal: minimize}\n"
    "parameters:\n  lr: {min: 1.0e-4, max: 1.0e-1, scale: log}\n  layers: {min: 1, max: 4}\n"
    "  batch: {type: ordinal, values: [16, 32, 64]}\n  optimizer: {values: [sgd, adam, rmsprop]}\n"
    "  momentum: {min: 0.0, max: 0.99, when: {optimizer: [sgd, rmsprop]}}\nmethod: {name: "
    "random}\n";

static void check(int rc, const ambs_error *err)
{
    if (rc == 0) return;
    fprintf(stderr, "bench_store: %s\n", err->text);
    exit(1);
}

static double size_of(const char *path)
{
    struct stat st;
    return stat(path, &st) == 0 ? (double)st.st_size : NAN;
}

static ambs_journal *begin(const char *path, const ambs_spec *spec)
{
    ambs_journal *journal;
    ambs_error err;
    ambs_record_life life = {.uuid = "a benchmark",
                             .format = AMBS_JOURNAL_FORMAT,
                             .epoch = 1,
                             .n_ranks = 3,
                             .n_dimensions = (uint32_t)ambs_space_dimension(spec->space),
                             .spec_file = spec->file,
                             .spec_text = spec->text,
                             .digest = ambs_spec_digest(spec),
                             .host = "bench"};
    check(ambs_journal_create(path, &life, 1, &journal, &err), &err);
    return journal;
}

static void add(ambs_journal *journal, ambs_record *record)
{
    ambs_error err;
    check(ambs_journal_append(journal, record, &err), &err);
}

/* A trial's three records, each batch written as the loop does. */
static void add_trial(ambs_journal *journal, const ambs_spec *spec, ambs_random *random,
                      uint64_t trial)
{
    double x[8], now_s = 1.7e9 + (double)trial * 1e-3 + ambs_random_uniform(random);
    ambs_error err;
    check(ambs_space_sample(spec->space, random, x, &err), &err);
    ambs_record r = {.type = AMBS_RECORD_PROPOSAL,
                     .as.proposal = {.proposal = {.trial = trial,
                                                  .origin = AMBS_ORIGIN_MODEL,
                                                  .mean = ambs_random_normal(random),
                                                  .sd = ambs_random_uniform(random),
                                                  .acquisition = ambs_random_normal(random),
                                                  .lie = ambs_random_normal(random),
                                                  .n_told = trial,
                                                  .x = x},
                                     .n_inputs = trial,
                                     .wall_s = now_s,
                                     .latency_s = 1e-3 * ambs_random_uniform(random)}};
    add(journal, &r);
    r = (ambs_record){
        .type = AMBS_RECORD_START,
        .as.start = {
            .trial = trial, .attempt = 1, .rank = 1 + (uint32_t)trial % 2, .wall_s = now_s}};
    add(journal, &r);
    r = (ambs_record){
        .type = AMBS_RECORD_RESULT,
        .as.result = {.trial = trial,
                      .attempt = 1,
                      .rank = 1 + (uint32_t)trial % 2,
                      .final = true,
                      .wall_s = now_s + 1,
                      .outcome = {.state = AMBS_TRIAL_COMPLETE,
                                  .objective = ambs_random_normal(random),
                                  .start_s = now_s,
                                  .end_s = now_s + 1,
                                  .duration_s = ambs_random_uniform(random),
                                  .n_metrics = 1,
                                  .metrics = {{"accuracy", ambs_random_uniform(random)}}}}};
    add(journal, &r);
}

static double write_journal(const char *path, const ambs_spec *spec, size_t n)
{
    ambs_random random;
    ambs_error err;
    ambs_random_init(&random, 1, n, AMBS_PURPOSE_TEST);
    ambs_journal *journal = begin(path, spec);
    double began_s = ambs_clock_monotonic_s();
    for (size_t i = 0; i < n; i++) {
        add_trial(journal, spec, &random, i);
        check(ambs_journal_write(journal, &err), &err);
    }
    check(ambs_journal_close(journal, &err), &err);
    return ambs_clock_monotonic_s() - began_s;
}

/* In a process of its own, as in a run; *ret_mib is its peak. */
static double snapshot(const char *path, double *ret_mib)
{
    double began_s = ambs_clock_monotonic_s();
    pid_t child = fork();
    ambs_error err;
    if (child == 0) {
        check(ambs_study_snapshot(path, &err), &err);
        _exit(0);
    }
    struct rusage usage;
    int status;
    wait4(child, &status, 0, &usage);
    if (status != 0) exit(1);
    *ret_mib = (double)usage.ru_maxrss / 1024;
    return ambs_clock_monotonic_s() - began_s;
}

static double load(const char *path, bool from_file)
{
    ambs_table *table;
    ambs_spec *spec;
    ambs_error err;
    double began_s = ambs_clock_monotonic_s();
    if (from_file)
        check(ambs_store_read(path, &table, &spec, &err), &err);
    else
        check(ambs_study_load(path, &table, &spec, NULL, &err), &err);
    double took_s = ambs_clock_monotonic_s() - began_s;
    ambs_table_destroy(table);
    ambs_spec_destroy(spec);
    return took_s;
}

static void measure(const char *folder, const ambs_spec *spec, size_t n)
{
    char path[512], segments[600];
    snprintf(path, sizeof path, "%s/bench-%ld-%zu.h5", folder, (long)getpid(), n);
    double journal_s = write_journal(path, spec, n), mib;
    double snapshot_s = snapshot(path, &mib), load_s = load(path, false), read_s = load(path, true),
           k = (double)n;
    char *segment = ambs_segment_path(path, 1, NULL);
    printf("%8zu %10.1f %10.2f %10.1f %10.2f %10.3f %10.3f %10.3f %8.0f\n", n, size_of(segment) / k,
           1e6 * journal_s / k, size_of(path) / k, 1e6 * snapshot_s / k, snapshot_s, load_s, read_s,
           mib);
    fflush(stdout);
    unlink(segment);
    free(segment);
    unlink(path);
    snprintf(segments, sizeof segments, "%s.journal/snapshot.lock", path);
    unlink(segments);
    snprintf(segments, sizeof segments, "%s.journal", path);
    rmdir(segments);
}

/* One record at a time, each waited for: what `durability: result` costs. */
static void measure_commits(const char *folder, const ambs_spec *spec)
{
    char path[512], rest[600];
    enum { N = 200 };
    ambs_error err;
    snprintf(path, sizeof path, "%s/bench-%ld-commit.h5", folder, (long)getpid());
    ambs_journal *journal = begin(path, spec);
    double began_s = ambs_clock_monotonic_s();
    for (int i = 0; i < N; i++) {
        ambs_record r = {.type = AMBS_RECORD_CANCEL, .as.cancel = {.trial = (uint64_t)i}};
        add(journal, &r);
        check(ambs_journal_write(journal, &err), &err);
        check(ambs_journal_flush(journal, 60, &err), &err);
    }
    printf("group commits, one record waited for at a time: %.0f per second\n",
           N / (ambs_clock_monotonic_s() - began_s));
    ambs_journal_close(journal, &err);
    snprintf(rest, sizeof rest, "%s.journal/000001.segment", path);
    unlink(rest);
    snprintf(rest, sizeof rest, "%s.journal", path);
    rmdir(rest);
}

int main(int argc, char **argv)
{
    const char *folder = argc > 1 ? argv[1] : "/tmp";
    size_t most = argc > 2 ? strtoul(argv[2], NULL, 10) : 1000000;
    struct utsname machine;
    ambs_spec *spec;
    ambs_error err;
    uname(&machine);
    check(ambs_spec_parse(text, strlen(text), "bench.yaml", NULL, 0, &spec, &err), &err);
    printf("# store, %s %s, %ld cores, folder %s, 5 parameters, 1 metric, seed 1; load: from the "
           "journal, read: from the file\n",
           machine.sysname, machine.machine, sysconf(_SC_NPROCESSORS_ONLN), folder);
    printf("%8s %10s %10s %10s %10s %10s %10s %10s %8s\n", "trials", "jnl B/t", "jnl us/t",
           "h5 B/t", "snap us/t", "snap s", "load s", "read s", "MiB");
    static const size_t sizes[] = {100, 1000, 10000, 100000, 1000000};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
        if (sizes[i] <= most) measure(folder, spec, sizes[i]);
    measure_commits(folder, spec);
    ambs_spec_destroy(spec);
    return 0;
}
