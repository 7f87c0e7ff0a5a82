/* SPDX-License-Identifier: MIT */
#ifndef AMBS_BASE_WRITE_FILE_H
#define AMBS_BASE_WRITE_FILE_H

#include "base/text.h"

/* Replaces the file `path` by `text` as a whole: a temporary file beside it, fsync, rename. On an
 * error the old file stays. AMBS_E_IO with the file and what the system said. */
int ambs_write_file(const char *path, const ambs_text *text, ambs_error *err);

#endif
