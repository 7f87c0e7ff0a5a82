/* SPDX-License-Identifier: MIT */
#include "fake_machine.h"

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char *variable(void *ctx, const char *name)
{
    const fake_machine *f = ctx;
    for (size_t i = 0; i < f->n_variables; i++)
        if (strcmp(f->variables[i][0], name) == 0) return f->variables[i][1];
    return NULL;
}

void fake_variable(fake_machine *f, const char *name, const char *value)
{
    assert_true(f->n_variables < FAKE_VARIABLES_MAX);
    f->variables[f->n_variables][0] = name;
    f->variables[f->n_variables++][1] = value;
}

void fake_file(fake_machine *f, const char *path, const char *format, ...)
{
    char whole[512];
    snprintf(whole, sizeof whole, "%s%s", f->root, path);
    for (char *slash = strchr(whole + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        mkdir(whole, 0700);
        *slash = '/';
    }
    FILE *file = fopen(whole, "w");
    assert_non_null(file);
    va_list args;
    va_start(args, format);
    vfprintf(file, format, args);
    va_end(args);
    fclose(file);
}

static void process(fake_machine *f, const char *name, int parent, const char *cores)
{
    char path[64];
    snprintf(path, sizeof path, "/proc/%s/status", name);
    fake_file(f, path, "Name:\tambs\nPPid:\t%d\nCpus_allowed:\tff\nCpus_allowed_list:\t%s\n",
              parent, cores);
}

void fake_init(fake_machine *f, const char *bound)
{
    *f = (fake_machine){.root = "/tmp/ambs-fake-XXXXXX"};
    assert_non_null(mkdtemp(f->root));
    f->machine = (ambs_machine){.root = f->root, .host = "node1", .variable = variable, .ctx = f};
    process(f, "self", 1, bound);
    fake_file(f, "/proc/meminfo", "MemTotal:       16777216 kB\nMemFree: 1 kB\n");
    fake_file(f, "/proc/sys/kernel/random/boot_id", "8f1c\n");
}

static int remove_one(const char *path, const struct stat *info, int type, struct FTW *walk)
{
    (void)info, (void)type, (void)walk;
    return remove(path);
}

void fake_fini(fake_machine *f)
{
    nftw(f->root, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

void fake_parent(fake_machine *f, int child, int pid, const char *name, const char *cores)
{
    char path[64], number[24] = "self";
    if (child > 0) snprintf(number, sizeof number, "%d", child);
    char bound[64] = "";
    snprintf(path, sizeof path, "/proc/%s/status", number);
    if (!ambs_machine_find(&f->machine, path, "Cpus_allowed_list", bound, sizeof bound))
        strcpy(bound, cores);
    process(f, number, pid, bound);
    snprintf(number, sizeof number, "%d", pid);
    process(f, number, 1, cores);
    snprintf(path, sizeof path, "/proc/%d/comm", pid);
    fake_file(f, path, "%s\n", name);
}

void fake_nvidia(fake_machine *f, int minor, int bus, const char *uuid, const char *near)
{
    char path[96];
    snprintf(path, sizeof path, "/proc/driver/nvidia/gpus/0000:%02x:00.0/information",
             (unsigned)bus);
    fake_file(f, path,
              "Model: \t\t NVIDIA A100-SXM4-40GB\nIRQ:   \t\t 250\nGPU UUID: \t %s\n"
              "Video BIOS: \t 92.00\nBus Type: \t PCIe\nBus Location: \t 0000:%02x:00.0\n"
              "Device Minor: \t %d\n",
              uuid, (unsigned)bus, minor);
    snprintf(path, sizeof path, "/dev/nvidia%d", minor);
    fake_file(f, path, "%s", "");
    snprintf(path, sizeof path, "/sys/bus/pci/devices/0000:%02x:00.0/local_cpulist", (unsigned)bus);
    fake_file(f, path, "%s\n", near);
}

void fake_amd(fake_machine *f, int node, int minor, unsigned long long unique_id, unsigned bus)
{
    char path[96];
    fake_file(f, "/dev/kfd", "%s", "");
    snprintf(path, sizeof path, "/sys/class/kfd/kfd/topology/nodes/%d/properties", node);
    if (minor == 0) { /* a processor */
        fake_file(f, path, "cpu_cores_count 64\nsimd_count 0\ndrm_render_minor 0\n");
        return;
    }
    fake_file(f, path,
              "cpu_cores_count 0\nsimd_count 440\nlocation_id %u\ndomain 0\ndrm_render_minor %d\n"
              "unique_id %llu\n",
              bus << 8, minor, unique_id);
    snprintf(path, sizeof path, "/dev/dri/renderD%d", minor);
    fake_file(f, path, "%s", "");
    snprintf(path, sizeof path, "/sys/bus/pci/devices/0000:%02x:00.0/local_cpulist", bus);
    fake_file(f, path, "%u-%u\n", bus, bus + 7);
}

ambs_resources fake_detect(fake_machine *f)
{
    ambs_resources r;
    ambs_error err = {0};
    if (ambs_resources_detect(&f->machine, &r, NULL, &err) != AMBS_OK) fail_msg("%s", err.text);
    return r;
}
