/* SPDX-License-Identifier: MIT */
/* Rank 0: takes the study, loops, ends it. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/memory.h"
#include "cluster/idle.h"
#include "cluster/letterbox.h"
#include "cluster/model_link.h"
#include "cluster/process.h"
#include "cluster/run_deadline.h"
#include "cluster/run_part.h"
#include "cluster/signals.h"
#include "cluster/snapshots.h"
#include "search/method.h"
#include "study/life.h"
#include "study/wishes.h"

#define WATCH_S          0.2
#define PROGRESS_S       0.1
#define SNAPSHOT_LIMIT_S 600.0
/* What the end may need: the last snapshot, on a file system that is busier than at the one before,
 * the journal and the end of MPI. */
#define SAVING_LEAST_S 3.0
#define SAVING_FACTOR  2.0
#define RUNNING_NAP_S  0.02
/* The model waits for its ranks, which answer a step of a climb within a millisecond or a few. */
#define ANSWER_NAP_S 300e-6
/* What they compute when the study ends they may finish. */
#define LAST_ANSWER_S 5.0
/* A slot whose trial has ended waits for rank 0 to wake up, which MPI cannot do. */
#define NAP_S 0.03

typedef struct manager_loop {
    ambs_part *part;
    const ambs_run_settings *settings;
    ambs_spec *spec;
    ambs_life life;
    ambs_host host;
    ambs_snapshots snapshots;
    ambs_proposer *model;
    ambs_forecast *forecast; /* the model's, of durations */
    ambs_model_link *link;   /* to the model's own ranks; NULL: none */
    ambs_manager *manager;
    ambs_letterbox *letterbox; /* configurations that people add */
    ambs_wishes wishes;
    double *wish; /* [d] */
    ambs_transport *near,
        *far;          /* the loop-back's ends: the manager's and its own agent's; NULL: none */
    ambs_agent *agent; /* its own; NULL: none */
    ambs_layout *layout;
    ambs_share *own_shares; /* [n_own] of its own slots */
    uint32_t n_own;
    ambs_idle idle;
    char host_name[AMBS_HOST_SIZE];
    uint64_t space; /* the processes that this one sees; 0 sees none */
    double watched_s, shown_s;
    ambs_signals signals; /* acted on */
    ambs_run_deadline deadline;
} manager_loop;

static ambs_time time_now(void)
{
    return (ambs_time){ambs_clock_monotonic_s(), ambs_clock_wall_s()};
}

/* --- what is handed to the manager ----------------------------------------------------------- */

static int link_send(void *ctx, uint32_t rank, const void *frames, size_t length, ambs_error *err)
{
    manager_loop *l = ctx;
    ambs_transport *t = rank == 0 ? l->near : l->part->transport;
    return t ? t->ops->send(t, rank, frames, length, err) : AMBS_OK;
}

static void link_forget(void *ctx, uint32_t rank)
{
    manager_loop *l = ctx;
    l->part->someone_died = true;
    if (rank != 0) l->part->transport->ops->forget(l->part->transport, rank);
}

static int agent_send(void *ctx, const void *frames, size_t length, ambs_error *err)
{
    manager_loop *l = ctx;
    return l->far->ops->send(l->far, 0, frames, length, err);
}

static int sink_record(void *ctx, ambs_record *record, ambs_error *err)
{
    return ambs_life_record(&((manager_loop *)ctx)->life, record, err);
}

static int sink_write(void *ctx, ambs_error *err)
{
    manager_loop *l = ctx;
    int rc = ambs_journal_post(l->life.journal, err);
    return rc == AMBS_OK ? ambs_journal_trouble(l->life.journal, err) : rc;
}

static uint64_t sink_written(void *ctx)
{
    return ambs_journal_written(((manager_loop *)ctx)->life.journal);
}

static uint64_t sink_durable(void *ctx)
{
    return ambs_journal_durable(((manager_loop *)ctx)->life.journal);
}

/* --- beginning ------------------------------------------------------------------------------- */

/* Seconds that earlier lives lasted. One that was killed lasted until the last thing it recorded.
 */
static double time_of_earlier_lives(const ambs_table *t)
{
    double sum = 0;
    for (size_t i = 0; i + 1 < t->n_lives; i++) {
        double begin = t->lives[i].start_s, end = t->lives[i].end_s, next = t->lives[i + 1].start_s;
        if (isnan(end)) {
            end = begin;
            for (size_t k = 0; k < t->n; k++) {
                double at =
                    isfinite(t->rows[k].received_s) ? t->rows[k].received_s : t->rows[k].proposed_s;
                if (at > end && at <= next) end = at;
            }
        }
        sum += end > begin ? end - begin : 0;
    }
    return sum;
}

/* How many slots rank 0 wishes for itself; false: none. */
static bool wishes_slots(const manager_loop *l, uint32_t *ret_n)
{
    int32_t own = l->spec->manager.slots;
    bool alone = l->part->seen.n_ranks == 1; /* the host would idle otherwise */
    if (own == AMBS_SLOTS_BY_RULE) own = alone ? AMBS_SLOTS_FIT : 0;
    *ret_n = own == AMBS_SLOTS_FIT ? AMBS_LAYOUT_FIT : (uint32_t)own;
    if (l->part->n_trial_ranks > 1) return own != 0;
    if (l->spec->manager.slots <= 0) *ret_n = 0; /* as the rules for workers say */
    if (l->settings->n_slots > 0) *ret_n = l->settings->n_slots;
    return true;
}

static int refuse_slots(const ambs_layout *layout, ambs_error *err)
{
    ambs_text why = {0};
    ambs_layout_explain(layout, &why);
    int rc = ambs_text_check(&why, err);
    if (rc == AMBS_OK) rc = ambs_fail(err, AMBS_E_INVALID, "%s", why.text);
    ambs_text_fini(&why);
    return rc;
}

/* Its part is dealt out before the study is taken: a single rank that cannot run a trial leaves no
 * trace. */
static int take_own_slots(manager_loop *l, ambs_error *err)
{
    uint32_t n_wished;
    if (l->part->manager.plan.ranks > 0) return AMBS_OK; /* trials run in the ranks themselves */
    bool wishes = wishes_slots(l, &n_wished);
    ambs_layout_config config = {.spec = l->spec,
                                 .n_ranks = l->part->n_trial_ranks,
                                 .manager_machine = l->part->seen.machine,
                                 .manager_has_slots = wishes};
    int rc = ambs_layout_create(&config, &l->layout, err);
    if (rc != AMBS_OK || !wishes) return rc;
    char variable[AMBS_GPU_VARIABLE_SIZE];
    rc = ambs_layout_join(l->layout, l->host_name, n_wished, &l->part->seen, &l->own_shares,
                          &l->n_own, variable, err);
    if (rc == AMBS_OK) rc = ambs_host_divide(&l->host, l->own_shares, l->n_own, variable, err);
    /* among several it may do without, unless the study counts on it */
    bool must = l->part->n_trial_ranks == 1 || l->spec->manager.slots != AMBS_SLOTS_BY_RULE;
    return rc == AMBS_OK && l->n_own == 0 && must ? refuse_slots(l->layout, err) : rc;
}

static void say_groups(const manager_loop *l)
{
    const ambs_group_plan *p = &l->part->manager.plan;
    if (p->ranks == 0) return;
    ambs_log_line(l->settings->log, AMBS_LOG_INFO,
                  "%u %s of %u %s to compute trials; rank 0 manages", (unsigned)p->n_groups,
                  p->n_groups == 1 ? "group" : "groups", (unsigned)p->ranks,
                  p->ranks == 1 ? "rank" : "ranks");
    if (p->n_left > 0)
        ambs_log_line(
            l->settings->log, AMBS_LOG_WARNING,
            "%u of the %u ranks beside rank 0 %s left over and will be idle: a trial takes "
            "%u (trial.ranks), so start %u ranks in all, or %u",
            (unsigned)p->n_left, (unsigned)(l->part->n_trial_ranks - 1),
            p->n_left == 1 ? "is" : "are", (unsigned)p->ranks,
            (unsigned)(p->n_groups * p->ranks + 1), (unsigned)((p->n_groups + 1) * p->ranks + 1));
}

static int read_study(manager_loop *l, ambs_error *err)
{
    const ambs_run_settings *s = l->settings;
    l->spec = l->part->spec;
    l->part->spec = NULL;
    for (size_t i = 0; i < l->spec->n_notes; i++)
        ambs_log_line(s->log, AMBS_LOG_INFO, "%s", l->spec->notes[i]);
    if (!l->spec->objective)
        return ambs_fail(err, AMBS_E_INVALID,
                         "%s has no objective: say what a trial runs, or use ambs serve", s->study);
    say_groups(l);
    if (s->on_deadline >= 0) l->spec->on_deadline.action = (ambs_on_deadline)s->on_deadline;
    int rc = ambs_run_deadline_init(&l->deadline, s, l->spec, &l->host, &l->life, time_now(), err);
    if (rc != AMBS_OK) return rc;
    l->host = (ambs_host){.supervisor = l->part->supervisor, .log = s->log, .output = s->output};
    rc = take_own_slots(l, err);
    return rc == AMBS_OK ? ambs_host_open(&l->host, l->spec, err) : rc;
}

static int take_study(manager_loop *l, ambs_error *err)
{
    const ambs_run_settings *s = l->settings;
    int rc =
        ambs_life_begin(s->output, s->resume, l->spec, l->part->n_ranks, s->log, &l->life, err);
    if (rc != AMBS_OK) return rc;
    if (l->life.note[0]) ambs_log_line(s->log, AMBS_LOG_WARNING, "%s", l->life.note);
    rc = ambs_snapshots_init(&l->snapshots, &l->host, s->output, l->spec->manager.snapshot_s, err);
    return rc == AMBS_OK
               ? ambs_snapshots_now(&l->snapshots, l->life.table->sequence, SNAPSHOT_LIMIT_S, err)
               : rc;
}

static int start_agent(manager_loop *l, ambs_error *err)
{
    if (l->host.n_slots == 0) return AMBS_OK;
    int rc = ambs_transport_local_create(0, &l->near, &l->far, err);
    if (rc != AMBS_OK) return rc;
    ambs_agent_config config = {.n_slots = l->host.n_slots,
                                .pid = (uint64_t)getpid(),
                                .host = l->host_name,
                                .runner = ambs_host_runner(&l->host),
                                .send_ctx = l,
                                .send = agent_send,
                                .log = l->settings->log};
    return ambs_agent_create(&config, ambs_clock_monotonic_s(), &l->agent, err);
}

/* Before the model's thread begins. */
static int link_model(manager_loop *l, ambs_error *err)
{
    const ambs_model_plan *plan = &l->part->manager.model;
    if (plan->ranks == 0) return AMBS_OK;
    ambs_text text = {0};
    ambs_model_plan_print(plan, l->spec, &text);
    if (text.text) ambs_log_line(l->settings->log, AMBS_LOG_INFO, "%s", text.text);
    ambs_text_fini(&text);
    int rc = ambs_model_link_create(plan, l->part->link, l->part->places, l->spec->surrogate.from,
                                    l->settings->log, &l->link, err);
    if (rc == AMBS_OK) ambs_search_use_engine(l->life.search, ambs_model_link_engine(l->link));
    return rc;
}

static int start_manager(manager_loop *l, ambs_error *err)
{
    const ambs_table *t = l->life.table;
    const ambs_group_plan *plan = &l->part->manager.plan;
    int rc = link_model(l, err);
    if (rc == AMBS_OK)
        rc = ambs_proposer_thread_create(l->life.search, t->d, t->n_inputs,
                                         l->spec->method->report != NULL, &l->model, err);
    if (rc == AMBS_OK) rc = ambs_forecast_create(l->spec->space, l->spec->seed, &l->forecast, err);
    if (rc != AMBS_OK) return rc;
    ambs_proposer_use_forecast(l->model, l->forecast);
    ambs_manager_config config = {.spec = l->spec,
                                  .table = t,
                                  .epoch = l->life.epoch,
                                  .n_ranks = l->part->n_trial_ranks,
                                  .n_expected = plan->ranks > 0 ? plan->n_groups
                                                                : l->part->n_trial_ranks - 1 +
                                                                      (l->agent != NULL),
                                  .group_ranks = plan->ranks,
                                  .layout = l->layout,
                                  .own_shares = l->own_shares,
                                  .time_used_s = time_of_earlier_lives(t),
                                  .link = {l, link_send, link_forget},
                                  .sink = {l, sink_record, sink_write, sink_written, sink_durable},
                                  .model = *ambs_proposer_get_port(l->model),
                                  .log = l->settings->log};
    return ambs_manager_create(&config, time_now(), &l->manager, err);
}

/* --- configurations that people add ----------------------------------------------------------- */

static int open_letterbox(manager_loop *l, ambs_error *err)
{
    l->wishes.space = l->spec->space;
    l->wish = ambs_calloc(ambs_space_dimension(l->spec->space), sizeof *l->wish, err);
    if (!l->wish) return AMBS_E_NOMEM;
    return ambs_letterbox_create(l->settings->output, &l->letterbox, err);
}

static int say_wish(manager_loop *l, ambs_log_level level, const char *text, ambs_error *err)
{
    ambs_record record = {.type = AMBS_RECORD_EVENT,
                          .as.event = {(uint32_t)level, ambs_clock_wall_s(), text}};
    ambs_log_line(l->settings->log, level, "%s", text);
    return ambs_life_record(&l->life, &record, err);
}

static int take_wish(manager_loop *l, const ambs_wish_name *name, const char *text, ambs_error *err)
{
    ambs_wish_verdict verdict;
    char why[512], line[1024];
    int rc = ambs_wishes_judge(&l->wishes, l->life.table, name, text, &verdict, l->wish, why, err);
    if (rc != AMBS_OK) return rc;
    if (verdict != AMBS_WISH_NEW) {
        snprintf(line, sizeof line, "%s of the queue is not taken: %s", name->text, why);
        rc = say_wish(l, AMBS_LOG_WARNING, line, err);
        bool bad = verdict == AMBS_WISH_BAD;
        return rc == AMBS_OK ? ambs_letterbox_answer(l->letterbox, name, bad ? why : NULL, err)
                             : rc;
    }
    ambs_text words = {0};
    ambs_space_write_line(l->spec->space, l->wish, &words);
    snprintf(line, sizeof line, "enqueued: %.900s", words.text ? words.text : "");
    ambs_text_fini(&words);
    rc = say_wish(l, AMBS_LOG_INFO, line, err);
    const ambs_proposer_port *port = ambs_proposer_get_port(l->model);
    return rc == AMBS_OK ? port->enqueue(port->ctx, l->wish, err) : rc;
}

/* What came since, and the files of those whose proposals are durable. */
static int turn_wishes(manager_loop *l, ambs_error *err)
{
    ambs_wish_name name;
    char *text;
    int rc = AMBS_OK;
    while (rc == AMBS_OK && ambs_letterbox_next(l->letterbox, &name, &text)) {
        rc = take_wish(l, &name, text, err);
        free(text);
    }
    uint64_t durable = ambs_journal_durable(l->life.journal);
    while (rc == AMBS_OK && ambs_wishes_next_granted(&l->wishes, l->life.table, durable, &name))
        rc = ambs_letterbox_answer(l->letterbox, &name, NULL, err);
    return rc;
}

/* --- the loop -------------------------------------------------------------------------------- */

/* Outside a batch job every signal is a person's; inside Ctrl-C alone. */
static bool is_by_person(const manager_loop *l, const ambs_signals *seen)
{
    const ambs_run_settings *s = l->settings;
    return !l->deadline.watch.job.id[0] || seen->n_interrupt > 0 ||
           (s->interrupted && s->interrupted(s->ctx));
}

static int heed_signals(manager_loop *l, ambs_error *err)
{
    ambs_signals seen = ambs_signals_seen();
    if (seen.n_drain == l->signals.n_drain && seen.n_hurry == l->signals.n_hurry) return AMBS_OK;
    bool again = seen.n_drain > 1 || seen.n_hurry > 1;
    l->signals = seen;
    l->deadline.warned = !is_by_person(l, &seen);
    const char *text =
        l->deadline.warned ? "the batch system says that the end is near" : "stopped by a signal";
    if (again)
        return ambs_manager_drain(l->manager, AMBS_STATUS_STOPPED, true, text, time_now(), err);
    if (seen.n_hurry == 0 && !l->deadline.warned)
        return ambs_manager_drain(l->manager, AMBS_STATUS_STOPPED, false, text, time_now(), err);
    return ambs_manager_notice(l->manager, seen.n_hurry > 0, text, time_now(), err);
}

/* Workers on this host whose process has gone are dead for certain. */
static int watch_processes(manager_loop *l, double now_s, ambs_error *err)
{
    if (l->space == 0 || now_s < l->watched_s + WATCH_S) return AMBS_OK;
    l->watched_s = now_s;
    int rc = AMBS_OK;
    for (uint32_t r = 1; r < l->part->n_trial_ranks && rc == AMBS_OK; r++) {
        uint64_t pid, space;
        if (!ambs_manager_process(l->manager, r, &pid, &space)) continue;
        if (space == l->space && !ambs_process_exists(pid))
            rc = ambs_manager_dead(l->manager, r, time_now(), err);
    }
    return rc;
}

static int take_packets(manager_loop *l, ambs_transport *t, bool *active, ambs_error *err)
{
    enum { AT_ONCE = 256 }; /* then the manager has its turn */
    uint32_t rank;
    const void *packet;
    size_t length;
    int rc = AMBS_OK;
    for (int i = 0;
         i < AT_ONCE && rc == AMBS_OK && t && t->ops->receive(t, &rank, &packet, &length); i++) {
        *active = true;
        rc = ambs_manager_receive(l->manager, rank, packet, length, time_now(), err);
    }
    return rc;
}

static int turn_agent(manager_loop *l, bool *active, ambs_error *err)
{
    if (!l->agent) {
        ambs_host_poll(&l->host);
        return AMBS_OK;
    }
    uint32_t rank;
    const void *packet;
    size_t length;
    int rc = AMBS_OK;
    ambs_time t = time_now();
    while (rc == AMBS_OK && l->far->ops->receive(l->far, &rank, &packet, &length))
        rc = ambs_agent_receive(l->agent, packet, length, t.now_s, t.wall_s, err);
    bool did = false;
    if (rc == AMBS_OK) rc = ambs_agent_turn(l->agent, t.now_s, t.wall_s, &did, err);
    *active |= did;
    return rc;
}

static void show_progress(manager_loop *l, ambs_time t)
{
    if (!l->settings->progress || t.now_s < l->shown_s + PROGRESS_S) return;
    l->shown_s = t.now_s;
    ambs_progress progress;
    ambs_manager_progress(l->manager, t, &progress);
    l->settings->progress(l->settings->ctx, l->spec, &progress);
}

static void rest(manager_loop *l, bool active, double now_s)
{
    int fds[] = {ambs_supervisor_fd(l->part->supervisor), ambs_proposer_fd(l->model),
                 ambs_journal_fd(l->life.journal), l->link ? ambs_model_link_fd(l->link) : -1};
    double most =
        fmin(ambs_manager_due_s(l->manager), ambs_batch_watch_due_s(&l->deadline.watch)) - now_s;
    if (most > NAP_S) most = NAP_S;
    if (l->agent && ambs_agent_busy(l->agent) > 0 && most > RUNNING_NAP_S) most = RUNNING_NAP_S;
    if (l->link && ambs_model_link_is_busy(l->link) && most > ANSWER_NAP_S) most = ANSWER_NAP_S;
    ambs_idle_wait(&l->idle, active, fds, 4, most, now_s);
}

static int round_once(manager_loop *l, ambs_error *err)
{
    bool active = false, did = false;
    ambs_time t = time_now();
    ambs_journal_listen(l->life.journal);
    int rc = heed_signals(l, err);
    if (rc == AMBS_OK) rc = turn_wishes(l, err);
    if (rc == AMBS_OK) rc = take_packets(l, l->part->transport, &active, err);
    if (rc == AMBS_OK) rc = take_packets(l, l->near, &active, err);
    if (rc == AMBS_OK) rc = watch_processes(l, t.now_s, err);
    if (rc == AMBS_OK) rc = ambs_manager_turn(l->manager, time_now(), &did, err);
    if (rc == AMBS_OK) rc = turn_agent(l, &active, err);
    if (rc == AMBS_OK && l->link) active |= ambs_model_link_turn(l->link, t.now_s);
    if (rc == AMBS_OK) rc = l->part->transport->ops->flush(l->part->transport, err);
    if (rc == AMBS_OK) rc = ambs_lock_trouble(l->life.lock, err);
    if (rc != AMBS_OK) return rc;
    ambs_snapshots_turn(&l->snapshots, l->life.table->sequence, t.now_s);
    ambs_manager_saving(l->manager, SAVING_LEAST_S + SAVING_FACTOR * l->snapshots.took_s);
    if (ambs_batch_watch_turn(&l->deadline.watch, t.now_s))
        rc = ambs_run_deadline_tell(&l->deadline, l->manager, time_now(), err);
    if (rc != AMBS_OK) return rc;
    show_progress(l, t);
    rest(l, active || did, t.now_s);
    return AMBS_OK;
}

static int loop(manager_loop *l, ambs_status *ret_status, const char **ret_text, ambs_error *err)
{
    int rc = AMBS_OK;
    while (rc == AMBS_OK && !ambs_manager_is_done(l->manager, ret_status, ret_text)) {
        rc = round_once(l, err);
        if (ambs_signals_seen().n_terminate > 0) {
            l->part->at_once = true;
            *ret_status = AMBS_STATUS_STOPPED;
            *ret_text = "terminated";
            return rc;
        }
    }
    return rc;
}

/* --- ending ---------------------------------------------------------------------------------- */

/* What was sent last (STOP) leaves before MPI ends. */
static void let_messages_leave(manager_loop *l, ambs_status status)
{
    double until = ambs_clock_monotonic_s() + 1;
    ambs_transport *t = l->part->transport;
    ambs_error ignored;
    if (l->link) ambs_model_link_stop(l->link, (int)status);
    while ((!t->ops->is_empty(t) || (l->link && !ambs_model_link_has_stopped(l->link))) &&
           ambs_clock_monotonic_s() < until) {
        t->ops->flush(t, &ignored);
        ambs_clock_sleep_s(0.0005);
    }
}

/* Nobody waits for the model any more; its ranks may not be in the midst of something when MPI ends. */
static void leave_model(manager_loop *l)
{
    if (!l->link) return;
    double until = ambs_clock_monotonic_s() + LAST_ANSWER_S, now;
    ambs_model_link_close(l->link);
    do {
        now = ambs_clock_monotonic_s();
        if (!ambs_model_link_turn(l->link, now)) ambs_clock_sleep_s(0.001);
    } while (ambs_model_link_is_busy(l->link) && now < until);
    l->part->someone_died |= ambs_model_link_is_broken(l->link);
}

/* Before MPI_Finalize, which waits for ever for a rank that died: one that died just now is found
 * by its process, and one that has long been silent cannot be waited for. */
static int look_for_the_dead(manager_loop *l, ambs_error *err)
{
    ambs_progress progress;
    l->watched_s = -INFINITY;
    int rc = watch_processes(l, ambs_clock_monotonic_s(), err);
    leave_model(l);
    ambs_manager_progress(l->manager, time_now(), &progress);
    l->part->someone_died |= progress.n_suspect > 0;
    /* a rank that still computes hears nothing, and is ended with the others */
    l->part->someone_died |= l->part->manager.plan.ranks > 0 && progress.n_busy > 0;
    return rc;
}

/* Records the end, makes all durable, writes the last snapshot. A terminated run has no time for
 * more than the journal. */
static int end_study(manager_loop *l, ambs_status status, const char *text, ambs_next next,
                     ambs_error *err)
{
    ambs_record record = {.type = AMBS_RECORD_END};
    record.as.end = (ambs_record_end){(int32_t)status, ambs_clock_wall_s(), text};
    int rc =
        next == AMBS_NEXT_NOTHING ? AMBS_OK : ambs_run_deadline_record(&l->deadline, next, err);
    if (rc == AMBS_OK) rc = ambs_life_record(&l->life, &record, err);
    if (rc == AMBS_OK) rc = ambs_life_write(&l->life, true, err);
    if (rc == AMBS_OK && l->letterbox) rc = turn_wishes(l, err);
    if (rc != AMBS_OK)
        return ambs_wrap(
            err, rc,
            "the study ended but its last results could not be saved; all that was "
            "acknowledged before is safe, --resume goes on with it once the folder can "
            "be written");
    if (!l->part->at_once)
        rc = ambs_snapshots_now(&l->snapshots, l->life.table->sequence, SNAPSHOT_LIMIT_S, err);
    if (rc != AMBS_OK)
        return ambs_wrap(err, rc,
                         "every result is safe in the journal, from which ambs recover makes the "
                         "study file");
    if (l->settings->ended)
        l->settings->ended(l->settings->ctx, l->spec, l->life.table, status, text);
    return rc;
}

/* The model's thread ends after the proposal it is at, which may take long: who leaves at once does
 * not wait for it, and its memory ends with the process. */
static void clean_up(manager_loop *l)
{
    ambs_manager_destroy(l->manager);
    ambs_run_deadline_fini(&l->deadline);
    ambs_agent_destroy(l->agent);
    if (l->near) l->near->ops->destroy(l->near);
    if (l->far) l->far->ops->destroy(l->far);
    bool closed = ambs_host_close(&l->host);
    ambs_shares_free(l->own_shares, l->n_own);
    ambs_layout_destroy(l->layout);
    if (l->part->at_once) {
        if (l->life.lock) ambs_lock_release(l->life.lock);
        return;
    }
    if (l->link) ambs_model_link_close(l->link);
    ambs_proposer_destroy(l->model);
    ambs_model_link_destroy(l->link, !l->part->someone_died);
    ambs_forecast_destroy(l->forecast);
    ambs_letterbox_destroy(l->letterbox);
    ambs_wishes_fini(&l->wishes);
    free(l->wish);
    ambs_life_close(&l->life);
    if (closed) ambs_spec_destroy(l->spec);
}

ambs_status ambs_run_manager(ambs_part *part, ambs_error *err)
{
    manager_loop l = {
        .part = part, .settings = part->settings, .deadline = {.watch = {.answer = -1}}};
    ambs_process_host(l.host_name);
    l.space = ambs_process_space();
    l.watched_s = ambs_clock_monotonic_s();
    ambs_status status = AMBS_STATUS_FAILED;
    const char *text = "";
    int rc = read_study(&l, err);
    if (rc == AMBS_OK) rc = take_study(&l, err);
    bool began = rc == AMBS_OK;
    if (rc == AMBS_OK) rc = start_agent(&l, err);
    if (rc == AMBS_OK) rc = start_manager(&l, err);
    if (rc == AMBS_OK) rc = open_letterbox(&l, err);
    if (rc == AMBS_OK) rc = ambs_run_deadline_tell(&l.deadline, l.manager, time_now(), err);
    if (rc == AMBS_OK) rc = loop(&l, &status, &text, err);
    if (rc == AMBS_OK) rc = look_for_the_dead(&l, err);
    ambs_next next = rc == AMBS_OK
                         ? ambs_run_deadline_choose(&l.deadline, l.manager, status, part->at_once)
                         : AMBS_NEXT_NOTHING;
    bool handed = next != AMBS_NEXT_NOTHING && part->at_once && l.settings->hand_on &&
                  l.settings->hand_on(l.settings->ctx, next);
    if (rc == AMBS_OK)
        rc = end_study(&l, status, text, next, err);
    else if (began)
        end_study(&l, AMBS_STATUS_FAILED, err->text, next, &(ambs_error){0});
    if (rc == AMBS_OK) let_messages_leave(&l, status);
    if (rc == AMBS_OK && !handed) ambs_run_deadline_go_on(&l.deadline, next);
    if (rc != AMBS_OK) status = began ? AMBS_STATUS_FAILED : ambs_status_of(rc);
    part->at_once |= rc != AMBS_OK;
    clean_up(&l);
    return status;
}
