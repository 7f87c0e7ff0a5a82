/* SPDX-License-Identifier: MIT */
/* The table of slots, and the arithmetic of a refusal. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/memory.h"
#include "cluster/layout_state.h"

enum { KINDS_SHOWN = 16 };

static const char *print_bytes(double bytes, char *buffer)
{
    const double gib = 1073741824.0;
    if (isnan(bytes))
        strcpy(buffer, "?");
    else
        snprintf(buffer, 32, bytes >= gib ? "%.1f GiB" : "%.3f GiB", bytes / gib);
    return buffer;
}

static uint32_t count_taken_gpus(const host *h)
{
    uint32_t n = 0;
    for (size_t i = 0; i < h->n_gpus; i++) n += h->gpus[i].taken;
    return n;
}

/* What the table shows of a host, without its name: hosts of the same text are one line. */
static void print_figures(const host *h, ambs_text *out)
{
    char cores[48], memory[32], gpus[48];
    uint32_t all = ambs_core_set_count(&h->all), used = all - ambs_core_set_count(&h->free);
    snprintf(cores, sizeof cores, "%u of %u", h->n_unpinned > 0 ? all : used, all);
    snprintf(gpus, sizeof gpus, "%u of %zu", count_taken_gpus(h), h->n_gpus);
    if (h->n_gpus == 0) strcpy(gpus, "0");
    ambs_text_addf(out, "%6u %6u   %-12s %10s   %s", h->n_joined, h->n_slots, cores,
                   print_bytes(h->memory, memory), gpus);
}

typedef struct kind {
    ambs_text figures;
    const host *first;
    size_t n;
} kind;

/* Few kinds are told apart; what is beyond them counts as the last. */
static size_t sort_kinds(const ambs_layout *l, kind *kinds)
{
    size_t n = 0;
    for (size_t i = 0; i < l->n_hosts; i++) {
        ambs_text figures = {0};
        print_figures(&l->hosts[i], &figures);
        size_t k = 0;
        while (k < n && !figures.failed && strcmp(kinds[k].figures.text, figures.text) != 0) k++;
        if (k < KINDS_SHOWN && k == n && !figures.failed) {
            kinds[n++] = (kind){.figures = figures, .first = &l->hosts[i], .n = 1};
            continue;
        }
        kinds[k < n ? k : n - 1].n++;
        ambs_text_fini(&figures);
    }
    return n;
}

static void print_table(const ambs_layout *l, ambs_text *out)
{
    kind kinds[KINDS_SHOWN];
    size_t n = sort_kinds(l, kinds);
    ambs_text_addf(out, "%-24s %6s %6s   %-12s %10s   %s\n", "host", "ranks", "slots", "cores",
                   "memory", "GPUs");
    for (size_t k = 0; k < n; k++) {
        char name[AMBS_HOST_SIZE + 32];
        snprintf(name, sizeof name, "%s", kinds[k].first->name);
        if (kinds[k].n > 1)
            snprintf(name, sizeof name, "%s and %zu more", kinds[k].first->name, kinds[k].n - 1);
        ambs_text_addf(out, "%-24s %s\n", name, kinds[k].figures.text);
        ambs_text_fini(&kinds[k].figures);
    }
}

static void print_request(const ambs_layout *l, ambs_text *out)
{
    const ambs_trial_limits *t = &l->config.spec->trial;
    char memory[32];
    ambs_text_addf(out, "each trial asks for %u core%s", t->cores, t->cores == 1 ? "" : "s");
    if (t->gpus > 0) ambs_text_addf(out, ", %u GPU%s", t->gpus, t->gpus == 1 ? "" : "s");
    if (!isnan(t->memory_bytes)) ambs_text_addf(out, ", %s", print_bytes(t->memory_bytes, memory));
}

/* "host a has 2 cores, 0 GPUs, 4.0 GiB for 3 ranks: 0 slots" */
static void print_host(const ambs_layout *l, const host *h, ambs_text *out)
{
    const ambs_trial_limits *t = &l->config.spec->trial;
    char memory[32];
    uint32_t n = ambs_core_set_count(&h->all);
    ambs_text_addf(out, "host %s has %u core%s", h->name, n, n == 1 ? "" : "s");
    if (t->gpus > 0) ambs_text_addf(out, ", %zu GPU%s", h->n_gpus, h->n_gpus == 1 ? "" : "s");
    if (!isnan(t->memory_bytes)) ambs_text_addf(out, ", %s", print_bytes(h->memory, memory));
    if (h->n_joined > 1) ambs_text_addf(out, " for %u ranks", h->n_joined);
    ambs_text_addf(out, ": %u slot%s", h->n_slots, h->n_slots == 1 ? "" : "s");
}

/* The first host of which `holds` is true, and how many there are. */
static const host *first_host(const ambs_layout *l,
                              bool (*holds)(const ambs_layout *, const host *), size_t *ret_n)
{
    const host *first = NULL;
    *ret_n = 0;
    for (size_t i = 0; i < l->n_hosts; i++)
        if (holds(l, &l->hosts[i]) && (*ret_n)++ == 0) first = &l->hosts[i];
    return first;
}

static bool has_rank_without(const ambs_layout *l, const host *h)
{
    return l->n_slots > 0 && h->n_without > 0; /* else it is explained */
}

static bool shares_cores(const ambs_layout *l, const host *h)
{
    (void)l;
    return h->n_unpinned > 0 && ambs_core_set_count(&h->all) > 0;
}

static bool leaves_cores(const ambs_layout *l, const host *h)
{
    return l->config.spec->trial.cores_given && h->n_slots > 0 &&
           ambs_core_set_count(&h->free) >= l->config.spec->trial.cores;
}

static bool leaves_gpus(const ambs_layout *l, const host *h)
{
    return l->config.spec->trial.gpus == 0 && h->n_gpus > 0;
}

static bool was_bound(const ambs_layout *l, const host *h)
{
    (void)l;
    return h->n_bound_least < ambs_core_set_count(&h->all) / (h->n_joined ? h->n_joined : 1);
}

static void print_others(size_t n, ambs_text *out)
{
    if (n > 1) ambs_text_addf(out, " (and so on %zu more)", n - 1);
    ambs_text_add(out, "\n");
}

void ambs_layout_print(const ambs_layout *l, ambs_text *out)
{
    size_t n;
    const host *h;
    print_table(l, out);
    if ((h = first_host(l, was_bound, &n))) {
        ambs_text_addf(out, "the launcher bound ranks to %u core%s; their trials get the host's",
                       h->n_bound_least, h->n_bound_least == 1 ? "" : "s");
        ambs_text_add(out, "\n");
    }
    if ((h = first_host(l, has_rank_without, &n))) {
        ambs_text_addf(out, "%u of %u ranks on %s have no slot: ", h->n_without, h->n_joined,
                       h->name);
        print_request(l, out);
        ambs_text_add(out, "; ");
        print_host(l, h, out);
        print_others(n, out);
    }
    if ((h = first_host(l, shares_cores, &n))) {
        ambs_text_addf(out,
                       "%u slots on %s share %u cores and are not pinned: fewer ranks, or "
                       "trial.cores, would give each its own",
                       h->n_unpinned, h->name, ambs_core_set_count(&h->all));
        print_others(n, out);
    }
    if ((h = first_host(l, leaves_cores, &n))) {
        ambs_text_addf(out,
                       "%u of %u cores on %s stay idle: more ranks, or slots.per_rank, would "
                       "use them",
                       ambs_core_set_count(&h->free), ambs_core_set_count(&h->all), h->name);
        print_others(n, out);
    }
    if ((h = first_host(l, leaves_gpus, &n))) {
        ambs_text_addf(out,
                       "%zu GPU%s on %s %s not handed out, and trials do not see them: trial.gpus "
                       "says how many each "
                       "trial gets",
                       h->n_gpus, h->n_gpus == 1 ? "" : "s", h->name,
                       h->n_gpus == 1 ? "is" : "are");
        print_others(n, out);
    }
}

void ambs_layout_explain(const ambs_layout *l, ambs_text *out)
{
    enum { HOSTS_EXPLAINED = 4 };
    print_request(l, out);
    for (size_t i = 0; i < l->n_hosts && i < HOSTS_EXPLAINED; i++) {
        ambs_text_add(out, "; ");
        print_host(l, &l->hosts[i], out);
    }
    if (l->n_hosts > HOSTS_EXPLAINED)
        ambs_text_addf(out, "; and so on %zu more hosts", l->n_hosts - HOSTS_EXPLAINED);
}

/* --- before anything runs -------------------------------------------------------------------- */

static void print_first(const ambs_share *share, uint32_t n, ambs_text *out)
{
    if (n == 0) return;
    ambs_text_add(out, n > 1 ? ", the first with " : " with ");
    if (share->cores[0] != '\0')
        ambs_text_addf(out, "%s %s", share->n_cores > 1 ? "cores" : "core", share->cores);
    else
        ambs_text_add(out, "no cores of its own");
    if (share->gpus[0] != '\0') ambs_text_addf(out, " and GPU %s", share->gpus);
}

int ambs_layout_preview(const ambs_spec *spec, const char *name, const ambs_resources *seen,
                        ambs_text *out, uint32_t *ret_n, ambs_error *err)
{
    ambs_layout_config config = {.spec = spec, .n_ranks = 1, .manager_has_slots = true};
    ambs_resources alone = *seen; /* its GPUs are borrowed */
    alone.n_ranks = 1;
    ambs_layout *l;
    ambs_share *shares;
    char variable[AMBS_GPU_VARIABLE_SIZE], memory[32];
    int rc = ambs_layout_create(&config, &l, err);
    if (rc != AMBS_OK) return rc;
    rc = ambs_layout_join(l, name, AMBS_LAYOUT_FIT, &alone, &shares, ret_n, variable, err);
    if (rc == AMBS_OK && *ret_n == 0) ambs_layout_explain(l, out);
    if (rc == AMBS_OK && *ret_n > 0 && l->n_hosts == 1) {
        const host *h = &l->hosts[0];
        uint32_t n = ambs_core_set_count(&h->all);
        ambs_text_addf(out, "%s has %u core%s, %s, %zu GPU%s: %u slot%s", name, n,
                       n == 1 ? "" : "s", print_bytes(h->memory, memory), h->n_gpus,
                       h->n_gpus == 1 ? "" : "s", *ret_n, *ret_n == 1 ? "" : "s");
        print_first(shares, *ret_n, out);
    }
    if (rc == AMBS_OK) ambs_shares_free(shares, *ret_n);
    ambs_layout_destroy(l);
    return rc;
}
