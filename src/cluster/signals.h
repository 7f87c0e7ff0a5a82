/* SPDX-License-Identifier: MIT */
/* Signals as numbers that a loop looks at. Installed once, before any fork and before MPI_Init;
 * programs that are executed later start with the default actions again. The only mutable statics
 * of the program: a handler can reach nothing else. */
#ifndef AMBS_CLUSTER_SIGNALS_H
#define AMBS_CLUSTER_SIGNALS_H

#include <stdbool.h>

typedef struct ambs_signals {
    int n_interrupt; /* SIGINT alone, which n_drain counts too: a person */
    int n_drain;     /* SIGINT, SIGUSR1: the first drains, the second stops at once */
    int n_hurry;     /* SIGUSR2: there are only seconds left: a drain with next to no grace */
    int n_terminate; /* SIGTERM, SIGHUP: leave, everything is saved */
} ambs_signals;

void ambs_signals_install(void);
ambs_signals ambs_signals_seen(void);

#endif
