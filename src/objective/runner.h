/* SPDX-License-Identifier: MIT */
/* What an agent (or `ambs try`) uses to run attempts: starts them through the supervisor, never
 * blocks (what may wait for a file system is done by a thread), and tells what happened.
 *
 *   agent ── socket ──► ambs-supervisor ──► trial host of a slot (hosted kinds) or a
 *                                              command's process
 *
 * The supervisor is started before MPI_Init (ambs_supervisor_start) and ends when its socket
 * closes. All calls are local and non-blocking, from one thread. */
#ifndef AMBS_OBJECTIVE_RUNNER_H
#define AMBS_OBJECTIVE_RUNNER_H

#include "base/log.h"
#include "objective/objective.h"
#include "objective/slot.h"

struct ambs_spec;

/* The agent's end of the supervisor. */
typedef struct ambs_supervisor ambs_supervisor;

/* Forks and executes ambs-supervisor (found beside the program, in libexec, or by AMBS_LIBEXEC).
 * Call before MPI_Init. The calling process becomes a subreaper. */
int ambs_supervisor_start(ambs_supervisor **ret_supervisor, ambs_error *err);
/* Closes the socket: the supervisor ends every process it started (TERM, then KILL after a second)
 * and leaves. Waits for it up to two seconds. */
void ambs_supervisor_stop(ambs_supervisor *supervisor);
/* For poll(2) by callers that may sleep: readable when something happened. */
int ambs_supervisor_fd(const ambs_supervisor *supervisor);
/* Runs a helper program (`ambs snapshot …`) beside the trials, output to the log; its end comes as
 * AMBS_RUN_HELPER_ENDED. One at a time; AMBS_E_AGAIN while one runs. */
int ambs_supervisor_helper(ambs_supervisor *supervisor, const char *const *argv, ambs_error *err);

enum { AMBS_RUN_TEXT_SIZE = 1001 }; /* a part is at most 1,000 bytes of UTF-8 and a NUL */

typedef enum ambs_run_kind {
    AMBS_RUN_STARTED,      /* the attempt's process or host took it up */
    AMBS_RUN_REPORT,       /* step, metric, value; answer with ambs_runner_answer */
    AMBS_RUN_OUTPUT,       /* stream, part, printed, text: some of what it printed, before ENDED */
    AMBS_RUN_ENDED,        /* outcome */
    AMBS_RUN_HELPER_ENDED, /* code: exit status, or 128 + signal */
    AMBS_RUN_SUPERVISOR_LOST /* nothing can be started any more; every running attempt was ENDED
                                before */
} ambs_run_kind;

typedef struct ambs_run_event {
    ambs_run_kind kind;
    uint32_t slot;
    uint64_t trial;
    uint32_t attempt;
    long pid;
    long long step;
    char metric[AMBS_METRIC_NAME_SIZE];
    double value;
    int code;
    int stream;       /* 0 standard output, 1 standard error */
    uint32_t part;    /* from 0 */
    uint64_t printed; /* bytes on the whole stream, of which `trial.output` are kept */
    char text[AMBS_RUN_TEXT_SIZE];
    ambs_outcome outcome;
} ambs_run_event;

typedef struct ambs_runner ambs_runner;

enum { AMBS_RUNNER_DEPTH = 4 }; /* attempts that a slot with a trial host takes at once */

/* What can be said about the objective before anything is started: there is one, its command's
 * placeholders name parameters, its program exists. For `ambs check`; ambs_runner_create calls it
 * too. */
int ambs_runner_check(const struct ambs_spec *spec, ambs_error *err);

/* `spec` is borrowed and outlives the runner; `n_slots` slots 0 … n_slots-1, all free. `slots`
 * [n_slots] is what each may use; NULL: nothing is restricted. `log` may be NULL. `verbose`: trial
 * output passes through to standard error (ambs try). */
int ambs_runner_create(const struct ambs_spec *spec, uint32_t n_slots,
                       const ambs_slot_resources *slots, ambs_supervisor *supervisor,
                       const ambs_log *log, bool verbose, ambs_runner **ret_runner,
                       ambs_error *err);
/* Trials save their state beside the study file `output` from now on, in OUTPUT.checkpoints, where
 * the study asks for it (trial.checkpoint); without this in the attempt's own folder, and no other
 * attempt finds it. */
int ambs_runner_save_beside(ambs_runner *runner, const char *output, ambs_error *err);
/* False where a file system does not answer: a thread still waits for it, and spec and slots must
 * outlive it, that is to the end of the process. */
bool ambs_runner_destroy(ambs_runner *runner);
/* How many attempts may be begun on the slot now. A command runs alone (1 when free); hosted kinds
 * take up to AMBS_RUNNER_DEPTH: the host works them off in order without a pause between, and a
 * crash costs only the one that ran. */
uint32_t ambs_runner_room(const ambs_runner *runner, uint32_t slot);
/* Starts an attempt on a slot that has room. The attempt's x is copied. STARTED, REPORT and ENDED
 * events of one slot come in the order of the attempts; time limits count from when an attempt gets
 * the slot and has its files. On an error nothing was begun: AMBS_E_AGAIN when the slot has no room
 * (or is being cancelled), AMBS_E_IO when the supervisor is gone. Where its files can not be made or
 * it can not be started, it ends as FAILED, not started. */
int ambs_runner_begin(ambs_runner *runner, uint32_t slot, const ambs_attempt *attempt,
                      ambs_error *err);
/* Asks all attempts of the slot to end: TERM, the study's grace, KILL of the group; `at_once`:
 * KILL. They end as CANCELLED, but for one whose result was faster. */
void ambs_runner_cancel(ambs_runner *runner, uint32_t slot, bool at_once);
/* Asks the command that runs on the slot to checkpoint: SIGUSR1 to its process, once, where the
 * study says that its trials heed it (`trial.checkpoint`); else nothing happens. One that dies of it
 * ends as CANCELLED. */
void ambs_runner_checkpoint(ambs_runner *runner, uint32_t slot);
/* The answer to a report; each needs one. A trial told to stop (PAUSE is taken as STOP by hosts and
 * commands) has the study's grace to end and ends as PRUNED. */
void ambs_runner_answer(ambs_runner *runner, uint32_t slot, ambs_decision decision);
/* The next event, or false when there is none now. Also enforces time limits: call it at least
 * every 100 ms while attempts run. */
bool ambs_runner_poll(ambs_runner *runner, ambs_run_event *ret_event);
uint32_t ambs_runner_busy(const ambs_runner *runner); /* slots in use */

#endif
