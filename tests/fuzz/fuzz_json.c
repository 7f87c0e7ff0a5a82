/* SPDX-License-Identifier: MIT */
/* Any bytes as JSON: refused with a place, or walked through to the last node and written again,
 * which reads back the same; and taken as a configuration, which is refused or a member of the
 * space. */
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "space/space.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool holds)
{
    if (!holds) abort();
}

static ambs_space *make_space(void)
{
    static const ambs_value names[] = {{AMBS_VALUE_STRING, NAN, "sgd"}, {AMBS_VALUE_INT, 3, "3"}};
    static const ambs_value truths[] = {{AMBS_VALUE_BOOL, 0, "false"},
                                        {AMBS_VALUE_BOOL, 1, "true"}};
    const ambs_parameter parameters[] = {
        {.name = "x",
         .type = AMBS_PARAMETER_FLOAT,
         .min = -1,
         .max = 1,
         .step = 0.1,
         .initial = NAN},
        {.name = "n", .type = AMBS_PARAMETER_INT, .min = 0, .max = 1e15, .initial = NAN},
        {.name = "c",
         .type = AMBS_PARAMETER_CATEGORICAL,
         .levels = names,
         .n_levels = 2,
         .initial = NAN},
        {.name = "p",
         .type = AMBS_PARAMETER_CATEGORICAL,
         .levels = truths,
         .n_levels = 2,
         .initial = NAN},
    };
    ambs_space *space;
    const double one = 1;
    require(ambs_space_create(&space, NULL) == AMBS_OK);
    for (size_t i = 0; i < sizeof parameters / sizeof *parameters; i++)
        require(ambs_space_add(space, &parameters[i], NULL) == AMBS_OK);
    require(ambs_space_add_condition(space, "p", "c", &one, 1, NULL) == AMBS_OK);
    require(ambs_space_add_constraint(space, "x + n != 0.5", NULL) == AMBS_OK);
    require(ambs_space_finish(space, NULL) == AMBS_OK);
    return space;
}

static void copy(ambs_json_node node, ambs_json_writer *w);

static int copy_member(void *ctx, const char *key, ambs_json_node value)
{
    ambs_json_key(ctx, key);
    copy(value, ctx);
    return 0;
}

/* Writes what was read, by every reader in turn. */
static void copy(ambs_json_node node, ambs_json_writer *w)
{
    switch (ambs_json_type_of(node)) {
    case AMBS_JSON_OBJECT:
        ambs_json_object(w);
        require(ambs_json_each(node, copy_member, w) == 0);
        ambs_json_end_object(w);
        break;
    case AMBS_JSON_ARRAY:
        ambs_json_array(w);
        for (size_t i = 0; i < ambs_json_size(node); i++) copy(ambs_json_at(node, i), w);
        ambs_json_end_array(w);
        break;
    case AMBS_JSON_STRING:
        ambs_json_string(w, ambs_json_text(node));
        break;
    case AMBS_JSON_INT:
        ambs_json_int(w, ambs_json_whole(node));
        break;
    case AMBS_JSON_DOUBLE:
        ambs_json_double(w, ambs_json_number(node));
        break;
    case AMBS_JSON_BOOL:
        ambs_json_bool(w, ambs_json_true(node));
        break;
    default:
        ambs_json_null(w);
    }
}

static void check_copy(const ambs_json *document)
{
    ambs_text first = {0}, second = {0};
    ambs_json_writer w;
    ambs_json *again;
    ambs_json_begin(&w, &first, 2);
    copy(ambs_json_root(document), &w);
    require(ambs_text_check(&first, NULL) == AMBS_OK);
    require(ambs_json_parse(first.text, first.length, &again, NULL) == AMBS_OK);
    ambs_json_begin(&w, &second, 2);
    copy(ambs_json_root(again), &w);
    require(strcmp(first.text, second.text) == 0);
    ambs_json_destroy(again);
    ambs_text_fini(&first);
    ambs_text_fini(&second);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static ambs_space *space; /* made once, reachable to the end */
    if (!space) space = make_space();
    ambs_error err = {0};
    ambs_json *document;
    if (ambs_json_parse((const char *)data, size, &document, &err) != AMBS_OK) {
        require(err.text[0] != '\0');
        return 0;
    }
    check_copy(document);
    double x[4];
    if (ambs_space_read_json(space, ambs_json_root(document), x, &err) == AMBS_OK)
        require(ambs_space_contains(space, x, NULL));
    else
        require(err.text[0] != '\0');
    ambs_json_destroy(document);
    return 0;
}
