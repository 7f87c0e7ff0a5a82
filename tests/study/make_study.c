/* SPDX-License-Identifier: MIT */
#include "make_study.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "space/space.h"
#include "study/journal.h"

static const char text[] = "study: {name: everything, seed: 7}\n"
                           "metric: {name: loss, goal: minimize}\n"
                           "parameters:\n"
                           "  lr: {min: 1.0e-4, max: 1.0e-1, scale: log}\n"
                           "  layers: {min: 1, max: 4}\n"
                           "  batch: {type: ordinal, values: [16, 32, 64]}\n"
                           "  ratio: {type: ordinal, values: [0.5, 1.5]}\n"
                           "  optimizer: {values: [sgd, adam, rmsprop]}\n"
                           "  bias: {values: [true, false]}\n"
                           "  momentum: {min: 0.0, max: 0.99, when: {optimizer: [sgd, rmsprop]}}\n"
                           "  epochs: {value: 30}\n"
                           "method: {name: random}\n";

static ambs_spec *parse(const char *all)
{
    ambs_spec *spec;
    ambs_error err = {0};
    if (ambs_spec_parse(all, strlen(all), "everything.yaml", NULL, 0, &spec, &err) != 0)
        fail_msg("%s", err.text);
    return spec;
}

ambs_spec *make_spec(void)
{
    return parse(text);
}

ambs_spec *make_repeated_spec(void)
{
    char all[sizeof text + 64];
    snprintf(all, sizeof all, "%srepeats: {min: 1, max: 5}\n", text);
    return parse(all);
}

typedef struct maker {
    const ambs_spec *spec;
    ambs_random random;
    size_t d;
    uint64_t sequence, n_inputs;
    double now_s;
    void (*take)(void *ctx, ambs_record *record);
    void *ctx;
} maker;

static void give(maker *m, ambs_record *record)
{
    record->sequence = ++m->sequence;
    m->now_s += 0.25;
    m->take(m->ctx, record);
    m->n_inputs += record->type == AMBS_RECORD_CANCEL || record->type == AMBS_RECORD_OWN ||
                   (record->type == AMBS_RECORD_RESULT && record->as.result.final);
}

static void give_life(maker *m, uint32_t epoch)
{
    ambs_record r = {.type = AMBS_RECORD_LIFE,
                     .as.life = {.uuid = "a study for test",
                                 .format = AMBS_JOURNAL_FORMAT,
                                 .epoch = epoch,
                                 .continues = m->sequence,
                                 .digest = ambs_spec_digest(m->spec),
                                 .pid = 4711,
                                 .wall_s = m->now_s,
                                 .n_dimensions = (uint32_t)m->d,
                                 .n_ranks = 4,
                                 .host = "node1",
                                 .spec_file = m->spec->file,
                                 .spec_text = m->spec->text,
                                 .build = "a test"}};
    give(m, &r);
    for (uint32_t rank = 1; rank < 4; rank++) {
        ambs_record w = {.type = AMBS_RECORD_WORKER,
                         .as.worker = {.rank = rank,
                                       .n_slots = 1,
                                       .pid = 100 + rank,
                                       .state = AMBS_WORKER_JOINED,
                                       .wall_s = m->now_s,
                                       .host = "node2"}};
        give(m, &w);
        ambs_record slot = {.type = AMBS_RECORD_SLOT,
                            .as.slot = {.rank = rank,
                                        .n_cores = 4,
                                        .memory_bytes = rank == 1 ? NAN : 0x1p33,
                                        .cores = rank == 1 ? "" : "0-2,8",
                                        .gpus = rank == 2 ? "GPU-1,GPU-2" : ""}};
        give(m, &slot);
    }
}

static ambs_outcome any_outcome(maker *m)
{
    ambs_outcome o = {.state = AMBS_TRIAL_COMPLETE,
                      .objective = ambs_random_normal(&m->random),
                      .start_s = m->now_s,
                      .end_s = m->now_s + 1,
                      .duration_s = 0.75,
                      .n_metrics = 2,
                      .metrics = {{"accuracy", ambs_random_uniform(&m->random)},
                                  {"a/b %", ambs_random_normal(&m->random)}}};
    if (ambs_random_below(&m->random, 5) == 0)
        o = (ambs_outcome){.state = AMBS_TRIAL_FAILED,
                           .reason = AMBS_REASON_EXIT,
                           .code = 3,
                           .objective = NAN,
                           .start_s = m->now_s,
                           .end_s = m->now_s + 1,
                           .duration_s = 0.5,
                           .message = "it broke \xc3\xa4"};
    return o;
}

/* Up to four further evaluations of a trial that is complete: some fail, are withdrawn, or end with
 * the life. */
static void give_repeats(maker *m, uint64_t trial, uint32_t attempts)
{
    uint32_t n = (uint32_t)ambs_random_below(&m->random, 5), good = 1, bad = 0;
    for (uint32_t i = 1; i <= n && good > bad; i++) {
        ambs_record repeat = {.type = AMBS_RECORD_REPEAT,
                              .as.repeat = {.trial = trial,
                                            .repeat = i,
                                            .n_inputs = m->n_inputs,
                                            .wall_s = m->now_s,
                                            .latency_s = 1e-4}};
        give(m, &repeat);
        if (ambs_random_below(&m->random, 10) == 0) {
            ambs_record cancel = {.type = AMBS_RECORD_CANCEL,
                                  .as.cancel = {.trial = trial, .wall_s = m->now_s}};
            give(m, &cancel);
            continue;
        }
        ambs_record start = {
            .type = AMBS_RECORD_START,
            .as.start = {.trial = trial, .attempt = ++attempts, .rank = 2, .wall_s = m->now_s}};
        give(m, &start);
        if (ambs_random_below(&m->random, 20) == 0) return;
        ambs_record result = {
            .type = AMBS_RECORD_RESULT,
            .as.result = {
                .trial = trial, .attempt = attempts, .rank = 2, .final = true, .wall_s = m->now_s}};
        result.as.result.outcome = any_outcome(m);
        if (result.as.result.outcome.state == AMBS_TRIAL_COMPLETE)
            good++;
        else
            bad++;
        give(m, &result);
    }
}

static bool may_repeat(const maker *m, const ambs_outcome *o)
{
    return ambs_repeats_on(&m->spec->repeats) && o->state == AMBS_TRIAL_COMPLETE;
}

static void give_end_of(maker *m, uint64_t trial)
{
    uint64_t kind = ambs_random_below(&m->random, 10);
    uint32_t attempt = 1;
    ambs_record r = {.type = AMBS_RECORD_CANCEL, .as.cancel = {.trial = trial, .wall_s = m->now_s}};
    if (kind == 0) {
        give(m, &r);
        return;
    }
    if (kind == 1) return; /* it waits for ever */
    r = (ambs_record){.type = AMBS_RECORD_START,
                      .as.start = {.trial = trial,
                                   .attempt = attempt,
                                   .rank = 1 + (uint32_t)trial % 3,
                                   .wall_s = m->now_s}};
    give(m, &r);
    if (kind == 2) return; /* it runs until the life ends */
    if (kind == 3) {
        ambs_record lost = {.type = AMBS_RECORD_RESULT,
                            .as.result = {.trial = trial,
                                          .attempt = attempt,
                                          .rank = 1,
                                          .wall_s = m->now_s,
                                          .outcome = {.state = AMBS_TRIAL_FAILED,
                                                      .reason = AMBS_REASON_WORKER_LOST,
                                                      .objective = NAN,
                                                      .start_s = NAN,
                                                      .end_s = m->now_s,
                                                      .duration_s = NAN}}};
        give(m, &lost);
        r.as.start.attempt = ++attempt;
        give(m, &r);
    }
    for (long long step = 1; step <= (long long)(trial % 3); step++) {
        ambs_record report = {.type = AMBS_RECORD_REPORT,
                              .as.report = {.trial = trial,
                                            .attempt = attempt,
                                            .step = step,
                                            .wall_s = m->now_s,
                                            .value = ambs_random_normal(&m->random),
                                            .metric = "loss"}};
        give(m, &report);
    }
    for (uint32_t part = 0; part < trial % 4; part++) {
        ambs_record output = {
            .type = AMBS_RECORD_OUTPUT,
            .as.output = {.trial = trial,
                          .attempt = attempt,
                          .stream = trial % 8 < 4 ? AMBS_STREAM_OUT : AMBS_STREAM_ERR,
                          .part = part,
                          .printed = 12,
                          .text = part % 2 ? "two \xe2\x82\xac" : "one\n"}};
        give(m, &output);
    }
    ambs_record result = {.type = AMBS_RECORD_RESULT,
                          .as.result = {.trial = trial,
                                        .attempt = attempt,
                                        .rank = 1 + (uint32_t)trial % 3,
                                        .final = true,
                                        .wall_s = m->now_s}};
    result.as.result.outcome = any_outcome(m);
    give(m, &result);
    if (may_repeat(m, &result.as.result.outcome)) give_repeats(m, trial, attempt);
}

static void give_trial(maker *m, uint64_t trial)
{
    double x[16];
    ambs_error err = {0};
    if (ambs_space_sample(m->spec->space, &m->random, x, &err) != 0) fail_msg("%s", err.text);
    if (ambs_random_below(&m->random, 20) == 0) {
        ambs_record own = {.type = AMBS_RECORD_OWN,
                           .as.own = {.trial = trial, .wall_s = m->now_s, .x = x}};
        own.as.own.outcome = any_outcome(m);
        give(m, &own);
        if (may_repeat(m, &own.as.own.outcome)) give_repeats(m, trial, 0);
        return;
    }
    bool model = trial % 2;
    ambs_record r = {
        .type = AMBS_RECORD_PROPOSAL,
        .as.proposal = {.proposal = {.trial = trial,
                                     .origin = model ? AMBS_ORIGIN_MODEL : AMBS_ORIGIN_DESIGN,
                                     .mean = model ? 0.5 : NAN,
                                     .sd = model ? 0.1 : NAN,
                                     .acquisition = model ? -0.3 : NAN,
                                     .lie = model ? 0.5 : NAN,
                                     .n_told = m->n_inputs,
                                     .n_lies = 3,
                                     .refitted = trial % 4 == 1,
                                     .x = x},
                        .n_inputs = m->n_inputs,
                        .wall_s = m->now_s,
                        .latency_s = 1e-3}};
    give(m, &r);
    give_end_of(m, trial);
}

void make_study(const ambs_spec *spec, uint64_t seed, size_t n, uint32_t n_lives,
                void (*take)(void *, ambs_record *), void *ctx)
{
    maker m = {.spec = spec,
               .d = ambs_space_dimension(spec->space),
               .now_s = 1.7e9,
               .take = take,
               .ctx = ctx};
    ambs_random_init(&m.random, seed, 0, AMBS_PURPOSE_TEST);
    for (uint32_t life = 1; life <= n_lives; life++) {
        give_life(&m, life);
        for (size_t i = n * (life - 1) / n_lives; i < n * life / n_lives; i++) give_trial(&m, i);
        ambs_record event = {.type = AMBS_RECORD_EVENT,
                             .as.event = {.level = 2, .wall_s = m.now_s, .text = "a word"}};
        give(&m, &event);
        if (life % 2 == 0) continue; /* killed */
        ambs_record end = {.type = AMBS_RECORD_END,
                           .as.end = {.exit_code = 3, .wall_s = m.now_s, .text = "the deadline"}};
        give(&m, &end);
    }
}

static void apply(void *ctx, ambs_record *record)
{
    ambs_error err = {0};
    if (ambs_table_apply(ctx, record, &err) != 0) fail_msg("%s", err.text);
}

ambs_table *make_table(const ambs_spec *spec, uint64_t seed, size_t n, uint32_t n_lives)
{
    ambs_table *table;
    assert_int_equal(ambs_table_create(&table, NULL), 0);
    make_study(spec, seed, n, n_lives, apply, table);
    return table;
}

typedef struct journal_maker {
    const char *path;
    ambs_journal *journal;
} journal_maker;

static void append(void *ctx, ambs_record *record)
{
    journal_maker *j = ctx;
    ambs_error err = {0};
    if (record->type == AMBS_RECORD_LIFE) {
        ambs_journal_close(j->journal, NULL);
        if (ambs_journal_create(j->path, &record->as.life, record->sequence, &j->journal, &err) !=
            0)
            fail_msg("%s", err.text);
        return;
    }
    uint64_t sequence = record->sequence;
    if (ambs_journal_append(j->journal, record, &err) != 0) fail_msg("%s", err.text);
    assert_int_equal(record->sequence, sequence);
}

void make_journal(const char *path, const ambs_spec *spec, uint64_t seed, size_t n,
                  uint32_t n_lives)
{
    journal_maker j = {.path = path};
    make_study(spec, seed, n, n_lives, append, &j);
    ambs_error err = {0};
    if (ambs_journal_close(j.journal, &err) != 0) fail_msg("%s", err.text);
}
