/* SPDX-License-Identifier: MIT */
/* Begin and end of what a process wrote, whatever the amount: the end is enough for its last lines,
 * and both for the record of the study. */
#ifndef AMBS_OBJECTIVE_CAPTURE_H
#define AMBS_OBJECTIVE_CAPTURE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ambs/error.h"

enum { AMBS_CAPTURE_KEEP = 16384 };

typedef struct ambs_capture {
    char *bytes; /* [2 keep] the end */
    size_t keep, length;
    char *head; /* [head_size] */
    size_t head_size, head_length;
    uint64_t printed; /* bytes in all */
} ambs_capture;

/* Keeps `head` bytes of the begin and `tail` of the end, but at least AMBS_CAPTURE_KEEP of the end.
 * AMBS_E_NOMEM. */
int ambs_capture_init(ambs_capture *capture, size_t head, size_t tail, ambs_error *err);
void ambs_capture_fini(ambs_capture *capture); /* zeroed is fine */
/* Empty again. */
void ambs_capture_clear(ambs_capture *capture);
void ambs_capture_add(ambs_capture *capture, const char *bytes, size_t length);
/* The last line that holds more than blanks, without its newline and blanks around it, as a range
 * of the capture (valid until the next add); NULL when there is none. */
const char *ambs_capture_last_line(const ambs_capture *capture, size_t *ret_length);
/* The same, without lines that hold no letter and no digit (rules around a message). */
const char *ambs_capture_last_words(const ambs_capture *capture, size_t *ret_length);
/* Reads what the non-blocking `fd` has now, at most `limit` bytes; with `pass_on` >= 0 also written
 * there. True at the end of the file (or an error): close it. */
bool ambs_capture_read(ambs_capture *capture, int fd, size_t limit, int pass_on);

/* A text to be told in parts. */
typedef struct ambs_kept_output {
    char *text; /* NULL: nothing */
    size_t length, told;
    uint64_t printed;
    uint32_t part;
} ambs_kept_output;

/* The first `head` and last `tail` bytes (no more than the capture keeps) as a text of UTF-8, with a
 * line between them that says how much is left out. Bytes that are no UTF-8, and control characters
 * but tab and newline, become `?`; carriage returns become newlines. NULL text where nothing was
 * printed, or memory is short. The caller frees it. */
void ambs_capture_text(const ambs_capture *capture, size_t head, size_t tail,
                       ambs_kept_output *ret_output);
/* The next part, cut between characters, with a NUL into `part` [size]; false when all is told. */
bool ambs_kept_output_next(ambs_kept_output *output, char *part, size_t size);

#endif
