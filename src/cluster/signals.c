/* SPDX-License-Identifier: MIT */
#include "cluster/signals.h"

#include <signal.h>
#include <stddef.h>

static volatile sig_atomic_t n_interrupt, n_drain, n_hurry, n_terminate;

static void note(int signal)
{
    n_interrupt += signal == SIGINT;
    if (signal == SIGINT || signal == SIGUSR1)
        n_drain++;
    else if (signal == SIGUSR2)
        n_hurry++;
    else
        n_terminate++;
}

void ambs_signals_install(void)
{
    static const int all[] = {SIGINT, SIGUSR1, SIGUSR2, SIGTERM, SIGHUP};
    struct sigaction action = {.sa_handler = note, .sa_flags = SA_RESTART};
    sigemptyset(&action.sa_mask);
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        struct sigaction before;
        bool ignored = sigaction(all[i], NULL, &before) == 0 && before.sa_handler == SIG_IGN;
        if (all[i] != SIGHUP || !ignored) sigaction(all[i], &action, NULL); /* nohup */
    }
    signal(SIGPIPE, SIG_IGN);
}

ambs_signals ambs_signals_seen(void)
{
    return (ambs_signals){n_interrupt, n_drain, n_hurry, n_terminate};
}
