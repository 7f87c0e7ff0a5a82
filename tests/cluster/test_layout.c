/* SPDX-License-Identifier: MIT */
/* How hosts are divided: the rules, the arithmetic that is shown, and, over many made-up clusters,
 * that nothing is handed out twice. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/random.h"
#include "cluster/layout.h"

static ambs_spec spec;
static ambs_layout *layout;
static ambs_error err;

static void request(uint32_t cores, uint32_t gpus, double memory)
{
    spec = (ambs_spec){.trial = {.ranks = 1,
                                 .cores = cores ? cores : 1,
                                 .cores_given = cores > 0,
                                 .gpus = gpus,
                                 .memory_bytes = memory},
                       .slots = {.memory_bytes = NAN}};
}

static void begin(uint32_t n_ranks, uint64_t manager_machine)
{
    ambs_layout_config config = {
        .spec = &spec, .n_ranks = n_ranks, .manager_machine = manager_machine};
    assert_int_equal(ambs_layout_create(&config, &layout, &err), AMBS_OK);
}

static ambs_resources machine(uint64_t name, const char *cores, uint32_t n_ranks, double memory)
{
    ambs_resources r = {.machine = name, .n_ranks = n_ranks, .memory_bytes = memory, .n_bound = 64};
    assert_true(ambs_core_set_parse(cores, &r.cores));
    return r;
}

static void give_gpu(ambs_resources *r, const char *id, const char *name, const char *near)
{
    assert_int_equal(ambs_resources_add_gpu(r, id, name, near, &err), AMBS_OK);
    strcpy(r->gpu_variable, "CUDA_VISIBLE_DEVICES");
}

/* A rank joins; "cores/gpus" of its slots with blanks between. */
static void assert_join(const char *host, uint32_t n_wanted, ambs_resources *seen,
                        const char *expected)
{
    ambs_share *shares;
    uint32_t n;
    char variable[AMBS_GPU_VARIABLE_SIZE];
    if (ambs_layout_join(layout, host, n_wanted, seen, &shares, &n, variable, &err) != AMBS_OK)
        fail_msg("%s", err.text);
    ambs_text out = {0};
    ambs_text_add(&out, "");
    for (uint32_t i = 0; i < n; i++)
        ambs_text_addf(&out, "%s%s/%s", i ? " " : "", shares[i].cores, shares[i].gpus);
    assert_string_equal(out.text, expected);
    ambs_text_fini(&out);
    ambs_shares_free(shares, n);
}

static void assert_explained(const char *expected)
{
    ambs_text out = {0};
    ambs_layout_explain(layout, &out);
    assert_string_equal(out.text, expected);
    ambs_text_fini(&out);
}

static void assert_table(const char *expected)
{
    ambs_text out = {0};
    ambs_layout_print(layout, &out);
    assert_string_equal(out.text, expected);
    ambs_text_fini(&out);
}

static void end(void)
{
    ambs_layout_destroy(layout);
    layout = NULL;
}

/* --- degenerate ------------------------------------------------------------------------------ */

static void a_rank_of_which_nothing_is_known_gets_what_it_wishes(void **state)
{
    (void)state;
    request(0, 0, NAN);
    begin(2, 0);
    ambs_resources nothing = {.memory_bytes = NAN};
    assert_join("a", 0, &nothing, "/");
    assert_join("a", 3, &nothing, "/ / /");
    assert_int_equal(ambs_layout_n_slots(layout), 4);
    end();
}

static void one_rank_alone_gets_a_slot_for_every_core(void **state)
{
    (void)state;
    request(0, 0, NAN);
    begin(1, 7);
    ambs_resources r = machine(7, "0-3", 1, NAN);
    assert_join("a", 0, &r, "0/ 1/ 2/ 3/");
    end();
}

static void one_rank_with_more_slots_than_cores_shares_them(void **state)
{
    (void)state;
    request(0, 0, NAN);
    begin(1, 7);
    ambs_resources r = machine(7, "0-1", 1, NAN);
    assert_join("a", 5, &r, "/ / / / /");
    assert_table(
        "host                      ranks  slots   cores            memory   GPUs\n"
        "a                             1      5   2 of 2                ?   0\n"
        "5 slots on a share 2 cores and are not pinned: fewer ranks, or trial.cores, would "
        "give each its own\n");
    end();
}

/* --- mpirun -n N ----------------------------------------------------------------------------- */

static void ranks_of_one_host_divide_its_cores(void **state)
{
    (void)state;
    request(0, 0, NAN);
    begin(4, 1); /* rank 0 is there too and has no slot */
    ambs_resources r = machine(1, "0-7", 4, 0x1p34);
    r.n_bound = 1;
    assert_join("a", 0, &r, "0-2/");
    assert_join("a", 0, &r, "3-5/");
    assert_join("a", 0, &r, "6-7/");
    assert_table("host                      ranks  slots   cores            memory   GPUs\n"
                 "a                             3      3   8 of 8         16.0 GiB   0\n"
                 "the launcher bound ranks to 1 core; their trials get the host's\n");
    end();
}

static void more_ranks_than_cores_are_not_pinned(void **state)
{
    (void)state;
    request(0, 0, NAN);
    begin(5, 1);
    ambs_resources r = machine(1, "0-1", 5, NAN);
    for (int i = 0; i < 4; i++) assert_join("a", 0, &r, "/");
    end();
}

static void cores_that_are_asked_for_are_exact(void **state)
{
    (void)state;
    request(2, 0, NAN);
    begin(4, 1);
    ambs_resources r = machine(1, "0-4", 4, NAN);
    assert_join("a", 0, &r, "0-1/");
    assert_join("a", 0, &r, "2-3/");
    assert_join("a", 0, &r, "");
    assert_table("host                      ranks  slots   cores            memory   GPUs\n"
                 "a                             3      2   4 of 5                ?   0\n"
                 "1 of 3 ranks on a have no slot: each trial asks for 2 cores; host a has 5 cores "
                 "for 3 ranks: 2 slots\n");
    end();
}

static void an_impossible_request_is_explained(void **state)
{
    (void)state;
    request(4, 1, 0x1p33);
    begin(3, 0);
    ambs_resources a = machine(1, "0-1", 1, 0x1p32), b = machine(2, "0-7", 1, 0x1p32);
    assert_join("a", 0, &a, "");
    assert_join("b", 0, &b, "");
    assert_explained("each trial asks for 4 cores, 1 GPU, 8.0 GiB; host a has 2 cores, 0 GPUs, 4.0 "
                     "GiB: 0 slots; host b has 8 cores, 0 GPUs, 4.0 GiB: 0 slots");
    end();
}

/* --- one rank per node ----------------------------------------------------------------------- */

static void a_rank_alone_on_its_node_gets_as_many_slots_as_fit(void **state)
{
    (void)state;
    request(4, 1, 0x1p33);
    begin(3, 1);
    ambs_resources r = machine(2, "0-15", 1, 0x1p36);
    give_gpu(&r, "A", "0", "0-7");
    give_gpu(&r, "B", "1", "0-7");
    give_gpu(&r, "C", "2", "8-15");
    assert_join("b", 0, &r, "0-3/0 4-7/1 8-11/2");
    assert_table("host                      ranks  slots   cores            memory   GPUs\n"
                 "b                             1      3   12 of 16       64.0 GiB   3 of 3\n"
                 "4 of 16 cores on b stay idle: more ranks, or slots.per_rank, would use them\n");
    free(r.gpus);
    end();
}

static void memory_bounds_the_slots(void **state)
{
    (void)state;
    request(1, 0, 0x1p33);
    begin(2, 0);
    ambs_resources r = machine(2, "0-15", 1, 0x1p34 + 0x1p32);
    assert_join("b", 0, &r, "0/ 1/");
    end();
}

static void without_a_number_of_cores_gpus_divide_the_node(void **state)
{
    (void)state;
    request(0, 2, NAN);
    begin(2, 0);
    ambs_resources r = machine(2, "0-8", 1, NAN);
    for (int i = 0; i < 4; i++) {
        char id[8], name[8];
        snprintf(id, sizeof id, "G%d", i);
        snprintf(name, sizeof name, "%d", i);
        give_gpu(&r, id, name, "");
    }
    assert_join("b", 0, &r, "0-4/0,1 5-8/2,3");
    free(r.gpus);
    end();
}

static void gpus_get_the_cores_beside_them(void **state)
{
    (void)state;
    request(2, 1, NAN);
    begin(3, 1);
    ambs_resources r = machine(1, "0-7", 3, NAN);
    give_gpu(&r, "A", "0", "4-7");
    give_gpu(&r, "B", "1", "0-3");
    assert_join("a", 0, &r, "4-5/0");
    assert_join("a", 0, &r, "0-1/1");
    free(r.gpus);
    end();
}

static void hardware_threads_of_one_core_stay_together(void **state)
{
    (void)state;
    request(2, 0, NAN);
    begin(1, 1);
    ambs_resources r = machine(1, "0-7", 1, NAN);
    r.core_stride = 4;
    assert_join("a", 0, &r, "0,4/ 1,5/ 2,6/ 3,7/");
    end();
}

/* --- GPUs that each rank calls 0 ------------------------------------------------------------- */

static void the_same_number_may_be_different_gpus(void **state)
{
    (void)state;
    request(0, 1, NAN);
    begin(3, 1);
    ambs_resources r = machine(1, "0-7", 3, NAN), s = machine(1, "0-7", 3, NAN);
    give_gpu(&r, "GPU-a", "0", "");
    give_gpu(&s, "GPU-b", "0", "");
    assert_join("a", 0, &r, "0-3/0");
    assert_join("a", 0, &s, "4-7/0");
    free(r.gpus);
    free(s.gpus);
    end();
}

static void one_gpu_is_not_handed_out_by_two_ranks(void **state)
{
    (void)state;
    request(0, 1, NAN);
    begin(3, 1);
    ambs_resources r = machine(1, "0-7", 3, NAN);
    give_gpu(&r, "GPU-a", "0", "");
    assert_join("a", 0, &r, "0-3/0");
    assert_join("a", 0, &r, "");
    free(r.gpus);
    end();
}

/* --- the study file -------------------------------------------------------------------------- */

static void slots_per_rank_is_honoured(void **state)
{
    (void)state;
    request(0, 0, NAN);
    spec.slots.per_rank = 2;
    begin(3, 1);
    ambs_resources r = machine(1, "0-7", 3, NAN);
    assert_join("a", 0, &r, "0-1/ 2-3/");
    assert_join("a", 0, &r, "4-5/ 6-7/");
    end();
    request(2, 0, NAN);
    spec.slots.per_rank = AMBS_SLOTS_FIT;
    begin(3, 1);
    assert_join("a", 0, &r, "0-1/ 2-3/");
    assert_join("a", 0, &r, "4-5/ 6-7/");
    end();
}

static void a_list_of_gpus_serves_hosts_where_none_are_seen(void **state)
{
    (void)state;
    char *gpus[] = {(char *)"0", (char *)"1"};
    request(0, 1, NAN);
    spec.slots.gpus = gpus;
    spec.slots.n_gpus = 2;
    begin(3, 1);
    ambs_resources r = machine(1, "0-1", 3, NAN);
    assert_join("a", 0, &r, "0/0");
    assert_join("a", 0, &r, "1/1");
    end();
}

static void alike_hosts_are_one_line(void **state)
{
    (void)state;
    request(2, 0, NAN);
    begin(101, 500);
    for (uint64_t i = 0; i < 100; i++) {
        char name[16];
        snprintf(name, sizeof name, "node%03d", (int)i);
        ambs_resources r = machine(1 + i, i == 3 ? "0-3" : "0-7", 1, 0x1p35);
        assert_join(name, 0, &r, i == 3 ? "0-1/ 2-3/" : "0-1/ 2-3/ 4-5/ 6-7/");
    }
    assert_table("host                      ranks  slots   cores            memory   GPUs\n"
                 "node000 and 98 more           1      4   8 of 8         32.0 GiB   0\n"
                 "node003                       1      2   4 of 4         32.0 GiB   0\n");
    end();
}

/* --- at random ------------------------------------------------------------------------------- */

typedef struct owned {
    uint64_t machine;
    char *what; /* "core 3", "GPU x" */
} owned;

static owned *owned_things;
static size_t n_owned;

static void own(uint64_t name, const char *kind, const char *what)
{
    char text[128];
    snprintf(text, sizeof text, "%s %s", kind, what);
    for (size_t i = 0; i < n_owned; i++)
        if (owned_things[i].machine == name && strcmp(owned_things[i].what, text) == 0)
            fail_msg("%s of host %d was handed out twice", text, (int)name);
    owned_things = realloc(owned_things, (n_owned + 1) * sizeof *owned_things);
    owned_things[n_owned++] = (owned){name, strdup(text)};
}

static void check_share(const ambs_resources *seen, const ambs_share *s)
{
    ambs_core_set cores;
    char list[512], number[16];
    assert_true(ambs_core_set_parse(s->cores, &cores));
    uint32_t n = ambs_core_set_count(&cores);
    if (spec.trial.cores_given && ambs_core_set_count(&seen->cores) > 0)
        assert_int_equal(n, spec.trial.cores);
    assert_true(s->n_cores >= 1 && (n == 0 || s->n_cores == n));
    for (uint32_t c = 0; c < AMBS_CORES_MAX; c++) {
        if (!ambs_core_set_has(&cores, c)) continue;
        assert_true(ambs_core_set_has(&seen->cores, c)); /* else the kernel refuses */
        snprintf(number, sizeof number, "%u", c);
        own(seen->machine, "core", number);
    }
    uint32_t n_gpus = 0;
    snprintf(list, sizeof list, "%s", s->gpu_ids);
    for (char *id = strtok(list, ","); id; id = strtok(NULL, ",")) {
        own(seen->machine, "GPU", id);
        n_gpus++;
    }
    assert_int_equal(n_gpus, spec.trial.gpus);
}

/* What one rank of a random host sees: all of it, or its own part. */
static ambs_resources any_view(ambs_random *random, uint64_t name, uint32_t n_ranks,
                               uint32_t n_cores, uint32_t n_gpus, uint32_t rank, bool is_private)
{
    ambs_resources r = {.machine = name, .n_ranks = n_ranks, .memory_bytes = 0x1p36};
    for (uint32_t c = 0; c < n_cores; c++)
        if (!is_private || c % n_ranks == rank) ambs_core_set_add(&r.cores, c);
    r.cores_are_private = is_private;
    r.core_stride = ambs_random_below(random, 2) ? 0 : n_cores / 2;
    for (uint32_t g = 0; g < n_gpus; g++) {
        char id[32], gpu[32], near[32] = "";
        if (is_private && g % n_ranks != rank) continue;
        snprintf(id, sizeof id, "GPU-%u", g);
        snprintf(gpu, sizeof gpu, "%zu", r.n_gpus);
        if (ambs_random_below(random, 2)) snprintf(near, sizeof near, "%u-%u", g, g + 3);
        give_gpu(&r, id, gpu, near);
    }
    return r;
}

static void any_cluster(ambs_random *random)
{
    request((uint32_t)ambs_random_below(random, 5), (uint32_t)ambs_random_below(random, 3),
            ambs_random_below(random, 2) ? NAN
                                         : 0x1p32 * (double)(1 + ambs_random_below(random, 8)));
    spec.slots.per_rank = (int32_t)ambs_random_below(random, 4) - 1;
    uint32_t n_hosts = 1 + (uint32_t)ambs_random_below(random, 4), n_slots = 0;
    begin(100, ambs_random_below(random, 2));
    for (uint64_t h = 0; h < n_hosts; h++) {
        uint32_t n_ranks = 1 + (uint32_t)ambs_random_below(random, 6),
                 n_cores = 1 + (uint32_t)ambs_random_below(random, 40),
                 n_gpus = (uint32_t)ambs_random_below(random, 9);
        bool is_private = ambs_random_below(random, 3) == 0;
        double memory = 0;
        for (uint32_t k = 0; k < n_ranks; k++) {
            ambs_resources r = any_view(random, h + 1, n_ranks, n_cores, n_gpus, k, is_private);
            ambs_share *shares;
            uint32_t n;
            char name[16], variable[AMBS_GPU_VARIABLE_SIZE];
            snprintf(name, sizeof name, "n%d", (int)h);
            assert_int_equal(ambs_layout_join(layout, name, (uint32_t)ambs_random_below(random, 3),
                                              &r, &shares, &n, variable, &err),
                             AMBS_OK);
            for (uint32_t i = 0; i < n; i++) check_share(&r, &shares[i]);
            memory += isnan(spec.trial.memory_bytes) ? 0 : n * spec.trial.memory_bytes;
            n_slots += n;
            ambs_shares_free(shares, n);
            ambs_resources_fini(&r);
        }
        assert_true(memory <= 0x1p36);
    }
    assert_int_equal(ambs_layout_n_slots(layout), n_slots);
    ambs_text out = {0};
    ambs_layout_print(layout, &out);
    ambs_layout_explain(layout, &out);
    assert_false(out.failed);
    ambs_text_fini(&out);
    end();
}

static void nothing_is_handed_out_twice(void **state)
{
    (void)state;
    ambs_random random;
    for (uint64_t seed = 0; seed < 400; seed++) {
        ambs_random_init(&random, seed, 0, AMBS_PURPOSE_TEST);
        any_cluster(&random);
        for (size_t i = 0; i < n_owned; i++) free(owned_things[i].what);
        n_owned = 0;
    }
    free(owned_things);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_rank_of_which_nothing_is_known_gets_what_it_wishes),
        cmocka_unit_test(one_rank_alone_gets_a_slot_for_every_core),
        cmocka_unit_test(one_rank_with_more_slots_than_cores_shares_them),
        cmocka_unit_test(ranks_of_one_host_divide_its_cores),
        cmocka_unit_test(more_ranks_than_cores_are_not_pinned),
        cmocka_unit_test(cores_that_are_asked_for_are_exact),
        cmocka_unit_test(an_impossible_request_is_explained),
        cmocka_unit_test(a_rank_alone_on_its_node_gets_as_many_slots_as_fit),
        cmocka_unit_test(memory_bounds_the_slots),
        cmocka_unit_test(without_a_number_of_cores_gpus_divide_the_node),
        cmocka_unit_test(gpus_get_the_cores_beside_them),
        cmocka_unit_test(hardware_threads_of_one_core_stay_together),
        cmocka_unit_test(the_same_number_may_be_different_gpus),
        cmocka_unit_test(one_gpu_is_not_handed_out_by_two_ranks),
        cmocka_unit_test(slots_per_rank_is_honoured),
        cmocka_unit_test(a_list_of_gpus_serves_hosts_where_none_are_seen),
        cmocka_unit_test(alike_hosts_are_one_line),
        cmocka_unit_test(nothing_is_handed_out_twice),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("cluster/layout", tests, NULL, NULL);
}
