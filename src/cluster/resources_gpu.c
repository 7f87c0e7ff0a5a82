/* SPDX-License-Identifier: MIT */
/* GPUs of NVIDIA and AMD without their libraries: from /proc, /sys, /dev and the variables by which
 * batch systems and users choose.
 *
 * NVIDIA: /proc/driver/nvidia/gpus/PCI/information holds the UUID and the number of /dev/nvidiaN;
 * one that this process may not open (Slurm's ConstrainDevices) is not counted by CUDA either. CUDA
 * numbers what is left in the order of the PCI addresses (for GPUs of one kind), and
 * CUDA_VISIBLE_DEVICES chooses among them by number, UUID or the begin of one, or MIG instance.
 *
 * AMD: nodes of /sys/class/kfd/kfd/topology with SIMD units, each with unique_id and
 * /dev/dri/renderDN. Two variables filter one after the other: ROCR_VISIBLE_DEVICES, then
 * HIP_VISIBLE_DEVICES with numbers of what the first left. What both leave is named for the first
 * alone, so that a trial has exactly one of them. */
#include <ctype.h>
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cluster/resources.h"

static const char cuda[] = "CUDA_VISIBLE_DEVICES", rocr[] = "ROCR_VISIBLE_DEVICES",
                  hip[] = "HIP_VISIBLE_DEVICES", ordinal[] = "GPU_DEVICE_ORDINAL";

enum { NAME_SIZE = 64, ENTRIES_MAX = 512 };

static const char *value_of(const ambs_machine *m, const char *variable)
{
    return m->variable(m->ctx, variable);
}

static bool may_open(const ambs_machine *m, const char *path)
{
    char whole[4096];
    int n = snprintf(whole, sizeof whole, "%s%s", m->root, path);
    if (n < 0 || n >= (int)sizeof whole) return false;
    int fd = open(whole, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    if (fd >= 0) close(fd);
    return fd >= 0;
}

static bool may_open_number(const ambs_machine *m, const char *path, long long number)
{
    char whole[96];
    snprintf(whole, sizeof whole, "%s%lld", path, number);
    return may_open(m, whole);
}

static int compare_names(const void *a, const void *b)
{
    const char *x = a, *y = b;
    bool numbers = isdigit((unsigned char)x[0]) && isdigit((unsigned char)y[0]);
    if (numbers && strlen(x) != strlen(y) && !strchr(x, ':')) return strlen(x) < strlen(y) ? -1 : 1;
    return strcmp(x, y);
}

/* The names in a folder, in order: numbers by value. */
static size_t list_folder(const ambs_machine *m, const char *folder, char (*ret)[NAME_SIZE])
{
    char path[4096];
    size_t n = 0;
    snprintf(path, sizeof path, "%.3000s%.1000s", m->root, folder);
    DIR *d = opendir(path);
    for (const struct dirent *e; d && n < ENTRIES_MAX && (e = readdir(d));) {
        if (e->d_name[0] == '.' || strlen(e->d_name) >= NAME_SIZE) continue;
        strcpy(ret[n++], e->d_name);
    }
    if (d) closedir(d);
    qsort(ret, n, NAME_SIZE, compare_names);
    return n;
}

static int add_by_pci(const ambs_machine *m, ambs_resources *r, const char *id, const char *pci,
                      ambs_error *err)
{
    char near[256] = "", name[24];
    ambs_machine_read(m, near, sizeof near, "/sys/bus/pci/devices/%.20s/local_cpulist", pci);
    snprintf(name, sizeof name, "%zu", r->n_gpus);
    return ambs_resources_add_gpu(r, id, name, near, err);
}

/* --- what is there --------------------------------------------------------------------------- */

/* A GPU that is cut into instances is not to be used as a whole; their UUIDs stand nowhere in
 * /proc. */
static bool is_cut_up(const ambs_machine *m, long long minor, char (*names)[NAME_SIZE])
{
    char folder[96];
    snprintf(folder, sizeof folder, "/proc/driver/nvidia/capabilities/gpu%lld/mig", minor);
    size_t n = list_folder(m, folder, names);
    for (size_t i = 0; i < n; i++)
        if (strncmp(names[i], "gi", 2) == 0) return true;
    return false;
}

/* Those that the driver lists. `cut_up` [AMBS_GPUS_MAX] says which are in MIG mode. */
static int find_nvidia(const ambs_machine *m, ambs_resources *r, bool *cut_up, ambs_error *err)
{
    char(*names)[NAME_SIZE] = calloc(2 * ENTRIES_MAX, NAME_SIZE);
    if (!names) return ambs_fail(err, AMBS_E_NOMEM, "out of memory for the list of GPUs");
    size_t n = list_folder(m, "/proc/driver/nvidia/gpus", names);
    int rc = AMBS_OK;
    for (size_t i = 0; i < n && rc == AMBS_OK && r->n_gpus < AMBS_GPUS_MAX; i++) {
        char path[128], uuid[64] = "", minor[24] = "";
        long long number = -1;
        snprintf(path, sizeof path, "/proc/driver/nvidia/gpus/%.63s/information", names[i]);
        ambs_machine_find(m, path, "GPU UUID", uuid, sizeof uuid);
        ambs_machine_find(m, path, "Device Minor", minor, sizeof minor);
        if (ambs_parse_int(minor, &number) && !may_open_number(m, "/dev/nvidia", number)) continue;
        cut_up[r->n_gpus] = number >= 0 && is_cut_up(m, number, names + ENTRIES_MAX);
        /* an idle driver shows question marks */
        bool known = strncmp(uuid, "GPU-", 4) == 0 && !strchr(uuid, '?');
        rc = add_by_pci(m, r, known ? uuid : names[i], names[i], err);
    }
    for (long long i = 0; n == 0 && i < AMBS_GPUS_MAX && rc == AMBS_OK; i++) {
        char id[40], name[24];
        if (!may_open_number(m, "/dev/nvidia", i)) continue;
        snprintf(id, sizeof id, "nvidia%lld", i);
        snprintf(name, sizeof name, "%zu", r->n_gpus);
        rc = ambs_resources_add_gpu(r, id, name, "", err);
    }
    free(names);
    return rc;
}

static long long property(const ambs_machine *m, const char *node, const char *key)
{
    char path[160], text[32];
    snprintf(path, sizeof path, "/sys/class/kfd/kfd/topology/nodes/%.63s/properties", node);
    return ambs_machine_find(m, path, key, text, sizeof text) ? (long long)strtoull(text, NULL, 10)
                                                              : -1;
}

static int find_amd(const ambs_machine *m, ambs_resources *r, ambs_error *err)
{
    if (!may_open(m, "/dev/kfd")) return AMBS_OK;
    char(*names)[NAME_SIZE] = calloc(ENTRIES_MAX, NAME_SIZE);
    if (!names) return ambs_fail(err, AMBS_E_NOMEM, "out of memory for the list of GPUs");
    size_t n = list_folder(m, "/sys/class/kfd/kfd/topology/nodes", names);
    int rc = AMBS_OK;
    for (size_t i = 0; i < n && rc == AMBS_OK; i++) {
        if (property(m, names[i], "simd_count") <= 0) continue; /* a processor, or denied */
        long long minor = property(m, names[i], "drm_render_minor");
        if (minor > 0 && !may_open_number(m, "/dev/dri/renderD", minor)) continue;
        unsigned long long unique = (unsigned long long)property(m, names[i], "unique_id");
        unsigned long long where = (unsigned long long)property(m, names[i], "location_id");
        long long domain = property(m, names[i], "domain");
        char id[40], pci[40];
        snprintf(pci, sizeof pci, "%04llx:%02llx:%02llx.%llx",
                 domain > 0 ? (unsigned long long)domain : 0, where >> 8 & 0xff, where >> 3 & 0x1f,
                 where & 7);
        bool known = unique != 0 && unique != (unsigned long long)-1;
        snprintf(id, sizeof id, "GPU-%016llx", unique);
        rc = add_by_pci(m, r, known ? id : pci, pci, err);
    }
    free(names);
    return rc;
}

/* --- what was chosen ------------------------------------------------------------------------- */

/* The next part of a list "0,1,GPU-…"; false at the end. */
static bool next_part(const char **list, char *part)
{
    while (isspace((unsigned char)**list)) (*list)++;
    size_t n = strcspn(*list, ",");
    size_t used = n;
    while (used > 0 && isspace((unsigned char)(*list)[used - 1])) used--;
    if (used == 0 || used >= AMBS_GPU_ID_SIZE) return false;
    memcpy(part, *list, used);
    part[used] = '\0';
    *list += n + ((*list)[n] == ',');
    return true;
}

/* The GPU that a part of a list means among those that are there: a number in their order, a UUID
 * or the begin of one; a MIG instance's GPU by the older form MIG-GPU-UUID/1/0. */
static const ambs_gpu *find_part(const ambs_resources *there, const char *part)
{
    long long number;
    if (ambs_parse_int(part, &number))
        return number >= 0 && (size_t)number < there->n_gpus ? &there->gpus[number] : NULL;
    bool instance = strncmp(part, "MIG-GPU-", 8) == 0;
    const char *uuid = instance ? part + 4 : part;
    size_t length = strcspn(uuid, "/");
    for (size_t i = 0; i < there->n_gpus && strncmp(uuid, "GPU-", 4) == 0; i++)
        if (strncmp(there->gpus[i].id, uuid, length) == 0) return &there->gpus[i];
    return NULL;
}

/* What `list` leaves of `there`. CUDA and ROCm stop at the first part that means nothing. */
static int choose(const ambs_resources *there, const char *list, ambs_resources *ret,
                  ambs_error *err)
{
    char part[AMBS_GPU_ID_SIZE];
    int rc = AMBS_OK;
    while (rc == AMBS_OK && next_part(&list, part)) {
        const ambs_gpu *g = find_part(there, part);
        bool instance = strncmp(part, "MIG-", 4) == 0;
        if (!g && !instance) break;
        rc = ambs_resources_add_gpu(ret, instance ? part : g->id, part, g ? g->near : "", err);
    }
    return rc;
}

/* The host's own number of what this task of Slurm calls its GPU `own`, where Slurm numbers each
 * task's from 0: the step's GPUs are dealt out in order. */
static void guess_id(const ambs_machine *m, size_t own, size_t n_own, const char *part, char *id)
{
    const char *list = value_of(m, "SLURM_STEP_GPUS"), *local = value_of(m, "SLURM_LOCALID");
    long long number, task = 0;
    char found[AMBS_GPU_ID_SIZE];
    if (!list) list = value_of(m, "SLURM_JOB_GPUS");
    snprintf(id, AMBS_GPU_ID_SIZE, "gpu%.40s", part);
    if (!list || !local || !ambs_parse_int(local, &task) || task < 0) return;
    if (!ambs_parse_int(part, &number) || number != (long long)own) return;
    size_t wanted = (size_t)task * n_own + own;
    for (size_t i = 0; next_part(&list, found); i++)
        if (i == wanted) snprintf(id, AMBS_GPU_ID_SIZE, "gpu%.40s", found);
}

/* Nothing of the hardware can be seen (a container, another kind of driver): the list is believed.
 */
static int believe(const ambs_machine *m, const char *list, ambs_resources *r, ambs_error *err)
{
    char part[AMBS_GPU_ID_SIZE], id[AMBS_GPU_ID_SIZE];
    const char *at = list;
    size_t n = 0;
    long long number;
    while (next_part(&at, part)) n++;
    int rc = AMBS_OK;
    for (size_t i = 0; i < n && rc == AMBS_OK && next_part(&list, part); i++) {
        bool is_number = ambs_parse_int(part, &number);
        if (is_number ? number < 0 : strncmp(part, "GPU-", 4) != 0 && strncmp(part, "MIG-", 4) != 0)
            break;
        if (is_number)
            guess_id(m, i, n, part, id);
        else
            strcpy(id, part);
        rc = ambs_resources_add_gpu(r, id, part, "", err);
    }
    return rc;
}

/* --- the whole ------------------------------------------------------------------------------- */

static void set_variable(ambs_resources *r, const char *variable)
{
    if (r->n_gpus > 0) snprintf(r->gpu_variable, sizeof r->gpu_variable, "%s", variable);
}

static int take_nvidia(const ambs_machine *m, const ambs_resources *there, const bool *cut_up,
                       ambs_resources *r, ambs_text *note, ambs_error *err)
{
    const char *list = value_of(m, cuda);
    int rc = AMBS_OK;
    if (list) rc = choose(there, list, r, err);
    for (size_t i = 0; !list && i < there->n_gpus && rc == AMBS_OK; i++) {
        const ambs_gpu *g = &there->gpus[i];
        if (!cut_up[i])
            rc = ambs_resources_add_gpu(r, g->id, g->name, g->near, err);
        else if (note)
            ambs_text_addf(note,
                           "GPU %s of %s is cut into MIG instances, whose names cannot be found "
                           "here: list them under slots.gpus (nvidia-smi -L shows them)\n",
                           g->name, m->host);
    }
    set_variable(r, cuda);
    return rc;
}

static int take_amd(const ambs_machine *m, const ambs_resources *there, ambs_resources *r,
                    ambs_error *err)
{
    const char *first = value_of(m, rocr), *second = value_of(m, hip);
    /* Slurm may set all of them to the same list, and means the list, not a list of a list */
    if (!second && !first) second = value_of(m, cuda);
    if (!second && !first) second = value_of(m, ordinal);
    if (first && second && strcmp(first, second) == 0) second = NULL;
    ambs_resources left = {.n_gpus = 0};
    int rc = AMBS_OK;
    if (first) rc = choose(there, first, &left, err);
    if (rc == AMBS_OK && second) {
        const ambs_resources *among = first ? &left : there;
        ambs_resources both = {.n_gpus = 0};
        rc = choose(among, second, &both, err);
        for (size_t i = 0; i < both.n_gpus && rc == AMBS_OK; i++) {
            const ambs_gpu *g = find_part(among, both.gpus[i].name); /* by its name for the first */
            rc = ambs_resources_add_gpu(r, g->id, g->name, g->near, err);
        }
        free(both.gpus);
    }
    const ambs_resources *all = first ? &left : there;
    for (size_t i = 0; !second && i < all->n_gpus && rc == AMBS_OK; i++)
        rc = ambs_resources_add_gpu(r, all->gpus[i].id, all->gpus[i].name, all->gpus[i].near, err);
    free(left.gpus);
    set_variable(r, rocr);
    return rc;
}

static int take_variables(const ambs_machine *m, ambs_resources *r, ambs_error *err)
{
    static const char *const lists[][2] = {{cuda, cuda},
                                           {rocr, rocr},
                                           {hip, hip},
                                           {ordinal, ordinal},
                                           {"SLURM_STEP_GPUS", cuda},
                                           {"SLURM_JOB_GPUS", cuda}};
    int rc = AMBS_OK;
    for (size_t i = 0; i < sizeof lists / sizeof *lists && r->n_gpus == 0 && rc == AMBS_OK; i++) {
        const char *list = value_of(m, lists[i][0]);
        if (list) rc = believe(m, list, r, err);
        set_variable(r, lists[i][1]);
    }
    return rc;
}

int ambs_resources_find_gpus(const ambs_machine *m, ambs_resources *r, ambs_text *note,
                             ambs_error *err)
{
    ambs_resources nvidia = {.n_gpus = 0}, amd = {.n_gpus = 0};
    bool cut_up[AMBS_GPUS_MAX] = {false};
    int rc = find_nvidia(m, &nvidia, cut_up, err);
    if (rc == AMBS_OK) rc = find_amd(m, &amd, err);
    r->gpus_are_seen = nvidia.n_gpus + amd.n_gpus > 0;
    if (rc == AMBS_OK && nvidia.n_gpus > 0)
        rc = take_nvidia(m, &nvidia, cut_up, r, note, err);
    else if (rc == AMBS_OK && amd.n_gpus > 0)
        rc = take_amd(m, &amd, r, err);
    else if (rc == AMBS_OK)
        rc = take_variables(m, r, err);
    free(nvidia.gpus);
    free(amd.gpus);
    return rc;
}
