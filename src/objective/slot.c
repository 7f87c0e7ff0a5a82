/* SPDX-License-Identifier: MIT */
#include "objective/slot.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "objective/command.h"

static int add(ambs_strings *environment, const char *name, const char *separator,
               const char *value, ambs_error *err)
{
    ambs_text entry = {0};
    ambs_text_addf(&entry, "%s%s%s", name, separator, value);
    return ambs_strings_take(environment, &entry, err);
}

static int add_threads(uint32_t cores, ambs_strings *environment, ambs_error *err)
{
    static const char *const names[] = {"OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS",
                                        "MKL_NUM_THREADS"};
    char number[16];
    snprintf(number, sizeof number, "%u", (unsigned)cores);
    int rc = AMBS_OK;
    for (size_t i = 0; i < sizeof names / sizeof *names && rc == AMBS_OK; i++)
        rc = add(environment, names[i], "=", number, err);
    return rc;
}

static int add_list(const ambs_slot_resources *slot, ambs_strings *environment, ambs_error *err)
{
    ambs_text entry = {0};
    ambs_text_addf(&entry, "%s=", slot->gpu_variable);
    for (uint32_t i = 0; i < slot->n_gpus; i++)
        ambs_text_addf(&entry, "%s%s", i > 0 ? "," : "", slot->gpus[i]);
    return ambs_strings_take(environment, &entry, err);
}

/* ROCm programs heed several of these at once, each counting within the one before: only one may be
 * set. */
static int add_gpus(const ambs_slot_resources *slot, ambs_strings *environment, ambs_error *err)
{
    static const char *const names[] = {"CUDA_VISIBLE_DEVICES", "ROCR_VISIBLE_DEVICES",
                                        "HIP_VISIBLE_DEVICES", "GPU_DEVICE_ORDINAL"};
    bool named = slot->gpu_variable != NULL;
    if (!named && access("/dev/nvidiactl", F_OK) != 0 && access("/dev/kfd", F_OK) != 0)
        return AMBS_OK;
    int rc = named ? add_list(slot, environment, err) : AMBS_OK;
    for (size_t i = 0; i < sizeof names / sizeof *names && rc == AMBS_OK; i++) {
        if (named && strcmp(names[i], slot->gpu_variable) == 0) continue;
        rc = add(environment, names[i], !named && i < 2 ? "=" : "", "", err);
    }
    return rc;
}

int ambs_slot_environment(const ambs_slot_resources *slot, uint32_t cores,
                          ambs_strings *environment, ambs_error *err)
{
    int rc = add_threads(slot && slot->n_cores > 0 ? slot->n_cores : cores, environment, err);
    return rc == AMBS_OK && slot ? add_gpus(slot, environment, err) : rc;
}
