/* SPDX-License-Identifier: MIT */
/* The model: the one user of the search. It consumes inputs (results that end a trial, cancels) in
 * the order they were recorded and makes proposals; each proposal says how many inputs were
 * consumed before it, and so the journal holds the whole log of operations.
 *
 * The manager knows a model only by this port. None of its calls blocks: behind it stands a thread
 * (ambs_proposer_thread_create), or the search itself, asked within next()
 * (ambs_proposer_inline_create), for tests and for simulations. */
#ifndef AMBS_CLUSTER_PROPOSER_H
#define AMBS_CLUSTER_PROPOSER_H

#include <stdbool.h>

#include "ambs/search.h"
#include "cluster/forecast.h"
#include "study/record.h"

typedef enum ambs_proposer_event_kind {
    AMBS_PROPOSER_PROPOSAL, /* a new trial */
    AMBS_PROPOSER_DECISION, /* the answer to a report */
    AMBS_PROPOSER_FORECAST, /* how long a trial will take */
    AMBS_PROPOSER_ENDED,    /* code EXHAUSTED or INFEASIBLE: no proposal will come any more */
    AMBS_PROPOSER_BROKEN    /* any other error */
} ambs_proposer_event_kind;

/* A step report on its way through the model. */
typedef struct ambs_proposer_report {
    uint64_t trial;
    uint32_t attempt;
    long long step;
    double value;
    char metric[AMBS_METRIC_NAME_SIZE];
} ambs_proposer_report;

typedef struct ambs_proposer_event {
    ambs_proposer_event_kind kind;
    ambs_record_proposal
        proposal; /* x in the model's memory, valid until the next call of next() */
    ambs_proposer_report report;
    ambs_decision decision;
    /* FORECAST: of ln(duration in s) of report.trial; sd NaN: nothing is known */
    double mean, sd;
    int code;
    char text[512]; /* why it ended or broke */
} ambs_proposer_event;

typedef struct ambs_proposer_port {
    void *ctx;
    int (*tell)(void *ctx, uint64_t trial, const ambs_outcome *outcome, ambs_error *err);
    int (*cancel)(void *ctx, uint64_t trial, ambs_error *err);
    /* x [d] (copied) becomes the next proposal, unless it was proposed meanwhile; not counted among
     * the inputs. */
    int (*enqueue)(void *ctx, const double *x, ambs_error *err);
    /* NULL: the method has no use for reports and every answer is «continue». */
    int (*report)(void *ctx, const ambs_proposer_report *report, ambs_error *err);
    /* `n` more proposals may be made. */
    int (*allow)(void *ctx, uint64_t n, ambs_error *err);
    /* How long trials take: one that ended took so long, and a question about one that waits (x [d]
     * is copied). NULL: it has no idea of time. Neither is an input of the search. */
    int (*learn)(void *ctx, const double *x, double fidelity, double duration_s, ambs_error *err);
    int (*forecast)(void *ctx, uint64_t trial, const double *x, double fidelity, ambs_error *err);
    /* What has come since; false: nothing now. */
    bool (*next)(void *ctx, ambs_proposer_event *ret_event);
} ambs_proposer_port;

typedef struct ambs_proposer ambs_proposer;

/* Takes over `search` (borrowed; nobody else may touch it until ambs_proposer_destroy() has
 * returned), which has consumed `n_inputs` inputs in earlier lives. `d` is the dimension;
 * `hears_reports`: the method has a report callback. */
int ambs_proposer_thread_create(ambs_search *search, size_t d, uint64_t n_inputs,
                                bool hears_reports, ambs_proposer **ret_model, ambs_error *err);
int ambs_proposer_inline_create(ambs_search *search, size_t d, uint64_t n_inputs,
                                bool hears_reports, ambs_proposer **ret_model, ambs_error *err);
/* Has the model tell durations, too, with `forecast` (borrowed, and nobody else may touch it).
 * Before the port is taken. */
void ambs_proposer_use_forecast(ambs_proposer *model, ambs_forecast *forecast);
const ambs_proposer_port *ambs_proposer_get_port(const ambs_proposer *model);
/* Readable when events wait, for poll(2); -1 without a thread. */
int ambs_proposer_fd(const ambs_proposer *model);
/* Ends the thread after the proposal it is at. */
void ambs_proposer_destroy(ambs_proposer *model);

#endif
