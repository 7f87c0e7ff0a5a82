/* SPDX-License-Identifier: MIT */
/* Messages survive the way over the wire, and no bytes whatever do harm. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/random.h"
#include "cluster/protocol.h"

static ambs_error err;

static ambs_text encode(const ambs_message *m)
{
    ambs_text out = {0};
    assert_int_equal(ambs_message_encode(m, &out, &err), AMBS_OK);
    return out;
}

/* Encodes, decodes, and asserts that exactly one message came. */
static ambs_message round_trip(ambs_inbox *box, const ambs_message *m)
{
    ambs_text out = encode(m);
    const void *bytes = out.text;
    size_t length = out.length;
    ambs_message back;
    assert_int_equal(ambs_inbox_next(box, &bytes, &length, &back, &err), AMBS_OK);
    ambs_message none;
    assert_int_equal(ambs_inbox_next(box, &bytes, &length, &none, &err), AMBS_E_AGAIN);
    assert_int_equal(back.type, m->type);
    assert_int_equal(back.epoch, m->epoch);
    ambs_text_fini(&out);
    return back;
}

static ambs_message full_result(void)
{
    ambs_message m = {.type = AMBS_MESSAGE_RESULT, .epoch = 3};
    m.as.result.at = (ambs_address){.slot = 7, .attempt = 2, .trial = 1ull << 40};
    ambs_outcome *o = &m.as.result.outcome;
    *o = (ambs_outcome){.state = AMBS_TRIAL_FAILED,
                        .reason = AMBS_REASON_EXIT,
                        .code = -3,
                        .objective = -0.5,
                        .start_s = 1e9,
                        .end_s = 2e9,
                        .duration_s = 1e-9,
                        .n_metrics = AMBS_MAX_METRICS};
    for (size_t i = 0; i < AMBS_MAX_METRICS; i++) {
        memset(o->metrics[i].name, 'a' + (int)(i % 26), AMBS_METRIC_NAME_SIZE - 1);
        o->metrics[i].value = (double)i;
    }
    memset(o->message, 'm', AMBS_MESSAGE_SIZE - 1);
    return m;
}

static void a_part_of_the_output_comes_back_whole(void **state)
{
    (void)state;
    char text[AMBS_OUTPUT_PART + 2];
    ambs_inbox box = {.one_frame = true};
    ambs_message m = {.type = AMBS_MESSAGE_OUTPUT, .epoch = 3};
    memset(text, 't', sizeof text);
    text[AMBS_OUTPUT_PART] = text[AMBS_OUTPUT_PART + 1] = '\0';
    m.as.output.at = (ambs_address){.slot = 7, .attempt = 2, .trial = 1ull << 40};
    m.as.output.stream = AMBS_STREAM_ERR;
    m.as.output.part = 9;
    m.as.output.printed = 1ull << 33;
    m.as.output.text = text;
    ambs_message back = round_trip(&box, &m);
    assert_int_equal(back.as.output.at.trial, 1ull << 40);
    assert_int_equal(back.as.output.stream, AMBS_STREAM_ERR);
    assert_int_equal(back.as.output.part, 9);
    assert_int_equal(back.as.output.printed, 1ull << 33);
    assert_string_equal(back.as.output.text, text);
    text[AMBS_OUTPUT_PART] = 'l'; /* one too long */
    ambs_text out = encode(&m);
    const void *bytes = out.text;
    size_t length = out.length;
    assert_int_equal(ambs_inbox_next(&box, &bytes, &length, &back, &err), AMBS_E_FORMAT);
    ambs_text_fini(&out);
    ambs_inbox_fini(&box);
}

static void the_largest_result_is_one_frame_and_comes_back_whole(void **state)
{
    (void)state;
    ambs_inbox box = {.one_frame = true};
    ambs_message m = full_result();
    ambs_text out = encode(&m);
    assert_true(out.length <= AMBS_FRAME_SIZE);
    assert_int_equal(ambs_frame_length(out.text, out.length), out.length);
    ambs_text_fini(&out);
    ambs_message back = round_trip(&box, &m);
    assert_memory_equal(&back.as.result.at, &m.as.result.at, sizeof m.as.result.at);
    const ambs_outcome *a = &m.as.result.outcome, *b = &back.as.result.outcome;
    assert_int_equal(b->code, a->code);
    assert_true(b->duration_s == a->duration_s && b->objective == a->objective);
    assert_string_equal(b->message, a->message);
    assert_int_equal(b->n_metrics, a->n_metrics);
    for (size_t i = 0; i < a->n_metrics; i++) {
        assert_string_equal(b->metrics[i].name, a->metrics[i].name);
        assert_true(b->metrics[i].value == a->metrics[i].value);
    }
    ambs_inbox_fini(&box);
}

static void a_configuration_of_any_dimension_keeps_its_bits(void **state)
{
    (void)state;
    ambs_inbox box = {0};
    ambs_random r;
    ambs_random_init(&r, 1, 0, AMBS_PURPOSE_TEST);
    const size_t dimensions[] = {0, 1, 2, 493, 494, 495, 1000, 5000};
    for (size_t k = 0; k < sizeof dimensions / sizeof *dimensions; k++) {
        size_t d = dimensions[k];
        double *x = malloc((d + 1) * sizeof *x);
        for (size_t i = 0; i < d; i++) x[i] = i % 7 ? ambs_random_normal(&r) : NAN;
        ambs_message m = {.type = AMBS_MESSAGE_START, .epoch = 1};
        m.as.start.at = (ambs_address){.slot = 1, .attempt = 1, .trial = k};
        m.as.start.fidelity = NAN;
        m.as.start.d = d;
        m.as.start.x = x;
        ambs_message back = round_trip(&box, &m);
        assert_int_equal(back.as.start.d, d);
        assert_int_equal(memcmp(back.as.start.x, x, d * sizeof *x), 0);
        assert_true(isnan(back.as.start.fidelity));
        free(x);
    }
    ambs_inbox_fini(&box);
}

static void a_long_study_file_travels_in_pieces(void **state)
{
    (void)state;
    enum { LENGTH = 100000 };
    char *text = malloc(LENGTH + 1);
    for (int i = 0; i < LENGTH; i++) text[i] = (char)('a' + i % 26);
    text[LENGTH] = '\0';
    ambs_message m = {.type = AMBS_MESSAGE_WELCOME, .epoch = 2};
    m.as.welcome.file = "studies/digits.yaml";
    m.as.welcome.text = text;
    ambs_inbox box = {0};
    ambs_message back = round_trip(&box, &m);
    assert_string_equal(back.as.welcome.file, "studies/digits.yaml");
    assert_string_equal(back.as.welcome.text, text);
    ambs_inbox_fini(&box);
    box.one_frame = true;
    ambs_text out = encode(&m);
    const void *bytes = out.text;
    size_t length = out.length;
    assert_int_equal(ambs_inbox_next(&box, &bytes, &length, &back, &err), AMBS_E_FORMAT);
    ambs_text_fini(&out);
    ambs_inbox_fini(&box);
    free(text);
}

static void several_frames_share_a_packet(void **state)
{
    (void)state;
    ambs_text out = {0};
    for (uint64_t i = 0; i < 50; i++) {
        ambs_message m = {.type = AMBS_MESSAGE_ACK, .epoch = 1};
        m.as.ack.at.trial = i;
        assert_int_equal(ambs_message_encode(&m, &out, &err), AMBS_OK);
    }
    ambs_inbox box = {.one_frame = true};
    const void *bytes = out.text;
    size_t length = out.length;
    ambs_message back;
    for (uint64_t i = 0; i < 50; i++) {
        assert_int_equal(ambs_inbox_next(&box, &bytes, &length, &back, &err), AMBS_OK);
        assert_int_equal(back.as.ack.at.trial, i);
    }
    assert_int_equal(ambs_inbox_next(&box, &bytes, &length, &back, &err), AMBS_E_AGAIN);
    ambs_text_fini(&out);
    ambs_inbox_fini(&box);
}

static void another_version_is_refused_by_name(void **state)
{
    (void)state;
    ambs_message m = {.type = AMBS_MESSAGE_BEAT};
    ambs_text out = encode(&m);
    out.text[2] = 9;
    ambs_inbox box = {0};
    const void *bytes = out.text;
    size_t length = out.length;
    ambs_message back;
    assert_int_equal(ambs_inbox_next(&box, &bytes, &length, &back, &err), AMBS_E_FORMAT);
    assert_string_equal(
        err.text, "found protocol version 9, expected 4: start every rank with the same ambs");
    ambs_text_fini(&out);
    ambs_inbox_fini(&box);
}

static void a_hello_tells_of_a_whole_host(void **state)
{
    (void)state;
    ambs_gpu gpus[2] = {{"GPU-8d2", "0", "0-31"}, {"MIG-7", "MIG-7", ""}};
    ambs_message m = {.type = AMBS_MESSAGE_HELLO};
    m.as.hello.seen = (ambs_resources){.machine = 42,
                                       .core_stride = 64,
                                       .n_bound = 1,
                                       .n_ranks = 3,
                                       .cores_are_private = true,
                                       .memory_bytes = 0x1p38,
                                       .gpu_variable = "CUDA_VISIBLE_DEVICES",
                                       .gpus_are_seen = true,
                                       .n_gpus = 2,
                                       .gpus = gpus};
    assert_true(ambs_core_set_parse("0-63,128-191", &m.as.hello.seen.cores));
    ambs_inbox box = {.one_frame = true};
    ambs_message back = round_trip(&box, &m);
    const ambs_resources *r = &back.as.hello.seen;
    assert_true(ambs_core_set_is_equal(&r->cores, &m.as.hello.seen.cores));
    assert_true(r->machine == 42 && r->core_stride == 64 && r->n_bound == 1 && r->n_ranks == 3);
    assert_true(r->cores_are_private && r->gpus_are_seen && r->memory_bytes == 0x1p38);
    assert_string_equal(r->gpu_variable, "CUDA_VISIBLE_DEVICES");
    assert_int_equal(r->n_gpus, 2);
    for (int i = 0; i < 2; i++) {
        assert_string_equal(r->gpus[i].id, gpus[i].id);
        assert_string_equal(r->gpus[i].name, gpus[i].name);
        assert_string_equal(r->gpus[i].near, gpus[i].near);
    }
    ambs_inbox_fini(&box);
}

static void the_longest_hello_is_one_frame(void **state)
{
    (void)state;
    ambs_gpu gpus[AMBS_GPUS_MAX] = {{{0}}};
    for (int i = 0; i < AMBS_GPUS_MAX; i++) {
        memset(gpus[i].id, 'a' + i % 26, AMBS_GPU_ID_SIZE - 1);
        memset(gpus[i].name, 'b', AMBS_GPU_ID_SIZE - 1);
        memset(gpus[i].near, '1', AMBS_NEAR_SIZE - 1);
    }
    ambs_message m = {.type = AMBS_MESSAGE_HELLO};
    m.as.hello.seen = (ambs_resources){.n_gpus = AMBS_GPUS_MAX, .gpus = gpus};
    memset(&m.as.hello.seen.cores, 0xff, sizeof m.as.hello.seen.cores);
    memset(m.as.hello.host, 'h', AMBS_HOST_SIZE - 1);
    ambs_inbox box = {.one_frame = true};
    ambs_message back = round_trip(&box, &m);
    assert_int_equal(back.as.hello.seen.n_gpus, 24); /* what fits, without what is beside them */
    assert_string_equal(back.as.hello.seen.gpus[3].id, gpus[3].id);
    assert_string_equal(back.as.hello.seen.gpus[3].near, "");
    ambs_inbox_fini(&box);
}

static void thousands_of_slots_come_back_whole(void **state)
{
    (void)state;
    enum { N = 3000 };
    static ambs_share shares[N];
    static char cores[N][16];
    for (int i = 0; i < N; i++) {
        snprintf(cores[i], sizeof cores[i], "%d-%d", i, i + 1);
        shares[i] = (ambs_share){.cores = cores[i],
                                 .n_cores = 2,
                                 .gpus = (char *)(i % 2 ? "" : "0,1"),
                                 .memory_bytes = i};
    }
    ambs_message m = {.type = AMBS_MESSAGE_SLOTS};
    m.as.slots.n = N;
    m.as.slots.shares = shares;
    ambs_inbox box = {0};
    ambs_message back = round_trip(&box, &m);
    assert_int_equal(back.as.slots.n, N);
    for (int i = 0; i < N; i++) {
        assert_string_equal(back.as.slots.shares[i].cores, shares[i].cores);
        assert_string_equal(back.as.slots.shares[i].gpus, shares[i].gpus);
        assert_true(back.as.slots.shares[i].n_cores == 2 &&
                    back.as.slots.shares[i].memory_bytes == i);
    }
    ambs_inbox_fini(&box);
}

/* Feeds a packet in memory of exactly its size, so that a sanitizer sees every step beyond it. */
static void feed(ambs_inbox *box, const void *data, size_t n)
{
    uint8_t *copy = malloc(n ? n : 1);
    if (n) memcpy(copy, data, n);
    const void *bytes = copy;
    size_t length = n;
    ambs_message back;
    while (ambs_inbox_next(box, &bytes, &length, &back, &err) == AMBS_OK)
        ;
    free(copy);
}

static void damaged_packets_do_no_harm(void **state)
{
    (void)state;
    ambs_random r;
    ambs_random_init(&r, 2, 0, AMBS_PURPOSE_TEST);
    ambs_inbox box = {0};
    const ambs_share share = {.cores = (char *)"0-3", .n_cores = 4, .gpus = (char *)"0,1"};
    ambs_gpu gpu = {"GPU-1", "0", "0-7"};
    ambs_message samples[5] = {full_result(),
                               {.type = AMBS_MESSAGE_HELLO},
                               {.type = AMBS_MESSAGE_START},
                               {.type = AMBS_MESSAGE_WELCOME},
                               {.type = AMBS_MESSAGE_SLOTS}};
    samples[1].as.hello.seen = (ambs_resources){.machine = 1, .n_gpus = 1, .gpus = &gpu};
    samples[4].as.slots.n = 1;
    samples[4].as.slots.shares = &share;
    const double x[3] = {1, 2, 3};
    samples[2].as.start.d = 3;
    samples[2].as.start.x = x;
    samples[3].as.welcome.file = "f";
    samples[3].as.welcome.text = "text";
    for (int k = 0; k < 20000; k++) {
        ambs_text out = encode(&samples[k % 5]);
        size_t cut = k % 3 ? out.length : ambs_random_below(&r, out.length + 1);
        for (uint64_t f = ambs_random_below(&r, 4); f > 0; f--)
            out.text[ambs_random_below(&r, out.length)] = (char)ambs_random_u32(&r);
        feed(&box, out.text, cut);
        ambs_text_fini(&out);
    }
    ambs_inbox_fini(&box);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_part_of_the_output_comes_back_whole),
        cmocka_unit_test(the_largest_result_is_one_frame_and_comes_back_whole),
        cmocka_unit_test(a_configuration_of_any_dimension_keeps_its_bits),
        cmocka_unit_test(a_long_study_file_travels_in_pieces),
        cmocka_unit_test(several_frames_share_a_packet),
        cmocka_unit_test(another_version_is_refused_by_name),
        cmocka_unit_test(a_hello_tells_of_a_whole_host),
        cmocka_unit_test(the_longest_hello_is_one_frame),
        cmocka_unit_test(thousands_of_slots_come_back_whole),
        cmocka_unit_test(damaged_packets_do_no_harm),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("cluster/protocol", tests, NULL, NULL);
}
