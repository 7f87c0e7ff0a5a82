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
#include "cluster/status.h"
#include "objective/wire.h"

static volatile sig_atomic_t computing;

enum { ABORT_LIMIT_S = 5 };

static void end_this_rank(void)
{
    kill(getpid(), SIGKILL);
    for (;;) pause();
}

static void leave(void)
{
    if (computing) end_this_rank();
}

/* Rank 0 has gone, and this rank, which should notice, computes. Ranks that merely die leave Open MPI's
 * mpirun waiting for ever, so one of them has to abort, from within this handler: nobody returns to the
 * computation. Should MPI be in the midst of something that this waits for, the alarm ends it. */
static void end_the_job(int ignored)
{
    (void)ignored;
    signal(SIGALRM, SIG_DFL);
    alarm(ABORT_LIMIT_S);
    PMPI_Abort(MPI_COMM_WORLD, AMBS_STATUS_STOPPED);
    end_this_rank();
}

void group_mark(bool computes)
{
    static volatile sig_atomic_t registered;
    if (!registered) registered = atexit(leave) == 0;
    signal(AMBS_WIRE_ABANDONED, computes ? end_the_job : SIG_IGN);
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
