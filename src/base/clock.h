/* SPDX-License-Identifier: MIT */
#ifndef AMBS_BASE_CLOCK_H
#define AMBS_BASE_CLOCK_H

#include <stddef.h>

/* Seconds since the epoch, UTC. For records. */
double ambs_clock_wall_s(void);
/* Seconds of the monotonic clock. For durations and time limits. */
double ambs_clock_monotonic_s(void);
/* Sleeps; returns early on a signal. */
void ambs_clock_sleep_s(double seconds);
/* "2026-03-01 12:00:00 UTC"; buffer of at least 32 bytes. */
const char *ambs_clock_format_utc(double wall_s, char *buffer);

#endif
