/* SPDX-License-Identifier: MIT */
#include "cli/print.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

int ambs_print(ambs_text *out, ambs_error *err)
{
    int rc = ambs_text_check(out, err);
    if (rc == 0 && out->length > 0) {
        errno = 0;
        bool ok = fwrite(out->text, 1, out->length, stdout) == out->length && fflush(stdout) == 0;
        if (!ok && errno != EPIPE)
            rc = ambs_fail(err, AMBS_E_IO, "writing to standard output: %s", strerror(errno));
    }
    ambs_text_fini(out);
    return rc;
}

void ambs_text_add_lines(ambs_text *out, const char *lines)
{
    size_t length = strlen(lines);
    ambs_text_add(out, lines);
    if (length > 0 && lines[length - 1] != '\n') ambs_text_add(out, "\n");
}
