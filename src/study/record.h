/* SPDX-License-Identifier: MIT */
/* The records of the journal: the only way by which a study changes. The manager applies each
 * record to its trial table and appends it to the journal; recovery, snapshots, status and replay
 * apply the same records to a table of their own. So there is one state machine, in table.c.
 *
 * Model inputs (flag `input`) are what the search consumes, in this order: a RESULT that ends a
 * trial (or a repeat of it), a CANCEL, an OWN. Each PROPOSAL and REPEAT says by `n_inputs` how many of them (counted from the
 * start of the study) the search had consumed when it was made: together that is the operation log.
 *
 * On disk (all little-endian): length u32 of what follows the CRC, CRC32C u32 of it, then
 * sequence u64, type u16, flags u16, body. Flags: bit 0 is `input`, the upper 15 bits are
 * `pending`. Bodies are packed in the order of the fields without padding: enums, bool and sizes of
 * metrics as u8, fixed-size texts as length u8 and bytes, other texts as length u32 and bytes, x as
 * d f64. share/doc/study-file.md tells it to other readers. */
#ifndef AMBS_STUDY_RECORD_H
#define AMBS_STUDY_RECORD_H

#include "ambs/search.h"
#include "ambs/trial.h"
#include "base/text.h"

typedef enum ambs_record_type {
    AMBS_RECORD_LIFE = 1, /* first of each segment */
    AMBS_RECORD_PROPOSAL = 2,
    AMBS_RECORD_START = 3,  /* an attempt was handed to a slot */
    AMBS_RECORD_RESULT = 4, /* an attempt ended */
    AMBS_RECORD_CANCEL = 5, /* a proposal was thrown away */
    AMBS_RECORD_OWN = 6,    /* a configuration of the caller's own, with its outcome */
    AMBS_RECORD_REPORT = 7, /* one point of a curve */
    AMBS_RECORD_WORKER = 8,
    AMBS_RECORD_EVENT = 9,
    AMBS_RECORD_END = 10,    /* the life ended by itself */
    AMBS_RECORD_JOB = 11,    /* the batch job of this life: its deadline, how it goes on */
    AMBS_RECORD_SLOT = 12,   /* what a slot of a worker that joined owns */
    AMBS_RECORD_OUTPUT = 13, /* a part of what an attempt printed */
    AMBS_RECORD_REPEAT = 14, /* an earlier trial is to be evaluated once more */
    AMBS_RECORD_LAST = AMBS_RECORD_REPEAT
} ambs_record_type;

typedef enum ambs_worker_state {
    AMBS_WORKER_JOINED = 1,
    AMBS_WORKER_SUSPECT = 2,
    AMBS_WORKER_REJOINED = 3,
    AMBS_WORKER_LOST = 4,
    AMBS_WORKER_LEFT = 5
} ambs_worker_state;

/* How a batch job goes on after a deadline. */
typedef enum ambs_next {
    AMBS_NEXT_NOTHING,
    AMBS_NEXT_REQUEUE,    /* it puts itself back into the queue */
    AMBS_NEXT_RESUBMIT,   /* its script is submitted once more */
    AMBS_NEXT_EXIT_STATUS /* its script's exit status puts it back (Grid Engine: 99) */
} ambs_next;

enum {
    AMBS_JOURNAL_FORMAT = 1,
    AMBS_HOST_SIZE = 64,
    AMBS_JOB_SIZE = 96,
    AMBS_OUTPUT_PART = 1000,
    AMBS_RECORD_HEAD = 20,           /* bytes before the body: length, CRC, sequence, type, flags */
    AMBS_RECORD_MAX_BYTES = 1 << 26, /* of one record; a longer length is damage */
    AMBS_RECORD_MAX_PENDING = 0x7fff
};

typedef struct ambs_record_life {
    uint8_t uuid[16];   /* of the study: the same in every life */
    uint32_t format;    /* AMBS_JOURNAL_FORMAT; these two fields lead in every format */
    uint32_t epoch;     /* 1 for the first life */
    uint64_t continues; /* records of earlier segments with a sequence above this do not count */
    uint64_t digest;    /* ambs_spec_digest */
    uint64_t pid;
    double wall_s;
    uint32_t n_dimensions; /* d */
    uint32_t n_ranks;
    char host[AMBS_HOST_SIZE];
    const char *spec_file; /* name */
    const char *spec_text; /* as ambs_spec.text: alone it gives the same spec again */
    const char
        *build; /* version, compiler, BLAS and its kernel, threads: what exactness depends on */
} ambs_record_life;

typedef struct ambs_record_proposal {
    ambs_proposal proposal;   /* x [d] */
    uint64_t n_inputs;        /* model inputs consumed before */
    double wall_s, latency_s; /* when made, how long it took */
} ambs_record_proposal;

typedef struct ambs_record_repeat {
    uint64_t trial;
    uint32_t repeat;   /* 1 for the second evaluation */
    uint64_t n_inputs; /* model inputs consumed before */
    double wall_s, latency_s;
} ambs_record_repeat;

typedef struct ambs_record_start {
    uint64_t trial;
    uint32_t attempt; /* 1 for the first of the trial, whatever it evaluates; counts up */
    uint32_t rank, slot;
    uint32_t staleness; /* results told between its making and its dispatch */
    double wall_s;
} ambs_record_start;

typedef struct ambs_record_result {
    uint64_t trial;
    uint32_t attempt; /* 0 where the caller evaluated it himself, without a START (serve) */
    uint32_t rank, slot;
    bool final;    /* ends the evaluation: a model input. Else the trial waits for another attempt
                      (state PAUSED: for its promotion) */
    double wall_s; /* received */
    ambs_outcome outcome;
} ambs_record_result;

typedef struct ambs_record_cancel {
    uint64_t trial;
    double wall_s;
} ambs_record_cancel;

typedef struct ambs_record_own {
    uint64_t trial;
    double wall_s;
    const double *x; /* [d] */
    ambs_outcome outcome;
} ambs_record_own;

typedef struct ambs_record_report {
    uint64_t trial;
    uint32_t attempt;
    ambs_decision decision;
    long long step;
    double wall_s, value;
    char metric[AMBS_METRIC_NAME_SIZE];
} ambs_record_report;

typedef struct ambs_record_worker {
    uint32_t rank, n_slots;
    ambs_worker_state state;
    uint64_t pid;
    double wall_s;
    char host[AMBS_HOST_SIZE];
} ambs_record_worker;

typedef struct ambs_record_slot {
    uint32_t rank, slot;
    uint32_t n_cores;    /* how many threads a trial may use there */
    double memory_bytes; /* limit of a trial; NaN: none */
    const char *cores;   /* "0-3,8"; "": not pinned */
    const char *gpus;    /* UUIDs or PCI addresses with commas between; "": none of its own */
} ambs_record_slot;

typedef struct ambs_record_event {
    uint32_t level; /* ambs_log_level */
    double wall_s;
    const char *text;
} ambs_record_event;

typedef struct ambs_record_end {
    int32_t exit_code; /* what `ambs run` returned */
    double wall_s;
    const char *text; /* why, for people */
} ambs_record_end;

typedef struct ambs_record_job { /* the last one of a life counts */
    double wall_s, deadline_s;   /* NaN: not known; INFINITY: none */
    ambs_next next;
    char job[AMBS_JOB_SIZE]; /* "slurm job 123"; "" outside a job */
} ambs_record_job;

typedef enum ambs_stream { AMBS_STREAM_OUT, AMBS_STREAM_ERR } ambs_stream;

typedef struct ambs_record_output {
    uint64_t trial;
    uint32_t attempt;
    ambs_stream stream;
    uint32_t part;    /* from 0; the parts of a stream make the text */
    uint64_t printed; /* bytes on the whole stream, of which the text keeps begin and end */
    const char *text; /* at most AMBS_OUTPUT_PART bytes */
} ambs_record_output;

typedef struct ambs_record {
    ambs_record_type type;
    bool input;        /* a model input; set by encode from the type and `final` */
    uint16_t pending;  /* at most so many records just before this one were not yet durable when
                          it was made (AMBS_RECORD_MAX_PENDING: or more); set by the journal. A hole
                          that no later record vouches for is a torn tail, not damage. */
    uint64_t sequence; /* 1 for the first record of the study; set by the journal */
    union {
        ambs_record_life life;
        ambs_record_proposal proposal;
        ambs_record_start start;
        ambs_record_result result;
        ambs_record_cancel cancel;
        ambs_record_own own;
        ambs_record_report report;
        ambs_record_worker worker;
        ambs_record_event event;
        ambs_record_end end;
        ambs_record_job job;
        ambs_record_slot slot;
        ambs_record_output output;
        ambs_record_repeat repeat;
    } as;
} ambs_record;

/* Appends the framed bytes (length, CRC, head, body). Strings and x are copied; NULL strings count
 * as
 * "". `d` is the dimension. On failure `out` is as long as before. */
int ambs_record_encode(const ambs_record *record, size_t d, ambs_text *out, ambs_error *err);
/* The head alone: true where `bytes` [AMBS_RECORD_HEAD] could begin a record; *ret_size is what it
 * would take. For searching a damaged stretch. */
bool ambs_record_peek(const void *bytes, uint64_t *ret_sequence, size_t *ret_size);
/* Reads one framed record from `bytes`. Strings and x in *ret_record point into memory of `scratch`
 * (cleared first). *ret_size is what it took. AMBS_E_AGAIN: truncated (a torn tail); AMBS_E_FORMAT:
 * damaged, and err says how. Never reads beyond `length`, whatever the bytes are. */
int ambs_record_decode(const void *bytes, size_t length, size_t d, ambs_text *scratch,
                       ambs_record *ret_record, size_t *ret_size, ambs_error *err);

#endif
