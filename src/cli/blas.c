/* SPDX-License-Identifier: MIT */
#include "cli/blas.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

extern char *openblas_get_corename(void);

/* What OpenBLAS falls back to on a processor it does not know. */
static bool kernels_are_a_fallback(void)
{
    static const char *const old[] = {"Prescott", "Core2", "Nehalem", "Generic"};
    const char *name = openblas_get_corename();
    for (size_t i = 0; name && i < sizeof old / sizeof *old; i++)
        if (strcmp(name, old[i]) == 0) return true;
    return false;
}

/* The newest kernels of OpenBLAS 0.3.21 that this processor can run; NULL: its choice is right. */
static const char *better_kernels(void)
{
#if defined(__x86_64__)
    __builtin_cpu_init();
    if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
        __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl"))
        return "SkylakeX";
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) return "Haswell";
#endif
    return NULL;
}

void ambs_blas_settle(char **argv)
{
    bool changed = false;
    if (!getenv("OPENBLAS_NUM_THREADS")) changed = setenv("OPENBLAS_NUM_THREADS", "1", 1) == 0;
    if (!getenv("OPENBLAS_CORETYPE") && kernels_are_a_fallback() && better_kernels())
        changed |= setenv("OPENBLAS_CORETYPE", better_kernels(), 1) == 0;
    if (changed) execv("/proc/self/exe", argv);
}
