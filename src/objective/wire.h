/* SPDX-License-Identifier: MIT */
/* The messages between an agent, its supervisor and its trial hosts: one message is one packet of a
 * SOCK_SEQPACKET socket, in the machine's own byte order (all three run on one node, from one
 * build).
 *
 *   agent ── launch, signal, guard ──► supervisor      supervisor ── started, exited ──► agent
 *   agent ── evaluate, answer ──► host          host ── ready, report, outcome ──► agent
 *
 * This header and what the supervisor is made of need libc only. */
#ifndef AMBS_OBJECTIVE_WIRE_H
#define AMBS_OBJECTIVE_WIRE_H

#include <stdint.h>

enum {
    AMBS_WIRE_SOCKET = 3,             /* descriptor of the socket in the supervisor and in a host */
    AMBS_WIRE_SETUP = 4,              /* descriptor of the study's text in a host */
    AMBS_WIRE_MAX_FDS = 8,            /* descriptors handed over by one launch */
    AMBS_WIRE_PACKET_MAX = 180 * 1024 /* fits the default buffer of a Unix socket */
};

/* The variable by which a process is known as part of an attempt: "PID-ID", the supervisor's
 * process id and the launch's id. */
#define AMBS_WIRE_MARK "AMBS_PROCESS_MARK"
/* For a trial host whose attempts may save their state: in folders below this one (checkpoint.h). */
#define AMBS_WIRE_CHECKPOINTS "AMBS_CHECKPOINTS"

typedef enum ambs_wire_type {
    AMBS_WIRE_LAUNCH = 1,
    AMBS_WIRE_SIGNAL,
    AMBS_WIRE_STARTED,
    AMBS_WIRE_EXITED,
    AMBS_WIRE_EVALUATE,
    AMBS_WIRE_ANSWER,
    AMBS_WIRE_READY,
    AMBS_WIRE_REFUSED,
    AMBS_WIRE_REPORT,
    AMBS_WIRE_OUTCOME,
    AMBS_WIRE_GUARD
} ambs_wire_type;

/* --- with the supervisor --- */

/* Followed by n_cores core numbers (int32_t), the working directory, the folder to remove when the
 * agent is gone ("": none) and n_argv + n_env strings, each with its NUL; the descriptors come as SCM_RIGHTS and become 1, 2, 3, … of the new process (0 is
 * /dev/null, all others are closed). The environment is the supervisor's own, scrubbed of launcher
 * variables, with these NAME=VALUE put over it; NAME alone removes a variable. */
typedef struct ambs_wire_launch {
    uint32_t type;
    uint32_t n_argv, n_env;
    uint32_t n_cores;    /* 0: as the supervisor's own */
    uint64_t id;         /* the agent's name for the process: new for every launch */
    double memory_bytes; /* of the process and all that comes of it; 0: no limit */
} ambs_wire_launch;

/* To the whole process group; SIGKILL also to every descendant that left the group; SIGUSR1 to the
 * leader alone. */
typedef struct ambs_wire_signal {
    uint32_t type;
    int32_t signal;
    uint64_t id;
} ambs_wire_signal;

/* Watch over the agent itself: kill it after `limit_s`, or when one of its fellows is gone. Followed
 * by n_fellows process numbers (int32_t) of this host. When `master` (0: none) is gone, the agent gets
 * AMBS_WIRE_ABANDONED and some seconds to act on it. Replaces the request before; a limit of infinity ends
 * the watch. */
typedef struct ambs_wire_guard {
    uint32_t type;
    uint32_t n_fellows;
    double limit_s;
    int32_t master, reserved;
} ambs_wire_guard;

#define AMBS_WIRE_ABANDONED (SIGRTMIN + 5) /* a signal */

/* STARTED follows the fork, EXITED the end of the process and of all that came of it: its group was
 * killed, and what had left the group. (What does not go within seconds after a KILL, because it
 * hangs in the kernel, is no longer waited for: `left` is set.) */
typedef struct ambs_wire_process {
    uint32_t type;
    int32_t pid;
    uint64_t id;
    int32_t status;        /* EXITED: as waitpid() gives it */
    int32_t exec_errno;    /* EXITED: why the program could not be executed, 0 when it was */
    uint8_t out_of_memory; /* EXITED: 1 killed since it used more than its limit, 2 by the kernel */
    uint8_t left;          /* EXITED: something of it may still be there */
    double memory_bytes;   /* EXITED: the most that was seen of it, 0 when it was not watched */
} ambs_wire_process;

/* --- with a trial host --- */

/* Followed by the d doubles of the configuration. A host takes several and works them off in order.
 */
typedef struct ambs_wire_evaluate {
    uint32_t type;
    uint32_t attempt;
    uint64_t trial;
    uint64_t study_seed;
    double fidelity;
} ambs_wire_evaluate;

typedef struct ambs_wire_answer {
    uint32_t type;
    int32_t decision; /* ambs_decision */
} ambs_wire_answer;

/* REFUSED is followed by the text that says why the objective could not be opened. */
typedef struct ambs_wire_ready {
    uint32_t type;
    uint32_t reserved;
} ambs_wire_ready;

/* Followed by the metric's name. The host waits for the answer. */
typedef struct ambs_wire_report {
    uint32_t type;
    uint32_t reserved;
    int64_t step;
    double value;
} ambs_wire_report;

/* Followed by n_metrics ambs_metric and the message. */
typedef struct ambs_wire_outcome {
    uint32_t type;
    uint32_t attempt;
    uint64_t trial;
    int32_t state, reason, code;
    uint32_t n_metrics;
    double objective, start_s, end_s, duration_s;
} ambs_wire_outcome;

#endif
