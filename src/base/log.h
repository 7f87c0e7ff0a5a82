/* SPDX-License-Identifier: MIT */
/* The library never prints: it hands lines to a sink that the program gives. */
#ifndef AMBS_BASE_LOG_H
#define AMBS_BASE_LOG_H

#include "ambs/error.h"

typedef enum ambs_log_level {
    AMBS_LOG_ERROR,
    AMBS_LOG_WARNING,
    AMBS_LOG_INFO,
    AMBS_LOG_DEBUG
} ambs_log_level;

typedef struct ambs_log {
    void (*write)(void *ctx, ambs_log_level level, const char *line); /* line without newline */
    void *ctx;
    ambs_log_level level; /* lines above this level are dropped before formatting */
} ambs_log;

/* `log` may be NULL: nothing is written. */
void ambs_log_line(const ambs_log *log, ambs_log_level level, const char *format, ...)
    AMBS_PRINTF(3, 4);

#endif
