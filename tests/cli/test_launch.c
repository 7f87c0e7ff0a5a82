/* SPDX-License-Identifier: MIT */
/* The launcher's words by the batch job, and job scripts made from templates. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <mpi.h>

#include "cli/launch_words.h"
#include "cluster/batch_script.h"

/* Of the launches to come. */
static uint32_t model_ranks;

/* The words behind Open MPI's flags of a launch, between blanks. */
static void assert_words(ambs_launcher launcher, const char *const *environment, uint32_t n_nodes,
                         uint32_t n_ranks, uint32_t n_workers, uint32_t each, const char *expected)
{
    char line[512] = "";
    ambs_error err = {0};
    ambs_batch_job job = ambs_batch_find_job(environment);
    const ambs_launch_request request = {.launcher = launcher,
                                         .job = &job,
                                         .environment = environment,
                                         .n_nodes = n_nodes,
                                         .n_ranks = n_ranks,
                                         .n_workers = n_workers,
                                         .worker_ranks = each,
                                         .n_fit = 8,
                                         .model_ranks = model_ranks};
    ambs_launch_words words;
    assert_int_equal(ambs_launch_choose(&request, &words, &err), AMBS_OK);
    for (const char *const *w = words.argv; *w; w++) {
        strcat(line, w == words.argv ? "" : " ");
        strcat(line, *w);
    }
    assert_string_equal(line, expected);
}

#define MPIRUN "mpirun --mca orte_abort_on_non_zero_status 0 --oversubscribe --bind-to none -q "

static const char *const nothing[] = {NULL};
static const char *const slurm[] = {"SLURM_JOB_ID=1", NULL};

static void a_workstation_gets_a_worker_for_each_core_or_as_many_as_asked(void **state)
{
    (void)state;
    assert_words(AMBS_LAUNCHER_MPIRUN, nothing, 0, 0, 0, 1, MPIRUN "-n 9");
    assert_words(AMBS_LAUNCHER_MPIRUN, nothing, 0, 0, 3, 1, MPIRUN "-n 4");
    assert_words(AMBS_LAUNCHER_MPIRUN, nothing, 0, 0, 0, 4, MPIRUN "-n 9"); /* 2 of 4 ranks */
    assert_words(AMBS_LAUNCHER_MPIRUN, nothing, 0, 0, 2, 4, MPIRUN "-n 9");
    assert_words(AMBS_LAUNCHER_MPIRUN, nothing, 0, 0, 0, 16, MPIRUN "-n 17"); /* one at least */
}

static void a_job_of_several_hosts_gets_a_rank_on_each_and_the_managers(void **state)
{
    (void)state;
    assert_words(AMBS_LAUNCHER_MPIRUN, slurm, 4, 4, 0, 1, MPIRUN "--map-by node -n 5");
    assert_words(AMBS_LAUNCHER_MPIRUN, slurm, 1, 1, 0, 1, MPIRUN "-n 9");
    assert_words(AMBS_LAUNCHER_MPIRUN, slurm, 4, 4, 2, 1, MPIRUN "-n 3");
    /* who asked for ranks gets them */
    assert_words(AMBS_LAUNCHER_MPIRUN, slurm, 2, 64, 0, 1, MPIRUN "-n 64");
    assert_words(AMBS_LAUNCHER_MPIRUN, slurm, 4, 4, 0, 2, MPIRUN "-n 4");
}

static void ranks_of_the_model_come_on_top_where_ambs_counts(void **state)
{
    (void)state;
    model_ranks = 2;
    assert_words(AMBS_LAUNCHER_MPIRUN, nothing, 0, 0, 0, 1, MPIRUN "-n 11");
    assert_words(AMBS_LAUNCHER_MPIRUN, nothing, 0, 0, 2, 4, MPIRUN "-n 11");
    assert_words(AMBS_LAUNCHER_MPIRUN, slurm, 4, 4, 0, 1, MPIRUN "--map-by node -n 7");
    assert_words(AMBS_LAUNCHER_MPIRUN, slurm, 2, 64, 0, 1, MPIRUN "-n 64");
    model_ranks = 0;
}

static void hosts_come_from_a_file_where_mpirun_does_not_know_them(void **state)
{
    (void)state;
    static const char *const pbs[] = {"PBS_JOBID=1.head", "PBS_NODEFILE=/var/nodes", NULL};
    assert_words(AMBS_LAUNCHER_MPIRUN, pbs, 2, 2, 0, 1,
                 MPIRUN "--hostfile /var/nodes --map-by node -n 3");
    static const struct {
        const char *text;
        uint32_t nodes, ranks;
    } files[] = {{"", 0, 0},
                 {"\n\n", 0, 0},
                 {"h1\n", 1, 1},
                 {"h1\nh1\nh2", 2, 3},
                 {"h1 slots=4\nh10\n", 2, 2},
                 {"h1\r\nh1\r\n", 1, 2}};
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        uint32_t nodes, ranks;
        ambs_launch_count_hosts(files[i].text, &nodes, &ranks);
        assert_true(nodes == files[i].nodes && ranks == files[i].ranks);
    }
}

static void srun_gets_one_rank_per_host_and_survives(void **state)
{
    (void)state;
    assert_words(AMBS_LAUNCHER_SRUN, slurm, 3, 3, 0, 1,
                 "srun --mpi=pmix --kill-on-bad-exit=0 --no-kill --wait=0 --cpu-bind=none "
                 "--ntasks-per-node=1 --quiet -N 3 -n 3");
}

static void srun_is_refused_where_it_cannot_work(void **state)
{
    (void)state;
    ambs_error err;
    ambs_launch_words words;
    ambs_batch_job none = ambs_batch_find_job(nothing), job = ambs_batch_find_job(slurm);
    ambs_launch_request request = {
        .launcher = AMBS_LAUNCHER_SRUN, .job = &none, .environment = nothing, .worker_ranks = 1};
    assert_int_equal(ambs_launch_choose(&request, &words, &err), AMBS_E_INVALID);
    assert_non_null(strstr(err.text, "works in a Slurm job only"));
    request.job = &job;
    request.n_workers = 4;
    assert_int_equal(ambs_launch_choose(&request, &words, &err), AMBS_E_INVALID);
    assert_non_null(strstr(err.text, "found -j 4 with --launcher srun"));
}

static void a_start_that_no_death_survives_is_told(void **state)
{
    (void)state;
    assert_null(ambs_launch_weakness(nothing));
    assert_null(ambs_launch_weakness(AMBS_BATCH_WORDS("OMPI_COMM_WORLD_SIZE=1")));
    assert_null(ambs_launch_weakness(
        AMBS_BATCH_WORDS("OMPI_COMM_WORLD_SIZE=4", "OMPI_MCA_orte_abort_on_non_zero_status=0")));
    assert_null(
        ambs_launch_weakness(AMBS_BATCH_WORDS("SLURM_STEP_NUM_TASKS=4", "SLURM_STEP_NUM_NODES=4")));
    const char *text =
        ambs_launch_weakness(AMBS_BATCH_WORDS("SLURM_STEP_NUM_TASKS=8", "SLURM_STEP_NUM_NODES=4"));
    assert_true(text && strstr(text, "several ranks on a host under srun"));
#if defined(OPEN_MPI) && OMPI_MAJOR_VERSION < 5
    text = ambs_launch_weakness(AMBS_BATCH_WORDS("OMPI_COMM_WORLD_SIZE=4"));
    assert_true(text && strstr(text, "orte_abort_on_non_zero_status 0"));
    text = ambs_launch_weakness(
        AMBS_BATCH_WORDS("OMPI_COMM_WORLD_SIZE=4", "OMPI_MCA_orte_abort_on_non_zero_status=1"));
    assert_non_null(text);
#endif
}

/* --- job scripts ------------------------------------------------------------------------------- */

static const ambs_batch_ops *system_named(const char *name)
{
    const ambs_batch_ops *ops = NULL;
    assert_int_equal(ambs_batch_find(name, &ops, NULL), AMBS_OK);
    return ops;
}

static void a_script_takes_the_place_of_its_templates_directives(void **state)
{
    (void)state;
    static const char template[] = "#!/bin/bash\n# a study\n#SBATCH --nodes=2   # hosts\n"
                                   "#SBATCH --exclusive\n#SBATCH --time=01:00:00\n\nthis=there\n"
                                   "exec ambs run \"$@\"\n";
    const ambs_batch_request request = {.nodes = 4, .time_s = NAN, .name = "n"};
    const ambs_batch_script script = {.ops = system_named("slurm"),
                                      .request = &request,
                                      .extra = "--qos=long; --exclusive=user",
                                      .modules = "openmpi",
                                      .path = "/my scripts/s",
                                      .argv = AMBS_BATCH_WORDS("a b.yaml", "-o", "x.h5"),
                                      .successors = "/s.jobs"};
    ambs_text out = {0};
    ambs_error err;
    assert_int_equal(ambs_batch_write_script(&script, template, &out, &err), AMBS_OK);
    assert_string_equal(
        out.text,
        "#!/bin/bash\n# a study\n#SBATCH --time=01:00:00\n#SBATCH --job-name=n\n#SBATCH --nodes=4\n"
        "#SBATCH --qos=long\n#SBATCH --exclusive=user\n\nmodule load openmpi\n"
        "set -- 'a b.yaml' -o x.h5\nexport AMBS_SUCCESSORS=/s.jobs   # jobs that wait for this "
        "one: "
        "cancelled when the study is done\n\nthis='/my scripts/s'\nexec ambs run \"$@\"\n");
    ambs_text_fini(&out);
}

static void resources_of_other_kinds_stay(void **state)
{
    (void)state;
    static const char template[] = "#PBS -l select=2:ncpus=4\n#PBS -l walltime=01:00:00\n#PBS -V\n"
                                   "this=x\n";
    const ambs_batch_request request = {.time_s = 7200};
    const ambs_batch_script script = {.ops = system_named("pbs"),
                                      .request = &request,
                                      .path = "s",
                                      .argv = AMBS_BATCH_WORDS("s.yaml")};
    ambs_text out = {0};
    ambs_error err;
    assert_int_equal(ambs_batch_write_script(&script, template, &out, &err), AMBS_OK);
    assert_string_equal(out.text, "#PBS -l select=2:ncpus=4\n#PBS -V\n#PBS -l walltime=02:00:00\n\n"
                                  "set -- s.yaml\nthis=s\n");
    ambs_text_fini(&out);
}

static void a_template_that_is_none_is_refused(void **state)
{
    (void)state;
    const ambs_batch_request request = {.time_s = NAN};
    const ambs_batch_script script = {.ops = system_named("slurm"),
                                      .request = &request,
                                      .path = "s",
                                      .argv = AMBS_BATCH_WORDS("s.yaml")};
    static const char *const cases[][2] = {
        {"", "found no line that begins with \"#SBATCH \""},
        {"#!/bin/bash\n#SBATCHX\n", "found no line that begins with \"#SBATCH \""},
        {"#SBATCH -N 2\nexec ambs\n", "found no line this="}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        ambs_text out = {0};
        ambs_error err;
        assert_int_equal(ambs_batch_write_script(&script, cases[i][0], &out, &err), AMBS_E_FORMAT);
        if (!strstr(err.text, cases[i][1])) fail_msg("%s", err.text);
        ambs_text_fini(&out);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_workstation_gets_a_worker_for_each_core_or_as_many_as_asked),
        cmocka_unit_test(a_job_of_several_hosts_gets_a_rank_on_each_and_the_managers),
        cmocka_unit_test(ranks_of_the_model_come_on_top_where_ambs_counts),
        cmocka_unit_test(hosts_come_from_a_file_where_mpirun_does_not_know_them),
        cmocka_unit_test(srun_gets_one_rank_per_host_and_survives),
        cmocka_unit_test(srun_is_refused_where_it_cannot_work),
        cmocka_unit_test(a_start_that_no_death_survives_is_told),
        cmocka_unit_test(a_script_takes_the_place_of_its_templates_directives),
        cmocka_unit_test(resources_of_other_kinds_stay),
        cmocka_unit_test(a_template_that_is_none_is_refused),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("launch", tests, NULL, NULL);
}
