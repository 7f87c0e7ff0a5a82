/* SPDX-License-Identifier: MIT */
/* A whole study of manager and agent, in which each allocation fails in turn: it is told as being
 * out of memory, and nothing is lost or left. What the two stand on here allocates nothing. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "cluster/agent.h"
#include "cluster/manager.h"
#include "failing_alloc.h"

enum { D = 2, SLOTS = 2, TRIALS = 6, WIRE = 1 << 16 };

typedef struct wire {
    char bytes[WIRE];
    size_t length;
} wire;

typedef struct small_world {
    ambs_spec spec;
    ambs_table *table;
    ambs_manager *manager;
    ambs_agent *agent;
    wire up, down;
    double now_s, x[D];
    uint64_t allowed, n_proposed, n_told;
    struct run {
        bool busy, has_reported;
        uint64_t trial;
        uint32_t attempt;
    } runs[SLOTS];
} small_world;

static int put(wire *to, const void *frames, size_t length)
{
    assert_true(to->length + length <= WIRE);
    memcpy(to->bytes + to->length, frames, length);
    to->length += length;
    return AMBS_OK;
}

static int manager_sends(void *ctx, uint32_t rank, const void *frames, size_t length,
                         ambs_error *err)
{
    (void)rank, (void)err;
    return put(&((small_world *)ctx)->down, frames, length);
}

static int agent_sends(void *ctx, const void *frames, size_t length, ambs_error *err)
{
    (void)err;
    return put(&((small_world *)ctx)->up, frames, length);
}

/* ---- journal and model ---- */

static int sink_record(void *ctx, ambs_record *record, ambs_error *err)
{
    small_world *w = ctx;
    record->sequence = w->table->sequence + 1;
    return ambs_table_apply(w->table, record, err);
}

static int sink_write(void *ctx, ambs_error *err)
{
    (void)ctx, (void)err;
    return AMBS_OK;
}

static uint64_t sink_durable(void *ctx)
{
    return ((small_world *)ctx)->table->sequence;
}

static int model_tell(void *ctx, uint64_t trial, const ambs_outcome *outcome, ambs_error *err)
{
    (void)trial, (void)outcome, (void)err;
    ((small_world *)ctx)->n_told++;
    return AMBS_OK;
}

static int model_cancel(void *ctx, uint64_t trial, ambs_error *err)
{
    (void)ctx, (void)trial, (void)err;
    return AMBS_OK;
}

static int model_allow(void *ctx, uint64_t n, ambs_error *err)
{
    (void)err;
    ((small_world *)ctx)->allowed += n;
    return AMBS_OK;
}

static bool model_next(void *ctx, ambs_proposer_event *ret)
{
    small_world *w = ctx;
    if (w->allowed == 0) return false;
    w->allowed--;
    w->x[0] = (double)w->n_proposed;
    *ret = (ambs_proposer_event){.kind = AMBS_PROPOSER_PROPOSAL};
    ret->proposal.proposal = (ambs_proposal){.trial = w->n_proposed++,
                                             .mean = NAN,
                                             .sd = NAN,
                                             .lie = NAN,
                                             .acquisition = NAN,
                                             .x = w->x};
    ret->proposal.n_inputs = w->n_told;
    return true;
}

/* ---- the agent's runner: an attempt reports once, and ends when it is asked again ---- */

static int runner_open(void *ctx, const ambs_message *welcome, size_t *ret_d,
                       double *ret_heartbeat_s, double *ret_timeout_s, double *ret_grace_s,
                       ambs_error *err)
{
    (void)ctx, (void)welcome, (void)err;
    *ret_d = D;
    *ret_heartbeat_s = 5;
    *ret_timeout_s = 300;
    *ret_grace_s = 5;
    return AMBS_OK;
}

static uint32_t runner_room(void *ctx, uint32_t slot)
{
    return !((small_world *)ctx)->runs[slot].busy;
}

static int runner_begin(void *ctx, uint32_t slot, const ambs_attempt *attempt, ambs_error *err)
{
    (void)err;
    ((small_world *)ctx)->runs[slot] =
        (struct run){.busy = true, .trial = attempt->trial, .attempt = attempt->attempt};
    return AMBS_OK;
}

static void runner_cancel(void *ctx, uint32_t slot, bool at_once)
{
    (void)ctx, (void)slot, (void)at_once;
}

static void runner_answer(void *ctx, uint32_t slot, ambs_decision decision)
{
    (void)ctx, (void)slot, (void)decision;
}

static bool runner_poll(void *ctx, ambs_run_event *ret)
{
    small_world *w = ctx;
    for (uint32_t slot = 0; slot < SLOTS; slot++) {
        struct run *r = &w->runs[slot];
        if (!r->busy) continue;
        *ret = (ambs_run_event){.slot = slot, .trial = r->trial, .attempt = r->attempt};
        ret->kind = r->has_reported ? AMBS_RUN_ENDED : AMBS_RUN_REPORT;
        if (r->has_reported) {
            ret->outcome = (ambs_outcome){.state = AMBS_TRIAL_COMPLETE, .objective = 1};
            strcpy(ret->outcome.message, "as well as it could");
            r->busy = false;
        } else {
            ret->step = 1;
            strcpy(ret->metric, "loss");
            ret->value = 0.5;
            r->has_reported = true;
        }
        return true;
    }
    return false;
}

/* ---- a life ---- */

static int begin(small_world *w, ambs_error *err)
{
    ambs_record life = {.type = AMBS_RECORD_LIFE, .sequence = 1};
    life.as.life = (ambs_record_life){.format = AMBS_JOURNAL_FORMAT,
                                      .epoch = 1,
                                      .n_dimensions = D,
                                      .n_ranks = 2,
                                      .spec_file = "f",
                                      .spec_text = "t",
                                      .build = "b"};
    int rc = ambs_table_create(&w->table, err);
    if (rc == AMBS_OK) rc = ambs_table_apply(w->table, &life, err);
    const ambs_agent_config agent = {.n_slots = SLOTS,
                                     .pid = 1000,
                                     .host = "node",
                                     .runner = {.ctx = w,
                                                .open = runner_open,
                                                .room = runner_room,
                                                .begin = runner_begin,
                                                .cancel = runner_cancel,
                                                .answer = runner_answer,
                                                .poll = runner_poll},
                                     .send_ctx = w,
                                     .send = agent_sends};
    if (rc == AMBS_OK) rc = ambs_agent_create(&agent, 0, &w->agent, err);
    const ambs_manager_config manager = {
        .spec = &w->spec,
        .table = w->table,
        .epoch = 1,
        .n_ranks = 2,
        .n_expected = 1,
        .link = {.ctx = w, .send = manager_sends},
        .sink = {w, sink_record, sink_write, sink_durable, sink_durable},
        .model = {.ctx = w,
                  .tell = model_tell,
                  .cancel = model_cancel,
                  .allow = model_allow,
                  .next = model_next}};
    return rc == AMBS_OK ? ambs_manager_create(&manager, (ambs_time){0, 1e9}, &w->manager, err)
                         : rc;
}

/* Whole frames, since those of one turn need not fit into one packet. */
static int deliver(small_world *w, wire *from, bool is_up, ambs_error *err)
{
    ambs_time time = {w->now_s, 1e9 + w->now_s};
    int rc = AMBS_OK;
    size_t at = 0;
    while (at < from->length && rc == AMBS_OK) {
        size_t n = ambs_frame_length(from->bytes + at, from->length - at);
        assert_true(n > 0);
        rc = is_up
                 ? ambs_manager_receive(w->manager, 1, from->bytes + at, n, time, err)
                 : ambs_agent_receive(w->agent, from->bytes + at, n, time.now_s, time.wall_s, err);
        at += n;
    }
    from->length = 0;
    return rc;
}

static int live(small_world *w, ambs_error *err)
{
    ambs_status status;
    const char *text;
    int rc = AMBS_OK;
    for (int i = 0; i < 1000 && rc == AMBS_OK; i++, w->now_s += 0.1) {
        bool active = true;
        if (ambs_manager_is_done(w->manager, &status, &text)) return AMBS_OK;
        rc = ambs_agent_turn(w->agent, w->now_s, 1e9 + w->now_s, &active, err);
        if (rc == AMBS_OK) rc = deliver(w, &w->up, true, err);
        if (rc == AMBS_OK)
            rc = ambs_manager_turn(w->manager, (ambs_time){w->now_s, 1e9 + w->now_s}, &active, err);
        if (rc == AMBS_OK) rc = deliver(w, &w->down, false, err);
    }
    assert_true(rc != AMBS_OK); /* a study ends */
    return rc;
}

static int a_study(void *ctx)
{
    small_world *w = ctx;
    ambs_error err = {0};
    *w = (small_world){.spec = {.text = (char *)"study",
                                .file = (char *)"study.yaml",
                                .target = NAN,
                                .budget = {.trials = TRIALS, .time_s = NAN},
                                .trial = {.cores = 1,
                                          .grace_s = 5,
                                          .attempts = 2,
                                          .timeout_s = NAN,
                                          .memory_bytes = NAN},
                                .manager = {.heartbeat_s = 5, .suspect_s = 60, .timeout_s = 300},
                                .slots = {.memory_bytes = NAN}}};
    int rc = begin(w, &err);
    if (rc == AMBS_OK) rc = live(w, &err);
    if (rc == AMBS_OK) assert_int_equal(w->n_told, TRIALS);
    ambs_manager_destroy(w->manager);
    ambs_agent_destroy(w->agent);
    ambs_table_destroy(w->table);
    return rc;
}

static void each_failing_allocation_of_a_study_is_told(void **state)
{
    (void)state;
    static small_world w;
    assert_true(failing_alloc_each(a_study, &w) > 20);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_failing_allocation_of_a_study_is_told),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("cluster/memory", tests, NULL, NULL);
}
