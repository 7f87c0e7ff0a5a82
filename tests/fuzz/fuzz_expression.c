/* SPDX-License-Identifier: MIT */
/* Any bytes as an expression over a space with a parameter of every kind: it compiles or is refused
 * with a message, and its value is true, false or unknown. */
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "space/expression.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool holds)
{
    if (!holds) abort();
}

static ambs_space *make_space(void)
{
    static const ambs_value truths[] = {{AMBS_VALUE_BOOL, 0, "false"},
                                        {AMBS_VALUE_BOOL, 1, "true"}};
    static const ambs_value names[] = {{AMBS_VALUE_STRING, NAN, "sgd"},
                                       {AMBS_VALUE_STRING, NAN, "rms-prop"}};
    static const ambs_value mixed[] = {{AMBS_VALUE_STRING, NAN, "none"},
                                       {AMBS_VALUE_FLOAT, -1.5, "-1.5"}};
    static const ambs_value sizes[] = {{AMBS_VALUE_STRING, NAN, "small"},
                                       {AMBS_VALUE_STRING, NAN, "large"}};
    const ambs_parameter parameters[] = {
        {.name = "a", .type = AMBS_PARAMETER_FLOAT, .min = -2, .max = 2, .initial = NAN},
        {.name = "n-b", .type = AMBS_PARAMETER_INT, .min = -2, .max = 2, .initial = NAN},
        {.name = "p",
         .type = AMBS_PARAMETER_CATEGORICAL,
         .levels = truths,
         .n_levels = 2,
         .initial = NAN},
        {.name = "opt",
         .type = AMBS_PARAMETER_CATEGORICAL,
         .levels = names,
         .n_levels = 2,
         .initial = NAN},
        {.name = "mixed",
         .type = AMBS_PARAMETER_CATEGORICAL,
         .levels = mixed,
         .n_levels = 2,
         .initial = NAN},
        {.name = "size",
         .type = AMBS_PARAMETER_ORDINAL,
         .levels = sizes,
         .n_levels = 2,
         .initial = NAN},
    };
    ambs_space *space;
    require(ambs_space_create(&space, NULL) == AMBS_OK);
    for (size_t i = 0; i < sizeof parameters / sizeof *parameters; i++)
        require(ambs_space_add(space, &parameters[i], NULL) == AMBS_OK);
    require(ambs_space_finish(space, NULL) == AMBS_OK);
    return space;
}

static void check_value(double value)
{
    require(isnan(value) || value == 0 || value == 1);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static ambs_space *space; /* made once, reachable to the end */
    if (!space) space = make_space();
    char *text = malloc(size + 1); /* of its exact size, so that a read beyond it is seen */
    require(text != NULL);
    memcpy(text, data, size);
    text[size] = '\0';
    ambs_error err = {0};
    ambs_expression *expression = NULL;
    if (ambs_expression_compile(NULL, text, NULL, &err) != AMBS_OK) require(err.text[0] != '\0');
    err.text[0] = '\0';
    if (ambs_expression_compile(space, text, &expression, &err) == AMBS_OK) {
        const double some[] = {1.5, -2, 1, 0, 1, 1}, unknown[] = {NAN, NAN, NAN, NAN, NAN, NAN};
        const double wild[] = {INFINITY, 1e300, 7, -3, 0.5, 1e18};
        check_value(ambs_expression_evaluate(expression, space, some));
        check_value(ambs_expression_evaluate(expression, space, unknown));
        check_value(ambs_expression_evaluate(expression, space, wild));
    } else {
        require(err.text[0] != '\0');
    }
    ambs_expression_destroy(expression);
    free(text);
    return 0;
}
