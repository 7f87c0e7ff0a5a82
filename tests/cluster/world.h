/* SPDX-License-Identifier: MIT */
/* A cluster in memory under a virtual clock: the real manager and real agents, with a transport
 * that delays and duplicates, workers that die, freeze or come late, a journal that fails, and a
 * model that only counts. Everything random comes from one seed. */
#ifndef AMBS_TESTS_CLUSTER_WORLD_H
#define AMBS_TESTS_CLUSTER_WORLD_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/random.h"
#include "cluster/agent.h"
#include "cluster/manager.h"
#include "cluster/queue.h"
#include "study/spec.h"

enum { WORLD_D = 2 };

typedef struct world_agent {
    struct world *world;
    uint32_t rank;
    ambs_agent *agent;
    bool dead, done;
    double frozen_until_s;
    double ticked_s;
    struct world_run {
        bool busy, cancelled;
        uint64_t trial;
        uint32_t attempt;
        double begin_s, end_s;
        uint32_t order; /* of its end event: a cancelled one is void */
    } * runs;           /* [n_slots] */
    uint32_t n_slots;
    char (*cores)[64]; /* [n_slots] of each; NULL where the world does not divide */
    ambs_queue ended;  /* of ambs_run_event */
} world_agent;

typedef struct world {
    /* set before world_begin() */
    uint64_t seed;
    ambs_spec spec;
    uint32_t n_ranks, n_slots; /* agents on ranks 1 … n_ranks-1 (rank 0 alone: on rank 0) */
    uint32_t group_ranks;      /* 0: none; else only the first rank of each whole group has slots */
    double (*duration)(struct world *w, uint64_t trial, uint32_t attempt); /* NULL: 1 s */
    double (*objective)(struct world *w, uint64_t trial); /* NaN: the trial fails; NULL: the id */
    double delay_s;                                       /* of a message, uniform from 0 to this */
    double duplicates;                                    /* share of messages that come twice */
    double write_lag_s, durable_lag_s; /* after it was handed over; after it was written */
    double turn_lag_s;    /* from a message to the manager to its turn: a loop that gets no core */
    uint64_t model_limit; /* proposals before the model says EXHAUSTED; 0: none */
    uint32_t repeats;     /* the model asks for each trial so often, if it succeeds; 0: once */
    bool (*pauses)(struct world *w, uint64_t trial, uint32_t attempt); /* NULL: none */
    /* Lives before this one, which ended without a word while `n_doomed` trials ran. */
    uint32_t n_dead_lives, n_doomed;
    bool forecasts; /* the model tells the true duration of an attempt */
    double (*join_s)(struct world *w, uint32_t rank); /* NULL: 0 */
    /* What a rank sees of its host, which the manager divides then; NULL: n_slots slots each. */
    const ambs_resources *(*seen)(struct world *w, uint32_t rank);
    /* read by tests */
    double now_s;
    bool disk_full;
    double manager_frozen_until_s;
    ambs_table *table;
    ambs_manager *manager;
    ambs_layout *layout;
    world_agent *agents; /* [n_ranks] */
    uint8_t *told;       /* [told_capacity] how often each trial was told */
    size_t told_capacity;
    uint64_t n_proposed, n_told, n_reports, n_events, n_lost_records, n_checkpoints, n_learned;
    uint32_t most_at_once;
    ambs_random random;
    /* inside */
    struct world_event *heap;
    size_t n_heap, heap_capacity;
    uint32_t order;
    uint64_t allowed, written, durable;
    ambs_queue writes, commits; /* {time, sequence} */
    bool limit_said;
    ambs_queue asked; /* trials whose duration was asked for */
    ambs_queue due;   /* trials to be evaluated again */
    double x[WORLD_D];
    double last_to_manager_s, *last_to_agent_s; /* the order between two ranks is kept */
    double *last_from_agent_s;
} world;

/* Defaults: 1 manager and 2 agents with one slot each, a budget of 10 trials of 1 s. */
void world_init(world *w, uint64_t seed);
void world_begin(world *w);
/* Runs until the study is done or the clock says `until_s`. True when it is done. */
bool world_run(world *w, double until_s);
void world_end(world *w);

void world_kill(world *w, uint32_t rank, bool proven); /* proven: the manager is told */
void world_freeze(world *w, uint32_t rank, double until_s);
void world_freeze_manager(world *w, double until_s);
size_t world_count_workers(const world *w, ambs_worker_state state); /* changes to that state */
ambs_time world_time(const world *w);
/* Every trial that ended was told once, every other never; nothing runs; agents keep no result. */
void world_assert_exactly_once(world *w);

#endif
