/* SPDX-License-Identifier: MIT */
/* Extremely randomised trees (Geurts, Ernst, Wehenkel 2006, doi:10.1007/s10994-006-6226-1): each
 * tree sees all rows, and a node takes the best of one random cut of each feature. Their mean is
 * smoother than a random forest's and their variance grows gently away from the rows, which is why
 * DeepHyper's surrogate is one. All but the choice of cuts is the forest's (forest.c, whose head
 * tells what a change of a row costs); forest_grow.c draws the cuts. */
#include "surrogate/forest_state.h"

static const ambs_option option_table[] = {
    AMBS_FOREST_OPTION_TREES,
    AMBS_FOREST_OPTION_FEATURES("1"),
    AMBS_FOREST_OPTION_BOOTSTRAP("false"),
    AMBS_FOREST_OPTION_MIN_SPLIT,
    AMBS_FOREST_OPTION_MIN_LEAF,
    AMBS_FOREST_OPTION_VARIANCE,
    {NULL},
};

static int init(void *memory, const void *options, size_t p, const ambs_feature *features,
                uint64_t seed, ambs_error *err)
{
    return ambs_forest_init(memory, options, p, features, seed, true, err);
}

const ambs_surrogate_ops ambs_surrogate_extra_trees = {
    .member = {"extra_trees", "extremely randomised trees: cuts at random, all rows in each tree",
               option_table, sizeof(ambs_forest_options)},
    .encoding = AMBS_ENCODING_LEVELS,
    .state_size = sizeof(ambs_forest),
    .init = init,
    .fini = ambs_forest_fini,
    .fit = ambs_forest_fit,
    .fit_means = ambs_forest_fit_means,
    .append = ambs_forest_append,
    .replace = ambs_forest_replace,
    .replace_mean = ambs_forest_replace_mean,
    .remove = ambs_forest_remove,
    .predict = ambs_forest_tell,
    .draw = ambs_forest_draw,
    .drawn = ambs_forest_drawn,
    .out_of_sample_error = ambs_forest_out_of_bag,
};
