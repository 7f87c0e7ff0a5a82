/* SPDX-License-Identifier: MIT */
/* The codec of the journal's records. Each body is walked by one function, used for writing and for
 * reading, so that the two can not drift apart. Reading trusts nothing: every length is held
 * against what is left, every enum against its range, and the body must be used up exactly. */
#include "study/record.h"

#include <endian.h>
#include <string.h>

#include "base/checksum.h"
#include "base/memory.h"

enum { INPUT_BIT = 1, PENDING_SHIFT = 1, LENGTH_AND_CRC = 8 };

typedef struct codec {
    size_t d;
    ambs_text *out;          /* writing; NULL: reading */
    const unsigned char *in; /* reading: what is left of the body */
    size_t left;
    char *spare; /* reading: room for strings, large enough for the whole body and a NUL each */
    double *x;   /* reading: room for [d] */
    const char *trouble; /* what is wrong with the body; NULL: nothing */
} codec;

static void raw(codec *c, void *bytes, size_t n)
{
    if (c->out) {
        ambs_text_add_bytes(c->out, bytes, n);
    } else if (c->trouble || n > c->left) {
        memset(bytes, 0, n);
        if (!c->trouble) c->trouble = "it is shorter than its type demands";
    } else {
        memcpy(bytes, c->in, n);
        c->in += n;
        c->left -= n;
    }
}

static void u16(codec *c, uint16_t *v)
{
    uint16_t le = htole16(*v);
    raw(c, &le, sizeof le);
    *v = le16toh(le);
}

static void u32(codec *c, uint32_t *v)
{
    uint32_t le = htole32(*v);
    raw(c, &le, sizeof le);
    *v = le32toh(le);
}

static void u64(codec *c, uint64_t *v)
{
    uint64_t le = htole64(*v);
    raw(c, &le, sizeof le);
    *v = le64toh(le);
}

static void i32(codec *c, int *v)
{
    uint32_t bits = (uint32_t)*v;
    u32(c, &bits);
    *v = (int)bits;
}

static void f64(codec *c, double *v)
{
    uint64_t bits;
    memcpy(&bits, v, sizeof bits);
    u64(c, &bits);
    memcpy(v, &bits, sizeof bits);
}

/* A small number from 0 to `most` in one byte. */
static unsigned small(codec *c, unsigned v, unsigned most)
{
    unsigned char byte = (unsigned char)v;
    if (c->out && v > most) c->trouble = "a value is beyond its range";
    raw(c, &byte, 1);
    if (byte > most) {
        if (!c->trouble) c->trouble = "a value is beyond its range";
        return 0;
    }
    return byte;
}

static void truth(codec *c, bool *v)
{
    *v = small(c, *v, 1) != 0;
}

/* A fixed-size text, NUL-terminated in memory. */
static void fixed(codec *c, char *v, size_t size)
{
    size_t n = small(c, c->out ? (unsigned)strnlen(v, size - 1) : 0, (unsigned)size - 1);
    raw(c, v, n);
    if (!c->out) {
        memset(v + n, 0, size - n);
        if (!c->trouble && memchr(v, 0, n)) c->trouble = "a text holds a NUL byte";
    }
}

static void text(codec *c, const char **v)
{
    if (c->out && !*v) *v = "";
    size_t length = c->out ? strlen(*v) : 0;
    uint32_t n = (uint32_t)length;
    if (length > AMBS_RECORD_MAX_BYTES) c->trouble = "a text is longer than 64 MiB";
    u32(c, &n);
    if (c->out) {
        ambs_text_add_bytes(c->out, *v, length);
        return;
    }
    *v = "";
    if (!c->trouble && n > c->left) c->trouble = "a text is longer than the record";
    if (c->trouble) return;
    raw(c, c->spare, n);
    c->spare[n] = '\0';
    if (memchr(c->spare, 0, n)) c->trouble = "a text holds a NUL byte";
    *v = c->spare;
    c->spare += n + 1;
}

static void row(codec *c, const double **x)
{
    if (!c->out && !c->trouble && c->left / 8 < c->d) c->trouble = "its row is shorter than d";
    if (!c->out && c->trouble) return;
    for (size_t i = 0; i < c->d; i++) {
        double v = c->out ? (*x)[i] : 0;
        f64(c, &v);
        if (!c->out) c->x[i] = v;
    }
    if (!c->out) *x = c->x;
}

/* ---- the bodies, field by field ---- */

static void outcome(codec *c, ambs_outcome *o)
{
    o->state = (ambs_trial_state)small(c, o->state, AMBS_TRIAL_CANCELLED);
    o->reason = (ambs_reason)small(c, o->reason, AMBS_REASON_LAST);
    i32(c, &o->code);
    f64(c, &o->objective);
    f64(c, &o->start_s);
    f64(c, &o->end_s);
    f64(c, &o->duration_s);
    o->n_metrics = small(c, (unsigned)(o->n_metrics < 255 ? o->n_metrics : 255), AMBS_MAX_METRICS);
    for (size_t i = 0; i < o->n_metrics && !c->trouble; i++) {
        fixed(c, o->metrics[i].name, sizeof o->metrics[i].name);
        f64(c, &o->metrics[i].value);
    }
    fixed(c, o->message, sizeof o->message);
}

static void life(codec *c, ambs_record_life *r)
{
    raw(c, r->uuid, sizeof r->uuid);
    u32(c, &r->format);
    u32(c, &r->epoch);
    if (!c->out && r->format != AMBS_JOURNAL_FORMAT) {
        c->left =
            0; /* the rest is that format's own; the reader of the journal refuses it by name */
        r->spec_file = r->spec_text = r->build = "";
        return;
    }
    u64(c, &r->continues);
    u64(c, &r->digest);
    u64(c, &r->pid);
    f64(c, &r->wall_s);
    u32(c, &r->n_dimensions);
    u32(c, &r->n_ranks);
    fixed(c, r->host, sizeof r->host);
    text(c, &r->spec_file);
    text(c, &r->spec_text);
    text(c, &r->build);
}

static void proposal(codec *c, ambs_record_proposal *r)
{
    ambs_proposal *p = &r->proposal;
    u64(c, &p->trial);
    p->origin = (ambs_origin)small(c, p->origin, AMBS_ORIGIN_ENQUEUED);
    f64(c, &p->mean);
    f64(c, &p->sd);
    f64(c, &p->acquisition);
    f64(c, &p->lie);
    u64(c, &p->n_told);
    u64(c, &p->n_lies);
    const double *x = p->x;
    row(c, &x);
    if (!c->out) p->x = c->x;
    u64(c, &r->n_inputs);
    truth(c, &p->refitted);
    f64(c, &r->wall_s);
    f64(c, &r->latency_s);
}

static void start(codec *c, ambs_record_start *r)
{
    u64(c, &r->trial);
    u32(c, &r->attempt);
    u32(c, &r->rank);
    u32(c, &r->slot);
    u32(c, &r->staleness);
    f64(c, &r->wall_s);
}

static void result(codec *c, ambs_record_result *r)
{
    u64(c, &r->trial);
    u32(c, &r->attempt);
    u32(c, &r->rank);
    u32(c, &r->slot);
    truth(c, &r->final);
    f64(c, &r->wall_s);
    outcome(c, &r->outcome);
}

static void cancel(codec *c, ambs_record_cancel *r)
{
    u64(c, &r->trial);
    f64(c, &r->wall_s);
}

static void own(codec *c, ambs_record_own *r)
{
    u64(c, &r->trial);
    f64(c, &r->wall_s);
    row(c, &r->x);
    outcome(c, &r->outcome);
}

static void report(codec *c, ambs_record_report *r)
{
    u64(c, &r->trial);
    u32(c, &r->attempt);
    r->decision = (ambs_decision)small(c, r->decision, AMBS_PAUSE);
    uint64_t step = (uint64_t)r->step;
    u64(c, &step);
    r->step = (long long)step;
    f64(c, &r->wall_s);
    f64(c, &r->value);
    fixed(c, r->metric, sizeof r->metric);
}

static void worker(codec *c, ambs_record_worker *r)
{
    u32(c, &r->rank);
    u32(c, &r->n_slots);
    r->state = (ambs_worker_state)small(c, r->state, AMBS_WORKER_LEFT);
    u64(c, &r->pid);
    f64(c, &r->wall_s);
    fixed(c, r->host, sizeof r->host);
}

static void event(codec *c, ambs_record_event *r)
{
    u32(c, &r->level);
    f64(c, &r->wall_s);
    text(c, &r->text);
}

static void end(codec *c, ambs_record_end *r)
{
    int code = r->exit_code;
    i32(c, &code);
    r->exit_code = code;
    f64(c, &r->wall_s);
    text(c, &r->text);
}

static void job(codec *c, ambs_record_job *r)
{
    f64(c, &r->wall_s);
    f64(c, &r->deadline_s);
    r->next = (ambs_next)small(c, r->next, AMBS_NEXT_EXIT_STATUS);
    fixed(c, r->job, sizeof r->job);
}

static void slot(codec *c, ambs_record_slot *r)
{
    u32(c, &r->rank);
    u32(c, &r->slot);
    u32(c, &r->n_cores);
    f64(c, &r->memory_bytes);
    text(c, &r->cores);
    text(c, &r->gpus);
}

static void output(codec *c, ambs_record_output *r)
{
    u64(c, &r->trial);
    u32(c, &r->attempt);
    r->stream = (ambs_stream)small(c, r->stream, AMBS_STREAM_ERR);
    u32(c, &r->part);
    u64(c, &r->printed);
    text(c, &r->text);
}

static void repeat(codec *c, ambs_record_repeat *r)
{
    u64(c, &r->trial);
    u32(c, &r->repeat);
    u64(c, &r->n_inputs);
    f64(c, &r->wall_s);
    f64(c, &r->latency_s);
}

static void body(codec *c, ambs_record *r)
{
    switch (r->type) {
    case AMBS_RECORD_LIFE:
        life(c, &r->as.life);
        return;
    case AMBS_RECORD_PROPOSAL:
        proposal(c, &r->as.proposal);
        return;
    case AMBS_RECORD_START:
        start(c, &r->as.start);
        return;
    case AMBS_RECORD_RESULT:
        result(c, &r->as.result);
        return;
    case AMBS_RECORD_CANCEL:
        cancel(c, &r->as.cancel);
        return;
    case AMBS_RECORD_OWN:
        own(c, &r->as.own);
        return;
    case AMBS_RECORD_REPORT:
        report(c, &r->as.report);
        return;
    case AMBS_RECORD_WORKER:
        worker(c, &r->as.worker);
        return;
    case AMBS_RECORD_EVENT:
        event(c, &r->as.event);
        return;
    case AMBS_RECORD_END:
        end(c, &r->as.end);
        return;
    case AMBS_RECORD_JOB:
        job(c, &r->as.job);
        return;
    case AMBS_RECORD_SLOT:
        slot(c, &r->as.slot);
        return;
    case AMBS_RECORD_OUTPUT:
        output(c, &r->as.output);
        return;
    case AMBS_RECORD_REPEAT:
        repeat(c, &r->as.repeat);
        return;
    }
    c->trouble = "its type is not known";
}

static bool is_input(const ambs_record *r)
{
    return r->type == AMBS_RECORD_CANCEL || r->type == AMBS_RECORD_OWN ||
           (r->type == AMBS_RECORD_RESULT && r->as.result.final);
}

/* ---- the frame ---- */

int ambs_record_encode(const ambs_record *record, size_t d, ambs_text *out, ambs_error *err)
{
    ambs_record copy = *record; /* the walk is shared with reading, which writes the fields */
    size_t at = out->length;
    uint32_t frame[2] = {0};
    uint16_t type = (uint16_t)copy.type;
    uint16_t flags = (uint16_t)((is_input(record) ? INPUT_BIT : 0) |
                                (copy.pending & AMBS_RECORD_MAX_PENDING) << PENDING_SHIFT);
    codec c = {.d = d, .out = out};
    raw(&c, frame, sizeof frame);
    u64(&c, &copy.sequence);
    u16(&c, &type);
    u16(&c, &flags);
    body(&c, &copy);
    size_t length = out->length - at - LENGTH_AND_CRC;
    if (!out->failed && length > AMBS_RECORD_MAX_BYTES) c.trouble = "it is longer than 64 MiB";
    if (out->failed || c.trouble) {
        bool full = out->failed;
        if (out->length > at) out->length = at;
        out->failed = false;
        return full ? ambs_fail(err, AMBS_E_NOMEM, "out of memory while writing a record")
                    : ambs_fail(err, AMBS_E_INVALID, "a record of type %d can not be written: %s",
                                (int)record->type, c.trouble);
    }
    char *head = out->text + at;
    frame[0] = htole32((uint32_t)length);
    frame[1] = htole32(ambs_crc32c(0, head + LENGTH_AND_CRC, length));
    memcpy(head, frame, sizeof frame);
    return AMBS_OK;
}

static uint32_t read_u32(const unsigned char *bytes)
{
    uint32_t v;
    memcpy(&v, bytes, sizeof v);
    return le32toh(v);
}

bool ambs_record_peek(const void *bytes, uint64_t *ret_sequence, size_t *ret_size)
{
    const unsigned char *in = bytes;
    uint32_t length = read_u32(in);
    uint64_t sequence;
    memcpy(&sequence, in + LENGTH_AND_CRC, sizeof sequence);
    unsigned type = in[16] | (unsigned)in[17] << 8;
    if (length < AMBS_RECORD_HEAD - LENGTH_AND_CRC || length > AMBS_RECORD_MAX_BYTES ||
        type < AMBS_RECORD_LIFE || type > AMBS_RECORD_LAST)
        return false;
    *ret_sequence = le64toh(sequence);
    *ret_size = LENGTH_AND_CRC + (size_t)length;
    return true;
}

/* Room in `scratch` for the row and, behind it, for every string the body can hold. */
static int make_room(ambs_text *scratch, size_t d, size_t left, codec *c, ambs_error *err)
{
    enum { MAX_STRINGS = 3 };
    size_t row_bytes;
    if (__builtin_mul_overflow(d, sizeof(double), &row_bytes) || row_bytes > left) row_bytes = 0;
    size_t need = row_bytes + left + MAX_STRINGS + 1;
    ambs_text_clear(scratch);
    int rc = ambs_reserve(&scratch->text, &scratch->capacity, need, 1, err);
    if (rc != AMBS_OK) return rc;
    void *start_of_row = scratch->text; /* from malloc: aligned for doubles */
    c->x = start_of_row;
    c->spare = scratch->text + row_bytes;
    return AMBS_OK;
}

int ambs_record_decode(const void *bytes, size_t length, size_t d, ambs_text *scratch,
                       ambs_record *ret_record, size_t *ret_size, ambs_error *err)
{
    const unsigned char *in = bytes;
    if (length < LENGTH_AND_CRC) return ambs_fail(err, AMBS_E_AGAIN, "a record is cut in its head");
    size_t size = read_u32(in);
    if (size < AMBS_RECORD_HEAD - LENGTH_AND_CRC || size > AMBS_RECORD_MAX_BYTES)
        return ambs_fail(err, AMBS_E_FORMAT, "a record says it has %zu bytes, expected %d to %d",
                         size, AMBS_RECORD_HEAD - LENGTH_AND_CRC, AMBS_RECORD_MAX_BYTES);
    if (length - LENGTH_AND_CRC < size)
        return ambs_fail(err, AMBS_E_AGAIN, "a record of %zu bytes is cut after %zu", size,
                         length - LENGTH_AND_CRC);
    uint32_t expected = read_u32(in + 4), found = ambs_crc32c(0, in + LENGTH_AND_CRC, size);
    if (found != expected)
        return ambs_fail(err, AMBS_E_FORMAT, "a record's checksum is %08x, expected %08x", found,
                         expected);
    ambs_record r;
    codec c = {.d = d, .in = in + LENGTH_AND_CRC, .left = size};
    uint16_t type, flags;
    type = flags = 0;
    r.sequence = 0;
    u64(&c, &r.sequence);
    u16(&c, &type);
    u16(&c, &flags);
    r.type = (ambs_record_type)type;
    r.input = flags & INPUT_BIT;
    r.pending = flags >> PENDING_SHIFT;
    int rc = make_room(scratch, d, c.left, &c, err);
    if (rc != AMBS_OK) return rc;
    memset(&r.as, 0, sizeof r.as.life); /* the largest of them, but for the metrics of an outcome */
    body(&c, &r);
    if (!c.trouble && c.left > 0) c.trouble = "it is longer than its type demands";
    if (!c.trouble && r.input != is_input(&r)) c.trouble = "its input flag contradicts its type";
    if (c.trouble)
        return ambs_fail(err, AMBS_E_FORMAT, "record %llu of type %u is damaged: %s",
                         (unsigned long long)r.sequence, (unsigned)type, c.trouble);
    *ret_record = r;
    *ret_size = LENGTH_AND_CRC + size;
    return AMBS_OK;
}
