/* SPDX-License-Identifier: MIT */
/* What a rank says while a study runs goes out through a thread: who reads it (a pipe that nobody
 * empties, a log on a file system that does not answer) can stall, and then nobody but that thread
 * waits. Lines wait in memory, at most AMBS_OUTLET_BYTES; what comes beyond that is dropped whole, and
 * counted. */
#ifndef AMBS_CLI_OUTLET_H
#define AMBS_CLI_OUTLET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ambs/error.h"

enum { AMBS_OUTLET_BYTES = 1 << 20, AMBS_OUTLET_LAST_BYTES = 1 << 16 };

typedef struct ambs_outlet ambs_outlet;

int ambs_outlet_create(ambs_outlet **ret_outlet, ambs_error *err);
/* Hands over `length` bytes for the descriptor `fd`; all descriptors are served in one order. Never
 * waits. False when they were dropped. From any thread. */
bool ambs_outlet_put(ambs_outlet *outlet, int fd, const char *text, size_t length);
/* The same for last words, for which some room is kept. */
bool ambs_outlet_put_last(ambs_outlet *outlet, int fd, const char *text, size_t length);
/* How many were dropped since this was last asked; 0 while there is no room to say so. */
uint64_t ambs_outlet_take_dropped(ambs_outlet *outlet);
/* Waits until all is out, at most `limit_s`; false when it is not. */
bool ambs_outlet_flush(ambs_outlet *outlet, double limit_s);
/* Flushes and frees. Where that takes longer than `limit_s` the thread is left alone, to the end of
 * the process. NULL is nothing. */
void ambs_outlet_destroy(ambs_outlet *outlet, double limit_s);

#endif
