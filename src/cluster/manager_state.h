/* SPDX-License-Identifier: MIT */
/* The manager's inside, shared by its files: manager.c (life, turn, limits), manager_in.c
 * (what arrives), manager_out.c (what is handed out), manager_workers.c (who is there),
 * manager_slots.c (what they own), manager_again.c (which trials are handed out once more),
 * manager_poison.c (which may have ended earlier lives), manager_deadline.c (the end that a deadline forces), manager_time.c (what can still be done
 * before it). */
#ifndef AMBS_CLUSTER_MANAGER_STATE_H
#define AMBS_CLUSTER_MANAGER_STATE_H

#include "cluster/durations.h"
#include "cluster/manager.h"
#include "cluster/protocol.h"
#include "cluster/queue.h"

enum { DEPTH_MAX = 8, BUFFER_LEAST_MAX = 64, BUFFER_MAX = 1024 };

/* Trials shorter than this are handed out ahead, so that a slot does not wait for the way to and
 * fro: one, or as many as fill AHEAD_S. */
#define PREFETCH_S 0.05
#define AHEAD_S    0.005
/* A slot that waits for a proposal longer than this share of its trials' time calls for a larger
 * buffer. */
#define STARVED_SHARE 0.01
/* How often a journal that cannot be written is tried again, and how long the end waits for it. */
#define RETRY_S      1.0
#define LAST_WRITE_S 30.0
/* A turn that is so late, and a heartbeat: the manager was away. */
#define ABSENCE_S 2.0
/* What saving is taken to last until it was measured. */
#define SAVING_S 5.0
/* The log names one failed trial in this time, and counts the others. */
#define FAILURE_PAUSE_S 10.0

typedef struct held {
    uint64_t trial;
    uint32_t attempt;
} held;

typedef struct slot {
    uint32_t rank, number;
    uint32_t n_held;    /* held[0] runs, the others wait at the agent */
    bool usable;        /* its worker is joined */
    bool waits_for_ack; /* durability: result */
    double mean_s;      /* of its attempts' durations, exponentially weighted; NaN at first */
    double left_s; /* when the attempt before held[0] ended, by its worker's clock; 0 at first */
    double free_since_s;
    uint64_t free_since_trial; /* of what was proposed later it had to wait for the model */
    held held[DEPTH_MAX];
} slot;

typedef struct worker {
    ambs_worker_state state; /* 0: never heard of */
    bool reset_sent;
    bool dismissed; /* told to leave since its group is lost */
    uint32_t first_slot, n_slots;
    uint64_t pid, space;
    double heard_s, sent_s;
    char host[AMBS_HOST_SIZE];
} worker;

typedef enum phase { PHASE_RUNNING, PHASE_DRAINING, PHASE_DONE } phase;

typedef struct ack {
    uint64_t sequence;
    uint32_t rank;
    bool frees_slot;
    ambs_address at;
} ack;

struct ambs_manager {
    ambs_manager_config config;
    const ambs_spec *spec;
    const ambs_table *table;
    ambs_time time; /* of the call that is being served */
    double start_s;

    worker *workers;         /* [n_ranks] */
    ambs_roster heard, sent; /* joined workers, longest silent first, in either direction */
    uint32_t n_joined, n_suspect, n_gone;
    uint32_t n_came, n_slotless; /* said HELLO in this life; of them without a slot */
    double promised_s;           /* when the next turn was due at the end of the last one */
    double listens_s;            /* nobody is suspected before that: the manager was away itself */
    bool table_said;             /* of the slots */
    double alone_since_s;        /* since when no worker is joined */

    slot *slots; /* [n_slots] */
    size_t slots_capacity;
    uint32_t n_slots, n_usable;
    ambs_roster idle, hungry; /* slots that hold nothing; that may hold one more */
    uint64_t n_held;          /* attempts at the agents */
    uint32_t n_busy;          /* usable slots that hold something */
    double busy_integral, slot_integral, integrated_s; /* slot seconds */

    ambs_queue again, ready; /* trial ids: to be issued again; new */
    ambs_queue doubted;      /* trial ids: may have ended earlier lives; one at a time */
    uint64_t doubted_out;    /* the one that was handed out last; UINT64_MAX: none */
    uint32_t fatal_lives;    /* so many ended lives are proof */
    uint16_t *losses;        /* [losses_capacity], per trial, of this life */
    size_t losses_capacity;
    uint64_t n_allowed;             /* proposals the model may still make */
    uint32_t buffer, since_starved; /* aimed at; hand-outs since a slot waited */
    bool model_ended;
    char model_text[512];

    ambs_queue acks;  /* results not yet durable */
    ambs_text outbox; /* [outbox_head, frames]…: leaves when what it depends on is written */
    size_t outbox_at; /* what lies before it has left */
    uint64_t recorded, posted;       /* sequence numbers; posted: handed to the journal */
    size_t n_inputs_seen;            /* of the table, for targets of several metrics */
    bool targets_reached;            /* by one of them */
    double trouble_since_s, retry_s; /* trouble_since_s NaN: none */
    char trouble[256];

    phase phase;
    bool at_once;
    ambs_status status;
    double drain_limit_s;        /* attempts that have not ended by then are given up */
    double deadline_s, saving_s; /* the allocation's end, INFINITY: none; what saving takes */
    bool cut;                    /* it drains because of the deadline */
    bool asked_to_save;          /* running trials that say they can */
    ambs_durations durations;    /* of trials that ended by themselves */
    ambs_queue too_long;         /* trial ids: cannot end in time */
    double *forecasts;           /* [forecasts_capacity] per trial: s; NaN: not asked for */
    size_t forecasts_capacity;
    uint64_t n_asked; /* trials that wait for a forecast */
    bool teaches;     /* the model is told durations */
    bool looks_again; /* the deadline has moved: what was too long may not be */
    bool shortage_said;
    double ended_s; /* when nothing was left but to make the rest durable; NaN before */
    char text[512]; /* why it ends */
    uint64_t best_now, looked_at; /* the best after so many inputs; UINT64_MAX: look again */
    bool target_reached;          /* by it */
    uint64_t best_trial;
    double best_s;
    double failure_said_s; /* when the log last named a failed trial */
    uint64_t failures_unsaid;
    uint64_t n_done_before; /* trials (evaluations) that ended before this life */
    bool active;            /* this turn did something */

    ambs_inbox inbox;
    ambs_text frame;   /* being made */
    ambs_text welcome; /* made once */
};

/* manager.c */
int manager_record(ambs_manager *m, ambs_record *record, ambs_error *err);
/* An EVENT record and a line of the log. */
int manager_event(ambs_manager *m, ambs_log_level level, ambs_error *err, const char *format, ...)
    AMBS_PRINTF(4, 5);
int manager_send(ambs_manager *m, uint32_t rank, const ambs_message *message, ambs_error *err);
int manager_send_after_write(ambs_manager *m, uint32_t rank, const ambs_message *message,
                             ambs_error *err);
bool manager_trial_is_over(const ambs_trial_row *row);

/* manager_slots.c */
/* Slots for a worker that joins, which is told of them; *ret_shares [*ret_n] is the caller's, NULL
 * where it brings its own. */
int manager_divide(ambs_manager *m, uint32_t rank, const ambs_message *hello,
                   ambs_share **ret_shares, uint32_t *ret_n, ambs_error *err);
int manager_record_slots(ambs_manager *m, uint32_t rank, const ambs_share *shares, uint32_t n,
                         ambs_error *err);
/* Shows the slots once; ends the study where there are none and none will come. */
int manager_check_slots(ambs_manager *m, ambs_error *err);
double manager_table_s(const ambs_manager *m); /* when it is shown at the latest */

/* manager_deadline.c */
/* When nothing is handed out any more and running attempts are asked to end. */
double manager_last_call_s(const ambs_manager *m);
int manager_check_deadline(ambs_manager *m, ambs_error *err);

/* manager_time.c */
typedef enum time_verdict { VERDICT_FITS, VERDICT_TOO_LONG, VERDICT_ASKED } time_verdict;
/* Whether a waiting trial can end in time. What is too long is set aside, and what nobody knows is
 * asked of the model, which answers with AMBS_PROPOSER_FORECAST. */
int manager_judge_time(ambs_manager *m, uint64_t trial, time_verdict *ret_verdict, ambs_error *err);
int manager_take_forecast(ambs_manager *m, const ambs_proposer_event *event, ambs_error *err);
/* An attempt ended so: one more duration is known. */
int manager_note_duration(ambs_manager *m, uint64_t trial, const ambs_outcome *outcome,
                          ambs_error *err);
void manager_learn_durations(ambs_manager *m); /* of earlier lives */
/* True where not even a fast trial can end in time. */
bool manager_time_is_up(const ambs_manager *m);
int manager_look_again(ambs_manager *m, ambs_error *err);
double manager_fidelity(const ambs_manager *m); /* that trials run at; NaN */

/* Tells all agents to end their attempts, and sets how long they have. */
int manager_send_drain(ambs_manager *m, ambs_error *err);
/* What has not ended when the drain's time is over waits for the next life. */
int manager_give_up_held(ambs_manager *m, ambs_error *err);

/* manager_again.c */
int manager_grow_losses(ambs_manager *m, ambs_error *err); /* room for every trial of the table */
/* Counts a loss, and tells whether the attempt's end is the trial's; may add to the message. */
bool manager_is_final(ambs_manager *m, const ambs_address *at, ambs_outcome *outcome);

/* manager_poison.c */
int manager_queue_waiting(ambs_manager *m, ambs_error *err); /* what earlier lives left */
bool manager_has_doubted(const ambs_manager *m);             /* one may be handed out now */
/* The next of them; those that are proved to end lives are ended on the way. */
int manager_next_doubted(ambs_manager *m, uint64_t *ret_trial, bool *ret_found, ambs_error *err);

/* manager_in.c */
/* Records how the attempt ended; `final` tells the model, else the trial waits again. */
int manager_end_attempt(ambs_manager *m, uint32_t rank, const ambs_address *at,
                        const ambs_outcome *outcome, bool final, ambs_error *err);
int manager_take(ambs_manager *m, uint32_t rank, const ambs_message *message, ambs_error *err);
int manager_answer(ambs_manager *m, const ambs_proposer_report *report, ambs_decision decision,
                   ambs_error *err);
int manager_send_acks(ambs_manager *m, ambs_error *err);

/* manager_out.c */
void manager_place_slot(ambs_manager *m, uint32_t s); /* into idle, hungry or neither */
void manager_integrate(ambs_manager *m);              /* call before n_busy or n_usable changes */
int manager_take_proposals(ambs_manager *m, ambs_error *err);
int manager_hand_out(ambs_manager *m, ambs_error *err);

/* manager_workers.c */
int manager_heard(ambs_manager *m, uint32_t rank, ambs_error *err);
int manager_hello(ambs_manager *m, uint32_t rank, const ambs_message *message, ambs_error *err);
int manager_leave(ambs_manager *m, uint32_t rank, ambs_worker_state state, ambs_error *err);
double manager_suspicion_s(const ambs_manager *m, uint32_t rank); /* when it is suspect */
/* False for a rank that only follows the first of its group, is left over, or has no slot. */
bool manager_serves(const ambs_manager *m, uint32_t rank);
int manager_watch(ambs_manager *m, ambs_error *err); /* suspects and heartbeats */

#endif
