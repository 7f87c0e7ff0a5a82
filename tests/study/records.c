/* SPDX-License-Identifier: MIT */
#include "records.h"

#include <ftw.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static double any_double(ambs_random *r)
{
    static const double special[] = {
        0.0, -0.0, NAN, INFINITY, -INFINITY, 5e-324, 1.7976931348623157e308, 1.0};
    return ambs_random_below(r, 3) == 0 ? special[ambs_random_below(r, 8)] : ambs_random_normal(r);
}

static void any_text(ambs_random *r, char *buffer, size_t size)
{
    size_t n = ambs_random_below(r, 4) == 0 ? 0 : (size_t)ambs_random_below(r, size);
    for (size_t i = 0; i < n; i++) buffer[i] = (char)(1 + ambs_random_below(r, 255));
    memset(buffer + n, 0, size - n);
}

void random_outcome(ambs_random *r, ambs_outcome *o)
{
    *o = (ambs_outcome){.state = AMBS_TRIAL_COMPLETE + (ambs_trial_state)ambs_random_below(r, 3),
                        .reason = (ambs_reason)ambs_random_below(r, 14),
                        .code = (int)ambs_random_u32(r),
                        .objective = any_double(r),
                        .start_s = any_double(r),
                        .end_s = any_double(r),
                        .duration_s = any_double(r),
                        .n_metrics = (size_t)ambs_random_below(r, AMBS_MAX_METRICS + 1)};
    for (size_t i = 0; i < o->n_metrics; i++) {
        any_text(r, o->metrics[i].name, sizeof o->metrics[i].name);
        o->metrics[i].value = any_double(r);
    }
    any_text(r, o->message, sizeof o->message);
}

static uint32_t u32(ambs_random *r)
{
    return ambs_random_u32(r);
}

static uint64_t u64(ambs_random *r)
{
    return ambs_random_u64(r);
}

static const char *text(ambs_random *r, record_room *room, int i)
{
    any_text(r, room->texts[i], sizeof room->texts[i]);
    return room->texts[i];
}

static void any_life(ambs_random *r, record_room *room, size_t d, ambs_record_life *l)
{
    *l = (ambs_record_life){.format = AMBS_JOURNAL_FORMAT,
                            .epoch = u32(r),
                            .continues = u64(r),
                            .digest = u64(r),
                            .pid = u64(r),
                            .wall_s = any_double(r),
                            .n_dimensions = (uint32_t)d,
                            .n_ranks = u32(r),
                            .spec_file = text(r, room, 0),
                            .spec_text = text(r, room, 1),
                            .build = text(r, room, 2)};
    any_text(r, l->host, sizeof l->host);
    for (int i = 0; i < 16; i++) l->uuid[i] = (uint8_t)u32(r);
}

void random_record(ambs_random *r, ambs_record_type type, size_t d, record_room *room,
                   ambs_record *ret)
{
    memset(ret, 0, sizeof *ret);
    ret->type = type;
    ret->sequence = u64(r);
    ret->pending = (uint16_t)ambs_random_below(r, AMBS_RECORD_MAX_PENDING + 1);
    for (size_t i = 0; i < d; i++) room->x[i] = any_double(r);
    switch (type) {
    case AMBS_RECORD_LIFE:
        any_life(r, room, d, &ret->as.life);
        break;
    case AMBS_RECORD_PROPOSAL:
        ret->as.proposal =
            (ambs_record_proposal){.proposal = {.trial = u64(r),
                                                .origin = (ambs_origin)ambs_random_below(r, 6),
                                                .mean = any_double(r),
                                                .sd = any_double(r),
                                                .acquisition = any_double(r),
                                                .lie = any_double(r),
                                                .n_told = u64(r),
                                                .n_lies = u64(r),
                                                .refitted = u32(r) & 1,
                                                .x = room->x},
                                   .n_inputs = u64(r),
                                   .wall_s = any_double(r),
                                   .latency_s = any_double(r)};
        break;
    case AMBS_RECORD_START:
        ret->as.start = (ambs_record_start){.trial = u64(r),
                                            .attempt = u32(r),
                                            .rank = u32(r),
                                            .slot = u32(r),
                                            .staleness = u32(r),
                                            .wall_s = any_double(r)};
        break;
    case AMBS_RECORD_RESULT:
        ret->as.result = (ambs_record_result){.trial = u64(r),
                                              .attempt = u32(r),
                                              .rank = u32(r),
                                              .slot = u32(r),
                                              .final = u32(r) & 1,
                                              .wall_s = any_double(r)};
        random_outcome(r, &ret->as.result.outcome);
        break;
    case AMBS_RECORD_CANCEL:
        ret->as.cancel = (ambs_record_cancel){.trial = u64(r), .wall_s = any_double(r)};
        break;
    case AMBS_RECORD_OWN:
        ret->as.own = (ambs_record_own){.trial = u64(r), .wall_s = any_double(r), .x = room->x};
        random_outcome(r, &ret->as.own.outcome);
        break;
    case AMBS_RECORD_REPORT:
        ret->as.report = (ambs_record_report){.trial = u64(r),
                                              .attempt = u32(r),
                                              .step = (long long)u64(r),
                                              .decision = (ambs_decision)ambs_random_below(r, 3),
                                              .wall_s = any_double(r),
                                              .value = any_double(r)};
        any_text(r, ret->as.report.metric, sizeof ret->as.report.metric);
        break;
    case AMBS_RECORD_WORKER:
        ret->as.worker = (ambs_record_worker){.rank = u32(r),
                                              .n_slots = u32(r),
                                              .pid = u64(r),
                                              .wall_s = any_double(r),
                                              .state = AMBS_WORKER_JOINED +
                                                       (ambs_worker_state)ambs_random_below(r, 5)};
        any_text(r, ret->as.worker.host, sizeof ret->as.worker.host);
        break;
    case AMBS_RECORD_EVENT:
        ret->as.event =
            (ambs_record_event){.level = u32(r), .wall_s = any_double(r), .text = text(r, room, 0)};
        break;
    case AMBS_RECORD_END:
        ret->as.end = (ambs_record_end){
            .exit_code = (int)u32(r), .wall_s = any_double(r), .text = text(r, room, 0)};
        break;
    case AMBS_RECORD_JOB:
        ret->as.job = (ambs_record_job){.wall_s = any_double(r),
                                        .deadline_s = any_double(r),
                                        .next = (ambs_next)ambs_random_below(r, 4)};
        any_text(r, ret->as.job.job, sizeof ret->as.job.job);
        break;
    case AMBS_RECORD_SLOT:
        ret->as.slot = (ambs_record_slot){.rank = u32(r),
                                          .slot = u32(r),
                                          .n_cores = u32(r),
                                          .memory_bytes = any_double(r),
                                          .cores = text(r, room, 0),
                                          .gpus = text(r, room, 1)};
        break;
    case AMBS_RECORD_OUTPUT:
        ret->as.output = (ambs_record_output){.trial = u64(r),
                                              .attempt = u32(r),
                                              .stream = (ambs_stream)ambs_random_below(r, 2),
                                              .part = u32(r),
                                              .printed = u64(r),
                                              .text = text(r, room, 0)};
        break;
    case AMBS_RECORD_REPEAT:
        ret->as.repeat = (ambs_record_repeat){.trial = u64(r),
                                              .repeat = u32(r),
                                              .n_inputs = u64(r),
                                              .wall_s = any_double(r),
                                              .latency_s = any_double(r)};
        break;
    }
}

static void assert_same(double a, double b)
{
    assert_memory_equal(&a, &b, sizeof a);
}

void assert_outcomes_equal(const ambs_outcome *a, const ambs_outcome *b)
{
    assert_int_equal(a->state, b->state);
    assert_int_equal(a->reason, b->reason);
    assert_int_equal(a->code, b->code);
    assert_same(a->objective, b->objective);
    assert_same(a->start_s, b->start_s);
    assert_same(a->end_s, b->end_s);
    assert_same(a->duration_s, b->duration_s);
    assert_int_equal(a->n_metrics, b->n_metrics);
    for (size_t i = 0; i < a->n_metrics; i++) {
        assert_string_equal(a->metrics[i].name, b->metrics[i].name);
        assert_same(a->metrics[i].value, b->metrics[i].value);
    }
    assert_string_equal(a->message, b->message);
}

static void assert_lives_equal(const ambs_record_life *a, const ambs_record_life *b)
{
    assert_memory_equal(a->uuid, b->uuid, 16);
    assert_int_equal(a->epoch, b->epoch);
    assert_int_equal(a->continues, b->continues);
    assert_int_equal(a->digest, b->digest);
    assert_int_equal(a->pid, b->pid);
    assert_same(a->wall_s, b->wall_s);
    assert_int_equal(a->n_dimensions, b->n_dimensions);
    assert_int_equal(a->n_ranks, b->n_ranks);
    assert_string_equal(a->host, b->host);
    assert_string_equal(a->spec_file, b->spec_file);
    assert_string_equal(a->spec_text, b->spec_text);
    assert_string_equal(a->build, b->build);
}

static void assert_proposals_equal(const ambs_record_proposal *a, const ambs_record_proposal *b,
                                   size_t d)
{
    const ambs_proposal *p = &a->proposal, *q = &b->proposal;
    assert_int_equal(p->trial, q->trial);
    assert_int_equal(p->origin, q->origin);
    assert_same(p->mean, q->mean);
    assert_same(p->sd, q->sd);
    assert_same(p->acquisition, q->acquisition);
    assert_same(p->lie, q->lie);
    assert_int_equal(p->n_told, q->n_told);
    assert_int_equal(p->n_lies, q->n_lies);
    assert_memory_equal(p->x, q->x, d * sizeof(double));
    assert_int_equal(a->n_inputs, b->n_inputs);
    assert_int_equal(p->refitted, q->refitted);
    assert_same(a->wall_s, b->wall_s);
    assert_same(a->latency_s, b->latency_s);
}

void assert_records_equal(const ambs_record *a, const ambs_record *b, size_t d)
{
    assert_int_equal(a->type, b->type);
    assert_int_equal(a->sequence, b->sequence);
    assert_int_equal(a->pending, b->pending);
    switch (a->type) {
    case AMBS_RECORD_LIFE:
        assert_lives_equal(&a->as.life, &b->as.life);
        break;
    case AMBS_RECORD_PROPOSAL:
        assert_proposals_equal(&a->as.proposal, &b->as.proposal, d);
        break;
    case AMBS_RECORD_START:
        assert_memory_equal(&a->as.start, &b->as.start, sizeof a->as.start);
        break;
    case AMBS_RECORD_RESULT:
        assert_int_equal(a->as.result.trial, b->as.result.trial);
        assert_int_equal(a->as.result.attempt, b->as.result.attempt);
        assert_int_equal(a->as.result.final, b->as.result.final);
        assert_outcomes_equal(&a->as.result.outcome, &b->as.result.outcome);
        break;
    case AMBS_RECORD_CANCEL:
        assert_int_equal(a->as.cancel.trial, b->as.cancel.trial);
        break;
    case AMBS_RECORD_OWN:
        assert_memory_equal(a->as.own.x, b->as.own.x, d * sizeof(double));
        assert_outcomes_equal(&a->as.own.outcome, &b->as.own.outcome);
        break;
    case AMBS_RECORD_REPORT:
        assert_int_equal(a->as.report.step, b->as.report.step);
        assert_same(a->as.report.value, b->as.report.value);
        assert_string_equal(a->as.report.metric, b->as.report.metric);
        break;
    case AMBS_RECORD_WORKER:
        assert_memory_equal(&a->as.worker, &b->as.worker, sizeof a->as.worker);
        break;
    case AMBS_RECORD_EVENT:
        assert_string_equal(a->as.event.text, b->as.event.text);
        break;
    case AMBS_RECORD_END:
        assert_string_equal(a->as.end.text, b->as.end.text);
        break;
    case AMBS_RECORD_JOB:
        assert_memory_equal(&a->as.job.deadline_s, &b->as.job.deadline_s, sizeof(double));
        assert_int_equal(a->as.job.next, b->as.job.next);
        assert_string_equal(a->as.job.job, b->as.job.job);
        break;
    case AMBS_RECORD_SLOT:
        assert_int_equal(a->as.slot.rank, b->as.slot.rank);
        assert_int_equal(a->as.slot.slot, b->as.slot.slot);
        assert_int_equal(a->as.slot.n_cores, b->as.slot.n_cores);
        assert_same(a->as.slot.memory_bytes, b->as.slot.memory_bytes);
        assert_string_equal(a->as.slot.cores, b->as.slot.cores);
        assert_string_equal(a->as.slot.gpus, b->as.slot.gpus);
        break;
    case AMBS_RECORD_OUTPUT:
        assert_int_equal(a->as.output.trial, b->as.output.trial);
        assert_int_equal(a->as.output.attempt, b->as.output.attempt);
        assert_int_equal(a->as.output.stream, b->as.output.stream);
        assert_int_equal(a->as.output.part, b->as.output.part);
        assert_int_equal(a->as.output.printed, b->as.output.printed);
        assert_string_equal(a->as.output.text, b->as.output.text);
        break;
    case AMBS_RECORD_REPEAT:
        assert_int_equal(a->as.repeat.trial, b->as.repeat.trial);
        assert_int_equal(a->as.repeat.repeat, b->as.repeat.repeat);
        assert_int_equal(a->as.repeat.n_inputs, b->as.repeat.n_inputs);
        assert_same(a->as.repeat.wall_s, b->as.repeat.wall_s);
        assert_same(a->as.repeat.latency_s, b->as.repeat.latency_s);
        break;
    }
}

const char *make_folder(char *buffer)
{
    strcpy(buffer, "/tmp/ambs-test-XXXXXX");
    assert_non_null(mkdtemp(buffer));
    return buffer;
}

static int remove_one(const char *path, const struct stat *st, int kind, struct FTW *ftw)
{
    (void)st;
    (void)kind;
    (void)ftw;
    return remove(path);
}

void remove_folder(const char *folder)
{
    nftw(folder, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}
