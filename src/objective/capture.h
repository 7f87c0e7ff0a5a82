/* SPDX-License-Identifier: MIT */
/* The end of what a process wrote: enough for its last lines, whatever the amount. */
#ifndef AMBS_OBJECTIVE_CAPTURE_H
#define AMBS_OBJECTIVE_CAPTURE_H

#include <stdbool.h>
#include <stddef.h>

enum { AMBS_CAPTURE_KEEP = 16384 };

/* Zero it to begin. */
typedef struct ambs_capture {
    char bytes[2 * AMBS_CAPTURE_KEEP];
    size_t length;
} ambs_capture;

void ambs_capture_add(ambs_capture *capture, const char *bytes, size_t length);
/* The last line that holds more than blanks, without its newline and blanks around it, as a range
 * of the capture (valid until the next add); NULL when there is none. */
const char *ambs_capture_last_line(const ambs_capture *capture, size_t *ret_length);
/* Reads what the non-blocking `fd` has now, at most `limit` bytes; with `pass_on` >= 0 also written
 * there. True at the end of the file (or an error): close it. */
bool ambs_capture_read(ambs_capture *capture, int fd, size_t limit, int pass_on);

#endif
