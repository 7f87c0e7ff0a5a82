/* SPDX-License-Identifier: MIT */
#include "cluster/protocol.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "cluster/wire.h"
#include "cluster/wire_resources.h"

enum { MAGIC = 0x4D41, BODY_MAX = AMBS_FRAME_SIZE - AMBS_FRAME_HEAD };

/* --- writing --------------------------------------------------------------------------------- */

static void put_address(ambs_text *out, const ambs_address *at)
{
    ambs_put_u32(out, at->slot);
    ambs_put_u32(out, at->attempt);
    ambs_put_u64(out, at->trial);
}

static void put_outcome(ambs_text *out, const ambs_outcome *o)
{
    ambs_put_u8(out, (uint8_t)o->state);
    ambs_put_u8(out, (uint8_t)o->reason);
    ambs_put_u32(out, (uint32_t)o->code);
    ambs_put_f64(out, o->objective);
    ambs_put_f64(out, o->start_s);
    ambs_put_f64(out, o->end_s);
    ambs_put_f64(out, o->duration_s);
    ambs_put_short_text(out, o->message);
    ambs_put_u8(out, (uint8_t)o->n_metrics);
    for (size_t i = 0; i < o->n_metrics; i++) {
        ambs_put_short_text(out, o->metrics[i].name);
        ambs_put_f64(out, o->metrics[i].value);
    }
}

static void put_welcome(ambs_text *out, const ambs_message *m)
{
    ambs_put_long_text(out, m->as.welcome.file);
    ambs_put_long_text(out, m->as.welcome.text);
}

static void put_start(ambs_text *out, const ambs_message *m)
{
    put_address(out, &m->as.start.at);
    ambs_put_u32(out, m->as.start.repeat);
    ambs_put_f64(out, m->as.start.fidelity);
    ambs_put_u32(out, (uint32_t)m->as.start.d);
    for (size_t i = 0; i < m->as.start.d; i++) ambs_put_f64(out, m->as.start.x[i]);
}

static void put_body(ambs_text *out, const ambs_message *m)
{
    switch (m->type) {
    case AMBS_MESSAGE_HELLO:
        ambs_put_u32(out, m->as.hello.n_slots);
        ambs_put_u64(out, m->as.hello.pid);
        ambs_put_u64(out, m->as.hello.space);
        ambs_put_short_text(out, m->as.hello.host);
        ambs_put_resources(out, &m->as.hello.seen);
        break;
    case AMBS_MESSAGE_SLOTS:
        ambs_put_short_text(out, m->as.slots.gpu_variable);
        ambs_put_shares(out, m->as.slots.shares, m->as.slots.n);
        break;
    case AMBS_MESSAGE_WELCOME:
        put_welcome(out, m);
        break;
    case AMBS_MESSAGE_START:
        put_start(out, m);
        break;
    case AMBS_MESSAGE_CANCEL:
        put_address(out, &m->as.cancel.at);
        ambs_put_u8(out, m->as.cancel.at_once);
        break;
    case AMBS_MESSAGE_RESULT:
        put_address(out, &m->as.result.at);
        put_outcome(out, &m->as.result.outcome);
        break;
    case AMBS_MESSAGE_ACK:
        put_address(out, &m->as.ack.at);
        break;
    case AMBS_MESSAGE_REPORT:
        put_address(out, &m->as.report.at);
        ambs_put_u64(out, (uint64_t)m->as.report.step);
        ambs_put_f64(out, m->as.report.value);
        ambs_put_short_text(out, m->as.report.metric);
        break;
    case AMBS_MESSAGE_OUTPUT:
        put_address(out, &m->as.output.at);
        ambs_put_u8(out, (uint8_t)m->as.output.stream);
        ambs_put_u32(out, m->as.output.part);
        ambs_put_u64(out, m->as.output.printed);
        ambs_put_long_text(out, m->as.output.text);
        break;
    case AMBS_MESSAGE_ANSWER:
        put_address(out, &m->as.answer.at);
        ambs_put_u8(out, (uint8_t)m->as.answer.decision);
        break;
    case AMBS_MESSAGE_DRAIN:
        ambs_put_u8(out, m->as.drain.at_once);
        ambs_put_f64(out, m->as.drain.grace_s);
        break;
    case AMBS_MESSAGE_STOP:
        ambs_put_u8(out, (uint8_t)m->as.stop.status);
        break;
    case AMBS_MESSAGE_BEAT:
    case AMBS_MESSAGE_RESET:
    case AMBS_MESSAGE_BYE:
    case AMBS_MESSAGE_CHECKPOINT:
        break;
    }
}

static void put_head(ambs_text *out, const ambs_message *m, size_t total, size_t offset,
                     size_t length)
{
    ambs_put_u16(out, MAGIC);
    ambs_put_u8(out, AMBS_PROTOCOL_VERSION);
    ambs_put_u8(out, (uint8_t)m->type);
    ambs_put_u32(out, m->epoch);
    ambs_put_u32(out, (uint32_t)total);
    ambs_put_u32(out, (uint32_t)offset);
    ambs_put_u16(out, (uint16_t)length);
    ambs_put_u16(out, 0);
}

/* Fills in what the head of a first frame could not know. */
static void set_lengths(uint8_t *frame, size_t total, size_t length)
{
    for (size_t i = 0; i < 4; i++) frame[8 + i] = (uint8_t)(total >> (8 * i));
    for (size_t i = 0; i < 2; i++) frame[16 + i] = (uint8_t)(length >> (8 * i));
}

/* The body is first written behind room for one head: most messages are one frame and are ready
 * then. */
int ambs_message_encode(const ambs_message *message, ambs_text *out, ambs_error *err)
{
    size_t begin = out->length;
    put_head(out, message, 0, 0, 0);
    put_body(out, message);
    if (out->failed) return ambs_fail(err, AMBS_E_NOMEM, "out of memory for a message");
    size_t total = out->length - begin - AMBS_FRAME_HEAD;
    if (total > AMBS_MESSAGE_MAX) {
        out->length = begin;
        return ambs_fail(err, AMBS_E_INVALID, "found a message of %zu bytes, expected at most %d",
                         total, (int)AMBS_MESSAGE_MAX);
    }
    char *body = NULL;
    if (total > BODY_MAX) {
        body = ambs_memdup(out->text + begin + AMBS_FRAME_HEAD, total, 1, err);
        if (!body) return AMBS_E_NOMEM;
    }
    size_t first = total > BODY_MAX ? BODY_MAX : total;
    out->length = begin + AMBS_FRAME_HEAD + first;
    set_lengths((uint8_t *)out->text + begin, total, first);
    for (size_t at = first; at < total; at += BODY_MAX) {
        size_t length = total - at > BODY_MAX ? BODY_MAX : total - at;
        put_head(out, message, total, at, length);
        ambs_text_add_bytes(out, body + at, length);
    }
    free(body);
    return ambs_text_check(out, err);
}

/* --- reading --------------------------------------------------------------------------------- */

typedef struct head {
    uint8_t version, type;
    uint32_t epoch, total, offset;
    uint16_t length;
} head;

static bool get_head(const void *bytes, size_t length, head *ret)
{
    ambs_wire in = {.at = bytes, .end = (const uint8_t *)bytes + length};
    if (length < AMBS_FRAME_HEAD || ambs_get_u16(&in) != MAGIC) return false;
    ret->version = ambs_get_u8(&in);
    ret->type = ambs_get_u8(&in);
    ret->epoch = ambs_get_u32(&in);
    ret->total = ambs_get_u32(&in);
    ret->offset = ambs_get_u32(&in);
    ret->length = ambs_get_u16(&in);
    return ambs_get_u16(&in) == 0 && ret->length <= BODY_MAX && ret->total <= AMBS_MESSAGE_MAX &&
           length >= (size_t)AMBS_FRAME_HEAD + ret->length && ret->offset <= ret->total &&
           ret->length <= ret->total - ret->offset;
}

size_t ambs_frame_length(const void *bytes, size_t length)
{
    head h;
    return get_head(bytes, length, &h) ? AMBS_FRAME_HEAD + (size_t)h.length : 0;
}

static void get_address(ambs_wire *in, ambs_address *ret)
{
    ret->slot = ambs_get_u32(in);
    ret->attempt = ambs_get_u32(in);
    ret->trial = ambs_get_u64(in);
}

static void get_outcome(ambs_wire *in, ambs_outcome *ret)
{
    ret->state = (ambs_trial_state)ambs_get_u8(in);
    ret->reason = (ambs_reason)ambs_get_u8(in);
    ret->code = (int)ambs_get_u32(in);
    ret->objective = ambs_get_f64(in);
    ret->start_s = ambs_get_f64(in);
    ret->end_s = ambs_get_f64(in);
    ret->duration_s = ambs_get_f64(in);
    ambs_get_short_text(in, ret->message, sizeof ret->message);
    size_t n = ambs_get_u8(in);
    if (n > AMBS_MAX_METRICS || ret->reason > AMBS_REASON_LAST ||
        (ret->state != AMBS_TRIAL_COMPLETE && ret->state != AMBS_TRIAL_PRUNED &&
         ret->state != AMBS_TRIAL_FAILED && ret->state != AMBS_TRIAL_PAUSED &&
         ret->state != AMBS_TRIAL_CANCELLED))
        in->bad = true;
    ret->n_metrics = in->bad ? 0 : n;
    for (size_t i = 0; i < ret->n_metrics; i++) {
        ambs_get_short_text(in, ret->metrics[i].name, sizeof ret->metrics[i].name);
        ret->metrics[i].value = ambs_get_f64(in);
    }
}

static int make_memory(ambs_inbox *inbox, size_t size, ambs_error *err)
{
    if (size <= inbox->memory_capacity) return AMBS_OK;
    int rc = ambs_resize(&inbox->memory, size, 1, err);
    if (rc == AMBS_OK) inbox->memory_capacity = size;
    return rc;
}

static int get_start(ambs_inbox *inbox, ambs_wire *in, ambs_message *ret, ambs_error *err)
{
    get_address(in, &ret->as.start.at);
    ret->as.start.repeat = ambs_get_u32(in);
    ret->as.start.fidelity = ambs_get_f64(in);
    size_t d = ambs_get_u32(in);
    if (in->bad || d > (size_t)(in->end - in->at) / sizeof(double)) {
        in->bad = true;
        return AMBS_OK;
    }
    if (make_memory(inbox, d * sizeof(double) + sizeof(double), err) != AMBS_OK)
        return AMBS_E_NOMEM;
    double *x = inbox->memory;
    for (size_t i = 0; i < d; i++) x[i] = ambs_get_f64(in);
    ret->as.start.d = d;
    ret->as.start.x = x;
    return AMBS_OK;
}

/* The next text of the body as a string in the inbox's memory, which has room for all of them. */
static const char *copy_text(ambs_wire *in, char **room)
{
    size_t length;
    const char *text = ambs_get_long_text(in, &length);
    char *copy = *room;
    if (length > 0) memcpy(copy, text, length);
    copy[length] = '\0';
    *room += length + 1;
    return copy;
}

static int get_welcome(ambs_inbox *inbox, ambs_wire *in, ambs_message *ret, ambs_error *err)
{
    size_t left = (size_t)(in->end - in->at); /* two lengths of 4 bytes have room for two NULs */
    if (make_memory(inbox, left + 2, err) != AMBS_OK) return AMBS_E_NOMEM;
    char *room = inbox->memory;
    ret->as.welcome.file = copy_text(in, &room);
    ret->as.welcome.text = copy_text(in, &room);
    return AMBS_OK;
}

static int get_hello(ambs_inbox *inbox, ambs_wire *in, ambs_message *ret, ambs_error *err)
{
    ret->as.hello.n_slots = ambs_get_u32(in);
    ret->as.hello.pid = ambs_get_u64(in);
    ret->as.hello.space = ambs_get_u64(in);
    ambs_get_short_text(in, ret->as.hello.host, sizeof ret->as.hello.host);
    if (make_memory(inbox, AMBS_GPUS_MAX * sizeof(ambs_gpu), err) != AMBS_OK) return AMBS_E_NOMEM;
    ambs_get_resources(in, inbox->memory, &ret->as.hello.seen);
    return AMBS_OK;
}

static int get_slots(ambs_inbox *inbox, ambs_wire *in, ambs_message *ret, ambs_error *err)
{
    ambs_get_short_text(in, ret->as.slots.gpu_variable, sizeof ret->as.slots.gpu_variable);
    uint32_t n = ambs_get_n_shares(in);
    size_t left = (size_t)(in->end - in->at);
    if (make_memory(inbox, n * sizeof(ambs_share) + left + 2 * (size_t)n + 1, err) != AMBS_OK)
        return AMBS_E_NOMEM;
    ambs_share *shares = inbox->memory;
    char *texts = inbox->memory;
    ambs_get_shares(in, n, shares, texts + n * sizeof *shares);
    ret->as.slots.n = n;
    ret->as.slots.shares = shares;
    return AMBS_OK;
}

static int get_output(ambs_inbox *inbox, ambs_wire *in, ambs_message *ret, ambs_error *err)
{
    get_address(in, &ret->as.output.at);
    ret->as.output.stream = (ambs_stream)ambs_get_u8(in);
    ret->as.output.part = ambs_get_u32(in);
    ret->as.output.printed = ambs_get_u64(in);
    size_t left = (size_t)(in->end - in->at); /* the length of 4 bytes has room for a NUL */
    if (make_memory(inbox, left + 1, err) != AMBS_OK) return AMBS_E_NOMEM;
    char *room = inbox->memory;
    ret->as.output.text = copy_text(in, &room);
    if (ret->as.output.stream > AMBS_STREAM_ERR ||
        room - (char *)inbox->memory > AMBS_OUTPUT_PART + 1)
        in->bad = true;
    return AMBS_OK;
}

static int get_body(ambs_inbox *inbox, ambs_wire *in, ambs_message *ret, ambs_error *err)
{
    switch (ret->type) {
    case AMBS_MESSAGE_HELLO:
        return get_hello(inbox, in, ret, err);
    case AMBS_MESSAGE_SLOTS:
        return get_slots(inbox, in, ret, err);
    case AMBS_MESSAGE_WELCOME:
        return get_welcome(inbox, in, ret, err);
    case AMBS_MESSAGE_START:
        return get_start(inbox, in, ret, err);
    case AMBS_MESSAGE_CANCEL:
        get_address(in, &ret->as.cancel.at);
        ret->as.cancel.at_once = ambs_get_u8(in) != 0;
        return AMBS_OK;
    case AMBS_MESSAGE_RESULT:
        get_address(in, &ret->as.result.at);
        get_outcome(in, &ret->as.result.outcome);
        return AMBS_OK;
    case AMBS_MESSAGE_ACK:
        get_address(in, &ret->as.ack.at);
        return AMBS_OK;
    case AMBS_MESSAGE_REPORT:
        get_address(in, &ret->as.report.at);
        ret->as.report.step = (long long)ambs_get_u64(in);
        ret->as.report.value = ambs_get_f64(in);
        ambs_get_short_text(in, ret->as.report.metric, sizeof ret->as.report.metric);
        return AMBS_OK;
    case AMBS_MESSAGE_OUTPUT:
        return get_output(inbox, in, ret, err);
    case AMBS_MESSAGE_ANSWER:
        get_address(in, &ret->as.answer.at);
        ret->as.answer.decision = (ambs_decision)ambs_get_u8(in);
        if (ret->as.answer.decision > AMBS_PAUSE) in->bad = true;
        return AMBS_OK;
    case AMBS_MESSAGE_DRAIN:
        ret->as.drain.at_once = ambs_get_u8(in) != 0;
        ret->as.drain.grace_s = ambs_get_f64(in);
        return AMBS_OK;
    case AMBS_MESSAGE_STOP:
        ret->as.stop.status = ambs_get_u8(in);
        return AMBS_OK;
    case AMBS_MESSAGE_BEAT:
    case AMBS_MESSAGE_RESET:
    case AMBS_MESSAGE_BYE:
    case AMBS_MESSAGE_CHECKPOINT:
        return AMBS_OK;
    }
    return ambs_fail(err, AMBS_E_FORMAT, "found a message of unknown type %d", (int)ret->type);
}

static int decode(ambs_inbox *inbox, const head *h, const void *body, size_t length,
                  ambs_message *ret, ambs_error *err)
{
    ret->type = (ambs_message_type)h->type;
    ret->epoch = h->epoch;
    ambs_wire in = {.at = body, .end = (const uint8_t *)body + length};
    int rc = get_body(inbox, &in, ret, err);
    if (rc != AMBS_OK) return rc;
    if (in.bad || in.at != in.end)
        return ambs_fail(err, AMBS_E_FORMAT, "found a damaged message of type %d, %zu bytes long",
                         (int)h->type, length);
    return AMBS_OK;
}

/* One frame of a message in several. Returns AGAIN until the last one is there. */
static int add_piece(ambs_inbox *inbox, const head *h, const void *body, ambs_error *err)
{
    if (inbox->one_frame)
        return ambs_fail(err, AMBS_E_FORMAT,
                         "found a piece of a long message, expected short ones");
    if (h->offset == 0) {
        ambs_text_clear(&inbox->pending);
        inbox->pending_type = (ambs_message_type)h->type;
        inbox->pending_total = h->total;
    }
    if (h->total != inbox->pending_total || h->type != (uint8_t)inbox->pending_type ||
        h->offset != inbox->pending.length || h->length == 0) {
        inbox->pending_total = 0;
        return ambs_fail(err, AMBS_E_FORMAT, "found a piece of a message out of order");
    }
    ambs_text_add_bytes(&inbox->pending, body, h->length);
    int rc = ambs_text_check(&inbox->pending, err);
    if (rc != AMBS_OK) return rc;
    return inbox->pending.length < h->total ? AMBS_E_AGAIN : AMBS_OK;
}

static int take_frame(ambs_inbox *inbox, const head *h, const uint8_t *body, ambs_message *ret,
                      ambs_error *err)
{
    if (h->version != AMBS_PROTOCOL_VERSION)
        return ambs_fail(
            err, AMBS_E_FORMAT,
            "found protocol version %d, expected %d: start every rank with the same ambs",
            h->version, AMBS_PROTOCOL_VERSION);
    if (h->length == h->total) return decode(inbox, h, body, h->length, ret, err);
    int rc = add_piece(inbox, h, body, err);
    if (rc != AMBS_OK) return rc;
    inbox->pending_total = 0;
    return decode(inbox, h, inbox->pending.text, h->total, ret, err);
}

int ambs_inbox_next(ambs_inbox *inbox, const void **bytes, size_t *length,
                    ambs_message *ret_message, ambs_error *err)
{
    while (*length > 0) {
        head h;
        const uint8_t *at = *bytes;
        if (!get_head(at, *length, &h)) {
            *length = 0;
            return ambs_fail(err, AMBS_E_FORMAT, "found a packet that holds no frame of ambs");
        }
        size_t size = AMBS_FRAME_HEAD + (size_t)h.length;
        *bytes = at + size;
        *length -= size;
        int rc = take_frame(inbox, &h, at + AMBS_FRAME_HEAD, ret_message, err);
        if (rc == AMBS_E_FORMAT) *length = 0;
        if (rc != AMBS_E_AGAIN) return rc;
    }
    return AMBS_E_AGAIN;
}

void ambs_inbox_fini(ambs_inbox *inbox)
{
    ambs_text_fini(&inbox->pending);
    free(inbox->memory);
    *inbox = (ambs_inbox){.one_frame = inbox->one_frame};
}
