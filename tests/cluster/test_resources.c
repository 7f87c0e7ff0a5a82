/* SPDX-License-Identifier: MIT */
/* What a rank finds on made-up machines: bindings, cgroups, Slurm, NVIDIA, MIG, AMD, nothing. */
#include "fake_machine.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static fake_machine f;

static void assert_cores(const ambs_resources *r, const char *expected)
{
    ambs_text out = {0};
    ambs_core_set_print(&r->cores, &out);
    assert_string_equal(out.text, expected);
    ambs_text_fini(&out);
}

/* "id=name …" of all GPUs. */
static void assert_gpus(const ambs_resources *r, const char *variable, const char *expected)
{
    ambs_text out = {0};
    ambs_text_add(&out, "");
    for (size_t i = 0; i < r->n_gpus; i++)
        ambs_text_addf(&out, "%s%s=%s", i ? " " : "", r->gpus[i].id, r->gpus[i].name);
    assert_string_equal(out.text, expected);
    assert_string_equal(r->gpu_variable, variable);
    ambs_text_fini(&out);
}

static void done(ambs_resources *r)
{
    ambs_resources_fini(r);
    fake_fini(&f);
}

/* --- cores ----------------------------------------------------------------------------------- */

static void a_machine_without_proc_is_not_known(void **state)
{
    (void)state;
    fake_init(&f, "0");
    f.machine.root = "/nowhere";
    ambs_resources r = fake_detect(&f);
    assert_cores(&r, "");
    assert_true(isnan(r.memory_bytes));
    assert_int_equal(r.n_gpus, 0);
    assert_int_not_equal(r.machine, 0);
    done(&r);
}

static void a_process_that_nobody_launched_keeps_its_affinity(void **state)
{
    (void)state;
    fake_init(&f, "2-3");
    fake_parent(&f, 0, 100, "mpirun", "0-63"); /* no variable says so: a shell started by it */
    ambs_resources r = fake_detect(&f);
    assert_cores(&r, "2-3");
    assert_false(r.cores_are_private);
    assert_true(r.memory_bytes == 16777216.0 * 1024);
    done(&r);
}

static void what_mpirun_pinned_to_one_core_gets_mpiruns_own_cores(void **state)
{
    (void)state;
    fake_init(&f, "5");
    fake_variable(&f, "OMPI_COMM_WORLD_SIZE", "8");
    fake_parent(&f, 0, 100, "orted", "0-15");
    ambs_resources r = fake_detect(&f);
    assert_cores(&r, "0-15");
    assert_int_equal(r.n_bound, 1);
    assert_false(r.cores_are_private);
    done(&r);
}

static void the_launcher_is_found_above_a_wrapper_script(void **state)
{
    (void)state;
    fake_init(&f, "5");
    fake_variable(&f, "OMPI_COMM_WORLD_SIZE", "8");
    fake_parent(&f, 0, 200, "bash", "5");
    fake_parent(&f, 200, 100, "mpirun", "0-7");
    ambs_resources r = fake_detect(&f);
    assert_cores(&r, "0-7");
    done(&r);
}

static void a_list_of_cores_given_to_mpirun_is_kept(void **state)
{
    (void)state;
    fake_init(&f, "5");
    fake_variable(&f, "OMPI_COMM_WORLD_SIZE", "8");
    fake_variable(&f, "OMPI_MCA_hwloc_base_cpu_list", "4,5");
    fake_parent(&f, 0, 100, "mpirun", "0-7");
    ambs_resources r = fake_detect(&f);
    assert_cores(&r, "5");
    assert_true(r.cores_are_private);
    done(&r);
}

static void a_container_has_no_more_than_its_cpuset(void **state)
{
    (void)state;
    fake_init(&f, "1");
    fake_variable(&f, "OMPI_COMM_WORLD_SIZE", "2");
    fake_parent(&f, 0, 100, "mpirun", "0-63");
    fake_file(&f, "/proc/self/cgroup", "0::/pod/box\n");
    fake_file(&f, "/sys/fs/cgroup/cgroup.controllers", "cpuset cpu memory\n");
    fake_file(&f, "/sys/fs/cgroup/pod/cpuset.cpus.effective", "0-3\n");
    ambs_resources r = fake_detect(&f);
    assert_cores(&r, "0-3");
    done(&r);
}

static void under_srun_the_cpuset_of_the_step_is_the_jobs_part(void **state)
{
    (void)state;
    fake_init(&f, "8-11");
    fake_variable(&f, "PMIX_RANK", "2");
    fake_variable(&f, "SLURM_CPUS_ON_NODE", "16");
    fake_parent(&f, 0, 100, "slurmstepd", "0-127");
    fake_file(&f, "/proc/self/cgroup",
              "9:cpuset:/slurm/uid_1/job_7/step_0\n4:memory:/slurm/uid_1/job_7/step_0\n0::/\n");
    fake_file(&f, "/sys/fs/cgroup/cpuset/slurm/uid_1/job_7/step_0/cpuset.cpus", "0-15\n");
    ambs_resources r = fake_detect(&f);
    assert_cores(&r, "0-15");
    assert_int_equal(r.n_bound, 4);
    assert_false(r.cores_are_private);
    done(&r);
}

static void under_srun_without_cgroups_the_binding_is_all_that_is_known(void **state)
{
    (void)state;
    fake_init(&f, "8-11");
    fake_variable(&f, "PMIX_RANK", "2");
    fake_variable(&f, "SLURM_CPUS_ON_NODE", "16");
    fake_file(&f, "/proc/self/cgroup", "0::/\n");
    fake_file(&f, "/sys/fs/cgroup/cgroup.controllers", "cpuset\n");
    fake_file(&f, "/sys/fs/cgroup/cpuset.cpus.effective", "0-127\n");
    ambs_resources r = fake_detect(&f);
    assert_cores(&r, "8-11");
    assert_true(r.cores_are_private);
    done(&r);
}

static void hardware_threads_are_known_by_their_stride(void **state)
{
    (void)state;
    static const char *const siblings[] = {"0,4", "1,5", "2,6", "3,7"};
    fake_init(&f, "0-7");
    for (int c = 0; c < 8; c++) {
        char path[96];
        snprintf(path, sizeof path, "/sys/devices/system/cpu/cpu%d/topology/thread_siblings_list",
                 c);
        fake_file(&f, path, "%s\n", siblings[c % 4]);
    }
    ambs_resources r = fake_detect(&f);
    assert_int_equal(r.core_stride, 4);
    ambs_resources_fini(&r);
    for (int c = 0; c < 8; c++) {
        char path[96];
        snprintf(path, sizeof path, "/sys/devices/system/cpu/cpu%d/topology/thread_siblings_list",
                 c);
        fake_file(&f, path, "%d-%d\n", c - c % 2, c - c % 2 + 1);
    }
    r = fake_detect(&f);
    assert_int_equal(r.core_stride, 0);
    done(&r);
}

/* --- memory ---------------------------------------------------------------------------------- */

static void memory_is_the_least_limit_of_all_cgroups_above(void **state)
{
    (void)state;
    fake_init(&f, "0");
    fake_file(&f, "/proc/self/cgroup", "0::/job/step\n");
    fake_file(&f, "/sys/fs/cgroup/cgroup.controllers", "memory\n");
    fake_file(&f, "/sys/fs/cgroup/job/memory.max", "8589934592\n");
    fake_file(&f, "/sys/fs/cgroup/job/step/memory.max", "max\n");
    ambs_resources r = fake_detect(&f);
    assert_true(r.memory_bytes == 0x1p33);
    done(&r);
}

static void version_1_of_cgroups_says_no_limit_by_a_huge_number(void **state)
{
    (void)state;
    fake_init(&f, "0");
    fake_file(&f, "/proc/self/cgroup", "4:memory:/a\n0::/\n");
    fake_file(&f, "/sys/fs/cgroup/memory/memory.limit_in_bytes", "9223372036854771712\n");
    fake_file(&f, "/sys/fs/cgroup/memory/a/memory.limit_in_bytes", "1073741824\n");
    ambs_resources r = fake_detect(&f);
    assert_true(r.memory_bytes == 0x1p30);
    done(&r);
}

static void slurm_says_memory_by_node_or_by_core(void **state)
{
    (void)state;
    fake_init(&f, "0");
    fake_variable(&f, "SLURM_MEM_PER_NODE", "4096");
    ambs_resources r = fake_detect(&f);
    assert_true(r.memory_bytes == 0x1p32);
    done(&r);
    fake_init(&f, "0");
    fake_variable(&f, "SLURM_MEM_PER_CPU", "512");
    fake_variable(&f, "SLURM_CPUS_ON_NODE", "4");
    r = fake_detect(&f);
    assert_true(r.memory_bytes == 0x1p31);
    done(&r);
    fake_init(&f, "0");
    fake_variable(&f, "SLURM_MEM_PER_NODE", "0"); /* all */
    r = fake_detect(&f);
    assert_true(r.memory_bytes == 0x1p34);
    done(&r);
}

/* --- GPUs ------------------------------------------------------------------------------------ */

static void four_nvidia(void)
{
    fake_init(&f, "0-63");
    fake_nvidia(&f, 2, 0x07, "GPU-aaaa", "0-15"); /* minor numbers in another order than PCI */
    fake_nvidia(&f, 0, 0x46, "GPU-bbbb", "16-31");
    fake_nvidia(&f, 1, 0x85, "GPU-cccc", "32-47");
    fake_nvidia(&f, 3, 0xc7, "GPU-dddd", "48-63");
}

static void without_a_variable_all_gpus_are_there(void **state)
{
    (void)state;
    four_nvidia();
    ambs_resources r = fake_detect(&f);
    assert_gpus(&r, "CUDA_VISIBLE_DEVICES", "GPU-aaaa=0 GPU-bbbb=1 GPU-cccc=2 GPU-dddd=3");
    assert_string_equal(r.gpus[2].near, "32-47");
    done(&r);
}

static void cuda_visible_devices_chooses_by_number_and_by_uuid(void **state)
{
    (void)state;
    static const char *const cases[][2] = {{"1,3", "GPU-bbbb=1 GPU-dddd=3"},
                                           {"3,1", "GPU-dddd=3 GPU-bbbb=1"},
                                           {" 2 ", "GPU-cccc=2"},
                                           {"GPU-cccc,0", "GPU-cccc=GPU-cccc GPU-aaaa=0"},
                                           {"GPU-d", "GPU-dddd=GPU-d"},
                                           {"1,-1,2", "GPU-bbbb=1"}, /* CUDA stops there */
                                           {"1,7,2", "GPU-bbbb=1"},
                                           {"NoDevFiles", ""},
                                           {"", ""}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        four_nvidia();
        fake_variable(&f, "CUDA_VISIBLE_DEVICES", cases[i][0]);
        ambs_resources r = fake_detect(&f);
        assert_gpus(&r, cases[i][1][0] ? "CUDA_VISIBLE_DEVICES" : "", cases[i][1]);
        done(&r);
    }
}

/* With --gpus-per-task and ConstrainDevices each rank may open one device and calls it 0. */
static void ranks_that_all_see_number_0_have_different_gpus(void **state)
{
    (void)state;
    static const char *const expected[] = {"GPU-bbbb=0", "GPU-cccc=0", "GPU-aaaa=0", "GPU-dddd=0"};
    for (int own = 0; own < 4; own++) {
        four_nvidia();
        fake_variable(&f, "CUDA_VISIBLE_DEVICES", "0");
        for (int minor = 0; minor < 4; minor++) {
            char path[128];
            snprintf(path, sizeof path, "%s/dev/nvidia%d", f.root, minor);
            if (minor != own) remove(path);
        }
        ambs_resources r = fake_detect(&f);
        assert_gpus(&r, "CUDA_VISIBLE_DEVICES", expected[own]);
        done(&r);
    }
}

static void a_driver_that_sleeps_is_known_by_the_pci_address(void **state)
{
    (void)state;
    fake_init(&f, "0");
    fake_nvidia(&f, 0, 0x3b, "GPU-?-?-?-?-?", "0-7");
    ambs_resources r = fake_detect(&f);
    assert_gpus(&r, "CUDA_VISIBLE_DEVICES", "0000:3b:00.0=0");
    done(&r);
}

static void device_files_alone_are_enough(void **state)
{
    (void)state;
    fake_init(&f, "0");
    fake_file(&f, "/dev/nvidia0", "%s", "");
    fake_file(&f, "/dev/nvidia5", "%s", "");
    fake_file(&f, "/dev/nvidiactl", "%s", "");
    ambs_resources r = fake_detect(&f);
    assert_gpus(&r, "CUDA_VISIBLE_DEVICES", "nvidia0=0 nvidia5=1");
    done(&r);
}

static void mig_instances_are_gpus_of_their_own(void **state)
{
    (void)state;
    four_nvidia();
    fake_variable(&f, "CUDA_VISIBLE_DEVICES", "MIG-1111,MIG-GPU-bbbb/1/0,MIG-GPU-bbbb/2/0");
    ambs_resources r = fake_detect(&f);
    assert_gpus(&r, "CUDA_VISIBLE_DEVICES",
                "MIG-1111=MIG-1111 MIG-GPU-bbbb/1/0=MIG-GPU-bbbb/1/0 "
                "MIG-GPU-bbbb/2/0=MIG-GPU-bbbb/2/0");
    assert_string_equal(r.gpus[1].near, "16-31");
    done(&r);
}

static void a_gpu_that_is_cut_up_is_not_handed_out_whole(void **state)
{
    (void)state;
    four_nvidia();
    fake_file(&f, "/proc/driver/nvidia/capabilities/gpu2/mig/gi1/ci0/access",
              "DeviceFileMinor: 12\n");
    fake_file(&f, "/proc/driver/nvidia/capabilities/gpu0/mig/config", "off\n");
    ambs_resources r;
    ambs_text note = {0};
    assert_int_equal(ambs_resources_detect(&f.machine, &r, &note, NULL), AMBS_OK);
    assert_gpus(&r, "CUDA_VISIBLE_DEVICES", "GPU-bbbb=1 GPU-cccc=2 GPU-dddd=3");
    assert_non_null(strstr(note.text, "GPU 0 of node1 is cut into MIG instances"));
    ambs_text_fini(&note);
    done(&r);
}

static void three_amd(void)
{
    fake_init(&f, "0-63");
    fake_amd(&f, 0, 0, 0, 0);
    fake_amd(&f, 1, 128, 0x1a2b, 0x10);
    fake_amd(&f, 2, 129, 0x3c4d, 0x20);
    fake_amd(&f, 10, 130, 0, 0x30); /* an older one, without a number of its own */
}

static void gpus_of_amd_are_the_nodes_with_simd_units(void **state)
{
    (void)state;
    three_amd();
    ambs_resources r = fake_detect(&f);
    assert_gpus(&r, "ROCR_VISIBLE_DEVICES",
                "GPU-0000000000001a2b=0 GPU-0000000000003c4d=1 0000:30:00.0=2");
    assert_string_equal(r.gpus[1].near, "32-39");
    done(&r);
}

static void on_rocm_one_variable_remains_whatever_was_set(void **state)
{
    (void)state;
    static const struct {
        const char *variables[3][2], *expected;
    } cases[] = {
        {{{"ROCR_VISIBLE_DEVICES", "1,2"}}, "GPU-0000000000003c4d=1 0000:30:00.0=2"},
        {{{"HIP_VISIBLE_DEVICES", "2"}}, "0000:30:00.0=2"},
        {{{"ROCR_VISIBLE_DEVICES", "1,2"}, {"HIP_VISIBLE_DEVICES", "1"}}, "0000:30:00.0=2"},
        {{{"ROCR_VISIBLE_DEVICES", "GPU-0000000000003c4d"}, {"HIP_VISIBLE_DEVICES", "0"}},
         "GPU-0000000000003c4d=GPU-0000000000003c4d"},
        /* what Slurm sets where gres.conf does not say whose GPUs they are */
        {{{"ROCR_VISIBLE_DEVICES", "2"},
          {"CUDA_VISIBLE_DEVICES", "2"},
          {"GPU_DEVICE_ORDINAL", "2"}},
         "0000:30:00.0=2"},
        {{{"CUDA_VISIBLE_DEVICES", "1"}}, "GPU-0000000000003c4d=1"},
        {{{"GPU_DEVICE_ORDINAL", "0"}}, "GPU-0000000000001a2b=0"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        three_amd();
        for (size_t k = 0; k < 3 && cases[i].variables[k][0]; k++)
            fake_variable(&f, cases[i].variables[k][0], cases[i].variables[k][1]);
        ambs_resources r = fake_detect(&f);
        assert_gpus(&r, "ROCR_VISIBLE_DEVICES", cases[i].expected);
        done(&r);
    }
}

static void a_render_device_that_is_not_there_is_not_counted(void **state)
{
    (void)state;
    three_amd();
    char path[128];
    snprintf(path, sizeof path, "%s/dev/dri/renderD128", f.root);
    remove(path);
    ambs_resources r = fake_detect(&f);
    assert_gpus(&r, "ROCR_VISIBLE_DEVICES", "GPU-0000000000003c4d=0 0000:30:00.0=1");
    done(&r);
}

static void variables_are_believed_where_nothing_can_be_seen(void **state)
{
    (void)state;
    fake_init(&f, "0");
    fake_variable(&f, "CUDA_VISIBLE_DEVICES", "0,1");
    ambs_resources r = fake_detect(&f);
    assert_gpus(&r, "CUDA_VISIBLE_DEVICES", "gpu0=0 gpu1=1");
    done(&r);
    fake_init(&f, "0");
    fake_variable(&f, "SLURM_JOB_GPUS", "2,3");
    r = fake_detect(&f);
    assert_gpus(&r, "CUDA_VISIBLE_DEVICES", "gpu2=2 gpu3=3");
    done(&r);
    fake_init(&f, "0");
    fake_variable(&f, "CUDA_VISIBLE_DEVICES", "NoDevFiles");
    r = fake_detect(&f);
    assert_gpus(&r, "", "");
    done(&r);
}

static void tasks_that_all_see_number_0_are_told_apart_by_the_steps_gpus(void **state)
{
    (void)state;
    static const char *const local[] = {"0", "1"}, *const expected[] = {"gpu4=0 gpu5=1",
                                                                        "gpu6=0 gpu7=1"};
    for (int i = 0; i < 2; i++) {
        fake_init(&f, "0");
        fake_variable(&f, "CUDA_VISIBLE_DEVICES", "0,1");
        fake_variable(&f, "SLURM_STEP_GPUS", "4,5,6,7");
        fake_variable(&f, "SLURM_LOCALID", local[i]);
        ambs_resources r = fake_detect(&f);
        assert_gpus(&r, "CUDA_VISIBLE_DEVICES", expected[i]);
        done(&r);
    }
}

/* --- the study file -------------------------------------------------------------------------- */

static void the_study_file_restricts_what_is_there(void **state)
{
    (void)state;
    four_nvidia();
    ambs_resources r = fake_detect(&f);
    char *gpus[] = {(char *)"3", (char *)"GPU-aaaa", (char *)"9"};
    ambs_slot_settings slots = {
        .cores = (char *)"8-23", .memory_bytes = 0x1p30, .gpus = gpus, .n_gpus = 3};
    assert_int_equal(ambs_resources_restrict(&r, &slots, NULL), AMBS_OK);
    assert_cores(&r, "8-23");
    assert_true(r.memory_bytes == 0x1p30);
    assert_gpus(&r, "CUDA_VISIBLE_DEVICES", "GPU-dddd=3 GPU-aaaa=0");
    done(&r);
}

static void gpus_of_the_study_file_are_believed_where_none_are_seen(void **state)
{
    (void)state;
    fake_init(&f, "0");
    fake_variable(&f, "CUDA_VISIBLE_DEVICES", "3"); /* a stray one */
    ambs_resources r = fake_detect(&f);
    char *gpus[] = {(char *)"0", (char *)"MIG-7"};
    ambs_slot_settings slots = {.memory_bytes = NAN, .gpus = gpus, .n_gpus = 2};
    assert_int_equal(ambs_resources_restrict(&r, &slots, NULL), AMBS_OK);
    assert_gpus(&r, "CUDA_VISIBLE_DEVICES", "0=0 MIG-7=MIG-7");
    slots.gpu_variable = (char *)"ROCR_VISIBLE_DEVICES";
    assert_int_equal(ambs_resources_restrict(&r, &slots, NULL), AMBS_OK);
    assert_gpus(&r, "ROCR_VISIBLE_DEVICES", "0=0 MIG-7=MIG-7");
    done(&r);
}

static void this_machine_can_be_read(void **state)
{
    (void)state;
    ambs_machine here = ambs_machine_here("here");
    ambs_resources r;
    assert_int_equal(ambs_resources_detect(&here, &r, NULL, NULL), AMBS_OK);
    assert_true(ambs_core_set_count(&r.cores) > 0);
    assert_true(r.memory_bytes > 0x1p20);
    ambs_resources_fini(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_machine_without_proc_is_not_known),
        cmocka_unit_test(a_process_that_nobody_launched_keeps_its_affinity),
        cmocka_unit_test(what_mpirun_pinned_to_one_core_gets_mpiruns_own_cores),
        cmocka_unit_test(the_launcher_is_found_above_a_wrapper_script),
        cmocka_unit_test(a_list_of_cores_given_to_mpirun_is_kept),
        cmocka_unit_test(a_container_has_no_more_than_its_cpuset),
        cmocka_unit_test(under_srun_the_cpuset_of_the_step_is_the_jobs_part),
        cmocka_unit_test(under_srun_without_cgroups_the_binding_is_all_that_is_known),
        cmocka_unit_test(hardware_threads_are_known_by_their_stride),
        cmocka_unit_test(memory_is_the_least_limit_of_all_cgroups_above),
        cmocka_unit_test(version_1_of_cgroups_says_no_limit_by_a_huge_number),
        cmocka_unit_test(slurm_says_memory_by_node_or_by_core),
        cmocka_unit_test(without_a_variable_all_gpus_are_there),
        cmocka_unit_test(cuda_visible_devices_chooses_by_number_and_by_uuid),
        cmocka_unit_test(ranks_that_all_see_number_0_have_different_gpus),
        cmocka_unit_test(a_driver_that_sleeps_is_known_by_the_pci_address),
        cmocka_unit_test(device_files_alone_are_enough),
        cmocka_unit_test(mig_instances_are_gpus_of_their_own),
        cmocka_unit_test(a_gpu_that_is_cut_up_is_not_handed_out_whole),
        cmocka_unit_test(gpus_of_amd_are_the_nodes_with_simd_units),
        cmocka_unit_test(on_rocm_one_variable_remains_whatever_was_set),
        cmocka_unit_test(a_render_device_that_is_not_there_is_not_counted),
        cmocka_unit_test(variables_are_believed_where_nothing_can_be_seen),
        cmocka_unit_test(tasks_that_all_see_number_0_are_told_apart_by_the_steps_gpus),
        cmocka_unit_test(the_study_file_restricts_what_is_there),
        cmocka_unit_test(gpus_of_the_study_file_are_believed_where_none_are_seen),
        cmocka_unit_test(this_machine_can_be_read),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("cluster/resources", tests, NULL, NULL);
}
