/* SPDX-License-Identifier: MIT */
/* The model behind its port: the search with a queue of inputs before it and a queue of events
 * behind it. All inputs that are there are consumed before the next proposal is begun; `n_inputs`
 * counts them. The same code runs in a thread of its own or inside next(). */
#include "cluster/proposer.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/memory.h"
#include "base/thread.h"
#include "cluster/queue.h"

typedef enum input_kind {
    INPUT_TELL,
    INPUT_CANCEL,
    INPUT_REPORT,
    INPUT_ENQUEUE, /* its x is in the queue of rows, as that of LEARN and FORECAST; no input of the
                      log, since the proposal that it becomes says all */
    INPUT_LEARN,
    INPUT_FORECAST
} input_kind;

typedef struct input {
    input_kind kind;
    uint64_t trial;
    union {
        ambs_outcome outcome;
        ambs_proposer_report report;
        struct {
            double fidelity, duration_s;
        } time;
    } as;
} input;

struct ambs_proposer {
    ambs_search *search;
    size_t d;
    uint64_t n_inputs;
    ambs_proposer_port port;
    ambs_forecast *forecast;     /* NULL: none */
    double *x, *x_taken, *x_row; /* [d] of the proposal being made; of the last event taken; of the
                                    input being consumed */
    ambs_queue working, working_rows; /* inputs being consumed, and their x */
    bool over;                        /* it ended or broke: no further proposals */
    bool waits; /* what comes next hangs on a result: no proposal before the next input */
    /* shared with the loop, under the lock */
    bool threaded;
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t wake;
    bool stop;
    uint64_t allowed;
    ambs_queue inputs, input_rows; /* of input; of x [d] for those that have one */
    bool no_memory;                /* an event could not be kept: next() says so */
    ambs_queue events, rows; /* of ambs_proposer_event; of x [d] for each proposal among them */
    int fd;                  /* readable when events wait; -1 without a thread */
};

/* --- the work, in whichever thread ----------------------------------------------------------- */

static void publish(ambs_proposer *m, const ambs_proposer_event *event)
{
    pthread_mutex_lock(&m->lock);
    bool first = m->events.n == 0;
    int rc =
        event->kind == AMBS_PROPOSER_PROPOSAL ? ambs_queue_push(&m->rows, m->x, NULL) : AMBS_OK;
    if (rc == AMBS_OK) rc = ambs_queue_push(&m->events, event, NULL);
    if (rc != AMBS_OK) m->over = m->no_memory = true;
    pthread_mutex_unlock(&m->lock);
    if (first && m->fd >= 0) eventfd_write(m->fd, 1);
}

static void end(ambs_proposer *m, int code, const char *text)
{
    ambs_proposer_event event = {.kind = AMBS_PROPOSER_BROKEN, .code = code};
    if (code == AMBS_E_EXHAUSTED || code == AMBS_E_INFEASIBLE) event.kind = AMBS_PROPOSER_ENDED;
    snprintf(event.text, sizeof event.text, "%.511s", text);
    m->over = true;
    publish(m, &event);
}

static void hear_report(ambs_proposer *m, const ambs_proposer_report *report)
{
    ambs_error err;
    ambs_proposer_event event = {.kind = AMBS_PROPOSER_DECISION, .report = *report};
    int rc = ambs_search_report(m->search, report->trial, report->step, report->value,
                                &event.decision, &err);
    if (rc == AMBS_OK)
        publish(m, &event);
    else
        end(m, rc, err.text);
}

/* A forecast that fails is none: durations are no reason to end a study. */
static void consider_time(ambs_proposer *m, const input *in)
{
    ambs_queue_pop(&m->working_rows, m->x_row);
    double fidelity = in->as.time.fidelity;
    if (in->kind == INPUT_LEARN) {
        ambs_forecast_learn(m->forecast, m->x_row, fidelity, in->as.time.duration_s, NULL);
        return;
    }
    ambs_proposer_event event = {
        .kind = AMBS_PROPOSER_FORECAST, .report.trial = in->trial, .mean = NAN, .sd = NAN};
    ambs_forecast_predict(m->forecast, m->x_row, fidelity, &event.mean, &event.sd, NULL);
    publish(m, &event);
}

static void consume(ambs_proposer *m, const input *in)
{
    ambs_error err;
    int rc = AMBS_OK;
    if (in->kind == INPUT_LEARN || in->kind == INPUT_FORECAST) {
        consider_time(m, in);
        return;
    }
    if (in->kind == INPUT_ENQUEUE) {
        ambs_queue_pop(&m->working_rows, m->x_row);
        rc = ambs_search_enqueue(m->search, m->x_row, &err);
        if (rc == AMBS_E_NOMEM) end(m, rc, err.text);
        return; /* one that was proposed meanwhile needs no place in the queue */
    }
    if (in->kind == INPUT_REPORT) {
        hear_report(m, &in->as.report);
        return;
    }
    if (in->kind == INPUT_TELL)
        rc = ambs_search_tell(m->search, in->trial, &in->as.outcome, &err);
    else
        rc = ambs_search_cancel(m->search, in->trial, &err);
    m->n_inputs++;
    if (rc != AMBS_OK) end(m, rc, err.text);
}

/* False where nothing can be proposed before the next result. */
static bool propose(ambs_proposer *m)
{
    ambs_error err;
    ambs_proposer_event event = {.kind = AMBS_PROPOSER_PROPOSAL};
    ambs_record_proposal *p = &event.proposal;
    p->proposal.x = m->x;
    p->n_inputs = m->n_inputs;
    double begin = m->threaded ? ambs_clock_monotonic_s() : 0;
    int rc = ambs_search_ask(m->search, &p->proposal, &err);
    if (rc == AMBS_E_AGAIN) return false;
    if (rc != AMBS_OK) {
        end(m, rc, err.text);
        return true;
    }
    p->latency_s = m->threaded ? ambs_clock_monotonic_s() - begin : 0;
    publish(m, &event);
    return true;
}

/* Takes the inputs that wait, then makes one proposal if one is allowed. Called with the lock held.
 */
static void step(ambs_proposer *m)
{
    ambs_queue inputs = m->inputs;
    m->inputs = m->working;
    m->working = inputs;
    ambs_queue rows = m->input_rows;
    m->input_rows = m->working_rows;
    m->working_rows = rows;
    bool ask = m->allowed > 0 && !m->over;
    if (ask) m->allowed--;
    pthread_mutex_unlock(&m->lock);
    input in;
    while (ambs_queue_pop(&m->working, &in)) consume(m, &in);
    bool waits = ask && !m->over && !propose(m);
    pthread_mutex_lock(&m->lock);
    m->allowed += waits;
    m->waits = waits;
}

static bool has_work(const ambs_proposer *m)
{
    return m->inputs.n > 0 || (m->allowed > 0 && !m->over && !m->waits);
}

static void *run(void *ctx)
{
    ambs_proposer *m = ctx;
    pthread_mutex_lock(&m->lock);
    while (!m->stop) {
        if (has_work(m))
            step(m);
        else
            pthread_cond_wait(&m->wake, &m->lock);
    }
    pthread_mutex_unlock(&m->lock);
    return NULL;
}

/* --- the port -------------------------------------------------------------------------------- */

static int put_input(ambs_proposer *m, const input *in, ambs_error *err)
{
    pthread_mutex_lock(&m->lock);
    int rc = ambs_queue_push(&m->inputs, in, err);
    pthread_cond_signal(&m->wake);
    pthread_mutex_unlock(&m->lock);
    return rc;
}

static int port_tell(void *ctx, uint64_t trial, const ambs_outcome *outcome, ambs_error *err)
{
    input in = {.kind = INPUT_TELL, .trial = trial, .as.outcome = *outcome};
    return put_input(ctx, &in, err);
}

static int port_cancel(void *ctx, uint64_t trial, ambs_error *err)
{
    input in = {.kind = INPUT_CANCEL, .trial = trial};
    return put_input(ctx, &in, err);
}

static int port_report(void *ctx, const ambs_proposer_report *report, ambs_error *err)
{
    input in = {.kind = INPUT_REPORT, .trial = report->trial, .as.report = *report};
    return put_input(ctx, &in, err);
}

static int put_row(ambs_proposer *m, const input *in, const double *x, ambs_error *err)
{
    pthread_mutex_lock(&m->lock);
    int rc = ambs_queue_push(&m->input_rows, x, err);
    if (rc == AMBS_OK) rc = ambs_queue_push(&m->inputs, in, err);
    pthread_cond_signal(&m->wake);
    pthread_mutex_unlock(&m->lock);
    return rc;
}

static int port_enqueue(void *ctx, const double *x, ambs_error *err)
{
    input in = {.kind = INPUT_ENQUEUE};
    return put_row(ctx, &in, x, err);
}

static int port_learn(void *ctx, const double *x, double fidelity, double duration_s,
                      ambs_error *err)
{
    input in = {.kind = INPUT_LEARN, .as.time = {fidelity, duration_s}};
    return put_row(ctx, &in, x, err);
}

static int port_forecast(void *ctx, uint64_t trial, const double *x, double fidelity,
                         ambs_error *err)
{
    input in = {.kind = INPUT_FORECAST, .trial = trial, .as.time = {fidelity, NAN}};
    return put_row(ctx, &in, x, err);
}

static int port_allow(void *ctx, uint64_t n, ambs_error *err)
{
    (void)err;
    ambs_proposer *m = ctx;
    pthread_mutex_lock(&m->lock);
    m->allowed += n;
    pthread_cond_signal(&m->wake);
    pthread_mutex_unlock(&m->lock);
    return AMBS_OK;
}

static bool port_next(void *ctx, ambs_proposer_event *ret_event)
{
    ambs_proposer *m = ctx;
    pthread_mutex_lock(&m->lock);
    while (!m->threaded && m->events.n == 0 && has_work(m)) step(m);
    bool any = ambs_queue_pop(&m->events, ret_event);
    if (any && ret_event->kind == AMBS_PROPOSER_PROPOSAL) {
        ambs_queue_pop(&m->rows, m->x_taken);
        ret_event->proposal.proposal.x = m->x_taken;
    }
    if (!any && m->no_memory) {
        *ret_event = (ambs_proposer_event){.kind = AMBS_PROPOSER_BROKEN, .code = AMBS_E_NOMEM};
        snprintf(ret_event->text, sizeof ret_event->text, "out of memory for a proposal");
        m->no_memory = false;
        any = true;
    } else if (!any && m->fd >= 0) {
        eventfd_t ignored;
        eventfd_read(m->fd, &ignored);
    }
    pthread_mutex_unlock(&m->lock);
    return any;
}

/* --- making ---------------------------------------------------------------------------------- */

static int make(ambs_search *search, size_t d, uint64_t n_inputs, bool hears_reports,
                ambs_proposer **ret_model, ambs_error *err)
{
    ambs_proposer *m = ambs_calloc(1, sizeof *m, err);
    if (!m) return AMBS_E_NOMEM;
    m->search = search;
    m->d = d;
    m->n_inputs = n_inputs;
    m->fd = -1;
    m->inputs.item_size = m->working.item_size = sizeof(input);
    m->events.item_size = sizeof(ambs_proposer_event);
    m->rows.item_size = m->input_rows.item_size = m->working_rows.item_size = d * sizeof(double);
    m->port = (ambs_proposer_port){.ctx = m,
                                   .tell = port_tell,
                                   .cancel = port_cancel,
                                   .enqueue = port_enqueue,
                                   .report = hears_reports ? port_report : NULL,
                                   .allow = port_allow,
                                   .next = port_next};
    pthread_mutex_init(&m->lock, NULL);
    pthread_cond_init(&m->wake, NULL);
    m->x = ambs_calloc(d, sizeof *m->x, err);
    m->x_taken = ambs_calloc(d, sizeof *m->x, err);
    m->x_row = ambs_calloc(d, sizeof *m->x, err);
    if (!m->x || !m->x_taken || !m->x_row) {
        ambs_proposer_destroy(m);
        return AMBS_E_NOMEM;
    }
    *ret_model = m;
    return AMBS_OK;
}

int ambs_proposer_inline_create(ambs_search *search, size_t d, uint64_t n_inputs,
                                bool hears_reports, ambs_proposer **ret_model, ambs_error *err)
{
    return make(search, d, n_inputs, hears_reports, ret_model, err);
}

int ambs_proposer_thread_create(ambs_search *search, size_t d, uint64_t n_inputs,
                                bool hears_reports, ambs_proposer **ret_model, ambs_error *err)
{
    ambs_proposer *m;
    int rc = make(search, d, n_inputs, hears_reports, &m, err);
    if (rc != AMBS_OK) return rc;
    m->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    m->threaded = m->fd >= 0 && ambs_thread_start(&m->thread, run, m) == 0;
    if (!m->threaded) {
        ambs_proposer_destroy(m);
        return ambs_fail(err, AMBS_E_IO, "the model's thread could not be started");
    }
    *ret_model = m;
    return AMBS_OK;
}

void ambs_proposer_use_forecast(ambs_proposer *m, ambs_forecast *forecast)
{
    m->forecast = forecast;
    m->port.learn = port_learn;
    m->port.forecast = port_forecast;
}

const ambs_proposer_port *ambs_proposer_get_port(const ambs_proposer *model)
{
    return &model->port;
}

int ambs_proposer_fd(const ambs_proposer *model)
{
    return model->fd;
}

void ambs_proposer_destroy(ambs_proposer *m)
{
    if (!m) return;
    if (m->threaded) {
        pthread_mutex_lock(&m->lock);
        m->stop = true;
        pthread_cond_signal(&m->wake);
        pthread_mutex_unlock(&m->lock);
        pthread_join(m->thread, NULL);
    }
    if (m->fd >= 0) close(m->fd);
    pthread_mutex_destroy(&m->lock);
    pthread_cond_destroy(&m->wake);
    ambs_queue_fini(&m->inputs);
    ambs_queue_fini(&m->working);
    ambs_queue_fini(&m->events);
    ambs_queue_fini(&m->rows);
    ambs_queue_fini(&m->input_rows);
    ambs_queue_fini(&m->working_rows);
    free(m->x_row);
    free(m->x);
    free(m->x_taken);
    free(m);
}
