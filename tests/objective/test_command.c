/* SPDX-License-Identifier: MIT */
/* Attempts as commands: what they get, how they end, what they leave behind. */
#include "running.h"

#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "config.h"

static char scratch[64]; /* TMPDIR of the test: must be empty after each attempt */

/* One attempt of `sh -c SCRIPT`; `rest` are further sections. The script stands in a YAML block, so
 * that tests need no quoting. */
static char *study_of(const char *script, const char *rest)
{
    static char text[8192];
    snprintf(
        text, sizeof text,
        "study: {name: commands, seed: 5}\nmetric: {name: loss}\n%s\n"
        "objective:\n  command:\n  - sh\n  - -c\n  - |\n    %s\n"
        "parameters: {lr: {min: 0.0, max: 1.0, default: 0.25}, n: {min: 1, max: 9, default: 3}}\n",
        rest, script);
    return text;
}

static ambs_outcome run(const char *script)
{
    return running_once(study_of(script, ""));
}

static bool is_empty(const char *folder)
{
    DIR *d = opendir(folder);
    assert_non_null(d);
    int n = 0;
    while (readdir(d)) n++;
    closedir(d);
    return n == 2;
}

/* Waits up to two seconds for the process to be gone. */
static bool is_gone(long pid)
{
    for (int i = 0; i < 400; i++) {
        if (kill((pid_t)pid, 0) != 0 && errno == ESRCH) return true;
        ambs_clock_sleep_s(0.005);
    }
    return false;
}

/* The number that a script wrote to the file `name` in the test's folder. */
static long written_number(const char *name)
{
    char path[128];
    long number = 0;
    snprintf(path, sizeof path, "%s-%s", scratch, name);
    for (int i = 0; i < 400 && number == 0; i++) {
        FILE *file = fopen(path, "r");
        if (file && fscanf(file, "%ld", &number) != 1) number = 0;
        if (file) fclose(file);
        if (number == 0) ambs_clock_sleep_s(0.005);
    }
    unlink(path);
    return number;
}

static void a_result_is_read_from_the_file(void **state)
{
    (void)state;
    ambs_outcome o = run("echo noise; echo 0.125 > $AMBS_RESULT");
    assert_ended(o, AMBS_TRIAL_COMPLETE, AMBS_REASON_NONE, 0);
    assert_true(o.objective == 0.125);
    o = run("echo '{\"loss\": 0.5, \"accuracy\": 0.75}' > $AMBS_RESULT");
    assert_ended(o, AMBS_TRIAL_COMPLETE, AMBS_REASON_NONE, 0);
    assert_true(o.objective == 0.5);
    assert_int_equal(o.n_metrics, 1);
    assert_string_equal(o.metrics[0].name, "accuracy");
    assert_true(is_empty(scratch));
}

static void a_result_is_read_from_the_last_line(void **state)
{
    (void)state;
    ambs_outcome o = run("echo epoch 1; printf '0.0625\\n\\n'");
    assert_ended(o, AMBS_TRIAL_COMPLETE, AMBS_REASON_NONE, 0);
    assert_true(o.objective == 0.0625);
    o = run("printf '{\"loss\": 3}'");
    assert_true(o.objective == 3);
}

static void every_ending_is_told_apart(void **state)
{
    (void)state;
    ambs_outcome o = run("echo first; echo 'ValueError: lr' >&2; exit 3");
    assert_ended(o, AMBS_TRIAL_FAILED, AMBS_REASON_EXIT, 3);
    assert_string_equal(o.message, "ValueError: lr");
    o = run("echo 1; kill -SEGV $$");
    assert_ended(o, AMBS_TRIAL_FAILED, AMBS_REASON_SIGNAL, SIGSEGV);
    o = run("true");
    assert_ended(o, AMBS_TRIAL_FAILED, AMBS_REASON_NO_RESULT, 0);
    assert_true(strstr(o.message, "{\"loss\": number}") != NULL);
    o = run("echo done");
    assert_ended(o, AMBS_TRIAL_FAILED, AMBS_REASON_BAD_RESULT, 0);
    assert_string_equal(
        o.message, "the last line of standard output: found \"done\", expected a number or a JSON "
                   "object with \"loss\"");
    o = run("echo '{\"los\": 1}' > $AMBS_RESULT");
    assert_ended(o, AMBS_TRIAL_FAILED, AMBS_REASON_BAD_RESULT, 0);
    assert_string_equal(
        o.message, "the file in AMBS_RESULT has no \"loss\"; the nearest name in it is \"los\"");
    o = run("printf '{\"loss\": 1' > $AMBS_RESULT");
    assert_ended(o, AMBS_TRIAL_FAILED, AMBS_REASON_BAD_RESULT, 0);
    o = run("echo nan");
    assert_ended(o, AMBS_TRIAL_FAILED, AMBS_REASON_NOT_A_NUMBER, 0);
    o = run("echo '{\"loss\": -Infinity}' > $AMBS_RESULT");
    assert_ended(o, AMBS_TRIAL_FAILED, AMBS_REASON_INFINITE, 0);
    assert_true(is_empty(scratch));
}

static void a_program_that_cannot_run_is_said(void **state)
{
    (void)state;
    char program[128], text[512];
    snprintf(program, sizeof program, "%s-program", scratch);
    FILE *file = fopen(program, "w");
    assert_non_null(file);
    fputs("#!/no/such/interpreter\n", file);
    fclose(file);
    chmod(program, 0755);
    snprintf(text, sizeof text,
             "objective: {command: [%s]}\nparameters: {a: {min: 0.0, max: 1.0}}\n", program);
    ambs_outcome o = running_once(text);
    assert_ended(o, AMBS_TRIAL_FAILED, AMBS_REASON_NOT_STARTED, 0);
    assert_true(strstr(o.message, "No such file or directory") != NULL);
    unlink(program);
}

static void a_command_gets_what_is_promised(void **state)
{
    (void)state;
    static const char text[] =
        "study: {name: promised, seed: 5}\n"
        "trial: {cores: 2}\n"
        "objective:\n  command: [sh, -c, 'for a in \"$@\"; do echo \"$a\"; done > \"$0\"; env | "
        "grep -E \"^AMBS_|_NUM_THREADS\" | sort >> \"$0\"; "
        "cat \"$AMBS_PARAMS\" | tr -d \" \\n\" >> \"$0\"; echo 1', %s-seen, '--rate=${lr}', "
        "'--momentum=${momentum}', "
        "'$${x}$$', '${args}', '--trial=${AMBS_TRIAL}', '${args_no_boolean_flags}', "
        "'${args_json}']\n"
        "parameters:\n"
        "  lr: {min: 0.0, max: 1.0, default: 0.1}\n"
        "  kind: {values: [plain, 'two words']}\n"
        "  momentum: {min: 0.0, max: 1.0, when: {kind: ['two words']}}\n"
        "  deep.size: {value: 64}\n"
        "  nesterov: {value: true}\n"
        "  amsgrad: {value: false}\n";
    char study[2048], path[128], seen[4096] = "";
    snprintf(study, sizeof study, text, scratch);
    ambs_outcome o = running_once(study);
    assert_ended(o, AMBS_TRIAL_COMPLETE, AMBS_REASON_NONE, 0);
    snprintf(path, sizeof path, "%s-seen", scratch);
    FILE *file = fopen(path, "r");
    assert_non_null(file);
    seen[fread(seen, 1, sizeof seen - 1, file)] = '\0';
    fclose(file);
    unlink(path);
    static const char arguments[] =
        "--rate=0.1\n${x}$$\n--lr=0.1\n--kind=plain\n--deep.size=64\n--nesterov=true\n--amsgrad="
        "false\n"
        "--trial=7\n--lr=0.1\n--kind=plain\n--deep.size=64\n--nesterov\n"
        "{\"lr\": 0.1, \"kind\": \"plain\", \"deep.size\": 64, \"nesterov\": true, "
        "\"amsgrad\": false}\n";
    assert_memory_equal(seen, arguments, strlen(arguments));
    static const char *const lines[] = {
        "\nAMBS_ATTEMPT=1\n",
        "\nAMBS_TRIAL=7\n",
        "\nAMBS_STUDY=promised\n",
        "\nAMBS_REPORT_FD=3\n",
        "\nAMBS_PARAM_lr=0.1\n",
        "\nAMBS_PARAM_kind=plain\n",
        "\nAMBS_PARAM_deep_size=64\n",
        "\nOMP_NUM_THREADS=2\n",
        "\nOPENBLAS_NUM_THREADS=2\n",
        "\nMKL_NUM_THREADS=2\n",
        "\nAMBS_SEED=",
        "{\"lr\":0.1,\"kind\":\"plain\",\"deep.size\":64,\"nesterov\":true,\"amsgrad\":false}"};
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++)
        if (!strstr(seen, lines[i])) fail_msg("%s is missing in %s", lines[i], seen);
    assert_null(strstr(seen, "AMBS_FIDELITY"));
    assert_null(strstr(seen, "momentum"));
}

static void launcher_variables_do_not_reach_a_trial(void **state)
{
    (void)state;
    setenv("OMPI_COMM_WORLD_RANK", "1", 1);
    setenv("PMIX_RANK", "1", 1);
    setenv("SLURM_NTASKS", "4", 1);
    setenv("SLURM_JOB_ID", "77", 1);
    setenv("WORLD_SIZE", "4", 1);
    setenv("PE_HOSTFILE", "/tmp/hosts", 1);
    setenv("RANKED", "kept", 1);
    setenv("OMPI_ALLOW_RUN_AS_ROOT", "1", 1);
    ambs_outcome o = run(
        "test -z \"$OMPI_COMM_WORLD_RANK$PMIX_RANK$SLURM_NTASKS$WORLD_SIZE$PE_HOSTFILE\" && "
        "test $SLURM_JOB_ID$RANKED$OMPI_ALLOW_RUN_AS_ROOT = 77kept1 && ls /proc/self/fd | wc -l");
    assert_ended(o, AMBS_TRIAL_COMPLETE, AMBS_REASON_NONE, 0);
    assert_true(o.objective == 5); /* 0, 1, 2, the report socket, and the folder that ls reads */
    unsetenv("OMPI_COMM_WORLD_RANK");
    unsetenv("PMIX_RANK");
    unsetenv("SLURM_NTASKS");
    unsetenv("SLURM_JOB_ID");
    unsetenv("WORLD_SIZE");
    unsetenv("PE_HOSTFILE");
    unsetenv("RANKED");
}

static void a_timeout_ends_the_whole_group(void **state)
{
    (void)state;
    char script[512];
    snprintf(script, sizeof script,
             "sleep 1000 & echo $! > %s-child; trap '' TERM; while true; do sleep 1; done",
             scratch);
    ambs_outcome o = running_once(study_of(script, "trial: {timeout: 200ms, grace: 100ms}"));
    assert_ended(o, AMBS_TRIAL_FAILED, AMBS_REASON_TIMEOUT, 0);
    assert_true(is_gone(written_number("child")));
    o = running_once(study_of("sleep 1000", "trial: {timeout: 100ms}"));
    assert_ended(o, AMBS_TRIAL_FAILED, AMBS_REASON_TIMEOUT, 0);
    assert_string_equal(o.message, "ran longer than 100 ms (trial.timeout)");
    o = running_once(study_of("kill -STOP $$", "trial: {timeout: 100ms}"));
    assert_ended(o, AMBS_TRIAL_FAILED, AMBS_REASON_TIMEOUT, 0);
}

/* The grandchild leaves group and session, and even lets go of the output. */
static void nothing_is_left_of_a_trial(void **state)
{
    (void)state;
    char script[512];
    snprintf(script, sizeof script,
             "setsid sh -c 'echo $$ > %s-far; exec sleep 1000' > /dev/null 2>&1 & sleep 1000 & "
             "echo $! > %s-near; "
             "while ! test -s %s-far; do sleep 0.01; done; echo 1",
             scratch, scratch, scratch);
    running t;
    running_begin(&t, study_of(script, ""), 1);
    running_start(&t, 0, 0);
    assert_ended(running_wait(&t, AMBS_CONTINUE).outcome, AMBS_TRIAL_COMPLETE, AMBS_REASON_NONE, 0);
    assert_true(is_gone(written_number("near")));
    assert_true(is_gone(written_number("far")));
    running_end(&t);
    /* The same when it is killed: the grandchild's own child hides its environment. */
    snprintf(script, sizeof script,
             "setsid env -i sh -c 'echo $$ > %s-far; sleep 1000' > /dev/null 2>&1 & sleep 1000",
             scratch);
    ambs_outcome o = running_once(study_of(script, "trial: {timeout: 300ms, grace: 50ms}"));
    assert_ended(o, AMBS_TRIAL_FAILED, AMBS_REASON_TIMEOUT, 0);
    assert_true(is_gone(written_number("far")));
}

static void much_output_does_no_harm(void **state)
{
    (void)state;
    ambs_outcome o =
        run("head -c 1048576 /dev/zero | tr '\\0' x; head -c 1048576 /dev/zero | tr '\\0' y >&2; "
            "echo; echo 2.5");
    assert_ended(o, AMBS_TRIAL_COMPLETE, AMBS_REASON_NONE, 0);
    assert_true(o.objective == 2.5);
    o = run("head -c 1048576 /dev/zero | tr '\\0' x");
    assert_ended(o, AMBS_TRIAL_FAILED, AMBS_REASON_BAD_RESULT, 0);
}

static const char reporting[] = "for s in 1 2 3 4; do echo \"{\\\"step\\\": $s, \\\"value\\\": "
                                "0.$s, \\\"acc\\\": 1}\" >&3; read a <&3; "
                                "test \"$a\" = continue || exit 0; done; echo 9";

static void step_reports_are_answered(void **state)
{
    (void)state;
    running t;
    running_begin(&t, study_of(reporting, ""), 1);
    running_start(&t, 0, 0);
    int reports = 0, others = 0;
    ambs_run_event event;
    while ((event = running_next(&t)).kind != AMBS_RUN_ENDED) {
        if (event.kind != AMBS_RUN_REPORT) continue;
        if (strcmp(event.metric, "loss") == 0)
            assert_int_equal(event.step, ++reports);
        else
            others++;
        ambs_runner_answer(t.runner, 0, AMBS_CONTINUE);
    }
    assert_int_equal(reports, 4);
    assert_int_equal(others, 4);
    assert_true(event.outcome.objective == 9);
    running_start(&t, 0, 1);
    event = running_wait(&t, AMBS_STOP);
    assert_ended(event.outcome, AMBS_TRIAL_PRUNED, AMBS_REASON_NONE, 0);
    assert_true(event.outcome.objective == 0.1);
    running_end(&t);
}

static void reports_without_waiting_are_all_told(void **state)
{
    (void)state;
    running t;
    running_begin(&t,
                  study_of("for s in 1 2 3 4 5; do echo \"{\\\"step\\\": $s, \\\"loss\\\": 1}\" "
                           ">&3; done; echo bad >&3; echo 1",
                           ""),
                  1);
    running_start(&t, 0, 0);
    int reports = 0;
    ambs_run_event event;
    while ((event = running_next(&t)).kind != AMBS_RUN_ENDED) {
        if (event.kind != AMBS_RUN_REPORT) continue;
        reports++;
        ambs_clock_sleep_s(0.01);
        ambs_runner_answer(t.runner, 0, AMBS_CONTINUE);
    }
    assert_int_equal(reports, 5);
    assert_ended(event.outcome, AMBS_TRIAL_COMPLETE, AMBS_REASON_NONE, 0);
    running_end(&t);
}

static void a_trial_that_will_not_stop_is_stopped(void **state)
{
    (void)state;
    running t;
    running_begin(
        &t,
        study_of("echo '{\"step\": 1, \"value\": 0.5}' >&3; sleep 1000", "trial: {grace: 100ms}"),
        1);
    running_start(&t, 0, 0);
    ambs_run_event event = running_wait(&t, AMBS_STOP);
    assert_ended(event.outcome, AMBS_TRIAL_PRUNED, AMBS_REASON_NONE, 0);
    assert_true(event.outcome.objective == 0.5);
    running_end(&t);
}

static void a_cancelled_command_ends(void **state)
{
    (void)state;
    running t;
    running_begin(&t, study_of("sleep 1000", ""), 2);
    for (uint32_t slot = 0; slot < 2; slot++) {
        running_start(&t, slot, slot);
        assert_int_equal(ambs_runner_room(t.runner, slot), 0);
        ambs_runner_cancel(t.runner, slot, slot == 1);
    }
    for (int i = 0; i < 2; i++)
        assert_ended(running_wait(&t, AMBS_CONTINUE).outcome, AMBS_TRIAL_CANCELLED,
                     AMBS_REASON_CANCELLED, 0);
    running_end(&t);
    assert_true(is_empty(scratch));
}

/* The program of the documentation, by Debian's Python where there is one. */
static void the_example_runs(void **state)
{
    (void)state;
    if (access("/usr/bin/python3", X_OK) != 0) return;
    running t;
    running_begin(&t,
                  "objective: {command: [/usr/bin/python3, " AMBS_TEST_EXAMPLES "/train.py]}\n"
                  "parameters: {rate: {min: 0.0, max: 1.0, default: 0.25}, steps: {value: 3}}\n",
                  1);
    static const double after[] = {1 / 64.0, 1 / 4.0}; /* x halves at each step */
    for (int stop = 0; stop < 2; stop++) {
        running_start(&t, 0, 0);
        ambs_outcome o = running_wait(&t, stop ? AMBS_STOP : AMBS_CONTINUE).outcome;
        assert_ended(o, stop ? AMBS_TRIAL_PRUNED : AMBS_TRIAL_COMPLETE, AMBS_REASON_NONE, 0);
        assert_true(o.objective == after[stop]);
        assert_string_equal(o.metrics[0].name, "x");
    }
    running_end(&t);
}

static void wrong_commands_are_refused(void **state)
{
    (void)state;
    static const struct {
        const char *command, *message;
    } wrong[] = {
        {"[sh, '--x=${lrr}']",
         "command: \"--x=${lrr}\" names \"lrr\", expected a parameter, ${args} or ${AMBS_…}; did "
         "you mean \"lr\"?"},
        {"[sh, 'a ${args}']",
         "command: found \"a ${args}\", expected ${args} as an element of its own"},
        {"[sh, '--c=${args_json}']",
         "command: found \"--c=${args_json}\", expected ${args_json} as "
         "an element of its own"},
        {"[sh, '${arg_json}']",
         "command: \"${arg_json}\" names \"arg_json\", expected a parameter, ${args} or ${AMBS_…}; "
         "did you mean \"args_json\"?"},
        {"[sh, '${lr']", "command: \"${lr\" has \"${\" without \"}\"; write $${ for a plain ${"},
        {"[no-such-program-here]",
         "command: no program \"no-such-program-here\" in PATH; name it with its folder "
         "(./no-such-program-here) or install it"},
        {"[/no/such/program]", "command: /no/such/program: No such file or directory"},
    };
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        char text[512];
        ambs_spec *spec;
        ambs_error err = {0};
        snprintf(text, sizeof text,
                 "method: {name: random}\nobjective: {command: %s}\nparameters: {lr: {min: 0.0, "
                 "max: 1.0}}\n",
                 wrong[i].command);
        char found[512]; /* where the study is read, and where a record of it is to be run */
        snprintf(found, sizeof found, "t:2:22: %s", wrong[i].message);
        assert_int_equal(ambs_spec_parse(text, strlen(text), "t", NULL, 0, &spec, &err),
                         AMBS_E_INVALID);
        assert_string_equal(err.text, found);
        assert_int_equal(ambs_spec_parse_recorded(text, strlen(text), "t", &spec, &err), AMBS_OK);
        assert_true(ambs_runner_check(spec, &err) < 0);
        assert_string_equal(err.text, wrong[i].message);
        ambs_spec_destroy(spec);
    }
}

static int make_scratch(void **state)
{
    (void)state;
    strcpy(scratch, "/tmp/ambs-test-XXXXXX");
    if (!mkdtemp(scratch)) return -1;
    return setenv("TMPDIR", scratch, 1);
}

static int remove_scratch(void **state)
{
    (void)state;
    return rmdir(scratch); /* fails when something was left in it */
}

/* The agent, which removes folders, is killed as any process may be. */
static void a_killed_agent_leaves_no_folder(void **state)
{
    (void)state;
    int ready[2];
    char byte = 0;
    assert_int_equal(pipe(ready), 0);
    pid_t agent = fork();
    if (agent == 0) {
        running t;
        running_begin(&t, study_of("mkdir inside; echo > inside/file; sleep 60", ""), 1);
        running_start(&t, 0, 1);
        running_next(&t);
        ambs_clock_sleep_s(0.1);
        if (write(ready[1], "x", 1) == 1) pause();
        _exit(1);
    }
    close(ready[1]);
    assert_int_equal(read(ready[0], &byte, 1), 1);
    close(ready[0]);
    assert_false(is_empty(scratch));
    kill(agent, SIGKILL);
    waitpid(agent, NULL, 0);
    for (int i = 0; i < 1000 && !is_empty(scratch); i++) ambs_clock_sleep_s(0.01);
    assert_true(is_empty(scratch));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_result_is_read_from_the_file),
        cmocka_unit_test(a_result_is_read_from_the_last_line),
        cmocka_unit_test(every_ending_is_told_apart),
        cmocka_unit_test(a_program_that_cannot_run_is_said),
        cmocka_unit_test(a_command_gets_what_is_promised),
        cmocka_unit_test(launcher_variables_do_not_reach_a_trial),
        cmocka_unit_test(a_timeout_ends_the_whole_group),
        cmocka_unit_test(nothing_is_left_of_a_trial),
        cmocka_unit_test(much_output_does_no_harm),
        cmocka_unit_test(step_reports_are_answered),
        cmocka_unit_test(reports_without_waiting_are_all_told),
        cmocka_unit_test(a_trial_that_will_not_stop_is_stopped),
        cmocka_unit_test(a_cancelled_command_ends),
        cmocka_unit_test(the_example_runs),
        cmocka_unit_test(wrong_commands_are_refused),
        cmocka_unit_test(a_killed_agent_leaves_no_folder),
    };
    if (!AMBS_HAVE_JANSSON) { /* results and reports are JSON in most of them */
        puts("1..0 # SKIP not built, or not here");
        return 0;
    }
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("command", tests, make_scratch, remove_scratch);
}
