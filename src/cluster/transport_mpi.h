/* SPDX-License-Identifier: MIT */
#ifndef AMBS_CLUSTER_TRANSPORT_MPI_H
#define AMBS_CLUSTER_TRANSPORT_MPI_H

#include <mpi.h>

#include "cluster/transport.h"

/* Point-to-point over `comm`, which is duplicated (collective over it, before anything runs). Rank
 * 0 receives from all, the others from rank 0. One thread. After a death destroy() leaves MPI
 * alone, so that nothing hangs. */
int ambs_transport_mpi_create(MPI_Comm comm, ambs_transport **ret_transport, ambs_error *err);

#endif
