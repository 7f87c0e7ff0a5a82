/* SPDX-License-Identifier: MIT */
#include "acquisition/improvement.h"

const ambs_option ambs_improvement_option_table[] = {
    {"xi", AMBS_OPTION_FLOAT, offsetof(ambs_improvement_options, xi), "0", 0, 1e300, NULL,
     "by how much the best value must be beaten, on the surrogate's scale"},
    {NULL},
};

void ambs_improvement_prepare(const void *options, ambs_random *random,
                              ambs_acquisition_context *context)
{
    (void)random;
    context->parameter = ((const ambs_improvement_options *)options)->xi;
}
