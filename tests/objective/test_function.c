/* SPDX-License-Identifier: MIT */
/* The test functions against their published minima. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "ambs/study.h"
#include "base/random.h"
#include "objective/objective.h"
#include "objective/test_function.h"
#include "study/spec.h"

static size_t a_dimension(const ambs_test_function *f, size_t wanted)
{
    if (wanted < f->d_min) return f->d_min;
    return f->d_max > 0 && wanted > f->d_max ? f->d_max : wanted;
}

static void random_point(const ambs_test_function *f, size_t d, ambs_random *r, double *ret_x)
{
    for (size_t i = 0; i < d; i++) {
        double low = f->low[f->n_bounds > 1 ? i : 0], high = f->high[f->n_bounds > 1 ? i : 0];
        ret_x[i] = low + (high - low) * ambs_random_uniform(r);
        if (i < f->n_whole)
            ret_x[i] = low + (double)ambs_random_below(r, (uint64_t)(high - low) + 1);
    }
}

static void the_minimum_is_taken_where_it_is_said_to_be(void **state)
{
    (void)state;
    static const size_t dimensions[] = {1, 2, 5, 10};
    size_t checked = 0;
    for (const ambs_test_function *f = ambs_test_functions; f->name; f++)
        for (size_t k = 0; k < 4; k++) {
            double x[64];
            size_t d = a_dimension(f, dimensions[k]);
            if (ambs_test_function_argmin(f, d, x) != 0) continue;
            double minimum = ambs_test_function_minimum(f, d), found = f->evaluate(x, d);
            if (!(fabs(found - minimum) <= 1e-7 * (1 + fabs(minimum))))
                fail_msg("%s, d = %zu: %.15g at its minimum, expected %.15g", f->name, d, found,
                         minimum);
            checked++;
        }
    assert_true(checked > 60);
}

static void nothing_in_the_domain_is_below_the_minimum(void **state)
{
    (void)state;
    ambs_random r;
    ambs_random_init(&r, 3, 0, AMBS_PURPOSE_TEST);
    for (const ambs_test_function *f = ambs_test_functions; f->name; f++) {
        double x[64], at[64];
        size_t d = a_dimension(f, 5);
        double minimum = ambs_test_function_minimum(f, d);
        if (f->n_bounds == 0 || isnan(minimum)) continue;
        int near = ambs_test_function_argmin(f, d, at);
        for (int i = 0; i < 4000; i++) {
            random_point(f, d, &r, x);
            /* Half of them close to the minimum, inside the domain. */
            for (size_t k = 0; k < d && near == 0 && i % 2; k++)
                if (k >= f->n_whole) x[k] = at[k] + 1e-3 * (x[k] - at[k]);
            double value = f->evaluate(x, d);
            if (!(value >= minimum - 1e-9 * (1 + fabs(minimum))))
                fail_msg("%s: %.15g is below the minimum %.15g", f->name, value, minimum);
        }
    }
}

static void names_are_in_order_and_say_their_source(void **state)
{
    (void)state;
    size_t n = 0;
    for (const ambs_test_function *f = ambs_test_functions; f->name; f++, n++) {
        assert_true(f->source && f->source[0]);
        assert_ptr_equal(ambs_test_function_find(f->name), f);
        if (n > 0) assert_true(strcmp(f[-1].name, f->name) < 0);
    }
    assert_true(n >= 18);
    assert_null(ambs_test_function_find("bran"));
}

/* What reading the study says; "" when it is good. */
static void read_study(const char *objective, const char *parameters, char *ret_text, size_t size)
{
    char text[1024];
    ambs_spec *spec = NULL;
    ambs_error err = {0};
    snprintf(text, sizeof text, "method: {name: random}\nobjective: %s\nparameters: %s\n",
             objective, parameters);
    ambs_spec_parse(text, strlen(text), "t", NULL, 0, &spec, &err);
    snprintf(ret_text, size, "%.4095s", err.text);
    if (spec) {
        ambs_text said = {0};
        spec->objective->describe(spec->objective_options, spec->space, &said);
        snprintf(ret_text, size, "%s", said.text);
        ambs_text_fini(&said);
    }
    ambs_spec_destroy(spec);
}

static void wrong_studies_are_refused(void **state)
{
    (void)state;
    static const struct {
        const char *objective, *parameters, *message;
    } wrong[] = {
        {"{function: branni}", "{a: {min: 0.0, max: 1.0}}", "did you mean \"branin\"?"},
        {"{function: branin}", "{a: {min: 0.0, max: 1.0}, c: {value: 3}}",
         "branin takes 2 parameters, found 1 (constants not counted)"},
        {"{function: rosenbrock}", "{a: {min: 0.0, max: 1.0}}",
         "rosenbrock takes at least 2 parameters, found 1"},
        {"{function: sphere, delay: soon}", "{a: {min: 0.0, max: 1.0}}", "delay: found \"soon\""},
        {"{function: sphere, noise: -1}", "{a: {min: 0.0, max: 1.0}}",
         "noise: found \"-1\", expected a value of at least 0"},
        {"{function: sphere, failure_rate: 2}", "{a: {min: 0.0, max: 1.0}}",
         "expected a value from 0 to 1"},
    };
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        char text[4200];
        read_study(wrong[i].objective, wrong[i].parameters, text, sizeof text);
        if (!strstr(text, wrong[i].message))
            fail_msg("found: %s\nexpected: %s", text, wrong[i].message);
    }
}

static void bounds_outside_the_domain_are_pointed_out(void **state)
{
    (void)state;
    char text[4200];
    read_study("{function: branin}", "{a: {min: -6.0, max: 10.0}, b: {min: 0.0, max: 15.0}}", text,
               sizeof text);
    assert_string_equal(
        text, "branin in 2 dimensions (Dixon and Szego 1978), known minimum 0.39788735772973816\n"
              "  a reaches from -6 to 10, the published domain from -5 to 10");
    read_study("{function: sphere}", "{a: {values: [1, 2, 3]}, b: {min: 0.0, max: 1.0}}", text,
               sizeof text);
    assert_string_equal(text, "sphere in 2 dimensions (De Jong 1975, F1), known minimum 0");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_minimum_is_taken_where_it_is_said_to_be),
        cmocka_unit_test(nothing_in_the_domain_is_below_the_minimum),
        cmocka_unit_test(names_are_in_order_and_say_their_source),
        cmocka_unit_test(wrong_studies_are_refused),
        cmocka_unit_test(bounds_outside_the_domain_are_pointed_out),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("function", tests, NULL, NULL);
}
