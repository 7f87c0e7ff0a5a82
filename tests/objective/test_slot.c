/* SPDX-License-Identifier: MIT */
/* What a slot has reaches the processes on it: cores, thread counts, GPUs; and the request to
 * checkpoint. */
#include "config.h"
#include "running.h"

#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "objective/command.h"
#include "objective/process_tree.h"

#define PARAMETERS "parameters: {a: {min: 0.0, max: 1.0}}\n"

static ambs_outcome run_on(const char *study, const ambs_slot_resources *slot)
{
    running t;
    running_begin_on(&t, study, 1, slot);
    running_start(&t, 0, 0);
    ambs_outcome o = running_wait(&t, AMBS_CONTINUE).outcome;
    running_end(&t);
    return o;
}

static int last_core(void)
{
    cpu_set_t set;
    sched_getaffinity(0, sizeof set, &set);
    for (int core = CPU_SETSIZE - 1; core >= 0; core--)
        if (CPU_ISSET(core, &set)) return core;
    return 0;
}

static void a_command_is_bound_to_its_cores(void **state)
{
    (void)state;
    const int core = last_core();
    const ambs_slot_resources slot = {.cores = &core, .n_cores = 1, .memory_bytes = NAN};
    ambs_outcome o = run_on(
        "objective: {command: [sh, -c, 'grep Cpus_allowed_list /proc/self/status | cut -f2']}\n"
        "trial: {cores: 3}\n" PARAMETERS,
        &slot);
    assert_ended(o, AMBS_TRIAL_COMPLETE, AMBS_REASON_NONE, 0);
    assert_true(o.objective == core);
    o = run_on("objective: {command: [sh, -c, 'echo $OMP_NUM_THREADS$MKL_NUM_THREADS']}\n"
               "trial: {cores: 3}\n" PARAMETERS,
               &slot);
    assert_true(o.objective == 11);
}

static void a_trial_host_is_bound_to_its_cores(void **state)
{
    (void)state;
    const int core = last_core();
    const ambs_slot_resources slot = {.cores = &core, .n_cores = 1, .memory_bytes = NAN};
    running t;
    running_begin_on(&t, "objective: {hostile: hang}\n" PARAMETERS, 1, &slot);
    running_start(&t, 0, 0);
    pid_t host = (pid_t)running_next(&t).pid;
    cpu_set_t set;
    double until = ambs_clock_monotonic_s() + 10;
    do assert_int_equal(sched_getaffinity(host, sizeof set, &set), 0);
    while (CPU_COUNT(&set) != 1 && ambs_clock_monotonic_s() < until);
    assert_true(CPU_COUNT(&set) == 1 && CPU_ISSET(core, &set));
    running_end(&t);
}

static void a_core_that_is_not_there_restricts_nothing(void **state)
{
    (void)state;
    const int core = 1000000;
    const ambs_slot_resources slot = {.cores = &core, .n_cores = 1, .memory_bytes = NAN};
    ambs_outcome o = run_on("objective: {command: [nproc]}\n" PARAMETERS, &slot);
    assert_ended(o, AMBS_TRIAL_COMPLETE, AMBS_REASON_NONE, 0);
}

static void one_variable_names_the_gpus(void **state)
{
    (void)state;
    const char *const gpus[] = {"GPU-11", "GPU-22"};
    const ambs_slot_resources slot = {
        .gpus = gpus, .n_gpus = 2, .gpu_variable = "ROCR_VISIBLE_DEVICES", .memory_bytes = NAN};
    setenv("CUDA_VISIBLE_DEVICES", "0,1,2,3", 1);
    setenv("HIP_VISIBLE_DEVICES", "0", 1);
    ambs_outcome o =
        run_on("objective: {command: [sh, -c, 'test \"$ROCR_VISIBLE_DEVICES\" = GPU-11,GPU-22 && "
               "test -z \"$${CUDA_VISIBLE_DEVICES+set}$${HIP_VISIBLE_DEVICES+set}\" && echo "
               "5']}\n" PARAMETERS,
               &slot);
    unsetenv("CUDA_VISIBLE_DEVICES");
    unsetenv("HIP_VISIBLE_DEVICES");
    assert_ended(o, AMBS_TRIAL_COMPLETE, AMBS_REASON_NONE, 0);
}

static void a_slot_without_gpus_sees_none(void **state)
{
    (void)state;
    const ambs_slot_resources slot = {.gpu_variable = "CUDA_VISIBLE_DEVICES", .memory_bytes = NAN};
    ambs_strings e = {0};
    ambs_error err;
    bool empty = false;
    assert_int_equal(ambs_slot_environment(&slot, 2, &e, &err), AMBS_OK);
    for (size_t i = 0; i < e.n; i++) empty |= strcmp(e.items[i], "CUDA_VISIBLE_DEVICES=") == 0;
    assert_true(empty);
    ambs_strings_fini(&e);
}

static ambs_outcome checkpointed(const char *study)
{
    running t;
    running_begin(&t, study, 1);
    running_start(&t, 0, 0);
    ambs_run_event event;
    do { /* it says when it is ready */
        event = running_next(&t);
        if (event.kind != AMBS_RUN_REPORT) continue;
        ambs_runner_answer(t.runner, 0, AMBS_CONTINUE);
        ambs_runner_checkpoint(t.runner, 0);
        ambs_runner_checkpoint(t.runner, 0); /* once is enough */
    } while (event.kind != AMBS_RUN_ENDED);
    running_end(&t);
    return event.outcome;
}

static void a_trial_is_asked_to_checkpoint(void **state)
{
    (void)state;
    ambs_outcome o = checkpointed(
        "objective: {command: [sh, -c, 'trap \"echo 4; exit 0\" USR1; "
        "echo \"{\\\"step\\\": 1, \\\"value\\\": 2}\" >&3; while :; do sleep 0.01; done']}\n"
        "trial: {checkpoint: true}\n" PARAMETERS);
    assert_ended(o, AMBS_TRIAL_COMPLETE, AMBS_REASON_NONE, 0);
    assert_true(o.objective == 4);
    o = checkpointed("objective: {command: [sh, -c, "
                     "'echo \"{\\\"step\\\": 1, \\\"value\\\": 2}\" >&3; exec sleep 1000']}\n"
                     "trial: {checkpoint: true}\n" PARAMETERS);
    assert_ended(o, AMBS_TRIAL_CANCELLED, AMBS_REASON_CANCELLED, 0);
    o = checkpointed("objective: {command: [sh, -c, 'trap \"exit 9\" USR1; "
                     "echo \"{\\\"step\\\": 1, \\\"value\\\": 2}\" >&3; read a <&3; sleep 0.1; "
                     "echo 4']}\n" PARAMETERS);
    assert_ended(o, AMBS_TRIAL_COMPLETE, AMBS_REASON_NONE, 0);
}

/* One attempt that is told to save; with `kill_supervisor` its worker is lost then. */
static ambs_outcome saved(const char *output, uint32_t attempt, bool kill_supervisor)
{
    static const char study[] =
        "objective:\n  command:\n  - sh\n  - -c\n  - |\n"
        "    test $AMBS_ATTEMPT -lt 4 || exec cat $AMBS_RESUME_DIR/state\n"
        "    test -z \"$AMBS_RESUME_DIR\" || cp $AMBS_RESUME_DIR/state $AMBS_CHECKPOINT_DIR/s.tmp\n"
        "    echo $AMBS_ATTEMPT >> $AMBS_CHECKPOINT_DIR/s.tmp\n"
        "    test $AMBS_ATTEMPT = 2 || mv $AMBS_CHECKPOINT_DIR/s.tmp $AMBS_CHECKPOINT_DIR/state\n"
        "    echo '{\"step\": 1, \"value\": 2}' >&3\n    exec sleep 1000\n"
        "trial: {checkpoint: true, grace: 100ms}\n" PARAMETERS;
    running t;
    ambs_run_event e;
    ambs_error err;
    running_begin(&t, study, 1);
    assert_int_equal(ambs_runner_save_beside(t.runner, output, &err), AMBS_OK);
    const ambs_attempt a = {.trial = 7, .attempt = attempt, .fidelity = NAN, .x = t.x};
    assert_int_equal(ambs_runner_begin(t.runner, 0, &a, &err), AMBS_OK);
    while ((e = running_next(&t)).kind != AMBS_RUN_ENDED) {
        pid_t supervisor;
        if (e.kind != AMBS_RUN_REPORT) continue;
        assert_int_equal(ambs_process_children(getpid(), &supervisor, 1), 1);
        if (kill_supervisor)
            kill(supervisor, SIGKILL);
        else
            ambs_runner_cancel(t.runner, 0, false);
    }
    running_end(&t);
    return e.outcome;
}

static void an_attempt_goes_on_from_what_one_before_saved(void **state)
{
    (void)state;
    char folder[64] = "/tmp/ambs-test-XXXXXX", output[96], path[160], unpublished[160];
    assert_non_null(mkdtemp(folder));
    snprintf(output, sizeof output, "%s/s.h5", folder);
    assert_ended(saved(output, 1, true), AMBS_TRIAL_FAILED, AMBS_REASON_WORKER_LOST, 0);
    snprintf(path, sizeof path, "%s.checkpoints/trial-7/attempt-1.published", output);
    snprintf(unpublished, sizeof unpublished, "%s.checkpoints/trial-7/attempt-1", output);
    assert_int_equal(rename(path, unpublished), 0); /* as if the runner had been lost, too */
    strcat(unpublished, "/state");
    assert_int_equal(access(unpublished, F_OK), 0);
    /* The second one is cut while it saves: the third goes on from the first. */
    assert_ended(saved(output, 2, false), AMBS_TRIAL_CANCELLED, AMBS_REASON_CANCELLED, 0);
    assert_true(access(unpublished, F_OK) != 0);
    assert_ended(saved(output, 3, false), AMBS_TRIAL_CANCELLED, AMBS_REASON_CANCELLED, 0);
    snprintf(path, sizeof path, "%s.checkpoints/trial-7/attempt-3.published/state", output);
    assert_int_equal(access(path, F_OK), 0);
    ambs_outcome o = saved(output, 4, false);
    assert_ended(o, AMBS_TRIAL_COMPLETE, AMBS_REASON_NONE, 0);
    assert_true(o.objective == 3);
    assert_int_equal(rmdir(folder), 0); /* nothing is left of them */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_command_is_bound_to_its_cores),
        cmocka_unit_test(a_trial_host_is_bound_to_its_cores),
        cmocka_unit_test(a_core_that_is_not_there_restricts_nothing),
        cmocka_unit_test(one_variable_names_the_gpus),
        cmocka_unit_test(a_slot_without_gpus_sees_none),
        cmocka_unit_test(a_trial_is_asked_to_checkpoint),
        cmocka_unit_test(an_attempt_goes_on_from_what_one_before_saved),
    };
    size_t n =
        sizeof tests / sizeof *tests - (AMBS_HAVE_JANSSON ? 0 : 2); /* the last two read JSON */
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return _cmocka_run_group_tests("slot", tests, n, NULL, NULL);
}
