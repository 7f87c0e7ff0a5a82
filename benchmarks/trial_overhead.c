/* SPDX-License-Identifier: MIT */
/* What a trial costs beyond the trial itself, on one slot and on two:
 *   command   trials of `printf 1` through the runner (scratch folder, parameters, output, result)
 * against bare fork, exec and wait of the same program hosted    trials that do nothing, in the
 * trial host: one at a time, and AMBS_RUNNER_DEPTH at once; and commands that take 10 ms. One line
 * each: label, n, ms a trial, trials a second, ratio to the bare process, and how much of the slots'
 * time was within trials, from the launch of a trial to its end, and the CPU time of a
 * trial with all that starts it. The agent polls without a pause while trials last no
 * longer than a wake-up (hosted), and sleeps on its descriptor for commands.  Usage:
 * bench_trial_overhead [n_commands [n_hosted]] */
#include <fcntl.h>
#include <math.h>
#include <poll.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
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

static const char sleep_study[] =
    "method: {name: random}\nobjective: {command: ['%s', sleep, '0.01']}\n"
    "parameters: {a: {min: 0.0, max: 1.0}, b: {min: 1, max: 8}}\n";

/* Means over the trials. */
typedef struct figures {
    double each_s; /* of wall time */
    double busy;   /* part of the slots' time; NaN: not measured */
    double cpu_s;  /* of this process, the supervisor and the trials */
} figures;

static void die(const char *text)
{
    fprintf(stderr, "%s\n", text);
    exit(1);
}

/* CPU time of this process and of all that it has waited for, s. */
static double cpu_s(void)
{
    double sum = 0;
    const int whose[] = {RUSAGE_SELF, RUSAGE_CHILDREN};
    for (int i = 0; i < 2; i++) {
        struct rusage u;
        getrusage(whose[i], &u);
        sum += (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) +
               1e-6 * (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec);
    }
    return sum;
}

static figures bare(long n)
{
    double cpu_before = cpu_s();
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
    return (figures){(ambs_clock_monotonic_s() - began) / (double)n, NAN,
                     (cpu_s() - cpu_before) / (double)n};
}

/* Keeps `depth` attempts on each of `n_slots` slots until n have ended; s a trial. */
static figures through_runner(const char *study, uint32_t n_slots, uint32_t depth, long n)
{
    ambs_spec *spec;
    ambs_supervisor *supervisor;
    ambs_runner *runner;
    ambs_error err = {0};
    double cpu_before = cpu_s();
    if (ambs_spec_parse(study, strlen(study), "benchmark", NULL, 0, &spec, &err) != AMBS_OK ||
        ambs_supervisor_start(&supervisor, &err) != AMBS_OK ||
        ambs_runner_create(spec, n_slots, NULL, supervisor, NULL, false, &runner, &err) != AMBS_OK)
        die(err.text);
    double x[2] = {0.5, 3}, began = 0, within = 0;
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
        if (ended >= warm) within += event.outcome.duration_s;
        if (++ended == warm) began = ambs_clock_monotonic_s();
    }
    double each = (ambs_clock_monotonic_s() - began) / (double)n;
    figures f = {each, depth == 1 ? within / (double)n / each / n_slots : NAN, 0};
    ambs_runner_destroy(runner);
    ambs_supervisor_stop(supervisor);
    ambs_spec_destroy(spec);
    f.cpu_s = (cpu_s() - cpu_before) / (double)last;
    return f;
}

static void print(const char *label, long n, figures f, figures bare_process)
{
    printf("%-28s %8ld %10.4f %12.0f %8.3f %8.3f %10.4f\n", label, n, 1e3 * f.each_s, 1 / f.each_s,
           f.each_s / bare_process.each_s, f.busy, 1e3 * f.cpu_s);
    fflush(stdout);
}

/* This program as a trial: it takes so many seconds. */
static int be_a_trial(const char *seconds)
{
    ambs_clock_sleep_s(atof(seconds));
    puts("1");
    return 0;
}

int main(int argc, char **argv)
{
    if (argc == 3 && strcmp(argv[1], "sleep") == 0) return be_a_trial(argv[2]);
    char self[4096] = "", sleeping[4400];
    if (readlink("/proc/self/exe", self, sizeof self - 1) < 0) die("/proc/self/exe");
    snprintf(sleeping, sizeof sleeping, sleep_study, self);
    long commands = argc > 1 ? atol(argv[1]) : 1000, hosted = argc > 2 ? atol(argv[2]) : 50000;
    struct utsname machine;
    uname(&machine);
    printf("# %s %s, %ld processors\n", machine.sysname, machine.machine,
           sysconf(_SC_NPROCESSORS_ONLN));
    printf("# %-26s %8s %10s %12s %8s %8s %10s\n", "label", "n", "ms/trial", "trials/s", "ratio",
           "busy", "CPU ms");
    figures base = bare(commands);
    print("bare_process", commands, base, base);
    print("command_slots=1", commands, through_runner(command_study, 1, 1, commands), base);
    print("command_slots=2", commands, through_runner(command_study, 2, 1, commands), base);
    print("command_10ms_slots=2", commands, through_runner(sleeping, 2, 1, commands), base);
    print("hosted_slots=1_depth=1", hosted, through_runner(null_study, 1, 1, hosted), base);
    print("hosted_slots=1_depth=4", hosted,
          through_runner(null_study, 1, AMBS_RUNNER_DEPTH, hosted), base);
    print("hosted_slots=2_depth=1", hosted, through_runner(null_study, 2, 1, hosted), base);
    print("hosted_slots=2_depth=4", hosted,
          through_runner(null_study, 2, AMBS_RUNNER_DEPTH, hosted), base);
    return 0;
}
