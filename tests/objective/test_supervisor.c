/* SPDX-License-Identifier: MIT */
/* The supervisor's own death, the agent's death, and helpers: nothing is left in any case. */
#include "running.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/random.h"
#include "objective/process_tree.h"
#include "objective/supervisor.h"

static bool is_gone(long pid)
{
    for (int i = 0; i < 600; i++) {
        if (kill((pid_t)pid, 0) != 0 && errno == ESRCH) return true;
        ambs_clock_sleep_s(0.005);
    }
    return false;
}

/* The supervisor is the only child of this program. */
static pid_t find_supervisor(void)
{
    pid_t pids[8];
    assert_int_equal(ambs_process_children(getpid(), pids, 8), 1);
    return pids[0];
}

/* Writes the pids of a process that leaves its group, and of one that stays, to the pipe's end. */
static const char *leaving_study(int fd)
{
    static char text[1024];
    snprintf(text, sizeof text,
             "objective:\n  command:\n  - sh\n  - -c\n  - |\n"
             "    setsid sh -c 'echo $$ > /proc/%d/fd/%d; exec sleep 1000' & sleep 1000 & echo $! "
             "> /proc/%d/fd/%d; wait\n"
             "parameters: {a: {min: 0.0, max: 1.0}}\ntrial: {grace: 100ms}\n",
             (int)getpid(), fd, (int)getpid(), fd);
    return text;
}

static void read_pids(int fd, long *ret_pids, size_t n)
{
    char text[256] = "";
    size_t length = 0, lines = 0;
    while (lines < n) {
        ssize_t got = read(fd, text + length, sizeof text - 1 - length);
        assert_true(got > 0);
        for (ssize_t i = 0; i < got; i++) lines += text[length + (size_t)i] == '\n';
        length += (size_t)got;
    }
    char *at = text;
    for (size_t i = 0; i < n; i++) ret_pids[i] = strtol(at, &at, 10);
}

static void a_killed_supervisor_leaves_nothing(void **state)
{
    (void)state;
    int ends[2];
    long pids[2];
    running t;
    assert_int_equal(pipe(ends), 0);
    running_begin(&t, leaving_study(ends[1]), 1);
    pid_t supervisor = find_supervisor();
    running_start(&t, 0, 3);
    ambs_run_event event = running_next(&t);
    assert_int_equal(event.kind, AMBS_RUN_STARTED);
    read_pids(ends[0], pids, 2);
    kill(supervisor, SIGKILL);
    ambs_run_event ended = running_next(&t);
    assert_int_equal(ended.kind, AMBS_RUN_ENDED);
    assert_int_equal(ended.trial, 3);
    assert_ended(ended.outcome, AMBS_TRIAL_FAILED, AMBS_REASON_WORKER_LOST, 0);
    assert_int_equal(running_next(&t).kind, AMBS_RUN_SUPERVISOR_LOST);
    assert_true(is_gone(event.pid) && is_gone(pids[0]) && is_gone(pids[1]));
    assert_false(ambs_runner_poll(t.runner, &event));
    const ambs_attempt attempt = {.x = t.x};
    ambs_error err;
    assert_int_equal(ambs_runner_room(t.runner, 0), 0);
    assert_int_equal(ambs_runner_begin(t.runner, 0, &attempt, &err), AMBS_E_IO);
    running_end(&t);
    close(ends[0]);
    close(ends[1]);
}

static void a_killed_supervisor_takes_its_hosts_along(void **state)
{
    (void)state;
    running t;
    running_begin(&t, "objective: {hostile: ignore_term}\nparameters: {a: {min: 0.0, max: 1.0}}\n",
                  2);
    pid_t supervisor = find_supervisor();
    long pids[2];
    for (uint32_t slot = 0; slot < 2; slot++)
        for (uint64_t i = 0; i < 2; i++) running_start(&t, slot, 2 * slot + i);
    for (int i = 0; i < 2; i++) pids[i] = running_next(&t).pid;
    kill(supervisor, SIGKILL);
    for (int i = 0; i < 4; i++)
        assert_ended(running_wait(&t, AMBS_CONTINUE).outcome, AMBS_TRIAL_FAILED,
                     AMBS_REASON_WORKER_LOST, 0);
    ambs_run_event event;
    while ((event = running_next(&t)).kind != AMBS_RUN_SUPERVISOR_LOST)
        assert_int_equal(event.kind, AMBS_RUN_STARTED);
    assert_true(is_gone(pids[0]) && is_gone(pids[1]));
    running_end(&t);
}

/* At any moment of a start: nothing is left, and every attempt ends once. */
static void a_supervisor_may_be_killed_at_any_moment(void **state)
{
    (void)state;
    ambs_random r;
    ambs_random_init(&r, 5, 0, AMBS_PURPOSE_TEST);
    for (int round = 0; round < 40; round++) {
        running t;
        running_begin(&t,
                      "objective: {command: [sh, -c, 'sleep 1000 & setsid -f sleep 1000; wait']}\n"
                      "parameters: {a: {min: 0.0, max: 1.0}}\n",
                      3);
        pid_t supervisor = find_supervisor();
        for (uint32_t slot = 0; slot < 3; slot++) running_start(&t, slot, slot);
        ambs_clock_sleep_s(0.02 * ambs_random_uniform(&r));
        kill(supervisor, SIGKILL);
        int ended = 0;
        for (ambs_run_event e; (e = running_next(&t)).kind != AMBS_RUN_SUPERVISOR_LOST;) {
            if (e.kind != AMBS_RUN_ENDED) continue;
            assert_ended(e.outcome, AMBS_TRIAL_FAILED, AMBS_REASON_WORKER_LOST, 0);
            ended++;
        }
        assert_int_equal(ended, 3);
        pid_t pids[8];
        assert_int_equal(ambs_process_children(getpid(), pids, 8), 0);
        running_end(&t);
    }
}

/* The agent is a child of this test, which adopts nothing: what is left would stay for good. */
static void a_killed_agent_leaves_nothing(void **state)
{
    (void)state;
    int ends[2];
    long pids[3];
    assert_int_equal(pipe(ends), 0);
    pid_t agent = fork();
    if (agent == 0) {
        running t;
        running_begin(&t, leaving_study(ends[1]), 1);
        dprintf(ends[1], "%d\n", (int)find_supervisor());
        running_start(&t, 0, 0);
        for (;;) running_wait(&t, AMBS_CONTINUE);
    }
    read_pids(ends[0], pids, 3);
    kill(agent, SIGKILL);
    assert_int_equal(waitpid(agent, NULL, 0), agent);
    for (int i = 0; i < 3; i++) {
        /* This program became a subreaper in an earlier test: it reaps what it gets. */
        for (int k = 0; k < 600 && kill((pid_t)pids[i], 0) == 0; k++) {
            waitpid((pid_t)pids[i], NULL, WNOHANG);
            ambs_clock_sleep_s(0.005);
        }
        assert_true(is_gone(pids[i]));
    }
    close(ends[0]);
    close(ends[1]);
}

/* A process with a supervisor that guards it, and then nothing more; how it ended. */
static int end_of_a_guarded(double limit_s, pid_t fellow)
{
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        ambs_supervisor *supervisor;
        const int32_t fellows[1] = {fellow};
        if (ambs_supervisor_start(&supervisor, NULL) != AMBS_OK) _exit(1);
        /* the first request is replaced by the second */
        if (ambs_supervisor_guard(supervisor, 0.05, 0, NULL, 0, NULL) != AMBS_OK) _exit(1);
        if (ambs_supervisor_guard(supervisor, limit_s, 0, fellows, fellow != 0, NULL) != AMBS_OK)
            _exit(1);
        ambs_clock_sleep_s(fellow || limit_s < 1 ? 30 : 0.5);
        _exit(7);
    }
    int status;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    while (waitpid(-1, NULL, 0) > 0) continue; /* its supervisor, which came to this subreaper */
    return status;
}

static void a_guarded_agent_is_ended_at_its_limit(void **state)
{
    (void)state;
    int status = end_of_a_guarded(0.2, 0);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
}

static void a_guarded_agent_goes_with_its_fellow(void **state)
{
    (void)state;
    pid_t fellow = fork();
    assert_true(fellow >= 0);
    if (fellow == 0) {
        ambs_clock_sleep_s(0.3);
        _exit(0); /* stays as a zombie, which is gone as well */
    }
    int status = end_of_a_guarded(60, fellow);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
}

static void note_and_leave(int signal)
{
    (void)signal;
    _exit(9);
}

static void a_guarded_agent_hears_of_its_masters_end(void **state)
{
    (void)state;
    pid_t master = fork(), pid;
    assert_true(master >= 0);
    if (master == 0) {
        ambs_clock_sleep_s(0.3);
        _exit(0);
    }
    if ((pid = fork()) == 0) {
        ambs_supervisor *supervisor;
        signal(AMBS_WIRE_ABANDONED, note_and_leave);
        if (ambs_supervisor_start(&supervisor, NULL) != AMBS_OK ||
            ambs_supervisor_guard(supervisor, 60, master, NULL, 0, NULL) != AMBS_OK)
            _exit(1);
        ambs_clock_sleep_s(30);
        _exit(7);
    }
    int status;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 9);
    while (waitpid(-1, NULL, 0) > 0) continue;
}

static void a_guard_can_be_called_off(void **state)
{
    (void)state;
    int status = end_of_a_guarded(INFINITY, 0);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 7);
}

static void stopping_ends_what_runs(void **state)
{
    (void)state;
    running t;
    running_begin(&t, "objective: {hostile: hang}\nparameters: {a: {min: 0.0, max: 1.0}}\n", 1);
    pid_t supervisor = find_supervisor();
    running_start(&t, 0, 0);
    long pid = running_next(&t).pid;
    double began = ambs_clock_monotonic_s();
    running_end(&t);
    assert_true(ambs_clock_monotonic_s() - began < 1.9);
    assert_true(is_gone(pid) && is_gone(supervisor));
}

static void keep_line(void *ctx, ambs_log_level level, const char *line)
{
    (void)level;
    snprintf(ctx, 256, "%s", line);
}

static void a_helper_runs_beside_the_trials(void **state)
{
    (void)state;
    static const char study[] = "method: {name: random}\nobjective: {function: "
                                "'null'}\nparameters: {a: {min: 0.0, max: 1.0}}\n";
    char line[256] = "";
    const ambs_log log = {.write = keep_line, .ctx = line, .level = AMBS_LOG_DEBUG};
    ambs_error err = {0};
    running t = {0};
    assert_int_equal(ambs_spec_parse(study, strlen(study), "t", NULL, 0, &t.spec, &err), AMBS_OK);
    assert_int_equal(ambs_supervisor_start(&t.supervisor, &err), AMBS_OK);
    assert_int_equal(
        ambs_runner_create(t.spec, 0, NULL, t.supervisor, &log, false, &t.runner, &err), AMBS_OK);
    const char *const ending[] = {"sh", "-c", "sleep 0.1; echo snapshot failed >&2; exit 5", NULL};
    const char *const dying[] = {"sh", "-c", "kill -9 $$", NULL};
    const char *const missing[] = {"/no/such/program", NULL};
    assert_int_equal(ambs_supervisor_helper(t.supervisor, ending, &err), AMBS_OK);
    assert_int_equal(ambs_supervisor_helper(t.supervisor, dying, &err), AMBS_E_AGAIN);
    ambs_run_event event = running_next(&t);
    assert_int_equal(event.kind, AMBS_RUN_HELPER_ENDED);
    assert_int_equal(event.code, 5);
    assert_string_equal(line, "helper: snapshot failed");
    assert_int_equal(ambs_supervisor_helper(t.supervisor, dying, &err), AMBS_OK);
    assert_int_equal(running_next(&t).code, 128 + SIGKILL);
    assert_int_equal(ambs_supervisor_helper(t.supervisor, missing, &err), AMBS_OK);
    assert_int_equal(running_next(&t).code, 127);
    running_end(&t);
}

static void a_missing_supervisor_is_said(void **state)
{
    (void)state;
    ambs_supervisor *supervisor;
    ambs_error err = {0};
    char path[4200];
    assert_int_equal(ambs_program_find("ambs-no-such-program", path, sizeof path, &err),
                     AMBS_E_NOT_FOUND);
    assert_non_null(strstr(err.text, "set AMBS_LIBEXEC to its folder"));
    setenv("AMBS_LIBEXEC", "/bin", 1); /* does not have it: the next place is tried */
    assert_int_equal(ambs_supervisor_start(&supervisor, &err), AMBS_OK);
    ambs_supervisor_stop(supervisor);
    unsetenv("AMBS_LIBEXEC");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_killed_supervisor_leaves_nothing),
        cmocka_unit_test(a_killed_supervisor_takes_its_hosts_along),
        cmocka_unit_test(a_supervisor_may_be_killed_at_any_moment),
        cmocka_unit_test(a_killed_agent_leaves_nothing),
        cmocka_unit_test(a_guarded_agent_is_ended_at_its_limit),
        cmocka_unit_test(a_guarded_agent_goes_with_its_fellow),
        cmocka_unit_test(a_guarded_agent_hears_of_its_masters_end),
        cmocka_unit_test(a_guard_can_be_called_off),
        cmocka_unit_test(stopping_ends_what_runs),
        cmocka_unit_test(a_helper_runs_beside_the_trials),
        cmocka_unit_test(a_missing_supervisor_is_said),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("supervisor", tests, NULL, NULL);
}
