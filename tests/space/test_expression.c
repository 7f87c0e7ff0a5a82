/* SPDX-License-Identifier: MIT */
/* The language of constraints and conditions. */
#include "spaces.h"

#include "base/text.h"
#include "space/expression.h"

/* Parameters of every kind; indices as in the enum. */
enum { A, B, P, Q, SIZE, OPT, MIXED, DASH, RATE, N_ALL };

static ambs_space *sample_space(void)
{
    ambs_space *s = new_space();
    add_float(s, "a", AMBS_SCALE_LINEAR, -10, 10, 0);
    add_int(s, "b", AMBS_SCALE_LINEAR, -10, 10, 0);
    add_levels(s, "p", AMBS_PARAMETER_CATEGORICAL, "false true", NULL);
    add_levels(s, "q", AMBS_PARAMETER_CATEGORICAL, "false true", NULL);
    add_levels(s, "size", AMBS_PARAMETER_ORDINAL, "small medium large", NULL);
    add_levels(s, "opt", AMBS_PARAMETER_CATEGORICAL, "sgd adam rms-prop", NULL);
    add_levels(s, "mixed", AMBS_PARAMETER_CATEGORICAL, "none 1 2.5 -1 true", NULL);
    add_levels(s, "batch-size", AMBS_PARAMETER_ORDINAL, "16 32 64", NULL);
    add_float(s, "lr.start", AMBS_SCALE_LOG, 1e-3, 1, 0);
    finish(s);
    return s;
}

static double evaluate(const ambs_space *s, const char *text, const double *x)
{
    ambs_error err = {0};
    ambs_expression *e = NULL;
    int rc = ambs_expression_compile(NULL, text, NULL,
                                     &err); /* whatever compiles is sound as syntax too */
    if (rc == AMBS_OK) rc = ambs_expression_compile(s, text, &e, &err);
    if (rc != AMBS_OK) fail_msg("%s: %s", text, err.text);
    double value = ambs_expression_evaluate(e, s, x);
    ambs_expression_destroy(e);
    return value;
}

static bool same(double a, double b)
{
    return a == b || (isnan(a) && isnan(b));
}

static void and_or_not_follow_kleene(void **state)
{
    (void)state;
    /* rows p, columns q over false, true, unknown: Kleene 1952, section 64 */
    static const double N = NAN;
    const double values[3] = {0, 1, N};
    const double and_table[3][3] = {{0, 0, 0}, {0, 1, N}, {0, N, N}};
    const double or_table[3][3] = {{0, 1, N}, {1, 1, 1}, {N, 1, N}};
    const double not_table[3] = {1, 0, N};
    ambs_space *s = sample_space();
    for (int i = 0; i < 3; i++) {
        double x[N_ALL] = {0};
        x[P] = values[i];
        assert_true(same(evaluate(s, "not p", x), not_table[i]));
        assert_true(same(evaluate(s, "not not p", x), values[i]));
        for (int j = 0; j < 3; j++) {
            x[Q] = values[j];
            assert_true(same(evaluate(s, "p and q", x), and_table[i][j]));
            assert_true(same(evaluate(s, "p or q", x), or_table[i][j]));
            double equal = isnan(x[P]) || isnan(x[Q]) ? N : x[P] == x[Q];
            assert_true(same(evaluate(s, "p == q", x), equal));
        }
    }
    ambs_space_destroy(s);
}

static void numbers_mean_what_they_mean_in_arithmetic(void **state)
{
    (void)state;
    ambs_space *s = sample_space();
    double x[N_ALL] = {[A] = 3, [B] = -2, [P] = 1, [SIZE] = 1, [OPT] = 1, [DASH] = 2, [RATE] = 0.5};
    static const char *const truths[] = {
        "a + b == 1",
        "a - b - 1 == 4",
        "a * b + 1 == -5",
        "a + b * 2 == -1",
        "(a + b) * 2 == 2",
        "a / b == -1.5",
        "-a ** 2 == -9",
        "2 ** 3 ** 2 == 512",
        "a ** -1 == 1 / 3",
        "- -a == 3",
        "+a == 3",
        "-7 % 3 == 2",
        "7 % -3 == -2",
        "min(a, b) == -2",
        "max(a, b, 7) == 7",
        "min(a) == 3",
        "abs(b) == 2",
        "log(exp(a)) == 3",
        "exp(0) == 1",
        "a>b",
        "a >= 3",
        "a<=3",
        "b < 0",
        "a != b",
        "not a < b",
        "not (a < b) and p",
        "p or a > b and a < b",
        "1e-3 < 0.002",
        ".5 == 0.5",
        "5. == 5",
        "a in [1, 2, 3]",
        "a not in [1, 2]",
        "p in [true]",
        "p == true",
        "p",
        "true",
        "!(a < b) && p || false",
        "batch-size == 64",
        "batch-size-1 == 63",
        "a-b==5",
        "a -b == 5",
        "lr.start < 1",
        "batch-size in [32, 64]",
        "max(a,b)-min(a,b) == 5",
        "a-min(a,b) == 5",
        "a-1 == 2",
    };
    for (size_t i = 0; i < sizeof truths / sizeof *truths; i++)
        if (evaluate(s, truths[i], x) != 1) fail_msg("not true: %s", truths[i]);
    ambs_space_destroy(s);
}

static void levels_are_compared_by_their_text_and_rank(void **state)
{
    (void)state;
    ambs_space *s = sample_space();
    double x[N_ALL] = {[SIZE] = 1, [OPT] = 2, [MIXED] = 2};
    static const char *const truths[] = {
        "opt == rms-prop",
        "opt == 'rms-prop'",
        "\"rms-prop\" == opt",
        "opt != adam",
        "opt in [adam, 'rms-prop']",
        "opt not in [sgd, adam]",
        "size == medium",
        "size > small",
        "size <= 'large'",
        "large > size",
        "mixed == 2.5",
        "mixed != none",
        "mixed != 1",
        "mixed in [none, 2.5]",
        "mixed != -1",
        "mixed != true",
        "(opt) == (rms-prop)",
    };
    for (size_t i = 0; i < sizeof truths / sizeof *truths; i++)
        if (evaluate(s, truths[i], x) != 1) fail_msg("not true: %s", truths[i]);
    x[OPT] = NAN;
    assert_true(isnan(evaluate(s, "opt == sgd", x)));
    assert_true(isnan(evaluate(s, "opt in [sgd, adam]", x)));
    ambs_space_destroy(s);
}

static void what_cannot_be_computed_is_unknown(void **state)
{
    (void)state;
    ambs_space *s = sample_space();
    double x[N_ALL] = {[A] = 0, [B] = NAN, [P] = 1};
    static const char *const unknown[] = {
        "b > 0",       "b == b",      "a * b == 0", "min(a, b) == 0", "max(b, a) == 0",
        "1 ** b == 1", "log(-1) < 0", "a / a == 1", "b in [1, 2]",    "abs(b) > 0"};
    for (size_t i = 0; i < sizeof unknown / sizeof *unknown; i++)
        if (!isnan(evaluate(s, unknown[i], x))) fail_msg("not unknown: %s", unknown[i]);
    assert_true(evaluate(s, "b > 0 or p", x) == 1);
    assert_true(evaluate(s, "b > 0 and not p", x) == 0);
    assert_true(evaluate(s, "1 / a > 1e300", x) == 1); /* infinity is a number */
    x[OPT] = 1e9; /* no level at all: nothing is read out of bounds */
    x[DASH] = 77;
    assert_true(isnan(evaluate(s, "batch-size > 0", x)));
    assert_true(evaluate(s, "opt == sgd", x) == 0);
    ambs_space_destroy(s);
}

static void errors_name_column_found_and_expected(void **state)
{
    (void)state;
    static const struct {
        const char *text, *error;
    } cases[] = {
        {"", "column 1: the expression ends here, expected a comparison"},
        {"  ", "column 3: the expression ends here, expected a comparison"},
        {"a", "column 1: found a number, a, expected a comparison, or and, or, not of comparisons"},
        {"a + 1",
         "column 1: found a number, expected a comparison, or and, or, not of comparisons"},
        {"a <",
         "column 4: the expression ends here, expected a number, a name, a text in quotes or ("},
        {"a < b < 3",
         "column 7: found \"<\", expected and: write a < b and b < c instead of a < b < c"},
        {"a = 3", "column 3: found \"=\", expected == for a comparison"},
        {"(a < 3", "column 7: the expression ends here, expected )"},
        {"a < 3)", "column 6: found \")\", expected an operator or the end"},
        {"a < 3 b", "column 7: found \"b\", expected an operator or the end"},
        {"a < 3x", "column 5: \"3x\" is not a number"},
        {"a < 1.2.3", "column 5: \"1.2.3\" is not a number"},
        {"opt == 'sgd", "column 8: the quotation mark ' is not closed"},
        {"a @ 3", "column 3: found \"@\", which has no meaning here"},
        {"siez == small", "column 1: unknown name \"siez\"; did you mean \"size\"? known: a, "
                          "b, p, q, size, opt, mixed, batch-size, "
                          "lr.start"},
        {"opt == sdg", "column 8: \"sdg\" is no value of opt, which has: sgd, adam, rms-prop"},
        {"opt == 3", "column 8: \"3\" is no value of opt, which has: sgd, adam, rms-prop"},
        {"opt < adam", "column 1: opt has no order, expected == or !="},
        {"opt == size",
         "column 8: a parameter of text cannot be compared with a parameter of text"},
        {"a == 'x'", "column 6: a number cannot be compared with text"},
        {"p < q", "column 5: a truth value cannot be compared with a truth value by order"},
        {"p + 1 > 0", "column 1: found a truth value, p, expected a number"},
        {"opt + 1 > 0", "column 1: found a parameter of text, opt, expected a number"},
        {"a and b",
         "column 1: found a number, a, expected a comparison, or and, or, not of comparisons"},
        {"not a",
         "column 5: found a number, a, expected a comparison, or and, or, not of comparisons"},
        {"log a > 1", "column 5: found \"a\", expected ( after the name of a function"},
        {"log(a, b) > 1", "column 6: found \",\", expected )"},
        {"max() > 1", "column 5: found \")\", expected a number, a name, a text in quotes or ("},
        {"max(a b) > 1", "column 7: found \"b\", expected , or )"},
        {"a in 3", "column 6: found \"3\", expected [ and a list of values"},
        {"a in [1", "column 8: the expression ends here, expected , or ]"},
        {"a not 3", "column 7: found \"3\", expected in after not"},
        {"'x' == 'y'", "column 8: text cannot be compared with text"},
    };
    ambs_space *s = sample_space();
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        ambs_error err = {0};
        ambs_expression *e = NULL;
        assert_int_equal(ambs_expression_compile(s, cases[i].text, &e, &err), AMBS_E_INVALID);
        if (strcmp(err.text, cases[i].error) != 0)
            fail_msg("%s\n found    %s\n expected %s", cases[i].text, err.text, cases[i].error);
    }
    ambs_space_destroy(s);
}

static int compile(const ambs_space *s, const char *text, ambs_error *err)
{
    ambs_expression *e = NULL;
    int rc = ambs_expression_compile(s, text, &e, err);
    ambs_expression_destroy(e);
    return rc;
}

static void length_depth_and_width_are_limited(void **state)
{
    (void)state;
    ambs_space *s = sample_space();
    char text[8300];
    ambs_error err;
    for (int depth = 60; depth <= 70; depth++) {
        memset(text, '(', (size_t)depth);
        snprintf(
            text + depth, sizeof text - (size_t)depth, "a < 3%.*s", depth,
            "))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))");
        assert_int_equal(compile(s, text, &err), depth <= 64 ? AMBS_OK : AMBS_E_INVALID);
    }
    memset(text, ' ', sizeof text);
    memcpy(text, "a < 3", 5);
    text[4096] = '\0';
    assert_int_equal(compile(s, text, &err), AMBS_OK);
    text[4096] = ' ';
    text[4097] = '\0';
    assert_int_equal(compile(s, text, &err), AMBS_E_INVALID);
    assert_string_equal(err.text, "the expression is longer than 4096 bytes");
    static const char *const endless[] = {
        "-", "not ", "2**", "(", "max(", "a+(", "p or p and (1+2*(-3)**("};
    for (size_t i = 0; i < sizeof endless / sizeof *endless; i++) { /* no crash, whatever it says */
        size_t n = strlen(endless[i]);
        for (size_t at = 0; at + n < 4090; at += n) memcpy(text + at, endless[i], n);
        text[4090 / n * n] = '\0';
        assert_int_equal(compile(s, text, &err), AMBS_E_INVALID);
        assert_int_equal(compile(NULL, text, &err), AMBS_E_INVALID);
    }
    ambs_space_destroy(s);
}

/* A random expression as text, with its value computed here by the definitions, without the
 * compiler. */
typedef struct generator {
    ambs_random random;
    const double *x;
    ambs_text *text;
} generator;

static double make_number(generator *g, int depth)
{
    static const char *const operators[] = {" + ", "-", " * ", "/"};
    uint64_t kind = depth > 0 ? ambs_random_below(&g->random, 7) : ambs_random_below(&g->random, 3);
    if (kind == 0) {
        double value = (double)ambs_random_below(&g->random, 5);
        ambs_text_addf(g->text, "%g", value);
        return value;
    }
    if (kind < 3) {
        ambs_text_add(g->text,
                      kind == 1 ? "a " : "b "); /* the blank keeps a following minus apart */
        return g->x[kind == 1 ? A : B];
    }
    if (kind == 3) {
        ambs_text_add(g->text, "abs(");
        double value = make_number(g, depth - 1);
        ambs_text_add(g->text, ")");
        return fabs(value);
    }
    if (kind == 4) {
        ambs_text_add(g->text, "max(");
        double left = make_number(g, depth - 1);
        ambs_text_add(g->text, ",");
        double right = make_number(g, depth - 1);
        ambs_text_add(g->text, ")");
        return isnan(left) || isnan(right) ? NAN : left > right ? left : right;
    }
    uint64_t op = ambs_random_below(&g->random, 4);
    ambs_text_add(g->text, "(");
    double left = make_number(g, depth - 1);
    ambs_text_add(g->text, operators[op]);
    double right = make_number(g, depth - 1);
    ambs_text_add(g->text, ")");
    return op == 0 ? left + right : op == 1 ? left - right : op == 2 ? left * right : left / right;
}

static double make_truth(generator *g, int depth)
{
    uint64_t kind = depth > 0 ? ambs_random_below(&g->random, 5) : ambs_random_below(&g->random, 2);
    if (kind == 0) {
        ambs_text_add(g->text, "p");
        return g->x[P];
    }
    if (kind == 1) {
        double left = make_number(g, 2);
        ambs_text_add(g->text, "<=");
        double right = make_number(g, 2);
        return isnan(left) || isnan(right) ? NAN : left <= right;
    }
    if (kind == 2) {
        ambs_text_add(g->text, "not (");
        double value = make_truth(g, depth - 1);
        ambs_text_add(g->text, ")");
        return isnan(value) ? NAN : 1 - value;
    }
    ambs_text_add(g->text, "(");
    double left = make_truth(g, depth - 1);
    ambs_text_add(g->text, kind == 3 ? ") and (" : ") or (");
    double right = make_truth(g, depth - 1);
    ambs_text_add(g->text, ")");
    double decisive = kind == 3 ? 0 : 1;
    if (left == decisive || right == decisive) return decisive;
    return isnan(left) || isnan(right) ? NAN : 1 - decisive;
}

static void random_expressions_agree_with_a_walk_over_their_tree(void **state)
{
    (void)state;
    ambs_space *s = sample_space();
    ambs_text text = {0};
    double x[N_ALL] = {0};
    generator g = {.x = x, .text = &text};
    ambs_random_init(&g.random, 1, 0, AMBS_PURPOSE_TEST);
    int seen[3] = {0};
    for (int round = 0; round < 20000; round++) {
        ambs_text_clear(&text);
        x[A] = ambs_random_below(&g.random, 4) == 0 ? NAN
                                                    : (double)ambs_random_below(&g.random, 7) - 3;
        x[B] = ambs_random_below(&g.random, 4) == 0 ? NAN
                                                    : (double)ambs_random_below(&g.random, 7) - 3;
        x[P] = ambs_random_below(&g.random, 3) == 0 ? NAN : (double)ambs_random_below(&g.random, 2);
        double expected = make_truth(&g, 4);
        if (text.length > 4096) continue;
        if (!same(evaluate(s, text.text, x), expected)) fail_msg("%s", text.text);
        seen[isnan(expected) ? 2 : (int)expected]++;
    }
    for (int k = 0; k < 3; k++) assert_true(seen[k] > 1000);
    ambs_text_fini(&text);
    ambs_space_destroy(s);
}

static void random_bytes_never_crash_the_compiler(void **state)
{
    (void)state;
    static const char *const words[] = {
        "a",    "b",   "p",    "opt", "sgd", "size", "(",    ")", "[",          "]",    ",",
        "and ", "or ", "not ", "in ", "<",   "==",   "+",    "-", "*",          "**",   "/",
        "%",    "min", "log",  "1",   "2.5", "'x'",  "true", " ", "batch-size", "\xff", "="};
    ambs_space *s = sample_space();
    ambs_random r;
    ambs_random_init(&r, 2, 0, AMBS_PURPOSE_TEST);
    double x[N_ALL] = {0};
    for (int round = 0; round < 50000; round++) {
        char text[256] = "";
        for (uint64_t n = ambs_random_below(&r, 20); n > 0; n--)
            strcat(text, words[ambs_random_below(&r, sizeof words / sizeof *words)]);
        ambs_expression *e = NULL;
        ambs_error err = {0};
        if (ambs_expression_compile(s, text, &e, &err) == AMBS_OK) {
            double value = ambs_expression_evaluate(e, s, x);
            assert_true(isnan(value) || value == 0 || value == 1);
            assert_int_equal(ambs_expression_compile(NULL, text, NULL, &err), AMBS_OK);
        } else {
            assert_true(err.text[0] != '\0');
        }
        ambs_expression_destroy(e);
    }
    ambs_space_destroy(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(and_or_not_follow_kleene),
        cmocka_unit_test(numbers_mean_what_they_mean_in_arithmetic),
        cmocka_unit_test(levels_are_compared_by_their_text_and_rank),
        cmocka_unit_test(what_cannot_be_computed_is_unknown),
        cmocka_unit_test(errors_name_column_found_and_expected),
        cmocka_unit_test(length_depth_and_width_are_limited),
        cmocka_unit_test(random_expressions_agree_with_a_walk_over_their_tree),
        cmocka_unit_test(random_bytes_never_crash_the_compiler),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("expression", tests, NULL, NULL);
}
