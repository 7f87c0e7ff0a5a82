/* SPDX-License-Identifier: MIT */
/* What a trial costs beyond the trial itself, on one slot and on two:
 *   command   trials of `printf 1` through the runner (scratch folder, parameters, output, result)
 * against bare fork, exec and wait of the same program hosted    trials that do nothing, in the
 * trial host: one at a time, and AMBS_RUNNER_DEPTH at once One line each: label, n, ms a trial,
 * trials a second, ratio to the bare process. The agent polls without a pause while trials last no
 * longer than a wake-up (hosted), and sleeps on its descriptor for commands.  Usage:
 * bench_trial_overhead [n_commands [n_hosted]] */
#include <fcntl.h>
#include <math.h>
#include <poll.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "objective/runner.h"
#include "study/spec.h"

static const char command_study[] = "method: {name: random}\nobjective: {command: [printf, '1']}\n"
                                    "parameters: {a: {min: 0.0, max: 1.0}, b: {min: 1, max: 8}}\n";
static const char null_study[] = "method: {name: random}\nobjective: {function: 'null'}\n"
                                 "parameters: {a: {min: 0.0, max: 1.0}, b: {min: 1, max: 8}}\n";

static void die(const char *text)
{
    fprintf(stderr, "%s\n", text);
    exit(1);
}

static double bare(long n)
{
    double began = ambs_clock_monotonic_s();
    for (long i = 0; i < n; i++) {
        pid_t pid = fork();
        if (pid == 0) {
            dup2(open("/dev/null", O_WRONLY), 1);
            execlp("printf", "printf", "1", (char *)NULL);
            _exit(127);
        }
        waitpid(pid, NULL, 0);
    }
    return (ambs_clock_monotonic_s() - began) / (double)n;
}

/* Keeps `depth` attempts on each of `n_slots` slots until n have ended; s a trial. */
static double through_runner(const char *study, uint32_t n_slots, uint32_t depth, long n)
{
    ambs_spec *spec;
    ambs_supervisor *supervisor;
    ambs_runner *runner;
    ambs_error err = {0};
    if (ambs_spec_parse(study, strlen(study), "benchmark", NULL, 0, &spec, &err) != AMBS_OK ||
        ambs_supervisor_start(&supervisor, &err) != AMBS_OK ||
        ambs_runner_create(spec, n_slots, NULL, supervisor, NULL, false, &runner, &err) != AMBS_OK)
        die(err.text);
    double x[2] = {0.5, 3}, began = 0;
    uint32_t held[64] = {0};
    long begun = 0, warm = n_slots * depth + n / 20, last = n + warm;
    for (long ended = 0; ended < last;) {
        for (uint32_t slot = 0; slot < n_slots; slot++)
            for (; held[slot] < depth && begun < last; held[slot]++) {
                const ambs_attempt a = {
                    .trial = (uint64_t)begun++, .attempt = 1, .fidelity = NAN, .x = x};
                if (ambs_runner_begin(runner, slot, &a, &err) != AMBS_OK) die(err.text);
            }
        ambs_run_event event;
        if (!ambs_runner_poll(runner, &event)) {
            struct pollfd fd = {.fd = ambs_supervisor_fd(supervisor), .events = POLLIN};
            if (spec->objective->hosted)
                sched_yield();
            else
                poll(&fd, 1, 20);
            continue;
        }
        if (event.kind != AMBS_RUN_ENDED) continue;
        if (event.outcome.state != AMBS_TRIAL_COMPLETE) die(event.outcome.message);
        held[event.slot]--;
        if (++ended == warm) began = ambs_clock_monotonic_s();
    }
    double each = (ambs_clock_monotonic_s() - began) / (double)n;
    ambs_runner_destroy(runner);
    ambs_supervisor_stop(supervisor);
    ambs_spec_destroy(spec);
    return each;
}

static void print(const char *label, long n, double each_s, double bare_s)
{
    printf("%-28s %8ld %10.4f %12.0f %8.3f\n", label, n, 1e3 * each_s, 1 / each_s, each_s / bare_s);
    fflush(stdout);
}

int main(int argc, char **argv)
{
    long commands = argc > 1 ? atol(argv[1]) : 1000, hosted = argc > 2 ? atol(argv[2]) : 50000;
    struct utsname machine;
    uname(&machine);
    printf("# %s %s, %ld processors\n", machine.sysname, machine.machine,
           sysconf(_SC_NPROCESSORS_ONLN));
    printf("# %-26s %8s %10s %12s %8s\n", "label", "n", "ms/trial", "trials/s", "ratio");
    double base = bare(commands);
    print("bare_process", commands, base, base);
    print("command_slots=1", commands, through_runner(command_study, 1, 1, commands), base);
    print("command_slots=2", commands, through_runner(command_study, 2, 1, commands), base);
    print("hosted_slots=1_depth=1", hosted, through_runner(null_study, 1, 1, hosted), base);
    print("hosted_slots=1_depth=4", hosted,
          through_runner(null_study, 1, AMBS_RUNNER_DEPTH, hosted), base);
    print("hosted_slots=2_depth=1", hosted, through_runner(null_study, 2, 1, hosted), base);
    print("hosted_slots=2_depth=4", hosted,
          through_runner(null_study, 2, AMBS_RUNNER_DEPTH, hosted), base);
    return 0;
}
