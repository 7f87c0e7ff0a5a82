/* SPDX-License-Identifier: MIT */
#include "cluster/resources.h"

#include <ctype.h>
#include <math.h>
#include <sched.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/checksum.h"
#include "base/memory.h"

enum { PATH_SIZE = 4096, LINE_SIZE = 4096, ANCESTORS_MAX = 16 };

/* --- files ----------------------------------------------------------------------------------- */

static FILE *open_below(const ambs_machine *m, const char *path)
{
    char whole[PATH_SIZE];
    int n = snprintf(whole, sizeof whole, "%s%s", m->root, path);
    return n > 0 && n < PATH_SIZE ? fopen(whole, "re") : NULL;
}

static void trim_end(char *line)
{
    size_t n = strlen(line);
    while (n > 0 && isspace((unsigned char)line[n - 1])) line[--n] = '\0';
}

bool ambs_machine_read(const ambs_machine *m, char *buffer, size_t size, const char *format, ...)
{
    char path[PATH_SIZE];
    va_list args;
    va_start(args, format);
    int n = vsnprintf(path, sizeof path, format, args);
    va_end(args);
    FILE *f = n > 0 && n < PATH_SIZE ? open_below(m, path) : NULL;
    if (!f) return false;
    bool read = fgets(buffer, (int)size, f) != NULL;
    fclose(f);
    if (read) trim_end(buffer);
    return read;
}

bool ambs_machine_find(const ambs_machine *m, const char *path, const char *key, char *buffer,
                       size_t size)
{
    char line[LINE_SIZE];
    FILE *f = open_below(m, path);
    bool found = false;
    while (f && !found && fgets(line, sizeof line, f)) {
        size_t length = strlen(key);
        if (strncmp(line, key, length) != 0) continue;
        const char *value = line + length;
        while (isspace((unsigned char)*value) || *value == ':') value++;
        if (value == line + length) continue; /* the begin of a longer key */
        trim_end(line);
        found = snprintf(buffer, size, "%s", value) < (int)size;
    }
    if (f) fclose(f);
    return found;
}

/* The path of this process's cgroup in the hierarchy of `controller`; "" names version 2. */
static bool find_cgroup(const ambs_machine *m, const char *controller, char *ret_path, size_t size)
{
    char line[LINE_SIZE];
    FILE *f = open_below(m, "/proc/self/cgroup");
    bool found = false;
    while (f && !found && fgets(line, sizeof line, f)) {
        char *controllers = strchr(line, ':'), *path = NULL;
        if (controllers) path = strchr(++controllers, ':');
        if (!path) continue;
        *path++ = '\0';
        trim_end(path);
        char *rest = NULL;
        bool is_v2 = controllers[0] == '\0';
        found = controller[0] == '\0' && is_v2;
        for (char *c = strtok_r(controllers, ",", &rest); c && !found && !is_v2;
             c = strtok_r(NULL, ",", &rest))
            found = strcmp(c, controller) == 0;
        if (found) snprintf(ret_path, size, "%s", strcmp(path, "/") == 0 ? "" : path);
    }
    if (f) fclose(f);
    return found;
}

/* Cuts the last part off a cgroup's path; false at the top. */
static bool go_up(char *path)
{
    char *slash = strrchr(path, '/');
    if (!slash) return false;
    *slash = '\0';
    return true;
}

/* Where the hierarchies are mounted: version 2 alone, or beside those of version 1. */
static const char *mount_of_v2(const ambs_machine *m)
{
    char line[LINE_SIZE];
    return ambs_machine_read(m, line, sizeof line, "/sys/fs/cgroup/cgroup.controllers")
               ? "/sys/fs/cgroup"
               : "/sys/fs/cgroup/unified";
}

/* --- cores ----------------------------------------------------------------------------------- */

static bool affinity_of(const ambs_machine *m, const char *process, ambs_core_set *ret)
{
    char path[64], line[LINE_SIZE];
    snprintf(path, sizeof path, "/proc/%.40s/status", process);
    return ambs_machine_find(m, path, "Cpus_allowed_list", line, sizeof line) &&
           ambs_core_set_parse(line, ret) && ambs_core_set_count(ret) > 0;
}

/* The affinity of the MPI launcher's process above this one (a wrapper script may be between). */
static bool affinity_of_launcher(const ambs_machine *m, ambs_core_set *ret)
{
    static const char *const launchers[] = {"orted", "orterun", "mpirun", "mpiexec",
                                            "prted", "prterun", "hydra_", NULL};
    char process[32] = "self", parent[32], path[64], name[64];
    for (int up = 0; up < ANCESTORS_MAX; up++) {
        snprintf(path, sizeof path, "/proc/%.31s/status", process);
        if (!ambs_machine_find(m, path, "PPid", parent, sizeof parent)) return false;
        if (strcmp(parent, "0") == 0 || strcmp(parent, "1") == 0) return false;
        if (!ambs_machine_read(m, name, sizeof name, "/proc/%.31s/comm", parent)) return false;
        for (size_t i = 0; launchers[i]; i++)
            if (strncmp(name, launchers[i], strlen(launchers[i])) == 0)
                return affinity_of(m, parent, ret);
        memcpy(process, parent, sizeof process);
    }
    return false;
}

static bool read_core_file(const ambs_machine *m, const char *mount, const char *path,
                           const char *const *names, ambs_core_set *ret)
{
    char line[LINE_SIZE];
    for (size_t i = 0; names[i]; i++)
        if (ambs_machine_read(m, line, sizeof line, "%s%s/%s", mount, path, names[i]) &&
            line[0] != '\0')
            return ambs_core_set_parse(line, ret);
    return false;
}

/* The cores that the cgroup allows: what the kernel cuts every affinity down to. */
static bool read_cpuset(const ambs_machine *m, ambs_core_set *ret)
{
    static const char *const v2[] = {"cpuset.cpus.effective", NULL}, *const v1[] = {
                                                                         "cpuset.effective_cpus",
                                                                         "cpuset.cpus", NULL};
    char path[LINE_SIZE];
    if (find_cgroup(m, "cpuset", path, sizeof path)) {
        do {
            if (read_core_file(m, "/sys/fs/cgroup/cpuset", path, v1, ret)) return true;
        } while (go_up(path));
    }
    if (!find_cgroup(m, "", path, sizeof path)) return false;
    const char *mount = mount_of_v2(m);
    do {
        if (read_core_file(m, mount, path, v2, ret)) return true;
    } while (go_up(path));
    return false;
}

static long long number_of(const ambs_machine *m, const char *variable)
{
    const char *text = m->variable(m->ctx, variable);
    long long value;
    return text && ambs_parse_int(text, &value) ? value : 0;
}

/* Under srun the launcher's process is Slurm's own, which nothing confines; but the cgroup of the
 * step is the job's part of the host, unless Slurm was set up without cgroups. */
static bool cores_of_slurm(const ambs_machine *m, const ambs_core_set *cpuset, bool has_cpuset,
                           ambs_core_set *ret)
{
    long long n = number_of(m, "SLURM_CPUS_ON_NODE");
    if (!has_cpuset || n <= 0 || ambs_core_set_count(cpuset) > n) return false;
    *ret = *cpuset;
    return true;
}

/* How the hardware threads of one core are numbered: n, n + stride, n + 2 stride, or one after the
 * other (0). */
static uint32_t read_stride(const ambs_machine *m, const ambs_core_set *cores)
{
    uint32_t stride = 0;
    for (uint32_t c = 0; c < AMBS_CORES_MAX; c++) {
        char line[256];
        ambs_core_set siblings;
        if (!ambs_core_set_has(cores, c)) continue;
        if (!ambs_machine_read(m, line, sizeof line,
                               "/sys/devices/system/cpu/cpu%u/topology/thread_siblings_list", c) ||
            !ambs_core_set_parse(line, &siblings))
            return 0;
        uint32_t first = 0, second;
        while (first < AMBS_CORES_MAX && !ambs_core_set_has(&siblings, first)) first++;
        for (second = first + 1; second < AMBS_CORES_MAX; second++)
            if (ambs_core_set_has(&siblings, second)) break;
        if (second >= AMBS_CORES_MAX) continue;
        if (second - first == 1 || (stride != 0 && stride != second - first)) return 0;
        stride = second - first;
    }
    return stride;
}

static bool is_launched(const ambs_machine *m)
{
    return m->variable(m->ctx, "OMPI_COMM_WORLD_SIZE") || m->variable(m->ctx, "PMIX_RANK") ||
           m->variable(m->ctx, "PMI_RANK");
}

static void find_cores(const ambs_machine *m, ambs_resources *r)
{
    ambs_core_set bound, wide = {{0}}, cpuset = {{0}};
    if (!affinity_of(m, "self", &bound)) return;
    r->n_bound = ambs_core_set_count(&bound);
    r->cores = bound;
    bool has_cpuset = read_cpuset(m, &cpuset);
    /* a list of cores that the user gave to mpirun is not the launcher's default */
    bool chosen = m->variable(m->ctx, "OMPI_MCA_hwloc_base_cpu_list") != NULL;
    bool widened =
        is_launched(m) && !chosen &&
        (affinity_of_launcher(m, &wide) || cores_of_slurm(m, &cpuset, has_cpuset, &wide));
    if (widened) {
        if (has_cpuset) ambs_core_set_intersect(&wide, &cpuset);
        ambs_core_set_unite(&r->cores, &wide);
    }
    r->cores_are_private =
        is_launched(m) && !widened && !(has_cpuset && ambs_core_set_is_equal(&bound, &cpuset));
    r->core_stride = read_stride(m, &r->cores);
}

/* --- memory ---------------------------------------------------------------------------------- */

static void lower(double *least, double value)
{
    if (value > 0 && !(value >= *least)) *least = value;
}

/* A cgroup's limit holds for all below it. */
static void lower_by_cgroups(const ambs_machine *m, const char *controller, const char *mount,
                             const char *file, double *least)
{
    const double no_limit = 0x1p60; /* version 1 writes nearly 2^63 */
    char path[LINE_SIZE], line[64];
    double value;
    if (!find_cgroup(m, controller, path, sizeof path)) return;
    do {
        if (ambs_machine_read(m, line, sizeof line, "%s%s/%s", mount, path, file) &&
            ambs_parse_double(line, &value) && value < no_limit)
            lower(least, value);
    } while (go_up(path));
}

static double find_memory(const ambs_machine *m)
{
    const double mib = 1048576;
    char line[64];
    double least = NAN;
    if (ambs_machine_find(m, "/proc/meminfo", "MemTotal", line, sizeof line))
        lower(&least, strtod(line, NULL) * 1024); /* "16384256 kB" */
    lower_by_cgroups(m, "", mount_of_v2(m), "memory.max", &least);
    lower_by_cgroups(m, "memory", "/sys/fs/cgroup/memory", "memory.limit_in_bytes", &least);
    lower(&least, (double)number_of(m, "SLURM_MEM_PER_NODE") * mib);
    lower(&least, (double)number_of(m, "SLURM_MEM_PER_CPU") *
                      (double)number_of(m, "SLURM_CPUS_ON_NODE") * mib);
    return least;
}

/* --- the whole ------------------------------------------------------------------------------- */

static uint64_t name_machine(const ambs_machine *m)
{
    char boot[64] = "";
    ambs_machine_read(m, boot, sizeof boot, "/proc/sys/kernel/random/boot_id");
    uint64_t hash = ambs_hash(AMBS_HASH_START, boot, strlen(boot));
    hash = ambs_hash(hash, m->host, strlen(m->host));
    return hash ? hash : 1;
}

int ambs_resources_detect(const ambs_machine *m, ambs_resources *ret, ambs_text *note,
                          ambs_error *err)
{
    ambs_resources r = {.machine = name_machine(m), .memory_bytes = find_memory(m)};
    find_cores(m, &r);
    int rc = ambs_resources_find_gpus(m, &r, note, err);
    if (rc != AMBS_OK)
        ambs_resources_fini(&r);
    else
        *ret = r;
    return rc;
}

static const char *own_variable(void *ctx, const char *name)
{
    (void)ctx;
    return getenv(name);
}

ambs_machine ambs_machine_here(const char *host)
{
    return (ambs_machine){.root = "", .host = host, .variable = own_variable};
}

void ambs_resources_fini(ambs_resources *r)
{
    free(r->gpus);
    *r = (ambs_resources){.memory_bytes = NAN};
}

void ambs_shares_free(ambs_share *shares, size_t n)
{
    for (size_t i = 0; shares && i < n; i++) {
        free(shares[i].cores);
        free(shares[i].gpus);
        free(shares[i].gpu_ids);
    }
    free(shares);
}

int ambs_resources_copy(const ambs_resources *from, ambs_resources *ret, ambs_error *err)
{
    ambs_resources copy = *from;
    copy.gpus = ambs_memdup(from->gpus, from->n_gpus, sizeof *copy.gpus, err);
    if (!copy.gpus) return AMBS_E_NOMEM;
    *ret = copy;
    return AMBS_OK;
}

void ambs_resources_unbind(const ambs_resources *r)
{
    size_t size = CPU_ALLOC_SIZE(AMBS_CORES_MAX);
    cpu_set_t *cores = CPU_ALLOC(AMBS_CORES_MAX);
    if (!cores) return;
    CPU_ZERO_S(size, cores);
    for (uint32_t c = 0; c < AMBS_CORES_MAX; c++)
        if (ambs_core_set_has(&r->cores, c)) CPU_SET_S(c, size, cores);
    if (CPU_COUNT_S(size, cores) > 0) sched_setaffinity(0, size, cores);
    CPU_FREE(cores);
}

/* --- what the study file says ---------------------------------------------------------------- */

int ambs_resources_add_gpu(ambs_resources *r, const char *id, const char *name, const char *near,
                           ambs_error *err)
{
    if (r->n_gpus == AMBS_GPUS_MAX) return AMBS_OK;
    int rc = ambs_resize(&r->gpus, r->n_gpus + 1, sizeof *r->gpus, err);
    if (rc != AMBS_OK) return rc;
    ambs_gpu *g = &r->gpus[r->n_gpus++];
    *g = (ambs_gpu){{0}};
    snprintf(g->id, sizeof g->id, "%.*s", AMBS_GPU_ID_SIZE - 1, id);
    snprintf(g->name, sizeof g->name, "%.*s", AMBS_GPU_ID_SIZE - 1, name);
    /* a list that was cut would say something else */
    if (strlen(near) < sizeof g->near) memcpy(g->near, near, strlen(near) + 1);
    return AMBS_OK;
}

static const ambs_gpu *find_gpu(const ambs_resources *r, const char *wanted)
{
    for (size_t i = 0; i < r->n_gpus; i++)
        if (strcmp(r->gpus[i].name, wanted) == 0 || strcmp(r->gpus[i].id, wanted) == 0)
            return &r->gpus[i];
    return NULL;
}

static int restrict_gpus(ambs_resources *r, const ambs_slot_settings *slots, ambs_error *err)
{
    ambs_resources chosen = {.n_gpus = 0};
    int rc = AMBS_OK;
    for (size_t i = 0; i < slots->n_gpus && rc == AMBS_OK; i++) {
        const char *wanted = slots->gpus[i];
        const ambs_gpu *g = find_gpu(r, wanted);
        if (g)
            rc = ambs_resources_add_gpu(&chosen, g->id, g->name, g->near, err);
        else if (!r->gpus_are_seen)
            rc = ambs_resources_add_gpu(&chosen, wanted, wanted, "", err);
    }
    if (rc != AMBS_OK) {
        free(chosen.gpus);
        return rc;
    }
    free(r->gpus);
    r->gpus = chosen.gpus;
    r->n_gpus = chosen.n_gpus;
    if (r->gpu_variable[0] == '\0')
        snprintf(r->gpu_variable, sizeof r->gpu_variable, "CUDA_VISIBLE_DEVICES");
    return AMBS_OK;
}

int ambs_resources_restrict(ambs_resources *r, const ambs_slot_settings *slots, ambs_error *err)
{
    ambs_core_set wanted;
    if (slots->cores && ambs_core_set_parse(slots->cores, &wanted))
        ambs_core_set_intersect(&r->cores, &wanted);
    lower(&r->memory_bytes, slots->memory_bytes);
    int rc = slots->n_gpus > 0 ? restrict_gpus(r, slots, err) : AMBS_OK;
    if (rc == AMBS_OK && slots->gpu_variable)
        snprintf(r->gpu_variable, sizeof r->gpu_variable, "%.*s", AMBS_GPU_VARIABLE_SIZE - 1,
                 slots->gpu_variable);
    return rc;
}
