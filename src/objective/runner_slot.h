/* SPDX-License-Identifier: MIT */
/* A slot of the runner and its two ways of running an attempt: in the slot's trial host, or as a
 * command.
 *
 *   entries: [0] is the attempt that runs (or has ended and was not told yet), the others wait in
 * the host process: none ──launch──► starting ──STARTED──► running ──EXITED──► none stop:    none
 * ──timeout, cancel, prune──► TERM sent ──grace──► KILL sent
 *
 * Events are not queued: a slot remembers what is still to be told, and ambs_runner_poll() takes it
 * from there. */
#ifndef AMBS_OBJECTIVE_RUNNER_SLOT_H
#define AMBS_OBJECTIVE_RUNNER_SLOT_H

#include "objective/capture.h"
#include "objective/command.h"
#include "objective/folder.h"
#include "objective/runner_files.h"
#include "objective/supervisor.h"
#include "study/spec.h"

typedef enum run_stop { STOP_NONE, STOP_TIMEOUT, STOP_OUTPUT, STOP_CANCEL, STOP_PRUNE } run_stop;

typedef struct run_entry {
    ambs_attempt attempt; /* x points to the entry's own copy */
    double *x;            /* [d] */
    bool started, told_started, ended;
    double began_s, began_wall_s; /* when it got the slot: monotonic, UTC */
    ambs_outcome outcome;
    ambs_kept_output output[2]; /* told before the end */
} run_entry;

typedef struct run_report {
    long long step;
    ambs_metric metric;
} run_report;

enum { REPORT_LINE_MAX = 65536 };

typedef struct run_slot {
    uint32_t index;
    bool listed; /* in the runner's list of slots with something to tell */
    run_entry entries[AMBS_RUNNER_DEPTH];
    uint32_t first, n; /* ring */

    uint64_t id;          /* of the process, 0 none */
    long pid;             /* 0 until STARTED */
    int socket, out, err; /* host socket or report socket; pipes; -1 closed */
    bool host_ready;
    char refused[AMBS_MESSAGE_SIZE]; /* why the host could not open the objective */

    run_stop stop;
    bool stop_is_spent; /* the attempt that was to be stopped ended first */
    bool killed;        /* KILL was sent */
    bool asked_checkpoint;
    double deadline_s; /* monotonic: TERM; INFINITY none */
    double kill_at_s;  /* monotonic: KILL; INFINITY none */

    run_report reports[AMBS_MAX_METRICS];
    uint32_t n_reports, told_reports, unanswered;
    ambs_decision worst_answer; /* of the line or report being answered */
    double last_value;          /* last report of the study's metric, NaN */
    bool told_stop;

    ambs_capture stdout_end, stderr_end;
    uint64_t printed_before[2]; /* on the two by earlier attempts of the process */
    char *line;                 /* [REPORT_LINE_MAX] report lines of a command */
    size_t line_length;
    bool has_exited; /* `exited` holds how; report lines are still to be told */
    ambs_wire_process exited;
    run_files *files; /* NULL none; without a process they are being made for it */
} run_slot;

struct ambs_runner {
    const ambs_spec *spec;
    ambs_supervisor *supervisor;
    const ambs_log *log;
    bool verbose, hosted;
    uint32_t n_slots, depth;
    size_t d;
    run_slot *slots;
    const ambs_slot_resources *resources; /* [n_slots] or NULL */
    uint32_t *list;                       /* ring of listed slots [n_slots] */
    uint32_t list_first, n_listed;
    uint32_t serial; /* of launches */
    int setup;       /* descriptor of the study for hosts, -1 */
    char host_path[4200];
    char study_folder[AMBS_PATH_SIZE];
    char *checkpoints; /* folder of all trials; NULL: in each attempt's own */
    ambs_clerk *clerk; /* does all that may wait for a file system; NULL: there is nothing */
    double checked_s;  /* when the time limits were last looked at */
    bool lost, told_lost;
    bool helper_ended;
    int helper_code;
    ambs_capture *helper_end;
};

/* The entry that runs, NULL when none does. */
run_entry *ambs_slot_running(run_slot *slot);
/* Starts a process on the slot, bound to its cores; `environment` (may be NULL) is added to what the
 * slot's resources ask for and emptied. */
int ambs_slot_launch(ambs_runner *runner, run_slot *slot, ambs_launch *launch,
                     ambs_strings *environment, ambs_error *err);
/* Puts the slot on the list of those with something to tell. */
void ambs_slot_list(ambs_runner *runner, run_slot *slot);
/* Begins the clock of the running entry. */
void ambs_slot_begin_clock(ambs_runner *runner, run_slot *slot);
/* Gives the running entry its outcome; start, end and duration are filled in where they are 0. The
 * next entry, if any, begins. */
void ambs_slot_end(ambs_runner *runner, run_slot *slot, const ambs_outcome *outcome);
/* TERM now and KILL after the study's grace, or KILL at once. */
void ambs_slot_stop(ambs_runner *runner, run_slot *slot, run_stop why, bool at_once);
/* Whether the running entry has printed more than it may (trial.output.limit). */
bool ambs_slot_prints_too_much(const ambs_runner *runner, const run_slot *slot);
/* Keeps for the running entry what the process printed, as the study says for this outcome. */
void ambs_slot_keep_output(const ambs_runner *runner, run_slot *slot, const ambs_outcome *outcome);
/* How a process that gave no result ended, by its wait status and what was asked of it. */
void ambs_slot_classify(const ambs_runner *runner, const run_slot *slot,
                        const ambs_wire_process *exited, ambs_outcome *ret_outcome);
/* A new name for a process of this slot. */
uint64_t ambs_slot_new_id(ambs_runner *runner, run_slot *slot);
/* Closes what belonged to the process and drops its files; the slot has none from now on. */
void ambs_slot_forget_process(run_slot *slot);
/* Nothing could be started on the slot: its attempts end as FAILED, not started, or as lost where that
 * is because the supervisor is gone. */
void ambs_slot_fail_start(ambs_runner *runner, run_slot *slot, const ambs_error *why);

/* What of a slot is ready: the low two bits of a tag of ambs_supervisor_watch. */
enum { AMBS_TAG_SOCKET = 0, AMBS_TAG_OUT = 1, AMBS_TAG_ERR = 2 };
int ambs_slot_watch(ambs_runner *runner, const run_slot *slot, int fd, int what, ambs_error *err);

/* Each way: begin the newest entry; its files are made; the socket is readable; an answer is due;
 * the process has ended; its result was read. */
int ambs_slot_host_begin(ambs_runner *runner, run_slot *slot, ambs_error *err);
void ambs_slot_host_made(ambs_runner *runner, run_slot *slot);
void ambs_slot_host_readable(ambs_runner *runner, run_slot *slot);
void ambs_slot_host_answer(ambs_runner *runner, run_slot *slot);
void ambs_slot_host_exited(ambs_runner *runner, run_slot *slot, const ambs_wire_process *exited);

int ambs_slot_command_begin(ambs_runner *runner, run_slot *slot, ambs_error *err);
void ambs_slot_command_made(ambs_runner *runner, run_slot *slot);
void ambs_slot_command_readable(ambs_runner *runner, run_slot *slot);
void ambs_slot_command_answer(ambs_runner *runner, run_slot *slot);
void ambs_slot_command_exited(ambs_runner *runner, run_slot *slot, const ambs_wire_process *exited);
void ambs_slot_command_read(ambs_runner *runner, run_slot *slot);

#endif
