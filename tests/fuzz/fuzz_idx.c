/* SPDX-License-Identifier: MIT */
#include <math.h>
#include <stdint.h>
#include <stdlib.h>

#include "train/reader.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    ambs_idx array;
    ambs_error err;
    if (ambs_idx_parse("fuzz", (const char *)bytes, size, &array, &err) == 0) {
        for (size_t i = 0; i < array.n_values; i++)
            if (!isfinite(array.values[i])) abort();
        free(array.values);
    }
    return 0;
}
