/* SPDX-License-Identifier: MIT */
/* The CSV reader: the first byte chooses its options, the rest is the file. */
#include <stdint.h>
#include <stdlib.h>

#include "train/reader.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    if (size < 1) return 0;
    const ambs_dataset_options options = {.target = bytes[0] & 1 ? "y" : NULL,
                                          .impute = bytes[0] & 2,
                                          .kind = (ambs_target_kind)((bytes[0] >> 2) % 3)};
    ambs_dataset *data;
    ambs_error err;
    if (ambs_csv_parse("fuzz.csv", (const char *)bytes + 1, size - 1, &options, &data, &err) == 0) {
        for (size_t i = 0; i < data->n && data->n_classes > 0; i++)
            if (data->labels[i] < 0 || (size_t)data->labels[i] >= data->n_classes) abort();
        ambs_dataset_destroy(data);
    }
    return 0;
}
