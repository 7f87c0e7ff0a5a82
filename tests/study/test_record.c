/* SPDX-License-Identifier: MIT */
#include "records.h"

#include <string.h>

#include "base/checksum.h"

enum { D = 5 };

static void encode(const ambs_record *record, ambs_text *out)
{
    ambs_error err;
    assert_int_equal(ambs_record_encode(record, D, out, &err), 0);
}

static void every_type_survives_the_round_trip(void **state)
{
    (void)state;
    ambs_random random;
    ambs_random_init(&random, 1, 0, AMBS_PURPOSE_TEST);
    ambs_text bytes = {0}, scratch = {0};
    for (int i = 0; i < 2000; i++) {
        record_room room;
        ambs_record in, out;
        size_t size;
        ambs_error err = {0};
        random_record(&random, (ambs_record_type)(1 + i % AMBS_RECORD_LAST), D, &room, &in);
        ambs_text_clear(&bytes);
        encode(&in, &bytes);
        assert_int_equal(
            ambs_record_decode(bytes.text, bytes.length, D, &scratch, &out, &size, &err), 0);
        assert_int_equal(size, bytes.length);
        assert_records_equal(&in, &out, D);
    }
    ambs_text_fini(&bytes);
    ambs_text_fini(&scratch);
}

static void a_known_record_has_known_bytes(void **state)
{
    (void)state;
    ambs_record record = {.type = AMBS_RECORD_CANCEL,
                          .sequence = 0x0102,
                          .pending = 3,
                          .as.cancel = {.trial = 7, .wall_s = 1.0}};
    ambs_text bytes = {0};
    encode(&record, &bytes);
    static const unsigned char expected[] = {28, 0, 0, 0, 0, 0, 0, 0, 2, 1, 0, 0, 0, 0, 0,    0,
                                             5,  0, 7, 0, /* input, 3 << 1 */
                                             7,  0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xf0, 0x3f};
    assert_int_equal(bytes.length, sizeof expected);
    assert_memory_equal(bytes.text, expected, 4);
    assert_memory_equal(bytes.text + 8, expected + 8, sizeof expected - 8);
    ambs_text_fini(&bytes);
}

static void every_truncation_asks_for_more(void **state)
{
    (void)state;
    ambs_random random;
    ambs_random_init(&random, 2, 0, AMBS_PURPOSE_TEST);
    ambs_text bytes = {0}, scratch = {0};
    for (int type = 1; type <= AMBS_RECORD_LAST; type++) {
        record_room room;
        ambs_record in, out;
        size_t size;
        random_record(&random, (ambs_record_type)type, D, &room, &in);
        ambs_text_clear(&bytes);
        encode(&in, &bytes);
        for (size_t n = 0; n < bytes.length; n++) {
            char *cut =
                test_malloc(n + 1); /* its own allocation, so that a sanitizer sees a read beyond */
            memcpy(cut, bytes.text, n);
            assert_int_equal(ambs_record_decode(cut, n, D, &scratch, &out, &size, NULL),
                             AMBS_E_AGAIN);
            test_free(cut);
        }
    }
    ambs_text_fini(&bytes);
    ambs_text_fini(&scratch);
}

static void every_flipped_bit_is_found(void **state)
{
    (void)state;
    ambs_random random;
    ambs_random_init(&random, 3, 0, AMBS_PURPOSE_TEST);
    ambs_text bytes = {0}, scratch = {0};
    for (int type = 1; type <= AMBS_RECORD_LAST; type++) {
        record_room room;
        ambs_record in, out;
        size_t size;
        random_record(&random, (ambs_record_type)type, D, &room, &in);
        ambs_text_clear(&bytes);
        encode(&in, &bytes);
        for (size_t bit = 0; bit < 8 * bytes.length; bit++) {
            bytes.text[bit / 8] = (char)(bytes.text[bit / 8] ^ 1 << bit % 8);
            int rc = ambs_record_decode(bytes.text, bytes.length, D, &scratch, &out, &size, NULL);
            assert_true(rc == AMBS_E_FORMAT || (bit < 32 && rc == AMBS_E_AGAIN));
            bytes.text[bit / 8] = (char)(bytes.text[bit / 8] ^ 1 << bit % 8);
        }
    }
    ambs_text_fini(&bytes);
    ambs_text_fini(&scratch);
}

/* A wrong body under a right checksum: what a buggy or hostile writer could leave. */
static void a_random_body_with_a_right_checksum_never_crashes(void **state)
{
    (void)state;
    ambs_random random;
    ambs_random_init(&random, 4, 0, AMBS_PURPOSE_TEST);
    ambs_text scratch = {0};
    for (int i = 0; i < 20000; i++) {
        unsigned char bytes[300];
        uint32_t length = 12 + (uint32_t)ambs_random_below(&random, 250);
        for (uint32_t k = 8; k < 8 + length; k++)
            bytes[k] = (unsigned char)(ambs_random_u32(&random) & (i % 2 ? 0xff : 0x03));
        bytes[16] = (unsigned char)(1 + i % 12);
        bytes[17] = 0;
        uint32_t crc = ambs_crc32c(0, bytes + 8, length);
        memcpy(bytes, &length, 4);
        memcpy(bytes + 4, &crc, 4);
        ambs_record out;
        size_t size;
        int rc = ambs_record_decode(bytes, 8 + length, D, &scratch, &out, &size, NULL);
        assert_true(rc == AMBS_OK || rc == AMBS_E_FORMAT);
    }
    ambs_text_fini(&scratch);
}

static void a_text_of_64_mib_is_refused_and_leaves_the_buffer_as_it_was(void **state)
{
    (void)state;
    size_t length = (size_t)AMBS_RECORD_MAX_BYTES + 1;
    char *text = test_malloc(length + 1);
    memset(text, 'a', length);
    text[length] = '\0';
    ambs_record record = {.type = AMBS_RECORD_EVENT, .sequence = 1, .as.event = {.text = text}};
    ambs_text bytes = {0};
    ambs_text_add(&bytes, "before");
    ambs_error err;
    assert_int_equal(ambs_record_encode(&record, 0, &bytes, &err), AMBS_E_INVALID);
    assert_int_equal(bytes.length, 6);
    test_free(text);
    ambs_text_fini(&bytes);
}

static void a_value_beyond_its_range_is_not_written(void **state)
{
    (void)state;
    ambs_record record = {.type = AMBS_RECORD_RESULT, .sequence = 1};
    record.as.result.outcome.n_metrics = AMBS_MAX_METRICS + 1;
    ambs_text bytes = {0};
    assert_int_equal(ambs_record_encode(&record, 0, &bytes, NULL), AMBS_E_INVALID);
    record.as.result.outcome.n_metrics = 0;
    record.as.result.outcome.state = (ambs_trial_state)99;
    assert_int_equal(ambs_record_encode(&record, 0, &bytes, NULL), AMBS_E_INVALID);
    assert_int_equal(bytes.length, 0);
    ambs_text_fini(&bytes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_known_record_has_known_bytes),
        cmocka_unit_test(every_type_survives_the_round_trip),
        cmocka_unit_test(every_truncation_asks_for_more),
        cmocka_unit_test(every_flipped_bit_is_found),
        cmocka_unit_test(a_random_body_with_a_right_checksum_never_crashes),
        cmocka_unit_test(a_text_of_64_mib_is_refused_and_leaves_the_buffer_as_it_was),
        cmocka_unit_test(a_value_beyond_its_range_is_not_written),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("study/record", tests, NULL, NULL);
}
