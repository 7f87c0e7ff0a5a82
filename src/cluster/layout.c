/* SPDX-License-Identifier: MIT */
#include "cluster/layout_state.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

/* --- hosts ----------------------------------------------------------------------------------- */

static size_t find_place(const ambs_layout *l, uint64_t machine)
{
    size_t at = (size_t)(machine * UINT64_C(0x9E3779B97F4A7C15)) & (l->index_size - 1);
    while (l->index[at] != 0 && l->hosts[l->index[at] - 1].machine != machine)
        at = (at + 1) & (l->index_size - 1);
    return at;
}

static int grow_index(ambs_layout *l, ambs_error *err)
{
    if (2 * (l->n_hosts + 1) <= l->index_size) return AMBS_OK;
    size_t size = l->index_size ? 2 * l->index_size : 64;
    uint32_t *index = ambs_calloc(size, sizeof *index, err);
    if (!index) return AMBS_E_NOMEM;
    free(l->index);
    l->index = index;
    l->index_size = size;
    for (size_t i = 0; i < l->n_hosts; i++)
        l->index[find_place(l, l->hosts[i].machine)] = (uint32_t)i + 1;
    return AMBS_OK;
}

static int find_host(ambs_layout *l, const char *name, const ambs_resources *seen, host **ret,
                     ambs_error *err)
{
    int rc = grow_index(l, err);
    if (rc == AMBS_OK)
        rc = ambs_reserve(&l->hosts, &l->capacity, l->n_hosts + 1, sizeof(host), err);
    if (rc != AMBS_OK) return rc;
    size_t at = find_place(l, seen->machine);
    if (l->index[at] == 0) {
        host *h = &l->hosts[l->n_hosts++];
        *h = (host){.machine = seen->machine,
                    .n_bound_least = UINT32_MAX,
                    .memory = NAN,
                    .memory_left = NAN};
        snprintf(h->name, sizeof h->name, "%.*s", AMBS_HOST_SIZE - 1, name);
        l->index[at] = (uint32_t)l->n_hosts;
    }
    *ret = &l->hosts[l->index[at] - 1];
    return AMBS_OK;
}

static host_gpu *find_gpu(const host *h, const char *id)
{
    for (size_t i = 0; i < h->n_gpus; i++)
        if (strcmp(h->gpus[i].id, id) == 0) return &h->gpus[i];
    return NULL;
}

/* What one more rank sees of its host: cores and GPUs that are new are free. */
static int add_view(host *h, const ambs_resources *seen, ambs_error *err)
{
    ambs_core_set fresh = seen->cores;
    for (size_t i = 0; i < AMBS_CORES_MAX / 64; i++) fresh.bits[i] &= ~h->all.bits[i];
    ambs_core_set_unite(&h->all, &fresh);
    ambs_core_set_unite(&h->free, &fresh);
    if (isnan(h->memory)) {
        h->memory = h->memory_left = seen->memory_bytes;
    } else if (seen->memory_bytes < h->memory) {
        h->memory_left -= h->memory - seen->memory_bytes;
        h->memory = seen->memory_bytes;
    }
    for (size_t i = 0; i < seen->n_gpus; i++) {
        if (find_gpu(h, seen->gpus[i].id)) continue;
        int rc = ambs_resize(&h->gpus, h->n_gpus + 1, sizeof *h->gpus, err);
        if (rc != AMBS_OK) return rc;
        host_gpu *g = &h->gpus[h->n_gpus++];
        *g = (host_gpu){.taken = false};
        memcpy(g->id, seen->gpus[i].id, sizeof g->id);
    }
    return AMBS_OK;
}

/* --- how many, how large --------------------------------------------------------------------- */

/* Ranks with slots on this host, as far as is known. */
static uint32_t count_agents(const ambs_layout *l, const host *h, const ambs_resources *seen)
{
    bool idle = l->config.manager_machine == h->machine && !l->config.manager_has_slots;
    uint32_t n = seen->n_ranks > (idle ? 1 : 0) ? seen->n_ranks - (idle ? 1 : 0) : 1;
    return n > h->n_joined ? n : h->n_joined;
}

/* 0: as many as fit. */
static uint32_t count_wanted(const ambs_layout *l, uint32_t n_wanted, uint32_t n_agents,
                             const ambs_resources *seen)
{
    int32_t per_rank = l->config.spec->slots.per_rank;
    if (n_wanted == AMBS_LAYOUT_FIT) return 0;
    if (n_wanted > 0) return n_wanted;
    if (per_rank == AMBS_SLOTS_FIT) return 0;
    if (per_rank > 0) return (uint32_t)per_rank;
    bool several_hosts = seen->n_ranks > 0 && seen->n_ranks < l->config.n_ranks;
    return n_agents == 1 && (several_hosts || l->config.n_ranks == 1) ? 0 : 1;
}

static uint32_t count_free_gpus(const host *h, const ambs_resources *seen)
{
    uint32_t n = 0;
    for (size_t i = 0; i < seen->n_gpus; i++) n += !find_gpu(h, seen->gpus[i].id)->taken;
    return n;
}

static uint32_t least(uint32_t a, uint32_t b)
{
    return a < b ? a : b;
}

/* One rank's part of `n`, where so many of the host's ranks still come for theirs. */
static uint32_t part_of(uint32_t n, uint32_t n_coming)
{
    return n / n_coming + (n % n_coming > 0);
}

/* How many slots GPUs and memory allow this rank; SLOTS_MAX where neither is asked for. */
static uint32_t count_by_devices(const ambs_layout *l, const host *h, const ambs_resources *seen,
                                 uint32_t n_coming)
{
    const ambs_trial_limits *t = &l->config.spec->trial;
    uint32_t n = SLOTS_MAX;
    if (t->gpus > 0) {
        /* GPUs that the launcher dealt out already are no one else's */
        bool shared = seen->n_gpus >= (size_t)n_coming * t->gpus;
        n = least(n, part_of(count_free_gpus(h, seen) / t->gpus, shared ? n_coming : 1));
    }
    if (!isnan(t->memory_bytes) && !isnan(h->memory_left)) {
        double fit = floor(h->memory_left / t->memory_bytes);
        n = least(n, part_of(fit >= SLOTS_MAX ? SLOTS_MAX : fit > 0 ? (uint32_t)fit : 0, n_coming));
    }
    return n;
}

typedef struct plan {
    uint32_t n, n_cores; /* slots; cores of each, 0: not pinned */
    uint32_t n_larger;   /* so many of the first get one core more */
} plan;

/* trial.cores is given: slots have so many cores of their own, or are not. */
static plan plan_exactly(uint32_t each, uint32_t n_free, uint32_t n_wanted, uint32_t n_coming,
                         uint32_t n_possible)
{
    uint32_t fit = n_free / each, n = n_wanted ? least(n_wanted, fit) : part_of(fit, n_coming);
    return (plan){.n = least(n, n_possible), .n_cores = each};
}

/* It is not: the rank's part is divided among its slots. */
static plan plan_evenly(uint32_t part, uint32_t n_gpus, uint32_t n_wanted, uint32_t n_possible)
{
    uint32_t n = n_wanted;
    if (n == 0 && n_gpus > 0) n = n_possible;
    if (n == 0) n = part > 0 ? part : 1;
    n = least(n, n_possible);
    if (n == 0) return (plan){.n = 0};
    return (plan){.n = n, .n_cores = part / n, .n_larger = part >= n ? part % n : 0};
}

static plan make_plan(const ambs_layout *l, const host *h, const ambs_resources *seen,
                      uint32_t n_wanted, uint32_t n_agents)
{
    const ambs_trial_limits *t = &l->config.spec->trial;
    ambs_core_set mine = seen->cores;
    ambs_core_set_intersect(&mine, &h->free);
    uint32_t n_known = ambs_core_set_count(&seen->cores), n_free = ambs_core_set_count(&mine);
    uint32_t number = h->n_joined - 1; /* among the ranks of the host */
    uint32_t n_sharing = seen->cores_are_private ? 1 : n_agents;
    uint32_t n_coming = n_wanted || n_sharing <= number ? 1 : n_sharing - number;
    uint32_t possible = count_by_devices(l, h, seen, n_coming);
    if (t->cores_given && n_known > 0)
        return plan_exactly(t->cores, n_free, n_wanted, n_coming, possible);
    uint32_t part = n_known / n_sharing + (number < n_known % n_sharing && n_known >= n_sharing);
    return plan_evenly(least(part, n_free), t->gpus, n_wanted, possible);
}

/* --- dealing out ----------------------------------------------------------------------------- */

/* Moves up to `n` cores of `from` in the order of the processor's cores, so that the hardware
 * threads of one stay together, from the host's free ones into `taken`. */
static uint32_t take_cores(host *h, const ambs_core_set *from, uint32_t stride, uint32_t n,
                           ambs_core_set *taken)
{
    uint32_t got = 0, step = stride ? stride : 1;
    for (uint32_t first = 0; first < step && got < n; first++)
        for (uint32_t c = first; c < AMBS_CORES_MAX && got < n; c += step) {
            if (!ambs_core_set_has(from, c) || !ambs_core_set_has(&h->free, c)) continue;
            ambs_core_set_remove(&h->free, c);
            ambs_core_set_add(taken, c);
            got++;
        }
    return got;
}

static int take_gpus(host *h, const ambs_resources *seen, uint32_t n, ambs_core_set *near,
                     ambs_share *share, ambs_error *err)
{
    ambs_text names = {0}, ids = {0};
    ambs_text_add(&names, "");
    ambs_text_add(&ids, "");
    for (size_t i = 0; i < seen->n_gpus && n > 0; i++) {
        const ambs_gpu *g = &seen->gpus[i];
        host_gpu *own = find_gpu(h, g->id);
        ambs_core_set beside;
        if (own->taken) continue;
        own->taken = true;
        n--;
        ambs_text_addf(&names, "%s%s", names.length ? "," : "", g->name);
        ambs_text_addf(&ids, "%s%s", ids.length ? "," : "", g->id);
        if (ambs_core_set_parse(g->near, &beside)) ambs_core_set_unite(near, &beside);
    }
    share->gpus = names.text;
    share->gpu_ids = ids.text;
    int rc = ambs_text_check(&names, err);
    return rc == AMBS_OK ? ambs_text_check(&ids, err) : rc;
}

static int take_slot(const ambs_layout *l, host *h, const ambs_resources *seen, uint32_t n_cores,
                     ambs_share *share, ambs_error *err)
{
    const ambs_trial_limits *t = &l->config.spec->trial;
    ambs_core_set near = {{0}}, taken = {{0}};
    int rc = take_gpus(h, seen, t->gpus, &near, share, err);
    if (rc != AMBS_OK) return rc;
    ambs_core_set_intersect(&near, &seen->cores);
    uint32_t got = take_cores(h, &near, seen->core_stride, n_cores, &taken);
    got += take_cores(h, &seen->cores, seen->core_stride, n_cores - got, &taken);
    ambs_text cores = {0};
    ambs_core_set_print(&taken, &cores);
    share->cores = cores.text;
    share->n_cores = got > 0 ? got : t->cores;
    share->memory_bytes = t->memory_bytes;
    if (!isnan(t->memory_bytes)) h->memory_left -= t->memory_bytes; /* NaN stays NaN */
    h->n_unpinned += got == 0;
    return ambs_text_check(&cores, err);
}

/* Nothing is known of the rank's host: as many slots as it wishes, unpinned. */
static int deal_blindly(const ambs_layout *l, uint32_t n, ambs_share *shares, ambs_error *err)
{
    for (uint32_t i = 0; i < n; i++) {
        shares[i] = (ambs_share){.cores = ambs_strdup("", err),
                                 .n_cores = l->config.spec->trial.cores,
                                 .gpus = ambs_strdup("", err),
                                 .gpu_ids = ambs_strdup("", err),
                                 .memory_bytes = l->config.spec->trial.memory_bytes};
        if (!shares[i].cores || !shares[i].gpus || !shares[i].gpu_ids) return AMBS_E_NOMEM;
    }
    return AMBS_OK;
}

static int deal(ambs_layout *l, host *h, const ambs_resources *seen, plan p, ambs_share *shares,
                ambs_error *err)
{
    int rc = AMBS_OK;
    for (uint32_t i = 0; i < p.n && rc == AMBS_OK; i++)
        rc = take_slot(l, h, seen, p.n_cores + (i < p.n_larger), &shares[i], err);
    h->n_slots += p.n;
    h->n_without += p.n == 0;
    if (seen->n_bound < h->n_bound_least) h->n_bound_least = seen->n_bound;
    return rc;
}

static int join_host(ambs_layout *l, const char *name, uint32_t n_wanted,
                     const ambs_resources *seen, plan *ret_plan, host **ret_host, ambs_error *err)
{
    host *h;
    int rc = find_host(l, name, seen, &h, err);
    if (rc == AMBS_OK) rc = add_view(h, seen, err);
    if (rc != AMBS_OK) return rc;
    h->n_joined++;
    uint32_t n_agents = count_agents(l, h, seen);
    *ret_plan = make_plan(l, h, seen, count_wanted(l, n_wanted, n_agents, seen), n_agents);
    *ret_host = h;
    return AMBS_OK;
}

int ambs_layout_join(ambs_layout *l, const char *name, uint32_t n_wanted,
                     const ambs_resources *found, ambs_share **ret_shares, uint32_t *ret_n,
                     char *ret_gpu_variable, ambs_error *err)
{
    ambs_resources seen;
    host *h = NULL;
    bool counted = n_wanted > 0 && n_wanted != AMBS_LAYOUT_FIT;
    plan p = {.n = counted ? least(n_wanted, SLOTS_MAX) : 1};
    int rc = ambs_resources_copy(found, &seen, err);
    if (rc != AMBS_OK) return rc;
    rc = ambs_resources_restrict(&seen, &l->config.spec->slots, err);
    if (rc == AMBS_OK && seen.machine != 0) rc = join_host(l, name, n_wanted, &seen, &p, &h, err);
    ambs_share *shares = rc == AMBS_OK ? ambs_calloc(p.n, sizeof *shares, err) : NULL;
    if (rc == AMBS_OK && !shares) rc = AMBS_E_NOMEM;
    if (rc == AMBS_OK)
        rc = h ? deal(l, h, &seen, p, shares, err) : deal_blindly(l, p.n, shares, err);
    memcpy(ret_gpu_variable, seen.gpu_variable, sizeof seen.gpu_variable);
    ambs_resources_fini(&seen);
    if (rc != AMBS_OK) {
        ambs_shares_free(shares, p.n);
        return rc;
    }
    l->n_slots += p.n;
    *ret_shares = shares;
    *ret_n = p.n;
    return AMBS_OK;
}

uint32_t ambs_layout_n_slots(const ambs_layout *l)
{
    return l->n_slots;
}

int ambs_layout_create(const ambs_layout_config *config, ambs_layout **ret_layout, ambs_error *err)
{
    ambs_layout *l = ambs_calloc(1, sizeof *l, err);
    if (!l) return AMBS_E_NOMEM;
    l->config = *config;
    *ret_layout = l;
    return AMBS_OK;
}

void ambs_layout_destroy(ambs_layout *l)
{
    if (!l) return;
    for (size_t i = 0; i < l->n_hosts; i++) free(l->hosts[i].gpus);
    free(l->hosts);
    free(l->index);
    free(l);
}
