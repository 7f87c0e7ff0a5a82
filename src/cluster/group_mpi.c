/* SPDX-License-Identifier: MIT */
/* What a plug-in in the rank could end the whole job by: MPI_Abort (which also the error handlers of
 * ScaLAPACK call), MPI_Finalize, exit() with status 0. MPI's profiling interface lets the program stand
 * in front of these functions, and while a plug-in computes they end its own rank only, which then counts
 * as a crash. The mark is the one variable of the process that these functions can reach. */
#include <mpi.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include "cluster/group_state.h"

static volatile sig_atomic_t computing;

static void end_this_rank(void)
{
    kill(getpid(), SIGKILL);
    for (;;) pause();
}

static void leave(void)
{
    if (computing) end_this_rank();
}

void group_mark(bool computes)
{
    static volatile sig_atomic_t registered;
    if (!registered) registered = atexit(leave) == 0;
    computing = computes;
}

AMBS_API int MPI_Abort(MPI_Comm comm, int code)
{
    if (computing) end_this_rank();
    return PMPI_Abort(comm, code);
}

AMBS_API int MPI_Finalize(void)
{
    if (computing) end_this_rank();
    return PMPI_Finalize();
}
