/* SPDX-License-Identifier: MIT */
#ifndef AMBS_CLI_PRINT_H
#define AMBS_CLI_PRINT_H

#include "base/text.h"

/* Prints `out` to standard output and frees it; AMBS_E_IO where that fails (a closed pipe is no
 * error). */
int ambs_print(ambs_text *out, ambs_error *err);

/* Appends `lines`, and a newline where the last one has none. */
void ambs_text_add_lines(ambs_text *out, const char *lines);

#endif
