/* SPDX-License-Identifier: MIT */
/* What a person or a log sees of a study while it runs: on a terminal one live line, in a batch log
 * plain lines, at most one a second and one for each new best. */
#ifndef AMBS_CLI_LIVE_H
#define AMBS_CLI_LIVE_H

#include "base/log.h"
#include "cli/outlet.h"
#include "cluster/run.h"

typedef enum ambs_live_style {
    AMBS_LIVE_LINE,
    AMBS_LIVE_LOG,
    AMBS_LIVE_JSON,
    AMBS_LIVE_QUIET
} ambs_live_style;

typedef struct ambs_live {
    ambs_outlet *outlet; /* borrowed; where all goes that is printed */
    ambs_live_style style;
    int columns; /* of the terminal at the start */
    double shown_s, pause_s;
    uint64_t best_shown; /* UINT64_MAX: none */
    bool line_stands;    /* the cursor is behind a live line */
} ambs_live;

void ambs_live_init(ambs_live *live, ambs_outlet *outlet, ambs_live_style style, int columns);
/* Prints to standard error what is due. None of these waits for who reads it. */
void ambs_live_show(ambs_live *live, const ambs_spec *spec, const ambs_progress *progress);
/* A line of the log; clears the live line first. Lines that were dropped before are counted in one. */
void ambs_live_say(ambs_live *live, ambs_log_level level, const char *line);
/* Ends the live line. */
void ambs_live_clear(ambs_live *live);
/* Waits until all is printed, at most `limit_s`; says what was dropped. */
void ambs_live_flush(ambs_live *live, double limit_s);

#endif
