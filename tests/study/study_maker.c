/* SPDX-License-Identifier: MIT */
/* Makes studies for the tests that read them with other programs.
 *
 *   study_maker write PATH TRIALS       a random study: its journal and its file
 *   study_maker torment PATH SECONDS    appends trials all the time, while snapshots are made of
 * them by processes that are killed at random moments; prints how many were begun and killed */
#include "make_study.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "study/life.h"
#include "study/store.h"

static int complain(const ambs_error *err)
{
    fprintf(stderr, "study_maker: %s\n", err->text);
    return 1;
}

static int write_study(const char *path, size_t n, bool repeated)
{
    ambs_error err = {0};
    ambs_spec *spec = repeated ? make_repeated_spec() : make_spec();
    make_journal(path, spec, 1, n, 2);
    int rc = ambs_study_snapshot(path, &err);
    ambs_spec_destroy(spec);
    return rc == 0 ? 0 : complain(&err);
}

static int add_trial(ambs_life *life, ambs_error *err)
{
    double x[RECORDS_MAX_D];
    ambs_proposal p = {.x = x};
    int rc = ambs_search_ask(life->search, &p, err);
    ambs_record record = {.type = AMBS_RECORD_PROPOSAL,
                          .as.proposal = {.proposal = p,
                                          .n_inputs = life->table->n_inputs,
                                          .wall_s = ambs_clock_wall_s()}};
    if (rc == 0) rc = ambs_life_record(life, &record, err);
    record = (ambs_record){.type = AMBS_RECORD_RESULT,
                           .as.result = {.trial = p.trial,
                                         .final = true,
                                         .wall_s = ambs_clock_wall_s(),
                                         .outcome = {.state = AMBS_TRIAL_COMPLETE,
                                                     .objective = x[0],
                                                     .n_metrics = 1,
                                                     .metrics = {{"accuracy", 0.5}}}}};
    if (rc == 0) rc = ambs_life_record(life, &record, err);
    if (rc == 0) rc = ambs_search_tell(life->search, p.trial, &record.as.result.outcome, err);
    return rc == 0 ? ambs_life_write(life, false, err) : rc;
}

static int torment(const char *path, double seconds)
{
    ambs_error err = {0};
    ambs_spec *spec = make_spec();
    ambs_life life;
    ambs_random random;
    ambs_random_init(&random, 1, 0, AMBS_PURPOSE_TEST);
    if (ambs_life_begin(path, false, spec, 1, NULL, &life, &err) != 0 ||
        ambs_study_snapshot(path, &err) != 0)
        return complain(&err);
    int begun = 0, killed = 0;
    for (double until_s = ambs_clock_monotonic_s() + seconds; ambs_clock_monotonic_s() < until_s;
         begun++) {
        pid_t child = fork();
        if (child == 0) _exit(ambs_study_snapshot(path, &err) == 0 ? 0 : 1);
        for (int i = 0; i < 20; i++)
            if (add_trial(&life, &err) != 0) return complain(&err);
        ambs_clock_sleep_s(0.02 * ambs_random_uniform(&random));
        kill(child, SIGKILL);
        int status;
        waitpid(child, &status, 0);
        killed += WIFSIGNALED(status);
    }
    if (ambs_life_end(&life, 0, "", &err) != 0 || ambs_study_snapshot(path, &err) != 0)
        return complain(&err);
    printf("%d snapshots begun, %d killed\n", begun, killed);
    ambs_spec_destroy(spec);
    return 0;
}

int main(int argc, char **argv)
{
    if (argc == 4 && strcmp(argv[1], "write") == 0)
        return write_study(argv[2], strtoul(argv[3], NULL, 10), false);
    if (argc == 4 && strcmp(argv[1], "repeated") == 0)
        return write_study(argv[2], strtoul(argv[3], NULL, 10), true);
    if (argc == 4 && strcmp(argv[1], "torment") == 0)
        return torment(argv[2], strtod(argv[3], NULL));
    fprintf(stderr, "usage: study_maker write|repeated PATH TRIALS | torment PATH SECONDS\n");
    return 2;
}
