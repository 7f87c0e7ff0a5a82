/* SPDX-License-Identifier: MIT */
#include "objective/capture.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

void ambs_capture_add(ambs_capture *c, const char *bytes, size_t length)
{
    if (length > AMBS_CAPTURE_KEEP) {
        bytes += length - AMBS_CAPTURE_KEEP;
        length = AMBS_CAPTURE_KEEP;
    }
    if (c->length + length > sizeof c->bytes) {
        memmove(c->bytes, c->bytes + c->length - AMBS_CAPTURE_KEEP, AMBS_CAPTURE_KEEP);
        c->length = AMBS_CAPTURE_KEEP;
    }
    memcpy(c->bytes + c->length, bytes, length);
    c->length += length;
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n' || c == '\0';
}

const char *ambs_capture_last_line(const ambs_capture *c, size_t *ret_length)
{
    size_t end = c->length;
    while (end > 0 && is_blank(c->bytes[end - 1])) end--;
    if (end == 0) return NULL;
    size_t start = end;
    while (start > 0 && c->bytes[start - 1] != '\n') start--;
    while (is_blank(c->bytes[start])) start++;
    *ret_length = end - start;
    return c->bytes + start;
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
