/* SPDX-License-Identifier: MIT */
/* Where a command works, what it may use, and that nothing is left of it once it has ended. */
#include "running.h"

#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "objective/process_tree.h"
#include "objective/supervisor_cgroup.h"
#include "objective/supervisor_environment.h"
#include "objective/supervisor_memory.h"
#include "objective/supervisor_process.h"

static char scratch[64]; /* TMPDIR of the test: must be empty after each attempt */

static const char *study_of(const char *script, const char *rest)
{
    static char text[8192];
    snprintf(text, sizeof text,
             "%s\nobjective:\n  command:\n  - sh\n  - -c\n  - |\n    %s\n"
             "parameters: {a: {min: 0.0, max: 1.0}}\n",
             rest, script);
    return text;
}

static ambs_outcome run(const char *script, const char *rest)
{
    return running_once(study_of(script, rest));
}

static void assert_failed(ambs_outcome o, ambs_reason reason, const char *message)
{
    assert_ended(o, AMBS_TRIAL_FAILED, reason, 0);
    if (!strstr(o.message, message)) fail_msg("found \"%s\"", o.message);
}

/* The number that a script wrote to the file `name` in the test's folder. */
static pid_t written_number(const char *name)
{
    char path[128];
    long number = 0;
    snprintf(path, sizeof path, "%s/%s", scratch, name);
    FILE *file = fopen(path, "r");
    assert_non_null(file);
    assert_int_equal(fscanf(file, "%ld", &number), 1);
    fclose(file);
    unlink(path);
    return (pid_t)number;
}

static void assert_gone(const char *name)
{
    pid_t pid = written_number(name);
    if (kill(pid, 0) == 0 || errno != ESRCH) fail_msg("%s, %d, is there", name, (int)pid);
}

static size_t count_entries(const char *folder)
{
    DIR *d = opendir(folder);
    assert_non_null(d);
    size_t n = 0;
    for (const struct dirent *e; (e = readdir(d));) n += e->d_name[0] != '.';
    closedir(d);
    return n;
}

/* ---- folders ---- */

static void write_file(const char *name, const char *text, mode_t mode)
{
    char path[200];
    snprintf(path, sizeof path, "%s/study/%s", scratch, name);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    fputs(text, file);
    fclose(file);
    assert_int_equal(chmod(path, mode), 0);
}

/* The study file lies in a folder beside the attempts' own, not where this test works. */
static ambs_outcome run_in_folder(const char *command, const char *trial)
{
    char text[1024], name[200];
    ambs_error err = {0};
    running t = {0};
    snprintf(text, sizeof text,
             "method: {name: random}\nobjective: {command: [%s]}\ntrial: {%s}\n"
             "parameters: {a: {values: [train.py, b]}}\n",
             command, trial);
    snprintf(name, sizeof name, "%s/study/s.yaml", scratch);
    if (ambs_spec_parse(text, strlen(text), name, NULL, 0, &t.spec, &err) != AMBS_OK)
        fail_msg("%s", err.text);
    assert_int_equal(ambs_supervisor_start(&t.supervisor, &err), AMBS_OK);
    assert_int_equal(
        ambs_runner_create(t.spec, 1, NULL, t.supervisor, NULL, false, &t.runner, &err), AMBS_OK);
    running_start(&t, 0, 0);
    ambs_outcome o = running_wait(&t, AMBS_CONTINUE).outcome;
    running_end(&t);
    return o;
}

static void files_of_the_study_are_found_from_the_attempts_folder(void **state)
{
    (void)state;
    char path[200];
    snprintf(path, sizeof path, "%s/study", scratch);
    assert_int_equal(mkdir(path, 0755), 0);
    write_file("train.py",
               "test \"$PWD\" != \"$AMBS_STUDY_DIR\" && test -r \"$1\" && "
               "test \"$2\" = --from=\"$1\" && test \"$3\" = train.py && "
               "test \"$4\" = study && touch here && echo 3\n",
               0644);
    write_file("run.sh", "#!/bin/sh\npwd\ncat $AMBS_STUDY_DIR/value\n", 0755);
    write_file("value", "7\n", 0644);
    ambs_outcome o = run_in_folder("sh, train.py, value, --from=value, '${a}', study", "cores: 1");
    assert_ended(o, AMBS_TRIAL_COMPLETE, AMBS_REASON_NONE, 0);
    o = run_in_folder("./run.sh", "cores: 1");
    assert_true(o.objective == 7);
    o = run_in_folder("sh, -c, 'cat value'", "cores: 1");
    assert_ended(o, AMBS_TRIAL_FAILED, AMBS_REASON_EXIT, 1);
    o = run_in_folder("sh, -c, 'cat value'", "directory: study");
    assert_true(o.objective == 7);
    assert_int_equal(count_entries(path), 3);
    snprintf(path, sizeof path, "rm -r %s/study", scratch);
    assert_int_equal(system(path), 0);
    assert_int_equal(count_entries(scratch), 0);
}

static void folders_are_kept_as_asked(void **state)
{
    (void)state;
    char rest[200], command[200];
    static const struct {
        const char *keep, *script;
        size_t left;
    } cases[] = {{"never", "exit 1", 0},
                 {"failed", "echo 1", 0},
                 {"failed", "exit 1", 1},
                 {"always", "echo 1", 1}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char path[128];
        snprintf(path, sizeof path, "%s/mine", scratch);
        snprintf(rest, sizeof rest, "trial: {keep: %s, scratch: %s}", cases[i].keep, path);
        run(cases[i].script, rest);
        assert_int_equal(count_entries(path), cases[i].left);
        snprintf(command, sizeof command, "rm -r %s", path);
        assert_int_equal(system(command), 0);
    }
}

/* ---- memory ---- */

static void a_trial_beyond_its_memory_is_killed(void **state)
{
    (void)state;
    static const char limit[] = "trial: {memory: 64MiB, timeout: 15s}";
    ambs_outcome o = run("head -c 200M /dev/zero | tail -c 200M | sleep 1000", limit);
    assert_failed(o, AMBS_REASON_OUT_OF_MEMORY, "more than 64.0 MiB (trial.memory)");
    /* One that left the group, whose parent is gone. */
    o = run("(setsid -f sh -c 'head -c 200M /dev/zero | tail -c 200M | sleep 1000'); sleep 1000",
            limit);
    assert_failed(o, AMBS_REASON_OUT_OF_MEMORY, "more than 64.0 MiB");
    o = run("head -c 20M /dev/zero | tail -c 20M | wc -c", limit);
    assert_ended(o, AMBS_TRIAL_COMPLETE, AMBS_REASON_NONE, 0);
    o = running_once("objective: {hostile: leak}\ntrial: {memory: 100MiB, timeout: 15s}\n"
                     "parameters: {a: {min: 0.0, max: 1.0}}\n");
    assert_failed(o, AMBS_REASON_OUT_OF_MEMORY, "more than 100 MiB (trial.memory)");
}

static void the_limit_of_a_slot_counts_as_well(void **state)
{
    (void)state;
    const ambs_slot_resources slot = {.memory_bytes = 64 * 1048576.0};
    running t;
    running_begin_on(
        &t, study_of("head -c 200M /dev/zero | tail -c 200M | sleep 1000", "trial: {timeout: 15s}"),
        1, &slot);
    running_start(&t, 0, 0);
    assert_failed(running_wait(&t, AMBS_CONTINUE).outcome, AMBS_REASON_OUT_OF_MEMORY,
                  "more than 64.0 MiB");
    running_end(&t);
}

static void shared_memory_counts_once(void **state)
{
    (void)state;
    if (access("/usr/bin/python3", X_OK) != 0) return;
    ambs_outcome o =
        run("exec /usr/bin/python3 -c 'import os,time; b = bytearray(os.urandom(1000)) * 80000\n"
            "    for i in range(4):\n        if os.fork() == 0: time.sleep(0.7); os._exit(0)\n"
            "    for i in range(4): os.wait()\n    print(1)'",
            "trial: {memory: 200MiB}");
    assert_ended(o, AMBS_TRIAL_COMPLETE, AMBS_REASON_NONE, 0);
}

static void write_at(const char *name, const char *text)
{
    char path[300];
    snprintf(path, sizeof path, "%s/tree/%s", scratch, name);
    for (char *slash = path + strlen(scratch) + 1; (slash = strchr(slash, '/')); slash++) {
        *slash = '\0';
        mkdir(path, 0755);
        *slash = '/';
    }
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    fputs(text, file);
    fclose(file);
}

static void kills_by_the_kernel_are_counted(void **state)
{
    (void)state;
    char root[100], command[128];
    snprintf(root, sizeof root, "%s/tree", scratch);
    assert_true(ambs_memory_kills(root) == 0);
    write_at("proc/vmstat", "oom_killer 3\noom_kill 12\n");
    assert_true(ambs_memory_kills(root) == 12);
    write_at("proc/self/cgroup", "4:memory:/slurm/job_7\n2:cpuset,cpu:/x\n0::/system/step\n");
    write_at("sys/fs/cgroup/memory/slurm/job_7/memory.oom_control",
             "oom_kill_disable 0\nunder_oom 0\noom_kill 5\n");
    assert_true(ambs_memory_kills(root) == 5);
    write_at("sys/fs/cgroup/system/step/memory.events", "low 0\nmax 9\noom 2\noom_kill 1\n");
    assert_true(ambs_memory_kills(root) == 1);
    snprintf(command, sizeof command, "rm -r %s", root);
    assert_int_equal(system(command), 0);
}

/* ---- control groups: a made-up tree, since a delegated group with memory is rare where tests run ---- */

static const char *text_of(const char *path)
{
    static char text[256];
    FILE *file = fopen(path, "r");
    size_t n = file ? fread(text, 1, sizeof text - 1, file) : 0;
    if (file) fclose(file);
    text[n] = '\0';
    return text;
}

static const char *in_leaf(const char *leaf, const char *name)
{
    static char path[400];
    snprintf(path, sizeof path, "%s/%s", leaf, name);
    return path;
}

static void remove_tree(const char *root)
{
    char command[128];
    snprintf(command, sizeof command, "rm -r %s", root);
    assert_int_equal(system(command), 0);
}

static void a_group_is_used_where_it_has_memory_to_hand_down(void **state)
{
    (void)state;
    char root[100], base[AMBS_CGROUP_SIZE];
    snprintf(root, sizeof root, "%s/tree", scratch);
    assert_false(ambs_cgroup_find(root, base)); /* nothing there */
    write_at("proc/self/cgroup", "4:memory:/v1\n0::/job/step\n");
    write_at("sys/fs/cgroup/unified/job/step/cgroup.controllers", "cpu pids\n");
    write_at("sys/fs/cgroup/unified/job/step/cgroup.subtree_control", "pids\n");
    write_at("sys/fs/cgroup/unified/job/step/cgroup.procs", "17\n");
    assert_false(ambs_cgroup_find(root, base)); /* memory is of version 1 */
    write_at("sys/fs/cgroup/unified/job/step/cgroup.controllers", "cpu memory pids\n");
    write_at("sys/fs/cgroup/unified/job/step/cgroup.subtree_control", "memory pids\n");
    assert_true(ambs_cgroup_find(root, base));
    assert_non_null(strstr(base, "/tree/sys/fs/cgroup/unified/job/step"));
    write_at("proc/self/cgroup", "0::/job/step/ambs-main\n"); /* another agent had made room */
    write_at("sys/fs/cgroup/unified/job/step/ambs-main/cgroup.controllers", "memory\n");
    assert_true(ambs_cgroup_find(root, base));
    assert_null(strstr(base, "ambs-main"));
    remove_tree(root);
}

static void a_group_of_root_that_nobody_delegated_is_left_alone(void **state)
{
    (void)state;
    char root[100], base[AMBS_CGROUP_SIZE], main_leaf[200];
    snprintf(root, sizeof root, "%s/tree", scratch);
    write_at("proc/self/cgroup", "0::/job\n");
    write_at("sys/fs/cgroup/job/cgroup.controllers", "memory\n");
    write_at("sys/fs/cgroup/job/cgroup.subtree_control", "");
    write_at("sys/fs/cgroup/job/cgroup.procs", "17\n18\n");
    assert_false(ambs_cgroup_find(root, base)); /* the made-up file does not become "memory" */
    snprintf(main_leaf, sizeof main_leaf, "%s/sys/fs/cgroup/job/ambs-main", root);
    if (geteuid() == 0)
        assert_int_not_equal(access(main_leaf, F_OK), 0);
    else /* it is this user's: room was made in it */
        assert_int_equal(access(main_leaf, F_OK), 0);
    remove_tree(root);
}

/* Takes the child up as the supervisor does, after `say` was written about its leaf. */
static ambs_child end_in_group(const char *folder, const char *events)
{
    char *argv[] = {(char *)"true", NULL}, *environment[] = {NULL};
    ambs_children children = {.cgroup_base = folder};
    const ambs_start start = {
        .id = 7, .argv = argv, .environment = environment, .folder = "", .memory_limit = 64e6};
    char leaf[300], pid_text[32];
    pid_t pid = ambs_children_start(&children, &start);
    assert_true(pid > 0);
    snprintf(leaf, sizeof leaf, "%s/ambs-%ld-7", folder, (long)getpid());
    snprintf(pid_text, sizeof pid_text, "%ld", (long)pid);
    if (access(leaf, F_OK) == 0) {
        assert_string_equal(text_of(in_leaf(leaf, "memory.max")), "64000000");
        assert_string_equal(text_of(in_leaf(leaf, "memory.oom.group")), "1");
        assert_string_equal(text_of(in_leaf(leaf, "cgroup.procs")), pid_text);
        FILE *file = fopen(in_leaf(leaf, "memory.events"), "w");
        fputs(events, file);
        fclose(file);
        file = fopen(in_leaf(leaf, "memory.peak"), "w");
        fputs("63000000\n", file);
        fclose(file);
    }
    ambs_child child = {0};
    while (!ambs_children_reap(&children)) usleep(1000);
    assert_true(ambs_children_take_ended(&children, &child));
    free(children.items);
    return child;
}

static void a_process_with_a_limit_gets_a_leaf_that_tells_its_end(void **state)
{
    (void)state;
    char root[100], base[200];
    snprintf(root, sizeof root, "%s/tree", scratch);
    snprintf(base, sizeof base, "%s/group", root);
    write_at("group/cgroup.controllers", "memory\n");
    ambs_child child = end_in_group(base, "low 0\nmax 3\noom 1\noom_kill 1\noom_group_kill 1\n");
    assert_true(child.out_of_memory);
    assert_true(child.memory_peak == 63e6);
    assert_null(child.cgroup);
    remove_tree(root);
    write_at("group/cgroup.controllers", "memory\n");
    assert_false(end_in_group(base, "low 0\nmax 9\noom 0\noom_kill 0\n").out_of_memory);
    remove_tree(root);
    write_at("group/cgroup.controllers", "memory\n");
    snprintf(base, sizeof base, "%s/gone", root);
    child = end_in_group(base, ""); /* no leaf: it runs, and is watched */
    assert_false(child.out_of_memory);
    assert_int_equal(child.status, 0);
    remove_tree(root);
}

/* ---- what trials do ---- */

static void a_trial_that_stops_itself_is_ended(void **state)
{
    (void)state;
    ambs_outcome o = run("kill -STOP $$; echo 1", "trial: {timeout: 200ms, grace: 100ms}");
    assert_failed(o, AMBS_REASON_TIMEOUT, "ran longer than 200 ms");
    o = run("trap '' TERM; kill -STOP $$; while :; do sleep 1; done",
            "trial: {timeout: 200ms, grace: 100ms}");
    assert_failed(o, AMBS_REASON_TIMEOUT, "TERM did not end it");
}

/* Grandchildren in sessions of their own, that ignore TERM and hold the output open. */
static void grandchildren_are_gone_when_the_trial_has_ended(void **state)
{
    (void)state;
    char script[1024];
    snprintf(script, sizeof script,
             "for i in 1 2 3; do setsid sh -c \"trap '' TERM HUP; echo \\$\\$ > %s/far$i; "
             "while :; do sleep 1; done\" & done; "
             "while ! test -s %s/far1 -a -s %s/far2 -a -s %s/far3; do sleep 0.01; done; echo 2",
             scratch, scratch, scratch, scratch);
    running t;
    running_begin(&t, study_of(script, ""), 1);
    running_start(&t, 0, 0);
    assert_ended(running_wait(&t, AMBS_CONTINUE).outcome, AMBS_TRIAL_COMPLETE, AMBS_REASON_NONE, 0);
    assert_gone("far1");
    assert_gone("far2");
    assert_gone("far3");
    running_end(&t);
}

/* Two hundred processes, each of which goes on forking until there are so many, in sessions of
 * their own. */
static void a_bomb_of_bounded_size_is_cleared_away(void **state)
{
    (void)state;
    char script[1024];
    snprintf(script, sizeof script,
             "f() { if test $1 -gt 0; then f $(($1 - 1)) & f $(($1 - 1)) & fi; sleep 1000; }; "
             "for i in 1 2 3 4; do (setsid -f sleep 1000); done; f 6 & "
             "sleep 0.5; echo $$ > %s/leader; exit 4",
             scratch);
    running t;
    running_begin(&t, study_of(script, ""), 1);
    running_start(&t, 0, 0);
    assert_ended(running_wait(&t, AMBS_CONTINUE).outcome, AMBS_TRIAL_FAILED, AMBS_REASON_EXIT, 4);
    assert_gone("leader");
    pid_t supervisor, left[4];
    assert_int_equal(ambs_process_children(getpid(), &supervisor, 1), 1);
    assert_int_equal(ambs_process_descendants(supervisor, left, 4), 0);
    running_end(&t);
}

/* A slot's leftovers go while the other slot's trial stays, with its own grandchildren. */
static void one_trial_ends_and_the_other_stays(void **state)
{
    (void)state;
    char script[512];
    snprintf(script, sizeof script,
             "setsid sh -c \"echo \\$\\$ > %s/of$AMBS_TRIAL; exec sleep 1000\" & "
             "while ! test -s %s/of$AMBS_TRIAL; do sleep 0.01; done; "
             "test $AMBS_TRIAL = 0 || exec sleep 1000; echo 1",
             scratch, scratch);
    running t;
    running_begin(&t, study_of(script, "trial: {grace: 100ms}"), 2);
    running_start(&t, 0, 0);
    running_start(&t, 1, 1);
    assert_ended(running_wait(&t, AMBS_CONTINUE).outcome, AMBS_TRIAL_COMPLETE, AMBS_REASON_NONE, 0);
    assert_gone("of0");
    char path[128];
    snprintf(path, sizeof path, "%s/of1", scratch);
    while (access(path, F_OK) != 0) ambs_clock_sleep_s(0.005);
    ambs_clock_sleep_s(0.05);
    pid_t other = written_number("of1");
    assert_int_equal(kill(other, 0), 0);
    ambs_runner_cancel(t.runner, 1, false);
    assert_ended(running_wait(&t, AMBS_CONTINUE).outcome, AMBS_TRIAL_CANCELLED,
                 AMBS_REASON_CANCELLED, 0);
    assert_true(kill(other, 0) != 0 && errno == ESRCH);
    running_end(&t);
}

static void garbage_is_said(void **state)
{
    (void)state;
    /* one line that begins like no number and no JSON, whatever the rest */
    const char *garbage = "(printf ?; head -c 4096 /dev/urandom | tr -d \\\\n)";
    char into_file[128];
    snprintf(into_file, sizeof into_file, "%s > $AMBS_RESULT", garbage);
    assert_failed(run(garbage, ""), AMBS_REASON_BAD_RESULT, "found");
    assert_failed(run(into_file, ""), AMBS_REASON_BAD_RESULT, "found");
    assert_failed(run("mkdir $AMBS_RESULT", ""), AMBS_REASON_NO_RESULT, "AMBS_RESULT");
    assert_failed(run("mkfifo $AMBS_RESULT", ""), AMBS_REASON_NO_RESULT, "AMBS_RESULT");
    assert_failed(run("ln -s /dev/zero $AMBS_RESULT", ""), AMBS_REASON_NO_RESULT, "AMBS_RESULT");
}

/* What an attempt printed, as it is told before its end: [0] standard output, [1] standard error. */
static ambs_outcome run_and_hear(const char *study, char told[2][100000])
{
    running t;
    ambs_run_event e;
    uint32_t next[2] = {0};
    told[0][0] = told[1][0] = '\0';
    running_begin(&t, study, 1);
    running_start(&t, 0, 0);
    while ((e = running_next(&t)).kind != AMBS_RUN_ENDED) {
        if (e.kind != AMBS_RUN_OUTPUT) continue;
        assert_int_equal(e.part, next[e.stream]++);
        strcat(told[e.stream], e.text);
    }
    running_end(&t);
    return e.outcome;
}

static void what_a_trial_printed_is_told(void **state)
{
    (void)state;
    static char told[2][100000];
    run_and_hear(study_of("echo 1", ""), told);
    assert_string_equal(told[0], "1\n");
    assert_string_equal(told[1], "");
    run_and_hear(study_of("seq 1000; echo careful >&2", ""), told);
    assert_int_equal(strlen(told[0]), 3893); /* all of it */
    assert_string_equal(told[1], "careful\n");
    run_and_hear(study_of("seq 20000; echo why >&2; exit 1", ""), told);
    assert_memory_equal(told[0], "1\n2\n3\n", 6);
    assert_non_null(strstr(told[0], "[76126 bytes are left out]\n"));
    assert_int_equal(strlen(told[0]), 2 * 16384 + 28);
    assert_string_equal(told[1], "why\n");
    run_and_hear(study_of("seq 20000; echo 1", ""), told); /* complete, and kept all the same */
    assert_memory_equal(told[0], "1\n2\n3\n", 6);
    assert_int_equal(strlen(told[0]), 2 * 16384 + 28);
    run_and_hear(study_of("seq 1000", "trial: {output: {complete: 1KiB}}"), told);
    assert_memory_equal(told[0], "[2869 bytes are left out]\n", 26);
    assert_int_equal(strlen(told[0]), 26 + 1024);
    run_and_hear(study_of("echo 1; echo 2 >&2", "trial: {output: {complete: 0B}}"), told);
    assert_string_equal(told[0], "");
    run_and_hear("objective: {hostile: abort}\nparameters: {a: {min: 0.0, max: 1.0}}\n", told);
    assert_string_equal(told[0], "");
}

static void output_without_end_costs_nothing_but_the_reading(void **state)
{
    (void)state;
    static char told[2][100000];
    ambs_outcome o = run_and_hear(
        study_of("head -c 300M /dev/zero; echo; echo 5; head -c 30M /dev/zero >&2", ""), told);
    assert_ended(o, AMBS_TRIAL_COMPLETE, AMBS_REASON_NONE, 0);
    assert_true(o.objective == 5);
    assert_true(strlen(told[0]) < 33000 && strlen(told[1]) < 33000);
}

static void a_trial_that_prints_too_much_is_ended(void **state)
{
    (void)state;
    static const char limit[] = "trial: {output: {limit: 1MiB}, grace: 100ms, timeout: 15s}";
    static const char more[] = "more than 1.00 MiB (trial.output.limit)";
    assert_failed(run("yes", limit), AMBS_REASON_OUTPUT, more);
    assert_failed(run("trap '' TERM; while :; do head -c 100k /dev/zero >&2; done", limit),
                  AMBS_REASON_OUTPUT, more);
    assert_failed(run("head -c 1048574 /dev/zero; echo; echo 1", limit), AMBS_REASON_OUTPUT, more);
    ambs_outcome o =
        run("head -c 1048573 /dev/zero; echo; echo 1; head -c 1000k /dev/zero >&2", limit);
    assert_ended(o, AMBS_TRIAL_COMPLETE, AMBS_REASON_NONE, 0); /* each stream for itself */
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

static void what_misleads_a_nested_launcher_is_known(void **state)
{
    (void)state;
    static const char *const lost[] = {
        "OMPI_COMM_WORLD_SIZE=2", "PMIX_RANK=1",      "PMI_FD=7",        "PMI2_RANK=0",
        "SLURM_NTASKS=4",         "LSB_JOBID=5",      "LSB_HOSTS=a b",   "LSB_DJOB_HOSTFILE=/h",
        "PBS_NODEFILE=/h",        "PBS_ENVIRONMENT=", "PBS_NUM_PPN=4",   "PE_HOSTFILE=/h",
        "FLUX_JOB_ID=f1",         "FLUX_TASK_RANK=0", "JSM_NAMESPACE=1", "HYDI_CONTROL_FD=5",
        "PALS_RANKID=0",          "RANK=1",           "WORLD_SIZE=",     "TORCHELASTIC_RUN_ID=x"};
    static const char *const kept[] = {
        "SLURM_JOB_ID=5", "SLURM_CONF=/etc/s", "PBS_JOBID=5.here", "PBS_SERVER=here",
        "JOB_ID=5",       "SGE_ROOT=/sge",     "LSF_ENVDIR=/lsf",  "FLUX_URI=local:///run",
        "RANKED=1",       "MY_RANK=1",         "PATH=/bin",        "OMPI_ALLOW_RUN_AS_ROOT=1",
        "OPAL_PREFIX=/x", "MPICH_VERSION=4",   "PBS_NODEFILES=x",  ""};
    for (size_t i = 0; i < sizeof lost / sizeof *lost; i++)
        if (!ambs_is_launcher_variable(lost[i])) fail_msg("%s stays", lost[i]);
    for (size_t i = 0; i < sizeof kept / sizeof *kept; i++)
        if (ambs_is_launcher_variable(kept[i])) fail_msg("%s is lost", kept[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(files_of_the_study_are_found_from_the_attempts_folder),
        cmocka_unit_test(folders_are_kept_as_asked),
        cmocka_unit_test(a_trial_beyond_its_memory_is_killed),
        cmocka_unit_test(the_limit_of_a_slot_counts_as_well),
        cmocka_unit_test(shared_memory_counts_once),
        cmocka_unit_test(kills_by_the_kernel_are_counted),
        cmocka_unit_test(a_group_is_used_where_it_has_memory_to_hand_down),
        cmocka_unit_test(a_group_of_root_that_nobody_delegated_is_left_alone),
        cmocka_unit_test(a_process_with_a_limit_gets_a_leaf_that_tells_its_end),
        cmocka_unit_test(a_trial_that_stops_itself_is_ended),
        cmocka_unit_test(grandchildren_are_gone_when_the_trial_has_ended),
        cmocka_unit_test(a_bomb_of_bounded_size_is_cleared_away),
        cmocka_unit_test(one_trial_ends_and_the_other_stays),
        cmocka_unit_test(what_misleads_a_nested_launcher_is_known),
        cmocka_unit_test(garbage_is_said),
        cmocka_unit_test(what_a_trial_printed_is_told),
        cmocka_unit_test(output_without_end_costs_nothing_but_the_reading),
        cmocka_unit_test(a_trial_that_prints_too_much_is_ended),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("limits", tests, make_scratch, remove_scratch);
}
