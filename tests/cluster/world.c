/* SPDX-License-Identifier: MIT */
#include "world.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef enum kind { TO_MANAGER, TO_AGENT, RUN_ENDS, TICK } kind;

typedef struct world_event {
    double at_s;
    uint32_t order, rank, slot, length;
    kind kind;
    void *bytes;
} world_event;

static ambs_error err;

static void must(int rc)
{
    if (rc != AMBS_OK) fail_msg("%d: %s", rc, err.text);
}

/* --- the heap of events ---------------------------------------------------------------------- */

static bool before(const world_event *a, const world_event *b)
{
    return a->at_s < b->at_s || (a->at_s == b->at_s && (int32_t)(a->order - b->order) < 0);
}

static uint32_t push(world *w, world_event e)
{
    e.order = w->order++;
    if (w->n_heap == w->heap_capacity) {
        w->heap_capacity = w->heap_capacity ? 2 * w->heap_capacity : 1024;
        w->heap = realloc(w->heap, w->heap_capacity * sizeof *w->heap);
        assert_non_null(w->heap);
    }
    size_t i = w->n_heap++;
    while (i > 0 && before(&e, &w->heap[(i - 1) / 2])) {
        w->heap[i] = w->heap[(i - 1) / 2];
        i = (i - 1) / 2;
    }
    w->heap[i] = e;
    return e.order;
}

static world_event pop(world *w)
{
    world_event top = w->heap[0], last = w->heap[--w->n_heap];
    size_t i = 0, child;
    while ((child = 2 * i + 1) < w->n_heap) {
        if (child + 1 < w->n_heap && before(&w->heap[child + 1], &w->heap[child])) child++;
        if (!before(&w->heap[child], &last)) break;
        w->heap[i] = w->heap[child];
        i = child;
    }
    w->heap[i] = last;
    return top;
}

ambs_time world_time(const world *w)
{
    return (ambs_time){w->now_s, 1e9 + w->now_s};
}

/* --- transport ------------------------------------------------------------------------------- */

static double arrival(world *w, double *last)
{
    double at = w->now_s + w->delay_s * ambs_random_uniform(&w->random);
    if (at < *last) at = *last;
    return *last = at;
}

static void post(world *w, kind k, uint32_t rank, double *last, const void *frames, size_t length)
{
    const char *bytes = frames;
    while (length > 0) { /* frame by frame: the smallest packets a transport may make */
        size_t n = ambs_frame_length(bytes, length);
        assert_true(n > 0 && n <= AMBS_FRAME_SIZE);
        bool whole = n == length;
        int copies = whole && ambs_random_uniform(&w->random) < w->duplicates ? 2 : 1;
        for (int c = 0; c < copies; c++) {
            void *copy = malloc(n);
            memcpy(copy, bytes, n);
            push(w, (world_event){.at_s = arrival(w, last),
                                  .kind = k,
                                  .rank = rank,
                                  .length = (uint32_t)n,
                                  .bytes = copy});
        }
        bytes += n;
        length -= n;
    }
}

static int manager_sends(void *ctx, uint32_t rank, const void *frames, size_t length, ambs_error *e)
{
    (void)e;
    world *w = ctx;
    post(w, TO_AGENT, rank, &w->last_to_agent_s[rank], frames, length);
    return AMBS_OK;
}

static int agent_sends(void *ctx, const void *frames, size_t length, ambs_error *e)
{
    (void)e;
    world_agent *a = ctx;
    post(a->world, TO_MANAGER, a->rank, &a->world->last_from_agent_s[a->rank], frames, length);
    return AMBS_OK;
}

/* --- journal --------------------------------------------------------------------------------- */

typedef struct commit {
    double at_s;
    uint64_t sequence;
} commit;

static int sink_record(void *ctx, ambs_record *record, ambs_error *e)
{
    world *w = ctx;
    record->sequence = w->table->sequence + 1;
    w->n_events += record->type == AMBS_RECORD_EVENT;
    if (record->type == AMBS_RECORD_RESULT &&
        record->as.result.outcome.reason == AMBS_REASON_WORKER_LOST)
        w->n_lost_records++;
    return ambs_table_apply(w->table, record, e);
}

static int sink_write(void *ctx, ambs_error *e)
{
    world *w = ctx;
    if (w->disk_full) return ambs_fail(e, AMBS_E_IO, "No space left on device");
    commit c = {w->now_s + w->write_lag_s, w->table->sequence};
    int rc = ambs_queue_push(&w->writes, &c, e);
    c.at_s += w->durable_lag_s;
    return rc == AMBS_OK ? ambs_queue_push(&w->commits, &c, e) : rc;
}

static uint64_t advance(const world *w, ambs_queue *commits, uint64_t *sequence)
{
    const commit *c;
    while ((c = ambs_queue_first(commits)) && c->at_s <= w->now_s) {
        *sequence = c->sequence;
        ambs_queue_pop(commits, NULL);
    }
    return *sequence;
}

static uint64_t sink_written(void *ctx)
{
    world *w = ctx;
    return advance(w, &w->writes, &w->written);
}

static uint64_t sink_durable(void *ctx)
{
    world *w = ctx;
    return advance(w, &w->commits, &w->durable);
}

/* Whether the journal has news for the manager, and when it will have some at the latest. */
static bool journal_has_news(world *w, double *due)
{
    ambs_queue *queues[] = {&w->writes, &w->commits};
    uint64_t written = w->written, durable = w->durable;
    if (sink_written(w) > written || sink_durable(w) > durable) return true;
    for (int i = 0; i < 2; i++) {
        const commit *c = ambs_queue_first(queues[i]);
        if (c && c->at_s < *due) *due = c->at_s;
    }
    return false;
}

/* --- model ----------------------------------------------------------------------------------- */

static int model_tell(void *ctx, uint64_t trial, const ambs_outcome *outcome, ambs_error *e)
{
    world *w = ctx;
    assert_true(trial < w->n_proposed);
    w->told[trial]++;
    w->n_told++;
    (void)outcome;
    if (w->table->rows[trial].state != AMBS_TRIAL_COMPLETE || w->told[trial] >= w->repeats)
        return AMBS_OK;
    return ambs_queue_push(&w->due, &trial, e);
}

static int model_cancel(void *ctx, uint64_t trial, ambs_error *e)
{
    (void)ctx, (void)trial, (void)e;
    return AMBS_OK;
}

static int model_report(void *ctx, const ambs_proposer_report *report, ambs_error *e)
{
    (void)e, (void)report;
    ((world *)ctx)->n_reports++;
    return AMBS_OK;
}

static int model_allow(void *ctx, uint64_t n, ambs_error *e)
{
    (void)e;
    ((world *)ctx)->allowed += n;
    return AMBS_OK;
}

static int model_learn(void *ctx, const double *x, double fidelity, double duration_s,
                       ambs_error *e)
{
    (void)e;
    assert_true(x[0] >= 0 && duration_s >= 0 && isnan(fidelity));
    ((world *)ctx)->n_learned++;
    return AMBS_OK;
}

static int model_forecast(void *ctx, uint64_t trial, const double *x, double fidelity,
                          ambs_error *e)
{
    (void)fidelity;
    assert_true(x[0] == (double)trial);
    return ambs_queue_push(&((world *)ctx)->asked, &trial, e);
}

/* What is left of the budget is owed to trials that were begun. */
static bool has_to_wait(const world *w)
{
    uint64_t owed = 0;
    for (size_t i = 0; i < w->table->n; i++)
        if (w->table->rows[i].state != AMBS_TRIAL_FAILED)
            owed += w->repeats - w->table->rows[i].n_asked;
    return owed > 0 && w->table->n_evaluations + owed + w->repeats > w->spec.budget.trials;
}

static bool model_next(void *ctx, ambs_proposer_event *ret)
{
    world *w = ctx;
    uint64_t trial;
    if (ambs_queue_pop(&w->asked, &trial)) {
        *ret = (ambs_proposer_event){.kind = AMBS_PROPOSER_FORECAST, .report.trial = trial};
        ret->mean = log(w->duration(w, trial, 1));
        return true;
    }
    if (w->allowed == 0) return false;
    if (ambs_queue_pop(&w->due, &trial)) {
        w->allowed--;
        w->x[0] = (double)trial;
        *ret = (ambs_proposer_event){.kind = AMBS_PROPOSER_PROPOSAL};
        ret->proposal.proposal =
            (ambs_proposal){.trial = trial, .repeat = w->told[trial], .x = w->x};
        ret->proposal.n_inputs = w->n_told;
        return true;
    }
    if (w->repeats > 0 && has_to_wait(w)) return false;
    if (w->model_limit > 0 && w->n_proposed >= w->model_limit) {
        if (w->limit_said) return false;
        w->limit_said = true;
        *ret = (ambs_proposer_event){
            .kind = AMBS_PROPOSER_ENDED, .code = AMBS_E_EXHAUSTED, .text = "every one was tried"};
        return true;
    }
    w->allowed--;
    if (w->n_proposed == w->told_capacity) {
        size_t n = w->told_capacity ? 2 * w->told_capacity : 1024;
        w->told = realloc(w->told, n);
        memset(w->told + w->told_capacity, 0, n - w->told_capacity);
        w->told_capacity = n;
    }
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

/* --- the agents' runner ---------------------------------------------------------------------- */

static int runner_slots(void *ctx, const ambs_message *m, ambs_error *e)
{
    (void)e;
    world_agent *a = ctx;
    a->n_slots = m->as.slots.n;
    free(a->runs);
    a->runs = calloc(a->n_slots + 1, sizeof *a->runs);
    a->cores = calloc(a->n_slots + 1, sizeof *a->cores);
    for (uint32_t i = 0; i < a->n_slots; i++)
        snprintf(a->cores[i], sizeof a->cores[i], "%.63s", m->as.slots.shares[i].cores);
    return AMBS_OK;
}

static int runner_open(void *ctx, const ambs_message *welcome, size_t *ret_d, double *heartbeat,
                       double *timeout, double *grace, ambs_error *e)
{
    (void)e;
    world *w = ((world_agent *)ctx)->world;
    assert_string_equal(welcome->as.welcome.text, w->spec.text);
    *ret_d = WORLD_D;
    *heartbeat = w->spec.manager.heartbeat_s;
    *timeout = w->spec.manager.timeout_s;
    *grace = w->spec.trial.grace_s;
    return AMBS_OK;
}

static uint32_t runner_room(void *ctx, uint32_t slot)
{
    return !((world_agent *)ctx)->runs[slot].busy;
}

static int runner_begin(void *ctx, uint32_t slot, const ambs_attempt *attempt, ambs_error *e)
{
    (void)e;
    world_agent *a = ctx;
    world *w = a->world;
    struct world_run *r = &a->runs[slot];
    assert_false(r->busy);
    assert_true(attempt->x[0] == (double)attempt->trial);
    size_t row = w->table->rows[attempt->trial].last_attempt;
    while (w->table->attempts[row].attempt != attempt->attempt)
        row = w->table->attempts[row].before;
    assert_int_equal(attempt->repeat, w->table->attempts[row].repeat);
    double duration = w->duration ? w->duration(w, attempt->trial, attempt->attempt) : 1;
    *r = (struct world_run){.busy = true,
                            .trial = attempt->trial,
                            .attempt = attempt->attempt,
                            .begin_s = w->now_s,
                            .end_s = w->now_s + duration};
    r->order =
        push(w, (world_event){.at_s = r->end_s, .kind = RUN_ENDS, .rank = a->rank, .slot = slot});
    return AMBS_OK;
}

static void end_run(world_agent *a, uint32_t slot, bool cancelled)
{
    world *w = a->world;
    struct world_run *r = &a->runs[slot];
    ambs_run_event e = {
        .kind = AMBS_RUN_ENDED, .slot = slot, .trial = r->trial, .attempt = r->attempt};
    double y = w->objective ? w->objective(w, r->trial) : (double)r->trial;
    e.outcome = (ambs_outcome){.state = AMBS_TRIAL_COMPLETE,
                               .objective = y,
                               .start_s = 1e9 + r->begin_s,
                               .end_s = 1e9 + w->now_s,
                               .duration_s = w->now_s - r->begin_s};
    if (cancelled) {
        e.outcome.state = AMBS_TRIAL_CANCELLED;
        e.outcome.reason = AMBS_REASON_CANCELLED;
        e.outcome.objective = NAN;
    }
    if (!cancelled && w->pauses && w->pauses(w, r->trial, r->attempt))
        e.outcome.state = AMBS_TRIAL_PAUSED;
    r->busy = false;
    must(ambs_queue_push(&a->ended, &e, &err));
}

static void runner_cancel(void *ctx, uint32_t slot, bool at_once)
{
    (void)at_once;
    end_run(ctx, slot, true);
}

static void runner_answer(void *ctx, uint32_t slot, ambs_decision decision)
{
    (void)ctx, (void)slot, (void)decision;
}

static void runner_checkpoint(void *ctx, uint32_t slot)
{
    (void)slot;
    ((world_agent *)ctx)->world->n_checkpoints++;
}

static bool runner_poll(void *ctx, ambs_run_event *ret)
{
    return ambs_queue_pop(&((world_agent *)ctx)->ended, ret);
}

/* --- the clock ------------------------------------------------------------------------------- */

static void turn_agent(world_agent *a)
{
    bool active = true;
    int status;
    while (active && !a->done) {
        must(ambs_agent_turn(a->agent, a->world->now_s, 1e9 + a->world->now_s, &active, &err));
        a->done = ambs_agent_is_done(a->agent, &status);
    }
}

static void turn_manager(world *w)
{
    bool active = true;
    while (active) must(ambs_manager_turn(w->manager, world_time(w), &active, &err));
    ambs_progress p;
    ambs_manager_progress(w->manager, world_time(w), &p);
    if (p.n_running > w->most_at_once) w->most_at_once = (uint32_t)p.n_running;
}

/* A frozen agent meets the event when it thaws. */
static void serve_agent(world *w, world_event *e)
{
    world_agent *a = &w->agents[e->rank];
    if (a->dead || a->done) {
        free(e->bytes);
        return;
    }
    if (w->now_s < a->frozen_until_s) {
        e->at_s = a->frozen_until_s;
        uint32_t order = push(w, *e);
        if (e->kind == RUN_ENDS && a->runs[e->slot].order == e->order)
            a->runs[e->slot].order = order;
        return;
    }
    if (e->kind == TO_AGENT)
        must(ambs_agent_receive(a->agent, e->bytes, e->length, w->now_s, 1e9 + w->now_s, &err));
    else if (e->kind == RUN_ENDS && a->runs[e->slot].busy && a->runs[e->slot].order == e->order)
        end_run(a, e->slot, false);
    else if (e->kind == TICK)
        push(w, (world_event){
                    .at_s = w->now_s + w->spec.manager.heartbeat_s, .kind = TICK, .rank = e->rank});
    free(e->bytes);
    turn_agent(a);
}

bool world_run(world *w, double until_s)
{
    ambs_status status;
    const char *text;
    turn_manager(w);
    while (!ambs_manager_is_done(w->manager, &status, &text)) {
        bool frozen = w->now_s < w->manager_frozen_until_s;
        double due = frozen ? w->manager_frozen_until_s : ambs_manager_due_s(w->manager);
        if (!frozen && journal_has_news(w, &due)) {
            turn_manager(w);
            continue;
        }
        bool event = w->n_heap > 0 && w->heap[0].at_s <= due;
        double next = event ? w->heap[0].at_s : due;
        if (next > until_s) {
            w->now_s = until_s;
            return false;
        }
        if (next > w->now_s) w->now_s = next;
        if (event) {
            world_event e = pop(w);
            if (e.kind != TO_MANAGER) {
                serve_agent(w, &e);
                continue;
            }
            if (w->now_s < w->manager_frozen_until_s) { /* read when it thaws */
                e.at_s = w->manager_frozen_until_s;
                push(w, e);
                continue;
            }
            must(ambs_manager_receive(w->manager, e.rank, e.bytes, e.length, world_time(w), &err));
            free(e.bytes);
            /* What arrives at the same moment is taken in one turn, as the loop does. */
            if (w->n_heap > 0 && w->heap[0].kind == TO_MANAGER && w->heap[0].at_s <= w->now_s)
                continue;
            w->now_s += w->turn_lag_s;
        }
        turn_manager(w);
    }
    return true;
}

void world_kill(world *w, uint32_t rank, bool proven)
{
    w->agents[rank].dead = true;
    if (proven) must(ambs_manager_dead(w->manager, rank, world_time(w), &err));
}

void world_freeze(world *w, uint32_t rank, double until_s)
{
    w->agents[rank].frozen_until_s = until_s;
}

void world_freeze_manager(world *w, double until_s)
{
    w->manager_frozen_until_s = until_s;
}

size_t world_count_workers(const world *w, ambs_worker_state state)
{
    size_t n = 0;
    for (size_t i = 0; i < w->table->n_workers; i++) n += w->table->workers[i].state == state;
    return n;
}

/* --- life ------------------------------------------------------------------------------------ */

void world_init(world *w, uint64_t seed)
{
    *w = (world){.seed = seed, .n_ranks = 3, .n_slots = 1};
    w->spec = (ambs_spec){
        .text = (char *)"study",
        .file = (char *)"study.yaml",
        .target = NAN,
        .budget = {.trials = 10, .time_s = NAN},
        .trial = {.cores = 1, .grace_s = 5, .attempts = 2, .timeout_s = NAN, .memory_bytes = NAN},
        .manager = {.heartbeat_s = 5, .suspect_s = 60, .timeout_s = 300},
        .slots = {.memory_bytes = NAN}};
    ambs_random_init(&w->random, seed, 0, AMBS_PURPOSE_TEST);
}

static bool serves(const world *w, uint32_t rank)
{
    uint32_t n = w->group_ranks;
    return n == 0 || ((rank - 1) % n == 0 && rank - 1 + n < w->n_ranks);
}

static void make_agent(world *w, uint32_t rank)
{
    world_agent *a = &w->agents[rank];
    *a = (world_agent){.world = w, .rank = rank};
    a->runs = calloc(w->n_slots, sizeof *a->runs);
    a->ended.item_size = sizeof(ambs_run_event);
    ambs_agent_config config = {.n_slots = !w->seen && serves(w, rank) ? w->n_slots : 0,
                                .seen = w->seen ? w->seen(w, rank) : NULL,
                                .pid = 1000 + rank,
                                .host = "node",
                                .runner = {a, runner_open, runner_room, runner_begin, runner_cancel,
                                           runner_answer, runner_poll, runner_checkpoint,
                                           runner_slots},
                                .send_ctx = a,
                                .send = agent_sends};
    double at = w->join_s ? w->join_s(w, rank) : 0;
    must(ambs_agent_create(&config, at, &a->agent, &err));
    push(w, (world_event){.at_s = at, .kind = TICK, .rank = rank});
}

static void apply(world *w, ambs_record *record)
{
    record->sequence = w->table->sequence + 1;
    must(ambs_table_apply(w->table, record, &err));
}

static void begin_life(world *w, uint32_t epoch)
{
    ambs_record life = {.type = AMBS_RECORD_LIFE};
    life.as.life = (ambs_record_life){.format = AMBS_JOURNAL_FORMAT,
                                      .epoch = epoch,
                                      .n_dimensions = WORLD_D,
                                      .n_ranks = w->n_ranks,
                                      .spec_file = "f",
                                      .spec_text = "t",
                                      .build = "b"};
    apply(w, &life);
}

static void live_and_die(world *w, uint32_t epoch)
{
    begin_life(w, epoch);
    for (uint64_t trial = 0; trial < w->n_doomed; trial++) {
        ambs_proposer_event e;
        w->allowed += epoch == 1;
        if (epoch == 1) assert_true(model_next(w, &e));
        ambs_record record = {.type = AMBS_RECORD_PROPOSAL};
        record.as.proposal = (ambs_record_proposal){.proposal = e.proposal.proposal};
        if (epoch == 1) apply(w, &record);
        record = (ambs_record){.type = AMBS_RECORD_START};
        record.as.start = (ambs_record_start){.trial = trial, .attempt = epoch, .rank = 1};
        apply(w, &record);
    }
}

void world_begin(world *w)
{
    w->writes.item_size = w->commits.item_size = sizeof(commit);
    w->asked.item_size = w->due.item_size = sizeof(uint64_t);
    must(ambs_table_create(&w->table, &err));
    for (uint32_t i = 0; i < w->n_dead_lives; i++) live_and_die(w, i + 1);
    begin_life(w, w->n_dead_lives + 1);
    w->agents = calloc(w->n_ranks, sizeof *w->agents);
    w->last_to_agent_s = calloc(w->n_ranks, sizeof(double));
    w->last_from_agent_s = calloc(w->n_ranks, sizeof(double));
    for (uint32_t r = w->n_ranks > 1; r < w->n_ranks; r++) make_agent(w, r);
    ambs_manager_config config = {.spec = &w->spec,
                                  .table = w->table,
                                  .epoch = w->n_dead_lives + 1,
                                  .n_ranks = w->n_ranks,
                                  .n_expected = w->group_ranks   ? (w->n_ranks - 1) / w->group_ranks
                                                : w->n_ranks > 1 ? w->n_ranks - 1
                                                                 : 1,
                                  .group_ranks = w->group_ranks,
                                  .link = {.ctx = w, .send = manager_sends},
                                  .sink = {w, sink_record, sink_write, sink_written, sink_durable},
                                  .model = {.ctx = w,
                                            .tell = model_tell,
                                            .cancel = model_cancel,
                                            .allow = model_allow,
                                            .next = model_next}};
    if (w->forecasts) {
        config.model.learn = model_learn;
        config.model.forecast = model_forecast;
    }
    const ambs_layout_config layout = {.spec = &w->spec, .n_ranks = w->n_ranks};
    if (w->seen) must(ambs_layout_create(&layout, &w->layout, &err));
    config.layout = w->layout;
    if (w->n_reports == UINT64_MAX) config.model.report = model_report;
    must(ambs_manager_create(&config, world_time(w), &w->manager, &err));
}

void world_end(world *w)
{
    ambs_manager_destroy(w->manager);
    ambs_table_destroy(w->table);
    ambs_layout_destroy(w->layout);
    for (uint32_t r = 0; r < w->n_ranks; r++) {
        ambs_agent_destroy(w->agents[r].agent);
        ambs_queue_fini(&w->agents[r].ended);
        free(w->agents[r].runs);
        free(w->agents[r].cores);
    }
    for (size_t i = 0; i < w->n_heap; i++) free(w->heap[i].bytes);
    ambs_queue_fini(&w->writes);
    ambs_queue_fini(&w->commits);
    ambs_queue_fini(&w->asked);
    ambs_queue_fini(&w->due);
    free(w->heap);
    free(w->agents);
    free(w->told);
    free(w->last_to_agent_s);
    free(w->last_from_agent_s);
}

void world_assert_exactly_once(world *w)
{
    uint64_t over = 0;
    for (uint64_t i = 0; i < w->table->n; i++) {
        ambs_trial_state state = w->table->rows[i].state;
        bool ended = state == AMBS_TRIAL_COMPLETE || state == AMBS_TRIAL_FAILED;
        uint32_t n = ended ? w->table->rows[i].n_asked : 0;
        for (size_t k = 0; k < w->table->n_repeats; k++)
            n -= w->table->repeats[k].trial == i &&
                 w->table->repeats[k].state == AMBS_TRIAL_CANCELLED;
        assert_int_equal(w->told[i], n);
        over += n;
    }
    assert_int_equal(w->n_told, over);
    assert_int_equal(w->table->n_running, 0);
}
