/* SPDX-License-Identifier: MIT */
/* No batch system: a workstation, a login node. The last of the list; every environment is its. */
#include "cluster/batch.h"

static bool find(const char *const *environment, char *ret_id)
{
    (void)environment;
    ret_id[0] = '\0';
    return true;
}

const ambs_batch_ops ambs_batch_none = {
    .member = {.name = "none", .summary = "no batch system: no deadline but that of --time"},
    .find = find,
};
