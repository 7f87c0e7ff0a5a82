/* SPDX-License-Identifier: MIT */
/* The messages between the manager (rank 0) and the agents, and their form on the wire.
 *
 * A message is one or more frames; a frame is at most AMBS_FRAME_SIZE bytes and several frames may
 * travel in one packet of that size. All numbers are little-endian and packed:
 *
 *   magic u16, version u8, type u8, epoch u32, total u32, offset u32, length u16, zero u16, body
 *
 * `total` is the length of the message's body, `offset` where this frame's `length` bytes belong.
 * Frames of one message come in order (the transport keeps the order between two ranks). Nothing
 * that is received is trusted: every length is checked, and every text ends within its frame.
 *
 *   agent → manager   HELLO, BEAT, RESULT, REPORT, OUTPUT, BYE  always one frame
 *   manager → agent   SLOTS, WELCOME (the study file), BEAT, START, CANCEL, ANSWER, ACK,
 *                     CHECKPOINT, DRAIN, RESET, STOP */
#ifndef AMBS_CLUSTER_PROTOCOL_H
#define AMBS_CLUSTER_PROTOCOL_H

#include "ambs/trial.h"
#include "base/text.h"
#include "cluster/resources.h"
#include "study/record.h"

enum {
    AMBS_FRAME_SIZE = 4000,
    AMBS_FRAME_HEAD = 20,
    AMBS_PROTOCOL_VERSION = 4,
    AMBS_MESSAGE_MAX = 64 << 20 /* body of a message in many frames */
};

typedef enum ambs_message_type {
    AMBS_MESSAGE_HELLO = 1,   /* here I am, and this is what I see of my host */
    AMBS_MESSAGE_WELCOME = 2, /* the study */
    AMBS_MESSAGE_BEAT = 3,    /* I live */
    AMBS_MESSAGE_START = 4,   /* run this attempt on this slot, after what it runs now */
    AMBS_MESSAGE_CANCEL = 5,  /* end this attempt */
    AMBS_MESSAGE_RESULT = 6,  /* this attempt ended */
    AMBS_MESSAGE_ACK = 7,     /* that result is safe: forget it */
    AMBS_MESSAGE_REPORT = 8,  /* one point of a curve */
    AMBS_MESSAGE_ANSWER = 9,  /* go on, stop, or pause */
    AMBS_MESSAGE_DRAIN = 10,  /* end every attempt: after a grace, or at once */
    AMBS_MESSAGE_RESET =
        11, /* you were given up: end every attempt, forget what waits, say HELLO again */
    AMBS_MESSAGE_STOP = 12,       /* the study is over: leave */
    AMBS_MESSAGE_BYE = 13,        /* I leave */
    AMBS_MESSAGE_CHECKPOINT = 14, /* the end is near: whoever runs may save its state now */
    AMBS_MESSAGE_OUTPUT = 16,     /* a part of what this attempt printed; before its RESULT */
    AMBS_MESSAGE_SLOTS = 15       /* these are your slots; just before WELCOME */
} ambs_message_type;

/* Where an attempt runs; the rank is known from the transport, the epoch is in the head. */
typedef struct ambs_address {
    uint32_t slot, attempt;
    uint64_t trial;
} ambs_address;

typedef struct ambs_message {
    ambs_message_type type;
    uint32_t epoch; /* the manager's life; 0 in the first HELLO */
    union {
        struct {
            uint32_t n_slots;    /* 0: as the manager divides the host */
            ambs_resources seen; /* its GPUs in the inbox's memory; machine 0: not looked */
            uint64_t pid, space; /* ambs_process_space() */
            char host[AMBS_HOST_SIZE];
        } hello;
        struct {
            uint32_t n;
            const ambs_share *shares; /* [n], in the inbox's memory; without gpu_ids */
            char gpu_variable[AMBS_GPU_VARIABLE_SIZE];
        } slots;
        struct {
            const char *file, *text; /* of the study: ambs_spec_parse() gives the same spec from
                                        them; in the inbox's memory */
        } welcome;
        struct {
            ambs_address at;
            uint32_t repeat; /* which evaluation of the trial; 0: the first */
            double fidelity; /* NaN where the study has none */
            size_t d;
            const double *x; /* [d], in the inbox's memory */
        } start;
        struct {
            ambs_address at;
            bool at_once;
        } cancel;
        struct {
            ambs_address at;
            ambs_outcome outcome;
        } result;
        struct {
            ambs_address at;
        } ack;
        struct {
            ambs_address at;
            long long step;
            double value;
            char metric[AMBS_METRIC_NAME_SIZE];
        } report;
        struct {
            ambs_address at;
            ambs_stream stream;
            uint32_t part;
            uint64_t printed;
            const char *text; /* at most AMBS_OUTPUT_PART bytes; in the inbox's memory */
        } output;
        struct {
            ambs_address at;
            ambs_decision decision;
        } answer;
        struct {
            bool at_once;
            double grace_s; /* what runs may go on so long before it is told to end; NaN:
 trial.grace */
        } drain;
        struct {
            int status; /* an ambs_status */
        } stop;
    } as;
} ambs_message;

/* Appends the frames of `message` to `out`. AMBS_E_NOMEM; AMBS_E_INVALID when the message is too
 * long. */
int ambs_message_encode(const ambs_message *message, ambs_text *out, ambs_error *err);

/* The length of the first frame in `bytes`, or 0 when no whole, well-formed frame begins there. */
size_t ambs_frame_length(const void *bytes, size_t length);

/* Takes packets apart and puts messages together. One inbox serves any number of senders as long as
 * none of them sends messages of more than one frame. */
typedef struct ambs_inbox {
    bool one_frame;    /* refuse messages of several frames */
    ambs_text pending; /* a message whose frames are still coming */
    ambs_message_type pending_type;
    uint32_t pending_total; /* 0: none */
    void *memory;           /* of the last message's arrays */
    size_t memory_capacity;
} ambs_inbox;

void ambs_inbox_fini(ambs_inbox *inbox);
/* The next message of the packet *bytes, which is advanced past what was read. Arrays and texts in
 * *ret_message are valid until the next call. AMBS_E_AGAIN: the packet is used up. AMBS_E_FORMAT: a
 * frame is damaged, of another version, or out of order (err says what); the rest of the packet is
 * skipped. */
int ambs_inbox_next(ambs_inbox *inbox, const void **bytes, size_t *length,
                    ambs_message *ret_message, ambs_error *err);

#endif
