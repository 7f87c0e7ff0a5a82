/* SPDX-License-Identifier: MIT */
#include "cluster/model_rank.h"

#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/memory.h"
#include "cluster/gp_blocks.h"
#include "cluster/group_state.h"
#include "cluster/idle.h"
#include "cluster/model_message.h"
#include "cluster/process.h"
#include "cluster/signals.h"

#define WATCH_S    0.5
#define HANGS_AT   10.0 /* times the time limit of a question */
#define IDLE_NAP_S 1.0
/* A climb asks one question after the other. */
#define CLIMBING_S     0.05
#define CLIMBING_NAP_S 1e-4

/* A process whose factor is here. */
typedef struct process {
    ambs_gp_blocks *blocks;
    size_t n, n_terms;
    ambs_gp_term *terms;
} process;

typedef struct model_rank {
    const ambs_model_rank_config *config;
    ambs_process_grid grid;
    pid_t parent;
    int32_t *fellows; /* [n_fellows] of this host */
    size_t n_fellows;
    int32_t master; /* rank 0's process; 0: on another host */
    ambs_idle idle;
    double heard_s, watched_s;
    process *processes; /* [n_processes] */
    size_t n_processes, process_capacity;
    process likelihood;
    double
        warp; /* a kernel's may be here: that there is one is all that counts, points are warped */
    MPI_Request arrival, sends[2];
    bool has_head; /* of the question: its body is awaited */
    model_question question;
    model_answer answer;
    double *body, *answer_body;
    size_t body_capacity, answer_capacity;
} model_rank;

/* --- computing ------------------------------------------------------------------------------- */

static void drop(process *p)
{
    ambs_gp_blocks_destroy(p->blocks);
    free(p->terms);
    *p = (process){0};
}

/* Room for the question's rows and terms. */
static int make_room(model_rank *m, process *p, const model_question *q, ambs_error *err)
{
    size_t n = (size_t)q->n, n_terms = (size_t)q->n_terms;
    if (p->blocks && p->n == n && p->n_terms == n_terms) return AMBS_OK;
    drop(p);
    p->terms = ambs_calloc(n_terms, sizeof *p->terms, err);
    int rc = ambs_process_grid_agree(&m->grid, p->terms ? AMBS_OK : AMBS_E_NOMEM, err);
    if (rc == AMBS_OK) rc = ambs_gp_blocks_create(&m->grid, n, n_terms, &p->blocks, err);
    if (rc != AMBS_OK) return rc;
    p->n = n;
    p->n_terms = n_terms;
    return AMBS_OK;
}

/* Weights, kinds, points and shares, which the body begins with, become the process's; *ret_rest is what follows. */
static void take_rows(model_rank *m, process *p, const double **ret_rest)
{
    const model_question *q = &m->question;
    const double *weight = m->body, *kinds = weight + p->n_terms, *points = kinds + p->n_terms,
                 *share = points + p->n * p->n_terms;
    for (size_t t = 0; t < p->n_terms; t++) p->terms[t].kind = (ambs_gp_term_kind)kinds[t];
    const ambs_gp_kernel kernel = {.shape = (ambs_gp_shape)q->shape,
                                   .n_terms = p->n_terms,
                                   .terms = p->terms,
                                   .weight = m->body,
                                   .signal = q->signal,
                                   .noise = q->noise,
                                   .interaction = q->interaction,
                                   .linear = q->linear,
                                   .warp = q->is_warped ? &m->warp : NULL};
    ambs_gp_blocks_set(p->blocks, &kernel, points, share);
    *ret_rest = share + p->n;
}

/* All ranks have the same room, so they agree only where it has to be made. */
static int reserve_answer(model_rank *m, size_t size, ambs_error *err)
{
    m->answer.size = size;
    if (size <= m->answer_capacity) return AMBS_OK;
    int rc = ambs_reserve(&m->answer_body, &m->answer_capacity, size, sizeof(double), err);
    rc = ambs_process_grid_agree(&m->grid, rc, err);
    if (rc != AMBS_OK) m->answer_capacity = 0; /* so that all ranks try again */
    return rc;
}

static int compute_factor(model_rank *m, ambs_error *err)
{
    const model_question *q = &m->question;
    const double *y;
    size_t n_known = m->n_processes, need = (size_t)q->process + 1;
    int rc = ambs_reserve(&m->processes, &m->process_capacity, need, sizeof *m->processes, err);
    rc = ambs_process_grid_agree(&m->grid, rc, err);
    if (rc != AMBS_OK) return rc;
    for (; n_known < need; n_known++) m->processes[n_known] = (process){0};
    m->n_processes = n_known;
    process *p = &m->processes[q->process];
    rc = make_room(m, p, q, err);
    if (rc == AMBS_OK) rc = reserve_answer(m, p->n, err);
    if (rc != AMBS_OK) return rc;
    take_rows(m, p, &y);
    rc = ambs_gp_blocks_factor(p->blocks, q->jitter_limit, &m->answer.value, err);
    return rc == AMBS_OK ? ambs_gp_blocks_solve(p->blocks, y, m->answer_body, err) : rc;
}

/* The process whose factor is asked for; NULL: there is none of that size. */
static process *find_factor(model_rank *m, size_t each, size_t count)
{
    process *p = m->question.process < m->n_processes ? &m->processes[m->question.process] : NULL;
    if (!p || !p->blocks) return NULL;
    return m->question.size == count * (each ? each : p->n_terms) ? p : NULL;
}

static int no_factor(ambs_error *err)
{
    return ambs_fail(err, AMBS_E_AGAIN, "there is no factor for this question");
}

static int compute_solution(model_rank *m, ambs_error *err)
{
    size_t n = (size_t)m->question.n;
    process *p = find_factor(m, n, 1);
    if (!p || p->n != n) return no_factor(err);
    int rc = reserve_answer(m, n, err);
    return rc == AMBS_OK ? ambs_gp_blocks_solve(p->blocks, m->body, m->answer_body, err) : rc;
}

static int compute_candidates(model_rank *m, ambs_error *err)
{
    size_t count = (size_t)m->question.m;
    process *p = find_factor(m, 0, count);
    if (!p) return no_factor(err);
    bool all = m->question.kind == MODEL_WEIGHTS;
    int rc = reserve_answer(m, all ? count * p->n : count, err);
    if (rc != AMBS_OK) return rc;
    return all ? ambs_gp_blocks_weights(p->blocks, count, m->body, m->answer_body, err)
               : ambs_gp_blocks_explained(p->blocks, count, m->body, m->answer_body, err);
}

static int compute_likelihood(model_rank *m, ambs_error *err)
{
    const model_question *q = &m->question;
    process *p = &m->likelihood;
    const double *y;
    int rc = make_room(m, p, q, err);
    size_t size = p->n_terms + 2 + (q->is_warped ? 2 * p->n_terms : 0);
    if (rc == AMBS_OK) rc = reserve_answer(m, q->wants_gradient ? size : 0, err);
    if (rc != AMBS_OK) return rc;
    take_rows(m, p, &y);
    bool slopes = q->is_warped && q->wants_gradient;
    return ambs_gp_blocks_likelihood(p->blocks, y, slopes ? y + p->n : NULL, &m->answer.value,
                                     q->wants_gradient ? m->answer_body : NULL, err);
}

static int compute(model_rank *m, ambs_error *err)
{
    switch (m->question.kind) {
    case MODEL_FACTOR:
        return compute_factor(m, err);
    case MODEL_LIKELIHOOD:
        return compute_likelihood(m, err);
    case MODEL_SOLVE:
        return compute_solution(m, err);
    default:
        return compute_candidates(m, err);
    }
}

/* --- questions and answers ------------------------------------------------------------------- */

static void await_question(model_rank *m)
{
    m->has_head = false;
    MPI_Irecv(&m->question, sizeof m->question, MPI_BYTE, 0, MODEL_TAG_QUESTION, m->config->link,
              &m->arrival);
}

/* Rank 0 has the answer to the question before, or it would not ask again. */
static void send_answer(model_rank *m)
{
    MPI_Waitall(2, m->sends, MPI_STATUSES_IGNORE);
    MPI_Isend(&m->answer, sizeof m->answer, MPI_BYTE, 0, MODEL_TAG_ANSWER, m->config->link,
              &m->sends[0]);
    MPI_Isend(m->answer_body, (int)m->answer.size, MPI_DOUBLE, 0, MODEL_TAG_ANSWER_BODY,
              m->config->link, &m->sends[1]);
}

/* The supervisor's watch begins and ends with the computation: who waits within it for a rank that died waits
 * for ever. */
static int compute_guarded(model_rank *m, ambs_error *err)
{
    ambs_error why = {0};
    double limit = HANGS_AT * m->config->plan->time_limit_s;
    group_mark(true);
    int rc = ambs_supervisor_guard(m->config->supervisor, limit, m->master, m->fellows,
                                   m->n_fellows, err);
    if (rc != AMBS_OK) return rc;
    m->answer = (model_answer){.number = m->question.number};
    int code = compute(m, &why);
    rc = ambs_supervisor_guard(m->config->supervisor, INFINITY, m->master, m->fellows, m->n_fellows,
                               err);
    group_mark(false);
    m->answer.code = code;
    if (code != AMBS_OK) m->answer.size = 0;
    snprintf(m->answer.text, sizeof m->answer.text, "%.*s", (int)sizeof m->answer.text - 1,
             why.text);
    return rc;
}

static int take_question(model_rank *m, ambs_error *err)
{
    int rc = compute_guarded(m, err);
    if (rc != AMBS_OK) return rc;
    if (m->grid.rank == 0) send_answer(m);
    m->heard_s = ambs_clock_monotonic_s();
    await_question(m);
    return AMBS_OK;
}

/* What has arrived; *ret_stop: the end. */
static int hear(model_rank *m, bool *ret_active, bool *ret_stop, ambs_error *err)
{
    int done = 0;
    if (MPI_Test(&m->arrival, &done, MPI_STATUS_IGNORE) != MPI_SUCCESS)
        return ambs_fail(err, AMBS_E_IO, "a message from rank 0 could not be received");
    if (!done) return AMBS_OK;
    *ret_active = true;
    m->heard_s = ambs_clock_monotonic_s();
    if (m->has_head) return take_question(m, err);
    *ret_stop = m->question.kind == MODEL_STOP;
    if (*ret_stop) return AMBS_OK;
    if (m->question.kind == MODEL_BEAT) {
        await_question(m);
        return AMBS_OK;
    }
    int rc =
        ambs_reserve(&m->body, &m->body_capacity, (size_t)m->question.size, sizeof *m->body, err);
    if (rc != AMBS_OK) return rc;
    m->has_head = true;
    MPI_Irecv(m->body, (int)m->question.size, MPI_DOUBLE, 0, MODEL_TAG_QUESTION_BODY,
              m->config->link, &m->arrival);
    return AMBS_OK;
}

/* --- life ------------------------------------------------------------------------------------ */

static bool master_is_gone(const model_rank *m)
{
    return m->master != 0 && !ambs_process_exists((uint64_t)m->master);
}

/* Why this rank must leave although rank 0 has not said so. */
static bool must_leave(model_rank *m, double now_s, ambs_model_end *ret_end)
{
    if (ambs_signals_seen().n_terminate > 0) {
        *ret_end = AMBS_MODEL_TERMINATED;
        return true;
    }
    if (now_s < m->watched_s + WATCH_S) return false;
    m->watched_s = now_s;
    const char *why = getppid() != m->parent ? "the launcher is gone"
                      : master_is_gone(m)    ? "the manager is gone"
                      : now_s > m->heard_s + m->config->plan->silence_s
                          ? "the manager has been silent for too long"
                          : NULL;
    if (!why) return false;
    ambs_log_line(m->config->log, AMBS_LOG_WARNING, "leaving: %s", why);
    *ret_end = AMBS_MODEL_ORPHANED;
    return true;
}

static int init(model_rank *m, const ambs_model_rank_config *c, ambs_error *err)
{
    const ambs_model_place *places = c->places;
    int rank;
    *m = (model_rank){.config = c,
                      .parent = getppid(),
                      .heard_s = ambs_clock_monotonic_s(),
                      .arrival = MPI_REQUEST_NULL,
                      .sends = {MPI_REQUEST_NULL, MPI_REQUEST_NULL}};
    MPI_Comm_rank(c->link, &rank);
    m->fellows = ambs_calloc(c->plan->ranks, sizeof *m->fellows, err);
    if (!m->fellows) return AMBS_E_NOMEM;
    for (uint32_t r = 1; r <= c->plan->ranks; r++)
        if ((int)r != rank && places[rank].space != 0 && places[r].space == places[rank].space)
            m->fellows[m->n_fellows++] = (int32_t)places[r].pid;
    if (places[rank].space != 0 && places[0].space == places[rank].space)
        m->master = (int32_t)places[0].pid;
    ambs_supervisor_note_children(c->supervisor);
    return ambs_process_grid_init(&m->grid, c->model, err);
}

static void fini(model_rank *m, bool mpi_ends_well)
{
    for (size_t i = 0; i < m->n_processes; i++) drop(&m->processes[i]);
    drop(&m->likelihood);
    free(m->processes);
    free(m->fellows);
    if (!mpi_ends_well) return; /* MPI may still write into the rest */
    MPI_Waitall(2, m->sends, MPI_STATUSES_IGNORE);
    ambs_process_grid_fini(&m->grid);
    MPI_Comm model = m->config->model, link = m->config->link;
    MPI_Comm_free(&model);
    MPI_Comm_free(&link);
    free(m->body);
    free(m->answer_body);
}

ambs_model_end ambs_model_rank_run(const ambs_model_rank_config *config, int *ret_status,
                                   ambs_error *err)
{
    model_rank m;
    ambs_model_end end = AMBS_MODEL_ENDED;
    bool stop = false;
    int rc = init(&m, config, err);
    if (rc == AMBS_OK) await_question(&m);
    while (rc == AMBS_OK && !stop) {
        double now = ambs_clock_monotonic_s();
        bool active = false;
        if (must_leave(&m, now, &end)) break;
        rc = hear(&m, &active, &stop, err);
        double most = now < m.heard_s + CLIMBING_S ? CLIMBING_NAP_S : IDLE_NAP_S;
        if (rc == AMBS_OK && !stop) ambs_idle_wait(&m.idle, active, NULL, 0, most, now);
    }
    if (rc != AMBS_OK) end = AMBS_MODEL_BROKEN;
    *ret_status = m.question.status;
    fini(&m, end == AMBS_MODEL_ENDED && m.question.status == 0);
    return end;
}
