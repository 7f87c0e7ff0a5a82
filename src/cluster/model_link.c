/* SPDX-License-Identifier: MIT */
/*            ask()                turn(): all is here
 *   FREE ──────────────► ASKED ───────────────────────► ANSWERED ──ask() takes it──► FREE
 *                          │ the time is over              ▲
 *                          └──────► LATE ── turn(): all is here, dropped ─────────► FREE
 *
 * The buffers belong to the loop in ASKED and LATE, else to the model's thread. */
#include "cluster/model_link.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/memory.h"
#include "base/thread.h"
#include "cluster/model_message.h"
#include "cluster/process.h"

enum { MOST_LATE = 3 };
#define WATCH_S 0.2

typedef enum link_state { FREE, ASKED, LATE, ANSWERED } link_state;

struct ambs_model_link {
    ambs_gp_engine engine;
    ambs_model_plan plan;
    MPI_Comm comm;
    ambs_model_place *places; /* [ranks + 1] */
    const ambs_log *log;
    int fd;
    /* the loop's */
    MPI_Request *sends; /* [2 ranks] heads and bodies of a question */
    MPI_Request *beats; /* [ranks] */
    MPI_Request arrival;
    model_question beat;
    bool sent, has_head; /* the question has left; the answer's head is here */
    bool died;
    double watched_s, beat_s;
    /* both's, under the lock */
    pthread_mutex_t lock;
    pthread_cond_t wake;
    link_state state;
    bool off, closed; /* not asked again; nobody waits any more */
    bool used;        /* said that it is */
    int n_late;       /* in a row */
    uint32_t n_enrolled;
    char note[240]; /* for the log; "": none */
    ambs_log_level note_level;
    model_question question;
    model_answer answer;
    double *body, *answer_body;
    size_t body_capacity, answer_capacity;
};

/* --- the model's thread ---------------------------------------------------------------------- */

static void note(ambs_model_link *l, ambs_log_level level, const char *text)
{
    l->note_level = level;
    snprintf(l->note, sizeof l->note, "%s", text);
}

static void give_up(ambs_model_link *l)
{
    char text[240], limit[40];
    l->state = LATE;
    l->off |= ++l->n_late >= MOST_LATE;
    snprintf(
        text, sizeof text,
        "the model's ranks took longer than %s (surrogate.time_limit): rank 0 computes itself %s",
        ambs_format_duration(l->plan.time_limit_s, limit),
        l->off ? "from now on" : "until they have answered");
    note(l, AMBS_LOG_WARNING, text);
}

static int not_now(const ambs_model_link *l, ambs_error *err)
{
    if (l->closed) return ambs_fail(err, AMBS_E_INTERRUPTED, "the study has ended");
    return ambs_fail(err, AMBS_E_AGAIN, "the model's ranks do not answer");
}

/* The question in l->question and l->body goes, and its answer comes, of `size` numbers. Called
 * with the lock held. */
static int await_answer(ambs_model_link *l, size_t size, ambs_error *err)
{
    l->state = ASKED;
    eventfd_write(l->fd, 1);
    double until_s = ambs_clock_monotonic_s() + l->plan.time_limit_s;
    while (l->state == ASKED && !l->closed && !l->off)
        if (!ambs_condition_wait(&l->wake, &l->lock, until_s) && l->state == ASKED) give_up(l);
    if (l->state != ANSWERED) {
        l->state = l->sent ? LATE : FREE;
        return not_now(l, err);
    }
    l->state = FREE;
    l->n_late = 0;
    if (l->answer.code != AMBS_OK) return ambs_fail(err, l->answer.code, "%s", l->answer.text);
    if (l->answer.size == size) return AMBS_OK;
    l->off = true;
    note(l, AMBS_LOG_WARNING,
         "the model's ranks gave another answer than was asked for: rank 0 computes "
         "itself from now on");
    return not_now(l, err);
}

/* Parts of a body; NULL ends them. */
typedef struct part {
    const double *at;
    size_t size;
} part;

static int put_body(ambs_model_link *l, const part *parts, ambs_error *err)
{
    size_t size = 0;
    for (const part *p = parts; p->at; p++) size += p->size;
    int rc = ambs_reserve(&l->body, &l->body_capacity, size, sizeof *l->body, err);
    if (rc != AMBS_OK) return rc;
    l->question.size = 0;
    for (const part *p = parts; p->at; p++) {
        memcpy(l->body + l->question.size, p->at, p->size * sizeof *l->body);
        l->question.size += p->size;
    }
    return AMBS_OK;
}

static int ask(ambs_model_link *l, const model_question *question, const part *parts, size_t size,
               double *ret, double *ret_value, ambs_error *err)
{
    pthread_mutex_lock(&l->lock);
    int rc = l->closed || l->off || l->state != FREE ? not_now(l, err) : AMBS_OK;
    if (rc == AMBS_OK) {
        uint64_t number = l->question.number;
        l->question = *question;
        l->question.number = number + 1;
        rc = put_body(l, parts, err);
    }
    if (rc == AMBS_OK) rc = await_answer(l, size, err);
    if (rc == AMBS_OK) {
        if (ret) memcpy(ret, l->answer_body, size * sizeof *ret);
        if (ret_value) *ret_value = l->answer.value;
    }
    if (rc == AMBS_OK && question->kind == MODEL_FACTOR && !l->used) {
        char text[240];
        l->used = true;
        snprintf(text, sizeof text,
                 "the model holds %llu results: its %u rank%s compute%s from now on",
                 (unsigned long long)question->n, (unsigned)l->plan.ranks,
                 l->plan.ranks == 1 ? "" : "s", l->plan.ranks == 1 ? "s" : "");
        note(l, AMBS_LOG_INFO, text);
    }
    pthread_mutex_unlock(&l->lock);
    return rc;
}

/* --- the engine ------------------------------------------------------------------------------ */

static uint32_t enrol(void *ctx)
{
    return ((ambs_model_link *)ctx)->n_enrolled++;
}

static model_question about(model_question_kind kind, const ambs_gp_kernel *kernel, size_t n)
{
    return (model_question){.kind = kind,
                            .n = n,
                            .n_terms = kernel->n_terms,
                            .shape = kernel->shape,
                            .is_warped = kernel->warp != NULL,
                            .linear = kernel->linear,
                            .signal = kernel->signal,
                            .noise = kernel->noise,
                            .interaction = kernel->interaction};
}

/* The kinds of terms, as numbers; NULL with AMBS_E_NOMEM. */
static double *kinds_of(const ambs_gp_kernel *kernel, ambs_error *err)
{
    double *kinds = ambs_calloc(kernel->n_terms, sizeof *kinds, err);
    for (size_t t = 0; kinds && t < kernel->n_terms; t++) kinds[t] = (double)kernel->terms[t].kind;
    return kinds;
}

static int factor(void *ctx, uint32_t process, const ambs_gp_kernel *kernel, size_t n,
                  const double *points, const double *share, const double *y, double jitter_limit,
                  double *ret_alpha, double *ret_jitter, ambs_error *err)
{
    size_t n_terms = kernel->n_terms;
    double *kinds = kinds_of(kernel, err);
    if (!kinds) return AMBS_E_NOMEM;
    model_question q = about(MODEL_FACTOR, kernel, n);
    q.process = process;
    q.jitter_limit = jitter_limit;
    const part parts[] = {{kernel->weight, n_terms},
                          {kinds, n_terms},
                          {points, n * n_terms},
                          {share, n},
                          {y, n},
                          {NULL, 0}};
    int rc = ask(ctx, &q, parts, n, ret_alpha, ret_jitter, err);
    free(kinds);
    return rc;
}

static int ask_candidates(ambs_model_link *l, model_question_kind kind, uint32_t process, size_t m,
                          const double *candidates, size_t n_terms, size_t size, double *ret,
                          ambs_error *err)
{
    const model_question q = {.kind = kind, .process = process, .m = m};
    const part parts[] = {{candidates, m * n_terms}, {NULL, 0}};
    return ask(l, &q, parts, size, ret, NULL, err);
}

static int solve(void *ctx, uint32_t process, size_t n, const double *y, double *ret,
                 ambs_error *err)
{
    const model_question q = {.kind = MODEL_SOLVE, .process = process, .n = n};
    const part parts[] = {{y, n}, {NULL, 0}};
    return ask(ctx, &q, parts, n, ret, NULL, err);
}

static int explained(void *ctx, uint32_t process, size_t n_terms, size_t m,
                     const double *candidates, double *ret, ambs_error *err)
{
    return ask_candidates(ctx, MODEL_EXPLAINED, process, m, candidates, n_terms, m, ret, err);
}

static int weights(void *ctx, uint32_t process, size_t n, size_t n_terms, size_t m,
                   const double *candidates, double *ret, ambs_error *err)
{
    return ask_candidates(ctx, MODEL_WEIGHTS, process, m, candidates, n_terms, n * m, ret, err);
}

/* The columns of the slopes without the gaps between them; NULL with AMBS_E_NOMEM. */
static double *pack_slopes(const ambs_gp_sample *s, size_t n_terms, ambs_error *err)
{
    double *slopes = ambs_calloc(2 * n_terms, s->n * sizeof *slopes, err);
    for (size_t t = 0; slopes && t < 2 * n_terms; t++)
        memcpy(slopes + t * s->n, s->warp_slopes + t * s->stride, s->n * sizeof *slopes);
    return slopes;
}

static int likelihood(void *ctx, const ambs_gp_kernel *kernel, const ambs_gp_sample *s,
                      double *ret_value, double *ret_gradient, ambs_error *err)
{
    size_t n = s->n, n_terms = kernel->n_terms;
    bool slopes_too = kernel->warp && ret_gradient;
    double *kinds = kinds_of(kernel, err),
           *slopes = slopes_too ? pack_slopes(s, n_terms, err) : NULL;
    int rc = kinds && (slopes || !slopes_too) ? AMBS_OK : AMBS_E_NOMEM;
    model_question q = about(MODEL_LIKELIHOOD, kernel, n);
    q.wants_gradient = ret_gradient != NULL;
    const part parts[] = {{kernel->weight, n_terms},
                          {kinds, n_terms},
                          {s->points, n * n_terms},
                          {s->share, n},
                          {s->y, n},
                          {slopes, 2 * n_terms * n},
                          {NULL, 0}};
    size_t size = ret_gradient ? ambs_gp_n_theta(kernel) : 0;
    if (rc == AMBS_OK) rc = ask(ctx, &q, parts, size, ret_gradient, ret_value, err);
    free(kinds);
    free(slopes);
    return rc;
}

static void distrust(void *ctx, const char *what)
{
    ambs_model_link *l = ctx;
    char text[240];
    snprintf(text, sizeof text,
             "the model's ranks gave a wrong answer (%.120s): rank 0 computes itself from now on",
             what);
    pthread_mutex_lock(&l->lock);
    l->off = true;
    note(l, AMBS_LOG_WARNING, text);
    pthread_mutex_unlock(&l->lock);
}

const ambs_gp_engine *ambs_model_link_engine(const ambs_model_link *l)
{
    return &l->engine;
}

void ambs_model_link_close(ambs_model_link *l)
{
    pthread_mutex_lock(&l->lock);
    l->closed = true;
    pthread_cond_signal(&l->wake);
    pthread_mutex_unlock(&l->lock);
}

/* --- the loop -------------------------------------------------------------------------------- */

static void post_question(ambs_model_link *l)
{
    for (uint32_t r = 0; r < l->plan.ranks; r++) {
        MPI_Isend(&l->question, sizeof l->question, MPI_BYTE, (int)r + 1, MODEL_TAG_QUESTION,
                  l->comm, &l->sends[2 * r]);
        MPI_Isend(l->body, (int)l->question.size, MPI_DOUBLE, (int)r + 1, MODEL_TAG_QUESTION_BODY,
                  l->comm, &l->sends[2 * r + 1]);
    }
    MPI_Irecv(&l->answer, sizeof l->answer, MPI_BYTE, 1, MODEL_TAG_ANSWER, l->comm, &l->arrival);
    l->sent = true;
    l->has_head = false;
}

/* The answer, or nobody waits for it. */
static void end_question(ambs_model_link *l)
{
    l->sent = false;
    l->state = l->state == ASKED ? ANSWERED : FREE;
    pthread_cond_signal(&l->wake);
}

static bool progress(ambs_model_link *l)
{
    int done = 0;
    if (l->state == ASKED && !l->sent && !l->off) {
        post_question(l);
        return true;
    }
    if (!l->sent || MPI_Test(&l->arrival, &done, MPI_STATUS_IGNORE) != MPI_SUCCESS || !done)
        return false;
    if (!l->has_head) {
        l->has_head = true;
        if (ambs_reserve(&l->answer_body, &l->answer_capacity, l->answer.size,
                         sizeof *l->answer_body, NULL) != AMBS_OK)
            l->off = true; /* it stays where it is */
        else
            MPI_Irecv(l->answer_body, (int)l->answer.size, MPI_DOUBLE, 1, MODEL_TAG_ANSWER_BODY,
                      l->comm, &l->arrival);
        return true;
    }
    if (MPI_Testall(2 * (int)l->plan.ranks, l->sends, &done, MPI_STATUSES_IGNORE) != MPI_SUCCESS ||
        !done)
        return false;
    end_question(l);
    return true;
}

static void lose(ambs_model_link *l, uint32_t rank)
{
    char text[240];
    l->died = l->off = true;
    snprintf(text, sizeof text,
             "rank %u, one of the model's %u, died: rank 0 computes itself from now on",
             (unsigned)rank, (unsigned)l->plan.ranks);
    note(l, AMBS_LOG_WARNING, text);
    pthread_cond_signal(&l->wake);
}

static void watch(ambs_model_link *l, double now_s)
{
    if (l->died || l->places[0].space == 0 || now_s < l->watched_s + WATCH_S) return;
    l->watched_s = now_s;
    for (uint32_t r = 1; r <= l->plan.ranks && !l->died; r++)
        if (l->places[r].space == l->places[0].space && !ambs_process_exists(l->places[r].pid))
            lose(l, l->plan.first + r - 1);
}

static void post_to_all(ambs_model_link *l, const model_question *head)
{
    l->beat = *head;
    for (uint32_t r = 0; r < l->plan.ranks; r++)
        MPI_Isend(&l->beat, sizeof l->beat, MPI_BYTE, (int)r + 1, MODEL_TAG_QUESTION, l->comm,
                  &l->beats[r]);
}

static bool beats_have_left(ambs_model_link *l)
{
    int done = 0;
    return MPI_Testall((int)l->plan.ranks, l->beats, &done, MPI_STATUSES_IGNORE) == MPI_SUCCESS &&
           done;
}

static void say_note(ambs_model_link *l)
{
    if (!l->note[0]) return;
    ambs_log_line(l->log, l->note_level, "%s", l->note);
    l->note[0] = '\0';
}

bool ambs_model_link_turn(ambs_model_link *l, double now_s)
{
    const model_question beat = {.kind = MODEL_BEAT};
    eventfd_t ignored;
    pthread_mutex_lock(&l->lock);
    eventfd_read(l->fd, &ignored);
    watch(l, now_s);
    bool active = !l->died && progress(l);
    if (!l->died && now_s >= l->beat_s + l->plan.heartbeat_s && beats_have_left(l)) {
        l->beat_s = now_s;
        post_to_all(l, &beat);
    }
    say_note(l);
    pthread_mutex_unlock(&l->lock);
    return active;
}

int ambs_model_link_fd(const ambs_model_link *l)
{
    return l->fd;
}

bool ambs_model_link_is_busy(const ambs_model_link *l)
{
    return l->sent && !l->died;
}

bool ambs_model_link_is_broken(const ambs_model_link *l)
{
    return l->died || l->sent;
}

void ambs_model_link_stop(ambs_model_link *l, int status)
{
    const model_question stop = {.kind = MODEL_STOP, .status = status};
    if (l->died) return;
    double until = ambs_clock_monotonic_s() + 1;
    while (!beats_have_left(l) && ambs_clock_monotonic_s() < until) ambs_clock_sleep_s(0.0005);
    if (beats_have_left(l)) post_to_all(l, &stop);
}

bool ambs_model_link_has_stopped(ambs_model_link *l)
{
    return l->died || beats_have_left(l);
}

/* --- life ------------------------------------------------------------------------------------ */

static int init_lock(ambs_model_link *l, ambs_error *err)
{
    pthread_mutex_init(&l->lock, NULL);
    ambs_condition_init(&l->wake);
    l->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    return l->fd >= 0 ? AMBS_OK : ambs_fail(err, AMBS_E_IO, "eventfd: %s", strerror(errno));
}

int ambs_model_link_create(const ambs_model_plan *plan, MPI_Comm comm,
                           const ambs_model_place *places, uint64_t from, const ambs_log *log,
                           ambs_model_link **ret_link, ambs_error *err)
{
    ambs_model_link *l = ambs_calloc(1, sizeof *l, err);
    if (!l) return AMBS_E_NOMEM;
    *l = (ambs_model_link){.plan = *plan, .comm = comm, .log = log, .arrival = MPI_REQUEST_NULL};
    l->engine = (ambs_gp_engine){.ctx = l,
                                 .from = (size_t)from,
                                 .enrol = enrol,
                                 .factor = factor,
                                 .solve = solve,
                                 .explained = explained,
                                 .weights = weights,
                                 .likelihood = likelihood,
                                 .distrust = distrust};
    l->places = ambs_memdup(places, plan->ranks + 1, sizeof *places, err);
    l->sends = ambs_calloc(plan->ranks, 2 * sizeof *l->sends, err);
    l->beats = ambs_calloc(plan->ranks, sizeof *l->beats, err);
    int rc = init_lock(l, err);
    if (!l->places || !l->sends || !l->beats) rc = AMBS_E_NOMEM;
    for (uint32_t r = 0; rc == AMBS_OK && r < plan->ranks; r++)
        l->sends[2 * r] = l->sends[2 * r + 1] = l->beats[r] = MPI_REQUEST_NULL;
    if (rc != AMBS_OK) {
        ambs_model_link_destroy(l, false);
        return rc;
    }
    *ret_link = l;
    return AMBS_OK;
}

/* With a rank that died MPI may still write into the buffers: they end with the process. */
void ambs_model_link_destroy(ambs_model_link *l, bool mpi_lives)
{
    if (!l) return;
    if (l->fd >= 0) close(l->fd);
    if (mpi_lives) {
        MPI_Waitall((int)l->plan.ranks, l->beats, MPI_STATUSES_IGNORE);
        MPI_Comm_free(&l->comm);
    } else if (l->sent)
        return;
    pthread_mutex_destroy(&l->lock);
    pthread_cond_destroy(&l->wake);
    free(l->places);
    free(l->sends);
    free(l->beats);
    free(l->body);
    free(l->answer_body);
    free(l);
}
