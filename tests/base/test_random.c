/* SPDX-License-Identifier: MIT */
#include "check.h"

#include "base/random.h"

static void philox_gives_the_published_vectors(void **state)
{
    (void)state;
    /* philox4x32, 10 rounds: kat_vectors of Random123 1.14 */
    static const struct {
        uint32_t counter[4], key[2], expected[4];
    } vectors[] = {
        {{0, 0, 0, 0}, {0, 0}, {0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}},
        {{~0u, ~0u, ~0u, ~0u}, {~0u, ~0u}, {0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}},
        {{0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344},
         {0xa4093822, 0x299f31d0},
         {0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}},
    };
    for (size_t v = 0; v < 3; v++) {
        ambs_random r;
        ambs_random_init(&r, 0, 0, 0);
        memcpy(r.counter, vectors[v].counter, sizeof r.counter);
        memcpy(r.key, vectors[v].key, sizeof r.key);
        for (int i = 0; i < 4; i++) assert_int_equal(ambs_random_u32(&r), vectors[v].expected[i]);
    }
}

static void a_stream_is_its_name_and_nothing_else(void **state)
{
    (void)state;
    ambs_random a, b, c[3];
    ambs_random_init(&a, 7, 1, AMBS_PURPOSE_TEST);
    ambs_random_init(&b, 7, 1, AMBS_PURPOSE_TEST);
    ambs_random_init(&c[0], 8, 1, AMBS_PURPOSE_TEST);
    ambs_random_init(&c[1], 7, 2, AMBS_PURPOSE_TEST);
    ambs_random_init(&c[2], 7, 1, AMBS_PURPOSE_TEST + 1);
    for (int i = 0; i < 100; i++) {
        uint64_t word = ambs_random_u64(&a);
        assert_true(word == ambs_random_u64(&b));
        for (int k = 0; k < 3; k++) assert_true(word != ambs_random_u64(&c[k]));
    }
}

static void the_block_counter_carries_on_beyond_its_word(void **state)
{
    (void)state;
    ambs_random r;
    ambs_random_init(&r, 1, 1, AMBS_PURPOSE_TEST);
    uint32_t first = ambs_random_u32(&r);
    r.counter[0] = ~0u;
    r.left = 0;
    for (int i = 0; i < 4; i++) ambs_random_u32(&r);
    assert_int_not_equal(ambs_random_u32(&r), first); /* not the beginning again */
}

static void uniform_numbers_are_open_at_both_ends(void **state)
{
    (void)state;
    ambs_random r;
    ambs_random_init(&r, 1, 0, AMBS_PURPOSE_TEST);
    for (int end = 0; end < 2; end++) {
        r.left = 4; /* the words decide: all bits 0, then all bits 1 */
        memset(r.block, end ? 0xff : 0, sizeof r.block);
        double u = ambs_random_uniform(&r);
        assert_true(u > 0 && u < 1);
    }
    double sum = 0, squares = 0;
    for (int i = 0; i < 100000; i++) {
        double u = ambs_random_uniform(&r);
        sum += u;
        squares += u * u;
    }
    assert_true(fabs(sum / 1e5 - 0.5) < 5 * sqrt(1.0 / 12 / 1e5));
    assert_true(fabs(squares / 1e5 - 1.0 / 3) < 0.005);
}

static void normal_and_exponential_numbers_have_their_moments(void **state)
{
    (void)state;
    ambs_random r;
    ambs_random_init(&r, 2, 0, AMBS_PURPOSE_TEST);
    double sum = 0, squares = 0, fourth = 0, waits = 0;
    const int n = 200000;
    for (int i = 0; i < n; i++) {
        double z = ambs_random_normal(&r);
        assert_true(isfinite(z));
        sum += z;
        squares += z * z;
        fourth += z * z * z * z;
        waits += ambs_random_exponential(&r);
    }
    assert_true(fabs(sum / n) < 5 / sqrt(n));
    assert_true(fabs(squares / n - 1) < 5 * sqrt(2.0 / n));
    assert_true(fabs(fourth / n - 3) < 5 * sqrt(96.0 / n));
    assert_true(fabs(waits / n - 1) < 5 / sqrt(n));
}

static void below_is_uniform_and_stays_below(void **state)
{
    (void)state;
    ambs_random r;
    ambs_random_init(&r, 3, 0, AMBS_PURPOSE_TEST);
    assert_true(ambs_random_below(&r, 1) == 0);
    int count[6] = {0};
    for (int i = 0; i < 60000; i++) count[ambs_random_below(&r, 6)]++;
    for (int k = 0; k < 6; k++) assert_true(abs(count[k] - 10000) < 500);
    for (int i = 0; i < 1000; i++) assert_true(ambs_random_below(&r, UINT64_MAX) < UINT64_MAX);
}

static void a_shuffle_is_a_permutation_and_all_are_as_likely(void **state)
{
    (void)state;
    ambs_random r;
    ambs_random_init(&r, 4, 0, AMBS_PURPOSE_TEST);
    ambs_random_shuffle(&r, NULL, 0);
    int count[6] = {0};
    for (int i = 0; i < 6000; i++) {
        size_t p[3] = {0, 1, 2};
        ambs_random_shuffle(&r, p, 3);
        assert_true((1u << p[0] | 1u << p[1] | 1u << p[2]) == 7);
        count[p[0] * 2 + (p[1] > p[2])]++;
    }
    for (int k = 0; k < 6; k++) assert_true(abs(count[k] - 1000) < 150);
}

static void mix64_is_the_finaliser_of_splitmix64(void **state)
{
    (void)state;
    assert_true(ambs_mix64(0) == 0);
    /* the first output of splitmix64 with seed 0 (Vigna): mix of the golden gamma */
    assert_true(ambs_mix64(0x9e3779b97f4a7c15u) == 0xe220a8397b1dcdafu);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(philox_gives_the_published_vectors),
        cmocka_unit_test(a_stream_is_its_name_and_nothing_else),
        cmocka_unit_test(the_block_counter_carries_on_beyond_its_word),
        cmocka_unit_test(uniform_numbers_are_open_at_both_ends),
        cmocka_unit_test(normal_and_exponential_numbers_have_their_moments),
        cmocka_unit_test(below_is_uniform_and_stays_below),
        cmocka_unit_test(a_shuffle_is_a_permutation_and_all_are_as_likely),
        cmocka_unit_test(mix64_is_the_finaliser_of_splitmix64),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("random", tests, NULL, NULL);
}
