/* SPDX-License-Identifier: MIT */
/* The plainest method, for tests: of a discrete space the first free configuration in the order of
 * enumeration, of any other the first free one of a fixed random stream. */
#include "search/method.h"
#include "space/space.h"

static int init(void *state, const ambs_method_context *context, ambs_error *err)
{
    (void)err;
    *(ambs_method_context *)state = *context;
    return AMBS_OK;
}

static int ask(void *state, uint64_t id, ambs_proposal *ret, ambs_error *err)
{
    const ambs_method_context *c = state;
    ambs_space_cursor *cursor;
    ret->origin = AMBS_ORIGIN_RANDOM;
    int rc = ambs_space_cursor_create(c->space, &cursor, err);
    if (rc == AMBS_E_NOMEM) return rc;
    if (rc == AMBS_OK) {
        bool more;
        do more = ambs_space_cursor_next(cursor, ret->x);
        while (more && c->is_taken(c->search, ret->x));
        ambs_space_cursor_destroy(cursor);
        return more ? AMBS_OK : ambs_fail(err, AMBS_E_EXHAUSTED, "the enumeration has ended");
    }
    ambs_random random;
    ambs_random_init(&random, 0, id, AMBS_PURPOSE_SAMPLE);
    do rc = ambs_space_sample(c->space, &random, ret->x, err);
    while (rc == AMBS_OK && c->is_taken(c->search, ret->x));
    return rc;
}

const ambs_method_ops ambs_method_reference = {
    .member = {.name = "reference",
               .summary = "enumeration, or plain random search",
               .for_tests = true},
    .state_size = sizeof(ambs_method_context),
    .init = init,
    .ask = ask,
};
