/* SPDX-License-Identifier: MIT */
#include "check.h"

/* The file itself, so that the table is tested on machines that have the instruction. */
#include "base/checksum.c"

static void crc32c_of_nothing_is_the_start(void **state)
{
    (void)state;
    assert_int_equal(ambs_crc32c(0, "", 0), 0);
    assert_int_equal(ambs_crc32c(0x12345678, "", 0), 0x12345678);
}

static void crc32c_gives_the_published_values(void **state)
{
    (void)state;
    unsigned char zeros[32] = {0}, ones[32], up[32], down[32];
    memset(ones, 0xff, sizeof ones);
    for (int i = 0; i < 32; i++) {
        up[i] = (unsigned char)i;
        down[i] = (unsigned char)(31 - i);
    }
    assert_int_equal(ambs_crc32c(0, "123456789", 9), 0xe3069283);
    /* RFC 3720, appendix B.4 */
    assert_int_equal(ambs_crc32c(0, zeros, 32), 0x8a9136aa);
    assert_int_equal(ambs_crc32c(0, ones, 32), 0x62a8ab43);
    assert_int_equal(ambs_crc32c(0, up, 32), 0x46dd794e);
    assert_int_equal(ambs_crc32c(0, down, 32), 0x113fdb5c);
}

static void table_and_instruction_agree_however_the_bytes_are_cut(void **state)
{
    (void)state;
    unsigned char bytes[300];
    for (size_t i = 0; i < sizeof bytes; i++) bytes[i] = (unsigned char)(i * 131 + i / 7);
    for (size_t from = 0; from < 9; from++)
        for (size_t length = 0; from + length <= sizeof bytes; length += 1 + length / 8) {
            uint32_t whole = ambs_crc32c(0, bytes + from, length);
            assert_int_equal(whole, (uint32_t)~crc_by_table(~0u, bytes + from, length));
            size_t cut = length / 3;
            assert_int_equal(whole, ambs_crc32c(ambs_crc32c(0, bytes + from, cut),
                                                bytes + from + cut, length - cut));
        }
}

static void fnv_1a_gives_the_published_values(void **state)
{
    (void)state;
    /* http://www.isthe.com/chongo/src/fnv/test_fnv.c */
    assert_true(ambs_hash(AMBS_HASH_START, "", 0) == 0xcbf29ce484222325u);
    assert_true(ambs_hash(AMBS_HASH_START, "a", 1) == 0xaf63dc4c8601ec8cu);
    assert_true(ambs_hash(AMBS_HASH_START, "foobar", 6) == 0x85944171f73967e8u);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(crc32c_of_nothing_is_the_start),
        cmocka_unit_test(crc32c_gives_the_published_values),
        cmocka_unit_test(table_and_instruction_agree_however_the_bytes_are_cut),
        cmocka_unit_test(fnv_1a_gives_the_published_values),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("checksum", tests, NULL, NULL);
}
