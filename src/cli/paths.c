/* SPDX-License-Identifier: MIT */
#include "cli/paths.h"

#include <stdio.h>
#include <string.h>

int ambs_output_path(const char *given, const char *yaml, char *ret_path, size_t size,
                     ambs_error *err)
{
    const char *slash = strrchr(yaml, '/'), *name = slash != NULL ? slash + 1 : yaml;
    const char *dot = strrchr(name, '.');
    size_t stem = dot != NULL && dot > name ? (size_t)(dot - name) : strlen(name);
    int n = given != NULL ? snprintf(ret_path, size, "%s", given)
                          : snprintf(ret_path, size, "%.*s.h5", (int)stem, name);
    if (n > 0 && (size_t)n < size) return 0;
    if (n == 0)
        return ambs_fail(err, AMBS_E_INVALID,
                         "found an empty name for the study file, expected one as in -o study.h5");
    return ambs_fail(err, AMBS_E_INVALID, "the name of the study file is longer than %zu bytes",
                     size - 1);
}
