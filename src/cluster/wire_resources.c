/* SPDX-License-Identifier: MIT */
#include "cluster/wire_resources.h"

#include <string.h>

enum { WORDS = AMBS_CORES_MAX / 64, SHARE_LEAST = 4 + 4 + 4 + 8 };

/* --- resources ------------------------------------------------------------------------------- */

static void put_cores(ambs_text *out, const ambs_core_set *set)
{
    uint8_t n = WORDS;
    while (n > 0 && set->bits[n - 1] == 0) n--;
    ambs_put_u8(out, n);
    for (uint8_t i = 0; i < n; i++) ambs_put_u64(out, set->bits[i]);
}

static void get_cores(ambs_wire *in, ambs_core_set *ret)
{
    uint8_t n = ambs_get_u8(in);
    if (n > WORDS) in->bad = true;
    *ret = (ambs_core_set){{0}};
    for (uint8_t i = 0; i < n && !in->bad; i++) ret->bits[i] = ambs_get_u64(in);
}

static size_t size_of_gpu(const ambs_gpu *g, bool with_near)
{
    bool alike = strcmp(g->id, g->name) == 0;
    return 3 + strlen(g->id) + (alike ? 0 : strlen(g->name)) + (with_near ? strlen(g->near) : 0);
}

/* How many GPUs fit into `room` bytes. */
static size_t count_fitting(const ambs_resources *r, size_t room, bool with_near)
{
    size_t n = 0, used = 0;
    while (n < r->n_gpus && n < AMBS_GPUS_MAX &&
           (used += size_of_gpu(&r->gpus[n], with_near)) <= room)
        n++;
    return n;
}

void ambs_put_resources(ambs_text *out, const ambs_resources *r)
{
    size_t begin = out->length;
    ambs_put_u64(out, r->machine);
    put_cores(out, &r->cores);
    ambs_put_u32(out, r->core_stride);
    ambs_put_u32(out, r->n_bound);
    ambs_put_u32(out, r->n_ranks);
    ambs_put_u8(out, r->cores_are_private);
    ambs_put_f64(out, r->memory_bytes);
    ambs_put_short_text(out, r->gpu_variable);
    ambs_put_u8(out, r->gpus_are_seen);
    size_t used = out->length - begin + 1, room = AMBS_WIRE_RESOURCES_MAX - used;
    size_t n = count_fitting(r, room, true);
    bool with_near = n == r->n_gpus;
    if (!with_near) n = count_fitting(r, room, false);
    ambs_put_u8(out, (uint8_t)n);
    for (size_t i = 0; i < n; i++) {
        const ambs_gpu *g = &r->gpus[i];
        ambs_put_short_text(out, g->id);
        ambs_put_short_text(out, strcmp(g->id, g->name) == 0 ? "" : g->name);
        ambs_put_short_text(out, with_near ? g->near : "");
    }
}

void ambs_get_resources(ambs_wire *in, ambs_gpu *room, ambs_resources *ret)
{
    ambs_resources r = {.machine = ambs_get_u64(in)};
    get_cores(in, &r.cores);
    r.core_stride = ambs_get_u32(in);
    r.n_bound = ambs_get_u32(in);
    r.n_ranks = ambs_get_u32(in);
    r.cores_are_private = ambs_get_u8(in) != 0;
    r.memory_bytes = ambs_get_f64(in);
    ambs_get_short_text(in, r.gpu_variable, sizeof r.gpu_variable);
    r.gpus_are_seen = ambs_get_u8(in) != 0;
    r.n_gpus = ambs_get_u8(in);
    if (r.n_gpus > AMBS_GPUS_MAX || r.core_stride >= AMBS_CORES_MAX) in->bad = true;
    if (in->bad) r.n_gpus = 0;
    r.gpus = room;
    for (size_t i = 0; i < r.n_gpus; i++) {
        ambs_gpu *g = &room[i];
        ambs_get_short_text(in, g->id, sizeof g->id);
        ambs_get_short_text(in, g->name, sizeof g->name);
        ambs_get_short_text(in, g->near, sizeof g->near);
        if (!in->bad && g->name[0] == '\0') memcpy(g->name, g->id, sizeof g->name);
    }
    *ret = r;
}

/* --- slots ----------------------------------------------------------------------------------- */

void ambs_put_shares(ambs_text *out, const ambs_share *shares, uint32_t n)
{
    ambs_put_u32(out, n);
    for (uint32_t i = 0; i < n; i++) {
        ambs_put_long_text(out, shares[i].cores);
        ambs_put_u32(out, shares[i].n_cores);
        ambs_put_long_text(out, shares[i].gpus);
        ambs_put_f64(out, shares[i].memory_bytes);
    }
}

uint32_t ambs_get_n_shares(ambs_wire *in)
{
    uint32_t n = ambs_get_u32(in);
    if (in->bad || n > (size_t)(in->end - in->at) / SHARE_LEAST) in->bad = true;
    return in->bad ? 0 : n;
}

static char *take_text(ambs_wire *in, char **room)
{
    size_t length;
    const char *text = ambs_get_long_text(in, &length);
    char *copy = *room;
    if (length > 0) memcpy(copy, text, length);
    copy[length] = '\0';
    *room += length + 1;
    return copy;
}

void ambs_get_shares(ambs_wire *in, uint32_t n, ambs_share *shares, char *texts)
{
    for (uint32_t i = 0; i < n; i++) {
        shares[i].cores = take_text(in, &texts);
        shares[i].n_cores = ambs_get_u32(in);
        shares[i].gpus = take_text(in, &texts);
        shares[i].gpu_ids = NULL;
        shares[i].memory_bytes = ambs_get_f64(in);
    }
}
