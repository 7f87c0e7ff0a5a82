/* SPDX-License-Identifier: MIT */
#include "objective/capture.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/memory.h"
#include "base/text.h"

int ambs_capture_init(ambs_capture *c, size_t head, size_t tail, ambs_error *err)
{
    size_t keep = tail > AMBS_CAPTURE_KEEP ? tail : AMBS_CAPTURE_KEEP;
    *c = (ambs_capture){.keep = keep, .head_size = head};
    c->bytes = ambs_calloc(keep, 2, err);
    if (c->bytes) c->head = ambs_calloc(head > 0 ? head : 1, 1, err);
    if (c->head) return AMBS_OK;
    ambs_capture_fini(c);
    return AMBS_E_NOMEM;
}

void ambs_capture_fini(ambs_capture *c)
{
    free(c->bytes);
    free(c->head);
    *c = (ambs_capture){0};
}

void ambs_capture_clear(ambs_capture *c)
{
    c->length = c->head_length = 0;
    c->printed = 0;
}

void ambs_capture_add(ambs_capture *c, const char *bytes, size_t length)
{
    size_t of_head = c->head_size - c->head_length;
    if (of_head > length) of_head = length;
    memcpy(c->head + c->head_length, bytes, of_head);
    c->head_length += of_head;
    c->printed += length;
    if (length > c->keep) {
        bytes += length - c->keep;
        length = c->keep;
    }
    if (c->length + length > 2 * c->keep) {
        memmove(c->bytes, c->bytes + c->length - c->keep, c->keep);
        c->length = c->keep;
    }
    memcpy(c->bytes + c->length, bytes, length);
    c->length += length;
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n' || c == '\0';
}

/* The last line of the first `end` bytes that is not blank. */
static const char *last_line(const ambs_capture *c, size_t end, size_t *ret_length)
{
    while (end > 0 && is_blank(c->bytes[end - 1])) end--;
    if (end == 0) return NULL;
    size_t start = end;
    while (start > 0 && c->bytes[start - 1] != '\n') start--;
    while (is_blank(c->bytes[start])) start++;
    *ret_length = end - start;
    return c->bytes + start;
}

const char *ambs_capture_last_line(const ambs_capture *c, size_t *ret_length)
{
    return last_line(c, c->length, ret_length);
}

static bool has_words(const char *line, size_t length)
{
    for (size_t i = 0; i < length; i++) {
        unsigned char b = (unsigned char)line[i];
        if (b > 0x7f || isalnum(b)) return true;
    }
    return false;
}

const char *ambs_capture_last_words(const ambs_capture *c, size_t *ret_length)
{
    const char *line = last_line(c, c->length, ret_length);
    while (line && !has_words(line, *ret_length))
        line = last_line(c, (size_t)(line - c->bytes), ret_length);
    return line;
}

bool ambs_capture_read(ambs_capture *c, int fd, size_t limit, int pass_on)
{
    char piece[16384];
    for (size_t taken = 0; taken < limit;) {
        ssize_t n = read(fd, piece, sizeof piece);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0 && errno == EAGAIN) return false;
        if (n <= 0) return true;
        ambs_capture_add(c, piece, (size_t)n);
        if (pass_on >= 0 && write(pass_on, piece, (size_t)n) < 0) pass_on = -1;
        taken += (size_t)n;
    }
    return false;
}

/* ---- for the record ---- */

static void clean(char *text, size_t length)
{
    for (size_t i = 0; i < length; i++) {
        unsigned char c = (unsigned char)text[i];
        if (c == '\r') text[i] = '\n';
        if ((c < 0x20 && c != '\n' && c != '\t' && c != '\r') || c == 0x7f) text[i] = '?';
    }
    for (size_t at = 0, bad; at < length && !ambs_utf8_valid(text + at, length - at, &bad);) {
        at += bad;
        text[at++] = '?';
    }
}

void ambs_capture_text(const ambs_capture *c, size_t head, size_t tail, ambs_kept_output *ret)
{
    char between[80] = "";
    *ret = (ambs_kept_output){.printed = c->printed};
    if (head > c->head_length) head = c->head_length;
    if (tail > c->length) tail = c->length;
    if (tail >= c->printed) head = 0;
    if (head + tail >= c->printed) /* they meet */
        tail = (size_t)(c->printed - head);
    else
        snprintf(between, sizeof between, "%s[%llu bytes are left out]\n", head > 0 ? "\n" : "",
                 (unsigned long long)(c->printed - head - tail));
    size_t gap = strlen(between);
    if (head + tail == 0 || !(ret->text = malloc(head + gap + tail + 1))) return;
    memcpy(ret->text, c->head, head);
    memcpy(ret->text + head, between, gap);
    memcpy(ret->text + head + gap, c->bytes + c->length - tail, tail);
    ret->length = head + gap + tail;
    ret->text[ret->length] = '\0';
    clean(ret->text, ret->length);
}

bool ambs_kept_output_next(ambs_kept_output *o, char *part, size_t size)
{
    size_t left = o->length - o->told, length = left < size - 1 ? left : size - 1;
    if (!o->text || left == 0) return false;
    const char *from = o->text + o->told;
    while (length < left && length > 1 && ((unsigned char)from[length] & 0xc0) == 0x80) length--;
    memcpy(part, from, length);
    part[length] = '\0';
    o->told += length;
    o->part++;
    return true;
}
