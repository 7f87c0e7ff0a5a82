/* SPDX-License-Identifier: MIT */
/* Resources and slots as bytes of the protocol. */
#ifndef AMBS_CLUSTER_WIRE_RESOURCES_H
#define AMBS_CLUSTER_WIRE_RESOURCES_H

#include "cluster/resources.h"
#include "cluster/wire.h"

/* At most AMBS_WIRE_RESOURCES_MAX bytes, since HELLO must be one frame: where names are long, what
 * is beside the GPUs is left out first, then the last GPUs. */
enum { AMBS_WIRE_RESOURCES_MAX = 3600 };
void ambs_put_resources(ambs_text *out, const ambs_resources *resources);
/* `room` [AMBS_GPUS_MAX] becomes ret->gpus. */
void ambs_get_resources(ambs_wire *in, ambs_gpu *room, ambs_resources *ret);

void ambs_put_shares(ambs_text *out, const ambs_share *shares, uint32_t n);
/* How many follow; 0 with `bad` where so many cannot be. */
uint32_t ambs_get_n_shares(ambs_wire *in);
/* `shares` [n]; their texts go to `texts`, which has room for what is left of `in` and a NUL for
 * each of 2 n texts. */
void ambs_get_shares(ambs_wire *in, uint32_t n, ambs_share *shares, char *texts);

#endif
